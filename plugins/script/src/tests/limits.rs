//! Scripts that do not come to an end of their own.

use super::{fails, outputs, run};

fn ended(body: &str) -> String {
    let (class, message) = fails(body, vec![]);
    assert_eq!(class, "limit", "{message}");
    message
}

#[test]
fn an_endless_loop_is_ended_at_its_place() {
    for (body, place) in [
        ("  for (;;) ;", "thing/run.js:2:3:"),
        (
            "  while (inputs.none) ;\n  for (;;) ;",
            "thing/run.js:1:49: the script was ended: a loop went round more than 20000 times (in this function, its loops: 2:3, 3:3)",
        ),
        ("  while (true) { inputs.n = 1 }", "thing/run.js:2:"),
        ("  let n = 0;\n  do { n++ } while (n)", "thing/run.js:3:"),
        ("  const f = () => {\n for (;;) ; };\n f()", "thing/run.js:3:"),
        ("  [1].map(() => {\n for (;;) ; })", "thing/run.js:3:"),
        ("  for (const x of (function* () { for (;;) yield 1 })()) ;", "thing/run.js:2:"),
        ("  try { for (;;) ; } catch { return host.ok() }", "thing/run.js:2:"),
    ] {
        let message = ended(body);
        assert!(message.starts_with(place), "{body}: {message}");
        assert!(message.contains("the script was ended: a loop went round more than 20000 times"), "{message}");
    }
}

#[test]
fn an_endless_loop_after_an_await_is_ended_with_the_await() {
    let message = ended("  while (true) await null");
    assert!(message.starts_with("thing/run.js:2:16: the script was ended: promises were waited for"), "{message}");
    for body in ["  await host.wait(1); for (;;) ;", "  await (async () => { await null; for (;;) ; })()"] {
        let message = ended(body);
        assert!(message.starts_with("thing/run.js:2:"), "{body}: {message}");
        assert!(message.contains("after an await a loop went round more than 20000 times"), "{message}");
    }
}

#[test]
fn endless_promises_without_a_loop_are_ended() {
    let message = ended("  const f = () => Promise.resolve().then(f);\n  f(); await new Promise(() => {})");
    assert!(message.contains("promises were waited for more than 20000 times"), "{message}");
}

#[test]
fn deep_recursion_is_ended_at_its_place() {
    for body in [
        "  const f = () => f() + 1;\n  f()",
        "  const f = n => [n].map(f);\n  f(1)",
        "  const o = { get x() { return o.x } };\n  return o.x",
        "  const o = { toJSON() { return JSON.stringify(o) } };\n  return JSON.stringify(o)",
    ] {
        let message = ended(body);
        assert!(message.starts_with("thing/run.js:"), "{body}: {message}");
        assert!(message.contains("functions called one another more than"), "{message}");
    }
    let message =
        ended("  const f = async n => { await null; return deep(n) };\n  const deep = n => deep(n);\n  await f(1)");
    assert!(message.starts_with("thing/run.js:") && message.contains("functions called one another"), "{message}");
}

#[test]
fn long_work_that_ends_is_not_ended() {
    let body = "let sum = 0;
        for (let i = 0; i < 10000; i++) sum += i;
        const depth = n => n === 0 ? 0 : 1 + depth(n - 1);
        for (let i = 0; i < 1000; i++) await null;
        return host.ok({ sum, depth: depth(150) })";
    assert_eq!(outputs(body, vec![])["depth"], 150);
    let (finished, _) = run(
        "const f = async n => n === 0 ? 0 : 1 + await f(n - 1);\nexport default async function run(i, host) { return host.ok({ n: await f(60) }) }",
        vec![],
    );
    assert_eq!(finished.outputs["n"], 60);
}
