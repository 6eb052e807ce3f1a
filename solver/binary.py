"""libsolv's binary form of a repository on disk, written whole or not at all.

A file is libsolv's own ``.solv`` data, then our key, a mark and a CRC-32 of all
that stands before it. The key says what the data were made from and by which
build of libsolv; the CRC is there because libsolv's reader trusts its input and
may crash on a damaged one.
"""

from __future__ import annotations

import contextlib
import os
import stat
import zlib

import solv
import solv._solv

_MARK = b"pkgman.solv.1"
_CRC_SIZE = 4  # bytes
_PIECE = 1 << 17  # bytes read at a time


def read(repo: solv.Repo, path: str, key: str) -> bool:
    """Load the file at ``path`` into the empty libsolv repository ``repo``.

    Returns False, with ``repo`` still empty, when the file is absent,
    unreadable, damaged or was made from something else than ``key`` says.
    """
    try:
        # O_NONBLOCK: a FIFO in the file's place must not hang us.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return _is_sound(descriptor, _tail(key)) and _load(repo, descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def write(repo: solv.Repo, path: str, key: str) -> bool:
    """Store ``repo`` at ``path``; False, and nothing changed, when that is not possible."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(temporary, flags, 0o644)
    except OSError:
        return False
    try:
        if not _store(repo, descriptor, _tail(key)):
            return False
        os.replace(temporary, path)
    except OSError:
        return False
    finally:
        os.close(descriptor)
        with contextlib.suppress(OSError):  # gone already when it was renamed
            os.unlink(temporary)
    return True


def _tail(key: str) -> bytes:
    # Another build of libsolv may write another format; asking for the version
    # of the installed distribution would cost 30 ms.
    build = os.stat(solv._solv.__file__)
    return f"\n{key}\n{build.st_size}-{build.st_mtime_ns}\n".encode() + _MARK


def _is_sound(descriptor: int, tail: bytes) -> bool:
    status = os.fstat(descriptor)
    content = status.st_size - len(tail) - _CRC_SIZE
    if not stat.S_ISREG(status.st_mode) or content <= 0:
        return False
    end = os.pread(descriptor, len(tail) + _CRC_SIZE, content)
    if end[: len(tail)] != tail:
        return False
    found = _checksum(descriptor, content + len(tail))
    return found.to_bytes(_CRC_SIZE, "little") == end[len(tail) :]


def _checksum(descriptor: int, size: int) -> int:
    """Return the CRC-32 of the first ``size`` bytes."""
    crc = 0
    buffer = memoryview(bytearray(_PIECE))
    os.lseek(descriptor, 0, os.SEEK_SET)
    while size > 0:
        count = os.readv(descriptor, [buffer[: min(size, _PIECE)]])
        if count == 0:
            break
        crc = zlib.crc32(buffer[:count], crc)
        size -= count
    return crc


def _load(repo: solv.Repo, descriptor: int) -> bool:
    os.lseek(descriptor, 0, os.SEEK_SET)
    stream = solv.xfopen_fd("plain", descriptor)
    if stream is None:
        return False
    loaded = bool(repo.add_solv(stream))
    stream.close()
    if not loaded:
        repo.empty(True)
    return loaded


def _store(repo: solv.Repo, descriptor: int, tail: bytes) -> bool:
    stream = solv.xfopen_fd("plain", descriptor, "w")
    if stream is None:
        return False
    written = bool(repo.write(stream))
    # A full disk may show only when the stream's buffer goes out.
    if not stream.close() or not written:
        return False
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if size <= 0:
        return False
    _write_all(descriptor, tail)
    _write_all(descriptor, _checksum(descriptor, size + len(tail)).to_bytes(_CRC_SIZE, "little"))
    return True


def _write_all(descriptor: int, data: bytes) -> None:
    if os.write(descriptor, data) != len(data):
        raise OSError("short write")
