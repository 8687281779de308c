//! What becomes of a row, by what is known of it from before.

use crate::{Before, Kind, Turn};

/// What of an earlier run is sent again, by a person's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Again {
    /// Rows that may have been sent, without a look.
    pub unknown: bool,
    /// Rows that failed.
    pub failed: bool,
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is run.
    Run(Turn),
    /// It ended so, and that is told once more.
    Told(Kind),
    /// It may have been sent, and nothing can look: a person has to.
    Unknown,
    /// With other values it took place, or may have: this is not the file that the run began with.
    Changed,
}

impl Again {
    /// What becomes of a row of which so much is known; `looks` says whether something can look whether it took place.
    #[must_use]
    pub fn next<R>(self, before: &Before<R>, looks: bool) -> Next {
        match before {
            Before::Nothing => Next::Run(Turn::First),
            Before::Begun | Before::Ended(Kind::Unknown, _) => match (self.unknown, looks) {
                (true, _) => Next::Run(Turn::First),
                (false, true) => Next::Run(Turn::Doubt),
                (false, false) => Next::Unknown,
            },
            Before::Ended(kind, _) if kind.came_to_nothing() && self.failed => Next::Run(Turn::First),
            Before::Ended(kind, _) => Next::Told(*kind),
            // It did nothing with the values that it had; these are better ones.
            Before::Other(Some(kind)) if kind.came_to_nothing() => Next::Run(Turn::First),
            Before::Other(_) => Next::Changed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_did_nothing_is_run_again_and_what_took_place_stays_as_it_was() {
        let told = |before, again: Again| again.next::<()>(&before, true);
        let (usual, failed) = (Again::default(), Again { failed: true, unknown: false });
        assert_eq!(told(Before::Nothing, usual), Next::Run(Turn::First));
        for kind in [Kind::Failed, Kind::NotFound, Kind::Invalid] {
            assert_eq!(told(Before::Ended(kind, ()), usual), Next::Told(kind), "{kind:?}");
            assert_eq!(told(Before::Ended(kind, ()), failed), Next::Run(Turn::First), "{kind:?}");
            assert_eq!(told(Before::Other(Some(kind)), usual), Next::Run(Turn::First), "{kind:?}");
        }
        for kind in [Kind::Ok, Kind::Skipped] {
            assert_eq!(told(Before::Ended(kind, ()), failed), Next::Told(kind), "{kind:?}");
            assert_eq!(told(Before::Other(Some(kind)), failed), Next::Changed, "{kind:?}");
        }
        for before in [Before::Begun, Before::Ended(Kind::Unknown, ())] {
            assert_eq!(usual.next(&before, true), Next::Run(Turn::Doubt));
            assert_eq!(usual.next(&before, false), Next::Unknown);
            assert_eq!(Again { unknown: true, failed: false }.next(&before, false), Next::Run(Turn::First));
        }
        for known in [None, Some(Kind::Unknown)] {
            assert_eq!(told(Before::Other(known), failed), Next::Changed, "{known:?}");
        }
    }
}
