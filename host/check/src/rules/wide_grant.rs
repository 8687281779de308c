//! A grant that allows more than the bundle's requests need.

use presetter_manifest::{AuthKind, GrantRequest, Text};
use presetter_template::Problem;

use crate::finding::{Level, Tell};
use crate::grants::{Sent, parts};
use crate::lint::{Lint, Look};
use crate::subject::Subject;

pub(crate) const LINT: Lint = Lint {
    name: "wide-grant",
    level: Level::Warning,
    means: "No request of any preset or login can need a method or a path that is granted, or a narrower path would do.",
    why: "What is not needed is only of use to a mistake. A bundle with scripts or a component of its own is left out, since its \
          requests are not known, and so is what a redirect may need.",
    mended: "",
    look: Look::Bundle(look),
};

/// What the bundle sends, as far as its manifests tell.
struct Sends {
    requests: Vec<Sent>,
    /// Some preset follows redirects.
    redirects: bool,
}

fn look(subject: &Subject, tell: &mut Tell<'_>) {
    if subject.has_code() || subject.presets.is_empty() {
        return;
    }
    let requests = subject.presets.iter().flat_map(|preset| subject.requests(&preset.is)).map(Sent::request);
    let kinds = subject.bundle.is.connections.values().filter(|kind| kind.auth == AuthKind::Session);
    let logins = kinds.filter_map(|kind| kind.login.as_ref()).map(|login| Sent::of(&login.method, &login.path));
    let redirects = subject.presets.iter().any(|preset| preset.is.redirects.is_some());
    let sends = Sends { requests: requests.chain(logins).collect(), redirects };
    for grant in &subject.bundle.is.grants {
        for problem in sends.unneeded(grant) {
            tell.at(&subject.bundle.source, problem);
        }
    }
}

impl Sends {
    fn unneeded(&self, grant: &GrantRequest) -> Vec<Problem> {
        if let Some(host) = &grant.host {
            let problem = Problem::new("nothing can use this grant: no preset follows redirects", host.span());
            let hint =
                "requests go to the base URL; another host is reached by a redirect alone: redirects = 1 in a preset";
            return if self.redirects { Vec::new() } else { vec![problem.with_hint(hint)] };
        }
        let paths: Vec<Problem> = grant.paths.iter().filter_map(|path| self.path(grant, path)).collect();
        let all_idle = paths.len() == grant.paths.len() && grant.paths.iter().all(|p| self.users(grant, p).is_empty());
        let methods = grant.methods.iter().filter(|_| !all_idle).filter_map(|method| self.method(grant, method));
        methods.chain(paths.iter().cloned()).collect()
    }

    /// The requests that need a path of a grant.
    fn users(&self, grant: &GrantRequest, path: &Text) -> Vec<&Sent> {
        let methods = |sent: &&Sent| grant.methods.iter().any(|method| method.as_str() == sent.method);
        self.requests.iter().filter(methods).filter(|sent| sent.fits(path.as_str())).collect()
    }

    fn method(&self, grant: &GrantRequest, method: &Text) -> Option<Problem> {
        let redirected = self.redirects && reads(method);
        let used = |path: &Text| self.users(grant, path).iter().any(|sent| sent.method == method.as_str());
        if redirected || grant.paths.iter().any(used) {
            return None;
        }
        let problem = Problem::new(format!("no request needs {method} on these paths"), method.span());
        Some(problem.with_hint("take the method out"))
    }

    fn path(&self, grant: &GrantRequest, path: &Text) -> Option<Problem> {
        if self.redirects && grant.methods.iter().any(reads) {
            return None;
        }
        let users = self.users(grant, path);
        if users.is_empty() {
            return Some(
                Problem::new(format!("no request needs the path {path}"), path.span()).with_hint("take it out"),
            );
        }
        let parts = parts(path.as_str());
        let rest = parts.last() == Some(&"**");
        let fixed = |at: usize| users.iter().all(|sent| sent.path.get(at).is_some_and(Option::is_some));
        let loose = parts.iter().enumerate().any(|(at, part)| *part == "*" && fixed(at));
        if !rest && !loose {
            return None;
        }
        let mut needed: Vec<String> = users.iter().map(|sent| format!("\"{}\"", sent.pattern())).collect();
        needed.sort();
        needed.dedup();
        let problem = Problem::new(format!("the path {path} allows more than the requests need"), path.span());
        Some(problem.with_hint(format!("this is enough: {}", needed.join(", "))))
    }
}

fn reads(method: &Text) -> bool {
    ["GET", "HEAD"].contains(&method.as_str())
}

#[cfg(test)]
mod tests {
    use crate::draft::Draft;

    fn granted(methods: &str, paths: &str) -> Draft {
        Draft::new().shared("methods = ['GET']\npaths = ['users/*']", &format!("methods = {methods}\npaths = {paths}"))
    }

    #[test]
    fn what_no_request_needs_is_told() {
        for (methods, paths, told) in [
            ("['GET']", "['users/*', 'groups']", "wide-grant: 'groups'"),
            ("['GET', 'DELETE']", "['users/*']", "wide-grant: 'DELETE'"),
            ("['GET']", "['users/**']", "wide-grant: 'users/**'"),
            ("['GET']", "['**']", "wide-grant: '**'"),
            ("['GET']", "['*/*']", "wide-grant: '*/*'"),
            ("['GET']", "['users/*', 'users/']", "wide-grant: 'users/'"),
        ] {
            assert_eq!(granted(methods, paths).told(), [told], "{methods} {paths}");
        }
        let other =
            Draft::new().shared("[settings]", "[[grants]]\nmethods = ['POST']\npaths = ['users', 'x']\n[settings]");
        assert_eq!(other.told(), ["wide-grant: 'users'", "wide-grant: 'x'"]);
    }

    #[test]
    fn what_would_do_is_said() {
        let report = granted("['GET']", "['**']").report();
        let hint = report.findings[0].diagnostic.problem.hint.as_deref();
        assert_eq!(hint, Some("this is enough: \"users/*\""));
    }

    #[test]
    fn what_a_redirect_may_need_stays() {
        let files = "[[grants]]\nmethods = ['GET']\nhost = 'files.acme.example'\npaths = ['**']\n[settings]";
        let draft = Draft::new().shared("[settings]", files);
        assert_eq!(draft.told(), ["wide-grant: 'files.acme.example'"]);
        assert_eq!(draft.with("effect =", "redirects = 1\neffect =").told(), [""; 0]);
        let wide = granted("['GET']", "['**']").with("effect =", "redirects = 1\neffect =");
        assert_eq!(wide.told(), [""; 0]);
    }

    #[test]
    fn requests_of_scripts_are_not_known() {
        let script = granted("['GET', 'POST']", "['**']")
            .with("[outputs]\nname = '{{response.name}}'", "[returns]\nname = 'the name'")
            .with("effect =", "script = 'run.js'\neffect =")
            .file("get-user/run.js", "");
        assert_eq!(script.told(), [""; 0]);
    }
}
