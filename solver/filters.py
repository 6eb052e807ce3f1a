"""What the solver may not see or touch: excludes, minimum versions, locks (commands 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import solv

from solver import select
from solver.text import clean

if TYPE_CHECKING:
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
    excluded: set[int] = set()
    for pattern in policy.excludes:
        excluded.update(select.matching_names(pool, pattern))
    too_low: set[int] = set()
    for entry in policy.minversions:
        too_low.update(_below(pool, entry))
    ignored: set[int] = set()
    if policy.ignore_installed and pool.installed is not None:
        ignored = {s.id for s in pool.installed.solvables}
    kept = frozenset(handle for handle in excluded if select.is_installed(pool, handle))
    return Filters(frozenset(excluded), frozenset(too_low), kept - ignored, frozenset(ignored))


def excluded_sources(pool: Pool, policy: Policy) -> frozenset[int]:
    """Return the source packages that match an exclude."""
    found = (select.matching_names(pool, pattern, source=True) for pattern in policy.excludes)
    return frozenset(handle for handles in found for handle in handles)


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
