//! Rendering: scopes, loops, bounds and the problems that come up.
//!
//! Owns what all contexts share. Missing names do not stop a rendering: it goes on to find all of them, and writes
//! nothing to anyone. A bound stops it at once.
//!
//! Invariants: the output is at most [`bounds::OUTPUT`]; each node visited is counted; a problem is reported once
//! for each place in the template, however many rounds a loop makes.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::io::{self, Write};
use std::ops::Range;

use serde_json::Value;

use crate::kinds::{fits, kind_of, truthy, what_is_there};
use crate::path::walk;
use crate::tag::BlockKind;
use crate::tree::{Block, Hole, Source};
use crate::{Problem, Scope, bounds};

/// Why a template gave no result: every problem that was found, with places in the template's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl From<Problem> for RenderError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if n == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for RenderError {}

/// A bound was hit; the problem is noted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stop;

/// One block that changed what `this` is.
#[derive(Clone, Copy)]
struct Frame<'a> {
    this: &'a Value,
    index: usize,
    key: Option<&'a str>,
    last: bool,
}

/// One rendering.
pub(crate) struct Renderer<'a> {
    scope: &'a dyn Scope,
    frames: Vec<Frame<'a>>,
    out: Vec<u8>,
    /// All bytes ever written or looked at for writing: what was taken back has cost time too.
    spent: usize,
    steps: usize,
    rounds: usize,
    problems: Vec<Problem>,
    seen: HashSet<(Range<usize>, &'static str)>,
    /// The tag that was visited last: where a bound was hit.
    at: Range<usize>,
}

impl<'a> Renderer<'a> {
    pub(crate) fn new(scope: &'a dyn Scope) -> Self {
        Self {
            scope,
            frames: Vec::new(),
            out: Vec::new(),
            spent: 0,
            steps: 0,
            rounds: 0,
            problems: Vec::new(),
            seen: HashSet::new(),
            at: 0..0,
        }
    }

    /// The output, if nothing went wrong.
    pub(crate) fn finish(self) -> Result<String, RenderError> {
        if !self.problems.is_empty() {
            return Err(RenderError { problems: self.problems });
        }
        String::from_utf8(self.out).map_err(|_| Problem::new("the result is not text", self.at).into())
    }

    /// Notes a problem, once for each place and kind.
    pub(crate) fn problem(&mut self, kind: &'static str, problem: Problem) {
        if self.problems.len() < bounds::PROBLEMS && self.seen.insert((problem.span.clone(), kind)) {
            self.problems.push(problem);
        }
    }

    fn stop(&mut self, message: String, hint: &str) -> Stop {
        let problem = Problem::new(message, self.at.clone()).with_hint(hint);
        self.problem("bound", problem);
        Stop
    }

    /// Counts a node.
    pub(crate) fn step(&mut self) -> Result<(), Stop> {
        self.steps += 1;
        if self.steps > bounds::STEPS {
            let message = format!("rendering takes more than {} steps", bounds::STEPS);
            return Err(self.stop(message, "send the rows in several requests"));
        }
        Ok(())
    }

    /// Counts what looking up a long path or literal costs; the next step sees it.
    fn look_up(&mut self, shown: &str) {
        self.steps += shown.len() / 16;
    }

    /// Appends to the output.
    pub(crate) fn push(&mut self, text: &str) -> Result<(), Stop> {
        self.spend(text.len())?;
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// Counts bytes against the bound on the output.
    pub(crate) fn spend(&mut self, bytes: usize) -> Result<(), Stop> {
        self.spent = self.spent.saturating_add(bytes);
        if self.spent > bounds::OUTPUT { Err(self.too_large()) } else { Ok(()) }
    }

    fn too_large(&mut self) -> Stop {
        let message = format!("the result is larger than {} MiB", bounds::OUTPUT >> 20);
        self.stop(message, "send less at once")
    }

    /// Appends a value as compact JSON.
    pub(crate) fn push_json(&mut self, value: &Value) -> Result<(), Stop> {
        let (before, room) = (self.out.len(), bounds::OUTPUT.saturating_sub(self.spent));
        match serde_json::to_writer(Bounded { out: &mut self.out, room }, value) {
            Ok(()) => self.spend(self.out.len() - before),
            Err(_) => Err(self.too_large()),
        }
    }

    /// How much was written.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// What was written since `from`.
    pub(crate) fn written(&self, from: usize) -> &[u8] {
        &self.out[from..]
    }

    /// Takes back what was written since `from`.
    pub(crate) fn truncate(&mut self, from: usize) {
        self.out.truncate(from);
    }

    /// The value of a hole. Nothing: it is absent, and that was noted unless the hole is optional.
    pub(crate) fn value(&mut self, hole: &Hole) -> Option<Cow<'a, Value>> {
        self.at = hole.span.clone();
        self.look_up(&hole.shown);
        let value = self.resolve(&hole.source);
        if value.is_none() && !hole.optional {
            self.missing(hole);
        }
        value
    }

    /// Notes that a hole has no value.
    pub(crate) fn missing(&mut self, hole: &Hole) {
        let problem = Problem::new(format!("no value for \"{}\"", hole.shown), hole.span.clone());
        let problem = match self.advice(&hole.source) {
            Some(advice) => problem.with_hint(advice),
            None => problem,
        };
        self.problem("missing", problem);
    }

    /// Where a missing value should have come from, or what is there instead.
    fn advice(&self, source: &Source) -> Option<String> {
        match source {
            Source::Root(path) => {
                let origin = self.scope.origin(&path.root);
                let Some(value) = self.scope.root(&path.root).filter(|_| !path.steps.is_empty()) else {
                    return origin.or_else(|| {
                        self.scope.root(&path.root).map(|_| "it is null; {{optional ..}} would allow that".to_owned())
                    });
                };
                let found = what_is_there(value, &path.root, &path.steps);
                Some(origin.map_or(found.clone(), |origin| format!("{found}; {origin}")))
            }
            Source::This { up, steps } => {
                let this = self.frame(*up)?.this;
                let found = what_is_there(this, "this element", steps);
                Some(format!("{found}; a value from outside the block is written ../name"))
            }
            Source::Key { .. } => Some("@key is there only in an object, not in a list".to_owned()),
            _ => None,
        }
    }

    fn frame(&self, up: usize) -> Option<&Frame<'a>> {
        self.frames.iter().rev().nth(up)
    }

    fn resolve(&self, source: &Source) -> Option<Cow<'a, Value>> {
        let owned = |value: Value| Some(Cow::Owned(value));
        match source {
            Source::Literal(value) => owned(value.clone()),
            Source::Root(path) => path.resolve(self.scope).map(Cow::Borrowed),
            Source::This { up, steps } => walk(self.frame(*up)?.this, steps).map(Cow::Borrowed),
            Source::Index { up } => owned(self.frame(*up)?.index.into()),
            Source::Key { up } => owned(self.frame(*up)?.key?.into()),
            Source::First { up } => owned((self.frame(*up)?.index == 0).into()),
            Source::Last { up } => owned(self.frame(*up)?.last.into()),
            Source::Position { up } => {
                let frame = self.frame(*up)?;
                owned(frame.key.map_or_else(|| frame.index.into(), Value::from))
            }
        }
    }

    /// A value for a template that is this hole alone; checked for depth.
    pub(crate) fn whole_value(&mut self, hole: &Hole) -> Option<Value> {
        let value = self.value(hole)?;
        self.check_depth(&value, 0, hole).is_ok().then(|| value.into_owned())
    }

    /// Stops at a value that is nested deeper than the bound, where it stands `above` levels deep itself.
    pub(crate) fn check_depth(&mut self, value: &Value, above: usize, hole: &Hole) -> Result<(), Stop> {
        if fits(value, bounds::VALUE_DEPTH.saturating_sub(above)) {
            return Ok(());
        }
        let message = format!("\"{}\" is nested too deep: {} levels are allowed", hole.shown, bounds::VALUE_DEPTH);
        self.problem("depth", Problem::new(message, hole.span.clone()));
        Err(Stop)
    }

    /// Renders the branch of a block that its condition chooses, as often as it says.
    pub(crate) fn block<T>(
        &mut self,
        block: &Block<T>,
        mut render: impl FnMut(&mut Self, &T) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        self.at = block.span.clone();
        self.look_up(&block.shown);
        let value = self.resolve(&block.source);
        let holds = value.as_deref().is_some_and(truthy);
        self.scope.took(&block.span, holds != (block.kind == BlockKind::Unless));
        let value = match (block.kind, value) {
            (BlockKind::If, _) => {
                return render(self, if holds { &block.then } else { &block.otherwise });
            }
            (BlockKind::Unless, _) => {
                return render(self, if holds { &block.otherwise } else { &block.then });
            }
            (_, Some(Cow::Borrowed(value))) if holds => value,
            (BlockKind::Each, Some(value)) if !matches!(*value, Value::Null | Value::Array(_) | Value::Object(_)) => {
                self.no_list(block, &value);
                return Ok(());
            }
            (_, Some(value)) if holds => {
                self.no_list(block, &value);
                return Ok(());
            }
            _ => return render(self, &block.otherwise),
        };
        match (block.kind, value) {
            (BlockKind::Each, Value::Array(list)) => {
                let rounds = list.iter().map(|this| (None, this));
                self.each(list.len(), rounds, |renderer| render(renderer, &block.then))
            }
            (BlockKind::Each, Value::Object(map)) => {
                let rounds = map.iter().map(|(key, this)| (Some(key.as_str()), this));
                self.each(map.len(), rounds, |renderer| render(renderer, &block.then))
            }
            (BlockKind::Each, other) => {
                self.no_list(block, other);
                Ok(())
            }
            (_, this) => self.each(1, std::iter::once((None, this)), |renderer| render(renderer, &block.then)),
        }
    }

    fn each(
        &mut self,
        len: usize,
        rounds: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
        mut render: impl FnMut(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        for (index, (key, this)) in rounds.enumerate() {
            self.rounds += 1;
            if self.rounds > bounds::ITERATIONS {
                let message = format!("the loops of this template make more than {} rounds", bounds::ITERATIONS);
                return Err(self.stop(message, "send the rows in several requests"));
            }
            self.step()?;
            self.frames.push(Frame { this, index, key, last: index + 1 == len });
            let done = render(self);
            self.frames.pop();
            done?;
        }
        Ok(())
    }

    fn no_list<T>(&mut self, block: &Block<T>, value: &Value) {
        let message = format!("\"{}\" is {}, not a list", block.shown, kind_of(value));
        let hint = format!("{} goes through the elements of a list or the properties of an object", block.kind.name());
        self.problem("kind", Problem::new(message, block.span.clone()).with_hint(hint));
    }
}

/// Writes into the output as long as there is room.
struct Bounded<'o> {
    out: &'o mut Vec<u8>,
    room: usize,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.room = self.room.checked_sub(bytes.len()).ok_or(io::ErrorKind::OutOfMemory)?;
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
