//! From what a bundle asks for to the policy of one connection.
//!
//! Owns the translation. Invariant: a grant is never wider than its line reads; the base URL, which the operator chose, gives
//! it the host, the port and the beginning of the path.

use presetter_egress::{Grant, Limits, PathPattern, Policy, Proxy, Tls};
use presetter_manifest::GrantRequest;
use url::Url;

use crate::{Connection, Error, network, target};

/// The policy of a connection, without its client certificate, which is a secret.
pub(crate) fn policy(
    base: &Url,
    requests: &[GrantRequest],
    connection: &Connection,
    bundle_file: &str,
    limits: Limits,
) -> Result<Policy, Error> {
    let mut grants = Vec::new();
    for request in requests {
        let origin = format!("line {} of {bundle_file}", request.line);
        for path in &request.paths {
            let path = path.as_str().trim_start_matches('/');
            let (host, port, prefix) = match &request.host {
                // The port of https, so that a connection that may use http has not two where the line names none.
                Some(host) => (host.as_str().to_owned(), Some(request.port.unwrap_or(443)), ""),
                None => (base.host_str().unwrap_or_default().to_owned(), base.port(), target::prefix(base)),
            };
            let pattern =
                if path.is_empty() && !prefix.is_empty() { prefix.to_owned() } else { format!("{prefix}/{path}") };
            let path = PathPattern::parse(&pattern).map_err(|bad| Error::Invalid(format!("{origin}: {bad}")))?;
            let methods = request.methods.iter().map(|m| m.as_str().to_owned()).collect();
            grants.push(Grant { methods, host, port, path, origin: origin.clone() });
        }
    }
    let advice = format!(
        "What a preset may call is listed under [[grants]] in {bundle_file}. Add it there if you trust the bundle with it."
    );
    let authorities = network::authorities(connection.ca.as_deref()).map_err(|why| {
        Error::Invalid(format!("{why}; change it with: presetter connection set {} --ca FILE", connection.name))
    })?;
    let proxy =
        connection.proxy.as_deref().map(Proxy::parse).transpose().map_err(|why| {
            Error::Invalid(format!("the proxy of connection {} cannot be used: {why}", connection.name))
        })?;
    let tls = Tls { authorities, identity: None };
    Ok(Policy { grants, allow_private: connection.allow_private, advice, limits, tls, proxy })
}
