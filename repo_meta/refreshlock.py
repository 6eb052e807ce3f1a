"""One run at a time changes the cache of a repository, whoever runs it.

tdnf's instance lock is root's alone. This one is a file in the repository's own folder, so runs on
different caches or repositories do not wait for each other. Readers take no lock: what they read is
complete at any time.
"""

from __future__ import annotations

import errno
import fcntl
import os
from typing import TYPE_CHECKING

from pkgman.model import securepath
from repo_meta import cache, temporary

if TYPE_CHECKING:
    from types import TracebackType

    from pkgman.model.progress import Reporter
    from pkgman.model.repo import RepoSource

_BUSY = (errno.EAGAIN, errno.EACCES)


class RefreshLock:
    """A context in which no other run changes what is cached of ``source``.

    Where there can be no lock (a file system without any, a folder of another user's) the work goes on
    without; what may not be written is told by the writing itself.

    :ivar waited: another run had the lock, so the cache is to be looked at again.
    """

    def __init__(self, source: RepoSource, report: Reporter) -> None:
        self._source, self._report = source, report
        self._path = cache.lock_path(source)
        self._fd = -1
        self.waited = False

    def __enter__(self) -> RefreshLock:
        """Take the lock.

        :raises OSError: when the repository's folder cannot be made.
        """
        while self._fd < 0:
            cache.prepare(self._source)
            try:
                fd = securepath.open_own(self._path, 0o600)
            except PermissionError:
                break
            except FileNotFoundError:
                continue  # somebody cleaned the cache meanwhile
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.EISDIR, errno.EMLINK, errno.ENXIO):
                    raise
                securepath.remove_tree(self._path)  # nothing of ours
                continue
            if not self._take(fd):
                break
        return self

    def _take(self, fd: int) -> bool:
        """Wait for the lock; False when there can be none. It counts if the file is still in its place."""
        try:
            self._wait(fd)
        except OSError:  # such as ENOLCK
            os.close(fd)
            return False
        except BaseException:
            os.close(fd)
            raise
        try:
            if self._is_current(fd):
                self._fd = fd
        finally:
            if self._fd < 0:
                os.close(fd)
        return True

    def _wait(self, fd: int) -> None:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _BUSY:
                raise
            if not self.waited:
                self._report.diagnostic(f"waiting for another run that refreshes '{self._source.name}'")
            self.waited = True
            fcntl.flock(fd, fcntl.LOCK_EX)

    def _is_current(self, fd: int) -> bool:
        mine = os.fstat(fd)
        try:
            there = securepath.stat(self._path)
        except FileNotFoundError:
            return False  # any other error would come again
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd < 0:
            return
        try:
            # Removed while it is held: whoever waits for it finds that, and makes another one.
            temporary.discard(self._path)
        finally:
            os.close(self._fd)
            self._fd = -1
