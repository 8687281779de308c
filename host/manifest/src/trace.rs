//! The decision points of a preset: what can decide how a run goes on, each by one name.
//!
//! Owns: the names, and which points a preset has. An interpreter puts those that a run reached into its verdict's details,
//! `{"trace": ["answer.not_found_when"]}`, each once, in the order reached; who measures what tests reach compares them with
//! [`points`]. Never does: decide anything.
//!
//! Invariant: a run reaches no point that [`points`] does not list for its preset and kind of connection.

use crate::{Answer, Bundle, Preset, Several};

/// Something that decided how a run went on. [`Point::name`] is how it is written.
///
/// | name | what it says |
/// |---|---|
/// | `status auth` | the answer was 401, 403 or 407 |
/// | `status rate` | the answer was 429 |
/// | `status server` | the answer was 500 or above |
/// | `status other` | the answer was no 2xx, and no rule took it for proof of absence |
/// | `answer.not_found_when` | the rule held |
/// | `answer.failed_when` | the rule held |
/// | `answer.ok_when` | the rule held |
/// | `answer.ok_when else` | the rule did not hold |
/// | `bundle.answer.` and one of these | the same of a rule that the bundle shares |
/// | `pages.next` | a page after the first one was read |
/// | `pages.end_when` | the rule held: the list ended before this page |
/// | `pages.last_when` | the rule held: the list ended with this page |
/// | `pages.max` | the list was longer than what is read |
/// | `find one` | the item that is meant was found |
/// | `find none` | the whole list was read, and it has no such item |
/// | `find several` | more than one item fits |
/// | `find.widen` | the list was read once more, without the server's filter |
/// | `batch none` | nothing tells what became of a row: no element speaks of it, or more than one |
/// | `mixup found` | what was not found is there as something else |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table above says each of them")]
pub enum Point {
    StatusAuth,
    StatusRate,
    StatusServer,
    StatusOther,
    NotFound(Origin),
    Failed(Origin),
    Ok(Origin),
    OkElse(Origin),
    NextPage,
    EndOfPages,
    LastPage,
    MostPages,
    FoundOne,
    FoundNone,
    FoundSeveral,
    Widened,
    NoElement,
    MixedUp,
}

/// Whose rule on an answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The preset's.
    Preset,
    /// The bundle's, which all its presets share.
    Bundle,
}

impl Point {
    /// How the point is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        use Origin::{Bundle, Preset};
        match self {
            Self::StatusAuth => "status auth",
            Self::StatusRate => "status rate",
            Self::StatusServer => "status server",
            Self::StatusOther => "status other",
            Self::NotFound(Preset) => "answer.not_found_when",
            Self::NotFound(Bundle) => "bundle.answer.not_found_when",
            Self::Failed(Preset) => "answer.failed_when",
            Self::Failed(Bundle) => "bundle.answer.failed_when",
            Self::Ok(Preset) => "answer.ok_when",
            Self::Ok(Bundle) => "bundle.answer.ok_when",
            Self::OkElse(Preset) => "answer.ok_when else",
            Self::OkElse(Bundle) => "bundle.answer.ok_when else",
            Self::NextPage => "pages.next",
            Self::EndOfPages => "pages.end_when",
            Self::LastPage => "pages.last_when",
            Self::MostPages => "pages.max",
            Self::FoundOne => "find one",
            Self::FoundNone => "find none",
            Self::FoundSeveral => "find several",
            Self::Widened => "find.widen",
            Self::NoElement => "batch none",
            Self::MixedUp => "mixup found",
        }
    }
}

/// The points of a preset as it is for one kind of connection ([`Preset::for_kind`]), in the order of the table of [`Point`].
///
/// A preset with a script has those of the rules that `host.judge` applies; what its own code decides has no points.
#[must_use]
pub fn points(preset: &Preset, bundle: &Bundle) -> Vec<Point> {
    let mut points = vec![Point::StatusAuth, Point::StatusRate, Point::StatusServer, Point::StatusOther];
    let (own, shared) = (&preset.answer, &bundle.answer);
    let both = |has: fn(&Answer) -> bool| {
        [(own, Origin::Preset), (shared, Origin::Bundle)].into_iter().filter(move |(a, _)| has(a)).map(|(_, of)| of)
    };
    points.extend(both(|a| a.not_found_when.is_some()).map(Point::NotFound));
    points.extend(both(|a| a.failed_when.is_some()).map(Point::Failed));
    // The preset's rule stands in place of the bundle's.
    if let Some(of) = both(|a| a.ok_when.is_some()).next() {
        points.extend([Point::Ok(of), Point::OkElse(of)]);
    }
    if let Some(pages) = &preset.pages {
        points.extend((pages.max > 1).then_some(Point::NextPage));
        points.push(Point::EndOfPages);
        points.extend(pages.last_when.is_some().then_some(Point::LastPage));
        points.push(Point::MostPages);
    }
    if let Some(find) = &preset.find {
        points.extend([Point::FoundOne, Point::FoundNone]);
        points.extend((find.several == Several::Fail).then_some(Point::FoundSeveral));
        points.extend(find.widen.then_some(Point::Widened));
    }
    points.extend(preset.batch.is_some().then_some(Point::NoElement));
    points.extend(preset.mixup.is_some().then_some(Point::MixedUp));
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &str = "name = 'acme'\nversion = '1.0.0'\ncontract = '0.1'\ntitle = 'Acme'\n\
                          [answer]\nok_when = 'response.ok'\nfailed_when = 'response.bad'\n\
                          [connections.open]\ntitle = 'Open'\nauth = 'none'\n";

    fn names(preset: &str) -> Vec<&'static str> {
        let bundle = Bundle::parse("bundle.toml", BUNDLE).unwrap();
        let text = format!("title = 'X'\neffect = 'read'\n[request]\nmethod = 'GET'\npath = ['x']\n{preset}");
        let preset = Preset::parse("x/preset.toml", &text, &bundle).unwrap();
        points(&preset, &bundle).into_iter().map(Point::name).collect()
    }

    const STATUS: [&str; 4] = ["status auth", "status rate", "status server", "status other"];

    #[test]
    fn a_request_alone_has_the_statuses_and_the_rules_that_are_shared() {
        let shared = ["bundle.answer.failed_when", "bundle.answer.ok_when", "bundle.answer.ok_when else"];
        assert_eq!(names(""), [&STATUS[..], &shared].concat());
    }

    #[test]
    fn its_own_ok_stands_in_place_of_the_shared_one_and_the_others_stand_beside() {
        let rules = [
            "answer.not_found_when",
            "answer.failed_when",
            "bundle.answer.failed_when",
            "answer.ok_when",
            "answer.ok_when else",
        ];
        let own = "[answer]\nnot_found_when = 'response.none'\nfailed_when = 'response.no'\nok_when = 'response.yes'\n";
        assert_eq!(names(own), [&STATUS[..], &rules].concat());
    }

    #[test]
    fn a_search_has_its_pages_and_its_findings() {
        let pages = "[pages]\nitems = '{{response.list}}'\nend_when = 'size(items) == 0'\n";
        let [all, one] = ["last_when = 'size(items) < 9'\nmax = 3\n", "max = 1\n"].map(|more| {
            let find = "[find]\nwhere = { a = 'x' }\n";
            let widen = if more.contains("last") { "widen = true\n" } else { "several = 'first'\n" };
            names(&format!("{pages}{more}{find}{widen}"))[7..].to_vec()
        });
        let paging = ["pages.next", "pages.end_when", "pages.last_when", "pages.max"];
        assert_eq!(all, [&paging[..], &["find one", "find none", "find several", "find.widen"]].concat());
        assert_eq!(one, ["pages.end_when", "pages.max", "find one", "find none"]);
    }
}
