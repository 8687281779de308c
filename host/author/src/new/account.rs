//! How a new preset reaches an account: a kind of connection, new or one that the bundle has.
//!
//! Owns the kind as it is written, and the question whether two are the same. Must never: hold a secret; a kind only has
//! their names.

use indexmap::IndexMap;
use presetter_manifest::{AuthKind, ConnectionKind, SlotPlace};
use toml_edit::{Array, InlineTable, Item, Table, Value, value};

/// A way to authenticate, at an address.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) auth: AuthKind,
    /// Credentials beside what `auth` says.
    pub(crate) slots: Vec<KeySlot>,
    /// Names of secrets, and what each is.
    pub(crate) secrets: IndexMap<String, String>,
    /// The vendor's base URL, without a slash at its end; nothing if each customer has another.
    pub(crate) base_url: Option<String>,
}

/// A place that the host fills with a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeySlot {
    pub(crate) into: SlotPlace,
    pub(crate) name: String,
    /// A template over `secrets`.
    pub(crate) value: String,
}

impl Account {
    /// One without credentials.
    pub(crate) fn open(base_url: Option<String>) -> Self {
        Self { auth: AuthKind::None, slots: Vec::new(), secrets: IndexMap::new(), base_url }
    }

    /// Adds `Authorization: Bearer`.
    pub(crate) fn bearer(&mut self) {
        self.auth = AuthKind::Bearer;
        self.secrets.insert("token".to_owned(), "the access token".to_owned());
    }

    /// Adds HTTP Basic.
    pub(crate) fn basic(&mut self) {
        self.auth = AuthKind::Basic;
        self.secrets.insert("password".to_owned(), "the password".to_owned());
    }

    /// Adds a key at a place, behind a text such as `SSWS `.
    pub(crate) fn key(&mut self, into: SlotPlace, name: &str, before: &str) {
        let same = |slot: &KeySlot| slot.into == into && slot.name.eq_ignore_ascii_case(name);
        if self.slots.iter().any(same) {
            return;
        }
        if self.auth == AuthKind::None {
            self.auth = AuthKind::ApiKey;
        }
        let place = match into {
            SlotPlace::Header => "header",
            SlotPlace::Query => "query parameter",
            SlotPlace::Cookie => "cookie",
            SlotPlace::Form | SlotPlace::Json => "field",
        };
        // A single key needs no better name.
        let own = super::names::snake(name, "key");
        let secret = if self.secrets.is_empty() && own != "cookie" { "api_key".to_owned() } else { own };
        let free = |name: &String| !self.secrets.contains_key(name);
        let numbered = (2..).map(|number| format!("{secret}_{number}"));
        let secret = std::iter::once(secret.clone()).chain(numbered).find(free).unwrap_or(secret);
        self.secrets.insert(secret.clone(), format!("the key that is sent as the {place} {name}"));
        self.slots.push(KeySlot { into, name: name.to_owned(), value: format!("{before}{{{{secrets.{secret}}}}}") });
    }

    /// What the query has of credentials, masked as cassettes mask them.
    pub(crate) fn query_masks(&self) -> Vec<(String, String)> {
        let query = self.slots.iter().filter(|slot| slot.into == SlotPlace::Query);
        query.map(|slot| (slot.name.clone(), slot.value.replace("{{secrets.", "[secret ").replace("}}", "]"))).collect()
    }

    /// What a kind like this is called.
    pub(crate) fn usual_name(&self) -> &'static str {
        match self.auth {
            AuthKind::None => "open",
            AuthKind::Basic => "basic",
            AuthKind::Bearer => "bearer",
            AuthKind::ApiKey | AuthKind::Session => "key",
        }
    }

    /// The kind as a table of `bundle.toml`.
    pub(crate) fn table(&self, vendor: &str) -> Table {
        let mut table = Table::new();
        let (how, help) = match self.auth {
            AuthKind::None => ("without credentials", ""),
            AuthKind::Basic => ("user name and password", "Tell here where an operator finds both."),
            AuthKind::Bearer => ("access token", "Tell here where an operator finds the token."),
            AuthKind::ApiKey | AuthKind::Session => ("API key", "Tell here where an operator finds the key."),
        };
        table["title"] = value(format!("{vendor}, {how}"));
        table["auth"] = value(auth_name(self.auth));
        if let Some(base_url) = &self.base_url {
            table["base_url"] = value(base_url);
        }
        if !help.is_empty() {
            table["help"] = value(help);
        }
        if self.auth == AuthKind::Basic {
            table["fields"] = dotted("username", "the user name");
        }
        let mut secrets = Table::new();
        secrets.set_dotted(true);
        for (name, help) in &self.secrets {
            secrets[name] = with_help(help);
        }
        if !secrets.is_empty() {
            table["secrets"] = Item::Table(secrets);
        }
        match self.auth {
            AuthKind::Basic => {
                table["username"] = value("{{fields.username}}");
                table["password"] = value("{{secrets.password}}");
            }
            AuthKind::Bearer => table["token"] = value("{{secrets.token}}"),
            AuthKind::None | AuthKind::ApiKey | AuthKind::Session => {}
        }
        if !self.slots.is_empty() {
            let slot = |slot: &KeySlot| {
                let pairs =
                    [("into", place_name(slot.into)), ("name", slot.name.as_str()), ("value", slot.value.as_str())];
                Value::InlineTable(pairs.into_iter().map(|(key, text)| (key, Value::from(text))).collect())
            };
            let mut slots: Array = self.slots.iter().map(slot).collect();
            if slots.len() > 1 {
                slots.iter_mut().for_each(|slot| slot.decor_mut().set_prefix("\n    "));
                slots.set_trailing("\n");
                slots.set_trailing_comma(true);
            }
            table["slots"] = value(slots);
        }
        table
    }

    /// Whether a kind of a bundle authenticates in the same way. What secrets are called does not matter.
    pub(crate) fn same_auth(&self, kind: &ConnectionKind) -> bool {
        let text = |text: &Option<presetter_manifest::Text>| text.as_ref().map(|text| unnamed(text.as_str()));
        let (username, password) = match self.auth {
            AuthKind::Basic => (Some("{{fields._}}"), Some("{{secrets._}}")),
            _ => (None, None),
        };
        let token = (self.auth == AuthKind::Bearer).then_some("{{secrets._}}");
        kind.auth == self.auth
            && text(&kind.username).as_deref() == username
            && text(&kind.password).as_deref() == password
            && text(&kind.token).as_deref() == token
            && kind.slots.len() == self.slots.len()
            && kind.slots.iter().zip(&self.slots).all(|(theirs, ours)| {
                theirs.into == ours.into
                    && theirs.name.as_str().eq_ignore_ascii_case(&ours.name)
                    && unnamed(theirs.value.as_str()) == unnamed(&ours.value)
            })
    }

    /// Takes over what a kind of a bundle says.
    pub(crate) fn become_kind(&mut self, kind: &ConnectionKind) {
        self.base_url = kind.base_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
        let slot = |slot: &presetter_manifest::Slot| KeySlot {
            into: slot.into,
            name: slot.name.to_string(),
            value: slot.value.to_string(),
        };
        self.slots = kind.slots.iter().map(slot).collect();
    }
}

/// A template without the names of fields and secrets, and without spaces in its tags.
fn unnamed(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, inside, after)) = tag(rest) {
        out.push_str(before);
        let root = inside.trim().split('.').next().unwrap_or_default();
        out.push_str(&format!("{{{{{root}._}}}}"));
        rest = after;
    }
    out + rest
}

fn tag(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (inside, after) = rest.split_once("}}")?;
    Some((before, inside, after))
}

fn auth_name(auth: AuthKind) -> &'static str {
    match auth {
        AuthKind::None => "none",
        AuthKind::ApiKey => "api-key",
        AuthKind::Basic => "basic",
        AuthKind::Bearer => "bearer",
        AuthKind::Session => "session",
    }
}

fn place_name(place: SlotPlace) -> &'static str {
    match place {
        SlotPlace::Header => "header",
        SlotPlace::Query => "query",
        SlotPlace::Cookie => "cookie",
        SlotPlace::Form => "form",
        SlotPlace::Json => "json",
    }
}

fn with_help(help: &str) -> Item {
    let mut table = InlineTable::new();
    table.insert("help", help.into());
    value(table)
}

/// `fields.username = { help = "..." }`.
fn dotted(name: &str, help: &str) -> Item {
    let mut table = Table::new();
    table.set_dotted(true);
    table[name] = with_help(help);
    Item::Table(table)
}
