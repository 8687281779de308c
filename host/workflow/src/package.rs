//! A workflow as it is submitted to the journal: all that a run needs, fixed when the run begins.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use presetter_journal::seam::{Failure, FlowName, Repeat, Submission};
use presetter_manifest::Repeat as Stated;
use presetter_records::RecordId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Action, Mappings, Presets, Trigger, Trouble, Workflow};

/// How many packages are kept as they were read.
const KEPT: usize = 32;
static LATELY: OnceLock<Mutex<Lately>> = OnceLock::new();
/// Definitions, and what was read from them; the one that was read last is the first.
type Lately = VecDeque<(String, Arc<Package>)>;

/// A workflow with its mappings, and who answers for it.
#[derive(Debug, Clone)]
pub struct Package {
    /// The workflow.
    pub workflow: Workflow,
    /// Where values come from.
    pub mappings: Mappings,
    /// Who activated it, or ran it by hand.
    pub activated_by: String,
    /// The digests of its presets, by name.
    pub components: BTreeMap<String, String>,
    /// How a repeat of each of its presets is safe, by name, as the preset said when the workflow was activated.
    pub repeats: BTreeMap<String, Repeat>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    name: String,
    file: String,
    workflow: String,
    mappings_file: String,
    mappings: String,
    activated_by: String,
    repeats: BTreeMap<String, Repeat>,
}

impl Package {
    /// A workflow with its presets as they are now. `person` answers for it.
    ///
    /// # Errors
    /// A preset that is not there, or may not be used here.
    pub fn new(workflow: Workflow, mappings: Mappings, person: &str, presets: &dyn Presets) -> Result<Self, Trouble> {
        let (mut components, mut repeats) = (BTreeMap::new(), BTreeMap::new());
        for block in &workflow.blocks {
            let preset = match &block.action {
                Action::Api(api) => api.preset.as_str(),
                Action::Role(role) => role.preset.as_str(),
                _ => continue,
            };
            let info = presets.describe(preset)?;
            let repeat = match (info.manifest.effect.writes(), info.manifest.repeat()) {
                // What a body of one's own does, only its author knows.
                _ if info.overridden => Repeat::Never,
                (false, _) => Repeat::Read,
                (true, Stated::Natural) => Repeat::Natural,
                (true, Stated::Key) => Repeat::Keyed,
                (true, Stated::Probe | Stated::None) => Repeat::Never,
            };
            components.insert(preset.to_owned(), info.digest);
            repeats.insert(preset.to_owned(), repeat);
        }
        Ok(Self { workflow, mappings, activated_by: person.to_owned(), components, repeats })
    }

    /// The definition as text.
    #[must_use]
    pub fn definition(&self) -> String {
        let written = Written {
            name: self.workflow.name.clone(),
            file: self.workflow.file.clone(),
            workflow: self.workflow.source.to_string(),
            mappings_file: self.mappings.file().to_owned(),
            mappings: self.mappings.source().to_owned(),
            activated_by: self.activated_by.clone(),
            repeats: self.repeats.clone(),
        };
        // Texts alone: that cannot fail.
        serde_json::to_string(&written).unwrap_or_default()
    }

    /// From a definition's text. What was read lately is not read again: every step of every run asks for it.
    ///
    /// # Errors
    /// It is none that this program reads.
    pub fn read(definition: &str, components: BTreeMap<String, String>) -> Result<Arc<Self>, Failure> {
        let lately = LATELY.get_or_init(Mutex::default);
        let known = |list: &VecDeque<(String, Arc<Self>)>| {
            let same = |(text, package): &&(String, Arc<Self>)| text == definition && package.components == components;
            list.iter().find(same).map(|(_, package)| package.clone())
        };
        if let Some(package) = known(&lately.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(package);
        }
        let package = Arc::new(Self::parsed(definition, components)?);
        let mut list = lately.lock().unwrap_or_else(PoisonError::into_inner);
        list.truncate(KEPT - 1);
        list.push_front((definition.to_owned(), package.clone()));
        Ok(package)
    }

    fn parsed(definition: &str, components: BTreeMap<String, String>) -> Result<Self, Failure> {
        let unread = |why: String| Failure::new("definition", format!("the workflow cannot be read any more: {why}"));
        let written: Written = serde_json::from_str(definition).map_err(|error| unread(error.to_string()))?;
        let workflow = Workflow::parse(&written.name, &written.file, &written.workflow);
        let workflow = workflow.map_err(|wrong| unread(wrong.to_string()))?;
        let mappings = if written.mappings.is_empty() {
            Ok(Mappings::default())
        } else {
            Mappings::parse(&written.mappings_file, &written.mappings)
        };
        let mappings = mappings.map_err(|wrong| unread(wrong.to_string()))?;
        Ok(Self { workflow, mappings, activated_by: written.activated_by, components, repeats: written.repeats })
    }

    /// The digest of what a person wrote: the workflow and its mappings.
    #[must_use]
    pub fn digest(&self) -> String {
        digest_of(&self.workflow.source, self.mappings.source())
    }

    /// A run of it.
    #[must_use]
    pub fn submission(&self, input: &Input, key: Option<String>, ordering: Option<String>) -> Submission {
        Submission {
            flow: FlowName { name: self.workflow.name.clone(), digest: self.digest() },
            definition: self.definition(),
            components: self.components.clone(),
            // Plain data: that cannot fail.
            input: serde_json::to_value(input).unwrap_or(Value::Null),
            key,
            ordering,
        }
    }
}

/// What a run is on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// All records that match: each gets a run of its own.
    Batch(Begun),
    /// One record.
    Record {
        /// The record.
        record: RecordId,
        /// What began it.
        begun: Begun,
        /// The block that it begins with.
        start: usize,
    },
}

/// What began a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// What.
    pub by: Trigger,
    /// Who, if a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The change of a record that did, by its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<u64>,
    /// The batch that it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// How many workflows stand before it in a chain.
    #[serde(default)]
    pub depth: u32,
}

impl Begun {
    /// Begun by this, with nothing before it.
    #[must_use]
    pub fn by(trigger: Trigger) -> Self {
        Self { by: trigger, person: None, event: None, batch: None, depth: 0 }
    }
}

/// The longest chain of workflows of which each began the next.
pub const CHAIN: u32 = 5;

/// The digest of a definition and its mappings.
#[must_use]
pub fn digest_of(definition: &str, mappings: &str) -> String {
    let mut digest = Sha256::new();
    for part in ["presetter workflow 1", definition, mappings] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    format!("sha256:{}", hex::encode(digest.finalize()))
}
