//! Which requests one bundle may send and another may not.
//!
//! Owns the comparison. Keeps: what is not certainly covered by one line of before is new.

use std::collections::{BTreeMap, BTreeSet};

use presetter_egress::PathPattern;

use super::difference::Telling;
use super::{Permissions, Requests};

/// One method at one place.
struct One<'a> {
    at: &'a Requests,
    method: &'a str,
    /// Nothing for a path that egress takes for none; it allows nothing, and equals only itself.
    path: Option<PathPattern>,
}

impl One<'_> {
    fn covers(&self, other: &One<'_>) -> bool {
        self.at.host == other.at.host
            && self.method == other.method
            && match (&self.path, &other.path) {
                (Some(own), Some(other)) => own.covers(other),
                _ => self.at.path == other.at.path,
            }
    }
}

fn each(permissions: &Permissions) -> Vec<One<'_>> {
    let lines = permissions.requests.iter();
    let all = lines.flat_map(|at| {
        let path = PathPattern::parse(&at.path).ok();
        at.methods.iter().map(move |method| One { at, method, path: path.clone() })
    });
    all.collect()
}

pub(super) fn difference(old: &Permissions, new: &Permissions, telling: &mut Telling) {
    let (before, now) = (each(old), each(new));
    for (place, methods) in gathered(&now, &before) {
        telling.wider(format!("{} send {methods} to {}", telling.may(), shown(place, new)));
    }
    for (place, methods) in gathered(&before, &now) {
        let of_it = |now: &&One<'_>| before.iter().any(|old| old.at == place && old.covers(now));
        let left: BTreeSet<String> = now.iter().filter(of_it).map(|now| shown(now.at, new)).collect();
        let place = shown(place, old);
        telling.other(match left.into_iter().collect::<Vec<_>>().as_slice() {
            [] => format!("may no longer send {methods} to {place}"),
            left => format!("may no longer send {methods} to all of {place}, only to {}", left.join(", ")),
        });
    }
}

/// What of `some` is in none of `others`: each place with its methods, `GET, POST`.
fn gathered<'a>(some: &[One<'a>], others: &[One<'_>]) -> Vec<(&'a Requests, String)> {
    let mut places: BTreeMap<&Requests, Vec<&str>> = BTreeMap::new();
    for one in some.iter().filter(|one| !others.iter().any(|other| other.covers(one))) {
        places.entry(one.at).or_default().push(one.method);
    }
    places.into_iter().map(|(place, methods)| (place, methods.join(", "))).collect()
}

/// A place as people read it: with the address that is usual, if all kinds of connection have one.
fn shown(place: &Requests, permissions: &Permissions) -> String {
    if let Some(host) = &place.host {
        let host = host.strip_suffix(":443").unwrap_or(host);
        return format!("https://{host}{}, if a redirect leads there", place.path);
    }
    let bases: BTreeSet<Option<&str>> = permissions.connections.values().map(|kind| kind.base_url.as_deref()).collect();
    match bases.into_iter().collect::<Vec<_>>().as_slice() {
        [Some(base)] => format!("{}{}", base.trim_end_matches('/'), place.path),
        _ => format!("{} below the connection's address", place.path),
    }
}
