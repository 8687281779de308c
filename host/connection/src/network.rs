//! What a connection says about its network beside the base URL: an authority, a client certificate, a proxy.
//!
//! Owns their checks and words. The authority's file is public and read when the connection is opened; the client
//! certificate holds a private key and is got like any other secret, when it is first needed.

use std::path::Path;

use presetter_egress::{Authorities, Proxy};
use presetter_secret::{Redactor, Secret};

use crate::{Complaint, Connection, Reference};
use presetter_disk::{self as disk, Guard, ReadError};

/// Most bytes of a file with authorities; the whole system's has a few hundred thousand.
const MAX_BYTES: u64 = 1024 * 1024;

impl Connection {
    /// Whether its file of authorities can be used. It is looked at when a person names it; a file that is handed over to
    /// another machine may come later.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_ca(&self) -> Result<(), Complaint> {
        authorities(self.ca.as_deref()).map(drop).map_err(|message| Complaint {
            message,
            hint: "--ca takes a file with the certificate of the authority in PEM form".to_owned(),
        })
    }

    /// What is wrong with the client certificate's reference and the proxy's address, as far as they show it.
    pub(crate) fn check_network(&self) -> Vec<Complaint> {
        let mut found = Vec::new();
        if self.client_certificate == Some(Reference::Prompt) {
            found.push(Complaint {
                message: "a client certificate has many lines and cannot be typed at a prompt".into(),
                hint: "use file:PATH, keyring:SERVICE/NAME or cmd:PROGRAM ARGS".into(),
            });
        }
        if let Some(Err(why)) = self.proxy.as_deref().map(Proxy::parse) {
            found.push(Complaint {
                message: format!("the proxy cannot be used: {why}"),
                hint: "add --proxy http://HOST:PORT".into(),
            });
        }
        found
    }
}

/// The certificates in a file. One sentence if they cannot be had.
pub(crate) fn authorities(file: Option<&Path>) -> Result<Authorities, String> {
    let Some(file) = file else { return Ok(Authorities::default()) };
    let shown = file.display();
    // Whoever can change it decides whom the connection trusts.
    let pem = match disk::read(file, MAX_BYTES, Guard::Settings) {
        Ok(Some(pem)) => pem,
        Ok(None) => return Err(format!("the file of authorities {shown} does not exist")),
        Err(ReadError::TooLarge(bound)) => {
            return Err(format!("the file of authorities {shown} is larger than {bound} bytes"));
        }
        Err(error) => return Err(format!("the file of authorities {shown} is not used: {error}")),
    };
    Authorities::from_pem(&pem).map_err(|bad| format!("the file of authorities {shown} cannot be used: {bad}"))
}

/// Tells the redactor a client certificate: the whole, and each line of its private key, since whatever prints it may print
/// a part. The certificates themselves are public.
pub(crate) fn learn(pem: &Secret, redactor: &Redactor) {
    const NAME: &str = "client certificate";
    redactor.add(NAME, pem);
    let mut in_key = false;
    for line in pem.expose().lines().map(str::trim) {
        match line.strip_prefix("-----") {
            Some(rest) => in_key = rest.starts_with("BEGIN ") && rest.contains("PRIVATE KEY"),
            // The last line of a key may be short, and then stand by chance in any text.
            None if in_key && line.len() >= 16 => redactor.add(NAME, &Secret::new(line.to_owned())),
            None => {}
        }
    }
}
