//! Asking the person at the terminal, where an option was left out.
//!
//! Must never ask for a secret itself: only where it is. (The secret of a `prompt` reference is asked for when it is used,
//! without an echo.)

use std::io::BufRead as _;

use presetter_connection::Reference;

use crate::console::line;
use crate::failure::Failure;
use crate::world::World;

/// Asks for a plain value.
pub(crate) fn field(world: &World, name: &str, help: &str) -> Result<String, Failure> {
    loop {
        let answer = answer(world, &format!("{} ({}): ", line(name), line(help)))?;
        if !answer.is_empty() {
            return Ok(answer);
        }
        world.console.say("it is needed; Ctrl-C leaves");
    }
}

/// Asks where a secret is.
pub(crate) fn reference(world: &World, name: &str, help: &str) -> Result<Reference, Failure> {
    loop {
        let question = format!(
            "where is {} ({})? env:NAME, file:PATH, keyring:SERVICE/NAME, cmd:PROGRAM ARGS or prompt: ",
            line(name),
            line(help)
        );
        match answer(world, &question)?.parse::<Reference>() {
            Ok(reference) => return Ok(reference),
            Err(error) => world.console.say(&error.to_string()),
        }
    }
}

fn answer(world: &World, question: &str) -> Result<String, Failure> {
    world.console.say(question);
    let mut answer = String::new();
    match std::io::stdin().lock().read_line(&mut answer) {
        Ok(read) if read > 0 => Ok(answer.trim().to_owned()),
        _ => Err(Failure::usage("nobody answers").help("give it as an option; see `presetter connection add --help`")),
    }
}

/// Asks for a yes; anything else, and nobody's answer, is a no.
pub(crate) fn agreed(world: &World, question: &str) -> bool {
    let answer = answer(world, &format!("{question} (yes or no)"));
    answer.is_ok_and(|answer| ["y", "yes"].contains(&answer.to_lowercase().as_str()))
}
