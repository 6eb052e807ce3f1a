"""What a mirror takes of the repositories: by architecture, the newest only (tdnf contract, commands 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import solv

    from solver.pool import Pool


def available(
    pool: Pool, *, arches: frozenset[str] = frozenset(), newest: bool = False
) -> dict[str, list[int]]:
    """Return the packages of each repository, in its order; a repository without any is left out.

    :param arches: take these only; empty for all.
    :param newest: of each name in a repository take the highest evr only; of all its arches that have it.
    """
    found: dict[str, list[int]] = {}
    for repo in pool.raw.repos:
        if pool.installed is not None and repo.id == pool.installed.id:
            continue
        solvables: Iterable[solv.XSolvable] = repo.solvables_iter()
        if arches:
            solvables = (solvable for solvable in solvables if solvable.arch in arches)
        handles = _newest(pool, solvables) if newest else [solvable.id for solvable in solvables]
        if handles:
            found[repo.name] = handles
    return found


def _newest(pool: Pool, solvables: Iterable[solv.XSolvable]) -> list[int]:
    best: dict[int, int | list[int]] = {}  # number of the name -> the one that is highest, or the equal ones
    for solvable in solvables:
        kept = best.setdefault(solvable.nameid, solvable.id)
        first = kept if isinstance(kept, int) else kept[0]
        if first == solvable.id:
            continue
        order = solvable.evrcmp(pool.raw.id2solvable(first))
        if order > 0:
            best[solvable.nameid] = solvable.id
        elif order == 0:
            best[solvable.nameid] = [*([kept] if isinstance(kept, int) else kept), solvable.id]
    groups = ([kept] if isinstance(kept, int) else kept for kept in best.values())
    return sorted(handle for group in groups for handle in group)
