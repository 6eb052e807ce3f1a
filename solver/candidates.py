"""Which package a name stands for: the best one (tdnf contract, commands 4.1 and 5.1)."""

from __future__ import annotations

from functools import cmp_to_key
from typing import TYPE_CHECKING

import solv

from solver import select

if TYPE_CHECKING:
    from collections.abc import Iterable

    from solver.pool import Pool


class Chooser:
    """Compares packages of one pool.

    :param hidden: handles that may not be chosen.
    """

    def __init__(self, pool: Pool, hidden: frozenset[int]) -> None:
        self._pool = pool
        self._raw: solv.Pool = pool.prepare()
        self._arch = pool.arch
        self._hidden = hidden
        self._arches: dict[frozenset[str], frozenset[str]] = {}

    def solvable(self, handle: int) -> solv.XSolvable:
        """Return libsolv's object for ``handle``."""
        return self._raw.id2solvable(handle)

    def visible(self, handles: Iterable[int]) -> list[int]:
        """Return ``handles`` without the hidden ones."""
        return [handle for handle in handles if handle not in self._hidden]

    def best(self, handles: Iterable[int]) -> int | None:
        """Return the best package: repository priority, then arch, then evr.

        Installed packages stand above priorities; between equals the installed one wins.
        """
        rest = self.best_arch(self.best_priority(self.visible(handles)))
        return self.highest(rest)

    def best_of_names(self, handles: Iterable[int]) -> list[int]:
        """Return the best package of each name, names in the order in which libsolv's policy prefers them.

        Versions of different names say nothing about each other.
        """
        solvables = [self.solvable(handle) for handle in self.visible(handles)]
        return [s.id for s in self._raw.best_solvables(solvables)]

    def best_of_every_name(self) -> list[int]:
        """Return the best package of each name that has one for this machine, by name."""
        every = (solvable for repo in self._raw.repos for solvable in repo.solvables_iter())
        names = sorted({solvable.name for solvable in every if solvable.installable()})
        found = (self.best(select.named(self._pool, name)) for name in names)
        return [handle for handle in found if handle is not None]

    def highest(self, handles: Iterable[int]) -> int | None:
        """Return the highest evr; between equals an installed one, then the first loaded."""
        ranked = self.ranked(handles)
        return ranked[0] if ranked else None

    def lowest(self, handles: Iterable[int]) -> int | None:
        """Return the lowest evr."""
        ranked = self.ranked(handles)
        return ranked[-1] if ranked else None

    def ranked(self, handles: Iterable[int]) -> list[int]:
        """Return ``handles`` by evr, the highest first."""
        return sorted(handles, key=cmp_to_key(self._compare), reverse=True)

    def best_priority(self, handles: Iterable[int]) -> list[int]:
        """Drop, per name, available packages of repositories that are not the best having it."""
        solvables = [self.solvable(handle) for handle in handles]
        top: dict[str, int] = {}
        for solvable in solvables:
            if not solvable.isinstalled():
                priority = solvable.repo.priority
                top[solvable.name] = max(priority, top.get(solvable.name, priority))
        return [s.id for s in solvables if s.isinstalled() or s.repo.priority == top[s.name]]

    def best_arch(self, handles: Iterable[int]) -> list[int]:
        """Drop packages of an arch that is worse than another's in ``handles``."""
        solvables = [self.solvable(handle) for handle in handles]
        arches = frozenset(s.arch for s in solvables)
        if len(arches) > 1:
            kept = self._best_arches(arches)
            solvables = [s for s in solvables if s.arch in kept]
        return [s.id for s in solvables]

    def compare(self, one: int, other: int) -> int:
        """Compare the evr of two packages: negative, zero or positive."""
        return int(self.solvable(one).evrcmp(self.solvable(other)))

    def same(self, one: int, other: int) -> bool:
        """Say whether two packages have the same name, evr and arch."""
        first, second = self.solvable(one), self.solvable(other)
        return first.nameid == second.nameid and first.archid == second.archid and first.evrcmp(second) == 0

    def obsoleter(self, handle: int) -> int:
        """Return what replaces ``handle`` because it provides its name and obsoletes it, or itself."""
        seen = {handle}
        while True:
            target = self.solvable(handle)
            found = [
                s.id
                for s in self._raw.whatprovides(target.nameid)
                if s.nameid != target.nameid and s.id not in seen and _obsoletes(s, target)
            ]
            better = self.best(found)
            if better is None:
                return handle
            seen.add(better)
            handle = better

    def choices(self, word: str) -> list[int]:
        """Return the best package of the name that ``word`` is, or of each name that it matches.

        A name that is installed stands before all others: no second provider comes for it.
        """
        exact = select.named(self._pool, word)
        if exact:
            best = self.best(exact)
            return [] if best is None else [self.obsoleter(best)]
        solvables = [self.solvable(h) for h in self.visible(select.find(self._pool, word).handles)]
        present = {s.name for s in solvables if s.isinstalled()}
        handles = [s.id for s in solvables if not present or s.name in present]
        if len({self.solvable(handle).name for handle in handles}) > 1:
            return self.best_of_names(handles)
        best = self.best(handles)
        return [] if best is None else [best]

    def versions_below(self, best: int, word: str) -> list[int]:
        """Return lower versions of a package's name that ``word`` allows, the highest first.

        None of them is below an installed one.
        """
        own = self.solvable(best)
        arches = {own.arch, "noarch"}
        same = select.named(self._pool, own.name)
        fitting = [s for s in map(self.solvable, self.visible(same)) if s.arch in arches]
        floor = self.highest(s.id for s in fitting if s.isinstalled())
        allowed = {*select.find(self._pool, word).handles, *select.named(self._pool, word)}
        offered = self.best_priority(s.id for s in fitting if s.id in allowed and not s.isinstalled())
        lower = [handle for handle in offered if self.compare(handle, best) < 0]
        return self.ranked(h for h in lower if floor is None or self.compare(h, floor) > 0)

    def _compare(self, one: int, other: int) -> int:
        first, second = self.solvable(one), self.solvable(other)
        order = int(first.evrcmp(second))
        if order:
            return order
        if first.isinstalled() != second.isinstalled():
            return 1 if first.isinstalled() else -1
        priority = int(first.repo.priority - second.repo.priority)
        return priority or other - one

    def _best_arches(self, arches: frozenset[str]) -> frozenset[str]:
        if arches not in self._arches:
            self._arches[arches] = _best_arches(self._arch, arches)
        return self._arches[arches]


def _obsoletes(solvable: solv.XSolvable, target: solv.XSolvable) -> bool:
    return any(
        target.matchesdep(solv.SOLVABLE_NAME, dep.id)
        for dep in solvable.lookup_deparray(solv.SOLVABLE_OBSOLETES)
    )


def _best_arches(machine: str, arches: frozenset[str]) -> frozenset[str]:
    """Ask libsolv's arch policy, in a pool with one package per arch."""
    raw: solv.Pool = solv.Pool()
    raw.disown()
    raw.setdisttype(solv.Pool.DISTTYPE_RPM)
    raw.setarch(machine)
    repo = raw.add_repo("arches")
    for arch in sorted(arches):
        solvable = repo.add_solvable()
        # Names differ, or versions would be compared too and one of two equals dropped.
        solvable.name, solvable.evr, solvable.arch = arch, "1-1", arch
    raw.createwhatprovides()  # without it libsolv crashes
    found = frozenset(solvable.arch for solvable in raw.best_solvables(list(repo.solvables)))
    raw.free()
    return found
