//! `presetter verify` and `presetter inspect`: what a package is, and what it says that it is.
//!
//! Keeps: a package is verified in one pass, so that its size takes no memory; of one that is not trusted nothing is shown but why.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use presetter_bundle::{Bundle, Content, Source};
use presetter_pack::{PackError, Rebuilt, rebuild};
use presetter_package::{Bounds, Digest, KeyId, Keys, Manifest, Opened, PublicKey};
use presetter_trust::{Candidate, Document, Trust};
use semver::Version;
use serde_json::{Value, json};

use super::place::Place;
use super::pull::{Signed, unknown_signers};
use super::{fetch, keys, trust};
use crate::args::{InspectArgs, TableFormat, VerifyPackageArgs};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::count;
use crate::world::World;

/// What was verified.
struct Known {
    manifest: Manifest,
    digest: Digest,
    signers: Vec<(KeyId, Option<String>)>,
    /// Of the trust store: the rule, and how many keys it asks for.
    rule: Option<(String, u32)>,
}

/// Follows `presetter verify`.
pub(crate) async fn verify(world: &World, args: &VerifyPackageArgs) -> Result<Exit, Failure> {
    let place = Place::of(&args.package)?;
    let keys = Counting::of(world, &args.key)?;
    let (known, rebuilt) = match &place {
        Place::File(file) => {
            let known = known(world, io::BufReader::new(fetch::open(file)?), &args.package, &keys, None)?;
            let rebuilt = args.rebuild.then(|| again(&fetch::artifact(file)?, &known)).transpose()?;
            (known, rebuilt)
        }
        place => {
            let (bytes, _) = fetch::package(world, place, &args.network, Signed::By(keys.as_keys())).await?;
            let known = known(world, bytes.as_slice(), &args.package, &keys, place.version().as_ref())?;
            let opened = presetter_package::open(bytes.as_slice(), &Bounds::default());
            let artifact =
                opened.and_then(Opened::artifact).map_err(|refused| fetch::malformed(&args.package, &refused))?;
            let rebuilt = args.rebuild.then(|| again(&artifact, &known)).transpose()?;
            (known, rebuilt)
        }
    };
    match args.format {
        TableFormat::Json => _ = world.console.json(&object(&known, rebuilt.as_ref())),
        TableFormat::Table => tell(world, &known, rebuilt.as_ref()),
    }
    Ok(match rebuilt {
        Some(Rebuilt::Differs { .. }) => Exit::Trust,
        // It was asked for, and could not be done.
        Some(Rebuilt::OtherInterpreter { .. } | Rebuilt::OwnComponent | Rebuilt::NotPacked) => Exit::Failed,
        Some(Rebuilt::Same { .. }) | None => Exit::Ok,
    })
}

/// The keys that count.
enum Counting<'a> {
    /// Those of the trust store, by its rules.
    Trusted(Box<Trust>),
    /// All of those that were named, and nothing else.
    Given(&'a [PathBuf], Vec<PublicKey>),
}

impl<'a> Counting<'a> {
    fn of(world: &World, given: &'a [PathBuf]) -> Result<Self, Failure> {
        if given.is_empty() {
            return Ok(Self::Trusted(Box::new(trust::current(world)?)));
        }
        let keys = given.iter().map(|file| keys::public(file)).collect::<Result<_, _>>()?;
        world.console.say("by the keys that you named; revocations and older versions are not looked at");
        Ok(Self::Given(given, keys))
    }

    fn as_keys(&self) -> &dyn Keys {
        match self {
            Self::Trusted(trust) => trust.as_ref(),
            Self::Given(_, keys) => keys,
        }
    }
}

/// Verifies a package, all of it: in the order that nothing is parsed which nobody trusted has signed. `asked`: the version that was
/// asked for.
fn known(
    world: &World,
    reader: impl Read,
    what: &str,
    keys: &Counting<'_>,
    asked: Option<&Version>,
) -> Result<Known, Failure> {
    let refused = |refused: presetter_package::Refused| fetch::malformed(what, &refused);
    let opened = presetter_package::open(reader, &Bounds::default()).map_err(refused)?;
    let digest = opened.digest();
    let signers = opened.signers(keys.as_keys()).map_err(refused)?;
    match keys {
        Counting::Trusted(_) if signers.is_empty() => {
            return Err(unknown_signers(what, opened.head().claimed_signers().into_iter().flatten().collect()));
        }
        Counting::Given(files, keys) => {
            if let Some((file, key)) = files.iter().zip(keys).find(|(_, key)| !signers.contains(&key.id())) {
                let shown = line(&file.display().to_string());
                let message = format!("{}: the key of {shown} ({}) has not signed it", line(what), key.id());
                return Err(Failure::new(Exit::Trust, message)
                    .help(format!("see who says to have signed it: presetter inspect {}", line(what))));
            }
        }
        Counting::Trusted(_) => {}
    }
    let manifest = opened.manifest().map_err(refused)?;
    manifest.expect(&manifest.name, asked.map(ToString::to_string).as_deref()).map_err(refused)?;
    let (signers, rule) = match keys {
        Counting::Trusted(trusted) => {
            let version = version(&manifest);
            let candidate =
                Candidate { name: &manifest.name, version: &version, digest, signers: &signers, rollback_to: None };
            let decision = trusted.decide(&candidate, World::now()).map_err(trust::refused)?;
            trust::warned(world, &decision.warnings);
            let signers = decision.signers.iter().map(|id| (*id, owner(trusted.document(), *id))).collect();
            (signers, Some((decision.rule.pattern.to_string(), decision.threshold)))
        }
        Counting::Given(..) => (signers.into_iter().map(|id| (id, None)).collect(), None),
    };
    opened.content(&mut |_, _| Ok(())).map_err(refused)?;
    Ok(Known { manifest, digest, signers, rule })
}

/// The manifest's reader has seen that it is one.
fn version(manifest: &Manifest) -> Version {
    Version::parse(&manifest.version).unwrap_or_else(|_| Version::new(0, 0, 0))
}

fn owner(document: &Document, id: KeyId) -> Option<String> {
    document.key(id).map(|key| key.owner.clone())
}

/// Packs the sources again. All of it was verified before.
fn again(artifact: &presetter_package::Artifact, known: &Known) -> Result<Rebuilt, Failure> {
    if artifact.digest() != known.digest {
        return Err(Failure::new(Exit::Trust, "the file was changed while it was verified; nothing of it was used"));
    }
    let content = |bytes: &[u8]| Content { bytes: bytes.to_vec().into(), sha256: Digest::of(bytes).hex() };
    let files = artifact.files().map(|(path, bytes)| (path.to_owned(), content(bytes))).collect();
    let source = Source::Signed { bundle: known.manifest.name.clone(), signers: Vec::new() };
    let bundle = Bundle::from_package(&known.manifest.name, &known.manifest.version, files, source)?;
    rebuild(&bundle).map_err(|error| match error {
        PackError::Bundle(error) => error.into(),
        error => Failure::new(Exit::Invalid, format!("its sources cannot be packed: {error}")),
    })
}

fn object(known: &Known, rebuilt: Option<&Rebuilt>) -> Value {
    let signers: Vec<Value> =
        known.signers.iter().map(|(id, owner)| json!({ "key": id.to_string(), "owner": owner })).collect();
    let mut object = json!({
        "verified": true,
        "name": known.manifest.name,
        "version": known.manifest.version,
        "digest": known.digest.to_string(),
        "signers": signers,
        "files": known.manifest.layers.len(),
        "bytes": known.manifest.size(),
    });
    if let Some((rule, threshold)) = &known.rule {
        object["rule"] = json!({ "match": rule, "threshold": threshold });
    }
    if let Some(rebuilt) = rebuilt {
        object["rebuilt"] = match rebuilt {
            Rebuilt::Same { interpreter } => json!({ "result": "same", "interpreter": interpreter }),
            Rebuilt::Differs { there, made } => json!({ "result": "differs", "there": there, "made": made }),
            Rebuilt::OtherInterpreter { interpreter, sha256, packed_by } => {
                json!({ "result": "cannot-compare", "interpreter": interpreter, "sha256": sha256, "packed_by": packed_by })
            }
            Rebuilt::OwnComponent => json!({ "result": "own-component" }),
            Rebuilt::NotPacked => json!({ "result": "not-packed" }),
        };
    }
    object
}

fn tell(world: &World, known: &Known, rebuilt: Option<&Rebuilt>) {
    let mut lines = vec![
        format!("{} {}", line(&known.manifest.name), line(&known.manifest.version)),
        format!("  digest     {}", known.digest),
    ];
    for (id, owner) in &known.signers {
        let owner = owner.as_deref().map(|owner| format!("  {}", line(owner))).unwrap_or_default();
        lines.push(format!("  signed by  {id}{owner}"));
    }
    if let Some((rule, threshold)) = &known.rule {
        lines.push(format!("  rule       {rule}: {} asked for", count(*threshold as usize, "signature")));
    }
    match rebuilt {
        None => {}
        Some(Rebuilt::Same { interpreter }) => {
            lines.push(format!("  rebuilt    the component is what its sources make, by the interpreter {interpreter}"));
        }
        Some(Rebuilt::Differs { there, made }) => {
            lines.push(format!("  rebuilt    NOT the same: the component is sha256:{there}, its sources make sha256:{made}"));
        }
        Some(Rebuilt::OtherInterpreter { interpreter, sha256, packed_by }) => lines.push(format!(
            "  rebuilt    cannot be compared: it was packed by presetter {} with the interpreter {} sha256:{}, which is not in this program",
            line(packed_by),
            line(interpreter),
            line(sha256)
        )),
        Some(Rebuilt::OwnComponent) => {
            lines.push("  rebuilt    cannot be compared: the component is its author's own, without its sources".into());
        }
        Some(Rebuilt::NotPacked) => lines.push("  rebuilt    nothing to compare: it is run from its sources".into()),
    }
    let _ = world.console.data(&lines.join("\n"));
}

/// Follows `presetter inspect`.
pub(crate) async fn inspect(world: &World, args: &InspectArgs) -> Result<Exit, Failure> {
    let artifact = match Place::of(&args.package)? {
        Place::File(file) => fetch::artifact(&file)?,
        place => {
            let anyone = Signed::Elsewhere(None);
            let (bytes, _) = fetch::package(world, &place, &args.network, anyone).await?;
            let opened = presetter_package::open(bytes.as_slice(), &Bounds::default());
            opened.and_then(Opened::artifact).map_err(|refused| fetch::malformed(&args.package, &refused))?
        }
    };
    let manifest = artifact.manifest();
    let claimed: Vec<KeyId> =
        artifact.signatures().iter().filter_map(|bundle| presetter_package::claimed_signer(bundle).ok()).collect();
    if args.format == TableFormat::Json {
        let _ = world.console.json(&json!({
            "verified": false,
            "name": manifest.name,
            "version": manifest.version,
            "digest": artifact.digest().to_string(),
            "claimed_signers": claimed.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "files": manifest.layers.iter().map(|layer| json!({
                "path": layer.title, "type": layer.media_type, "bytes": layer.size, "digest": layer.digest.to_string(),
            })).collect::<Vec<_>>(),
        }));
        return Ok(Exit::Ok);
    }
    let mut lines = vec![
        "NOT VERIFIED: this is what the package says of itself".to_owned(),
        format!("{} {}", line(&manifest.name), line(&manifest.version)),
        format!("  digest             {}", artifact.digest()),
    ];
    lines.extend(claimed.iter().map(|id| format!("  says signed by     {id}")));
    if claimed.is_empty() {
        lines.push("  says signed by     nobody".into());
    }
    lines.push(String::new());
    lines.extend(manifest.layers.iter().map(|layer| format!("  {:>10}  {}", layer.size, line(&layer.title))));
    let _ = world.console.data(&lines.join("\n"));
    world.console.say(&format!("to verify it: presetter verify {}", line(&args.package)));
    Ok(Exit::Ok)
}

/// Writes a package file that is not there yet.
pub(crate) fn written(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let shown = line(&file.display().to_string());
    if file.exists() {
        if std::fs::read(file).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        return Err(Failure::new(Exit::Invalid, format!("{shown} is there already, with other contents"))
            .help("choose another name, or remove it"));
    }
    crate::files::put(file, bytes)
        .map_err(|error| Failure::new(Exit::Invalid, format!("{shown} cannot be written: {error}")))
}
