"""repoquery: select packages, then print them or what they hold (tdnf contract, commands 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman import layout
from pkgman.commands.listing import matching
from pkgman.filesearch import file_owners, files_of
from pkgman.model.errors import NoData, PkgmanError, UsageError
from pkgman.options import DEPENDENCY_QUERIES
from pkgman.queryformat import Facts, QueryFormat
from solver import query

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pkgman.session import Session
    from solver.pool import Pool
    from solver.select import Scope

_WHAT = (
    "provides", "obsoletes", "conflicts", "requires", "recommends", "suggests", "supplements", "enhances",
    "depends",
)  # fmt: skip
_JSON_KEYS = {kind: kind.capitalize() for kind in DEPENDENCY_QUERIES} | {"requires-pre": "RequiresPre"}
_INSTALLED = frozenset(("installed", "userinstalled", "extras", "duplicates"))
_MOST_ARCHES = 10  # tdnf looks at ten --arch values


def run(session: Session, words: tuple[str, ...]) -> int:
    """Select by every selector given, intersected, and print.

    :raises UsageError: 902 for two specs, 917 for two dependency queries.
    :raises NoData: when nothing is selected; exit status 0.
    """
    if len(words) > 1:
        raise UsageError("repoquery takes one package spec", number=902)
    kinds = [name for name, _ in session.line.options if name in DEPENDENCY_QUERIES]
    given = {name for name, _ in session.line.options}
    if len(kinds) + len(given & {"qf"}) > 1:
        raise UsageError("Give only one of the dependency queries or --qf.", number=917)
    if "extras" in given and given & {"installed", "available", "duplicates"}:
        raise PkgmanError("--extras goes with none of --installed, --available, --duplicates", number=1622)
    if "duplicates" in given and given & {"installed", "available"}:
        raise PkgmanError("--duplicates goes with none of --installed, --available", number=1622)
    template = QueryFormat(session.line.last("qf")) if "qf" in given else None
    pool = session.open_pool(installed=bool(given & _INSTALLED))
    handles = _select(session, pool, words[0] if words else "", given)
    if not handles:
        raise NoData
    _print(session, pool, handles, kinds[0] if kinds else "", template)
    return 0


def _select(session: Session, pool: Pool, spec: str, given: set[str]) -> list[int]:
    installed = bool(given & _INSTALLED) and "available" not in given
    scope: Scope = "installed" if installed else "available"
    sources = "source" in given
    if spec:
        handles = matching(session, pool, [spec], scope, source=sources)
    else:
        handles = list(query.installed(pool) if installed else query.available(pool))
    for path in [value for name, value in session.line.options if name == "file"]:
        owners = set(file_owners(session, pool, path))
        handles = [handle for handle in handles if handle in owners]
    for kind in _WHAT:
        capabilities = [
            v for n, value in session.line.options if n == f"what{kind}" for v in value.split(",")
        ]
        if capabilities:
            hits = set(query.what(pool, kind, [c for c in capabilities if c]))
            handles = [handle for handle in handles if handle in hits]
    arches = [value for name, value in session.line.options if name == "arch"][:_MOST_ARCHES]
    if arches:
        handles = [p.handle for p in query.packages(pool, handles) if p.arch in arches]
    return _narrow(session, pool, handles, given)


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
    session: Session, pool: Pool, handles: Sequence[int], kind: str, template: QueryFormat | None
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
        ui.results(layout.merged([query.info(pool, handle).source] for handle in handles))
    else:
        ui.results(package.nvra for package in query.packages(pool, handles))


def _facts(pool: Pool, handles: Sequence[int]) -> Iterable[Facts]:
    for package in query.packages(pool, handles):

        def dependencies(kind: str, handle: int = package.handle) -> list[str]:
            return list(query.dependencies(pool, [handle], kind))

        yield Facts(package, query.info(pool, package.handle), dependencies)


def _documents(session: Session, pool: Pool, handles: Sequence[int], kind: str) -> list[dict[str, object]]:
    files = files_of(session, pool, handles) if session.flag("list") else {}
    documents = []
    for package in query.packages(pool, handles):
        item = layout.query_item(package)
        if session.flag("list"):
            item["Files"] = list(files.get(package.handle, ()))
        elif kind:
            item[_JSON_KEYS[kind]] = list(query.dependencies(pool, [package.handle], kind))
        elif session.flag("source"):
            item["Source"] = query.info(pool, package.handle).source
        documents.append(item)
    return documents
