"""Who owns a path: primary first, the streamed filelists only when primary cannot know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repo_meta import filelists
from solver import query

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pkgman.session import Session
    from repo_meta.filelists import FileHit
    from solver.pool import Pool

_GLOB = "*?["


def is_glob(text: str) -> bool:
    """Say whether ``text`` holds a character of a shell glob."""
    return any(character in text for character in _GLOB)


def in_primary(path: str) -> bool:
    """Say whether createrepo puts ``path`` into primary: /etc/*, */bin/*, */sbin/*, sendmail.

    Source: createrepo_c's primary file filter.
    """
    return path.startswith("/etc/") or "bin/" in path or path == "/usr/lib/sendmail"


def file_owners(session: Session, pool: Pool, path: str) -> list[int]:
    """Return the handles of the packages, installed and available, that hold ``path`` (exact or glob)."""
    glob = is_glob(path)
    handles = list(query.file_owners(pool, path, glob=glob))
    if glob or not in_primary(path):
        hits = _scan(session, pool, path, glob=glob)
        handles += [handle for handle in hits if handle not in set(handles)]
    return handles


def _scan(session: Session, pool: Pool, path: str, *, glob: bool) -> list[int]:
    handles: list[int] = []
    for source, pieces in session.file_lists():
        if glob:
            hits: Sequence[FileHit] = [h for found in filelists.find_globs(pieces, [path]).values() for h in found]
        else:
            hits = filelists.find_paths(pieces, [path]).get(path, [])
        handles += query.by_checksums(pool, source.id, [hit.pkgid for hit in hits])
    return handles


def add_paths(session: Session, pool: Pool, paths: Collection[str]) -> None:
    """Tell the pool who owns ``paths``: for file dependencies that primary cannot meet."""
    for source, pieces in session.file_lists():
        found = filelists.find_paths(pieces, paths)
        for path, hits in found.items():
            owners = query.by_checksums(pool, source.id, [hit.pkgid for hit in hits])
            pool.add_file_provides(path, owners)


def files_of(session: Session, pool: Pool, handles: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the file list of each package: of installed ones from rpm's database, else from filelists."""
    result: dict[int, tuple[str, ...]] = {}
    wanted: dict[str, dict[str, int]] = {}  # repository -> pkgid -> handle
    for handle in handles:
        place = query.checksum(pool, handle)
        if place is None:
            result[handle] = tuple(query.files(pool, handle))
        else:
            wanted.setdefault(place[0], {})[place[1]] = handle
    if not wanted:
        return result
    for source, pieces in session.file_lists():
        pkgids = wanted.get(source.id)
        if pkgids:
            for pkgid, files in filelists.files_of(pieces, pkgids.keys()).items():
                result[pkgids[pkgid]] = files
    return result
