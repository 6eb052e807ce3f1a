"""libsolv's transaction to steps (tdnf contract, commands 5.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

from pkgman.model.transaction import Action, Reason, Step
from solver import query, select

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from solver.pool import Pool

_WEAK = frozenset(
    {
        solv.Solver.SOLVER_REASON_WEAKDEP,
        solv.Solver.SOLVER_REASON_RECOMMENDED,
        solv.Solver.SOLVER_REASON_SUPPLEMENTED,
    }
)


class Outcome:
    """One answer of libsolv's solver.

    :param targets: what the request names.
    :param victims: installed packages that go because of installonly_limit.
    """

    def __init__(
        self, pool: Pool, solver: solv.Solver, targets: AbstractSet[int], victims: AbstractSet[int]
    ) -> None:
        self._pool = pool
        self._solver = solver
        self._targets = targets
        self._victims = victims
        self.transaction: solv.Transaction = solver.transaction()
        self.new: tuple[int, ...] = tuple(s.id for s in self.transaction.newsolvables())

    def by_job(self, handle: int) -> bool:
        """Say whether a job brought the package, and no dependency."""
        solvable = self._pool.raw.id2solvable(handle)
        return self._solver.describe_decision(solvable)[0] == solv.Solver.SOLVER_REASON_RESOLVE_JOB

    def removed(self) -> dict[int, tuple[int, ...]]:
        """Return the installed packages that go, each with the new ones that take its place."""
        gone = [s for s in self.transaction.steps() if s.isinstalled()]
        return {s.id: tuple(o.id for o in self.transaction.allothersolvables(s)) for s in gone}

    def steps(
        self,
        *,
        update_all: bool,
        reinstall_changed: bool,
        asked: AbstractSet[int],
        auto: AbstractSet[str] | None,
    ) -> tuple[Step, ...]:
        """Return the steps in libsolv's order.

        :param update_all: every upgrade and downgrade is the user's wish.
        :param reinstall_changed: replace a package by one with the same evr that
            the request does not name.
        :param asked: packages that the request installs by name.
        :param auto: names that came as dependencies; None when that is not known.
        """
        self.transaction.order()
        found: list[Step] = []
        for solvable in self.transaction.steps():
            if solvable.isinstalled():
                found.extend(self._leaving(solvable))
            else:
                found.extend(self._coming(solvable, update_all, reinstall_changed))
        return tuple(self._inherited(step, asked, auto) for step in found)

    def _inherited(self, step: Step, asked: AbstractSet[int], auto: AbstractSet[str] | None) -> Step:
        """Give a package that succeeds others the strongest of their reasons, unless it was asked for."""
        if step.action is not Action.INSTALL or step.package.handle in asked:
            return step
        before = {package.name for package in step.replaces}
        if self._is_present(self._pool.raw.id2solvable(step.package.handle)):
            before.add(step.package.name)  # another instance stays
        if not before:
            return step
        if auto is None or not before <= auto:
            return step._replace(reason=Reason.USER)
        return step._replace(reason=Reason.DEPENDENCY) if step.reason is Reason.USER else step

    def _leaving(self, solvable: solv.XSolvable) -> Iterator[Step]:
        if not self.transaction.allothersolvables(solvable):
            package = query.package(self._pool, solvable.id)
            yield Step(Action.REMOVE, package, self._reason_to_go(solvable))

    def _coming(self, solvable: solv.XSolvable, update_all: bool, reinstall_changed: bool) -> Iterator[Step]:
        others = self.transaction.allothersolvables(solvable)
        own = [other for other in others if other.nameid == solvable.nameid]
        action = _action(solvable, own)
        if action is Action.REINSTALL and not reinstall_changed and solvable.id not in self._targets:
            return
        reason = self._reason_to_come(solvable)
        if update_all and (others or self._is_present(solvable)):
            reason = Reason.USER
        replaces = tuple(query.package(self._pool, other.id) for other in others)
        yield Step(action, query.package(self._pool, solvable.id), reason, replaces)
        if action is Action.REINSTALL:  # other versions of the name go unseen otherwise
            older = (other for other in own if solvable.evrcmp(other))
            yield from (Step(Action.REMOVE, query.package(self._pool, o.id), reason) for o in older)
        for other, package in zip(others, replaces, strict=True):
            # Two new packages may replace one; it leaves the system once.
            first = self.transaction.othersolvable(other)
            if other.nameid != solvable.nameid and (first is None or first.id == solvable.id):
                yield Step(Action.OBSOLETE, package, reason)

    def _is_present(self, solvable: solv.XSolvable) -> bool:
        """Say whether another instance of an install-only package is installed already."""
        return any(select.is_installed(self._pool, h) for h in select.named(self._pool, solvable.name))

    def _reason_to_go(self, solvable: solv.XSolvable) -> Reason:
        if solvable.id in self._victims:
            return Reason.LIMIT
        if solvable.id in self._targets:
            return Reason.USER
        why = self._solver.describe_decision(solvable)[0]
        return Reason.CLEAN if why == solv.Solver.SOLVER_REASON_CLEANDEPS_ERASE else Reason.DEPENDENCY

    def _reason_to_come(self, solvable: solv.XSolvable) -> Reason:
        if solvable.id in self._targets:
            return Reason.USER
        why = self._solver.describe_decision(solvable)[0]
        return Reason.WEAK if why in _WEAK else Reason.DEPENDENCY


def _action(solvable: solv.XSolvable, own: list[solv.XSolvable]) -> Action:
    """Say what ``solvable`` does to the installed packages of its name."""
    if not own:
        return Action.INSTALL
    if any(solvable.archid == other.archid and not solvable.evrcmp(other) for other in own):
        return Action.REINSTALL
    order = max(solvable.evrcmp(other) for other in own)
    return Action.DOWNGRADE if order < 0 else Action.UPGRADE
