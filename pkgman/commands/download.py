"""download: fetch package files into a folder, as dnf does; nothing on the system changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman import layout
from pkgman.filesearch import learn_owners
from pkgman.model.errors import NoMatch, NothingToDo, PkgmanError, Unsolvable, system_error
from pkgman.model.request import Request
from pkgman.model.words import plain
from pkgman.workflow import policy_of, tell, unmet_files
from repo_meta import download, temporary
from solver import query, solve
from solver.best import Best

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkgman.model.package import Package
    from pkgman.model.repo import Remote
    from pkgman.session import Session
    from solver.pool import Pool


def run(session: Session, words: tuple[str, ...]) -> int:
    """Fetch the best version of what each word names, or with --urls print where it lies.

    With --resolve what the packages need comes, too: as far as it is not installed, or with --alldeps all.

    :raises PkgmanError: 1001 without a word; 1622 for options that exclude each other; a package
        cannot be fetched, stored or is not trusted.
    :raises NoMatch: a word names nothing.
    :raises NothingToDo: --skip-broken passed over every word.
    """
    if not words:
        raise PkgmanError("Say what to download: tdnf download PACKAGE...", number=1001)
    resolve = session.flag("resolve") or session.flag("alldeps")
    if resolve and session.flag("source"):
        raise PkgmanError("--source fetches source packages alone; leave out --resolve", number=1622)
    pool = session.open_pool(installed=resolve)
    packages = _named(session, pool, words)
    if not packages:
        raise NothingToDo
    if resolve:
        packages = _with_dependencies(session, pool, packages)
    remotes = [query.remote(pool, package.handle) for package in packages]
    if session.flag("urls"):
        _show(session, packages, "Location", [session.supply.url(remote) for remote in remotes])
        return 0
    _show(session, packages, "Path", _fetch(session, packages, remotes))
    return 0


def _named(session: Session, pool: Pool, words: Sequence[str]) -> list[Package]:
    """Return what the words stand for, each package once.

    :raises NoMatch: naming every word that stands for nothing.
    """
    arches = [arch for name, value in session.line.options if name == "arch" for arch in value.split(",")]
    best = Best(pool, policy_of(session), arches=tuple(arches), source=session.flag("source"))
    learn_owners(session, pool, words)
    found: dict[int, None] = {}
    unknown = []
    for word in dict.fromkeys(words):
        matches = best.of(word)
        if matches.note:
            session.ui.info(matches.note)
        if not matches.handles:
            unknown.append(word)
        found.update(dict.fromkeys(matches.handles))
    if unknown and not (session.flag("skip-broken") or session.flag("skip-unavailable")):
        raise NoMatch(f"{word} package not found or not installed" for word in unknown)
    for word in unknown:
        session.ui.info(f"No package \x1b[1m\x1b[30m{plain(word)} \x1b[0mavailable", raw=True)
    return list(query.packages(pool, found))


def _with_dependencies(session: Session, pool: Pool, packages: list[Package]) -> list[Package]:
    """Add what an install of exactly these packages would bring.

    Those that cannot be installed together, such as two versions, are resolved one by one.

    :raises Unsolvable: one of them cannot be installed.
    """
    try:
        needed = _needed(session, pool, packages)
    except Unsolvable:
        if len(packages) == 1:
            raise
        needed = [each for package in packages for each in _needed(session, pool, [package])]
    named = {package.nevra for package in packages}
    return [*packages, *{each.nevra: each for each in needed if each.nevra not in named}.values()]


def _needed(session: Session, pool: Pool, packages: list[Package]) -> list[Package]:
    """Return what an install of ``packages`` brings."""
    request = Request(install_nevras=tuple(package.nevra for package in packages))
    solution = solve.solve(pool, request, policy_of(session), find_files=unmet_files(session, pool))
    tell(session, solution.notes)
    return [step.package for step in solution.incoming]


def _fetch(session: Session, packages: Sequence[Package], remotes: Sequence[Remote]) -> list[str]:
    """Return where the files are, checksums and signatures right; none that is not trusted stays."""
    folder = _folder(session)
    sources = {source.id: source for source in session.supply.sources}
    places = [download.target(remote, sources[remote.repo_id], folder) for remote in remotes]
    fresh = [
        path
        for remote, path in zip(remotes, places, strict=True)
        if sources[remote.repo_id].gpgcheck and not os.path.lexists(path)
    ]
    try:
        fetched = download.fetch_packages(
            remotes,
            sources,
            fetcher=session.fetcher,
            progress=session.ui,
            report=session.ui,
            target_dir=folder,
        )
        paths = [fetched[remote] for remote in remotes]
        _verify(session, packages, remotes, paths)
    except BaseException:
        for path in fresh:
            temporary.discard(path)  # what lay there before is the user's own
        raise
    return paths


def _folder(session: Session) -> str:
    """Return the folder to store in, absolute and without links; as in dnf it is made.

    :raises PkgmanError: 1600 + errno when it cannot be made.
    """
    folder = session.line.last("destdir") or session.line.last("downloaddir")
    try:
        if folder:
            os.makedirs(folder, exist_ok=True)
        return os.path.realpath(folder or os.getcwd())
    except OSError as error:
        raise system_error(error) from error


def _verify(
    session: Session, packages: Sequence[Package], remotes: Sequence[Remote], paths: Sequence[str]
) -> None:
    """Check signatures as before an install; librpm is not needed where there are none to check.

    Keys that the system does not know are asked for, and used for this run only.
    """
    supply = session.supply
    checked = [
        (package, remote, path)
        for package, remote, path in zip(packages, remotes, paths, strict=True)
        if supply.source(package.repo).gpgcheck
    ]
    if not checked or session.flag("nogpgcheck") or session.flag("skipsignature"):
        return
    database = session.rpmdb  # says what to do when librpm is missing
    from pkgman.transaction import verify
    from pkgman.transaction.lentkeys import LentKeys

    verified = verify.verify(
        [
            verify.Incoming(package, path, supply.source(package.repo), remote.location)
            for package, remote, path in checked
        ],
        database=LentKeys(database),
        fetch_key=session.fetch_key,
        judge=session.judge,
        report=session.ui,
        checks=verify.Checks(digests=not session.flag("skipdigest")),
        scratch=session.scratch(),
    )
    verify.close_all(verified)


def _show(session: Session, packages: Sequence[Package], key: str, places: Sequence[str]) -> None:
    """Print paths or URLs; in JSON mode with the packages they belong to."""
    ui = session.ui
    if ui.json:
        pairs = zip(packages, places, strict=True)
        ui.document([{**layout.query_item(package), key: place} for package, place in pairs])
    elif key == "Location":
        ui.results(places)
    else:
        for place in places:
            ui.info(place)
