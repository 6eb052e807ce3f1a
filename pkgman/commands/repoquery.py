"""repoquery: select packages, then print them or what they hold (tdnf contract, commands 8)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from pkgman import layout
from pkgman.commands.listing import matching
from pkgman.filesearch import file_owners, files_of
from pkgman.model.errors import NoData, PkgmanError
from pkgman.model.package import SYSTEM_REPO
from pkgman.model.words import one_line
from pkgman.options import DEPENDENCY_QUERIES
from pkgman.queryformat import Facts, QueryFormat
from solver import query, select, versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pkgman.model.package import Package
    from pkgman.session import Session
    from solver.pool import Pool
    from solver.query import Kind
    from solver.select import Scope

_WHAT: tuple[Kind, ...] = (
    "provides", "obsoletes", "conflicts", "requires", "recommends", "suggests", "supplements", "enhances",
    "depends",
)  # fmt: skip
_QUERIES = ("list", "qf", "changelogs", "location")  # beside the dependency queries
_JSON_KEYS = {kind: kind.capitalize() for kind in DEPENDENCY_QUERIES} | {"requires-pre": "RequiresPre"}
_INSTALLED = frozenset(("installed", "userinstalled", "extras", "duplicates"))
_NEEDS_INSTALLED = _INSTALLED | {"upgrades", "downgrades"}
_SOURCE_ARCHES = ("src", "nosrc")
_MOST_ARCHES = 10  # tdnf looks at ten --arch values


def run(session: Session, words: tuple[str, ...]) -> int:
    """Select by every selector given, intersected, and print; the spec may be a package file.

    :raises PkgmanError: 902 for two specs, 917 for two things to print.
    :raises NoData: when nothing is selected; exit status 0.
    """
    if len(words) > 1:
        raise PkgmanError("repoquery takes one package spec", number=902)
    given = {name for name, _ in session.line.options}
    what = _what_to_print(session, given)
    # JSON has its own form: the format is not looked at there (output 4.6).
    template = QueryFormat(session.line.last("qf")) if what == "qf" and not session.ui.json else None
    spec = words[0] if words else ""
    files = [session.read_rpm_file(spec)] if spec.endswith(".rpm") and os.path.isfile(spec) else []
    installed = bool(given & _NEEDS_INSTALLED)
    pool = session.open_pool(installed=installed, files=(lambda: files) if files else None)
    if files:
        named: list[int] | None = [pool.files[file.path] for file in files]
    else:
        named = _named(session, pool, spec, what, given) if spec else None
    handles = _select(session, pool, named, given, sources="source" in given and what != "source")
    if not handles:
        raise NoData
    _print(session, pool, handles, what, template)
    return 0


def _what_to_print(session: Session, given: set[str]) -> str:
    """Return the one query option: a dependency query, another of :data:`_QUERIES`, or ""."""
    kinds = [name for name, _ in session.line.options if name in DEPENDENCY_QUERIES]
    queries = kinds + [name for name in _QUERIES if name in given]
    if len(queries) > 1:
        raise PkgmanError(f"Give only one of: {', '.join(f'--{name}' for name in queries)}", number=917)
    if "extras" in given and given & {"installed", "available", "duplicates"}:
        raise PkgmanError("--extras goes with none of --installed, --available, --duplicates", number=1622)
    for name in ("upgrades", "downgrades"):
        if name in given and given & _INSTALLED:
            raise PkgmanError(f"--{name} selects available packages: leave --installed out", number=1622)
    if "duplicates" in given and given & {"installed", "available"}:
        raise PkgmanError("--duplicates goes with none of --installed, --available", number=1622)
    # Beside another query, --source selects source packages.
    return queries[0] if queries else "source" if "source" in given else ""


def _scope(given: set[str]) -> Scope:
    return "installed" if given & _INSTALLED and "available" not in given else "available"


def _named(session: Session, pool: Pool, spec: str, what: str, given: set[str]) -> list[int]:
    """Return what the spec names; source packages with --source."""
    scope = _scope(given)
    if "source" not in given:
        return matching(session, pool, [spec], scope)
    if what != "source":
        return matching(session, pool, [spec], scope, source=True)
    # Alone it prints where a package comes from, and a source package is found by it, too.
    return matching(session, pool, [spec], scope) or matching(session, pool, [spec], scope, source=True)


def _select(
    session: Session, pool: Pool, named: list[int] | None, given: set[str], *, sources: bool
) -> list[int]:
    """Return what all selectors have in common.

    :param named: what the spec names; None without one.
    :param sources: take source packages only.
    """
    scope = _scope(given)
    # None is all of the scope, which is not looked at before it must be.
    handles: Sequence[int] | None = named
    for hits in _selectors(session, pool):
        if handles is None:
            handles = [hit for hit in hits if select.in_scope(pool, hit, scope)]
        else:
            wanted = set(hits)
            handles = [handle for handle in handles if handle in wanted]
    if handles is None:
        handles = query.installed(pool) if scope == "installed" else query.available(pool)
    arches = [value for name, value in session.line.options if name == "arch"][:_MOST_ARCHES]
    if arches:
        handles = [p.handle for p in query.packages(pool, handles) if p.arch in arches]
    if sources:
        handles = [p.handle for p in query.packages(pool, handles) if p.arch in _SOURCE_ARCHES]
    return _narrow(session, pool, list(handles), given)


def _selectors(session: Session, pool: Pool) -> Iterator[Sequence[int]]:
    """Yield what each --file, and each kind of --what..., selects."""
    options = session.line.options
    for path in [value for name, value in options if name == "file"]:
        yield file_owners(session, pool, path, exact=True)
    for kind in _WHAT:
        values = ",".join(value for name, value in options if name == f"what{kind}")
        capabilities = [text.strip() for text in values.split(",") if text.strip()]
        if not any(name == f"what{kind}" for name, _ in options):
            continue
        hits = set(query.what(pool, kind, capabilities))
        if kind == "provides":  # a package provides its files, which primary may not name
            paths = (c for c in capabilities if c.startswith("/"))
            hits.update(handle for path in paths for handle in file_owners(session, pool, path, exact=True))
        yield select.in_order(pool, hits)


def _narrow(session: Session, pool: Pool, handles: list[int], given: set[str]) -> list[int]:
    for name in ("upgrades", "downgrades"):
        if name in given:
            wanted = versions.changes(pool, query.installed(pool), upgrades=name == "upgrades")
            handles = [handle for handle in handles if handle in wanted]
    if "userinstalled" in given:
        automatic = session.auto_installed or frozenset()
        handles = [p.handle for p in query.packages(pool, handles) if p.name not in automatic]
    if "extras" in given:
        known = {package.nevra for package in query.packages(pool, query.available(pool))}
        handles = [p.handle for p in query.packages(pool, handles) if p.nevra not in known]
    if "duplicates" in given:
        instances: dict[tuple[str, str], list[int]] = {}
        for package in query.packages(pool, query.installed(pool)):
            instances.setdefault((package.name, package.arch), []).append(package.handle)
        several = {handle for group in instances.values() if len(group) > 1 for handle in group}
        handles = [handle for handle in handles if handle in several]
    return handles


def _print(
    session: Session, pool: Pool, handles: Sequence[int], what: str, template: QueryFormat | None
) -> None:
    ui = session.ui
    if ui.json:
        ui.document(_documents(session, pool, handles, what))
    elif what == "list":
        ui.results(layout.merged(files_of(session, pool, handles).values()))
    elif what in DEPENDENCY_QUERIES:
        ui.results(query.dependencies(pool, handles, cast("Kind", what)))
    elif template:
        for facts in _facts(session, pool, handles, template):
            ui.result(template.render(facts).removesuffix("\n"), raw=True)
    elif what == "source":
        ui.results(layout.merged(_sources(pool, package) for package in query.packages(pool, handles)))
    elif what == "location":
        ui.results(filter(None, (_location(session, pool, handle) for handle in handles)))
    elif what == "changelogs":
        found = session.changelogs(pool, handles)
        for entry in (entry for handle in handles for entry in found.get(handle, ())):
            ui.results((f"{layout.day(entry.time)} {one_line(entry.author)}", entry.text))
    else:
        ui.results(package.nvra for package in query.packages(pool, handles))


def _location(session: Session, pool: Pool, handle: int) -> str | None:
    if select.is_installed(pool, handle):
        return None
    return session.supply.url_of(pool, handle)


def _sources(pool: Pool, package: Package) -> list[str]:
    """Return the source package's name as a list of one, or of none when it is not known."""
    source = package.nevra if package.arch in _SOURCE_ARCHES else query.info(pool, package.handle).source
    return [source] if source else []


def _facts(session: Session, pool: Pool, handles: Sequence[int], template: QueryFormat) -> Iterable[Facts]:
    origins = _origins(session) if template.asks_for("from_repo") else {}
    automatic = (session.auto_installed if template.asks_for("reason") else None) or frozenset()
    for package in query.packages(pool, handles):

        def dependencies(kind: str, handle: int = package.handle) -> list[str]:
            return list(query.dependencies(pool, [handle], cast("Kind", kind)))

        # An available package comes from where it lies; an installed one, from where the history says.
        origin = origins.get(package.nevra, "") if package.repo == SYSTEM_REPO else package.repo
        reason = "Dependency" if package.name in automatic else "User"
        reason = reason if package.repo == SYSTEM_REPO else ""
        yield Facts(package, query.info(pool, package.handle), dependencies, origin, reason)


def _origins(session: Session) -> dict[str, str]:
    """Return NEVRA to the repository it was installed from, as far as the history has it."""
    from pkgman.transaction import history_notes  # noqa: PLC0415  # sqlite, for one tag only

    return history_notes.origins(session.config.history_path)


def _documents(session: Session, pool: Pool, handles: Sequence[int], what: str) -> list[dict[str, object]]:
    files = files_of(session, pool, handles) if what == "list" else {}
    changelogs = session.changelogs(pool, handles) if what == "changelogs" else {}
    documents = []
    for package in query.packages(pool, handles):
        item = layout.query_item(package)
        if what == "list":
            item["Files"] = list(files.get(package.handle, ()))
        elif what in DEPENDENCY_QUERIES:
            item[_JSON_KEYS[what]] = list(query.dependencies(pool, [package.handle], cast("Kind", what)))
        elif what == "changelogs":
            entries = changelogs.get(package.handle, ())
            item["ChangeLogs"] = [
                {"Time": layout.day(entry.time), "Author": entry.author, "Text": entry.text}
                for entry in entries
            ]
        elif what == "location":
            item["Location"] = _location(session, pool, package.handle)
        elif what == "source":
            item["Source"] = next(iter(_sources(pool, package)), None)
        documents.append(item)
    return documents
