"""clean: remove cached data of all configured repositories (tdnf contract, commands 8)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman.model.errors import PkgmanError
from pkgman.model.package import CMDLINE_REPO, SYSTEM_REPO
from repo_meta import cache, temporary

if TYPE_CHECKING:
    from pkgman.session import Session

_TYPES = ("metadata", "dbcache", "packages", "keys", "expire-cache")


def run(session: Session, words: tuple[str, ...]) -> int:
    """Clean one type or all of them, enabled repositories or not.

    :raises PkgmanError: 903 without a type, 901 for an unknown one, 1016 for plugins.
    """
    choice = f"choose from: {', '.join(_TYPES)}, all"
    if not words:
        raise PkgmanError(f"Say what to clean; {choice}", number=903)
    kind = words[0].lower()
    if kind == "plugins":  # which tdnf's text of 903 offers, and tdnf refuses
        raise PkgmanError(f"Plugins keep nothing that could be cleaned; {choice}", number=1016)
    if kind not in (*_TYPES, "all"):
        raise PkgmanError(f"'{words[0]}' cannot be cleaned; {choice}", number=901)
    kinds = _TYPES if kind == "all" else (kind,)
    for source in session.repos:
        temporary.sweep((cache.mirrorlist_path(source),))  # what a killed run left beside what is cleaned
        cleaned = cache.clean(source, kinds)
        session.ui.info(f"cleaning {source.id}: {' '.join(cleaned)}")
        if kind == "all" and os.path.isdir(source.metadata_dir):
            session.ui.diagnostic(f"Cache directory for {source.id} not removed because it's not empty.")
    _clean_own(session.config.cachedir, kinds)
    session.ui.info("Done.")
    return 0


# What a killed run may have left in the cache: see pkgman.transaction.verify and signatures.
_SCRATCH = ("tdnf-keys-", "tdnf-package-")


def _clean_own(cachedir: str, kinds: tuple[str, ...]) -> None:
    """Remove the cache of the installed set and packages given as URLs."""
    names = os.listdir(cachedir) if os.path.isdir(cachedir) else ()
    if "dbcache" in kinds:
        for name in names:
            if name.startswith(f"{SYSTEM_REPO}."):  # .solv and .stamp, and what a killed run left of them
                cache.remove_tree(os.path.join(cachedir, name))
    if "packages" in kinds:
        for name in names:
            if name.startswith(_SCRATCH):
                cache.remove_tree(os.path.join(cachedir, name))
        cache.remove_tree(os.path.join(cachedir, CMDLINE_REPO))
