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


def find(pool: Pool, names: AbstractSet[str], kept: AbstractSet[int] = frozenset()) -> tuple[int, ...]:
    """Return the installed packages named in ``names`` that nothing else depends on.

    Names, provides and files count, in strong, weak and backward relations. Packages
    that only depend on each other are found as well: what is needed is what can be
    reached from the packages that are not in ``names``, or are among the handles ``kept``.
    """
    if pool.installed is None:
        return ()
    raw = pool.prepare(file_provides=True)
    candidates = {s.id for s in pool.installed.solvables if s.name in names} - kept
    waiting = [s.id for s in pool.installed.solvables if s.id not in candidates]
    providers: dict[int, frozenset[int]] = {}
    while waiting and candidates:
        solvable = raw.id2solvable(waiting.pop())
        for key in _KEYS:
            for dependency in solvable.lookup_idarray(key):
                if dependency not in providers:
                    found = raw.whatprovides(dependency)
                    providers[dependency] = frozenset(s.id for s in found)
                reached = providers[dependency] & candidates
                candidates -= reached
                waiting.extend(reached)
    return tuple(sorted(candidates))
