//! A preset's request before credentials, what is shown of it, and what comes back.
//!
//! Owns plain data. Invariants: nothing here ever holds a credential; an [`Answer`] is scrubbed before it is made.

use std::fmt;

use bytes::Bytes;

/// A preset's request: rendered and encoded, without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The HTTP method, in capitals.
    pub method: String,
    /// Segments below the base URL, each percent-encoded, none empty, `.` or `..`.
    pub path: Vec<String>,
    /// Query parameters, names and values percent-encoded.
    pub query: Vec<(String, String)>,
    /// Headers; none that a slot of the connection fills.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Body>,
    /// Whether the preset's effect is a write.
    pub writes: bool,
    /// Whether redirects of it may be followed: of a read by GET or HEAD without a body, and of nothing else.
    pub redirects: Option<Redirects>,
}

/// A preset's word that redirects may be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirects {
    /// At most so many in a row.
    pub most: u8,
    /// The line that says so, for messages: `redirects = 2 in ./own/hello/preset.toml`.
    pub origin: String,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A JSON text.
    Json(String),
    /// Fields of a form, names and values encoded as `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// A text.
    Text {
        /// Its media type.
        content_type: String,
        /// The text.
        text: String,
    },
    /// Anything else.
    Bytes {
        /// Its media type.
        content_type: String,
        /// The bytes.
        bytes: Bytes,
    },
}

impl Body {
    /// What the body is, in words.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Json(_) => "a JSON body",
            Self::Form(_) => "a form",
            Self::Text { .. } => "a text body",
            Self::Bytes { .. } => "a body of bytes",
        }
    }
}

/// A request exactly as it would be sent, with each credential shown as `[secret NAME]` or `[session token]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The method.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// The headers in the order that they are sent. The transport adds those that frame the message.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one; bytes that are no text are shown by their number.
    pub body: Option<String>,
}

/// An answer, already scrubbed of echoes of secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for Answer {
    /// Without values: scrubbed of secrets, an answer still holds people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("header_names", &names)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
