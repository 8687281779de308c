//! Each form of reference against real files and programs.

use super::*;

struct Nobody;

impl Surroundings for Nobody {
    fn var(&self, name: &str) -> Option<String> {
        match name {
            "SET" => Some("from the environment".into()),
            "EMPTY" => Some(String::new()),
            "LINE" => Some("pw\r\n".into()),
            "LONG" => Some("x".repeat(MAX_SECRET_BYTES as usize + 1)),
            _ => None,
        }
    }

    fn prompt(&self, what: &str) -> Result<Secret, String> {
        if what.contains("silent") {
            Ok(Secret::new("\n".into()))
        } else if what.contains("deaf") {
            Err("there is no terminal to ask at".into())
        } else {
            Ok(Secret::new(format!("typed {what}")))
        }
    }
}

async fn get(reference: &str) -> Result<String, String> {
    let surroundings: Arc<dyn Surroundings> = Arc::new(Nobody);
    let reference: Reference = reference.parse().unwrap();
    resolve(&reference, "password of connection m", &surroundings)
        .await
        .map(|s| s.expose().to_owned())
        .map_err(|e| e.to_string())
}

#[tokio::test]
async fn environment_and_prompt() {
    assert_eq!(get("env:SET").await.unwrap(), "from the environment");
    assert!(get("env:UNSET").await.unwrap_err().contains("UNSET is not set"));
    assert!(get("env:EMPTY").await.unwrap_err().contains("empty"));
    assert!(get("env:LONG").await.unwrap_err().contains("bytes"));
    assert_eq!(get("prompt").await.unwrap(), "typed password of connection m");
    let surroundings: Arc<dyn Surroundings> = Arc::new(Nobody);
    let error = resolve(&Reference::Prompt, "deaf", &surroundings).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no terminal to ask at");
    assert_eq!(get("env:LINE").await.unwrap(), "pw");
    let error = resolve(&Reference::Prompt, "silent", &surroundings).await.unwrap_err();
    assert_eq!(error.to_string(), "nothing was typed");
}

#[tokio::test]
async fn files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pw");
    let reference = format!("file:{}", path.display());
    assert!(get(&reference).await.unwrap_err().contains("does not exist"));
    for (content, wanted) in
        [("pw", "pw"), ("pw\n", "pw"), ("pw\r\n", "pw"), ("pw\n\n", "pw\n"), (" p w \r", " p w \r")]
    {
        disk::write(&path, content.as_bytes()).unwrap();
        assert_eq!(get(&reference).await.unwrap(), wanted);
    }
    disk::write(&path, b"\n").unwrap();
    assert!(get(&reference).await.unwrap_err().contains("empty"));
    disk::write(&path, b"secret\xff").unwrap();
    assert!(get(&reference).await.unwrap_err().contains("UTF-8"));
    disk::write(&path, &vec![b'x'; MAX_SECRET_BYTES as usize + 1]).unwrap();
    assert!(get(&reference).await.unwrap_err().contains("larger"));
    assert!(get(&format!("file:{}", dir.path().display())).await.unwrap_err().contains("not a plain file"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = get(&reference).await.unwrap_err();
        assert!(error.contains("chmod 600 ") && error.contains("pw"), "{error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn programs() {
    assert_eq!(get("cmd:printf 'a b\\n'").await.unwrap(), "a b");
    // No shell looks at the words.
    assert_eq!(get("cmd:printf %s '$HOME;`x`'").await.unwrap(), "$HOME;`x`");
    assert!(get("cmd:no-such-program-here x").await.unwrap_err().contains("no program no-such-program-here"));
    let error = get("cmd:sh -c 'echo hunter2; echo the vault is locked, not hunter2 >&2; exit 3'").await.unwrap_err();
    assert!(error.contains("exit status: 3") && error.contains("the vault is locked"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    let error = get("cmd:false x | head -1").await.unwrap_err();
    assert!(error.ends_with("without a shell; for pipes: cmd:sh -c '...'"), "{error}");
    assert!(get("cmd:true").await.unwrap_err().contains("empty"));
    assert!(get("cmd:sh -c 'head -c 200000 /dev/zero'").await.unwrap_err().contains("more than"));
    assert!(get(r"cmd:printf '\377'").await.unwrap_err().contains("UTF-8"));
    // Much talk on the side neither stops the program nor fills the memory.
    assert_eq!(get("cmd:sh -c 'head -c 1000000 /dev/zero >&2; printf ok'").await.unwrap(), "ok");
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_that_does_not_end_is_ended() {
    let words: Vec<String> = ["sleep", "1000"].iter().map(|w| (*w).to_owned()).collect();
    assert_eq!(run(&words, Duration::from_millis(20)).await.unwrap_err(), Failure::Slow);
}

#[test]
fn the_keyrings_program() {
    let (words, _) = keyring_program("unix", "presetter", "a/b").unwrap();
    assert_eq!(words, ["secret-tool", "lookup", "service", "presetter", "username", "a/b"]);
    let (words, _) = keyring_program("macos", "presetter", "a").unwrap();
    assert_eq!(words, ["/usr/bin/security", "find-generic-password", "-s", "presetter", "-a", "a", "-w"]);
    assert!(keyring_program("windows", "s", "n").is_none());
}
