//! What a field takes: the kinds, their names and bounds. How each reads a value is in `reading`.

/// The longest short text, in characters.
pub const SHORT_TEXT: usize = 255;
/// The longest long text, in bytes.
pub const LONG_TEXT: usize = 1024 * 1024;
/// The most options of a dropdown.
pub const OPTIONS: usize = 500;

/// What a field takes. Each takes nothing, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A text of one line, at most [`SHORT_TEXT`] characters.
    ShortText,
    /// A text of any number of lines, at most [`LONG_TEXT`] bytes.
    LongText,
    /// A whole number of 64 bits.
    Number,
    /// A decimal number of at most 28 digits, kept as it is written.
    Decimal,
    /// A day, as 2026-01-31.
    Date,
    /// True or false; text may also say yes, no, 1 or 0.
    Checkbox,
    /// One of these texts, exactly.
    Dropdown(Vec<String>),
    /// An e-mail address, compared without case. Built-in fields only, as all that follow.
    Email,
    /// A moment, as 2026-01-31T12:00:00Z.
    Time,
    /// A name that others refer to: lower-case letters, digits and `-`.
    Key,
    /// A software entry, by its name.
    Software,
    /// A user, by id.
    User,
}

/// Why a kind does not take a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misfit(pub(crate) String);

impl Kind {
    /// The kinds that a field can be declared with, as they are written.
    pub const DECLARABLE: [&'static str; 7] =
        ["short_text", "long_text", "number", "decimal", "date", "checkbox", "dropdown"];

    /// As it is written.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ShortText => "short_text",
            Self::LongText => "long_text",
            Self::Number => "number",
            Self::Decimal => "decimal",
            Self::Date => "date",
            Self::Checkbox => "checkbox",
            Self::Dropdown(_) => "dropdown",
            Self::Email => "email",
            Self::Time => "time",
            Self::Key => "key",
            Self::Software => "software",
            Self::User => "user",
        }
    }

    /// The kind of that name; the options are a dropdown's.
    pub(crate) fn from_name(name: &str, options: Vec<String>) -> Option<Self> {
        Some(match name {
            "short_text" => Self::ShortText,
            "long_text" => Self::LongText,
            "number" => Self::Number,
            "decimal" => Self::Decimal,
            "date" => Self::Date,
            "checkbox" => Self::Checkbox,
            "dropdown" => Self::Dropdown(options),
            "email" => Self::Email,
            "time" => Self::Time,
            "key" => Self::Key,
            "software" => Self::Software,
            "user" => Self::User,
            _ => return None,
        })
    }

    /// The options of a dropdown.
    #[must_use]
    pub fn options(&self) -> &[String] {
        if let Self::Dropdown(options) = self { options } else { &[] }
    }

    /// Whether its values are texts.
    #[must_use]
    pub fn is_text(&self) -> bool {
        !matches!(self, Self::Number | Self::Decimal | Self::Date | Self::Time | Self::Checkbox)
    }
}
