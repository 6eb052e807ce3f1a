"""What the program says it is, to servers (tdnf contract, config 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

_OS_RELEASE = "/etc/os-release"


def user_agent(warn: Callable[[str], None], path: str = _OS_RELEASE) -> str:
    """Return ``tdnf/VERSION ID/VERSION_ID``, the last two as the host's os-release has them."""
    values = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                key, _, value = line.strip().partition("=")
                values[key] = value.strip("\"'")
    except OSError:
        warn(f"Warning: {path} file is not present in the system")
    words = (_header_word(values.get(key, "")) or "UNKNOWN" for key in ("ID", "VERSION_ID"))
    return f"tdnf/{__version__} {'/'.join(words)}"


def _header_word(text: str) -> str:
    """Drop what cannot stand in a header line."""
    return "".join(c for c in text if c.isascii() and c.isprintable() and c != " ")
