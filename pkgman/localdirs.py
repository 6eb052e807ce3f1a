"""Folders of rpm files, which need no metadata (tdnf contract, options 4, commands 8)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def rpm_files(folder: str) -> Iterator[str]:
    """Yield the paths of all ``*.rpm`` below a folder, sorted; entries with a dot in front are left out."""
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(".rpm") and not name.startswith("."):
                yield os.path.abspath(os.path.join(top, name))
