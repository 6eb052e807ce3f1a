"""Where a repository lies: its base URLs, from the configuration or a mirrorlist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.model.errors import MetadataError, system_error
from pkgman.model.limits import MAX_MIRRORLIST
from pkgman.model.progress import SILENT
from repo_meta import cache, temporary
from repo_meta.fetch import Item
from repo_meta.urls import no_url

if TYPE_CHECKING:
    from pkgman.model.progress import Progress, Reporter
    from pkgman.model.repo import RepoSource
    from repo_meta.fetch import Fetcher


def base_urls(
    source: RepoSource,
    fetcher: Fetcher,
    *,
    now: float | None = None,
    progress: Progress = SILENT,
    report: Reporter = SILENT,
) -> tuple[str, ...]:
    """Return the base URLs in the order to be tried, never empty.

    A mirrorlist replaces ``baseurl``. It lies in the cache and is fetched when it is not there or older
    than ``metadata_expire`` seconds at ``now``; without ``now`` its age does not count.

    :raises PkgmanError: 2500 when there is no base URL; errors of fetching.
    """
    if not source.mirrorlist:
        if not source.baseurls:
            raise no_url(source)
        return source.baseurls
    path = cache.mirrorlist_path(source)
    data = cache.read_file(path, MAX_MIRRORLIST)
    if data is None or (now is not None and _is_old(source, path, now)):
        temporary.sweep((path,))
        item = Item(path, source.id, limit=MAX_MIRRORLIST)
        fetcher.fetch(source, source.mirrorlist, item, progress=progress, report=report)
        data = cache.read_file(path, MAX_MIRRORLIST) or b""
    urls = parse_mirrorlist(data, local=source.mirrorlist.startswith("file:"))
    if not urls:
        try:
            cache.remove_tree(path)  # so that the next run asks again
        except OSError as error:
            raise system_error(error) from error
        raise no_url(source)
    return urls


def _is_old(source: RepoSource, path: str, now: float) -> bool:
    age = cache.age(path, now)
    return age is None or 0 <= source.metadata_expire < age


def parse_mirrorlist(data: bytes, *, local: bool = False) -> tuple[str, ...]:
    """Read base URLs, one per line; blank lines and lines beginning with ``#`` are left out.

    :param local: the list is a file of this machine, so it may name directories of it.

    :raises MetadataError: when it is no text, or a line is no URL.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MetadataError(f"the mirrorlist is no text: {error}") from error
    lines = [line.strip() for line in text.splitlines()]
    urls = tuple(line for line in lines if line and not line.startswith("#"))
    for url in urls:
        # A list from the network must not make us read this machine's files.
        if not url.startswith(("http://", "https://", "ftp://", "ftps://")) and not (
            local and url.startswith("file://")
        ):
            raise MetadataError(f"the mirrorlist has a line that is no URL: {url[:80]!r}")
    return urls
