"""The proof that a package file was verified, and that it is still the same file."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from pkgman.model.errors import NotTrusted, PkgmanError, system_error
from pkgman.transaction import scratch

if TYPE_CHECKING:
    from pkgman.model.package import Package

SWAPPED = 1514


class Identity(NamedTuple):
    """What makes a file the same one with the same bytes: every write changes ``ctime_ns``."""

    device: int
    inode: int
    size: int  # bytes
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, fd: int) -> Identity:
        """Return the identity of an open file."""
        found = os.fstat(fd)
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class VerifiedFile(NamedTuple):
    """A package file that passed :func:`pkgman.transaction.verify.verify`; nothing else is ever run.

    ``copy`` is a private copy, made where somebody other than root can write to
    the file, else ""; :meth:`open` gives the verified bytes in both cases. ``signed``
    says that a signature was asked for and is a trusted key's.
    """

    package: Package
    path: str
    identity: Identity
    copy: str = ""
    signed: bool = False

    def open(self) -> int:
        """Return a new descriptor of the verified file, at its beginning; the caller closes it.

        :raises NotTrusted: 1514 if the file is another one than the verified one.
        :raises PkgmanError: 1600 + errno if it cannot be opened.
        """
        fd = open_file(self.copy or self.path)
        if Identity.of(fd) != self.identity:
            os.close(fd)
            raise NotTrusted(f"{self.path}: the file was changed after it had been verified", number=SWAPPED)
        return fd

    def close(self) -> None:
        """Remove the private copy, if there is one."""
        if self.copy:
            scratch.discard(os.path.dirname(self.copy))


def open_file(path: str) -> int:
    """Open a regular file for reading; no FIFO or device makes us wait.

    :raises PkgmanError: 1600 + errno, 1622 if it is no regular file.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise system_error(error) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise PkgmanError(f"{path}: not a regular file")
    return fd
