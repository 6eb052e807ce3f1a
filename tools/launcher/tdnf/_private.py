"""Find the program's own packages, which are not on ``sys.path``.

Nobody meets them before ``import tdnf``; from then on these four names are ours in this process, and
a program with a ``solver`` or ``plugins`` of its own uses tdnf in another one. They lie in the
private directory ``_pkgman`` beside this package; in a checkout (editable install) two folders above it.
"""

from __future__ import annotations

import importlib.abc
import os
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

NAMES = ("pkgman", "solver", "repo_meta", "plugins")


def _folder() -> str:
    beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    private = os.path.join(beside, "_pkgman")
    return private if os.path.isdir(private) else os.path.dirname(os.path.dirname(beside))


class Finder(importlib.abc.MetaPathFinder):
    """Finds these four packages, and nothing else that may lie beside them."""

    folder = _folder()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for our own top-level names; what is below them is found through them."""
        if path is not None or fullname not in NAMES:
            return None
        return PathFinder.find_spec(fullname, [self.folder], target)


def make_importable() -> None:
    """Let our packages be found before anybody else's of the same names.

    :raises ImportError: when another package of such a name is loaded already.
    """
    for name in NAMES:
        loaded = sys.modules.get(name)
        place = getattr(loaded, "__file__", None) or ""
        if loaded is not None and os.path.dirname(os.path.dirname(place)) != Finder.folder:
            raise ImportError(
                f"tdnf has a module '{name}' of its own, but {place or 'another one'} is loaded under "
                "that name: use tdnf in a process of its own",
                name=name,
            )
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())
