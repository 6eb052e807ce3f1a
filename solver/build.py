"""Plain primary metadata to libsolv's binary form, through an interpreter of its own."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import sys
from typing import TYPE_CHECKING

import solv

from pkgman.model.errors import MetadataError, PkgmanError
from pkgman.model.limits import MAX_MEMORY, MAX_SECONDS
from solver import builder
from solver.binary import write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import NoReturn

_PIPE = 1 << 20  # bytes; the most that Linux gives to anybody
_LONGEST_COMPLAINT = 4096  # bytes
_PYTHON_FAILED = 1  # its exit status when it cannot even start, which it can here as well
_NO_MEMORY = 1612


def build(
    pieces: Iterable[bytes], output: int, label: str, *, meanwhile: Callable[[], None] | None = None
) -> int:
    """Write the binary form of primary.xml to the file open as ``output``; return the number of packages.

    :param pieces: the plain primary.xml.
    :param label: what messages call the repository.
    :param meanwhile: called while the builder finishes what it has got.
    :raises MetadataError: the XML is malformed or cut off.
    :raises PkgmanError: what the pieces raise; 1612 when memory does not suffice.
    :raises OSError: the result cannot be written.
    """
    reader, writer = os.pipe()
    with contextlib.suppress(OSError):
        # Room for a whole piece: else the parser waits while the next one is made.
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE)
    try:
        child = _start(reader, output)
    except OSError:
        os.close(reader)
        os.close(writer)
        raise
    os.close(reader)
    status = -1
    try:
        try:
            for piece in pieces:
                write_all(writer, piece)
        except BrokenPipeError:
            pass  # the parser gave up, and will say why
        finally:
            os.close(writer)
        if meanwhile is not None:
            meanwhile()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        if status == -1:
            _end(child)
    if status != 0:
        _refuse(status, output, label)
    size = os.fstat(output).st_size - builder.COUNT_SIZE
    count = int.from_bytes(os.pread(output, builder.COUNT_SIZE, size), "little")
    os.ftruncate(output, size)
    return count


def _refuse(status: int, output: int, label: str) -> NoReturn:
    """Raise what the builder's exit status means; below 0 it is the signal that ended it."""
    what = f"{label}: primary metadata"
    if status == builder.UNWRITTEN:
        full = not os.fstatvfs(output).f_bavail
        raise OSError(errno.ENOSPC if full else errno.EIO, f"{label}: the solver's cache cannot be written")
    if status == builder.UNPARSED:
        complaint = os.pread(output, _LONGEST_COMPLAINT, 0).decode("utf-8", "replace")
        raise MetadataError(f"{what}: {complaint}")
    if status in (builder.NO_MEMORY, -signal.SIGABRT, _PYTHON_FAILED):
        raise PkgmanError(f"{what}: there is not enough memory to read it", number=_NO_MEMORY)
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        raise MetadataError(
            f"{what}: reading it took more than {MAX_SECONDS} s of processor time, or was killed"
        )
    raise MetadataError(f"{what}: reading it ended with status {status}")


def _start(reader: int, output: int) -> int:
    folder = os.path.dirname(os.path.dirname(solv.__file__))
    actions: list[tuple[object, ...]] = [
        (os.POSIX_SPAWN_DUP2, reader, 0),
        (os.POSIX_SPAWN_DUP2, output, builder.OUTPUT),
    ]
    if os.path.exists(os.devnull):  # not in a root without /dev
        # libsolv's last words go there; its status says it all.
        actions.append((os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0))
    command = [sys.executable, "-IS", builder.__file__, folder, str(MAX_MEMORY), str(MAX_SECONDS)]
    return os.posix_spawn(sys.executable, command, os.environ, file_actions=actions)


def _end(child: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
