//! Logins of registries: those of Docker, so that `docker login` is enough.
//!
//! Owns: reading Docker's configuration, and starting its credential helpers. Must never: write either, or show what they say.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use presetter_registry::docker::{Configuration, Docker, Helpers};
use presetter_registry::{Credentials, CredentialsError, Host, Login};
use presetter_secret::{Redactor, Secret};

use crate::exit::Exit;
use crate::failure::Failure;

/// The largest configuration, in bytes.
const MOST: u64 = 1024 * 1024;
/// The most that a helper prints, in bytes.
const MOST_PRINTED: u64 = 64 * 1024;

/// The logins that a folder of Docker's configuration has: none if there is no such file.
pub(crate) fn of(folder: Option<&Path>) -> Result<Docker<Programs>, Failure> {
    let Some(file) = folder.map(|folder| folder.join("config.json")).filter(|file| file.is_file()) else {
        return Ok(Docker::new(Configuration::empty(), Programs));
    };
    let told = |why: &str, help: &str| {
        Failure::new(Exit::Credentials, format!("{}: {why}", file.display())).help(help.to_owned())
    };
    let text = presetter_bundle::read_text(&file, MOST).map_err(|error| told(&error.to_string(), ""))?;
    let configuration = Configuration::parse(&text).map_err(|error| told(&error.to_string(), error.help()))?;
    Ok(Docker::new(configuration, Programs))
}

/// Logins that nothing repeats: each is known to the redactor before a registry gets it, which could say it back.
pub(crate) struct Known<C> {
    /// Where they are.
    pub(crate) of: C,
    /// What every text passes before it is shown.
    pub(crate) redactor: Redactor,
}

impl<C: Credentials> Credentials for Known<C> {
    fn for_host(&self, host: &Host) -> Result<Option<Login>, CredentialsError> {
        let login = self.of.for_host(host)?;
        match &login {
            Some(Login::Password { user, password }) => self.redactor.add_pair("registry password", user, password),
            Some(Login::Identity(token)) => self.redactor.add("registry token", token),
            None => {}
        }
        Ok(login)
    }
}

/// Programs `docker-credential-NAME` on the search path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Programs;

impl Helpers for Programs {
    fn get(&self, name: &str, server: &str) -> Result<(bool, Secret), CredentialsError> {
        let program = format!("docker-credential-{name}");
        let failed = |why: std::io::Error| {
            CredentialsError::new(
                format!("the credential helper {program} cannot be run: {why}"),
                "Docker's config.json names it. Install it, or take it out of there and log in again with `docker login`.",
            )
        };
        let mut command = Command::new(&program);
        command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(failed)?;
        if let Some(mut input) = child.stdin.take() {
            // A helper that does not read has ended, which its code tells.
            let _ = input.write_all(server.as_bytes());
        }
        let mut printed = Vec::new();
        let more = match child.stdout.take() {
            Some(output) => {
                output.take(MOST_PRINTED + 1).read_to_end(&mut printed).map_err(failed)? as u64 > MOST_PRINTED
            }
            None => false,
        };
        if more {
            // It would wait for ever for somebody to read on.
            let _ = child.kill();
        }
        let ended = child.wait().map_err(failed)?;
        // What is no text is no login.
        Ok((ended.success() && !more, Secret::new(String::from_utf8(printed).unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A login by password, or by a token where there is no name.
    struct One(Option<&'static str>, &'static str);

    impl Credentials for One {
        fn for_host(&self, _: &Host) -> Result<Option<Login>, CredentialsError> {
            let secret = Secret::new(self.1.into());
            Ok(Some(match self.0 {
                Some(user) => Login::Password { user: user.into(), password: secret },
                None => Login::Identity(secret),
            }))
        }
    }

    #[test]
    fn what_a_registry_says_back_shows_no_login() {
        let reference: presetter_registry::Reference = "registry.example/acme".parse().unwrap();
        for (login, said) in [
            (One(Some("ann"), "hunter2-hunter2"), "bad login ann:hunter2-hunter2, YW5uOmh1bnRlcjItaHVudGVyMg=="),
            (One(None, "refresh-0123456789"), "no such token: refresh-0123456789"),
        ] {
            let known = Known { of: login, redactor: Redactor::new() };
            assert!(known.redactor.text(said) == said);
            known.for_host(reference.host()).unwrap();
            let told = known.redactor.text(said);
            assert!(
                !told.contains("hunter2") && !told.contains("YW5uOmh1bnRl") && !told.contains("0123456789"),
                "{told}"
            );
        }
    }
}
