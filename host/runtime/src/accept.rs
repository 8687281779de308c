//! Whether an interpreter accepts sources: its `load`, and nothing after it.
//!
//! Owns: an instance that can ask the host for nothing. Keeps: `load` is bounded as in a run.

use presetter_manifest::{Limit, Limits};
use wasmtime::Store;
use wasmtime::component::{Instance, Linker, TypedFunc};

use crate::contract;
use crate::limits::{Ceiling, LimitHit};
use crate::meter::Metered;
use crate::{Component, LoadError};

/// Why sources were not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// They are wrong: the JSON list that `load` gave (`wit/preset.wit`).
    #[error("the interpreter does not accept the sources: {0}")]
    Refused(String),
    /// The interpreter came to no end.
    #[error("the interpreter did not come to an end with the sources: {0}")]
    Broken(String),
    /// There is no interpreter.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// Has an interpreter load a document, as `load` of `wit/preset.wit` takes it, and drops the instance. No import is answered.
///
/// # Errors
/// See [`AcceptError`].
pub async fn accepts(component: &Component, document: &str, limits: &Limits) -> Result<(), AcceptError> {
    let broken = |error: wasmtime::Error| AcceptError::Broken(format!("{error:#}"));
    let Component { engine, pre, .. } = component;
    let _permit =
        engine.permits.acquire_many(component.weight).await.map_err(|e| AcceptError::Broken(e.to_string()))?;
    let _running = engine.ticker.run(engine.inner());
    let component = pre.instance_pre().component();
    let mut linker: Linker<Ceiling> = Linker::new(engine.inner());
    linker.define_unknown_imports_as_traps(component).map_err(broken)?;
    let mut store = Store::new(engine.inner(), Ceiling::new(limits));
    store.limiter(|ceiling| ceiling);
    store.epoch_deadline_async_yield_and_update(1);
    let loading = async {
        let instance = linker.instantiate_async(&mut store, component).await?;
        let load = loader(&mut store, &instance)?;
        load.call_async(&mut store, (document,)).await
    };
    match Metered::new(loading, limits.time(Limit::GuestTime)).await {
        Err(_) => Err(AcceptError::Broken(LimitHit::of(limits, Limit::GuestTime).to_string())),
        // A memory that may not grow ends an interpreter in a way of its own, which tells nobody anything.
        Ok(Err(error)) => Err(match store.data().hit {
            Some(hit) => AcceptError::Broken(hit.to_string()),
            None => broken(error),
        }),
        Ok(Ok((Err(list),))) => Err(AcceptError::Refused(list)),
        Ok(Ok((Ok(()),))) => Ok(()),
    }
}

/// `load: func(source: json) -> result<_, json>`.
type Load = TypedFunc<(&'static str,), (Result<(), String>,)>;

/// An interpreter's `load`.
pub(crate) fn loader<T: 'static>(store: &mut Store<T>, instance: &Instance) -> wasmtime::Result<Load> {
    let missing = || wasmtime::Error::msg("the interpreter exports no load");
    let (_, interface) = instance.get_export(&mut *store, None, &contract::interpreter_export()).ok_or_else(missing)?;
    let (_, load) = instance.get_export(&mut *store, Some(&interface), "load").ok_or_else(missing)?;
    instance.get_typed_func(&mut *store, load)
}
