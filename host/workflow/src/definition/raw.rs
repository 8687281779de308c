//! A workflow file as it is written. Every text keeps its place, so that what is wrong with it can be pointed at.

use indexmap::IndexMap;
use presetter_manifest::Text;
use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) title: Text,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) object: Text,
    pub(crate) begin: Option<Begin>,
    #[serde(default)]
    pub(crate) block: Vec<Block>,
}

/// What begins a run, and on which records.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    pub(crate) on: Spanned<Vec<Text>>,
    pub(crate) cron: Option<Text>,
    pub(crate) at: Option<Text>,
    pub(crate) zone: Option<Text>,
    #[serde(default)]
    pub(crate) fields: Vec<Text>,
    pub(crate) records: Option<Text>,
    #[serde(default)]
    pub(crate) rules: Rules,
}

/// Rules in groups: each of `all` and `all_of` holds, and one of `any` and `any_of` if there are any.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rules {
    pub(crate) all: Vec<Text>,
    pub(crate) any: Vec<Text>,
    pub(crate) all_of: Vec<Rules>,
    pub(crate) any_of: Vec<Rules>,
}

/// A block of any type; which keys its type takes is checked afterwards.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Block {
    pub(crate) name: Text,
    #[serde(rename = "type")]
    pub(crate) kind: Text,
    pub(crate) preset: Option<Text>,
    pub(crate) connection: Option<Text>,
    pub(crate) connection_field: Option<Text>,
    pub(crate) inputs: Option<Spanned<Inputs>>,
    pub(crate) body: Option<Text>,
    pub(crate) confirm: Option<Spanned<bool>>,
    pub(crate) success: Option<Spanned<Path>>,
    pub(crate) failure: Option<Spanned<Path>>,
    pub(crate) not_found: Option<Spanned<Path>>,
    pub(crate) deactivate_user: Option<Spanned<bool>>,
    pub(crate) software: Option<Text>,
    #[serde(rename = "match")]
    pub(crate) matching: Option<Spanned<IndexMap<Spanned<String>, Text>>>,
    pub(crate) role: Option<Text>,
    pub(crate) approve_above: Option<Spanned<Threshold>>,
    pub(crate) fields: Option<Spanned<IndexMap<Spanned<String>, Spanned<toml::Value>>>>,
    pub(crate) state: Option<Text>,
    pub(crate) rules: Option<Spanned<Rules>>,
    pub(crate) when: Option<Text>,
    #[serde(rename = "for")]
    pub(crate) duration: Option<Text>,
    pub(crate) until: Option<Text>,
    pub(crate) url: Option<Text>,
    pub(crate) allow_private: Option<Spanned<bool>>,
    pub(crate) message: Option<Text>,
    pub(crate) within: Option<Text>,
}

pub(crate) type Inputs = IndexMap<Spanned<String>, Spanned<toml::Value>>;

/// What happens after a block that ended in one way.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Path {
    pub(crate) fields: IndexMap<Spanned<String>, Text>,
    pub(crate) variables: IndexMap<Spanned<String>, Text>,
    pub(crate) next: Option<Text>,
}

/// How many deactivations of one batch need nobody's word: the larger of the two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Threshold {
    pub(crate) count: Option<Spanned<i64>>,
    pub(crate) percent: Option<Spanned<i64>>,
}

impl Block {
    /// The keys beside `name` and `type` that are there, with their places.
    pub(crate) fn keys(&self) -> Vec<(&'static str, std::ops::Range<usize>)> {
        let text = |value: &Option<Text>| value.as_ref().map(Text::span);
        fn spanned<T>(value: &Option<Spanned<T>>) -> Option<std::ops::Range<usize>> {
            value.as_ref().map(Spanned::span)
        }
        let all = [
            ("preset", text(&self.preset)),
            ("connection", text(&self.connection)),
            ("connection_field", text(&self.connection_field)),
            ("inputs", spanned(&self.inputs)),
            ("body", text(&self.body)),
            ("confirm", spanned(&self.confirm)),
            ("success", spanned(&self.success)),
            ("failure", spanned(&self.failure)),
            ("not_found", spanned(&self.not_found)),
            ("deactivate_user", spanned(&self.deactivate_user)),
            ("software", text(&self.software)),
            ("match", spanned(&self.matching)),
            ("role", text(&self.role)),
            ("approve_above", spanned(&self.approve_above)),
            ("fields", spanned(&self.fields)),
            ("state", text(&self.state)),
            ("rules", spanned(&self.rules)),
            ("when", text(&self.when)),
            ("for", text(&self.duration)),
            ("until", text(&self.until)),
            ("url", text(&self.url)),
            ("allow_private", spanned(&self.allow_private)),
            ("message", text(&self.message)),
            ("within", text(&self.within)),
        ];
        all.into_iter().filter_map(|(name, span)| span.map(|span| (name, span))).collect()
    }
}
