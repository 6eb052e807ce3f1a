"""The text of ``--help`` and ``help`` (tdnf contract, options 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.commandtable import ALIASES, COMMANDS
from pkgman.options import ALL_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkgman.options import Option

_BLOCKS = (
    ("common", "common options:"),
    ("select", "repoquery select options:"),
    ("query", "repoquery query options:"),
    ("reposync", "reposync options:"),
    ("scope", "list, updateinfo and history options:"),
    ("config-manager", "config-manager options:"),
    ("dnf", "options of dnf:"),
)


def _option(option: Option) -> str:
    short = f"-{option.short}, " if option.short and option.short != option.name else ""
    value = f" [{option.value}]" if option.value else ""
    return f"           [{short}--{option.name}{value}]"


def usage_lines() -> Iterator[str]:
    """Yield the usage text, line by line."""
    yield "Usage: tdnf [options] COMMAND"
    for block, header in _BLOCKS:
        yield f"       {header}"
        yield from (_option(option) for option in ALL_OPTIONS if option.block == block)
    yield ""
    yield "List of Main Commands"
    yield ""
    for name, info in COMMANDS.items():
        yield f"{name:<19} {info.summary}"
    yield ""
    yield f"Other names: {', '.join(f'{alias} = {name}' for alias, name in ALIASES.items())}"
    yield ""
    yield "'tdnf help COMMAND' shows a command's options, examples and exit statuses."
