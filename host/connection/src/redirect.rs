//! Following redirects, where a preset allows it.
//!
//! Owns what counts as a redirect, where one may lead, and what goes along. It stands here and not in the HTTP client,
//! because only here is known what a credential is. Every hop is a request of its own: the transport checks its scheme,
//! its grant and its addresses as if a preset had asked for it.
//!
//! Invariants: credentials, and whatever else a preset's headers carry, go to the origin of the base URL alone. A chain that
//! has left it gets none of them back when it returns: the address was then chosen by somebody else, who could have the
//! account's credentials used for what no preset asks for. No cookie is kept from hop to hop.

use presetter_egress::{Policy, Request, Response, shown};
use presetter_secret::Redactor;
use url::{Host, Url};

use crate::{Error, Outgoing, Redirects, target};

/// Most bytes of an address that a redirect gives.
const MAX_ADDRESS: usize = 8 * 1024;

/// The headers of a preset that go to another origin: they say what is wanted, and nothing of whose account it is.
const HARMLESS: [&str; 3] = ["accept", "accept-language", "user-agent"];

/// Advice where nobody but the server can do anything.
const SERVER: &str = "The server should not do that; tell its owner.";

/// The way of one request.
pub(crate) struct Trail<'a> {
    request: &'a Outgoing,
    rule: Option<&'a Redirects>,
    /// The addresses so far, without what the connection fills in; the last is where the request is now. None where no redirect is followed.
    visited: Vec<Url>,
    home: bool,
}

impl<'a> Trail<'a> {
    /// A way that begins at the preset's own request.
    pub(crate) fn begin(request: &'a Outgoing, base: &Url) -> Result<Self, Error> {
        // What may change something is never sent to an address that a server chose; and a body goes nowhere else.
        let may = !request.writes && matches!(request.method.as_str(), "GET" | "HEAD") && request.body.is_none();
        let rule = request.redirects.as_ref().filter(|_| may);
        // Where it began matters only to what may lead on.
        let visited = match rule {
            Some(_) => vec![target::join(base, &request.path, &request.query)?],
            None => Vec::new(),
        };
        Ok(Self { request, rule, visited, home: true })
    }

    /// Whether it never left the origin of the base URL.
    pub(crate) fn is_home(&self) -> bool {
        self.home
    }

    /// Where the answer leads next; nothing if it is the last one, which also an answer is that is followed no further
    /// because no preset allows it.
    pub(crate) fn next(&mut self, response: &Response, redactor: &Redactor) -> Result<Option<&Url>, Error> {
        let (Some(rule), 301 | 302 | 303 | 307 | 308) = (self.rule, response.status) else { return Ok(None) };
        let at = &self.visited[self.visited.len() - 1];
        let mut locations = response.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("location"));
        let Some((_, location)) = locations.next() else { return Ok(None) };
        let refused = |why: &str, advice: &str| {
            let at = redactor.text(&shown(at));
            Err(Error::denied(format!("{at} redirects, and {why}"), advice))
        };
        if locations.next().is_some() {
            return refused("to several addresses at once", SERVER);
        }
        if location.len() > MAX_ADDRESS {
            return refused(&format!("to an address of more than {MAX_ADDRESS} bytes"), SERVER);
        }
        // The parser would drop line breaks and go on.
        let next = Some(location.trim()).filter(|text| !text.chars().any(char::is_control)).map(|text| at.join(text));
        let Some(Ok(mut next)) = next else { return refused("to what is no address", SERVER) };
        next.set_fragment(None);
        let to = redactor.text(&shown(&next));
        if self.visited.len() > usize::from(rule.most) {
            return refused(
                &format!(
                    "it would be redirect {}, to {to}; allowed are {} ({})",
                    self.visited.len(),
                    rule.most,
                    rule.origin
                ),
                "If the address is right: the preset's author can allow more, up to 5.",
            );
        }
        if self.visited.contains(&next) {
            return refused(&format!("back to {to}, in a circle"), SERVER);
        }
        let home = self.home && next.origin() == at.origin();
        // A server that was sent a credential in the address may hand it on in the next.
        if !home && redactor.holds(next.as_str().as_bytes()) {
            return refused(
                // It may stand in the host's name.
                &format!(
                    "the address at {} that it gives carries a credential of the connection",
                    redactor.text(&host(&next))
                ),
                "A credential never leaves its server; the preset cannot follow this redirect.",
            );
        }
        self.home = home;
        self.visited.push(next);
        Ok(self.visited.last())
    }

    /// The request for where the trail is now, for another origin than the connection's.
    pub(crate) fn bare(&self) -> Request {
        let harmless = |(name, _): &&(String, String)| HARMLESS.iter().any(|fine| name.eq_ignore_ascii_case(fine));
        Request {
            method: self.request.method.clone(),
            url: self.visited[self.visited.len() - 1].clone(),
            headers: self.request.headers.iter().filter(harmless).cloned().collect(),
            body: None,
        }
    }

    /// What a denial of a hop becomes: which redirect led there, and what would allow it.
    pub(crate) fn explain(&self, error: Error, policy: &Policy, redactor: &Redactor) -> Error {
        let [.., from, to] = self.visited.as_slice() else { return error };
        match error {
            Error::Denied { reason, advice } => {
                // The reason names the address, and so whatever the server put into it.
                let reason = redactor.text(&format!("{} redirects; {reason}", shown(from)));
                // What is wrong with an address that a server gives is no matter of the connection's settings.
                let advice = match to.port() {
                    _ if advice != policy.advice => SERVER.to_owned(),
                    _ if self.home => advice,
                    None => format!("{advice} The line it needs: host = \"{}\"", host(to)),
                    Some(port) => format!("{advice} The lines it needs: host = \"{}\", port = {port}", host(to)),
                };
                Error::Denied { reason, advice }
            }
            other => other,
        }
    }
}

/// The host as a grant writes it.
fn host(url: &Url) -> String {
    match url.host() {
        Some(Host::Ipv6(ip)) => format!("[{ip}]"),
        Some(host) => host.to_string(),
        None => String::new(),
    }
}
