"""What the cache says of a repository, without looking anything up."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from pkgman.model.errors import PkgmanError
from pkgman.model.limits import MAX_REPOMD
from pkgman.model.repo import MetadataFile
from repo_meta import cache, decompress
from repo_meta.repomd import parse_repomd

if TYPE_CHECKING:
    from pkgman.model.repo import RepoSource

_PACKAGES = re.compile(rb"""<metadata\b[^<>]*?\spackages\s*=\s*["'](\d{1,9})["']""")
_HEAD = 4096  # bytes within which the root element of primary.xml ends


class Cached(NamedTuple):
    """The state of a repository's cache; None for what is not there or cannot be read."""

    updated: int | None  # when the repository was last looked up, seconds since 1970
    packages: int | None  # how many it has, by its own word


def look(source: RepoSource) -> Cached:
    """Return what is cached of ``source``."""
    return Cached(_updated(source), _packages(source))


def _updated(source: RepoSource) -> int | None:
    try:
        return int(os.stat(cache.marker_path(source)).st_ctime)
    except OSError:
        return None


def _packages(source: RepoSource) -> int | None:
    try:
        data = cache.read_file(cache.repomd_path(source), MAX_REPOMD)
        if data is None:
            return None
        part = next(part for part in parse_repomd(data) if part.kind == "primary")
        file = MetadataFile(part, cache.part_path(source.metadata_dir, part))
        found = _PACKAGES.search(next(decompress.iter_plain(file), b"")[:_HEAD])
    except PkgmanError:
        return None
    return int(found[1]) if found else None
