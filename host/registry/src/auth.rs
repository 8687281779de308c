//! Logging in: HTTP Basic, and tokens as Docker's registries have them.
//!
//! The rule for secrets. A login is kept for one host; it is shown to that host's registry, and to the token service that
//! this very registry named over TLS (on this machine: over loopback), and to nobody else. Whoever is the registry could ask
//! for the login anyway, so that naming a service gains it nothing. The service must be reached by https, must be on the
//! public internet unless the registry itself is not, and a redirect of it is not followed. A token goes to the registry
//! that asked for it alone, for the repository and the access that we chose: the scope that a registry names is not looked at.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use presetter_egress::{PathPattern, Response, shown};
use presetter_secret::Secret;
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::{
    Access, Error, Login, Repository,
    bounds::Cap,
    challenge::{self, Challenge},
    registry::{Authorization, grant},
    text, wait,
    wire::{Draft, is_safe},
};

/// Most bytes of a token.
const TOKEN: usize = 32 * 1024;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
}

impl Repository<'_> {
    /// What to show to the registry after it answered with 401; nothing if it asks for a login and there is none.
    pub(crate) async fn log_in(&self, server: &Url, response: &Response) -> Result<Option<Authorization>, Error> {
        let headers = response.headers.iter().filter(|(name, _)| name == "www-authenticate");
        let challenges = challenge::read(headers.map(|(_, value)| value.as_str()));
        let bearer = challenges.iter().find(|one| matches!(one, Challenge::Bearer { .. }));
        let Some(chosen) = bearer.or(challenges.first()) else {
            return Err(self.unfollowed("it names neither Basic nor Bearer"));
        };
        // Beyond this machine there is no http: said once more where a password is at stake.
        if server.scheme() != "https" && !self.is_loopback() {
            return Err(self.unfollowed("it is not reached by https"));
        }
        let login = self.registry.credentials.for_host(self.reference().host());
        let login = login.map_err(|source| Error::Login { host: self.host(), source })?;
        match (chosen, login) {
            (Challenge::Bearer { realm, service }, login) => {
                self.token(realm, service.as_deref(), login.as_ref()).await.map(Some)
            }
            (Challenge::Basic, Some(Login::Password { user, password })) => {
                Ok(Some(Authorization { value: Arc::new(basic(&user, &password)), logged_in: true }))
            }
            (Challenge::Basic, Some(Login::Identity(_))) => {
                Err(self.unfollowed("it takes a password alone, and what is kept for it is an identity token"))
            }
            (Challenge::Basic, None) => Ok(None),
        }
    }

    async fn token(&self, realm: &str, service: Option<&str>, login: Option<&Login>) -> Result<Authorization, Error> {
        let parsed = Url::parse(realm);
        let mut url = parsed.map_err(|_| self.unfollowed("the token service that it names is not an address"))?;
        is_safe(&url, self.is_loopback())
            .map_err(|why| self.unfollowed(format!("the token service {} cannot be used: {why}", shown(&url))))?;
        url.set_fragment(None);
        let actions = if self.access() == Access::Write { "pull,push" } else { "pull" };
        let scope = format!("repository:{}:{actions}", self.reference().repository());
        let service = service.unwrap_or_default();
        let what = format!("the token service of {}", self.host());
        let (draft, secret) = match login {
            Some(Login::Identity(token)) => {
                let form = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs([("grant_type", "refresh_token"), ("client_id", "presetter")])
                    .extend_pairs([("service", service), ("scope", &scope), ("refresh_token", token.expose())])
                    .finish();
                let draft = Draft::new("POST", url, Cap::Small, what);
                (draft.body("application/x-www-form-urlencoded", form.into()), None)
            }
            other => {
                let mut query = url.query_pairs_mut();
                if !service.is_empty() {
                    query.append_pair("service", service);
                }
                query.append_pair("scope", &scope);
                drop(query);
                let secret = match other {
                    Some(Login::Password { user, password }) => Some(basic(user, password)),
                    _ => None,
                };
                (Draft::get(url, Cap::Small, what), secret)
            }
        };
        let path = PathPattern::parse(draft.url.path()).ok();
        let grants = grant(&draft.url, &[draft.method], path).into_iter().collect();
        let policy = self.registry.policy(grants, self.is_private(), Cap::Small);
        let response = self.registry.exchange(&policy, &draft, secret.as_ref()).await?;
        let value = match response.status {
            200 => bearer(&response).ok_or_else(|| self.unfollowed("its token service gave no token"))?,
            300..=399 => return Err(self.unfollowed("its token service redirects, and a login is never sent on")),
            400 | 401 | 403 => {
                let (what, said) = (self.place(), text::said(&response));
                return Err(Error::Denied { host: self.host(), what, logged_in: login.is_some(), said });
            }
            429 | 503 => {
                return Err(Error::Busy { host: self.host(), what: draft.what, after: wait::after(&response) });
            }
            _ => return Err(self.refused(&response, &draft.what)),
        };
        Ok(Authorization { value: Arc::new(value), logged_in: login.is_some() })
    }

    fn unfollowed(&self, why: impl Into<String>) -> Error {
        Error::Challenge { host: self.host(), why: why.into() }
    }
}

fn basic(user: &str, password: &Secret) -> Secret {
    let pair = Secret::new(format!("{user}:{}", password.expose()));
    Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())))
}

/// The token of an answer, if it is one that can stand in a header.
fn bearer(response: &Response) -> Option<Secret> {
    let Answer { token, access_token } = serde_json::from_slice(&response.body).ok()?;
    let token = if token.is_empty() { Secret::new(access_token) } else { Secret::new(token) };
    let fits = !token.is_empty() && token.len() <= TOKEN && token.expose().bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| Secret::new(format!("Bearer {}", token.expose())))
}
