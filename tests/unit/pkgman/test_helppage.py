from __future__ import annotations

import pytest

from pkgman.commandtable import ALIASES, COMMANDS
from pkgman.helppage import page_lines
from pkgman.helptexts import PAGE_OF, PAGES
from pkgman.options import BY_NAME
from pkgman.optiontexts import OPTION_TEXTS


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("width", [1, 80, 300])
def test_every_command_has_a_page(name: str, width: int) -> None:
    lines = page_lines(name, width)
    assert lines[0].startswith(f"Usage: tdnf [OPTION]... {name}")
    assert {"Exit statuses:"} <= set(lines)
    texts = [line for line in lines if not line.startswith("  tdnf ")]  # examples are not broken
    assert max(map(len, texts)) <= max(60, min(width, 100))


def test_pages_and_texts_are_of_what_there_is() -> None:
    assert set(PAGES) | set(PAGE_OF) == set(COMMANDS)
    assert not set(PAGES) & set(PAGE_OF)
    assert set(PAGE_OF.values()) <= set(PAGES)
    used = {option for page in PAGES.values() for option in page.options}
    assert used == set(OPTION_TEXTS), "a text for each option that a page names, and no other"
    assert used <= set(BY_NAME)


def test_a_page_names_the_other_names_of_its_command() -> None:
    (line,) = (line for line in page_lines("erase", 100) if line.startswith("Other names: "))
    assert line == "Other names: remove, rm."
    assert any(line == "Other names: in, localinstall." for line in page_lines(ALIASES["in"], 80))


def test_statuses_are_those_of_the_errors() -> None:
    lines = page_lines("install", 100)
    assert "  243  Error(1011): No matching packages" in lines
    assert any(line.startswith("  65 ") for line in lines), "needs root"
    assert not any(line.startswith("  65 ") for line in page_lines("list", 100))
