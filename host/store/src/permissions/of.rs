//! From a bundle's manifests to what it may do.

use std::collections::{BTreeMap, BTreeSet};

use presetter_bundle::{Bundle, Error};
use presetter_egress::PathPattern;
use presetter_manifest::{self as manifest, Allowed, GrantRequest, Limit};

use super::{Component, Input, Kind, Permissions, Preset, Repeats, Requests, RunsAs};

impl Permissions {
    /// What a bundle may do. All its presets are read and checked for it, and its component; whether that is what its sources make
    /// is not looked at here.
    ///
    /// # Errors
    /// A preset is wrong, or the component is not as it was packed.
    pub fn of(bundle: &Bundle) -> Result<Self, Error> {
        let is = bundle.manifest();
        let mut limits = Allowed::default();
        for limit in Limit::ALL {
            limits.set(limit, is.limits.get(limit));
        }
        let component = match bundle.component_digest()? {
            Some(digest) => {
                let packed = if is.component.is_none() { bundle.packed()? } else { None };
                let packed_with = packed.map(|packed| packed.interpreter);
                Some(Component { digest: format!("sha256:{digest}"), packed_with, rebuilt: false })
            }
            None => None,
        };
        let presets = bundle.preset_names().into_iter();
        let presets = presets.map(|name| bundle.preset(&name).map(|file| (name, preset(is, &file.manifest))));
        Ok(Self {
            component,
            limits,
            requests: requests(&is.grants),
            connections: is.connections.iter().map(|(name, is)| (name.clone(), kind(is))).collect(),
            presets: presets.collect::<Result<_, _>>()?,
        })
    }
}

fn requests(grants: &[GrantRequest]) -> Vec<Requests> {
    let mut places: BTreeMap<(Option<String>, String), BTreeSet<String>> = BTreeMap::new();
    for grant in grants {
        // The port of https, as where the grant is enforced.
        let host = grant.host.as_ref().map(|host| format!("{host}:{}", grant.port.unwrap_or(443)));
        for path in &grant.paths {
            let path = format!("/{}", path.as_str().trim_start_matches('/'));
            // In one spelling, where it is one that egress takes.
            let path = PathPattern::parse(&path).map_or(path, |pattern| pattern.to_string());
            let methods = grant.methods.iter().map(ToString::to_string);
            places.entry((host.clone(), path)).or_default().extend(methods);
        }
    }
    places.into_iter().map(|((host, path), methods)| Requests { host, path, methods }).collect()
}

fn kind(kind: &manifest::ConnectionKind) -> Kind {
    let mut fills: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for filled in kind.filled() {
        fills.entry(filled.place).or_default().extend(filled.with);
    }
    Kind {
        base_url: kind.base_url.as_ref().map(ToString::to_string),
        fields: kind.fields.keys().cloned().collect(),
        secrets: kind.secrets.keys().cloned().collect(),
        fills,
    }
}

fn preset(bundle: &manifest::Bundle, preset: &manifest::Preset) -> Preset {
    let variants = preset.variants.values().filter_map(|variant| variant.request.as_ref());
    let outputs = preset.variants.values().filter_map(|variant| variant.outputs.as_ref()).flat_map(|o| o.keys());
    let rows = preset.variants.values().filter_map(|variant| variant.rows.as_ref()).flat_map(|rows| rows.keys());
    Preset {
        effect: preset.effect,
        runs_as: match (&bundle.component, &preset.script) {
            (Some(_), _) => RunsAs::Component,
            (None, Some(_)) => RunsAs::Script,
            (None, None) => RunsAs::Recipe,
        },
        unsafe_raw: preset.request.iter().chain(variants).any(|request| request.unsafe_raw),
        redirects: preset.redirects.unwrap_or_default(),
        repeats: match preset.repeat() {
            manifest::Repeat::None => Repeats::Never,
            manifest::Repeat::Probe => Repeats::Probe,
            manifest::Repeat::Key => Repeats::Key,
            manifest::Repeat::Natural => Repeats::Natural,
        },
        probe: preset.probe.as_ref().map(|probe| probe.preset.to_string()),
        connections: bundle.connections.keys().filter(|kind| preset.works_with(kind)).cloned().collect(),
        outputs: preset.output_names().map(str::to_owned).chain(outputs.cloned()).collect(),
        rows: preset.row_names().map(str::to_owned).chain(rows.cloned()).collect(),
        inputs: preset
            .inputs
            .iter()
            .map(|(name, input)| (name.clone(), Input { kind: input.kind, required: input.must_be_given() }))
            .collect(),
    }
}
