"""Which packages a filelists scan means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solver import select

if TYPE_CHECKING:
    from collections.abc import Iterable

    from solver.pool import Owner, Pool


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
