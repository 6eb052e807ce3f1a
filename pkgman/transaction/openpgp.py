"""OpenPGP certificates as rpm wants them: armor taken off, one value per certificate.

Only the outer form is read here (RFC 9580, sections 4.2, 5.5.2, 6.2): which
bytes are a certificate and what its fingerprint is. Whether a certificate is
sound and what it has signed is for librpm to say.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from itertools import dropwhile, islice
from typing import TYPE_CHECKING, NamedTuple

from pkgman.model.errors import PkgmanError
from pkgman.model.limits import MAX_KEY_FILE, MAX_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

INVALID_KEY = 1505
MAX_PACKETS = 1 << 16  # of one block; a large distribution's keyring has a thousandth of that

_PUBLIC_KEY = 6
_USER_ID = 13
_BEGIN, _END = b"-----BEGIN PGP PUBLIC KEY BLOCK-----", b"-----END PGP PUBLIC KEY BLOCK-----"
_HEADER = re.compile(rb"^[A-Za-z0-9-]+: ")


class Certificate(NamedTuple):
    """A public key with its user ids, subkeys and signatures.

    ``fingerprint`` is upper-case hexadecimal; ``data`` are the binary packets.
    """

    fingerprint: str
    user_id: str
    data: bytes


def read_certificates(data: bytes) -> tuple[Certificate, ...]:
    """Take every certificate out of a key file, armored or binary.

    A block that is damaged and a key that is of no known version are passed over: others may do.

    :raises PkgmanError: 1505 if there is none.
    """
    if len(data) > MAX_KEY_FILE:
        raise _invalid("the key file is larger than 1 MiB")
    found: list[Certificate] = []
    failure = _invalid("the file holds no public key")
    for armored in data.split(_BEGIN)[1:] or [b""]:
        try:
            found += islice(_split(_dearmor(armored) if armored else data), MAX_KEYS + 1)
        except PkgmanError as error:
            failure = error
        if len(found) > MAX_KEYS:
            raise _invalid(f"the file holds more than {MAX_KEYS} keys")
    if not found:
        raise failure
    return tuple(found)


def grouped(fingerprint: str) -> str:
    """Write a fingerprint in groups of four, for human eyes."""
    return " ".join(fingerprint[i : i + 4] for i in range(0, len(fingerprint), 4))


def _dearmor(block: bytes) -> bytes:
    text, end, _ = block.partition(_END)
    if not end:
        raise _invalid("the armor is cut off")
    lines = [line.strip() for line in text.strip().splitlines()]
    body = []
    for line in dropwhile(_HEADER.match, lines):
        if line.startswith(b"="):  # the checksum, which RFC 9580 tells readers to ignore
            break
        body.append(line)
    try:
        return base64.b64decode(b"".join(body), validate=True)
    except binascii.Error as error:
        raise _invalid("the armor is damaged") from error


def _split(data: bytes) -> list[Certificate]:
    """Return the certificates in binary packets.

    :raises PkgmanError: 1505 if there is none, or if the packets are damaged.
    """
    found: list[Certificate] = []
    failure: PkgmanError | None = None
    start, fingerprint, user_id = -1, "", ""
    for tag, begin, body, end in [*_packets(data), (_PUBLIC_KEY, len(data), len(data), len(data))]:
        if tag == _PUBLIC_KEY:
            if fingerprint:
                found.append(Certificate(fingerprint, user_id, data[start:begin]))
            start, fingerprint, user_id = begin, "", ""
            try:
                fingerprint = _fingerprint(data[body:end]) if end > begin else ""
            except PkgmanError as error:
                failure = error
        elif start < 0:
            raise _invalid("the file does not begin with a public key")
        elif tag == _USER_ID and not user_id:
            user_id = data[body:end].decode("utf-8", "replace")
    if not found and failure:
        raise failure
    return found


def _packets(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield (tag, first byte, first byte of the body, end) of each packet."""
    position = count = 0
    while position < len(data):
        count += 1
        if count > MAX_PACKETS:
            raise _invalid("there are far too many packets")
        try:
            tag, body, end = _packet(data, position)
        except IndexError as error:
            raise _invalid("the key is cut off") from error
        if end > len(data):
            raise _invalid("the key is cut off")
        yield tag, position, body, end
        position = end


def _packet(data: bytes, start: int) -> tuple[int, int, int]:
    first = data[start]
    if not first & 0x80:
        raise _invalid("the file holds no OpenPGP packets")
    if first & 0x40:
        tag, length = first & 0x3F, data[start + 1]
        if length < 192:
            body = start + 2
        elif length < 224:
            length = ((length - 192) << 8) + data[start + 2] + 192
            body = start + 3
        elif length == 255:
            length, body = int.from_bytes(data[start + 2 : start + 6], "big"), start + 6
        else:
            raise _invalid("partial lengths are not for keys")
    else:
        size = (1, 2, 4, 0)[first & 3]
        if not size:
            raise _invalid("indeterminate lengths are not for keys")
        tag, body = (first >> 2) & 0x0F, start + 1 + size
        length = int.from_bytes(data[start + 1 : body], "big")
    return tag, body, body + length


def _fingerprint(body: bytes) -> str:
    version = body[0] if body else 0
    if version == 4:
        start = b"\x99" + len(body).to_bytes(2, "big")
        return hashlib.sha1(start + body, usedforsecurity=False).hexdigest().upper()
    if version == 6:
        start = b"\x9b" + len(body).to_bytes(4, "big")
        return hashlib.sha256(start + body).hexdigest().upper()
    raise _invalid(f"keys of version {version} are not supported")


def _invalid(reason: str) -> PkgmanError:
    return PkgmanError(f"not usable as OpenPGP key: {reason}", number=INVALID_KEY)
