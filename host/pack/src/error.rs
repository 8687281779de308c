//! Why a bundle could not be packed.

/// Why a bundle could not be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file of the bundle cannot be read, or is wrong.
    #[error(transparent)]
    Bundle(#[from] presetter_bundle::Error),
    /// A component was given, and the manifest does not say where it belongs.
    #[error("{0} names no component, so that its presets would be recipes and scripts")]
    NoPlace(String),
    /// What the manifest names as the component is no place of its own in the bundle.
    #[error("{file}: component \"{component}\" is {what}")]
    BadPlace {
        /// The manifest, as messages name it.
        file: String,
        /// What it names.
        component: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The interpreter does not accept the sources: the JSON list that its `load` gave (`wit/preset.wit`).
    #[error("the interpreter does not accept the bundle: {0}")]
    Refused(String),
    /// The interpreter broke off. The sources may be too much for it.
    #[error("{0}")]
    Broken(String),
}
