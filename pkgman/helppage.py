"""The help page of one command, laid out by click: synopsis, options, examples, exit statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pkgman.commandtable import ALIASES, COMMANDS
from pkgman.errortexts import text_of
from pkgman.helptexts import PAGE_OF, PAGES
from pkgman.options import BY_NAME
from pkgman.optiontexts import OPTION_TEXTS

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOT_ROOT = 1601
_NARROWEST, _WIDEST = 60, 100  # columns; longer lines are hard to read


def page_lines(name: str, width: int) -> list[str]:
    """Return the lines of a command's page.

    :param name: of :data:`pkgman.commandtable.COMMANDS`.
    :param width: columns to fill.
    """
    page = PAGES[PAGE_OF.get(name, name)]
    columns = min(max(width, _NARROWEST), _WIDEST)
    formatter = click.HelpFormatter(width=columns, max_width=columns)
    for number, form in enumerate(page.synopsis):
        prefix, words = "   or: " if number else "Usage: ", f"tdnf [OPTION]... {name}"
        if form:
            formatter.write_usage(words, form, prefix=prefix)
        else:  # which older versions of click would not print
            formatter.write(f"{prefix}{words}\n")
    formatter.write_paragraph()
    formatter.write_text(page.text)
    if others := _other_names(name):
        formatter.write_paragraph()
        formatter.write_text(f"Other names: {', '.join(others)}.")
    _section(formatter, "Options", (_option(option) for option in page.options))
    _section(formatter, "Examples", ((f"tdnf {words}", text) for words, text in page.examples))
    numbers = (*((_NOT_ROOT,) if COMMANDS[name].root else ()), *page.errors)
    statuses = [("0", "Done, or nothing to do."), *(_status(number) for number in numbers)]
    _section(formatter, "Exit statuses", statuses)
    formatter.write_paragraph()
    formatter.write_text("All options: tdnf help, and man tdnf.")
    return formatter.getvalue().splitlines()


def _section(formatter: click.HelpFormatter, title: str, rows: Iterable[tuple[str, str]]) -> None:
    if found := list(rows):
        with formatter.section(title):
            formatter.write_dl(found)


def _option(name: str) -> tuple[str, str]:
    """Return an option's spellings and its text, as click's own rows have them."""
    option = BY_NAME[name]
    spelling = f"-{option.short}, --{name}" if option.short else f"--{name}"
    return f"{spelling} {option.value}".rstrip(), OPTION_TEXTS[name]


def _status(number: int) -> tuple[str, str]:
    return str(number % 256), f"Error({number}): {text_of(number)}"


def _other_names(name: str) -> list[str]:
    page = PAGE_OF.get(name, name)
    same = [other for other in COMMANDS if PAGE_OF.get(other, other) == page]
    short = [alias for alias, target in ALIASES.items() if target in same]
    return sorted({*same, *short} - {name})
