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
    :param newest: of each name and arch in a repository take the highest evr only.
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
    """Return the highest evr of each name and arch; src and nosrc are arches, too."""
    best: dict[tuple[int, int], list[int]] = {}  # the one that is highest, or the equal ones
    for solvable in solvables:
        kept = best.setdefault((solvable.nameid, solvable.archid), [])
        order = solvable.evrcmp(pool.raw.id2solvable(kept[0])) if kept else 0
        if order > 0:
            kept.clear()
        if order >= 0:
            kept.append(solvable.id)
    return sorted(handle for group in best.values() for handle in group)
