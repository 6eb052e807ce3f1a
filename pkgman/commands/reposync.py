"""reposync: mirror packages and metadata of all enabled repositories (tdnf contract, commands 8)."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pkgman.mirroring import Mirror
from pkgman.model.errors import Incomplete, NoData, PkgmanError, system_error
from pkgman.model.repo import Remote
from pkgman.model.urls import local_path
from repo_meta import metadatacopy
from solver import sifted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pkgman.model.repo import RepoSource
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

    Nothing is deleted before everything is there: a run that fails deletes nothing.

    :raises PkgmanError: 1622 for options that exclude each other, 1602 for a missing folder.
    :raises NoData: no repository has a package; exit status 0.
    """
    _check_options(session)
    places = _Places("", "", nested=False) if session.flag("urls") else _places(session)
    pool = session.open_pool(installed=False)
    chosen = _chosen(session, pool)
    if session.flag("urls"):
        for source in session.supply.sources:
            _print_urls(session, pool, source, chosen.get(source.id, ()))
    else:
        _mirror_all(session, pool, chosen, places)
    if not chosen:
        raise NoData
    return 0


def _check_options(session: Session) -> None:
    given = session.flag
    problem = ""
    if given("source") and given("arch"):
        problem = "cannot use the source option with arch"
    elif given("norepopath") and given("delete"):
        problem = "cannot use the delete option with norepopath"
    elif given("norepopath") and len(session.supply.wanted()) > 1:
        problem = "cannot use norepopath with multiple repos"
    elif given("download-path") and not session.line.last("download-path").startswith("/"):
        problem = "download-path must be an absolute path"
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
    metadata = session.line.last("metadata-path") if session.flag("download-metadata") else ""
    if metadata:
        _need_folder(metadata)
    return _Places(os.path.realpath(root), os.path.realpath(metadata or root), nested)


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


def _chosen(session: Session, pool: Pool) -> dict[str, list[int]]:
    """Return the handles of the packages that the options choose, by repository; none has an empty list."""
    arches = [value for name, value in session.line.options if name == "arch"][:_MOST_ARCHES]
    if session.flag("source"):
        arches = list(_SOURCE)
    return sifted.available(pool, arches=frozenset(arches), newest=session.flag("newest-only"))


def _print_urls(session: Session, pool: Pool, source: RepoSource, handles: Sequence[int]) -> None:
    supply = session.supply
    session.ui.results(filter(None, (supply.url_of(pool, handle) for handle in handles)))
    if _with_metadata(session, source):
        parts = (Remote("", source.id, place, 0, None) for place in metadatacopy.locations(source))
        session.ui.results(supply.url(part) for part in parts)


def _mirror_all(session: Session, pool: Pool, chosen: Mapping[str, list[int]], places: _Places) -> None:
    """Bring all mirrors up to date, then delete what is to go.

    :raises PkgmanError: the first failure; one that concerns some packages only lets the other
        repositories come before.
    """
    if session.flag("delete") or session.flag("gpgcheck"):
        _refuse_shared_folders(session.supply.sources, places)
    deletions: list[Callable[[], None]] = []
    failure: PkgmanError | None = None
    for source in session.supply.sources:
        try:
            deletions += _mirror(session, pool, source, chosen.get(source.id, []), places)
        except Incomplete as error:
            failure = failure or error
            session.ui.diagnostic(f"{source.id}: {error}")
    if failure:
        raise PkgmanError(number=failure.number) from failure
    if session.flag("delete"):
        for delete in deletions:
            delete()


def _refuse_shared_folders(sources: Sequence[RepoSource], places: _Places) -> None:
    """Refuse mirrors that are one folder, or one inside the other, or the repository itself.

    What is deleted in one of them would be missing in the other.

    :raises PkgmanError: 1622.
    """
    seen: dict[str, str] = {}  # real path -> what lies there
    for source in sources:
        urls = [url for url in source.baseurls if url.startswith("file://")]
        for path in (*map(local_path, urls), source.rpm_folder):
            if path:
                seen[os.path.realpath(path)] = f"the repository {source.id}"
    for root in dict.fromkeys((places.packages, places.metadata)):
        for source in sources:
            folder = os.path.realpath(os.path.join(root, source.id) if places.nested else root)
            for other, what in seen.items():
                if f"{folder}/".startswith(f"{other}/") or f"{other}/".startswith(f"{folder}/"):
                    message = f"{folder}, the mirror of {source.id}, and {what} are one, or one in the other"
                    raise PkgmanError(f"{message}: nothing can be deleted there", number=1622)
            seen[folder] = f"the mirror of {source.id}"


def _mirror(
    session: Session, pool: Pool, source: RepoSource, handles: list[int], places: _Places
) -> list[Callable[[], None]]:
    """Bring one repository's mirror up to date: packages, then metadata.

    Return what deletes the rest. Where no package is chosen no package is deleted: an empty or
    mistyped choice must not cost a mirror.
    """
    deletions: list[Callable[[], None]] = []
    if not handles and not _with_metadata(session, source):
        return deletions
    folder = _folder(places.packages, source, nested=places.nested)
    mirror = Mirror(session, pool, source, folder)
    kept = mirror.fetch(handles)
    if _with_metadata(session, source):
        target = _folder(places.metadata, source, nested=places.nested)
        parts = mirror.fetch_metadata(target, taken=kept)
        beside = kept if target == folder else frozenset()
        deletions.append(partial(mirror.delete_metadata, target, keep=parts | beside))
        kept |= parts
    if handles:
        deletions.append(partial(mirror.delete_packages, keep=kept))
    return deletions


def _with_metadata(session: Session, source: RepoSource) -> bool:
    return session.flag("download-metadata") and not source.rpm_folder  # a folder has none


def _folder(root: str, source: RepoSource, *, nested: bool) -> str:
    return os.path.realpath(_make_folder(os.path.join(root, source.id))) if nested else root
