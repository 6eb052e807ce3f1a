"""Which option would let a request be solved: looked for only after it could not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.model.errors import PkgmanError
from pkgman.model.transaction import Action
from solver import solve

if TYPE_CHECKING:
    from pkgman.model.request import Policy, Request
    from pkgman.model.transaction import Solution
    from solver.pool import Pool


def find(pool: Pool, request: Request, policy: Policy, *, may_skip: bool) -> tuple[str, ...]:
    """Return a line for each option that helps, saying what it would remove.

    :param may_skip: whether ``--skip-broken`` is of any use to the command.
    """
    policy = policy._replace(debug_folder="")
    lines = []
    if not policy.allow_erasing:
        found = _solved(pool, request, policy._replace(allow_erasing=True))
        if gone := [step.package.nevra for step in found.of(Action.REMOVE)] if found else []:
            lines.append(f"With --allowerasing it can be done; it removes {', '.join(gone)}.")
    if may_skip and not policy.skip_broken:
        found = _solved(pool, request, policy._replace(skip_broken=True))
        if found and found.steps:
            lines.append("With --skip-broken what is in the way is left out, and the rest done.")
    return tuple(lines)


def _solved(pool: Pool, request: Request, policy: Policy) -> Solution | None:
    try:
        return solve.solve(pool, request, policy)
    except PkgmanError:
        return None
