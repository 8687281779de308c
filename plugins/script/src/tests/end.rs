//! How a script ends that returns no result.

use serde_json::json;

use super::{fails, fine, go, load, refused, run};

fn failed(body: &str) -> String {
    let (class, message) = fails(body, vec![]);
    assert_eq!(class, "preset", "{message}");
    message
}

#[test]
fn what_is_thrown_is_told_with_its_place() {
    for (body, wanted) in [
        ("  null.x", "thing/run.js:2:8: TypeError: cannot convert 'null' or 'undefined' to object"),
        ("  throw new RangeError('too much')", "thing/run.js:2:9: RangeError: too much"),
        ("  return missing", "thing/run.js:2:10: ReferenceError: missing is not defined"),
        ("  throw new Error()", "thing/run.js:2:9: Error"),
    ] {
        let message = failed(body);
        assert_eq!(message, wanted);
    }
}

#[test]
fn the_place_is_there_also_after_an_await_and_in_promises() {
    for (body, start) in [
        ("await null;\n  throw new Error('x')", "thing/run.js:3:"),
        ("await Promise.reject(new Error('x'))", "thing/run.js:2:"),
        ("await Promise.resolve().then(() => {\n throw new Error('x') })", "thing/run.js:3:"),
        ("return (async () => {\n await null;\n null.x })()", "thing/run.js:4:"),
        ("await null;\n throw 'text'", "thing/run.js:3:"),
        // The script: the reason is no Error, which would know its place.
        ("return Promise.reject('text')", "thing/run.js:1:1:"),
    ] {
        let message = failed(body);
        assert!(message.starts_with(start), "{body}: {message}");
    }
}

#[test]
fn what_is_no_error_is_told_as_what_it_is() {
    assert!(failed("throw 'text'").ends_with("what was thrown is no Error: \"text\""));
    assert!(failed("throw {}").ends_with("what was thrown is no Error but an object"));
    assert!(failed("throw undefined").ends_with("what was thrown is no Error: undefined"));
}

#[test]
fn the_stack_is_logged() {
    let script = "function inner() { null.x }\nexport default function run() {\n  inner();\n}";
    let (finished, asked) = run(script, vec![]);
    assert!(finished.verdict.message.starts_with("thing/run.js:1:"), "{:?}", finished.verdict);
    let logged = asked[0]["message"].as_str().unwrap();
    assert!(logged.contains("at inner (thing/run.js:1:") && logged.contains("at run (thing/run.js:3:"), "{logged}");
    assert_eq!(asked[0]["log"], "error");
}

#[test]
fn what_the_host_refuses_is_told_in_its_words() {
    for (kind, class) in [("denied", "denied"), ("not-sent", "network"), ("too-large", "limit"), ("odd", "preset")] {
        assert_eq!(fails("await host.call()", vec![refused(kind)]), (class.into(), "why".into()));
    }
}

#[test]
fn a_script_returns_a_result() {
    for (body, what) in [
        ("", "nothing"),
        ("return 7", "7"),
        ("return { kind: 'ok' }", "an object that is no result"),
        ("return [host.ok()]", "a list"),
        ("return host.ok", "a function"),
    ] {
        let message = failed(body);
        let wanted = format!("thing/run.js:1:1: the script returned {what}; it returns host.ok(...)");
        assert!(message.starts_with(&wanted), "{message}");
    }
}

#[test]
fn a_promise_that_nothing_settles_is_told_with_the_await() {
    let message = failed("await host.wait(1);\n  await new Promise(() => {})");
    let what = "the script never ends: it waits for a promise that nothing settles";
    // The engine knows the function alone.
    assert_eq!(message, format!("thing/run.js:1:49: {what} (in this function, its awaits: 2:1, 3:3)"));
    assert_eq!(failed("  await new Promise(() => {})"), format!("thing/run.js:2:3: {what}"));
}

#[test]
fn a_rejected_promise_that_nobody_awaits_is_noticed() {
    let (class, message) = fails("host.call();\n return host.ok()", vec![refused("denied")]);
    assert_eq!(class, "denied");
    assert_eq!(message, "thing/run.js:2:10: a promise was rejected, and nothing awaits it: why");
    let message = failed("Promise.resolve().then(() => { throw new Error('x') });\n return host.ok()");
    assert!(message.starts_with("thing/run.js:2:") && message.ends_with("nothing awaits it: Error: x"), "{message}");
    // One that is awaited later is none.
    let body = "const p = Promise.reject(new Error('x')); await null;\n try { await p } catch { return host.ok() }";
    let script = format!("export default async function run(inputs, host) {{ {body} }}");
    assert_eq!(run(&script, vec![]).0.verdict.kind, "ok");
}

#[test]
fn a_run_leaves_nothing_to_the_next_but_what_the_module_keeps() {
    let script = "export default async function run(inputs, host) {
        if ((await host.call()).status === 200) throw new Error('first');
        return host.ok({ n: 1 });
    }";
    let scripts = load(&[("thing/run.js", script)]).ok().unwrap();
    assert_eq!(go(&scripts, "thing", vec![fine()]).0.verdict.kind, "failed");
    let (second, _) = go(&scripts, "thing", vec![super::answer(201, &json!({}))]);
    assert_eq!((second.verdict.kind, second.seen.unwrap().status), ("ok", 201));
}

#[test]
fn chance_and_code_from_texts_are_not_there() {
    assert!(failed("return Math.random()").contains("Math.random is not available"));
    assert!(failed("return eval('1')").contains("eval and Function are not available"));
    assert!(failed("return new Function('return 1')()").contains("eval and Function are not available"));
}

#[test]
fn the_same_answers_give_the_same_result() {
    let script = "export default async function run(inputs, host) {
        const seen = new Set(), map = new Map();
        for (const n of [3, 1, 2]) { seen.add({ n }); map.set('k' + n, n) }
        const a = await Promise.all([host.call(), host.call()]);
        return host.ok({ all: [...seen].map(x => x.n), keys: Object.keys(Object.fromEntries(map)), now: Date.now(),
                         order: a.map(x => x.status), sorted: [3, 1, 2].sort(), id: String(Symbol('x')) });
    }";
    let once = || run(script, vec![fine(), super::answer(404, &json!({}))]);
    let ((one, asked), (other, again)) = (once(), once());
    assert_eq!((one.verdict.kind, &one.outputs, &asked), ("ok", &other.outputs, &again));
    assert_eq!(one.outputs["order"], json!([200, 404]));
}
