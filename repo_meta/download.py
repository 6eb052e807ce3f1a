"""Packages, several at a time: reused when they are there and right, verified while they arrive."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pkgman.model.errors import (
    ChecksumMismatch,
    MetadataError,
    PkgmanError,
    SizeMismatch,
)
from pkgman.model.urls import local_path, public, split_url
from repo_meta import mirror, temporary
from repo_meta.fetch import Item
from repo_meta.fetched import check, is_file
from repo_meta.mirror import Mirrors
from repo_meta.repomd import safe_location, stored_location
from repo_meta.transfers import Job, Transfers, at_package
from repo_meta.urls import is_local, join

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pkgman.model.progress import Downloads, Progress, Reporter
    from pkgman.model.repo import Remote, RepoSource
    from repo_meta.fetch import Fetcher

WORKERS = 8  # transfers at once
SAME_NAME = 1617  # 1600 + EEXIST
FAULTS = 20  # files of a mirrored repository that cannot be had before the rest is given up


def fetch_packages(
    remotes: Sequence[Remote],
    sources: Mapping[str, RepoSource],
    *,
    fetcher: Callable[[], Fetcher],
    progress: Downloads,
    report: Reporter,
    target_dir: str | None = None,
    workers: int = WORKERS,
) -> dict[Remote, str]:
    """Bring package files here and return the path of each, verified (config 5.5).

    Packages of ``file://`` repositories are used in place unless there is a ``target_dir``, which
    takes files by their base name. A file that is there and right is not fetched again, any other one is.
    The first failure stops the others; no temporary file stays behind, after an interrupt neither.

    :param sources: repositories by id; all of ``remotes`` must be in it.
    :raises ChecksumMismatch, SizeMismatch: a file is not what its metadata says.
    :raises MetadataError: metadata names files of this machine without being on it, or two packages
        with one base name for ``target_dir``.
    :raises PkgmanError: a FetchError when it cannot be fetched; 1600 + errno for a file of this system.
    """
    remotes = tuple(dict.fromkeys(remotes))
    for remote in remotes:
        _refuse_local(remote, sources[remote.repo_id])
    if target_dir is not None:
        _refuse_same_names(remotes)
    paths: dict[Remote, str] = {}
    jobs: list[Job] = []
    urls: dict[str, Mirrors] = {}
    for remote in remotes:
        source = sources[remote.repo_id]
        try:
            done = _present(remote, source, target_dir, report)
            if done:
                paths[remote] = done
                continue
            if source.id not in urls and "://" not in remote.location:
                urls[source.id] = _bases(source, fetcher, progress, report)
            jobs.append(_job(remote, source, urls.get(source.id), target(remote, source, target_dir)))
        except PkgmanError as error:
            raise at_package(remote, error) from error
    if jobs:
        temporary.sweep(job.item.path for job in jobs)
        jobs.sort(key=lambda job: -job.remote.size)  # the long ones first, so none is alone at the end
        Transfers(jobs, fetcher(), progress, report).run(min(workers, len(jobs)))
        paths.update((job.remote, job.item.path) for job in jobs)
    return paths


def fetch_to(
    places: Mapping[Remote, str],
    sources: Mapping[str, RepoSource],
    *,
    fetcher: Callable[[], Fetcher],
    progress: Downloads,
    report: Reporter,
    workers: int = WORKERS,
    accept: Callable[[Remote, str], bool] | None = None,
) -> None:
    """Fetch every file to its place, whatever is there; those of ``file://`` repositories are copied.

    A few files that cannot be had do not stop the others: that is a repository with a fault.

    :param places: where each file goes, absolute; no two to one place.
    :param accept: says whether a file that came, at the path given, may have its name; else it goes.
        It is called when all transfers have ended.
    :raises PkgmanError: as :func:`fetch_packages`; what is complete by then stays.
    """
    urls: dict[str, Mirrors] = {}
    jobs: list[Job] = []
    for remote, path in places.items():
        source = sources[remote.repo_id]
        _refuse_local(remote, source)
        if source.id not in urls and "://" not in remote.location:
            urls[source.id] = _bases(source, fetcher, progress, report)
        folder, name = os.path.split(path)  # a mirror may have links from one of its folders to another
        job = _job(remote, source, urls.get(source.id), f"{os.path.realpath(folder)}/{name}")
        jobs.append(job._replace(item=job.item._replace(held=accept is not None)))
    if jobs:
        transfers = Transfers(jobs, fetcher(), progress, report, faults=FAULTS, accept=accept)
        transfers.run(min(workers, len(jobs)))


def base_urls(
    source: RepoSource, *, fetcher: Callable[[], Fetcher], progress: Progress, report: Reporter
) -> tuple[str, ...]:
    """Return where a repository lies, in the order to be tried, never empty.

    :raises PkgmanError: 2500 when there is no base URL; errors of fetching a list of mirrors.
    """
    return _bases(source, fetcher, progress, report).urls


def _refuse_local(remote: Remote, source: RepoSource) -> None:
    """Refuse a ``file:`` URL in the metadata of a repository that is not itself on this machine.

    :raises MetadataError: it would make us read files as its author likes.
    """
    if remote.location.lower().startswith("file:") and not is_local(source):
        raise at_package(
            remote,
            MetadataError(f"{source.id}: {remote.label} is said to be a file of this machine, refused"),
        )


def _refuse_same_names(remotes: Sequence[Remote]) -> None:
    """Refuse packages of which one file would replace the other.

    :raises MetadataError: naming both.
    """
    seen: dict[str, Remote] = {}
    for remote in remotes:
        name = os.path.basename(_relative(remote.location))
        other = seen.setdefault(name, remote)
        if other is not remote:
            both = (f"{each.repo_id}: {public(each.location)}" for each in (other, remote))
            raise MetadataError((f"Two packages would be stored as {name}:", *both), number=SAME_NAME)


def _bases(
    source: RepoSource, fetcher: Callable[[], Fetcher], progress: Progress, report: Reporter
) -> Mirrors:
    if not source.mirrorlist and not source.metalink and source.baseurls:
        return Mirrors(source.baseurls)
    return mirror.mirrors(source, fetcher(), progress=progress, report=report)


def _job(remote: Remote, source: RepoSource, bases: Mirrors | None, path: str) -> Job:
    item = Item(path, remote.label, remote.size, remote.checksum, token=temporary.token())
    first = bases.urls[0] if bases is not None and "://" not in remote.location else remote.location
    return Job(remote, source, bases or Mirrors((first,)), item, split_url(first).netloc)


def target(remote: Remote, source: RepoSource, target_dir: str | None) -> str:
    """Say where the file goes: below ``target_dir`` or the cache; a location can leave neither.

    :raises MetadataError: when it tries to.
    """
    relative = _relative(remote.location)
    if target_dir is not None:
        if not relative.endswith(".rpm"):  # it might be a name that means something there, as ~/.profile does
            raise MetadataError(f"a package's file must end in .rpm: {remote.location!r}")
        return f"{target_dir}/{os.path.basename(relative)}"
    return f"{source.package_dir}/{relative}"


def _relative(location: str) -> str:
    if "://" not in location:
        return stored_location(os.path.normpath(location) if location else "")
    # "." and ".." of a URL's path are normalised and cannot climb above its root (commands 5.1).
    path = os.path.normpath("/" + unquote(split_url(location).path)).lstrip("/")
    return safe_location(path)


def _present(remote: Remote, source: RepoSource, target_dir: str | None, report: Reporter) -> str:
    """Return the path of a good file that is already here, ``""`` when it must be fetched."""
    if target_dir is None:
        local = in_place(remote, source)
        if local:
            check(local, remote)
            return local
    elif not os.path.isdir(target_dir):
        raise PkgmanError(f"{target_dir} is no directory", number=1602)
    path = target(remote, source, target_dir)
    if not is_file(path, ours=target_dir is None):
        return ""
    try:
        check(path, remote)
    except (ChecksumMismatch, SizeMismatch) as error:
        if target_dir is not None:
            for line in error.lines:
                report.info(f"{line}: fetched again")
        return ""  # a damaged file is replaced
    if target_dir is not None:
        report.info(f"{remote.label} package already downloaded")
    return path


def in_place(remote: Remote, source: RepoSource) -> str:
    """Return the path of a package in a ``file://`` repository, ``""`` when it is not there."""
    if "://" in remote.location:
        return local_path(remote.location) if remote.location.startswith("file://") else ""
    if source.mirrorlist or source.metalink:
        return ""
    for base in source.baseurls:
        if not base.startswith("file://"):
            return ""
        path = local_path(join(base, safe_location(remote.location)))
        if os.path.isfile(path):
            return path
    return ""
