//! Where a secret comes from: the text that stands in files and on the command line in a secret's place.
//!
//! Owns the forms and their text. Resolves nothing. Invariant: an error never repeats the text it was given, because that
//! may be a secret that somebody typed in plain; but for a short word before the colon that is a form's name misspelt.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use presetter_manifest::nearest;

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `env:NAME`: an environment variable.
    Env(String),
    /// `file:PATH`: the content of a file, without one line break at its end.
    File(PathBuf),
    /// `keyring:SERVICE/NAME`: an entry of the system's keyring.
    Keyring {
        /// The service, in the keyring's words.
        service: String,
        /// The user or account name, in the keyring's words.
        name: String,
    },
    /// `cmd:PROGRAM ARGS`: what a program prints. Split into words as a shell does; no shell is run.
    Cmd(Vec<String>),
    /// `prompt`: asked for when it is needed.
    Prompt,
}

/// Why a text is no reference. Never holds the text, but for a misspelt form: `evn`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceError(Cow<'static, str>);

impl ReferenceError {
    /// What is wrong, without the list of forms.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0
    }

    /// The forms that there are, in lines.
    #[must_use]
    pub fn forms() -> &'static str {
        FORMS
    }
}

impl From<&'static str> for ReferenceError {
    fn from(why: &'static str) -> Self {
        Self(why.into())
    }
}

/// The forms that something follows.
const SCHEMES: [&str; 4] = ["env", "file", "keyring", "cmd"];

const FORMS: &str = "write where the secret comes from:\n  \
    env:NAME               an environment variable\n  \
    file:PATH              a file that only you can read\n  \
    keyring:SERVICE/NAME   an entry of your system's keyring\n  \
    cmd:PROGRAM ARGS       what a program prints, such as a password manager\n  \
    prompt                 ask me each time";

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {FORMS}", self.0)
    }
}

impl std::error::Error for ReferenceError {}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        const PLAIN: &str = "a plain secret is not taken here: on a command line it would stay in the shell's history, and in a file anyone could find it";
        match text {
            "prompt" => return Ok(Self::Prompt),
            "" => return Err("the reference is empty".into()),
            _ => {}
        }
        let (form, rest) = text.split_once(':').ok_or(PLAIN)?;
        if rest.chars().any(char::is_control) {
            return Err("a reference to a secret cannot have line breaks or control characters in it".into());
        }
        match form {
            "env" if variable(rest) => Ok(Self::Env(rest.to_owned())),
            "env" => Err(
                "after env: comes the name of an environment variable: letters, digits and _, not beginning with a digit"
                    .into(),
            ),
            "file" if rest.is_empty() => Err("after file: comes a path".into()),
            "file" if rest == "~" || rest.starts_with("~/") => {
                Err("~ is not expanded here; write the whole path".into())
            }
            "file" => Ok(Self::File(rest.into())),
            "keyring" => match rest.split_once('/') {
                // A leading dash would be taken for an option by the programs that are asked.
                Some((service, name)) if [service, name].iter().all(|t| !t.is_empty() && !t.starts_with('-')) => {
                    Ok(Self::Keyring { service: service.to_owned(), name: name.to_owned() })
                }
                _ => Err("after keyring: come a service, a slash and a name, neither beginning with -".into()),
            },
            "cmd" => match shlex::split(rest) {
                Some(words) if words.first().is_some_and(|w| !w.is_empty()) => Ok(Self::Cmd(words)),
                _ => Err("after cmd: come a program and its arguments, with each quote closed".into()),
            },
            "prompt" => Err("prompt takes nothing after it".into()),
            word => Err(misspelt(word).unwrap_or(PLAIN.into())),
        }
    }
}

/// What to say of a word before the colon that is nearly a form's name. A longer or stranger word may belong to a secret.
fn misspelt(word: &str) -> Option<ReferenceError> {
    if word.len() > 8 || !word.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let meant = nearest(word, SCHEMES)?;
    Some(ReferenceError(format!("\"{word}:\" is not a kind of reference; did you mean {meant}: ?").into()))
}

impl Reference {
    /// The same, with a relative path of `file:` made absolute below `base`, so that it means the same file wherever the
    /// program is run next.
    #[must_use]
    pub fn anchored(self, base: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(base.join(path)),
            other => other,
        }
    }
}

fn variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl fmt::Display for Reference {
    /// The text that [`FromStr`] reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Keyring { service, name } => write!(f, "keyring:{service}/{name}"),
            // Joining fails for NUL alone, which cannot be read in.
            Self::Cmd(words) => {
                write!(f, "cmd:{}", shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default())
            }
            Self::Prompt => f.write_str("prompt"),
        }
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_forms() {
        let cmd = |words: &[&str]| Reference::Cmd(words.iter().map(|w| (*w).to_owned()).collect());
        for (text, wanted) in [
            ("env:MOSYLE_PASSWORD", Reference::Env("MOSYLE_PASSWORD".into())),
            ("file:/run/secrets/a b", Reference::File("/run/secrets/a b".into())),
            ("file:rel:ative", Reference::File("rel:ative".into())),
            (
                "keyring:presetter/mosyle/password",
                Reference::Keyring { service: "presetter".into(), name: "mosyle/password".into() },
            ),
            ("cmd:op read 'op://IT/Mosyle API/password'", cmd(&["op", "read", "op://IT/Mosyle API/password"])),
            ("cmd:pass show a;b $HOME", cmd(&["pass", "show", "a;b", "$HOME"])),
            ("prompt", Reference::Prompt),
        ] {
            let parsed: Reference = text.parse().unwrap();
            assert_eq!(parsed, wanted);
            assert_eq!(parsed.to_string().parse::<Reference>().unwrap(), wanted);
        }
    }

    #[test]
    fn a_plain_secret_is_refused_and_not_repeated() {
        for text in [
            "hunter2secret",
            "",
            "hunter2secret:x",
            "env:",
            "env:hunter2secret!",
            "env:2hunter2secret",
            "file:",
            "keyring:hunter2secret",
            "keyring:/hunter2secret",
            "keyring:-hunter2secret/x",
            "keyring:hunter2secret/",
            "cmd:",
            "cmd:'hunter2secret",
            "cmd:''",
            "ENV:hunter2secret",
            "prompt:hunter2secret",
            "env:hunter2secret\n",
            "cmd:a \"hunter2secret\u{0}\"",
            "https://user:hunter2secret@host/",
        ] {
            let error = text.parse::<Reference>().expect_err(text);
            let said = format!("{error} {error:?}");
            assert!(!said.contains("hunter2"), "{said}");
            for form in ["env:NAME", "file:PATH", "keyring:SERVICE/NAME", "cmd:PROGRAM", "prompt"] {
                assert!(said.contains(form));
            }
        }
        assert!("hunter2".parse::<Reference>().unwrap_err().to_string().contains("history"));
    }

    #[test]
    fn slips_are_named_and_nothing_else_is() {
        for (text, wanted) in [
            ("evn:hunter2", "\"evn:\" is not a kind of reference; did you mean env: ?"),
            ("ENV:hunter2", "\"ENV:\" is not a kind of reference; did you mean env: ?"),
            ("fiel:hunter2", "\"fiel:\" is not a kind of reference; did you mean file: ?"),
            ("keyrng:hunter2", "\"keyrng:\" is not a kind of reference; did you mean keyring: ?"),
            ("prompt:hunter2", "prompt takes nothing after it"),
            ("", "the reference is empty"),
            ("file:~/hunter2", "~ is not expanded here; write the whole path"),
        ] {
            let error = text.parse::<Reference>().unwrap_err();
            assert_eq!(error.reason(), wanted);
            assert!(!error.to_string().contains("hunter2"));
        }
        for text in ["secret:x", "hunter:x", "env1:x", "keyringgg:x", "é:x"] {
            let error = text.parse::<Reference>().unwrap_err();
            assert!(error.reason().starts_with("a plain secret is not taken here"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_reads_back_and_no_error_repeats(text in "(env:|file:|keyring:|cmd:|)\\PC{0,20}") {
            match text.parse::<Reference>() {
                Ok(parsed) => prop_assert_eq!(parsed.to_string().parse::<Reference>().unwrap(), parsed),
                // A text of our own, or the word before the colon in one.
                Err(ReferenceError(Cow::Borrowed(_))) => {}
                Err(ReferenceError(Cow::Owned(said))) => {
                    let word = text.split(':').next().unwrap_or_default();
                    let start = format!("\"{word}:\" ");
                    prop_assert!(word.len() <= 8 && said.starts_with(&start));
                }
            }
        }
    }
}
