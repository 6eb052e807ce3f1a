"""OpenPGP signatures of packages and of repomd.xml: the owner of pysequoia.

One judgement for both (docs/security.md): the policy first (:mod:`repo_meta.policy`), which also says why
not, then pysequoia. The number and the first lines of a refused repomd.xml are tdnf's (tdnf contract,
plugins 4).
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import pysequoia
from pysequoia import packet

from pkgman.model.errors import NotTrusted, PkgmanError
from pkgman.model.interrupts import Interruptible
from pkgman.model.urls import public
from pkgman.model.verdict import Standing, Verdict
from repo_meta import packets, policy
from repo_meta.packets import BINARY, Malformed
from repo_meta.signingkeys import PUBLIC_KEY, SIGNATURE, is_right, signing_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pkgman.model.verdict import Signed
    from repo_meta.packets import Signature
    from repo_meta.signingkeys import SigningKey

    Certificates = list[pysequoia.Cert]

NOT_GOOD = 2004  # number of a signature that is not good
MAX_SIGNATURES = 16  # packets in one signature file
MAX_BLOCKS = 1024  # armored blocks of a key file that is partly damaged
_BEGIN = b"-----BEGIN PGP SIGNATURE-----"
_BEGIN_KEY = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"


def read_keys(data: bytes, url: str) -> Certificates:
    """Parse a key file, armored or not, with one certificate or several.

    A block that is damaged and a key that is of no known version are passed over: others may do.

    :raises PkgmanError: 1505 when there is none in it.
    """
    try:
        with Interruptible():  # a hostile file of the largest size takes seconds
            return _certificates(data)
    except Exception as error:  # its own class, and RuntimeError in older ones
        certs: Certificates = []
        for block in _blocks(data, _BEGIN_KEY)[:MAX_BLOCKS]:
            with suppress(Exception):
                certs += _one_by_one(block)
        if certs:
            return certs
        raise PkgmanError(
            f"Error processing key: {public(url)}: {_first_line(error)}", number=1505
        ) from error


def _certificates(data: bytes) -> Certificates:
    certs = pysequoia.Cert.split_bytes(data)
    if not certs:
        raise ValueError("no public key in it")
    return certs


def _one_by_one(block: bytes) -> Certificates:
    """Read each certificate for itself; those that cannot be read are left out."""
    groups: list[list[bytes]] = []
    for item in packet.PacketPile.from_bytes(block):
        if _tag(item) == PUBLIC_KEY:
            groups.append([])
        with suppress(Exception):
            if groups:
                groups[-1].append(bytes(item))
    found: Certificates = []
    for group in groups:
        with suppress(Exception):
            found.append(pysequoia.Cert.from_bytes(b"".join(group)))
    return found


def unusable(certificate: bytes, *, relaxed: bool) -> str:
    """Say why a binary certificate can verify nothing, whenever it was signed; ``""`` when it can."""
    reasons = [
        policy.about_key(one.signer, one.signer.key.created, relaxed=relaxed) for one in _ring((certificate,))
    ]
    return "" if "" in reasons else next(iter(reasons), "it cannot be read")


def judge(
    made: Sequence[bytes], signed: Signed, certificates: Sequence[bytes], *, relaxed: bool = False
) -> Verdict:
    """Judge signature packets over ``signed`` by binary certificates.

    They are good together when one of them is good and none is wrong: a vendor who changes keys signs
    with both for a time, and only one is known.

    :param signed: the bytes, or what gives them in pieces, each time anew, where they are many.
    """
    ring = _ring(tuple(certificates))
    try:
        every = [one for block in made for one in _signatures(block)]
        if len(every) > MAX_SIGNATURES:
            return Verdict(Standing.REFUSED, "there are too many signatures")
        found = [_judge_one(one, raw, signed, ring, relaxed=relaxed) for one, raw in every]
    except Malformed as error:
        return Verdict(Standing.REFUSED, str(error))
    for standing in (Standing.WRONG, Standing.GOOD, Standing.REFUSED, Standing.UNKNOWN):
        for verdict in found:
            if verdict.standing is standing:
                return verdict
    return Verdict(Standing.UNKNOWN, "there is no signature")


def verify(data: bytes, signature: bytes, keys: Sequence[pysequoia.Cert], *, relaxed: bool = False) -> None:
    """Check the detached signatures in the file ``signature`` over ``data`` by ``keys``.

    Each armored block must hold a good one: what is appended to a file counts as well.

    :raises NotTrusted: 2004 in all other cases.
    """
    certificates = [binary(key) for key in keys]
    blocks = _blocks(signature, _BEGIN)
    if len(blocks) > MAX_SIGNATURES:
        raise refused("there are too many signatures")
    for block in blocks:
        verdict = judge([block], data, certificates, relaxed=relaxed)
        if verdict.standing is Standing.UNKNOWN:
            raise refused(f"no key of the repository verifies it: {verdict.reason}")
        if verdict.standing is not Standing.GOOD:
            raise refused(verdict.reason)


def refused(reason: str, *more: str) -> NotTrusted:
    """The error of a signature that is not good; ``more`` are further lines for the user."""
    return NotTrusted(
        (
            f"repo md signature check: {reason}",
            *more,
            "Error: TDNFVerifySignature 2004",
            "Plugin error: repogpgcheck plugin error: failed to verify signature",
            "",
        ),
        number=NOT_GOOD,
    )


class _Entry(NamedTuple):
    """A key that may sign, and its certificate."""

    signer: SigningKey
    cert: pysequoia.Cert


@lru_cache(maxsize=32)
def _ring(certificates: tuple[bytes, ...]) -> tuple[_Entry, ...]:
    """Read certificates; copies of one are joined, so that a revocation in any of them counts.

    One that cannot be read verifies nothing, and the others do.
    """
    joined: dict[str, pysequoia.Cert] = {}
    for data in certificates:
        with suppress(Exception):  # its own class, and RuntimeError in older ones
            cert = pysequoia.Cert.from_bytes(data)
            known = joined.get(cert.fingerprint)
            joined[cert.fingerprint] = cert if known is None else known.merge(cert)
    found: list[_Entry] = []
    for cert in joined.values():
        with suppress(Malformed):
            keys = signing_keys(_content(binary(cert)))
            found += (_Entry(key, cert) for key in keys)
    return tuple(found)


def _signatures(block: bytes) -> Iterator[tuple[Signature, bytes]]:
    """Yield the signatures of one block, each with its packet.

    :raises Malformed: there is anything else in it, or nothing.
    """
    try:
        items = list(packet.PacketPile.from_bytes(block))
        if not items or len(items) > MAX_SIGNATURES or any(_tag(item) != SIGNATURE for item in items):
            raise Malformed("No data")
        found = [(item.body, bytes(item)) for item in items]
    except Malformed:
        raise
    except Exception as error:
        raise Malformed(f"the signature cannot be read: {_first_line(error)}") from error
    for body, raw in found:
        yield packets.read_signature(body), raw


def binary(cert: pysequoia.Cert) -> bytes:
    """Return the packets of a certificate; none when it holds what sequoia reads and cannot write."""
    try:
        return bytes(cert)
    except Exception:  # its own class, and RuntimeError in older ones
        return b""


def _content(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and body of the packets of a certificate; those that cannot be read are left out."""
    try:
        items = list(packet.PacketPile.from_bytes(data))
    except Exception:  # its own class, and RuntimeError in older ones
        return
    for item in items:
        with suppress(Exception):
            yield _tag(item), item.body


def _tag(item: packet.Packet) -> int:
    """Return the number of a packet's kind; -1 for one that sequoia has no name for."""
    try:
        return int(item.tag)
    except Exception:  # its own class, and RuntimeError in older ones
        return -1


def _judge_one(
    signature: Signature, raw: bytes, signed: Signed, ring: Iterable[_Entry], *, relaxed: bool
) -> Verdict:
    """Judge by every key that the signature may mean: two can have the same 64-bit id."""
    found: list[Verdict] = []
    for entry in ring:
        key = entry.signer.key
        if not key.made(signature):
            continue
        reason = policy.complaint(signature, entry.signer, now=time.time(), relaxed=relaxed)
        if reason:
            weak = not policy.complaint(signature, entry.signer, now=time.time(), relaxed=True)
            hint = "; weak_signatures=1 in the repository's section takes it" if weak else ""
            found.append(Verdict(Standing.REFUSED, f"{reason} (key {key.fingerprint}){hint}"))
        elif _is_good(signature, raw, signed, entry, relaxed=relaxed):
            return Verdict(Standing.GOOD)
        else:
            text = f"what was signed has changed (key {key.fingerprint})"
            found.append(Verdict(Standing.WRONG, text))
    if not found:
        return Verdict(Standing.UNKNOWN, f"made by key {signature.issuer}")
    return next((one for one in found if one.standing is Standing.REFUSED), found[0])


def _is_good(signature: Signature, raw: bytes, signed: Signed, entry: _Entry, *, relaxed: bool) -> bool:
    if isinstance(signed, bytes) and _sequoia_verifies(raw, signed, entry.cert):
        return True
    # It wants all bytes at once, and cannot be asked for another policy.
    signer = entry.signer
    mine = callable(signed) or policy.wider(signature, signer, relaxed=relaxed)
    if signature.kind != BINARY or not mine:
        return False
    return is_right(signature, signer.key, signed() if callable(signed) else (signed,))


def _sequoia_verifies(raw: bytes, signed: bytes, cert: pysequoia.Cert) -> bool:
    try:
        made = pysequoia.Sig.from_bytes(raw)
        return bool(pysequoia.verify(bytes=signed, store=lambda _ids: [cert], signature=made).valid_sigs)
    except Exception:  # its own class, and RuntimeError in older ones
        return False


def _blocks(data: bytes, begin: bytes) -> list[bytes]:
    """Split an armored file into its blocks, each of which has ``begin``; a binary file is one."""
    return [begin + rest for rest in data.split(begin)[1:]] or [data]


def _first_line(error: Exception) -> str:
    # The library appends a backtrace of its own.
    return str(error).partition("\n")[0]
