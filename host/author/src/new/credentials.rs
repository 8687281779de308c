//! The credentials of a curl command: from headers, cookies and options to the account.
//!
//! Owns what is taken for one, and how it is sent. Invariant: every credential is learnt as a secret, also one that the account
//! does not need.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use presetter_manifest::{AuthKind, SlotPlace};
use url::Url;

use super::account::Account;
use super::curl::Call;
use super::secrets::{self, Secrets};

/// Schemes of `Authorization` beside Bearer and Basic that stand before one key.
const SCHEMES: [&str; 13] = [
    "Token",
    "SSWS",
    "ApiKey",
    "Api-Key",
    "Key",
    "GenieKey",
    "Klaviyo-API-Key",
    "Splunk",
    "DeepL-Auth-Key",
    "Bot",
    "OAuth",
    "Zoho-oauthtoken",
    "JWT",
];

/// Takes credentials out of the command: into the account, and into what must be nowhere.
pub(super) fn credentials(call: &mut Call, url: &Url, account: &mut Account, secrets: &mut Secrets) {
    for text in call.secrets.drain(..) {
        secrets.add(text.split_once(':').map_or(text.as_str(), |(_, password)| password));
    }
    let user = url.password().map(|password| format!("{}:{password}", url.username()));
    if let Some(pair) = call.user.take().or(user) {
        secrets.add(pair.split_once(':').map_or("", |(_, password)| password));
        secrets.add(&pair);
        account.basic();
    }
    if let Some(token) = call.bearer.take() {
        secrets.add(&token);
        account.bearer();
    }
    let given = std::mem::take(&mut call.headers);
    call.headers = given.into_iter().filter(|(name, value)| !credential(name, value, account, secrets)).collect();
    let cookies = std::mem::take(&mut call.cookies);
    let pairs =
        cookies.iter().flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    let pairs: Vec<(&str, &str)> = pairs.collect();
    pairs.iter().for_each(|(_, value)| secrets.add(value));
    // Beside another credential, cookies are what a browser happened to have.
    let alone = account.auth == AuthKind::None;
    let named: Vec<&str> = pairs.iter().map(|(name, _)| *name).filter(|name| secrets::by_name(name)).collect();
    let all: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    let fine =
        |name: &&&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && !b"\",;\\=".contains(&b));
    for name in if named.is_empty() { &all } else { &named }.iter().filter(fine).filter(|_| alone) {
        account.key(SlotPlace::Cookie, name, "");
    }
}

/// Whether a header holds a credential, which then is the account's.
fn credential(name: &str, value: &str, account: &mut Account, secrets: &mut Secrets) -> bool {
    let authorization = name.eq_ignore_ascii_case("authorization");
    if !authorization && !secrets::by_name(name) && !secrets::by_look(value) {
        return false;
    }
    let (scheme, rest) = value.split_once(' ').map_or(("", value), |(scheme, rest)| (scheme, rest.trim()));
    secrets.add(value);
    if authorization && scheme.eq_ignore_ascii_case("bearer") {
        secrets.add(rest);
        account.bearer();
    } else if authorization && scheme.eq_ignore_ascii_case("basic") {
        secrets.add(rest);
        let pair = STANDARD.decode(rest).ok().and_then(|b| String::from_utf8(b).ok());
        secrets.add(pair.as_deref().and_then(|pair| pair.split_once(':')).map_or("", |(_, password)| password));
        account.basic();
    } else {
        let known = SCHEMES.into_iter().chain(["Bearer"]).any(|known| known.eq_ignore_ascii_case(scheme));
        let before = if known && !rest.contains(' ') { format!("{scheme} ") } else { String::new() };
        secrets.add(rest);
        if is_token(name) {
            account.key(SlotPlace::Header, name, &before);
        }
    }
    true
}

/// What a header may be called (RFC 9110, 5.6.2).
pub(crate) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
