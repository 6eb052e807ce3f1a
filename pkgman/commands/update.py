"""update/upgrade and distro-sync (tdnf contract, commands 5.4 and 5.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.commands.updateinfo import OPTIONS, concerning
from pkgman.model.errors import NoData
from pkgman.model.request import Request
from pkgman.workflow import alter, alter_with, policy_of
from solver import filters, versions

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:
    """Update everything, what the words name (rpm files and URLs too), or what advisories concern.

    :raises NoData: when an advisory option is given and no advisory fits; exit status 0.
    """
    if session.command == "distro-sync":
        return alter(session, Request(distro_sync=True))  # tdnf ignores its arguments
    if session.command == "upgrade-minimal" or session.flag("minimal"):
        return _minimal(session, words)
    if any(map(session.flag, OPTIONS)):
        return _advised(session)
    if not words:
        return alter(session, Request(update_all=True))
    specs = tuple(word for word in words if not word.endswith(".rpm"))
    with session.local_files([word for word in words if word.endswith(".rpm")]) as files:
        return alter(session, Request(update=specs, update_files=files), files=files)


def _minimal(session: Session, words: tuple[str, ...]) -> int:
    """Update to the lowest versions that hold what all chosen advisories ask for, as dnf does."""
    pool = session.open_pool()
    hidden = filters.build(pool, policy_of(session)).hidden
    needed: dict[str, str] = {}
    with versions.Comparer() as comparer:
        for hit in concerning(session, pool, words):
            for fixed in hit.advisory.packages:
                evr = f"{fixed.epoch}:{fixed.version}-{fixed.release}"
                if fixed.name == hit.installed and comparer.compare(evr, needed.get(fixed.name, evr)) >= 0:
                    needed[fixed.name] = evr
        offered = {
            name: versions.lowest_from(pool, name, evr, comparer, hidden=hidden)
            for name, evr in needed.items()
        }
    specs = tuple(f"{name}={evr}" for name, evr in offered.items() if evr)
    if not specs:
        session.ui.info("\n0 updates.")
        raise NoData
    return alter_with(session, pool, Request(update=specs))


def _advised(session: Session) -> int:
    pool = session.open_pool()
    hits = list(concerning(session, pool, ()))
    names = dict.fromkeys(hit.installed for hit in hits if not hit.obsoleter)
    obsoleters = dict.fromkeys(hit.obsoleter for hit in hits if hit.obsoleter)
    if not hits:
        session.ui.info("\n0 updates.")
        raise NoData
    return alter_with(session, pool, Request(update=tuple(names), obsoleters=tuple(obsoleters)))
