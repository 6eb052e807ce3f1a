"""swap: remove one package and install another in one transaction (dnf's command)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.model.errors import NoMatch, PkgmanError
from pkgman.model.request import Request
from pkgman.workflow import alter

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:
    """Remove what the first word names and install what the second does: a spec, an rpm file or a URL.

    Both or nothing: what comes must be there afterwards.

    :raises PkgmanError: 1001 for another number of words.
    :raises NoMatch: a word names nothing that can go or come.
    """
    if len(words) != 2:
        raise PkgmanError("Say what goes and what comes: tdnf swap REMOVE INSTALL", number=1001)
    old, new = words
    if old.endswith(".rpm"):
        raise NoMatch(f"{old}: a file cannot be removed; name the package")
    named = [new] if new.endswith(".rpm") else []
    with session.local_files(named) as files:
        request = Request(erase=(old,), install=() if named else (new,), install_files=files, whole=True)
        return alter(session, request, files=files)
