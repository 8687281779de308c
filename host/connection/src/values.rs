//! The values that credential templates know: `fields`, `secrets`, `session.token`.
//!
//! Owns their short life: made for one request, wiped when dropped. A masked set has a marker in each secret's place, so
//! that a request can be built, checked and shown before any secret is there. Markers are random: no guest can write one.

use presetter_secret::Secret;
use presetter_template::Scope;
use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::Error;

/// Values for one rendering.
pub(crate) struct Values {
    fields: Value,
    secrets: Value,
    session: Value,
    /// Each marker, with what is shown in its place; empty in a set of real values.
    markers: Vec<(String, String)>,
}

impl Values {
    /// Real values.
    pub(crate) fn real<'a>(
        fields: &Value,
        secrets: impl IntoIterator<Item = (&'a str, &'a Secret)>,
        token: Option<&Secret>,
    ) -> Self {
        let secrets =
            secrets.into_iter().map(|(name, secret)| (name.to_owned(), Value::from(secret.expose()))).collect();
        let session = token.map(|token| ("token".to_owned(), Value::from(token.expose()))).into_iter().collect();
        Self {
            fields: fields.clone(),
            secrets: Value::Object(secrets),
            session: Value::Object(session),
            markers: Vec::new(),
        }
    }

    /// A marker in each secret's place.
    pub(crate) fn masked<'a>(fields: &Value, names: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce)
            .map_err(|error| Error::Invalid(format!("the system gives no random numbers: {error}")))?;
        let nonce = hex::encode(nonce);
        // Letters and digits alone: no encoding changes them.
        let marker = |at: usize| format!("m{nonce}n{at}e");
        let mut markers = vec![(marker(0), "[session token]".to_owned())];
        let mut secrets = Map::new();
        for name in names {
            let marker = marker(markers.len());
            secrets.insert(name.to_owned(), Value::from(marker.as_str()));
            markers.push((marker, format!("[secret {name}]")));
        }
        let session = serde_json::json!({ "token": markers[0].0.as_str() });
        Ok(Self { fields: fields.clone(), secrets: Value::Object(secrets), session, markers })
    }

    /// Whether markers stand in the secrets' places.
    pub(crate) fn is_masked(&self) -> bool {
        !self.markers.is_empty()
    }

    /// A text with each marker replaced by what is shown for it.
    pub(crate) fn unmask(&self, text: &str) -> String {
        self.markers.iter().fold(text.to_owned(), |text, (marker, shown)| text.replace(marker, shown))
    }
}

impl Scope for Values {
    fn root(&self, name: &str) -> Option<&Value> {
        match name {
            "fields" => Some(&self.fields),
            "secrets" => Some(&self.secrets),
            "session" => Some(&self.session),
            _ => None,
        }
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        for value in [&mut self.secrets, &mut self.session] {
            if let Value::Object(map) = value {
                map.values_mut().for_each(wipe);
            }
        }
    }
}

fn wipe(value: &mut Value) {
    if let Value::String(text) = value {
        text.zeroize();
    }
}
