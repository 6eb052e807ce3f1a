"""Installed packages that no other installed package requires or recommends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

from solver import select

if TYPE_CHECKING:
    from solver.pool import Pool

_KEYS = (solv.SOLVABLE_REQUIRES, solv.SOLVABLE_RECOMMENDS)


def find(pool: Pool) -> tuple[int, ...]:
    """Return the leaves, sorted by name.

    Names, provides and files count. Of several packages that provide the same, none is a leaf.
    """
    if pool.installed is None:
        return ()
    raw = pool.prepare(file_provides=True)
    needed: set[int] = set()
    seen: dict[int, frozenset[int]] = {}  # the providers of each relation
    for solvable in pool.installed.solvables:
        for key in _KEYS:
            for relation in solvable.lookup_idarray(key):
                if relation not in seen:
                    seen[relation] = frozenset(s.id for s in raw.whatprovides(relation))
                needed |= seen[relation] - {solvable.id}
    return select.in_order(pool, (s.id for s in pool.installed.solvables if s.id not in needed))
