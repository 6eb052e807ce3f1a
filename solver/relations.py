"""What metadata states of a package and its header does not.

Metadata need not be signed, a header is: where both differ, the header is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

from solver.installed import is_rpms_own, marker_of, relation_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkgman.model.package import Dependency
    from solver.pool import Pool

# Weak relations are left out: they bring signed packages at most, and createrepo_c reads older tags for them.
_KINDS = {
    "provides": solv.SOLVABLE_PROVIDES,
    "requires": solv.SOLVABLE_REQUIRES,
    "conflicts": solv.SOLVABLE_CONFLICTS,
    "obsoletes": solv.SOLVABLE_OBSOLETES,
}
_BEFORE, _BEHIND = -1, 1  # sides of a marker in a libsolv array


def not_in_header(pool: Pool, handle: int, header: Mapping[str, Sequence[Dependency]]) -> tuple[str, ...]:
    """Return the relations of a package in the pool that its header does not state, as ``Obsoletes: a < 1``.

    createrepo leaves out what a package meets itself, what stands twice and what rpm provides; an
    epoch of 0 may be stated in one place only. Relations that the metadata lacks are librpm's
    business: it checks what headers require, and what they obsolete.

    :param header: relations by kind, as the fields of InstalledPackage.
    """
    raw = pool.raw
    solvable = raw.id2solvable(handle)
    found = []
    for kind, key in _KINDS.items():
        stated = {relation_id(raw, dependency) for dependency in header[kind]}
        stated |= {relation_id(raw, _without_epoch(dependency)) for dependency in header[kind]}
        for side in (_BEFORE, _BEHIND) if kind == "requires" else (_BEFORE,):
            for dep in solvable.lookup_deparray(key, side):
                if dep.id not in stated and not (kind == "provides" and _is_itself(raw, solvable, dep.id)):
                    found.append(f"{kind.capitalize()}: {dep}")
    return tuple(dict.fromkeys(found))


def take_from_header(pool: Pool, handle: int, header: Mapping[str, Sequence[Dependency]]) -> None:
    """Give a package in the pool the relations of its header; files that it was found to own stay."""
    raw = pool.raw
    solvable = raw.id2solvable(handle)
    files = [dep.id for dep in solvable.lookup_deparray(solv.SOLVABLE_PROVIDES, _BEHIND)]
    for kind, key in _KINDS.items():
        solvable.unset(key)
        for dependency in header[kind]:
            if kind != "requires":
                solvable.add_deparray(key, relation_id(raw, dependency), 0)
            elif not is_rpms_own(dependency):
                solvable.add_deparray(key, relation_id(raw, dependency), marker_of(dependency))
    own = raw.rel2id(solvable.nameid, solvable.evrid, solv.REL_EQ)
    solvable.add_deparray(solv.SOLVABLE_PROVIDES, own, 0)
    for file in files:
        solvable.add_deparray(solv.SOLVABLE_PROVIDES, file, solv.SOLVABLE_FILEMARKER)
    pool.changed()


def _without_epoch(dependency: Dependency) -> Dependency:
    return dependency._replace(evr=dependency.evr.removeprefix("0:"))


def _is_itself(raw: solv.Pool, solvable: solv.XSolvable, relation: int) -> bool:
    return relation == int(raw.rel2id(solvable.nameid, solvable.evrid, solv.REL_EQ))
