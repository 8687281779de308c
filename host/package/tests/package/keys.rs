//! Keys, with those that OpenSSL made (`tests/keys`, passphrase `correct`).

use presetter_package::{Digest, KeyError, PrivateKey, PublicKey};

const PUBLIC: &str = include_str!("../keys/p256.pub");

fn public_error(pem: &str) -> String {
    PublicKey::from_pem(pem).unwrap_err().to_string()
}

#[test]
fn one_key_has_one_identity_however_it_is_spelled() {
    let key = PublicKey::from_pem(PUBLIC).unwrap();
    assert_eq!(key.to_pem(), PUBLIC);
    assert_eq!(key.id().digest(), Digest::of(key.to_der()));
    assert_eq!(key.id().hint().len(), 44);
    assert_eq!(key.id().to_string().parse(), Ok(key.id()));
    let compressed = PublicKey::from_pem(include_str!("../keys/p256-compressed.pub")).unwrap();
    assert_eq!((compressed.id(), compressed.to_pem()), (key.id(), PUBLIC));
    assert_eq!(PublicKey::from_der(key.to_der()).unwrap(), key);
    let crlf = PUBLIC.replace('\n', "\r\n");
    assert_eq!(PublicKey::from_pem(&crlf).unwrap().id(), key.id());
    for der in [&key.to_der()[1..], &key.to_der()[..90], &[key.to_der(), &[0]].concat()] {
        assert!(matches!(PublicKey::from_der(der), Err(KeyError::Form(_))));
    }
}

#[test]
fn other_keys_are_refused_by_name() {
    for (pem, words) in [
        (include_str!("../keys/rsa.pub"), "an RSA key"),
        (include_str!("../keys/ed25519.pub"), "an Ed25519 key"),
        (include_str!("../keys/secp384r1.pub"), "the curve P-384"),
        (include_str!("../keys/secp521r1.pub"), "the curve P-521"),
        (include_str!("../keys/secp256k1.pub"), "the curve secp256k1"),
        (include_str!("../keys/p256-explicit.pub"), "describes itself"),
        (include_str!("../keys/p256-hybrid.pub"), "no valid key"),
        (include_str!("../keys/certificate.pem"), "openssl x509"),
        (include_str!("../keys/p256-scrypt.key"), "this is a private key"),
        ("", "no key in PEM"),
        ("ssh-ed25519 AAAA", "no key in PEM"),
        ("-----BEGIN PUBLIC KEY", "damaged"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "damaged"),
        (&PUBLIC.replace("END PUBLIC", "END PRIVATE"), "damaged"),
        (&format!("{PUBLIC}{PUBLIC}"), "more than one"),
        (&PUBLIC.replace("PUBLIC", "\u{1b}[31m"), "not a public key"),
    ] {
        let error = public_error(pem);
        assert!(error.contains(words), "{error} has no \"{words}\"");
        assert!(!error.contains('\u{1b}'));
    }
}

#[test]
fn points_that_are_none_are_refused() {
    let der = PublicKey::from_pem(PUBLIC).unwrap().to_der().to_vec();
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut der = der.clone();
        change(&mut der);
        PublicKey::from_der(&der).unwrap_err()
    };
    // Off the curve; the point (0, 0); the point at infinity, in the length that it has and in this one.
    assert_eq!(with(&|der| der[90] ^= 1), KeyError::Invalid);
    assert_eq!(with(&|der| der[27..].fill(0)), KeyError::Invalid);
    assert_eq!(with(&|der| der[26..].fill(0)), KeyError::Invalid);
    let infinity = |der: &mut Vec<u8>| {
        der.truncate(27);
        (der[1], der[24], der[26]) = (25, 2, 0);
    };
    assert_eq!(with(&infinity), KeyError::Invalid);
}

#[test]
fn private_keys_are_read_and_written_encrypted_alone() {
    let public = PublicKey::from_pem(PUBLIC).unwrap();
    for pem in [include_str!("../keys/p256-pbkdf2.key"), include_str!("../keys/p256-scrypt.key")] {
        let key = PrivateKey::from_pem(pem, Some(b"correct")).unwrap();
        assert_eq!(key.public(), &public);
        assert_eq!(PrivateKey::from_pem(pem, None).unwrap_err(), KeyError::NoPassphrase);
        for wrong in ["", "Correct", "correct "] {
            assert_eq!(PrivateKey::from_pem(pem, Some(wrong.as_bytes())).unwrap_err(), KeyError::WrongPassphrase);
        }
    }
    let key = PrivateKey::generate().unwrap();
    let pem = key.to_encrypted_pem("pass \u{e9}".as_bytes()).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    assert_ne!(pem, key.to_encrypted_pem("pass \u{e9}".as_bytes()).unwrap(), "a salt is fresh");
    let again = PrivateKey::from_pem(&pem, Some("pass \u{e9}".as_bytes())).unwrap();
    assert_eq!((again.public(), again.sign(b"x")), (key.public(), key.sign(b"x")));
    assert_eq!(key.to_encrypted_pem(b"").unwrap_err(), KeyError::EmptyPassphrase);
    assert_eq!(format!("{key:?}"), format!("PrivateKey {{ public: {}, .. }}", key.public().id()));
}

#[test]
fn other_private_keys_are_refused_with_advice() {
    let error = |pem: &str| PrivateKey::from_pem(pem, Some(b"correct")).unwrap_err().to_string();
    let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    for (pem, words) in [
        (include_str!("../keys/rsa.key").to_owned(), "an RSA key"),
        (include_str!("../keys/p256-pbes1.key").to_owned(), "openssl pkcs8 -topk8 -v2"),
        (PUBLIC.to_owned(), "this is a public key"),
        (block("PRIVATE KEY"), "not encrypted; encrypt it: openssl pkcs8 -topk8"),
        (block("EC PRIVATE KEY"), "not encrypted"),
        (block("ENCRYPTED SIGSTORE PRIVATE KEY"), "cosign's own form"),
        (block("ENCRYPTED PRIVATE KEY"), "damaged"),
        (block("OPENSSH PRIVATE KEY"), "not an encrypted private key in PEM"),
        (String::new(), "no key in PEM"),
    ] {
        assert!(error(&pem).contains(words), "{} has no \"{words}\"", error(&pem));
    }
}

#[test]
fn a_key_that_asks_for_too_much_is_refused_before_it_is_opened() {
    // N of the scrypt parameters (02 02 40 00) made 2^30, at the same length of everything else but this number.
    let pem = include_str!("../keys/p256-scrypt.key");
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64(&body);
    let at = der.windows(4).position(|w| w == [0x02, 0x02, 0x40, 0x00]).unwrap();
    let mut other = [&der[..at], &[0x02, 0x04, 0x40, 0, 0, 0], &der[at + 4..]].concat();
    // The lengths of the sequences around it, each in one byte or after 0x81.
    for (length, grow) in sequences(&der, at) {
        other[length] += grow;
    }
    let encoded = encode_base64(&other);
    let pem = format!("-----BEGIN ENCRYPTED PRIVATE KEY-----\n{encoded}-----END ENCRYPTED PRIVATE KEY-----\n");
    let error = PrivateKey::from_pem(&pem, Some(b"correct")).unwrap_err().to_string();
    assert!(error.contains("too much memory"), "{error}");
}

/// Where the lengths stand of the sequences that hold what is at `at`.
fn sequences(der: &[u8], at: usize) -> Vec<(usize, u8)> {
    (0..at)
        .filter(|start| der[*start] == 0x30)
        .filter_map(|start| {
            let (place, length) = match der[start + 1] {
                0x81 => (start + 2, usize::from(der[start + 2])),
                short => (start + 1, usize::from(short)),
            };
            let end = place + 1 + length;
            (end > at + 3 && end <= der.len()).then_some((place, 2))
        })
        .collect()
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn encode_base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    text.as_bytes().chunks(64).flat_map(|line| [std::str::from_utf8(line).unwrap(), "\n"]).collect()
}

#[test]
fn signatures_of_openssl_verify_and_ours_are_deterministic() {
    let public = PublicKey::from_pem(PUBLIC).unwrap();
    let message = b"DSSEv1 28 application/vnd.in-toto+json 2 {}";
    let signature = hex::decode(include_str!("../keys/p256.sig.hex").trim()).unwrap();
    assert_eq!(public.verify(message, &signature), Ok(()));
    assert_eq!(public.verify(b"DSSEv1 28 application/vnd.in-toto+json 2 []", &signature), Err(KeyError::Signature));
    let key = PrivateKey::from_pem(include_str!("../keys/p256-scrypt.key"), Some(b"correct")).unwrap();
    assert_eq!(key.sign(message), key.sign(message));
    assert_eq!(public.verify(message, &key.sign(message)), Ok(()));
}
