//! Signatures: everything that looks like one and is none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use presetter_package::{
    Digest, Fault, KeyId, Keys, PrivateKey, PublicKey, Reason, SignatureError, Verdict, check_signature,
    claimed_signer, open, sign,
};
use serde_json::{Value, json};

use crate::der::{der, minus, numbers};
use crate::support::{known, refused, signed, small, verify};

const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";

fn statement(digest: Digest) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": digest.hex()}}],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    })
}

fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).as_bytes(), payload].concat()
}

/// A Sigstore bundle of any parts.
fn envelope(hint: &[u8], payload: &[u8], signature: &[u8]) -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": STANDARD.encode(hint)}},
        "dsseEnvelope": {
            "payload": STANDARD.encode(payload),
            "payloadType": STATEMENT_TYPE,
            "signatures": [{"sig": STANDARD.encode(signature)}],
        },
    })
}

/// A well-made signature of any statement.
fn signed_statement(key: &PrivateKey, statement: &str) -> String {
    let payload = statement.as_bytes();
    envelope(key.public().id().as_bytes(), payload, &key.sign(&pae(STATEMENT_TYPE, payload))).to_string()
}

fn check(bundle: &str, digest: Digest, keys: &Vec<PublicKey>) -> Result<Verdict, SignatureError> {
    let outcome = check_signature(bundle.as_bytes(), digest, keys);
    if let Err(error) = &outcome {
        let text = error.to_string();
        assert!(text.chars().all(|c| (' '..='~').contains(&c)), "a message can steer a terminal: {text:?}");
    }
    outcome
}

#[test]
fn a_signature_is_written_as_it_always_was_and_holds() {
    let key = PrivateKey::generate().unwrap();
    let digest = Digest::of(b"x");
    let bundle = sign(digest, &key);
    assert_eq!(bundle, sign(digest, &key));
    let statement = format!(
        concat!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"{}"}}}}],"#,
            r#""predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{{}}}}"#
        ),
        digest.hex()
    );
    assert_eq!(String::from_utf8(bundle.clone()).unwrap(), signed_statement(&key, &statement));
    let valid = Ok(Verdict::Valid(key.public().id()));
    assert_eq!(check_signature(&bundle, digest, &known(&[&key])), valid);
    assert_eq!(check_signature(&bundle, digest, &known(&[])), Ok(Verdict::Unknown));
    assert_eq!(claimed_signer(&bundle), Ok(key.public().id()));
}

#[test]
fn what_cosign_writes_is_taken() {
    let key = PrivateKey::generate().unwrap();
    let digest = Digest::of(b"x");
    let valid = Ok(Verdict::Valid(key.public().id()));
    // Go's protojson puts spaces in at random, leaves out what is empty or writes it.
    let payload = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1", "subject":[{{"digest":{{"sha256":"{}"}}, "annotations":{{}}}}], "predicateType":"https://sigstore.dev/cosign/sign/v1", "predicate":{{}}}}"#,
        digest.hex()
    );
    let bundle = signed_statement(&key, &payload);
    assert_eq!(check(&bundle, digest, &known(&[&key])), valid);
    for (from, to) in [
        (r#""verificationMaterial":{"#, r#""verificationMaterial":{"tlogEntries":[],"timestampVerificationData":{},"#),
        (
            r#""verificationMaterial":{"#,
            r#""verificationMaterial":{"timestampVerificationData":{"rfc3161Timestamps":[]},"#,
        ),
        (r#"{"sig""#, r#"{"keyid":"","sig""#),
        (r#","dsseEnvelope""#, ",\n  \"dsseEnvelope\""),
    ] {
        let other = bundle.replacen(from, to, 1);
        assert_ne!(other, bundle);
        assert_eq!(check(&other, digest, &known(&[&key])), valid, "{to}");
    }
    for statement in [
        statement(digest).to_string().replace(r#","predicate":{}"#, ""),
        statement(digest).to_string().replace(r#"{"digest""#, r#"{"name":"registry.example/x","digest""#),
    ] {
        assert_eq!(check(&signed_statement(&key, &statement), digest, &known(&[&key])), valid, "{statement}");
    }
}

#[test]
fn malformed_envelopes_are_refused_whoever_they_name() {
    let key = PrivateKey::generate().unwrap();
    let digest = Digest::of(b"x");
    let good = String::from_utf8(sign(digest, &key)).unwrap();
    let hint = key.public().id().hint();
    let entry = r#"{"logIndex":"1","logId":{"keyId":"AA=="},"canonicalizedBody":"AA=="}"#;
    let sig = {
        let value: Value = serde_json::from_str(&good).unwrap();
        value["dsseEnvelope"]["signatures"][0]["sig"].as_str().unwrap().to_owned()
    };
    let tlog = format!(r#""verificationMaterial":{{"tlogEntries":[{entry}],"#);
    let changes = [
        ("bundle.v0.3+json", "bundle.v0.2+json".to_owned()),
        ("bundle.v0.3+json", "bundle.v0.4+json".into()),
        ("bundle.v0.3+json", "bundle+json;version=0.3".into()),
        (r#"{"mediaType""#, r#"{"x":1,"mediaType""#.into()),
        (r#"{"mediaType""#, "{\"\u{1b}[31m\":1,\"mediaType\"".into()),
        (r#"{"mediaType""#, "\u{feff}{\"mediaType\"".into()),
        (r#"{"mediaType""#, r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","mediaType""#.into()),
        (r#""verificationMaterial":{"#, tlog),
        (
            r#""verificationMaterial":{"#,
            r#""verificationMaterial":{"timestampVerificationData":{"rfc3161Timestamps":[{}]},"#.into(),
        ),
        (r#""verificationMaterial":{"#, r#""verificationMaterial":{"certificate":{"rawBytes":"AA=="},"#.into()),
        (r#""verificationMaterial":{"#, r#""verificationMaterial":{"tlogEntries":null,"#.into()),
        (
            r#""verificationMaterial":{"#,
            format!(r#""verificationMaterial":{{"tlogEntries":{}{},"#, "[".repeat(9000), "]".repeat(9000)),
        ),
        (&hint, String::new()),
        (&hint, hint[..40].to_owned()),
        (&hint, hint.trim_end_matches('=').to_owned()),
        (&hint, format!("{hint} ")),
        (&hint, hex::encode(key.public().id().as_bytes())),
        (r#""publicKey":{"hint""#, r#""publicKey":{"Hint""#.into()),
        ("in-toto+json", "in-toto+xml".into()),
        ("in-toto+json", "in-toto+json ".into()),
        (r#""payload":""#, r#""payload":"*"#.into()),
        (r#""payload":""#, r#""payload":1,"x":""#.into()),
        (r#""signatures":[{"#, r#""signatures":[],"x":[{"#.into()),
        (r#""signatures":[{"#, format!(r#""signatures":[{{"sig":"{sig}"}},{{"#)),
        (r#"{"sig""#, r#"{"keyid":"a","sig""#.into()),
        (r#"{"sig""#, r#"{"keyid":null,"sig""#.into()),
        (r#"{"sig""#, r#"{"cert":"x","sig""#.into()),
        (&sig, sig.trim_end_matches('=').to_owned() + "\\n"),
        (&sig, sig.replace(['+', '/'], "-") + "_"),
        (&sig, String::new()),
    ];
    for keys in [known(&[&key]), known(&[])] {
        for (from, to) in &changes {
            let changed = good.replacen(*from, to, 1);
            assert_ne!(changed, good, "{from}");
            let outcome = check(&changed, digest, &keys);
            assert!(matches!(outcome, Err(SignatureError::Malformed(_))), "{to}: {outcome:?}");
        }
        for text in
            ["", "{}", "[]", "null", "\0", r#"{"mediaType":1e400}"#, &format!("{good}{good}"), &format!("[{good}]")]
        {
            assert!(matches!(check(text, digest, &keys), Err(SignatureError::Malformed(_))), "{text}");
        }
    }
    // Arrays in place of objects, which serde would read as structs.
    let value: Value = serde_json::from_str(&good).unwrap();
    for pointer in
        ["", "/verificationMaterial", "/verificationMaterial/publicKey", "/dsseEnvelope", "/dsseEnvelope/signatures/0"]
    {
        let mut other = value.clone();
        let place = other.pointer_mut(pointer).unwrap();
        *place = Value::Array(place.as_object().unwrap().values().cloned().collect());
        assert!(
            matches!(check(&other.to_string(), digest, &known(&[&key])), Err(SignatureError::Malformed(_))),
            "{pointer}"
        );
    }
}

#[test]
fn signatures_are_canonical_numbers_in_range() {
    let key = PrivateKey::generate().unwrap();
    let digest = Digest::of(b"x");
    let payload = statement(digest).to_string();
    let good = key.sign(&pae(STATEMENT_TYPE, payload.as_bytes()));
    let (r, s) = numbers(&good);
    assert_eq!(der(&r, &s), good);
    let n = hex::decode("00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    let padded = |number: &[u8]| [&[0], number].concat();
    let long_form = [&[0x30, 0x81], &good[1..]].concat();
    let bad = [
        vec![],
        vec![0x30, 0],
        good[..good.len() - 1].to_vec(),
        [&good[..], &[0]].concat(),
        good[2..].to_vec(),
        long_form,
        der(&padded(&r), &s),
        der(&r, &padded(&s)),
        der(&[0], &s),
        der(&r, &[0]),
        der(&n, &s),
        der(&r, &n),
        der(&[], &s),
        der(&[0xff; 32], &s),
        der(&r, &[&[1], &[0; 32][..]].concat()),
        der(&r, &[1; 40]),
        [&r[r.len().saturating_sub(32)..], &s[s.len().saturating_sub(32)..]].concat(),
    ];
    for keys in [known(&[&key]), known(&[])] {
        for signature in &bad {
            let bundle = envelope(key.public().id().as_bytes(), payload.as_bytes(), signature).to_string();
            let outcome = check(&bundle, digest, &keys);
            assert!(matches!(outcome, Err(SignatureError::Malformed(_))), "{}: {outcome:?}", hex::encode(signature));
        }
    }
    // The twin of a signature, which anyone can make, is taken as the same key's: it is no other signer.
    let twin = der(&r, &minus(&n, &s));
    let bundle = envelope(key.public().id().as_bytes(), payload.as_bytes(), &twin).to_string();
    assert_eq!(check(&bundle, digest, &known(&[&key])), Ok(Verdict::Valid(key.public().id())));
    let mut artifact = signed(small(), &[&key]);
    let payload = statement(artifact.digest()).to_string();
    let (r, s) = numbers(&key.sign(&pae(STATEMENT_TYPE, payload.as_bytes())));
    let twin = envelope(key.public().id().as_bytes(), payload.as_bytes(), &der(&r, &minus(&n, &s)));
    assert!(artifact.add_signature(twin.to_string().into_bytes()).unwrap());
    let verified = verify(&artifact.to_bytes(), &known(&[&key])).unwrap().unwrap();
    assert_eq!(verified.signers, [key.public().id()], "one key counts once");
}

#[test]
fn a_known_key_must_have_made_it_over_these_bytes() {
    let (key, other) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let digest = Digest::of(b"x");
    let payload = statement(digest).to_string();
    let payload = payload.as_bytes();
    let id = key.public().id();
    let wrong = Err(SignatureError::Bad { key: id, fault: Fault::Wrong });
    let both = known(&[&key, &other]);
    let message = pae(STATEMENT_TYPE, payload);
    for (what, signature) in [
        ("of another key", other.sign(&message)),
        ("over the payload alone", key.sign(payload)),
        ("over its base64", key.sign(STANDARD.encode(payload).as_bytes())),
        ("with another type", key.sign(&pae("application/json", payload))),
        ("with no type", key.sign(&pae("", payload))),
        ("over other bytes", key.sign(&pae(STATEMENT_TYPE, b"{}"))),
        ("over the digest", key.sign(digest.as_bytes())),
    ] {
        let bundle = envelope(id.as_bytes(), payload, &signature).to_string();
        assert_eq!(check(&bundle, digest, &both), wrong, "{what}");
    }
    // One space more in what was signed.
    let bundle = envelope(id.as_bytes(), &[payload, b" "].concat(), &key.sign(&message)).to_string();
    assert_eq!(check(&bundle, digest, &both), wrong);
}

#[test]
fn what_was_signed_must_be_this_artifact_and_nothing_else() {
    let key = PrivateKey::generate().unwrap();
    let digest = Digest::of(b"x");
    let keys = known(&[&key]);
    let id = key.public().id();
    let fault = |statement: &str| match check(&signed_statement(&key, statement), digest, &keys) {
        Err(SignatureError::Bad { key, fault }) if key == id => fault,
        other => panic!("{statement}: {other:?}"),
    };
    let good = statement(digest).to_string();
    let with = |from: &str, to: &str| {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good);
        changed
    };
    assert_eq!(fault(&statement(Digest::of(b"y")).to_string()), Fault::Other);
    assert_eq!(fault(&with("cosign/sign/v1", "cosign/sign/v2")), Fault::Predicate);
    let attestation = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"https://slsa.dev/provenance/v1","predicate":{"a":[1]}}"#;
    assert_eq!(fault(attestation), Fault::Predicate);
    let subject = format!(r#"{{"digest":{{"sha256":"{}"}}}}"#, digest.hex());
    for statement in [
        with("Statement/v1", "Statement/v0.1"),
        with(&subject, &format!("{subject},{subject}")),
        with(&subject, ""),
        with(&subject, r#"{"digest":{}}"#),
        with(&subject, r#"{"name":"x"}"#),
        with(&digest.hex(), &digest.hex().to_uppercase()),
        with(&digest.hex(), &digest.to_string()),
        with(&digest.hex(), &digest.hex()[..62]),
        with(&digest.hex(), ""),
        with(r#""sha256""#, r#""sha512""#),
        with(r#""sha256""#, r#""sha1":"x","sha256""#),
        with(r#""sha256""#, &format!(r#""sha256":"{}","sha256""#, digest.hex())),
        with(r#"{"digest""#, r#"{"uri":"x","digest""#),
        with(r#"{"digest""#, r#"{"annotations":{"env":"test"},"digest""#),
        with(r#""predicate":{}"#, r#""predicate":{"a":1}"#),
        with(r#""predicate":{}"#, r#""predicate":null"#),
        with(r#""predicate":{}"#, r#""predicate":[]"#),
        with(r#""predicate":{}"#, r#""predicate":{},"predicate":{}"#),
        with(r#"{"_type""#, r#"{"x":1,"_type""#),
        with(r#"{"_type""#, "\u{feff}{\"_type\""),
        format!("{good}{good}"),
        format!("[{good}]"),
        "{}".to_owned(),
        String::new(),
        "\u{1b}[31m".to_owned(),
        format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
    ] {
        assert!(matches!(fault(&statement), Fault::Statement(_)), "{statement}");
    }
}

#[test]
fn a_lookup_that_gives_another_key_gives_none() {
    struct Confused(PublicKey);
    impl Keys for Confused {
        fn by_hint(&self, _: &[u8; 32]) -> Option<&PublicKey> {
            Some(&self.0)
        }
    }
    let (key, other) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let digest = Digest::of(b"x");
    let message = statement(digest).to_string();
    let signature = key.sign(&pae(STATEMENT_TYPE, message.as_bytes()));
    let named_other = envelope(other.public().id().as_bytes(), message.as_bytes(), &signature).to_string();
    let confused = Confused(key.public().clone());
    assert_eq!(check_signature(named_other.as_bytes(), digest, &confused), Ok(Verdict::Unknown));
}

#[test]
fn in_a_file_strangers_are_passed_over_and_everything_wrong_refuses() {
    let keys: Vec<PrivateKey> = (0..3).map(|_| PrivateKey::generate().unwrap()).collect();
    let [a, b, stranger] = &keys[..] else { panic!() };
    let both = known(&[a, b]);
    let signers = |by: &[&PrivateKey]| -> Option<Vec<KeyId>> {
        verify(&signed(small(), by).to_bytes(), &both).unwrap().map(|verified| verified.signers)
    };
    let mut sorted = vec![a.public().id(), b.public().id()];
    sorted.sort();
    assert_eq!(signers(&[]), None, "no signature");
    assert_eq!(signers(&[stranger]), None, "a stranger's alone");
    assert_eq!(signers(&[stranger, a]), Some(vec![a.public().id()]));
    assert_eq!(signers(&[b, stranger, a]), Some(sorted));

    let mut artifact = signed(small(), &[a]);
    assert!(!artifact.add_signature(sign(artifact.digest(), a)).unwrap(), "the same again is not added");
    let digest = artifact.digest();
    let payload = statement(digest).to_string();
    let forged =
        envelope(b.public().id().as_bytes(), payload.as_bytes(), &a.sign(&pae(STATEMENT_TYPE, payload.as_bytes())));
    assert!(artifact.add_signature(forged.to_string().into_bytes()).unwrap());
    let file = artifact.to_bytes();
    assert_eq!(refused(&file, &both), Reason::SignatureWrong);
    // Whoever does not know B passes it over.
    assert!(verify(&file, &known(&[a])).unwrap().is_some());
    let opened = open(&file[..], &presetter_package::Bounds::default()).unwrap();
    assert_eq!(opened.head().claimed_signers(), [Ok(a.public().id()), Ok(b.public().id())]);
    let at = opened.signers(&both).unwrap_err().at.unwrap();
    let blob = Digest::of(&opened.signatures()[1]).hex();
    assert_eq!(&file[at as usize..at as usize + 77], format!("blobs/sha256/{blob}").as_bytes(), "it says where");

    // Too many.
    let mut artifact = small();
    for n in 0..17 {
        let key = PrivateKey::generate().unwrap();
        match artifact.add_signature(sign(artifact.digest(), &key)) {
            Ok(added) => assert!(added && n < 16),
            Err(refused) => assert!(n == 16 && refused.reason == Reason::TooManySignatures),
        }
    }
    for bad in [&b"{}"[..], b""] {
        assert_eq!(small().add_signature(bad.to_vec()).unwrap_err().reason, Reason::SignatureMalformed);
    }
}
