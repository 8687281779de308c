//! What can be known about a manifest without running it: names, templates in their contexts, expressions, and
//! whether what they refer to exists.

mod batch;

use indexmap::IndexMap;
use presetter_expr::{Dialect, Program};
use presetter_template::{Context, Options, Path, Problem, Step, Template, bounds};

use crate::{
    Answer, AuthKind, Bundle, CONTRACT, ConnectionKind, Effect, Preset, Repeat, Request, SlotPlace, Text, TokenPlace,
    host, is_bundle_name, suggest,
};

/// What an answer is called in rules and templates.
const ANSWER: [&str; 3] = ["response", "response_status", "response_headers"];
/// Most redirects in a row. Sites that move need one or two; browsers give up at twenty.
const MOST_REDIRECTS: u32 = 5;
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

/// Checks a bundle.
pub(crate) fn bundle(bundle: &Bundle, source: &str) -> Result<(), Vec<Problem>> {
    let mut check = Check::new(source);
    check.problems.extend(bundle.limits.problems.iter().cloned());
    check.bundle_name(&bundle.name);
    if bundle.contract.as_str() != CONTRACT {
        let message = format!("this bundle is made for contract {}; this program serves {CONTRACT}", bundle.contract);
        check.at(&bundle.contract, message, format!("write contract = \"{CONTRACT}\", or update the program"));
    }
    for grant in &bundle.grants {
        for method in &grant.methods {
            check.method(method);
        }
        if let Some(host) = &grant.host
            && let Err((why, hint)) = host::plain(host.as_str())
        {
            check.at(host, format!("\"{host}\" cannot be the host of a grant: {why}"), hint);
        }
        if grant.port.is_some() && grant.host.is_none() {
            check.anywhere(
                "port",
                "a grant without host is for the port of the base URL, which the operator chose".into(),
            );
            check.hint("take the port out, or add the host");
        }
    }
    for (name, setting) in &bundle.settings {
        if !setting.kind.accepts(&setting.default) {
            check.anywhere(name, format!("the default of setting \"{name}\" is not {}", setting.kind.name()));
        }
    }
    let settings = settings(bundle);
    check.answer(&bundle.answer, &[&ANSWER[..], &["codes", "settings"]].concat(), &settings);
    for (name, kind) in &bundle.connections {
        if let Some(url) = kind.base_url.as_ref().filter(|url| !url.as_str().is_ascii()) {
            let hint = "write the host in its ASCII form, which begins with xn--";
            check.at(url, "an address beyond ASCII may look like another".to_owned(), hint.to_owned());
        }
        check.connection(name, kind);
    }
    check.done()
}

/// Checks a preset of a bundle.
pub(crate) fn preset(preset: &Preset, source: &str, bundle: &Bundle) -> Result<(), Vec<Problem>> {
    let mut check = Check::new(source);
    let settings = settings(bundle);
    let inputs: Vec<&str> = preset.inputs.keys().map(String::as_str).collect();
    for name in &inputs {
        let fine = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && name.starts_with(|c: char| c.is_ascii_lowercase());
        if !fine {
            check.anywhere(name, format!("\"{name}\" cannot be an input's name: use lower-case letters, digits and _"));
        }
        if ["page", "narrow", "settings", "item", "found", "items", "codes"].contains(name) || ANSWER.contains(name) {
            check.anywhere(name, format!("\"{name}\" cannot be an input's name: templates know something else by it"));
        }
    }
    for name in &preset.needs_one_of {
        check.known(name, &inputs, "input");
    }
    if preset.effect.writes() && preset.repeat.is_none() {
        let hint =
            "add repeat = \"natural\" (twice is the same as once), \"probe\" (with [probe]), \"key\" or \"none\"";
        check.anywhere("effect", "a preset that writes must say how a repeat is safe".into());
        check.hint(hint);
    }
    if preset.repeat == Some(Repeat::Probe) && preset.probe.is_none() {
        check.anywhere("repeat", "repeat = \"probe\" needs a [probe] table".into());
    }
    let changing = |r: &&Request| ["PUT", "PATCH", "DELETE"].contains(&r.method.as_str());
    let requests = preset.request.iter().chain(preset.variants.values().filter_map(|v| v.request.as_ref()));
    if let Some(request) = requests.into_iter().find(changing).filter(|_| preset.effect == Effect::Read) {
        let hint = "a preset whose effect is \"read\" sends GET, HEAD or POST";
        check.at(&request.method, format!("{} changes something", request.method), hint.into());
    }
    if let Some(redirects) = preset.redirects {
        if preset.effect.writes() {
            check.anywhere("redirects", "redirects of a preset that writes are not followed".into());
            check.hint("a server could send the change elsewhere; take the line out");
        } else if !(1..=MOST_REDIRECTS).contains(&redirects) {
            check.anywhere("redirects", format!("redirects must be between 1 and {MOST_REDIRECTS}"));
            check.hint("it is how many are followed in a row; without the line none is");
        }
    }
    if preset.effect == Effect::Read && preset.probe.is_some() {
        check.anywhere("probe", "a preset that only reads needs no [probe]".into());
    }
    check.form(preset, bundle);
    for kind in preset.connections.iter().flatten() {
        let kinds: Vec<&str> = bundle.connections.keys().map(String::as_str).collect();
        check.known(kind, &kinds, "connection kind");
    }
    for kind in preset.variants.keys().filter(|k| !bundle.connections.contains_key(*k)) {
        check.anywhere(kind, format!("the bundle has no connection kind \"{kind}\""));
    }

    check.batch(preset, bundle);

    let variants = preset.variants.values();
    let values: &[&str] = if preset.batch.is_some() { &[batch::ROWS] } else { &["page", "narrow"] };
    let known: Vec<&str> = [&inputs[..], &["settings"], values].concat();
    for request in preset.request.iter().chain(variants.clone().filter_map(|v| v.request.as_ref())) {
        check.request(request, &known, &settings);
    }
    let known: Vec<&str> = [&inputs[..], &ANSWER, &["settings", "codes"]].concat();
    for answer in std::iter::once(&preset.answer).chain(variants.clone().filter_map(|v| v.answer.as_ref())) {
        check.answer(answer, &known, &settings);
    }
    for pages in preset.pages.iter().chain(variants.clone().filter_map(|v| v.pages.as_ref())) {
        check.template(&pages.items, Context::Value, false, &known, &settings);
        for rule in std::iter::once(&pages.end_when).chain(&pages.last_when) {
            check.rule(rule, Dialect::Full, &[&known[..], &["items", "page"]].concat());
        }
        if !(1..=10_000).contains(&pages.max) {
            check.at(
                &pages.items,
                "max must be between 1 and 10000".into(),
                "it bounds how many pages are read".into(),
            );
        }
    }
    let known: Vec<&str> = [&inputs[..], &ANSWER, &["settings", "item"]].concat();
    for outputs in
        std::iter::once(&preset.outputs).chain(variants.filter_map(|v| v.outputs.as_ref())).chain(&preset.rows)
    {
        check.templates(outputs, &known, &settings);
    }
    for rule in preset.outputs_when.values().chain(preset.rows_when.values()) {
        check.rule(rule, Dialect::Full, &known);
    }
    let known: Vec<&str> = [&inputs[..], &["settings"]].concat();
    for find in preset.find.iter().chain(preset.variants.values().filter_map(|v| v.find.as_ref())) {
        check.templates(&find.matches, &known, &settings);
        if preset.pages.is_none() {
            check.anywhere("find", "[find] needs [pages], which says where the items are".into());
        }
        let fields: Vec<&str> = find.matches.keys().map(String::as_str).collect();
        for name in &find.ignore_case {
            check.known(name, &fields, "field in where");
        }
    }
    if preset.rows.is_some() && preset.pages.is_none() {
        check.anywhere("rows", "[rows] needs [pages], which says where the items are".into());
    }
    if let Some(mixup) = &preset.mixup {
        check.templates(&mixup.inputs, &known, &settings);
        check.template(&mixup.message, Context::Text, false, &[&known[..], &["found"]].concat(), &settings);
    }
    if let Some(probe) = &preset.probe {
        let outputs: Vec<&str> = preset.output_names().collect();
        check.templates(&probe.inputs, &[&known[..], &outputs].concat(), &settings);
        for name in &probe.equal {
            check.known(name, &inputs, "input");
        }
    }
    check.done()
}

/// The templates of a request, each with its context.
fn texts(request: &Request) -> impl Iterator<Item = (&Text, Context)> {
    let parts = request.path.iter().map(|text| (text, Context::PathSegment));
    let parts = parts.chain(request.query.values().map(|text| (text, Context::Query)));
    let parts = parts.chain(request.headers.values().map(|text| (text, Context::Header)));
    let parts = parts.chain(request.body.iter().map(|text| (text, Context::Json)));
    parts.chain(request.form.iter().flat_map(|form| form.values()).map(|text| (text, Context::Form)))
}

/// The name right below a path's root: `email` in `fields.email`.
fn first_key(path: &Path) -> &str {
    match path.steps.first() {
        Some(Step::Key(key)) => key,
        _ => "",
    }
}

fn settings(bundle: &Bundle) -> Vec<&str> {
    bundle.settings.keys().map(String::as_str).collect()
}

/// Problems of one file, as they are found.
struct Check<'a> {
    source: &'a str,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn new(source: &'a str) -> Self {
        Self { source, problems: Vec::new() }
    }

    fn done(mut self) -> Result<(), Vec<Problem>> {
        self.problems.truncate(bounds::PROBLEMS);
        self.problems.sort_by_key(|p| p.span.start);
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems) }
    }

    /// Whether there are as many problems as are told. What a further one costs to explain is saved: a stranger's file
    /// may have thousands of each, names and mistakes.
    fn full(&self) -> bool {
        self.problems.len() >= bounds::PROBLEMS
    }

    /// Which of the known names may be meant.
    fn meant(&self, name: &str, known: &[&str]) -> String {
        if self.full() { String::new() } else { suggest(name, known) }
    }

    fn at(&mut self, text: &Text, message: String, hint: String) {
        self.problems.push(Problem::new(message, text.span()).with_hint(hint));
    }

    /// A problem with a key or table whose place the types do not keep: the first line that begins with its name.
    fn anywhere(&mut self, name: &str, message: String) {
        let mut offset = 0;
        let mut span = 0..0;
        let source = if self.full() { "" } else { self.source };
        for line in source.split_inclusive('\n') {
            let start = line.len() - line.trim_start_matches([' ', '\t', '[', '"']).len();
            if line[start..].starts_with(name)
                || line.trim_start().starts_with('[') && line.trim_end().trim_end_matches(']').ends_with(name)
            {
                span = offset..offset + line.trim_end().len();
                break;
            }
            offset += line.len();
        }
        self.problems.push(Problem::new(message, span));
    }

    /// Advice for the problem just found.
    fn hint(&mut self, hint: &str) {
        if let Some(problem) = self.problems.last_mut() {
            problem.hint = Some(hint.to_owned());
        }
    }

    fn bundle_name(&mut self, text: &Text) {
        if !is_bundle_name(text.as_str()) {
            let hint = "use lower-case letters, digits and -, at most 64; a scope may stand before it: acme/jamf";
            self.at(text, format!("\"{text}\" cannot be a bundle's name"), hint.into());
        }
    }

    /// What a recipe, a script and a component each have, and what they cannot have.
    fn form(&mut self, preset: &Preset, bundle: &Bundle) {
        let Some(script) = &preset.script else {
            if preset.request.is_none() && bundle.component.is_none() {
                self.anywhere("title", "a recipe needs a [request] table".into());
                self.hint("or name a script: script = \"run.js\"");
            }
            if bundle.component.is_none() {
                for (there, key, instead) in
                    [(!preset.returns.is_empty(), "returns", "outputs"), (!preset.emits.is_empty(), "emits", "rows")]
                {
                    if there {
                        self.anywhere(
                            key,
                            format!("\"{key}\" is for scripts and components; a recipe says [{instead}]"),
                        );
                    }
                }
            }
            return;
        };
        if let Some(component) = &bundle.component {
            let hint = format!("take it out, or the line component = \"{component}\" of bundle.toml");
            self.at(script, "a bundle with a component of its own runs no script".into(), hint);
        }
        let path = script.as_str();
        let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':']);
        if !path.split('/').all(plain) || !(path.ends_with(".js") || path.ends_with(".mjs")) {
            let hint = "a file below the preset's folder whose name ends with .js or .mjs: script = \"run.js\"".into();
            self.at(script, format!("\"{path}\" cannot be a script"), hint);
        }
        let has = [
            (preset.pages.is_some(), "pages", "the script asks for each page itself"),
            (preset.find.is_some(), "find", "the script searches itself"),
            (preset.mixup.is_some(), "mixup", "the script looks itself"),
            (!preset.outputs.is_empty(), "outputs", "what a script returns is named under [returns]"),
            (!preset.outputs_when.is_empty(), "outputs_when", "what a script returns is named under [returns]"),
            (preset.rows.is_some(), "rows", "the fields that a script emits are named under [emits]"),
            (!preset.rows_when.is_empty(), "rows_when", "the fields that a script emits are named under [emits]"),
        ];
        for (_, key, hint) in has.into_iter().filter(|(there, ..)| *there) {
            self.anywhere(key, format!("a preset with a script has no \"{key}\""));
            self.hint(hint);
        }
    }

    fn method(&mut self, method: &Text) {
        if !METHODS.contains(&method.as_str()) {
            self.at(
                method,
                format!("\"{method}\" is not a method that can be sent"),
                suggest(&method.as_str().to_uppercase(), &METHODS),
            );
        }
    }

    fn known(&mut self, text: &Text, known: &[&str], what: &str) {
        if !known.contains(&text.as_str()) {
            let hint = self.meant(text.as_str(), known);
            self.at(text, format!("there is no {what} \"{text}\""), hint);
        }
    }

    fn request(&mut self, request: &Request, known: &[&str], settings: &[&str]) {
        self.method(&request.method);
        for (text, context) in texts(request) {
            let written = text.as_str();
            if context == Context::PathSegment
                && written.contains('/')
                && !written.contains("{{")
                && !written.contains("<<")
            {
                let parts: Vec<String> =
                    written.split('/').filter(|s| !s.is_empty()).map(|s| format!("\"{s}\"")).collect();
                self.at(
                    text,
                    "a part of a path has no slash".into(),
                    format!("write each part by itself: path = [{}]", parts.join(", ")),
                );
                continue;
            }
            self.template(text, context, request.unsafe_raw && context == Context::Json, known, settings);
        }
        if let Some(body) = request.body.as_ref().filter(|_| request.form.is_some()) {
            self.at(body, "a request has a body or a form, not both".into(), "remove one".into());
        }
    }

    fn answer(&mut self, answer: &Answer, known: &[&str], settings: &[&str]) {
        for rule in [&answer.not_found_when, &answer.failed_when, &answer.ok_when].into_iter().flatten() {
            self.rule(rule, Dialect::Full, known);
        }
        for text in &answer.message {
            self.template(text, Context::Text, false, known, settings);
        }
    }

    fn templates(&mut self, texts: &IndexMap<String, Text>, known: &[&str], settings: &[&str]) {
        for text in texts.values() {
            self.template(text, Context::Value, false, known, settings);
        }
    }

    /// Compiles a template and looks whether the names in it exist.
    fn template(&mut self, text: &Text, context: Context, unsafe_raw: bool, known: &[&str], settings: &[&str]) {
        match Template::compile_with(text.as_str(), context, Options { unsafe_raw }) {
            Err(problems) => self.problems.extend(problems.into_iter().map(|p| text.locate(self.source, p))),
            Ok(template) => {
                for variable in template.variables() {
                    let root = variable.path.root.as_str();
                    let setting = first_key(&variable.path);
                    let problem = if !known.contains(&root) {
                        Problem::new(format!("there is no \"{root}\" here"), variable.span.clone())
                            .with_hint(self.meant(root, known))
                    } else if root == "settings" && !settings.contains(&setting) {
                        Problem::new(format!("the bundle has no setting \"{setting}\""), variable.span.clone())
                            .with_hint(self.meant(setting, settings))
                    } else {
                        continue;
                    };
                    self.problems.push(text.locate(self.source, problem));
                }
            }
        }
    }

    /// Compiles an expression and looks whether the names in it exist.
    fn rule(&mut self, text: &Text, dialect: Dialect, known: &[&str]) {
        match Program::compile(text.as_str(), dialect) {
            Err(problem) => self.problems.push(text.locate(self.source, problem)),
            Ok(program) => {
                for name in program.variables().iter().filter(|n| !known.contains(&n.as_str())) {
                    let hint = self.meant(name, known);
                    self.at(text, format!("there is no \"{name}\" here"), hint);
                }
            }
        }
    }

    fn connection(&mut self, name: &str, kind: &ConnectionKind) {
        let has = |present: bool, key: &str, check: &mut Self| {
            if !present {
                check.anywhere(name, format!("connection kind \"{name}\" needs the key \"{key}\""));
            }
        };
        match kind.auth {
            AuthKind::None => {}
            AuthKind::ApiKey => has(!kind.slots.is_empty(), "slots", self),
            AuthKind::Basic => {
                has(kind.username.is_some(), "username", self);
                has(kind.password.is_some(), "password", self);
            }
            AuthKind::Bearer => has(kind.token.is_some(), "token", self),
            AuthKind::Session => {
                has(kind.login.is_some(), "login", self);
                has(!kind.slots.is_empty(), "slots", self);
            }
        }
        for text in [&kind.username, &kind.password, &kind.token].into_iter().flatten() {
            self.credential(text, Context::Text, kind, false);
        }
        for slot in &kind.slots {
            let context = if slot.into == SlotPlace::Header { Context::Header } else { Context::Text };
            self.credential(&slot.value, context, kind, kind.auth == AuthKind::Session);
            self.pointer(&slot.name, slot.into == SlotPlace::Json);
        }
        if let Some(login) = &kind.login {
            self.method(&login.method);
            let parts = login.path.iter().map(|t| (t, Context::PathSegment));
            let parts = parts.chain(login.headers.values().map(|t| (t, Context::Header)));
            let parts = parts.chain(login.body.iter().map(|t| (t, Context::Json)));
            let parts = parts.chain(login.form.values().map(|t| (t, Context::Form)));
            let parts = parts.chain(login.basic.iter().flatten().map(|t| (t, Context::Text)));
            for (text, context) in parts.collect::<Vec<_>>() {
                self.credential(text, context, kind, false);
            }
            self.pointer(&login.token.name, login.token.from == TokenPlace::Json);
            if let Some(expires) = &login.expires {
                self.pointer(expires, true);
            }
            if let Some(rule) = &login.failed_when {
                self.rule(rule, Dialect::NoMacros, &["response", "response_status"]);
            }
        }
        let statuses = kind.expired.iter().flat_map(|expired| &expired.status);
        if let Some(status) = statuses.into_iter().find(|status| !(400..500).contains(*status)) {
            self.anywhere(
                "expired",
                format!("the status {status} cannot mean that the session of kind \"{name}\" is over: only 400 to 499 say that nothing was carried out"),
            );
            self.hint("if a vendor says it in the body of a success, write a rule: invalid_when = '...'");
        }
        if let Some(rule) = kind.expired.as_ref().and_then(|e| e.invalid_when.as_ref()) {
            self.rule(rule, Dialect::NoMacros, &["response", "response_status", "codes"]);
        }
    }

    /// A template over `fields`, `secrets` and, in slots of a session, `session.token`.
    fn credential(&mut self, text: &Text, context: Context, kind: &ConnectionKind, session: bool) {
        let template = match Template::compile(text.as_str(), context) {
            Ok(template) => template,
            Err(problems) => return self.problems.extend(problems.into_iter().map(|p| text.locate(self.source, p))),
        };
        for variable in template.variables() {
            let name = first_key(&variable.path);
            let known: Vec<&str> = match variable.path.root.as_str() {
                "fields" => kind.fields.keys().map(String::as_str).collect(),
                "secrets" => kind.secrets.keys().map(String::as_str).collect(),
                "session" if session => vec!["token"],
                _ => Vec::new(),
            };
            if !known.contains(&name) {
                let problem = Problem::new(format!("there is no \"{}\" here", variable.path), variable.span.clone());
                let hint = if known.is_empty() {
                    "credentials know fields.NAME and secrets.NAME, slots of a session also session.token".into()
                } else {
                    self.meant(name, &known)
                };
                self.problems.push(text.locate(self.source, problem.with_hint(hint)));
            }
        }
    }

    fn pointer(&mut self, text: &Text, is_pointer: bool) {
        if is_pointer && !text.as_str().starts_with('/') {
            self.at(text, format!("\"{text}\" is not a JSON pointer"), format!("write \"/{text}\""));
        }
    }
}
