//! `presetter grants`: what a preset may do, in plain words, before it is ever run.
//!
//! Owns: the words and the JSON. Must never: run, compile or send anything, or say less than the host allows. What is said
//! here comes from the same manifest, and the same limits, that the host enforces.

use presetter_bundle::{Bundle, PresetFile};
use presetter_connection::Connection;
use presetter_manifest::{ConnectionKind, GrantRequest, Limit, Limits, Preset, Repeat, Text};
use serde_json::{Map, Value, json};

use crate::args::{GrantsArgs, GrantsFormat};
use crate::console::{Paint, line, painted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::aligned;
use crate::select::{self, Chosen};
use crate::world::World;

/// Shows what a preset may do.
pub(crate) fn grants(world: &World, args: &GrantsArgs) -> Result<Exit, Failure> {
    let chosen = select::preset(world, &args.preset)?;
    let connection = match &args.connection {
        Some(name) => Some(select::connection(world, &chosen, Some(name))?),
        None => None,
    };
    let told = Told::of(&chosen, connection.as_ref())?;
    // A closed pipe is the reader's choice.
    let _ = match args.format {
        GrantsFormat::Table => world.console.data(&told.words(world.console.color())),
        GrantsFormat::Json => world.console.json(&told.object()),
    };
    Ok(Exit::Ok)
}

/// All that is told.
struct Told<'a> {
    chosen: &'a Chosen,
    /// The presets that it names: their requests are sent too.
    named: Vec<PresetFile>,
    connection: Option<&'a Connection>,
    digest: String,
    /// The sha256 of a component of the bundle's own.
    component: Option<String>,
    limits: Limits,
}

impl<'a> Told<'a> {
    fn of(chosen: &'a Chosen, connection: Option<&'a Connection>) -> Result<Self, Failure> {
        let component = chosen.bundle.component_digest()?;
        let raised = connection.map(|c| c.limits.clone()).unwrap_or_default();
        let manifest = &chosen.preset.manifest;
        let named = manifest.probe.iter().map(|p| &p.preset).chain(manifest.mixup.iter().map(|m| &m.preset));
        let named = named.map(|name| chosen.bundle.preset(name.as_str())).collect::<Result<_, _>>()?;
        Ok(Self {
            chosen,
            named,
            connection,
            digest: chosen.bundle.digest(&chosen.preset.name)?,
            component,
            limits: Limits::of(&chosen.bundle.manifest().limits, &raised),
        })
    }

    fn bundle(&self) -> &'a Bundle {
        &self.chosen.bundle
    }

    fn preset(&self) -> &'a Preset {
        &self.chosen.preset.manifest
    }

    /// The kinds of connection that it may be run with: the connection's own, or all that fit.
    fn kinds(&self) -> impl Iterator<Item = (&'a str, &'a ConnectionKind)> {
        let (preset, connection) = (self.preset(), self.connection);
        let kinds = self.bundle().manifest().connections.iter();
        kinds
            .filter(move |(name, _)| preset.works_with(name) && connection.is_none_or(|c| c.kind == **name))
            .map(|(name, kind)| (name.as_str(), kind))
    }

    fn words(&self, color: bool) -> String {
        let heading = |title: &str| format!("\n{}", painted(Paint::Bold, title, color));
        let manifest = self.bundle().manifest();
        let name = format!("{}/{}", manifest.name, self.chosen.preset.name);
        let mut shown = vec![
            painted(Paint::Bold, &line(&format!("{name}: {}", self.preset().title)), color),
            line(&format!("bundle {}, version {}", self.bundle().source(), manifest.version)),
            format!("sha256:{}", self.digest),
        ];

        shown.push(heading("it may send"));
        for grant in &manifest.grants {
            shown.push(line(&format!("  {} {} {}", words(&grant.methods), paths(grant), self.place(grant))));
        }
        if manifest.grants.is_empty() {
            shown.push("  nothing".into());
        }
        shown.push(match self.redirects() {
            Some(most) => {
                format!("  and follow at most {most} redirects in a row, each to a place listed here; credentials stay with the first server")
            }
            None => "  and follows no redirect".into(),
        });

        shown.push(heading("it may change"));
        shown.push(format!("  {}", line(&self.change())));
        if self.connection.is_some_and(|c| c.read_only) {
            shown.push("  but this connection is read-only: a preset that changes anything is refused".into());
        }

        shown.push(heading("Presetter fills in, where the preset cannot see it"));
        let filled: Vec<(String, String)> =
            self.kinds().map(|(kind, is)| (line(kind), line(&filled(is).join(", ")))).collect();
        shown.extend(aligned(&filled, "  ", color));

        shown.push(heading("it is given"));
        let secrets: Vec<&str> = self.kinds().flat_map(|(_, kind)| kind.secrets.keys().map(String::as_str)).collect();
        shown.push("  its inputs, the bundle's settings, the time, and the answers to its requests".into());
        if !secrets.is_empty() {
            shown.push("  never a password, key or token; where an answer repeats one, it is taken out".into());
        }

        shown.push(heading("it runs as"));
        shown.push(match (&self.component, &manifest.component) {
            (Some(digest), Some(file)) => line(&format!("  a component of the bundle's own: {file}, sha256:{digest}")),
            _ if self.preset().script.is_some() => "  a script: JavaScript, run by Presetter's own interpreter".into(),
            _ => "  a recipe: data, read by Presetter's own interpreter".into(),
        });
        if self.raw() {
            shown.push(
                "  with values put into its body as they are (unsafe_raw): they can change what it asks for".into(),
            );
        }
        shown.push(
            "  in a sandbox without files, environment, programs, other connections or any other way to the network"
                .into(),
        );

        shown.push(heading("it may use up"));
        let rows: Vec<(String, String)> = Limit::ALL
            .map(|limit| (limit.to_string(), format!("{}{}", self.limits.show(limit), self.by(limit))))
            .into();
        shown.extend(aligned(&rows, "  ", color));
        shown.join("\n")
    }

    fn object(&self) -> Value {
        let manifest = self.bundle().manifest();
        let limits: Map<String, Value> =
            Limit::ALL.iter().map(|limit| (limit.to_string(), self.limits.show(*limit).into())).collect();
        let kinds: Map<String, Value> = self
            .kinds()
            .map(|(name, kind)| {
                let secrets: Vec<&String> = kind.secrets.keys().collect();
                (name.to_owned(), json!({ "secrets": secrets, "filled_in": filled(kind) }))
            })
            .collect();
        let requests: Vec<Value> = manifest
            .grants
            .iter()
            .map(|grant| {
                let list = |texts: &[Text]| texts.iter().map(|t| t.as_str().to_owned()).collect::<Vec<_>>();
                json!({ "methods": list(&grant.methods), "paths": list(&grant.paths), "at": self.place(grant) })
            })
            .collect();
        json!({
            "preset": format!("{}/{}", manifest.name, self.chosen.preset.name),
            "source": self.bundle().source().to_string(),
            "version": manifest.version.to_string(),
            "digest": format!("sha256:{}", self.digest),
            "requests": requests,
            "redirects": self.redirects().unwrap_or_default(),
            "effect": self.preset().effect.name(),
            "connections": kinds,
            "component": self.component.as_ref().map(|digest| format!("sha256:{digest}")),
            "unsafe_raw": self.raw(),
            "limits": limits,
        })
    }

    /// Where a grant's requests go.
    fn place(&self, grant: &GrantRequest) -> String {
        if let Some(host) = &grant.host {
            let port = grant.port.filter(|port| *port != 443).map(|port| format!(":{port}")).unwrap_or_default();
            return format!("at https://{host}{port}, if a redirect leads there; without credentials");
        }
        if let Some(connection) = self.connection {
            return format!("below {}", connection.base_url);
        }
        let mut urls: Vec<&str> = self.kinds().filter_map(|(_, k)| k.base_url.as_ref().map(Text::as_str)).collect();
        urls.dedup();
        match urls.as_slice() {
            [] => "below the address that the connection names".into(),
            urls => format!("below the connection's address, usually {}", urls.join(" or ")),
        }
    }

    /// What it does to the account.
    fn change(&self) -> String {
        let preset = self.preset();
        let about = if preset.object.is_empty() { "something in the account" } else { preset.object.as_str() };
        let verb = match preset.effect.name() {
            "read" => return "nothing, as its author says; it asks with the methods above".into(),
            "create" => "makes new ones",
            "delete" => "removes them",
            _ => "changes them",
        };
        let repeat = match preset.repeat() {
            Repeat::Natural => "twice is the same as once",
            Repeat::Key => "the vendor knows a repeat by its key",
            Repeat::Probe => "before a repeat it can be looked whether it took place",
            Repeat::None => "a repeat does it twice",
        };
        format!("{about}: it {verb}; {repeat}")
    }

    /// It, and the presets whose requests it can have sent.
    fn presets(&self) -> impl Iterator<Item = &Preset> {
        std::iter::once(self.preset()).chain(self.named.iter().map(|file| &file.manifest))
    }

    /// The most redirects that are followed in a row.
    fn redirects(&self) -> Option<u32> {
        self.presets().filter_map(|preset| preset.redirects).max()
    }

    /// Whether a value may go into a body unencoded.
    fn raw(&self) -> bool {
        self.presets().any(|preset| {
            let variants = preset.variants.values().filter_map(|v| v.request.as_ref());
            preset.request.iter().chain(variants).any(|request| request.unsafe_raw)
        })
    }

    /// Who set a limit, if it is not the usual one.
    fn by(&self, limit: Limit) -> String {
        let usual = limit.show(limit.default_amount());
        match self.connection.filter(|c| c.limits.get(limit).is_some()) {
            Some(connection) => format!("  (set in connection {}; usually {usual})", line(&connection.name)),
            None if self.bundle().manifest().limits.get(limit).is_some() => {
                format!("  (lowered by the bundle; usually {usual})")
            }
            None => String::new(),
        }
    }
}

/// Words of a manifest in one line.
pub(crate) fn words(texts: &[Text]) -> String {
    texts.iter().map(Text::as_str).collect::<Vec<_>>().join(", ")
}

/// The paths of a grant in one line.
pub(crate) fn paths(grant: &GrantRequest) -> String {
    let path = |text: &Text| format!("/{}", text.as_str().trim_start_matches('/'));
    grant.paths.iter().map(path).collect::<Vec<_>>().join(", ")
}

/// The places that the host fills with credentials of a kind.
pub(crate) fn filled(kind: &ConnectionKind) -> Vec<String> {
    let all: Vec<String> = kind.filled().into_iter().map(|filled| filled.place).collect();
    if all.is_empty() { vec!["nothing".into()] } else { all }
}
