"""Write ``tdnf/api.pyi``: the types of the API for type checkers, which cannot look into ``_pkgman``.

    stubs.py TARGET

The stub holds the definitions behind every name of ``tdnf.api.__all__``, and behind every name that
their annotations use, without bodies and without private members. It is made from the sources, so
that a type is written once.
"""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path
from typing import NamedTuple

HEADER = """\
# Made by tools/launcher/stubs.py; run "make stubs" after a change of the API.
"""
OURS = ("pkgman", "solver", "repo_meta", "plugins")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Origin(NamedTuple):
    """A module and a name in it."""

    module: str
    name: str


class Source:
    """One module's definitions and imports, by name."""

    def __init__(self, name: str) -> None:
        path = importlib.import_module(name).__file__
        assert path
        self.definitions: dict[str, ast.stmt] = {}
        self.imports: dict[str, Origin] = {}
        self._read(ast.parse(Path(path).read_text()).body)

    def _read(self, body: list[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.If):  # TYPE_CHECKING
                self._read(node.body)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = Origin(node.module or "", alias.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = Origin(alias.name, "")
            elif isinstance(node, (ast.ClassDef, *_FUNCTIONS)):
                self.definitions[node.name] = node
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.definitions[node.targets[0].id] = node


class Stub:
    """Collects definitions in the order in which they need each other."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}
        self._written: dict[str, str] = {}  # text by name
        self._imports: set[Origin] = set()

    def add(self, origin: Origin) -> None:
        """Add a definition, and before it what it names."""
        if origin.name in self._written:
            return
        if origin.module not in self._sources:
            self._sources[origin.module] = Source(origin.module)
        source = self._sources[origin.module]
        if origin.name not in source.definitions:
            self.add(source.imports[origin.name])
            return
        self._written[origin.name] = ""
        node = _bare(source.definitions[origin.name])
        for name in _names(node):
            known = source.imports.get(name)
            if known and known.module.split(".")[0] not in OURS:
                self._imports.add(known)
            elif name != origin.name and (known or name in source.definitions):
                self.add(known or Origin(origin.module, name))
        del self._written[origin.name]  # behind what it names
        self._written[origin.name] = ast.unparse(ast.fix_missing_locations(node))

    def text(self, exported: list[str]) -> str:
        """Return the stub."""
        imports = [f"import {module}" for module, name in sorted(self._imports) if not name]
        for module in sorted({origin.module for origin in self._imports if origin.name} - {"__future__"}):
            named = sorted(origin.name for origin in self._imports if origin.module == module)
            imports.append(f"from {module} import {', '.join(named)}")
        names = ",\n".join(f"    {name!r}" for name in exported).replace("'", '"')
        return "\n".join([HEADER, *imports, "", f"__all__ = [\n{names},\n]", "", *self._written.values(), ""])


def _bare(node: ast.stmt) -> ast.stmt:
    """Return a definition as a stub has it."""
    if isinstance(node, ast.ClassDef):
        bases = {ast.unparse(base).split(".")[-1] for base in node.bases}
        keep = bool(bases & {"NamedTuple", "Enum"})  # where values are part of the type
        body = [found for item in node.body for found in _member(item, keep_values=keep)]
        body = body or [ast.Expr(ast.Constant(...))]
        return ast.ClassDef(node.name, node.bases, node.keywords, body, node.decorator_list)
    if isinstance(node, _FUNCTIONS):
        return _signature(node)
    assert isinstance(node, ast.Assign)
    if isinstance(node.value, ast.Call):  # an object: its class says what it is
        return ast.AnnAssign(node.targets[0], node.value.func, None, 1)
    return node


def _member(node: ast.stmt, *, keep_values: bool) -> list[ast.stmt]:
    if isinstance(node, _FUNCTIONS):
        if node.name == "__init__":
            return [*_attributes(node), _signature(node)]
        special = node.name.startswith("__") and node.name.endswith("__")
        return [_signature(node)] if special or not node.name.startswith("_") else []
    if isinstance(node, ast.AnnAssign) and not ast.unparse(node.target).startswith("_"):
        return [node]
    if isinstance(node, ast.Assign) and not ast.unparse(node.targets[0]).startswith("_"):
        if keep_values or not isinstance(node.value, ast.Constant):
            return [node]
        kind = ast.Name(type(node.value.value).__name__)
        return [ast.AnnAssign(node.targets[0], kind, None, 1)]
    return []


def _attributes(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    """Return the public attributes that a constructor annotates."""
    found: list[ast.stmt] = []
    for item in node.body:
        target = item.target if isinstance(item, ast.AnnAssign) else None
        if isinstance(target, ast.Attribute) and not target.attr.startswith("_"):
            assert isinstance(item, ast.AnnAssign)
            found.append(ast.AnnAssign(ast.Name(target.attr), item.annotation, None, 1))
    return found


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
    returns = node.returns
    if isinstance(returns, ast.Constant) and isinstance(returns.value, str):  # a class's own name in quotes
        returns = ast.parse(returns.value, mode="eval").body
    return ast.FunctionDef(
        node.name, node.args, [ast.Expr(ast.Constant(...))], node.decorator_list, returns, None
    )


def _names(node: ast.stmt) -> list[str]:
    """Return the names that a definition uses, those within texts of annotations included."""
    found = []
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.append(part.id)
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            found.append(part.value.id)
    return list(dict.fromkeys(found))


def make() -> str:
    """Return the stub's text."""
    api = importlib.import_module("tdnf.api")
    stub = Stub()
    for name in api.__all__:
        stub.add(Origin("tdnf.api", name))
    return stub.text(list(api.__all__))


def main() -> None:
    """Write the stub."""
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    Path(sys.argv[1]).write_text(make())


if __name__ == "__main__":
    main()
