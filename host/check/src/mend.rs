//! `--fix`: what takes no decision is mended in the files.
//!
//! Owns writing, the only one in this crate. Invariants: a file is written by rename, whole or not at all; one that no longer holds the
//! text that was checked is left alone, and so is one outside of the bundle's folder; its mode stays.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::finding::{Edit, Finding, Report};
use crate::{Mend, Target};

/// What was mended, and what was not.
#[derive(Debug, Default)]
pub struct Mended {
    /// What was done, in the order of the findings: `./acme/bundle.toml:3: took out ...`.
    pub done: Vec<String>,
    /// The files that were left alone, with the reason.
    pub kept: Vec<(String, String)>,
}

/// Mends what a report says can be mended. What it says of a text is true of that text alone: check again afterwards.
#[must_use]
pub fn mend(target: &Target, report: &Report) -> Mended {
    let mut files: BTreeMap<&str, Vec<(&Finding, &Mend)>> = BTreeMap::new();
    for finding in &report.findings {
        if let Some(mend) = &finding.mend {
            files.entry(&finding.diagnostic.file).or_default().push((finding, mend));
        }
    }
    let mut mended = Mended::default();
    for (file, mends) in files {
        let checked = mends[0].0.diagnostic.source.as_ref();
        let (text, taken) = applied(checked, &mends);
        match write(&target.folder, Path::new(file), checked, &text) {
            Ok(()) => mended.done.extend(taken.iter().map(|(finding, mend)| {
                let (line, _) = finding.diagnostic.position();
                format!("{file}:{line}: {}", mend.what)
            })),
            Err(why) => mended.kept.push((file.to_owned(), why)),
        }
    }
    mended
}

/// The text with all changes that do not touch one another, and what was done.
fn applied<'a>(text: &str, mends: &[(&'a Finding, &'a Mend)]) -> (String, Vec<(&'a Finding, &'a Mend)>) {
    let mut edits: Vec<&Edit> = Vec::new();
    let mut taken = Vec::new();
    for (finding, mend) in mends {
        let free = |edit: &Edit| {
            text.get(edit.span.clone()).is_some()
                && edits.iter().all(|other| edit.span.end <= other.span.start || other.span.end <= edit.span.start)
        };
        if mend.edits.iter().all(free) {
            edits.extend(&mend.edits);
            taken.push((*finding, *mend));
        }
    }
    edits.sort_by_key(|edit| edit.span.start);
    let (mut changed, mut at) = (String::new(), 0);
    for edit in edits {
        changed.push_str(&text[at..edit.span.start]);
        changed.push_str(&edit.text);
        at = edit.span.end;
    }
    changed.push_str(&text[at..]);
    (changed, taken)
}

/// Writes a file that still holds what was checked. The error is a reason, for people.
fn write(folder: &Path, file: &Path, checked: &str, text: &str) -> Result<(), String> {
    let said = |error: std::io::Error| error.to_string();
    let (folder, file) = (folder.canonicalize().map_err(said)?, file.canonicalize().map_err(said)?);
    let Some(parent) = file.parent().filter(|_| file.starts_with(&folder)) else {
        return Err("it lies outside of the bundle's folder".into());
    };
    let now = fs::read_to_string(&file).map_err(said)?;
    let mark = if now.starts_with('\u{feff}') { "\u{feff}" } else { "" };
    if now[mark.len()..] != *checked {
        return Err("it was changed meanwhile".into());
    }
    let mode = fs::metadata(&file).map_err(said)?.permissions();
    let mut new = tempfile::Builder::new().prefix(".new-").tempfile_in(parent).map_err(said)?;
    new.write_all(mark.as_bytes()).and_then(|()| new.write_all(text.as_bytes())).map_err(said)?;
    new.as_file().set_permissions(mode).and_then(|()| new.as_file().sync_all()).map_err(said)?;
    new.persist(&file).map_err(|error| error.error.to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;
    use crate::draft::Draft;

    fn idle() -> Draft {
        Draft::new().with("effect =", "allow = ['missing-help']\neffect =")
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let folder = idle().write();
        let target = Target::of(&folder.path().join("acme")).unwrap();
        let report = check(&target).unwrap();
        let file = folder.path().join("acme/get-user/preset.toml");
        let changed = format!("{}# mine\n", fs::read_to_string(&file).unwrap());
        fs::write(&file, &changed).unwrap();
        let mended = mend(&target, &report);
        assert_eq!(mended.done, [""; 0]);
        assert_eq!(mended.kept[0].1, "it was changed meanwhile");
        assert_eq!(fs::read_to_string(&file).unwrap(), changed);
    }

    #[test]
    fn what_was_done_is_told_and_the_mark_and_mode_stay() {
        let folder = idle().write();
        let file = folder.path().join("acme/get-user/preset.toml");
        fs::write(&file, format!("\u{feff}{}", fs::read_to_string(&file).unwrap())).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        let target = Target::of(&folder.path().join("acme")).unwrap();
        let mended = mend(&target, &check(&target).unwrap());
        assert_eq!(mended.done.len(), 1);
        assert!(mended.done[0].ends_with("preset.toml:3: took out the unused allow \"missing-help\""), "{mended:?}");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with('\u{feff}') && !text.contains("allow"), "{text}");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o640);
        assert!(check(&target).unwrap().findings.is_empty());
    }

    #[test]
    fn changes_that_touch_one_another_are_made_one_at_a_time() {
        let edit = |span: std::ops::Range<usize>, text: &str| Edit { span, text: text.into() };
        let report = idle().report();
        let finding = &report.findings[0];
        let mend = |edits| Mend { what: String::new(), edits };
        let (first, second, third) =
            (mend(vec![edit(0..2, "x")]), mend(vec![edit(1..3, "y")]), mend(vec![edit(3..3, "-")]));
        let (text, taken) = applied("abcd", &[(finding, &first), (finding, &second), (finding, &third)]);
        assert_eq!((text.as_str(), taken.len()), ("xc-d", 2));
    }
}
