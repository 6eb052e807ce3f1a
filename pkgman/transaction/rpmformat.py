"""The outer form of an rpm file: where its packed files begin, and which signatures it carries.

An rpm file is a lead of 96 bytes, the signature header padded to eight bytes,
the main header, and the payload up to the end (rpm's documentation,
docs/manual/format_v4.md). Nothing here decides on trust.
"""

from __future__ import annotations

import base64
import binascii
import os
import struct
from typing import NamedTuple

from pkgman.model.errors import PkgmanError

NO_PACKAGE = 1471
DAMAGED = 1472

_LEAD_SIZE = 96
_LEAD_MAGIC = b"\xed\xab\xee\xdb"
_HEADER_MAGIC = b"\x8e\xad\xe8\x01"
_INTRO = struct.Struct(">4s4xII")  # magic, reserved, entries, bytes of data
_ENTRY = struct.Struct(">IIiI")  # tag, type, offset in the data, count
_ENTRY_SIZE = 16
_MAX_ENTRIES = 1 << 20  # far above rpm's own ceilings for real packages
_MAX_DATA = 1 << 28


# Entries of the signature header (rpm's include/rpm/rpmtag.h): packets over the main header, and over the
# main header with the payload, which rpm made until 4.14 and makes with --rpmv3.
_OF_HEADER = {267: "binary", 268: "binary", 278: "base64"}
_OF_ALL = {1002: "binary", 1005: "binary"}
_BINARY_TYPE, _STRINGS_TYPE = 7, 8
_MAX_SIGNATURE_ENTRIES = 1024
_MAX_SIGNATURE = 1 << 16  # bytes


class Layout(NamedTuple):
    """Where the parts of an rpm file begin, in bytes, and its OpenPGP packets."""

    header: int
    payload: int
    of_header: tuple[bytes, ...]  # signatures of the bytes from ``header`` to ``payload``
    of_all: tuple[bytes, ...]  # signatures of everything from ``header`` on


def layout(fd: int, path: str) -> Layout:
    """Read the outer form of the file open at ``fd``; ``path`` is for messages.

    :raises PkgmanError: 1471 if this is no rpm file, 1472 if it is damaged.
    """
    payload = payload_offset(fd, path)
    end = _header_end(fd, path, _LEAD_SIZE)
    of_header: list[bytes] = []
    of_all: list[bytes] = []
    _, entries, _ = _INTRO.unpack(os.pread(fd, _INTRO.size, _LEAD_SIZE))
    if entries > _MAX_SIGNATURE_ENTRIES:
        raise _damaged(path)
    index = os.pread(fd, entries * _ENTRY_SIZE, _LEAD_SIZE + _INTRO.size)
    store = _LEAD_SIZE + _INTRO.size + entries * _ENTRY_SIZE
    for tag, kind, offset, count in _ENTRY.iter_unpack(index):
        for wanted, found in ((_OF_HEADER, of_header), (_OF_ALL, of_all)):
            if tag in wanted:
                start = store + offset
                if offset < 0 or start > end or count > _MAX_SIGNATURE:
                    raise _damaged(path)
                data = os.pread(fd, min(_MAX_SIGNATURE, end - start), start)
                found += _packets(data, kind, count, path, encoded=wanted[tag] == "base64")
    return Layout((end + 7) & ~7, payload, tuple(of_header), tuple(of_all))


def _packets(data: bytes, kind: int, count: int, path: str, *, encoded: bool) -> list[bytes]:
    if not encoded:
        if kind != _BINARY_TYPE or len(data) < count:
            raise _damaged(path)
        return [data[:count]]
    texts = data.split(b"\0")[:count]
    if kind != _STRINGS_TYPE or len(texts) < count:
        raise _damaged(path)
    try:
        return [base64.b64decode(text) for text in texts]
    except binascii.Error as error:
        raise _damaged(path) from error


def payload_offset(fd: int, path: str) -> int:
    """Return where the payload begins, in bytes from the start of the file.

    :raises PkgmanError: 1471 if this is no rpm file, 1472 if it is damaged.
    """
    if os.pread(fd, len(_LEAD_MAGIC), 0) != _LEAD_MAGIC:
        raise PkgmanError(f"{path}: not an rpm package", number=NO_PACKAGE)
    end = _header_end(fd, path, _LEAD_SIZE)
    end = _header_end(fd, path, (end + 7) & ~7)
    if end > os.fstat(fd).st_size:
        raise _damaged(path)
    return end


def _header_end(fd: int, path: str, start: int) -> int:
    intro = os.pread(fd, _INTRO.size, start)
    if len(intro) < _INTRO.size:
        raise _damaged(path)
    magic, entries, size = _INTRO.unpack(intro)
    if magic != _HEADER_MAGIC or entries > _MAX_ENTRIES or size > _MAX_DATA:
        raise _damaged(path)
    return int(start + _INTRO.size + entries * _ENTRY_SIZE + size)


def _damaged(path: str) -> PkgmanError:
    return PkgmanError(f"{path}: the package is damaged or cut off", number=DAMAGED)
