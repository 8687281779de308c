//! A small bundle without any finding, for tests to change.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::{Report, Target, check, mend};

const BUNDLE: &str = "\
name = 'acme'
version = '1.0.0'
contract = '0.1'
title = 'Acme'
summary = 'Users of Acme.'

[[grants]]
methods = ['GET']
paths = ['users/*']

[settings]
shape = { type = 'string', default = 'all', help = 'which fields an answer has' }

[connections.key]
title = 'Key'
auth = 'api-key'
base_url = 'https://api.acme.example'
fields.tenant = { help = 'the tenant' }
secrets.key = { help = 'the key' }
slots = [
    { into = 'header', name = 'X-Key', value = '{{secrets.key}}' },
    { into = 'header', name = 'X-Tenant', value = '{{fields.tenant}}' },
]
";

const PRESET: &str = "\
title = 'Get user'
summary = 'Fetches a user.'
effect = 'read'

[inputs]
id = { type = 'string', required = true, help = 'the id' }

[request]
method = 'GET'
path = ['users', '{{id}}']
query = { shape = '{{settings.shape}}' }

[answer]
not_found_when = 'response_status == 404'

[outputs]
name = '{{response.name}}'
";

/// A bundle's files.
#[derive(Debug, Clone)]
pub(crate) struct Draft(BTreeMap<String, String>);

impl Draft {
    /// A bundle that nothing is said of.
    pub(crate) fn new() -> Self {
        let files = [
            ("bundle.toml", BUNDLE),
            ("README.md", "# Acme\n"),
            ("get-user/preset.toml", PRESET),
            ("get-user/tests/first.toml", ""),
        ];
        Self(files.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect())
    }

    /// The same with another file.
    pub(crate) fn file(mut self, name: &str, text: &str) -> Self {
        self.0.insert(name.to_owned(), text.to_owned());
        self
    }

    /// The same with a second preset: the text of the first, changed, in another folder.
    pub(crate) fn preset(self, name: &str, edits: &[(&str, &str)]) -> Self {
        let file = format!("{name}/preset.toml");
        let draft = self.file(&file, PRESET).file(&format!("{name}/tests/first.toml"), "");
        edits.iter().fold(draft, |draft, (from, to)| draft.edit(&file, from, to))
    }

    /// The same with one place changed.
    pub(crate) fn edit(mut self, file: &str, from: &str, to: &str) -> Self {
        let text = self.0.get_mut(file).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{file} should have once: {from}\n{text}");
        *text = text.replace(from, to);
        self
    }

    /// The same with one place of the preset changed.
    pub(crate) fn with(self, from: &str, to: &str) -> Self {
        self.edit("get-user/preset.toml", from, to)
    }

    /// The same with one place of the bundle changed.
    pub(crate) fn shared(self, from: &str, to: &str) -> Self {
        self.edit("bundle.toml", from, to)
    }

    /// The same without a file.
    pub(crate) fn without(mut self, file: &str) -> Self {
        self.0.remove(file).unwrap();
        self
    }

    /// The text of a file.
    pub(crate) fn read(&self, file: &str) -> String {
        self.0[file].clone()
    }

    /// Writes it into a folder of its own, `acme`.
    pub(crate) fn write(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in &self.0 {
            let path = folder.path().join("acme").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    /// What a check of it finds.
    pub(crate) fn report(&self) -> Report {
        self.report_of("")
    }

    /// What a check of one preset finds; of the bundle if the name is empty.
    pub(crate) fn report_of(&self, preset: &str) -> Report {
        let folder = self.write();
        let target = Target::of(&folder.path().join("acme").join(preset)).unwrap();
        check(&target).unwrap()
    }

    /// Each finding with the first line of what it points at.
    pub(crate) fn told(&self) -> Vec<String> {
        lines(&self.report())
    }

    /// The same of one preset.
    pub(crate) fn told_of(&self, preset: &str) -> Vec<String> {
        lines(&self.report_of(preset))
    }

    /// The messages of all findings.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.report().findings.into_iter().map(|finding| finding.diagnostic.problem.message).collect()
    }

    /// It, with everything mended that can be.
    pub(crate) fn mended(&self) -> Self {
        let folder = self.write();
        let path = folder.path().join("acme");
        let target = Target::of(&path).unwrap();
        let mended = mend(&target, &check(&target).unwrap());
        assert!(mended.kept.is_empty(), "{:?}", mended.kept);
        let read = |name: &String| fs::read_to_string(Path::new(&path).join(name)).unwrap();
        Self(self.0.keys().map(|name| (name.clone(), read(name))).collect())
    }
}

fn lines(report: &Report) -> Vec<String> {
    let line = |finding: &crate::Finding| {
        let diagnostic = &finding.diagnostic;
        let place = diagnostic.source.get(diagnostic.problem.span.clone()).unwrap_or("?");
        let what = finding.lint.unwrap_or(&diagnostic.problem.message);
        format!("{what}: {}", place.lines().next().unwrap_or_default())
    };
    report.findings.iter().map(line).collect()
}

#[test]
fn the_draft_is_clean() {
    assert_eq!(Draft::new().told(), [""; 0]);
    assert_eq!(Draft::new().told_of("get-user"), [""; 0]);
    assert_eq!(Draft::new().report().summary(), "nothing to complain about in 1 preset");
}
