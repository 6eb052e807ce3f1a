"""libsolv jobs that hold for every request: locks, marks, install-only names, protection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

from solver import query
from solver.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pkgman.model.request import Policy
    from solver.filters import Filters
    from solver.pool import Pool

_SOLVABLE = solv.Job.SOLVER_SOLVABLE
_ONE_OF = solv.Job.SOLVER_SOLVABLE_ONE_OF


def policy_jobs(pool: Pool, policy: Policy, filters: Filters, locked: Iterable[str]) -> list[tuple[int, int]]:
    """Return the jobs that hold for every request: locks, marks, side-by-side names."""
    raw: solv.Pool = pool.raw
    jobs: list[tuple[int, int]] = []
    by_name = solv.Job.SOLVER_SOLVABLE_NAME
    numbers = (query.relation(raw, clean(text)) for text in policy.installonly)
    several = solv.Job.SOLVER_MULTIVERSION | solv.Job.SOLVER_SOLVABLE_PROVIDES
    jobs += [(several, number) for number in numbers if number]
    jobs += [(solv.Job.SOLVER_LOCK | by_name, raw.str2id(name)) for name in locked]
    jobs += [(solv.Job.SOLVER_LOCK | _SOLVABLE, handle) for handle in sorted(filters.kept)]
    if pool.installed is not None and not policy.ignore_installed:
        auto = policy.auto_installed
        user = [
            s.id
            for s in pool.installed.solvables
            if auto is None or s.name not in auto or s.name in policy.protected
        ]
        if user:
            how = solv.Job.SOLVER_USERINSTALLED | _ONE_OF
            jobs.append((how, raw.towhatprovides(user)))
    return jobs


def protection_jobs(pool: Pool, policy: Policy) -> list[tuple[int, int]]:
    """Return jobs that keep some package of every installed protected name."""
    if policy.ignore_installed or not policy.protected or pool.installed is None:
        return []
    how = solv.Job.SOLVER_INSTALL | solv.Job.SOLVER_SOLVABLE_NAME
    names = {s.name for s in pool.installed.solvables if s.name in policy.protected}
    return [(how, pool.raw.str2id(name)) for name in sorted(names)]
