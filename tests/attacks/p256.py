"""ECDSA over P-256 with SHA-256, from the standards' formulas (FIPS 186-5, SEC 1, RFC 5915, RFC 5480), with nothing shared with
the program that is tested: keys of fixed seeds, signatures, and signatures that are wrong in chosen ways. For tests alone: it takes
its time from its secrets.
"""
import base64
import hashlib
import hmac

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
A = P - 3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
# SubjectPublicKeyInfo of an EC key on P-256, before the 65 bytes of an uncompressed point.
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
# The same for the 33 bytes of a compressed point.
SPKI_COMPRESSED = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")


def add(p, q):
    if p is None:
        return q
    if q is None:
        return p
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P) % P
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def times(k, point):
    result = None
    while k:
        if k & 1:
            result = add(result, point)
        point = add(point, point)
        k >>= 1
    return result


def integer(number):
    body = number.to_bytes((number.bit_length() + 8) // 8 or 1, "big")
    return b"\x02" + bytes([len(body)]) + body


def der(r, s):
    body = integer(r) + integer(s)
    return b"\x30" + bytes([len(body)]) + body


class Key:
    """A key pair that follows from a word."""

    def __init__(self, seed):
        self.secret = int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big") % (N - 1) + 1
        self.point = times(self.secret, G)
        x, y = (part.to_bytes(32, "big") for part in self.point)
        self.spki = SPKI + b"\x04" + x + y
        self.compressed = SPKI_COMPRESSED + bytes([2 + (self.point[1] & 1)]) + x
        self.id = hashlib.sha256(self.spki).digest()

    def pem(self, spki=None):
        body = base64.b64encode(spki or self.spki).decode()
        lines = [body[at : at + 64] for at in range(0, len(body), 64)]
        return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])

    def sign_numbers(self, message):
        """r and s, with the nonce of RFC 6979."""
        hashed = hashlib.sha256(message).digest()
        number = int.from_bytes(hashed, "big")
        secret, digest = self.secret.to_bytes(32, "big"), (number % N).to_bytes(32, "big")
        k, v = b"\x00" * 32, b"\x01" * 32
        for tag in (b"\x00", b"\x01"):
            k = hmac.new(k, v + tag + secret + digest, hashlib.sha256).digest()
            v = hmac.new(k, v, hashlib.sha256).digest()
        while True:
            v = hmac.new(k, v, hashlib.sha256).digest()
            nonce = int.from_bytes(v, "big")
            if 0 < nonce < N:
                r = times(nonce, G)[0] % N
                s = pow(nonce, -1, N) * (number + r * self.secret) % N
                if r and s:
                    return r, s
            k = hmac.new(k, v + b"\x00", hashlib.sha256).digest()
            v = hmac.new(k, v, hashlib.sha256).digest()

    def sign(self, message):
        return der(*self.sign_numbers(message))
