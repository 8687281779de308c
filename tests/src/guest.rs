//! Components for tests: from WebAssembly text, and the hostile guest.

use std::path::Path;

use presetter_guests::{HOSTILE, detect};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::program::root;

/// A component or a core module, as the text says.
#[must_use]
pub fn plain(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// A core module that was written for the world `bundle` of the contract, wrapped into a component.
#[must_use]
pub fn wrapped(text: &str) -> Vec<u8> {
    let mut module = plain(text);
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(Path::new(&root().join("wit"))).unwrap();
    let world = resolve.select_world(&[package], Some("bundle")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

/// A component whose `run` has this body and, if it comes to its end, returns an outcome of kind `ok` at 64, its texts at 128.
/// `imports` come first in the module, `parts` are further fields of it.
#[must_use]
pub fn small(imports: &str, parts: &str, body: &str) -> Vec<u8> {
    wrapped(&format!(
        r#"(module
            {imports}
            (memory (export "memory") 1)
            (data (i32.const 64) "\80\00\00\00\02\00\00\00" "\82\00\00\00\00\00\00\00" "\82\00\00\00\00\00\00\00"
                                 "\82\00\00\00\00\00\00\00" "\82\00\00\00\02\00\00\00" "\80\00\00\00\00\00\00\00")
            (data (i32.const 128) "ok{{}}")
            {parts}
            (func (export "presetter:preset/preset@0.1.0#run") (param i32 i32 i32 i32 i32 i32) (result i32)
                {body}
                (i32.const 64)))"#
    ))
}

/// A component of many core instances: one whose `run` has this body and, if it comes to its end, returns an outcome of kind
/// `ok`; and for each of `more` one with these fields. The library that wraps modules makes no such thing, so it is written out.
#[must_use]
pub fn composed(body: &str, more: &[&str]) -> Vec<u8> {
    let modules: String =
        more.iter().enumerate().map(|(at, fields)| format!("(core module $m{at} {fields})")).collect();
    let instances: String = (0..more.len()).map(|at| format!("(core instance (instantiate $m{at}))")).collect();
    plain(&format!(
        r#"(component
            (core module $main
                (memory (export "memory") 1)
                (data (i32.const 64) "\80\00\00\00\02\00\00\00")
                (data (i32.const 128) "ok")
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
                (func (export "run") (param i32 i32 i32 i32 i32 i32) (result i32) {body} (i32.const 64)))
            {modules}
            (core instance $main (instantiate $main))
            {instances}
            (type $pair' (record (field "name" string) (field "value" string)))
            (export $pair "pair" (type $pair'))
            (type $verdict' (record (field "kind" string) (field "class" string) (field "message" string)
                (field "evidence" string) (field "details" string)))
            (export $verdict "verdict" (type $verdict'))
            (type $seen' (record (field "status" u16) (field "headers" (list $pair)) (field "response" string)))
            (export $seen "seen" (type $seen'))
            (type $item' (record (field "verdict" $verdict) (field "outputs" string) (field "answer" (option $seen))))
            (export $item "item" (type $item'))
            (type $outcome' (record (field "verdict" $verdict) (field "items" (list $item))))
            (export $outcome "outcome" (type $outcome'))
            (alias core export $main "memory" (core memory $memory))
            (alias core export $main "realloc" (core func $realloc))
            (alias core export $main "run" (core func $run))
            (func $lifted (param "name" string) (param "inputs" (list string)) (param "context" string) (result $outcome)
                (canon lift (core func $run) (memory $memory) (realloc $realloc)))
            (instance $preset (export "run" (func $lifted)))
            (export "presetter:preset/preset@0.1.0" (instance $preset)))"#
    ))
}

/// What `cabi_realloc` is where nothing is odd about it: always the same place.
pub const REALLOC: &str = r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))"#;

/// The component of `tests/guests/hostile`. Built if the cache does not have it.
#[must_use]
pub fn hostile() -> Vec<u8> {
    let toolchain = detect(root()).unwrap();
    let cached = HOSTILE.cached(root(), toolchain.as_ref()).unwrap();
    let built = cached.unwrap_or_else(|| {
        let toolchain = toolchain.expect("no compiler here can build the guests: run `cargo xtask guests` once");
        HOSTILE.build(root(), &toolchain).unwrap()
    });
    std::fs::read(&built[0].path).unwrap()
}
