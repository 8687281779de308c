//! Names to addresses, and the guard that looks at every address before it is connected to.
//!
//! The guard stands between any [`Resolver`] and the client, and the client connects to nothing else: a name that shows a
//! public address to a check and another one to the connection gains nothing, because there is only one look.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;

use crate::address;

/// Finds the addresses of a name.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// All addresses of `name`, best first.
    ///
    /// # Errors
    ///
    /// Whatever keeps the name from being found. No address at all counts as not found.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver: its hosts file, its name servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect())
    }
}

/// Why a name led nowhere; found again in the client's chain of errors.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAddress {
    /// Every address is refused; this is the first, and why.
    #[error("{ip} is {why}")]
    Refused { ip: IpAddr, why: &'static str },
    #[error("the name was not found")]
    NotFound(#[source] Option<io::Error>),
}

/// Drops the addresses that the policy refuses.
pub(crate) struct Guard {
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) allow_private: bool,
    /// The name of the operator's proxy, the one that may lead into private networks whatever else may.
    pub(crate) proxy: Option<String>,
}

impl reqwest::dns::Resolve for Guard {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let resolver = Arc::clone(&self.resolver);
        let allow_private = self.allow_private || self.proxy.as_deref() == Some(name.as_str());
        Box::pin(async move {
            let found = resolver.resolve(name.as_str()).await.map_err(|error| NoAddress::NotFound(Some(error)))?;
            let allowed = allowed(found, allow_private)?;
            // Port 0: the client puts the URL's port.
            let addresses = allowed.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as reqwest::dns::Addrs)
        })
    }
}

fn allowed(found: Vec<IpAddr>, allow_private: bool) -> Result<Vec<IpAddr>, NoAddress> {
    let mut refused = None;
    let mut allowed = Vec::new();
    for ip in found {
        match address::refusal(ip, allow_private) {
            None => allowed.push(ip),
            Some(why) => refused = refused.or(Some(NoAddress::Refused { ip, why })),
        }
    }
    if allowed.is_empty() { Err(refused.unwrap_or(NoAddress::NotFound(None))) } else { Ok(allowed) }
}
