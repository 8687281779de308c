//! Sending blobs.
//!
//! Invariants: what is there already is not sent; an upload goes on only on the registry's own server, whatever it answers;
//! a piece that broke is taken up where the registry says that it stopped, so many times and no more.

use bytes::Bytes;
use presetter_egress::{Error as Broken, Response};
use presetter_package::Digest;
use url::Url;

use crate::{
    Error, Progress, Repository,
    bounds::{self, Cap},
    text,
    wire::{Draft, header, is_safe, same_server},
};

/// What blobs are sent as.
const BYTES: &str = "application/octet-stream";

/// Where an upload is.
struct Upload {
    url: Url,
    /// The least that the registry takes at a time.
    least: u64,
}

impl Repository<'_> {
    /// Sends a blob, unless it is there. Comes back with whether it was sent.
    ///
    /// # Errors
    ///
    /// The registry refuses it, or breaks off again and again.
    pub async fn push_blob(&self, bytes: &Bytes, progress: &mut Progress<'_>) -> Result<bool, Error> {
        let digest = Digest::of(bytes);
        let size = bytes.len() as u64;
        let what = self.named(format_args!("the blob {digest}"));
        if self.has_blob(digest, &what).await? {
            progress(size, size);
            return Ok(false);
        }
        progress(0, size);
        let upload = self.begin(&what).await?;
        let chunk = self.registry.options.chunk_bytes.max(upload.least);
        let last = if size <= chunk {
            self.finish(upload.url, digest, Some(bytes.clone()), &what)
        } else {
            let url = self.pieces(upload, bytes, chunk, &what, progress).await?;
            self.finish(url, digest, None, &what)
        };
        let response = match self.send(&last).await {
            Ok(response) => response,
            // Whether it arrived is easily seen.
            Err(error) if may_have_arrived(&error) && self.has_blob(digest, &what).await? => {
                progress(size, size);
                return Ok(true);
            }
            Err(error) => return Err(error),
        };
        if response.status != 201 {
            return Err(self.refused(&response, &what));
        }
        self.verify_said(&response, digest, &what)?;
        progress(size, size);
        Ok(true)
    }

    async fn has_blob(&self, digest: Digest, what: &str) -> Result<bool, Error> {
        let draft = Draft::new("HEAD", self.url(&format!("blobs/{digest}")), Cap::Part, what);
        let response = self.send(&draft).await?;
        match response.status {
            // Also where it is kept elsewhere; the manifest that names it is refused if that is not so.
            200 | 301 | 302 | 303 | 307 | 308 => Ok(true),
            404 => Ok(false),
            _ => Err(self.refused(&response, what)),
        }
    }

    async fn begin(&self, what: &str) -> Result<Upload, Error> {
        let mut draft = Draft::new("POST", self.url("blobs/uploads/"), Cap::Part, what);
        draft.body = Some(Bytes::new());
        let response = self.send(&draft).await?;
        if response.status != 202 {
            return Err(self.refused(&response, what));
        }
        let least = header(&response, "oci-chunk-min-length").and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        if least > bounds::SENT as u64 {
            let limit = bounds::SENT as u64;
            return Err(Error::TooLarge { what: format!("the least piece that the registry takes of {what}"), limit });
        }
        Ok(Upload { url: self.location(&response, &draft.url, what)?, least })
    }

    /// Where an upload goes on.
    fn location(&self, response: &Response, here: &Url, what: &str) -> Result<Url, Error> {
        let elsewhere = |why: String| Error::Redirect { what: what.to_owned(), why };
        let location = header(response, "location");
        let location = location.ok_or_else(|| self.untrue(format!("it does not say where {what} is to be sent to")))?;
        let url = here.join(location);
        let mut url = url.map_err(|_| elsewhere(format!("`{}` is not an address", text::clean(location, 100))))?;
        is_safe(&url, self.is_loopback()).map_err(|why| elsewhere(why.to_owned()))?;
        if !same_server(&url, here) {
            let host = text::clean(url.host_str().unwrap_or_default(), 100);
            return Err(elsewhere(format!("a login is at stake, and it leads to another server, {host}")));
        }
        url.set_fragment(None);
        Ok(url)
    }

    fn finish(&self, mut url: Url, digest: Digest, body: Option<Bytes>, what: &str) -> Draft {
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        Draft::new("PUT", url, Cap::Part, what).body(BYTES, body.unwrap_or_default())
    }

    /// Sends all bytes of an upload; comes back with where it is to be finished.
    async fn pieces(
        &self,
        upload: Upload,
        bytes: &Bytes,
        chunk: u64,
        what: &str,
        progress: &mut Progress<'_>,
    ) -> Result<Url, Error> {
        let size = bytes.len() as u64;
        let (mut url, mut sent, mut broken) = (upload.url, 0, 0);
        while sent < size {
            let end = size.min(sent + chunk);
            let draft = Draft::new("PATCH", url.clone(), Cap::Part, what)
                .header("Content-Range", format!("{sent}-{}", end - 1))
                .body(BYTES, slice(bytes, sent, end));
            let (response, taken) = match self.send(&draft).await {
                Ok(response) if response.status == 202 => (response, true),
                // 416: the registry has another idea of where the upload is.
                Ok(Response { status: 416 | 500..=599, .. })
                | Err(Error::Network { source: Broken::NotSent { .. } | Broken::Unanswered { .. }, .. })
                    if broken < bounds::RESUMES =>
                {
                    broken += 1;
                    let draft = Draft::get(url.clone(), Cap::Part, what);
                    match self.send(&draft).await {
                        Ok(response) if matches!(response.status, 200 | 202 | 204) => (response, false),
                        Ok(response) if response.status < 500 => return Err(self.refused(&response, what)),
                        _ => continue,
                    }
                }
                Ok(response) => return Err(self.refused(&response, what)),
                Err(error) => return Err(error),
            };
            let received = self.received(&response, end, what)?;
            if taken && received <= sent {
                return Err(self.untrue(format!("it takes {what}, and has no more of it than {received} bytes")));
            }
            sent = received;
            if header(&response, "location").is_some() {
                url = self.location(&response, &url, what)?;
            }
            progress(sent, size);
        }
        Ok(url)
    }

    /// How many bytes the registry has, of those up to `most` that it can have.
    fn received(&self, response: &Response, most: u64, what: &str) -> Result<u64, Error> {
        let Some(range) = header(response, "range") else { return Ok(if response.status == 202 { most } else { 0 }) };
        let range = range.trim();
        let last =
            range.strip_prefix("bytes=").unwrap_or(range).strip_prefix("0-").and_then(|end| end.parse::<u64>().ok());
        match last {
            // One byte and none at all look alike in some registries; what is sent twice is refused, and asked for again.
            Some(0) => Ok(0),
            Some(last) if last < most => Ok(last + 1),
            _ => Err(self.untrue(format!("it says that it has another part of {what} than was sent"))),
        }
    }
}

fn slice(bytes: &Bytes, from: u64, end: u64) -> Bytes {
    let at = |offset: u64| usize::try_from(offset).unwrap_or(bytes.len());
    bytes.slice(at(from)..at(end))
}

fn may_have_arrived(error: &Error) -> bool {
    matches!(error, Error::Network { source, .. } if Broken::may_have_arrived(source))
}
