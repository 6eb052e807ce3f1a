"""Did a file that no known package provides shape a solution?

Primary metadata names only some files; the others stand in the filelists, which
cost a second to read. A package that requires such a file looks uninstallable:
that shows as a problem, or not at all when the solver takes another package.
One that recommends, supplements or conflicts with such a file looks as if it did not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

from solver import problems, rich
from solver.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from solver.pool import Pool

_WANTED = (solv.SOLVABLE_REQUIRES, solv.SOLVABLE_RECOMMENDS)


def matters(
    pool: Pool,
    missing: AbstractSet[str],
    found_problems: Iterable[solv.Problem],
    new: tuple[int, ...],
    *,
    whole_system: bool,
    weak: bool,
) -> bool:
    """Say whether the files ``missing`` may have shaped a solution.

    :param new: the packages that the solution brings.
    :param whole_system: the request was to update everything.
    :param weak: the solution has what is recommended, or supplements.
    """
    raw: solv.Pool = pool.prepare(file_provides=True)
    if new and (_forbidden(raw, missing, new) or (weak and _invited(pool, missing, new))):
        return True
    blocked = _wanting(raw, solv.SOLVABLE_REQUIRES, missing).difference(new)
    blocked = {handle for handle in blocked if not raw.id2solvable(handle).isinstalled()}
    if not blocked:
        return False
    if any(blocked & problems.packages(problem) for problem in found_problems):
        return True
    return _passed_over(pool, blocked, new, whole_system) or _unused(raw, blocked, new)


def _wanting(raw: solv.Pool, key: int, paths: Iterable[str]) -> set[int]:
    """Return the packages with a relation on one of ``paths``."""
    return {s.id for path in paths for s in raw.whatmatchesdep(key, raw.str2id(clean(path)))}


def _forbidden(raw: solv.Pool, missing: AbstractSet[str], new: tuple[int, ...]) -> bool:
    """Say whether a package that comes or is there conflicts with one of the files."""
    hostile = _wanting(raw, solv.SOLVABLE_CONFLICTS, missing)
    return any(handle in new or raw.id2solvable(handle).isinstalled() for handle in hostile)


def _invited(pool: Pool, missing: AbstractSet[str], new: tuple[int, ...]) -> bool:
    """Say whether a new package recommends one of the files, or another supplements it."""
    raw = pool.raw
    if not _wanting(raw, solv.SOLVABLE_RECOMMENDS, missing).isdisjoint(new):
        return True
    offered = _wanting(raw, solv.SOLVABLE_SUPPLEMENTS, missing).difference(new)
    solvables = [s for s in map(raw.id2solvable, offered) if not s.isinstalled() and s.installable()]
    if not solvables:
        return False
    present = {*new, *(s.id for s in pool.installed.solvables)} if pool.installed else set(new)
    return any(
        rich.met(raw, str(relation), present, assumed=missing)
        for solvable in solvables
        for relation in solvable.lookup_deparray(solv.SOLVABLE_SUPPLEMENTS)
    )


def _passed_over(pool: Pool, blocked: set[int], new: tuple[int, ...], whole_system: bool) -> bool:
    """Say whether a better version of a name that the solution has was not taken."""
    names: dict[str, list[solv.XSolvable]] = {}
    for handle in new:
        solvable = pool.raw.id2solvable(handle)
        names.setdefault(solvable.name, []).append(solvable)
    if whole_system and pool.installed is not None:
        for solvable in pool.installed.solvables:
            names.setdefault(solvable.name, []).append(solvable)
    for handle in blocked:
        solvable = pool.raw.id2solvable(handle)
        taken = names.get(solvable.name)
        if taken and all(solvable.evrcmp(other) > 0 for other in taken):
            return True
    return False


def _unused(raw: solv.Pool, blocked: set[int], new: tuple[int, ...]) -> bool:
    """Say whether a new package wants something that a blocked package provides."""
    wanted: set[int] = set()
    for handle in new:
        solvable = raw.id2solvable(handle)
        for key in _WANTED:
            wanted.update(solvable.lookup_idarray(key))
    return any(s.id in blocked for dependency in wanted for s in raw.whatprovides(dependency))
