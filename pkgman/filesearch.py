"""Who owns a path: primary first, the streamed filelists only when primary cannot know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.model.package import CMDLINE_REPO
from repo_meta import filelists
from solver import files, query, select

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pkgman.session import Session
    from solver.pool import Pool


def in_primary(path: str) -> bool:
    """Say whether createrepo puts ``path`` into primary: /etc/*, */bin/*, */sbin/*, sendmail.

    Source: createrepo_c's primary file filter.
    """
    return path.startswith("/etc/") or "bin/" in path or path == "/usr/lib/sendmail"


def file_owners(session: Session, pool: Pool, path: str, *, exact: bool = False) -> list[int]:
    """Return the handles of the packages, installed and available, that hold ``path``.

    :param exact: it is no glob, whatever characters it has.
    """
    glob = select.is_glob(path) and not exact
    handles: set[int] = set()
    for reading in _readings(path):
        handles.update(select.owners(pool, reading, glob=glob))
        if glob or not in_primary(reading):
            handles.update(_scan(session, pool, reading, glob=glob))
    return list(select.in_order(pool, handles))


def learn_owners(session: Session, pool: Pool, specs: Iterable[str]) -> None:
    """Tell the pool who owns the paths among ``specs``, for which primary may not be enough."""
    for spec in specs:
        if select.is_path(spec) and not spec.endswith(".rpm") and spec not in pool.path_owners:
            pool.path_owners[spec] = tuple(file_owners(session, pool, spec))


def _readings(path: str) -> tuple[str, ...]:
    """Return the path, and one that is no UTF-8 as Latin-1 too, which is how createrepo_c reads it."""
    if path.isascii():
        return (path,)
    raw = path.encode("utf-8", "surrogateescape")
    try:
        raw.decode()
    except UnicodeDecodeError:
        return path, raw.decode("latin-1")
    return (path,)


def _scan(session: Session, pool: Pool, path: str, *, glob: bool) -> list[int]:
    handles: list[int] = []
    for source, pieces in session.supply.file_lists():
        found = (
            filelists.find_globs(pieces, [path])
            if glob
            else filelists.find_paths(pieces, [path]).get(path, ())
        )
        handles += files.identified(pool, source.id, found)
    return handles


def add_paths(session: Session, pool: Pool, paths: Collection[str]) -> None:
    """Tell the pool who owns ``paths``: for file dependencies that primary cannot meet."""
    for source, pieces in session.supply.file_lists():
        pool.add_file_provides(source.id, filelists.find_paths(pieces, paths))


def files_of(session: Session, pool: Pool, handles: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the file list of each package: of installed ones from rpm's database, else from filelists.

    Where a repository has none, or ``skip_md_filelists`` hides them, what primary names.
    """
    result: dict[int, tuple[str, ...]] = {}
    wanted: dict[str, dict[str, list[int]]] = {}  # repository -> pkgid -> handles: a file may be there twice
    for handle in handles:
        if select.is_installed(pool, handle):
            result[handle] = query.files(pool, handle)
            continue
        checksum, repo_id = query.checksum(pool, handle), query.package(pool, handle).repo
        if checksum is None or repo_id == CMDLINE_REPO:
            result[handle] = query.files(pool, handle)
        else:
            wanted.setdefault(repo_id, {}).setdefault(checksum.hex, []).append(handle)
    if not wanted:
        return result
    for source, pieces in session.supply.file_lists():
        pkgids = wanted.get(source.id)
        if pkgids:
            for pkgid, paths in filelists.files_of(pieces, pkgids.keys()).items():
                result |= dict.fromkeys(pkgids[pkgid], paths)
    for handle in handles:
        if handle not in result:
            result[handle] = query.files(pool, handle)
    return result
