//! The file form of a [`crate::Proposal`]: JSON with the text of each version, its signatures, and the public keys.

use presetter_package::PublicKey;
use serde::{Deserialize, Serialize};

use crate::envelope::{self, SignatureForm};
use crate::step::{PublicKeys, Step};
use crate::{Code, Refused};

const MEDIA_TYPE: &str = "application/vnd.presetter.trust-store.v1+json";
/// The largest file that is read.
pub(crate) const MOST_BYTES: usize = 8 << 20;
/// The most versions in one file.
pub(crate) const MOST_STEPS: usize = 256;
/// The most keys in one file.
const MOST_KEYS: usize = 4096;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    #[serde(rename = "mediaType")]
    media_type: String,
    steps: Vec<StepForm>,
    keys: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepForm {
    trust: String,
    signatures: Vec<SignatureForm>,
}

/// The most of a parser's words that is shown, in characters.
const MOST_QUOTED: usize = 200;

/// Reads the outer form: of a version's text nothing.
pub(crate) fn read(file: &str, json: &[u8]) -> Result<(Vec<Step>, PublicKeys), Refused> {
    let malformed = |why: String| {
        let help = "a file is taken that `presetter trust export` wrote, or a proposal that it told you to have signed";
        // A parser's words may quote the file, as long as it is.
        let why: String =
            why.chars().take(MOST_QUOTED).map(|c| if presetter_manifest::steers(c) { '?' } else { c }).collect();
        Refused::new(Code::Malformed, format!("{file} is no trust store: {why}"), help)
    };
    if json.len() > MOST_BYTES {
        return Err(malformed(format!("it is larger than {MOST_BYTES} bytes")));
    }
    let form: FileForm = serde_json::from_slice(json).map_err(|why| malformed(why.to_string()))?;
    if form.media_type != MEDIA_TYPE {
        return Err(malformed(format!("its media type is {:?} and not {MEDIA_TYPE}", form.media_type)));
    }
    if form.steps.len() > MOST_STEPS || form.keys.len() > MOST_KEYS {
        return Err(malformed(format!("it has more than {MOST_STEPS} versions or {MOST_KEYS} keys")));
    }
    let mut keys = PublicKeys::new();
    for pem in &form.keys {
        let key = PublicKey::from_pem(pem).map_err(|why| malformed(why.to_string()))?;
        keys.insert(key.id(), key);
    }
    let step = |form: StepForm| Ok(Step { text: form.trust, signatures: envelope::signatures(form.signatures)? });
    let steps = form.steps.into_iter().map(step).collect::<Result<_, String>>().map_err(malformed)?;
    Ok((steps, keys))
}

/// Writes it.
pub(crate) fn write(steps: &[Step], keys: &PublicKeys) -> Vec<u8> {
    let step = |step: &Step| StepForm { trust: step.text.clone(), signatures: envelope::forms(&step.signatures) };
    let form = FileForm {
        media_type: MEDIA_TYPE.to_owned(),
        steps: steps.iter().map(step).collect(),
        keys: keys.values().map(|key| key.to_pem().to_owned()).collect(),
    };
    // Texts in structs: nothing in it can fail.
    let mut json = serde_json::to_vec_pretty(&form).unwrap_or_default();
    json.push(b'\n');
    json
}
