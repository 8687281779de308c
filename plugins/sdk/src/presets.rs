//! The presets of a bundle, by name.

use serde::de::DeserializeOwned;

use crate::{Class, Error, Host, Outcome};

/// Runs a preset for one input, a JSON text.
type Run = Box<dyn Fn(&str, &Host<'_>) -> Outcome>;

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
            Err(error) => {
                Outcome::failed(Class::Input, format!("the inputs are not what the component takes: {error}"))
            }
        };
        self.0.push((name, Box::new(run)));
        self
    }

    /// Runs a preset for one input.
    pub(crate) fn run(&self, name: &str, inputs: &str, host: &Host<'_>) -> Outcome {
        match self.0.iter().find(|(known, _)| *known == name) {
            Some((_, run)) => run(inputs, host),
            None => Outcome::failed(Class::Preset, format!("the component has no preset \"{name}\"")),
        }
    }
}
