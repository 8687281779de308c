//! Memory over a million rows: beside that over a thousand with as many at once, and with as many as the program chooses.

use crate::bulk::{command, each, people};
use crate::kit::{Got, Took};
use crate::rounds::{Contender, PEAK, TIME, rounds};
use crate::stage::Stage;
use crate::table::{Section, Wanted};

/// Each preset over few and over many rows.
pub(crate) fn many(stage: &Stage<'_>) -> Vec<Section> {
    let (few, many) = (1_000, stage.kit.of(1_000_000, 20_000));
    let mut section = Section::new(format!("{many} rows beside {few}, no delay"));
    let files = [few, many].map(|rows| people(stage.kit, rows));
    for preset in ["create", "get"] {
        let [few_who, many_who] = [few, many].map(|rows| format!("presetter, {preset}, {rows} rows, 64 at once"));
        let chosen_who = format!("presetter, {preset}, {many} rows, adapted");
        let few = vec![Contender::new(few_who.as_str(), || each(stage, preset, "fast", &files[0]))];
        rounds(5, few, &mut section, &[TIME, PEAK]);
        // Once, and without a round that does not count: it takes minutes.
        let mut once = |who: &str, took: Got<Took>| match took {
            Ok(took) => {
                section.line(TIME.0, who, TIME.1, vec![TIME.2(&took)]);
                section.line(PEAK.0, who, PEAK.1, vec![PEAK.2(&took)]);
            }
            Err(why) => section.missing(who, &why),
        };
        once(&many_who, each(stage, preset, "fast", &files[1]));
        once(&chosen_who, stage.took(command(stage, preset, "fast", &files[1])));
        section.ratio(PEAK.0, &many_who, &few_who, Some(Wanted::AtMost(1.1)));
        section.figure(PEAK.0, &chosen_who, Wanted::AtMost(64.0));
    }
    vec![section]
}
