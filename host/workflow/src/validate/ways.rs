//! Ways through a workflow: that every block is reached, that circles end, that variables are set before they are used.

use std::collections::BTreeSet;
use std::ops::Range;

use indexmap::IndexMap;
use presetter_manifest::{Text, suggest};
use presetter_records::State;
use presetter_template::path::Step;
use presetter_template::{Problem, Template};

use crate::definition::{Action, Approval, Block, Condition, Filled, Path, Source};

use super::words::*;
use super::{Check, Found, Severity};

impl Check<'_> {
    /// The blocks that can follow a block.
    pub(super) fn next(&self, at: usize) -> Vec<usize> {
        let Some(block) = self.workflow.blocks.get(at) else { return Vec::new() };
        let paths = [Some(&block.success), block.failure.as_ref(), block.not_found.as_ref()];
        paths.into_iter().flatten().filter_map(|path| self.workflow.after(at, &path.next)).collect()
    }

    /// From every block the run can end.
    pub(super) fn circles(&mut self, reached: &BTreeSet<usize>) {
        let blocks = &self.workflow.blocks;
        let mut ending: BTreeSet<usize> = BTreeSet::new();
        loop {
            let ends = |at: &usize| {
                let block = &blocks[*at];
                let paths = [Some(&block.success), block.failure.as_ref(), block.not_found.as_ref()];
                let mut after = paths.into_iter().flatten().map(|path| self.workflow.after(*at, &path.next));
                // Whoever says no ends it.
                let asks = matches!(block.action, Action::Approval(_)) && block.failure.is_none();
                !ending.contains(at) && (asks || after.any(|next| next.is_none_or(|next| ending.contains(&next))))
            };
            let more: Vec<usize> = (0..blocks.len()).filter(ends).collect();
            if more.is_empty() {
                break;
            }
            ending.extend(more);
        }
        let caught = reached.iter().find(|at| !ending.contains(at)).and_then(|at| blocks.get(*at));
        if let Some((name, span)) = caught.map(|block| (block.name.clone(), block.span.clone())) {
            let message = format!("the ways from block \"{name}\" lead round in a circle, and the run never ends");
            self.error(span, message, "let a path say next = \"end\"");
        }
    }

    /// What went wrong proves nothing: it archives nobody, unless a person says yes before.
    pub(super) fn unproven(&mut self) {
        let blocks = &self.workflow.blocks;
        let mut caught: Vec<(Range<usize>, String, String)> = Vec::new();
        for (at, block) in blocks.iter().enumerate() {
            // The failure path of these is an answer: no. That nobody answered in time is none.
            if matches!(&block.action, Action::Condition(_) | Action::Approval(Approval { within: None, .. })) {
                continue;
            }
            let Some(failure) = &block.failure else { continue };
            let (mut seen, mut next) = (BTreeSet::new(), Vec::from_iter(self.workflow.after(at, &failure.next)));
            while let Some(at) = next.pop() {
                let Some(reached) = blocks.get(at).filter(|_| seen.insert(at)) else { continue };
                match &reached.action {
                    Action::Update(update) if update.state == Some(State::Archived) => {
                        caught.push((reached.span.clone(), reached.name.clone(), block.name.clone()));
                        break;
                    }
                    Action::Approval(_) => {
                        let no = reached.failure.as_ref().and_then(|path| self.workflow.after(at, &path.next));
                        next.extend(no);
                    }
                    _ => next.extend(self.next(at)),
                }
            }
        }
        // One message a place.
        caught.dedup_by(|one, other| one.1 == other.1);
        for (span, archives, fails) in caught {
            let message =
                format!("block \"{archives}\" archives, and the failure of \"{fails}\" leads to it, which is no proof");
            let hint = "let only not_found = { next = ... } lead to it, or put a block of the type approval before it";
            self.error(span, message, hint);
        }
    }

    /// Every block is reached.
    pub(super) fn ways(&mut self) {
        let blocks = &self.workflow.blocks;
        let (mut reached, mut next) = (BTreeSet::new(), vec![0]);
        while let Some(at) = next.pop() {
            if at >= blocks.len() || !reached.insert(at) {
                continue;
            }
            next.extend(self.next(at));
        }
        self.circles(&reached);
        // What follows a block that is not reached is not told besides: first those that nothing leads to, then what
        // is left of circles.
        let mut lost: Vec<(String, Range<usize>)> = Vec::new();
        let alone = |at: &usize, reached: &BTreeSet<usize>| {
            let leads = |from: usize| from != *at && !reached.contains(&from) && self.next(from).contains(at);
            !reached.contains(at) && !(0..blocks.len()).any(leads)
        };
        let first: Vec<usize> = (0..blocks.len()).filter(|at| alone(at, &reached)).collect();
        for at in first.into_iter().chain(0..blocks.len()) {
            if reached.contains(&at) {
                continue;
            }
            lost.push((blocks[at].name.clone(), blocks[at].span.clone()));
            let mut next = vec![at];
            while let Some(at) = next.pop() {
                if reached.insert(at) {
                    next.extend(self.next(at));
                }
            }
        }
        for (name, span) in lost {
            self.error(
                span,
                format!("no way leads to block \"{name}\""),
                format!("let a path say next = \"{name}\", or take it out"),
            );
        }
    }

    /// Every variable is set by some block.
    pub(super) fn variables(&mut self) {
        let blocks = &self.workflow.blocks;
        let paths = |block: &Block| -> Vec<Path> {
            [Some(block.success.clone()), block.failure.clone(), block.not_found.clone()]
                .into_iter()
                .flatten()
                .collect()
        };
        let set: BTreeSet<String> =
            blocks.iter().flat_map(paths).flat_map(|path| path.variables.into_keys().collect::<Vec<_>>()).collect();
        let mut used: Vec<(Text, Template)> = Vec::new();
        for path in blocks.iter().flat_map(paths) {
            used.extend(path.fields.into_values().chain(path.variables.into_values()));
        }
        let mut filled = |map: &IndexMap<String, Filled>| {
            for filled in map.values() {
                if let Source::Template(text, template) = &filled.value {
                    used.push((text.clone(), template.clone()));
                }
            }
        };
        for block in blocks {
            match &block.action {
                Action::Api(api) => filled(&api.inputs),
                Action::Update(update) => filled(&update.fields),
                _ => {}
            }
        }
        for block in blocks {
            match &block.action {
                Action::Notify(notify) => used.extend(notify.body.clone()),
                Action::Approval(approval) => used.push((approval.message.clone(), approval.template.clone())),
                _ => {}
            }
        }
        let mut names: Vec<(Text, String, Range<usize>)> = Vec::new();
        for (text, template) in used {
            for variable in template.variables().iter().filter(|variable| variable.path.root == "variables") {
                if let Some(Step::Key(name)) = variable.path.steps.first() {
                    names.push((text.clone(), name.clone(), variable.span.clone()));
                }
            }
        }
        for block in blocks {
            if let Action::Condition(Condition::When(text, _)) = &block.action {
                let used = properties(text.as_str(), "variables");
                names.extend(used.into_iter().map(|(name, span)| (text.clone(), name.to_owned(), span)));
            }
        }
        let known: Vec<&str> = set.iter().map(String::as_str).collect();
        for (text, name, span) in names.into_iter().filter(|(_, name, _)| !set.contains(name)) {
            let hint = match known.is_empty() {
                true => format!("set it in the success of a block: variables = {{ {name} = \"{{{{outputs.X}}}}\" }}"),
                false => suggest(&name, &known),
            };
            let problem = Problem::new(format!("no block sets the variable \"{name}\""), span).with_hint(hint);
            let problem = text.locate(&self.workflow.source, problem);
            self.found.push(Found { severity: Severity::Error, problem });
        }
    }
}
