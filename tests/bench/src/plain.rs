//! What a call of a component costs with wasmtime alone: a text in, the same text out, from a pool, a fresh instance for each.

use std::time::Instant;

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

const ECHO: &str = r#"
(component
  (core module $echo
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 16))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $free)
      (global.set $free (i32.add (global.get $free) (local.get 3))))
    ;; A text is returned as the place of its address and length.
    (func (export "run") (param i32 i32) (result i32)
      (i32.store (i32.const 0) (local.get 0))
      (i32.store (i32.const 4) (local.get 1))
      (i32.const 0)))
  (core instance $echo (instantiate $echo))
  (func (export "run") (param "inputs" string) (result string)
    (canon lift (core func $echo "run") (memory (core memory $echo "memory")) (realloc (core func $echo "realloc")))))
"#;

/// The component, ready to be instantiated.
pub(crate) struct Plain(Engine, InstancePre<()>);

impl Plain {
    pub(crate) fn new() -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(PoolingAllocationConfig::default()));
        let engine = Engine::new(&config)?;
        let component = Component::new(&engine, wat::parse_str(ECHO)?)?;
        let ready = Linker::new(&engine).instantiate_pre(&component)?;
        Ok(Self(engine, ready))
    }

    /// What one call took, in nanoseconds.
    pub(crate) fn call(&self, inputs: &str) -> wasmtime::Result<f64> {
        let started = Instant::now();
        let mut store = Store::new(&self.0, ());
        let instance = self.1.instantiate(&mut store)?;
        let run = instance.get_typed_func::<(&str,), (String,)>(&mut store, "run")?;
        let (echo,) = run.call(&mut store, (inputs,))?;
        drop(store);
        let took = started.elapsed().as_nanos() as f64;
        assert_eq!(echo, inputs);
        Ok(took)
    }
}
