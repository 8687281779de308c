//! What a call of a plugin costs in Extism: in a fresh instance each, and in one that is used again. HTTP is answered at once.
//!
//!     extism-host PLUGIN.wasm INPUTS-FILE ANSWER-FILE RUNS
//!
//! Prints lines of `NAME NANOSECONDS`, one for each run.

use std::time::Instant;
use std::{env, fs};

use extism::{CompiledPlugin, Error, Plugin, PluginBuilder, UserData, Wasm, host_fn};

host_fn!(call(answer: String; _request: String) -> String {
    let answer = answer.get()?;
    let answer = answer.lock().map_err(|_| Error::msg("another call broke off"))?;
    Ok(answer.clone())
});

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [plugin, inputs, answer, runs] = &arguments[..] else {
        return Err(Error::msg("extism-host PLUGIN.wasm INPUTS-FILE ANSWER-FILE RUNS"));
    };
    let (inputs, runs) = (fs::read_to_string(inputs)?, runs.parse::<usize>()?);
    let text = extism::PTR;
    let wasm = extism::Manifest::new([Wasm::data(fs::read(plugin)?)]);
    let builder = PluginBuilder::new(wasm).with_function(
        "call",
        [text.clone()],
        [text],
        UserData::new(fs::read_to_string(answer)?),
        call,
    );
    let compiled = CompiledPlugin::new(builder)?;
    let mut kept = Plugin::new_from_compiled(&compiled)?;
    // The first tenth only warms up.
    for n in 0..runs + runs / 10 {
        let started = Instant::now();
        let mut fresh = Plugin::new_from_compiled(&compiled)?;
        done(&mut fresh, &inputs)?;
        drop(fresh);
        let of_fresh = started.elapsed().as_nanos();
        let started = Instant::now();
        done(&mut kept, &inputs)?;
        let of_kept = started.elapsed().as_nanos();
        if n >= runs / 10 {
            println!("fresh {of_fresh}\nkept {of_kept}");
        }
    }
    Ok(())
}

/// One run; that it was right is looked at, as whoever asked for it would.
fn done(plugin: &mut Plugin, inputs: &str) -> Result<(), Error> {
    let outcome: String = plugin.call("run", inputs)?;
    if !outcome.contains(r#""kind":"ok""#) {
        return Err(Error::msg(format!("the plugin says {outcome}")));
    }
    Ok(())
}
