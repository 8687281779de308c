//! Provisions the guests' target and builds the guests, cached by content.
//!
//! A *guest* is a Rust crate for `wasm32-unknown-unknown` that becomes one Wasm component. Guests live in workspaces
//! of their own ([`Workspace`]), since their target, their flags and sometimes their compiler differ from the host's.
//!
//! Owns: which toolchain builds guests ([`detect`], [`provision`]), how they are built ([`Workspace::build`]), and
//! the cache of finished components in `FOLDER/target/components`.
//! Never: installs anything outside [`provision`] and [`install_packages`], so a build script may call all the rest.
//! Keeps true: a component is found in the cache only under the very content that it was made from; finding it there
//! runs no cargo; its bytes hold no path of the machine that built it.

#![forbid(unsafe_code)]

mod compile;
mod component;
mod environment;
mod inputs;
mod provision;
mod store;
mod toolchain;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

pub use component::foreign_imports;
pub use environment::command;
pub use provision::{install_packages, provision};
pub use toolchain::{FORCE, TARGET, Toolchain, detect};

/// The interpreters that Presetter embeds.
pub const INTERPRETERS: Workspace = Workspace {
    folder: "plugins",
    guests: &["recipe", "script"],
    uses: &["host/template", "host/expr", "host/manifest", "wit"],
    contract_only: true,
};

/// The guests that the tests let loose on the host.
pub const HOSTILE: Workspace =
    Workspace { folder: "tests/guests", guests: &["hostile"], uses: &["wit"], contract_only: true };

/// The example of a bundle's component in Rust, which the tests build and run.
pub const EXAMPLE: Workspace = Workspace {
    folder: "plugins/examples/rust",
    guests: &["roster"],
    uses: &["plugins/sdk", "wit"],
    contract_only: true,
};

/// A cargo workspace of guests.
#[derive(Debug, Clone, Copy)]
pub struct Workspace {
    /// Its folder, relative to the project's root.
    pub folder: &'static str,
    /// The packages that become components. Each builds a `cdylib` of its own name, letters and digits only.
    pub guests: &'static [&'static str],
    /// Folders outside it that the guests are built from, relative to the project's root: crates used by path, and
    /// the contract. A build that used any other file fails and names it, so this list cannot fall behind.
    pub uses: &'static [&'static str],
    /// Whether a component that imports anything but the contract is an error.
    pub contract_only: bool,
}

/// A component that lies ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The guest's name: `recipe`.
    pub name: String,
    /// Where it lies, under a name that changes with the content.
    pub path: PathBuf,
    /// The SHA-256 of the component, 64 hexadecimal digits.
    pub sha256: String,
}

impl Workspace {
    /// The components of the present content, if the cache has them. Runs no program.
    ///
    /// Without a toolchain, components that any toolchain made from this content will do.
    ///
    /// # Errors
    /// A source or a component that cannot be read.
    pub fn cached(&self, root: &Path, toolchain: Option<&Toolchain>) -> Result<Option<Vec<Built>>> {
        let sources = inputs::digest(&inputs::files(root, self)?)?;
        let store = store::Store::at(&self.target(root));
        match toolchain {
            Some(toolchain) => store.find(self.guests, &store::Key::of(&sources, toolchain)),
            None => store.find_of_any_toolchain(self.guests, &sources),
        }
    }

    /// The components of the present content: from the cache, else built now with `toolchain`.
    ///
    /// Two builds at the same time do the work once. Cargo's progress goes to standard error.
    ///
    /// # Errors
    /// The guests do not compile, their lock file is behind (only under `CI`), a guest was built from a file that [`Self::uses`] does not
    /// cover, or (with [`Self::contract_only`]) a component imports something outside the contract.
    pub fn build(&self, root: &Path, toolchain: &Toolchain) -> Result<Vec<Built>> {
        let root = &root.canonicalize().with_context(|| format!("no project at {}", root.display()))?;
        let store = store::Store::at(&self.target(root));
        if let Some(built) = self.cached(root, Some(toolchain))? {
            store.publish(&built)?;
            return Ok(built);
        }
        let _lock = store.lock()?;
        // Somebody may be editing. What was compiled counts only if the sources were the same before and after.
        for _ in 0..3 {
            let before = inputs::digest(&inputs::files(root, self)?)?;
            let key = store::Key::of(&before, toolchain);
            if let Some(built) = store.find(self.guests, &key)? {
                store.publish(&built)?;
                return Ok(built);
            }
            let components = self.make(root, toolchain)?;
            if inputs::digest(&inputs::files(root, self)?)? == before {
                let built = store.keep(&components, &key)?;
                store.publish(&built)?;
                return Ok(built);
            }
        }
        bail!("the guests' sources kept changing while they were built; build again when they rest")
    }

    /// Every file and folder whose change calls for a new build, as a build script's `rerun-if-changed` wants them.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn watched(&self, root: &Path) -> Result<Vec<PathBuf>> {
        inputs::watched(root, self)
    }

    fn make(&self, root: &Path, toolchain: &Toolchain) -> Result<Vec<(&'static str, Vec<u8>)>> {
        compile::compile(root, self, toolchain)?;
        let covered = inputs::files(root, self)?;
        let output = self.target(root).join(TARGET).join("release");
        let mut components = Vec::new();
        for name in self.guests {
            inputs::check_coverage(root, self, &covered, &output.join(format!("{name}.d")))?;
            let component = component::wrap(&output.join(format!("{name}.wasm")))?;
            if self.contract_only {
                let foreign = foreign_imports(&component)?;
                if !foreign.is_empty() {
                    bail!("the guest {name} imports {}, which is not part of the contract in wit/", foreign.join(", "));
                }
            }
            components.push((*name, component));
        }
        Ok(components)
    }

    fn target(&self, root: &Path) -> PathBuf {
        root.join(self.folder).join("target")
    }
}
