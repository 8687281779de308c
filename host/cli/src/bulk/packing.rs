//! What many rows are run by: from sources at first, and packed as soon as there are enough rows for it.
//!
//! Owns: when that is. Keeps: a packed preset does what its sources do (docs/operators/package-format.md), so that no row can tell which of
//! the two it was run by; where packing fails, the sources go on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;

use presetter_runtime::{Component, Engine, Runner, Setup};

use crate::failure::Failure;
use crate::prepare::{self, Prepared};

/// So many rows load the sources each; compiling what is packed takes as long as some thousands of such loads.
const UNPACKED: u64 = 1_000;

/// The runner of many rows.
pub(super) struct Packing {
    runner: RwLock<Runner>,
    rows: AtomicU64,
    /// What it takes, until it begins; nothing if there is nothing to pack.
    means: Mutex<Option<(Engine, Arc<Prepared>)>>,
}

impl Packing {
    /// Loads what runs the preset.
    pub(super) fn load(engine: &Engine, prepared: &Arc<Prepared>) -> Result<Arc<Self>, Failure> {
        let (component, document) = prepare::load(engine, &prepared.chosen)?;
        let means = document.is_some().then(|| (engine.clone(), prepared.clone()));
        let (runner, means) = (RwLock::new(runner(prepared, component, document)), Mutex::new(means));
        Ok(Arc::new(Self { runner, rows: AtomicU64::new(0), means }))
    }

    /// For one more row.
    pub(super) fn runner(self: &Arc<Self>) -> Runner {
        if self.rows.fetch_add(1, Ordering::Relaxed) == UNPACKED {
            let means = self.means.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some((engine, prepared)) = means {
                let packing = self.clone();
                // The end of the run does not wait for it.
                thread::spawn(move || {
                    if let Some(runner) = pack(&engine, &prepared) {
                        *packing.runner.write().unwrap_or_else(PoisonError::into_inner) = runner;
                    }
                });
            }
        }
        self.runner.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What runs rows, whose results have of the answers only what is mapped.
fn runner(prepared: &Prepared, component: Component, document: Option<Arc<str>>) -> Runner {
    Runner::new(Setup { answers: !prepared.mappings.is_empty(), ..prepared.setup(component, document) })
}

/// The sources in their interpreter; nothing where that fails: every row would tell why.
fn pack(engine: &Engine, prepared: &Prepared) -> Option<Runner> {
    let preset = &prepared.chosen.preset.name;
    let parts = presetter_pack::parts(&prepared.chosen.bundle, preset).ok()?;
    let document = presetter_pack::source_document(&prepared.chosen.bundle.sources_for(preset).ok()?);
    let packed = presetter_pack::snapshot(&parts.component, &document).ok()?;
    Some(runner(prepared, engine.load(&packed).ok()?, None))
}
