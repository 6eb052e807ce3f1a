"""Did a file that no known package provides shape a solution?

Primary metadata names only some files; the others stand in the filelists, which
cost a second to read. A package that requires such a file looks uninstallable:
that shows as a problem, or not at all when the solver takes another package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

from solver import problems
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
    whole_system: bool,
) -> bool:
    """Say whether the files ``missing`` may have shaped a solution.

    :param new: the packages that the solution brings.
    :param whole_system: the request was to update everything.
    """
    raw: solv.Pool = pool.prepare(file_provides=True)
    blocked: set[int] = set()
    for path in missing:
        blocked.update(s.id for s in raw.whatmatchesdep(solv.SOLVABLE_REQUIRES, raw.str2id(clean(path))))
    blocked.difference_update(new)
    blocked = {handle for handle in blocked if not raw.id2solvable(handle).isinstalled()}
    if not blocked:
        return False
    if any(blocked & problems.packages(problem) for problem in found_problems):
        return True
    return _passed_over(pool, blocked, new, whole_system) or _unused(raw, blocked, new)


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
