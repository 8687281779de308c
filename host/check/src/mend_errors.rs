//! What would mend errors of a manifest that are slips of writing: a method in small letters, a path in one piece.

use presetter_manifest::Diagnostic;

use crate::finding::{Edit, Finding, Mend};
use crate::places::{Places, Text};

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

/// Adds to each error what would mend it.
pub(crate) fn attach(found: &mut [Finding]) {
    for finding in found.iter_mut().filter(|finding| finding.lint.is_none()) {
        finding.mend = mend(&finding.diagnostic);
    }
}

fn mend(diagnostic: &Diagnostic) -> Option<Mend> {
    let places = Places::of(&diagnostic.source);
    let text = places.texts().into_iter().find(|text| text.span == diagnostic.problem.span)?;
    let written = diagnostic.source.get(text.span.clone())?;
    let quote = written.chars().next().filter(|quote| format!("{quote}{}{quote}", text.value) == written)?;
    let keys: Vec<&str> = text.path.iter().map(String::as_str).collect();
    let (what, parts) = match keys.as_slice() {
        [.., "method"] | [.., "methods", _] => method(&text)?,
        [.., "request", "path", _] => path(&text)?,
        _ => return None,
    };
    let new = parts.iter().map(|part| format!("{quote}{part}{quote}")).collect::<Vec<_>>().join(", ");
    Some(Mend { what, edits: vec![Edit { span: text.span, text: new }] })
}

fn method(text: &Text<'_>) -> Option<(String, Vec<String>)> {
    let upper = text.value.to_ascii_uppercase();
    let known = upper != text.value && METHODS.contains(&upper.as_str());
    known.then(|| (format!("wrote {upper} for {}", text.value), vec![upper]))
}

fn path(text: &Text<'_>) -> Option<(String, Vec<String>)> {
    let parts: Vec<String> = text.value.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let plain = text.value.contains('/') && !text.value.contains("{{") && !text.value.contains("<<");
    (plain && !parts.is_empty()).then(|| (format!("wrote each part of \"{}\" by itself", text.value), parts))
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn a_method_in_small_letters_and_a_path_in_one_piece_are_mended() {
        let slips = Draft::new()
            .shared("methods = ['GET']", "methods = [\"get\"]")
            .shared("paths = ['users/*']", "paths = ['v2/users/*']")
            .with("method = 'GET'", "method = 'get'")
            .with("['users', '{{id}}']", "['/v2/users/', '{{id}}']");
        let told = slips.told();
        assert_eq!(told.len(), 3, "{told:?}");
        let mended = slips.mended();
        assert!(mended.read("bundle.toml").contains("methods = [\"GET\"]"));
        let preset = mended.read("get-user/preset.toml");
        assert!(preset.contains("method = 'GET'\npath = ['v2', 'users', '{{id}}']"), "{preset}");
        assert_eq!(mended.told(), [""; 0]);
    }

    #[test]
    fn what_is_no_slip_stays() {
        for (from, to) in [("method = 'GET'", "method = 'FETCH'"), ("['users', '{{id}}']", "['/', '{{id}}']")] {
            let wrong = Draft::new().with(from, to);
            assert_eq!(wrong.told().len(), 1);
            assert_eq!(wrong.mended().read("get-user/preset.toml"), wrong.read("get-user/preset.toml"));
        }
    }
}
