"""install, reinstall and builddep: names, rpm files, URLs, spec files (tdnf contract, commands 5.1, 5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman import sources
from pkgman.model.errors import PkgmanError
from pkgman.model.request import Request
from pkgman.workflow import alter

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:
    """Install or reinstall what the words name.

    :raises PkgmanError: 1001 without a word.
    """
    if not words:
        raise PkgmanError(f"Say what to {session.command}: tdnf {session.command} PACKAGE...", number=1001)
    named = [word for word in words if word.endswith(".rpm")]  # files or URLs, says tdnf
    specs = tuple(word for word in words if not word.endswith(".rpm"))
    spec_files = [word for word in specs if session.command == "builddep" and word.endswith(".spec")]
    specs = tuple(word for word in specs if word not in spec_files)
    with session.local_files(named) as files:
        if session.command == "reinstall":
            request = Request(reinstall=specs, reinstall_files=files)
        elif session.wants_sources:
            needs = [text for path in spec_files for text in session.build_requires(path)]
            return sources.install(session, specs, files, needs=needs)
        else:
            request = Request(install=specs, install_files=files)
        return alter(session, request, files=files)
