"""The keys of an OpenPGP certificate that may sign, each with what its owner said of it.

Only what the owner signed counts (RFC 9580, sections 5.2.1 and 10.1): a self-signature is verified before
its word is taken, and a subkey must have accepted its owner.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from repo_meta import packets, publickey
from repo_meta.packets import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repo_meta.packets import Key, Signature

PUBLIC_KEY, PUBLIC_SUBKEY, SIGNATURE, USER_ID, USER_ATTRIBUTE = 6, 14, 2, 13, 17  # packet tags
HASHES = {
    1: "md5",
    2: "sha1",
    3: "ripemd160",
    8: "sha256",
    9: "sha384",
    10: "sha512",
    11: "sha224",
    12: "sha3_256",
    14: "sha3_512",
}  # RFC 9580, section 9.5
MAX_SELF_SIGNATURES = 256  # of one certificate; each costs time, and real ones have a dozen
_CERTIFICATION_REVOCATION = 0x30


class SigningKey(NamedTuple):
    """A primary key or a subkey.

    ``bindings`` are the self-signatures that make it a key of its certificate, ``owner`` those of the
    primary key; for the primary key both are the same.
    """

    key: Key
    certificate: str  # fingerprint of the primary key
    bindings: tuple[Signature, ...]
    owner: tuple[Signature, ...]
    owner_key: Key
    revoked: bool


class _Component:
    """A key or user id, and the verified self-signatures on it."""

    def __init__(self, key: Key | None, hashed: bytes) -> None:
        self.key, self.hashed = key, hashed
        self.signatures: list[Signature] = []

    def of(self, *kinds: int) -> list[Signature]:
        return [one for one in self.signatures if one.kind in kinds]


def signing_keys(content: Iterable[tuple[int, bytes]]) -> tuple[SigningKey, ...]:
    """Return the keys of one certificate, given as (tag, body) of its packets.

    :raises Malformed: it does not begin with a key, or has far too many self-signatures.
    """
    components: list[_Component] = []
    primary: Key | None = None
    count = 0
    for tag, body in content:
        if tag == PUBLIC_KEY and primary is None:
            primary = packets.read_key(body)
            components.append(_Component(primary, b""))
        elif primary is None:
            raise Malformed("the certificate does not begin with a key")
        elif tag == PUBLIC_SUBKEY:
            components.append(_subkey(body))
        elif tag in (USER_ID, USER_ATTRIBUTE):
            hashed = packets.hashed_user_id(body, attribute=tag == USER_ATTRIBUTE)
            components.append(_Component(None, hashed))
        elif tag == SIGNATURE:
            try:
                signature = packets.read_signature(body)
            except Malformed:
                continue
            if primary.made(signature):
                count += 1
                if count > MAX_SELF_SIGNATURES:
                    raise Malformed("the certificate has too many signatures of its own")
                _take(primary, components, signature)
    return _joined(primary, components) if primary is not None else ()


def _subkey(body: bytes) -> _Component:
    try:
        key = packets.read_key(body)
    except Malformed:
        return _Component(None, b"")
    return _Component(key, key.hashed)


def _take(primary: Key, components: list[_Component], signature: Signature) -> None:
    """Give a self-signature that is right to the component it is about."""
    # Signatures on the primary key itself may stand anywhere.
    on_primary = signature.kind in (packets.DIRECT_KEY, packets.KEY_REVOCATION)
    component = components[0] if on_primary else components[-1]
    if is_right(signature, primary, (primary.hashed, component.hashed)):
        component.signatures.append(signature)


def _joined(primary: Key, components: list[_Component]) -> tuple[SigningKey, ...]:
    first, *others = components
    owner = first.of(packets.DIRECT_KEY)
    for component in others:
        if component.key is None:
            gone = max((one.created for one in component.of(_CERTIFICATION_REVOCATION)), default=-1)
            owner += [one for one in component.of(*packets.CERTIFICATIONS) if one.created > gone]
    revoked = bool(first.of(packets.KEY_REVOCATION))
    found = [SigningKey(primary, primary.fingerprint, tuple(owner), tuple(owner), primary, revoked)]
    for component in others:
        key = component.key
        if key is None:
            continue
        bindings = tuple(one for one in component.of(packets.SUBKEY_BINDING) if _accepted(primary, key, one))
        gone = revoked or bool(component.of(packets.SUBKEY_REVOCATION))
        found.append(SigningKey(key, primary.fingerprint, bindings, tuple(owner), primary, gone))
    return tuple(found)


def _accepted(primary: Key, subkey: Key, binding: Signature) -> bool:
    """Say whether the subkey agreed to sign for its owner: nobody adopts somebody else's key."""
    if not binding.may_sign:
        return True  # it cannot sign at all, and the policy says so
    try:
        back = packets.read_signature(binding.embedded)
    except Malformed:
        return False
    return back.kind == packets.PRIMARY_BINDING and is_right(back, subkey, (primary.hashed, subkey.hashed))


def is_right(signature: Signature, key: Key, pieces: Iterable[bytes]) -> bool:
    """Say whether ``signature`` is one by ``key`` over the pieces together; no policy is asked."""
    kind = HASHES.get(signature.hash_algorithm)
    if kind is None or signature.key_algorithm != key.algorithm:
        return False
    try:
        digest = hashlib.new(kind, usedforsecurity=False)  # which hashes are safe is for the policy to say
    except ValueError:
        return False
    digest.update(signature.salt)
    for piece in pieces:
        digest.update(piece)
    digest.update(signature.trailer)
    return publickey.verify(key.algorithm, key.material, kind, digest.digest(), signature.numbers)
