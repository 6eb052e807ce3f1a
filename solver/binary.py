"""Cache files on disk: a content, the key it was made for, and a checksum; whole or not at all.

The content is libsolv's own ``.solv`` data, or the records of :mod:`solver.texts`. Behind it
stand our key, a mark and a CRC-32 of all that stands before. The key says what
the content was made from and by which build of libsolv; the CRC is there because
libsolv's reader trusts its input and may crash on a damaged one.
"""

from __future__ import annotations

import contextlib
import os
import stat
import zlib
from typing import TYPE_CHECKING

import solv
import solv._solv

from pkgman.model import securepath
from pkgman.model.interrupts import Interruptible
from solver import memory

if TYPE_CHECKING:
    from types import TracebackType

_MARK = b"pkgman.solv.2"
_CRC_SIZE = 4  # bytes
_PIECE = 1 << 17  # bytes read at a time
_IN_MEMORY = 2  # bytes of memory for each of a file, while it is loaded


def read(repo: solv.Repo, path: str, key: str) -> bool:
    """Load the file at ``path`` into the empty libsolv repository ``repo``.

    Returns False, with ``repo`` still empty, when the file is absent,
    unreadable, damaged or was made from something else than ``key`` says.
    """
    descriptor, _ = open_sound(path, key)
    if descriptor < 0:
        return False
    try:
        return load(repo, descriptor)
    finally:
        os.close(descriptor)


def open_sound(path: str, key: str) -> tuple[int, int]:
    """Open a file and check all of it; return its descriptor and the size of its content, or (-1, 0)."""
    try:
        descriptor = securepath.open_file(path)
    except OSError:
        return -1, 0
    try:
        size = _sound_size(descriptor, _tail(key))
    except OSError:
        size = -1
    if size < 0:
        os.close(descriptor)
        return -1, 0
    return descriptor, size


def load(repo: solv.Repo, descriptor: int) -> bool:
    """Load libsolv's data from an open file into the empty ``repo``; it stays empty on failure.

    :raises PkgmanError: 1612 when memory does not suffice.
    """
    os.lseek(descriptor, 0, os.SEEK_SET)
    stream = solv.xfopen_fd("plain", descriptor)
    if stream is None:
        return False
    memory.ensure(_IN_MEMORY * os.fstat(descriptor).st_size)
    with Interruptible():
        loaded = bool(repo.add_solv(stream))
    stream.close()
    if not loaded:
        repo.empty(True)
    return loaded


def write(repo: solv.Repo, path: str, key: str) -> bool:
    """Store ``repo`` at ``path``; False, and nothing changed, when that is not possible."""
    try:
        with Draft(path) as draft:
            if draft.lasting and _store(repo, draft.descriptor):
                draft.finish(key)
                return True
    except OSError:
        pass
    return False


class Draft:
    """A cache file under way: beside its place, or in memory where that cannot be written.

    A context manager; what was not finished when it ends is gone.

    :param memory: do not even try to write to the disk.
    """

    def __init__(self, path: str, *, memory: bool = False) -> None:
        self._path = path
        self._temporary = f"{path}.{os.getpid()}.tmp"
        self.lasting = not memory  # on disk
        if memory:
            self.descriptor = os.memfd_create("pkgman")
            return
        try:
            folder = os.path.dirname(path)
            securepath.make_folders(os.path.dirname(folder))
            securepath.make_own(folder)
            _remove_orphans(path)
            self.descriptor = securepath.open_file(self._temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        except OSError:
            self.lasting = False
            self.descriptor = os.memfd_create("pkgman")

    def finish(self, key: str) -> int:
        """Put key and checksum behind the content and the file in its place; return the content's size.

        :raises OSError: when the disk is full or the file cannot be renamed.
        """
        size = os.lseek(self.descriptor, 0, os.SEEK_END)
        tail = _tail(key)
        write_all(self.descriptor, tail)
        checksum = _checksum(self.descriptor, size + len(tail))
        write_all(self.descriptor, checksum.to_bytes(_CRC_SIZE, "little"))
        self.place()
        return size

    def place(self) -> None:
        """Put the file in its place as it is, without key and checksum.

        :raises OSError: when it cannot be renamed.
        """
        if self.lasting:
            securepath.replace(self._temporary, self._path)

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)
        if self.lasting:
            with contextlib.suppress(OSError):  # gone already when it was renamed
                securepath.unlink(self._temporary)


def _remove_orphans(path: str) -> None:
    """Remove drafts of ``path`` whose writer was killed, or that bear our number and are not ours."""
    folder, start = os.path.dirname(path), f"{os.path.basename(path)}."
    for name in securepath.names(folder):
        number = name.removeprefix(start).removesuffix(".tmp")
        if name != f"{start}{number}.tmp" or not number.isdigit():
            continue
        if int(number) == os.getpid() or not _runs(int(number)):
            with contextlib.suppress(OSError):
                securepath.remove_tree(os.path.join(folder, name))


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``; a pipe or a file may take it in parts."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _tail(key: str) -> bytes:
    # Another build of libsolv may write another format; asking for the version
    # of the installed distribution would cost 30 ms.
    build = os.stat(solv._solv.__file__)
    return f"\n{key}\n{build.st_size}-{build.st_mtime_ns}\n".encode() + _MARK


def _sound_size(descriptor: int, tail: bytes) -> int:
    """Return the size of the content, -1 when the file is not sound or of another key."""
    status = os.fstat(descriptor)
    content = status.st_size - len(tail) - _CRC_SIZE
    if not stat.S_ISREG(status.st_mode) or content <= 0:
        return -1
    end = os.pread(descriptor, len(tail) + _CRC_SIZE, content)
    if end[: len(tail)] != tail:
        return -1
    found = _checksum(descriptor, content + len(tail))
    return content if found.to_bytes(_CRC_SIZE, "little") == end[len(tail) :] else -1


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


def _store(repo: solv.Repo, descriptor: int) -> bool:
    stream = solv.xfopen_fd("plain", descriptor, "w")
    if stream is None:
        return False
    written = bool(repo.write(stream))
    # A full disk may show only when the stream's buffer goes out.
    return bool(stream.close()) and written and os.lseek(descriptor, 0, os.SEEK_END) > 0
