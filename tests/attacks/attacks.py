"""Writes bundles that must not be accepted, one lie each, and a few that must be: a folder of files, and `attacks.json`, which says of
each what is to become of it.

    python3 attacks.py FOLDER

`known.pub` and `other.pub` are the keys that the verifier knows; `accept` is the number of keys that must be found to have signed.
Nothing here shares code with the program, so that reader and writer cannot share a mistake.
"""
import gzip
import io
import json
import pathlib
import sys
import zipfile

from p256 import N, Key, der
from package import (
    EMPTY, MANIFEST, PREDICATE, REF_NAME, SIGSTORE, TITLE, VERSION, base64ed, blob, compact, descriptor, entries, entry, envelope,
    header, hexed, layer, manifest, pae, referrer, signed, statement, write,
)

KNOWN, OTHER, STRANGER = Key("known"), Key("other"), Key("stranger")
FILES = [
    ("README.md", b"# Acme\n"),
    ("bundle.toml", b"name = 'acme'\nversion = '1.0.0'\ncontract = '0.1'\ntitle = 'Acme'\n"),
    ("thing/preset.toml", b"title = 'Thing'\n"),
]
BLOBS = [content for _, content in FILES]
GOOD = manifest("acme", "1.0.0", FILES)
DIGEST = hexed(GOOD)

listed = []


def attack(name, content, accept=None):
    """One file. `accept` is the number of signers if it is no attack."""
    listed.append((name, content, accept))


def file_of(manifest_bytes, blobs=None, signatures=None, **more):
    """A file with a right signature over whatever manifest this is."""
    made = [signed(KNOWN, manifest_bytes)] if signatures is None else signatures
    return write(manifest_bytes, made, BLOBS if blobs is None else blobs, **more)


def with_signature(name, signature, accept=None):
    attack(name, write(GOOD, [signature], BLOBS), accept)


def with_manifest(name, manifest_bytes, blobs=None):
    attack(name, file_of(manifest_bytes, blobs))


def assembled(change):
    """The good file, with its list of entries changed before it is put together."""
    parts = entries(GOOD, [signed(KNOWN, GOOD)], BLOBS, "1.0.0")
    parts = change(parts)
    return b"".join(part for _, part in parts) + b"\0" * 1024


good_file = file_of(GOOD)

# What must be accepted ------------------------------------------------------------------------------------------------

attack("good", good_file, 1)
attack("good-two-signers", write(GOOD, [signed(KNOWN, GOOD), signed(OTHER, GOOD)], BLOBS), 2)
attack("good-known-and-unknown", write(GOOD, [signed(STRANGER, GOOD), signed(KNOWN, GOOD)], BLOBS), 1)
# Whoever has one signature of ECDSA has another: s and n - s are both right. It is still one signer.
r, s = KNOWN.sign_numbers(pae(statement(DIGEST)))
attack("good-one-key-twice-counts-once", write(GOOD, [signed(KNOWN, GOOD), signed(KNOWN, GOOD, signature=der(r, N - s))], BLOBS), 1)
two = [("a.md", b"same"), ("b.md", b"same"), ("bundle.toml", BLOBS[1]), ("c.md", b"{}"), ("empty.md", b"")]
attack("good-layers-of-one-content", file_of(manifest("acme", "1.0.0", two), [c for _, c in two]), 1)
with_signature("good-as-cosign-writes-it", compact({
    "mediaType": SIGSTORE,
    "verificationMaterial": {"publicKey": {"hint": base64ed(KNOWN.id)}, "tlogEntries": []},
    "dsseEnvelope": envelope(statement(DIGEST), [KNOWN.sign(pae(statement(DIGEST)))]),
}), 1)

# Payload and signature ------------------------------------------------------------------------------------------------

attack("no-signature", write(GOOD, [], BLOBS))
attack("only-unknown-signers", write(GOOD, [signed(STRANGER, GOOD)], BLOBS))
attack("another-artifacts-signature", write(GOOD, [signed(KNOWN, manifest("acme", "0.9.0", FILES))], BLOBS))
with_signature("hint-of-one-signed-by-another", signed(STRANGER, GOOD, hint=KNOWN.id))
with_signature("hint-of-one-known-signed-by-another-known", signed(OTHER, GOOD, hint=KNOWN.id))
with_signature("hint-empty", signed(KNOWN, GOOD, hint=b""))
with_signature("hint-short", signed(KNOWN, GOOD, hint=KNOWN.id[:31]))
with_signature("hint-long", signed(KNOWN, GOOD, hint=KNOWN.id + b"\0"))
whole = der(r, s)
for name, signature in {
    "empty": b"",
    "short": whole[:-1],
    "trailing": whole + b"\0",
    "raw-64-bytes": r.to_bytes(32, "big") + s.to_bytes(32, "big"),
    "r-0": der(0, s),
    "s-0": der(r, 0),
    "both-0": der(0, 0),
    "r-n": der(N, s),
    "s-n": der(r, N),
    "r-plus-n": der(r + N, s),
    "s-plus-n": der(r, s + N),
    "swapped": der(s, r),
    "long-form-length": b"\x30\x81" + whole[1:],
    "indefinite-length": b"\x30\x80" + whole[2:] + b"\0\0",
    "padded-integer": b"\x30" + bytes([len(whole) - 1]) + b"\x02" + bytes([whole[3] + 1]) + b"\0" + whole[4:],
    "trailing-inside": b"\x30" + bytes([len(whole)]) + whole[2:] + b"\x05\x00",
    "bit-string": b"\x03" + whole[1:],
    "negative-r": b"\x30\x06\x02\x01\xff\x02\x01\x01",
    "two-of-them": whole + whole,
}.items():
    with_signature(f"der-{name}", signed(KNOWN, GOOD, signature=signature))
with_signature("no-pae", signed(KNOWN, GOOD, signature=KNOWN.sign(statement(DIGEST))))
with_signature("over-the-manifest-itself", signed(KNOWN, GOOD, signature=KNOWN.sign(GOOD)))
with_signature("pae-of-another-payload-type", signed(KNOWN, GOOD, signature=KNOWN.sign(pae(statement(DIGEST), "text/plain"))))
with_signature("another-payload-type", signed(KNOWN, GOOD, kind="application/json"))
with_signature("payload-type-in-other-letters", signed(KNOWN, GOOD, kind="Application/vnd.in-toto+json"))
for name, changes in {
    "another-predicate": {"predicateType": "https://slsa.dev/provenance/v1"},
    "predicate-with-a-suffix": {"predicateType": PREDICATE + "/x"},
    "predicate-empty": {"predicateType": ""},
    "statement-v0.1": {"_type": "https://in-toto.io/Statement/v0.1"},
    "no-subject": {"subject": []},
    "two-subjects": {"subject": [{"digest": {"sha256": DIGEST}}, {"digest": {"sha256": "0" * 64}}]},
    "the-same-subject-twice": {"subject": [{"digest": {"sha256": DIGEST}}] * 2},
    "subject-null": {"subject": None},
    "two-digests": {"subject": [{"digest": {"sha256": DIGEST, "sha512": "0" * 128}}]},
    "sha512-alone": {"subject": [{"digest": {"sha512": "0" * 128}}]},
    "no-digest": {"subject": [{"digest": {}}]},
    "predicate-not-empty": {"predicate": {"a": "b"}},
    "digest-in-capitals": {"subject": [{"digest": {"sha256": DIGEST.upper()}}]},
    "digest-with-algorithm": {"subject": [{"digest": {"sha256": f"sha256:{DIGEST}"}}]},
    "digest-cut": {"subject": [{"digest": {"sha256": DIGEST[:-1]}}]},
    "digest-with-a-space": {"subject": [{"digest": {"sha256": DIGEST + " "}}]},
    "digest-of-another": {"subject": [{"digest": {"sha256": "0" * 64}}]},
    "algorithm-in-capitals": {"subject": [{"digest": {"SHA256": DIGEST}}]},
    "a-key-more": {"more": 1},
}.items():
    with_signature(f"statement-{name}", signed(KNOWN, GOOD, payload=statement(DIGEST, **changes)))
text = statement(DIGEST).decode()
for name, payload in {
    "duplicate-key": text.replace('"predicateType"', '"predicateType":"x","predicateType"', 1),
    "duplicate-subject": text[:-1] + ',"subject":[{"digest":{"sha256":"' + "0" * 64 + '"}}]}',
    "bom": "\ufeff" + text,
    "two-documents": text + text,
    "trailing-text": text + "x",
    "not-json": "x",
    "empty": "",
    "an-array": f"[{text}]",
    "deep": text.replace('"predicate":{}', '"predicate":' + "[" * 5000 + "]" * 5000),
    "number-too-large": text.replace('"predicate":{}', '"predicate":{"a":1e400}'),
    "lone-surrogate": text.replace('"predicate":{}', '"predicate":{"a":"\\ud800"}'),
    "not-utf-8": None,
}.items():
    payload = text.encode().replace(b"Statement", b"St\xff\xfetement") if payload is None else payload.encode()
    with_signature(f"payload-{name}", signed(KNOWN, GOOD, payload=payload))
right = json.loads(signed(KNOWN, GOOD))
signature_text = signed(KNOWN, GOOD).decode()


def changed(path, value):
    made = json.loads(json.dumps(right))
    place = made
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return compact(made)


one = right["dsseEnvelope"]["signatures"][0]
log_entry = {"logIndex": "1", "logId": {"keyId": base64ed(b"x" * 32)}, "kindVersion": {"kind": "dsse", "version": "0.0.1"},
             "integratedTime": "1", "canonicalizedBody": base64ed(b"{}")}
for name, content in {
    "no-dsse-signature": changed(["dsseEnvelope", "signatures"], []),
    "two-dsse-signatures": changed(["dsseEnvelope", "signatures"], [one, one]),
    "a-second-dsse-signature-by-another": changed(["dsseEnvelope", "signatures"], [one, {"sig": base64ed(OTHER.sign(pae(statement(DIGEST))))}]),
    "a-foreign-log-entry": changed(["verificationMaterial", "tlogEntries"], [log_entry]),
    "a-timestamp": changed(["verificationMaterial", "timestampVerificationData"], {"rfc3161Timestamps": [{"signedTimestamp": base64ed(b"x")}]}),
    "a-certificate": changed(["verificationMaterial"], {"certificate": {"rawBytes": base64ed(KNOWN.spki)}}),
    "a-certificate-beside-the-key": changed(["verificationMaterial", "certificate"], {"rawBytes": base64ed(KNOWN.spki)}),
    "raw-bytes-of-a-key": changed(["verificationMaterial", "publicKey", "rawBytes"], base64ed(STRANGER.spki)),
    "version-0.1": changed(["mediaType"], "application/vnd.dev.sigstore.bundle+json;version=0.1"),
    "version-0.2": changed(["mediaType"], "application/vnd.dev.sigstore.bundle+json;version=0.2"),
    "version-0.3-in-the-old-form": changed(["mediaType"], "application/vnd.dev.sigstore.bundle+json;version=0.3"),
    "version-0.4": changed(["mediaType"], "application/vnd.dev.sigstore.bundle.v0.4+json"),
    "no-media-type": changed(["mediaType"], None),
    "message-signature": compact({"mediaType": SIGSTORE, "verificationMaterial": right["verificationMaterial"],
                                  "messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": base64ed(bytes.fromhex(DIGEST))},
                                                       "signature": one["sig"]}}),
    "both-kinds-of-content": changed(["messageSignature"], {"messageDigest": {"algorithm": "SHA2_256", "digest": "AA=="}, "signature": one["sig"]}),
    "no-envelope": changed(["dsseEnvelope"], None),
    "no-key": changed(["verificationMaterial", "publicKey"], None),
    "another-key-more": changed(["more"], 1),
    "payload-url-safe": changed(["dsseEnvelope", "payload"], right["dsseEnvelope"]["payload"].replace("+", "-").replace("/", "_") + "-_"),
    "payload-unpadded": changed(["dsseEnvelope", "payload"], right["dsseEnvelope"]["payload"].rstrip("=") + "A"),
    "payload-with-line-breaks": changed(["dsseEnvelope", "payload"], right["dsseEnvelope"]["payload"][:8] + "\n" + right["dsseEnvelope"]["payload"][8:]),
    "payload-empty": changed(["dsseEnvelope", "payload"], ""),
    "signature-with-a-space": changed(["dsseEnvelope", "signatures"], [{"sig": one["sig"] + " "}]),
    "duplicate-envelope": signature_text[:-1].encode() + b',"dsseEnvelope":' + compact(envelope(statement("0" * 64), [b"x"])) + b"}",
    "bom": b"\xef\xbb\xbf" + signature_text.encode(),
    "trailing-text": signature_text.encode() + b"{}",
    "deep": signature_text[:-1].encode() + b',"x":' + b"[" * 20000 + b"]" * 20000 + b"}",
    "number-too-large": signature_text[:-1].encode() + b',"x":1e400}',
    "not-json": b"x",
    "empty": b"",
    "null": b"null",
}.items():
    with_signature(f"bundle-{name}", content)
attack("a-bad-signature-beside-a-good-one", write(GOOD, [signed(KNOWN, GOOD), b"{}"], BLOBS))
attack("a-wrong-signature-of-a-known-key-beside-a-good-one", write(GOOD, [signed(KNOWN, GOOD), signed(STRANGER, GOOD, hint=OTHER.id)], BLOBS))

# The manifest ---------------------------------------------------------------------------------------------------------

layers = [layer(*one) for one in FILES]
text = GOOD.decode()
for name, content in {
    "schema-version-1": manifest("acme", "1.0.0", FILES, schemaVersion=1),
    "another-artifact-type": manifest("acme", "1.0.0", FILES, artifactType="application/vnd.acme.v1+json"),
    "an-index": manifest("acme", "1.0.0", FILES, mediaType="application/vnd.oci.image.index.v1+json"),
    "docker-media-type": manifest("acme", "1.0.0", FILES, mediaType="application/vnd.docker.distribution.manifest.v2+json"),
    "another-config": manifest("acme", "1.0.0", FILES, config=descriptor("application/vnd.oci.image.config.v1+json", b"{}")),
    "config-with-data": manifest("acme", "1.0.0", FILES, config={**descriptor(EMPTY, b"{}"), "data": "e30="}),
    "a-subject": manifest("acme", "1.0.0", FILES, subject=descriptor(MANIFEST, b"{}")),
    "no-annotations": manifest("acme", "1.0.0", FILES, annotations={}),
    "an-annotation-more": manifest("acme", "1.0.0", FILES, annotations={TITLE: "acme", VERSION: "1.0.0", "x": "y"}),
    "annotations-in-another-order": manifest("acme", "1.0.0", FILES, annotations={VERSION: "1.0.0", TITLE: "acme"}),
    "no-version": manifest("acme", "1.0.0", FILES, annotations={TITLE: "acme"}),
    "version-that-is-none": manifest("acme", "1.0", FILES),
    "version-with-v": manifest("acme", "v1.0.0", FILES),
    "version-with-escapes": manifest("acme", "1.0.0\x1b[2J", FILES),
    "name-in-capitals": manifest("Acme", "1.0.0", FILES),
    "name-empty": manifest("", "1.0.0", FILES),
    "name-with-escapes": manifest("acme\x1b]0;x\x07", "1.0.0", FILES),
    "name-that-climbs": manifest("../acme", "1.0.0", FILES),
    "name-with-three-parts": manifest("a/b/c", "1.0.0", FILES),
    "two-layers-of-one-title": manifest("acme", "1.0.0", FILES, layers=sorted([*layers, layer("README.md", b"{}")], key=str)),
    "a-layer-without-a-title": manifest("acme", "1.0.0", FILES, layers=[descriptor("text/markdown", BLOBS[0]), *layers[1:]]),
    "a-layer-with-an-annotation-more": manifest("acme", "1.0.0", FILES, layers=[{**layers[0], "annotations": {TITLE: "README.md", "x": "y"}}, *layers[1:]]),
    "a-layer-with-urls": manifest("acme", "1.0.0", FILES, layers=[{**layers[0], "urls": ["https://elsewhere.example/x"]}, *layers[1:]]),
    "a-layer-with-data": manifest("acme", "1.0.0", FILES, layers=[{**layers[0], "data": base64ed(BLOBS[0])}, *layers[1:]]),
    "layers-out-of-order": manifest("acme", "1.0.0", FILES, layers=layers[::-1]),
    "no-layers": manifest("acme", "1.0.0", FILES, layers=[]),
    "a-layer-of-another-type": manifest("acme", "1.0.0", FILES, layers=[{**layers[0], "mediaType": "application/wasm"}, *layers[1:]]),
    "sha512": manifest("acme", "1.0.0", FILES, layers=[{**layers[0], "digest": "sha512:" + "0" * 128}, *layers[1:]]),
    "digest-in-capitals": manifest("acme", "1.0.0", FILES, layers=[{**layers[0], "digest": layers[0]["digest"].upper()}, *layers[1:]]),
    "size-negative": manifest("acme", "1.0.0", FILES, layers=[{**layers[0], "size": -1}, *layers[1:]]),
    "size-with-a-fraction": manifest("acme", "1.0.0", FILES, layers=[{**layers[0], "size": 7.0}, *layers[1:]]),
    "size-too-large": manifest("acme", "1.0.0", FILES, layers=[{**layers[0], "size": 2**63}, *layers[1:]]),
    "size-of-ten-gigabytes": manifest("acme", "1.0.0", FILES, layers=[{**layers[0], "size": 10 * 2**30}, *layers[1:]]),
    "size-one-more": manifest("acme", "1.0.0", FILES, layers=[{**layers[0], "size": len(BLOBS[0]) + 1}, *layers[1:]]),
    "size-one-less": manifest("acme", "1.0.0", FILES, layers=[{**layers[0], "size": len(BLOBS[0]) - 1}, *layers[1:]]),
    "a-key-more": text[:-1].encode() + b',"more":1}',
    "duplicate-layers": text[:-1].encode() + b',"layers":[]}',
    "with-spaces": json.dumps(json.loads(text)).encode(),
    "with-a-line-break": GOOD + b"\n",
    "with-a-bom": b"\xef\xbb\xbf" + GOOD,
    "escaped-letters": text.replace("acme", "\\u0061cme").encode(),
    "escaped-slash": text.replace("thing/preset", "thing\\/preset").encode(),
    "lone-surrogate": text.replace('"acme"', '"\\ud800"').encode(),
    "number-too-large": text.replace('"schemaVersion":2', '"schemaVersion":1e400').encode(),
    "number-in-another-form": text.replace('"schemaVersion":2', '"schemaVersion":2e0').encode(),
    "deep": text[:-1].encode() + b',"x":' + b"[" * 100000 + b"]" * 100000 + b"}",
    "too-large": manifest("acme", "1.0.0", FILES, annotations={TITLE: "acme", VERSION: "1.0.0", "x": "y" * 1100000}),
    "a-million-layers": None,
}.items():
    if content is None:
        content = manifest("acme", "1.0.0", FILES, layers=[layer(f"{at:07}.md", b"") for at in range(5000)])
    with_manifest(f"manifest-{name}", content)
# As large as a manifest with a million layers is, written without making each.
many = b"," .join([compact(layer("README.md", b""))] * 1000)
with_manifest("manifest-really-a-million-layers", GOOD.replace(b'"layers":[', b'"layers":[' + b",".join([many] * 1000) + b","))

# Titles: where a file would go ----------------------------------------------------------------------------------------

for name, title in {
    "absolute": "/etc/passwd", "climbs": "../x", "climbs-inside": "a/../../x", "dot": "./x", "dot-inside": "a/./x", "empty": "", "empty-part": "a//x",
    "ends-with-slash": "a/", "backslash": "a\\x", "backslash-climbs": "..\\x", "drive": "C:/x", "drive-relative": "C:x", "stream": "x:y", "nul": "a\0b",
    "line-break": "a\nb", "escape": "a\x1b[2Jb", "trailing-dot": "a.", "trailing-space": "a ", "leading-space": " a", "trailing-dot-in-a-folder": "a./x",
    "con": "CON", "con-with-suffix": "con.toml", "nul-device": "a/NUL", "com1": "COM1.md", "lpt9": "lpt9", "aux-folder": "aux/x.md", "unicode": "p\u00e4th",
    "right-to-left": "a\u202ebmot.md", "zero-width": "a\u200bb", "full-width-slash": "a\uff0fb", "very-long": "a" * 300, "deep": "/".join(["a"] * 200),
    "tilde": "~/x", "hidden-git": ".git/config", "star": "a*b", "pipe": "a|b", "question": "a?b", "quote": 'a"b', "less": "a<b",
}.items():
    files = sorted([*FILES, (title, b"x")])
    with_manifest(f"title-{name}", manifest("acme", "1.0.0", files), [content for _, content in files])
for name, (first, second) in {
    "case": ("readme.MD", "README.md"), "case-of-a-folder": ("Thing/x.md", "thing/preset.toml"), "a-file-and-a-folder": ("thing", "thing/preset.toml"),
    "unicode-forms": ("caf\u00e9.md", "cafe\u0301.md"), "sharp-s": ("stra\u00dfe.md", "strasse.md"),
}.items():
    files = dict(FILES)
    files.update({first: b"1", second: b"2"})
    with_manifest(f"collision-{name}", manifest("acme", "1.0.0", list(files.items())), [content for _, content in sorted(files.items())])
with_manifest("no-bundle-toml", manifest("acme", "1.0.0", [FILES[0]]), [BLOBS[0]])

# Blobs ----------------------------------------------------------------------------------------------------------------

attack("blob-changed", file_of(GOOD, [b"# acme\n", *BLOBS[1:]]))
attack("blob-longer", file_of(GOOD, [BLOBS[0] + b"x", *BLOBS[1:]]))
attack("blob-shorter", file_of(GOOD, [BLOBS[0][:-1], *BLOBS[1:]]))
attack("blob-missing", file_of(GOOD, BLOBS[1:]))
attack("blob-last-missing", file_of(GOOD, BLOBS[:-1]))
attack("blob-more", file_of(GOOD, [*BLOBS, b"more"]))
attack("blobs-reordered", file_of(GOOD, BLOBS[::-1]))
for name, at in {"blob": 0, "last-blob": 2}.items():
    content = BLOBS[at]
    false = bytes([content[0] ^ 1]) + content[1:]
    attack(f"{name}-under-anothers-name", assembled(lambda parts: [
        (what, entry(f"blobs/sha256/{hexed(content)}", false) if part == blob(content) else part) for what, part in parts]))
small = manifest("acme", "1.0.1", FILES)
attack("manifest-under-anothers-name", assembled(lambda parts: [
    (what, entry(f"blobs/sha256/{DIGEST}", small) if what == "manifest" else part) for what, part in parts]))
attack("signature-under-anothers-name", assembled(lambda parts: [
    (what, part.replace(b"vnd.dev.sigstore", b"vnd.dev.sigstorf") if what == "signature" else part) for what, part in parts]))

# The container --------------------------------------------------------------------------------------------------------

def at(what, change):
    """The good file with one entry replaced by what `change` makes of it: a list of entries."""
    def replace(parts):
        made, done = [], False
        for kind, part in parts:
            if kind == what and not done:
                made += [(kind, new) for new in change(part)]
                done = True
            else:
                made.append((kind, part))
        return made
    return assembled(replace)


def headed(**changes):
    """Another header over a blob that stays."""
    return lambda part: [header(changes.pop("name", part[:100].rstrip(b"\0")), int(part[124:135], 8), **changes) + part[512:]]


for name, content in {
    "entry-twice": at("layer", lambda part: [part, part]),
    "manifest-twice": at("manifest", lambda part: [part, part]),
    "extra-entry-at-the-end": assembled(lambda parts: [*parts, ("extra", entry("extra", b"x"))]),
    "extra-entry-in-front": assembled(lambda parts: [("extra", entry("extra", b"x")), *parts]),
    "extra-blob": assembled(lambda parts: [*parts, ("extra", blob(b"unsigned"))]),
    "reordered-manifest-last": assembled(lambda parts: [*[p for p in parts if p[0] != "manifest"], *[p for p in parts if p[0] == "manifest"]]),
    "reordered-index-first": assembled(lambda parts: [parts[1], parts[0], *parts[2:]]),
    "reordered-signature-last": assembled(lambda parts: [*[p for p in parts if p[0] not in ("referrer", "signature")], *[p for p in parts if p[0] in ("referrer", "signature")]]),
    "no-layout": assembled(lambda parts: parts[1:]),
    "no-index": assembled(lambda parts: [parts[0], *parts[2:]]),
    "no-empty-config": assembled(lambda parts: [p for p in parts if p[0] != "empty"]),
    "no-manifest": assembled(lambda parts: [p for p in parts if p[0] != "manifest"]),
    "referrer-without-its-bundle": assembled(lambda parts: [p for p in parts if p[0] != "signature"]),
    "bundle-without-its-referrer": assembled(lambda parts: [p for p in parts if p[0] != "referrer"]),
    "symlink": at("layer", lambda part: [header(part[:100].rstrip(b"\0"), 0, kind=b"2", link=b"/etc/passwd")]),
    "symlink-before": at("layer", lambda part: [header("blobs", 0, kind=b"2", link=b"/tmp"), part]),
    "hardlink": at("layer", lambda part: [header(part[:100].rstrip(b"\0"), 0, kind=b"1", link=b"oci-layout")]),
    "character-device": at("layer", lambda part: [header(part[:100].rstrip(b"\0"), 0, kind=b"3")]),
    "block-device": at("layer", lambda part: [header(part[:100].rstrip(b"\0"), 0, kind=b"4")]),
    "fifo": at("layer", lambda part: [header(part[:100].rstrip(b"\0"), 0, kind=b"6")]),
    "folder": at("layer", lambda part: [header("blobs/", 0, kind=b"5", mode="0000755"), part]),
    "contiguous": at("layer", headed(kind=b"7")),
    "old-type-nul": at("layer", headed(kind=b"\0")),
    "gnu-sparse": at("layer", headed(kind=b"S")),
    "gnu-long-name": at("layer", lambda part: [header("././@LongLink", 200, kind=b"L") + b"a" * 200 + b"\0" * 312, part]),
    "gnu-long-link": at("layer", lambda part: [header("././@LongLink", 200, kind=b"K") + b"a" * 200 + b"\0" * 312, part]),
    "gnu-magic": at("layer", headed(magic=b"ustar  \0")),
    "no-magic": at("layer", headed(magic=b"\0" * 8)),
    "pax-path": at("layer", lambda part: [entry("PaxHeader", b"13 path=evil\n", kind=b"x"), part]),
    "pax-size": at("layer", lambda part: [entry("PaxHeader", b"10 size=0\n", kind=b"x"), part]),
    "pax-global": assembled(lambda parts: [("pax", entry("pax_global_header", b"13 path=evil\n", kind=b"g")), *parts]),
    "prefix": at("layer", headed(prefix=b"a")),
    "mode": at("layer", headed(mode="0000755")),
    "uid": at("layer", headed(uid=b"0000001\0")),
    "gid": at("layer", headed(gid=b"0000001\0")),
    "mtime": at("layer", headed(mtime=b"00000000001\0")),
    "user-name": at("layer", headed(uname=b"root")),
    "size-with-spaces": at("layer", lambda part: [header(part[:100].rstrip(b"\0"), 0, size_field=b"%11o " % int(part[124:135], 8)) + part[512:]]),
    "size-without-nul": at("layer", lambda part: [header(part[:100].rstrip(b"\0"), 0, size_field=b"%012o" % int(part[124:135], 8)) + part[512:]]),
    "size-in-base-256": at("layer", lambda part: [header(part[:100].rstrip(b"\0"), 0, size_field=b"\x80" + int(part[124:135], 8).to_bytes(11, "big")) + part[512:]]),
    "size-negative": at("layer", lambda part: [header(part[:100].rstrip(b"\0"), 0, size_field=b"-0000000001\0") + part[512:]]),
    "size-huge": at("layer", lambda part: [header(part[:100].rstrip(b"\0"), 0, size_field=b"77777777777\0") + part[512:]]),
    "size-0": at("layer", lambda part: [header(part[:100].rstrip(b"\0"), 0) + part[512:]]),
    "checksum-wrong": at("layer", lambda part: [part[:148] + b"000000\0 " + part[156:]]),
    "checksum-in-another-form": at("layer", lambda part: [part[:148] + b" " + part[148:153].lstrip(b"0").rjust(5) + b"\0 " + part[156:]]),
    "name-longer": at("layer", headed(name=b"./blobs/sha256/" + hexed(BLOBS[0]).encode())),
    "name-climbs": at("layer", headed(name=b"../blobs/sha256/" + hexed(BLOBS[0]).encode())),
    "name-absolute": at("layer", headed(name=b"/blobs/sha256/" + hexed(BLOBS[0]).encode())),
    "name-in-capitals": at("layer", headed(name=b"blobs/sha256/" + hexed(BLOBS[0]).upper().encode())),
    "bytes-after-the-name": at("layer", lambda part: [header(part[:77] + b"\0x", int(part[124:135], 8)) + part[512:]]),
    "padding-not-zero": at("layer", lambda part: [part[:-1] + b"x"]),
    "padding-missing": at("layer", lambda part: [part[: 512 + int(part[124:135], 8)]]),
    "padding-more": at("layer", lambda part: [part + b"\0" * 512]),
    "trailing-byte": good_file + b"\0",
    "trailing-blocks": good_file + b"\0" * 9216,
    "trailing-text": good_file + b"x",
    "leading-byte": b"\0" + good_file,
    "leading-block": b"\0" * 512 + good_file,
    "concatenated": good_file + good_file,
    "one-zero-block": good_file[:-512],
    "no-zero-blocks": good_file[:-1024],
    "zero-blocks-not-zero": good_file[:-1] + b"x",
    "gzip": gzip.compress(good_file, mtime=0),
    "gzip-then-tar": gzip.compress(b"", mtime=0) + good_file,
    "zstd": bytes.fromhex("28b52ffd") + good_file,
    "empty": b"",
    "zeros": b"\0" * 10240,
    "text": b"name = 'acme'\n",
}.items():
    attack(f"container-{name}", content)
zipped = io.BytesIO()
with zipfile.ZipFile(zipped, "w") as archive:
    for title, content in FILES:
        archive.writestr(zipfile.ZipInfo(title, (2000, 1, 1, 0, 0, 0)), content)
attack("container-zip", zipped.getvalue())
attack("container-zip-behind-a-good-file", good_file + zipped.getvalue())

# The index ------------------------------------------------------------------------------------------------------------

sign = signed(KNOWN, GOOD)
usual = json.loads(b"".join(p for w, p in entries(GOOD, [sign], BLOBS, "1.0.0") if w == "index.json")[512:].rstrip(b"\0"))
for name, index in {
    "empty": {**usual, "manifests": []},
    "without-the-signature": {**usual, "manifests": usual["manifests"][:1]},
    "without-the-bundle": {**usual, "manifests": usual["manifests"][1:]},
    "the-other-order": {**usual, "manifests": usual["manifests"][::-1]},
    "two-bundles": {**usual, "manifests": [usual["manifests"][0], *usual["manifests"]]},
    "another-version": {**usual, "manifests": [{**usual["manifests"][0], "annotations": {REF_NAME: "2.0.0"}}, usual["manifests"][1]]},
    "size-wrong": {**usual, "manifests": [{**usual["manifests"][0], "size": 1}, usual["manifests"][1]]},
    "another-type": {**usual, "manifests": [{**usual["manifests"][0], "mediaType": "x/y"}, usual["manifests"][1]]},
    "a-key-more": {**usual, "annotations": {"x": "y"}},
    "a-platform": {**usual, "manifests": [{**usual["manifests"][0], "platform": {"os": "linux", "architecture": "amd64"}}, usual["manifests"][1]]},
    "urls": {**usual, "manifests": [{**usual["manifests"][0], "urls": ["https://elsewhere.example"]}, usual["manifests"][1]]},
    "with-spaces": json.dumps(usual).encode(),
    "with-a-line-break": compact(usual) + b"\n",
    "with-a-bom": b"\xef\xbb\xbf" + compact(usual),
    "duplicate-key": compact(usual)[:-1] + b',"manifests":[]}',
    "deep": b"[" * 200000 + b"]" * 200000,
    "not-json": b"x",
    "nothing": b"",
    "too-large": compact({**usual, "x": "y" * 2000000}),
}.items():
    attack(f"index-{name}", write(GOOD, [sign], BLOBS, index=index))
attack("seventeen-signatures", write(GOOD, [signed(KNOWN, GOOD)] + [signed(Key(f"k{at}"), GOOD) for at in range(16)], BLOBS))
attack("one-signature-twice", write(GOOD, [sign, sign], BLOBS))
attack("signature-too-large", write(GOOD, [signed(KNOWN, GOOD, payload=statement(DIGEST, predicate={"x": "y" * 70000}))], BLOBS))
# Ten thousand signatures that the file's own index lists.
fake = {**usual, "manifests": [usual["manifests"][0], *[usual["manifests"][1]] * 10000]}
attack("ten-thousand-signatures", write(GOOD, [sign], BLOBS, index=fake))
stranger = referrer(manifest("acme", "0.9.0", FILES), sign)
attack("referrer-of-another-bundle", at("referrer", lambda _: [blob(stranger)]))


def main_(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "known.pub").write_text(KNOWN.pem())
    (folder / "other.pub").write_text(OTHER.pem())
    names = [name for name, _, _ in listed]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    contents = {}
    for name, content, accept in listed:
        # An attack that is the good file would prove nothing.
        assert accept is not None or content != good_file, name
        (folder / f"{name}.preset").write_bytes(content)
        contents[name] = accept
    (folder / "attacks.json").write_text(json.dumps(contents, indent=1))
    print(f"{len(listed)} files")


if __name__ == "__main__":
    main_(sys.argv[1])
