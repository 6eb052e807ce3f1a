"""A package file that is here already: whether it is a file, and the one that its metadata states."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from pkgman.model import securepath
from pkgman.model.errors import ChecksumMismatch, SizeMismatch, system_error
from repo_meta import cache
from repo_meta.fetch import file_digest

if TYPE_CHECKING:
    from pkgman.model.repo import Remote


def is_file(path: str, *, ours: bool) -> bool:
    """Say whether a file that is not empty is there; in the cache (``ours``) a folder in its place goes."""
    try:
        info = securepath.stat(path) if ours else os.stat(path)
        if ours and stat.S_ISDIR(info.st_mode):
            cache.remove_tree(path)
    except OSError:
        return False
    return stat.S_ISREG(info.st_mode) and info.st_size > 0


def check(path: str, remote: Remote) -> None:
    """Compare a file with its metadata; tdnf speaks of the digest first.

    A file of another size is not read: its digest cannot be right.

    :raises ChecksumMismatch, SizeMismatch: when it is another one.
    """
    try:
        size = os.stat(path).st_size
        expected = not remote.size or size == remote.size
        same = remote.checksum is None or (
            expected and file_digest(path, remote.checksum) == remote.checksum.hex
        )
    except OSError as error:
        raise system_error(error) from error
    if not same:
        raise ChecksumMismatch(f"rpm file ({path}) Checksum FAILED (digest mismatch)")
    if not expected:
        raise SizeMismatch(f"rpm file ({path}) size ({size}) does not match expected size ({remote.size})")
