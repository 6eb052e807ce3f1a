"""Put a damaged file aside: nothing is deleted, and a new one can begin in its place."""

from __future__ import annotations

import os


def set_aside(path: str) -> str:
    """Rename an sqlite file and what belongs to it, so that a new one can begin; return the new path.

    :raises OSError: when that is not possible.
    """
    number, place = 1, f"{path}.damaged"
    while os.path.lexists(place):
        number, place = number + 1, f"{path}.damaged-{number + 1}"
    os.rename(path, place)
    if os.path.lexists(f"{path}-journal"):  # of the damaged one: it would be applied to the new one
        os.rename(f"{path}-journal", f"{place}-journal")
    return place
