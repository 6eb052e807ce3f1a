"""From a configured repository to verified metadata: the cache while it is fresh, else the mirrors.

This module is the warm half and on the path of every query: it reads repomd.xml, compares, parses.
All that fetches or hashes stands in :mod:`repo_meta.renew`, imported when it is needed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman.model.errors import CacheMissing, MetadataError, PkgmanError
from pkgman.model.limits import MAX_REPOMD
from pkgman.model.progress import SILENT
from pkgman.model.repo import MetadataFile, RepoSnapshot
from repo_meta import cache
from repo_meta.repomd import parse_repomd

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkgman.model.hooks import MetadataHooks
    from pkgman.model.progress import Progress, Reporter
    from pkgman.model.repo import RepoSource
    from repo_meta.fetch import Fetcher


def load(  # noqa: PLR0913  # what one run wants of a repository, each named by the caller
    source: RepoSource,
    *,
    cache_only: bool,
    refresh: bool,
    fetcher: Callable[[], Fetcher],
    report: Reporter,
    progress: Progress,
    now: float,
    keepcache: bool = False,
    hooks: MetadataHooks | None = None,
) -> RepoSnapshot:
    """Return the repository's metadata, looked up again when it is too old (config 5.4).

    A warm run reads and parses repomd.xml and writes nothing. What is in the cache stays there
    until its replacement is complete.

    :param cache_only: take what is cached, whatever its age; wins over ``refresh``.
    :param refresh: look up repomd.xml even if it is not too old.
    :param fetcher: called only when something must be fetched.
    :param now: seconds since 1970.
    :param keepcache: keep downloaded packages when there is new metadata.
    :param hooks: plugins, which may know where the repository lies, and what repomd.xml is acceptable.
    :raises CacheMissing: with ``cache_only`` when there is nothing cached, or with ``repo_gpgcheck``
        nothing whose signature was checked.
    :raises MetadataError: when metadata is broken.
    :raises FetchError: when it cannot be fetched.
    :raises PkgmanError: 2500 without any URL, 1600 + errno when the cache cannot be written; a plugin's.
    """
    snapshot = None
    if cache_only or not (refresh or cache.is_expired(source, now)):
        snapshot = from_cache(source, check_of(source, hooks), strict=cache_only)
        if cache_only and snapshot is None:
            raise CacheMissing(_why_missing(source))
    urls = hooks.start(source, lookup=snapshot is None) if hooks is not None else None
    if urls is not None:
        source = source.moved(urls)
    if not (source.baseurls or source.mirrorlist):
        raise _no_url(source, urls)
    if snapshot is not None:
        if not (os.path.exists(snapshot.solv_path) or cache.present(source.metadata_dir, snapshot.primary)):
            fetch_part(source, snapshot, "primary", fetcher=fetcher, progress=progress, report=report)
        return snapshot
    from repo_meta import renew

    return renew.renew(
        source,
        fetcher=fetcher(),
        report=report,
        progress=progress,
        now=now,
        keepcache=keepcache,
        hooks=hooks,
    )


def check_of(source: RepoSource, hooks: MetadataHooks | None) -> str:
    """Return which check of repomd.xml's signature is wanted, ``""`` for none: ours, or a plugin's."""
    if not source.repo_gpgcheck:
        return ""
    return (hooks.checker(source) if hooks is not None else "") or cache.BY_GPGKEY


def fetch_part(
    source: RepoSource,
    snapshot: RepoSnapshot,
    kind: str,
    *,
    fetcher: Callable[[], Fetcher],
    progress: Progress,
    report: Reporter = SILENT,
) -> MetadataFile | None:
    """Return one part, verified: from the cache when it is there and right, else fetched.

    :param kind: ``primary``, ``filelists``, ``updateinfo`` or ``other``.
    :returns: None when the repository has no such part, or its ``skip_md_*`` key hides it.
    :raises FetchError: when it cannot be fetched.
    :raises ChecksumMismatch, SizeMismatch: when no mirror has the right one.
    :raises PkgmanError: 1600 + errno when the cache cannot be read or written.
    """
    skipped = {
        "filelists": source.skip_md_filelists,
        "updateinfo": source.skip_md_updateinfo,
        "other": source.skip_md_other,
    }
    part = next((part for part in snapshot.parts if part.kind == kind), None)
    if part is None or skipped.get(kind):
        return None
    from repo_meta import renew

    if not renew.part_is_good(source.metadata_dir, part):
        renew.get_part(source, part, fetcher=fetcher(), progress=progress, report=report)
    return MetadataFile(part, cache.part_path(source.metadata_dir, part))


def snapshot_of(source: RepoSource, data: bytes, digest: str) -> RepoSnapshot:
    """Return the value for the bytes of a repomd.xml and their SHA-256.

    :raises MetadataError: when they are no repomd.xml.
    """
    parts = parse_repomd(data)
    return RepoSnapshot(
        id=source.id,
        priority=source.priority,
        repomd_checksum=digest,
        solv_path=cache.solv_path(source),
        primary=next(part for part in parts if part.kind == "primary"),
        metadata_dir=source.metadata_dir,
        parts=parts,
    )


def from_cache(source: RepoSource, check: str, *, strict: bool) -> RepoSnapshot | None:
    """Read what is cached; None when there is nothing, it has not passed the ``check`` that it must
    pass, or (unless ``strict``) it is broken: no repomd.xml, or not the one that was recorded.

    :raises MetadataError: it is broken, with ``strict``.
    """
    try:
        data = cache.read_file(cache.repomd_path(source), MAX_REPOMD)
        if data is None:
            return None
        known = cache.recorded(source, data)
        if known.denies:
            raise MetadataError(
                f"The cached metadata of '{source.id}' is not what was accepted; run 'tdnf makecache'."
            )
        if check and check not in known.checks:
            return None
        snapshot = snapshot_of(source, data, known.digest)
    except MetadataError:
        if strict:
            raise
        return None
    if known.digest:
        return snapshot
    # Nothing is recorded, as in a cache that tdnf left: the digest is made from what is there now.
    from repo_meta import renew

    return snapshot._replace(repomd_checksum=renew.note_checksum(source, data))


def _no_url(source: RepoSource, urls: tuple[str, ...] | None) -> PkgmanError:
    from repo_meta.urls import no_url

    if not source.metalink:
        return no_url(source)
    if urls is not None:
        return no_url(source, "Its metalink names no URL that can be used.")
    return no_url(
        source,
        "It has a metalink, which the plugin tdnfmetalink reads: set plugins=1 in the main section of",
        "tdnf.conf and enabled=1 in pluginconf.d/tdnfmetalink.conf.",
    )


def _why_missing(source: RepoSource) -> tuple[str, ...]:
    if source.repo_gpgcheck and os.path.exists(cache.repomd_path(source)):
        return (f"The cached metadata of '{source.id}' has no checked signature; run 'tdnf makecache'.",)
    return ()
