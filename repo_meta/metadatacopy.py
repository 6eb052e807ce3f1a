"""A repository's metadata as it lies on the server, copied below a mirror's folder.

Parts come first and repomd.xml last, each whole or not at all, so a reader never
finds a repomd.xml whose parts are missing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from pkgman.model.errors import CacheMissing, FetchError, MetadataError, PkgmanError, system_error
from pkgman.model.limits import MAX_REPOMD, MAX_SIGNATURE
from repo_meta import cache, temporary
from repo_meta.fetch import Item, file_digest, sha256
from repo_meta.mirrored import flush, path_of, refuse_links_out
from repo_meta.repomd import every_part
from repo_meta.urls import join

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkgman.model.progress import Progress, Reporter
    from pkgman.model.repo import MetadataPart, RepoSnapshot, RepoSource
    from repo_meta.fetch import Fetcher

INDEX = "repodata/repomd.xml"
SIGNATURE = f"{INDEX}.asc"
_ABSENT = (403, 404, 410)  # HTTP's; some servers say 403 for what is not there
_FILE_MISSING = 1238  # file:// without the file
_SAME_NAME = 1617  # 1600 + EEXIST
_CHANGED = 1611  # 1600 + EAGAIN


def locations(source: RepoSource) -> tuple[str, ...]:
    """Return what belongs to the metadata in the cache: repomd.xml, then its parts.

    :raises CacheMissing, MetadataError: there is none that can be used.
    """
    return (INDEX, *(part.location for part in every_part(_index(source))))


def named_in(folder: str) -> frozenset[str]:
    """Return the relative paths of the parts that a mirror's repomd.xml names; none without a good one."""
    try:
        data = cache.read_file(os.path.realpath(f"{folder}/{INDEX}"), MAX_REPOMD)
        return frozenset(path_of(part.location) for part in every_part(data)) if data else frozenset()
    except PkgmanError:  # it may be anybody's
        return frozenset()


def copy(
    snapshot: RepoSnapshot,
    source: RepoSource,
    folder: str,
    bases: tuple[str, ...],
    *,
    taken: frozenset[str] = frozenset(),
    fetcher: Callable[[], Fetcher],
    progress: Progress,
    report: Reporter,
) -> frozenset[str]:
    """Bring ``folder`` up to the metadata in the cache; return the relative paths that belong there now.

    What is there and right is not fetched; what the cache has is copied. A detached
    signature is looked for when repomd.xml is another one than before.

    :param snapshot: what the packages were taken from; the metadata must be the same.
    :param taken: relative paths of packages, which metadata may not overwrite.
    :raises FetchError, ChecksumMismatch, SizeMismatch, MetadataError: a part cannot be had.
    :raises PkgmanError: 1600 + errno when the folder cannot be written.
    """
    index = _index(source)
    if sha256(index) != snapshot.repomd_checksum:
        raise PkgmanError(f"The metadata of '{source.id}' changed meanwhile; run again.", number=_CHANGED)
    parts = _places(source, index, taken)
    try:
        refuse_links_out(folder, (INDEX, *parts))
        repodata = os.path.realpath(f"{folder}/repodata")  # it may be a link within the mirror
        temporary.sweep_folder(repodata)
        for path, part in parts.items():
            if not _is_right(f"{folder}/{path}", part):
                below, name = os.path.split(f"{folder}/{path}")
                _bring(source, part, f"{os.path.realpath(below)}/{name}", bases, fetcher(), progress, report)
                flush(f"{folder}/{path}")
        wanted = {INDEX, *parts}
        if cache.read_file(f"{repodata}/repomd.xml", MAX_REPOMD) != index:
            os.makedirs(repodata, exist_ok=True)
            signature = _signature(source, index, bases, fetcher())
            if signature is None:
                temporary.discard(f"{repodata}/repomd.xml.asc")  # it would stand beside another repomd.xml
            else:
                cache.write_file(f"{repodata}/repomd.xml.asc", signature)
            cache.write_file(f"{repodata}/repomd.xml", index)
        if os.path.exists(f"{folder}/{SIGNATURE}"):
            wanted.add(SIGNATURE)
    except OSError as error:
        raise system_error(error) from error
    return frozenset(wanted)


def _places(source: RepoSource, index: bytes, taken: frozenset[str]) -> dict[str, MetadataPart]:
    """Return relative path -> part.

    :raises MetadataError: two files would have one place, or one would look like a temporary file.
    """
    places: dict[str, MetadataPart] = {}
    for part in every_part(index):
        path = path_of(part.location)
        other = places.setdefault(path, part)
        if path in taken or (other.checksum, other.size) != (part.checksum, part.size):
            raise MetadataError(f"{source.id}: two files would be stored as {path}", number=_SAME_NAME)
        if temporary.is_one(path):
            raise MetadataError(f"{source.id}: {path} is no name for metadata")
    return places


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
    path: str,
    bases: tuple[str, ...],
    fetcher: Fetcher,
    progress: Progress,
    report: Reporter,
) -> None:
    temporary.sweep((path,))
    item = Item(path, f"{source.id} ({part.kind})", part.size, part.checksum)
    cached = cache.part_path(source.metadata_dir, part)
    if os.path.isabs(cached) and _is_right(cached, part):
        fetcher.fetch(source, f"file://{quote(cached)}", item)
    else:
        fetcher.fetch_first(source, bases, part.location, item, progress=progress, report=report)


def _signature(source: RepoSource, index: bytes, bases: tuple[str, ...], fetcher: Fetcher) -> bytes | None:
    """Return the detached signature of ``index``, None when the repository has none.

    repomd.xml comes from the cache and the signature from the server now, so it must have the same one still.

    :raises PkgmanError: the repository changed meanwhile.
    :raises FetchError: nobody can say whether it has one.
    """
    for base in bases:
        try:
            signature = fetcher.read(source, join(base, SIGNATURE), limit=MAX_SIGNATURE)
        except FetchError as error:
            if error.status not in _ABSENT and error.number != _FILE_MISSING:
                raise
            continue
        if fetcher.read(source, join(base, INDEX), limit=MAX_REPOMD) != index:
            message = f"The metadata of '{source.id}' changed meanwhile; run again with --refresh."
            raise PkgmanError(message, number=_CHANGED)
        return signature
    return None
