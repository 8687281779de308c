//! Reports of a bulk run: files for people and for other programs, written while it goes on.
//!
//! Owns: which forms there are, and when a file is begun and takes its place. Keeps: of the rows one is held at a time; a file is whole
//! or not there, also of a run that was stopped; what stands in it went through the redactor; one that cannot be written hinders no run
//! that was begun, and is told.

mod csv;
mod html;
mod json;
mod junit;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufWriter, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use presetter_bulk::{Ended, Kind, Row, Summary};
use presetter_secret::Redactor;
use serde_json::{Map, Value};

use super::each::of_row;
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::Coming;

/// What a report says of the run as a whole.
#[derive(Clone)]
pub(super) struct About {
    pub(super) preset: String,
    pub(super) connection: String,
    /// The rows, as they were named.
    pub(super) rows: String,
    /// When it began.
    pub(super) begun: String,
    /// Rows are records: they have ids and no lines.
    pub(super) records: bool,
    /// The outputs that the preset may have, where that is known.
    pub(super) outputs: Vec<String>,
    /// What is mapped.
    pub(super) mapped: Vec<String>,
}

/// What came of all rows until now.
#[derive(Default)]
struct Totals {
    kinds: BTreeMap<Kind, u64>,
    classes: BTreeMap<String, u64>,
    took: Duration,
    /// Why the run ended before the last row.
    stopped: Option<String>,
}

/// A row's result.
struct Told<'t> {
    row: &'t Row,
    kind: Kind,
    /// As on its line.
    fields: &'t Value,
}

/// One way to write a report.
trait Form: Send {
    /// What stands before the rows. At the end it is written once more, with the totals, and has the same length.
    fn head(&self, totals: &Totals) -> String;
    /// One row.
    fn row(&mut self, told: &Told<'_>) -> String;
    /// What stands after them.
    fn foot(&self, totals: &Totals) -> String;
}

struct Report {
    path: PathBuf,
    form: Box<dyn Form>,
    /// Until something of it could not be written.
    file: io::Result<BufWriter<Coming>>,
}

/// The reports of a run.
pub(super) struct Reports {
    all: Vec<Report>,
    totals: Totals,
    redactor: Redactor,
}

/// `FORM FILE` pairs, as they stand on the command line.
pub(super) fn pairs(words: &[OsString]) -> impl Iterator<Item = (&OsString, &Path)> {
    words.chunks_exact(2).map(|pair| (&pair[0], Path::new(&pair[1])))
}

impl Reports {
    /// Begins them, beside their places.
    ///
    /// # Errors
    /// A form is not known, or a file cannot be written; it would take the place of one that the run needs, or of another report.
    pub(super) fn begin(
        words: &[OsString],
        about: &About,
        needed: &[&Path],
        redactor: &Redactor,
    ) -> Result<Self, Failure> {
        let mut all: Vec<Report> = Vec::new();
        for (form, path) in pairs(words) {
            let shown = line(&path.display().to_string());
            let form: Box<dyn Form> = match form.to_str() {
                Some("junit") => Box::new(junit::Junit::new(about)),
                Some("json") => Box::new(json::Json::new(about)),
                Some("html") => Box::new(html::Html::new(about)),
                Some("csv") => Box::new(csv::Csv::new(about)),
                _ => {
                    let form = line(&form.to_string_lossy());
                    return Err(Failure::usage(format!("there is no report of the form \"{form}\""))
                        .help("--report FORM FILE, with junit, json, html or csv"));
                }
            };
            let taken = all.iter().map(|report| report.path.as_path()).chain(needed.iter().copied());
            if taken.into_iter().any(|other| same(other, path)) {
                return Err(Failure::usage(format!("{shown} is needed for something else; nothing was sent"))
                    .help("name another file for the report"));
            }
            let unwritable = |error: io::Error| {
                Failure::new(Exit::Invalid, format!("{shown}: {error}; nothing was sent"))
                    .help("a report is written beside its place first: its folder must be there, and take files")
            };
            let mut file = BufWriter::new(Coming::begin(path).map_err(unwritable)?);
            file.write_all(form.head(&Totals::default()).as_bytes()).map_err(unwritable)?;
            all.push(Report { path: path.to_owned(), form, file: Ok(file) });
        }
        Ok(Self { all, totals: Totals::default(), redactor: redactor.clone() })
    }

    /// Writes a row into each.
    pub(super) fn row(&mut self, row: &Row, ended: &Ended) {
        if self.all.is_empty() {
            return;
        }
        let mut fields = serde_json::from_str(&ended.text).unwrap_or_else(|_| unread(row, ended.kind));
        // What was learned since its line was made.
        self.redactor.value(&mut fields);
        *self.totals.kinds.entry(ended.kind).or_default() += 1;
        if let Some(class) = fields["class"].as_str() {
            *self.totals.classes.entry(class.to_owned()).or_default() += 1;
        }
        let told = Told { row, kind: ended.kind, fields: &fields };
        for report in &mut self.all {
            let text = report.form.row(&told);
            report.write(&text);
        }
    }

    /// Puts them in their places; why not, for each where it is so.
    pub(super) fn end(mut self, summary: &Summary) -> Vec<Failure> {
        self.totals.took = summary.took;
        self.totals.stopped = summary.stopped.as_ref().map(|why| self.redactor.text(why));
        let totals = &self.totals;
        let ends = self.all.into_iter().filter_map(|report| {
            let shown = line(&report.path.display().to_string());
            let error = report.end(totals).err()?;
            let failure = Failure::new(Exit::Internal, format!("the report {shown} could not be written: {error}"));
            Some(failure.help("the run itself is not touched by it: do not repeat it for the report's sake"))
        });
        ends.collect()
    }
}

impl Report {
    fn write(&mut self, text: &str) {
        if let Ok(file) = &mut self.file
            && let Err(error) = file.write_all(text.as_bytes())
        {
            self.file = Err(error);
        }
    }

    fn end(mut self, totals: &Totals) -> io::Result<()> {
        let foot = self.form.foot(totals);
        self.write(&foot);
        let mut file = self.file?;
        file.rewind()?;
        file.write_all(self.form.head(totals).as_bytes())?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.place()
    }
}

impl Totals {
    fn rows(&self) -> u64 {
        self.kinds.values().sum()
    }

    fn of(&self, kind: Kind) -> u64 {
        self.kinds.get(&kind).copied().unwrap_or_default()
    }
}

impl Told<'_> {
    /// How long it took; that of an earlier run is on its line too.
    fn took(&self) -> Duration {
        let seconds = self.fields["duration_ms"].as_f64().unwrap_or_default() / 1000.0;
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }

    /// A field that is a text.
    fn text(&self, name: &str) -> &str {
        self.fields[name].as_str().unwrap_or_default()
    }

    /// Outputs, or what was mapped.
    fn values(&self, name: &str) -> Option<&Map<String, Value>> {
        self.fields[name].as_object().filter(|values| !values.is_empty())
    }
}

/// A line that is JSON no more, because a secret looks like what holds JSON together.
fn unread(row: &Row, kind: Kind) -> Value {
    let mut fields = of_row(row);
    fields["outcome"] = kind.name().into();
    fields["message"] = "[withheld: its result shows a secret]".into();
    fields
}

/// A text that is as long as another one can become.
fn padded(text: String, widest: usize) -> String {
    let gap = widest.saturating_sub(text.len());
    text + &" ".repeat(gap)
}

/// Whether two names are of one file.
fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = whole.parent().and_then(|folder| folder.canonicalize().ok());
        let beside = folder.zip(whole.file_name()).map(|(folder, name)| folder.join(name));
        whole.canonicalize().ok().or(beside).unwrap_or(whole)
    };
    real(one) == real(other)
}

#[cfg(test)]
mod tests {
    use presetter_rows::{Content, Format, Naming, Source};
    use serde_json::json;

    use super::*;

    const HOSTILE: &str = "=cmd()|'/C calc'!A0 <script>alert(\"1\")</script> & ]]> \u{1b}[2J \u{202e}\n,;\t{{x}}";

    fn about() -> About {
        About {
            preset: "mosyle/create-user".to_owned(),
            connection: "m\"<&".to_owned(),
            rows: HOSTILE.to_owned(),
            begun: "2026-05-01T08:00:00Z".to_owned(),
            records: false,
            outputs: vec!["id".to_owned()],
            mapped: vec!["=who".to_owned()],
        }
    }

    fn ended(number: u64, kind: Kind) -> (Row, Ended) {
        let row = Row { number, line: number + 1, name: None, inputs: Ok(Map::new()) };
        let mut fields = of_row(&row);
        fields["outcome"] = kind.name().into();
        fields["outputs"] = json!({ "id": HOSTILE });
        fields["mapped"] = json!({ "=who": -5 });
        if !kind.well() {
            fields["class"] = HOSTILE.into();
            fields["message"] = HOSTILE.into();
        }
        let text = fields.to_string();
        let took = Duration::from_millis(1);
        let (class, message) = (HOSTILE.to_owned(), HOSTILE.to_owned());
        (row, Ended { kind, class, message, text, took, phases: Vec::new(), busy: false })
    }

    const KINDS: [Kind; 6] = [Kind::Ok, Kind::Skipped, Kind::NotFound, Kind::Invalid, Kind::Failed, Kind::Unknown];

    /// Each form with a row of each kind; the run was stopped.
    fn written() -> BTreeMap<&'static str, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = |form: &str| folder.path().join(form);
        let forms = ["junit", "json", "html", "csv"];
        let words: Vec<OsString> =
            forms.iter().flat_map(|form| [OsString::from(form), path(form).into_os_string()]).collect();
        let redactor = Redactor::new();
        let mut reports = Reports::begin(&words, &about(), &[], &redactor).unwrap();
        for (number, kind) in (1..).zip(KINDS) {
            let (row, ended) = ended(number, kind);
            reports.row(&row, &ended);
            assert!(!path("csv").exists(), "it is not whole yet");
        }
        let summary = Summary { stopped: Some(HOSTILE.to_owned()), ..Summary::default() };
        assert!(reports.end(&summary).is_empty());
        forms.map(|form| (form, std::fs::read_to_string(path(form)).unwrap())).into()
    }

    #[test]
    fn json_is_what_the_lines_were() {
        let json: Value = serde_json::from_str(&written()["json"]).unwrap();
        assert_eq!((&json["rows"][3]["outcome"], &json["rows"][3]["message"]), (&json!("invalid"), &json!(HOSTILE)));
        assert_eq!((&json["totals"]["rows"], &json["totals"]["unknown"]), (&json!(6), &json!(1)));
        assert_eq!(json["stopped"], HOSTILE);
    }

    #[test]
    fn no_cell_is_a_formula() {
        let text = &written()["csv"];
        let header: Vec<String> = text.lines().next().unwrap().split(',').map(|cell| cell.replace('"', "")).collect();
        let naming = Naming::new("column", header.clone(), [], false).unwrap();
        let mut source = Source::open(text.as_bytes(), Format::Csv, Some(b','), naming).unwrap();
        let mut rows = Vec::new();
        while let Some(row) = source.next().unwrap() {
            let cells = row.unwrap().cells.into_iter().map(|cell| match cell.content {
                Content::Text(text) => (cell.field.to_string(), text),
                Content::Json(json) => panic!("{json}"),
            });
            rows.push(cells.collect::<BTreeMap<_, _>>());
        }
        assert_eq!(rows.len(), KINDS.len());
        assert_eq!(rows[3]["message"], format!("'{HOSTILE}"));
        assert_eq!(rows[0]["outputs.id"], format!("'{HOSTILE}"));
        assert_eq!(rows[0]["mapped.=who"], "-5", "a number is none");
        let formula = |cell: &String| cell.starts_with(['=', '+', '@', '\t', '\r']);
        assert!(!rows.iter().flat_map(BTreeMap::values).chain(&header).any(formula), "{rows:?}");
    }

    #[test]
    fn a_page_and_a_suite_are_broken_by_no_text() {
        let written = written();
        for form in ["html", "junit"] {
            let text = &written[form];
            assert!(!text.contains("<script") && !text.contains('\u{1b}') && !text.contains("]]>"), "{text}");
        }
        let page = &written["html"];
        assert_eq!(page.matches("<tr ").count(), KINDS.len());
        assert!(page.contains("6 rows: 1 ok, 1 there already, 1 not found, 1 invalid, 1 failed, 1 unknown"), "{page}");
        assert!(page.ends_with("</html>\n") && !page.contains('\u{202e}'));
        let suite = &written["junit"];
        assert!(suite.contains(" tests=\"6\" failures=\"3\" errors=\"1\""), "{suite}");
        assert!(suite.contains(" skipped=\"1\""), "{suite}");
        for (element, count) in [("<testcase ", 6), ("<failure ", 3), ("<error ", 1), ("<skipped ", 1)] {
            assert_eq!(suite.matches(element).count(), count, "{element}");
        }
    }

    #[test]
    fn a_head_keeps_its_length_whatever_is_counted() {
        let most = Totals {
            kinds: KINDS.map(|kind| (kind, u64::MAX / 8)).into(),
            took: Duration::from_secs(u64::MAX / 8),
            ..Totals::default()
        };
        let forms: [Box<dyn Form>; 4] = [
            Box::new(junit::Junit::new(&about())),
            Box::new(json::Json::new(&about())),
            Box::new(html::Html::new(&about())),
            Box::new(csv::Csv::new(&about())),
        ];
        for form in forms {
            assert_eq!(form.head(&most).len(), form.head(&Totals::default()).len());
        }
    }

    #[test]
    fn what_cannot_be_written_is_told_before() {
        let folder = tempfile::tempdir().unwrap();
        let rows = folder.path().join("rows.csv");
        std::fs::write(&rows, "").unwrap();
        let begin = |form: &str, path: &Path| {
            let words = [OsString::from(form), path.into()];
            Reports::begin(&words, &about(), &[&rows], &Redactor::new()).err().map(|failure| failure.exit)
        };
        assert_eq!(begin("csv", &folder.path().join("none/report")), Some(Exit::Invalid));
        assert_eq!(begin("csv", folder.path()), Some(Exit::Invalid));
        assert_eq!(begin("pdf", &folder.path().join("report")), Some(Exit::Usage));
        assert_eq!(begin("csv", &folder.path().join("./rows.csv")), Some(Exit::Usage), "it would be overwritten");
        assert_eq!(begin("csv", &folder.path().join("report")), None);
    }
}
