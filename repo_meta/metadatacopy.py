"""A repository's metadata as it lies on the server, copied below a mirror's folder.

Parts come first and repomd.xml last, each whole or not at all, so a reader never
finds a repomd.xml whose parts are missing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from pkgman.model.errors import CacheMissing, FetchError, system_error
from repo_meta import cache, temporary
from repo_meta.fetch import Item, file_digest
from repo_meta.repomd import MAX_REPOMD, every_part
from repo_meta.urls import HTTP_STATUS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkgman.model.progress import Progress, Reporter
    from pkgman.model.repo import MetadataPart, RepoSource
    from repo_meta.fetch import Fetcher

INDEX = "repodata/repomd.xml"
SIGNATURE = f"{INDEX}.asc"
_MAX_SIGNATURE = 1 << 18  # bytes
_FILE_MISSING = 1238  # file:// without the file


def locations(source: RepoSource) -> tuple[str, ...]:
    """Return what belongs to the metadata in the cache: repomd.xml, then its parts.

    :raises CacheMissing, MetadataError: there is none that can be used.
    """
    return (INDEX, *(part.location for part in every_part(_index(source))))


def copy(
    source: RepoSource,
    folder: str,
    bases: tuple[str, ...],
    *,
    fetcher: Callable[[], Fetcher],
    progress: Progress,
    report: Reporter,
) -> frozenset[str]:
    """Bring ``folder`` up to the metadata in the cache; return the relative paths that belong there now.

    What is there and right is not fetched; what the cache has is copied. A detached
    signature is looked for when repomd.xml is another one than before.

    :raises FetchError, ChecksumMismatch, SizeMismatch, MetadataError: a part cannot be had.
    :raises PkgmanError: 1600 + errno when the folder cannot be written.
    """
    index = _index(source)
    parts = every_part(index)
    try:
        for part in parts:
            if not _is_right(f"{folder}/{part.location}", part):
                _bring(source, part, folder, bases, fetcher(), progress, report)
        wanted = {INDEX, *(part.location for part in parts)}
        if cache.read_file(f"{folder}/{INDEX}", MAX_REPOMD) != index:
            os.makedirs(f"{folder}/repodata", exist_ok=True)
            _signature(source, folder, bases, fetcher(), report)
            cache.write_file(f"{folder}/{INDEX}", index)
        if os.path.exists(f"{folder}/{SIGNATURE}"):
            wanted.add(SIGNATURE)
    except OSError as error:
        raise system_error(error) from error
    return frozenset(wanted)


def _index(source: RepoSource) -> bytes:
    data = cache.read_file(cache.repomd_path(source), MAX_REPOMD)
    if data is None:
        raise CacheMissing(f"The metadata of '{source.id}' is not in the cache; run 'tdnf makecache'.")
    return data


def _is_right(path: str, part: MetadataPart) -> bool:
    assert part.checksum is not None, "a part without a checksum is refused when repomd.xml is read"
    try:
        if os.path.islink(path) or (part.size and os.stat(path).st_size != part.size):
            return False
        return file_digest(path, part.checksum) == part.checksum.hex
    except OSError:
        return False


def _bring(
    source: RepoSource,
    part: MetadataPart,
    folder: str,
    bases: tuple[str, ...],
    fetcher: Fetcher,
    progress: Progress,
    report: Reporter,
) -> None:
    path = f"{folder}/{part.location}"
    temporary.sweep((path,))
    item = Item(path, f"{source.id} ({part.kind})", part.size, part.checksum)
    cached = cache.part_path(source.metadata_dir, part)
    if os.path.isabs(cached) and _is_right(cached, part):
        fetcher.fetch(source, f"file://{quote(cached)}", item)
    else:
        fetcher.fetch_first(source, bases, part.location, item, progress=progress, report=report)


def _signature(
    source: RepoSource, folder: str, bases: tuple[str, ...], fetcher: Fetcher, report: Reporter
) -> None:
    """Fetch repomd.xml.asc if the repository has one; an old one must not stand beside a new repomd.xml."""
    path = f"{folder}/{SIGNATURE}"
    temporary.sweep((path,))
    temporary.discard(path)
    try:
        fetcher.fetch_first(
            source, bases, SIGNATURE, Item(path, source.id, limit=_MAX_SIGNATURE), report=report
        )
    except FetchError as error:
        if error.number not in (HTTP_STATUS, _FILE_MISSING):
            raise
