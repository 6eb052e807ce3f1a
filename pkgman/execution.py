"""Carrying a solution out: download, verify, let librpm run, record, clean up.

Everything heavy is imported here, at the top: after the transaction has begun
nothing is imported any more, since it may replace Python or ourselves.
"""

from __future__ import annotations

import json  # noqa: F401  # what the user interface may need afterwards
import os
import signal
import time
import traceback  # noqa: F401
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pkgman import errortexts, localfiles, logfile  # noqa: F401
from pkgman.model.errors import HistoryError, MetadataError, PkgmanError
from pkgman.model.package import CMDLINE_REPO
from pkgman.model.transaction import Action, Reason
from pkgman.model.words import one_line
from pkgman.transaction import history_notes, verify
from pkgman.transaction.librpm import run as librpm
from pkgman.transaction.librpm import source
from pkgman.transaction.librpm.header import file_relations
from pkgman.transaction.librpm.signals import HeldSignals
from repo_meta import cache, download
from solver import query, relations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pkgman.model.package import Package
    from pkgman.model.repo import RepoSource
    from pkgman.model.transaction import Solution
    from pkgman.session import Session
    from pkgman.transaction.verifiedfile import VerifiedFile
    from solver.pool import Pool


_PARTLY = "A part of the transaction is carried out, and the history has that part."


def _effects(solution: Solution) -> frozenset[tuple[Action, int, frozenset[int]]]:
    """Return what a solution does to which packages, whatever the reasons and the order."""
    return frozenset(
        (step.action, step.package.handle, frozenset(old.handle for old in step.replaces))
        for step in solution.steps
        if not step.package.is_source
    )


def _carried_out(solution: Solution, installed: frozenset[str]) -> Solution:
    """Leave out the steps that were not carried out, as ``installed``, the NEVRAs there now, shows."""
    leaving = (Action.REMOVE, Action.OBSOLETE)
    steps = tuple(s for s in solution.steps if (s.package.nevra in installed) != (s.action in leaving))
    return solution._replace(steps=steps)


class Execution:
    """Carries out one solution."""

    def __init__(self, session: Session, pool: Pool) -> None:
        self._session, self._pool = session, pool
        self._fetched: dict[int, str] = {}  # handle to path in the cache, of what comes from a repository
        self._before: frozenset[str] = frozenset()  # those of them that were there already
        self.downloaded = 0  # bytes of the packages that this run fetched

    def run(self, solution: Solution, again: Callable[[], Solution]) -> None:
        """Do it; whatever happens, files that nobody wants to keep are removed.

        :param again: solves the same request once more.
        :raises MetadataError: when the plan rests on metadata that headers contradict.
        :raises PkgmanError: a package cannot be fetched, is not trusted, or librpm refuses.
        :raises KeyboardInterrupt: when interrupted; not between two packages of a transaction.
        """
        packages = {step.package.handle: step.package for step in solution.incoming}
        try:
            verified = self._verify(packages, self._fetch(packages))
            try:
                if not self._session.flag("downloadonly"):
                    self._compare_with_headers(solution, verified, again)
                    self._transact(solution, verified)
            finally:
                verify.close_all(verified)
        except BaseException:
            self._clean(packages, keep=self._before)
            raise
        self._clean(packages)

    def _fetch(self, packages: Mapping[int, Package]) -> dict[int, str]:
        """Return handle to path; checksums and sizes are right."""
        session = self._session
        remotes = {handle: query.remote(self._pool, handle) for handle in packages}
        paths = {h: remote.location for h, remote in remotes.items() if remote.repo_id == CMDLINE_REPO}
        wanted = {h: remote for h, remote in remotes.items() if h not in paths}
        if wanted:
            if session.download_dir is None:
                self._fetched = {
                    handle: download.target(remote, session.supply.source(remote.repo_id), None)
                    for handle, remote in wanted.items()
                }
                self._before = frozenset(path for path in self._fetched.values() if os.path.exists(path))
            fetched = download.fetch_packages(
                list(wanted.values()),
                {source.id: source for source in session.supply.sources},
                fetcher=session.fetcher,
                progress=session.ui,
                report=session.ui,
                target_dir=session.download_dir,
            )
            paths.update({handle: fetched[remote] for handle, remote in wanted.items()})
            self.downloaded = sum(
                packages[handle].download_size
                for handle, path in self._fetched.items()
                if paths[handle] == path and path not in self._before
            )
        return paths

    def _verify(self, packages: Mapping[int, Package], paths: Mapping[int, str]) -> tuple[VerifiedFile, ...]:
        session = self._session
        unchecked = session.flag("nogpgcheck")
        checks = verify.Checks(
            signatures=not (unchecked or session.flag("skipsignature")),
            digests=not (unchecked or session.flag("skipdigest")),
            local=session.config.localpkg_gpgcheck,
        )
        incoming = [
            verify.Incoming(package, paths[handle], self._source(package.repo), self._location(handle))
            for handle, package in packages.items()
        ]
        return verify.verify(
            incoming,
            database=session.rpmdb,
            fetch_key=session.fetch_key,
            judge=session.judge,
            report=session.ui,
            checks=checks,
            scratch=session.config.cachedir,
        )

    def _source(self, repo_id: str) -> RepoSource | None:
        return None if repo_id == CMDLINE_REPO else self._session.supply.source(repo_id)

    def _location(self, handle: int) -> str:
        return query.remote(self._pool, handle).location

    def _compare_with_headers(
        self, solution: Solution, verified: Sequence[VerifiedFile], again: Callable[[], Solution]
    ) -> None:
        """See that the plan follows from what the packages' headers state, not from metadata alone.

        What metadata state on their own is taken back, and the request is solved once more.

        :raises MetadataError: 1304 when that gives another plan, or none.
        """
        lines = []
        for file in verified:
            package = file.package
            if package.is_source or package.repo == CMDLINE_REPO or package.handle in self._pool.in_place:
                continue
            header = file_relations(file)
            if extra := relations.not_in_header(self._pool, package.handle, header):
                what = one_line("; ".join(extra))
                lines.append(
                    f"{package.repo}: {package.nevra}: only the metadata say '{what}', not its header"
                )
                relations.take_from_header(self._pool, package.handle, header)
        if not lines:
            return
        try:
            same = _effects(again()) == _effects(solution)
        except PkgmanError:
            same = False
        if not same:
            last = "By its headers the transaction would be another one, so nothing was changed."
            raise MetadataError((*lines, last))

    def _transact(self, solution: Solution, verified: tuple[VerifiedFile, ...]) -> None:
        session = self._session
        flags = session.config.tsflags
        options = librpm.Options(
            test_only=session.flag("testonly"),
            no_docs="nodocs" in flags or session.flag("no-docs"),
            no_scripts="noscripts" in flags,
            ignore_arch=bool(session.line.last("forcearch")),
            digests=not (session.flag("nogpgcheck") or session.flag("skipdigest")),
            open_max=session.config.openmax,
        )
        binary = solution._replace(steps=tuple(s for s in solution.steps if not s.package.is_source))
        self._unpack([file for file in verified if file.package.is_source], test_only=options.test_only)
        if not binary.steps and solution.steps:
            # Of nothing: source packages are in no database.
            session.ui.info("Testing transaction")
            if not options.test_only:
                session.ui.info("Running transaction")
            return
        if not options.test_only:
            session.sync_history()
        session.ui.unbreakable = True  # a closed pipe must not end a half-done transaction
        held = HeldSignals()  # what librpm has done is recorded, whatever comes meanwhile
        try:
            with held, self._recorded(binary, wanted=not options.test_only):
                outcome = librpm.run(
                    session.rpmdb,
                    binary.steps,
                    [file for file in verified if not file.package.is_source],
                    report=session.ui,
                    script_output=session.ui.script_output,
                    options=options,
                )
        finally:
            session.ui.unbreakable = False
        if received := outcome.signal or held.received:
            signal.raise_signal(received)

    def _unpack(self, files: Sequence[VerifiedFile], *, test_only: bool) -> None:
        for file in files:
            package = file.package
            self._session.ui.info(
                f"Installing/Updating: {package.name}-{package.version}-{package.release} (source)"
            )
            if not test_only:
                source.unpack(self._session.rpmdb, file)
                self._session.log(f"Unpack {package.nevra} ({package.repo})")

    @contextmanager
    def _recorded(self, solution: Solution, *, wanted: bool) -> Iterator[None]:
        """Give a context whose changes of the rpm database the history has after it, failed or not."""
        try:
            yield
        except BaseException as failure:
            if wanted and self._has_changed():
                try:
                    self._record(solution)
                except HistoryError as error:
                    for line in error.lines:
                        self._session.ui.diagnostic(line)
                else:
                    if isinstance(failure, PkgmanError):
                        failure.lines += (_PARTLY,)
            raise
        if wanted:
            self._record(solution)

    def _has_changed(self) -> bool:
        """Say whether librpm did anything; a database that it only made, still empty, does not count."""
        database, before = self._session.rpmdb, self._session.history.last_cookie
        return database.cookie() != before and (before != "" or any(True for _ in database.nevras()))

    def _record(self, solution: Solution) -> None:
        """Write the transaction and which names came as dependencies (tdnf contract, commands 4.5).

        Of a transaction that failed on its way only what did happen is written.
        """
        session, database = self._session, self._session.rpmdb
        nevras = tuple(database.nevras())
        solution = _carried_out(solution, frozenset(map(librpm.plain, nevras)))
        flags = {step.package.name: step.reason is not Reason.USER for step in solution.of(Action.INSTALL)}
        if solution.flags is not None:  # what comes back has the mark it had
            flags = {name: True for name, auto in flags.items() if auto} | solution.flags
        flags.update(dict.fromkeys(solution.mark_user, False))
        for step in solution.steps:
            session.log(f"{step.action.value} {step.package.nevra} ({step.package.repo})")
        try:
            number = session.history.record(
                session.line.text or None, database.cookie(), nevras, now=time.time(), flags=flags
            )
            origins = {step.package.nevra: step.package.repo for step in solution.incoming}
            path, comment = session.config.history_path, session.line.last("comment")
            history_notes.write(path, number, comment, origins)
        except HistoryError as error:
            lines = (*error.lines, "The packages are changed, but the history does not have it.")
            raise HistoryError(lines, number=error.number) from error

    def _clean(self, packages: Mapping[int, Package], *, keep: frozenset[str] = frozenset()) -> None:
        """Remove downloaded files below the cache, unless they are to be kept.

        After a failure those which were there before (``keep``) stay.
        """
        session = self._session
        if session.config.keepcache or session.flag("downloadonly"):
            return
        for handle, path in self._fetched.items():
            # Repositories in place and --downloaddir are not ours to clean, nor is what a link leads to.
            top = session.supply.source(packages[handle].repo).package_dir
            folder = os.path.realpath(os.path.dirname(path))
            if path not in keep and top and f"{folder}/".startswith(f"{os.path.realpath(top)}/"):
                cache.remove(path)
