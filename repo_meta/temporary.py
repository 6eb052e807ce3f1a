"""Files that are not complete yet: beside their place, under names that nobody can foresee.

A name is ``PLACE.HEX.tmp``. It is created, never opened, so a link that somebody put in the way is
not followed. Its writer holds a lock on it, so what a killed run left is told from what is still
being written.

Paths here and wherever files are put have no links in them: see :mod:`pkgman.model.securepath`.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from pkgman.model import securepath

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 200  # bytes of a file name that are kept; 255 are allowed
_HEX = frozenset("0123456789abcdef")
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def token() -> str:
    """Return the part of a temporary name that nobody can foresee."""
    return os.urandom(6).hex()


def name(path: str, token: str) -> str:
    """Return the temporary name for ``path``."""
    return f"{os.path.dirname(path)}/{_stem(path)}.{token}.tmp"


def create(path: str, token: str) -> int:
    """Create the temporary file for ``path``, empty, mode 0644, and return a descriptor to write to.

    :raises OSError: when that is not possible; also when anything has that name already.
    """
    while True:
        fd = securepath.open_file(name(path, token), _CREATE)
        try:
            with suppress(OSError):  # where files cannot be locked, nothing is swept either
                fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink:
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)  # somebody was sweeping and took it for a leftover


def discard(path: str) -> None:
    """Remove a file if it is there; used on the way out, so it raises nothing."""
    try:
        securepath.unlink(path)
    except OSError:
        return


def is_one(path: str) -> bool:
    """Say whether a file has the name of a temporary one."""
    return bool(_origin(os.path.basename(path)))


def sweep(paths: Iterable[str]) -> None:
    """Remove what killed runs left of these files; what is still being written stays."""
    stems: dict[str, set[str]] = {}
    for path in paths:
        stems.setdefault(os.path.dirname(path), set()).add(_stem(path))
    for directory, wanted in stems.items():
        try:
            names = securepath.names(directory)
        except OSError:
            continue
        for entry in names:
            if _origin(entry) in wanted:
                _remove_left(f"{directory}/{entry}")


def sweep_folder(folder: str, ending: str = "") -> None:
    """Remove what killed runs left in a folder of files whose names end so; others may have such names, too.

    What is still being written stays, and what lies further below.
    """
    try:
        names = securepath.names(folder)
    except OSError:
        return
    for entry in names:
        origin = _origin(entry)
        if origin and (origin.endswith(ending) or len(os.fsencode(origin)) == _LONGEST):
            _remove_left(f"{folder}/{entry}")


def _origin(entry: str) -> str:
    """Return the stem that a temporary name was made of, ``""`` when it is none."""
    stem, dot, ending = entry.rpartition(".")
    if not dot or ending != "tmp":
        return ""
    shorter, dot, middle = stem.rpartition(".")
    return shorter if dot and len(middle) == 12 and _HEX.issuperset(middle) else ""


def _remove_left(path: str) -> None:
    try:
        fd = securepath.open_file(path)
    except OSError:
        if os.path.islink(path):
            discard(path)
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        discard(path)  # under the lock: who creates one waits for it, and then looks whether it is there
    except OSError:
        return  # it is being written
    finally:
        os.close(fd)


def _stem(path: str) -> str:
    return os.fsdecode(os.fsencode(os.path.basename(path))[:_LONGEST])
