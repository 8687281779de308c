//! What came of a test run, whatever form it is printed in.

use std::time::Duration;

use presetter_trial::{Case, Coverage, FaultTrial, Mismatch, Trial};

/// A whole test run.
pub(crate) struct Report {
    /// The bundle's name.
    pub(crate) bundle: String,
    /// The cases in the order of their presets and names.
    pub(crate) cases: Vec<Tried>,
    /// The faults in the order of presets, requests and kinds.
    pub(crate) faults: Vec<FaultTrial>,
    /// What the cases reached.
    pub(crate) coverage: Coverage,
    /// Presets without a case.
    pub(crate) untested: Vec<String>,
    /// From start to end.
    pub(crate) took: Duration,
}

/// A case with what came of it.
pub(crate) struct Tried {
    pub(crate) case: Case,
    pub(crate) trial: Trial,
}

impl Report {
    /// How many cases failed.
    pub(crate) fn failed(&self) -> usize {
        self.cases.iter().filter(|tried| !tried.trial.passed()).count()
    }

    /// How many runs with a fault did not end sanely.
    pub(crate) fn insane(&self) -> usize {
        self.faults.iter().filter(|trial| trial.insane.is_some()).count()
    }
}

impl Tried {
    /// `FILE:LINE:COLUMN` of what is expected.
    pub(crate) fn place(&self, mismatch: &Mismatch) -> String {
        let (line, column) = self.case.position(&mismatch.place);
        format!("{}:{line}:{column}", self.case.file)
    }
}

/// What is not sane after a fault, as one sentence.
pub(crate) fn fault_sentence(trial: &FaultTrial) -> Option<String> {
    let insane = trial.insane.as_ref()?;
    let FaultTrial { fault, request, at, .. } = trial;
    Some(format!("fault {fault} at request {request} ({at}): expected {}, got {}", insane.expected, insane.got))
}

/// A mismatch as one sentence.
pub(crate) fn sentence(mismatch: &Mismatch) -> String {
    let Mismatch { what, expected, actual, .. } = mismatch;
    let or_nothing = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
    format!("{what}: expected {}, got {}", or_nothing(expected), or_nothing(actual))
}
