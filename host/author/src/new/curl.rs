//! A curl command: from its words to the request that it sends.
//!
//! Owns curl's options as far as they say something about the request. Must never: repeat a value in a message; any of them
//! may be a secret, so a message names an option at most.

use presetter_manifest::nearest;

use super::Error;
use super::curl_options::{Does, FILE, OPTIONS, SEVERAL};
use super::shell;

/// What a curl command sends.
#[derive(Default)]
pub(crate) struct Call {
    pub(crate) method: Option<String>,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    /// The parts of the body, as they are joined.
    pub(crate) data: Vec<String>,
    /// Parts of the query beside those of the address.
    pub(crate) query: Vec<String>,
    pub(crate) json: bool,
    /// `-G`: the data goes into the query.
    pub(crate) get: bool,
    pub(crate) head: bool,
    /// `-u`, with its password.
    pub(crate) user: Option<String>,
    pub(crate) bearer: Option<String>,
    pub(crate) cookies: Vec<String>,
    /// Credentials for something else than the API.
    pub(crate) secrets: Vec<String>,
    /// Options that mean nothing for a preset.
    pub(crate) ignored: Vec<String>,
    /// Another command followed.
    pub(crate) cut: bool,
}

impl Call {
    /// Reads a command.
    ///
    /// # Errors
    /// It is no curl command, or has an option that a preset cannot follow.
    pub(crate) fn parse(line: &str) -> Result<Self, Error> {
        let split = shell::split(line.trim_start_matches(['$', ' ', '\t', '\n', '\r']))
            .map_err(|why| Error::usage(why, "copy the whole command, as one would paste it into a terminal"))?;
        let mut words = split.words.into_iter();
        let program = words.next().unwrap_or_default();
        let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
        if !["curl", "curl.exe"].contains(&name) {
            return Err(Error::usage("this is no curl command", "it begins with the word curl"));
        }
        let mut call = Self { cut: split.cut, ..Self::default() };
        let mut plain = false;
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                _ if plain => call.address(word)?,
                Some("") => plain = true,
                Some(long) => call.long(long, &mut words)?,
                None if word.starts_with('-') && word.len() > 1 => call.short(&word[1..], &mut words)?,
                None => call.address(word)?,
            }
        }
        if call.url.is_empty() {
            return Err(Error::usage("the command has no address", "add the address of the API: https://..."));
        }
        Ok(call)
    }

    fn address(&mut self, url: String) -> Result<(), Error> {
        if !self.url.is_empty() {
            return Err(Error::usage("the command has two addresses", SEVERAL));
        }
        self.url = url;
        Ok(())
    }

    /// `--name VALUE`. curl does not know `--name=VALUE`, people write it all the same.
    fn long(&mut self, word: &str, words: &mut impl Iterator<Item = String>) -> Result<(), Error> {
        let (name, glued) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value.to_owned())));
        let Some((_, known, does)) = OPTIONS.iter().find(|(_, long, _)| *long == name) else {
            // Every switch has its opposite.
            if name.strip_prefix("no-").is_some_and(|rest| OPTIONS.iter().any(|(_, long, _)| *long == rest)) {
                return Ok(());
            }
            let near = nearest(name, OPTIONS.iter().map(|(_, long, _)| *long));
            let legal = !name.is_empty()
                && name.len() <= 40
                && name.bytes().all(|b| b.is_ascii_lowercase() || b"-.0123456789".contains(&b));
            let message = match legal {
                true => format!("the option --{name} of curl is not known here"),
                false => "the command has a word with two dashes that is no option of curl".to_owned(),
            };
            let help = near.map_or_else(
                || "take it out if it does not change what is sent".to_owned(),
                |near| format!("did you mean --{near}?"),
            );
            return Err(Error::usage(message, help));
        };
        self.follow(*does, &format!("--{known}"), glued, words)
    }

    /// `-sSL`, `-XPOST`, `-X POST`.
    fn short(&mut self, cluster: &str, words: &mut impl Iterator<Item = String>) -> Result<(), Error> {
        for (at, letter) in cluster.char_indices() {
            let Some((_, _, does)) = OPTIONS.iter().find(|(short, _, _)| *short == letter && letter != ' ') else {
                let shown = if letter.is_ascii_alphanumeric() { letter } else { '?' };
                let message = format!("the option -{shown} of curl is not known here");
                return Err(Error::usage(message, "take it out if it does not change what is sent"));
            };
            let rest = &cluster[at + letter.len_utf8()..];
            let glued = (!rest.is_empty()).then(|| rest.to_owned());
            let takes = does.takes();
            self.follow(*does, &format!("-{letter}"), glued.filter(|_| takes), words)?;
            if takes {
                return Ok(());
            }
        }
        Ok(())
    }

    fn follow(
        &mut self,
        does: Does,
        option: &str,
        glued: Option<String>,
        words: &mut impl Iterator<Item = String>,
    ) -> Result<(), Error> {
        if let Does::Refused(help) = does {
            return Err(Error::usage(format!("a preset cannot do what {option} of curl does"), help));
        }
        let missing = || Error::usage(format!("the option {option} of curl lacks its value"), "copy the whole command");
        let text = match does.takes() {
            true => glued.or_else(|| words.next()).ok_or_else(missing)?,
            false => String::new(),
        };
        match does {
            Does::Method => self.method = Some(text),
            Does::Header => self.header(&text),
            Does::Data { file: true } if text.starts_with('@') => return Err(from_file(option)),
            Does::Data { .. } => self.data.push(text),
            Does::Encoded => self.data.push(encoded(&text, option)?),
            Does::Json if text.starts_with('@') => return Err(from_file(option)),
            Does::Json => {
                self.json = true;
                self.data.push(text);
            }
            Does::Url => self.address(text)?,
            Does::Query if text.starts_with('+') => self.query.push(text[1..].to_owned()),
            Does::Query => self.query.push(encoded(&text, option)?),
            Does::User => self.user = Some(text),
            Does::Bearer => self.bearer = Some(text),
            // Without `=` it names a file of cookies.
            Does::Cookie if text.contains('=') => self.cookies.push(text),
            Does::AsHeader(name) => self.headers.push((name.to_owned(), text)),
            Does::Credential => {
                self.secrets.push(text);
                self.ignored.push(option.to_owned());
            }
            Does::Proxy => {
                let user = text.rsplit_once('@').map(|(user, _)| user.rsplit_once('/').map_or(user, |(_, user)| user));
                self.secrets.extend(user.map(str::to_owned));
                self.ignored.push(option.to_owned());
            }
            Does::Get => self.get = true,
            Does::Head => self.head = true,
            Does::Cookie | Does::Nothing | Does::NothingWith | Does::Refused(_) => self.ignored.push(option.to_owned()),
        }
        Ok(())
    }

    fn header(&mut self, text: &str) {
        // `X;` is a header without a value, `X:` takes one out.
        let (name, value) = text.split_once(':').unwrap_or((text.trim_end_matches(';'), ""));
        let (name, value) = (name.trim(), value.trim());
        if name.eq_ignore_ascii_case("cookie") {
            self.cookies.push(value.to_owned());
        } else if !value.is_empty() {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
    }
}

fn from_file(option: &str) -> Error {
    Error::usage(format!("{option} of the command reads a file"), FILE)
}

/// `--data-urlencode`: `text`, `=text`, `name=text`; what comes after `=` is encoded.
fn encoded(text: &str, option: &str) -> Result<String, Error> {
    let form = |text: &str| presetter_template::encode::form(text);
    let at = text.find(['=', '@']);
    match at.map(|at| (&text[..at], &text[at..=at], &text[at + 1..])) {
        Some((_, "@", _)) => Err(from_file(option)),
        Some(("", _, content)) => Ok(form(content)),
        Some((name, _, content)) => Ok(format!("{name}={}", form(content))),
        None => Ok(form(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Call {
        Call::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    #[test]
    fn options_are_read_in_every_form() {
        let call = parse(
            "curl -sSXPOST -H 'A: b' --header=C:d -d x=1 --data-urlencode 'y=a b&' -uuser:pw --compressed https://h/",
        );
        assert_eq!(call.method.as_deref(), Some("POST"));
        assert_eq!(call.headers, [("A".into(), "b".into()), ("C".into(), "d".into())]);
        assert_eq!(call.data, ["x=1", "y=a+b%26"]);
        assert_eq!(call.user.as_deref(), Some("user:pw"));
        assert_eq!(call.ignored, ["-s", "-S", "--compressed"]);
        let call =
            parse("$ curl --json '{}' -b a=1 -b jar.txt -H 'Cookie: c=2' -H 'X;' -o out --no-fail -- https://h/");
        assert!(call.json && call.cookies == ["a=1", "c=2"] && call.headers.is_empty());
        assert_eq!(call.ignored, ["-b", "-o"]);
        assert!(parse("curl -G -d a=1 https://h/").get && parse("/usr/bin/curl -I https://h/").head);
    }

    #[test]
    fn mistakes_are_told_without_values() {
        for (line, said) in [
            ("wget https://h/SECRET", "no curl command"),
            ("curl -H SECRET", "no address"),
            ("curl https://h/SECRET https://SECRET", "two addresses"),
            ("curl --heder SECRET https://h", "did you mean --header?"),
            ("curl --SECRET https://h", "no option of curl"),
            ("curl -\u{1b}SECRET https://h", "-? of curl"),
            ("curl -d @SECRET https://h", "-d of the command reads a file"),
            ("curl --data-urlencode a@SECRET https://h", "reads a file"),
            ("curl --json @SECRET https://h", "reads a file"),
            ("curl -F a=SECRET https://h", "-F of curl"),
            ("curl https://h --next https://SECRET", "--next"),
            ("curl https://h -X", "lacks its value"),
        ] {
            let told = Call::parse(line).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(told.contains(said) && !told.contains("SECRET"), "{line}: {told}");
        }
    }
}
