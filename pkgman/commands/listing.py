"""list, info and check-update: packages, one by one (tdnf contract, commands 8)."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from pkgman import layout
from pkgman.model.errors import NoMatch, UpdatesAvailable
from solver import duplicates, query, select, versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkgman.session import Session
    from solver.pool import Pool
    from solver.select import Scope

# Words that tdnf accepts without filtering count as "all".
_SCOPES = {
    "all": "all",
    "installed": "installed",
    "available": "available",
    "extras": "all",
    "obsoletes": "all",
    "recent": "all",
    "upgrades": "upgrades",
    "updates": "upgrades",
    "downgrades": "downgrades",
}


def run(session: Session, words: tuple[str, ...]) -> int:
    """List packages of a scope, filtered by specs.

    :raises NoMatch: when specs match nothing, in text mode of list and info.
    :raises UpdatesAvailable: from check-update with ``dnf_check_update_compat``.
    """
    if session.command in ("check-update", "check-upgrade"):
        return _check_update(session, words)
    scope, specs = split_scope(session, words)
    pool = session.open_pool(installed={"available": None, "all": None}.get(scope, True))
    handles = selected(session, pool, scope, specs)
    if not handles and specs and not session.ui.json:
        raise NoMatch(f"Nothing matches: {' '.join(specs)}")
    if session.command == "info":
        _show_info(session, pool, handles)
    else:
        _show_list(session, pool, handles)
    _tell_duplicates(session, pool, handles)
    return 0


def _tell_duplicates(session: Session, pool: Pool, handles: Sequence[int]) -> None:
    """Say which of the packages shown are there twice, since a transaction was cut short."""
    shown = takewhile(lambda handle: select.is_installed(pool, handle), handles)  # they stand first
    groups = duplicates.find(pool, session.config.installonlypkgs, shown)
    for line in duplicates.lines(pool, groups):
        session.ui.diagnostic(line)


def split_scope(session: Session, words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the scope (a word, else an option, else all) and the specs left."""
    if words and words[0].lower() in _SCOPES:
        return _SCOPES[words[0].lower()], words[1:]
    given = [name for name, _ in session.line.options if name in _SCOPES]
    return _SCOPES[given[-1]] if given else "all", words


def selected(session: Session, pool: Pool, scope: str, specs: Sequence[str]) -> list[int]:
    """Return the handles of a scope, installed packages first; the union over specs."""
    if scope in ("upgrades", "downgrades"):
        return list(_changes(session, pool, scope, specs))
    side: Scope = "available" if scope == "available" else "installed" if scope == "installed" else "all"
    if specs:
        return matching(session, pool, specs, side, source=session.flag("source"))
    installed = query.installed(pool) if side != "available" else ()
    available = query.available(pool) if side != "installed" else ()
    if session.flag("source"):
        return [handle for handle in available if select.is_source(pool, handle)]
    return [*installed, *available]


def matching(
    session: Session, pool: Pool, specs: Sequence[str], scope: Scope, *, source: bool = False
) -> list[int]:
    """Return the union of what the specs match, installed packages first."""
    if scope != "installed" and any(map(select.is_path, specs)):
        from pkgman.filesearch import learn_owners  # noqa: PLC0415  # it is seldom needed

        learn_owners(session, pool, specs)
    found: dict[int, None] = {}
    missing: list[str] = []
    for spec in specs:
        matches = select.find(pool, spec, scope=scope, source=source)
        if matches.note:
            session.ui.info(matches.note)
        if not matches.handles:
            missing.append(spec)
        found.update(dict.fromkeys(matches.handles))
    for spec in missing if found else ():  # where nothing is found, the command says so
        session.ui.diagnostic(f"Nothing matches: {spec}")
    return list(found) if len(specs) == 1 else list(select.in_order(pool, found))


def _changes(session: Session, pool: Pool, scope: str, specs: Sequence[str]) -> Iterator[int]:
    """Yield, for each installed package, the available versions above or below it."""
    installed = matching(session, pool, specs, "installed") if specs else query.installed(pool)
    for handle in installed:
        yield from versions.newer(pool, handle) if scope == "upgrades" else versions.older(pool, handle)


def _show_list(session: Session, pool: Pool, handles: Sequence[int]) -> None:
    ui = session.ui
    if ui.json:
        ui.document([layout.list_item(package) for package in query.packages(pool, handles)])
        return
    width = ui.width
    for package in query.packages(pool, handles):
        ui.result(layout.list_line(package, width))


def _show_info(session: Session, pool: Pool, handles: Sequence[int]) -> None:
    ui = session.ui
    pairs = ((package, query.info(pool, package.handle)) for package in query.packages(pool, handles))
    if ui.json:
        ui.document([layout.info_item(package, info) for package, info in pairs])
        return
    total = 0
    for package, info in pairs:
        ui.results(layout.info_lines(package, info))
        total += package.install_size
    if handles:
        ui.results(("", f"Total Size: {layout.human(total)} ({total})"))


def _check_update(session: Session, words: tuple[str, ...]) -> int:
    """Show what has updates; a person is told what is installed, too (tdnf contract, output 4.3)."""
    pool = session.open_pool()
    handles = selected(session, pool, "upgrades", words)
    compat = session.config.dnf_check_update_compat
    if session.ui.terminal and not session.ui.json:
        _show_updates(session, pool, handles)
    elif session.ui.json or compat:
        _show_list(session, pool, handles)
    else:
        for package in query.packages(pool, handles):
            session.ui.result(layout.check_update_line(package), raw=True)
    if compat and handles:
        raise UpdatesAvailable
    return 0


def _show_updates(session: Session, pool: Pool, handles: Sequence[int]) -> None:
    """Show available packages, each once, beside the newest installed one that is below it."""
    below = versions.newest_below(pool, handles)
    new = query.packages(pool, below)
    old = query.packages(pool, below.values())
    session.ui.results(layout.update_lines(list(zip(new, old, strict=True)), session.ui.width))
