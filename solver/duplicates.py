"""Packages that are installed in several versions though one replaces the other.

A transaction that is killed between the arrival of a package and the removal of its old version
leaves both in the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

from solver import query, select
from solver.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pkgman.model.request import Policy, Request
    from pkgman.model.transaction import Step
    from solver.filters import Filters
    from solver.pool import Pool

# What distributions mark as made to stand side by side, whether the configuration names it or not.
_SIDE_BY_SIDE = (
    "kernel", "linux", "kernel-uname-r", "installonlypkg(kernel)", "installonlypkg(kernel-module)",
    "installonlypkg(vm)", "multiversion(kernel)",
)  # fmt: skip


def find(
    pool: Pool, installonly: Sequence[str], among: Iterable[int] | None = None
) -> tuple[tuple[int, ...], ...]:
    """Return groups of installed packages of which one replaces the others, the oldest version first.

    Those are packages with one name and arch; a ``noarch`` package is replaced by its name in any arch.

    :param installonly: capabilities of packages that may be there several times.
    :param among: handles of installed packages; None for all.
    """
    names: dict[int, list[solv.XSolvable]] = {}
    handles = query.installed(pool) if among is None else among
    for solvable in map(pool.raw.id2solvable, handles):
        names.setdefault(solvable.nameid, []).append(solvable)
    several = [
        group for found in names.values() if len(found) > 1 for group in _by_arch(found) if len(group) > 1
    ]
    if not several:
        return ()
    raw = pool.prepare()
    numbers = [query.relation(raw, clean(text)) for text in (*installonly, *_SIDE_BY_SIDE)]
    wanted = {s.id for number in numbers if number for s in raw.whatprovides(number)}
    return tuple(
        tuple(solvable.id for solvable in sorted(group, key=_Order))
        for group in several
        if not any(solvable.id in wanted for solvable in group)
    )


def lines(pool: Pool, groups: Iterable[Sequence[int]]) -> tuple[str, ...]:
    """Return one line per group: what is there twice, and what mends it."""
    found = []
    for group in groups:
        packages = tuple(query.packages(pool, group))
        if len({package.arch for package in packages}) == 1:
            name, versions = f"{packages[0].name}.{packages[0].arch}", [package.evr for package in packages]
        else:
            name, versions = packages[0].name, [f"{package.evr}.{package.arch}" for package in packages]
        found.append(
            f"duplicate: {name} is installed as {', '.join(versions)}: a transaction was cut short. "
            "'tdnf update' removes the older ones."
        )
    return tuple(found)


def named(pool: Pool, request: Request, groups: Iterable[Sequence[int]]) -> Request:
    """Return a request to update everything with the names of the groups beside it.

    For libsolv one of two installed versions is the update of the other, and that is all it does.
    """
    if not request.update_all:
        return request
    names = dict.fromkeys(str(pool.raw.id2solvable(group[-1]).name) for group in groups)
    return request._replace(update=(*request.update, *names))


def jobs(
    pool: Pool, request: Request, policy: Policy, sieve: Filters, groups: Iterable[Sequence[int]]
) -> list[tuple[int, int]]:
    """Return jobs that remove all but the newest of each group that an update is about.

    They are weak: what something else needs stays. So does what is locked.
    """
    every = request.update_all or request.distro_sync
    named = {handle for word in request.update for handle in select.find(pool, word).handles}
    how = solv.Job.SOLVER_ERASE | solv.Job.SOLVER_SOLVABLE | solv.Job.SOLVER_WEAK
    return [
        (how, handle)
        for group in groups
        if every or not named.isdisjoint(group)
        for handle in group[:-1]
        if handle not in sieve.kept and pool.raw.id2solvable(handle).name not in policy.locks
    ]


def remaining(groups: Iterable[Sequence[int]], steps: Iterable[Step]) -> list[Sequence[int]]:
    """Return the groups of which more than one version stays."""
    gone = {package.handle for step in steps for package in (step.package, *step.replaces)}
    return [group for group in groups if len(set(group) - gone) > 1]


def _by_arch(packages: Iterable[solv.XSolvable]) -> Iterable[list[solv.XSolvable]]:
    """Group packages of one name by arch; those without an arch join the newest of the others."""
    groups: dict[str, list[solv.XSolvable]] = {}
    for solvable in packages:
        groups.setdefault(solvable.arch, []).append(solvable)
    neutral = groups.pop("noarch", [])
    if neutral:
        newest = max(groups.values(), key=lambda group: _Order(max(group, key=_Order)), default=neutral)
        if newest is not neutral:
            newest.extend(neutral)
        else:
            groups["noarch"] = neutral
    return groups.values()


class _Order:
    """Sorts installed packages by version."""

    def __init__(self, solvable: solv.XSolvable) -> None:
        self._solvable = solvable

    def __lt__(self, other: _Order) -> bool:
        return bool(self._solvable.evrcmp(other._solvable) < 0)
