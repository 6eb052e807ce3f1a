"""updateinfo: advisories that concern installed packages (tdnf contract, commands 8; output 4.7)."""

from __future__ import annotations

from functools import cached_property
from time import localtime, strftime
from typing import TYPE_CHECKING, NamedTuple

from pkgman.commands.listing import matching
from pkgman.model.errors import NoData, NoMatch, PkgmanError
from pkgman.model.words import one_line
from solver import query, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pkgman.model.advisory import Advisory, AdvisoryPackage
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
OPTIONS = (
    "security", "sec-severity", "reboot-required",
    "advisory", "advisory-severities", "bugfix", "bz", "cve", "enhancement", "newpackage",
)  # fmt: skip
"""The options that choose advisories."""
_KINDS = ("security", "bugfix", "enhancement", "newpackage")
# The words of Red Hat and Fedora for the ranges of a CVSS v3 score, which others state instead.
_SCORES = ((9.0, "critical"), (7.0, "important"), (4.0, "moderate"), (0.1, "low"))


class Hit(NamedTuple):
    """An advisory that concerns one installed package."""

    advisory: Advisory
    installed: str  # name of the installed package
    obsoleter: str = ""  # NEVRA of the advisory's package that replaces it under another name


def run(session: Session, words: tuple[str, ...]) -> int:
    """Summarise, list or describe the advisories for installed packages.

    As ``advisory``, in dnf's words, the default is the list, and a word may name an advisory.

    :raises NoMatch: when specs match no installed package.
    :raises NoData: in text mode, when the summary has nothing; exit status 0.
    """
    mode, specs = _mode(session, words)
    pool = session.open_pool()
    if session.command == "advisory":
        hits = _named(session, pool, specs)
    else:
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
    default = "list" if session.command == "advisory" else "summary"
    mode = next((name for name, _ in reversed(session.line.options) if name in _MODES), default)
    if words and words[0].lower() in _MODES:
        mode, words = words[0].lower(), words[1:]
    if words and words[0].lower() in _SCOPES:
        words = words[1:]
    return mode, words


def _named(session: Session, pool: Pool, words: Sequence[str]) -> list[Hit]:
    """Return the advisories that a word names, and those for the packages that words match."""
    hits = list(concerning(session, pool, ()))
    if not words:
        return hits
    known = {hit.advisory.id for hit in hits}
    ids = {word.removeprefix("patch:") for word in words} & known
    named = [word for word in words if word.removeprefix("patch:") not in ids]
    names = {package.name for package in query.packages(pool, matching(session, pool, named, "installed"))}
    return [hit for hit in hits if hit.advisory.id in ids or hit.installed in names]


def concerning(session: Session, pool: Pool, specs: Sequence[str]) -> Iterator[Hit]:
    """Yield the advisories that bring a fix for an installed package, filtered by options.

    :raises NoMatch: when ``specs`` match no installed package.
    :raises PkgmanError: 1622 for a severity that is no number.
    """
    wanted = _wanted(session)
    handles = matching(session, pool, specs, "installed") if specs else query.installed(pool)
    if specs and not handles:
        raise NoMatch(f"No installed package matches: {' '.join(specs)}")
    with versions.Comparer() as comparer:
        affected = _Affected(pool, handles, comparer)
        for advisory in filter(wanted, session.supply.advisories()):
            seen = set()
            for fixed in advisory.packages:
                for package in affected.by(fixed):
                    if package.handle not in seen:
                        seen.add(package.handle)
                        yield Hit(advisory, package.name, fixed.nevra if package.name != fixed.name else "")


class _Affected:
    """Which of some installed packages a package of an advisory would replace.

    Of several instances of a name the newest counts: where it has the fix, an older one needs none.
    """

    def __init__(self, pool: Pool, handles: Sequence[int], comparer: versions.Comparer) -> None:
        self._pool, self._comparer = pool, comparer
        self._handles = frozenset(handles)
        newest: dict[tuple[str, str], Package] = {}
        for package in query.packages(pool, handles):
            other = newest.setdefault((package.name, package.arch), package)
            if comparer.compare(package.evr, other.evr) > 0:
                newest[package.name, package.arch] = package
        self._by_name: dict[str, list[Package]] = {}
        for package in newest.values():
            self._by_name.setdefault(package.name, []).append(package)

    def by(self, fixed: AdvisoryPackage) -> Iterator[Package]:
        """Yield them: of the same name and a fitting architecture, or obsoleted by it."""
        for package in self._by_name.get(fixed.name, ()):
            if self._fits(fixed.arch, package.arch) and self._comparer.compare(fixed.evr, package.evr) > 0:
                yield package
        for handle in self._obsoleted.get((fixed.name, fixed.evr, fixed.arch), ()):
            if handle in self._handles:
                yield query.package(self._pool, handle)

    def _fits(self, new: str, old: str) -> bool:
        return new in (old, "noarch") or (old == "noarch" and new == self._pool.arch)

    @cached_property
    def _obsoleted(self) -> dict[tuple[str, str, str], list[int]]:
        return query.obsoleted(self._pool)


def _wanted(session: Session) -> Callable[[Advisory], bool]:
    """Return the test of the options: what one of dnf's asks for, or tdnf's severity, and the reboot.

    :raises PkgmanError: 1622 for a severity that is no number.
    """
    line = session.line
    reboot = session.flag("reboot-required")
    kinds = {kind for kind in _KINDS if session.flag(kind)}
    ids, cves, bugs, severities = (
        _values(session, name) for name in ("advisory", "cve", "bz", "advisory-severities")
    )
    lowest = line.last("sec-severity")
    if lowest and not _is_number(lowest):
        raise PkgmanError(f"--sec-severity {lowest}: this is no number such as 7.5", number=1622)

    def chosen(advisory: Advisory) -> bool:
        if kinds or ids or cves or bugs or severities:
            return (
                advisory.kind in kinds
                or advisory.id.lower() in ids
                or any(cve.lower() in cves for cve in advisory.cves)
                or any(bug in bugs for bug in advisory.bugs)
                or bool(severities and _severity(advisory) in severities)
            )
        if lowest:
            return _is_number(advisory.severity) and float(advisory.severity) >= float(lowest)
        return True

    return lambda advisory: (advisory.reboot or not reboot) and chosen(advisory)


def _values(session: Session, option: str) -> frozenset[str]:
    """Return what all occurrences of an option name, between commas, in small letters."""
    given = (value for name, value in session.line.options if name == option)
    return frozenset(
        text.strip().lower().removeprefix("patch:")
        for value in given
        for text in value.split(",")
        if text.strip()
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdigit()


def _severity(advisory: Advisory) -> str:
    """Return the severity as a word in small letters, ``none`` when it is not stated."""
    text = advisory.severity
    if not _is_number(text):
        return text.lower() or "none"
    return next((word for score, word in _SCORES if float(text) >= score), "none")


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


def _time(seconds: int) -> str:
    # C-locale %c: the program never calls setlocale, so strftime speaks C.
    return strftime("%a %b %e %H:%M:%S %Y", localtime(seconds))


def _item(advisory: Advisory, mode: str) -> dict[str, object]:
    item: dict[str, object] = {"Type": advisory.type, "UpdateID": f"patch:{advisory.id}"}
    if mode == "info":
        item["Updated"] = _time(advisory.updated)
        item["NeedsReboot"] = advisory.reboot
        item["Description"] = advisory.description or None
    item["Packages"] = [package.filename for package in advisory.packages]
    if mode == "info":
        item["Title"] = advisory.title or None
        item["Severity"] = advisory.severity or None
        item["Issued"] = _time(advisory.issued) if advisory.issued else None
        item["CVEs"] = list(advisory.cves)
        item["References"] = [
            {"Type": kind, "Id": number, "Title": title, "Url": url}
            for kind, number, title, url in advisory.references
        ]
    return item


def _lines(advisory: Advisory, mode: str) -> Iterator[str]:
    more = list(_more(advisory)) if mode == "info" else []
    for package in advisory.packages:
        if mode == "list":
            yield f"patch:{advisory.id} {advisory.type} {package.filename}"
            continue
        yield f"       Name : {package.filename}"
        yield f"  Update ID : patch:{advisory.id}"
        yield f"       Type : {advisory.type}"
        yield f"    Updated : {_time(advisory.updated)}"
        yield f"Needs Reboot: {int(advisory.reboot)}"
        yield f"Description : {advisory.description}"
        yield from more


def _more(advisory: Advisory) -> Iterator[str]:
    """Yield the lines behind tdnf's own, for what the advisory states."""
    if advisory.title:
        yield f"      Title : {one_line(advisory.title)}"
    if advisory.severity:
        yield f"   Severity : {one_line(advisory.severity)}"
    if advisory.issued and advisory.issued != advisory.updated:
        yield f"     Issued : {_time(advisory.issued)}"
    if advisory.cves:
        yield f"       CVEs : {one_line(', '.join(advisory.cves))}"
    for kind, number, title, url in advisory.references:
        words = dict.fromkeys(word for word in (kind, number, title, url) if word)
        if kind != "cve" or title or url:
            yield f"  Reference : {one_line(' '.join(words))}"
