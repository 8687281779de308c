//! A page for people. It needs nothing else: no network, no script.

use presetter_bulk::Kind;
use serde_json::{Map, Value};

use super::super::show::told;
use super::{About, Form, Told, Totals, padded};
use crate::console::line;
use crate::markup::escaped;
use crate::output::{cell, count, time};

const STYLE: &str = "\
:root{color-scheme:light dark;font:15px/1.45 system-ui,sans-serif}body{margin:2rem auto;max-width:80rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #8884}
td{overflow-wrap:anywhere}td.n{text-align:right;white-space:nowrap}thead th{position:sticky;top:0;background:Canvas}
small{opacity:.75;display:block}b{font-weight:600}.ok b,.skipped b{color:light-dark(#18794e,#3dd68c)}.unknown b{color:light-dark(#ad5700,#ffb224)}
.failed b,.invalid b,.not_found b{color:light-dark(#c62828,#ff8080)}";
const KINDS: [Kind; 6] = [Kind::Ok, Kind::Skipped, Kind::NotFound, Kind::Invalid, Kind::Failed, Kind::Unknown];

pub(super) struct Html {
    about: About,
}

impl Html {
    pub(super) fn new(about: &About) -> Self {
        Self { about: about.clone() }
    }
}

impl Form for Html {
    fn head(&self, totals: &Totals) -> String {
        let About { preset, connection, rows, begun, records, .. } = &self.about;
        let of = |kind| totals.of(kind);
        let summary = summary(totals.rows(), of);
        // As long as it can become; a page shows no spaces at the end of a line.
        let summary = padded(summary, self::summary(u64::MAX, |_| u64::MAX).len());
        let place = if *records { "<th scope=\"col\">record" } else { "<th scope=\"col\">row<th scope=\"col\">line" };
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{preset}: many rows</title>\n\
             <style>\n{STYLE}\n</style>\n</head>\n<body>\n<h1>{preset}</h1>\n\
             <p>{rows}, through {connection}, {begun}</p>\n<p>{summary}</p>\n<table>\n<thead><tr>{place}\
             <th scope=\"col\">outcome<th scope=\"col\">what<th scope=\"col\">outputs<th scope=\"col\">HTTP\
             <th scope=\"col\">requests<th scope=\"col\">ms</tr></thead>\n<tbody>\n",
            preset = shown(preset),
            rows = shown(rows),
            connection = shown(connection),
            begun = shown(begun),
        )
    }

    fn row(&mut self, row: &Told<'_>) -> String {
        let place = match &row.row.name {
            Some(record) => format!("<td>{}", shown(record)),
            None => format!("<td class=\"n\">{}<td class=\"n\">{}", row.row.number, row.row.line),
        };
        let mut outcome = format!("<b>{}</b>", told(row.kind));
        if !row.text("class").is_empty() {
            outcome.push_str(&format!(" <small>{}</small>", shown(row.text("class"))));
        }
        if row.fields["resumed"] == true {
            outcome.push_str(" <small>in an earlier run</small>");
        }
        let mut what = shown(row.text("message"));
        for name in ["hint", "evidence"] {
            if !row.text(name).is_empty() {
                what.push_str(&format!(" <small>{name}: {}</small>", shown(row.text(name))));
            }
        }
        let values = |name| row.values(name).map(values).unwrap_or_default();
        let outputs = values("outputs") + &values("mapped");
        let number = |name: &str| match &row.fields[name] {
            Value::Null => String::new(),
            value => shown(&cell(value)),
        };
        format!(
            "<tr class=\"{}\">{place}<td>{outcome}<td>{what}<td>{outputs}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}</tr>\n",
            row.kind.name(),
            number("response_status"),
            number("requests"),
            number("duration_ms"),
        )
    }

    fn foot(&self, totals: &Totals) -> String {
        let classes: Vec<String> =
            totals.classes.iter().map(|(class, count)| format!("{count} {}", shown(class))).collect();
        let classes = if classes.is_empty() { String::new() } else { format!("<p>why: {}</p>\n", classes.join(", ")) };
        let stopped = totals.stopped.as_ref();
        let stopped =
            stopped.map(|why| format!("<p class=\"failed\"><b>it ended before its last row: {}</b></p>\n", shown(why)));
        let took = time(totals.took);
        format!("</tbody>\n</table>\n{classes}{}<p>{took}</p>\n</body>\n</html>\n", stopped.unwrap_or_default())
    }
}

fn summary(rows: u64, of: impl Fn(Kind) -> u64) -> String {
    let kinds = KINDS.iter().filter(|kind| of(**kind) > 0).map(|kind| format!("{} {}", of(*kind), told(*kind)));
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    if kinds.is_empty() { count(rows, "row") } else { format!("{}: {kinds}", count(rows, "row")) }
}

fn values(all: &Map<String, Value>) -> String {
    let one = |(name, value): (&String, &Value)| format!("<div>{}: {}</div>", shown(name), shown(&cell(value)));
    all.iter().map(one).collect()
}

/// A stranger's text.
fn shown(text: &str) -> String {
    escaped(&line(text))
}
