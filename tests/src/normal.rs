//! Takes out of a text what differs from run to run or from machine to machine: ports, folders, names of runs and hosts,
//! durations, dates, digests.

use regex_lite::Regex;

use crate::stage::Stage;
use crate::team;

/// The rules for the texts of one stage.
#[derive(Debug)]
pub struct Normal {
    plain: Vec<(String, &'static str)>,
    patterns: Vec<(Regex, &'static str)>,
}

impl Normal {
    /// The rules for a stage.
    pub fn of(stage: &Stage) -> Self {
        let folder = stage.folder();
        let mut plain = vec![(folder.display().to_string(), "DIR"), (stage.address().to_string(), "127.0.0.1:PORT")];
        // The same port behind another name of this machine, or by itself.
        let port = stage.address().port();
        plain.extend([(format!(":{port}"), ":PORT"), (format!("port = {port}"), "port = PORT")]);
        // The folder of temporary files may be a link.
        if let Ok(real) = folder.canonicalize() {
            plain.insert(0, (real.display().to_string(), "DIR"));
        }
        plain.extend(team::ids().iter().map(|(key, id)| (id.clone(), *key)));
        let patterns = [
            (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "RUN"),
            (r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}\b", "RUN"),
            (r"\b[0-9a-f]{64}\b", "DIGEST"),
            (r"\b[0-9a-f]{32}\b", "RUN"),
            (r"\b(run|resume|approve) [0-9a-f]{8}\b", "$1 RUN"),
            (r"\b20[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9:]{8}\.[0-9]{3}Z| [0-9:]{8})", "WHEN"),
            (r"\b((?:expires|expired)(?: at)?|from|until) 20[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9:]{8}Z)?", "$1 WHEN"),
            (r#""(expires|not_before|not_after)":"20[0-9]{2}[^"]*""#, r#""$1":"WHEN""#),
            (r"\(uid [0-9]+\) on \S+", "(uid UID) on HOST"),
            (r#""uid":[0-9]+,"host":"[^"]*""#, r#""uid":UID,"host":"HOST""#),
            (r",operator,[0-9]+,[^,]*,", ",operator,UID,HOST,"),
            (r"(,[0-9]+,[0-9]+),[0-9]+\.[0-9],", "$1,TIME,"),
            (r#""host":"[^"]*","outcome""#, r#""host":"HOST","outcome""#),
            (r"\b[0-9]+(\.[0-9]+)? (ms|s)\b", "TIME"),
            (r#""(duration_ms|ms)":[0-9.]+"#, r#""$1":TIME"#),
            (r#" time="[0-9]+\.[0-9]{3}""#, r#" time="TIME""#),
            (r#""phases_ms":\{[^}]*\}"#, r#""phases_ms":TIMES"#),
            (r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} 20[0-9]{2} [0-9:]{8} GMT", "DATE"),
            (r"PHPSESSID=[^;\x22]*", "PHPSESSID=ID"),
        ];
        let patterns = patterns.map(|(pattern, with)| (Regex::new(pattern).unwrap(), with)).to_vec();
        Self { plain, patterns }
    }

    /// A text that is the same in every run.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.plain {
            text = text.replace(from, to);
        }
        for (pattern, with) in &self.patterns {
            text = pattern.replace_all(&text, *with).into_owned();
        }
        text
    }
}
