"""Compressed metadata as plain UTF-8, in pieces: the owner of zstandard.

Every module that decompresses is imported when a file needs it. A bomb stops at the size that
repomd.xml states, or at a ceiling; memory is bounded by the formats' window limits. All pieces but the
last are of the same size, so that nobody need care how the compressor cut them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, cast

from pkgman.model import securepath
from pkgman.model.errors import MetadataError, system_error
from pkgman.model.limits import (
    FREE_OPEN,
    MAX_OPEN,
    MAX_OPEN_OTHERS,
    MAX_RATIO,
    MAX_XZ_MEMORY,
    MAX_ZSTD_WINDOW,
)
from repo_meta.encoding import as_utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from pkgman.model.repo import MetadataFile

PIECE = 1 << 20  # bytes given out at once
_PACKED = 1 << 17  # bytes read at once
_FREE_STREAMS, _SMALL_STREAM = 1000, 1024  # compressors that work in parallel make many, of some 100 KB


def iter_plain(file: MetadataFile, *, verify: bool = False) -> Iterator[bytes]:
    """Yield the plain content in pieces of about 1 MiB, in UTF-8; the stated size is always enforced.

    The last piece comes before the checksum is known to be right: nothing of it may be used when
    this raises.

    :param verify: check the open checksum too. It is checked in any case when repomd.xml has no
        checksum of the packed file, which is the one that was compared when the file was accepted.
    :raises MetadataError: when the file cannot be decompressed or is not what repomd.xml states.
    """
    yield from as_utf8(_checked(file, verify=verify), file.path)


def _checked(file: MetadataFile, *, verify: bool) -> Iterator[bytes]:
    part = file.part
    digest = None
    if part.open_checksum and (verify or part.checksum is None):
        import hashlib

        digest = hashlib.new(part.open_checksum.kind)
    total = 0
    for piece in _pieces(file):
        total += len(piece)
        if digest is not None:
            digest.update(piece)
        yield piece
    if part.open_size and total != part.open_size:
        raise MetadataError(f"{file.path}: {total} plain bytes, repomd.xml says {part.open_size}")
    if digest is not None and part.open_checksum and digest.hexdigest() != part.open_checksum.hex:
        raise MetadataError(f"{file.path}: the plain {part.open_checksum.kind} is not the one of repomd.xml")


def _pieces(file: MetadataFile) -> Iterator[bytes]:
    ceiling, total = _ceiling(file), 0
    try:
        with open(securepath.open_file(file.path), "rb", buffering=0) as packed:
            read, broken = _opened(file.path, packed)
            try:
                while piece := _filled(read):
                    total += len(piece)
                    if total > ceiling:
                        raise MetadataError(f"{file.path}: more than {ceiling} plain bytes, not accepted")
                    yield piece
            except broken as error:
                raise MetadataError(f"{file.path} cannot be decompressed: {error}") from error
    except OSError as error:
        raise system_error(error) from error


def _filled(read: Callable[[int], bytes]) -> bytes:
    """Return a whole piece, less only at the end: a stream of tiny frames gives them one by one."""
    piece = read(PIECE)
    if not piece or len(piece) == PIECE:
        return piece
    parts, missing = [piece], PIECE - len(piece)
    while missing and (piece := read(missing)):
        parts.append(piece)
        missing -= len(piece)
    return b"".join(parts)


def _ceiling(file: MetadataFile) -> int:
    highest = MAX_OPEN.get(file.part.kind, MAX_OPEN_OTHERS)
    if file.part.open_size:
        return min(file.part.open_size, highest)
    try:
        return min(FREE_OPEN + MAX_RATIO * os.stat(file.path).st_size, highest)
    except OSError as error:
        raise system_error(error) from error


def _opened(path: str, packed: BinaryIO) -> tuple[Callable[[int], bytes], tuple[type[Exception], ...]]:
    """Return a function that reads plain bytes, and the errors that mean bad data."""
    if path.endswith(".zst"):
        import zstandard

        context = zstandard.ZstdDecompressor(max_window_size=MAX_ZSTD_WINDOW)
        reader = context.stream_reader(
            cast("BinaryIO", _Packed(packed)), read_size=_PACKED, read_across_frames=True
        )
        return reader.read, (zstandard.ZstdError,)
    if path.endswith(".gz"):
        import gzip
        import zlib

        return gzip.GzipFile(fileobj=packed, mode="rb").read, (zlib.error, EOFError, gzip.BadGzipFile)
    if path.endswith(".xz"):
        import lzma

        limited = _Streams(packed, lambda: lzma.LZMADecompressor(memlimit=MAX_XZ_MEMORY))
        return limited.read, (lzma.LZMAError, EOFError)
    if path.endswith(".bz2"):
        import bz2

        return _Streams(packed, bz2.BZ2Decompressor).read, (OSError, EOFError, ValueError)
    return packed.read, (EOFError,)


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


class _Packed:
    """A file that is read by a function of Python's, in which signals are heard.

    A decompressor in C may go over any number of empty frames before it gives something out.
    """

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed

    def read(self, size: int) -> bytes:
        return self._packed.read(size)


class _Streams:
    """Reads concatenated streams; LZMAFile would do but takes no memory limit.

    What a stream leaves of the bytes that were read is copied for the next one, so many tiny ones would
    take time out of all proportion: they are refused.
    """

    def __init__(self, packed: BinaryIO, make: Callable[[], _Decompressor]) -> None:
        self._packed, self._make = packed, make
        self._current = make()
        self._streams = self._read = 0

    def read(self, size: int) -> bytes:
        """Return some bytes, at most ``size``, or none at the end.

        :raises EOFError: when the file ends within a stream.
        """
        while True:
            data = b""
            if self._current.eof:
                data = self._next_stream()
                if not data:
                    return b""
                self._current = self._make()
                self._streams += 1
                if self._streams > _FREE_STREAMS + self._read // _SMALL_STREAM:
                    raise EOFError("it is cut into too many streams")
            elif self._current.needs_input:
                data = self._more()
                if not data:
                    raise EOFError("the file ends too early")
            piece = self._current.decompress(data, size)
            if piece:
                return piece

    def _next_stream(self) -> bytes:
        # Streams may be followed by zeros (xz file format, 2.2).
        data = self._current.unused_data.lstrip(b"\0")
        while not data:
            packed = self._more()
            if not packed:
                return b""
            data = packed.lstrip(b"\0")
        return data

    def _more(self) -> bytes:
        data = self._packed.read(_PACKED)
        self._read += len(data)
        return data
