"""What install, remove, update and their kin share: from a request to a changed system.

The order of events is tdnf's (contract, commands 4.3). Steps up to the question
change nothing on the system.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from pkgman import layout, repos
from pkgman.filesearch import add_paths, learn_owners
from pkgman.ini import boolean, is_boolean
from pkgman.model.errors import Aborted, DiskSpace, NothingToDo, Unsolvable
from pkgman.model.package import CMDLINE_REPO
from pkgman.model.request import Policy
from pkgman.model.words import plain
from solver import filters, query, solve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pkgman.model.package import RpmFile
    from pkgman.model.request import Request
    from pkgman.model.transaction import Note, Solution
    from pkgman.session import Session
    from solver.pool import Pool

_ALL_PARTS = frozenset(("1", "all"))  # of --disableexcludes; the first is the option without a value
_AUTOREMOVING = frozenset(("autoremove", "autoerase"))
DEBUG_FOLDER = "debugdata"  # of --debugsolver, in the current folder
_ERASING = frozenset(("erase", "remove", "autoerase", "autoremove", "history", "swap"))


def policy_of(session: Session) -> Policy:
    """Return what a solution may do, from the configuration and the options."""
    config, flag = session.config, session.flag
    may_skip = session.command != "swap"  # nothing goes unless the other comes
    hold = _standing_filters(session)
    return Policy(
        best=_best(session),
        fall_back=_falls_back(session),
        allow_erasing=flag("allowerasing") or session.command in _ERASING,
        skip_broken=may_skip and flag("skip-broken"),
        skip_unavailable=may_skip and flag("skip-unavailable"),
        skip_conflicts=flag("skipconflicts"),
        skip_obsoletes=flag("skipobsoletes"),
        # autoremove goes all the way down, whatever the configuration (commands 4.1).
        clean_deps=session.command in _AUTOREMOVING
        or (config.clean_requirements_on_remove and not flag("noautoremove")),
        weak=config.install_weak_deps,
        excludes=(*_excluded_words(session), *(config.excludepkgs if hold("main") else ())),
        includes=config.includepkgs if hold("main") else (),
        repo_excludes=tuple((s.id, s.excludepkgs) for s in session.repos if s.excludepkgs and hold(s.id)),
        repo_includes=tuple((s.id, s.includepkgs) for s in session.repos if s.includepkgs and hold(s.id)),
        minversions=config.minversions,
        locks=config.locks,
        protected=config.protected,
        installonly=config.installonlypkgs,
        installonly_limit=config.installonly_limit,
        reinstall_changed=config.distrosync_reinstall_changed,
        ignore_installed=flag("alldeps"),
        no_dependencies=flag("nodeps"),
        debug_folder=DEBUG_FOLDER if flag("debugsolver") else "",
        auto_installed=session.auto_installed,
    )


def _excluded_words(session: Session) -> tuple[str, ...]:
    return tuple(value for _, value in session.line.all("exclude"))


def _standing_filters(session: Session) -> Callable[[str], bool]:
    """Return what says whether the filters of ``main``, or of a repository, hold.

    ``--disableexcludes`` alone, or with the value ``all``, switches all of them off.
    """
    parts = _disabled_parts(session)
    if _ALL_PARTS.intersection(parts):
        return lambda _: False
    return lambda part: not any(repos.matches(part, pattern) for pattern in parts)


def _disabled_parts(session: Session) -> list[str]:
    given = [value for name, value in session.line.options if name == "disableexcludes"]
    return [part for value in given for part in value.split(",")]


def _unknown_parts(session: Session) -> list[str]:
    """Return the values of ``--disableexcludes`` that fit no part of the configuration."""
    known = ["main", *(source.id for source in session.repos)]
    parts = (part for part in _disabled_parts(session) if part not in _ALL_PARTS)
    return [part for part in parts if not any(repos.matches(name, part) for name in known)]


def _best(session: Session) -> bool:
    """Say whether to insist on the best: --best, unless dnf's --no-best comes after it."""
    given = _best_words(session)
    return given[-1] == "best" if given else session.flag("best")


def _falls_back(session: Session) -> bool:
    """Say whether an older version will do: --no-best, or --setopt=best=0."""
    if given := _best_words(session):
        return given[-1] == "no-best"
    settings = [value for _, value in session.line.all("best") if is_boolean(value)]
    return bool(settings) and not boolean(settings[-1], True, lambda _: None)


def _best_words(session: Session) -> list[str]:
    return [name for name, _ in session.line.options if name in ("best", "no-best")]


def unmet_files(session: Session, pool: Pool) -> Callable[[frozenset[str]], None]:
    """Return what the solver calls when file dependencies cannot be met by primary alone."""

    def find(paths: frozenset[str]) -> None:
        add_paths(session, pool, paths)

    return find


def alter(session: Session, request: Request, *, files: Sequence[RpmFile] = ()) -> int:
    """Resolve, show, ask, download, verify, run and record.

    :raises NothingToDo: when the request is met already; exit status 0.
    :raises Aborted: when the answer is no, in text mode.
    """
    return alter_with(session, session.open_pool(files=lambda: files), request)


def alter_with(session: Session, pool: Pool, request: Request) -> int:
    """Do the same with a pool that is loaded already."""
    warn_of_excludes(session, pool)
    solution = resolve(session, pool, request)
    return carry_out(session, pool, solution, again=lambda: resolve(session, pool, request))


def resolve(session: Session, pool: Pool, request: Request) -> Solution:
    """Solve a request as the configuration and the options allow; raises as :func:`solve.solve`."""
    learn_owners(session, pool, request.install)
    policy = policy_of(session)
    try:
        return solve.solve(pool, request, policy, find_files=unmet_files(session, pool))
    except Unsolvable as error:
        from solver import remedies  # noqa: PLC0415  # on this way out only

        if lines := remedies.find(pool, request, policy, may_skip=session.command != "swap"):
            raise Unsolvable((*error.lines, *lines)) from error
        raise


def warn_of_excludes(session: Session, pool: Pool) -> None:
    """Show the excludes of the configuration, as every command that changes the system does.

    Those of the command line are named when they fit nothing.
    """
    excludes = session.config.excludepkgs
    if excludes and _standing_filters(session)("main"):
        session.ui.info("Warning: The following packages are excluded from tdnf.conf:")
        for name in excludes:
            session.ui.info(f"  {name}")
    for part in _unknown_parts(session):
        session.ui.diagnostic(f"--disableexcludes={part}: no repository has this id; nothing changes")
    for spec in _excluded_words(session):
        if not filters.fits(pool, spec):
            session.ui.diagnostic(f"--exclude={spec}: no package fits; nothing is left out")


def carry_out(
    session: Session,
    pool: Pool,
    solution: Solution,
    *,
    again: Callable[[], Solution],
    agreed: bool = False,
) -> int:
    """Take a solution from the tables to the history; see :func:`alter`.

    :param again: solves the same request once more, when the pool has learned from headers.
    :param agreed: there is nothing to show and to ask any more.
    """
    ui = session.ui
    tell(session, solution.notes)
    for spec in solution.unavailable:
        ui.info(f"No package \x1b[1m\x1b[30m{plain(spec)} \x1b[0mavailable", raw=True)
    if not solution.steps and not solution.flags:
        _mark_only(session, solution)
        raise NothingToDo
    _check_space(session, pool, solution)
    if not agreed and not _agreed(session, solution):
        return 0
    started, execution = time.monotonic(), session.execution(pool)
    execution.run(solution, again)
    if ui.terminal and not (session.flag("downloadonly") or session.flag("testonly")):
        seconds = time.monotonic() - started
        ui.info(layout.summary_line(solution, execution.downloaded, seconds))
    return 0


def tell(session: Session, notes: Iterable[Note]) -> None:
    """Show what there is to say of the resolving."""
    for note in notes:
        (session.ui.diagnostic if note.diagnostic else session.ui.info)(note.text)


def _mark_only(session: Session, solution: Solution) -> None:
    """Switch installed packages that were asked for to user-installed; no transaction."""
    if solution.mark_user and not session.flag("assumeno") and not session.flag("downloadonly"):
        session.history.mark_user(solution.mark_user)


def _check_space(session: Session, pool: Pool, solution: Solution) -> None:
    """See that what must be fetched fits where it goes.

    :raises DiskSpace: 1036, before anything is asked.
    """
    packages = [step.package for step in solution.incoming if step.package.repo != CMDLINE_REPO]
    sources = {source.id: source for source in session.supply.sources}
    folder = session.download_dir
    folders = {folder or sources[package.repo].package_dir for package in packages} - {""}
    if sum(package.download_size for package in packages) <= min(map(_free, folders), default=0):
        return  # even if nothing of it is here yet
    from repo_meta import space  # noqa: PLC0415  # it brings the downloader

    handles = [package.handle for package in packages]
    remotes = (query.remote(pool, handle) for handle in handles)
    lines = [
        f"{place}: {layout.human(needed).strip()} to download, {layout.human(free).strip()} free"
        for place, needed, free in space.shortages(remotes, sources, folder)
    ]
    if lines:
        raise DiskSpace(lines)


def _free(folder: str) -> int:
    """Return how many bytes are free where a folder is, or will be made."""
    folder = os.path.abspath(folder)
    while not os.path.isdir(folder) and folder != "/":
        folder = os.path.dirname(folder)
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def _agreed(session: Session, solution: Solution) -> bool:
    """Show the transaction and ask; False for a no in JSON mode, which is no error there."""
    ui = session.ui
    silent = ui.quiet and ui.answer is True
    if not silent:
        if ui.json:
            ui.document(layout.transaction_object(solution))
        else:
            tables = "\n".join(layout.transaction_lines(solution, ui.width))
            if tables:
                ui.info(tables)
    if session.flag("downloadonly"):
        ui.info("tdnf will only download packages needed for the transaction")
    ui.flush()
    if ui.confirm():
        return True
    if ui.json:
        return False
    raise Aborted
