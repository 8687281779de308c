//! Packages that an independent writer made (`tests/attacks`, in Python, with its own arithmetic): one lie each. None is accepted,
//! and each is refused for the reason that `tests/attacks/reasons.txt` names; the honest ones are accepted.
#![allow(clippy::unwrap_used, reason = "all of it is test code: a panic is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use presetter_package::{Bounds, PublicKey, Refused, open};

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("attacks-{}", std::process::id()));
    let writer = Path::new(env!("CARGO_MANIFEST_DIR")).join("attacks/attacks.py");
    let made = Command::new("python3").arg("-B").arg(writer).arg(&folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder
});

/// What the writer made: the number of signers of what is to be accepted, nothing for what is not.
fn listed() -> BTreeMap<String, Option<usize>> {
    serde_json::from_str(&fs::read_to_string(FOLDER.join("attacks.json")).unwrap()).unwrap()
}

/// Every step of verification, with the two keys that are known: how many signed it.
fn verified(bytes: &[u8]) -> Result<usize, Refused> {
    let key = |name: &str| PublicKey::from_pem(&fs::read_to_string(FOLDER.join(name)).unwrap()).unwrap();
    let keys = vec![key("known.pub"), key("other.pub")];
    let opened = open(bytes, &Bounds::default())?;
    let signers = opened.signers(&keys)?.len();
    if signers > 0 {
        opened.manifest()?.expect("acme", Some("1.0.0"))?;
        opened.content(&mut |_, _| Ok(()))?;
    }
    Ok(signers)
}

#[test]
fn each_is_refused_for_its_reason_and_the_honest_are_accepted() {
    let mut reasons = Vec::new();
    for (name, accept) in listed() {
        let bytes = fs::read(FOLDER.join(format!("{name}.preset"))).unwrap();
        let reason = match verified(&bytes) {
            Ok(0) => "nobody".to_owned(),
            Ok(signers) => format!("accepted {signers}"),
            Err(refused) => refused.reason.word().to_owned(),
        };
        let accepted = reason.strip_prefix("accepted ").map(|signers| signers.parse().unwrap());
        assert_eq!(accepted, accept, "{name}: {reason}");
        reasons.push(format!("{name} {reason}\n"));
    }
    assert!(reasons.len() >= 300, "{}", reasons.len());
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("attacks/reasons.txt");
    let found = reasons.concat();
    if std::env::var_os("PRESETTER_GOLDENS").is_some_and(|wish| wish == "update") {
        fs::write(&golden, &found).unwrap();
    }
    let known = fs::read_to_string(&golden).unwrap_or_default();
    let differ = found.lines().zip(known.lines()).find(|(found, known)| found != known);
    assert!(found == known, "differs from {}: {differ:?}", golden.display());
    let _ = fs::remove_dir_all(&*FOLDER);
}
