//! What a crate brings along: of the HTTP client, TLS, the runtimes and other crates with one home nothing may be
//! reachable from the floors below that home, through whatever crates.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{FLOORS, HOMES, metadata};

/// Foreign crates beside those of [`HOMES`], and the lowest floor that may bring them along.
const LOWEST: [(&str, &str); 7] = [
    ("tokio", "presetter-egress"),
    ("mio", "presetter-egress"),
    ("socket2", "presetter-egress"),
    ("ring", "presetter-egress"),
    ("rustls-webpki", "presetter-egress"),
    ("tempfile", "presetter-disk"),
    ("cranelift-codegen", "presetter-runtime"),
];

/// The normal dependencies of each package, by name. Packages of one name count as one, so at worst too much is found.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn graph(metadata: &Value) -> Graph {
    let names: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
        .collect();
    let mut graph = Graph::new();
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        let normal = |dep: &&Value| dep["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null());
        let dependencies = node["deps"].as_array().unwrap().iter().filter(normal);
        let dependencies = dependencies.map(|dep| names[dep["pkg"].as_str().unwrap()].to_owned());
        graph.entry(names[node["id"].as_str().unwrap()].to_owned()).or_default().extend(dependencies);
    }
    graph
}

/// The way from one crate to another, both named; nothing if there is none.
fn way(graph: &Graph, from: &str, to: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![from.to_owned()]];
    let mut seen = BTreeSet::from([from.to_owned()]);
    while let Some(way) = ways.pop() {
        let here = way.last().unwrap();
        if here == to {
            return Some(way);
        }
        for next in graph.get(here).into_iter().flatten().filter(|next| !seen.contains(*next)).collect::<Vec<_>>() {
            seen.insert(next.clone());
            ways.push(way.iter().chain([next]).cloned().collect());
        }
    }
    None
}

/// What the floors below a foreign crate's home bring along of it.
fn broken(graph: &Graph) -> Vec<String> {
    let homes = HOMES.iter().filter_map(|(foreign, homes)| Some((*foreign, *homes.first()?)));
    let mut broken = Vec::new();
    for (foreign, lowest) in homes.chain(LOWEST) {
        let below = FLOORS.iter().take_while(|floor| **floor != lowest);
        let ways = below.filter_map(|floor| way(graph, floor, foreign));
        broken.extend(ways.map(|way| format!("{foreign} is not for floors below {lowest}: {}", way.join(" -> "))));
    }
    broken
}

#[test]
fn no_floor_brings_along_what_belongs_above_it() {
    // For this machine alone: cargo has not fetched what only others need.
    let graph = graph(&metadata(&["--filter-platform", "host-tuple"]));
    for (foreign, lowest) in LOWEST {
        assert!(FLOORS.contains(&lowest) && graph.contains_key(foreign), "{foreign} is gone: take it off the list");
    }
    let broken = broken(&graph);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_way_is_found_through_other_crates() {
    let of = |pairs: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in pairs {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        graph
    };
    let innocent =
        [("presetter-egress", "reqwest"), ("presetter-connection", "presetter-egress"), ("a", "b"), ("b", "a")];
    assert_eq!(broken(&of(&innocent)), [""; 0]);
    let planted = [("presetter-template", "a"), ("a", "b"), ("b", "a"), ("b", "reqwest")];
    let told = broken(&of(&planted));
    assert_eq!(told, ["reqwest is not for floors below presetter-egress: presetter-template -> a -> b -> reqwest"]);
    assert!(broken(&of(&[("presetter-bundle", "wasmtime")]))[0].contains("below presetter-runtime"));
}
