"""Who owns a file, as far as the pool knows, and which packages a filelists scan means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

from solver import select
from solver.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from solver.pool import Owner, Pool

_COMPLETE = solv.Dataiterator.SEARCH_FILES | solv.Dataiterator.SEARCH_COMPLETE_FILELIST


def owners(pool: Pool, path: str, *, glob: bool) -> tuple[int, ...]:
    """Return the packages with a file ``path``, as primary and the installed set name it."""
    raw = pool.prepare()
    how = solv.Dataiterator.SEARCH_GLOB if glob else solv.Dataiterator.SEARCH_STRING
    iterator = raw.Dataiterator(solv.SOLVABLE_FILELIST, clean(path), how | _COMPLETE)
    return select.in_order(pool, {match.solvid for match in iterator})


def identified(pool: Pool, repo_id: str, owners: Iterable[Owner]) -> list[int]:
    """Return the handles of the packages of ``repo_id`` that ``owners`` name by NEVRA."""
    wanted: dict[str, set[tuple[str, str, str]]] = {}  # by name, so that each is looked up once
    for owner in owners:
        plain = f"{owner.version}-{owner.release}"
        evr = f"{owner.epoch}:{plain}" if int(owner.epoch) else plain
        wanted.setdefault(owner.name, set()).add((repo_id, evr, owner.arch))
    found = []
    for name, versions in wanted.items():
        for handle in select.named(pool, name):
            solvable = pool.raw.id2solvable(handle)
            if (solvable.repo.name, solvable.evr, solvable.arch) in versions:
                found.append(handle)
    return found
