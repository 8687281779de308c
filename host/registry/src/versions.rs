//! The versions of a bundle: the tags of its repository.

use serde::Deserialize;

use crate::{
    Error, Repository, Tag,
    bounds::{self, Cap},
    page,
    wire::Draft,
};

/// What a repository has under a tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions {
    /// Tags that are versions, the newest first.
    pub versions: Vec<(semver::Version, Tag)>,
    /// Other tags, by their letters; those with which registries without referrers keep signatures are left out.
    pub others: Vec<Tag>,
    /// Whether there are more, which were not read.
    pub more: bool,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl Repository<'_> {
    /// All tags, within bounds.
    ///
    /// # Errors
    ///
    /// The repository is not there, or its list cannot be read.
    pub async fn versions(&self) -> Result<Versions, Error> {
        let what = format!("the versions of {}", self.place());
        let mut url = self.url("tags/list");
        url.set_query(Some("n=1000"));
        let mut read = vec![url];
        let mut tags: Vec<Tag> = Vec::new();
        let mut more = false;
        while let Some(url) = read.last() {
            let response = self.send(&Draft::get(url.clone(), Cap::Small, &what)).await?;
            if response.status != 200 {
                return Err(self.refused(&response, &what));
            }
            let page = serde_json::from_slice::<Page>(&response.body);
            let page = page.map_err(|_| self.untrue(format!("{what} did not come as a list")))?;
            // What cannot be a tag cannot be asked for.
            tags.extend(page.tags.into_iter().flatten().filter_map(|tag| tag.parse().ok()));
            let next = page::next(&response, &read);
            let next = next.map_err(|why| self.untrue(format!("the next page of {what} is not read: {why}")))?;
            more = tags.len() > bounds::TAGS || (next.is_some() && read.len() >= bounds::PAGES);
            match next {
                Some(next) if !more => read.push(next),
                _ => break,
            }
        }
        tags.truncate(bounds::TAGS);
        Ok(sorted(tags, more))
    }
}

fn sorted(mut tags: Vec<Tag>, more: bool) -> Versions {
    tags.sort();
    tags.dedup();
    let mut sorted = Versions { more, ..Versions::default() };
    for tag in tags.into_iter().filter(|tag| !is_signatures(tag)) {
        match tag.version() {
            Some(version) => sorted.versions.push((version, tag)),
            None => sorted.others.push(tag),
        }
    }
    sorted.versions.sort_by(|a, b| b.cmp(a));
    sorted
}

/// `sha256-` and a digest, with what older tools put behind it.
fn is_signatures(tag: &Tag) -> bool {
    let digits = tag.as_str().strip_prefix("sha256-").unwrap_or_default();
    digits.len() >= 64 && digits.bytes().take(64).all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_sorted_as_versions() {
        let hex = "0".repeat(64);
        let signatures = [format!("sha256-{hex}"), format!("sha256-{hex}.sig")];
        let tags = ["1.10.0", "latest", "1.9.0", "1.9.0-rc.1", "v2", "1.9.0_build", "1.9.0", "Beta", "sha256-x"];
        let tags = tags.into_iter().chain(signatures.iter().map(String::as_str)).map(|tag| tag.parse().unwrap());
        let sorted = sorted(tags.collect(), false);
        let versions: Vec<&str> = sorted.versions.iter().map(|(_, tag)| tag.as_str()).collect();
        assert_eq!(versions, ["1.10.0", "1.9.0_build", "1.9.0", "1.9.0-rc.1"]);
        let others: Vec<&str> = sorted.others.iter().map(Tag::as_str).collect();
        assert_eq!(others, ["Beta", "latest", "sha256-x", "v2"]);
    }
}
