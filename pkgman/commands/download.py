"""download: fetch package files into a folder (dnf's command; tdnf has ``install --downloadonly``)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman.model.errors import NoMatch, PkgmanError
from pkgman.model.request import Request
from pkgman.workflow import policy_of, unmet_files
from repo_meta import download
from repo_meta.urls import join
from solver import query, select, solve
from solver.versions import Comparer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkgman.model.package import Package
    from pkgman.session import Session
    from solver.pool import Pool


def run(session: Session, words: tuple[str, ...]) -> int:
    """Fetch the best version of what the words name, checked against its metadata.

    ``--resolve`` adds what it needs and the system has not, with ``--alldeps`` all it needs.
    Nothing is installed, so no key is asked for and no signature judged.

    :raises PkgmanError: 1001 without a word, 1602 without the folder.
    :raises NoMatch: a word names no available package.
    """
    if not words:
        raise PkgmanError("Say what to download: tdnf download PACKAGE...", number=1001)
    needed = session.flag("resolve") or session.flag("alldeps")
    pool = session.open_pool(installed=needed and not session.flag("alldeps"))
    packages = _resolved(session, pool, words, needed=needed)
    remotes = [query.remote(pool, package.handle) for package in packages]
    sources = {source.id: source for source in session.supply.sources}
    if session.flag("urls"):
        for remote in remotes:
            base = download.base_urls(
                sources[remote.repo_id], fetcher=session.fetcher, progress=session.ui, report=session.ui
            )[0]
            session.ui.result(join(base, remote.location))
        return 0
    folder = os.path.abspath(session.line.last("destdir") or session.line.last("downloaddir") or ".")
    download.fetch_packages(
        remotes,
        sources,
        fetcher=session.fetcher,
        progress=session.ui,
        report=session.ui,
        target_dir=folder,
    )
    return 0


def _resolved(session: Session, pool: Pool, words: Sequence[str], *, needed: bool) -> list[Package]:
    arches = [value for name, value in session.line.options if name == "arch"]
    if session.flag("source") or arches:
        return [_best(session, pool, word, arches) for word in words]
    policy = policy_of(session)._replace(
        no_dependencies=not needed, ignore_installed=not needed or session.flag("alldeps")
    )
    request = Request(install=tuple(words))
    solution = solve.solve(pool, request, policy, find_files=unmet_files(session, pool))
    for note in solution.notes:
        (session.ui.diagnostic if note.diagnostic else session.ui.info)(note.text)
    return [step.package for step in solution.incoming]


def _best(session: Session, pool: Pool, word: str, arches: Sequence[str]) -> Package:
    """Return the highest version that a word names, of a source package or of one of the arches."""
    matches = select.find(pool, word, scope="available", source=session.flag("source"))
    found = [p for p in query.packages(pool, matches.handles) if not arches or p.arch in arches]
    if not found:
        raise NoMatch(f"{word}: no such package is available")
    best = found[0]
    with Comparer() as versions:
        for package in found[1:]:
            if versions.compare(package.evr, best.evr) > 0:
                best = package
    return best
