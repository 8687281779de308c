//! The program `vendor-standins`: runs a stand-in until standard input closes.
//!
//! Owns: its arguments. Prints one line of JSON with the base URL and the account on standard output; talk goes to standard
//! error.
#![forbid(unsafe_code)]

use std::io::{self, Read, Write};
use std::process::ExitCode;

use serde_json::json;
use vendor_standins::{JAMF_PASSWORD, JAMF_USERNAME, OKTA_TOKEN, StandIn, Switches, Vendor};

const HELP: &str = "\
Runs a stand-in for the API of Jamf Pro or Okta on 127.0.0.1, until standard input closes.
The line on standard output is JSON: the base URL and the account.

Usage: vendor-standins jamf|okta [--port PORT] [--seed COUNT] [--switches JSON]

  --port PORT       the port to listen on; a free one if left out
  --seed COUNT      begin with COUNT made-up users (user1@example.com and so on)
  --switches JSON   for example '{\"token_uses\":3,\"rate_limited\":1}'
";

fn main() -> ExitCode {
    let ended = match arguments(std::env::args().skip(1)) {
        Ok(arguments) => serve(arguments).map_err(|error| (1, error.to_string())),
        Err(wrong) => Err((2, format!("{wrong}\n\n{HELP}"))),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            // If standard error is gone, the exit code still tells.
            let _ = writeln!(io::stderr(), "vendor-standins: {message}");
            ExitCode::from(code)
        }
    }
}

struct Arguments {
    vendor: Vendor,
    port: u16,
    seed: u32,
    switches: Switches,
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let vendor = match given.next().as_deref() {
        Some("jamf") => Vendor::Jamf,
        Some("okta") => Vendor::Okta,
        _ => return Err("The first argument is jamf or okta.".into()),
    };
    let mut arguments = Arguments { vendor, port: 0, seed: 0, switches: Switches::default() };
    while let Some(name) = given.next() {
        let value = given.next().ok_or_else(|| format!("{name} needs a value after it."))?;
        let wrong = |takes: &str| format!("{name} takes {takes}, not `{value}`.");
        match name.as_str() {
            "--port" => arguments.port = value.parse().map_err(|_| wrong("0 to 65535"))?,
            "--seed" => arguments.seed = value.parse().map_err(|_| wrong("a whole number"))?,
            "--switches" => {
                arguments.switches = serde_json::from_str(&value)
                    .map_err(|error| format!("--switches takes JSON with known switches: {error}."))?;
            }
            _ => return Err(format!("`{name}` is not known here.")),
        }
    }
    Ok(arguments)
}

fn serve(arguments: Arguments) -> io::Result<()> {
    let standin = StandIn::start_at(arguments.port, arguments.vendor, arguments.switches)?;
    standin.seed(arguments.seed);
    let line = match arguments.vendor {
        Vendor::Jamf => json!({ "url": standin.url(), "username": JAMF_USERNAME, "password": JAMF_PASSWORD }),
        Vendor::Okta => json!({ "url": standin.url(), "token": OKTA_TOKEN }),
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    io::stdin().lock().read_to_end(&mut Vec::new())?;
    Ok(())
}
