//! Media types. The type of a file follows from its path, so that it can say nothing else than the path does.

/// An OCI image manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The OCI empty blob, `{}`.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// The artifact type of a bundle.
pub const BUNDLE: &str = "application/vnd.presetter.bundle.v1+json";
/// A signature: a Sigstore bundle. Also the artifact type of the manifest that holds it.
pub const SIGNATURE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Types by the end of the path; the first that fits. Other files are bytes.
const ENDINGS: [(&str, &str); 17] = [
    (".wasm", "application/wasm"),
    (".cdx.json", "application/vnd.cyclonedx+json"),
    (".toml", "application/toml"),
    (".json", "application/json"),
    (".har", "application/json"),
    (".js", "text/javascript"),
    (".mjs", "text/javascript"),
    (".hbs", "text/x-handlebars-template"),
    (".md", "text/markdown"),
    (".txt", "text/plain"),
    (".html", "text/html"),
    (".xml", "application/xml"),
    (".csv", "text/csv"),
    (".svg", "image/svg+xml"),
    (".png", "image/png"),
    (".wit", "text/x-wit"),
    (".py", "text/x-python"),
];

/// The media type of the file of a bundle that has this path.
#[must_use]
pub fn of_title(title: &str) -> &'static str {
    let mut parts = title.rsplit('/');
    match (parts.next(), parts.next()) {
        (Some("bundle.toml"), None) => "application/vnd.presetter.manifest.v1+toml",
        (Some("preset.toml"), Some(_)) => "application/vnd.presetter.preset.v1+toml",
        (Some(case), Some("tests")) if case.ends_with(".toml") => "application/vnd.presetter.case.v1+toml",
        _ => {
            let known = ENDINGS.iter().find(|(ending, _)| title.ends_with(ending));
            known.map_or("application/octet-stream", |(_, media_type)| media_type)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_has_its_type() {
        for (title, media_type) in [
            ("bundle.toml", "application/vnd.presetter.manifest.v1+toml"),
            ("x/bundle.toml", "application/toml"),
            ("packed.toml", "application/toml"),
            ("component.wasm", "application/wasm"),
            ("users/preset.toml", "application/vnd.presetter.preset.v1+toml"),
            ("preset.toml", "application/toml"),
            ("users/tests/all.toml", "application/vnd.presetter.case.v1+toml"),
            ("users/tests/all.har", "application/json"),
            ("users/run.js", "text/javascript"),
            ("README.md", "text/markdown"),
            ("sbom.cdx.json", "application/vnd.cyclonedx+json"),
            ("LICENSE", "application/octet-stream"),
        ] {
            assert_eq!(of_title(title), media_type, "{title}");
        }
    }
}
