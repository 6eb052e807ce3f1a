"""reposync: mirror packages and metadata of all enabled repositories (tdnf contract, commands 8)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from pkgman.mirroring import Mirror
from pkgman.model.errors import NoData, PkgmanError, system_error
from repo_meta import download, metadatacopy
from repo_meta.urls import join
from solver import query
from solver.versions import Comparer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pkgman.model.package import Package
    from pkgman.model.repo import Remote, RepoSource
    from pkgman.session import Session
    from solver.pool import Pool

_SOURCE = ("src", "nosrc")
_MOST_ARCHES = 10  # tdnf looks at ten --arch values


class _Places(NamedTuple):
    """Where things go: folders that exist; ``nested`` puts each repository into one of its own name."""

    packages: str
    metadata: str
    nested: bool


def run(session: Session, words: tuple[str, ...]) -> int:  # noqa: ARG001  # tdnf ignores its arguments
    """Mirror, or with --urls print what there is to fetch.

    :raises PkgmanError: 1622 for options that exclude each other, 1602 for a missing folder.
    :raises NoData: no repository has a package; exit status 0.
    """
    _check_options(session)
    places = _Places("", "", nested=False) if session.flag("urls") else _places(session)
    pool = session.open_pool(installed=False)
    found = {source.id: list(_selected(session, pool, source)) for source in session.supply.sources}
    for source in session.supply.sources:
        packages = [(package, query.remote(pool, package.handle)) for package in found[source.id]]
        if session.flag("urls"):
            _print_urls(session, source, [remote for _, remote in packages])
        else:
            _mirror(session, source, packages, places)
    if not any(found.values()):
        raise NoData
    return 0


def _check_options(session: Session) -> None:
    given = session.flag
    arches = [value for name, value in session.line.options if name == "arch"]
    problem = ""
    if given("source") and arches:
        problem = "cannot use the source option with arch"
    elif given("norepopath") and given("delete"):
        problem = "cannot use the delete option with norepopath"
    elif given("norepopath") and len(session.supply.wanted()) > 1:
        problem = "cannot use norepopath with multiple repos"
    for name in ("download-path", "metadata-path"):
        if given(name) and not session.line.last(name).startswith("/"):
            problem = f"{name} must be an absolute path"
    if problem:
        session.ui.result(problem)
        raise PkgmanError(number=1622)


def _places(session: Session) -> _Places:
    root = session.line.last("download-path") or os.getcwd()
    nested = not session.flag("norepopath")
    if nested:
        _need_folder(root)
    else:
        _need_folder(os.path.dirname(root.rstrip("/")) or "/")
        _make_folder(root)
    metadata = session.line.last("metadata-path")
    if metadata and session.flag("download-metadata"):
        _need_folder(metadata)
    return _Places(root, metadata or root, nested)


def _need_folder(path: str) -> None:
    if not os.path.isdir(path):
        raise PkgmanError(f"{path}: there is no such folder; make it first", number=1602)


def _make_folder(path: str) -> str:
    try:
        os.mkdir(path)
    except FileExistsError:
        _need_folder(path)
    except OSError as error:
        raise system_error(error) from error
    return path


def _selected(session: Session, pool: Pool, source: RepoSource) -> Iterator[Package]:
    arches = [value for name, value in session.line.options if name == "arch"][:_MOST_ARCHES]
    if session.flag("source"):
        arches = list(_SOURCE)
    packages: Iterable[Package] = (
        package for package in query.packages(pool, query.available(pool)) if package.repo == source.id
    )
    if arches:
        packages = (package for package in packages if package.arch in arches)
    return _newest(packages) if session.flag("newest-only") else iter(packages)


def _newest(packages: Iterable[Package]) -> Iterator[Package]:
    """Yield the packages with the highest EVR of their name."""
    best: dict[str, list[Package]] = {}
    with Comparer() as versions:
        for package in packages:
            kept = best.setdefault(package.name, [])
            order = versions.compare(package.evr, kept[0].evr) if kept else 0
            if order > 0:
                kept.clear()
            if order >= 0:
                kept.append(package)
    for kept in best.values():
        yield from kept


def _print_urls(session: Session, source: RepoSource, remotes: list[Remote]) -> None:
    base = download.base_urls(source, fetcher=session.fetcher, progress=session.ui, report=session.ui)[0]
    session.ui.results(join(base, remote.location) for remote in remotes)
    if session.flag("download-metadata"):
        session.ui.results(join(base, location) for location in metadatacopy.locations(source))


def _mirror(
    session: Session, source: RepoSource, packages: list[tuple[Package, Remote]], places: _Places
) -> None:
    """Bring one repository's mirror up to date: packages, then metadata, then what is to go."""
    folder = _make_folder(os.path.join(places.packages, source.id)) if places.nested else places.packages
    mirror = Mirror(session, source, os.path.normpath(folder))
    kept = mirror.fetch(packages)
    with_metadata = session.flag("download-metadata")
    if with_metadata:
        target = folder
        if places.metadata != places.packages:
            target = places.metadata
            if places.nested:
                target = _make_folder(os.path.join(target, source.id))
        parts = mirror.fetch_metadata(os.path.normpath(target))
        if session.flag("delete"):
            mirror.delete_metadata(os.path.normpath(target), keep=parts)
    if session.flag("delete"):
        mirror.delete_packages(keep=kept)
