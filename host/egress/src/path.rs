//! Which paths a grant covers.
//!
//! Compared segment by segment after percent-decoding, so that `%75sers` is `users`. What a server might read as another
//! path (`.`, `..`, an empty segment, a slash hidden as `%2F`) never matches: a grant must not be wider than it reads.

use std::{fmt, str::FromStr};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What `Display` encodes, so that a shown pattern reads back as the same one.
const SHOWN_ENCODED: &AsciiSet = &CONTROLS.add(b'%').add(b'*').add(b'?').add(b'#');

/// A path of a grant: `/v1/users/*/x`, `/v1/**`.
///
/// `*` stands for exactly one segment, `**` (at the end only) for any rest, also none. A pattern that ends in `/` matches
/// only paths that end in `/`; after `**` both are matched.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathPattern {
    segments: Vec<Segment>,
    end: End,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    /// The decoded text of the segment.
    Literal(String),
    One,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum End {
    Here,
    Slash,
    AnyRest,
    /// Whatever it is, however a server may read it.
    Anything,
}

/// Why a text is not a path pattern; its `Display` says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a path for a grant: {reason}")]
pub struct BadPattern {
    pattern: String,
    reason: &'static str,
}

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// [`BadPattern`] if it does not begin with `/`, has a query or fragment, an empty, `.` or `..` segment, `**` before
    /// the end, or a `*` that is only part of a segment.
    pub fn parse(pattern: &str) -> Result<PathPattern, BadPattern> {
        let bad = |reason| BadPattern { pattern: pattern.to_owned(), reason };
        let Some(rest) = pattern.strip_prefix('/') else {
            return Err(bad("it must begin with `/`"));
        };
        if rest.contains(['?', '#']) {
            return Err(bad("a grant covers paths; leave out `?` and `#` and what follows"));
        }
        let mut parts: Vec<&str> = rest.split('/').collect();
        let end = match parts.last() {
            Some(&"**") => End::AnyRest,
            Some(&"") if parts.len() > 1 => End::Slash,
            _ => End::Here,
        };
        // `/` alone leaves one empty part: the path without any segment.
        if end != End::Here || parts == [""] {
            parts.pop();
        }
        let mut segments = Vec::with_capacity(parts.len());
        for part in parts {
            segments.push(match part {
                "*" => Segment::One,
                "**" => return Err(bad("`**` can only be the last part")),
                _ if part.contains('*') => {
                    return Err(bad("`*` stands for a whole part between two slashes"));
                }
                _ => match decode(part) {
                    Some(text) if plain(&text) => Segment::Literal(text),
                    _ => {
                        return Err(bad("a part is empty, `.`, `..`, or hides a slash or a control character"));
                    }
                },
            });
        }
        Ok(PathPattern { segments, end })
    }

    /// Every path of a server, also one with empty or encoded parts, which `/**` leaves out. For where the other side says
    /// what to ask for, and nothing at that server is out of bounds.
    pub fn any() -> PathPattern {
        PathPattern { segments: Vec::new(), end: End::Anything }
    }

    /// Whether `path` (as in a URL, percent-encoded, beginning with `/`) is covered.
    pub fn matches(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix('/') else {
            return false;
        };
        let (rest, slash) = match rest.strip_suffix('/') {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let parts: Vec<&str> = if rest.is_empty() && !slash { Vec::new() } else { rest.split('/').collect() };
        let length = match self.end {
            End::Here => !slash && parts.len() == self.segments.len(),
            End::Slash => slash && parts.len() == self.segments.len(),
            End::AnyRest => parts.len() >= self.segments.len(),
            End::Anything => return true,
        };
        length
            && parts.iter().enumerate().all(|(at, part)| match (decode(part), self.segments.get(at)) {
                (Some(text), Some(Segment::Literal(wanted))) => text == *wanted,
                (Some(text), Some(Segment::One) | None) => plain(&text),
                (None, _) => false,
            })
    }
}

impl PathPattern {
    /// Whether every path that `other` covers is covered. What is not certain is not: never true for a wider one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let length = match self.end {
            End::Anything => return true,
            End::AnyRest => other.end != End::Anything && other.segments.len() >= self.segments.len(),
            end => other.end == end && other.segments.len() == self.segments.len(),
        };
        // What a pattern's literal says is one plain segment, as `*` and `**` want it.
        length
            && self.segments.iter().zip(&other.segments).all(|(own, other)| match own {
                Segment::Literal(_) => own == other,
                Segment::One => true,
            })
    }
}

impl FromStr for PathPattern {
    type Err = BadPattern;

    fn from_str(pattern: &str) -> Result<PathPattern, BadPattern> {
        PathPattern::parse(pattern)
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => write!(f, "/{}", utf8_percent_encode(text, SHOWN_ENCODED))?,
                Segment::One => f.write_str("/*")?,
            }
        }
        match self.end {
            End::AnyRest => f.write_str("/**"),
            End::Anything => f.write_str(", any path"),
            End::Slash => f.write_str("/"),
            End::Here if self.segments.is_empty() => f.write_str("/"),
            End::Here => Ok(()),
        }
    }
}

fn decode(part: &str) -> Option<String> {
    Some(percent_decode_str(part).decode_utf8().ok()?.into_owned())
}

/// A segment that every server reads as one: servers differ on whether a decoded slash separates.
fn plain(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.chars().any(|c| c == '/' || c == '\\' || c.is_control())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_cover_what_they_say() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("/", &["/"], &["", "/a", "//"]),
            (
                "/v1/users",
                &["/v1/users", "/v1/%75sers"],
                &["/v1/users/", "/v1/user", "/v1", "/V1/users", "v1/users", "//v1/users"],
            ),
            ("/v1/users/", &["/v1/users/"], &["/v1/users", "/v1/users//", "/v1/users/a/"]),
            (
                "/v1/users/*/x",
                &["/v1/users/7/x", "/v1/users/a%20b/x", "/v1/users/%C3%A9/x", "/v1/users/.../x", "/v1/users/*/x"],
                &[
                    "/v1/users/x",
                    "/v1/users//x",
                    "/v1/users/./x",
                    "/v1/users/../x",
                    "/v1/users/%2e%2E/x",
                    "/v1/users/a/b/x",
                    "/v1/users/a%2Fb/x",
                    "/v1/users/..%2Fadmin/x",
                    "/v1/users/..%5Cadmin/x",
                    "/v1/users/%00/x",
                    "/v1/users/%FF/x",
                ],
            ),
            ("/v1/*", &["/v1/a"], &["/v1/", "/v1", "/v1/a/b", "/v1/a/"]),
            (
                "/v1/**",
                &["/v1", "/v1/", "/v1/a", "/v1/a/b", "/v1/a/b/"],
                &["/v2", "/v1/../v2", "/v1/%2e%2e/v2", "/v1//a", "/v1/a//", "/v1/a%2F..%2Fb"],
            ),
            ("/**", &["/", "/a", "/a/b/c"], &["", "//", "//a", "/a/..", "/%2e"]),
            ("/a%20b", &["/a%20b", "/a b"], &["/a%2520b"]),
        ];
        for (pattern, yes, no) in table {
            let parsed = PathPattern::parse(pattern).unwrap();
            for path in *yes {
                assert!(parsed.matches(path), "{pattern} must cover {path}");
            }
            for path in *no {
                assert!(!parsed.matches(path), "{pattern} must not cover {path}");
            }
        }
    }

    #[test]
    fn any_path_is_covered_where_nothing_is_out_of_bounds() {
        for path in ["/", "/a", "//a", "/a//b/", "/a%2Fb/..", "/%FF"] {
            assert!(PathPattern::any().matches(path), "{path}");
        }
        assert!(!PathPattern::any().matches("") && !PathPattern::any().matches("a"));
        assert!(PathPattern::parse(&PathPattern::any().to_string()).is_err(), "nothing that a file says is as wide");
        let widest = PathPattern::parse("/**").unwrap();
        assert!(PathPattern::any().covers(&widest) && !widest.covers(&PathPattern::any()));
        assert!(PathPattern::any().covers(&PathPattern::any()));
    }

    #[test]
    fn patterns_that_mislead_are_refused() {
        for pattern in [
            "", "v1", "/v1/**/x", "/v*", "/v1/***", "/a//b", "/a/../b", "/./a", "/%2e%2e", "/a%2Fb", "/a?x=1", "/a#b",
            "/%FF", "//", "//a",
        ] {
            let error = PathPattern::parse(pattern).expect_err(pattern);
            assert!(error.to_string().contains(pattern));
        }
    }

    #[test]
    fn a_pattern_covers_what_is_no_wider() {
        for (wide, narrow) in [
            ("/**", "/"),
            ("/**", "/a/*/b/"),
            ("/a/**", "/a"),
            ("/a/**", "/a/"),
            ("/a/**", "/a/**"),
            ("/a/**", "/a/*/**"),
            ("/a/*", "/a/b"),
            ("/a/*", "/a/%62"),
            ("/*/b", "/a/b"),
            ("/a/*/", "/a/b/"),
        ] {
            let [wide, narrow] = [wide, narrow].map(|text| PathPattern::parse(text).unwrap());
            assert!(wide.covers(&narrow) && wide.covers(&wide), "{wide} must cover {narrow}");
            assert!(wide == narrow || !narrow.covers(&wide), "{narrow} must not cover {wide}");
        }
        for (one, other) in [("/a", "/b"), ("/a", "/a/"), ("/a/*", "/*/b"), ("/a/*", "/a/*/"), ("/a/**", "/b/**")] {
            let [one, other] = [one, other].map(|text| PathPattern::parse(text).unwrap());
            assert!(!one.covers(&other) && !other.covers(&one), "{one} and {other}");
        }
    }

    proptest! {
        /// What is covered allows no path that the other does not.
        #[test]
        fn to_cover_is_to_match_all(
            one in "(/([ab*]|%61)){0,3}(/\\*\\*|/)?",
            other in "(/([ab*]|%61)){0,3}(/\\*\\*|/)?",
            path in "(/([ab]|%2e|\\.\\.)?){0,4}/?",
        ) {
            if let (Ok(one), Ok(other)) = (PathPattern::parse(&one), PathPattern::parse(&other)) {
                prop_assert!(!one.covers(&other) || !other.matches(&path) || one.matches(&path), "{} {} {}", one, other, path);
            }
        }

        /// One `*` never lets a value reach another path, whatever the value and however it is encoded.
        #[test]
        fn a_star_is_one_segment(value in "\\PC{0,12}|(\\.|/|%2e|%2F|%5c|\\\\|a){0,6}") {
            let mut url = url::Url::parse("https://h/v1/users/x").unwrap();
            url.set_path(&format!("/v1/users/{value}"));
            let pattern = PathPattern::parse("/v1/users/*").unwrap();
            if pattern.matches(url.path()) {
                let decoded = percent_decode_str(url.path()).decode_utf8().unwrap();
                prop_assert_eq!(decoded.split(['/', '\\']).count(), 4);
                prop_assert!(decoded.starts_with("/v1/users/") && !decoded.ends_with("/.."));
            }
        }

        #[test]
        fn what_is_shown_reads_back(pattern in "(/([a-z*]|%2A|%25|%3F){1,3}){0,4}(/\\*\\*|/)?") {
            if let Ok(parsed) = PathPattern::parse(&pattern) {
                prop_assert_eq!(PathPattern::parse(&parsed.to_string()).unwrap(), parsed);
            }
        }
    }
}
