"""Whether there is memory, asked before libsolv does: it ends the process when it gets none."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

from pkgman.model.errors import PkgmanError

if TYPE_CHECKING:
    import solv

_NUMBER = 1612  # ENOMEM
_SPARE = 16 << 20  # bytes
_INDEX, _SOLVE = 500, 2000  # bytes for each package of the pool; measured are 250 and 900


def ensure_for_index(raw: solv.Pool) -> None:
    """Make sure that the index of a pool can be made; raises as :func:`ensure`."""
    ensure(_INDEX * _packages(raw))


def ensure_for_solving(raw: solv.Pool) -> None:
    """Make sure that a pool can be solved; raises as :func:`ensure`."""
    ensure(_SOLVE * _packages(raw))


def _packages(raw: solv.Pool) -> int:
    return sum(int(repo.nsolvables) for repo in raw.repos)


def ensure(size: int) -> None:
    """Make sure that ``size`` bytes, and some to spare, can be had.

    :raises PkgmanError: 1612 when they cannot.
    """
    try:
        # Nothing is written there; a bytes object may come from the heap, which is filled with zeros.
        mmap.mmap(-1, size + _SPARE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (MemoryError, OSError) as error:
        text = f"There is not enough memory: {(size + _SPARE) >> 20} MiB more are needed."
        raise PkgmanError(text, number=_NUMBER) from error
