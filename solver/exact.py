"""Packages named exactly, as the history names them: to come back, or to go (tdnf contract, commands 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.model.errors import Protected
from solver import query, select

if TYPE_CHECKING:
    from collections.abc import Iterable

    from solver.pool import Pool
    from solver.select import Scope


def plain_nevra(nevra: str) -> str:
    """Return a NEVRA without an epoch of 0, which some headers state and others leave out."""
    head, dash, rest = nevra.rpartition("-")
    name, _, version = head.rpartition("-")
    return f"{name}-{version.removeprefix('0:')}{dash}{rest}" if name else nevra


def find(pool: Pool, nevra: str, scope: Scope) -> int | None:
    """Return the package with exactly this NEVRA; of several in repositories the one of best priority."""
    wanted = plain_nevra(nevra)
    name = wanted.rpartition("-")[0].rpartition("-")[0]
    handles = [h for h in select.named(pool, name) if select.in_scope(pool, h, scope)] if name else []
    found = [p for p in query.packages(pool, select.in_order(pool, handles)) if p.nevra == wanted]
    best = max(found, key=lambda p: pool.raw.id2solvable(p.handle).repo.priority, default=None)
    return best.handle if best else None


def missing(pool: Pool, nevras: Iterable[str]) -> tuple[str, ...]:
    """Return those NEVRAs that neither are installed nor lie in an enabled repository."""
    return tuple(
        nevra
        for nevra in nevras
        if find(pool, nevra, "installed") is None and find(pool, nevra, "available") is None
    )


def coming(pool: Pool, nevras: Iterable[str]) -> list[int]:
    """Return the packages to install: those that are not installed already."""
    found = (find(pool, nevra, "available") for nevra in nevras if find(pool, nevra, "installed") is None)
    return [handle for handle in found if handle is not None]


def going(pool: Pool, nevras: Iterable[str], *, staying: frozenset[str]) -> list[int]:
    """Return the installed packages to remove; what is gone already is left out.

    :param staying: protected names; another version of them may come in the same transaction,
        so the caller leaves those out.
    :raises Protected: one of them would go.
    """
    found = (find(pool, nevra, "installed") for nevra in nevras)
    packages = list(query.packages(pool, [handle for handle in found if handle is not None]))
    if blocked := [f"package {p.name} is protected" for p in packages if p.name in staying]:
        raise Protected(dict.fromkeys(blocked))
    return [package.handle for package in packages]
