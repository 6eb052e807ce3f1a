"""makecache: refresh all enabled repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:  # noqa: ARG001
    """Fetch what changed and build the solver's caches."""
    session.supply.build_caches()
    session.ui.result("Metadata cache created.")
    return 0
