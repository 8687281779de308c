//! The registry itself, and a token service: what the specification says, and no more.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use presetter_egress::{Request, Response};
use presetter_package::Digest;
use serde_json::{Value, json};

use super::{NAME, PASSWORD, response, set};

/// How the registry asks for a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    Nothing,
    Basic,
    Bearer,
}

pub struct State {
    pub asks: Asks,
    /// Whether it keeps track of what refers to what.
    pub referrers: bool,
    /// Whether it gives out parts of blobs.
    pub ranges: bool,
    /// Whether it minds `If-Match`.
    pub etags: bool,
    /// Most tags or referrers of a page.
    pub page: usize,
    pub tags: BTreeMap<String, Digest>,
    pub manifests: HashMap<Digest, (String, Bytes)>,
    pub blobs: HashMap<Digest, Bytes>,
    uploads: HashMap<String, Vec<u8>>,
    tokens: Vec<String>,
    issued: usize,
}

fn error(status: u16, code: &str) -> Response {
    let body = json!({"errors": [{"code": code, "message": format!("{code} as it is said")}]}).to_string();
    response(status, &[("content-type", "application/json")], body)
}

impl State {
    pub fn new(asks: Asks) -> State {
        State {
            asks,
            referrers: true,
            ranges: true,
            etags: true,
            page: 1000,
            tags: BTreeMap::new(),
            manifests: HashMap::new(),
            blobs: HashMap::new(),
            uploads: HashMap::new(),
            tokens: Vec::new(),
            issued: 0,
        }
    }

    pub fn put_blob(&mut self, bytes: &Bytes) -> Digest {
        self.blobs.insert(Digest::of(bytes), bytes.clone());
        Digest::of(bytes)
    }

    pub fn put_manifest(&mut self, tag: &str, bytes: &Bytes) -> Digest {
        let digest = Digest::of(bytes);
        self.manifests.insert(digest, (presetter_package::media::MANIFEST.to_owned(), bytes.clone()));
        if !tag.is_empty() {
            self.tags.insert(tag.to_owned(), digest);
        }
        digest
    }

    /// No token is taken any more.
    pub fn revoke(&mut self) {
        self.tokens.clear();
    }

    pub fn token_service(&mut self, request: &Request) -> Response {
        let shown = header(request, "Authorization");
        let query: HashMap<_, _> = request.url.query_pairs().into_owned().collect();
        assert_eq!(query["service"], "r.example");
        let writes = query["scope"] == format!("repository:{NAME}:pull,push");
        assert!(writes || query["scope"] == format!("repository:{NAME}:pull"));
        match shown {
            Some(shown) if shown != basic() => return error(401, "UNAUTHORIZED"),
            None if writes => return error(401, "UNAUTHORIZED"),
            _ => {}
        }
        let token = self.issue(if writes { "write" } else { "read" });
        response(200, &[], json!({"token": token, "expires_in": 60}).to_string())
    }

    /// A new token, for reading or writing.
    pub fn issue(&mut self, access: &str) -> String {
        self.issued += 1;
        let token = format!("token-{}-{access}", self.issued);
        self.tokens.push(format!("Bearer {token}"));
        token
    }

    fn refusal(&self, request: &Request) -> Option<Response> {
        let shown = header(request, "Authorization").unwrap_or_default();
        let reads = matches!(request.method.as_str(), "GET" | "HEAD");
        let (passes, asked) = match self.asks {
            Asks::Nothing => (true, String::new()),
            Asks::Basic => (shown == basic(), r#"Basic realm="r""#.to_owned()),
            Asks::Bearer => {
                let passes = self.tokens.contains(&shown) && (reads || shown.ends_with("write"));
                // The scope that a registry names is not followed.
                (
                    passes,
                    r#"Bearer realm="https://auth.example/token",service="r.example",scope="repository:other:push""#
                        .into(),
                )
            }
        };
        let mut refusal = error(401, "UNAUTHORIZED");
        set(&mut refusal, "www-authenticate", &asked);
        (!passes).then_some(refusal)
    }

    pub fn registry(&mut self, request: &Request) -> Response {
        if let Some(refusal) = self.refusal(request) {
            return refusal;
        }
        let path = request.url.path().to_owned();
        if path == "/v2/" {
            return response(200, &[], "{}");
        }
        let Some(rest) = path.strip_prefix(&format!("/v2/{NAME}/")) else { return error(404, "NAME_UNKNOWN") };
        let (kind, name) = rest.split_once('/').unwrap();
        match (request.method.as_str(), kind) {
            ("GET", "manifests") => self.get_manifest(name),
            ("PUT", "manifests") => self.put(name, request),
            ("GET" | "HEAD", "blobs") if !name.starts_with("uploads/") => self.get_blob(name, request),
            (_, "blobs") => self.upload(name.strip_prefix("uploads/").unwrap(), request),
            ("GET", "referrers") if self.referrers => self.list_referrers(name, request),
            ("GET", "tags") => self.list_tags(request),
            _ => response(404, &[], "404 page not found\n"),
        }
    }

    fn digest(&self, name: &str) -> Option<Digest> {
        name.parse().ok().or_else(|| self.tags.get(name).copied())
    }

    fn get_manifest(&self, name: &str) -> Response {
        let Some((digest, (media_type, bytes))) =
            self.digest(name).and_then(|digest| Some((digest, self.manifests.get(&digest)?)))
        else {
            return error(404, "MANIFEST_UNKNOWN");
        };
        let said = digest.to_string();
        let mut found = response(200, &[("content-type", media_type), ("docker-content-digest", &said)], bytes.clone());
        if self.etags {
            set(&mut found, "etag", &format!("\"{said}\""));
        }
        found
    }

    fn put(&mut self, name: &str, request: &Request) -> Response {
        let there = self.digest(name).filter(|digest| self.manifests.contains_key(digest));
        if self.etags {
            let wanted = header(request, "If-Match");
            let stale = wanted.is_some_and(|wanted| there.map(|there| format!("\"{there}\"")) != Some(wanted));
            if stale || (header(request, "If-None-Match").is_some() && there.is_some()) {
                return error(412, "CHANGED");
            }
        }
        let bytes = request.body.clone().unwrap();
        let manifest: Value = serde_json::from_slice(&bytes).unwrap();
        for part in manifest["layers"].as_array().into_iter().flatten().chain(manifest.get("config")) {
            if !self.blobs.contains_key(&part["digest"].as_str().unwrap().parse().unwrap()) {
                return error(404, "MANIFEST_BLOB_UNKNOWN");
            }
        }
        let digest = Digest::of(&bytes);
        self.manifests.insert(digest, (header(request, "Content-Type").unwrap(), bytes));
        match name.parse::<Digest>() {
            Ok(named) if named != digest => return error(400, "DIGEST_INVALID"),
            Ok(_) => {}
            Err(_) => drop(self.tags.insert(name.to_owned(), digest)),
        }
        let mut done = response(201, &[("docker-content-digest", &digest.to_string())], "");
        if let (true, Some(subject)) = (self.referrers, manifest["subject"]["digest"].as_str()) {
            set(&mut done, "oci-subject", subject);
        }
        done
    }

    fn get_blob(&self, name: &str, request: &Request) -> Response {
        let Some(bytes) = name.parse().ok().and_then(|digest| self.blobs.get(&digest)) else {
            return error(404, "BLOB_UNKNOWN");
        };
        let range = header(request, "Range").filter(|_| self.ranges);
        let Some(range) = range else { return response(200, &[], bytes.clone()) };
        let (from, end) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
        let (from, end): (usize, usize) = (from.parse().unwrap(), end.parse().unwrap());
        let said = format!("bytes {from}-{end}/{}", bytes.len());
        response(206, &[("content-range", &said)], bytes.slice(from..=end))
    }

    fn upload(&mut self, name: &str, request: &Request) -> Response {
        let body = request.body.clone().unwrap_or_default();
        if request.method == "POST" {
            let name = format!("u{}", self.uploads.len());
            self.uploads.insert(name.clone(), Vec::new());
            return response(202, &[("location", &format!("/v2/{NAME}/blobs/uploads/{name}?state=0"))], "");
        }
        let Some(upload) = self.uploads.get_mut(name) else { return error(404, "BLOB_UPLOAD_UNKNOWN") };
        let status = match request.method.as_str() {
            "GET" => 204,
            "PATCH" => {
                let range = header(request, "Content-Range").unwrap();
                if range != format!("{}-{}", upload.len(), upload.len() + body.len() - 1) {
                    416
                } else {
                    upload.extend_from_slice(&body);
                    202
                }
            }
            "PUT" => {
                upload.extend_from_slice(&body);
                let wanted: HashMap<_, _> = request.url.query_pairs().into_owned().collect();
                let bytes = Bytes::from(std::mem::take(upload));
                if Digest::of(&bytes).to_string() != wanted["digest"] {
                    return error(400, "DIGEST_INVALID");
                }
                let digest = self.put_blob(&bytes).to_string();
                return response(201, &[("docker-content-digest", &digest)], "");
            }
            _ => return error(405, "UNSUPPORTED"),
        };
        let location = format!("/v2/{NAME}/blobs/uploads/{name}?state={}", upload.len());
        let range = format!("0-{}", upload.len().saturating_sub(1));
        response(status, &[("location", &location), ("range", &range)], "")
    }

    /// Keeps what came of a piece that broke.
    pub fn half(&mut self, request: &Request, length: usize) {
        let name = request.url.path().rsplit('/').next().unwrap();
        let body = request.body.clone().unwrap();
        self.uploads.get_mut(name).unwrap().extend_from_slice(&body[..length]);
    }

    fn list_referrers(&self, name: &str, request: &Request) -> Response {
        let mut listed: Vec<Value> = Vec::new();
        for (digest, (media_type, bytes)) in &self.manifests {
            let manifest: Value = serde_json::from_slice(bytes).unwrap();
            if manifest["subject"]["digest"] == name {
                listed.push(json!({"mediaType": media_type, "digest": digest.to_string(), "size": bytes.len(),
                    "artifactType": manifest["artifactType"]}));
            }
        }
        listed.sort_by_key(|entry| entry["digest"].to_string());
        let (page, more) = self.page_of(listed, request);
        let body =
            json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": page});
        let mut list = response(200, &[], body.to_string());
        if let Some(more) = more {
            set(&mut list, "link", &more);
        }
        list
    }

    fn list_tags(&self, request: &Request) -> Response {
        if self.tags.is_empty() {
            return error(404, "NAME_UNKNOWN");
        }
        let (page, more) = self.page_of(self.tags.keys().map(|tag| json!(tag)).collect(), request);
        let mut list = response(200, &[], json!({"name": NAME, "tags": page}).to_string());
        if let Some(more) = more {
            set(&mut list, "link", &more);
        }
        list
    }

    fn page_of(&self, all: Vec<Value>, request: &Request) -> (Vec<Value>, Option<String>) {
        let query: HashMap<_, _> = request.url.query_pairs().into_owned().collect();
        let from: usize = query.get("last").map_or(0, |last| last.parse().unwrap());
        let page: Vec<Value> = all.iter().skip(from).take(self.page).cloned().collect();
        let next = from + page.len();
        (page, (next < all.len()).then(|| format!("<{}?last={next}>; rel=\"next\"", request.url.path())))
    }
}

fn header(request: &Request, name: &str) -> Option<String> {
    request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
}

fn basic() -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    format!("Basic {}", STANDARD.encode(format!("ann:{PASSWORD}")))
}
