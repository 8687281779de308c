//! The program `mosyle-standin`: runs the stand-in until standard input closes or Ctrl-C is pressed.
//!
//! Owns: its arguments. Prints one line of JSON with the base URLs and the account on standard output; talk goes to
//! standard error.
#![forbid(unsafe_code)]

use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

use mosyle_standin::{ACCESS_TOKEN, EMAIL, Oddities, PASSWORD, StandIn};
use serde_json::json;
use tokio::sync::oneshot;

const HELP: &str = "\
Runs a stand-in for Mosyle's API on 127.0.0.1, until standard input closes or Ctrl-C is pressed.
The first line on standard output is JSON: the base URLs and the account.

Usage: mosyle-standin [--port PORT] [--seed COUNT] [--oddities JSON]

  --port PORT       the port to listen on; a free one if left out
  --seed COUNT      begin with COUNT made-up users (user1@example.com and so on)
  --oddities JSON   switches, for example '{\"expired_status\":403,\"token_uses\":3}'
  --help            print this
";

#[derive(Default)]
struct Arguments {
    port: u16,
    seed: u32,
    oddities: Oddities,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut given = std::env::args().skip(1);
    if std::env::args().any(|word| word == "--help" || word == "-h") {
        return match io::stdout().write_all(HELP.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let ended = match arguments(&mut given) {
        Ok(arguments) => serve(arguments).await.map_err(|error| (1, error.to_string())),
        Err(wrong) => Err((2, format!("{wrong}\n\n{HELP}"))),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            // If standard error is gone, the exit code still tells.
            let _ = writeln!(io::stderr(), "mosyle-standin: {message}");
            ExitCode::from(code)
        }
    }
}

fn arguments(given: &mut impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    while let Some(name) = given.next() {
        let mut value = || given.next().ok_or_else(|| format!("{name} needs a value after it."));
        match name.as_str() {
            "--port" => {
                let text = value()?;
                arguments.port = text.parse().map_err(|_| format!("--port takes 0 to 65535, not `{text}`."))?;
            }
            "--seed" => {
                let text = value()?;
                arguments.seed = text.parse().map_err(|_| format!("--seed takes a whole number, not `{text}`."))?;
            }
            "--oddities" => {
                arguments.oddities = serde_json::from_str(&value()?)
                    .map_err(|error| format!("--oddities takes JSON with known switches: {error}."))?;
            }
            _ => return Err(format!("`{name}` is not known here.")),
        }
    }
    Ok(arguments)
}

async fn serve(arguments: Arguments) -> io::Result<()> {
    let standin = StandIn::start_at(arguments.port, arguments.oddities).await?;
    standin.state().seed(arguments.seed);
    let line = json!({
        "business_url": standin.business_url(),
        "manager_url": standin.manager_url(),
        "admin_url": standin.admin_url(),
        "access_token": ACCESS_TOKEN,
        "email": EMAIL,
        "password": PASSWORD,
    });
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    drop(out);

    tokio::select! {
        _ = input_closed()? => {}
        pressed = tokio::signal::ctrl_c() => pressed?,
    }
    standin.stop().await;
    Ok(())
}

/// Resolves when standard input ends. A thread waits for it, since such a read cannot be called off.
fn input_closed() -> io::Result<oneshot::Receiver<()>> {
    let (closed, wait) = oneshot::channel();
    std::thread::Builder::new().name("stdin".into()).spawn(move || {
        let mut buffer = [0; 1024];
        let mut input = io::stdin().lock();
        // An error, too, means that nobody will say anything more; an interrupted read does not.
        loop {
            match input.read(&mut buffer) {
                Ok(0) => break,
                Err(error) if error.kind() != io::ErrorKind::Interrupted => break,
                _ => {}
            }
        }
        // The program may be ending already.
        let _ = closed.send(());
    })?;
    Ok(wait)
}
