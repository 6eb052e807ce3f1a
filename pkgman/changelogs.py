"""The changelogs of packages: of installed ones from rpm's database, of others from other.xml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repo_meta import changelogs
from solver import query, select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkgman.model.changelog import Changelog
    from pkgman.session import Session
    from solver.pool import Pool


def changelogs_of(session: Session, pool: Pool, handles: Sequence[int]) -> dict[int, tuple[Changelog, ...]]:
    """Return the changelog of each package, newest entry first; of one without, nothing.

    A repository that has no changelogs, or whose ``skip_md_other`` hides them, is named on stderr.
    """
    installed = [handle for handle in handles if select.is_installed(pool, handle)]
    paths = {handle: path for path, handle in pool.files.items()} | pool.in_place
    local = [handle for handle in handles if handle in paths]
    result = {handle: session.read_changelog(paths[handle]) for handle in local}
    if installed:
        packages = list(query.packages(pool, installed))
        found = session.rpmdb.changelogs((package.name, package.nevra) for package in packages)
        result |= {package.handle: found.get(package.nevra, ()) for package in packages}
    known = paths.keys() | installed
    result |= _available(session, pool, [handle for handle in handles if handle not in known])
    return result


def _available(session: Session, pool: Pool, handles: Sequence[int]) -> dict[int, tuple[Changelog, ...]]:
    wanted: dict[str, dict[str, list[int]]] = {}  # repository -> pkgid -> handles: a file may be there twice
    for handle in handles:
        checksum = query.checksum(pool, handle)
        if checksum is not None:
            repo_id = query.package(pool, handle).repo
            wanted.setdefault(repo_id, {}).setdefault(checksum.hex, []).append(handle)
    result: dict[int, tuple[Changelog, ...]] = {}
    for repo_id, pkgids in wanted.items():
        source = session.supply.source(repo_id)
        pieces = session.supply.pieces(source, "other")
        if pieces is None:
            why = "skip_md_other is set" if source.skip_md_other else "it has none"
            session.ui.diagnostic(f"No changelogs of the packages of '{repo_id}': {why}.")
            continue
        for pkgid, entries in changelogs.changelogs_of(pieces, pkgids.keys()).items():
            result |= dict.fromkeys(pkgids[pkgid], entries)
    return result
