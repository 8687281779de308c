//! Writes down the requests of a run for its receipt, while someone else watches it.
//!
//! Keeps: no text is kept that did not go past the mask, whole, before it is cut; memory is bounded however many requests
//! there are and however large their addresses, headers and bodies; the first and the last are kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use presetter_connection::{Answer, Preview};
use presetter_receipt::{Requested, Requests, Told};
use presetter_runtime::{RunObserver, Sending, Verdict};
use serde_json::Value;

use crate::output;
use crate::receipt::Mask;

/// How many requests from the beginning, and how many from the end, are told one by one; of the others, their number.
const MOST: usize = 500;
/// How much of all headers and bodies together is kept, in bytes of the log: an entry has its bound, and addresses and all
/// else that is told of requests take up to 3 MiB of it.
const ROOM: usize = 4 * 1024 * 1024;

/// Watches a run on behalf of its receipt.
pub(crate) struct Recorder {
    watch: Arc<dyn RunObserver>,
    keep: Requests,
    mask: Arc<Mask>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    first: Vec<Requested>,
    /// The newest after those, each with how much of the room it uses.
    last: VecDeque<(Requested, usize)>,
    /// How many there were between.
    left_out: u64,
    used: usize,
    /// The request on its way. What a person gave is still in it in plain.
    sending: Option<(Requested, Option<Preview>)>,
    /// Its answer, and how much of the room that uses.
    answer: Option<(Told, usize)>,
}

impl Recorder {
    pub(crate) fn new(watch: Arc<dyn RunObserver>, keep: Requests, mask: Arc<Mask>) -> Self {
        Self { watch, keep, mask, state: Mutex::default() }
    }

    /// The requests, if they are kept, and how many more there were. One that is still on its way was ended with the run.
    pub(crate) fn finish(&self) -> (Option<Vec<Requested>>, u64) {
        self.settle(|request| request.error = Some("ended".to_owned()));
        let State { first, mut last, left_out, .. } = std::mem::take(&mut *self.state());
        if let Some((request, _)) = last.front_mut() {
            request.left_out_before = left_out;
        }
        let requests = || first.into_iter().chain(last.into_iter().map(|(request, _)| request)).collect();
        ((self.keep != Requests::None).then(requests), left_out)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down the request on its way, if there is one.
    fn settle(&self, how: impl FnOnce(&mut Requested)) {
        let mut state = self.state();
        let answer = state.answer.take();
        let Some((mut request, preview)) = state.sending.take() else { return };
        if state.first.len() == MOST
            && state.last.len() == MOST
            && let Some((_, used)) = state.last.pop_front()
        {
            state.used -= used;
            state.left_out += 1;
        }
        how(&mut request);
        request.url = self.mask.text(&request.url);
        request.method = self.mask.text(&request.method);
        request.cut();
        let mut used = 0;
        request.answer = answer.map(|(told, its)| {
            used += its;
            told
        });
        request.request = preview.map(|preview| {
            let bytes = preview.body.as_ref().map_or(0, |body| body.len() as u64);
            let (told, its) = self.told(&preview.headers, preview.body.as_deref(), bytes, &mut state.used);
            used += its;
            told
        });
        if state.first.len() < MOST {
            state.first.push(request);
        } else {
            state.last.push_back((request, used));
        }
    }

    /// What is kept, and how much of the room it uses.
    fn told(&self, headers: &[(String, String)], body: Option<&str>, bytes: u64, used: &mut usize) -> (Told, usize) {
        let shown = |(name, value): &(String, String)| {
            // A cookie is a credential that nobody may have told us of.
            let cookie = name.eq_ignore_ascii_case("set-cookie");
            (name.clone(), if cookie { "[not kept]".to_owned() } else { self.mask.text(value) })
        };
        let headers = headers.iter().map(shown).collect();
        let before = ROOM - *used;
        let mut room = before;
        let body = body.and_then(|body| self.mask.body(body));
        let told = Told::new(headers, presetter_workflow::headers, body, bytes, &mut room);
        *used = ROOM - room;
        (told, before - room)
    }
}

#[async_trait]
impl RunObserver for Recorder {
    async fn before_send(&self, sending: &Sending<'_>) -> Verdict {
        if self.keep != Requests::None {
            let preview = sending.preview().ok();
            // What cannot be shown is refused; then its address is all that is known.
            let below = || format!("{}/{}", self.mask.base_url().trim_end_matches('/'), sending.path());
            let url = preview.as_ref().map_or_else(below, |preview| preview.url.clone());
            let request = Requested { method: sending.method().to_owned(), url, ..Requested::default() };
            self.state().sending = Some((request, preview.filter(|_| self.keep == Requests::Full)));
        }
        let verdict = self.watch.before_send(sending).await;
        if verdict == Verdict::Veto {
            self.state().sending = None;
        }
        verdict
    }

    fn block(&self, preset: &str, place: usize, then: bool) {
        self.watch.block(preset, place, then);
    }

    fn leaving(&self) {
        self.watch.leaving();
    }

    fn answer(&self, answer: &Answer) {
        if self.keep == Requests::Full {
            let body = std::str::from_utf8(&answer.body).ok();
            let mut state = self.state();
            let told = self.told(&answer.headers, body, answer.body.len() as u64, &mut state.used);
            state.answer = Some(told);
        }
        self.watch.answer(answer);
    }

    fn answered(&self, answer: Result<u16, &'static str>, took: Duration) {
        self.settle(|request| {
            match answer {
                Ok(status) => request.status = Some(status),
                Err(kind) => request.error = Some(kind.to_owned()),
            }
            request.ms = Some(output::milliseconds(took));
        });
        self.watch.answered(answer, took);
    }

    async fn going_on(&self) {
        self.watch.going_on().await;
    }

    fn waiting(&self, status: u16, wait: Duration) {
        self.watch.waiting(status, wait);
    }

    async fn row(&self, row: Value) {
        self.watch.row(row).await;
    }

    fn log(&self, level: &str, message: &str) {
        self.watch.log(level, message);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use presetter_connection::{Access, AccessContext, Connection, Source, Surroundings, SystemClock};
    use presetter_egress::Live;
    use presetter_receipt::MAX_TOLD;
    use presetter_runtime::Quiet;
    use presetter_secret::{Redactor, Secret};

    use super::*;

    struct Nobody;

    impl Surroundings for Nobody {
        fn var(&self, _: &str) -> Option<String> {
            None
        }

        fn prompt(&self, _: &str) -> Result<Secret, String> {
            Err("nobody is asked".into())
        }
    }

    /// A recorder for a connection of the kind `open`, whose secrets are all known, or `key`, whose secret was never looked up.
    fn recorder(kind: &str) -> Recorder {
        const BUNDLE: &str = "name = 'own'\nversion = '1.0.0'\ncontract = '0.1'\ntitle = 'Own'\n\
            [[grants]]\nmethods = ['GET']\npaths = ['**']\n\
            [connections.open]\ntitle = 'Open'\nauth = 'none'\n\
            [connections.key]\ntitle = 'Key'\nauth = 'bearer'\ntoken = '{{secrets.key}}'\n\
            [connections.key.secrets]\nkey = { help = 'Key' }\n";
        let manifest = presetter_manifest::Bundle::parse("bundle.toml", BUNDLE).unwrap_or_else(|e| panic!("{e}"));
        let source = Source::BuiltIn { bundle: "own".into() };
        let mut connection = Connection::new("o", kind, source, "https://a.example/v1");
        if kind == "key" {
            connection.secrets.insert("key".into(), presetter_connection::Reference::Env("KEY".into()));
        }
        let context = AccessContext {
            transport: Arc::new(Live::new()),
            surroundings: Arc::new(Nobody),
            state_dir: None,
            redactor: Redactor::new(),
            clock: Arc::new(SystemClock),
            bundle_file: "bundle.toml".into(),
            limits: presetter_egress::Limits::default(),
        };
        let access = Access::open(connection, manifest.connections[kind].clone(), &manifest.grants, context).unwrap();
        let inputs = Redactor::new();
        inputs.add("input name", &Secret::new("given-by-a-person".into()));
        Recorder::new(Arc::new(Quiet), Requests::Full, Arc::new(Mask::new(Arc::new(access), inputs)))
    }

    /// A request that is answered.
    fn one(recorder: &Recorder, body: &str) {
        let url = "https://a.example/v1/given-by-a-person".to_owned();
        let request = Requested { method: "GET".into(), url: url.clone(), ..Requested::default() };
        let preview = Preview { method: "GET".into(), url, headers: Vec::new(), body: Some(body.to_owned()) };
        recorder.state().sending = Some((request, Some(preview)));
        let headers = vec![("set-cookie".to_owned(), "sid=1".to_owned()), ("x".to_owned(), "y".to_owned())];
        recorder.answer(&Answer { status: 200, headers, body: Bytes::from(body.to_owned()) });
        recorder.answered(Ok(200), Duration::from_micros(1234));
    }

    #[test]
    fn requests_are_kept_with_their_bodies_and_without_cookies() {
        let recorder = recorder("open");
        one(&recorder, "a given-by-a-person");
        let (requests, left_out) = recorder.finish();
        let kept = serde_json::to_value(requests).unwrap();
        assert_eq!(left_out, 0);
        assert_eq!(
            kept.to_string(),
            r#"[{"method":"GET","url":"https://a.example/v1/given-by-a-person","status":200,"ms":1.2,"#.to_owned()
                + r#""request":{"headers":{},"body":"a given-by-a-person","body_bytes":19},"#
                + r#""answer":{"headers":{"set-cookie":["[not kept]"],"x":"y"},"body":"a given-by-a-person","body_bytes":19}}]"#
        );
    }

    #[test]
    fn while_secrets_are_not_known_nothing_that_was_given_is_kept() {
        let recorder = recorder("key");
        one(&recorder, "a given-by-a-person");
        let kept = serde_json::to_value(recorder.finish().0).unwrap();
        assert_eq!(kept[0]["url"], "https://a.example/v1/[secret input name]");
        assert_eq!((&kept[0]["request"]["body"], &kept[0]["request"]["body_bytes"]), (&Value::Null, &19.into()));
        assert!(!kept.to_string().contains("given-by"), "{kept}");
    }

    #[test]
    fn memory_is_bounded_in_number_and_in_size() {
        let recorder = recorder("open");
        for n in 0..2 * MOST + 5 {
            one(&recorder, &format!("{n} {}", "x".repeat(MAX_TOLD)));
        }
        let (requests, left_out) = recorder.finish();
        let requests = requests.unwrap();
        assert_eq!((requests.len(), left_out), (2 * MOST, 5));
        let bodies = requests.iter().flat_map(|r| [&r.request, &r.answer]).flatten();
        let kept: usize = bodies.map(|told| told.body.as_ref().map_or(0, String::len)).sum();
        assert!((ROOM - 64 * 1024..=ROOM).contains(&kept), "{kept}");
        assert!(requests.iter().all(|r| r.answer.as_ref().unwrap().cut));
    }

    #[test]
    fn the_first_and_the_last_requests_are_kept_and_what_was_between_is_told() {
        let recorder = recorder("open");
        for n in 0..2 * MOST + 7 {
            one(&recorder, &format!("body {n}"));
        }
        let (requests, left_out) = recorder.finish();
        let requests = requests.unwrap();
        let body = |at: usize| requests[at].answer.as_ref().unwrap().body.clone().unwrap();
        assert_eq!((requests.len(), left_out), (2 * MOST, 7));
        assert_eq!((body(0), body(MOST - 1)), ("body 0".to_owned(), format!("body {}", MOST - 1)));
        assert_eq!((body(MOST), body(2 * MOST - 1)), (format!("body {}", MOST + 7), format!("body {}", 2 * MOST + 6)));
        let told: Vec<(usize, u64)> =
            requests.iter().map(|r| r.left_out_before).enumerate().filter(|r| r.1 > 0).collect();
        assert_eq!(told, [(MOST, 7)]);
    }

    #[test]
    fn the_largest_requests_fit_into_an_entry() {
        let recorder = recorder("open");
        for n in 0..3 * MOST {
            let url = format!("https://a.example/v1/{n}?q={}", "x".repeat(58 * 1024));
            let request = Requested { method: "M".repeat(1000), url: url.clone(), ..Requested::default() };
            let headers: Vec<(String, String)> = (0..20).map(|n| (format!("x-{n}"), "\u{1}".repeat(1000))).collect();
            let preview =
                Preview { method: "GET".into(), url, headers: headers.clone(), body: Some("\u{1}".repeat(9000)) };
            recorder.state().sending = Some((request, Some(preview)));
            recorder.answer(&Answer { status: 200, headers, body: Bytes::from("\u{1}".repeat(9000)) });
            recorder.answered(Ok(200), Duration::from_micros(1234));
        }
        let requests = serde_json::to_value(recorder.finish().0.unwrap()).unwrap();
        assert!(
            requests.to_string().len() < presetter_receipt::MAX_LINE - 1024 * 1024,
            "{}",
            requests.to_string().len()
        );
        assert_eq!(requests[0]["url"].as_str().unwrap().len(), presetter_receipt::MAX_URL);
        assert_eq!(requests[0]["url_bytes"], 58 * 1024 + "https://a.example/v1/0?q=".len());
        assert!(requests[0]["request"]["headers_bytes"].as_u64().unwrap() > 20_000, "{}", requests[0]["request"]);
    }

    #[test]
    fn a_request_on_its_way_at_the_end_is_told() {
        let recorder = recorder("open");
        recorder.state().sending = Some((Requested { method: "PUT".into(), ..Requested::default() }, None));
        let requests = recorder.finish().0.unwrap();
        assert_eq!((requests.len(), requests[0].error.as_deref()), (1, Some("ended")));
    }
}
