//! `{{optional x}}` of what is always there.

use presetter_manifest::{Input, Preset};
use presetter_template::{Path, Problem};

use crate::finding::{Edit, Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::{Manifest, Subject};
use crate::texts::{self, Form, Place, Written};

pub(crate) const LINT: Lint = Lint {
    name: "needless-optional",
    level: Level::Warning,
    means: "`{{optional x}}` stands for an input that is required or has a default.",
    why: "It reads as if the value could be absent, and hides that the author and the template disagree.",
    mended: "writes `{{x}}`",
    look: Look::Preset(look),
};

fn look(subject: &Subject, preset: &Manifest<Preset>, tell: &mut Tell<'_>) {
    if subject.is_code(&preset.is) {
        return;
    }
    let always = |name: &str| {
        let input = preset.is.inputs.get(name);
        input.is_some_and(Input::is_always_there)
    };
    for written in texts::of_preset(&preset.is) {
        // A search key that is empty has a meaning of its own, and a look that lacks a value is not made.
        if matches!(written.form, Form::Rule) || matches!(written.place, Place::Probe | Place::Mixup) {
            continue;
        }
        for tag in tags(&written).into_iter().filter(|tag| always(&tag.name)) {
            let source = &preset.source;
            let place = |span| written.text.locate(&source.text, Problem::new("", span)).span;
            let (whole, word) = (place(tag.whole.clone()), place(tag.word.clone()));
            let problem = Problem::new(format!("\"{}\" is always there", tag.name), whole.clone())
                .with_hint(format!("write {{{{{}}}}}", tag.name));
            // Where the text is written with escapes, its places in the file are not known.
            if source.text.get(word.clone()).is_some_and(|found| found.starts_with("optional")) {
                let what = format!("wrote {{{{{0}}}}} for {{{{optional {0}}}}}", tag.name);
                tell.mendable(source, problem, what, vec![Edit { span: word, text: String::new() }]);
            } else {
                tell.at(source, problem);
            }
        }
    }
}

/// A tag `{{optional NAME}}` of a template; places are in the template.
struct Tag {
    name: String,
    whole: std::ops::Range<usize>,
    /// The word `optional` with the space behind it.
    word: std::ops::Range<usize>,
}

/// The tags for plain names. In a template with loops a name may belong to an element: nothing is said of it.
fn tags(written: &Written<'_>) -> Vec<Tag> {
    let text = written.text.as_str();
    let Some(template) = written.template() else { return Vec::new() };
    let loops = template.blocks().iter().any(|tag| {
        let tag = text.get(tag.clone()).unwrap_or_default().trim_start_matches(['{', '<', '~', ' ']);
        tag.starts_with("#each") || tag.starts_with("#with")
    });
    if loops {
        return Vec::new();
    }
    let mut tags = Vec::new();
    for (open, close) in [("{{", "}}"), ("<<", ">>")] {
        for (at, _) in text.match_indices(open) {
            let inside = at + open.len();
            let start = inside + text[inside..].len() - text[inside..].trim_start_matches(['~', ' ']).len();
            let Some(end) = text[inside..].find(close).map(|end| inside + end) else { continue };
            let Some(rest) = text.get(start..end).and_then(|inner| inner.strip_prefix("optional ")) else { continue };
            let name = rest.trim().trim_end_matches('~').trim();
            if text[..at].ends_with('\\') || !Path::parse(name).is_ok_and(|path| path.steps.is_empty()) {
                continue;
            }
            let word = start..end - rest.trim_start().len();
            tags.push(Tag { name: name.to_owned(), whole: at..end + close.len(), word });
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn optional_of_what_is_always_there_is_told_and_mended() {
        for (written, mended) in [
            ("'{{optional id}}'", "'{{id}}'"),
            ("'<<~optional  id~>>'", "'<<~id~>>'"),
            ("'a{{ optional id }}b'", "'a{{ id }}b'"),
        ] {
            let draft = Draft::new().with("query = {", &format!("query = {{ id = {written},"));
            assert_eq!(draft.told(), [format!("needless-optional: {}", &written.trim_matches(['\'', 'a', 'b']))]);
            let text = draft.mended().read("get-user/preset.toml");
            assert!(text.contains(&format!("id = {mended},")), "{text}");
        }
    }

    #[test]
    fn what_may_be_absent_is_left_alone() {
        for query in ["'{{optional other}}'", "'{{#each list}}{{optional id}}{{/each}}'", r"'\{{optional id}} {{id}}'"]
        {
            let inputs = "help = 'the id' }\nother = { type = 'string', help = 'o' }\nlist = { type = 'list', default = [], help = 'l' }";
            let draft = Draft::new().with("help = 'the id' }", inputs).with(
                "query = {",
                &format!(
                    "query = {{ x = {query}, o = '{{{{optional other}}}}', l = '{{{{#each list}}}}x{{{{/each}}}}',"
                ),
            );
            assert_eq!(draft.told(), [""; 0], "{query}");
        }
    }
}
