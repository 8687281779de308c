//! The sealed file: what opens it, and that nothing else does.

use std::sync::Arc;

use super::*;
use crate::{Reference, Source};

struct Silent;

impl Surroundings for Silent {
    fn var(&self, _: &str) -> Option<String> {
        None
    }

    fn prompt(&self, _: &str) -> Result<Secret, String> {
        Err("nobody is there".into())
    }
}

fn connection() -> Connection {
    let source = Source::BuiltIn { bundle: "vendor".into() };
    Connection {
        fields: [("email".to_owned(), "a@b".to_owned())].into_iter().collect(),
        secrets: [("password".to_owned(), Reference::Env("PW".into()))].into_iter().collect(),
        ..Connection::new("m", "session", source, "https://api.example.com/v1")
    }
}

fn secrets(password: &str) -> Secrets {
    vec![("password".into(), Arc::new(Secret::new(password.into())))]
}

fn shelf(dir: &std::path::Path, connection: Connection) -> Shelf {
    Shelf::new(Some(dir.to_owned()), connection, Arc::new(Silent))
}

fn stored() -> Stored {
    let token = Secret::new("the-token-of-the-session".into());
    let session = StoredSession { generation: 7, token, opened_ms: 1, expires_ms: Some(2) };
    Stored { session: Some(session), renewed_ms: Some(3), failure: None }
}

#[tokio::test]
async fn only_the_same_connection_with_the_same_secrets_opens_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = shelf(dir.path(), connection());
    let binding = first.bind(&secrets("right")).await;
    first.write(binding.as_ref(), &stored()).await;
    let back = shelf(dir.path(), connection());
    let read = back.read(back.bind(&secrets("right")).await.as_ref()).await;
    let session = read.session.unwrap();
    assert_eq!((session.generation, session.opened_ms, session.expires_ms, read.renewed_ms), (7, 1, Some(2), Some(3)));
    assert_eq!(session.token.expose(), "the-token-of-the-session");

    let path = seal::session_file(dir.path(), "m");
    let other_name = Connection { name: "n".into(), ..connection() };
    std::fs::copy(&path, seal::session_file(dir.path(), "n")).unwrap();
    let others = [
        (other_name, "right"),
        (Connection { kind: "basic".into(), ..connection() }, "right"),
        (Connection { source: Source::Folder { path: "/x".into(), bundle: "vendor".into() }, ..connection() }, "right"),
        (Connection { base_url: "https://evil.example.com/v1".into(), ..connection() }, "right"),
        (Connection { fields: Default::default(), ..connection() }, "right"),
        // The same letters in other places are something else.
        (
            Connection { fields: [("emaila".to_owned(), "@b".to_owned())].into_iter().collect(), ..connection() },
            "right",
        ),
        (connection(), "wrong"),
        (connection(), "right "),
    ];
    for (other, password) in others {
        let label = format!("{other:?} {password}");
        let other = shelf(dir.path(), other);
        assert!(other.read(other.bind(&secrets(password)).await.as_ref()).await.session.is_none(), "{label}");
    }
}

#[tokio::test]
async fn every_changed_byte_and_every_cut_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = shelf(dir.path(), connection());
    let binding = shelf.bind(&secrets("right")).await;
    shelf.write(binding.as_ref(), &stored()).await;
    let path = seal::session_file(dir.path(), "m");
    let sealed = std::fs::read(&path).unwrap();
    assert!(!sealed.windows(8).any(|part| part == b"the-toke" || part == b"generati"), "nothing is plain");
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        assert!(shelf.read(binding.as_ref()).await.session.is_none(), "byte {at}");
        std::fs::write(&path, &sealed[..at]).unwrap();
        assert!(shelf.read(binding.as_ref()).await.session.is_none(), "cut at {at}");
    }
    std::fs::write(&path, [sealed.as_slice(), b"x"].concat()).unwrap();
    assert!(shelf.read(binding.as_ref()).await.session.is_none());
    std::fs::write(&path, &sealed).unwrap();
    assert!(shelf.read(binding.as_ref()).await.session.is_some(), "the test itself can tell");
}

#[tokio::test]
async fn another_key_opens_nothing_and_a_wrong_key_file_stays() {
    let dir = tempfile::tempdir().unwrap();
    let first = shelf(dir.path(), connection());
    let binding = first.bind(&secrets("right")).await;
    first.write(binding.as_ref(), &stored()).await;
    let key = dir.path().join("session.key");
    std::fs::remove_file(&key).unwrap();
    let second = shelf(dir.path(), connection());
    let rebound = second.bind(&secrets("right")).await;
    assert!(second.read(rebound.as_ref()).await.session.is_none());
    assert_eq!(std::fs::read(&key).unwrap().len(), 32, "a new key");

    disk::write(&key, b"short").unwrap();
    let third = shelf(dir.path(), connection());
    assert!(third.bind(&secrets("right")).await.is_none());
    third.write(None, &stored()).await;
    assert_eq!(std::fs::read(&key).unwrap(), b"short", "never replaced");
}

#[tokio::test]
async fn one_holds_the_lock_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (shelf(dir.path(), connection()), shelf(dir.path(), connection()));
    let held = one.lock().await.unwrap();
    let waiting = two.lock();
    tokio::pin!(waiting);
    assert!(futures_poll(&mut waiting).await.is_none(), "taken");
    drop(held);
    waiting.await.unwrap();
}

/// One look at a future.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}
