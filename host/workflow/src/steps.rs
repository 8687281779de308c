//! What a step of a workflow's run asks for, and what is answered. All of it is kept in the journal: names and values, no secrets.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use presetter_records::{RecordId, State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Kind, Threshold};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Reads the record, and whether it is one that the workflow is for.
    Look {
        /// The record.
        record: RecordId,
    },
    /// Whether the record fulfils the rules of a condition.
    Rules {
        /// The record.
        record: RecordId,
        /// The block.
        block: String,
    },
    /// Runs a preset.
    Call(CallStep),
    /// Changes the record.
    Apply(Apply),
    /// Calls a webhook.
    Notify {
        /// Its address or a reference to it.
        url: String,
        /// Whether it may be in a private network.
        #[serde(default)]
        allow_private: bool,
        /// What it is told.
        body: Value,
    },
    /// Submits runs for the records that match, beyond one.
    Spread {
        /// Beyond this record.
        after: Option<RecordId>,
        /// The block that they begin with.
        start: usize,
    },
    /// Lists the vendor's users, joins them with the records, and keeps what would change.
    Collect {
        /// The digest of the changes that a person has approved: nobody else is deactivated then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approved: Option<String>,
    },
    /// Makes those changes, all at once.
    Settle {
        /// What was collected.
        collected: Collected,
        /// Who approved it, if somebody had to.
        approved_by: Option<String>,
    },
    /// Brings in a vendor's users.
    Sync,
}

/// A preset's call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CallStep {
    /// For the receipt.
    pub(crate) workflow: String,
    pub(crate) preset: String,
    pub(crate) digest: String,
    pub(crate) connection: String,
    pub(crate) inputs: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
    /// The preset's probe looks before and after.
    #[serde(default)]
    pub(crate) confirm: bool,
    /// What is taken from the answer, by how it ended.
    pub(crate) take: BTreeMap<Kind, Taken>,
}

impl CallStep {
    /// A call of a preset that lists: it takes no inputs, and its rows are all that is wanted.
    pub(crate) fn listing(
        workflow: String,
        preset: &str,
        connection: &str,
        components: &BTreeMap<String, String>,
    ) -> Self {
        Self {
            workflow,
            preset: preset.to_owned(),
            digest: components.get(preset).cloned().unwrap_or_default(),
            connection: connection.to_owned(),
            inputs: Map::new(),
            body: None,
            confirm: false,
            take: BTreeMap::new(),
        }
    }
}

/// Templates over an answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Taken {
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) fields: IndexMap<String, String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub(crate) variables: IndexMap<String, String>,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) kind: Kind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) class: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) message: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) evidence: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) receipt: String,
    /// It was broken off after something was changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) changed: bool,
    #[serde(default)]
    pub(crate) fields: Map<String, Value>,
    #[serde(default)]
    pub(crate) variables: Map<String, Value>,
    /// What could not be taken from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) missing: Vec<String>,
}

/// A change of the record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Apply {
    pub(crate) record: Option<RecordId>,
    pub(crate) fields: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<State>,
    pub(crate) block: String,
    /// Nothing was found of it at the vendor: that is why it is archived.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) absent: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) rule: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) evidence: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) receipt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approved_by: Option<String>,
}

/// A record as it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Its values; none if it is gone.
    pub(crate) record: Option<Map<String, Value>>,
    /// Whether the workflow is for it.
    pub(crate) matches: bool,
    /// The day.
    pub(crate) today: String,
    /// The batch that has begun the run was cancelled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) cancelled: bool,
}

/// What was submitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spreaded {
    pub(crate) last: Option<RecordId>,
    pub(crate) runs: u64,
    pub(crate) done: bool,
}

/// What a batch of roles would change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Collected {
    /// Records that were looked at.
    pub records: u64,
    /// The vendor's users.
    pub vendor: u64,
    /// Records whose user was found.
    pub found: u64,
    /// Records whose role changes.
    pub roles: u64,
    /// Records whose user is provably gone.
    pub gone: u64,
    /// Records that are deactivated: those that are gone, if the block says so.
    pub deactivate: u64,
    /// Records of which it cannot be told whether their user is there.
    pub unmatched: u64,
    /// Records whose user is gone, and that are left for the next batch: they were not approved, or changed since.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left: u64,
    /// Records of this software that were deactivated within a day without a person's word.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub earlier: u64,
    /// The digest of the changes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Some of those that are deactivated.
    pub some: Vec<String>,
    /// What proves the roles.
    pub evidence: String,
    /// What proves that who is gone is gone.
    #[serde(default)]
    pub proof: String,
    /// The receipt of the listing.
    pub receipt: String,
}

impl Collected {
    /// Whether a person must say yes: with those of the day, more are deactivated than need no word, or more than half; or nobody was
    /// found. Of whom it cannot be told whether they are there, they do not count among all.
    #[must_use]
    pub fn asks(&self, threshold: Threshold) -> bool {
        let (gone, all) = (self.deactivate + self.earlier, self.found + self.gone + self.earlier);
        self.deactivate > 0 && (self.found == 0 || threshold.holds(gone, all))
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a batch of roles has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settled {
    pub(crate) changed: u64,
    pub(crate) deactivated: u64,
    /// Records that had changed meanwhile, and were left alone.
    #[serde(default)]
    pub(crate) skipped: u64,
}
