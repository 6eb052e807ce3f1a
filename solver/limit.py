"""How many instances of an install-only package stay (tdnf contract, commands 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

from solver import query
from solver.text import clean

if TYPE_CHECKING:
    from pkgman.model.request import Policy
    from solver.filters import Filters
    from solver.outcome import Outcome
    from solver.pool import Pool


def providers(pool: Pool, policy: Policy) -> frozenset[int]:
    """Return the install-only packages: those that provide one of the capabilities, a name included."""
    raw = pool.prepare()
    numbers = (query.relation(raw, clean(text)) for text in policy.installonly)
    return frozenset(s.id for number in numbers if number for s in raw.whatprovides(number))


def instances(pool: Pool, policy: Policy, outcome: Outcome) -> list[int]:
    """Return the install-only packages that ``outcome`` brings."""
    several = providers(pool, policy)
    return [handle for handle in outcome.new if handle in several]


def excess(pool: Pool, policy: Policy, outcome: Outcome, sieve: Filters) -> list[int]:
    """Return the installed instances that must go: the ones installed first.

    Locked and excluded ones stay, and a limit of zero is none.
    """
    if policy.installonly_limit <= 0 or pool.installed is None or policy.ignore_installed:
        return []
    coming: dict[str, int] = {}
    for handle in instances(pool, policy, outcome):
        name = pool.raw.id2solvable(handle).name
        coming[name] = coming.get(name, 0) + 1
    gone = outcome.removed()
    victims: list[int] = []
    for name, count in coming.items():
        here = [s for s in pool.installed.solvables if s.name == name and s.id not in gone]
        surplus = len(here) + count - policy.installonly_limit
        free = [s for s in here if s.id not in sieve.kept and name not in policy.locks]
        victims += [s.id for s in sorted(free, key=_age)[: max(surplus, 0)]]
    return victims


def _age(solvable: solv.XSolvable) -> tuple[int, int]:
    time = solvable.lookup_num(solv.SOLVABLE_INSTALLTIME)
    return (int(time), int(solvable.lookup_num(solv.RPM_RPMDBID)))
