"""The outer form of an rpm file: where its packed files begin.

An rpm file is a lead of 96 bytes, the signature header padded to eight bytes,
the main header, and the payload up to the end (rpm's documentation,
docs/manual/format_v4.md). Nothing here decides on trust.
"""

from __future__ import annotations

import os
import struct

from pkgman.model.errors import PkgmanError

NO_PACKAGE = 1471
DAMAGED = 1472

_LEAD_SIZE = 96
_LEAD_MAGIC = b"\xed\xab\xee\xdb"
_HEADER_MAGIC = b"\x8e\xad\xe8\x01"
_INTRO = struct.Struct(">4s4xII")  # magic, reserved, entries, bytes of data
_ENTRY_SIZE = 16
_MAX_ENTRIES = 1 << 20  # far above rpm's own ceilings for real packages
_MAX_DATA = 1 << 28


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
