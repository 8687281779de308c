//! How the component is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The stack that the compiler keeps in memory, in bytes, instead of a megabyte: after each run the host looks through the
    // component's memory for what it wrote. The deepest recipe that the bounds allow needs some tens of kilobytes.
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size=262144");
    }
}
