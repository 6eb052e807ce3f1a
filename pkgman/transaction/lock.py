"""One instance at a time: tdnf's instance lock (tdnf contract, commands 1.1)."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from pkgman.model.progress import Reporter

LOCK_PATH = "/var/run/.tdnf-instance-lockfile"


class InstanceLock:
    """A context in which no other instance runs.

    A busy lock is announced once and waited for without limit. A lock that
    cannot be taken at all is reported, and the work goes on, as in tdnf.
    """

    def __init__(
        self, report: Reporter, path: str = "", *, announce: Callable[[str], None] | None = None
    ) -> None:
        self._report = report
        self._announce = announce or report.result  # that somebody else is waited for
        self._path = path or LOCK_PATH
        self._fd = -1
        self._announced = False

    def __enter__(self) -> InstanceLock:
        try:
            while self._fd < 0:
                self._acquire()
        except OSError as error:
            reason = error.strerror or str(error)
            self._report.diagnostic(f"can't create tdnf_instance lock on {self._path} ({reason})")
            self._report.diagnostic("Failed to acquire tdnf_instance lock")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd < 0:
            return
        try:
            # Unlinked while the lock is held: nobody else's file can be meant.
            os.unlink(self._path)
        except OSError:
            self._report.diagnostic(f"WARNING: Unable to remove lockfile({self._path})")
        finally:
            os.close(self._fd)
            self._fd = -1

    def _acquire(self) -> None:
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            self._wait(fd)
            if not self._is_current(fd):
                return  # its owner removed it while we waited: there may be a new one
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
            self._fd = fd
        finally:
            if self._fd != fd:
                os.close(fd)

    def _wait(self, fd: int) -> None:
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # POSIX lets systems choose EAGAIN or EACCES
            if not self._announced:
                self._announce(f"waiting for tdnf_instance lock on {self._path}")
                self._report.flush()
                self._announced = True
            fcntl.lockf(fd, fcntl.LOCK_EX)

    def _is_current(self, fd: int) -> bool:
        mine = os.fstat(fd)
        try:
            there = os.stat(self._path, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
