use std::collections::BTreeMap;

use presetter_egress::PathPattern;
use presetter_manifest::Limit;
use proptest::prelude::*;

use super::*;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn usual() -> Permissions {
    let requests = |path: &str, methods: &[&str]| Requests { host: None, path: path.into(), methods: set(methods) };
    let kind = Kind {
        base_url: Some("https://api.acme.example/v1".into()),
        fields: set(&["email"]),
        secrets: set(&["key"]),
        fills: BTreeMap::from([("the header X".to_owned(), set(&["secrets.key"]))]),
    };
    let preset = Preset {
        effect: Effect::Create,
        runs_as: RunsAs::Recipe,
        unsafe_raw: false,
        redirects: 0,
        repeats: Repeats::Never,
        probe: None,
        connections: set(&["key"]),
        outputs: set(&["id", "role"]),
        rows: set(&[]),
        inputs: BTreeMap::from([("name".to_owned(), Input { kind: InputKind::String, required: true })]),
    };
    Permissions {
        component: None,
        limits: Allowed::default(),
        requests: vec![requests("/users", &["GET", "POST"]), requests("/users/*", &["GET"])],
        connections: BTreeMap::from([("key".to_owned(), kind)]),
        presets: BTreeMap::from([("create-user".to_owned(), preset)]),
    }
}

/// What a change makes of the usual.
fn told<R>(change: impl FnOnce(&mut Permissions) -> R) -> Vec<(bool, String)> {
    let mut new = usual();
    let _ = change(&mut new);
    difference(&usual(), &new).into_iter().map(|change| (change.widens, change.words)).collect()
}

fn one<R>(change: impl FnOnce(&mut Permissions) -> R) -> (bool, String) {
    let mut told = told(change);
    assert_eq!(told.len(), 1, "{told:?}");
    told.remove(0)
}

fn is(widens: bool, words: &str) -> (bool, String) {
    (widens, words.to_owned())
}

fn preset(p: &mut Permissions) -> &mut Preset {
    p.presets.get_mut("create-user").unwrap()
}

fn kind(p: &mut Permissions) -> &mut Kind {
    p.connections.get_mut("key").unwrap()
}

#[test]
fn requests_are_compared_by_what_they_allow() {
    assert_eq!(
        one(|p| p.requests[1].methods.insert("DELETE".into())),
        is(true, "may now also send DELETE to https://api.acme.example/v1/users/*")
    );
    let to = |path: &str| Requests { host: None, path: path.into(), methods: set(&["GET"]) };
    assert_eq!(told(|p| p.requests.push(to("/users/me"))), []);
    assert_eq!(
        one(|p| p.requests.push(to("/users/*/keys"))),
        is(true, "may now also send GET to https://api.acme.example/v1/users/*/keys")
    );
    // Wider, and so nothing is missed of what was.
    assert_eq!(
        one(|p| p.requests[1].path = "/users/**".into()),
        is(true, "may now also send GET to https://api.acme.example/v1/users/**")
    );
    assert_eq!(
        one(|p| p.requests[1].path = "/users/me".into()),
        is(
            false,
            "may no longer send GET to all of https://api.acme.example/v1/users/*, only to https://api.acme.example/v1/users/me"
        )
    );
    assert_eq!(
        one(|p| p.requests.remove(1)),
        is(false, "may no longer send GET to https://api.acme.example/v1/users/*")
    );
    // What only all old lines together cover is not proven.
    assert!(told(|p| p.requests.push(to("/**")))[0].0);
    let host = Requests { host: Some("files.example.com:443".into()), ..to("/users") };
    assert_eq!(
        one(|p| p.requests.push(host)),
        is(true, "may now also send GET to https://files.example.com/users, if a redirect leads there")
    );
    // Egress takes none of these; that one is like the other is not known.
    assert!(one(|p| p.requests.push(to("/users/x*"))).0);
}

#[test]
fn kinds_of_connection_are_compared_by_what_goes_where() {
    assert_eq!(
        one(|p| kind(p).secrets.insert("pin".into())),
        is(true, "connection kind key: now asks for the secret `pin`")
    );
    assert_eq!(
        one(|p| kind(p).fields.insert("site".into())),
        is(false, "connection kind key: now asks for the field `site`")
    );
    assert_eq!(one(|p| kind(p).secrets.clear()), is(false, "connection kind key: no longer asks for the secret `key`"));
    assert_eq!(
        one(|p| kind(p).fills.insert("the query parameter k".into(), set(&["secrets.key"]))),
        is(true, "connection kind key: now puts `secrets.key` into the query parameter k")
    );
    assert_eq!(
        one(|p| kind(p).fills.get_mut("the header X").unwrap().insert("fields.email".into())),
        is(true, "connection kind key: now puts `fields.email` into the header X")
    );
    assert_eq!(
        one(|p| kind(p).fills.clear()),
        is(false, "connection kind key: no longer puts `secrets.key` into the header X")
    );
    assert!(one(|p| kind(p).base_url = Some("https://evil.example".into())).0);
    assert!(!one(|p| kind(p).base_url = None).0);
    let (widens, words) =
        one(|p| p.connections.insert("admin".into(), Kind { secrets: set(&["root"]), ..Kind::default() }));
    assert!(widens && words == "new connection kind admin: asks for `root`", "{words}");
    assert_eq!(told(|p| p.connections.clear())[0], is(false, "no longer has the connection kind key"));
}

#[test]
fn presets_are_compared_by_what_they_do_take_and_give() {
    let input = Input { kind: InputKind::String, required: true };
    assert_eq!(
        one(|p| preset(p).inputs.insert("location".into(), input)),
        is(false, "preset create-user: new required input `location`")
    );
    assert_eq!(one(|p| preset(p).inputs.clear()), is(false, "preset create-user: no longer asks for the input `name`"));
    let number = Input { kind: InputKind::Integer, required: true };
    assert_eq!(
        one(|p| preset(p).inputs.insert("name".into(), number)),
        is(false, "preset create-user: the input `name` takes a whole number, before a text")
    );
    assert_eq!(
        one(|p| preset(p).outputs.remove("role")),
        is(false, "preset create-user: no longer gives the output `role`")
    );
    assert_eq!(
        one(|p| preset(p).effect = Effect::Delete),
        is(true, "preset create-user: now removes something, before it makes something new")
    );
    // The bundle may send a POST, and only the bundle says that it is a read.
    assert!(one(|p| preset(p).effect = Effect::Read).0);
    assert_eq!(
        one(|p| preset(p).repeats = Repeats::Natural),
        is(true, "preset create-user: may be sent again, as if twice were once, before it is never sent again")
    );
    assert_eq!(
        one(|p| preset(p).probe = Some("user".into())),
        is(true, "preset create-user: whether it took place is now told by the preset user")
    );
    assert!(one(|p| preset(p).runs_as = RunsAs::Script).0);
    assert!(one(|p| preset(p).unsafe_raw = true).0);
    assert!(one(|p| preset(p).redirects = 1).0);
    assert_eq!(one(|p| p.presets.clear()), is(false, "preset create-user: is gone"));
    let new = |effect: Effect| {
        let mut preset = usual().presets["create-user"].clone();
        preset.effect = effect;
        one(|p| p.presets.insert("more".into(), preset))
    };
    assert_eq!(new(Effect::Read), is(true, "preset more: new, reads, a recipe"));
    assert_eq!(new(Effect::Update), is(true, "preset more: new, changes something, a recipe"));
    let mut old = usual();
    old.requests.iter_mut().for_each(|at| at.methods = set(&["GET"]));
    let mut new = old.clone();
    preset(&mut new).effect = Effect::Read;
    new.presets.insert("more".into(), new.presets["create-user"].clone());
    let told = difference(&old, &new);
    assert!(told.len() == 2 && told.iter().all(|change| !change.widens), "by GET alone nothing is changed: {told:?}");
    let (mut old, mut new) = (usual(), usual());
    (preset(&mut old).repeats, preset(&mut old).probe) = (Repeats::Key, Some("user".into()));
    preset(&mut new).repeats = Repeats::Probe;
    let told = difference(&old, &new);
    assert!(told.len() == 2 && told.iter().all(|change| !change.widens), "{told:?}");
}

#[test]
fn limits_and_components_are_compared() {
    let lower = |p: &mut Permissions, amount| p.limits.set(Limit::Requests, Some(amount));
    assert_eq!(one(|p| lower(p, 20)), is(false, "may use up less: requests 20, before 1000"));
    let mut low = usual();
    lower(&mut low, 20);
    assert_eq!(
        difference(&low, &usual())[0],
        Change { words: "may use up more: requests 1000, before 20".into(), widens: true }
    );
    let own = |digest: &str, with: Option<&str>, rebuilt: bool| {
        let (digest, packed_with) = (format!("sha256:{digest}"), with.map(str::to_owned));
        Permissions { component: Some(Component { digest, packed_with, rebuilt }), ..usual() }
    };
    let shown = |digest: &str, with: &str| own(digest, Some(with), true);
    let said = |digest: &str, with: &str| own(digest, Some(with), false);
    for (old, new, widens) in [
        (usual(), own("1", None, false), Some(true)),
        (usual(), said("1", "recipe"), Some(true)),
        (usual(), shown("1", "recipe"), Some(false)),
        (shown("1", "recipe"), shown("2", "recipe"), None),
        (shown("1", "recipe"), said("2", "recipe"), Some(true)),
        (shown("1", "recipe"), said("1", "recipe"), None),
        (shown("1", "recipe"), shown("2", "script"), Some(false)),
        (shown("1", "recipe"), own("2", None, false), Some(true)),
        (said("1", "recipe"), said("2", "recipe"), Some(false)),
        (said("1", "recipe"), shown("2", "recipe"), Some(false)),
        (own("1", None, false), own("2", None, false), Some(false)),
        (own("1", None, false), own("1", None, false), None),
        (own("1", None, false), said("2", "recipe"), Some(false)),
        (own("1", None, false), usual(), Some(false)),
    ] {
        let told: Vec<bool> = difference(&old, &new).into_iter().map(|change| change.widens).collect();
        assert_eq!(told, widens.into_iter().collect::<Vec<_>>(), "{:?} {:?}", old.component, new.component);
    }
    let told = &difference(&usual(), &said("1", "recipe"))[0].words;
    assert!(told.contains("sha256:1") && told.contains("its sources do not give it here"), "{told}");
}

#[test]
fn all_of_it_is_told_in_words() {
    let words = usual().words();
    assert_eq!(
        words,
        [
            "may send GET, POST to https://api.acme.example/v1/users",
            "may send GET to https://api.acme.example/v1/users/*",
            "connection kind key at https://api.acme.example/v1: asks for `key`; puts `secrets.key` into the header X",
            "preset create-user: makes something new, a recipe",
        ]
    );
}

/// Any permissions, over few words, so that two of them often have something in common.
fn anything() -> impl Strategy<Value = Permissions> {
    let names = |all: &'static [&'static str]| {
        proptest::collection::btree_set(proptest::sample::select(all).prop_map(str::to_owned), 0..3)
    };
    let path = "(/(a|b|\\*)){0,2}(/\\*\\*|/)?".prop_filter("a path", |path| PathPattern::parse(path).is_ok());
    let host = proptest::option::of(Just("h.example:443".to_owned()));
    let requests =
        (host, path, names(&["GET", "POST"])).prop_map(|(host, path, methods)| Requests { host, path, methods });
    let fills = proptest::collection::btree_map(
        proptest::sample::select(&["x", "y"][..]).prop_map(str::to_owned),
        names(&["secrets.a", "fields.b"]),
        0..2,
    );
    let url = proptest::option::of(Just("https://a.example".to_owned()));
    let kind = (url, names(&["b"]), names(&["a", "c"]), fills).prop_map(|(base_url, fields, secrets, fills)| Kind {
        base_url,
        fields,
        secrets,
        fills,
    });
    let input = any::<bool>().prop_map(|required| Input { kind: InputKind::String, required });
    let runs_as = proptest::sample::select(&[RunsAs::Recipe, RunsAs::Script][..]);
    let effect = proptest::sample::select(&[Effect::Read, Effect::Create][..]);
    let inputs = proptest::collection::btree_map("[ij]", input, 0..2);
    let repeats = proptest::sample::select(&[Repeats::Never, Repeats::Probe, Repeats::Natural][..]);
    let sending = (repeats, proptest::option::of(Just("q".to_owned())), 0..2u32);
    let preset = (effect, runs_as, any::<bool>(), sending, names(&["k", "l"]), names(&["o"]), inputs).prop_map(
        |(effect, runs_as, unsafe_raw, (repeats, probe, redirects), connections, outputs, inputs)| Preset {
            effect,
            runs_as,
            unsafe_raw,
            redirects,
            repeats,
            probe,
            connections,
            rows: outputs.clone(),
            outputs,
            inputs,
        },
    );
    let component = proptest::option::of((any::<bool>(), proptest::option::of(Just("recipe".to_owned()))));
    let limits = proptest::option::of(1..2000u64);
    let requests = proptest::collection::vec(requests, 0..4);
    let kinds = proptest::collection::btree_map("[kl]", kind, 0..2);
    let presets = proptest::collection::btree_map("[pq]", preset, 0..2);
    (component, limits, requests, kinds, presets).prop_map(|(component, limit, requests, connections, presets)| {
        let mut limits = Allowed::default();
        limits.set(Limit::Requests, limit);
        let component = component.map(|(rebuilt, packed_with)| Component {
            digest: format!("sha256:{packed_with:?}{rebuilt}"),
            packed_with,
            rebuilt,
        });
        Permissions { component, limits, requests, connections, presets }
    })
}

/// Whether permissions allow a request.
fn allows(permissions: &Permissions, host: Option<&str>, method: &str, path: &str) -> bool {
    permissions.requests.iter().any(|at| {
        at.host.as_deref() == host
            && at.methods.contains(method)
            && PathPattern::parse(&at.path).is_ok_and(|pattern| pattern.matches(path))
    })
}

proptest! {
    #[test]
    fn between_equals_there_is_no_change(permissions in anything()) {
        prop_assert_eq!(difference(&permissions, &permissions), []);
    }

    #[test]
    fn what_is_written_reads_back_and_is_written_the_same(permissions in anything()) {
        let text = toml::to_string(&permissions).unwrap();
        let read: Permissions = toml::from_str(&text).unwrap();
        prop_assert_eq!(toml::to_string(&read).unwrap(), text);
        prop_assert_eq!(read, permissions);
    }

    /// What is only taken away, or said more narrowly, needs no approval.
    #[test]
    fn to_narrow_is_never_to_widen(old in anything(), at in any::<usize>(), what in 0..12u8) {
        let mut new = old.clone();
        let pick = |count: usize| (count > 0).then(|| at % count);
        match what {
            0 => drop(pick(new.requests.len()).map(|at| new.requests.remove(at))),
            1 => if let Some(at) = pick(new.requests.len()) {
                let path = &mut new.requests[at].path;
                *path = path.replace("/**", "/a").replace("/*", "/b");
            },
            2 => new.requests.iter_mut().for_each(|at| drop(at.methods.pop_first())),
            3 => drop(new.connections.pop_first()),
            4 => new.connections.values_mut().for_each(|kind| drop(kind.secrets.pop_first())),
            5 => new.connections.values_mut().for_each(|kind| drop(kind.fills.pop_first())),
            6 => new.connections.values_mut().flat_map(|kind| kind.fills.values_mut()).for_each(|with| drop(with.pop_first())),
            7 => drop(new.presets.pop_first()),
            8 => new.presets.values_mut().for_each(|p| {
                (p.unsafe_raw, p.redirects, p.repeats, p.probe) = (false, 0, Repeats::Never, None);
            }),
            9 => new.presets.values_mut().for_each(|p| { p.runs_as = RunsAs::Recipe; p.connections.pop_first(); }),
            10 => new.limits.set(Limit::Requests, Some(1)),
            _ => new.component = None,
        }
        let wider: Vec<Change> = difference(&old, &new).into_iter().filter(|change| change.widens).collect();
        prop_assert_eq!(wider, []);
    }

    /// What needs no approval allows no request that was not allowed.
    #[test]
    fn no_request_comes_in_unseen(old in anything(), new in anything(), path in "(/[abc]){0,3}/?") {
        if difference(&old, &new).iter().all(|change| !change.widens) {
            for host in [None, Some("h.example:443")] {
                for method in ["GET", "POST"] {
                    prop_assert!(!allows(&new, host, method, &path) || allows(&old, host, method, &path));
                }
            }
        }
    }

    /// What is new to one is gone for the other: nothing that differs is passed over.
    #[test]
    fn a_difference_is_told_in_both_directions(old in anything(), new in anything()) {
        let there = difference(&old, &new);
        let back = difference(&new, &old);
        prop_assert_eq!(there.is_empty(), back.is_empty());
    }
}
