"""Installed packages that nothing installed depends on (tdnf contract, commands 5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from solver.pool import Pool

_KEYS = (
    solv.SOLVABLE_REQUIRES,
    solv.SOLVABLE_RECOMMENDS,
    solv.SOLVABLE_SUGGESTS,
    solv.SOLVABLE_SUPPLEMENTS,
    solv.SOLVABLE_ENHANCES,
)


def find(pool: Pool, names: AbstractSet[str]) -> tuple[int, ...]:
    """Return the installed packages named in ``names`` that no other one depends on.

    Names, provides and files count, in strong, weak and backward relations.
    """
    if pool.installed is None:
        return ()
    raw = pool.prepare(file_provides=True)
    candidates = {s.id for s in pool.installed.solvables if s.name in names}
    needed: set[int] = set()
    providers: dict[int, frozenset[int]] = {}
    for solvable in pool.installed.solvables:
        for key in _KEYS:
            for dependency in solvable.lookup_idarray(key):
                if dependency not in providers:
                    found = raw.whatprovides(dependency)
                    providers[dependency] = frozenset(s.id for s in found) & candidates
                needed |= providers[dependency] - {solvable.id}
    return tuple(sorted(candidates - needed))
