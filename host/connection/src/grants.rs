//! From what a bundle asks for to the policy of one connection.
//!
//! Owns the translation. Invariant: a grant is never wider than its line reads; the base URL, which the operator chose, gives
//! it the host, the port and the beginning of the path.

use presetter_egress::{Grant, Limits, PathPattern, Policy};
use presetter_manifest::GrantRequest;
use url::Url;

use crate::{Error, target};

/// The policy of a connection.
pub(crate) fn policy(
    base: &Url,
    requests: &[GrantRequest],
    allow_private: bool,
    bundle_file: &str,
    limits: Limits,
) -> Result<Policy, Error> {
    let mut grants = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        let origin = format!("[[grants]] number {} in {bundle_file}", at + 1);
        for path in &request.paths {
            let path = path.as_str().trim_start_matches('/');
            let (host, port, prefix) = match &request.host {
                // Another host is called by https alone, at its port.
                Some(host) => (host.as_str().to_owned(), Some(443), ""),
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
    Ok(Policy { grants, allow_private, advice, limits })
}
