//! The secrets of one connection, got when they are first needed and kept until the process ends.
//!
//! Owns them. Invariants: each secret is in the redactor before anybody has it; a person is asked once, however many runs
//! wait; a secret that a login found wrong is forgotten, so that the next login gets it anew.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};

use indexmap::IndexMap;
use presetter_egress::Identity;
use presetter_secret::{Redactor, Secret};
use tokio::sync::Mutex;

use crate::{Connection, Error, Reference, Surroundings, network, resolve};

/// Secrets by name.
pub(crate) type Secrets = Vec<(String, Arc<Secret>)>;

pub(crate) struct Vault {
    connection: String,
    references: IndexMap<String, Reference>,
    /// Apart from the others: no template can name it.
    certificate: Option<Reference>,
    surroundings: Arc<dyn Surroundings>,
    redactor: Redactor,
    known: Mutex<HashMap<String, Arc<Secret>>>,
    /// The names of all that the redactor was ever told.
    learned: std::sync::Mutex<HashSet<String>>,
}

impl Vault {
    pub(crate) fn new(connection: &Connection, surroundings: Arc<dyn Surroundings>, redactor: Redactor) -> Self {
        Self {
            connection: connection.name.clone(),
            references: connection.secrets.clone(),
            certificate: connection.client_certificate.clone(),
            surroundings,
            redactor,
            known: Mutex::default(),
            learned: std::sync::Mutex::default(),
        }
    }

    /// Where each secret comes from.
    pub(crate) fn references(&self) -> &IndexMap<String, Reference> {
        &self.references
    }

    /// Whether the redactor knows all secrets that can be known without asking a person.
    pub(crate) fn is_learned(&self) -> bool {
        let learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        self.references.iter().all(|(name, from)| *from == Reference::Prompt || learned.contains(name))
    }

    /// The secrets of these names.
    pub(crate) async fn get<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<Secrets, Error> {
        // Held while resolving: the runs that wait want the same secrets.
        let mut known = self.known.lock().await;
        let mut found = Vec::new();
        for name in names {
            let secret = match known.get(name) {
                Some(secret) => secret.clone(),
                None => {
                    let secret = Arc::new(self.resolve(name).await?);
                    self.redactor.add(name, &secret);
                    self.learned.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
                    known.insert(name.to_owned(), secret.clone());
                    secret
                }
            };
            found.push((name.to_owned(), secret));
        }
        Ok(found)
    }

    /// The client certificate with its private key, if the connection has one.
    pub(crate) async fn client_certificate(&self) -> Result<Option<Identity>, Error> {
        let Some(reference) = &self.certificate else { return Ok(None) };
        let pem = Arc::new(self.fetch("client certificate", reference).await?);
        network::learn(&pem, &self.redactor);
        let identity = Identity::from_pem(pem).map_err(|why| {
            Error::auth(
                format!("the client certificate from {reference} cannot be used: {why}"),
                format!("To change it: presetter connection set {} --client-certificate REFERENCE", self.connection),
            )
        })?;
        Ok(Some(identity))
    }

    /// Forgets all, so that each is got anew.
    pub(crate) async fn forget(&self) {
        self.known.lock().await.clear();
    }

    async fn resolve(&self, name: &str) -> Result<Secret, Error> {
        let connection = &self.connection;
        let Some(reference) = self.references.get(name) else {
            let advice =
                format!("Say where it comes from: presetter connection set {connection} --secret {name}=REFERENCE");
            return Err(Error::auth(format!("the connection {connection} has no secret \"{name}\""), advice));
        };
        self.fetch(name, reference).await
    }

    async fn fetch(&self, name: &str, reference: &Reference) -> Result<Secret, Error> {
        let connection = &self.connection;
        let what = format!("{name} of connection {connection}");
        resolve(reference, &what, &self.surroundings).await.map_err(|why| {
            let advice = format!(
                "It is wanted as \"{name}\" of connection {connection}; see: presetter connection show {connection}"
            );
            Error::auth(why.to_string(), advice)
        })
    }
}
