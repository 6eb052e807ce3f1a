"""history: past transactions, and the way back to them (tdnf contract, commands 6; output 4.8)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pkgman.model.errors import HistoryError, NoMatch, PkgmanError
from pkgman.model.request import Request
from pkgman.model.words import one_line
from pkgman.transaction import history_notes, revert
from pkgman.transaction.history import Change
from pkgman.workflow import carry_out, policy_of, unmet_files, warn_of_excludes
from solver import exact, solve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkgman.model.transaction import Solution
    from pkgman.session import Session
    from pkgman.transaction.history import Entry, History
    from pkgman.transaction.revert import Wanted

_GOING = ("undo", "redo", "rollback")
_DIGITS = 19  # of a number that fits
_LARGEST = 1 << 63  # of an SQLite integer
_UNRESOLVED = (
    "",
    "The package(s) may have been moved out of the enabled repositories since the",
    "last time they were installed. You may be able to resolve this by enabling",
    "additional repositories.",
)


def run(session: Session, words: tuple[str, ...]) -> int:
    """List transactions, record the present state (``init``, ``update``), or go back.

    :raises HistoryError: 1802 without a history, but for ``init``.
    :raises PkgmanError: 1622 for a bad range.
    :raises NoMatch: a package that shall come back is in no enabled repository.
    """
    action = words[0] if words else "list"
    if action in ("init", "update"):
        session.sync_history()
        return 0
    session.looking = action not in _GOING
    history = session.history
    if not history.exists:
        raise HistoryError(
            f"There is no history at {session.config.history_path}; 'tdnf history init' starts one."
        )
    first, last = _range(session, words[1] if len(words) > 1 else "")
    if action in _GOING:
        return _go(session, action, first, last)
    _list(session, first, last, with_packages=session.flag("info") or action == "info")
    return 0


def _range(session: Session, text: str) -> tuple[int, int]:
    """Return the range of ``ID`` or ``ID-ID``, --from and --to in front of it; 0 for what is not said.

    Without a first id a negative number is one: -3 asks for what cannot be. ``last`` and ``last-N``
    count from the newest transaction of the history as it is listed.
    """
    first, _, last = text.partition("-") if text.strip("-0123456789") == "" else (text, "", "")
    if text.startswith("-"):
        first, last = text, ""
    lower = _number(session.history, session.line.last("from", first))
    upper = _number(session.history, session.line.last("to", last))
    return lower, upper or lower


def _number(history: History, text: str) -> int:
    """Read an id; as in tdnf anything else counts as 0.

    :raises PkgmanError: 1622 for a number that no id can be.
    """
    word, _, back = text.partition("-")
    if word == "last" and (not back or back.isdecimal()):
        text = str(history.last_id - int(back[:_DIGITS] or 0))
        if text.startswith("-") or text == "0":
            raise PkgmanError(f"no such transaction: last-{back}", number=1622)
    try:
        number = int(text)
    except ValueError:
        return 0
    if abs(number) >= _LARGEST:
        raise PkgmanError(f"no such transaction: {text}", number=1622)
    return number


def _list(session: Session, first: int, last: int, *, with_packages: bool) -> None:
    history = session.history
    entries = history.entries(first, last, reverse=session.flag("reverse"))
    changes: dict[int, Change] | None = None
    comments: dict[int, str] = {}
    if with_packages:
        numbers = [entry.id for entry in entries]
        comments = history_notes.comments(session.config.history_path, numbers)
        changes = history.changes(min(numbers), max(numbers)) if numbers else {}
    if session.ui.json:
        session.ui.document([_item(entry, changes, comments) for entry in entries])
    else:
        session.ui.results(_lines(entries, changes, comments, max(1, session.ui.width - 41)))


def _lines(
    entries: tuple[Entry, ...], changes: dict[int, Change] | None, comments: dict[int, str], width: int
) -> Iterator[str]:
    """Yield the table; ``width`` is that of the command line, which is never cut."""
    yield f"{'ID':<4} {'cmd line':<{width}} {'date/time':<21} {'+add':<5} / -rem"
    for entry in entries:
        when = _when(entry.timestamp)
        command = one_line(entry.command) if entry.command is not None else "(none)"
        counts = f"+{entry.added_count:<4} / -{entry.removed_count:<4}"
        yield f"{entry.id:>4} {command:<{width}} {when:<21} {counts}"
        if changes is not None:
            change = changes.get(entry.id, Change())
            if entry.id in comments:
                yield f"comment: {one_line(comments[entry.id])}"
            if change.added:
                yield f"added: {', '.join(change.added)}"
            if change.removed:
                yield f"removed: {', '.join(change.removed)}"
            yield ""


def _when(timestamp: int) -> str:
    try:
        return time.strftime("%a %b %d %Y %H:%M", time.localtime(timestamp))
    except (OverflowError, OSError):
        return "(out of range)"  # a damaged row; the others are listed all the same


def _item(entry: Entry, changes: dict[int, Change] | None, comments: dict[int, str]) -> dict[str, object]:
    item: dict[str, object] = {
        "Id": entry.id,
        "CmdLine": entry.command,
        "TimeStamp": entry.timestamp,
        "AddedCount": entry.added_count,
        "RemovedCount": entry.removed_count,
    }
    if changes is not None:
        change = changes.get(entry.id, Change())
        item["Added"], item["Removed"] = list(change.added), list(change.removed)
        if entry.id in comments:
            item["Comment"] = comments[entry.id]
    return item


def _go(session: Session, action: str, first: int, last: int) -> int:
    """Undo, redo or roll back."""
    session.sync_history()  # what happened outside tdnf is part of the way
    wanted = _wanted(session.history, action, first, last)
    pool = session.open_pool()
    if lost := exact.missing(pool, wanted.install):
        lines = ("The following packages could not be resolved:", "", *lost, *_UNRESOLVED)
        session.ui.results(lines)
        raise NoMatch
    warn_of_excludes(session, pool)
    request = Request(install_nevras=wanted.install, erase_nevras=wanted.remove)
    policy = policy_of(session)._replace(clean_deps=False)  # what goes is known

    def resolve() -> Solution:
        solution = solve.solve(pool, request, policy, find_files=unmet_files(session, pool))
        # The history says which marks change, and no others do.
        return solution._replace(flags=dict(wanted.flags), mark_user=frozenset())

    return carry_out(session, pool, resolve(), again=resolve)


def _wanted(history: History, action: str, first: int, last: int) -> Wanted:
    if action == "rollback":
        return revert.rollback(history, last)
    return (revert.undo if action == "undo" else revert.redo)(history, first, last)
