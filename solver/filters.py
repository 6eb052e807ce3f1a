"""What the solver may not see or touch: excludes, minimum versions, locks (commands 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import solv

from pkgman.model.package import CMDLINE_REPO, SYSTEM_REPO
from solver import select
from solver.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pkgman.model.request import Policy
    from solver.pool import Pool


class Filters(NamedTuple):
    """Sets of handles."""

    excluded: frozenset[int]  # installed and available packages that match an exclude
    too_low: frozenset[int]  # available packages below their minimum version
    kept: frozenset[int]  # installed packages that may not change: excluded ones
    ignored: frozenset[int]  # all installed packages, when they are to be ignored

    @property
    def hidden(self) -> frozenset[int]:
        """What may not be chosen."""
        return self.excluded | self.too_low | self.ignored

    @property
    def disabled(self) -> frozenset[int]:
        """What libsolv may not choose; it would remove an installed package that is disabled."""
        return (self.hidden - self.kept) | self.ignored


def build(pool: Pool, policy: Policy) -> Filters:
    """Find what ``policy`` filters."""
    excluded = _excluded(pool, policy, source=False)
    too_low: set[int] = set()
    for entry in policy.minversions:
        too_low.update(_below(pool, entry))
    ignored: set[int] = set()
    if policy.ignore_installed and pool.installed is not None:
        ignored = {s.id for s in pool.installed.solvables}
    kept = frozenset(handle for handle in excluded if select.is_installed(pool, handle))
    return Filters(frozenset(excluded), frozenset(too_low), kept - ignored, frozenset(ignored))


def excluded_sources(pool: Pool, policy: Policy) -> frozenset[int]:
    """Return the source packages that the solver may not see."""
    return frozenset(_excluded(pool, policy, source=True))


def fits(pool: Pool, spec: str) -> bool:
    """Say whether an exclude fits any package, a source package included."""
    return bool(select.fitting(pool, spec) or select.fitting(pool, spec, source=True))


def _excluded(pool: Pool, policy: Policy, *, source: bool) -> set[int]:
    """Return what an exclude fits, and what includes leave out of the repositories."""
    excluded: set[int] = set()
    for spec in policy.excludes:
        excluded.update(select.fitting(pool, spec, source=source))
    for repo_id, specs in policy.repo_excludes:
        excluded.update(_of_repo(pool, repo_id, specs, source=source))
    if policy.includes or policy.repo_includes:
        included = {
            handle for spec in policy.includes for handle in select.fitting(pool, spec, source=source)
        }
        limited = dict(policy.repo_includes)
        for repo in pool.raw.repos:
            own = limited.get(repo.name, ())
            if repo.name not in (SYSTEM_REPO, CMDLINE_REPO) and (own or policy.includes):
                mine = _of_repo(pool, repo.name, own, source=source)
                excluded.update({s.id for s in repo.solvables_iter()} - included - mine)
    return excluded


def _of_repo(pool: Pool, repo_id: str, specs: Iterable[str], *, source: bool) -> set[int]:
    found = (handle for spec in specs for handle in select.fitting(pool, spec, source=source))
    return {handle for handle in found if pool.raw.id2solvable(handle).repo.name == repo_id}


def locked_names(pool: Pool, policy: Policy) -> list[str]:
    """Return the names in ``policy.locks`` that are installed; the others have no effect."""
    return sorted(
        name
        for name in policy.locks
        if any(select.is_installed(pool, handle) for handle in select.named(pool, name))
    )


def _below(pool: Pool, entry: str) -> set[int]:
    """Return the available packages that ``entry``, ``name=evr``, hides.

    An installed package below its minimum stays visible, so that it gets updated.
    """
    name, equal, evr = (part.strip() for part in entry.partition("="))
    if not (name and equal and evr):
        return set()
    raw: solv.Pool = pool.raw
    lower = raw.rel2id(raw.str2id(clean(name)), raw.str2id(clean(evr)), solv.REL_LT)
    return {
        handle
        for handle in select.named(pool, name)
        if not select.is_installed(pool, handle)
        and raw.id2solvable(handle).matchesdep(solv.SOLVABLE_NAME, lower)
    }
