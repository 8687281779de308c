//! What to write in place of an unknown name.

/// The longest names that are compared: what a comparison costs is the product of their lengths.
const COMPARED: usize = 64;
/// How many names are listed.
const LISTED: usize = 12;

/// The nearest known name, or all of them.
pub(crate) fn suggest(name: &str, known: &[&str]) -> String {
    let compared = |known: &&&str| known.len().max(name.len()) <= COMPARED;
    let near = known.iter().filter(compared).map(|k| (strsim::damerau_levenshtein(name, k), k)).min();
    match near {
        Some((distance, best)) if distance <= 2.max(name.len() / 3) => format!("did you mean \"{best}\"?"),
        _ if known.is_empty() => "there are none".to_owned(),
        _ if known.len() > LISTED => format!("possible here: {}, ...", known[..LISTED].join(", ")),
        _ => format!("possible here: {}", known.join(", ")),
    }
}
