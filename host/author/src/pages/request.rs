//! What a preset sends and what comes back: from a sample, or as the manifest's templates.

use presetter_bundle::{Bundle, PresetFile};
use presetter_manifest::{Request, Text};
use serde_json::Value;

use super::markdown::{block, code, text};
use super::sample::{Sample, Sent};

/// The most lines of an answer: what a page is read for is its shape.
const LINES: usize = 60;

/// The sample that stands for the preset: the first that ended well.
pub(super) fn typical(samples: &[Sample]) -> Option<&Sample> {
    own(samples).find(|(sample, _)| sample.outcome == "ok").map(|(sample, _)| sample)
}

/// The samples with the preset's own request. Where others look first, the first request is theirs.
fn own(samples: &[Sample]) -> impl Iterator<Item = (&Sample, &Sent)> {
    samples.iter().filter(|sample| !sample.confirm).filter_map(|sample| Some((sample, sample.sent.first()?)))
}

/// What it sends.
pub(super) fn parts(bundle: &Bundle, preset: &PresetFile, samples: &[Sample]) -> Vec<String> {
    if let Some(sample) = typical(samples) {
        let mut parts = vec![
            "## Request".to_owned(),
            format!(
                "As the case “{}” sends it with a connection of kind {}; in the places of secrets stand their names.",
                text(&sample.title),
                code(&sample.connection)
            ),
        ];
        parts.extend(sample.sent.first().map(|sent| block("http", &sent_text(sent))));
        match sample.sent.len() - 1 {
            0 => {}
            1 => parts.push("One more request follows: a further page, or what the answer does not say.".to_owned()),
            more => parts.push(format!("{more} more requests follow: further pages, or what the answer does not say.")),
        }
        return parts;
    }
    let mut parts = Vec::new();
    let manifest = &preset.manifest;
    let kinds = bundle.manifest().connections.keys().filter(|kind| manifest.works_with(kind));
    let variants = kinds.filter_map(|kind| Some((kind, manifest.variants.get(kind)?.request.as_ref()?)));
    if let Some(request) = &manifest.request {
        parts.push("## Request".to_owned());
        parts.push("The templates of the request; no case shows it with values.".to_owned());
        parts.push(block("text", &template_text(request)));
    }
    for (kind, request) in variants {
        parts.push(format!("With connections of kind {}:", code(kind)));
        parts.push(block("text", &template_text(request)));
    }
    parts
}

/// What comes back: of each sample the answer to its first request, each answer once.
pub(super) fn answers(samples: &[Sample]) -> Vec<String> {
    let mut parts = Vec::new();
    let mut seen: Vec<(&str, u16, &[u8])> = Vec::new();
    for (sample, sent) in own(samples) {
        if let Some(answer) = &sent.answer {
            let shown = (sample.outcome.as_str(), answer.status, answer.body.as_ref());
            if seen.contains(&shown) {
                continue;
            }
            seen.push(shown);
        }
        if parts.is_empty() {
            parts.push("## Answers".to_owned());
        }
        parts.push(format!("### {}", text(&sample.title)));
        let mut outcome = format!("Outcome: **{}**", text(&sample.outcome));
        if !sample.class.is_empty() {
            outcome += &format!(", class {}", code(&sample.class));
        }
        if !sample.message.is_empty() {
            outcome += &format!(": {}", text(&sample.message));
        }
        parts.push(outcome);
        let first = if sample.sent.len() > 1 { "To the first request: " } else { "" };
        match &sent.answer {
            Some(answer) => {
                parts.push(format!("{first}HTTP {}", answer.status));
                let (language, body) = body_text(&answer.body);
                if !body.is_empty() {
                    parts.push(block(language, &cut(&body)));
                }
            }
            None => parts.push(format!("{first}no answer")),
        }
    }
    parts
}

fn sent_text(sent: &Sent) -> String {
    let mut lines = vec![format!("{} {}", sent.method, sent.url)];
    lines.extend(sent.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    let (_, body) = sent.body.as_ref().map(|body| body_text(body)).unwrap_or_default();
    if !body.is_empty() {
        lines.push(String::new());
        lines.push(body);
    }
    lines.join("\n")
}

fn template_text(request: &Request) -> String {
    let path = request.path.iter().map(Text::as_str).collect::<Vec<_>>().join("/");
    let pair = |(name, value): (&String, &Text)| format!("{name}={value}");
    let query = request.query.iter().map(pair).collect::<Vec<_>>().join("&");
    let query = if query.is_empty() { query } else { format!("?{query}") };
    let mut lines = vec![format!("{} {path}{query}", request.method)];
    lines.extend(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if let Some(body) = &request.body {
        lines.push(format!("\n{}", body.as_str().trim()));
    }
    if let Some(form) = &request.form {
        lines.push(format!("\n{}", form.iter().map(pair).collect::<Vec<_>>().join("&")));
    }
    lines.join("\n")
}

/// A body for reading, and the language it is in.
fn body_text(body: &[u8]) -> (&'static str, String) {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => ("json", serde_json::to_string_pretty(&value).unwrap_or_default()),
        Err(_) => ("text", String::from_utf8_lossy(body).trim().to_owned()),
    }
}

/// The first lines of a text.
fn cut(body: &str) -> String {
    let all = body.lines().count();
    if all <= LINES {
        return body.to_owned();
    }
    let first = body.lines().take(LINES).collect::<Vec<_>>().join("\n");
    format!("{first}\n... and {} more lines", all - LINES)
}

#[cfg(test)]
mod tests {
    use super::super::sample::Answered;
    use super::*;

    fn sample(title: &str, outcome: &str, confirm: bool, body: &str) -> Sample {
        let answer = Answered { status: 200, body: body.to_owned().into() };
        let sent = Sent {
            method: "GET".into(),
            url: "https://a.example/".into(),
            headers: vec![],
            body: None,
            answer: Some(answer),
        };
        Sample {
            title: title.into(),
            outcome: outcome.into(),
            class: String::new(),
            message: String::new(),
            confirm,
            connection: "key".into(),
            inputs: serde_json::Map::new(),
            sent: vec![sent],
        }
    }

    #[test]
    fn the_presets_own_request_is_shown_and_each_answer_once() {
        let samples = [
            sample("looked first", "ok", true, "1"),
            sample("failed", "failed", false, "2"),
            sample("fine", "ok", false, "3"),
            sample("fine again", "ok", false, "3"),
        ];
        assert_eq!(typical(&samples).map(|sample| sample.title.as_str()), Some("fine"));
        let told = answers(&samples).join("\n");
        let titles: Vec<&str> = told.lines().filter(|line| line.starts_with("###")).collect();
        assert_eq!(titles, ["### failed", "### fine"]);
        assert!(typical(&samples[..2]).is_none() && answers(&samples[..1]).is_empty());
    }

    #[test]
    fn a_long_answer_is_cut_and_says_so() {
        let long = vec!["x"; LINES + 5].join("\n");
        assert!(cut(&long).ends_with("x\n... and 5 more lines"));
        assert_eq!(cut(&long).lines().count(), LINES + 1);
        assert_eq!(cut("a\nb"), "a\nb");
    }

    #[test]
    fn a_body_is_json_or_text() {
        assert_eq!(body_text(b"{\"a\":1}"), ("json", "{\n  \"a\": 1\n}".to_owned()));
        assert_eq!(body_text(b"a=1&b=2\n"), ("text", "a=1&b=2".to_owned()));
    }
}
