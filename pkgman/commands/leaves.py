"""leaves: installed packages that no other installed package requires or recommends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman import layout
from pkgman.commands.listing import matching
from solver import leaves, query

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:
    """Print the leaves, those among what the words match when there are any; no repository is looked at."""
    pool = session.open_installed()
    handles = leaves.find(pool)
    if words:
        wanted = set(matching(session, pool, words, "installed"))
        handles = tuple(handle for handle in handles if handle in wanted)
    packages = query.packages(pool, handles)
    if session.ui.json:
        session.ui.document([layout.list_item(package) for package in packages])
    else:
        session.ui.results(package.nevra for package in packages)
    return 0
