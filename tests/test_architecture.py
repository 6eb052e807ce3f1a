"""The architecture is a test: who may import whom, and which module owns which library."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PACKAGES = ("pkgman", "solver", "repo_meta", "plugins")
MODULES = sorted(
    str(path.relative_to(TOP).with_suffix("")).replace("/", ".").removesuffix(".__init__")
    for package in PACKAGES
    for path in (TOP / package).rglob("*.py")
)
LONGEST_MODULE = 420  # lines

MODEL = ("pkgman.model",)
WORDS = ("pkgman.errortexts", "pkgman.meter")
# The longest matching prefix of the importing module counts.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "pkgman.model": MODEL,
    "repo_meta": (*MODEL, "repo_meta"),
    "solver": (*MODEL, "solver"),
    "plugins": (*MODEL, "plugins"),
    "pkgman.transaction": (*MODEL, "pkgman.transaction"),
    "pkgman.options": (),
    "pkgman.commandtable": (),
    "pkgman.errortexts": (),
    "pkgman.ini": MODEL,
    "pkgman.getopt": (*MODEL, "pkgman.ini", "pkgman.options"),
    "pkgman.usage": ("pkgman.options", "pkgman.commandtable"),
    "pkgman.config": (*MODEL, "pkgman.ini", "pkgman.getopt"),
    "pkgman.repos": (*MODEL, "pkgman.ini", "pkgman.getopt", "pkgman.config"),
    "pkgman.ui": (*MODEL, *WORDS),
    "pkgman.apireport": MODEL,
    "pkgman.meter": (*MODEL, "pkgman.layout"),
    "pkgman.layout": MODEL,
    "pkgman.queryformat": (*MODEL, "pkgman.layout"),
    "pkgman": ("pkgman", "solver", "repo_meta", "plugins"),
}
# A library is imported by its owner and what lies below it, by nobody else.
OWNER = {
    "requests": "repo_meta.http",
    "urllib3": "repo_meta.http",
    "zstandard": "repo_meta.decompress",
    "cryptography": "repo_meta.dss",
    "lxml": "repo_meta.updateinfo",
    "pysequoia": "repo_meta.signature",
    "solv": "solver",
    "rpm": "pkgman.transaction.librpm",
    "sqlite3": "pkgman.transaction.history",
    "click": "pkgman.helppage",
}
# The heads: the command line, the Python API and the companion programs.
NOBODY_IMPORTS = ("pkgman.cli", "pkgman.__main__", "pkgman.commands", "pkgman.api", "pkgman.programs")


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


@cache
def tree(module: str) -> ast.Module:
    path = TOP / module.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(source.read_text())


def imported(module: str) -> set[str]:
    """Names imported anywhere in a module: in functions and for type checking, too."""
    found: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            assert node.module
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
    return found


def rule(module: str) -> tuple[str, ...]:
    return MAY_IMPORT[max((p for p in MAY_IMPORT if within(module, (p,))), key=len)]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_lies_below_it(module: str) -> None:
    ours = {name for name in imported(module) if within(name, PACKAGES)}
    allowed = (*rule(module), module)
    wrong = {name for name in ours if not within(name, allowed)} - {"pkgman"}
    assert not wrong


@pytest.mark.parametrize("module", MODULES)
def test_a_library_is_imported_by_its_owner_only(module: str) -> None:
    for library, owner in OWNER.items():
        if any(within(name, (library,)) for name in imported(module)):
            assert within(module, (owner,)) or module.startswith(f"{owner}_"), f"{library} belongs to {owner}"


@pytest.mark.parametrize("module", MODULES)
def test_nobody_imports_the_top(module: str) -> None:
    if within(module, NOBODY_IMPORTS):
        return
    assert not {name for name in imported(module) if within(name, NOBODY_IMPORTS)}


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m not in ("pkgman.ui", "pkgman.cli", "pkgman.__main__")]
)
def test_only_the_ui_prints_and_only_the_cli_exits(module: str) -> None:
    calls = {ast.unparse(node.func) for node in ast.walk(tree(module)) if isinstance(node, ast.Call)}
    assert not calls & {"print", "sys.exit", "exit", "sys.stdout.write", "sys.stderr.write", "input"}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_stays_readable(module: str) -> None:
    path = TOP / module.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    assert len(source.read_text().splitlines()) <= LONGEST_MODULE
