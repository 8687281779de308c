//! What a person writes to name something in a registry: `HOST[:PORT]/REPOSITORY[:TAG][@sha256:...]`.
//!
//! Owns the grammar of the OCI distribution specification for repositories and tags, and our own, narrower one for hosts. It
//! must never guess: no default registry, no default tag, no name that a URL parser would read as something else.
//! Invariant: what is read here stands in a path of a URL as it is, with nothing to encode.

use std::{fmt, net::IpAddr, str::FromStr};

use presetter_egress::address;
use presetter_package::Digest;

use crate::text;

/// Longest host with its repository, which the specification advises and many registries ask for.
const NAME_BYTES: usize = 255;

/// A repository in a registry, and perhaps which of its contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    host: Host,
    repository: String,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

/// A registry's host name or literal address, and its port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    /// In lower case; IPv6 in brackets.
    name: String,
    port: Option<u16>,
}

/// A name within a repository that can be moved from one content to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

/// Why a text is no [`Reference`]; its words say what one looks like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` does not name a bundle in a registry: {reason}\nWrite HOST/REPOSITORY:VERSION, such as registry.example.com/acme/jamf:1.2.0, or HOST/REPOSITORY@sha256:..."
)]
pub struct BadReference {
    text: String,
    reason: &'static str,
}

impl Reference {
    /// The registry.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The repository's name within its registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, if one was written.
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest, if one was written. It decides, whatever the tag says.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The same repository, and this content of it alone.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Reference {
        Reference { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// The same repository, and this tag of it.
    #[must_use]
    pub fn tagged(&self, tag: Tag) -> Reference {
        Reference { tag: Some(tag), digest: None, ..self.clone() }
    }

    /// Host and repository, as messages name them.
    pub fn place(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = BadReference;

    fn from_str(whole: &str) -> Result<Reference, BadReference> {
        let bad = |reason| BadReference { text: text::clean(whole, 200), reason };
        if whole.contains("://") {
            return Err(bad("leave out what stands before the host, such as https://"));
        }
        let (rest, digest) = match whole.split_once('@') {
            Some((rest, digest)) => {
                let digest = digest.parse().map_err(|_| bad("after `@` goes sha256: and 64 digits, 0-9 and a-f"))?;
                (rest, Some(digest))
            }
            None => (whole, None),
        };
        let Some((host, name)) = rest.split_once('/') else {
            return Err(bad("it has no `/` between the host and the repository"));
        };
        let host: Host = host.parse().map_err(bad)?;
        let (repository, tag) = match name.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag.parse().map_err(bad)?)),
            None => (name, None),
        };
        if !repository.split('/').all(is_component) {
            return Err(bad(
                "a repository is lower-case letters and digits, in parts with `/` between them; within a part `.`, `_`, `__` or `-` may stand between two of them",
            ));
        }
        if host.to_string().len() + 1 + repository.len() > NAME_BYTES {
            return Err(bad("host and repository are longer than 255 characters"));
        }
        Ok(Reference { host, repository: repository.to_owned(), tag, digest })
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, as the specification has it.
fn is_component(part: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    // What is left between two letters or digits, once these are taken out.
    let separators = part.split(alphanumeric).filter(|between| !between.is_empty());
    part.starts_with(alphanumeric)
        && part.ends_with(alphanumeric)
        && separators.into_iter().all(|s| matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

impl FromStr for Tag {
    type Err = &'static str;

    /// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
    fn from_str(tag: &str) -> Result<Tag, &'static str> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let begins = tag.bytes().next().is_some_and(word);
        if begins && tag.len() <= 128 && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-')) {
            Ok(Tag(tag.to_owned()))
        } else {
            Err("a tag is at most 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two")
        }
    }
}

impl Tag {
    /// The tag for a version. A tag cannot hold `+`, so `_` stands for it, as other tools write it too.
    ///
    /// # Errors
    ///
    /// The version is longer than a tag may be.
    pub fn of_version(version: &semver::Version) -> Result<Tag, &'static str> {
        version.to_string().replace('+', "_").parse()
    }

    /// The version that this tag stands for, if it looks like one.
    pub fn version(&self) -> Option<semver::Version> {
        semver::Version::parse(&self.0.replacen('_', "+", 1)).ok()
    }

    /// The tag as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Host {
    /// Whether it is this machine by one of its plain names, which alone may be spoken to by http.
    pub fn is_loopback(&self) -> bool {
        matches!(self.name.as_str(), "localhost" | "127.0.0.1" | "[::1]")
    }

    /// Whether whoever wrote it named this machine, or an address of a private network as a number.
    pub(crate) fn is_private(&self) -> bool {
        let literal = self.name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        self.is_loopback() || literal.is_ok_and(|ip| !address::is_public(ip) && address::refusal(ip, true).is_none())
    }

    /// Whether it is Docker Hub, whose registry answers under another name than the one that everyone writes.
    pub(crate) fn is_docker_hub(&self) -> bool {
        self.port.is_none() && matches!(self.name.as_str(), "docker.io" | "index.docker.io" | "registry-1.docker.io")
    }

    /// Where its server is.
    pub(crate) fn server(&self) -> String {
        if self.is_docker_hub() { "registry-1.docker.io".to_owned() } else { self.to_string() }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl FromStr for Host {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Host, &'static str> {
        const BAD_PORT: &str = "a port is a number from 1 to 65535";
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0') => {
                Some(digits.parse().map_err(|_| BAD_PORT)?)
            }
            Some(_) => return Err(BAD_PORT),
            None => None,
        };
        let name = name.to_ascii_lowercase();
        // A name without dot and port is the first part of a repository elsewhere: `acme/jamf` is a bundle's name.
        if port.is_none() && name != "localhost" && !name.contains(['.', ':']) {
            return Err("it does not begin with the host of a registry, which has a `.` or a port in it");
        }
        // A URL's host is read more generously (`0x7f.1` is 127.0.0.1 there): only what stays as it is can be a host.
        let same = url::Host::parse(&name).is_ok_and(|host| host.to_string() == name);
        let labels = name.starts_with('[') || name.split('.').all(is_label);
        if !same || !labels {
            return Err(
                "the host is neither a name such as registry.example.com, nor an address such as 10.0.0.7 or [fd00::7]",
            );
        }
        Ok(Host { name, port })
    }
}

fn is_label(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn reason(text: &str) -> &'static str {
        text.parse::<Reference>().expect_err(text).reason
    }

    #[test]
    fn references_read_back_as_they_were() {
        for text in [
            "registry.example.com/acme/jamf:1.2.0",
            "registry.example.com/jamf",
            "localhost/jamf:1",
            "localhost:5000/a/b/c/d:v1.0.0-rc.1",
            "127.0.0.1:5000/a",
            "[::1]:5000/a:_x",
            "[fd00::7]/a__b/c-d/e--f.g_h:A.b-C",
            "registry:5000/jamf:1.0.0_build.5",
            "xn--bcher-kva.example/a",
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
            let pinned = format!("{text}@sha256:{HEX}");
            let read = pinned.parse::<Reference>().unwrap();
            assert_eq!(read.to_string(), pinned);
            assert_eq!(read.digest().unwrap().to_string(), format!("sha256:{HEX}"));
        }
        let read: Reference = "Registry.Example.COM/acme/jamf:1.2.0".parse().unwrap();
        assert_eq!(read.place(), "registry.example.com/acme/jamf");
        assert_eq!(read.tag().unwrap().as_str(), "1.2.0");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, words) in [
            ("", "no `/`"),
            ("jamf", "no `/`"),
            ("jamf:1.0", "no `/`"),
            ("acme/jamf", "begin with the host"),
            ("acme/jamf:1.0.0", "begin with the host"),
            ("https://registry.example.com/a", "leave out"),
            ("oci://registry.example.com/a", "leave out"),
            ("r.example/A", "lower-case"),
            ("r.example/a b", "lower-case"),
            ("r.example/", "lower-case"),
            ("r.example//a", "lower-case"),
            ("r.example/a/", "lower-case"),
            ("r.example/../a", "lower-case"),
            ("r.example/a/./b", "lower-case"),
            ("r.example/a..b", "lower-case"),
            ("r.example/a___b", "lower-case"),
            ("r.example/a-_b", "lower-case"),
            ("r.example/-a", "lower-case"),
            ("r.example/a_", "lower-case"),
            ("r.example/a%2fb", "lower-case"),
            ("r.example/a?x", "lower-case"),
            ("r.example/a#x", "lower-case"),
            ("r.example/é", "lower-case"),
            ("r.example/a:", "a tag"),
            ("r.example/a:.x", "a tag"),
            ("r.example/a:-x", "a tag"),
            ("r.example/a:x/y", "a tag"),
            ("r.example/a:x:y", "a tag"),
            ("r.example/a:x+y", "a tag"),
            ("r.example/a@", "after `@`"),
            ("r.example/a@sha256:abc", "after `@`"),
            ("r.example/a@sha512:abc", "after `@`"),
            ("user@r.example/a", "after `@`"),
            ("r.example:0/a", "port"),
            ("r.example:/a", "port"),
            ("r.example:65536/a", "port"),
            ("r.example:+1/a", "port"),
            ("r.example:08/a", "port"),
            ("r..example/a", "the host"),
            ("r.example./a", "the host"),
            ("-r.example/a", "the host"),
            ("r_r.example/a", "the host"),
            ("0x7f.1/a", "the host"),
            ("127.1/a", "the host"),
            ("127.0.0.01/a", "the host"),
            ("2130706433:80/a", "the host"),
            ("[::0001]/a", "the host"),
            ("[::1/a", "the host"),
            ("bücher.example/a", "the host"),
            ("r.exam\u{ad}ple/a", "the host"),
        ] {
            assert!(reason(text).contains(words), "{text}: {}", reason(text));
        }
        assert!(reason(&format!("r.example/a@sha256:{}", HEX.to_uppercase())).contains("after `@`"));
        assert!(reason(&format!("r.example/a:{}", "x".repeat(129))).contains("a tag"));
        assert!(reason(&format!("r.example/{}", "x".repeat(250))).contains("255"));
    }

    #[test]
    fn a_message_holds_no_control_character() {
        let error = "r.example/\u{1b}[31m\u{202e}x".parse::<Reference>().unwrap_err().to_string();
        assert!(error.contains(r"\u{1b}[31m\u{202e}x") && error.contains("such as registry.example.com"), "{error}");
    }

    #[test]
    fn hosts_are_judged_by_what_was_written() {
        let host = |text: &str| text.parse::<Host>().unwrap();
        for text in ["localhost", "localhost:5000", "127.0.0.1:5000", "[::1]"] {
            assert!(host(text).is_loopback() && host(text).is_private(), "{text}");
        }
        for text in ["127.0.0.2", "10.1.2.3:5000", "[fd00::1]"] {
            assert!(!host(text).is_loopback() && host(text).is_private(), "{text}");
        }
        for text in ["registry.example.com", "8.8.8.8", "169.254.169.254", "localhost.example.com", "a.localhost"] {
            assert!(!host(text).is_loopback() && !host(text).is_private(), "{text}");
        }
        assert_eq!(host("docker.io").server(), "registry-1.docker.io");
        assert_eq!(host("docker.io:444").server(), "docker.io:444");
    }

    #[test]
    fn versions_become_tags_and_back() {
        for text in ["1.0.0", "1.0.0-rc.1", "1.0.0+build.5", "1.0.0-a+b"] {
            let version = semver::Version::parse(text).unwrap();
            assert_eq!(Tag::of_version(&version).unwrap().version(), Some(version));
        }
        assert_eq!("latest".parse::<Tag>().unwrap().version(), None);
    }
}
