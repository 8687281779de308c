//! One after the other, round by round: what drifts on the machine hits all alike.

use crate::kit::{Got, Took};
use crate::table::Section;

/// Somebody who takes part.
pub(crate) struct Contender<'a> {
    who: String,
    run: Box<dyn FnMut() -> Got<Took> + 'a>,
    took: Vec<Took>,
    out: Option<String>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(who: impl Into<String>, run: impl FnMut() -> Got<Took> + 'a) -> Self {
        Self { who: who.into(), run: Box::new(run), took: Vec::new(), out: None }
    }
}

/// What is told of each.
pub(crate) type Figure = (&'static str, &'static str, fn(&Took) -> f64);

/// How long it took.
pub(crate) const TIME: Figure = ("time", "ms", |took| took.seconds * 1e3);
/// Computing time, user and system.
pub(crate) const COMPUTING: Figure = ("computing time", "ms", |took| took.computing * 1e3);
/// The most memory.
pub(crate) const PEAK: Figure = ("peak memory", "MiB", |took| took.peak_mib);

/// So many rounds, after one that does not count. Whoever breaks off is out, and the section says why.
pub(crate) fn rounds(count: usize, mut contenders: Vec<Contender<'_>>, section: &mut Section, figures: &[Figure]) {
    for round in 0..=count {
        for contender in contenders.iter_mut().filter(|contender| contender.out.is_none()) {
            match (contender.run)() {
                Ok(_) if round == 0 => {}
                Ok(took) => contender.took.push(took),
                Err(why) => contender.out = Some(why),
            }
        }
    }
    for (what, unit, of) in figures {
        for contender in contenders.iter().filter(|contender| contender.out.is_none()) {
            section.line(what, &contender.who, unit, contender.took.iter().map(of).collect());
        }
    }
    for contender in contenders {
        if let Some(why) = &contender.out {
            section.missing(&contender.who, why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Contender, PEAK, TIME, rounds};
    use crate::kit::Took;
    use crate::table::Section;

    #[test]
    fn rounds_alternate_and_whoever_breaks_off_is_out() {
        let order = std::cell::RefCell::new(String::new());
        let took = Took { seconds: 0.5, computing: 0.25, peak_mib: 8.0 };
        let contender = |who: &'static str, bad: usize| {
            let order = &order;
            let mut calls = 0;
            Contender::new(who, move || {
                order.borrow_mut().push_str(who);
                calls += 1;
                if calls == bad { Err("it is tired".into()) } else { Ok(took) }
            })
        };
        let mut section = Section::new("some");
        rounds(2, vec![contender("a", 0), contender("b", 2)], &mut section, &[TIME, PEAK]);
        assert_eq!(*order.borrow(), "ababa");
        assert_eq!((section.median("time", "a"), section.median("peak memory", "a")), (Some(500.0), Some(8.0)));
        assert_eq!(section.median("time", "b"), None);
        assert!(section.told().contains("- b: not measured: it is tired"));
    }
}
