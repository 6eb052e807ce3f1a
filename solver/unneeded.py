"""Installed packages that nothing installed depends on (tdnf contract, commands 5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

from solver import rich

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
_BACKWARD = (solv.SOLVABLE_SUPPLEMENTS, solv.SOLVABLE_ENHANCES)


def find(pool: Pool, names: AbstractSet[str], kept: AbstractSet[int] = frozenset()) -> tuple[int, ...]:
    """Return the installed packages named in ``names`` that nothing else depends on.

    Names, provides and files count, in strong, weak and backward relations. Packages
    that only depend on each other are found as well: what is needed is what can be
    reached from the packages that are not in ``names``, or are among the handles ``kept``.
    What supplements or enhances a needed package is needed, too.
    """
    if pool.installed is None:
        return ()
    raw = pool.prepare(file_provides=True)
    candidates = {s.id for s in pool.installed.solvables if s.name in names} - kept
    needed = {s.id for s in pool.installed.solvables} - candidates
    waiting = sorted(needed)
    providers: dict[int, frozenset[int]] = {}
    while waiting and candidates:
        _reach(raw, waiting, candidates, providers)
        needed = {s.id for s in pool.installed.solvables} - candidates
        waiting = [handle for handle in sorted(candidates) if _attends(raw, handle, needed)]
        candidates.difference_update(waiting)
    return tuple(sorted(candidates))


def _reach(
    raw: solv.Pool, waiting: list[int], candidates: set[int], providers: dict[int, frozenset[int]]
) -> None:
    """Take from ``candidates`` all that can be reached from ``waiting``, which is empty afterwards."""
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


def _attends(raw: solv.Pool, handle: int, needed: AbstractSet[int]) -> bool:
    """Say whether a package supplements or enhances one of ``needed``."""
    solvable = raw.id2solvable(handle)
    return any(
        rich.met(raw, str(dependency), needed)
        for key in _BACKWARD
        for dependency in solvable.lookup_deparray(key)
    )
