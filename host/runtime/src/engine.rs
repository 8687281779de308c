//! The engine: one for a process, and the components it knows.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::cache::Cache;
use crate::contract::{self, BundlePre, Shape};
use crate::host::Host;
use crate::meter::Ticker;

/// The largest component that is loaded, in bytes. The largest that we know, Python's interpreter, has 18 MB.
pub const MAX_COMPONENT_BYTES: usize = 64 * 1024 * 1024;

/// How many instances live at once; further runs wait for their turn.
const INSTANCES: u32 = 128;
/// The most memory that the pool can give one instance: the ceiling of what an operator may allow.
const POOL_MEMORY_BYTES: usize = 1024 * 1024 * 1024;
/// Pages that stay resident in a free slot, so that the next run does not fault them in again.
const KEEP_RESIDENT_BYTES: usize = 4 * 1024 * 1024;
/// The native stack of a run, and the part of it that Wasm may use.
const ASYNC_STACK_BYTES: usize = 2 * 1024 * 1024;
const WASM_STACK_BYTES: usize = 1024 * 1024;

/// What an engine is made with.
#[derive(Debug, Clone, Default)]
pub struct EngineOptions {
    /// A folder for compiled code, this user's alone; made if it is not there. Without it every start compiles.
    pub cache_dir: Option<PathBuf>,
}

/// The engine of a process. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: wasmtime::Engine,
    linker: Arc<Linker<Host>>,
    cache: Arc<Cache>,
    pub(crate) ticker: Ticker,
    pub(crate) permits: Arc<Semaphore>,
}

/// A component that keeps to the contract, ready to be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Component {
    pub(crate) engine: Engine,
    pub(crate) pre: BundlePre<Host>,
    pub(crate) shape: Shape,
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
        pool.total_component_instances(INSTANCES)
            .total_core_instances(INSTANCES * 8)
            .total_memories(INSTANCES)
            .total_tables(INSTANCES * 4)
            .total_stacks(INSTANCES)
            .max_memory_size(POOL_MEMORY_BYTES)
            .max_unused_warm_slots(INSTANCES)
            .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
            .table_keep_resident(64 * 1024)
            .async_stack_keep_resident(64 * 1024);
        let mut config = Config::new();
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .epoch_interruption(true)
            .async_stack_size(ASYNC_STACK_BYTES)
            .max_wasm_stack(WASM_STACK_BYTES)
            .wasm_backtrace_max_frames(None);
        let inner = wasmtime::Engine::new(&config).map_err(failed)?;
        let mut linker = Linker::new(&inner);
        contract::Bundle::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host).map_err(failed)?;
        Ok(Self {
            inner,
            linker: Arc::new(linker),
            cache: Arc::new(Cache::new(options.cache_dir)),
            ticker: Ticker::new(),
            permits: Arc::new(Semaphore::new(INSTANCES as usize)),
        })
    }

    /// Loads a component: checked, compiled or mapped from the cache, linked. Takes about a second the first time.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load(&self, bytes: &[u8]) -> Result<Component, LoadError> {
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
        let component = self.cache.component(&self.inner, bytes).map_err(not)?;
        let shape = contract::check(&self.inner, &component)?;
        let pre = self.linker.instantiate_pre(&component).and_then(BundlePre::new);
        let pre = pre.map_err(|e| LoadError::Misfit { reason: format!("{e:#}") })?;
        Ok(Component { engine: self.clone(), pre, shape })
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
