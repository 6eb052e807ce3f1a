"""erase/remove and autoremove (tdnf contract, commands 5.2 and 5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.model.errors import HistoryError, NothingToDo, PkgmanError
from pkgman.model.request import Request
from pkgman.workflow import alter

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:
    """Remove what the words name, or what nothing needs any more.

    :raises PkgmanError: 1001 from erase without a word.
    :raises HistoryError: 1802 from autoremove without words, when no history says what came on its own.
    """
    specs = tuple(word for word in words if not word.endswith(".rpm"))
    if session.command in ("autoremove", "autoerase"):
        return _autoremove(session, words, specs)
    if not words:
        raise PkgmanError(f"Say what to {session.command}: tdnf {session.command} PACKAGE...", number=1001)
    if not specs:
        raise NothingToDo
    return alter(session, Request(erase=specs))


def _autoremove(session: Session, words: tuple[str, ...], specs: tuple[str, ...]) -> int:
    if words:
        if not specs:
            raise NothingToDo
        return alter(session, Request(autoremove=specs))
    if session.auto_installed is None:
        raise HistoryError(
            f"There is no history at {session.config.history_path}, so nothing is known to have been "
            "installed as a dependency. 'tdnf history init' starts one."
        )
    return alter(session, Request(autoremove_all=True))
