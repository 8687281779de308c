//! The presets of a bundle, by name.

use serde::de::DeserializeOwned;

use crate::{Class, Error, Host, Outcome};

/// Runs a preset for one input, a JSON text.
type One = dyn Fn(&str, &Host<'_>) -> Outcome;
/// Runs a preset for all inputs together.
type Many = dyn Fn(&[String], &Host<'_>) -> Vec<Outcome>;

/// Runs a preset.
enum Run {
    One(Box<One>),
    Many(Box<Many>),
}

/// The presets of a bundle, each with the function that runs it.
#[derive(Default)]
pub struct Presets(Vec<(&'static str, Run)>);

impl Presets {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With a preset more. Its inputs are read into the type that the function takes; the host has checked them against the manifest
    /// before.
    #[must_use]
    pub fn with<I: DeserializeOwned + 'static>(
        mut self,
        name: &'static str,
        run: fn(I, &Host<'_>) -> Result<Outcome, Error>,
    ) -> Self {
        let run = move |inputs: &str, host: &Host<'_>| match serde_json::from_str(inputs) {
            Ok(inputs) => run(inputs, host).unwrap_or_else(Error::into_outcome),
            Err(error) => unread(&error),
        };
        self.0.push((name, Run::One(Box::new(run))));
        self
    }

    /// With a preset that takes many rows at once, as its manifest says under `[batch]`: the inputs of each, at most `most` of them. The
    /// function gives an outcome for each, in their order. An error holds for all of them.
    #[must_use]
    pub fn with_many<I: DeserializeOwned + 'static>(
        mut self,
        name: &'static str,
        run: fn(Vec<I>, &Host<'_>) -> Result<Vec<Outcome>, Error>,
    ) -> Self {
        let run = move |inputs: &[String], host: &Host<'_>| {
            let all = |outcome: Outcome| vec![outcome; inputs.len()];
            let read: Result<Vec<I>, _> = inputs.iter().map(|inputs| serde_json::from_str(inputs)).collect();
            let outcomes = match read {
                Ok(rows) => run(rows, host),
                Err(error) => return all(unread(&error)),
            };
            match outcomes {
                Ok(outcomes) if outcomes.len() == inputs.len() => outcomes,
                Ok(outcomes) => {
                    let (came, rows) = (outcomes.len(), inputs.len());
                    all(Outcome::failed(
                        Class::Unanswered,
                        format!("the component gave {came} outcomes for {rows} rows"),
                    ))
                }
                Err(error) => all(error.into_outcome()),
            }
        };
        self.0.push((name, Run::Many(Box::new(run))));
        self
    }

    /// Runs a preset for its inputs, one outcome for each. Where each is run by itself, it has a host by itself.
    pub(crate) fn run<'h>(&self, name: &str, inputs: &[String], host: impl Fn() -> Host<'h>) -> Vec<Outcome> {
        match self.0.iter().find(|(known, _)| *known == name) {
            Some((_, Run::One(run))) => inputs.iter().map(|inputs| run(inputs, &host())).collect(),
            Some((_, Run::Many(run))) => run(inputs, &host()),
            None => {
                let failed = Outcome::failed(Class::Preset, format!("the component has no preset \"{name}\""));
                vec![failed; inputs.len()]
            }
        }
    }
}

fn unread(error: &serde_json::Error) -> Outcome {
    Outcome::failed(Class::Input, format!("the inputs are not what the component takes: {error}"))
}
