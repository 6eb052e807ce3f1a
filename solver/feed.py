"""Primary metadata from a child process into libsolv.

libsolv's parser keeps Python's lock while it reads, so a thread could not write
into its pipe; a forked child can.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, NoReturn

import solv

from pkgman.model.errors import MetadataError, PkgmanError, system_error

if TYPE_CHECKING:
    from collections.abc import Callable

_MESSAGE_LIMIT = 1 << 16  # bytes: a pipe holds as much, so the child never waits


def parse(repo: solv.Repo, feed: Callable[[int], None], label: str) -> None:
    """Fill ``repo`` from the plain primary.xml that ``feed`` writes to a file descriptor.

    ``feed`` runs in a child process; its expected failures arrive here.

    :param label: what messages call the repository.
    :raises MetadataError: the XML is malformed or cut off.
    :raises PkgmanError: what ``feed`` raised, number and lines kept.
    """
    data_out, data_in = os.pipe()
    words_out, words_in = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        for descriptor in (data_out, data_in, words_out, words_in):
            os.close(descriptor)
        raise system_error(error) from error
    if child == 0:
        os.close(data_out)
        os.close(words_out)
        _run_child(feed, data_in, words_in)
    os.close(data_in)
    os.close(words_in)
    parsed = False
    status = -1
    try:
        parsed = _parse(repo, data_out)
        os.close(data_out)  # a child that still writes gets EPIPE
        data_out = -1
        words = _read_all(words_out)
        status = os.waitpid(child, 0)[1]
    finally:
        if data_out != -1:
            os.close(data_out)
        os.close(words_out)
        if status == -1:
            _end(child)
    _judge(words, status, "" if parsed else repo.pool.errstr or "not primary metadata", label)


def _parse(repo: solv.Repo, descriptor: int) -> bool:
    stream = solv.xfopen_fd("primary.xml", descriptor)
    if stream is None:
        return False
    parsed = bool(repo.add_rpmmd(stream, None, 0))
    stream.close()
    return parsed


def _judge(words: bytes, status: int, complaint: str, label: str) -> None:
    """Raise what went wrong, the child's own words before the parser's."""
    if words:
        number, *lines = words.decode("utf-8", "replace").split("\n")
        raise MetadataError(lines, number=int(number))
    if complaint:
        raise MetadataError(f"{label}: primary metadata: {complaint}")
    if status != 0:
        raise MetadataError(f"{label}: primary metadata: reading it was interrupted")


def _run_child(feed: Callable[[int], None], data: int, words: int) -> NoReturn:
    status = 1
    try:
        # Ctrl-C reaches the whole process group; the parent says what happened.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        feed(data)
        status = 0
    except BrokenPipeError:
        pass  # the parser gave up and says why
    except PkgmanError as error:
        _tell(words, error)
    except OSError as error:
        _tell(words, system_error(error))
    except BaseException as error:
        _tell(words, MetadataError(f"{type(error).__name__}: {error}"))
    finally:
        os._exit(status)


def _tell(words: int, error: PkgmanError) -> None:
    text = "\n".join((str(error.number), *error.lines))
    with contextlib.suppress(OSError):
        os.write(words, text.encode("utf-8", "replace")[:_MESSAGE_LIMIT])


def _read_all(descriptor: int) -> bytes:
    pieces = []
    while piece := os.read(descriptor, _MESSAGE_LIMIT):
        pieces.append(piece)
    return b"".join(pieces)


def _end(child: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
