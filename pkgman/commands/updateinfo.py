"""updateinfo: advisories that concern installed packages (tdnf contract, commands 8; output 4.7)."""

from __future__ import annotations

from time import localtime, strftime
from typing import TYPE_CHECKING, NamedTuple

from pkgman.commands.listing import matching
from pkgman.model.errors import NoData, NoMatch
from solver import query, versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkgman.model.advisory import Advisory
    from pkgman.model.package import Package
    from pkgman.session import Session
    from solver.pool import Pool

_MODES = ("summary", "list", "info")
_TYPES = ("Unknown", "Security", "Bugfix", "Enhancement")
_SCOPES = (
    "all",
    "installed",
    "available",
    "extras",
    "obsoletes",
    "recent",
    "upgrades",
    "updates",
    "downgrades",
)


class Hit(NamedTuple):
    """An advisory that concerns one installed package."""

    advisory: Advisory
    installed: str  # name of the installed package


def run(session: Session, words: tuple[str, ...]) -> int:
    """Summarise, list or describe the advisories for installed packages.

    :raises NoMatch: when specs match no installed package.
    :raises NoData: in text mode, when the summary has nothing; exit status 0.
    """
    mode, specs = _mode(session, words)
    pool = session.open_pool()
    hits = list(concerning(session, pool, specs))
    if mode == "summary":
        return _summary(session, hits)
    if session.ui.json:
        session.ui.document([_item(hit.advisory, mode) for hit in hits])
    elif not hits:
        session.ui.results(("", "0 updates."))
    else:
        for hit in hits:
            session.ui.results(_lines(hit.advisory, mode))
    return 0


def _mode(session: Session, words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    mode = next((name for name, _ in reversed(session.line.options) if name in _MODES), "summary")
    if words and words[0].lower() in _MODES:
        mode, words = words[0].lower(), words[1:]
    if words and words[0].lower() in _SCOPES:
        words = words[1:]
    return mode, words


def concerning(session: Session, pool: Pool, specs: Sequence[str]) -> Iterator[Hit]:
    """Yield the advisories that hold a higher EVR of an installed name and arch, filtered by options."""
    handles = matching(session, pool, specs, "installed") if specs else query.installed(pool)
    if specs and not handles:
        raise NoMatch(f"No installed package matches: {' '.join(specs)}")
    installed: dict[tuple[str, str], list[Package]] = {}
    for package in query.packages(pool, handles):
        installed.setdefault((package.name, package.arch), []).append(package)
    with versions.Comparer() as comparer:
        for advisory in session.supply.advisories():
            if not _wanted(session, advisory):
                continue
            seen = set()
            for fixed in advisory.packages:
                evr = f"{fixed.epoch}:{fixed.version}-{fixed.release}"
                for package in installed.get((fixed.name, fixed.arch), ()):
                    if package.handle not in seen and comparer.compare(evr, package.evr) > 0:
                        seen.add(package.handle)
                        yield Hit(advisory, package.name)


def _wanted(session: Session, advisory: Advisory) -> bool:
    if session.flag("security"):
        return advisory.type == "Security" and _reboot(session, advisory)
    if severity := session.line.last("sec-severity"):
        try:
            return float(advisory.severity) >= float(severity) and _reboot(session, advisory)
        except ValueError:
            return False
    return _reboot(session, advisory)


def _reboot(session: Session, advisory: Advisory) -> bool:
    return advisory.reboot or not session.flag("reboot-required")


def _summary(session: Session, hits: Sequence[Hit]) -> int:
    counts = {kind: sum(hit.advisory.type == kind for hit in hits) for kind in _TYPES}
    if session.ui.json:
        session.ui.document(counts)
        return 0
    if not hits:
        session.ui.results(("", "0 updates."))
        raise NoData
    session.ui.results(f"{count} {kind} notice(s)" for kind, count in counts.items() if count)
    return 0


def _updated(advisory: Advisory) -> str:
    # C-locale %c: the program never calls setlocale, so strftime speaks C.
    return strftime("%a %b %e %H:%M:%S %Y", localtime(advisory.updated))


def _item(advisory: Advisory, mode: str) -> dict[str, object]:
    item: dict[str, object] = {"Type": advisory.type, "UpdateID": f"patch:{advisory.id}"}
    if mode == "info":
        item["Updated"] = _updated(advisory)
        item["NeedsReboot"] = advisory.reboot
        item["Description"] = advisory.description or None
    item["Packages"] = [package.filename for package in advisory.packages]
    return item


def _lines(advisory: Advisory, mode: str) -> Iterator[str]:
    for package in advisory.packages:
        if mode == "list":
            yield f"patch:{advisory.id} {advisory.type} {package.filename}"
            continue
        yield f"       Name : {package.filename}"
        yield f"  Update ID : patch:{advisory.id}"
        yield f"       Type : {advisory.type}"
        yield f"    Updated : {_updated(advisory)}"
        yield f"Needs Reboot: {int(advisory.reboot)}"
        yield f"Description : {advisory.description}"
