//! The one proxy that an operator may put between a connection and its server.
//!
//! Owns what its address may look like. Must never repeat user info. A proxy finds the servers' names itself, so the
//! addresses behind them are its to judge; grants, schemes and literal addresses are checked here all the same.

use std::fmt;

use url::{Host, Url};

use crate::address;

/// A proxy by http or https.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Proxy(Url);

/// Why a text is no proxy, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadProxy(String);

impl Proxy {
    /// Reads the address of a proxy.
    ///
    /// # Errors
    ///
    /// [`BadProxy`] if it is none, has another scheme than http or https, user info, a path, a query or a fragment, or is
    /// an address that is never reached. This machine and private networks are fine: it is the operator's own word.
    pub fn parse(text: &str) -> Result<Proxy, BadProxy> {
        let bad = |why: &str| BadProxy(why.to_owned());
        let url = Url::parse(text).map_err(|_| bad("it is not an address; write it as http://host:port"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("only proxies by http:// and https:// can be used; write it as http://host:port"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad(
                "it carries a user name or password, which would stand in the connection's file in plain; use a proxy that knows this machine, or a local one that logs in for you",
            ));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(bad("a proxy is a host and a port; leave out what follows them"));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(ip.into()),
            Some(Host::Ipv6(ip)) => Some(ip.into()),
            Some(Host::Domain(_)) => None,
            None => return Err(bad("it names no host; write it as http://host:port")),
        };
        if let Some(ip) = literal
            && let Some(why) = address::refusal(ip, true)
        {
            return Err(BadProxy(format!("{ip} is {why}")));
        }
        Ok(Proxy(url))
    }

    /// Its address.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The name that has to be looked up for it; none for a literal address.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.domain()
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies() {
        for (text, shown) in [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            ("https://proxy.example", "https://proxy.example"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://10.0.0.1:3128", "http://10.0.0.1:3128"),
            ("http://[::1]:3128", "http://[::1]:3128"),
        ] {
            assert_eq!(Proxy::parse(text).unwrap().to_string(), shown);
        }
        for (text, words) in [
            ("", "not an address"),
            ("proxy.example", "not an address"),
            ("proxy.example:3128", "only proxies by http"),
            ("socks5://proxy.example:1080", "only proxies by http"),
            ("http://s3cret@proxy.example", "user name or password"),
            ("http://ann:s3cret@proxy.example", "user name or password"),
            ("http://proxy.example/s3cret", "host and a port"),
            ("http://proxy.example/?s3cret", "host and a port"),
            ("http://proxy.example/#s3cret", "host and a port"),
            ("http://169.254.169.254", "metadata"),
            ("http://[::ffff:169.254.169.254]", "metadata"),
            ("http://0.0.0.0:3128", "unspecified"),
        ] {
            let error = Proxy::parse(text).unwrap_err().to_string();
            assert!(error.contains(words) && !error.contains("s3cret"), "{text}: {error}");
        }
    }
}
