"""history: past transactions; and starting to record them (tdnf contract, commands 6; output 4.8)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pkgman.model.errors import HistoryError, PkgmanError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkgman.session import Session
    from pkgman.transaction.history import Entry, History

_LARGEST = 1 << 63  # of an SQLite integer
_CHANGING = ("undo", "redo", "rollback")


def run(session: Session, words: tuple[str, ...]) -> int:
    """List transactions, or record the present state (``init``, ``update``).

    :raises HistoryError: 1802 from list without a history.
    :raises PkgmanError: 1622 for a bad range.
    """
    action = words[0] if words else "list"
    if action in ("init", "update"):
        session.sync_history()
        return 0
    if action in _CHANGING:
        raise PkgmanError(f"'history {action}' is not available in this version of tdnf.", number=902)
    history = session.history
    if not history.exists:
        raise HistoryError(
            f"There is no history at {session.config.history_path}; 'tdnf history init' starts one."
        )
    first, last = _range(session, words[1] if len(words) > 1 else "")
    entries = history.entries(first, last, reverse=session.flag("reverse"))
    if session.ui.json:
        session.ui.document([_item(session, history, entry) for entry in entries])
    else:
        session.ui.results(_lines(session, history, entries))
    return 0


def _range(session: Session, text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    numbers = [_number(session.line.last("from", first)), _number(session.line.last("to", last))]
    return numbers[0], numbers[1] or numbers[0]


def _number(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        return 0
    if abs(number) >= _LARGEST:
        raise PkgmanError(f"no such transaction: {text}", number=1622)
    return number


def _lines(session: Session, history: History, entries: tuple[Entry, ...]) -> Iterator[str]:
    width = max(1, session.ui.width - 41)
    yield f"{'ID':<4} {'cmd line':<{width}} {'date/time':<21} {'+add':<4} / {'-rem':<4}"
    for entry in entries:
        when = time.strftime("%a %b %d %Y %H:%M", time.localtime(entry.timestamp))
        command = entry.command if entry.command is not None else "(none)"
        added, removed = f"+{entry.added_count}", f"-{entry.removed_count}"
        yield f"{entry.id:>4} {command:<{width}} {when:<21} {added:<4} / {removed:<4}"
        if session.flag("info"):
            change = history.change(entry.id)
            if change.added:
                yield f"added: {', '.join(change.added)}"
            if change.removed:
                yield f"removed: {', '.join(change.removed)}"
            yield ""


def _item(session: Session, history: History, entry: Entry) -> dict[str, object]:
    item: dict[str, object] = {
        "Id": entry.id,
        "CmdLine": entry.command,
        "TimeStamp": entry.timestamp,
        "AddedCount": entry.added_count,
        "RemovedCount": entry.removed_count,
    }
    if session.flag("info"):
        change = history.change(entry.id)
        item["Added"], item["Removed"] = list(change.added), list(change.removed)
    return item
