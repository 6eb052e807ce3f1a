"""help and version: the usage text, the page of a command, the version."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pkgman import __version__
from pkgman.commandtable import command_named
from pkgman.model.errors import PkgmanError, UsageError
from pkgman.usage import usage_lines

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:
    """Print the usage text or a command's page, in JSON mode nothing (tdnf contract, output 1.2).

    :raises UsageError: 912 for a command that there is not.
    """
    if session.command == "version":
        if session.ui.json:
            session.ui.document({"Name": "tdnf", "Version": __version__})
        session.ui.result(f"tdnf: {__version__}")
        return 0
    with suppress(PkgmanError):  # who needs help may have no configuration
        _ = session.config  # plugins are loaded, as with every command
    if not words:
        session.ui.results(usage_lines())
        return 0
    name = command_named(words[0])
    if not name:
        raise UsageError(f"No such command: {words[0]}. 'tdnf help' lists all commands.", number=912)
    from pkgman.helppage import page_lines

    session.ui.results(page_lines(name, session.ui.width))
    return 0
