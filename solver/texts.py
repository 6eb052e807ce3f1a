"""What people read of packages, kept apart from what the solver needs.

Summaries, descriptions and URLs are half of primary's binary form, and a command
that lists or resolves never looks at them. They are cut out of primary.xml while it
streams by, into a file of records in the order of the packages: a look-up is one
read, a search one pass. A package whose texts do not stand as createrepo writes them
keeps them in libsolv, and has an empty record here.

File: the records, each ``summary NUL url NUL description`` in UTF-8; their n+1 offsets,
32 bits each, little-endian; the tail that :mod:`solver.binary` writes.
"""

from __future__ import annotations

import operator
import os
import re
import struct
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from pkgman.model.errors import MetadataError
from pkgman.model.limits import MAX_PACKAGE, MAX_PACKAGES
from solver.binary import write_all
from solver.names import Names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# The order in which createrepo and createrepo_c write them (their primary XML dumps). No expression looks
# for the end of an element behind the next "<", so time is in proportion to the text.
_TEXTS = re.compile(
    rb"<summary>([^<]*+)</summary>\s*+<description>([^<]*+)</description>\s*+"
    rb"(?:<packager>[^<]*+</packager>\s*+)?(?:<url>([^<]*+)</url>\s*+)?"
)
# What neither a solver nor a person asks this program for.
_UNUSED = re.compile(
    rb"<rpm:vendor/>\s*+|<rpm:group>[^<]*+</rpm:group>\s*+|<rpm:buildhost>[^<]*+</rpm:buildhost>\s*+|"
    rb"<rpm:header-range [^<>/]*+/>\s*+"
)
_GROUPS = 4  # what re.split gives for one match of _TEXTS: three groups and the text before it
_PACKAGE, _END = b"<package ", b"</package>"
_SEPARATOR = b"\0\1\0"  # no XML text may hold it
_REFERENCE = re.compile(rb"&#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));")
_ENTITIES = ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&apos;", b"'"), (b"&amp;", b"&"))
_OFFSET = struct.Struct("<I")
_PIECE = 1 << 20  # bytes cut or searched at a time
_MOST = 1 << 32  # bytes; what an offset can tell


class Texts(NamedTuple):
    """The texts of one package; "" where there is none."""

    summary: str
    url: str
    description: str


class Cutter:
    """Cuts texts out of a stream of primary.xml and writes them as records to ``descriptor``."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lengths: list[int] = []
        self.names = Names()

    @property
    def count(self) -> int:
        """How many packages went by."""
        return len(self._lengths)

    def cut(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the XML without the texts, and write the file once the stream has ended."""
        pending = bytearray()
        for piece in pieces:
            seen = max(0, len(pending) - len(_END))
            pending += piece
            if len(pending) < _PIECE:
                continue
            end = pending.rfind(_END, seen)
            if end >= 0:
                end += len(_END)
                yield self._take(bytes(pending[:end]))
                del pending[:end]
            elif len(pending) > MAX_PACKAGE:
                raise MetadataError(f"primary metadata: a package of more than {MAX_PACKAGE} bytes")
            if len(self._lengths) > MAX_PACKAGES:
                raise MetadataError(f"primary metadata: more than {MAX_PACKAGES} packages, not accepted")
        yield self._take(bytes(pending))
        self._write_offsets()

    def blank(self, count: int) -> None:
        """Write ``count`` empty records: nothing was cut."""
        self._lengths = [0] * count
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._write_offsets()

    def _take(self, xml: bytes) -> bytes:
        """Cut whole packages, write their records, and return what is left of them."""
        parts = _TEXTS.split(xml)
        before = parts[0:-1:_GROUPS]
        if xml.count(_PACKAGE) == len(before) and all(_PACKAGE in part for part in before):
            records = _records(parts[1::_GROUPS], parts[3::_GROUPS], parts[2::_GROUPS])
            rest = b"".join(parts[0::_GROUPS])
            self.names.take(before)
        else:
            self.names.take(xml.split(_END)[:-1])
            rest, records = _one_by_one(xml)
        self._write(records)
        return _UNUSED.sub(b"", rest)

    def _write(self, records: Sequence[bytes]) -> None:
        self._lengths += map(len, records)
        write_all(self._descriptor, b"".join(records))

    def _write_offsets(self) -> None:
        offsets = list(accumulate(self._lengths, initial=0))
        if offsets[-1] >= _MOST:
            raise MetadataError("primary metadata: its texts are larger than 4 GiB")
        write_all(self._descriptor, struct.pack(f"<{len(offsets)}I", *offsets))


def _one_by_one(xml: bytes) -> tuple[bytes, list[bytes]]:
    """Cut package by package, for a piece in which some have no texts or have them elsewhere."""
    rest, records = [], []
    for package in xml.split(_END):
        parts = _TEXTS.split(package)
        if package.count(_PACKAGE) == 1 and len(parts) == _GROUPS + 1:
            records += _records(parts[1:2], parts[3:4], parts[2:3])
            rest.append(parts[0] + parts[4])
        else:
            records += [b""] * package.count(_PACKAGE)
            rest.append(package)
    return _END.join(rest), records


def _records(
    summaries: Sequence[bytes], urls: Sequence[bytes | None], descriptions: Sequence[bytes]
) -> list[bytes]:
    records = [
        b"%b\0%b\0%b" % (s, u or b"", d) for s, u, d in zip(summaries, urls, descriptions, strict=True)
    ]
    together = unescape(_SEPARATOR.join(records)).split(_SEPARATOR) if records else []
    return together if len(together) == len(records) else [unescape(record) for record in records]


def unescape(text: bytes) -> bytes:
    """Resolve XML's character references."""
    if b"&" not in text:
        return text
    if b"&#" in text:
        text = _REFERENCE.sub(_character, text)
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def _character(match: re.Match[bytes]) -> bytes:
    number = int(match[1], 16) if match[1] else int(match[2])
    allowed = number in (9, 10, 13) or 32 <= number < 0xD800 or 0xE000 <= number <= 0x10FFFF
    if not allowed:
        return match[0]  # no character of XML 1.0, such as the start of a terminal's commands
    # An ampersand stays a reference: what follows it must not become another one.
    return b"&amp;" if number == ord("&") else chr(number).encode()


class Store:
    """An open file of records; ``size`` is that of records and offsets, without the tail."""

    def __init__(self, descriptor: int, size: int, count: int) -> None:
        self._descriptor, self._count = descriptor, count
        self._index = size - (count + 1) * _OFFSET.size

    @property
    def sound(self) -> bool:
        """Whether the records are as many as the packages."""
        if self._index < 0:
            return False
        return self._offset(0) == 0 and self._offset(self._count) == self._index

    @property
    def complete(self) -> bool:
        """Whether every package's texts are here; the others have theirs in libsolv."""
        return all(map(operator.lt, self._offsets, self._offsets[1:]))

    @cached_property
    def _offsets(self) -> tuple[int, ...]:
        size = (self._count + 1) * _OFFSET.size
        return struct.unpack(f"<{self._count + 1}I", os.pread(self._descriptor, size, self._index))

    def read(self, position: int) -> Texts | None:
        """Return the texts of the package at ``position``, counted from 0; None for an empty record."""
        start, end = self._offset(position), self._offset(position + 1)
        record = os.pread(self._descriptor, max(0, end - start), start)
        if record.count(b"\0") < 2:
            return None
        summary, url, description = record.split(b"\0", 2)
        return Texts(_decode(summary), _decode(url), _decode(description))

    def search(self, term: bytes) -> Iterator[int]:
        """Yield the positions whose summary or description holds ``term``, ignoring ASCII case."""
        wanted = term.lower()
        offsets = self._offsets
        first = 0
        while first < self._count:
            last = first + 1
            while last < self._count and offsets[last + 1] - offsets[first] <= _PIECE:
                last += 1
            block = os.pread(self._descriptor, offsets[last] - offsets[first], offsets[first]).lower()
            yield from _hits(block, wanted, offsets, first, last)
            first = last

    def _offset(self, position: int) -> int:
        data = os.pread(self._descriptor, _OFFSET.size, self._index + position * _OFFSET.size)
        return int(_OFFSET.unpack(data)[0]) if len(data) == _OFFSET.size else -1


def _hits(block: bytes, wanted: bytes, offsets: Sequence[int], first: int, last: int) -> Iterator[int]:
    """Yield each position once whose record in ``block`` holds ``wanted`` outside its URL."""
    base, found = offsets[first], block.find(wanted)
    while found >= 0:
        position = bisect_right(offsets, base + found, first, last) - 1
        start, end = offsets[position] - base, offsets[position + 1] - base
        summary, _, rest = block[start:end].partition(b"\0")
        if wanted in summary or wanted in rest.partition(b"\0")[2]:
            yield position
        found = block.find(wanted, end)


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
