//! The options of curl, and what each says of the request.
//!
//! Owns the table. An option that is not in it is refused: it may change what is sent.

/// What an option does.
#[derive(Clone, Copy)]
pub(super) enum Does {
    Method,
    Header,
    /// A part of the body: whether `@` names a file, and whether it is encoded.
    Data {
        file: bool,
    },
    Encoded,
    Json,
    Url,
    Query,
    User,
    Bearer,
    Cookie,
    AsHeader(&'static str),
    Get,
    Head,
    Nothing,
    /// The same, and the next word is a credential.
    Credential,
    /// The same, and the next word is an address that may have one.
    Proxy,
    /// The same, and the next word belongs to it.
    NothingWith,
    Refused(&'static str),
}

const FORM: &str = "a preset sends JSON or a form of texts; uploads of files are for a component";
pub(super) const FILE: &str = "put what is in the file into the command";
pub(super) const SEVERAL: &str = "give each request by itself";
const DIGEST: &str = "a connection authenticates by key, HTTP Basic, bearer token or session";

/// Options as people and browsers write them: short, long, meaning. The rest of curl's tune transport and output.
pub(super) const OPTIONS: [(char, &str, Does); 109] = [
    ('X', "request", Does::Method),
    ('H', "header", Does::Header),
    ('d', "data", Does::Data { file: true }),
    (' ', "data-ascii", Does::Data { file: true }),
    (' ', "data-binary", Does::Data { file: true }),
    (' ', "data-raw", Does::Data { file: false }),
    (' ', "data-urlencode", Does::Encoded),
    (' ', "json", Does::Json),
    (' ', "url", Does::Url),
    (' ', "url-query", Does::Query),
    ('u', "user", Does::User),
    (' ', "oauth2-bearer", Does::Bearer),
    ('b', "cookie", Does::Cookie),
    ('A', "user-agent", Does::AsHeader("User-Agent")),
    ('e', "referer", Does::AsHeader("Referer")),
    ('G', "get", Does::Get),
    ('I', "head", Does::Head),
    ('F', "form", Does::Refused(FORM)),
    (' ', "form-string", Does::Refused(FORM)),
    ('T', "upload-file", Does::Refused(FORM)),
    ('K', "config", Does::Refused(FILE)),
    (' ', "variable", Does::Refused(FILE)),
    (':', "next", Does::Refused(SEVERAL)),
    (' ', "digest", Does::Refused(DIGEST)),
    (' ', "ntlm", Does::Refused(DIGEST)),
    (' ', "negotiate", Does::Refused(DIGEST)),
    (' ', "aws-sigv4", Does::Refused(DIGEST)),
    ('s', "silent", Does::Nothing),
    ('S', "show-error", Does::Nothing),
    ('L', "location", Does::Nothing),
    (' ', "location-trusted", Does::Nothing),
    ('k', "insecure", Does::Nothing),
    ('i', "include", Does::Nothing),
    (' ', "show-headers", Does::Nothing),
    ('v', "verbose", Does::Nothing),
    ('f', "fail", Does::Nothing),
    (' ', "fail-with-body", Does::Nothing),
    (' ', "fail-early", Does::Nothing),
    ('g', "globoff", Does::Nothing),
    ('n', "netrc", Does::Nothing),
    ('N', "no-buffer", Does::Nothing),
    ('q', "disable", Does::Nothing),
    ('O', "remote-name", Does::Nothing),
    ('J', "remote-header-name", Does::Nothing),
    ('R', "remote-time", Does::Nothing),
    ('#', "progress-bar", Does::Nothing),
    ('0', "http1.0", Does::Nothing),
    (' ', "http1.1", Does::Nothing),
    (' ', "http2", Does::Nothing),
    (' ', "http2-prior-knowledge", Does::Nothing),
    (' ', "http3", Does::Nothing),
    (' ', "http3-only", Does::Nothing),
    ('1', "tlsv1", Does::Nothing),
    (' ', "tlsv1.0", Does::Nothing),
    (' ', "tlsv1.1", Does::Nothing),
    (' ', "tlsv1.2", Does::Nothing),
    (' ', "tlsv1.3", Does::Nothing),
    ('4', "ipv4", Does::Nothing),
    ('6', "ipv6", Does::Nothing),
    ('a', "append", Does::Nothing),
    ('j', "junk-session-cookies", Does::Nothing),
    ('Z', "parallel", Does::Nothing),
    (' ', "compressed", Does::Nothing),
    (' ', "tr-encoding", Does::Nothing),
    (' ', "raw", Does::Nothing),
    (' ', "basic", Does::Nothing),
    (' ', "anyauth", Does::Nothing),
    (' ', "path-as-is", Does::Nothing),
    (' ', "ssl-no-revoke", Does::Nothing),
    (' ', "tcp-nodelay", Does::Nothing),
    (' ', "no-keepalive", Does::Nothing),
    (' ', "no-progress-meter", Does::Nothing),
    (' ', "post301", Does::Nothing),
    (' ', "post302", Does::Nothing),
    (' ', "post303", Does::Nothing),
    (' ', "retry-all-errors", Does::Nothing),
    (' ', "retry-connrefused", Does::Nothing),
    (' ', "create-dirs", Does::Nothing),
    (' ', "styled-output", Does::Nothing),
    (' ', "trace-time", Does::Nothing),
    ('o', "output", Does::NothingWith),
    (' ', "output-dir", Does::NothingWith),
    ('w', "write-out", Does::NothingWith),
    ('m', "max-time", Does::NothingWith),
    (' ', "connect-timeout", Does::NothingWith),
    (' ', "retry", Does::NothingWith),
    (' ', "retry-delay", Does::NothingWith),
    (' ', "retry-max-time", Does::NothingWith),
    (' ', "max-redirs", Does::NothingWith),
    (' ', "max-filesize", Does::NothingWith),
    (' ', "limit-rate", Does::NothingWith),
    ('x', "proxy", Does::Proxy),
    (' ', "pass", Does::Credential),
    ('U', "proxy-user", Does::Credential),
    (' ', "noproxy", Does::NothingWith),
    (' ', "cacert", Does::NothingWith),
    (' ', "capath", Does::NothingWith),
    ('E', "cert", Does::Credential),
    (' ', "key", Does::NothingWith),
    (' ', "ciphers", Does::NothingWith),
    (' ', "resolve", Does::NothingWith),
    (' ', "connect-to", Does::NothingWith),
    (' ', "interface", Does::NothingWith),
    (' ', "keepalive-time", Does::NothingWith),
    ('c', "cookie-jar", Does::NothingWith),
    ('D', "dump-header", Does::NothingWith),
    (' ', "trace", Does::NothingWith),
    (' ', "trace-ascii", Does::NothingWith),
    (' ', "stderr", Does::NothingWith),
];

impl Does {
    /// Whether the next word belongs to it.
    pub(super) fn takes(self) -> bool {
        !matches!(self, Self::Get | Self::Head | Self::Nothing | Self::Refused(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_option_is_listed_twice() {
        for (at, (short, long, _)) in OPTIONS.iter().enumerate() {
            let twice = OPTIONS[..at].iter().any(|(s, l, _)| l == long || s == short && *s != ' ');
            assert!(!twice, "{long}");
        }
    }
}
