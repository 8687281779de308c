//! What somebody probably meant by a command line that the parser refuses.
//!
//! Owns: advice that the parser cannot give, because it does not know presets. Keeps: the parser's own message, its form and
//! its exit code.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use presetter_bundle::Reference;

use crate::select::quoted;

/// The parser's error, with advice if there is some.
pub(crate) fn explained(mut error: clap::Error) -> clap::Error {
    if let Some(advice) = advice(&error) {
        // The parser's guess is about letters alone.
        for guess in [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue] {
            error.remove(guess);
        }
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
    }
    error
}

fn advice(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let typed = text(ContextKind::InvalidSubcommand)?;
            typed.parse::<Reference>().ok()?;
            Some(format!("did you mean: presetter run {}?", quoted(typed)))
        }
        ErrorKind::UnknownArgument => {
            let typed = text(ContextKind::InvalidArg)?;
            let usage = error.get(ContextKind::Usage)?.to_string();
            let takes_inputs = ["presetter run", "presetter plan"].iter().any(|verb| usage.contains(verb));
            let (name, _) = typed.split_once('=').filter(|(name, _)| !name.is_empty() && !name.starts_with('-'))?;
            (takes_inputs && !name.contains(char::is_whitespace)).then(|| format!("write --set {}", quoted(typed)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::args::Cli;

    use super::*;

    #[test]
    fn advice_stands_below_the_parsers_message() {
        for (words, wanted) in [
            (&["mosyle/users"][..], Some("did you mean: presetter run mosyle/users?")),
            (&["run", "mosyle/user-by-id", "user_id=a b"], Some("write --set 'user_id=a b'")),
            (&["plan", "mosyle/user-by-id", "user_id=a"], Some("write --set user_id=a")),
            (&["rum"], None),
            (&["run", "mosyle/users", "extra"], None),
            (&["run", "mosyle/users", "--sett=a"], None),
            (&["connection", "show", "m", "a=b"], None),
        ] {
            let error = Cli::try_parse_from(["presetter"].iter().chain(words)).unwrap_err();
            assert_eq!(advice(&error).as_deref(), wanted, "{words:?}");
            let explained = explained(error);
            assert_eq!(explained.exit_code(), 2);
            let shown = explained.to_string();
            assert!(wanted.is_none_or(|wanted| shown.contains(wanted)), "{shown}");
        }
    }
}
