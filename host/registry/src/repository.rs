//! One repository: its addresses, what may be sent to it, and what its refusals mean.
//!
//! Owns the one way in which a login reaches a registry: [`Repository::send`]. What goes elsewhere (redirects, token
//! services) never passes through it.

use presetter_egress::{PathPattern, Policy, Response};
use presetter_package::Digest;
use url::Url;

use crate::{
    Error, Reference, Registry, Tag,
    bounds::Cap,
    registry::grant,
    text, wait,
    wire::{Draft, header},
};

/// What a repository is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Reading alone.
    Read,
    /// Reading and writing.
    Write,
}

/// A manifest's name within its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A name that may be moved.
    Tag(Tag),
    /// The content itself.
    Digest(Digest),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Tag(tag) => tag.fmt(f),
            Target::Digest(digest) => digest.fmt(f),
        }
    }
}

/// A repository in a registry.
#[derive(Debug)]
pub struct Repository<'a> {
    pub(crate) registry: &'a Registry,
    reference: Reference,
    access: Access,
    /// `https://HOST/`
    server: Url,
}

impl<'a> Repository<'a> {
    pub(crate) fn new(registry: &'a Registry, reference: Reference, access: Access, server: Url) -> Repository<'a> {
        Repository { registry, reference, access, server }
    }

    /// What it was opened by.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    pub(crate) fn access(&self) -> Access {
        self.access
    }

    pub(crate) fn host(&self) -> String {
        self.reference.host().to_string()
    }

    /// `HOST/REPOSITORY`
    pub(crate) fn place(&self) -> String {
        self.reference.place()
    }

    /// An address in this repository, such as of `tags/list`. Nothing in `tail` has to be encoded.
    pub(crate) fn url(&self, tail: &str) -> Url {
        let mut url = self.server.clone();
        url.set_path(&format!("/v2/{}/{tail}", self.reference.repository()));
        url
    }

    /// `the blob sha256:... of HOST/REPOSITORY`
    pub(crate) fn named(&self, thing: impl std::fmt::Display) -> String {
        format!("{thing} of {}", self.place())
    }

    /// Whether addresses on the way may be on this machine, by http.
    pub(crate) fn is_loopback(&self) -> bool {
        self.reference.host().is_loopback()
    }

    /// Whether addresses on the way may be in a private network.
    pub(crate) fn is_private(&self) -> bool {
        self.registry.is_private(self.reference.host())
    }

    fn policy(&self, cap: Cap) -> Policy {
        let within = PathPattern::parse(&format!("/v2/{}/**", self.reference.repository())).ok();
        let grants = match self.access {
            Access::Read => vec![grant(&self.server, &["GET", "HEAD"], within)],
            Access::Write => vec![
                grant(&self.server, &["GET", "HEAD", "POST", "PUT", "PATCH"], within),
                // Some registries take uploads beside the specification's paths; where is theirs to say.
                grant(&self.server, &["GET", "PUT", "PATCH"], Some(PathPattern::any())),
            ],
        };
        let mut policy = self.registry.policy(grants.into_iter().flatten().collect(), self.is_private(), cap);
        policy.tls = self.registry.options.tls.clone();
        policy
    }

    /// Sends a request to the registry's own server, with what it asks for as a login; once more with a new one if the one
    /// that was known is not taken any more.
    pub(crate) async fn send(&self, draft: &Draft) -> Result<Response, Error> {
        let (host, name) = (self.reference.host(), self.reference.repository());
        let policy = self.policy(draft.cap);
        let known = self.registry.token(host, name, self.access);
        let shown = known.as_ref().map(|known| known.value.as_ref());
        let response = self.registry.exchange(&policy, draft, shown).await?;
        if response.status != 401 {
            return Ok(response);
        }
        let Some(new) = self.log_in(&self.server, &response).await? else {
            return Ok(response);
        };
        self.registry.keep_token(host, name, self.access, new.clone());
        self.registry.exchange(&policy, draft, Some(&new.value)).await
    }

    /// What an answer means that is not the one that was hoped for.
    pub(crate) fn refused(&self, response: &Response, what: &str) -> Error {
        let (host, what, said) = (self.host(), what.to_owned(), text::said(response));
        match response.status {
            404 => Error::NotFound { what, said },
            401 | 403 => {
                let token = self.registry.token(self.reference.host(), self.reference.repository(), self.access);
                Error::Denied { host, what, logged_in: token.is_some_and(|token| token.logged_in), said }
            }
            429 | 503 => Error::Busy { host, what, after: wait::after(response) },
            300..=399 => Error::Redirect { what, why: "only what blobs hold may be elsewhere".to_owned() },
            status => Error::Unexpected { host, status, what, said },
        }
    }

    /// A lie of this registry.
    pub(crate) fn untrue(&self, lie: impl Into<String>) -> Error {
        Error::Untrue { host: self.host(), lie: lie.into() }
    }

    /// Checks bytes against the digest that they must have, and against the one that the registry says they have.
    pub(crate) fn verify(&self, response: &Response, wanted: Digest, what: &str) -> Result<(), Error> {
        let computed = Digest::of(&response.body);
        if computed != wanted {
            return Err(self.untrue(format!("{what} came with the digest {computed}")));
        }
        self.verify_said(response, wanted, what)
    }

    /// Checks the digest that the registry says, if it says one.
    pub(crate) fn verify_said(&self, response: &Response, wanted: Digest, what: &str) -> Result<(), Error> {
        // Another algorithm says nothing that could be compared.
        let said = header(response, "docker-content-digest").filter(|said| said.starts_with("sha256:"));
        match said {
            Some(said) if said.parse() != Ok(wanted) => {
                let said = text::clean(said, 80);
                Err(self.untrue(format!("it says that {what} has the digest {said}, and it has {wanted}")))
            }
            _ => Ok(()),
        }
    }
}
