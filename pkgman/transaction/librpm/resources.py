"""What librpm must have before it begins: without, it stops in the middle or ends the process."""

from __future__ import annotations

import errno
import os
import resource

from pkgman.model.errors import PkgmanError

_FILES = 16  # that librpm, its database and one script have open at once
_MEMORY = 32 << 20  # bytes that librpm takes for a small transaction
_LARGEST = 32 << 20  # bytes; the database of a small system


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
    try:
        bytes(_MEMORY)  # the system gives zeros on demand, so nothing is written
    except MemoryError as error:
        text = f"There is not enough memory: a transaction needs {_MEMORY >> 20} MiB more."
        raise PkgmanError(text, number=1600 + errno.ENOMEM) from error
