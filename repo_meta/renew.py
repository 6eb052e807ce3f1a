"""The cold half of refreshing: fetch, verify, then replace (tdnf contract, config 5.4)."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from pkgman.model import securepath
from pkgman.model.errors import MetadataError, system_error
from pkgman.model.limits import MAX_PART, MAX_REPOMD, MAX_SIGNATURE
from pkgman.model.progress import SILENT
from repo_meta import cache, mirror, temporary
from repo_meta.fetch import Item, file_digest, sha256
from repo_meta.refresh import check_of, from_cache, snapshot_of
from repo_meta.refreshlock import RefreshLock
from repo_meta.repomd import revision
from repo_meta.urls import join

if TYPE_CHECKING:
    from pkgman.model.hooks import MetadataHooks
    from pkgman.model.progress import Progress, Reporter
    from pkgman.model.repo import MetadataPart, RepoSnapshot, RepoSource
    from repo_meta.fetch import Fetcher

WORDS = {"primary": "primary", "filelists": "file lists", "updateinfo": "update info", "other": "other"}

_TICK = 1.0  # seconds; the clock of a file system may be behind ours


def renew(
    source: RepoSource,
    *,
    fetcher: Fetcher,
    report: Reporter,
    progress: Progress,
    now: float,
    keepcache: bool,
    hooks: MetadataHooks | None = None,
) -> RepoSnapshot:
    """Look up repomd.xml, and replace the cached metadata when it is another one.

    On any failure the cache is as it was, and nothing temporary is left. While another run does the
    same this one waits, and takes what that one brought.
    Errors as :func:`repo_meta.refresh.load`.
    """
    began = time.time()
    try:
        with RefreshLock(source, report) as lock:
            snapshot = _brought(source, hooks, since=began) if lock.waited else None
            if snapshot is not None:
                return snapshot
            try:
                cache.remove_tree(cache.tmp_dir(source))
                os.mkdir(cache.tmp_dir(source))
                report.info(f"Refreshing metadata for: '{source.name}'")
                return _Renewal(source, fetcher, report, progress, hooks).run(now, keepcache=keepcache)
            finally:
                cache.remove_tree(cache.tmp_dir(source))
    except OSError as error:
        raise system_error(error) from error


def _brought(source: RepoSource, hooks: MetadataHooks | None, *, since: float) -> RepoSnapshot | None:
    """Return what another run has looked up meanwhile; None when it did not succeed."""
    age = cache.age(cache.marker_path(source), time.time())
    if age is None or time.time() - age < since - _TICK:
        return None
    snapshot = from_cache(source, check_of(source, hooks), strict=False)
    usable = snapshot is not None and (
        os.path.exists(snapshot.solv_path) or cache.present(source.metadata_dir, snapshot.primary)
    )
    return snapshot if usable else None


class _Renewal:
    """One run of :func:`renew`: what all its steps need."""

    def __init__(
        self,
        source: RepoSource,
        fetcher: Fetcher,
        report: Reporter,
        progress: Progress,
        hooks: MetadataHooks | None,
    ) -> None:
        self._source, self._fetcher, self._report, self._progress = source, fetcher, report, progress
        self._hooks = hooks
        self._check = check_of(source, hooks)  # of the signature; "" for none

    def run(self, now: float, *, keepcache: bool) -> RepoSnapshot:
        def run(bases: tuple[str, ...]) -> RepoSnapshot:
            return self._run(bases, keepcache=keepcache)

        return mirror.with_mirrors(
            self._source, self._fetcher, run, now=now, progress=self._progress, report=self._report
        )

    def _run(self, bases: tuple[str, ...], *, keepcache: bool) -> RepoSnapshot:
        source = self._source
        data, snapshot = self._repomd(bases)
        old = cache.read_file(cache.repomd_path(source), MAX_REPOMD) if self._readable() else None
        if old == data:
            self._complete(snapshot, bases)
        else:
            self._replace(snapshot, bases)
            if not keepcache:
                cache.remove_packages(source)
        known = cache.recorded(source, data)
        passed = known.checks | {self._check} if self._check else known.checks
        if not known.digest or passed != known.checks:
            cache.record(source, data, cache.Record(snapshot.repomd_checksum, passed))
        cache.touch_marker(source)
        return snapshot

    def _readable(self) -> bool:
        # A cached file beyond the ceiling is replaced like any other broken one.
        try:
            return securepath.stat(cache.repomd_path(self._source)).st_size <= MAX_REPOMD
        except OSError:
            return False

    def _repomd(self, bases: tuple[str, ...]) -> tuple[bytes, RepoSnapshot]:
        """Fetch repomd.xml into tmp/ from the first base URL that has a good one."""
        for number, base in enumerate(bases, start=1):
            try:
                return self._repomd_from(base, last=number == len(bases))
            except mirror.NEXT_MIRROR as error:
                if number == len(bases):
                    raise
                for line in error.lines:
                    self._report.diagnostic(line)
        raise AssertionError("base_urls is never empty")

    def _repomd_from(self, base: str, *, last: bool) -> tuple[bytes, RepoSnapshot]:
        source = self._source
        path = f"{cache.tmp_dir(source)}/repomd.xml"
        item = Item(path, source.id, limit=MAX_REPOMD)
        url = join(base, "repodata/repomd.xml")
        self._fetcher.fetch(source, url, item, progress=self._progress, report=self._report, patient=last)
        if self._hooks is not None:
            self._hooks.downloaded(source, path, base)
        data = cache.read_file(path, MAX_REPOMD) or b""
        if self._check == cache.BY_GPGKEY:
            self._check_signature(base, data)
        if self._check:
            self._refuse_older(data)
        return data, snapshot_of(source, data, sha256(data))

    def _check_signature(self, base: str, data: bytes) -> None:
        from repo_meta import trust

        url = join(base, "repodata/repomd.xml.asc")
        text = self._fetcher.read(
            self._source,
            url,
            limit=MAX_SIGNATURE,
            label=self._source.id,
            progress=self._progress,
            report=self._report,
        )
        trust.verify(
            self._source, data, text, fetcher=self._fetcher, progress=self._progress, report=self._report
        )

    def _refuse_older(self, data: bytes) -> None:
        """Refuse a signed repomd.xml that is older than the verified one in the cache.

        :raises MetadataError: somebody hands out an old copy, whose holes are known.
        """
        old = cache.read_file(cache.repomd_path(self._source), MAX_REPOMD) if self._readable() else None
        if old is None or not cache.recorded(self._source, old).checks:
            return
        try:
            before, now = revision(old), revision(data)
        except MetadataError:
            return  # what is cached cannot be read any more, so it is replaced
        if before is not None and (now is None or now < before):
            # One without a number could be of any age, and the next one could not be compared with it.
            why = "has no revision" if now is None else f"is an old one: its revision is {now}"
            raise MetadataError(
                (
                    f"repomd.xml of '{self._source.id}' {why}, and {before} was accepted before.",
                    "If the repository did go back, run 'tdnf clean metadata' first.",
                )
            )

    def _complete(self, snapshot: RepoSnapshot, bases: tuple[str, ...]) -> None:
        """Make sure that primary is there for an unchanged repomd.xml."""
        part, directory = snapshot.primary, self._source.metadata_dir
        if os.path.exists(snapshot.solv_path) or cache.present(directory, part):
            return
        _fetch_to(
            cache.part_path(directory, part),
            self._source,
            part,
            bases,
            self._fetcher,
            self._progress,
            self._report,
        )

    def _replace(self, snapshot: RepoSnapshot, bases: tuple[str, ...]) -> None:
        source, primary = self._source, snapshot.primary
        tmp, directory = cache.tmp_dir(source), source.metadata_dir
        name = os.path.basename(cache.part_path(directory, primary))
        fresh = {"repomd.xml": f"{tmp}/repomd.xml"}
        if not part_is_good(directory, primary):
            fresh[name] = f"{tmp}/{name}"
            _fetch_to(fresh[name], source, primary, bases, self._fetcher, self._progress, self._report)
        # Parts that did not change need not be fetched again; they are verified when used.
        keep = {name} | {
            os.path.basename(cache.part_path(directory, part))
            for part in snapshot.parts
            if part.checksum is not None and cache.present(directory, part)
        }
        cache.install(source, fresh, keep=keep)


def get_part(
    source: RepoSource, part: MetadataPart, *, fetcher: Fetcher, progress: Progress, report: Reporter = SILENT
) -> None:
    """Fetch one part into the cache. Errors as :func:`repo_meta.refresh.fetch_part`."""

    def get(bases: tuple[str, ...]) -> None:
        path = cache.part_path(source.metadata_dir, part)
        _fetch_to(path, source, part, bases, fetcher, progress, report)

    try:
        with RefreshLock(source, report) as lock:
            if not (lock.waited and part_is_good(source.metadata_dir, part)):
                mirror.with_mirrors(source, fetcher, get, progress=progress, report=report)
    except OSError as error:
        raise system_error(error) from error


def _fetch_to(
    path: str,
    source: RepoSource,
    part: MetadataPart,
    bases: tuple[str, ...],
    fetcher: Fetcher,
    progress: Progress,
    report: Reporter,
) -> None:
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            cache.remove_tree(path)  # nothing of ours stands there
    except OSError as error:
        raise system_error(error) from error
    temporary.sweep((path,))
    item = Item(path, f"{source.id} ({WORDS[part.kind]})", part.size, part.checksum, MAX_PART)
    fetcher.fetch_first(source, bases, part.location, item, progress=progress, report=report)


def part_is_good(metadata_dir: str, part: MetadataPart) -> bool:
    """Say whether a part lies in the cache with the size and checksum of repomd.xml.

    :raises PkgmanError: 1600 + errno when it is there and cannot be read.
    """
    if not cache.present(metadata_dir, part):
        return False
    path = cache.part_path(metadata_dir, part)
    try:
        return part.checksum is None or file_digest(path, part.checksum) == part.checksum.hex
    except OSError as error:
        raise system_error(error) from error


def note_checksum(source: RepoSource, data: bytes) -> str:
    """Return the SHA-256 of a cached repomd.xml, and record it when the cache can be written."""
    digest = sha256(data)
    cache.record(source, data, cache.Record(digest))
    return digest
