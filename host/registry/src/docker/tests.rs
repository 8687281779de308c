use std::sync::Mutex;

use super::*;

fn host(text: &str) -> Host {
    text.parse().unwrap()
}

fn find(text: &str, name: &str) -> Result<Option<Found>, CredentialsError> {
    Configuration::parse(text).unwrap().find(&host(name))
}

fn password(found: Option<Found>) -> (String, String) {
    match found {
        Some(Found::Login(Login::Password { user, password })) => (user, password.expose().to_owned()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_login_is_found_under_every_way_to_write_its_host() {
    // ann:pass:word
    for key in ["r.example", "https://r.example", "https://r.example/v2/", "http://r.example/v1/", "R.example"] {
        let text = format!(r#"{{"auths":{{"other.example":{{}},"{key}":{{"auth":"YW5uOnBhc3M6d29yZA=="}}}},"x":1}}"#);
        assert_eq!(password(find(&text, "r.example").unwrap()), ("ann".into(), "pass:word".into()), "{key}");
        for other in ["r.example:5000", "x.example", "a.r.example", "other.example"] {
            assert!(find(&text, other).unwrap().is_none(), "{other}");
        }
    }
    let hub = r#"{"auths":{"https://index.docker.io/v1/":{"username":"ann","password":"p"}}}"#;
    assert_eq!(password(find(hub, "docker.io").unwrap()), ("ann".into(), "p".into()));
    let token = r#"{"auths":{"r.example:5000":{"auth":"YW5uOg==","identitytoken":"t"}}}"#;
    let Some(Found::Login(Login::Identity(token))) = find(token, "r.example:5000").unwrap() else { panic!() };
    assert_eq!(token.expose(), "t");
    // Zeros at the end, as old versions of Docker wrote them: ann:p\0\0
    let padded = r#"{"auths":{"r.example":{"auth":"YW5uOnAAAA=="}}}"#;
    assert_eq!(password(find(padded, "r.example").unwrap()).1, "p");
}

#[test]
fn helpers_come_before_the_file_and_a_hosts_own_before_the_common_one() {
    let text = r#"{"auths":{"r.example":{"auth":"YW5uOnA="}},"credHelpers":{"r.example":"own"},"credsStore":"common"}"#;
    assert!(matches!(find(text, "r.example").unwrap(), Some(Found::Helper(name)) if name == "own"));
    assert!(matches!(find(text, "s.example").unwrap(), Some(Found::Helper(name)) if name == "common"));
    for name in ["../x", "a b", "a/b", "x;y"] {
        let text = format!(r#"{{"credsStore":"{name}"}}"#);
        assert!(find(&text, "r.example").unwrap_err().to_string().contains("not a program's name"), "{name}");
    }
    assert!(Configuration::empty().find(&host("r.example")).unwrap().is_none());
}

#[test]
fn a_broken_file_is_told_by_its_place_and_nothing_of_it_is_repeated() {
    let error = Configuration::parse("{\n \"auths\": {\"r.example\": {\"auth\": s3cret}}}").unwrap_err();
    assert!(error.to_string().contains("line 2, column 34"), "{error}");
    let error = Configuration::parse(r#"{"credsStore": {"s3cret": 1}}"#).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    for auth in ["s3cret!", "czNjcmV0", "OnMzY3JldA=="] {
        let error = find(&format!(r#"{{"auths":{{"r.example":{{"auth":"{auth}"}}}}}}"#), "r.example").unwrap_err();
        assert!(error.to_string().contains("`r.example` is damaged") && !format!("{error:?}").contains("s3cret"));
    }
    let whole = Configuration::parse(r#"{"auths":{"r.example":{"auth":"YW5uOnA=","password":"hunter2"}}}"#).unwrap();
    let shown = format!("{whole:?} {:?}", whole.find(&host("r.example")).unwrap());
    assert!(!shown.contains("YW5uOnA=") && !shown.contains("hunter2") && shown.contains("[secret]"), "{shown}");
}

struct Asked(Mutex<Vec<(String, String)>>, bool, &'static str);

impl Helpers for Asked {
    fn get(&self, name: &str, server: &str) -> Result<(bool, Secret), CredentialsError> {
        self.0.lock().unwrap().push((name.to_owned(), server.to_owned()));
        Ok((self.1, Secret::new(self.2.to_owned())))
    }
}

#[test]
fn helpers_are_asked_for_the_host_as_docker_asks_them() {
    let ask = |name: &str, ended_well, printed| {
        let configuration = Configuration::parse(r#"{"credsStore":"pass"}"#).unwrap();
        let docker = Docker::new(configuration, Asked(Mutex::default(), ended_well, printed));
        let login = docker.for_host(&host(name));
        (login, docker.helpers.0.into_inner().unwrap().remove(0))
    };
    let (login, asked) = ask("r.example:5000", true, r#"{"ServerURL":"x","Username":"ann","Secret":"p"}"#);
    assert!(matches!(login, Ok(Some(Login::Password { user, password })) if user == "ann" && password.expose() == "p"));
    assert_eq!(asked, ("pass".into(), "r.example:5000".into()));
    let (login, asked) = ask("docker.io", true, r#"{"Username":"<token>","Secret":"t"}"#);
    assert!(matches!(login, Ok(Some(Login::Identity(token))) if token.expose() == "t"));
    assert_eq!(asked.1, "https://index.docker.io/v1/");
    assert!(ask("r.example", false, "credentials not found in native keychain\n").0.unwrap().is_none());
    assert!(ask("r.example", true, r#"{"Username":"","Secret":""}"#).0.unwrap().is_none());
    for (ended_well, printed) in [(false, "s3cret"), (true, "s3cret"), (true, r#"{"Secret":"s3cret"}"#)] {
        let error = ask("r.example", ended_well, printed).0.unwrap_err();
        assert!(error.to_string().contains("docker-credential-pass") && !format!("{error:?}").contains("s3cret"));
    }
}
