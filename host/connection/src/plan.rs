//! A connection kind, compiled: every template and rule of it, once for all requests.
//!
//! Owns the compiled form. `presetter-manifest` has checked the kind when the bundle was read, so that what fails here is
//! said plainly and without a caret.

use std::time::Duration;

use presetter_expr::{Dialect, Program};
use presetter_manifest::{AuthKind, ConnectionKind, Login, SlotPlace, Text, TokenSource};
use presetter_template::{Context, Template};
use zeroize::Zeroizing;

use crate::Error;
use crate::values::Values;

/// A template over `fields`, `secrets` and `session`.
#[derive(Debug)]
pub(crate) struct Credential {
    template: Template,
    /// The secrets that it names.
    secrets: Vec<String>,
}

impl Credential {
    fn compile(text: &Text, context: Context) -> Result<Self, Error> {
        let template = Template::compile(text.as_str(), context).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Error::Invalid(format!(
                "the connection kind has a wrong template {:?}: {}",
                text.as_str(),
                problems.join("; ")
            ))
        })?;
        let named = template.variables().iter().filter(|v| v.path.root == "secrets");
        let secrets = named.filter_map(|v| match v.path.steps.first() {
            Some(presetter_template::path::Step::Key(name)) => Some(name.clone()),
            _ => None,
        });
        let secrets = secrets.collect();
        Ok(Self { template, secrets })
    }

    /// The text, encoded for its place.
    pub(crate) fn render(&self, values: &Values) -> Result<Zeroizing<String>, Error> {
        self.template.render(values).map(Zeroizing::new).map_err(|error| {
            let problems: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
            Error::Invalid(format!("the connection's credentials could not be put together: {}; change its fields or secrets with `presetter connection set`", problems.join("; ")))
        })
    }
}

/// What a slot holds.
#[derive(Debug)]
pub(crate) enum Filling {
    /// A template, in the context of its place.
    Template(Credential),
    /// `Basic` and the pair in base64 (RFC 7617).
    Basic(Credential, Credential),
    /// `Bearer` and the token (RFC 6750).
    Bearer(Credential),
}

impl Filling {
    fn secrets(&self) -> impl Iterator<Item = &String> {
        let (first, second) = match self {
            Self::Template(one) | Self::Bearer(one) => (one, None),
            Self::Basic(one, two) => (one, Some(two)),
        };
        first.secrets.iter().chain(second.into_iter().flat_map(|c| &c.secrets))
    }
}

/// A place in each request that is filled.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) place: SlotPlace,
    pub(crate) name: String,
    pub(crate) filling: Filling,
}

/// The request that opens a session.
#[derive(Debug)]
pub(crate) struct LoginPlan {
    pub(crate) method: String,
    pub(crate) path: Vec<Credential>,
    pub(crate) headers: Vec<(String, Credential)>,
    pub(crate) body: Option<Credential>,
    pub(crate) form: Vec<(String, Credential)>,
    pub(crate) basic: Option<Filling>,
    pub(crate) token: TokenSource,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) expires: Option<String>,
    pub(crate) failed_when: Option<Program>,
}

/// When an answer means that the session is over.
#[derive(Debug)]
pub(crate) struct ExpiryPlan {
    pub(crate) status: Vec<u16>,
    pub(crate) invalid_when: Option<Program>,
}

/// A compiled connection kind.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) slots: Vec<Slot>,
    /// The secrets that the slots name, each once.
    pub(crate) slot_secrets: Vec<String>,
    pub(crate) login: Option<LoginPlan>,
    pub(crate) expiry: ExpiryPlan,
}

impl Plan {
    pub(crate) fn compile(kind: &ConnectionKind) -> Result<Self, Error> {
        let need = |text: &Option<Text>, key: &str| {
            let text = text.as_ref().ok_or_else(|| {
                Error::Invalid(format!("the connection kind \"{}\" lacks the key \"{key}\"", kind.title))
            })?;
            Credential::compile(text, Context::Text)
        };
        let mut slots = Vec::new();
        let authorization = |filling| Slot { place: SlotPlace::Header, name: "Authorization".into(), filling };
        match kind.auth {
            AuthKind::Basic => slots.push(authorization(Filling::Basic(
                need(&kind.username, "username")?,
                need(&kind.password, "password")?,
            ))),
            AuthKind::Bearer => slots.push(authorization(Filling::Bearer(need(&kind.token, "token")?))),
            AuthKind::None | AuthKind::ApiKey | AuthKind::Session => {}
        }
        for slot in &kind.slots {
            let context = match slot.into {
                SlotPlace::Header => Context::Header,
                SlotPlace::Query => Context::Query,
                SlotPlace::Form => Context::Form,
                SlotPlace::Cookie | SlotPlace::Json => Context::Text,
            };
            let filling = Filling::Template(Credential::compile(&slot.value, context)?);
            slots.push(Slot { place: slot.into, name: slot.name.as_str().to_owned(), filling });
        }
        let login = match (kind.auth, &kind.login) {
            (AuthKind::Session, Some(login)) => Some(LoginPlan::compile(login)?),
            (AuthKind::Session, None) => {
                return Err(Error::Invalid(format!(
                    "the connection kind \"{}\" lacks the table \"login\"",
                    kind.title
                )));
            }
            _ => None,
        };
        let expiry = match &kind.expired {
            Some(expired) => ExpiryPlan {
                status: expired.status.clone(),
                invalid_when: expired.invalid_when.as_ref().map(rule).transpose()?,
            },
            None => ExpiryPlan { status: vec![401], invalid_when: None },
        };
        let slot_secrets = once(slots.iter().flat_map(|slot| slot.filling.secrets()));
        Ok(Self { slots, slot_secrets, login, expiry })
    }
}

impl LoginPlan {
    fn compile(login: &Login) -> Result<Self, Error> {
        let each = |texts: &indexmap::IndexMap<String, Text>, context| {
            texts
                .iter()
                .map(|(name, text)| Ok((name.clone(), Credential::compile(text, context)?)))
                .collect::<Result<Vec<_>, Error>>()
        };
        let basic = match &login.basic {
            Some([user, password]) => Some(Filling::Basic(
                Credential::compile(user, Context::Text)?,
                Credential::compile(password, Context::Text)?,
            )),
            None => None,
        };
        Ok(Self {
            method: login.method.as_str().to_owned(),
            path: login
                .path
                .iter()
                .map(|text| Credential::compile(text, Context::PathSegment))
                .collect::<Result<_, _>>()?,
            headers: each(&login.headers, Context::Header)?,
            body: login.body.as_ref().map(|text| Credential::compile(text, Context::Json)).transpose()?,
            form: each(&login.form, Context::Form)?,
            basic,
            token: login.token.clone(),
            lifetime: login.lifetime,
            expires: login.expires.as_ref().map(|text| text.as_str().to_owned()),
            failed_when: login.failed_when.as_ref().map(rule).transpose()?,
        })
    }

    /// The secrets that the login names, each once.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let all = self
            .path
            .iter()
            .chain(self.headers.iter().map(|(_, c)| c))
            .chain(&self.body)
            .chain(self.form.iter().map(|(_, c)| c));
        once(all.flat_map(|c| &c.secrets).chain(self.basic.iter().flat_map(Filling::secrets)))
    }
}

fn once<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for name in names {
        if !list.contains(name) {
            list.push(name.clone());
        }
    }
    list
}

fn rule(text: &Text) -> Result<Program, Error> {
    Program::compile(text.as_str(), Dialect::NoMacros).map_err(|problem| {
        Error::Invalid(format!("the connection kind has a wrong rule {:?}: {problem}", text.as_str()))
    })
}
