"""The package format of a signed bundle, written from its description (docs/operators/package-format.md): an OCI image manifest, a
Sigstore bundle over its digest, and the canonical tar that holds both. Every part can be replaced, so that `attacks.py` can
lie in one place at a time.
"""
import base64
import hashlib
import json



MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ARTIFACT = "application/vnd.presetter.bundle.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
SIGSTORE = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://sigstore.dev/cosign/sign/v1"
TITLE = "org.opencontainers.image.title"
VERSION = "org.opencontainers.image.version"
REF_NAME = "org.opencontainers.image.ref.name"


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def hexed(content):
    return hashlib.sha256(content).hexdigest()


def descriptor(media_type, content, **more):
    return {"mediaType": media_type, "digest": f"sha256:{hexed(content)}", "size": len(content), **more}


def media_type(path):
    parts = path.split("/")
    if path == "bundle.toml":
        return "application/vnd.presetter.manifest.v1+toml"
    if len(parts) > 1 and parts[-1] == "preset.toml":
        return "application/vnd.presetter.preset.v1+toml"
    return next((kind for end, kind in MEDIA_TYPES.items() if path.endswith(end)), "application/octet-stream")


MEDIA_TYPES = {".wasm": "application/wasm", ".toml": "application/toml", ".md": "text/markdown"}


def layer(path, content, **changes):
    made = descriptor(media_type(path), content, annotations={TITLE: path})
    made.update(changes)
    return made


def manifest(name, version, files, layers=None, **changes):
    made = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": ARTIFACT,
        "config": descriptor(EMPTY, b"{}"),
        "layers": layers if layers is not None else [layer(*file) for file in sorted(files)],
        "annotations": {TITLE: name, VERSION: version},
    }
    made.update(changes)
    return compact(made)


def pae(payload, kind=IN_TOTO):
    kind = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def statement(digest, **changes):
    made = {
        "_type": STATEMENT,
        "subject": [{"digest": {"sha256": digest}}],
        "predicateType": PREDICATE,
        "predicate": {},
    }
    made.update(changes)
    return compact(made)


def base64ed(content):
    return base64.b64encode(content).decode()


def envelope(payload, signatures, kind=IN_TOTO):
    return {
        "payload": base64ed(payload),
        "payloadType": kind,
        "signatures": [{"sig": base64ed(signature)} for signature in signatures],
    }


def bundle(hint, dsse, **changes):
    """A Sigstore bundle; `hint` is the id of a key."""
    made = {
        "mediaType": SIGSTORE,
        "verificationMaterial": {"publicKey": {"hint": base64ed(hint)}},
        "dsseEnvelope": dsse,
    }
    made.update(changes)
    return compact(made)


def signed(key, manifest_bytes, payload=None, hint=None, signature=None, kind=IN_TOTO, **changes):
    payload = statement(hexed(manifest_bytes)) if payload is None else payload
    signature = key.sign(pae(payload, kind)) if signature is None else signature
    return bundle(key.id if hint is None else hint, envelope(payload, [signature], kind), **changes)


def referrer(manifest_bytes, bundle_bytes):
    return compact({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": SIGSTORE,
        "config": descriptor(EMPTY, b"{}"),
        "layers": [descriptor(SIGSTORE, bundle_bytes)],
        "subject": descriptor(MANIFEST, manifest_bytes),
        "annotations": {
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": PREDICATE,
        },
    })


def header(name, size, mode="0000644", kind=b"0", link=b"", prefix=b"", magic=b"ustar\0" + b"00", size_field=None, **fields):
    """One ustar header (POSIX.1-1988)."""
    name = name if isinstance(name, bytes) else name.encode()
    block = bytearray(512)
    block[0 : len(name)] = name
    block[100:108] = mode.encode() + b"\0"
    block[108:116] = fields.get("uid", b"0000000\0")
    block[116:124] = fields.get("gid", b"0000000\0")
    block[124:136] = size_field if size_field is not None else b"%011o\0" % size
    block[136:148] = fields.get("mtime", b"00000000000\0")
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[157 : 157 + len(link)] = link
    block[257:265] = magic
    block[265 : 265 + len(fields.get("uname", b""))] = fields.get("uname", b"")
    block[345 : 345 + len(prefix)] = prefix
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def entry(name, content, **changes):
    padding = b"\0" * (-len(content) % 512)
    return header(name, len(content), **changes) + content + padding


def blob(content, **changes):
    return entry(f"blobs/sha256/{hexed(content)}", content, **changes)


def entries(manifest_bytes, signatures, blobs, version, index=None):
    """The entries of the file, in order, as (name, bytes)."""
    referrers = [(referrer(manifest_bytes, one), one) for one in signatures]
    if index is None:
        manifests = [descriptor(MANIFEST, manifest_bytes, annotations={REF_NAME: version}, artifactType=ARTIFACT)]
        manifests += [descriptor(MANIFEST, one, artifactType=SIGSTORE) for one, _ in referrers]
        index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests}
    listed = [
        ("oci-layout", entry("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')),
        ("index.json", entry("index.json", index if isinstance(index, bytes) else compact(index))),
        ("empty", blob(b"{}")),
    ]
    for one, signature in referrers:
        listed += [("referrer", blob(one)), ("signature", blob(signature))]
    listed.append(("manifest", blob(manifest_bytes)))
    seen = {b"{}"}
    for content in blobs:
        if content not in seen:
            seen.add(content)
            listed.append(("layer", blob(content)))
    return listed


def write(manifest_bytes, signatures, blobs, version="1.0.0", index=None):
    parts = entries(manifest_bytes, signatures, blobs, version, index)
    return b"".join(part for _, part in parts) + b"\0" * 1024


