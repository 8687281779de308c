//! The fault matrix: each fault at each request of a case that ends well, and whether the run then ends sanely.
//!
//! Owns: making the matrix from one passing case of a preset, and running it. Keeps: every run is one of its own, with
//! everything new but the recorded answers; the requests before the fault are answered as in the case, those after it as
//! leniently as a server would that is asked again.

mod inject;
mod kind;
mod sane;
mod spoil;

use std::sync::Arc;
use std::time::Duration;

use presetter_manifest::Preset;
use presetter_runtime::Kind;
use presetter_secret::Redactor;

use self::inject::{Injected, Injection};
pub use self::kind::Fault;
pub use self::sane::Insane;
use crate::case::Case;
use crate::suite::{Played, Suite, Trial, all, cassette};

/// The most requests of one case at which faults are tried: the first of them. A longer case is a list of many pages, of which
/// the later ones are like those before.
const MOST_REQUESTS: usize = 24;

/// One fault at one request of a case.
#[derive(Debug, Clone)]
pub struct FaultTrial {
    /// The preset.
    pub preset: String,
    /// The case that it was made from.
    pub case: String,
    /// The file of that case.
    pub file: String,
    /// The fault.
    pub fault: Fault,
    /// At which request, from 1, logins counted.
    pub request: usize,
    /// That request: `POST https://host/users`, and whether it is a login.
    pub at: String,
    /// The kind of outcome.
    pub outcome: Kind,
    /// How long it took, in real time.
    pub took: Duration,
    /// What is not sane about how the run ended.
    pub insane: Option<Insane>,
}

/// A fault that is to be tried.
struct Planned<'a> {
    base: &'a Base<'a>,
    injection: Injection,
}

/// A case that ends well, and what came of it.
struct Base<'a> {
    case: &'a Case,
    preset: &'a Preset,
    played: Played,
}

impl Suite {
    /// Tries the faults on the first case of each preset that passed and whose outcome is ok.
    #[must_use]
    pub fn faults(&self, cases: &[Case], trials: &[Trial]) -> Vec<FaultTrial> {
        let mut chosen: Vec<&Case> = Vec::new();
        for (case, trial) in cases.iter().zip(trials) {
            let well = trial.passed() && trial.played.outcome.kind == Kind::Ok;
            if well && !chosen.iter().any(|other| other.preset == case.preset) {
                chosen.push(case);
            }
        }
        let bases = all(&chosen, async |case| self.base(case).await);
        let bases: Vec<(Base<'_>, Vec<Injection>)> = bases.into_iter().flatten().collect();
        let planned: Vec<Planned<'_>> = bases
            .iter()
            .flat_map(|(base, injections)| {
                injections.iter().map(move |injection| Planned { base, injection: injection.clone() })
            })
            .collect();
        all(&planned, async |planned| self.fault(planned).await)
    }

    /// Runs a case untouched, and makes its part of the matrix from the answers.
    async fn base<'a>(&'a self, case: &'a Case) -> Option<(Base<'a>, Vec<Injection>)> {
        let redactor = Redactor::new();
        let untouched = Arc::new(Injected::new(cassette(case, &redactor).lenient(), None));
        let played = self.play(case, untouched.clone(), redactor).await;
        let mut answers = untouched.answers();
        answers.truncate(MOST_REQUESTS);
        let injections = inject::matrix(&answers);
        Some((Base { case, preset: self.manifest(&case.preset)?, played }, injections))
    }

    async fn fault(&self, planned: &Planned<'_>) -> FaultTrial {
        let Planned { base, injection } = planned;
        let redactor = Redactor::new();
        let transport = Injected::new(cassette(base.case, &redactor).lenient(), Some(injection.clone()));
        let played = self.play(base.case, Arc::new(transport), redactor).await;
        let at = base.played.sent.get(injection.at).map(|sent| {
            let login = if sent.login { " (login)" } else { "" };
            format!("{} {}{login}", sent.method, sent.url)
        });
        FaultTrial {
            preset: base.case.preset.clone(),
            case: base.case.name.clone(),
            file: base.case.file.clone(),
            fault: injection.fault,
            request: injection.at + 1,
            at: at.unwrap_or_default(),
            outcome: played.outcome.kind,
            took: played.took,
            insane: sane::judge(base.preset, &base.played, &played, injection.fault, injection.at),
        }
    }
}
