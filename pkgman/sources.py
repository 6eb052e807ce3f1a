"""install --source and --builddeps: source packages, and what they need to be built (options 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.model.errors import NoMatch
from pkgman.model.request import Request
from pkgman.model.transaction import Action, Reason, Solution, Step
from pkgman.workflow import carry_out, policy_of, resolve, warn_of_excludes
from solver import buildneeds, candidates, filters, query, select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkgman.model.package import RpmFile
    from pkgman.session import Session
    from solver.pool import Pool


def install(
    session: Session, specs: Sequence[str], files: Sequence[RpmFile], *, needs: Sequence[str] = ()
) -> int:
    """Unpack the source packages that specs and files name, or install what they need; or both.

    :param needs: what is to be installed besides, as ``name`` or ``name OP evr``.

    :raises NoMatch: a spec names no source package, or a need is met by nothing.
    """
    pool = session.open_pool(files=lambda: files)
    warn_of_excludes(session, pool)
    handles, unavailable = _named(session, pool, specs)
    handles += [pool.files[file.path] for file in files]
    solution, request = Solution(unavailable=unavailable), Request()
    if session.flag("builddeps") or session.command == "builddep":
        wanted = (text for handle in handles for text in buildneeds.of_source(pool, handle))
        request = Request(capabilities=tuple(dict.fromkeys((*needs, *wanted))))
        solution = resolve(session, pool, request)
        solution = solution._replace(unavailable=(*unavailable, *solution.unavailable))
    if session.flag("source"):
        steps = [Step(Action.INSTALL, query.package(pool, handle), Reason.USER) for handle in handles]
        solution = solution._replace(steps=(*solution.steps, *steps))
    return carry_out(session, pool, solution, again=lambda: resolve(session, pool, request))


def _named(session: Session, pool: Pool, specs: Sequence[str]) -> tuple[list[int], tuple[str, ...]]:
    """Return the best source package of each spec, and the specs that --skip-broken passes over."""
    chooser = candidates.Chooser(pool, filters.excluded_sources(pool, policy_of(session)))
    found: list[int] = []
    unknown: list[str] = []
    for spec in specs:
        matches = select.find(pool, spec, scope="available", source=True)
        if not matches.handles and session.command == "builddep":
            matches = _sources_of(pool, spec)
        if matches.note:
            session.ui.info(matches.note)
        names: dict[str, list[int]] = {}
        for package in query.packages(pool, matches.handles):
            names.setdefault(package.name, []).append(package.handle)
        for same in names.values():
            best = chooser.highest(chooser.best_priority(chooser.visible(same)))
            if best is not None:  # else it is excluded: dropped silently
                found.append(best)
        if not names:
            unknown.append(spec)
    if unknown and not (session.flag("skip-broken") or session.flag("skip-unavailable")):
        raise NoMatch(f"{spec} package not found or not installed" for spec in unknown)
    return list(dict.fromkeys(found)), tuple(unknown)


def _sources_of(pool: Pool, spec: str) -> select.Matches:
    """Return the source packages that the packages which ``spec`` names were built from, as dnf does."""
    handles = select.find(pool, spec, scope="available").handles
    names = dict.fromkeys(query.info(pool, handle).source for handle in handles)
    found = [
        h for name in names if name for h in select.find(pool, name, scope="available", source=True).handles
    ]
    return select.Matches(tuple(found))
