//! Logins of registries: those of Docker, so that `docker login` is enough.
//!
//! Owns: reading Docker's configuration, and starting its credential helpers. Must never: write either, or show what they say.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use presetter_registry::CredentialsError;
use presetter_registry::docker::{Configuration, Docker, Helpers};
use presetter_secret::Secret;

use crate::exit::Exit;
use crate::failure::Failure;

/// The largest configuration, in bytes.
const MOST: u64 = 1024 * 1024;
/// The most that a helper prints, in bytes.
const MOST_PRINTED: usize = 64 * 1024;

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
        let ended = child.wait_with_output().map_err(failed)?;
        let printed = String::from_utf8_lossy(&ended.stdout[..ended.stdout.len().min(MOST_PRINTED)]).into_owned();
        Ok((ended.status.success(), Secret::new(printed)))
    }
}
