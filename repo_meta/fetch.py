"""Files from a repository: ceiling, checksum, retries and mirrors around one abstract transport.

Errors are tdnf's: an HTTP status of 400 and more is 1622, anything else is
1201 + curl's code (tdnf contract, config 5.5 and 6, errors 4).
"""

from __future__ import annotations

import abc
import errno
import hashlib
import os
import threading
from typing import TYPE_CHECKING, NamedTuple

from pkgman.model import securepath
from pkgman.model.errors import (
    ChecksumMismatch,
    FetchError,
    MetadataError,
    PkgmanError,
    SizeMismatch,
    system_error,
)
from pkgman.model.progress import SILENT
from pkgman.model.urls import public, split_url
from repo_meta import temporary
from repo_meta.curl import ABORTED, CURL, TOO_LARGE
from repo_meta.pace import Pace, Throttle, never
from repo_meta.repomd import safe_location
from repo_meta.retries import Attempts
from repo_meta.urls import HTTP_STATUS, join, no_url, open_local, open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pkgman.model.package import Checksum
    from pkgman.model.progress import Progress, Reporter, Task
    from pkgman.model.repo import RepoSource

PIECE = 1 << 17  # bytes read and written at once
MAX_FILE = 16 << 30  # bytes; ceiling for a file whose size nobody stated


class Item(NamedTuple):
    """A file to be fetched, and what is known of it."""

    path: str  # where it goes, absolute
    label: str  # what progress shows
    size: int = 0  # bytes, 0 when not stated
    checksum: Checksum | None = None
    limit: int = MAX_FILE  # bytes; ceiling when the size is not stated
    token: str = ""  # of the temporary name; made up when it is ""
    held: bool = False  # it keeps the temporary name, and the caller gives it the other one


def _nothing() -> None:
    pass


class Body(NamedTuple):
    """An answer under way: its length in bytes, 0 when not announced, and its pieces.

    ``release`` gives back what it holds; closing a generator that was never started does not.
    """

    length: int
    pieces: Iterator[bytes]
    release: Callable[[], None] = _nothing


class Fetcher(abc.ABC):
    """Gets files by URL; safe to use from several threads."""

    def __init__(self) -> None:
        self._throttles: dict[tuple[str, int], Throttle] = {}  # by repository
        self._throttling = threading.Lock()

    @abc.abstractmethod
    def _open(self, source: RepoSource, url: str, pace: Pace) -> Body:
        """Start a transfer; pieces come as sent, without content decoding.

        :param pace: how long it may take; the caller says what arrived.

        :raises FetchError: for everything that goes wrong, here and while pieces are read.
        """

    def close(self) -> None:  # noqa: B027 - a transport may hold nothing
        """Give back what the transport holds."""

    def fetch(
        self,
        source: RepoSource,
        url: str,
        item: Item,
        *,
        progress: Progress = SILENT,
        report: Reporter = SILENT,
        stopped: Callable[[], bool] = never,
        patient: bool = True,
    ) -> None:
        """Fetch one URL to ``item.path``; network errors are tried again ``source.retries`` times.

        :param patient: False when there is another place to fetch it from: no pause between attempts.
        :raises FetchError: 1622 for a status, 1201 + curl's code for the network.
        :raises SizeMismatch: when there are more or fewer bytes than stated.
        :raises ChecksumMismatch: when the bytes are others than stated.
        :raises PkgmanError: 1600 + errno when the file cannot be written.
        """
        attempts = Attempts(source, url, report, stopped, patient=patient)
        while True:
            try:
                self._attempt(source, url, item, progress, self._pace(source, url, stopped), stopped)
                return
            except FetchError as error:
                if not attempts.again(error):
                    raise

    def fetch_first(
        self,
        source: RepoSource,
        bases: Sequence[str],
        location: str,
        item: Item,
        *,
        progress: Progress = SILENT,
        report: Reporter = SILENT,
        stopped: Callable[[], bool] = never,
        dead: set[str] | None = None,
    ) -> str:
        """Fetch a file from the first base URL that has it right; return that base URL.

        What went wrong with the ones before is reported; the error of the last one is raised.

        :param dead: base URLs that the network did not reach; they are tried last, and added here.
        """
        for number, base in enumerate(sorted(bases, key=(dead or ()).__contains__), start=1):
            try:
                if base[:5].lower() == "file:" and "://" not in location:
                    safe_location(location)  # a server answers for its own files, and nobody for ours
                self.fetch(
                    source,
                    join(base, location),
                    item,
                    progress=progress,
                    report=report,
                    stopped=stopped,
                    patient=number == len(bases),
                )
            except (FetchError, SizeMismatch, ChecksumMismatch, MetadataError) as error:
                if dead is not None and isinstance(error, FetchError) and error.number != HTTP_STATUS:
                    dead.add(base)
                if number == len(bases) or stopped():
                    raise
                for line in error.lines:
                    report.diagnostic(line)
            else:
                return base
        raise no_url(source)

    def read(
        self,
        source: RepoSource,
        url: str,
        *,
        limit: int,
        label: str = "",
        progress: Progress = SILENT,
        report: Reporter = SILENT,
    ) -> bytes:
        """Fetch a small file, such as a key, into memory: at most ``limit`` bytes.

        :raises FetchError: as :meth:`fetch`; 1264 when it is larger.
        """
        attempts = Attempts(source, url, report, never)
        while True:
            try:
                return self._read(source, url, limit, label or public(url).rpartition("/")[2], progress)
            except FetchError as error:
                if not attempts.again(error):
                    raise

    def _read(self, source: RepoSource, url: str, limit: int, label: str, progress: Progress) -> bytes:
        pace = self._pace(source, url)
        body = self._start(source, url, pace)
        task = progress.begin(label, total=body.length)
        try:
            data = bytearray()
            for piece in body.pieces:
                data += piece
                if len(data) > limit:
                    raise FetchError(f"{public(url)}: more than {limit} bytes", number=CURL + TOO_LARGE)
                task.advance(len(piece))
                pace.advance(len(piece))
            return bytes(data)
        finally:
            close(body)
            task.end()

    def _attempt(
        self,
        source: RepoSource,
        url: str,
        item: Item,
        progress: Progress,
        pace: Pace,
        stopped: Callable[[], bool],
    ) -> None:
        body = self._start(source, url, pace)
        task = progress.begin(item.label, total=item.size or body.length)
        try:
            _check_length(url, item, body.length)
            securepath.make_folders(os.path.dirname(item.path))
            token = item.token or temporary.token()
            fd = temporary.create(item.path, token)
            try:
                with open(fd, "wb", buffering=0) as stream:
                    _copy(stream.write, body.pieces, url, item, task, pace)
                    if stopped():
                        raise pace.error(ABORTED, "stopped")
                    if not item.held:
                        put(temporary.name(item.path, token), item.path)
            except BaseException:
                temporary.discard(temporary.name(item.path, token))
                raise
        except OSError as error:
            raise _not_written(error, item) from error
        finally:
            close(body)
            task.end()

    def _pace(self, source: RepoSource, url: str, stopped: Callable[[], bool] = never) -> Pace:
        """Begin an attempt; all transfers of a repository share its ``throttle``."""
        throttle = None
        if source.throttle > 0:
            with self._throttling:
                key = (source.id, source.throttle)
                throttle = self._throttles.setdefault(key, Throttle(source.throttle))
        return Pace(source, url, throttle=throttle, stopped=stopped)

    def _start(self, source: RepoSource, url: str, pace: Pace) -> Body:
        split_url(url)  # what is none is 1204, whatever its scheme
        return open_file(url) if url.startswith("file:") else self._open(source, url, pace)


class LateFetcher(Fetcher):
    """Makes what transports remote files when the first of them is asked for: local ones need nothing.

    :param make: gives the transport; called once, maybe in a thread.
    """

    def __init__(self, make: Callable[[], Fetcher]) -> None:
        super().__init__()
        self._make = make
        self._transport: Fetcher | None = None
        self._lock = threading.Lock()

    def _open(self, source: RepoSource, url: str, pace: Pace) -> Body:
        with self._lock:
            if self._transport is None:
                self._transport = self._make()
        return self._transport._open(source, url, pace)

    def close(self) -> None:
        """Close what was made."""
        if self._transport is not None:
            self._transport.close()


def _wrong_size(text: str, size: int) -> SizeMismatch:
    error = SizeMismatch(text)
    error.size = size
    return error


def _check_length(url: str, item: Item, length: int) -> None:
    if item.size and length and length != item.size:
        raise _wrong_size(f"{public(url)} has {length} bytes, its metadata says {item.size}", length)
    if length > (item.size or item.limit):
        raise MetadataError(f"{public(url)} has {length} bytes, more than {item.limit} are not accepted")


def _copy(
    write: Callable[[memoryview], int],
    pieces: Iterator[bytes],
    url: str,
    item: Item,
    task: Task,
    pace: Pace,
) -> None:
    digest = new_digest(item.checksum) if item.checksum else None
    ceiling = item.size or item.limit
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > ceiling:
            # Not one byte more is read: the sender may never end.
            if item.size:
                raise _wrong_size(f"{public(url)} has more than the {item.size} bytes of its metadata", total)
            raise MetadataError(f"{public(url)} has more than {ceiling} bytes, which are not accepted")
        if digest is not None:
            digest.update(piece)
        view = memoryview(piece)
        while view:
            view = view[write(view) :]
        task.advance(len(piece))
        pace.advance(len(piece))
    if item.size and total != item.size:
        raise _wrong_size(f"{public(url)} has {total} bytes, its metadata says {item.size}", total)
    if digest is not None and item.checksum and digest.hexdigest() != item.checksum.hex:
        actual, stated = digest.hexdigest(), item.checksum
        raise ChecksumMismatch(f"{public(url)}: {stated.kind} is {actual}, its metadata says {stated.hex}")


def put(temporary_path: str, path: str) -> None:
    """Give a complete file its name.

    :raises OSError: naming ``path``, such as when a directory has that name.
    """
    try:
        securepath.replace(temporary_path, path)
    except IsADirectoryError as error:
        raise IsADirectoryError(error.errno, "a directory stands where the file belongs", path) from error


def _not_written(error: OSError, item: Item) -> PkgmanError:
    """Return the error for a file that could not be written; a full disk is told with what is missing."""
    if error.filename or error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return system_error(error)
    line = f"{item.path}: {error.strerror}"
    try:
        status = os.statvfs(os.path.dirname(item.path))
    except OSError:
        return system_error(error, line)
    free = status.f_bavail * status.f_frsize
    if item.size > free:
        line += f": {item.size} bytes are needed, {free} are free, {item.size - free} are missing"
    return system_error(error, line)


def open_file(url: str) -> Body:
    """Open a ``file:`` URL as curl does, if it is a regular file.

    :raises FetchError: 1238 when it cannot be read, 1204 when it is malformed.
    """
    stream = open_local(url)

    def pieces() -> Iterator[bytes]:
        with stream:
            while piece := stream.read(PIECE):
                yield piece

    return Body(os.fstat(stream.fileno()).st_size, pieces(), stream.close)


def new_digest(checksum: Checksum) -> hashlib._Hash:
    """Return a hash object for a checksum's kind.

    :raises PkgmanError: 2600 when this system forbids it.
    """
    try:
        return hashlib.new(checksum.kind)
    except ValueError as error:
        raise PkgmanError(f"checksums of kind {checksum.kind} cannot be made here", number=2600) from error


def file_digest(path: str, checksum: Checksum) -> str:
    """Return the digest of a regular file, in the kind of ``checksum``, hexadecimal.

    :raises OSError: when it cannot be read.
    """
    digest = new_digest(checksum)
    buffer = bytearray(PIECE)
    view = memoryview(buffer)
    with open_regular(path) as stream:
        while amount := stream.readinto(buffer):
            digest.update(view[:amount])
    return digest.hexdigest()


def sha256(data: bytes) -> str:
    """SHA-256 of ``data``, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def close(body: Body) -> None:
    """End a transfer that may not be complete, or not even begun to be read."""
    end = getattr(body.pieces, "close", None)
    if end is not None:
        end()
    body.release()
