"""Where to put what is needed for a moment: containers have a tiny /tmp, or a full one.

A folder made here is locked as long as its process lives, so that the next run knows which ones a killed
run left.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress

ROOM = 4 << 20  # bytes; what is put there may be larger, and then says so itself
PACKAGE, RUN = "tdnf-package-", "tdnf-run-"  # what folders are called: of one package's copy, of one run
PREFIXES = (PACKAGE, RUN, "tdnf-keys-")  # the last: key rings, which were made before keys were judged here
_LARGER = "/var/tmp"  # noqa: S108 - kept on disk by convention, and nothing of foreseeable name is put there

_locks: dict[str, int] = {}  # path of a folder -> descriptor that holds its lock


def folder(*others: str) -> str | None:
    """Return the first folder with room: the system's temporary one, one of ``others``, /var/tmp.

    None when there is none: whoever makes a file then says why that is not possible.
    """
    return next((place for place in places(*others) if _has_room(place)), None)


def places(*others: str) -> list[str]:
    """Return the folders that :func:`folder` looks at."""
    try:
        found = [tempfile.gettempdir(), *others, _LARGER]
    except OSError:  # none of the usual ones can be written
        found = [*others, _LARGER]
    return [place for place in found if place]


def make(prefix: str, where: str | None = None) -> str:
    """Make and lock a folder of our own in ``where``; :func:`discard` removes it."""
    while True:
        path = tempfile.mkdtemp(prefix=prefix, dir=where)
        descriptor = _lock(path)
        if descriptor is not None:
            _locks[path] = descriptor
            return path
        # Another run took it for one that was left, in the moment before it was locked.


def discard(path: str) -> None:
    """Remove a folder of :func:`make`."""
    shutil.rmtree(path, ignore_errors=True)
    descriptor = _locks.pop(path, None)
    if descriptor is not None:
        os.close(descriptor)


def sweep(*others: str) -> None:
    """Remove what killed runs of the same user left in the folders that :func:`folder` looks at."""
    for place in places(*others):
        with suppress(OSError):
            for name in os.listdir(place):
                if name.startswith(PREFIXES):
                    _sweep_one(os.path.join(place, name))


def _sweep_one(path: str) -> None:
    with suppress(OSError):
        found = os.lstat(path)
        if path in _locks or not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            return
        descriptor = _lock(path)
        if descriptor is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(descriptor)


def _lock(path: str) -> int | None:
    """Lock a folder; None when a living process has it, or when it is not there any more."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.stat(path)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _has_room(place: str) -> bool:
    try:
        status = os.statvfs(place)
    except OSError:
        return False
    return os.access(place, os.W_OK) and status.f_bavail * status.f_frsize >= ROOM
