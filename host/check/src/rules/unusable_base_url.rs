//! A base URL that no connection takes as it is.

use presetter_manifest::Text;
use presetter_template::Problem;
use url::{Host, Url};

use crate::finding::{Level, Tell};
use crate::lint::{Lint, Look};
use crate::subject::Subject;

pub(crate) const LINT: Lint = Lint {
    name: "unusable-base-url",
    level: Level::Warning,
    means: "The `base_url` of a connection kind is no address, or goes by plain http to another machine.",
    why: "`presetter connection add` refuses it. What goes by http can be read and changed by anyone on the way, credentials too.",
    mended: "",
    look: Look::Bundle(look),
};

fn look(subject: &Subject, tell: &mut Tell<'_>) {
    for url in subject.bundle.is.connections.values().filter_map(|kind| kind.base_url.as_ref()) {
        if let Some((why, hint)) = complaint(url) {
            tell.at(&subject.bundle.source, Problem::new(why, url.span()).with_hint(hint));
        }
    }
}

fn complaint(text: &Text) -> Option<(String, String)> {
    let Ok(url) = Url::parse(text.as_str()) else {
        return Some((format!("\"{text}\" is no address"), "write it as https://host/path".into()));
    };
    let rest = url.as_str().trim_start_matches("http");
    match url.scheme() {
        "https" => None,
        "http" if loopback(&url) => None,
        "http" => Some((
            "plain http can be read by anyone on the way".into(),
            format!("write https{}", rest.trim_end_matches('/')),
        )),
        _ => Some(("only https addresses can be called".into(), "write it as https://host/path".into())),
    }
}

fn loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    fn at(url: &str) -> Vec<String> {
        Draft::new().shared("https://api.acme.example", url).told()
    }

    #[test]
    fn only_https_and_this_machine_will_do() {
        for url in ["http://api.acme.example/v1", "api.acme.example", "ftp://api.acme.example", "http://10.0.0.1"] {
            assert_eq!(at(url), [format!("unusable-base-url: '{url}'")]);
        }
        for url in ["https://api.acme.example/v1", "http://localhost:8080", "http://127.0.0.1/x", "http://[::1]"] {
            assert_eq!(at(url), [""; 0], "{url}");
        }
    }
}
