"""Where to put what is needed for a moment: containers have a tiny /tmp, or a full one."""

from __future__ import annotations

import os
import tempfile

ROOM = 4 << 20  # bytes; an rpm database with some keys has a quarter of that
_LARGER = "/var/tmp"  # noqa: S108 - kept on disk by convention, and nothing of foreseeable name is put there


def folder(*others: str) -> str | None:
    """Return the first folder with room: the system's temporary one, one of ``others``, /var/tmp.

    None when there is none: whoever makes a file then says why that is not possible.
    """
    try:
        places = [tempfile.gettempdir(), *others, _LARGER]
    except OSError:  # none of the usual ones can be written
        places = [*others, _LARGER]
    return next((place for place in places if place and _has_room(place)), None)


def _has_room(place: str) -> bool:
    try:
        status = os.statvfs(place)
    except OSError:
        return False
    return os.access(place, os.W_OK) and status.f_bavail * status.f_frsize >= ROOM
