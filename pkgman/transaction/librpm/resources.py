"""What librpm must have before it begins: without, it stops in the middle or ends the process."""

from __future__ import annotations

import errno
import os
import resource

from pkgman.model.errors import PkgmanError

_FILES = 16  # that librpm, its database and one script have open at once
_MEMORY = 32 << 20  # bytes that librpm takes for a small transaction
_LOADING = 24 << 20  # bytes that its libraries take, and reading a database
_LARGEST = 32 << 20  # bytes; the database of a small system


def ensure_loading() -> None:
    """Make sure that librpm can be loaded and read its database: without memory it ends the process.

    :raises PkgmanError: 1612, where memory is limited and not enough is left.
    """
    if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
        _ensure_memory(_LOADING, "librpm")


def ensure() -> None:
    """Make sure that librpm will have files, memory and room in a file for its database.

    :raises PkgmanError: 1624, 1612 or 1627, before anything is done.
    """
    largest = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if 0 <= largest < _LARGEST:
        text = f"A file may have {largest} bytes only, and rpm's database needs more: raise ulimit -f."
        raise PkgmanError(text, number=1600 + errno.EFBIG)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = len(os.listdir("/proc/self/fd")) + _FILES if os.path.isdir("/proc/self/fd") else 2 * _FILES
    if 0 <= soft < needed:
        if 0 <= hard < needed:
            text = f"Only {soft} files may be open, a transaction needs {needed}: raise ulimit -n."
            raise PkgmanError(text, number=1600 + errno.EMFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    _ensure_memory(_MEMORY, "a transaction")


def _ensure_memory(size: int, what: str) -> None:
    try:
        bytes(size)  # the system gives zeros on demand, so nothing is written
    except MemoryError as error:
        text = f"There is not enough memory: {what} needs {size >> 20} MiB more."
        raise PkgmanError(text, number=1600 + errno.ENOMEM) from error
