"""The Python API: what the commands do, with values in and out.

It prints nothing, ends nothing, asks nobody, and leaves the process as it found
it; what librpm cannot do without is said at :class:`Client`.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from contextlib import ExitStack, contextmanager
from functools import partial
from traceback import clear_frames
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, get_args

from pkgman import workflow
from pkgman.apireport import Listener
from pkgman.commands import listing, updateinfo
from pkgman.getopt import check, parse
from pkgman.model.errors import (
    HistoryError,
    NotRoot,
    PkgmanError,
    UsageError,
    system_error,
)
from pkgman.model.progress import SILENT
from pkgman.model.request import Request
from pkgman.session import Session
from solver import query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from pkgman.apireport import Report
    from pkgman.model.advisory import Advisory
    from pkgman.model.package import Package, PackageInfo
    from pkgman.model.progress import Progress
    from pkgman.model.repo import RepoSource
    from pkgman.model.transaction import Solution
    from pkgman.transaction.history import Entry
    from solver.pool import Pool

Scope = Literal["all", "installed", "available", "upgrades", "downgrades"]
_SCOPES: tuple[str, ...] = get_args(Scope)
_READABLE = 0o022  # umask: the cache is for everybody to read, and for nobody else to write


class Details(NamedTuple):
    """A package and its texts."""

    package: Package
    info: PackageInfo


class Found(NamedTuple):
    """A hit of a search."""

    name: str
    summary: str


class AdvisoryFor(NamedTuple):
    """An advisory, and the installed package that it concerns."""

    advisory: Advisory
    installed: str  # the package's name


def never(question: str) -> bool:  # noqa: ARG001
    """Answer no to every question."""
    return False


class Client:
    """A context in which packages are looked at, and changes are planned and carried out.

    Within ``with`` it holds tdnf's instance lock (as root) and the turn of this process: a second
    client waits in another thread, and is refused in the same one. A client is used in the thread
    that entered it, and may be entered again after it was left.

    Every method raises :class:`~pkgman.model.errors.PkgmanError`, ``number`` being tdnf's and
    ``lines`` saying what happened. What ``report``, ``progress`` or ``confirm`` raise comes out of the
    method as it is, once the work is unwound. Handles of packages are good until the next
    :meth:`execute`, and no longer than the ``with``.

    What happens to the process: umask and the garbage collector's switch are others while a method runs, and
    are put back. While librpm changes the system SIGINT, SIGTERM, SIGHUP and SIGQUIT are held back
    (in the main thread) and delivered afterwards; with an install root the whole process sees
    that root meanwhile. librpm's own messages go to standard error.

    :param config: the main configuration file; ``/etc/tdnf/tdnf.conf``, or the install root's, when None.
    :param installroot: absolute path of the system that is meant.
    :param options: as on the command line, such as ``("--repo=base", "--refresh")``; no words.
    :param report: gets notes and warnings.
    :param progress: learns of downloads, from several threads.
    :param confirm: is asked before a key is trusted, the question being the argument.
    :param command: what the history records for transactions; None for no command line.
    """

    _turn: ClassVar[threading.Lock] = threading.Lock()
    _holder: ClassVar[int] = 0  # the thread that has the turn

    def __init__(
        self,
        *,
        config: str | None = None,
        installroot: str | None = None,
        options: Sequence[str] = (),
        report: Report = SILENT,
        progress: Progress = SILENT,
        confirm: Callable[[str], bool] = never,
        command: str | None = None,
    ) -> None:
        given = [f"--config={config}"] if config is not None else []
        given += [f"--installroot={installroot}"] if installroot is not None else []
        line = parse([*given, *options])
        if line.words:
            raise UsageError(f"'{line.words[0]}' is no option", number=902)
        check(line)
        self._line = line._replace(text=command or "")
        self._listener = Listener(report, progress, confirm)
        self._thread = 0
        self._open = ExitStack()  # the session, and files that it fetched for this plan
        self._session: Session | None = None
        self._pool: Pool | None = None
        self._plans: list[tuple[Solution, str, Request]] = []  # with what they stand for

    def __enter__(self) -> Client:
        here = threading.get_ident()
        if Client._holder == here:
            raise PkgmanError("another Client is in use in this thread: leave it first", number=1622)
        Client._turn.acquire()
        Client._holder = self._thread = here
        try:
            with _as_found():
                self._renew()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with _as_found():
                self._drop()
        finally:
            self._leave()

    def _leave(self) -> None:
        self._thread = Client._holder = 0
        Client._turn.release()

    # Looking

    def repositories(self) -> tuple[RepoSource, ...]:
        """Return all configured repositories, enabled or not, in the configuration's order."""
        with self._work() as session:
            return session.repos

    def refresh(self) -> None:
        """Look all enabled repositories up and build their caches, as ``makecache`` does."""
        with self._work("makecache") as session:
            session.supply.build_caches()
            self._renew()

    def packages(self, *specs: str, scope: Scope = "all") -> tuple[Package, ...]:
        """Return packages, installed ones first; without specs all of the scope.

        :raises NoMatch: never; what matches nothing gives nothing.
        :raises PkgmanError: 1622 for a scope or spec that is none.
        """
        _check_selection(scope, specs)
        with self._work("list") as session:
            pool = self._loaded(session)
            return tuple(query.packages(pool, listing.selected(session, pool, scope, specs)))

    def info(self, *specs: str, scope: Scope = "all") -> tuple[Details, ...]:
        """Return packages as :meth:`packages` does, with their texts."""
        _check_selection(scope, specs)
        with self._work("info") as session:
            pool = self._loaded(session)
            found = query.packages(pool, listing.selected(session, pool, scope, specs))
            return tuple(Details(package, query.info(pool, package.handle)) for package in found)

    def search(self, *terms: str) -> tuple[Found, ...]:
        """Return packages whose name, summary or description holds one of the terms, each name once."""
        with self._work("search") as session:
            pool = self._loaded(session)
            hits = (query.summary(pool, handle) for handle in query.search(pool, terms))
            first: dict[str, str] = {}
            for name, summary in hits:
                first.setdefault(name, summary)
            return tuple(Found(name, summary) for name, summary in first.items())

    def advisories(self, *specs: str) -> tuple[AdvisoryFor, ...]:
        """Return the advisories for installed packages, and which package each is about.

        The options ``--security``, ``--sec-severity`` and ``--reboot-required`` choose.

        :raises NoMatch: when specs are given and match no installed package.
        """
        with self._work("updateinfo") as session:
            pool = self._loaded(session)
            return tuple(
                AdvisoryFor(hit.advisory, hit.installed)
                for hit in updateinfo.concerning(session, pool, specs)
            )

    def history(self) -> tuple[Entry, ...]:
        """Return the transactions of the past, the oldest first; none when there is no history."""
        with self._work("history") as session:
            return session.history.entries() if session.history.exists else ()

    # Planning: nothing is changed

    def plan_install(self, *specs: str) -> Solution:
        """Plan to install packages by spec, rpm file or URL."""
        return self._plan_named("install", specs)

    def plan_reinstall(self, *specs: str) -> Solution:
        """Plan to install the same packages again."""
        return self._plan_named("reinstall", specs)

    def plan_erase(self, *specs: str) -> Solution:
        """Plan to remove packages and what needs them."""
        return self._plan("erase", Request(erase=_some(specs, "erase")))

    def plan_autoremove(self, *specs: str) -> Solution:
        """Plan to remove packages and what only they need; without specs all that nothing needs.

        :raises HistoryError: 1802, without specs and history.
        """
        with self._work("autoremove") as session:
            if not specs and session.auto_installed is None:
                raise HistoryError("there is no history, so nothing is known to have come as a dependency")
        request = Request(autoremove=specs) if specs else Request(autoremove_all=True)
        return self._plan("autoremove", request)

    def plan_update(self, *specs: str) -> Solution:
        """Plan to update packages; without specs all of them."""
        return self._plan("update", Request(update=specs) if specs else Request(update_all=True))

    def plan_downgrade(self, *specs: str) -> Solution:
        """Plan to go back to earlier versions; without specs of everything."""
        return self._plan("downgrade", Request(downgrade=specs) if specs else Request(downgrade_all=True))

    def plan_distro_sync(self) -> Solution:
        """Plan to bring everything to the repositories' versions, up or down."""
        return self._plan("distro-sync", Request(distro_sync=True))

    def _plan_named(self, command: Literal["install", "reinstall"], specs: Sequence[str]) -> Solution:
        named = [spec for spec in _some(specs, command) if spec.endswith(".rpm")]
        names = tuple(spec for spec in specs if not spec.endswith(".rpm"))
        with self._work(command) as session:
            files = self._open.enter_context(session.local_files(named))
            self._loaded(session).load_files(files)
        if command == "reinstall":
            return self._plan(command, Request(reinstall=names, reinstall_files=files))
        return self._plan(command, Request(install=names, install_files=files))

    def _plan(self, command: str, request: Request) -> Solution:
        """Solve a request.

        :raises Unsolvable: when there is no solution; ``lines`` hold every problem.
        """
        with self._work(command) as session:
            pool = self._loaded(session)
            workflow.warn_of_excludes(session, pool)
            solution = workflow.resolve(session, pool, request)
            self._plans.append((solution, command, request))
            return solution

    # Doing

    def execute(self, solution: Solution) -> None:
        """Carry a plan out: download, verify, let librpm run, record. Calling it is the agreement.

        :raises NotRoot: 1601 without effective uid 0.
        :raises NothingToDo: 905 when the plan has no step.
        :raises PkgmanError: 1622 for a plan that is not this client's, or older than the last change.
        """
        plan = next((plan for plan in self._plans if plan[0] is solution), None)
        if plan is None:
            raise PkgmanError(
                "this plan was made by another Client, or before the system was changed: plan again",
                number=1622,
            )
        if os.geteuid() != 0:
            raise NotRoot("only root may change the system")
        _, command, request = plan
        with self._work(command) as session:
            pool = self._loaded(session)
            try:
                again = partial(workflow.resolve, session, pool, request)
                workflow.carry_out(session, pool, solution, agreed=True, again=again)
            finally:  # a plan without steps may have changed marks
                self._renew()

    # The process and the session

    @contextmanager
    def _work(self, command: str = "") -> Iterator[Session]:
        """Give the session for one call."""
        if self._session is None or self._thread != threading.get_ident():
            raise PkgmanError("a Client is used within 'with', in the thread that entered it", number=1622)
        self._session.command = command
        with self._listener.callers_errors(), _as_found():
            yield self._session

    def _loaded(self, session: Session) -> Pool:
        """Return the pool, loaded with the first question."""
        if self._pool is None:
            self._pool = session.open_pool()
        return self._pool

    def _renew(self) -> None:
        """Forget all that was read: it is no longer so."""
        self._drop()
        self._session = self._open.enter_context(Session(self._line, self._listener, command=""))

    def _drop(self) -> None:
        self._session = None
        self._plans.clear()
        pool, self._pool = self._pool, None
        self._open.close()
        if pool is not None:
            pool.close()


@contextmanager
def _as_found() -> Iterator[None]:
    """Put back what is changed in the process; turn failed system calls into our errors."""
    collects, mask = gc.isenabled(), os.umask(_READABLE)
    deaf = signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN  # then a child's status cannot be asked for
    deaf = deaf and threading.current_thread() is threading.main_thread()
    if deaf:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        yield
    except OSError as error:
        raise system_error(error) from error
    except BaseException as error:
        _let_go(error)
        raise
    finally:
        if deaf:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        os.umask(mask)
        (gc.enable if collects else gc.disable)()


def _let_go(error: BaseException | None) -> None:
    """Empty the frames of an exception: who keeps it must not keep libsolv's objects, whose pool is freed."""
    while error is not None:
        clear_frames(error.__traceback__)
        error = error.__context__


def _check_selection(scope: object, specs: Sequence[object]) -> None:
    if scope not in _SCOPES:
        raise PkgmanError(f"scope must be one of {', '.join(_SCOPES)}, and is {scope!r}", number=1622)
    for spec in specs:
        if not isinstance(spec, str):
            raise PkgmanError(f"a spec must be a text, and is {spec!r}", number=1622)


def _some(specs: Sequence[str], command: str) -> tuple[str, ...]:
    if not specs:
        raise PkgmanError(f"say what to {command}", number=1001)
    if "" in specs:
        raise PkgmanError("argument is empty string", number=1622)
    return tuple(specs)
