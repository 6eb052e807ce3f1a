"""The enabled repositories of a run: refreshed, loaded into the pool, their parts fetched when needed."""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING, Any

from pkgman.advice import NO_PERMISSION
from pkgman.localdirs import rpm_files
from pkgman.model.errors import Aborted, EndOfInput, MetadataError, PkgmanError, system_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pkgman.model.advisory import Advisory
    from pkgman.model.repo import MetadataFile, Remote, RepoSnapshot, RepoSource
    from pkgman.session import Session
    from repo_meta.cached import Cached
    from solver.pool import Pool

_NOT_WRITABLE = (1601, 1613, 1630)  # EPERM, EACCES, EROFS


class Supply:
    """The repositories that are in the pool, by priority, and their verified metadata."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.sources: list[RepoSource] = []
        self.snapshots: dict[str, RepoSnapshot] = {}
        self._bases: dict[str, str] = {}
        self._looked_at: set[str] = set()  # folders of the cache

    def wanted(self) -> list[RepoSource]:
        """Return the enabled repositories, by priority."""
        return sorted((s for s in self._session.repos if s.enabled), key=lambda s: s.priority)

    def load(self, pool: Pool) -> None:
        """Refresh and load every enabled repository.

        :raises PkgmanError: for one that cannot be loaded and must not be skipped.
        """
        for source in self.wanted():
            if source.rpm_folder:
                files = map(self._session.read_rpm_file, rpm_files(source.rpm_folder))
                pool.load_folder(source.id, source.priority, files)
                self.sources.append(source)
                continue
            found = self.refresh(source)
            if found is not None and self._load_repo(pool, *found):
                self.sources.append(found[0])
                self.snapshots[source.id] = found[1]

    def build_caches(self) -> None:
        """Look all enabled repositories up and build their caches, without loading them."""
        for source in self.wanted():
            found = None if source.rpm_folder else self.refresh(source)
            if found is not None:
                self._load_repo(None, *found)

    def refresh(self, source: RepoSource) -> tuple[RepoSource, RepoSnapshot] | None:
        """Return the repository, where plugins say it lies, and its metadata.

        None when it is broken and may be skipped.
        """
        from repo_meta import refresh

        session, plugins = self._session, self._session.plugins
        for folder in (session.config.cachedir, source.metadata_dir):
            self._warn_of_others(folder)
        try:
            snapshot = refresh.load(
                source,
                cache_only=session.flag("cacheonly"),
                refresh=session.flag("refresh") or self._anew(),
                fetcher=session.fetcher,
                report=session.ui,
                progress=session.ui,
                now=time.time(),
                keepcache=session.config.keepcache,
                hooks=plugins,
            )
            return source if plugins is None else plugins.settle(source), snapshot
        except (Aborted, EndOfInput):
            raise  # the user's word on a key, and no fault of the repository
        except OSError as error:
            problem: PkgmanError = system_error(error)
        except PkgmanError as error:
            problem = error
        self._refused(source, problem)
        return None

    def _anew(self) -> bool:
        """Say whether ``makecache`` looks all repositories up again; from a timer only those that expired."""
        line = self._session.line
        from_timer = line.flag("timer") or "timer" in line.words[1:]
        return self._session.command == "makecache" and not from_timer

    def _warn_of_others(self, folder: str) -> None:
        """Say once that anybody can change what lies in a folder of the cache."""
        if folder in self._looked_at:
            return
        self._looked_at.add(folder)
        try:
            mode = os.stat(folder).st_mode
        except OSError:
            return
        if mode & stat.S_IWOTH:
            self._session.ui.diagnostic(
                f"WARNING: everybody can write to {folder}, so what is cached there may be anybody's; "
                f"run 'chmod o-w {folder}' and 'tdnf clean all'."
            )

    def _refused(self, source: RepoSource, problem: PkgmanError) -> None:
        from pkgman.errortexts import text_of

        ui = self._session.ui
        permission = problem.number == 1613
        if permission and os.geteuid() != 0:
            raise PkgmanError(NO_PERMISSION, number=1613) from problem
        for line in problem.lines:
            ui.diagnostic(line)
        ui.diagnostic(f"Error({problem.number}) : {text_of(problem.number)}")
        ui.diagnostic(f"Error: Failed to synchronize cache for repo '{source.name}'")
        if not source.skip_if_unavailable or permission:
            raise PkgmanError(number=problem.number) from problem
        ui.info(f"Disabling Repo: '{source.name}'")

    def _load_repo(self, pool: Pool | None, source: RepoSource, snapshot: RepoSnapshot) -> bool:
        """Load one repository, or build its cache; False when it is broken and may be skipped."""
        session = self._session

        def pieces() -> Iterable[bytes]:  # called only without a usable cache
            from repo_meta import decompress, refresh

            primary = refresh.fetch_part(
                source, snapshot, "primary", fetcher=session.fetcher, progress=session.ui, report=session.ui
            )
            assert primary is not None, "every repomd.xml that is accepted has a primary"
            return decompress.iter_plain(primary)

        try:
            if pool is None:
                from solver.pool import cache_of

                cache_of(snapshot, pieces).ensure()
            else:
                pool.load_repo(snapshot, pieces)
        except PkgmanError as error:
            self._refused(source, error)
            return False
        return True

    def source(self, repo_id: str) -> RepoSource:
        """Return the repository with this id."""
        return next(source for source in self.sources if source.id == repo_id)

    def advisories(self) -> Iterable[Advisory]:
        """Yield the advisories of all loaded repositories, fetching them when they are not cached."""
        from repo_meta import decompress, updateinfo

        for source in self.sources:
            part = self.part(source, "updateinfo")
            if part is not None:
                yield from updateinfo.parse_advisories(decompress.iter_plain(part))

    def file_lists(self) -> Iterable[tuple[RepoSource, Any]]:
        """Yield each loaded repository with a stream of its plain filelists, for one pass."""
        from repo_meta import decompress

        for source in self.sources:
            part = self.part(source, "filelists")
            if part is not None:
                yield source, decompress.iter_plain(part)

    def pieces(self, source: RepoSource, kind: str) -> Iterable[bytes] | None:
        """Return the plain content of a part as a stream for one pass; None when there is none."""
        from repo_meta import decompress

        part = self.part(source, kind)
        return None if part is None else decompress.iter_plain(part)

    def cached(self, source: RepoSource) -> Cached:
        """Return what the cache says of a repository; nothing is looked up."""
        from repo_meta.cached import look

        return look(source)

    def url(self, remote: Remote) -> str:
        """Return where a package file lies, without user and password; a local path for a local file.

        :raises PkgmanError: 2500 and those of fetching a list of mirrors.
        """
        from pkgman.model.urls import public
        from repo_meta import mirror, urls

        if "://" in remote.location or remote.location.startswith("/"):
            return public(remote.location)
        if remote.repo_id not in self._bases:
            session, source = self._session, self.source(remote.repo_id)
            found = mirror.base_urls(source, session.fetcher(), progress=session.ui, report=session.ui)
            self._bases[remote.repo_id] = found[0]
        return public(urls.join(self._bases[remote.repo_id], remote.location))

    def url_of(self, pool: Pool, handle: int) -> str | None:
        """Return :meth:`url` of a package; None after a word on stderr where its metadata is unusable.

        One such package must not hide where all the others are.
        """
        from solver import query

        try:
            return self.url(query.remote(pool, handle))
        except MetadataError as error:
            for line in error.lines:
                self._session.ui.diagnostic(line)
            return None

    def part(self, source: RepoSource, kind: str) -> MetadataFile | None:
        """Return a part that is fetched when it is first needed; None when there is none.

        Who may not write the cache gets it in a folder that is gone when the command ends.
        """
        from repo_meta import refresh

        session, snapshot = self._session, self.snapshots.get(source.id)
        if snapshot is None:
            return None  # a folder of packages, which has no metadata
        try:
            return refresh.fetch_part(
                source, snapshot, kind, fetcher=session.fetcher, progress=session.ui, report=session.ui
            )
        except PkgmanError as error:
            if error.number not in _NOT_WRITABLE or os.geteuid() == 0:
                raise
        own = os.path.join(session.scratch(), source.id)
        return refresh.fetch_part(
            source._replace(metadata_dir=own),
            snapshot._replace(metadata_dir=own),
            kind,
            fetcher=session.fetcher,
            progress=session.ui,
            report=session.ui,
        )
