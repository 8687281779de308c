//! Where a new preset belongs in its bundle: the kind of connection, the path below its base URL, the grant.
//!
//! Owns the choice of a kind: one that the bundle has, if it authenticates the same and its base URL is the beginning of the
//! address; else a new one. Keeps: the whole address stays what it was.

use presetter_manifest::{AuthKind, Bundle, ConnectionKind};
use presetter_template::encode;

use super::Ask;
use super::blueprint::Blueprint;
use super::template::{Line, fixed, literal};

/// The place of a preset.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// The kind of connection.
    pub(crate) kind: String,
    /// It is to be added.
    pub(crate) new: bool,
    /// The bundle has other kinds, so that the preset says which one it works with.
    pub(crate) named: bool,
    /// What an operator is asked for.
    pub(crate) asks: Vec<Ask>,
    /// The path of a grant that is enough.
    pub(crate) pattern: String,
}

/// Finds the place of a preset in a bundle, or in a new one.
pub(crate) fn place(blueprint: &mut Blueprint, bundle: Option<&Bundle>) -> Placed {
    let found = bundle.and_then(|bundle| reused(blueprint, bundle));
    let new = found.is_none();
    let kind = found.unwrap_or_else(|| {
        let usual = blueprint.account.usual_name();
        let taken =
            |name: &str| bundle.is_some_and(|bundle| bundle.connections.contains_key(name)) || name == blueprint.name;
        let numbered = (2..).map(|number| format!("{usual}-{number}"));
        std::iter::once(usual.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
    });
    let known = bundle.and_then(|bundle| bundle.connections.get(&kind)).filter(|_| !new);
    let ask = |secret: bool| move |name: &String| Ask { name: name.clone(), secret };
    let asks = match known {
        Some(kind) => kind.fields.keys().map(ask(false)).chain(kind.secrets.keys().map(ask(true))).collect(),
        None => {
            let user = (blueprint.account.auth == AuthKind::Basic).then(|| "username".to_owned());
            user.iter().map(ask(false)).chain(blueprint.account.secrets.keys().map(ask(true))).collect()
        }
    };
    let others = bundle.map_or(0, |bundle| bundle.connections.len()) > usize::from(!new);
    if new && bundle.is_some_and(|bundle| !bundle.connections.is_empty()) {
        let note = format!(
            "the connection kind \"{kind}\" is new in this bundle; presets without a line `connections` now work with it too"
        );
        blueprint.notes.push(note);
    }
    Placed { kind, new, named: others, asks, pattern: pattern(&blueprint.path) }
}

/// A kind that serves, and the path below its base URL.
fn reused(blueprint: &mut Blueprint, bundle: &Bundle) -> Option<String> {
    let same: Vec<(&String, &ConnectionKind)> =
        bundle.connections.iter().filter(|(_, kind)| blueprint.account.same_auth(kind)).collect();
    let at_base = same.iter().find_map(|(name, kind)| Some((*name, *kind, below(blueprint, kind)?)));
    // A kind without a base URL is for an API that each customer has at another address.
    let any_base = || same.iter().find(|(_, kind)| kind.base_url.is_none() || blueprint.account.base_url.is_none());
    let (name, kind, path) =
        at_base.or_else(|| any_base().map(|(name, kind)| (*name, *kind, blueprint.path.clone())))?;
    blueprint.account.become_kind(kind);
    blueprint.path = path;
    Some(name.clone())
}

/// The path below a kind's base URL, if the address begins with that.
fn below(blueprint: &Blueprint, kind: &ConnectionKind) -> Option<Vec<Line>> {
    let (origin, root) = apart(kind.base_url.as_ref()?.as_str())?;
    let (own_origin, own_root) = apart(blueprint.account.base_url.as_ref()?)?;
    let whole: Vec<Line> = own_root.iter().map(|part| literal(part)).chain(blueprint.path.clone()).collect();
    let begins = origin == own_origin
        && whole.len() >= root.len()
        && root.iter().zip(&whole).all(|(root, line)| fixed(line).as_ref() == Some(root));
    begins.then(|| whole[root.len()..].to_vec())
}

/// The origin of an address, and the parts of its path.
fn apart(url: &str) -> Option<(String, Vec<String>)> {
    let url = url::Url::parse(url).ok()?;
    let parts = url.path_segments()?.filter(|part| !part.is_empty());
    let decoded = parts.map(|part| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned());
    Some((url.origin().ascii_serialization(), decoded.collect()))
}

/// The path of a grant that allows this and nothing else: `users/*`.
fn pattern(path: &[Line]) -> String {
    let part = |line: &Line| match fixed(line) {
        Some(text) => encode::path_segment(&text).unwrap_or_else(|_| "*".to_owned()),
        None => "*".to_owned(),
    };
    path.iter().map(part).collect::<Vec<_>>().join("/")
}
