"""clean: remove cached data of all configured repositories (tdnf contract, commands 8)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman.model.errors import PkgmanError
from pkgman.model.package import CMDLINE_REPO, SYSTEM_REPO
from repo_meta import cache

if TYPE_CHECKING:
    from pkgman.session import Session

_TYPES = ("metadata", "dbcache", "packages", "keys", "expire-cache")


def run(session: Session, words: tuple[str, ...]) -> int:
    """Clean one type or all of them, enabled repositories or not.

    :raises PkgmanError: 903 without a type, 901 for an unknown one, 1016 for plugins.
    """
    if not words:
        raise PkgmanError(number=903)
    kind = words[0].lower()
    if kind == "plugins":
        raise PkgmanError(number=1016)
    if kind not in (*_TYPES, "all"):
        raise PkgmanError(
            f"'{words[0]}' cannot be cleaned; choose from: {', '.join(_TYPES)}, all", number=901
        )
    kinds = _TYPES if kind == "all" else (kind,)
    for source in session.repos:
        cleaned = cache.clean(source, kinds)
        session.ui.info(f"cleaning {source.id}: {' '.join(cleaned)}")
        if kind == "all" and os.path.isdir(source.metadata_dir):
            session.ui.diagnostic(f"Cache directory for {source.id} not removed because it's not empty.")
    _clean_own(session.config.cachedir, kinds)
    session.ui.info("Done.")
    return 0


def _clean_own(cachedir: str, kinds: tuple[str, ...]) -> None:
    """Remove the cache of the installed set and packages given as URLs."""
    if "dbcache" in kinds:
        for suffix in (".solv", ".stamp"):
            path = os.path.join(cachedir, SYSTEM_REPO + suffix)
            if os.path.exists(path):
                os.unlink(path)
    if "packages" in kinds:
        cache.remove_tree(os.path.join(cachedir, CMDLINE_REPO))
