"""Where a repository lies: its base URLs, from the configuration or a mirrorlist.

A mirrorlist is judged before it is stored: what a server hands out may be a login page, or half a
file. A list from the cache may name mirrors that are gone, so when none of them has what is wanted the
list is fetched again.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pkgman.model import securepath
from pkgman.model.errors import (
    ChecksumMismatch,
    FetchError,
    MetadataError,
    NotTrusted,
    PkgmanError,
    PluginError,
    SizeMismatch,
    system_error,
)
from pkgman.model.limits import MAX_MIRRORLIST, MAX_MIRRORS
from pkgman.model.progress import SILENT
from pkgman.model.schemes import KNOWN, REMOTE, canonical
from pkgman.model.urls import split_url
from repo_meta import cache
from repo_meta.origins import DOWNGRADE, with_tls
from repo_meta.urls import no_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkgman.model.progress import Progress, Reporter
    from pkgman.model.repo import RepoSource
    from repo_meta.fetch import Fetcher

    T = TypeVar("T")

# What another mirror may do better.
NEXT_MIRROR = (FetchError, SizeMismatch, ChecksumMismatch, MetadataError, NotTrusted, PluginError)
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_NOT_STORED = (1601, 1613, 1630)  # EPERM, EACCES, EROFS: the list is used without being kept


class Mirrors(NamedTuple):
    """Base URLs in the order to be tried, never empty."""

    urls: tuple[str, ...]
    cached: bool = False  # from a list that an earlier run fetched


class Listed(NamedTuple):
    """What a mirrorlist says."""

    urls: tuple[str, ...]
    unusable: tuple[str, ...] = ()  # lines that are no URL we can use


def base_urls(
    source: RepoSource,
    fetcher: Fetcher,
    *,
    now: float | None = None,
    progress: Progress = SILENT,
    report: Reporter = SILENT,
) -> tuple[str, ...]:
    """Return the URLs of :func:`mirrors`."""
    return mirrors(source, fetcher, now=now, progress=progress, report=report).urls


def mirrors(
    source: RepoSource,
    fetcher: Fetcher,
    *,
    now: float | None = None,
    progress: Progress = SILENT,
    report: Reporter = SILENT,
) -> Mirrors:
    """Return where a repository lies.

    A mirrorlist replaces ``baseurl``. It lies in the cache and is fetched when it is not there, names
    no URL that can be used, or is older than ``metadata_expire`` seconds at ``now``; without ``now``
    its age does not count.

    :raises PkgmanError: 2500 when there is no base URL; errors of fetching.
    """
    if not source.mirrorlist:
        if not source.baseurls:
            raise no_url(source)
        return Mirrors(source.baseurls)
    path = cache.mirrorlist_path(source)
    if now is None or not _is_old(source, path, now):
        urls = _stored(source, path)
        if urls:
            return Mirrors(urls, cached=True)
    return Mirrors(_fetch(source, path, fetcher, progress, report))


def others(
    source: RepoSource, tried: tuple[str, ...], fetcher: Fetcher, *, progress: Progress, report: Reporter
) -> tuple[str, ...]:
    """Fetch the mirrorlist again; return the base URLs that are not among those that were ``tried``."""
    try:
        urls = _fetch(source, cache.mirrorlist_path(source), fetcher, progress, report)
    except PkgmanError as error:
        for line in error.lines:
            report.diagnostic(line)
        return ()
    return tuple(url for url in urls if url not in tried)


class NewerLists:
    """Mirrorlists that are fetched again, each once; for transfers in several threads."""

    def __init__(self, fetcher: Fetcher, progress: Progress, report: Reporter) -> None:
        self._fetcher, self._progress, self._report = fetcher, progress, report
        self._found: dict[str, tuple[str, ...]] = {}  # by repository
        self._lock = threading.Lock()

    def urls(self, source: RepoSource, tried: Mirrors) -> tuple[str, ...]:
        """Return :func:`others`; none for a list that this run has fetched itself."""
        if not tried.cached:
            return ()
        with self._lock:
            if source.id not in self._found:
                self._found[source.id] = others(
                    source, tried.urls, self._fetcher, progress=self._progress, report=self._report
                )
            return self._found[source.id]


def with_mirrors(
    source: RepoSource,
    fetcher: Fetcher,
    use: Callable[[tuple[str, ...]], T],
    *,
    now: float | None = None,
    progress: Progress,
    report: Reporter,
) -> T:
    """Return what ``use`` makes of the base URLs; it is called again with those of a newer list.

    :raises PkgmanError: as :func:`mirrors`; what ``use`` raises.
    """
    found = mirrors(source, fetcher, now=now, progress=progress, report=report)
    try:
        return use(found.urls)
    except NEXT_MIRROR as error:
        urls = others(source, found.urls, fetcher, progress=progress, report=report) if found.cached else ()
        if not urls:
            raise
        for line in error.lines:
            report.diagnostic(line)
    return use(urls)


def parse_mirrorlist(data: bytes, *, local: bool = False) -> Listed:
    """Read base URLs, one per line; blank lines and lines beginning with ``#`` are left out.

    Their schemes are in lower case then.

    :param local: the list is a file of this machine, so it may name directories of it.
    """
    # A list from the network must not make us read this machine's files.
    schemes = KNOWN if local else REMOTE
    encoding = "utf-8"
    for mark, name in _MARKS:
        if data.startswith(mark):
            data, encoding = data.removeprefix(mark), name
    lines = [line.strip() for line in data.decode(encoding, "replace").splitlines()]
    urls: dict[str, None] = {}
    unusable: list[str] = []
    for line in lines:
        if line and not line.startswith("#"):
            url = _url(line, schemes)
            if url:
                urls[url] = None
            else:
                unusable.append(line)
    return Listed(tuple(urls), tuple(unusable))


def _url(line: str, schemes: tuple[str, ...]) -> str:
    """Return the line as a URL, ``""`` when it is none that can be used."""
    url = canonical(line)
    if not url.startswith(schemes) or any(c.isspace() or c in "\ufffd<>" for c in url):
        return ""
    try:
        parts = split_url(url)
    except FetchError:
        return ""
    return url if (parts.path if parts.scheme == "file" else parts.hostname) else ""


def _stored(source: RepoSource, path: str) -> tuple[str, ...]:
    try:
        data = cache.read_file(path, MAX_MIRRORLIST)
    except MetadataError:
        return ()
    found = parse_mirrorlist(data or b"", local=_is_local(source))
    return with_tls(source, found.urls)[:MAX_MIRRORS]


def _fetch(
    source: RepoSource, path: str, fetcher: Fetcher, progress: Progress, report: Reporter
) -> tuple[str, ...]:
    data = fetcher.read(
        source, source.mirrorlist, limit=MAX_MIRRORLIST, label=source.id, progress=progress, report=report
    )
    found = parse_mirrorlist(data, local=_is_local(source))
    if found.unusable:
        first = found.unusable[0][:80]
        report.diagnostic(
            f"The mirrorlist of '{source.id}' has {len(found.unusable)} lines that are not URLs of mirrors, "
            f"such as {first!r}; they are passed over."
        )
    if not found.urls:
        raise no_url(source, "Its mirrorlist names no URL that can be used.")
    urls = with_tls(source, found.urls)
    if len(urls) < len(found.urls):
        report.diagnostic(
            f"The mirrorlist of '{source.id}' has {len(found.urls) - len(urls)} mirrors without TLS; "
            f"they are passed over ({DOWNGRADE}=1 takes them)."
        )
    count = len(urls)
    if count > MAX_MIRRORS:
        report.diagnostic(
            f"The mirrorlist of '{source.id}' has {count} mirrors; the first {MAX_MIRRORS} are used."
        )
    _store(path, data)
    return urls[:MAX_MIRRORS]


def _store(path: str, data: bytes) -> None:
    try:
        securepath.make_folders(os.path.dirname(path))
        cache.write_file(path, data)
    except IsADirectoryError:
        cache.remove_tree(path)  # nothing of ours; the next run stores the list
    except OSError as error:
        problem = system_error(error)
        if problem.number not in _NOT_STORED:
            raise problem from error


def _is_local(source: RepoSource) -> bool:
    return canonical(source.mirrorlist).startswith("file:")


def _is_old(source: RepoSource, path: str, now: float) -> bool:
    age = cache.age(path, now)
    return age is None or 0 <= source.metadata_expire < age
