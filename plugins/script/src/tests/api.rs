//! The API that `presetter.d.ts` documents.

use serde_json::{Value, json};

use super::{answer, fails, fine, go, load, outputs, refused, run};

#[test]
fn a_script_has_inputs_settings_and_the_kind_of_its_connection() {
    let out = outputs("return host.ok({ key: inputs.key, size: host.settings.size, kind: host.kind })", vec![]);
    assert_eq!(out, json!({ "key": "k", "size": 2, "kind": "open" }));
}

#[test]
fn a_call_sends_the_manifests_request_with_its_values() {
    let script = "export default async function (inputs, { call, ok }) {
        const a = await call();
        const b = await call({ key: 'other', left: undefined });
        const c = await call({ key: 'x' }, { preset: 'recipe' });
        return ok({ id: a.body.id, all: [a, b, c].map(answer => answer.status) });
    }";
    let (finished, asked) = run(script, vec![fine(), answer(404, &json!({})), fine()]);
    assert_eq!(finished.outputs["all"], json!([200, 404, 200]));
    assert_eq!(
        asked,
        [
            json!({ "call": "thing", "values": { "key": "k" } }),
            json!({ "call": "thing", "values": { "key": "other" } }),
            json!({ "call": "recipe", "values": { "key": "x" } }),
        ]
    );
}

#[test]
fn an_answer_has_status_headers_body_and_text() {
    let body = "const a = await host.call();
        return host.ok({ ok: a.ok, status: a.status, headers: a.headers, body: a.body, text: a.text,
                         same: a.body === a.body, spread: { ...a }.body.id, written: JSON.parse(JSON.stringify(a)).status })";
    let out = outputs(body, vec![fine()]);
    let body = json!({ "status": "OK", "id": "7" });
    assert_eq!(
        out,
        json!({ "ok": true, "status": 200, "headers": { "x-a": "1, 2" }, "body": body, "text": body.to_string(),
                "same": true, "spread": "7", "written": 200 })
    );
    let html = interpreter::Raw { status: 502, headers: vec![], body: b"<html>".to_vec() };
    let out = outputs(
        "const a = await host.call(); return host.ok({ ok: a.ok, body: a.body, text: a.text })",
        vec![Ok(html)],
    );
    assert_eq!(out, json!({ "ok": false, "body": "<html>", "text": "<html>" }));
}

#[test]
fn a_request_is_put_together_part_by_part() {
    let body = "await host.send({ method: 'POST', path: ['users', 'a/b', 7], query: { a: 1, b: [true, 'x', null], c: null, d: undefined },
                                  headers: [['X-A', 'b'], ['X-A', 'c']], json: { n: 1.5, t: '\"' } });
        await host.send({ method: 'POST', path: [], form: { a: 'ä', b: [1, 2] } });
        await host.send({ method: 'POST', path: ['x'], text: 'hello' });
        await host.send({ method: 'POST', path: ['x'], template: { key: null } });
        return host.ok()";
    let script = format!("export default async function run(inputs, host) {{ {body} }}");
    let (finished, asked) = run(&script, vec![fine(), fine(), fine(), fine()]);
    assert_eq!(finished.verdict.kind, "ok");
    let query = json!([["a", "1"], ["b", "true"], ["b", "x"]]);
    let sent = |asked: &Value, part: &str| asked[part].clone();
    assert_eq!(sent(&asked[0], "path"), json!(["users", "a/b", "7"]));
    assert_eq!(sent(&asked[0], "query"), query);
    assert_eq!(sent(&asked[0], "headers"), json!([["X-A", "b"], ["X-A", "c"]]));
    let bodies: Vec<Value> = asked.iter().map(|asked| sent(asked, "body")).collect();
    assert_eq!(
        bodies,
        [
            json!(["json", r#"{"n":1.5,"t":"\""}"#]),
            json!(["form", r#"[["a","ä"],["b","1"],["b","2"]]"#]),
            json!(["text", "hello"]),
            json!(["template", r#"{"key":null}"#]),
        ]
    );
}

#[test]
fn a_request_that_cannot_be_meant_so_is_an_error_at_its_place() {
    for (request, word) in [
        ("{ method: 'GET', path: 'users/a' }", "list of segments"),
        ("{ method: 'GET', path: ['users', undefined] }", "path[1] has no value"),
        ("{ method: 'GET', path: ['users', {}] }", "path[1] must be a text"),
        ("{ method: 'GET', path: [], body: {} }", "no \"body\"; it has method, path"),
        ("{ method: 'POST', path: [], json: 1, text: '' }", "one body, and this one has json and text"),
        ("{ path: [] }", "needs a method"),
        ("{ method: 'GET', path: [], query: 'a=b' }", "an object, or a list of pairs"),
        ("{ method: 'GET', path: [], query: { a: {} } }", "query.a must be a text"),
        ("{ method: 'POST', path: [], json: { a: [1n] } }", "json.a[0] is a BigInt"),
        ("{ method: 'POST', path: [], json: { a: () => 1 } }", "json.a is a function"),
    ] {
        let (class, message) = fails(&format!("return await host.send({request})"), vec![]);
        assert!(class == "preset" && message.contains(word), "{message}");
        assert!(message.starts_with("thing/run.js:2:"), "{message}");
    }
}

#[test]
fn rules_of_bundle_and_preset_judge_an_answer() {
    let script = "export default async function run(inputs, host) {
        const answer = await host.call();
        return host.judge(answer) ?? host.ok({ id: answer.body.id });
    }";
    let scripts = load(&[("thing/run.js", script)]).ok().unwrap();
    for answers in [
        vec![fine()],
        vec![answer(404, &json!({}))],
        vec![answer(200, &json!({ "status": "NO", "info": "not today" }))],
        vec![answer(500, &json!({}))],
        vec![answer(401, &json!({}))],
        vec![answer(400, &json!({ "info": "bad" }))],
        vec![refused("denied")],
        vec![refused("unanswered")],
        vec![refused("auth")],
        vec![refused("template")],
        vec![refused("cancelled")],
    ] {
        let (by_script, _) = go(&scripts, "thing", answers.clone());
        let (by_recipe, _) = go(&scripts, "recipe", answers);
        assert_eq!(by_script.verdict, by_recipe.verdict);
        assert_eq!((&by_script.outputs, &by_script.trace), (&by_recipe.outputs, &by_recipe.trace));
        let seen = |finished: &interpreter::Finished| {
            finished.seen.as_ref().map(|seen| (seen.status, seen.headers.clone(), seen.response.clone()))
        };
        assert_eq!(seen(&by_script), seen(&by_recipe));
    }
}

#[test]
fn a_script_can_catch_what_the_host_refuses() {
    let body = "try { await host.call() } catch (error) {
            return host.ok({ name: error.name, kind: error.kind, class: error.class, message: error.message,
                             is: error instanceof Error });
        }";
    let wanted = json!({ "name": "HostError", "kind": "unanswered", "class": "network", "message": "why", "is": true });
    assert_eq!(outputs(body, vec![refused("unanswered")]), wanted);
}

#[test]
fn rows_and_words_go_out_in_the_scripts_order() {
    let script = "export default async function run(inputs, host) {
        host.log('begin');
        await Promise.all([1, 2].map(n => host.emit({ n, gone: undefined })));
        host.log('warn', { a: [1] });
        return host.ok();
    }";
    let (_, asked) = run(script, vec![]);
    assert_eq!(
        asked,
        [
            json!({ "log": "info", "message": "begin" }),
            json!({ "row": { "n": 1 } }),
            json!({ "row": { "n": 2 } }),
            json!({ "log": "warn", "message": "{\"a\":[1]}" }),
        ]
    );
}

#[test]
fn the_time_is_the_hosts() {
    let body = "const before = host.now();
        await host.wait(1500);
        return host.ok({ took: host.now() - before, date: new Date().getTime() - before, now: Date.now() - before,
                         text: new Date(0).toString(), zone: new Date().getTimezoneOffset() })";
    let out = outputs(body, vec![]);
    assert_eq!(
        (&out["took"], &out["date"], &out["now"], &out["zone"]),
        (&json!(1500), &json!(1500), &json!(1500), &json!(0))
    );
    assert!(out["text"].as_str().unwrap().starts_with("Thu Jan 01 1970 00:00:00 GMT+0000"), "{out}");
}

#[test]
fn results_carry_evidence_and_the_answer_they_rest_on() {
    let script = "export default async function run(inputs, host) {
        const first = await host.call();
        await host.call();
        const { ok, notFound, failed } = host;
        return [ok({ a: 1 }), ok({}, { evidence: 'seen', answer: first }), notFound('code X', 'it is gone'),
                failed('no'), failed('input', 'bad', { answer: first })][PICK];
    }";
    let ends = |pick: usize| {
        let script = script.replace("PICK", &pick.to_string());
        let (finished, _) = run(&script, vec![fine(), answer(201, &json!({}))]);
        let verdict = finished.verdict;
        let status = finished.seen.unwrap().status;
        (verdict.kind, verdict.class, verdict.message, verdict.evidence, status)
    };
    let text = |text: &str| text.to_owned();
    assert_eq!(ends(0), ("ok", text(""), text(""), text("answer"), 201));
    assert_eq!(ends(1), ("ok", text(""), text(""), text("seen"), 200));
    assert_eq!(ends(2), ("not-found", text(""), text("it is gone"), text("code X"), 201));
    assert_eq!(ends(3), ("failed", text("refused"), text("no"), text(""), 201));
    assert_eq!(ends(4), ("failed", text("input"), text("bad"), text(""), 200));
}

#[test]
fn results_that_cannot_be_are_refused() {
    for (body, word) in [
        ("return host.notFound()", "needs its evidence"),
        ("return host.notFound(' ')", "needs its evidence"),
        ("return host.failed()", "the message of host.failed must be a text"),
        ("return host.failed('odd', 'x')", "there is no class \"odd\"; there are refused"),
        ("return host.ok([1])", "outputs must be an object"),
        ("return host.ok({ a: { b: Symbol() } })", "outputs.a.b is a symbol"),
        ("return host.ok({ a: NaN })", "outputs.a is NaN"),
        ("return host.ok({ a: new Map() })", "outputs.a is a Map"),
        ("return host.ok({ a: host.call })", "outputs.a is a function"),
        ("const a = {}; a.a = a; return host.ok(a)", "contains itself"),
        ("return host.ok({}, { proof: 1 })", "no \"proof\"; it has evidence, answer"),
        ("return host.judge({ status: 200 })", "host.judge takes an answer"),
        ("return host.emit('x')", "the row must be an object"),
        ("return host.wait(-1)", "milliseconds"),
    ] {
        let (class, message) = fails(body, vec![]);
        assert!(class == "preset" && message.contains(word), "{message}");
    }
}

#[test]
fn numbers_dates_and_odd_texts_come_through() {
    let body = "return host.ok({ big: 9007199254740991, whole: 3.0, half: 0.5, less: -7, date: new Date(0), none: null,
                                 list: [undefined, 1], text: 'a\\uD800b', 5: 'five' })";
    assert_eq!(
        outputs(body, vec![]),
        json!({ "5": "five", "big": 9_007_199_254_740_991i64, "whole": 3, "half": 0.5, "less": -7,
                "date": "1970-01-01T00:00:00.000Z", "none": null, "list": [null, 1], "text": "a\u{fffd}b" })
    );
}
