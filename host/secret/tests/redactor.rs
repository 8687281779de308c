//! Whatever secret, in whatever text, in whichever encoding: nothing of it is left, and all else stays.

#![allow(clippy::unwrap_used)] // in tests a failed unwrap is the failure of the test

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use presetter_secret::{Redactor, Secret};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What must be encoded in a path, and little more.
const MINIMAL: AsciiSet =
    CONTROLS.add(b' ').add(b'"').add(b'%').add(b'#').add(b'<').add(b'>').add(b'?').add(b'/').add(b'+');

fn knowing(name: &str, secret: &str) -> Redactor {
    let redactor = Redactor::new();
    redactor.add(name, &Secret::new(secret.to_owned()));
    redactor
}

fn json_text(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

fn unicode(text: &str, upper: bool) -> String {
    let unit = |unit: u16| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
    text.encode_utf16().map(unit).collect()
}

fn every_byte(text: &str, upper: bool) -> String {
    text.bytes().map(|byte| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") }).collect()
}

fn lower_percent(text: String) -> String {
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        out.push_str(&rest[at..at + 3].to_lowercase());
        rest = &rest[at + 3..];
    }
    out + rest
}

/// What must be escaped in HTML, as most libraries do it.
fn html(text: &str, apostrophe: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', apostrophe)
}

/// Every encoding in which the secret stands by itself, with its name for the message.
fn encodings(secret: &str) -> Vec<(&'static str, String)> {
    let minimal = utf8_percent_encode(secret, &MINIMAL).to_string();
    let full = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let half = secret.chars().enumerate();
    let mixed =
        half.map(|(n, c)| if n % 2 == 0 { unicode(&c.to_string(), n % 4 == 0) } else { json_text(&c.to_string()) });
    vec![
        ("raw", secret.to_owned()),
        ("json", json_text(secret)),
        ("json with slashes", json_text(secret).replace('/', "\\/")),
        ("json upper", unicode(secret, true)),
        ("json lower", unicode(secret, false)),
        ("json mixed", mixed.collect()),
        ("json in json", json_text(&json_text(secret))),
        ("percent minimal", minimal.clone()),
        ("percent minimal lower", lower_percent(minimal.clone())),
        ("percent full", full.clone()),
        ("percent full lower", lower_percent(full.clone())),
        ("percent every byte", every_byte(secret, true)),
        ("percent every byte lower", every_byte(secret, false)),
        ("form", full.replace("%20", "+")),
        ("form minimal", minimal.replace("%20", "+")),
        ("percent in json", json_text(&full)),
        ("json in percent", utf8_percent_encode(&json_text(secret), NON_ALPHANUMERIC).to_string()),
        ("html", html(secret, "&apos;")),
        ("html decimal", html(secret, "&#039;")),
        ("html hex", html(secret, "&#x27;")),
        ("html every character", secret.chars().map(|c| format!("&#{};", u32::from(c))).collect()),
        ("html every character hex", secret.chars().map(|c| format!("&#x{:X};", u32::from(c))).collect()),
        ("html in html", html(&html(secret, "&#39;"), "&#39;")),
        ("html in json", json_text(&html(secret, "&#39;")).replace('&', "\\u0026")),
        ("html in percent", utf8_percent_encode(&html(secret, "&#x27;"), NON_ALPHANUMERIC).to_string()),
        ("percent in html", html(&minimal, "&#39;")),
        ("hex", hex::encode(secret)),
        ("hex upper", hex::encode_upper(secret)),
    ]
}

/// No letter, digit or escape, so that neither a secret nor base64 can run into it.
fn around() -> impl Strategy<Value = String> {
    "[ .;<>|~é😀\n]{0,20}"
}

/// Any long secret with some letter or digit in it.
fn secret() -> impl Strategy<Value = String> {
    "[ -~éß😀]{0,12}[a-zA-Z0-9]{6,12}[ -~é/+%\\\\\"]{0,12}"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_encoding_is_taken_out_exactly(secret in secret(), before in around(), after in around()) {
        let redactor = knowing("token", &secret);
        for (name, encoded) in encodings(&secret) {
            let text = format!("{before}{encoded}{after}");
            let clean = redactor.text(&text);
            prop_assert_eq!(&clean, &format!("{before}[secret token]{after}"), "{} of {:?}", name, secret);
            prop_assert!(redactor.holds(text.as_bytes()) && !redactor.holds(clean.as_bytes()));
            let found = redactor.bytes(text.as_bytes());
            prop_assert_eq!(found.unwrap_or_else(|| text.clone().into_bytes()), clean.into_bytes());
        }
    }

    #[test]
    fn base64_is_taken_out_in_every_alignment(
        secret in secret(),
        head in prop::collection::vec(any::<u8>(), 0..10),
        tail in prop::collection::vec(any::<u8>(), 0..10),
        before in around(),
        after in around(),
    ) {
        let redactor = knowing("token", &secret);
        let whole = [head.as_slice(), secret.as_bytes(), &tail].concat();
        for encoded in [STANDARD.encode(&whole), STANDARD_NO_PAD.encode(&whole), URL_SAFE.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)] {
            for escaped in [encoded.clone(), encoded.replace('/', "\\/"), utf8_percent_encode(&encoded, NON_ALPHANUMERIC).to_string()] {
                let clean = redactor.text(&format!("{before}{escaped}{after}"));
                prop_assert_eq!(clean.matches("[secret token]").count(), 1);
                let (left, right) = clean.split_once("[secret token]").unwrap();
                // What is left decodes to the bytes around the secret and to none of its own.
                let left = left.strip_prefix(before.as_str()).unwrap().replace("\\/", "/");
                let right = right.strip_suffix(after.as_str()).unwrap().replace("\\/", "/");
                let (left, right) = (unescaped(&left), unescaped(&right));
                prop_assert!(left.len() * 6 <= head.len() * 8, "{} bits for {} bytes", left.len() * 6, head.len());
                prop_assert!(right.trim_end_matches('=').len() * 6 <= tail.len() * 8 + 4);
                prop_assert!(!redactor.holds(clean.as_bytes()));
            }
        }
    }

    #[test]
    fn pairs_are_taken_out(user in "[a-z@.]{1,12}", password in "[ -~]{1,12}", head in around()) {
        prop_assume!(user.len() + 1 + password.len() >= 6);
        let redactor = Redactor::new();
        redactor.add_pair("password", &user, &Secret::new(password.clone()));
        let pair = format!("{user}:{password}");
        for engine in [STANDARD, URL_SAFE_NO_PAD] {
            let clean = redactor.text(&format!("{head}Basic {}", engine.encode(&pair)));
            prop_assert_eq!(clean, format!("{head}Basic [secret password]"));
        }
        let clean = redactor.text(&format!("{head}{pair}"));
        prop_assert_eq!(clean, format!("{head}[secret password]"));
    }

    #[test]
    fn values_stay_values(secret in secret(), before in any::<String>(), key in "[a-z]{1,4}") {
        let redactor = knowing("token", &secret);
        // A backslash before an escape makes it none, and a percent sign swallows digits.
        let before = before.replace(['%', '\\', '&'], " ");
        for (name, encoded) in encodings(&secret) {
            let mut value = json!({"a": [1, {key.clone(): format!("{before}{encoded}")}], "b": true});
            value[&encoded] = json!(null);
            let text = serde_json::to_string(&value).unwrap();
            prop_assert!(redactor.value(&mut value));
            prop_assert!(!redactor.holds(value.to_string().as_bytes()), "{}", value);
            prop_assert!(value["a"][1][&key].as_str().unwrap().ends_with("[secret token]"));
            prop_assert!(value.get("[secret token]").is_some() && value["b"] == json!(true) && value["a"][0] == json!(1));
            prop_assert!(!redactor.value(&mut value), "redacting twice changes nothing more");
            // Printed as JSON there is one layer of escapes more, and two are undone.
            prop_assert!(name.contains(" in ") || !redactor.text(&text).contains(&json_text(&encoded)));
        }
    }

    /// Written at once, nothing passes that would be found in the value or in its text.
    #[test]
    fn written_json_holds_no_more_than_a_clean_value(
        secret in prop_oneof![secret(), "[0-9]{1,5}", "[0-9]{6,9}", r#"[a:",1e\[\]]{1,7}"#, r"[a-z]{1,9}\\"],
        before in any::<String>(),
        which in any::<prop::sample::Index>(),
    ) {
        let redactor = knowing("token", &secret);
        let mut encodings = encodings(&secret);
        let within: String = unicode(&secret, true).replace('\\', "%5C");
        encodings.extend([("unicode in percent", within), ("plain", secret.clone())]);
        let (_, encoded) = which.get(&encodings);
        let stray = encoded.strip_suffix("%5Cu005C").map_or(encoded.clone(), |start| format!("{start}%5C"));
        let number = secret.parse::<u64>().map_or(Value::Null, Value::from);
        for value in [
            json!({ "a": [1, number, format!("{before}{encoded}")], "b": true }),
            json!({ encoded: [&secret, encoded] }),
            json!({ encoded: 1 }),
            json!([{ stray.clone(): stray }, format!("{before}{encoded}\\")]),
            json!([1e30, 1e-7]),
            json!([["a", ":"], "a", { "a": "a", ",": null }]),
            json!({ "a": before, "n": number }),
        ] {
            let mut clean = value.clone();
            redactor.value(&mut clean);
            prop_assert_eq!(redactor.json(&value, |text| text), redactor.text(&clean.to_string()));
        }
    }

    #[test]
    fn other_text_is_unchanged(secret in "[a-zA-Z0-9]{16,40}", text in any::<String>(), bytes in any::<Vec<u8>>(), short in "[a-z]{1,5}") {
        // The short one alone may rightly be found, by chance, as a whole value in random text.
        let pin = knowing("pin", &short);
        prop_assume!(!pin.holds(text.as_bytes()) && !pin.holds(&bytes));
        let redactor = knowing("token", &secret);
        redactor.add("pin", &Secret::new(short.clone()));
        let sentence = format!("{text}, {short}er {short} '{short}' {{\"{short}\": 1}}");
        prop_assert_eq!(redactor.text(&sentence), sentence.clone());
        prop_assert_eq!(redactor.bytes(&bytes), None);
        let mut value = json!({short: [text.clone(), 1.5, null, sentence]});
        let before = value.clone();
        prop_assert!(!redactor.value(&mut value));
        prop_assert_eq!(value, before);
    }

    #[test]
    fn any_bytes_are_survived(bytes in "[\\\\u0-9a-f%+\"=é]{0,60}", secret in "[\\\\u0-9%+\"]{1,9}") {
        let redactor = knowing("token", &secret);
        let clean = redactor.text(&bytes);
        prop_assert!(secret.len() < 6 || !clean.replace("[secret token]", " ").contains(&secret));
    }
}

fn unescaped(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

#[test]
fn short_secrets_are_taken_out_as_whole_values_only() {
    let redactor = knowing("pin", "1234");
    for (text, wanted) in [
        ("1234", "[secret pin]"),
        ("%31%32%33%34", "[secret pin]"),
        ("MTIzNA==", "[secret pin]"),
        ("31323334", "[secret pin]"),
        (r#"{"pin": "1234", "more": ["12345", 1234]}"#, r#"{"pin": "[secret pin]", "more": ["12345", 1234]}"#),
        (r#"{"pin": "\u0031234"}"#, r#"{"pin": "[secret pin]"}"#),
        (r#"{"body": "{\"pin\":\"1234\"}"}"#, r#"{"body": "{\"pin\":\"[secret pin]\"}"}"#),
        (r#"{"pin": "MTIzNA"}"#, r#"{"pin": "[secret pin]"}"#),
        (r#"{"1234": 1, "1234" : 2}"#, r#"{"1234": 1, "1234" : 2}"#),
        ("call 1234 now", "call 1234 now"),
    ] {
        assert_eq!(redactor.text(text), wanted);
    }
    let mut value = json!({"1234": "1234", "a": ["x1234", "MTIzNA==", 1234]});
    assert!(redactor.value(&mut value));
    assert_eq!(value, json!({"1234": "[secret pin]", "a": ["x1234", "[secret pin]", "[secret pin]"]}));
}

/// HTTP sends the values of headers without blanks at their ends (RFC 9110, 5.5), and that is what a server echoes.
#[test]
fn a_secret_is_found_without_the_blanks_at_its_ends_too() {
    for secret in ["sekret-abcdef ", "\tsekret-abcdef\r\n", " sekret-abcdef"] {
        let redactor = knowing("token", secret);
        assert_eq!(redactor.text("<sekret-abcdef>"), "<[secret token]>");
        assert_eq!(redactor.text(&format!("<{secret}>")), "<[secret token]>");
        assert_eq!(redactor.text(&STANDARD.encode("sekret-abcdef")), "[secret token]");
    }
    let redactor = Redactor::new();
    redactor.add_pair("password", " me", &Secret::new("pw1 ".into()));
    for echo in ["me:pw1", " me:pw1 ", "\"pw1\""] {
        assert!(redactor.holds(echo.as_bytes()), "{echo:?}");
    }
    assert_eq!(redactor.text(&STANDARD.encode("me:pw1")), "[secret password]");
    // Blanks alone are no secret, and a user's name is none.
    let redactor = knowing("blank", "  \n");
    redactor.add_pair("password", "someone", &Secret::new(" ".into()));
    assert_eq!(redactor.text("someone:and nothing else"), "someone:and nothing else");
    assert!(!redactor.holds(b"") && !redactor.holds(b"\"\""));
}

#[test]
fn what_is_escaped_for_a_web_page_is_found() {
    let redactor = knowing("token", "sek&ret<abc>d'ef");
    for echo in [
        "sek&amp;ret&lt;abc&gt;d&#x27;ef",
        "sek&amp;ret&lt;abc&gt;d&#39;ef",
        "sek&#38;ret&#60;abc&#62;d&apos;ef",
        r"sek\u0026amp;ret\u0026lt;abc\u0026gt;d\u0026#39;ef",
        "sek%26amp%3Bret%26lt%3Babc%26gt%3Bd%26%23x27%3Bef",
    ] {
        assert_eq!(redactor.text(&format!("<p>no &quot;{echo}&quot;</p>")), "<p>no &quot;[secret token]&quot;</p>");
    }
}

#[test]
fn what_ends_otherwise_in_a_text_than_by_itself_is_found_in_written_json() {
    for (secret, value, clean) in [
        ("a b", json!({ "a+b": 1 }), r#"{"[secret token]":1}"#),
        ("x&y", json!({ "x&amp;y": 1 }), r#"{"[secret token]":1}"#),
        ("1e 30", json!([1e30]), r#"["[secret token]"]"#),
        ("616", json!([616, 6160]), r#"["[secret token]",6160]"#),
        ("password\\", json!({ "k": "%5Cu0070assword%5C" }), r#"{"k":"[secret token]"}"#),
        ("password\\", json!({ "k": "&#92;u0070assword&#92;" }), r#"{"k":"[secret token]"}"#),
    ] {
        let mut old = value.clone();
        let redactor = knowing("token", secret);
        redactor.value(&mut old);
        let written = redactor.json(&value, |text| text);
        assert_eq!(written, redactor.text(&old.to_string()), "{secret}");
        assert_eq!(written, clean, "{secret}");
    }
}

#[test]
fn a_secret_that_is_part_of_the_marker_is_replaced_once() {
    let redactor = knowing("password", "password");
    redactor.add("token", &Secret::new("secret".into()));
    let clean = redactor.text("my password is secret");
    assert_eq!(clean, "my [secret password] is [secret token]");
    assert_eq!(redactor.text(&clean), clean);
    assert!(!redactor.holds(clean.as_bytes()) && redactor.holds(b"[secret password] password"));
}

#[test]
fn overlapping_and_repeated_secrets_leave_nothing() {
    let redactor = knowing("one", "abcdef");
    redactor.add("two", &Secret::new("defghi".into()));
    redactor.add("three", &Secret::new("aaaaaa".into()));
    redactor.add("four", &Secret::new("xabcdefx".into()));
    assert_eq!(redactor.text("-abcdefghi-"), "-[secret one]-");
    assert_eq!(redactor.text("abcdefabcdef"), "[secret one][secret one]");
    assert_eq!(redactor.text(&format!("<{}>", "a".repeat(100_000))), "<[secret three]>");
    assert_eq!(redactor.text("xabcdefx"), "[secret four]");
}

#[test]
fn a_stray_mark_hides_nothing() {
    let secret = "a0 hunter\"~22";
    let redactor = knowing("token", secret);
    for encoded in [unicode(secret, true), unicode(secret, false), json_text(secret)] {
        let clean = redactor.text(&format!("\\{encoded}"));
        assert_eq!(clean.trim_start_matches('\\'), "[secret token]");
    }
    for encoded in ["a0%20hunter%22%7E22", "a0+hunter%22%7e22", "a0%20hunter%22~22", "a0+hunter%22~22"] {
        assert_eq!(redactor.text(&format!("100%{encoded}")), "100%[secret token]");
    }
}

#[test]
fn keys_that_become_equal_are_both_kept() {
    let redactor = knowing("token", "hunter22");
    let mut value: Value = json!({"hunter22": 1, "hunter%322": 2, "[secret token]": 3, "pin": 12345678});
    redactor.add("number", &Secret::new("12345678".into()));
    assert!(redactor.value(&mut value));
    assert_eq!(
        value,
        json!({"[secret token]": 1, "[secret token]'": 2, "[secret token]''": 3, "pin": "[secret number]"})
    );
}

#[test]
fn clones_learn_together_and_names_cannot_break_json() {
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    let redactor = Redactor::new();
    shared(&redactor);
    let clone = redactor.clone();
    std::thread::scope(|scope| {
        scope.spawn(|| clone.add("to\"ken]\n", &Secret::new("hunter22".into())));
    });
    redactor.add("empty", &Secret::new(String::new()));
    let clean: Value = serde_json::from_str(&redactor.text(r#"{"a": "hunter22"}"#)).unwrap();
    assert_eq!(clean, json!({"a": "[secret to_ken__]"}));
    assert!(!format!("{redactor:?}").contains("hunter22"));
}
