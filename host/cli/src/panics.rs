//! The last sink: what a panic says.
//!
//! Keeps: a panic is a fault of ours, told in one redacted line without this machine's folders, and with the exit code for
//! it, whatever `RUST_BACKTRACE` says and whichever thread it was.

use std::io::{self, Write as _};
use std::panic::PanicHookInfo;

use presetter_secret::Redactor;

use crate::console::line;
use crate::exit::Exit;

/// Lets panics be told so from now on.
pub(crate) fn confess(redactor: Redactor) {
    std::panic::set_hook(Box::new(move |panic| {
        let _ = writeln!(io::stderr(), "{}", confession(panic, &redactor));
        std::process::exit(Exit::Internal.code().into());
    }));
}

fn confession(panic: &PanicHookInfo<'_>, redactor: &Redactor) -> String {
    let what = panic.payload_as_str().unwrap_or("unknown");
    // The file's name without its folders: they are those of the machine that built the program.
    let at = panic
        .location()
        .map(|at| format!("{}:{}", at.file().rsplit(['/', '\\']).next().unwrap_or_default(), at.line()));
    let message = line(&redactor.text(&format!("{what} ({})", at.unwrap_or_default())));
    format!("error: this is a fault of presetter, not yours: {message}")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use presetter_secret::Secret;

    use super::*;

    #[test]
    fn a_panic_tells_no_secret_and_steers_no_terminal() {
        let redactor = Redactor::new();
        redactor.add("password", &Secret::new("hunter2-and-more".into()));
        let said = Arc::new(Mutex::new(String::new()));
        let told = said.clone();
        // The hook is the process's. Under nextest that is this test alone; elsewhere no other test panics on purpose.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| *told.lock().unwrap() = confession(panic, &redactor)));
        let ended = std::panic::catch_unwind(|| panic!("no \x1b[31mhunter2-and-more\nhere"));
        std::panic::set_hook(before);
        assert!(ended.is_err());
        let said = said.lock().unwrap().clone();
        let wanted = "error: this is a fault of presetter, not yours: no ?[31m[secret password] here (panics.rs:";
        assert!(said.starts_with(wanted) && said.ends_with(')'), "{said}");
    }
}
