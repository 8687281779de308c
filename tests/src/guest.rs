//! Components for tests, from WebAssembly text.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::program::root;

/// A component or a core module, as the text says.
pub(crate) fn plain(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// A core module that was written for the world `bundle` of the contract, wrapped into a component.
pub(crate) fn wrapped(text: &str) -> Vec<u8> {
    let mut module = plain(text);
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(Path::new(&root().join("wit"))).unwrap();
    let world = resolve.select_world(&[package], Some("bundle")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}
