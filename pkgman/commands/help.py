"""help: print the usage text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.usage import usage_lines

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:  # noqa: ARG001
    """Print the usage text; in JSON mode nothing (tdnf contract, output 1.2)."""
    session.ui.results(usage_lines())
    return 0
