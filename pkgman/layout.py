"""Text and JSON layouts as pure functions: values in, lines out (tdnf contract, output 1 to 4)."""

from __future__ import annotations

from time import gmtime, strftime
from typing import TYPE_CHECKING

from pkgman.model.transaction import Action
from pkgman.model.words import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pkgman.model.package import Package, PackageInfo
    from pkgman.model.transaction import Solution, Step

TABLES = (
    (Action.INSTALL, "Installing:"),
    (Action.UPGRADE, "Upgrading:"),
    (Action.DOWNGRADE, "Downgrading:"),
    (Action.REMOVE, "Removing:"),
    (Action.REINSTALL, "Reinstalling:"),
    (Action.OBSOLETE, "Obsoleting:"),
)


_GAP = "  "  # between columns of our own layouts


def human(size: int) -> str:
    """Format bytes in tdnf's seven characters: ``%6.2f`` and a unit of b, k, M, G."""
    value, unit = float(size), "b"
    for bigger in "kMG":
        if value <= 1024:
            break
        value, unit = value / 1024, bigger
    return f"{value:6.2f}{unit}"


_DONE = {
    Action.INSTALL: "installed",
    Action.UPGRADE: "upgraded",
    Action.DOWNGRADE: "downgraded",
    Action.REINSTALL: "reinstalled",
    Action.REMOVE: "removed",
    Action.OBSOLETE: "obsoleted",
}


def summary_line(solution: Solution, fetched: int, seconds: float) -> str:
    """Return what a transaction did, in one line: packages by action, bytes, time.

    :param fetched: bytes of the packages that were downloaded.
    """
    counts = [f"{len(steps)} {word}" for action, word in _DONE.items() if (steps := solution.of(action))]
    gone = [step.package for step in solution.of(Action.REMOVE)]
    # An obsoleted package has a step of its own and is replaced as well.
    replaced = {old.handle: old for step in solution.incoming for old in step.replaces}
    change = sum(step.package.install_size for step in solution.incoming)
    change -= sum(package.install_size for package in (*gone, *replaced.values()))
    sizes = [f"{human(fetched).strip()} downloaded"] if fetched else []
    sizes.append(f"{human(abs(change)).strip()} {'more' if change >= 0 else 'less'} on the disk")
    return f"{', '.join(counts)}; {', '.join(sizes)}; {seconds:.1f} s"


def list_line(package: Package, width: int) -> str:
    """One package of ``list``: columns of 55, 25 and 15 percent of the width."""
    name = f"{package.name}.{package.arch}"
    return (
        f"{name:<{width * 55 // 100}} {package.evr:<{width * 25 // 100}} {package.repo:>{width * 15 // 100}}"
    )


def check_update_line(package: Package) -> str:
    """One package of ``check-update``, tdnf's broken format string included (output 4.3)."""
    return f"{package.repo:>80}\r%s\r{one_line(package.name)}.{one_line(package.arch)}"


def update_lines(pairs: Sequence[tuple[Package, Package]], width: int) -> Iterator[str]:
    """Yield ``check-update`` for a terminal: a header, then what is available and what is installed.

    Columns are as wide as they must be. Where the terminal is too narrow for that, a row goes on in
    indented lines; no field is cut.
    """
    if not pairs:
        return
    header = ("Package", "Available", "Installed", "Repository")
    found = ((f"{new.name}.{new.arch}", new.evr, old.evr, new.repo) for new, old in pairs)
    rows = [header, *(tuple(map(one_line, fields)) for fields in found)]
    columns = [max(map(len, fields)) for fields in zip(*rows, strict=True)]
    fits = sum(columns) + len(_GAP) * (len(columns) - 1) <= width
    for row in rows:
        cells = (f"{cell:<{column}}" for cell, column in zip(row, columns, strict=True))
        yield _GAP.join(cells).rstrip() if fits else "\n".join(_wrapped(row, width))


def _wrapped(fields: Sequence[str], width: int) -> Iterator[str]:
    line = fields[0]
    for field in fields[1:]:
        if len(line) + len(_GAP) + len(field) > width:
            yield line
            line = ""
        line += _GAP + field
    yield line


def info_lines(package: Package, info: PackageInfo) -> Iterator[str]:
    """Yield the record of ``info``, the empty line behind it included."""
    yield f"Name          : {package.name}"
    yield f"Arch          : {package.arch}"
    yield f"Epoch         : {package.epoch}"
    yield f"Version       : {package.version}"
    yield f"Release       : {package.release}"
    yield f"Install Size  : {human(package.install_size)} ({package.install_size})"
    if package.download_size:
        yield f"Download Size  : {human(package.download_size)} ({package.download_size})"
    yield f"Repo          : {package.repo}"
    yield f"Summary       : {one_line(info.summary)}"
    yield f"URL           : {one_line(info.url)}"
    yield f"License       : {one_line(info.license)}"
    yield f"Description   : {info.description}"
    yield ""


def day(seconds: int) -> str:
    """Format the day of a changelog, ``Wed Jan 01 2020``, in UTC as rpm means it."""
    return strftime("%a %b %d %Y", gmtime(seconds))


def repo_lines(repos: Sequence[tuple[str, str, bool]]) -> Iterator[str]:
    """Yield ``repolist``: id, name and whether it is enabled; no header without a repository."""
    if repos:
        yield f"{'repo id':<20}{'repo name':<41}{'status':<9}"
    for repo_id, name, enabled in repos:
        yield f"{repo_id:<19} {name:<40} {'enabled' if enabled else 'disabled':<9}"


def transaction_lines(solution: Solution, width: int) -> Iterator[str]:
    """Yield the tables of a transaction (output 3.2)."""
    columns = [width * percent // 100 for percent in (20, 15, 20, 15, 10, 10)]
    for action, header in TABLES:
        steps = _listed(solution, action)
        if steps:
            yield ""
            yield header
            yield from _table(steps, columns)


def _listed(solution: Solution, action: Action) -> tuple[Step, ...]:
    """Return the steps under one header: what is obsoleted is listed as removed, too (commands 5.8)."""
    shown = (Action.REMOVE, Action.OBSOLETE) if action is Action.REMOVE else (action,)
    return tuple(step for step in solution.steps if step.action in shown)


def _table(steps: Sequence[Step], columns: Sequence[int]) -> Iterator[str]:
    installed = downloaded = 0
    for step in steps:
        package = step.package
        cells = (
            package.name,
            package.arch,
            package.evr,
            package.repo,
            human(package.install_size),
            human(package.download_size),
        )
        left = " ".join(f"{cell:<{column}}" for cell, column in zip(cells[:5], columns, strict=False))
        yield f"{left} {cells[5]:>{columns[5]}}"
        installed += package.install_size
        downloaded += package.download_size
    yield ""
    yield f"Total installed size: {human(installed)}"
    yield f"Total download size: {human(downloaded)}"


def transaction_object(solution: Solution) -> dict[str, list[dict[str, object]]]:
    """Return the JSON object of a transaction; ``Evr`` is without epoch there (output 3.4)."""
    result: dict[str, list[dict[str, object]]] = {}
    for action, _ in TABLES:
        rows = [_transaction_item(step.package) for step in _listed(solution, action)]
        if rows:
            result[action.value] = rows
    # tdnf's order of keys has Reinstall before Obsolete and behind Remove, as TABLES does.
    return result


def _transaction_item(package: Package) -> dict[str, object]:
    return {
        "Name": package.name,
        "Arch": package.arch,
        "Evr": f"{package.version}-{package.release}",
        "InstallSize": package.install_size,
        "Repo": package.repo,
    }


def list_item(package: Package) -> dict[str, object]:
    """One package of ``list -j``."""
    return {"Name": package.name, "Arch": package.arch, "Evr": package.evr, "Repo": package.repo}


def info_item(package: Package, info: PackageInfo) -> dict[str, object]:
    """One package of ``info -j``."""
    item = list_item(package)
    item["Url"] = info.url or None
    item["InstallSize"] = package.install_size
    if package.download_size:
        item["DownloadSize"] = package.download_size
    item["Summary"] = info.summary or None
    item["License"] = info.license or None
    item["Description"] = info.description or None
    return item


def query_item(package: Package) -> dict[str, object]:
    """One package of ``repoquery -j``: no epoch in ``Nevra``, but in ``Evr`` (output 4.6)."""
    return {
        "Nevra": package.nvra,
        "Name": package.name,
        "Arch": package.arch,
        "Evr": package.evr,
        "Repo": package.repo,
    }


def merged(groups: Iterable[Iterable[str]]) -> list[str]:
    """Return all texts once, sorted bytewise."""
    every = {text for group in groups for text in group}
    return sorted(every, key=lambda text: text.encode("utf-8", "surrogateescape"))
