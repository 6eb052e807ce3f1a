"""downgrade: go back to an earlier version (tdnf contract, commands 5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.model.request import Request
from pkgman.workflow import alter

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:
    """Downgrade what the words name, rpm files and URLs too, or every installed package."""
    if not words:
        return alter(session, Request(downgrade_all=True))
    specs = tuple(word for word in words if not word.endswith(".rpm"))
    with session.local_files([word for word in words if word.endswith(".rpm")]) as files:
        return alter(session, Request(downgrade=specs, downgrade_files=files), files=files)
