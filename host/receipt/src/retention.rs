//! How much of a run is kept: the file `receipts.toml` in the folder of settings.

use presetter_manifest::Diagnostics;
use serde::Deserialize;

/// How much of a run is kept. What is not set is as [`Retention::default`] has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Of the inputs, and of a body that a person changed.
    pub inputs: Inputs,
    /// Of the requests and their answers.
    pub requests: Requests,
}

/// What is kept of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inputs {
    /// Names and values, redacted.
    #[default]
    Full,
    /// Names alone.
    Names,
}

/// What is kept of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requests {
    /// Their number.
    None,
    /// Of each: method, address, status, time.
    #[default]
    Summary,
    /// Headers and bodies too, redacted, each body up to 64 KiB.
    Full,
}

impl Retention {
    /// Reads the file.
    ///
    /// # Errors
    /// It is no such file; each mistake has its place.
    pub fn parse(file: &str, source: &str) -> Result<Self, Diagnostics> {
        presetter_manifest::read_toml(file, source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_as_the_docs_say() {
        let default = Retention { inputs: Inputs::Full, requests: Requests::Summary };
        assert_eq!(Retention::parse("f", "# nothing\n").unwrap(), default);
        assert_eq!(
            Retention::parse("f", "inputs = 'names'\nrequests = 'full'").unwrap(),
            Retention { inputs: Inputs::Names, requests: Requests::Full }
        );
        assert_eq!(Retention::parse("f", "requests = 'none'").unwrap().requests, Requests::None);
    }

    #[test]
    fn mistakes_have_their_place_and_a_hint() {
        for (source, place, words) in [
            ("input = 'full'", "receipts.toml:1:1", "did you mean \"inputs\"?"),
            ("\nrequests = 'ful'", "receipts.toml:2:12", "did you mean \"full\"?"),
            ("requests = 1", "receipts.toml:1:12", ""),
            ("requests =", "receipts.toml:1:", ""),
        ] {
            let shown = Retention::parse("receipts.toml", source).unwrap_err().to_string();
            assert!(shown.contains(place) && shown.contains(words), "{shown}");
        }
    }
}
