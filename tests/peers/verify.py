"""Verifies a Sigstore bundle by the Python package securesystemslib, with a key: verify.py KEY.pub BUNDLE.json
Prints the digest that was signed.
"""
import base64
import json
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import Signature, SSlibKey

key_file, bundle_file = sys.argv[1:]
with open(bundle_file, encoding="utf-8") as file:
    bundle = json.load(file)
with open(key_file, "rb") as file:
    public = load_pem_public_key(file.read())
hint = bundle["verificationMaterial"]["publicKey"]["hint"]
key = SSlibKey.from_crypto(public, keyid=hint, scheme="ecdsa-sha2-nistp256")
dsse = bundle["dsseEnvelope"]
payload = base64.b64decode(dsse["payload"])
signatures = {hint: Signature(hint, base64.b64decode(one["sig"]).hex()) for one in dsse["signatures"]}
Envelope(payload, dsse["payloadType"], signatures).verify([key], 1)
print(json.loads(payload)["subject"][0]["digest"]["sha256"])
