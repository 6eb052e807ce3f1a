"""downgrade: go back to an earlier version (tdnf contract, commands 5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.model.errors import NothingToDo
from pkgman.model.request import Request
from pkgman.workflow import alter

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:
    """Downgrade what the words name, or every installed package that can be."""
    specs = tuple(word for word in words if not word.endswith(".rpm"))
    if words and not specs:
        raise NothingToDo
    return alter(session, Request(downgrade=specs) if specs else Request(downgrade_all=True))
