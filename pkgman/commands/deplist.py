"""deplist: what packages require, and which packages provide it; as in dnf 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman import layout
from pkgman.commands.listing import matching
from pkgman.filesearch import file_owners
from pkgman.model.errors import NoData
from solver import query, versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkgman.session import Session
    from solver.pool import Pool
    from solver.select import Scope


def run(session: Session, words: tuple[str, ...]) -> int:
    """Print each requirement of the available packages that the words match, or of all, with its providers.

    With --installed it is about installed packages.

    :raises NoData: when nothing matches; exit status 0.
    """
    side: Scope = "installed" if session.flag("installed") else "available"
    pool = session.open_pool(installed=side == "installed")
    every = query.installed if side == "installed" else query.available
    handles = matching(session, pool, words, side) if words else every(pool)
    if not handles:
        raise NoData
    found = ((handle, list(_dependencies(session, pool, handle))) for handle in handles)
    if session.ui.json:
        session.ui.document([_item(pool, handle, needs) for handle, needs in found])
        return 0
    for number, (handle, needs) in enumerate(found):
        session.ui.results(("",) if number else ())
        session.ui.result(f"package: {query.package(pool, handle).nevra}")
        for text, providers in needs:
            session.ui.result(f"  dependency: {text}")
            session.ui.results(f"   provider: {nevra}" for nevra in providers)
    return 0


def _dependencies(session: Session, pool: Pool, handle: int) -> Iterator[tuple[str, list[str]]]:
    for text in query.dependencies(pool, [handle], "requires"):
        providers: Sequence[int] = query.what(pool, "provides", [text])
        if not providers and text.startswith("/"):
            providers = file_owners(session, pool, text, exact=True)
        yield text, _newest(pool, providers)


def _newest(pool: Pool, handles: Sequence[int]) -> list[str]:
    """Return the NEVRAs of the highest version of each name and arch, each once."""
    best: dict[tuple[str, str], str] = {}
    packages = {package.nevra: package for package in query.packages(pool, handles)}
    with versions.Comparer() as comparer:
        for nevra, package in packages.items():
            key = (package.name, package.arch)
            if key not in best or comparer.compare(package.evr, packages[best[key]].evr) > 0:
                best[key] = nevra
    return list(best.values())


def _item(pool: Pool, handle: int, needs: Sequence[tuple[str, list[str]]]) -> dict[str, object]:
    item = layout.query_item(query.package(pool, handle))
    item["Dependencies"] = [{"Requires": text, "Providers": providers} for text, providers in needs]
    return item
