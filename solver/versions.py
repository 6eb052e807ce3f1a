"""Comparing versions as rpm does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

from solver import select

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from types import TracebackType

    from solver.pool import Pool


class Comparer:
    """Compares EVR strings with libsolv's own comparison; hold one for many calls.

    A context manager, which gives its memory back.
    """

    def __init__(self) -> None:
        self._pool = solv.Pool()
        self._pool.disown()  # it must outlive its solvables, which are released in any order
        repo = self._pool.add_repo("scratch")
        self._left, self._right = repo.add_solvable(), repo.add_solvable()

    def __enter__(self) -> Comparer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del self._left, self._right
        self._pool.free()

    def compare(self, left: str, right: str) -> int:
        """Return a number below, equal to or above 0, as ``left`` is older, equal or newer."""
        self._left.evr, self._right.evr = left, right
        return int(self._left.evrcmp(self._right))


def newer(pool: Pool, handle: int) -> list[int]:
    """Return the available packages of the same name and a fitting architecture with a higher EVR."""
    return [other for other, order in _others(pool, handle) if order > 0]


def older(pool: Pool, handle: int) -> list[int]:
    """Return the available packages of the same name and a fitting architecture with a lower EVR."""
    return [other for other, order in _others(pool, handle) if order < 0]


def newest_below(pool: Pool, available: Iterable[int]) -> dict[int, int]:
    """Return, for each available package, the newest installed one that it is an update of."""
    found: dict[int, int] = {}
    for handle in available:
        lower = (other for other, order in _others(pool, handle, installed=True) if order < 0)
        for other in lower:
            best = found.setdefault(handle, other)
            if pool.raw.id2solvable(other).evrcmp(pool.raw.id2solvable(best)) > 0:
                found[handle] = other
    return found


def lowest_from(pool: Pool, name: str, evr: str, comparer: Comparer, *, hidden: Container[int] = ()) -> str:
    """Return the lowest available EVR of ``name`` that is at least ``evr``; "" without one.

    :param hidden: handles that may not be chosen.
    """
    found = ""
    for handle in select.named(pool, name):
        solvable = pool.raw.id2solvable(handle)
        if (
            solvable.isinstalled()
            or handle in hidden
            or solvable.arch in ("src", "nosrc")
            or comparer.compare(solvable.evr, evr) < 0
        ):
            continue
        if not found or comparer.compare(solvable.evr, found) < 0:
            found = str(solvable.evr)
    return found


def changes(pool: Pool, installed: Iterable[int], *, upgrades: bool) -> frozenset[int]:
    """Return the available packages that are above, or below, every installed one of their name and arch."""
    found: dict[tuple[str, str], set[int]] = {}
    for handle in installed:
        solvable = pool.raw.id2solvable(handle)
        hits = set(newer(pool, handle) if upgrades else older(pool, handle))
        same = (solvable.name, solvable.arch)
        found[same] = found.get(same, hits) & hits
    return frozenset().union(*found.values())


def _others(pool: Pool, handle: int, *, installed: bool = False) -> Iterable[tuple[int, int]]:
    """Yield available, or installed, packages that could replace ``handle``, and how they compare."""
    own = pool.raw.id2solvable(handle)
    for other in select.named(pool, own.name):
        solvable = pool.raw.id2solvable(other)
        if solvable.isinstalled() != installed or solvable.arch in ("src", "nosrc"):
            continue
        if solvable.arch == own.arch or "noarch" in (solvable.arch, own.arch):
            yield other, solvable.evrcmp(own)
