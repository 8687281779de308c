//! An interpreter with a bundle's sources in it: `load` is called once, here, and what it left in memory becomes the component.
//!
//! Owns: running `load` by Wizer. The component is instrumented so that its memory can be read, `load` is called, and only
//! if it accepts the sources is the memory written back as data.
//! Must never: give the component anything to reach. Every import traps.
//! Keeps true: the same interpreter and the same sources give the same bytes, on every machine. What bounds `load` is counted
//! in instructions and bytes, never in time.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wasmtime::component::{Component, Instance, Lift, Linker, WasmList};
use wasmtime::{Config, Engine, OptLevel, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

use crate::PackError;

/// The export that takes the sources (`wit/preset.wit`).
const INTERPRETER: &str = "presetter:preset/interpreter@0.1.0";

/// What `load` may compute: wasmtime counts most instructions as one. Thousands of times what the largest bundle needs.
const FUEL: u64 = 50_000_000_000;
/// What it may leave in memory, in bytes: each run begins with a copy of it.
const MEMORY_BYTES: usize = 64 * 1024 * 1024;

/// A component that holds the sources: `document` is what [`crate::source_document`] makes.
///
/// # Errors
/// [`PackError::Refused`] if the interpreter does not accept the sources, with what it says of each place;
/// [`PackError::Broken`] if it breaks off.
pub fn snapshot(interpreter: &[u8], document: &str) -> Result<Vec<u8>, PackError> {
    let broken = |doing: &str, error: &wasmtime::Error| PackError::Broken(format!("{doing}: {error:#}"));
    let wizer = Wizer::new();
    let (context, instrumented) =
        wizer.instrument_component(interpreter).map_err(|e| broken("the interpreter cannot be read", &e))?;
    let mut config = Config::new();
    // The code runs once: compiling it well would take longer than running it.
    config.consume_fuel(true).cranelift_opt_level(OptLevel::None);
    let engine = Engine::new(&config).map_err(|e| broken("the engine cannot be set up", &e))?;
    let component =
        Component::new(&engine, &instrumented).map_err(|e| broken("the interpreter does not compile", &e))?;
    let mut linker = Linker::new(&engine);
    linker
        .define_unknown_imports_as_traps(&component)
        .map_err(|e| broken("the interpreter's imports are not those of the contract", &e))?;

    let limits = StoreLimitsBuilder::new().memory_size(MEMORY_BYTES).build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    store.set_fuel(FUEL).map_err(|e| broken("the engine cannot count", &e))?;
    let instance =
        linker.instantiate(&mut store, &component).map_err(|e| broken("the interpreter does not start", &e))?;
    let mut loaded = Loaded { store, instance };
    match loaded.load(document).map_err(|e| broken("the interpreter broke off while it read the sources", &e))? {
        Ok(()) => {}
        Err(problems) => return Err(PackError::Refused(problems)),
    }
    // Reading the memory out is no work of the sources.
    loaded.store.set_fuel(u64::MAX).map_err(|e| broken("the engine cannot count", &e))?;
    ready(wizer.snapshot_component(&context, &mut loaded))
        .map_err(|e| broken("the interpreter's memory cannot be written down", &e))
}

/// An instance that has been asked to load.
struct Loaded {
    store: Store<StoreLimits>,
    instance: Instance,
}

impl Loaded {
    fn load(&mut self, document: &str) -> wasmtime::Result<Result<(), String>> {
        let missing = || wasmtime::Error::msg("it exports no load");
        let (_, interface) = self.instance.get_export(&mut self.store, None, INTERPRETER).ok_or_else(missing)?;
        let (_, load) = self.instance.get_export(&mut self.store, Some(&interface), "load").ok_or_else(missing)?;
        let load = self.instance.get_typed_func::<(&str,), (Result<(), String>,)>(&mut self.store, load)?;
        let (result,) = load.call(&mut self.store, (document,))?;
        Ok(result)
    }

    /// Calls one of the functions that the instrumentation added.
    fn ask<R: Lift + 'static, R2>(
        &mut self,
        instance: &str,
        function: &str,
        take: impl FnOnce(&mut Store<StoreLimits>, R) -> R2,
    ) -> R2 {
        let store = &mut self.store;
        let found = self
            .instance
            .get_export(&mut *store, None, instance)
            .and_then(|(_, instance)| self.instance.get_export(&mut *store, Some(&instance), function));
        // The trait of the instrumentation has no way to fail: it asks for what it added itself.
        let (_, function) = found.expect("an export of the instrumentation");
        let function = self.instance.get_typed_func::<(), (R,)>(&mut *store, function).expect("its type");
        let (answer,) = function.call(&mut *store, ()).expect("it only reads");
        take(store, answer)
    }
}

impl ComponentInstanceState for Loaded {
    async fn call_func_ret_list_u8(&mut self, instance: &str, function: &str, contents: impl FnOnce(&[u8]) + Send) {
        self.ask(instance, function, |store, list: WasmList<u8>| contents(list.as_le_slice(&store)));
    }

    async fn call_func_ret_s32(&mut self, instance: &str, function: &str) -> i32 {
        self.ask(instance, function, |_, value| value)
    }

    async fn call_func_ret_s64(&mut self, instance: &str, function: &str) -> i64 {
        self.ask(instance, function, |_, value| value)
    }

    async fn call_func_ret_f32(&mut self, instance: &str, function: &str) -> u32 {
        self.ask(instance, function, |_, value: f32| value.to_bits())
    }

    async fn call_func_ret_f64(&mut self, instance: &str, function: &str) -> u64 {
        self.ask(instance, function, |_, value: f64| value.to_bits())
    }
}

/// The result of a future that waits for nothing: each of its steps is a plain call.
fn ready<T>(future: impl Future<Output = wasmtime::Result<T>>) -> wasmtime::Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(wasmtime::Error::msg("it waits for something")),
    }
}

#[cfg(test)]
mod tests {
    use super::snapshot;
    use crate::{PackError, RECIPE, source_document};

    const BUNDLE: &str = "name = 'acme'\nversion = '1.0.0'\ncontract = '0.1'\ntitle = 'Acme'\n[[grants]]\nmethods = ['GET']\npaths = ['things/*']\n[connections.open]\ntitle = 'Open'\nauth = 'none'\nbase_url = 'https://acme.example'\n";
    const PRESET: &str = "title = 'Thing'\neffect = 'read'\n[inputs]\nid = { type = 'string', required = true }\n[request]\nmethod = 'GET'\npath = ['things', '{{id}}']\n";

    fn document(preset: &str) -> String {
        source_document(&[("bundle.toml".into(), BUNDLE.into()), ("thing/preset.toml".into(), preset.into())])
    }

    #[test]
    fn the_same_sources_give_the_same_bytes_and_others_do_not() {
        let first = snapshot(RECIPE.component, &document(PRESET)).unwrap();
        assert_eq!(first, snapshot(RECIPE.component, &document(PRESET)).unwrap());
        assert_ne!(first, snapshot(RECIPE.component, &document(&PRESET.replace("Thing", "Gniht"))).unwrap());
        assert_eq!(presetter_guests::foreign_imports(&first).unwrap(), [""; 0]);
        assert!(!first.windows(14).any(|bytes| bytes == b"wasmtime:wizer"), "the instrumentation stayed in");
    }

    #[test]
    fn what_the_interpreter_refuses_has_its_place() {
        let wrong = snapshot(RECIPE.component, &document(&PRESET.replace("{{id}}", "{{idd}}"))).unwrap_err();
        let PackError::Refused(list) = wrong else { panic!("{wrong}") };
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        let at = PRESET.replace("{{id}}", "{{idd}}").find("{{idd}}").unwrap();
        let place = serde_json::json!(["thing/preset.toml", at, at + "{{idd}}".len(), "did you mean \"id\"?"]);
        assert_eq!(serde_json::json!([list[0]["file"], list[0]["start"], list[0]["end"], list[0]["hint"]]), place);
    }

    #[test]
    fn what_is_no_interpreter_is_told() {
        for bytes in [&b"not wasm"[..], b"\0asm\x0d\0\x01\0"] {
            let error = snapshot(bytes, "{}").unwrap_err();
            assert!(matches!(error, PackError::Broken(_)), "{error}");
        }
    }
}
