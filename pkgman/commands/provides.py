"""provides: which packages provide a file or a capability (tdnf contract, commands 3.2 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.filesearch import file_owners
from pkgman.model.errors import NoData, PkgmanError
from pkgman.model.words import one_line
from solver import query, select

if TYPE_CHECKING:
    from pkgman.session import Session
    from solver.pool import Pool


def run(session: Session, words: tuple[str, ...]) -> int:
    """Print each package that provides the first word.

    :raises PkgmanError: 907 without a word.
    :raises NoData: when nothing provides it; exit status 0.
    """
    if not words:
        raise PkgmanError(number=907)
    pool = session.open_pool(installed=None)
    handles = _lookup(session, pool, words[0])
    if not handles:
        raise NoData
    ui = session.ui
    packages = list(query.packages(pool, reversed(handles)))  # tdnf's order is that of list, reversed
    summaries = [query.info(pool, package.handle).summary for package in packages]
    if ui.json:
        ui.document(
            [
                {"Name": p.name, "Arch": p.arch, "Evr": p.evr, "Summary": summary or None}
                for p, summary in zip(packages, summaries, strict=True)
            ]
        )
        return 0
    for package, summary in zip(packages, summaries, strict=True):
        ui.result(f"{package.nevra} : {one_line(summary)}")
        ui.result(f"Repo\t : {package.repo}")
    return 0


def _lookup(session: Session, pool: Pool, spec: str) -> list[int]:
    """Look a path up in file lists, anything else among names and capabilities."""
    if select.is_path(spec):
        handles = file_owners(session, pool, spec)
        if handles:
            session.ui.info(f"[using file list match for '{spec}']")
            return handles
    matches = query.provides(pool, spec)
    if matches.note:
        session.ui.info(matches.note)
    return list(matches.handles)
