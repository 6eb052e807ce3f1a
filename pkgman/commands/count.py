"""count: how many packages are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solver import query

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:  # noqa: ARG001
    """Count installed packages plus every version in every enabled repository."""
    pool = session.open_pool()
    number = len(query.installed(pool)) + len(query.available(pool))
    if session.ui.json:
        session.ui.document(number)
    else:
        session.ui.result(f"Package count = {number}")
    return 0
