//! From a folder to a report: all manifests are read, their errors collected, and the lints asked.
//!
//! Owns the order. Keeps: one file's mistakes never hide another's; rules see only what is right in itself.

use presetter_bundle::{Error, Folder};
use presetter_manifest::{Bundle, Diagnostic, Preset, read_toml};
use presetter_template::Problem;

use crate::finding::{Finding, Level, Report, Tell, in_order};
use crate::lint::{LINTS, Look};
use crate::subject::{Manifest, Source, Subject};
use crate::{Target, allow, mend_errors};

/// Checks a bundle, or one preset of it.
///
/// # Errors
/// The folder, or its `bundle.toml`, cannot be read. What is wrong *in* files is no error but what the report tells.
pub fn check(target: &Target) -> Result<Report, Error> {
    let folder = Folder::open(&target.folder)?;
    let text = folder.text("bundle.toml")?;
    let mut reader = Reader { folder: &folder, found: Vec::new(), presets: Vec::new() };
    let names = match &target.preset {
        Some(name) => vec![name.clone()],
        None => folder.preset_names(),
    };
    let bundle = reader.manifests(&text, &names);
    let Reader { mut found, presets, .. } = reader;
    if let Some(bundle) = bundle {
        let source = Source::new(folder.shown("bundle.toml"), &text);
        let bundle = Manifest { name: bundle.name.to_string(), source, is: bundle };
        // The presets that the one preset names are needed to look at it, but are not told of.
        let whole = target.preset.is_none() && found.iter().all(|finding| finding.level != Level::Error);
        let subject = Subject { path: target.folder.clone(), bundle, presets, folder: folder.clone() };
        found.extend(lints(&subject, target, whole));
    }
    let mut files = vec![folder.shown("bundle.toml")];
    files.extend(names.iter().map(|name| folder.shown(&format!("{name}/preset.toml"))));
    mend_errors::attach(&mut found);
    Ok(Report { findings: in_order(found, &files), presets: names.len() })
}

/// Asks all lints, and takes out what its author allows.
fn lints(subject: &Subject, target: &Target, whole: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let told = |preset: &&Manifest<Preset>| target.preset.as_ref().is_none_or(|name| *name == preset.name);
    for lint in &LINTS {
        let mut tell = Tell::new(lint, &mut found);
        let (bundle, preset) = match lint.look {
            Look::Bundle(bundle) => (Some(bundle), None),
            Look::Preset(preset) => (None, Some(preset)),
            Look::Both(bundle, preset) => (Some(bundle), Some(preset)),
            Look::Allow => (None, None),
        };
        if let Some(look) = bundle.filter(|_| whole) {
            look(subject, &mut tell);
        }
        if let Some(look) = preset {
            subject.presets.iter().filter(told).for_each(|preset| look(subject, preset, &mut tell));
        }
    }
    allow::apply(subject, target, whole, found)
}

struct Reader<'a> {
    folder: &'a Folder,
    found: Vec<Finding>,
    presets: Vec<Manifest<Preset>>,
}

impl Reader<'_> {
    /// Reads all manifests; gives the bundle's if it is right.
    fn manifests(&mut self, text: &str, names: &[String]) -> Option<Bundle> {
        match self.folder.bundle() {
            Ok(bundle) => {
                for name in names {
                    self.preset(&bundle, name);
                }
                self.named(&bundle);
                Some(bundle.manifest().clone())
            }
            Err(error) => {
                self.wrong("bundle.toml", error);
                // A bundle that is wrong in a detail still says what its presets may refer to.
                let bundle = read_toml::<Bundle>("bundle.toml", text).ok();
                for name in names {
                    self.alone(bundle.as_ref(), name);
                }
                None
            }
        }
    }

    fn preset(&mut self, bundle: &presetter_bundle::Bundle, name: &str) {
        let file = format!("{name}/preset.toml");
        match bundle.preset(name) {
            Ok(preset) => self.presets.push(Manifest {
                source: Source::new(preset.file, &preset.text),
                name: preset.name,
                is: preset.manifest,
            }),
            Err(error) => self.wrong(&file, error),
        }
    }

    /// The presets that those read so far name, as a probe or a mix-up. Each is right, or its preset would not be.
    fn named(&mut self, bundle: &presetter_bundle::Bundle) {
        let mut at = 0;
        while let Some(preset) = self.presets.get(at).map(|preset| &preset.is) {
            at += 1;
            let probe = preset.probe.iter().map(|probe| probe.preset.to_string());
            let named: Vec<String> = probe.chain(preset.mixup.iter().map(|mixup| mixup.preset.to_string())).collect();
            for name in named.into_iter().filter(|name| bundle.preset(name).is_ok()) {
                if !self.presets.iter().any(|known| known.name == name) {
                    self.preset(bundle, &name);
                }
            }
        }
    }

    /// A preset whose bundle is wrong: its own mistakes are told all the same.
    fn alone(&mut self, bundle: Option<&Bundle>, name: &str) {
        let file = format!("{name}/preset.toml");
        let text = match self.folder.text(&file) {
            Ok(text) => text,
            Err(error) => return self.wrong(&file, error),
        };
        let shown = self.folder.shown(&file);
        let read = match bundle {
            Some(bundle) => Preset::parse(&shown, &text, bundle),
            None => read_toml::<Preset>(&shown, &text),
        };
        if let Err(diagnostics) = read {
            self.found.extend(Finding::errors(diagnostics));
        }
    }

    fn wrong(&mut self, file: &str, error: Error) {
        match error {
            Error::Invalid(diagnostics) => self.found.extend(Finding::errors(diagnostics)),
            other => self.found.push(self.unreadable(file, &other)),
        }
    }

    /// A file that cannot be read as text, or a folder whose name no preset can have.
    fn unreadable(&self, file: &str, error: &Error) -> Finding {
        let (message, hint) = match error {
            Error::NotThere { .. } => (
                format!("\"{}\" cannot be a preset's name", file.trim_end_matches("/preset.toml")),
                Some("name the folder with letters, digits, - and _"),
            ),
            other => (other.to_string(), None),
        };
        let problem = Problem { message, span: 0..0, hint: hint.map(str::to_owned) };
        Finding::error(Diagnostic { file: self.folder.shown(file), source: "".into(), problem })
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    #[test]
    fn a_folder_that_no_preset_can_be_called_by_is_told() {
        let draft = Draft::new().preset("get user", &[]);
        assert_eq!(draft.messages(), ["\"get user\" cannot be a preset's name"]);
        let text = draft.file("other/preset.toml", "");
        assert_eq!(text.messages().len(), 2, "and hides nothing: {:?}", text.messages());
    }

    #[test]
    fn a_preset_is_told_of_with_what_it_names() {
        let probing = "[probe]\npreset = 'get-user'\ninputs = { id = '{{id}}' }\n[outputs]";
        let draft = Draft::new().shared("methods = ['GET']", "methods = ['GET', 'DELETE']").preset(
            "remove",
            &[
                ("effect = 'read'", "effect = 'delete'\nrepeat = 'natural'"),
                ("method = 'GET'", "method = 'DELETE'"),
                ("[outputs]", probing),
            ],
        );
        let loose = draft.with("help = 'the id'", "help = ''");
        assert_eq!(loose.told_of("remove"), [""; 0], "a warning about another preset is not told");
        assert_eq!(loose.told_of("get-user"), ["missing-help: id"]);
        let wrong = loose.with("title = 'Get user'\n", "");
        assert_eq!(wrong.told_of("remove").len(), 1, "but a mistake that keeps it from running is");
    }
}
