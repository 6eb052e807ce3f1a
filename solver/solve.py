"""A request to a solution: the steps that libsolv found, or every problem it met."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import solv

from pkgman.model.errors import Protected, Unsolvable
from pkgman.model.interrupts import Interruptible
from pkgman.model.request import Request
from pkgman.model.transaction import Action, Note, Reason, Solution, Step
from solver import (
    avoided,
    buildneeds,
    duplicates,
    filters,
    goals,
    limit,
    memory,
    problems,
    query,
    standing,
    testcase,
)
from solver.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkgman.model.request import Policy
    from solver.filters import Filters
    from solver.goals import Goal
    from solver.pool import Pool

_FLAGS = (  # tdnf contract, commands 4.1
    solv.Solver.SOLVER_FLAG_ALLOW_VENDORCHANGE,
    solv.Solver.SOLVER_FLAG_ALLOW_DOWNGRADE,
    solv.Solver.SOLVER_FLAG_KEEP_ORPHANS,
    solv.Solver.SOLVER_FLAG_BEST_OBEY_POLICY,
    solv.Solver.SOLVER_FLAG_YUM_OBSOLETES,
)

Jobs = list[tuple[int, int]]


class _Answer(NamedTuple):
    solver: solv.Solver
    problems: list[solv.Problem]


def solve(
    pool: Pool,
    request: Request,
    policy: Policy,
    *,
    find_files: Callable[[frozenset[str]], None] | None = None,
) -> Solution:
    """Find the steps that fulfil ``request`` within ``policy``.

    :param find_files: gets the paths that packages require and no known package
        provides; looks them up in the filelists and calls
        :meth:`Pool.add_file_provides`. Called at most once, when it may matter.
    :raises NoMatch: a word names nothing.
    :raises Protected: a protected package would go.
    :raises Unsolvable: there is no solution; ``lines`` hold all problems.
    :raises HistoryError: a bare autoremove without history.
    """
    pool.load_files(request.files)
    pool.prepare(file_provides=True)
    sieve = filters.build(pool, policy)
    goal = goals.Goal(pool, policy, sieve)
    doubles = () if policy.ignore_installed else duplicates.find(pool, policy.installonly)
    goal.read(duplicates.named(pool, request, doubles))
    if doubles:
        extra = duplicates.jobs(pool, request, policy, sieve, doubles)
        goal.jobs += extra
        goal.targets.update(handle for _, handle in extra)
    steps: tuple[Step, ...] = ()
    if goal.jobs and policy.no_dependencies and not request.capabilities:
        steps = _named_only(pool, goal)
    elif goal.jobs:
        steps = _Run(pool, request, policy, sieve, goal).steps(find_files)
        steps = tuple(step for step in steps if step.package.repo != buildneeds.REPO)
    if policy.no_dependencies:  # of what a build needs, only what meets it directly
        steps = tuple(step for step in steps if step.package.handle in goal.targets)
    if doubles:
        left = duplicates.remaining(doubles, steps)
        goal.notes += [Note(line, diagnostic=True) for line in duplicates.lines(pool, left)]
    # Who says "install" asks for the package, also where that is an update (commands 4.5).
    changed = (step for step in steps if step.action is not Action.INSTALL)
    asked = {
        step.package.name for step in changed if step.package.handle in goal.asked or _succeeds(step, policy)
    }
    return Solution(steps, tuple(goal.notes), tuple(goal.unavailable), frozenset(goal.mark_user | asked))


def _succeeds(step: Step, policy: Policy) -> bool:
    """Say whether a package that came as a dependency takes the place of one that the user asked for."""
    auto = policy.auto_installed or frozenset()
    return step.package.name in auto and any(package.name not in auto for package in step.replaces)


def check_all(
    pool: Pool, policy: Policy, *, find_files: Callable[[frozenset[str]], None] | None = None
) -> tuple[Note, ...]:
    """See whether the best version of every available name can be installed at once.

    :param find_files: as for :func:`solve`.
    :returns: what is to be told of the resolving.
    :raises Unsolvable: it cannot; ``lines`` hold all problems.
    """
    pool.prepare(file_provides=True)
    sieve = filters.build(pool, policy)
    goal = goals.Goal(pool, policy, sieve)
    goal.want_all()
    if goal.jobs:
        _Run(pool, Request(), policy, sieve, goal).steps(find_files)
    return tuple(goal.notes)


def _named_only(pool: Pool, goal: Goal) -> tuple[Step, ...]:
    """Return the packages to come that the request names, without their dependencies."""
    handles = dict.fromkeys(what for _, what in goal.jobs if what in goal.targets)
    coming = (handle for handle in handles if not pool.raw.id2solvable(handle).isinstalled())
    return tuple(Step(Action.INSTALL, query.package(pool, handle), Reason.USER) for handle in coming)


class _Run:
    """One request's way through libsolv, which may take several attempts."""

    def __init__(self, pool: Pool, request: Request, policy: Policy, sieve: Filters, goal: Goal) -> None:
        self._pool = pool
        self._request = request
        self._policy = policy
        self._sieve = sieve
        self._goal = goal
        self._whole_system = request.update_all or request.distro_sync
        self._may_erase = policy.allow_erasing or bool(
            request.erase or request.autoremove or request.autoremove_all
        )
        locked = filters.locked_names(pool, policy)
        self._standing = standing.policy_jobs(pool, policy, sieve, locked)
        self._protection = standing.protection_jobs(pool, policy)
        self._unwritten = ""  # why there is no test case of the last attempt

    def steps(self, find_files: Callable[[frozenset[str]], None] | None) -> tuple[Step, ...]:
        """Return the steps, or raise as :func:`solve` does."""
        raw = self._pool.raw
        self._pool.hide_installed(self._policy.ignore_installed)
        try:
            answer = self._protected_attempt(self._goal.jobs)
            if find_files is not None and self._look_for_files(answer, find_files):
                answer = self._protected_attempt(self._goal.jobs)
            steps = self._finish(answer)
        except Unsolvable as error:
            if self._unwritten:
                raise Unsolvable((self._unwritten, *error.lines)) from error
            raise
        finally:
            raw.set_disabled_list([])
            self._pool.hide_installed(False)
        if self._unwritten:
            self._goal.notes.append(Note(self._unwritten, diagnostic=True))
        return steps

    def _look_for_files(self, answer: _Answer, find_files: Callable[[frozenset[str]], None]) -> bool:
        """Have missing files looked up if they may have shaped ``answer``; True to solve again."""
        self._pool.raw.set_disabled_list([])
        missing = self._pool.missing_files()
        outcome = Outcome(self._pool, answer.solver, self._goal.targets, set())
        if missing and avoided.matters(
            self._pool,
            missing,
            answer.problems,
            outcome.new,
            whole_system=self._whole_system,
            weak=self._policy.weak,
        ):
            find_files(missing)
            return True
        # The words for a problem depend on what is disabled.
        self._pool.raw.set_disabled_list(sorted(self._sieve.disabled))
        return False

    def _protected_attempt(self, jobs: Jobs) -> _Answer:
        """Solve; where that removes protected packages, solve again with all of them kept.

        The jobs that keep them are added only then: no package moves for its protection alone.

        :raises Protected: a solution exists, but every one removes protected packages.
        """
        answer = self._attempt(jobs)
        if not self._lost(answer):
            return answer
        kept = self._attempt(jobs + self._protection)
        if not kept.problems:
            return kept
        if not answer.problems:
            self._refuse_removal(answer)
        return answer

    def _refuse_removal(self, answer: _Answer) -> None:
        if lines := self._lost(answer):
            raise Protected(lines)

    def _lost(self, answer: _Answer) -> tuple[str, ...]:
        """Return a line for each protected name that ``answer`` leaves no package of."""
        if not self._protection:
            return ()
        outcome = Outcome(self._pool, answer.solver, self._goal.targets, set())
        removed = outcome.removed()
        installed = self._pool.installed.solvables if self._pool.installed else ()
        names = {s.name for s in installed if s.id not in removed}
        staying = names | {self._pool.raw.id2solvable(handle).name for handle in outcome.new}
        lines = []
        for handle, others in removed.items():
            name = self._pool.raw.id2solvable(handle).name
            if name in self._policy.protected and name not in staying:
                verb = "obsoleted" if others else "removed"
                lines.append(f"package {name} would be {verb} but it is protected")
        return tuple(dict.fromkeys(lines))

    def _attempt(self, jobs: Jobs) -> _Answer:
        answer = self._run(jobs)
        if answer.problems and self._whole_system and self._policy.best and self._sieve.disabled:
            without = self._run(jobs, forget_disabled=True)
            # What cannot be solved is worded by the full index: it names what is disabled.
            answer = self._run(jobs) if without.problems else without
        return answer

    def _run(self, jobs: Jobs, *, forget_disabled: bool = False) -> _Answer:
        raw = self._pool.prepare(file_provides=True)
        # After the index was made, so that a disabled provider is named as the cause.
        raw.set_disabled_list(sorted(self._sieve.disabled))
        if forget_disabled:
            self._pool.forget_disabled()
        solver = raw.Solver()
        for flag in _FLAGS:
            solver.set_flag(flag, 1)
        solver.set_flag(solv.Solver.SOLVER_FLAG_ALLOW_UNINSTALL, int(self._may_erase))
        solver.set_flag(solv.Solver.SOLVER_FLAG_IGNORE_RECOMMENDED, int(not self._policy.weak))
        memory.ensure_for_solving(raw)
        with Interruptible():
            found = solver.solve([raw.Job(how, what) for how, what in jobs + self._standing])
        if self._policy.debug_folder:
            self._unwritten = testcase.write(raw, solver, self._policy.debug_folder)
        return _Answer(solver, list(found))

    def _finish(self, answer: _Answer) -> tuple[Step, ...]:
        raw = self._pool.raw
        left = [p for p in answer.problems if not problems.ignored(p, self._policy, raw)]
        if left:
            raise Unsolvable(problems.lines(left))
        outcome = Outcome(self._pool, answer.solver, self._goal.targets, set())
        if answer.problems and not self._may_erase and self._damages(outcome):
            answer = self._without_broken_jobs(answer)
            outcome = Outcome(self._pool, answer.solver, self._goal.targets, set())
        self._refuse_removal(answer)
        outcome = self._within_limit(outcome, len(answer.problems))
        self._goal.settle(outcome.new, outcome.by_job)
        return outcome.steps(
            update_all=self._whole_system,
            reinstall_changed=self._policy.reinstall_changed,
            asked=self._goal.asked,
            auto=self._policy.auto_installed,
        )

    def _damages(self, outcome: Outcome) -> bool:
        """Say whether a solution with problems passed over removes what nobody asked to remove."""
        removed = outcome.removed().items()
        return any(not others and handle not in self._goal.targets for handle, others in removed)

    def _without_broken_jobs(self, answer: _Answer) -> _Answer:
        """Solve again, first without insisting on the best, then without the jobs that have problems."""
        jobs = [(how & ~solv.Job.SOLVER_FORCEBEST, what) for how, what in self._goal.jobs]
        if jobs != self._goal.jobs:
            answer = self._attempt(jobs + self._protection)
        while answer.problems:
            broken = problems.job_indices(answer.problems)
            kept = [job for index, job in enumerate(jobs) if index not in broken]
            if len(kept) == len(jobs):
                raise Unsolvable(problems.lines(answer.problems))
            jobs = kept
            answer = self._attempt(jobs + self._protection)
        return answer

    def _within_limit(self, outcome: Outcome, passed_over: int) -> Outcome:
        """Solve again with the oldest instances of install-only packages removed, if need be."""
        victims = limit.excess(self._pool, self._policy, outcome, self._sieve)
        if not victims:
            return outcome
        install = solv.Job.SOLVER_INSTALL | solv.Job.SOLVER_SOLVABLE
        erase = solv.Job.SOLVER_ERASE | solv.Job.SOLVER_SOLVABLE
        jobs = [*self._goal.jobs, *((erase, handle) for handle in victims)]
        jobs += [(install, handle) for handle in limit.instances(self._pool, self._policy, outcome)]
        answer = self._attempt(jobs + self._protection)
        if len(answer.problems) > passed_over:
            text = "more packages than installonly_limit stay: the oldest ones are needed"
            self._goal.notes.append(Note(text, diagnostic=True))
            return outcome
        return Outcome(self._pool, answer.solver, self._goal.targets, set(victims))
