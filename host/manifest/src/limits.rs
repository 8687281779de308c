//! What a run may use up: the names, units, defaults and ceilings of all limits, in one table.
//!
//! Owns: the table ([`Limit`]), and how amounts are read and written ([`Limit::read`], [`Limit::show`]). A bundle may lower a limit in
//! `[limits]`, only an operator may raise one, in a connection; [`Limits::of`] puts the three together.
//!
//! Invariants: what a bundle asks for never gives it more than the default; nobody gets more than the ceiling.

use std::fmt;
use std::time::Duration;

use indexmap::IndexMap;
use presetter_template::Problem;
use serde::{Deserialize, Deserializer, Serialize};
use toml::Spanned;

use crate::suggest;

/// A limit of a run. Its amount is a number of bytes, of milliseconds, or a plain number: see [`Unit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Limit {
    /// Linear memory of the component, all its memories together.
    Memory,
    /// Elements of one table of the component.
    TableElements,
    /// Core instances that the component is made of.
    Instances,
    /// The component's stack.
    Stack,
    /// What the component itself computes. Waiting for an answer does not count.
    GuestTime,
    /// From the start of a run to its end.
    WallTime,
    /// Requests that the component asks for, also those that are refused.
    Requests,
    /// The body of one request.
    RequestSize,
    /// The body of one answer, decompressed.
    AnswerSize,
    /// Lines that the component logs.
    LogLines,
    /// All that the component logs, together.
    LogSize,
    /// All that the component returns, and each row that it lists.
    OutputSize,
    /// How deep JSON from the component is nested.
    JsonDepth,
    /// Values in one JSON text from the component, lists and objects among them.
    JsonValues,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, written `64MiB`.
    Bytes,
    /// Milliseconds, written `10s`.
    Time,
    /// A plain number.
    Count,
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const SECOND: u64 = 1000;

impl Limit {
    /// All limits, in the order in which they are shown.
    pub const ALL: [Self; 14] = [
        Self::Memory,
        Self::TableElements,
        Self::Instances,
        Self::Stack,
        Self::GuestTime,
        Self::WallTime,
        Self::Requests,
        Self::RequestSize,
        Self::AnswerSize,
        Self::LogLines,
        Self::LogSize,
        Self::OutputSize,
        Self::JsonDepth,
        Self::JsonValues,
    ];

    /// The name in files and messages, what it counts, the default, the most that an operator may allow.
    const fn row(self) -> (&'static str, Unit, u64, u64) {
        use Unit::{Bytes, Count, Time};
        match self {
            Self::Memory => ("memory", Bytes, 64 * MIB, 1024 * MIB),
            // Python's interpreter, the largest that we know, has about ten thousand.
            Self::TableElements => ("table_elements", Count, 50_000, 100_000),
            // Python's has 38 core modules.
            Self::Instances => ("instances", Count, 64, 128),
            Self::Stack => ("stack", Bytes, MIB, 16 * MIB),
            Self::GuestTime => ("guest_time", Time, 10 * SECOND, 3600 * SECOND),
            Self::WallTime => ("wall_time", Time, 60 * SECOND, 24 * 3600 * SECOND),
            Self::Requests => ("requests", Count, 1000, 1_000_000),
            Self::RequestSize => ("request_size", Bytes, 16 * MIB, 256 * MIB),
            Self::AnswerSize => ("answer_size", Bytes, 16 * MIB, 256 * MIB),
            Self::LogLines => ("log_lines", Count, 1000, 1_000_000),
            Self::LogSize => ("log_size", Bytes, MIB, 256 * MIB),
            Self::OutputSize => ("output_size", Bytes, 16 * MIB, 256 * MIB),
            // The JSON reader itself gives up at 128.
            Self::JsonDepth => ("json_depth", Count, 64, 120),
            // A value takes up to some two hundred bytes, far more than its text.
            Self::JsonValues => ("json_values", Count, 1_000_000, 10_000_000),
        }
    }

    /// Its name in `[limits]` and in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// What it counts.
    #[must_use]
    pub const fn unit(self) -> Unit {
        self.row().1
    }

    /// What a run may use up if nobody says anything.
    #[must_use]
    pub const fn default_amount(self) -> u64 {
        self.row().2
    }

    /// The most that an operator can allow.
    #[must_use]
    pub const fn ceiling(self) -> u64 {
        self.row().3
    }

    /// The limit of a name.
    ///
    /// # Errors
    /// There is none; says what was meant.
    pub fn named(name: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|limit| limit.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name);
            Problem::new(format!("there is no limit \"{name}\""), 0..name.len()).with_hint(suggest(name, &known))
        })
    }

    /// How an amount is written, and its bounds, in words.
    fn form(self) -> String {
        let (name, most) = (self.name(), self.show(self.ceiling()));
        match self.unit() {
            Unit::Bytes => format!("{name} takes a size, such as 512KiB, of at most {most}"),
            Unit::Time => format!("{name} takes a length of time, such as 500ms, of at most {most}"),
            Unit::Count => format!("{name} takes a whole number from 1 to {most}"),
        }
    }

    /// Reads an amount: `64MiB`, `512KiB`, `10s`, `1m 30s`, `500ms`, `20`.
    ///
    /// # Errors
    /// One sentence that says how it is written, or what its bounds are.
    pub fn read(self, text: &str) -> Result<u64, String> {
        let name = self.name();
        let amount = match self.unit() {
            Unit::Bytes => {
                let amount = bytes(text);
                amount.ok_or_else(|| format!("{name} takes a size, such as 64MiB or 512KiB, not \"{text}\""))?
            }
            Unit::Time => {
                let amount = humantime::parse_duration(text).ok();
                let amount = amount.and_then(|time| u64::try_from(time.as_millis()).ok());
                amount.ok_or_else(|| format!("{name} takes a length of time, such as 10s or 500ms, not \"{text}\""))?
            }
            Unit::Count => {
                text.trim().parse().map_err(|_| format!("{name} takes a whole number, such as 20, not \"{text}\""))?
            }
        };
        match amount {
            0 => Err(format!("{name} is at least {}", self.show(1))),
            amount if amount > self.ceiling() => Err(format!("{name} is at most {}", self.show(self.ceiling()))),
            amount => Ok(amount),
        }
    }

    /// An amount as it is written and as people read it: `64MiB`, `10s`, `20`.
    #[must_use]
    pub fn show(self, amount: u64) -> String {
        match self.unit() {
            Unit::Bytes if amount.is_multiple_of(MIB) => format!("{}MiB", amount / MIB),
            Unit::Bytes if amount.is_multiple_of(KIB) => format!("{}KiB", amount / KIB),
            Unit::Bytes => format!("{amount}B"),
            Unit::Time => humantime::format_duration(Duration::from_millis(amount)).to_string(),
            Unit::Count => amount.to_string(),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A number of bytes with its unit, or a plain number of them.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match text[digits..].trim_start() {
        "" | "B" => 1,
        "KiB" => KIB,
        "MiB" => MIB,
        "GiB" => 1024 * MIB,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(unit)
}

/// What a bundle asks to be kept to: `[limits]` of its `bundle.toml`.
#[derive(Debug, Clone, Default)]
pub struct Lowered {
    amounts: IndexMap<Limit, u64>,
    /// What is wrong with the table, each with its place: told with everything else that is wrong in the file.
    pub(crate) problems: Vec<Problem>,
}

impl Lowered {
    /// What the bundle says of a limit.
    #[must_use]
    pub fn get(&self, limit: Limit) -> Option<u64> {
        self.amounts.get(&limit).copied()
    }
}

impl<'de> Deserialize<'de> for Lowered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (amounts, problems) = table(deserializer, |limit, amount| {
            let amount = limit.read(amount)?;
            if amount > limit.default_amount() {
                let default = limit.show(limit.default_amount());
                return Err(format!(
                    "a bundle can only lower {limit}, which is {default}; whoever runs it can raise it for a connection"
                ));
            }
            Ok(amount)
        })?;
        Ok(Self { amounts, problems })
    }
}

/// What an operator allows for a connection: `[limits]` of its file. Goes before what the bundle says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed(IndexMap<Limit, u64>);

impl Allowed {
    /// What the operator says of a limit.
    #[must_use]
    pub fn get(&self, limit: Limit) -> Option<u64> {
        self.0.get(&limit).copied()
    }

    /// Sets a limit; `None` goes back to what holds without it.
    pub fn set(&mut self, limit: Limit, amount: Option<u64>) {
        match amount {
            Some(amount) => drop(self.0.insert(limit, amount)),
            None => drop(self.0.shift_remove(&limit)),
        }
    }

    /// Whether the operator says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is said, in the order in which it was.
    pub fn iter(&self) -> impl Iterator<Item = (Limit, u64)> {
        self.0.iter().map(|(limit, amount)| (*limit, *amount))
    }
}

impl<'de> Deserialize<'de> for Allowed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // An operator's file may hold a secret in a wrong place: nothing of it is repeated.
        let read = |limit: Limit, amount: &str| limit.read(amount).map_err(|_| limit.form());
        let (amounts, problems) = table(deserializer, read)?;
        match problems.into_iter().next() {
            Some(Problem { hint: None, message, .. }) => Err(serde::de::Error::custom(message)),
            Some(_) => Err(serde::de::Error::custom(format!(
                "there is a limit that is not known; known are {}",
                Limit::ALL.map(Limit::name).join(", ")
            ))),
            None => Ok(Self(amounts)),
        }
    }
}

impl Serialize for Allowed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(limit, amount)| (limit.name(), limit.show(amount))))
    }
}

/// An amount as it stands in a file: `10` and `"10s"` alike.
struct Written(String);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl serde::de::Visitor<'_> for Reader {
            type Value = Written;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount: \"64MiB\", \"10s\" or 20")
            }
            fn visit_i64<E>(self, number: i64) -> Result<Written, E> {
                Ok(Written(number.to_string()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Written, E> {
                Ok(Written(number.to_string()))
            }
            fn visit_str<E>(self, text: &str) -> Result<Written, E> {
                Ok(Written(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A table of limits, and what is wrong in it.
type Table = (IndexMap<Limit, u64>, Vec<Problem>);

/// Reads a table of limits.
fn table<'de, D: Deserializer<'de>>(
    deserializer: D,
    read: impl Fn(Limit, &str) -> Result<u64, String>,
) -> Result<Table, D::Error> {
    let written = IndexMap::<Spanned<String>, Spanned<Written>>::deserialize(deserializer)?;
    let (mut amounts, mut problems) = (IndexMap::new(), Vec::new());
    for (name, amount) in written {
        match Limit::named(name.get_ref()) {
            Err(problem) => problems.push(Problem { span: name.span(), ..problem }),
            Ok(limit) => match read(limit, &amount.get_ref().0) {
                Ok(amount) => drop(amounts.insert(limit, amount)),
                Err(why) => problems.push(Problem::new(why, amount.span())),
            },
        }
    }
    Ok((amounts, problems))
}

/// What one run may use up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits([u64; Limit::ALL.len()]);

impl Default for Limits {
    fn default() -> Self {
        Self(Limit::ALL.map(Limit::default_amount))
    }
}

impl Limits {
    /// The operator's word, else the bundle's, else the default.
    #[must_use]
    pub fn of(bundle: &Lowered, operator: &Allowed) -> Self {
        Self(Limit::ALL.map(|limit| {
            operator.get(limit).or(bundle.get(limit)).unwrap_or(limit.default_amount()).min(limit.ceiling())
        }))
    }

    /// The amount of one.
    #[must_use]
    pub fn get(&self, limit: Limit) -> u64 {
        self.0[limit as usize]
    }

    /// The amount of one that counts bytes or things, as this machine counts them.
    #[must_use]
    pub fn size(&self, limit: Limit) -> usize {
        usize::try_from(self.get(limit)).unwrap_or(usize::MAX)
    }

    /// The amount of one that counts time.
    #[must_use]
    pub fn time(&self, limit: Limit) -> Duration {
        Duration::from_millis(self.get(limit))
    }

    /// The amount as people read it.
    #[must_use]
    pub fn show(&self, limit: Limit) -> String {
        limit.show(self.get(limit))
    }

    /// The same with another amount of one; for tests, and for whoever computes one.
    #[must_use]
    pub fn with(mut self, limit: Limit, amount: u64) -> Self {
        self.0[limit as usize] = amount;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Doc<T> {
        limits: T,
    }

    fn lowered(limits: &str) -> Lowered {
        toml::from_str::<Doc<Lowered>>(&format!("[limits]\n{limits}\n")).unwrap().limits
    }

    #[test]
    fn what_is_wrong_is_told_where_it_stands() {
        let source = "[limits]\nmemory = '65MiB'\nmemery = 1\nguest_time = 10\nrequests = 5\n";
        let limits = toml::from_str::<Doc<Lowered>>(source).unwrap().limits;
        let told: Vec<(&str, &str)> =
            limits.problems.iter().map(|p| (&source[p.span.clone()], p.message.as_str())).collect();
        assert_eq!(
            told,
            [
                (
                    "'65MiB'",
                    "a bundle can only lower memory, which is 64MiB; whoever runs it can raise it for a connection"
                ),
                ("memery", "there is no limit \"memery\""),
                ("10", "guest_time takes a length of time, such as 10s or 500ms, not \"10\""),
            ]
        );
        assert_eq!(limits.get(Limit::Requests), Some(5));
        for (limits, wanted) in [
            ("hunter2 = 1", "there is a limit that is not known; known are memory, "),
            ("memory = 'hunter2'", "memory takes a size, such as 512KiB, of at most 1024MiB"),
        ] {
            let why = toml::from_str::<Doc<Allowed>>(&format!("[limits]\n{limits}")).unwrap_err();
            assert!(why.message().starts_with(wanted), "{}", why.message());
        }
        assert!(toml::from_str::<Doc<Lowered>>("[limits]\nmemory = true").is_err());
    }

    #[test]
    fn the_table_is_in_order() {
        for (at, limit) in Limit::ALL.into_iter().enumerate() {
            assert_eq!(limit as usize, at, "{limit}");
            assert!(limit.default_amount() <= limit.ceiling(), "{limit}");
            // What is shown can be read again.
            for amount in [1, limit.default_amount(), limit.ceiling()] {
                assert_eq!(limit.read(&limit.show(amount)), Ok(amount), "{limit}");
            }
        }
    }

    #[test]
    fn the_page_for_operators_says_the_same() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operators/limits.md");
        let page = std::fs::read_to_string(page).unwrap();
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(rows.len(), Limit::ALL.len());
        for (row, limit) in rows.into_iter().zip(Limit::ALL) {
            let cells: Vec<&str> = row.split(" | ").collect();
            let [usual, most] = [limit.default_amount(), limit.ceiling()].map(|amount| limit.show(amount));
            assert_eq!((cells[0], cells[2], cells[3]), (&*format!("| `{limit}`"), &*usual, &*format!("{most} |")));
        }
    }

    #[test]
    fn amounts_are_read_in_their_units() {
        assert_eq!(Limit::Memory.read("1 GiB"), Ok(1024 * MIB));
        assert_eq!(Limit::Memory.read("4096"), Ok(4096));
        assert_eq!(Limit::GuestTime.read("1m 30s"), Ok(90 * SECOND));
        assert_eq!(Limit::Requests.read("20"), Ok(20));
        for (limit, text, word) in [
            (Limit::Memory, "64MB", "such as 64MiB"),
            (Limit::Memory, "-1", "such as 64MiB"),
            (Limit::Memory, "99999999999999999999 GiB", "such as 64MiB"),
            (Limit::Memory, "2GiB", "at most 1024MiB"),
            (Limit::GuestTime, "10", "such as 10s"),
            (Limit::GuestTime, "0s", "at least 1ms"),
            (Limit::WallTime, "25h", "at most 1day"),
            (Limit::Requests, "20s", "whole number"),
            (Limit::JsonDepth, "128", "at most 120"),
        ] {
            let why = limit.read(text).unwrap_err();
            assert!(why.contains(word), "{why}");
        }
    }

    #[test]
    fn a_bundle_lowers_and_only_an_operator_raises() {
        let bundle = lowered("memory = '8MiB'\nrequests = 5");

        let mut operator = Allowed::default();
        operator.set(Limit::Memory, Some(128 * MIB));
        let limits = Limits::of(&bundle, &operator);
        assert_eq!(limits.show(Limit::Memory), "128MiB");
        assert_eq!(limits.get(Limit::Requests), 5);
        assert_eq!(limits.time(Limit::WallTime), Duration::from_secs(60));

        let text = toml::to_string(&IndexMap::from([("limits", &operator)])).unwrap();
        assert_eq!(toml::from_str::<Doc<Allowed>>(&text).unwrap().limits, operator);
        operator.set(Limit::Memory, None);
        assert!(operator.is_empty());
        assert_eq!(Limits::of(&Lowered::default(), &operator), Limits::default());
    }
}
