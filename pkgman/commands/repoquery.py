"""repoquery: select packages, then print them or what they hold (tdnf contract, commands 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pkgman import layout
from pkgman.commands.listing import matching
from pkgman.filesearch import file_owners, files_of
from pkgman.model.errors import NoData, PkgmanError, UsageError
from pkgman.options import DEPENDENCY_QUERIES
from pkgman.queryformat import Facts, QueryFormat
from solver import query, select

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
_JSON_KEYS = {kind: kind.capitalize() for kind in DEPENDENCY_QUERIES} | {"requires-pre": "RequiresPre"}
_INSTALLED = frozenset(("installed", "userinstalled", "extras", "duplicates"))
_SOURCE_ARCHES = ("src", "nosrc")
_MOST_ARCHES = 10  # tdnf looks at ten --arch values


def run(session: Session, words: tuple[str, ...]) -> int:
    """Select by every selector given, intersected, and print.

    :raises UsageError: 902 for two specs, 917 for two things to print.
    :raises NoData: when nothing is selected; exit status 0.
    """
    if len(words) > 1:
        raise UsageError("repoquery takes one package spec", number=902)
    kinds = [cast("Kind", name) for name, _ in session.line.options if name in DEPENDENCY_QUERIES]
    given = {name for name, _ in session.line.options}
    if "changelogs" in given:
        raise PkgmanError("'repoquery --changelogs' is not available in this version of tdnf.", number=902)
    if len(kinds) + len(given & {"qf", "list"}) > 1:
        raise UsageError("Give only one of the dependency queries, --list or --qf.", number=917)
    if "extras" in given and given & {"installed", "available", "duplicates"}:
        raise PkgmanError("--extras goes with none of --installed, --available, --duplicates", number=1622)
    if "duplicates" in given and given & {"installed", "available"}:
        raise PkgmanError("--duplicates goes with none of --installed, --available", number=1622)
    template = QueryFormat(session.line.last("qf")) if "qf" in given else None
    pool = session.open_pool(installed=bool(given & _INSTALLED))
    handles = _select(session, pool, words[0] if words else "", given)
    if not handles:
        raise NoData
    _print(session, pool, handles, kinds[0] if kinds else None, template)
    return 0


def _select(session: Session, pool: Pool, spec: str, given: set[str]) -> list[int]:
    installed = bool(given & _INSTALLED) and "available" not in given
    scope: Scope = "installed" if installed else "available"
    handles: Sequence[int] | None = None  # all of the scope, which is not looked at before it must be
    if spec:
        # --source prints where a package comes from; a source package is found by it, too.
        handles = matching(session, pool, [spec], scope)
        if not handles and "source" in given:
            handles = matching(session, pool, [spec], scope, source=True)
    for hits in _selectors(session, pool):
        if handles is None:
            handles = [hit for hit in hits if select.in_scope(pool, hit, scope)]
        else:
            wanted = set(hits)
            handles = [handle for handle in handles if handle in wanted]
    if handles is None:
        handles = query.installed(pool) if installed else query.available(pool)
    arches = [value for name, value in session.line.options if name == "arch"][:_MOST_ARCHES]
    if arches:
        handles = [p.handle for p in query.packages(pool, handles) if p.arch in arches]
    return _narrow(session, pool, list(handles), given)


def _selectors(session: Session, pool: Pool) -> Iterator[Sequence[int]]:
    """Yield what each --file, and each kind of --what..., selects."""
    options = session.line.options
    for path in [value for name, value in options if name == "file"]:
        yield file_owners(session, pool, path)
    for kind in _WHAT:
        values = ",".join(value for name, value in options if name == f"what{kind}")
        capabilities = [capability for capability in values.split(",") if capability]
        if not any(name == f"what{kind}" for name, _ in options):
            continue
        hits = set(query.what(pool, kind, capabilities))
        if kind == "provides":  # a package provides its files, which primary may not name
            paths = (c for c in capabilities if c.startswith("/"))
            hits.update(handle for path in paths for handle in file_owners(session, pool, path))
        yield select.in_order(pool, hits)


def _narrow(session: Session, pool: Pool, handles: list[int], given: set[str]) -> list[int]:
    if "userinstalled" in given:
        automatic = session.auto_installed or frozenset()
        handles = [p.handle for p in query.packages(pool, handles) if p.name not in automatic]
    if "extras" in given:
        known = {package.nevra for package in query.packages(pool, query.available(pool))}
        handles = [p.handle for p in query.packages(pool, handles) if p.nevra not in known]
    if "duplicates" in given:
        packages = list(query.packages(pool, handles))
        names = [(p.name, p.arch) for p in packages]
        handles = [p.handle for p in packages if names.count((p.name, p.arch)) > 1]
    return handles


def _print(
    session: Session, pool: Pool, handles: Sequence[int], kind: Kind | None, template: QueryFormat | None
) -> None:
    ui = session.ui
    if ui.json:
        ui.document(_documents(session, pool, handles, kind))
    elif session.flag("list"):
        ui.results(layout.merged(files_of(session, pool, handles).values()))
    elif kind:
        ui.results(query.dependencies(pool, handles, kind))
    elif template:
        for facts in _facts(pool, handles):
            ui.result(template.render(facts))
    elif session.flag("source"):
        ui.results(layout.merged(_sources(pool, package) for package in query.packages(pool, handles)))
    else:
        ui.results(package.nvra for package in query.packages(pool, handles))


def _sources(pool: Pool, package: Package) -> list[str]:
    """Return the source package's name as a list of one, or of none when it is not known."""
    source = package.nevra if package.arch in _SOURCE_ARCHES else query.info(pool, package.handle).source
    return [source] if source else []


def _facts(pool: Pool, handles: Sequence[int]) -> Iterable[Facts]:
    for package in query.packages(pool, handles):

        def dependencies(kind: str, handle: int = package.handle) -> list[str]:
            return list(query.dependencies(pool, [handle], cast("Kind", kind)))

        yield Facts(package, query.info(pool, package.handle), dependencies)


def _documents(
    session: Session, pool: Pool, handles: Sequence[int], kind: Kind | None
) -> list[dict[str, object]]:
    files = files_of(session, pool, handles) if session.flag("list") else {}
    documents = []
    for package in query.packages(pool, handles):
        item = layout.query_item(package)
        if session.flag("list"):
            item["Files"] = list(files.get(package.handle, ()))
        elif kind:
            item[_JSON_KEYS[kind]] = list(query.dependencies(pool, [package.handle], kind))
        elif session.flag("source"):
            item["Source"] = next(iter(_sources(pool, package)), None)
        documents.append(item)
    return documents
