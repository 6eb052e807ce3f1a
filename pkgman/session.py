"""The wiring of one run: builds each heavy part when it is first asked for.

This module and the command loader are the two seams of laziness: a warm query
never imports requests or rpm, since nothing asks for them.
"""

from __future__ import annotations

import gc
import os
import time
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING

from pkgman.advice import NO_LIBRPM
from pkgman.commandtable import COMMANDS
from pkgman.model import arches
from pkgman.model.errors import HistoryError, PkgmanError, RpmUnavailable
from pkgman.model.package import SYSTEM_REPO
from pkgman.model.words import without_passwords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

    from pkgman.config import Config
    from pkgman.execution import Execution
    from pkgman.getopt import CommandLine
    from pkgman.logfile import LogFile
    from pkgman.model.changelog import Changelog
    from pkgman.model.conversation import Conversation
    from pkgman.model.package import RpmFile
    from pkgman.model.repo import RepoSource
    from pkgman.model.verdict import Judge
    from pkgman.pluginhost import PluginHost
    from pkgman.supply import Supply
    from pkgman.transaction.history import History
    from pkgman.transaction.librpm.database import RpmDatabase
    from pkgman.transaction.lock import InstanceLock
    from repo_meta.fetch import Fetcher
    from solver.pool import Pool


class Session:
    """Everything that one command may ask for; a context manager that holds the instance lock."""

    def __init__(self, line: CommandLine, ui: Conversation, *, command: str) -> None:
        self.line, self.ui, self.command = line, ui, command
        self._lock: InstanceLock | None = None
        self._fetcher: Fetcher | None = None
        self._folder = ""  # of this run, when there is one
        self.looking = False
        """Set by a command that may change the system when it is going to look at something only."""

    def __enter__(self) -> Session:
        if os.geteuid() == 0:
            from pkgman.transaction.lock import InstanceLock

            self._lock = InstanceLock(self.ui, announce=self.ui.waits)
            self._lock.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, HistoryError) and error.damaged:
            self._set_history_aside(error)
        if isinstance(error, PkgmanError) and error.number not in _NO_FAILURES and self.log_wanted:
            self.log(f"Error({error.number}): {error}")
        if self._fetcher is not None:
            self._fetcher.close()
        if self._folder:
            from pkgman.transaction import scratch

            scratch.discard(self._folder)
        if "history" in self.__dict__:
            self.history.close()
        if "rpmdb" in self.__dict__:
            self.rpmdb.close()
        if self._lock is not None:
            self._lock.__exit__(kind, error, trace)

    # Configuration

    @cached_property
    def _settings(self) -> Config:
        from pkgman import config

        return config.load(self.line)

    @cached_property
    def plugins(self) -> PluginHost | None:
        """The loaded plugins; None without ``plugins=1`` or with --noplugins.

        :raises PkgmanError: when one of their configuration files cannot be read, or one fails at its start.
        """
        if not self._settings.plugins or self.flag("noplugins"):
            return None
        from pkgman.pluginhost import PluginHost

        return PluginHost(self._settings, self.line, self.ui, self.fetcher)

    @cached_property
    def config(self) -> Config:
        """The main configuration; its warnings and, with ``-v``, the options are printed."""
        loaded, _ = self._settings, self.plugins  # whose names are the very first lines
        for warning in loaded.warnings:
            self.ui.result(warning)
        for text in loaded.notes:
            self.ui.diagnostic(text)
        if self.ui.verbose and self.line.bag:
            self.ui.info("Setting options:")
            for name, value in self.line.bag:
                shown = "***" if name.endswith("password") else without_passwords(value)
                self.ui.info(f"\t{name} = {shown}")
        return loaded

    @cached_property
    def machine(self) -> str:
        """The solver's architecture, that of --forcearch or ``uname -m``; raises 1307 for an unknown one."""
        forced = self.line.last("forcearch")
        return arches.checked(forced) if forced else os.uname().machine

    @cached_property
    def repos(self) -> tuple[RepoSource, ...]:
        """All repositories, the command line's choice applied."""
        from pkgman import repos

        base = arches.base_of(self.machine) if self.line.last("forcearch") else self.machine
        variables = repos.Variables(self.config, base, self._release_version)
        note = self.ui.diagnostic if self.ui.verbose else None
        ui = self.ui
        return repos.load(self.config, self.line, variables, ui.result, self.plugins, note, say=ui.diagnostic)

    @property
    def changing(self) -> bool:
        """Whether this run is to change the system."""
        return self.command in COMMANDS and COMMANDS[self.command].root and not self.looking

    @property
    def log_wanted(self) -> bool:
        """Whether this run writes to the log file: it changes the system, and one is configured."""
        return self.changing and "config" in self.__dict__ and bool(self.config.logfile)

    @cached_property
    def _logfile(self) -> LogFile:
        from pkgman.logfile import LogFile

        return LogFile(self.config.logfile)

    def log(self, text: str) -> None:
        """Write a line to the log file, the command line in front; a failure is told once."""
        if self.log_wanted and (problem := self._logfile.write(f"{self.line.text or '(none)'}: {text}")):
            self.ui.diagnostic(f"Warning: {problem}")

    def flag(self, name: str) -> bool:
        """Say whether ``--name`` was given."""
        return self.line.flag(name)

    @property
    def wants_sources(self) -> bool:
        """Whether ``install`` is about source packages; other commands ignore its options."""
        wanted = self.command == "install" and (self.flag("source") or self.flag("builddeps"))
        return wanted or self.command == "builddep"

    @property
    def download_dir(self) -> str | None:
        """The folder of --downloaddir, absolute and without links; None without one."""
        folder = self.line.last("downloaddir")
        return os.path.realpath(folder) if folder else None

    # The installed system

    @cached_property
    def rpm_defines(self) -> tuple[tuple[str, str], ...]:
        """The macros of --rpmdefine, as (name, body)."""
        pairs = (value.partition(" ") for name, value in self.line.all("rpmdefine"))
        return tuple((name, body.strip()) for name, _, body in pairs)

    @cached_property
    def rpmdb(self) -> RpmDatabase:
        """The rpm database of the install root.

        :raises RpmUnavailable: when python3-rpm is missing.
        """
        try:
            from pkgman.transaction.librpm.database import RpmDatabase
        except ImportError as error:
            import sys

            python = ".".join(map(str, sys.version_info[:2]))
            raise RpmUnavailable(line.format(python=python, reason=error) for line in NO_LIBRPM) from error
        verbosity = self.line.last("rpmverbosity", "info")
        return RpmDatabase(self.config.root, defines=self.rpm_defines, verbosity=verbosity)

    def _release_version(self) -> str:
        if self.config.releasever:
            return self.config.releasever
        version = self._installed_key[1]
        if not version:
            raise PkgmanError(
                f"$releasever is unknown: no installed package provides any of "
                f"{', '.join(self.config.distroverpkg)}. Say which release with --releasever.",
                number=1022,
            )
        return version

    @cached_property
    def _installed_key(self) -> tuple[str, str]:
        """The identity of the installed set ("" without a database) and $releasever ("" unknown).

        An unchanged database is recognised by the stamp of an earlier run, without
        loading librpm.
        """
        from pkgman.transaction import fingerprint

        path = os.path.join(self.config.cachedir, f"{SYSTEM_REPO}.stamp")
        root, packages = self.config.root, self.config.distroverpkg
        stamp = fingerprint.read(path, root, self.rpm_defines, packages)
        if stamp is not None:
            return stamp.identity, stamp.release_version
        try:
            database = self.rpmdb
        except RpmUnavailable:
            if fingerprint.any_database(root):
                raise
            return "", ""  # an empty root: nothing that librpm could tell us
        asked = time.time_ns()
        identity = fingerprint.known_identity(path, root, database.dbpath)
        if identity is None:
            identity = database.identity()
        version = database.release_version(packages) or ""
        fingerprint.write(
            path, root, self.rpm_defines, packages,
            dbpath=database.dbpath, identity=identity, release_version=version, asked_ns=asked,
        )  # fmt: skip
        return identity, version

    # Repositories

    def fetcher(self) -> Fetcher:
        """The one downloader of this run; requests is loaded with the first remote file."""
        if self._fetcher is None:
            from repo_meta.fetch import LateFetcher

            gc.enable()  # the launcher turned it off for short runs, and this will be none
            self._fetcher = LateFetcher(self._http_fetcher)
        return self._fetcher

    def fetch_key(self, source: RepoSource, url: str) -> bytes:
        """Fetch a remote key file of a repository.

        :raises FetchError: when it cannot be had.
        """
        from pkgman.model.limits import MAX_KEY_FILE

        return self.fetcher().read(source, url, limit=MAX_KEY_FILE, progress=self.ui, report=self.ui)

    def judge(self) -> Judge:
        """Return who judges OpenPGP signatures; pysequoia is loaded with the first one."""
        from repo_meta import signature

        return signature

    def _http_fetcher(self) -> Fetcher:
        from pkgman.useragent import user_agent
        from repo_meta.http import HttpFetcher

        return HttpFetcher(user_agent(self.ui.info))

    @cached_property
    def supply(self) -> Supply:
        """The enabled repositories: what loads them, and knows which are loaded."""
        from pkgman.supply import Supply

        return Supply(self)

    # The pool

    def open_pool(
        self, *, installed: bool | None = True, files: Callable[[], Iterable[RpmFile]] | None = None
    ) -> Pool:
        """Return the pool with the installed packages and all enabled repositories loaded.

        :param installed: False leaves the installed packages out; None loads them if
            librpm is there, and says so if it is not.
        :param files: gives rpm files for the repository ``@cmdline``.
        :raises PkgmanError: for a repository that cannot be loaded and must not be skipped.
        """
        from solver.pool import Pool

        pool = Pool(self.machine)
        if installed is not False and not self.flag("alldeps"):
            self._load_installed(pool, required=installed is True)
        self.supply.load(pool)
        if files is not None:
            pool.load_files(files())
        return pool

    def open_installed(self) -> Pool:
        """Return a pool with the installed packages alone; no repository is looked at."""
        from solver.pool import Pool

        pool = Pool(self.machine)
        self._load_installed(pool, required=True)
        return pool

    def _load_installed(self, pool: Pool, *, required: bool) -> None:
        try:
            identity = self._installed_key[0]
        except RpmUnavailable as error:
            if required:
                raise
            for line in error.lines:
                self.ui.diagnostic(line)
            self.ui.diagnostic("Installed packages are not shown.")
            return
        if identity:
            path = os.path.join(self.config.cachedir, f"{SYSTEM_REPO}.solv")
            # Not self.rpmdb.installed: that would load librpm though the cache is good.
            pool.load_installed(lambda: self.rpmdb.installed(), cache_path=path, key=identity)  # noqa: PLW0108

    def scratch(self) -> str:
        """Return a folder of this run's own; what killed runs left of theirs is removed."""
        from pkgman.transaction import scratch

        if not self._folder:
            scratch.sweep()
            self._folder = scratch.make(scratch.RUN)
        return os.path.realpath(self._folder)

    # History

    @cached_property
    def history(self) -> History:
        """The history database of the install root; opened when it is first asked."""
        from pkgman.transaction.history import History

        return History(self.config.history_path)

    @cached_property
    def auto_installed(self) -> frozenset[str] | None:
        """Names of packages that came as dependencies; None without a history."""
        if not os.path.exists(self.config.history_path):
            return None  # sqlite need not be loaded to know that
        return self.history.auto_installed()

    def _set_history_aside(self, error: HistoryError) -> None:
        """Have a later run begin a new history, if this one is to change the system; say so."""
        if os.geteuid() != 0 or not self.changing:
            error.lines += ("The next command that changes the system sets it aside and begins a new one.",)
            return
        from pkgman.transaction.asides import set_aside

        self.history.close()
        try:
            place = set_aside(self.config.history_path)
        except OSError as problem:
            error.lines += (f"It cannot be set aside ({problem.strerror}): move it away.",)
            return
        text = f"It is {place} now. The next command begins a new one, where all counts as asked for."
        error.lines += (text,)

    def sync_history(self) -> None:
        """Record what changed in the rpm database outside tdnf; starts the history if need be."""
        database = self.rpmdb
        self.history.sync(database.cookie(), database.nevras(), now=time.time())

    def read_rpm_file(self, path: str) -> RpmFile:
        """Read the header of an rpm file.

        :raises RpmUnavailable: without librpm.
        """
        assert self.rpmdb  # librpm must be there, and configured
        from pkgman.transaction.librpm.header import rpm_file

        return rpm_file(path)

    def build_requires(self, path: str) -> tuple[str, ...]:
        """Return what a spec file says its build requires; raises as :meth:`read_rpm_file`."""
        database = self.rpmdb
        from pkgman.transaction.librpm.specfile import build_requires

        return build_requires(database, path)

    def read_changelog(self, path: str) -> tuple[Changelog, ...]:
        """Read the changelog of an rpm file; raises as :meth:`read_rpm_file`."""
        assert self.rpmdb
        from pkgman.transaction.librpm.header import file_changelog

        return file_changelog(path)

    def changelogs(self, pool: Pool, handles: Sequence[int]) -> dict[int, tuple[Changelog, ...]]:
        """Return the changelogs of packages, newest entry first."""
        from pkgman.changelogs import changelogs_of

        return changelogs_of(self, pool, handles)

    def local_files(self, words: Sequence[str]) -> AbstractContextManager[tuple[RpmFile, ...]]:
        """Return a context in which the rpm files and URLs named by ``words`` are there, headers read."""
        if not words:
            return nullcontext(())
        from pkgman import localfiles

        return localfiles.opened(self, words)

    def execution(self, pool: Pool) -> Execution:
        """Return what carries a solution out: it loads librpm, sqlite and the downloader."""
        from pkgman.execution import Execution

        gc.enable()
        return Execution(self, pool)


_NO_FAILURES = (100, 905, 1032, 1661)  # updates there, nothing to do, a no, no data
