"""OpenPGP signature and key packets as values (RFC 9580, sections 5.2, 5.5 and 5.2.4).

Only the form is read here. :mod:`repo_meta.policy` says which of them count, :mod:`repo_meta.publickey`
whether the numbers are right.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Types of signatures (section 5.2.1).
BINARY, TEXT = 0x00, 0x01
CERTIFICATIONS = (0x10, 0x11, 0x12, 0x13)
SUBKEY_BINDING, PRIMARY_BINDING, DIRECT_KEY = 0x18, 0x19, 0x1F
KEY_REVOCATION, SUBKEY_REVOCATION = 0x20, 0x28

RSA, RSA_ENCRYPT, RSA_SIGN, DSA, ECDSA, EDDSA, ED25519 = 1, 2, 3, 17, 19, 22, 27  # section 9.1
_LARGEST = 16384  # bits of a number; longer ones are there to cost time

_CREATED, _EXPIRES, _KEY_EXPIRES, _ISSUER, _FLAGS, _EMBEDDED, _FINGERPRINT = 2, 3, 9, 16, 27, 32, 33
_MAY_SIGN = 0x02
# Types of subpackets that a reader who heeds what stands here may meet as critical; not notations (20).
_UNDERSTOOD = frozenset((*range(2, 8), 9, 11, 12, 16, *range(21, 36), 39))


class Malformed(Exception):
    """The packet is not one that this module can read."""


class Signature(NamedTuple):
    """The body of a signature packet, version 3, 4 or 6; times in seconds since 1970."""

    version: int
    kind: int  # one of the types above
    key_algorithm: int
    hash_algorithm: int
    created: int
    expires: int  # 0: never
    fingerprint: str  # of the key that made it, upper-case hexadecimal; "" when not stated
    key_id: str  # 16 upper-case hexadecimal digits; "" when not stated
    key_validity: int  # seconds from the key's creation, 0: for ever; of signatures on keys
    may_sign: bool | None  # what it allows the key to do; None when not stated
    embedded: bytes  # body of the signature by which a subkey accepts its owner; b"" without
    salt: bytes  # hashed before the data
    trailer: bytes  # hashed after the data
    numbers: bytes  # the signature itself

    @property
    def issuer(self) -> str:
        """The name of the key that made it, for people."""
        return self.fingerprint or self.key_id or "unknown"


class Key(NamedTuple):
    """The body of a public key or subkey packet, version 4 or 6."""

    fingerprint: str  # upper-case hexadecimal
    created: int  # seconds since 1970
    algorithm: int
    material: bytes  # the public numbers
    hashed: bytes  # what signatures on the key hash of it

    @property
    def modulus_bits(self) -> int:
        """The length of an RSA or DSA key in bits; 0 for keys of curves."""
        sized = self.algorithm in (RSA, RSA_ENCRYPT, RSA_SIGN, DSA)
        return int.from_bytes(self.material[:2], "big") if sized else 0

    @property
    def key_id(self) -> str:
        """The short name by which old signatures call it: not unique."""
        return self.fingerprint[:16] if len(self.fingerprint) == 64 else self.fingerprint[-16:]

    def made(self, signature: Signature) -> bool:
        """Say whether a signature names this key as its maker."""
        if signature.fingerprint:
            return signature.fingerprint == self.fingerprint
        return signature.key_id == self.key_id


def read_signature(body: bytes) -> Signature:
    """Parse the body of a signature packet.

    :raises Malformed: it is cut off, or of another version.
    """
    try:
        version = body[0]
        if version == 3:
            return _version_3(body)
        if version in (4, 6):
            return _version_4(body)
    except IndexError as error:
        raise Malformed("the signature is cut off") from error
    raise Malformed(f"signatures of version {version} are not supported")


def read_key(body: bytes) -> Key:
    """Parse the body of a public key or public subkey packet.

    :raises Malformed: it is cut off, or of another version.
    """
    if len(body) < 10 or body[0] not in (4, 6):
        raise Malformed("keys of this version are not supported")
    created, algorithm = int.from_bytes(body[1:5], "big"), body[5]
    if body[0] == 4:
        hashed = b"\x99" + len(body).to_bytes(2, "big") + body
        fingerprint = hashlib.sha1(hashed, usedforsecurity=False).hexdigest().upper()
        return Key(fingerprint, created, algorithm, body[6:], hashed)
    hashed = b"\x9b" + len(body).to_bytes(4, "big") + body
    return Key(hashlib.sha256(hashed).hexdigest().upper(), created, algorithm, body[10:], hashed)


def hashed_user_id(body: bytes, *, attribute: bool) -> bytes:
    """Return what certifications hash of a user id or user attribute packet (section 5.2.4)."""
    return (b"\xd1" if attribute else b"\xb4") + len(body).to_bytes(4, "big") + body


def _version_3(body: bytes) -> Signature:
    if body[1] != 5 or len(body) < 19:
        raise Malformed("the signature is cut off")
    return Signature(
        version=3,
        kind=body[2],
        key_algorithm=body[15],
        hash_algorithm=body[16],
        created=int.from_bytes(body[3:7], "big"),
        expires=0,
        fingerprint="",
        key_id=body[7:15].hex().upper(),
        key_validity=0,
        may_sign=None,
        embedded=b"",
        salt=b"",
        trailer=body[2:7],
        numbers=body[19:],
    )


def _version_4(body: bytes) -> Signature:
    size = 2 if body[0] == 4 else 4  # of a length
    start = 4 + size
    end = start + int.from_bytes(body[4:start], "big")
    inner = list(_subpackets(body[start:end]))
    behind = end + size
    unhashed_end = behind + int.from_bytes(body[end:behind], "big")
    rest = unhashed_end + 2  # behind the first two bytes of the hash
    if rest > len(body):
        raise Malformed("the signature is cut off")
    # Names of keys and embedded signatures prove themselves; all else counts where it is signed only.
    outer = list(_subpackets(body[behind:unhashed_end]))
    hashed, loose = dict(inner), dict(outer)
    salt = b""
    if body[0] == 6:
        salt = body[rest + 1 : rest + 1 + body[rest]]
        rest += 1 + body[rest]
    created = int.from_bytes(hashed.get(_CREATED, b""), "big")
    lifetime = int.from_bytes(hashed.get(_EXPIRES, b""), "big")
    fingerprint, key_id = _issuer((*inner, *outer))
    flags = hashed.get(_FLAGS)
    return Signature(
        version=body[0],
        kind=body[1],
        key_algorithm=body[2],
        hash_algorithm=body[3],
        created=created,
        expires=created + lifetime if lifetime else 0,
        fingerprint=fingerprint,
        key_id=key_id,
        key_validity=int.from_bytes(hashed.get(_KEY_EXPIRES, b""), "big"),
        may_sign=bool(flags[0] & _MAY_SIGN) if flags else None,
        embedded=hashed.get(_EMBEDDED) or loose.get(_EMBEDDED) or b"",
        salt=salt,
        trailer=body[:end] + bytes((body[0], 0xFF)) + end.to_bytes(4, "big"),
        numbers=body[rest:],
    )


def _issuer(subpackets: Iterable[tuple[int, bytes]]) -> tuple[str, str]:
    """Return fingerprint and id of the one key that a signature names, each "" when not stated.

    :raises Malformed: it names several: one would be judged, and another might have made it.
    """
    fingerprints, ids = set(), set()
    for kind, content in subpackets:
        if kind == _FINGERPRINT:
            fingerprints.add(content[1:].hex().upper())
            ids.add((content[1:9] if len(content) == 33 else content[-8:]).hex().upper())
        elif kind == _ISSUER:
            ids.add(content.hex().upper())
    if len(fingerprints) > 1 or len(ids) > 1:
        raise Malformed("the signature names several keys")
    return next(iter(fingerprints), ""), next(iter(ids), "")


def _subpackets(area: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (type, content) of each subpacket (section 5.2.3.7)."""
    at = 0
    while at < len(area):
        length = area[at]
        at += 1
        if 192 <= length < 255:
            length = ((length - 192) << 8) + area[at] + 192
            at += 1
        elif length == 255:
            length = int.from_bytes(area[at : at + 4], "big")
            at += 4
        if not length or at + length > len(area):
            raise Malformed("a subpacket is cut off")
        kind = area[at] & 0x7F
        if area[at] & 0x80 and kind not in _UNDERSTOOD:
            raise Malformed(f"subpacket {kind} is critical, and not understood")
        yield kind, area[at + 1 : at + length]
        at += length


def numbers(data: bytes, count: int) -> list[int]:
    """Read ``count`` multiprecision integers (section 3.2).

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
