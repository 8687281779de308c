//! What may not run on this machine, whoever asks: policy files, and the one place that asks them.
//!
//! Owns: where the files are, reading them, and the refusal. There are two: the machine's, which only its administrator can
//! write, and the user's own beside the connections. What either forbids is forbidden.
//!
//! Keeps: nothing that a user sets, no variable and no file, takes away from what the machine's file forbids, since a file can
//! only forbid; a file that is wrong or cannot be read refuses every run; a bundle is judged by where it comes from, a run also
//! by what it may do.

mod file;
mod show;

use std::path::{Path, PathBuf};

use presetter_connection::Source;
use presetter_disk::{self as disk, Guard};

use self::file::{Policy, Refusal};
pub(crate) use self::show::show;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::select::Chosen;
use crate::world::World;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024;
const MACHINE: &str =
    if cfg!(windows) { r"C:\ProgramData\presetter\policy.toml" } else { "/etc/presetter/policy.toml" };

/// The file that holds for all users of this machine. A constant: whoever could choose it could choose what it forbids.
pub(crate) fn machine_file() -> PathBuf {
    PathBuf::from(MACHINE)
}

/// The files that hold, whether they are there or not.
fn files(world: &World) -> Vec<PathBuf> {
    let machine = world.machine_policy.iter().cloned();
    machine.chain([world.dirs.config.join("policy.toml")]).collect()
}

/// What holds.
pub(crate) struct Policies(Vec<Policy>);

impl Policies {
    /// Reads all files.
    ///
    /// # Errors
    /// One of them cannot be read, can be changed by others, or is wrong. To be taken for a refusal of whatever was asked for.
    pub(crate) fn load(world: &World) -> Result<Self, Failure> {
        let policies = files(world).into_iter().filter_map(|path| read(&path).transpose());
        policies.collect::<Result<_, _>>().map(Self).map_err(|failure| {
            failure.help("nothing is run while a policy is wrong: have it mended by whoever administers this machine")
        })
    }

    /// Whether a bundle from there may be used here at all.
    pub(crate) fn admit_bundle(&self, source: &Source) -> Result<(), Failure> {
        self.0.iter().try_for_each(|policy| policy.judge_source(source)).map_err(refused)
    }

    /// Whether a preset may be run; `own_body` says that a person's body or a part of one stands in place of its own.
    pub(crate) fn admit_run(&self, chosen: &Chosen, own_body: bool) -> Result<(), Failure> {
        self.admit_bundle(chosen.bundle.source())?;
        let bundle = chosen.bundle.manifest().name.as_str();
        let (preset, effect) = (&chosen.preset.name, chosen.preset.manifest.effect);
        self.0.iter().try_for_each(|policy| policy.judge_run(bundle, preset, effect, own_body)).map_err(refused)
    }
}

/// One file; nothing where there is none.
fn read(path: &Path) -> Result<Option<Policy>, Failure> {
    let name = path.display().to_string();
    let unread = |why: String| Failure::new(Exit::Invalid, format!("the policy {name} is not used: {why}"));
    let bytes = disk::read(path, MAX_BYTES, Guard::Settings).map_err(|why| unread(why.to_string()))?;
    let Some(bytes) = bytes else {
        // A link that leads nowhere is a policy that is missing, not none.
        return match path.symlink_metadata() {
            Ok(_) => Err(unread("it is a link that leads nowhere".to_owned())),
            Err(_) => Ok(None),
        };
    };
    let text = String::from_utf8(bytes).map_err(|_| unread("it is not text (UTF-8)".to_owned()))?;
    let policy = Policy::parse(&name, &text).map_err(|wrong| Failure::at(Exit::Invalid, wrong))?;
    Ok(Some(policy))
}

/// A refusal, with its code: whose bundle it is, is a question of trust; what it does, one of policy.
fn refused(refusal: Refusal) -> Failure {
    let exit = if refusal.of_trust { Exit::Trust } else { Exit::Denied };
    Failure::new(exit, refusal.message).help(refusal.advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_is_no_policy_and_any_other_trouble_is_a_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        assert!(read(&path).unwrap().is_none());
        for (text, words) in [
            (&b"require_signatures = tru"[..], "policy.toml:1:22"),
            (b"require_signature = true", "did you mean \"require_signatures\"?"),
            (b"\xff", "it is not text"),
            (&[b'#'; 65 * 1024], "it is larger than"),
        ] {
            disk::write(&path, text).unwrap();
            let failure = read(&path).unwrap_err();
            assert_eq!(failure.exit, Exit::Invalid);
            assert!(failure.render(false).contains(words), "{}", failure.render(false));
        }
        assert!(read(folder.path()).unwrap_err().render(false).contains("not a plain file"));
        assert!(read(&path.join("below-a-file")).unwrap_err().render(false).contains("cannot be read"));
        disk::write(&path, b"# nothing\n").unwrap();
        assert!(read(&path).unwrap().is_some());
    }

    #[test]
    fn what_the_machine_forbids_no_file_of_the_user_allows() {
        let home = tempfile::tempdir().unwrap();
        let mut world = crate::world::tests::bare(home.path(), &crate::console::tests::Page::default());
        let built_in = Source::BuiltIn { bundle: "mosyle".into() };
        let folder = Source::Folder { path: "/f".into(), bundle: "mosyle".into() };
        let machine = home.path().join("machine.toml");
        let judged = |world: &World, source| Policies::load(world).and_then(|policies| policies.admit_bundle(source));
        disk::write(&world.dirs.config.join("policy.toml"), b"built_in = true\nrequire_signatures = true\n").unwrap();
        assert!(judged(&world, &built_in).is_ok());
        disk::write(&machine, b"built_in = false\n").unwrap();
        world.machine_policy = Some(machine.clone());
        let failure = judged(&world, &built_in).unwrap_err();
        assert_eq!(failure.exit, Exit::Trust);
        assert!(failure.render(false).contains("line 1 of ") && failure.render(false).contains("machine.toml"));
        assert!(judged(&world, &folder).unwrap_err().render(false).contains("line 2 of "), "both hold");
        disk::write(&machine, b"built_in = flase\n").unwrap();
        assert_eq!(judged(&world, &built_in).unwrap_err().exit, Exit::Invalid);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_change_and_a_link_to_nowhere_are_refusals() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        disk::write(&path, b"built_in = false\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o664)).unwrap();
        assert!(read(&path).unwrap_err().render(false).contains("it can be changed by others"));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(read(&link).unwrap_err().render(false).contains("leads nowhere"));
    }
}
