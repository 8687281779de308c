//! Authorities, client certificates and proxies: from a connection's file to the policy of its requests.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use common::*;
use presetter_connection::{Access, AccessContext, Connection, Error, Reference, Store};
use presetter_egress::{Error as EgressError, Policy, Request, Response, Stub, Transport};
use presetter_secret::Redactor;

/// Keeps the policies that it was asked under.
struct Witness(Stub, Mutex<Vec<Policy>>);

#[async_trait]
impl Transport for Witness {
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, EgressError> {
        self.1.lock().unwrap().push(policy.clone());
        self.0.send(policy, request).await
    }
}

fn open(stage: &Stage, connection: Connection) -> Result<(Access, Arc<Witness>, Redactor), Error> {
    let vendor = stage.vendor.clone();
    let answer = move |request: &Request| {
        let mut answer = response(200, "{}");
        if request.url.path().ends_with("/login") {
            vendor.logins.fetch_add(1, Ordering::SeqCst);
            answer.headers.push(("authorization".into(), "Bearer token-0123456789".into()));
        }
        Ok(answer)
    };
    let witness = Arc::new(Witness(Stub::new(answer), Mutex::default()));
    let redactor = Redactor::new();
    let context = AccessContext {
        transport: witness.clone(),
        surroundings: stage.world.clone(),
        state_dir: Some(stage.folder.path().join("state")),
        redactor: redactor.clone(),
        clock: stage.clock.clone(),
        bundle_file: "bundle.toml of vendor".into(),
        limits: Default::default(),
    };
    let bundle = bundle();
    let kind = bundle.connections[&connection.kind].clone();
    Ok((Access::open(connection, kind, &bundle.grants, context)?, witness, redactor))
}

#[tokio::test]
async fn a_client_certificate_is_got_when_it_is_needed_and_hidden_from_then_on() {
    let stage = Stage::new();
    let (pem, line) = certificate();
    stage.set("CERTIFICATE", &pem);
    let mut with = connection("session");
    with.client_certificate = Some(Reference::Env("CERTIFICATE".into()));
    let (access, witness, redactor) = open(&stage, with).unwrap();
    access.preview(&read()).unwrap();
    assert_eq!(stage.world.asked.load(Ordering::SeqCst), 0, "a preview gets no secret");
    for _ in 0..2 {
        access.send(&read()).await.unwrap();
    }
    let policies = witness.1.lock().unwrap();
    assert_eq!(policies.len(), 3, "the login and two requests");
    assert!(policies.iter().all(|policy| policy.tls.identity.is_some() && *policy == policies[0]));
    assert_eq!(stage.world.asked.load(Ordering::SeqCst), 3, "each secret is got once");
    assert!(!format!("{policies:?}").contains(&line));
    assert!(!redactor.text(&format!("it said {line}.")).contains(&line), "also a part of the key is known");
}

#[tokio::test]
async fn a_wrong_client_certificate_is_said_and_nothing_is_sent() {
    let (pem, line) = certificate();
    let (other, _) = certificate();
    let cut = |text: &str, from: &str| text[..text.find(from).unwrap()].to_owned();
    let key = pem[pem.find("-----BEGIN PRIVATE").unwrap()..].to_owned();
    for (text, words) in [
        ("nonsense".to_owned(), "there is no certificate in it"),
        (key.clone(), "there is no certificate in it"),
        (cut(&pem, "-----BEGIN PRIVATE"), "there is no private key in it"),
        (format!("{}{key}", cut(&other, "-----BEGIN PRIVATE")), "does not belong to its first certificate"),
    ] {
        let stage = Stage::new();
        stage.set("CERTIFICATE", &text);
        let mut with = connection("session");
        with.client_certificate = Some(Reference::Env("CERTIFICATE".into()));
        let (access, witness, _) = open(&stage, with).unwrap();
        let error = access.send(&read()).await.unwrap_err();
        assert_eq!(error.kind(), "auth");
        let said = error.to_string();
        assert!(said.contains(words) && said.contains("env:CERTIFICATE"), "{said}");
        assert!(said.contains("connection set m --client-certificate"), "{said}");
        assert!(!said.contains(&line), "{said}");
        assert!(witness.1.lock().unwrap().is_empty());
    }
    let stage = Stage::new();
    let mut with = connection("none");
    with.client_certificate = Some("file:/nowhere/client.pem".parse().unwrap());
    let (access, witness, _) = open(&stage, with).unwrap();
    let said = access.send(&read()).await.unwrap_err().to_string();
    assert!(said.contains("/nowhere/client.pem does not exist") && said.contains("client certificate"), "{said}");
    // What tests a connection finds it too, also where no login is made.
    assert_eq!(access.login_now().await.unwrap_err().kind(), "auth");
    assert!(witness.1.lock().unwrap().is_empty());
}

#[tokio::test]
async fn another_client_certificate_wants_another_session() {
    let stage = Stage::new();
    let (pem, _) = certificate();
    stage.set("ONE", &pem);
    stage.set("TWO", &pem);
    for (reference, logins) in [(None, 1), (None, 1), (Some("env:ONE"), 2), (Some("env:ONE"), 2), (Some("env:TWO"), 3)]
    {
        let mut with = connection("session");
        with.client_certificate = reference.map(|text| text.parse().unwrap());
        let (access, ..) = open(&stage, with).unwrap();
        access.send(&read()).await.unwrap();
        assert_eq!(stage.vendor.logins(), logins, "{reference:?}");
    }
}

#[test]
fn authorities_are_read_when_the_connection_is_opened() {
    let stage = Stage::new();
    let file = stage.folder.path().join("ca.pem");
    let mut with = connection("none");
    with.ca = Some(file.clone());
    let refused = |with: &Connection, words: &str| {
        let said = open(&stage, with.clone()).map(drop).unwrap_err().to_string();
        assert!(said.contains(words) && said.contains("ca.pem") && said.contains("connection set m --ca"), "{said}");
        assert!(with.check_ca().unwrap_err().message.contains(words));
    };
    refused(&with, "does not exist");
    private_file(&file, "nonsense");
    refused(&with, "no certificate in PEM form");
    private_file(&file, &"x".repeat(1024 * 1024 + 1));
    refused(&with, "larger than 1048576 bytes");
    let (pem, _) = certificate();
    private_file(&file, &pem);
    #[cfg(unix)]
    {
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
        refused(&with, "chmod go-w");
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    }
    with.check_ca().unwrap();
    let (access, ..) = open(&stage, with).unwrap();
    let (plain, ..) = open(&stage, connection("none")).unwrap();
    assert_ne!(access.policy(), plain.policy(), "so they share no connection");
}

#[test]
fn a_proxy_is_in_the_policy_or_refused() {
    let stage = Stage::new();
    let mut with = connection("none");
    with.proxy = Some("http://proxy.example:3128".into());
    let (access, ..) = open(&stage, with.clone()).unwrap();
    assert_eq!(access.policy().proxy.as_ref().unwrap().to_string(), "http://proxy.example:3128");
    assert_eq!(access.policy().tls, Default::default());
    with.proxy = Some("http://ann:s3cret@proxy.example".into());
    with.client_certificate = Some(Reference::Prompt);
    let said = open(&stage, with.clone()).map(drop).unwrap_err().to_string();
    assert!(said.contains("user name or password") && !said.contains("s3cret"), "{said}");
    let kind = &bundle().connections["none"];
    let complaints: Vec<String> =
        with.check(kind, "vendor/none").unwrap_err().iter().map(ToString::to_string).collect();
    let said = complaints.join("\n");
    assert!(said.contains("cannot be typed at a prompt") && said.contains("user name or password"), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
}

#[test]
fn all_of_it_is_kept_in_the_file_and_handed_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(&folder.path().join("config"), &folder.path().join("state"));
    let mut with = connection("none");
    with.ca = Some("ca.pem".into());
    with.client_certificate = Some("file:client.pem".parse().unwrap());
    with.proxy = Some("http://proxy.example:3128".into());
    store.add(&with, false).unwrap();
    // Relative paths mean the same files from everywhere.
    with.ca = Some(std::path::absolute("ca.pem").unwrap());
    with.client_certificate = Some(Reference::File(std::path::absolute("client.pem").unwrap()));
    assert_eq!(store.get("m").unwrap(), with);
    let text = store.export(&["m".into()]).unwrap();
    assert_eq!(store.import(&text, "t.toml", "").unwrap(), [with]);
    store.add(&connection("none"), true).unwrap();
    let text = std::fs::read_to_string(store.path_of("m")).unwrap();
    assert!(!text.contains("ca =") && !text.contains("client") && !text.contains("proxy"), "{text}");
}
