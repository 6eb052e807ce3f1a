"""Folders of rpm files, which need no metadata (tdnf contract, options 4, commands 8)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman.model.errors import system_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn


def rpm_files(folder: str) -> Iterator[str]:
    """Yield the paths of all ``*.rpm`` below a folder, sorted; entries with a dot in front are left out.

    :raises PkgmanError: 1600 + errno for a folder that cannot be read: its packages would be missing.
    """
    for top, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(".rpm") and not name.startswith("."):
                yield os.path.abspath(os.path.join(top, name))


def _refuse(error: OSError) -> NoReturn:
    raise system_error(error) from error
