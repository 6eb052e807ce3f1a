"""Whether a number is the signature of a hash: RSA, DSA, ECDSA and Ed25519, verification alone.

pysequoia verifies a signature against the certificate as it stood when the signature was made, and has no
way to say otherwise. Where that is not the question (:mod:`repo_meta.signature` says where), the numbers
are checked here. Everything is public, so time may depend on it. The formulas are those of RFC 8017
(8.2.2), FIPS 186-5 (6.4.2, and 4.7 of FIPS 186-4) and RFC 8032 (5.1.7), the encodings those of RFC 9580.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

RSA, RSA_SIGN, DSA, ECDSA, EDDSA, ED25519 = 1, 3, 17, 19, 22, 27  # RFC 9580, section 9.1

# RFC 9580, section 9.5, with the object identifiers of RFC 8017, section 9.2, note 1.
_DIGEST_INFO = {
    "md5": "3020300c06082a864886f70d020505000410",
    "sha1": "3021300906052b0e03021a05000414",
    "sha224": "302d300d06096086480165030402040500041c",
    "sha256": "3031300d060960864801650304020105000420",
    "sha384": "3041300d060960864801650304020205000430",
    "sha512": "3051300d060960864801650304020305000440",
}
_LARGEST = 16384  # bits of a number; longer ones are there to cost time


class _Curve(NamedTuple):
    """y² = x³ - 3x + b over the field of ``p``; a base point of order ``n`` (FIPS 186-4, D.1.2)."""

    p: int
    b: int
    n: int
    base: tuple[int, int]


_Point = tuple[int, int] | None  # None is the point at infinity

_P256 = _Curve(
    0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    (
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
)
_P384 = _Curve(
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF,
    0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    (
        0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
    ),
)
_P521 = _Curve(
    (1 << 521) - 1,
    0x0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
    0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
    (
        0x00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66,
        0x011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650,
    ),
)
_CURVES = {
    bytes.fromhex("2a8648ce3d030107"): _P256,
    bytes.fromhex("2b81040022"): _P384,
    bytes.fromhex("2b81040023"): _P521,
}
_ED25519_OID = bytes.fromhex("2b06010401da470f01")

_Q = (1 << 255) - 19
_ORDER = (1 << 252) + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _Q) % _Q
_ROOT = pow(2, (_Q - 1) // 4, _Q)  # of -1
_BASE_Y = 4 * pow(5, -1, _Q) % _Q


def bits(algorithm: int, material: bytes) -> int:
    """Return the length of the modulus of an RSA or DSA key, 0 for keys of curves."""
    return int.from_bytes(material[:2], "big") if algorithm in (RSA, 2, RSA_SIGN, DSA) else 0


def verify(algorithm: int, material: bytes, kind: str, digest: bytes, signature: bytes) -> bool:
    """Say whether ``signature`` is that of ``digest``, a hash of hashlib's name ``kind``.

    ``material`` and ``signature`` are the algorithm's part of the key's and the signature's packet. An
    algorithm, a curve or a hash that is not known here verifies nothing.
    """
    try:
        if algorithm in (RSA, RSA_SIGN):
            return _rsa(_numbers(material, 2), _numbers(signature, 1)[0], kind, digest)
        if algorithm == DSA:
            return _dsa(_numbers(material, 4), _numbers(signature, 2), digest)
        if algorithm == ED25519:
            return _ed25519(material, signature, digest)
        oid, point = material[1 : 1 + material[0]], material[1 + material[0] :]
        if algorithm == EDDSA and oid == _ED25519_OID:
            r, s = (number.to_bytes(32, "big") for number in _numbers(signature, 2))
            return _ed25519(_numbers(point, 1)[0].to_bytes(33, "big")[1:], r + s, digest)
        if algorithm == ECDSA and oid in _CURVES:
            return _ecdsa(_CURVES[oid], _numbers(point, 1)[0], _numbers(signature, 2), digest)
    except (ValueError, IndexError, OverflowError):
        pass
    return False


def _numbers(data: bytes, count: int) -> list[int]:
    """Read ``count`` multiprecision integers (RFC 9580, section 3.2).

    :raises ValueError: there are fewer or more, or one is too long.
    """
    found, at = [], 0
    for _ in range(count):
        length = int.from_bytes(data[at : at + 2], "big")
        end = at + 2 + (length + 7) // 8
        if length > _LARGEST or end > len(data):
            raise ValueError(length)
        found.append(int.from_bytes(data[at + 2 : end], "big"))
        at = end
    if at != len(data):
        raise ValueError("more numbers than there should be")
    return found


def _rsa(key: list[int], signature: int, kind: str, digest: bytes) -> bool:
    n, e = key
    size = (n.bit_length() + 7) // 8
    info = bytes.fromhex(_DIGEST_INFO[kind]) + digest if kind in _DIGEST_INFO else b""
    padding = size - len(info) - 3
    if not info or padding < 8 or not 0 < signature < n or not 2 < e < 1 << 64:
        return False
    # The whole block is made and compared: nothing of what was signed is parsed.
    wanted = b"\x00\x01" + b"\xff" * padding + b"\x00" + info
    return pow(signature, e, n).to_bytes(size, "big") == wanted


def _dsa(key: list[int], signature: list[int], digest: bytes) -> bool:
    p, q, g, y = key
    r, s = signature
    if not (0 < r < q and 0 < s < q and 1 < g < p and 1 < y < p):
        return False
    inverse = pow(s, -1, q)
    z = _leftmost(digest, q)
    return pow(g, z * inverse % q, p) * pow(y, r * inverse % q, p) % p % q == r


def _leftmost(digest: bytes, order: int) -> int:
    return int.from_bytes(digest, "big") >> max(0, len(digest) * 8 - order.bit_length())


def _ecdsa(curve: _Curve, encoded: int, signature: list[int], digest: bytes) -> bool:
    size = (curve.p.bit_length() + 7) // 8
    text = encoded.to_bytes(2 * size + 1, "big")
    x, y = int.from_bytes(text[1 : size + 1], "big"), int.from_bytes(text[size + 1 :], "big")
    r, s = signature
    on_curve = max(x, y) < curve.p and (y * y - x * x * x + 3 * x - curve.b) % curve.p == 0
    if text[0] != 4 or not on_curve or not (0 < r < curve.n and 0 < s < curve.n):
        return False
    inverse = pow(s, -1, curve.n)
    z = _leftmost(digest, curve.n)
    found = _add(
        curve,
        _times(curve, z * inverse % curve.n, curve.base),
        _times(curve, r * inverse % curve.n, (x, y)),
    )
    return found is not None and found[0] % curve.n == r


def _add(curve: _Curve, one: _Point, other: _Point) -> _Point:
    if one is None or other is None:
        return one or other
    p = curve.p
    if one[0] == other[0]:
        if (one[1] + other[1]) % p == 0:
            return None
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, p)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, p)
    x = (slope * slope - one[0] - other[0]) % p
    return x, (slope * (one[0] - x) - one[1]) % p


def _times(curve: _Curve, factor: int, point: _Point) -> _Point:
    result: _Point = None
    while factor:
        if factor & 1:
            result = _add(curve, result, point)
        point = _add(curve, point, point)
        factor >>= 1
    return result


_Extended = tuple[int, int, int, int]  # RFC 8032, section 5.1.4


def _ed25519(key: bytes, signature: bytes, digest: bytes) -> bool:
    if len(key) != 32 or len(signature) != 64:
        return False
    point, r = _decoded(key), _decoded(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    base = _decoded(_BASE_Y.to_bytes(32, "little"))
    if point is None or r is None or base is None or s >= _ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + digest).digest(), "little") % _ORDER
    left, right = _multiple(s, base), _sum(r, _multiple(k, point))
    return (
        (left[0] * right[2] - right[0] * left[2]) % _Q == 0 == (left[1] * right[2] - right[1] * left[2]) % _Q
    )


def _decoded(text: bytes) -> _Extended | None:
    number = int.from_bytes(text, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= _Q:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _Q) % _Q
    x = pow(square, (_Q + 3) // 8, _Q)
    if (x * x - square) % _Q:
        x = x * _ROOT % _Q
    if (x * x - square) % _Q or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _Q - x
    return x, y, 1, x * y % _Q


def _sum(one: _Extended, other: _Extended) -> _Extended:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _Q
    b = (one[1] + one[0]) * (other[1] + other[0]) % _Q
    c = 2 * one[3] * other[3] * _D % _Q
    d = 2 * one[2] * other[2] % _Q
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _Q, g * h % _Q, f * g % _Q, e * h % _Q


def _multiple(factor: int, point: _Extended) -> _Extended:
    result: _Extended = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = _sum(result, point)
        point = _sum(point, point)
        factor >>= 1
    return result
