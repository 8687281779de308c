//! The one redactor before every sink: output, logs, plans, receipts, files, and what a guest is given.
//!
//! Owns the list of known secrets and one automaton that finds all of their forms ([`crate::forms`]) at once, in a text
//! as it stands and with its escapes undone ([`crate::view`]), twice over: JSON within JSON, a URL within JSON. What is
//! found is replaced by `[secret NAME]`.
//!
//! It must never be given a message in pieces: a secret across two pieces is not seen. Secrets below
//! [`SHORT`](crate::SHORT) bytes are found as whole values only; one that looks like what stands between two strings of a
//! JSON text (`,` in `"a","b"`) is found there too, and that text is JSON no more. Not found are encodings beside those
//! of [`crate::forms`] and [`crate::view`], such as base64 broken into lines, or anything encrypted or compressed.
//!
//! The forms are wiped when the last clone goes. The automaton cannot be wiped: its tables, in which forms can be
//! followed letter by letter, are freed as they are.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde::Serialize;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Secret;
use crate::forms::{self, Kind, Pattern, SHORT};
use crate::sieve::Sieve;
use crate::view::{self, ALL, View};

/// How many layers of escapes are undone.
const LAYERS: usize = 2;
/// Stands for a whole text if the automaton cannot be built (secrets of gigabytes): nothing passes unseen.
const UNREADABLE: &str = "[withheld: the secrets are too large to look for]";

/// Takes known secrets out of texts. Clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor {
    state: Arc<RwLock<State>>,
}

#[derive(Default)]
struct State {
    known: Vec<Known>,
    /// Of all that is known; none from when a secret is added until something is looked through.
    finder: Option<Arc<Finder>>,
}

struct Known {
    name: String,
    bytes: Zeroizing<Vec<u8>>,
}

impl Redactor {
    /// Knows no secret yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns a secret, from now on and in all clones; `name` is what stands in its place. An empty secret, or one that
    /// is known by that name, changes nothing. White space at its ends may be lost on the way, as HTTP drops it from the
    /// values of headers (RFC 9110, 5.5), so the secret is learned without it too.
    pub fn add(&self, name: &str, secret: &Secret) {
        self.learn(name, secret.expose().as_bytes());
        self.learn(name, secret.expose().trim().as_bytes());
    }

    /// Learns a password, and the pair `user:password` as HTTP's Basic scheme sends it in base64. The pair is found
    /// anywhere also if the password alone is short, unless even the pair is. White space at its ends may be lost as well.
    pub fn add_pair(&self, name: &str, user: &str, password: &Secret) {
        self.add(name, password);
        let password = password.expose();
        for (user, password) in [(user, password), (user.trim_start(), password.trim_end())] {
            // Without a password it would be the user's name, which is no secret.
            if !password.is_empty() {
                let pair = Zeroizing::new([user.as_bytes(), b":", password.as_bytes()].concat());
                self.learn(name, &pair);
            }
        }
    }

    /// A text without the secrets.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        self.texts([&mut text]);
        text
    }

    /// Takes the secrets out of texts, each by itself. Those that hold none are left as they are.
    pub fn texts<'t>(&self, texts: impl IntoIterator<Item = &'t mut String>) {
        let mut texts = texts.into_iter().filter(|text| !text.is_empty()).peekable();
        if texts.peek().is_none() {
            return;
        }
        let Some(finder) = self.finder() else { return };
        for text in texts {
            finder.text(text);
        }
    }

    /// A value as a JSON text without the secrets. `shown` may write the text otherwise, as the same value to every reader of JSON.
    /// What cannot be written as JSON is null.
    pub fn json(&self, value: &impl Serialize, shown: fn(String) -> String) -> String {
        let text = shown(serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()));
        let Some(finder) = self.finder() else { return text };
        if finder.stands_alike(&text) && finder.redact(text.as_bytes()).is_none() {
            return text;
        }
        let mut value = serde_json::to_value(value).unwrap_or_default();
        finder.value(&mut value);
        // Strings and keys are clean by now. A secret that still stands in the text is one that looks like structure.
        let mut text = shown(value.to_string());
        finder.text(&mut text);
        text
    }

    /// Bytes without the secrets; nothing if there are none in them.
    pub fn bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.finder()?.redact(bytes)
    }

    /// Takes the secrets out of a JSON value: out of strings and keys, and whole numbers that show one become text.
    /// Returns whether it changed anything. Values must not be nested deeper than JSON readers allow (128).
    pub fn value(&self, value: &mut Value) -> bool {
        self.finder().is_some_and(|finder| finder.value(value))
    }

    /// Whether any secret is there, in any form: for tests that search what must hold none.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        self.finder().is_some_and(|finder| finder.redact(bytes).is_some())
    }

    /// What finds all that is known; nothing if no secret is.
    fn finder(&self) -> Option<Arc<Finder>> {
        {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            if state.finder.is_some() || state.known.is_empty() {
                return state.finder.clone();
            }
        }
        // Secrets come in pairs and more, and to put the finder together takes longer than to look through a text.
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let State { known, finder } = &mut *state;
        Some(finder.get_or_insert_with(|| Arc::new(Finder::new(known))).clone())
    }

    fn learn(&self, name: &str, secret: &[u8]) {
        if secret.is_empty() {
            return;
        }
        let name: String =
            name.chars().map(|c| if c.is_alphanumeric() || "-_./: ".contains(c) { c } else { '_' }).collect();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let same = |known: &Known| known.name == name && bool::from(known.bytes.ct_eq(secret));
        if !state.known.iter().any(same) {
            state.known.push(Known { name, bytes: Zeroizing::new(secret.to_vec()) });
            state.finder = None;
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

/// All that is looked for, at one point in time.
struct Finder {
    /// `None` if it could not be built; then everything is withheld.
    automaton: Option<AhoCorasick>,
    /// Looks first. It knows no markers: these are asked for only where something is found.
    sieve: Option<Sieve>,
    /// For each pattern of the automaton: how it is taken, and which marker it gets.
    kinds: Vec<(Kind, usize)>,
    markers: Vec<String>,
    /// The forms of short secrets as a whole, each with its marker.
    wholes: Vec<(Zeroizing<Vec<u8>>, usize)>,
    /// Whether one of these may be a number.
    numbers: bool,
    /// Whether a secret ends in a backslash, which would be an escape before a quote.
    backslash: bool,
}

/// A secret found.
struct Hit {
    range: Range<usize>,
    marker: usize,
}

impl Finder {
    fn new(known: &[Known]) -> Self {
        let (mut patterns, mut kinds, mut markers, mut wholes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (at, secret) in known.iter().enumerate() {
            let marker = format!("[secret {}]", secret.name);
            patterns.push(Pattern { bytes: Zeroizing::new(marker.clone().into_bytes()), kind: Kind::Marker });
            if secret.bytes.len() < SHORT {
                patterns.extend(forms::of_short(&secret.bytes));
                wholes.extend(forms::wholes(&secret.bytes).into_iter().map(|form| (form, at)));
            } else {
                patterns.extend(forms::of_long(&secret.bytes));
            }
            markers.push(marker);
            kinds.extend(patterns[kinds.len()..].iter().map(|pattern| (pattern.kind, at)));
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(patterns.iter().map(|pattern| pattern.bytes.as_slice()))
            .ok();
        let sought = patterns.iter().filter(|pattern| pattern.kind != Kind::Marker);
        let sieve = Sieve::new(sought.map(|pattern| pattern.bytes.as_slice()));
        let number = |form: &[u8]| form.iter().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte));
        let numbers = wholes.iter().any(|(form, _)| number(form));
        let backslash = known.iter().any(|secret| secret.bytes.ends_with(b"\\"));
        Self { automaton, sieve, kinds, markers, wholes, numbers, backslash }
    }

    /// Whether all that is to be found in a JSON value is found in its text too. Each string and each key stands there as it is where
    /// nothing is escaped by JSON. Otherwise than in the text, a string by itself ends with its last byte, which matters to a
    /// backslash that an escape stands for; and a short secret is looked for as the whole of a number, and of a key that is escaped.
    fn stands_alike(&self, text: &str) -> bool {
        let escaped = || self.wholes.is_empty() && !self.backslash;
        !self.numbers && !text.contains('\\') && (escaped() || !view::may_escape(text.as_bytes()))
    }

    /// The text with all finds replaced; `None` if there are none.
    fn redact(&self, text: &[u8]) -> Option<Vec<u8>> {
        let Some(automaton) = &self.automaton else { return Some(UNREADABLE.into()) };
        // Escapes are longer than what they stand for, so no view of such a text holds a secret either.
        if text.len() < automaton.min_pattern_len() && self.wholes.is_empty() {
            return None;
        }
        let mut hits = self.find(automaton, text, LAYERS);
        if hits.is_empty() {
            return None;
        }
        hits.sort_by_key(|hit| (hit.range.start, usize::MAX - hit.range.end));
        let mut out = Vec::with_capacity(text.len());
        let mut done = 0;
        let mut hits = hits.into_iter().peekable();
        while let Some(mut hit) = hits.next() {
            while let Some(next) = hits.next_if(|next| next.range.start < hit.range.end) {
                hit.range.end = hit.range.end.max(next.range.end);
            }
            out.extend_from_slice(&text[done..hit.range.start]);
            out.extend_from_slice(self.markers[hit.marker].as_bytes());
            done = hit.range.end;
        }
        out.extend_from_slice(&text[done..]);
        Some(out)
    }

    /// All finds in a text and in its views, in places of the text; no find lies within one of our markers.
    fn find(&self, automaton: &AhoCorasick, text: &[u8], layers: usize) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut markers: Vec<Range<usize>> = Vec::new();
        for (form, marker) in &self.wholes {
            if form.as_slice() == text {
                hits.push(Hit { range: 0..text.len(), marker: *marker });
            }
        }
        let may_hold = self.sieve.as_ref().is_none_or(|sieve| sieve.may_hold(text));
        for found in may_hold.then(|| automaton.find_overlapping_iter(text)).into_iter().flatten() {
            let (kind, marker) = self.kinds[found.pattern().as_usize()];
            match kind {
                Kind::Marker => markers.push(found.range()),
                _ => {
                    if let Some(range) = widen(text, found.range(), kind) {
                        join(&mut hits, Hit { range, marker });
                    }
                }
            }
        }
        if layers > 0 && view::may_escape(text) {
            for view in ALL.into_iter().filter_map(|escapes| View::of(text, escapes)) {
                for hit in self.find(automaton, &view.bytes, layers - 1) {
                    join(&mut hits, Hit { range: view.place(hit.range), marker: hit.marker });
                }
            }
        }
        hits.retain(|hit| !within(&markers, &hit.range));
        hits
    }

    fn text(&self, text: &mut String) -> bool {
        let Some(bytes) = self.redact(text.as_bytes()) else { return false };
        *text = String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into());
        true
    }

    fn value(&self, value: &mut Value) -> bool {
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => match self.redact(number.to_string().as_bytes()) {
                None => false,
                Some(bytes) => {
                    *value = Value::String(String::from_utf8_lossy(&bytes).into_owned());
                    true
                }
            },
            Value::String(text) => self.text(text),
            // All are visited: `any` would stop at the first that changed.
            Value::Array(list) => list.iter_mut().filter_map(|element| self.value(element).then_some(())).count() > 0,
            Value::Object(object) => self.object(object),
        }
    }

    fn object(&self, object: &mut Map<String, Value>) -> bool {
        let changed = object.values_mut().filter_map(|value| self.value(value).then_some(())).count() > 0;
        if !object.keys().any(|key| self.key(key).is_some()) {
            return changed;
        }
        for (key, value) in std::mem::take(object) {
            let mut key = self.key(&key).unwrap_or(key);
            while object.contains_key(&key) {
                key.push('\'');
            }
            object.insert(key, value);
        }
        true
    }

    /// A key without the secrets, if there are any; a short secret is left, since a key is no value.
    fn key(&self, key: &str) -> Option<String> {
        if self.wholes.iter().any(|(form, _)| form.as_slice() == key.as_bytes()) {
            return None;
        }
        self.redact(key.as_bytes()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// What is to be taken out for a find of this kind; `None` if nothing.
fn widen(text: &[u8], found: Range<usize>, kind: Kind) -> Option<Range<usize>> {
    let Range { mut start, mut end } = found;
    match kind {
        Kind::Anywhere => {}
        Kind::Base64 { before, after } => {
            let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
            if before && start > 0 && base64(&text[start - 1]) {
                start -= 1;
            }
            if after && text.get(end).is_some_and(base64) {
                end += 1;
            }
            end += text[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
        }
        Kind::Quoted => {
            let next = text[end..].iter().find(|byte| !byte.is_ascii_whitespace());
            if next == Some(&b':') {
                return None;
            }
            start += 1;
            end -= 1;
        }
        Kind::Marker => return None,
    }
    Some(start..end)
}

/// Adds a find, as one with the last if they overlap and mean the same (`aaaaaa` in a long row of `a`).
fn join(hits: &mut Vec<Hit>, hit: Hit) {
    match hits.last_mut() {
        Some(last) if last.marker == hit.marker && last.range.contains(&hit.range.start) => {
            last.range.end = last.range.end.max(hit.range.end);
        }
        _ => hits.push(hit),
    }
}

/// Whether a range lies wholly in one of these, which are in order and apart (a name holds no bracket).
fn within(markers: &[Range<usize>], range: &Range<usize>) -> bool {
    let after = markers.partition_point(|marker| marker.end < range.end);
    markers.get(after).is_some_and(|marker| marker.start <= range.start && range.end <= marker.end)
}
