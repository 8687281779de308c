//! What all repositories share while the program runs: the door to the network, the logins, the tokens.
//!
//! Invariants: a token is kept for one repository and one kind of access, in memory alone; what reaches a registry's server
//! goes by a policy that grants that repository alone, and for reading grants no method that writes.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use presetter_egress::{Error as Broken, Grant, PathPattern, Policy, Proxy, Response, Tls, Transport};
use presetter_secret::Secret;
use url::Url;

use crate::{
    Access, Clock, Credentials, Error, Host, Reference, Repository, Wait,
    bounds::{self, Cap},
    wait,
    wire::{Draft, is_encoded},
};

/// How registries are reached.
#[derive(Debug, Clone)]
pub struct Options {
    /// The operator's word that a registry, and what it redirects to, may be in a private network. A registry that is
    /// written as such an address needs no word.
    pub allow_private: bool,
    /// Whom to trust beside the system's authorities, and who one is. A client certificate is shown to the registry alone.
    pub tls: Tls,
    /// The operator's proxy.
    pub proxy: Option<Proxy>,
    /// Most bytes of a blob.
    pub blob_bytes: u64,
    /// How many bytes of a blob are asked for, or sent, at a time; at most 4 MiB.
    pub chunk_bytes: u64,
}

impl Default for Options {
    /// Public registries; blobs up to 64 MiB, 4 MiB at a time.
    fn default() -> Options {
        Options {
            allow_private: false,
            tls: Tls::default(),
            proxy: None,
            blob_bytes: bounds::BLOB,
            chunk_bytes: bounds::CHUNK,
        }
    }
}

/// Registries, for the life of a program.
pub struct Registry {
    transport: Arc<dyn Transport>,
    pub(crate) credentials: Arc<dyn Credentials>,
    wait: Arc<dyn Wait>,
    pub(crate) options: Options,
    tokens: Mutex<HashMap<(Host, String, Access), Authorization>>,
    /// Of hosts on this machine: how each is spoken to.
    schemes: Mutex<HashMap<Host, &'static str>>,
}

/// What a request shows to a registry.
#[derive(Debug, Clone)]
pub(crate) struct Authorization {
    /// The header's value.
    pub(crate) value: Arc<Secret>,
    /// Whether a login stands behind it; a token may be given to anyone.
    pub(crate) logged_in: bool,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Registry {
    /// By this door, with these logins.
    pub fn new(transport: Arc<dyn Transport>, credentials: Arc<dyn Credentials>, options: Options) -> Registry {
        let chunk_bytes = options.chunk_bytes.clamp(1, bounds::CHUNK);
        let options = Options { chunk_bytes, ..options };
        let (tokens, schemes) = (Mutex::default(), Mutex::default());
        Registry { transport, credentials, wait: Arc::new(Clock), options, tokens, schemes }
    }

    /// With another way to let time pass.
    #[must_use]
    pub fn waiting(self, wait: Arc<dyn Wait>) -> Registry {
        Registry { wait, ..self }
    }

    /// The repository that `reference` names. Sends nothing, but to this machine: there a registry may speak http.
    ///
    /// # Errors
    ///
    /// Nothing answers on this machine.
    pub async fn open(&self, reference: &Reference, access: Access) -> Result<Repository<'_>, Error> {
        let scheme = if reference.host().is_loopback() { self.scheme(reference.host()).await? } else { "https" };
        let server = address(scheme, reference.host())?;
        Ok(Repository::new(self, reference.clone(), access, server))
    }

    /// How a registry on this machine is spoken to. As Docker does: https, and http if that is not what it speaks.
    async fn scheme(&self, host: &Host) -> Result<&'static str, Error> {
        let known = self.schemes.lock().unwrap_or_else(PoisonError::into_inner).get(host).copied();
        if let Some(scheme) = known {
            return Ok(scheme);
        }
        let scheme = match self.greet("https", host).await {
            Ok(_) => "https",
            Err(error @ Error::Network { source: Broken::NotSent { .. }, .. }) => {
                match self.greet("http", host).await {
                    Ok(Response { status: 200 | 401, .. }) => "http",
                    // It speaks https after all, or nothing is there: the first error is the true one.
                    _ => return Err(error),
                }
            }
            Err(error) => return Err(error),
        };
        self.schemes.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone(), scheme);
        Ok(scheme)
    }

    /// Asks whether a registry is there; shows no login.
    async fn greet(&self, scheme: &str, host: &Host) -> Result<Response, Error> {
        let mut url = address(scheme, host)?;
        url.set_path("/v2/");
        let grants = grant(&url, &["GET"], PathPattern::parse("/v2/").ok());
        let policy = self.policy(grants.into_iter().collect(), true, Cap::Small);
        self.exchange(&policy, &Draft::get(url, Cap::Small, format!("the registry {host}")), None).await
    }

    /// Whether what this host leads to may be in a private network.
    pub(crate) fn is_private(&self, host: &Host) -> bool {
        self.options.allow_private || host.is_private()
    }

    /// A policy for a server that is not the registry's own: it is shown no certificate of ours.
    pub(crate) fn policy(&self, grants: Vec<Grant>, private: bool, cap: Cap) -> Policy {
        Policy {
            grants,
            allow_private: private,
            advice: "A registry's server is reached for one repository alone.".to_owned(),
            limits: cap.limits(),
            tls: Tls { identity: None, ..self.options.tls.clone() },
            proxy: self.options.proxy.clone(),
        }
    }

    /// Sends a request, and a read again that the server has no time for.
    pub(crate) async fn exchange(
        &self,
        policy: &Policy,
        draft: &Draft,
        authorization: Option<&Secret>,
    ) -> Result<Response, Error> {
        let mut tries = 0;
        loop {
            let answered = self.transport.send(policy, draft.request(authorization)).await;
            let response = answered.map_err(|error| draft.failed(error))?;
            match wait::before_retry(&response, tries) {
                Some(time) if draft.reads() => self.wait.wait(time).await,
                _ if is_encoded(&response) => {
                    let lie = format!("{} came in another encoding than the one that was asked for", draft.what);
                    let host = draft.url.host_str().unwrap_or_default().to_owned();
                    return Err(Error::Untrue { host, lie });
                }
                _ => return Ok(response),
            }
            tries += 1;
        }
    }

    pub(crate) fn token(&self, host: &Host, repository: &str, access: Access) -> Option<Authorization> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(&(host.clone(), repository.to_owned(), access)).cloned()
    }

    pub(crate) fn keep_token(&self, host: &Host, repository: &str, access: Access, token: Authorization) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert((host.clone(), repository.to_owned(), access), token);
    }
}

/// A grant for the server of `url`. No path means no grant, and no grant means no.
pub(crate) fn grant(url: &Url, methods: &[&str], path: Option<PathPattern>) -> Option<Grant> {
    Some(Grant {
        methods: methods.iter().map(|method| (*method).to_owned()).collect(),
        host: url.host_str()?.to_owned(),
        port: url.port(),
        path: path?,
        origin: "what a registry is reached for".to_owned(),
    })
}

fn address(scheme: &str, host: &Host) -> Result<Url, Error> {
    let unusable = |_| Error::Untrue { host: host.to_string(), lie: "its name makes no address".to_owned() };
    Url::parse(&format!("{scheme}://{}/", host.server())).map_err(unusable)
}
