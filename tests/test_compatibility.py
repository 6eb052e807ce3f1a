"""docs/compatibility.md has a row for everything, and each row a test that is there."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

from pkgman import commandtable, config, errortexts, options, repos

PROJECT = Path(__file__).resolve().parent.parent
PAGE = (PROJECT / "docs/compatibility.md").read_text()
REFERENCE = re.compile(r"`(tests/\S+?\.py)::(test_\w+)`")
CURL = 1201  # number of curl's code 0


def section(title: str) -> list[list[str]]:
    """Cells of each row of the tables below a heading, up to the next heading; header lines left out."""
    _, found, rest = PAGE.partition(f"\n{title}\n")
    assert found, f"no section {title}"
    text = re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    rows = []
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines()]
        rows += [[cell.strip() for cell in line] for line in lines[2:]]
    return rows


def named(title: str) -> dict[str, list[str]]:
    """First names in backticks of each row's first cell, to the row."""
    return {re.findall("`(.*?)`", row[0])[0]: row for row in section(title)}


def compare(have: set[str], wanted: set[str]) -> None:
    assert sorted(wanted - have) == [], "without a row"
    assert sorted(have - wanted) == [], "a row, but not there"


@functools.cache
def functions_in(path: str) -> frozenset[str]:
    """Names of the test functions in a file."""
    tree = ast.parse((PROJECT / path).read_text())
    return frozenset(
        n.name for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")
    )


def test_every_command_has_a_row() -> None:
    programs = {"tdnfj", "yum, tyum", "tdnf-config", "tdnf-history-util", "tdnf-automatic"}
    programs |= {"tdnf-cache-updateinfo", "tdnf"}
    rows = {name for name in named("## Commands") if name not in programs}
    compare(rows, set(commandtable.COMMANDS))


def test_every_option_and_spelling_has_a_row() -> None:
    wanted = {f"--{name}" for name in (*options.BY_NAME, *options.SPELLINGS)}
    wanted |= {
        f"-{letter}" for letter, option in options.BY_SHORT.items() if option.name not in options.BY_NAME
    }
    compare(set(named("## Options")), wanted)


def test_the_short_form_stands_beside_the_long_one() -> None:
    rows = named("## Options")
    for letter, option in options.BY_SHORT.items():
        if option.name in options.BY_NAME:
            assert f"`-{letter}`" in rows[f"--{option.name}"][0]


def keys_read(module: str, *, mappings: tuple[str, ...]) -> set[str]:
    """Keys that a module reads: ``settings.get("key")``, ``settings["key"]``, ``flag("key")``…"""
    readers = {"flag", "number", "words"}
    found = set()
    for node in ast.walk(ast.parse((PROJECT / module).read_text())):
        key: ast.expr | None = None
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="get"), args=[first, *_]):
                key = first if owner in mappings else None
            case ast.Call(func=ast.Name(id=name), args=[first, *_]):
                key = first if name in readers else None
            case ast.Subscript(value=ast.Name(id=owner), slice=first):
                key = first if owner in mappings else None
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            found.add(key.value)
    return found


def test_the_tables_of_keys_are_what_is_read() -> None:
    read = keys_read("pkgman/config.py", mappings=("settings",))
    assert len(read) > 15
    assert read | {"gpgcheck", "repodir", "reposdir"} == set(config.KEYS)
    read = keys_read("pkgman/repos.py", mappings=("values",))
    assert len(read) > 15
    assert read == set(repos.KEYS)


def test_every_key_has_a_row() -> None:
    compare(set(named("### Main section")), set(config.KEYS))
    compare(set(named("### Repositories")), set(repos.KEYS))


def numbers_raised() -> set[int]:
    """Numbers that stand in the sources as an error's own."""
    found = set()
    for folder in ("pkgman", "repo_meta", "solver", "plugins"):
        for path in (PROJECT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.keyword(arg="number", value=ast.Constant(value=int(number))):
                        found.add(number)
                    case ast.Assign(targets=[ast.Name(id="number")], value=ast.Constant(value=int(number))):
                        found.add(number)
    return found


def test_every_number_has_a_row_with_its_text() -> None:
    rows = {int(row[0]): row for row in section("## Error numbers")}
    wanted = set(errortexts._TEXTS) | {CURL + code for code in errortexts._CURL} | numbers_raised()
    assert sorted(wanted - set(rows)) == []
    for number, row in rows.items():
        text = "" if number == 100 else errortexts.text_of(number)
        assert row[1].replace("\\|", "|") == text, number


@pytest.mark.parametrize(
    "title",
    ["## Commands", "## Options", "### Main section", "### Repositories", "## Error numbers", "## Oddities"],
)
def test_each_row_names_tests_that_are_there(title: str) -> None:
    rows = section(title)
    assert rows
    for row in rows:
        references = REFERENCE.findall(row[-1])
        assert references, f"no test: {row[0]}"
        assert all(cell for cell in row[2:]), row


def test_every_test_that_is_named_is_there() -> None:
    references = REFERENCE.findall(PAGE)
    assert len(references) > 300
    assert PAGE.count("tests/") >= len(references)
    gone = [f"{path}::{name}" for path, name in references if name not in functions_in(path)]
    assert gone == []


def test_the_two_spellings_have_four_columns() -> None:
    rows = section("## Two spellings")
    assert len(rows) > 20
    assert {len(row) for row in rows} == {4}


def test_the_page_is_read_as_it_is_written() -> None:
    assert named("## Commands")["list"][1] == "same"
    assert section("## Error numbers")[0][0] == "100"
