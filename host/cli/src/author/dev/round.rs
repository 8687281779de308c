//! One round of `presetter dev`: check, cases, the request.
//!
//! Owns the course of a round and what is printed of it. Keeps: the engine stays, so that no round sets one up again; no case is run
//! while a file is wrong; what is printed is the cases' own account, in which secrets are masked samples.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use presetter_bundle::Bundle;
use presetter_check::{Finding, Level, Target};
use presetter_runtime::{Engine, Limit};
use presetter_trial::{Case, Sent, Trial};
use serde_json::Value;

use super::changes::Changed;
use crate::author::scripts;
use crate::author::test::report::Tried;
use crate::author::test::table;
use crate::author::test::{read, suite};
use crate::console::{Paint, line, painted, text};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{count, time};
use crate::prepare;
use crate::world::World;

/// Rounds of one bundle.
pub(super) struct Rounds {
    target: Target,
    /// The engine, and the stack that it was made for.
    engine: Option<(usize, Engine)>,
    /// The preset that was saved last, if it was one alone: its request is shown also when what it shares changes.
    edited: Option<String>,
}

impl Rounds {
    pub(super) fn new(target: Target) -> Self {
        Self { edited: target.preset.clone(), target, engine: None }
    }

    /// Looks at what changed, and prints what came of it.
    ///
    /// # Errors
    /// The bundle cannot be opened at all.
    pub(super) async fn play(&mut self, world: &World, changed: &Changed) -> Result<Exit, Failure> {
        match changed.presets.iter().collect::<Vec<_>>()[..] {
            [] => {}
            [only] => self.edited = Some(only.clone()),
            // Of several, nobody knows which one is being edited.
            _ => self.edited = self.target.preset.clone(),
        }
        let report = presetter_check::check(&self.target)?;
        let color = world.console.color();
        let mut shown: Vec<String> = report.findings.iter().map(|finding| told(finding, color)).collect();
        shown.push(format!("check: {}", report.summary()));
        print(world, &shown);
        if report.count(Level::Error) > 0 {
            return Ok(Exit::Invalid);
        }
        self.run(world, changed).await
    }

    /// Runs the cases of what changed.
    async fn run(&mut self, world: &World, changed: &Changed) -> Result<Exit, Failure> {
        let started = Instant::now();
        let bundle = Arc::new(Bundle::open_folder(&self.target.folder)?);
        let presets = self.concerned(&bundle, changed)?;
        if presets.is_empty() {
            return Ok(Exit::Ok);
        }
        let (cases, untested) = read(&bundle, &presets)?;
        let engine = self.engine(world, &bundle)?;
        if let Some(wrong) = scripts::wrong(&bundle, &presets, || Ok(engine.clone())).await? {
            return Err(Failure::at(Exit::Invalid, wrong));
        }
        let suite = suite(&bundle, &presets, &engine)?;
        let trials = suite.run_all(&cases);
        let color = world.console.color();
        let mut shown = Vec::new();
        let tried: Vec<Tried> = cases.into_iter().zip(trials).map(|(case, trial)| Tried { case, trial }).collect();
        tried.iter().for_each(|tried| table::case(tried, 0, color, &mut shown));
        let failed = tried.iter().filter(|tried| !tried.trial.passed()).count();
        let passed = count(tried.len() - failed, "case");
        shown.push(format!("test: {passed} ok, {failed} failed; {}", time(started.elapsed())));
        if !untested.is_empty() {
            shown.push(line(&format!("without a case: {}", untested.join(", "))));
        }
        let edited = if let [only] = &presets[..] { Some(only) } else { self.edited.as_ref() };
        if let Some(first) = tried.iter().find(|tried| Some(&tried.case.preset) == edited) {
            shown.extend(request(&first.case, &first.trial, color));
        }
        print(world, &shown);
        Ok(if failed == 0 { Exit::Ok } else { Exit::Failed })
    }

    /// The presets whose cases may come out otherwise now: those that changed, and those that look at one of them.
    fn concerned(&self, bundle: &Bundle, changed: &Changed) -> Result<Vec<String>, Failure> {
        let all = self.target.preset.clone().map_or_else(|| bundle.preset_names(), |one| vec![one]);
        if changed.everything {
            return Ok(all);
        }
        let changed = &changed.presets;
        let mut concerned = Vec::new();
        for name in all {
            let manifest = bundle.preset(&name)?.manifest;
            let probe = manifest.probe.iter().map(|probe| &probe.preset);
            let named = probe.chain(manifest.mixup.iter().map(|mixup| &mixup.preset));
            let named: BTreeSet<&str> = named.map(|text| text.as_str()).collect();
            if changed.contains(&name) || changed.iter().any(|changed| named.contains(changed.as_str())) {
                concerned.push(name);
            }
        }
        Ok(concerned)
    }

    fn engine(&mut self, world: &World, bundle: &Bundle) -> Result<Engine, Failure> {
        let limits = prepare::bundle_limits(bundle);
        let stack = limits.size(Limit::Stack);
        match &self.engine {
            Some((made_for, engine)) if *made_for == stack => Ok(engine.clone()),
            _ => {
                let engine = prepare::engine(world, &limits)?;
                self.engine = Some((stack, engine.clone()));
                Ok(engine)
            }
        }
    }
}

/// An error with its place; of a warning one line is enough until one looks.
fn told(finding: &Finding, color: bool) -> String {
    if finding.level == Level::Error {
        return finding.render(color);
    }
    let (row, column) = finding.diagnostic.position();
    let diagnostic = &finding.diagnostic;
    let name = finding.lint.map(|name| format!(" [{name}]")).unwrap_or_default();
    line(&format!("{}:{row}:{column}: warning: {}{name}", diagnostic.file, diagnostic.problem.message))
}

/// The request that the preset sends first, as its first case had it.
fn request(case: &Case, trial: &Trial, color: bool) -> Vec<String> {
    let head = painted(Paint::Bold, &line(&format!("{}:", case.full_name())), color);
    let Some(sent) = trial.played.sent.iter().find(|sent| !sent.login) else {
        let why = &trial.played.outcome.message;
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        return vec![format!("{head} {}", line(&format!("nothing was sent{why}")))];
    };
    let mut lines = vec![head, line(&format!("  {} {}", sent.method, sent.url))];
    lines.extend(sent.headers.iter().map(|(name, value)| line(&format!("  {name}: {value}"))));
    lines.extend(body(sent).lines().map(|row| format!("  {row}")));
    lines
}

fn body(sent: &Sent) -> String {
    let Some(body) = &sent.body else { return String::new() };
    let json = serde_json::from_slice::<Value>(body).ok().and_then(|value| serde_json::to_string_pretty(&value).ok());
    text(&json.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned()))
}

fn print(world: &World, lines: &[String]) {
    // A closed pipe is the reader's choice.
    let _ = world.console.data(&lines.join("\n"));
}
