"""libsolv's problems as lines for the user (tdnf contract, commands 4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pkgman.model.request import Policy

_CONFLICTS = frozenset({solv.Solver.SOLVER_RULE_PKG_CONFLICTS, solv.Solver.SOLVER_RULE_PKG_SELF_CONFLICT})
_OBSOLETES = frozenset(
    {
        solv.Solver.SOLVER_RULE_PKG_OBSOLETES,
        solv.Solver.SOLVER_RULE_PKG_IMPLICIT_OBSOLETES,
        solv.Solver.SOLVER_RULE_PKG_INSTALLED_OBSOLETES,
    }
)
_PACKAGE_RULES = (
    _CONFLICTS
    | _OBSOLETES
    | {
        solv.Solver.SOLVER_RULE_PKG,
        solv.Solver.SOLVER_RULE_PKG_NOT_INSTALLABLE,
        solv.Solver.SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP,
        solv.Solver.SOLVER_RULE_PKG_REQUIRES,
        solv.Solver.SOLVER_RULE_PKG_SAME_NAME,
        solv.Solver.SOLVER_RULE_PKG_CONSTRAINS,
    }
)


def lines(problems: Iterable[solv.Problem]) -> list[str]:
    """Return ``N. TEXT`` per problem, its further causes indented below, and the count."""
    result: list[str] = []
    count = 0
    for problem in problems:
        count += 1
        first, *others = causes(problem)
        result.append(f"{count}. {first}")
        result.extend(f"   - {cause}" for cause in others)
    return [*result, f"Found {count} problem(s) while resolving"]


def causes(problem: solv.Problem) -> list[str]:
    """Return every cause of ``problem`` in libsolv's words, the most telling one first."""
    texts = [_text(problem.findproblemrule().info())]
    for rule in problem.findallproblemrules():
        texts.extend(_text(info) for info in rule.allinfos())
    return list(dict.fromkeys(texts))


def _text(info: solv.Ruleinfo) -> str:
    # A rich conflict has no single provider, which libsolv words as this.
    return info.problemstr().removesuffix(" provided by <NULL>")


def ignored(problem: solv.Problem, policy: Policy, raw: solv.Pool) -> bool:
    """Say whether one of the ``--skip`` options passes over ``problem``."""
    info = problem.findproblemrule().info()
    types: frozenset[int] = frozenset()
    if policy.skip_broken:
        types |= _PACKAGE_RULES
    if policy.skip_conflicts:
        types |= _CONFLICTS
    if policy.skip_obsoletes:
        types |= _OBSOLETES
    if info.type in types:
        return True
    # Any of the options also passes over a requirement that an available package provides.
    if not types or info.type != solv.Solver.SOLVER_RULE_PKG_REQUIRES:
        return False
    name = raw.str2id(str(info.dep).split(" ", 1)[0])
    return any(not s.isinstalled() for s in raw.whatprovides(name))


def packages(problem: solv.Problem) -> set[int]:
    """Return the packages that the rules of ``problem`` speak of."""
    return {
        info.solvable.id
        for rule in problem.findallproblemrules(1)
        for info in rule.allinfos()
        if info.solvable
    }


def job_indices(problems: Iterable[solv.Problem]) -> set[int]:
    """Return the places, in the list of jobs, of those that a way out of ``problems`` would drop."""
    return {
        element.jobidx
        for problem in problems
        for solution in problem.solutions()
        for element in solution.elements()
        if element.type == solv.Solver.SOLVER_SOLUTION_JOB
    }
