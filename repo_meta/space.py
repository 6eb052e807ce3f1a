"""Whether there is room for the packages that have to be fetched, on each file system they go to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman.model.errors import PkgmanError
from repo_meta import download

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pkgman.model.repo import Remote, RepoSource


def shortages(
    remotes: Iterable[Remote], sources: Mapping[str, RepoSource], target_dir: str | None
) -> Iterator[tuple[str, int, int]]:
    """Yield a folder, the bytes to be fetched to its file system and those free there, where they do not fit.

    Packages that are on this machine already take no room: in a local repository, in the cache or
    in the folder they are to go to. Files are told by their size; their bytes are not read.

    :param sources: repositories by id; all of ``remotes`` must be in it.
    :param target_dir: as for :func:`repo_meta.download.fetch_packages`.
    """
    needed: dict[int, int] = {}
    folders: dict[int, str] = {}
    for remote in dict.fromkeys(remotes):
        path = _goes_to(remote, sources[remote.repo_id], target_dir)
        if path:
            folder = _existing(os.path.dirname(path))
            device = os.stat(folder).st_dev
            folders.setdefault(device, folder)
            needed[device] = needed.get(device, 0) + remote.size
    for device, size in needed.items():
        status = os.statvfs(folders[device])
        free = status.f_bavail * status.f_frsize
        if size > free:
            yield folders[device], size, free


def _goes_to(remote: Remote, source: RepoSource, target_dir: str | None) -> str:
    """Return where a package will be stored, ``""`` when it is there or need not be stored."""
    try:
        if target_dir is None and (remote.location.startswith("/") or download.in_place(remote, source)):
            return ""
        path = download.target(remote, source, target_dir)
    except PkgmanError:
        return ""  # fetching it will say what is wrong
    try:
        return "" if os.stat(path).st_size == remote.size else path
    except OSError:
        return path


def _existing(folder: str) -> str:
    """Return the folder, or the nearest one above it that exists."""
    folder = os.path.abspath(folder)
    while not os.path.isdir(folder) and folder != "/":
        folder = os.path.dirname(folder)
    return folder
