"""help and version: the usage text, the version."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pkgman import __version__
from pkgman.model.errors import PkgmanError
from pkgman.usage import usage_lines

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:  # noqa: ARG001
    """Print the usage text, in JSON mode nothing (tdnf contract, output 1.2); or the version."""
    if session.command == "version":
        if session.ui.json:
            session.ui.document({"Name": "tdnf", "Version": __version__})
        session.ui.result(f"tdnf: {__version__}")
        return 0
    with suppress(PkgmanError):  # who needs help may have no configuration
        _ = session.config  # plugins are loaded, as with every command
    session.ui.results(usage_lines())
    return 0
