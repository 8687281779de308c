//! The secrets of one connection, got when they are first needed and kept until the process ends.
//!
//! Owns them. Invariants: each secret is in the redactor before anybody has it; a person is asked once, however many runs
//! wait; a secret that a login found wrong is forgotten, so that the next login gets it anew.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use presetter_secret::{Redactor, Secret};
use tokio::sync::Mutex;

use crate::{Connection, Error, Reference, Surroundings, resolve};

/// Secrets by name.
pub(crate) type Secrets = Vec<(String, Arc<Secret>)>;

pub(crate) struct Vault {
    connection: String,
    references: IndexMap<String, Reference>,
    surroundings: Arc<dyn Surroundings>,
    redactor: Redactor,
    known: Mutex<HashMap<String, Arc<Secret>>>,
}

impl Vault {
    pub(crate) fn new(connection: &Connection, surroundings: Arc<dyn Surroundings>, redactor: Redactor) -> Self {
        let (name, references) = (connection.name.clone(), connection.secrets.clone());
        Self { connection: name, references, surroundings, redactor, known: Mutex::default() }
    }

    /// Where each secret comes from.
    pub(crate) fn references(&self) -> &IndexMap<String, Reference> {
        &self.references
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
                    known.insert(name.to_owned(), secret.clone());
                    secret
                }
            };
            found.push((name.to_owned(), secret));
        }
        Ok(found)
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
        let what = format!("{name} of connection {connection}");
        resolve(reference, &what, &self.surroundings).await.map_err(|why| {
            let advice = format!(
                "It is wanted as \"{name}\" of connection {connection}; see: presetter connection show {connection}"
            );
            Error::auth(why.to_string(), advice)
        })
    }
}
