//! The engine: one for a process, and the components it knows.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use presetter_manifest::Limit;
use tokio::sync::Semaphore;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::cache::{self, Cache};
use crate::contract::{self, BundlePre, Exported, Shape};
use crate::host::Host;
use crate::meter::Ticker;
use crate::vet;

/// The largest component that is loaded, in bytes. The largest that we know, Python's interpreter, has 18 MB.
pub const MAX_COMPONENT_BYTES: usize = 64 * 1024 * 1024;

/// Unless an engine is made with another number, so many ordinary runs live at once. Of each component a run counts for as many as it
/// takes slots, so that no component can use up the pool that others need.
const RUNS: u32 = 128;
/// Tables that the pool has for each run: an ordinary component has one or two.
const TABLES_A_RUN: u32 = 4;
/// The most memories and tables of one component.
const MAX_MEMORIES: u32 = 16;
const MAX_TABLES: u32 = 64;
/// Pages that stay resident in a free slot, so that the next run does not fault them in again.
const KEEP_RESIDENT_BYTES: usize = 4 * 1024 * 1024;
/// What the host itself may use of a run's native stack, above the component's.
const HOST_STACK_BYTES: usize = 1024 * 1024;

/// What an engine is made with.
#[derive(Clone)]
pub struct EngineOptions {
    /// A folder for compiled code, this user's alone; made if it is not there. Without it every start compiles.
    pub cache_dir: Option<PathBuf>,
    /// The stack of every component, in bytes: the one limit that belongs to an engine and not to a run.
    pub stack_bytes: usize,
    /// How many ordinary runs live at once; further ones wait for their turn. There are always places for the largest component. A
    /// program that runs one preset starts sooner with few.
    pub runs: u32,
    /// Is shown the memory of every component after its run, however it ended.
    #[cfg(feature = "witness")]
    pub witness: Option<Witness>,
}

/// Looks at the linear memory of components; for tests that search it for what should not be there.
#[cfg(feature = "witness")]
pub type Witness = Arc<dyn Fn(&[u8]) + Send + Sync>;

impl fmt::Debug for EngineOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cache_dir, stack_bytes, runs, .. } = self;
        f.debug_struct("EngineOptions")
            .field("cache_dir", cache_dir)
            .field("stack_bytes", stack_bytes)
            .field("runs", runs)
            .finish_non_exhaustive()
    }
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            cache_dir: None,
            stack_bytes: presetter_manifest::Limits::default().size(Limit::Stack),
            runs: RUNS,
            #[cfg(feature = "witness")]
            witness: None,
        }
    }
}

impl EngineOptions {
    /// The usual ones, with a folder for compiled code.
    #[must_use]
    pub fn cached(folder: PathBuf) -> Self {
        Self { cache_dir: Some(folder), ..Self::default() }
    }
}

/// The engine of a process. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: wasmtime::Engine,
    linker: Arc<Linker<Host>>,
    cache: Arc<Cache>,
    pub(crate) ticker: Ticker,
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) stack_bytes: usize,
    /// How many ordinary runs live at once.
    runs: u32,
    #[cfg(feature = "witness")]
    witness: Option<Witness>,
}

/// A component that keeps to the contract, ready to be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Component {
    pub(crate) engine: Engine,
    pub(crate) pre: BundlePre<Host>,
    pub(crate) shape: Shape,
    /// For how many runs one of its runs counts.
    pub(crate) weight: u32,
}

/// Why a component cannot be loaded. Nothing of it has run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It wants something that is not part of the contract.
    #[error("the component imports \"{name}\", which is not part of the contract")]
    ForeignImport {
        /// The import as the component names it.
        name: String,
    },
    /// It was built for another version of the contract.
    #[error("the component is built for contract version {wanted}; this program serves {served}")]
    OtherContract {
        /// The component's version.
        wanted: String,
        /// Ours.
        served: String,
    },
    /// It does not export `presetter:preset/preset`.
    #[error("the component exports no \"presetter:preset/preset\": it offers no presets")]
    NotAPreset,
    /// It is no component at all.
    #[error("this is not a WebAssembly component: {reason}")]
    NotAComponent {
        /// What it is instead.
        reason: String,
    },
    /// It is a component, and its interfaces are not those of the contract.
    #[error("the component does not fit the contract: {reason}")]
    Misfit {
        /// What does not fit.
        reason: String,
    },
    /// It is too large.
    #[error("the component has {bytes} bytes; at most {MAX_COMPONENT_BYTES} are loaded")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It has too much of something.
    #[error("the component has more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are loaded.
        most: usize,
    },
    /// The engine could not be set up on this machine.
    #[error("the WebAssembly engine cannot be set up here: {0}")]
    Engine(String),
}

impl LoadError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::ForeignImport { .. } => {
                "build it for the world \"bundle\" in wit/, without WASI: for Rust that is the target wasm32-unknown-unknown"
            }
            Self::OtherContract { .. } => {
                "build the component against the wit/ of this program, or use the program that it was built for"
            }
            Self::NotAPreset => "build it for the world \"bundle\" in wit/",
            Self::NotAComponent { .. } => {
                "build it for the world \"bundle\" in wit/; a core module becomes a component with `wasm-tools component new`"
            }
            Self::Misfit { .. } => "build it against the wit/ of this program, for the world \"bundle\"",
            Self::TooLarge { .. } => "strip debug information from it",
            Self::TooMany { .. } => "nothing honest is that large; do not use it",
            Self::Engine(_) => "the machine must let a process reserve address space (see `ulimit -v`)",
        }
    }
}

impl Engine {
    /// Sets up the engine. Compiles nothing.
    ///
    /// # Errors
    /// [`LoadError::Engine`] where the machine does not allow it.
    pub fn new(options: EngineOptions) -> Result<Self, LoadError> {
        let failed = |e: wasmtime::Error| LoadError::Engine(format!("{e:#}"));
        let mut pool = PoolingAllocationConfig::default();
        let most = |limit: Limit| usize::try_from(limit.ceiling()).unwrap_or(usize::MAX);
        let instances = u32::try_from(Limit::Instances.ceiling()).unwrap_or(u32::MAX);
        let runs = options.runs.clamp(MAX_MEMORIES, RUNS);
        pool.total_component_instances(runs)
            // A mere count, nothing is set aside for them: enough if all runs have as many as they may.
            .total_core_instances(runs * instances)
            .total_memories(runs)
            .total_tables(runs * TABLES_A_RUN)
            .total_stacks(runs)
            .max_core_instances_per_component(instances)
            .max_memories_per_component(MAX_MEMORIES)
            .max_tables_per_component(MAX_TABLES)
            .max_memory_size(most(Limit::Memory))
            .table_elements(most(Limit::TableElements))
            .max_unused_warm_slots(runs)
            .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
            // Only pages that a run has written are made as they were, where the system can tell which (Linux 6.7).
            .pagemap_scan(Enabled::Auto)
            .table_keep_resident(64 * 1024)
            .async_stack_keep_resident(64 * 1024);
        let mut config = Config::new();
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .epoch_interruption(true)
            .async_stack_size(options.stack_bytes + HOST_STACK_BYTES)
            .max_wasm_stack(options.stack_bytes)
            .wasm_backtrace_max_frames(None);
        #[cfg(feature = "witness")]
        config.guest_debug(options.witness.is_some());
        let inner = wasmtime::Engine::new(&config).map_err(failed)?;
        let mut linker = Linker::new(&inner);
        contract::Bundle::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host).map_err(failed)?;
        Ok(Self {
            inner,
            linker: Arc::new(linker),
            cache: Arc::new(Cache::new(options.cache_dir)),
            ticker: Ticker::new(),
            permits: Arc::new(Semaphore::new(runs as usize)),
            stack_bytes: options.stack_bytes,
            runs,
            #[cfg(feature = "witness")]
            witness: options.witness,
        })
    }

    /// Loads a component: checked, compiled or mapped from the cache, linked. Takes about a second the first time.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load(&self, bytes: &[u8]) -> Result<Component, LoadError> {
        self.load_known(bytes, &cache::digest(bytes))
    }

    /// As [`Engine::load`], for a caller who knows the component's sha256 (64 lower-case hexadecimal digits). What is in the cache
    /// under it is loaded without a look at `bytes`.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load_known(&self, bytes: &[u8], sha256: &str) -> Result<Component, LoadError> {
        if bytes.len() > MAX_COMPONENT_BYTES {
            return Err(LoadError::TooLarge { bytes: bytes.len() });
        }
        // The first eight bytes tell a component from a core module (Component Model, binary format).
        match bytes.get(..8) {
            Some(b"\0asm\x0d\0\x01\0") => {}
            Some(b"\0asm\x01\0\0\0") => return Err(LoadError::NotAComponent { reason: "it is a core module".into() }),
            _ => return Err(LoadError::NotAComponent { reason: "it does not begin as one".into() }),
        }
        let not = |e: wasmtime::Error| LoadError::NotAComponent { reason: format!("{e:#}") };
        let component = match self.cache.find(&self.inner, sha256) {
            // What is kept was vetted before it was compiled.
            Some(component) => component,
            None => {
                vet::vet(bytes)?;
                self.cache.compile(&self.inner, bytes).map_err(not)?
            }
        };
        let ty = component.component_type();
        let exports = ty
            .exports(&self.inner)
            .map(|(name, item)| Exported { name, is_instance: matches!(item.ty, ComponentItem::ComponentInstance(_)) });
        let shape = contract::check(ty.imports(&self.inner).map(|(name, _)| name), exports)?;
        let pre = self.linker.instantiate_pre(&component).and_then(BundlePre::new);
        let pre = pre.map_err(|e| LoadError::Misfit { reason: format!("{e:#}") })?;
        let slots = component.resources_required();
        let weight =
            slots.map_or(self.runs, |slots| slots.num_memories.max(slots.num_tables.div_ceil(TABLES_A_RUN)).max(1));
        Ok(Component { engine: self.clone(), pre, shape, weight })
    }

    /// Shows the memories of a store to the witness, if there is one.
    #[cfg(feature = "witness")]
    pub(crate) fn show_memory(&self, store: &mut wasmtime::Store<Host>) {
        let Some(witness) = &self.witness else { return };
        for instance in store.debug_all_instances() {
            let memories = (0..).map_while(|index| instance.debug_memory(&mut *store, index)).collect::<Vec<_>>();
            for memory in memories {
                witness(memory.data(&*store));
            }
        }
    }

    pub(crate) fn inner(&self) -> &wasmtime::Engine {
        &self.inner
    }
}

impl Component {
    /// Whether its presets come as sources, for `load`.
    #[must_use]
    pub fn is_interpreter(&self) -> bool {
        self.shape.interpreter
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}
