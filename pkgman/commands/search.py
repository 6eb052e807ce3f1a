"""search: packages whose name, summary or description holds a term."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.model.errors import PkgmanError
from pkgman.model.words import one_line
from solver import query

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:
    """Search every term in turn; ``all`` as the first word is a keyword and dropped.

    :raises PkgmanError: 1599 without a term or without a hit, in text mode; JSON has an empty list then.
    """
    terms = words[1:] if words and words[0].lower() == "all" else words
    if not terms and session.ui.json:
        session.ui.document([])
        return 0
    if not terms:
        raise PkgmanError("Say what to search for: tdnf search WORD...", number=1599)
    pool = session.open_pool(installed=None)
    hits = [query.summary(pool, handle) for handle in query.search(pool, terms)]
    if session.ui.json:
        session.ui.document([{"Name": name, "Summary": summary or None} for name, summary in hits])
        return 0
    if not hits:
        raise PkgmanError(f"No package's name, summary or description has: {' '.join(terms)}", number=1599)
    session.ui.results(f"{name} : {one_line(summary)}" for name, summary in hits)
    return 0
