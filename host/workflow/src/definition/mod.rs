//! Workflows as they are defined: `NAME.workflow.toml`.
//!
//! Owns: what a definition says, read once and checked as far as it goes without presets, connections and records.
//! Never: guesses; what is unclear is an error with its place.
//!
//! Invariants: a definition that was read has a Begin, blocks with names of their own, and ways that lead to blocks that exist.

mod check;
mod parse;
mod raw;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use presetter_manifest::{Diagnostics, Text};
use presetter_records::{Filter, Object, Operator, Rule, State};
use presetter_template::Template;
use serde_json::Value;

/// The ending of a workflow's file.
pub const ENDING: &str = ".workflow.toml";
/// The most blocks of a workflow.
pub const BLOCKS: usize = 200;

/// A workflow.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Its name: that of its file.
    pub name: String,
    /// The file, for messages.
    pub file: String,
    /// The file's text.
    pub source: Arc<str>,
    /// For people.
    pub title: String,
    /// For people.
    pub description: String,
    /// What its records are of.
    pub object: Object,
    /// Where that stands.
    pub object_span: Range<usize>,
    /// What begins a run.
    pub begin: Begin,
    /// In the order of the file.
    pub blocks: Vec<Block>,
}

/// What begins runs, and on which records.
#[derive(Debug, Clone)]
pub struct Begin {
    /// Each of these begins one.
    pub on: Vec<(Trigger, Range<usize>)>,
    /// When, for [`Trigger::Schedule`].
    pub schedule: Option<Schedule>,
    /// For [`Trigger::Edited`]: only when one of these changed.
    pub fields: Vec<Text>,
    /// Active or archived records; none is all.
    pub state: Option<State>,
    /// The rules.
    pub rules: Rules,
}

/// What begins a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A record came to be.
    New,
    /// A record's fields changed.
    Edited,
    /// A record was archived.
    Archived,
    /// A sync changed a record.
    Synced,
    /// A time has come.
    Schedule,
    /// A person says so.
    Manual,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::New, Self::Edited, Self::Archived, Self::Synced, Self::Schedule, Self::Manual];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Edited => "edited",
            Self::Archived => "archived",
            Self::Synced => "synced",
            Self::Schedule => "schedule",
            Self::Manual => "manual",
        }
    }

    /// Whether a change of a record begins it.
    #[must_use]
    pub fn is_event(self) -> bool {
        !matches!(self, Self::Schedule | Self::Manual)
    }
}

/// When a scheduled workflow runs.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// `0 6 * * 1-5` in a time zone, or one time.
    pub when: crate::calendar::When,
    /// Where it stands.
    pub span: Range<usize>,
}

/// Rules, with their places.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// All of them as one filter.
    pub filter: Option<Filter>,
    /// Each rule, where it stands.
    pub list: Vec<(Rule, Range<usize>)>,
}

impl Rules {
    /// The filter; every record, if there are no rules.
    #[must_use]
    pub fn filter(&self) -> Filter {
        self.filter.clone().unwrap_or_else(Filter::everything)
    }

    /// For people: the rules in one line.
    #[must_use]
    pub fn told(&self) -> String {
        self.filter.as_ref().map(told).unwrap_or_default()
    }
}

fn told(filter: &Filter) -> String {
    let joined = |parts: &[Filter], word: &str| match parts {
        [one] => told(one),
        parts => parts
            .iter()
            .map(|part| match part {
                Filter::Rule(_) => told(part),
                group => format!("({})", told(group)),
            })
            .collect::<Vec<_>>()
            .join(word),
    };
    match filter {
        Filter::All { all } => joined(all, " and "),
        Filter::Any { any } => joined(any, " or "),
        Filter::Rule(rule) => {
            let value = rule.value.as_deref().map(|value| format!(" {value}")).unwrap_or_default();
            format!("{} {}{value}", rule.field, rule.operator)
        }
    }
}

/// A block.
#[derive(Debug, Clone)]
pub struct Block {
    /// Its name in the workflow.
    pub name: String,
    /// Where the name stands.
    pub span: Range<usize>,
    /// What it does.
    pub action: Action,
    /// After it went well.
    pub success: Path,
    /// After it went wrong; without one the run fails.
    pub failure: Option<Path>,
    /// After a `not_found`; without one it counts as a failure.
    pub not_found: Option<Path>,
}

/// What a block does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Runs a preset.
    Api(Api),
    /// Retrieves the roles of all matching SaaS users at once.
    Role(Role),
    /// Changes the record.
    Update(Update),
    /// Goes one of two ways.
    Condition(Condition),
    /// Waits.
    Wait(Wait),
    /// Calls a webhook.
    Notify(Notify),
    /// Asks a person.
    Approval(Approval),
}

/// A preset's call.
#[derive(Debug, Clone)]
pub struct Api {
    /// The preset.
    pub preset: Text,
    /// Through which connection.
    pub connection: Via,
    /// What it is given.
    pub inputs: IndexMap<String, Filled>,
    /// A template in place of the preset's body.
    pub body: Option<Text>,
    /// Where it says `true`: the preset's probe looks before the write and after it.
    pub confirm: Option<Range<usize>>,
}

/// Which connection.
#[derive(Debug, Clone)]
pub enum Via {
    /// The one of this name.
    Named(Text),
    /// The one that this field of the record names.
    Field(Text),
}

/// A value that a workflow gives: a template over the record and variables, or a plain value.
#[derive(Debug, Clone)]
pub struct Filled {
    /// Where the name stands that it is given to.
    pub name: Range<usize>,
    /// Where it stands.
    pub span: Range<usize>,
    /// The template, and its source; or the value.
    pub value: Source,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A template.
    Template(Text, Template),
    /// As it is.
    Plain(Value),
}

/// Retrieving roles.
#[derive(Debug, Clone)]
pub struct Role {
    /// A preset that lists the vendor's users.
    pub preset: Text,
    /// The connection.
    pub connection: Text,
    /// The software whose SaaS users are looked at.
    pub software: Text,
    /// A field of the rows, and the field of the records that it is compared with; the first that a record has counts.
    pub matching: IndexMap<String, Text>,
    /// Where each of these fields of the rows stands.
    pub places: IndexMap<String, Range<usize>>,
    /// The field of the rows that has the role.
    pub role: Text,
    /// Whether who is provably gone is deactivated.
    pub deactivate_user: bool,
    /// How many deactivations of a batch need no approval.
    pub approve_above: Threshold,
}

/// Above the larger of the two, deactivations wait for a person, and above half of all. It cannot be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// So many.
    pub count: u32,
    /// So many of a hundred records.
    pub percent: u32,
}

impl Default for Threshold {
    fn default() -> Self {
        Self { count: 3, percent: 2 }
    }
}

impl Threshold {
    /// Whether so many deactivations of so many records wait for a person.
    #[must_use]
    pub fn holds(self, deactivations: u64, records: u64) -> bool {
        deactivations > self.most(records)
    }

    /// How many of so many records need no word.
    #[must_use]
    pub fn most(self, records: u64) -> u64 {
        let share = records.saturating_mul(u64::from(self.percent)) / 100;
        // However it is set: never more than half of them.
        u64::from(self.count).max(share).min(records / 2)
    }
}

/// Changing the record.
#[derive(Debug, Clone)]
pub struct Update {
    /// What its fields are set to.
    pub fields: IndexMap<String, Filled>,
    /// Whether it is put in or out of use.
    pub state: Option<State>,
}

/// A question. Its `success` is the way of yes, its `failure` that of no.
#[derive(Debug, Clone)]
pub enum Condition {
    /// Rules on the record.
    Rules(Rules),
    /// CEL over `record`, `variables` and `today`.
    When(Text, presetter_expr::Program),
}

/// Until when.
#[derive(Debug, Clone)]
pub enum Wait {
    /// So long.
    For(Duration),
    /// Until the beginning of the day, or the moment, that a field of the record has.
    Until(Text),
}

/// A webhook.
#[derive(Debug, Clone)]
pub struct Notify {
    /// Its address, or a reference to a secret that is one (`env:HOOK`).
    pub url: Text,
    /// The operator's word that it may be reached by plain http, and in private networks.
    pub allow_private: bool,
    /// What it is told, as JSON; without it the record's id, the workflow and the run.
    pub body: Option<(Text, Template)>,
}

/// A person's word.
#[derive(Debug, Clone)]
pub struct Approval {
    /// What is asked.
    pub message: Text,
    /// The template of it.
    pub template: Template,
    /// How long it is waited for; for ever without it.
    pub within: Option<Duration>,
}

/// What follows a block.
#[derive(Debug, Clone, Default)]
pub struct Path {
    /// Fields of the record that are set: templates over the answer.
    pub fields: IndexMap<String, (Text, Template)>,
    /// Where the name of each of these fields stands.
    pub places: IndexMap<String, Range<usize>>,
    /// Variables that are set.
    pub variables: IndexMap<String, (Text, Template)>,
    /// Where it goes on.
    pub next: Next,
}

/// Where a run goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Next {
    /// With the block that follows in the file, or the End after the last.
    #[default]
    Following,
    /// With that block, by its place in the file.
    Block(usize),
    /// Nowhere: it ends well.
    End,
    /// Nowhere: it fails.
    Fail,
}

impl Workflow {
    /// Reads a definition.
    ///
    /// # Errors
    /// All that is wrong with it, each with its place.
    pub fn parse(name: &str, file: &str, source: &str) -> Result<Self, Diagnostics> {
        parse::workflow(name, file, source)
    }

    /// The block of that name.
    #[must_use]
    pub fn block(&self, name: &str) -> Option<(usize, &Block)> {
        self.blocks.iter().enumerate().find(|(_, block)| block.name == name)
    }

    /// Which records it is for: its rules, and for a role block also the software.
    #[must_use]
    pub fn filter(&self) -> Filter {
        let rules = self.begin.rules.filter();
        match self.role() {
            Some((_, role)) => {
                let software = Filter::rule("software", Operator::Equals, Some(role.software.as_str()));
                Filter::All { all: vec![software, rules] }
            }
            None => rules,
        }
    }

    /// The role block, which is the first if there is one.
    #[must_use]
    pub fn role(&self) -> Option<(&Block, &Role)> {
        self.blocks.first().and_then(|block| match &block.action {
            Action::Role(role) => Some((block, role)),
            _ => None,
        })
    }

    /// Where a run goes on after the block at `at`; none is the End.
    #[must_use]
    pub fn after(&self, at: usize, next: &Next) -> Option<usize> {
        match next {
            Next::Following => Some(at + 1).filter(|at| *at < self.blocks.len()),
            Next::Block(at) => Some(*at),
            Next::End | Next::Fail => None,
        }
    }
}

impl Action {
    /// As its `type` is written.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Api(_) => "api",
            Self::Role(_) => "role",
            Self::Update(_) => "update",
            Self::Condition(_) => "condition",
            Self::Wait(_) => "wait",
            Self::Notify(_) => "notify",
            Self::Approval(_) => "approval",
        }
    }
}
