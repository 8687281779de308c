//! From what is wanted to the steps of the change.
//!
//! Owns what is allowed: which version may take the place of which, and that all which comes in is approved. Writes nothing but the line of
//! the history that a killed process left out.

use presetter_package::Digest;

use crate::approved::{Approval, Approved};
use crate::change::{self, Step};
use crate::history::{Entry, Signed, Version, What};
use crate::index::{Index, Installed, Kept};
use crate::layout::Layout;
use crate::store::{covered, not_approved, not_installed};
use crate::verified::Verified;
use crate::{Error, Incoming, Note, Permissions};

/// What is wanted.
#[derive(Debug)]
pub(crate) enum Wanted<'a> {
    Install(&'a Incoming, &'a Permissions),
    Upgrade(&'a Incoming, &'a Permissions),
    Rollback(&'a Verified),
    Remove(&'a str),
}

/// The steps, and the bundle as it is afterwards; one that is removed, as it was before.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) steps: Vec<Step<'a>>,
    pub(crate) bundle: Installed,
}

/// Plans a change. The lock is held.
pub(crate) fn plan<'a>(layout: &Layout, wanted: &Wanted<'a>, note: &Note<'_>) -> Result<Plan<'a>, Error> {
    let mut index = Index::load(&layout.index())?;
    let before = index.get(wanted.name()).cloned();
    let bundle = match (wanted, before.clone()) {
        (Wanted::Install(incoming, _), before) => installed(incoming, before, note)?,
        (_, None) => return Err(not_installed(wanted.name())),
        (Wanted::Upgrade(incoming, _), Some(before)) => upgraded(incoming, before, note)?,
        (Wanted::Rollback(to), Some(before)) => gone_back(to, before)?,
        (Wanted::Remove(_), Some(before)) => before,
    };
    let version = |bundle: &Installed| Version { version: bundle.version.clone(), digest: bundle.digest };
    let removed = matches!(wanted, Wanted::Remove(_));
    let entry = Entry {
        number: change::catch_up(layout, &index)? + 1,
        at: note.at,
        what: wanted.what(),
        bundle: bundle.name.clone(),
        by: note.by.to_owned(),
        why: note.why.map(str::to_owned),
        from: before.as_ref().map(version),
        to: (!removed).then(|| version(&bundle)),
        signed: wanted.verified().map(signed),
    };
    let mut steps = Vec::new();
    if let Wanted::Install(incoming, approved) | Wanted::Upgrade(incoming, approved) = wanted {
        covered(incoming.verified(), approved)?;
        steps.push(Step::Package(bundle.digest, incoming.bytes()));
    }
    if let Some(verified) = wanted.verified() {
        // The versions that go stay until the state says so.
        let kept = |digest: Digest| index.keeps(digest) || bundle.kept.iter().any(|kept| kept.digest == digest);
        steps.extend(approve(layout, wanted, verified, kept, note)?);
    }
    index.last = Some(entry.clone());
    if removed {
        index.bundles.retain(|other| other.name != bundle.name);
    } else {
        index.put(bundle.clone());
    }
    steps.extend([Step::Commit(index.clone()), Step::Record(entry), Step::Collect(index)]);
    Ok(Plan { steps, bundle })
}

impl<'a> Wanted<'a> {
    fn name(&self) -> &'a str {
        match self {
            Self::Install(incoming, _) | Self::Upgrade(incoming, _) => incoming.verified().name(),
            Self::Rollback(to) => to.name(),
            Self::Remove(name) => name,
        }
    }

    fn what(&self) -> What {
        match self {
            Self::Install(..) => What::Install,
            Self::Upgrade(..) => What::Upgrade,
            Self::Rollback(_) => What::Rollback,
            Self::Remove(_) => What::Remove,
        }
    }

    fn verified(&self) -> Option<&'a Verified> {
        match self {
            Self::Install(incoming, _) | Self::Upgrade(incoming, _) => Some(incoming.verified()),
            Self::Rollback(to) => Some(to),
            Self::Remove(_) => None,
        }
    }
}

fn signed(verified: &Verified) -> Signed {
    let decision = verified.decision();
    Signed {
        rule: decision.rule.pattern.to_string(),
        keys: decision.signers.iter().map(ToString::to_string).collect(),
        store: decision.store,
    }
}

fn arrived(incoming: &Incoming, note: &Note<'_>) -> Kept {
    let verified = incoming.verified();
    let (version, digest) = (verified.version().clone(), verified.digest());
    Kept { version, digest, origin: incoming.origin().clone(), at: note.at }
}

fn installed(incoming: &Incoming, before: Option<Installed>, note: &Note<'_>) -> Result<Installed, Error> {
    let new = arrived(incoming, note);
    match before {
        None => Ok(Installed::new(incoming.verified().name(), new)),
        Some(mut same) if same.digest == new.digest => {
            same.take(new);
            Ok(same)
        }
        Some(there) => {
            let name = &there.name;
            let message = format!("{name} {} is installed already, as {}", there.version, there.digest);
            Err(Error::new(message, format!("to put another version in its place: presetter upgrade {name}")))
        }
    }
}

fn upgraded(incoming: &Incoming, mut there: Installed, note: &Note<'_>) -> Result<Installed, Error> {
    let new = arrived(incoming, note);
    let (name, version) = (&there.name, &new.version);
    if there.version > *version {
        let message = format!("{name} {} is installed, which is newer than {version}", there.version);
        return Err(Error::new(message, format!("to go back to a version that is kept: presetter rollback {name}")));
    }
    if let Some(kept) = there.kept(version).filter(|kept| kept.digest != new.digest) {
        let message = format!("{name} {version} is here already as another package, {}", kept.digest);
        return Err(Error::new(message, "a version is one package for ever: ask its maker for a higher version"));
    }
    there.take(new);
    there.went_back = false;
    Ok(there)
}

fn gone_back(to: &Verified, mut there: Installed) -> Result<Installed, Error> {
    let known = there.kept(to.version()).is_some_and(|kept| kept.digest == to.digest());
    if !known {
        let kept: Vec<String> = there.kept.iter().map(|kept| kept.version.to_string()).collect();
        let message = format!("{} {} is not kept", to.name(), to.version());
        return Err(Error::new(message, format!("kept are: {}", kept.join(", "))));
    }
    if *to.version() >= there.version {
        let message = format!("{} {} is installed; going back goes to an older version", to.name(), there.version);
        return Err(Error::new(message, format!("for a newer one: presetter upgrade {}", to.name())));
    }
    there.version = to.version().clone();
    there.digest = to.digest();
    there.went_back = there.kept.iter().any(|kept| kept.version > there.version);
    Ok(there)
}

/// The step that keeps what was approved. Going back needs what was approved then.
fn approve<'a>(
    layout: &Layout,
    wanted: &Wanted<'a>,
    verified: &'a Verified,
    kept: impl Fn(Digest) -> bool,
    note: &Note<'_>,
) -> Result<Option<Step<'a>>, Error> {
    let name = verified.name();
    let mut file = Approved::load(&layout.approved(name), name)?;
    let (Wanted::Install(_, permissions) | Wanted::Upgrade(_, permissions)) = wanted else {
        let known = file.of(verified.digest()).ok_or_else(|| not_approved(name, verified.version(), ""))?;
        return covered(verified, &known.permissions).map(|()| None);
    };
    let approval = Approval {
        version: verified.version().clone(),
        digest: verified.digest(),
        by: note.by.to_owned(),
        at: note.at,
        permissions: (*permissions).clone(),
    };
    file.put(approval, kept);
    Ok(Some(Step::Approve(name, file)))
}
