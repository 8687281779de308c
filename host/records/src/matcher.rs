//! Rules that were checked against the fields, ready to be asked of records.
//!
//! Owns: the one meaning of a rule. Never: reads a value for what it is not; a rule that does not fit its field is an error here,
//! before any record is looked at.

use std::cmp::Ordering;

use jiff::civil::Date;
use jiff::{Span, Timestamp, tz::TimeZone};
use rust_decimal::Decimal;

use crate::filter::{DEPTH, RULES};
use crate::fold::fold;
use crate::reading::quoted;
use crate::{Field, Fields, Filter, Kind, Misfit, NoField, Object, Operator, Record, Rule, Value};

/// The most days that a rule reaches backward or forward.
const DAYS: i32 = 36_500;

/// Why a filter does not fit an object's fields.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// No field has this name.
    #[error(transparent)]
    NoField(#[from] NoField),
    /// What the operator asks cannot be asked of such a field.
    #[error("{field} is a {kind}: \"{operator}\" cannot be asked of it")]
    Operator {
        /// The field.
        field: String,
        /// Its kind.
        kind: &'static str,
        /// The operator.
        operator: Operator,
    },
    /// The value is none that the field can have.
    #[error("{field} {misfit}")]
    Value {
        /// The field.
        field: String,
        /// Why not.
        misfit: Misfit,
    },
    /// The operator needs a value, or takes none.
    #[error("{field}: \"{operator}\" {}", if *.needed { "needs a value; ask for nothing by \"is empty\"" } else { "takes no value" })]
    Arity {
        /// The field.
        field: String,
        /// The operator.
        operator: Operator,
        /// Whether it needs one.
        needed: bool,
    },
    /// Too many rules or groups in groups.
    #[error("a filter has at most {RULES} rules, in groups at most {DEPTH} deep")]
    Bounds,
}

/// A filter for the records of one object.
#[derive(Debug, Clone)]
pub struct Matcher {
    object: Option<Object>,
    node: Node,
}

#[derive(Debug, Clone)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    /// The field's number, the question, and whether the answer is turned round.
    Ask(i64, Question, bool),
}

#[derive(Debug, Clone)]
enum Question {
    IsEmpty,
    /// A folded text, and where it must stand.
    Text(Place, String),
    /// How the value must compare.
    Compares(&'static [Ordering], Value),
    /// Between these days, both included.
    Days(Date, Date),
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Whole,
    Beginning,
    End,
    Anywhere,
}

impl Filter {
    /// Checks the rules against the fields. `today` is what days are counted from.
    ///
    /// # Errors
    /// See [`FilterError`].
    pub fn compile(&self, fields: &Fields, today: Date) -> Result<Matcher, FilterError> {
        let mut rules = 0;
        let node = compile(self, fields, today, 0, &mut rules)?;
        Ok(Matcher { object: Some(fields.object()), node })
    }
}

impl Matcher {
    /// Matches every record.
    #[must_use]
    pub fn any() -> Self {
        Self { object: None, node: Node::All(Vec::new()) }
    }

    /// Whether it surely matches every record of an object.
    pub(crate) fn is_any(&self, object: Object) -> bool {
        matches!(&self.node, Node::All(rules) if rules.is_empty()) && self.object.is_none_or(|own| own == object)
    }

    /// Whether it matches this record; a record of another object than its own it never does.
    #[must_use]
    pub fn matches(&self, record: &Record) -> bool {
        self.object.is_none_or(|object| object == record.id().object()) && asks(&self.node, record)
    }
}

fn compile(
    filter: &Filter,
    fields: &Fields,
    today: Date,
    depth: usize,
    rules: &mut usize,
) -> Result<Node, FilterError> {
    if depth > DEPTH {
        return Err(FilterError::Bounds);
    }
    let mut parts = |parts: &[Filter]| -> Result<Vec<Node>, FilterError> {
        parts.iter().map(|part| compile(part, fields, today, depth + 1, rules)).collect()
    };
    match filter {
        Filter::All { all } => Ok(Node::All(parts(all)?)),
        Filter::Any { any } => Ok(Node::Any(parts(any)?)),
        Filter::Rule(rule) => {
            *rules += 1;
            if *rules > RULES {
                return Err(FilterError::Bounds);
            }
            let field = fields.get(&rule.field)?;
            let (question, negative) = question(rule, field, today)?;
            Ok(Node::Ask(field.number, question, negative))
        }
    }
}

/// The question of a rule, and whether its answer is turned round.
fn question(rule: &Rule, field: &Field, today: Date) -> Result<(Question, bool), FilterError> {
    use Operator as O;
    let name = || field.name.clone();
    let operator = rule.operator;
    let arity = |needed| FilterError::Arity { field: name(), operator, needed };
    if matches!(operator, O::IsEmpty | O::IsNotEmpty) {
        return match rule.value {
            None => Ok((Question::IsEmpty, operator == O::IsNotEmpty)),
            Some(_) => Err(arity(false)),
        };
    }
    let text = rule.value.as_deref().filter(|text| !text.is_empty()).ok_or_else(|| arity(true))?;
    let unfit = || FilterError::Operator { field: name(), kind: field.kind.name(), operator };
    let value = || field.kind.parse(text).map_err(|misfit| FilterError::Value { field: name(), misfit });
    let place = |place| match field.kind.is_text() {
        true => Ok(Question::Text(place, fold(text))),
        false => Err(unfit()),
    };
    let compares = |orderings| match field.kind {
        Kind::Number | Kind::Decimal | Kind::Date | Kind::Time => Ok(Question::Compares(orderings, value()?)),
        _ => Err(unfit()),
    };
    let days = |sign: i32| {
        if !matches!(field.kind, Kind::Date | Kind::Time) {
            return Err(unfit());
        }
        let misfit = || Misfit(format!("is asked by a number of days from 0 to {DAYS}, and this is {}", quoted(text)));
        let misfit = || FilterError::Value { field: name(), misfit: misfit() };
        let days = text.parse().ok().filter(|days| (0..=DAYS).contains(days)).ok_or_else(misfit)?;
        let end = today.checked_add(Span::new().days(sign * days)).map_err(|_| misfit())?;
        Ok(Question::Days(today.min(end), today.max(end)))
    };
    let equals = || match (&field.kind, field.kind.is_text()) {
        // An option that is spelt in another case is found too; one that does not exist is a mistake.
        (Kind::Dropdown(options), _) => match options.iter().any(|option| fold(option) == fold(text)) {
            true => place(Place::Whole),
            false => value().and_then(|_| place(Place::Whole)),
        },
        (_, true) => place(Place::Whole),
        (_, false) => Ok(Question::Compares(&[Ordering::Equal], value()?)),
    };
    let question = match operator {
        O::Equals | O::NotEquals => equals()?,
        O::BeginsWith | O::NotBeginsWith => place(Place::Beginning)?,
        O::EndsWith | O::NotEndsWith => place(Place::End)?,
        O::Contains | O::NotContains => place(Place::Anywhere)?,
        O::Less => compares(&[Ordering::Less])?,
        O::LessOrEqual => compares(&[Ordering::Less, Ordering::Equal])?,
        O::More => compares(&[Ordering::Greater])?,
        O::MoreOrEqual => compares(&[Ordering::Greater, Ordering::Equal])?,
        O::DaysBackward => days(-1)?,
        O::DaysForward => days(1)?,
        O::IsEmpty | O::IsNotEmpty => Question::IsEmpty,
    };
    Ok((question, matches!(operator, O::NotEquals | O::NotBeginsWith | O::NotEndsWith | O::NotContains)))
}

fn asks(node: &Node, record: &Record) -> bool {
    match node {
        Node::All(parts) => parts.iter().all(|part| asks(part, record)),
        Node::Any(parts) => parts.iter().any(|part| asks(part, record)),
        Node::Ask(field, question, negative) => {
            answer(question, record.numbered(*field).unwrap_or(&Value::Empty)) != *negative
        }
    }
}

fn answer(question: &Question, value: &Value) -> bool {
    match (question, value) {
        (Question::IsEmpty, value) => value.is_empty(),
        (Question::Text(place, part), Value::Text(text)) => {
            let text = fold(text);
            match place {
                Place::Whole => text == *part,
                Place::Beginning => text.starts_with(part.as_str()),
                Place::End => text.ends_with(part.as_str()),
                Place::Anywhere => text.contains(part.as_str()),
            }
        }
        (Question::Compares(orderings, with), value) => {
            compare(value, with).is_some_and(|ordering| orderings.contains(&ordering))
        }
        (Question::Days(from, to), value) => day(value).is_some_and(|day| (*from..=*to).contains(&day)),
        _ => false,
    }
}

/// How two values of one kind compare.
fn compare(value: &Value, with: &Value) -> Option<Ordering> {
    match (value, with) {
        (Value::Number(value), Value::Number(with)) => Some(value.cmp(with)),
        (Value::Decimal(value), Value::Decimal(with)) => Some(Decimal::cmp(&value.0, &with.0)),
        (Value::Date(value), Value::Date(with)) => Some(value.cmp(with)),
        (Value::Time(value), Value::Time(with)) => Some(Timestamp::cmp(value, with)),
        (Value::Checkbox(value), Value::Checkbox(with)) => Some(value.cmp(with)),
        _ => None,
    }
}

/// The day of a value; that of a moment in UTC.
fn day(value: &Value) -> Option<Date> {
    match value {
        Value::Date(date) => Some(*date),
        Value::Time(time) => Some(time.to_zoned(TimeZone::UTC).date()),
        _ => None,
    }
}
