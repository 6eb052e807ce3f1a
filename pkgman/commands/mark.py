"""mark: say that packages were asked for, or came as dependencies (tdnf contract, commands 7)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pkgman.commands.listing import matching
from pkgman.model.errors import HistoryError, NoMatch, PkgmanError
from solver import query

if TYPE_CHECKING:
    from pkgman.session import Session

_AUTO = {"install": False, "user": False, "remove": True, "dependency": True}  # dnf has the other words


def run(session: Session, words: tuple[str, ...]) -> int:
    """Set the marks of installed packages in a transaction of its own.

    :raises PkgmanError: 1622 without an action or spec, 902 for an unknown action.
    :raises NoMatch: nothing installed matches.
    :raises HistoryError: 1802 without a history.
    """
    if not words:
        return _refused(session, "need action ('install' or 'remove') as argument", 1622)
    if words[0] not in _AUTO:
        return _refused(session, f"unknown action '{words[0]}'", 902)
    if len(words) == 1:
        return _refused(session, "need package spec(s) as argument", 1622)
    auto = _AUTO[words[0]]
    history = session.history
    if not history.exists:
        raise HistoryError(
            f"There is no history at {session.config.history_path}; 'tdnf history init' starts one."
        )
    pool = session.open_installed()
    handles = matching(session, pool, words[1:], "installed")
    names = dict.fromkeys(package.name for package in query.packages(pool, handles))
    if not names:
        raise NoMatch(f"Nothing installed matches: {' '.join(words[1:])}")
    history.mark(session.line.text, dict.fromkeys(names, auto), now=time.time())
    for name in names:
        session.ui.info(f"marking {name} as {'auto' if auto else 'user'}installed")
    return 0


def _refused(session: Session, text: str, number: int) -> int:
    session.ui.result(text)
    raise PkgmanError(number=number)
