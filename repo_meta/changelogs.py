"""other.xml, which holds changelogs, searched while it streams; see :mod:`repo_meta.filelists`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pkgman.model.changelog import Changelog, newest_first
from repo_meta.filelists import ATTRIBUTE, entries_of, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# An author's ">" need not be written as an entity.
_ENTRY = re.compile(
    rb"""<changelog\b((?:\s++[\w:-]++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+'))*)\s*+(?:/>|>([^<]*+)</changelog>)"""
)


def changelogs_of(pieces: Iterable[bytes], wanted: Collection[str]) -> dict[str, tuple[Changelog, ...]]:
    """Return the changelogs of the packages named in ``wanted``, newest entry first.

    Reading stops when all are found; memory holds their entries and one piece.

    :param wanted: pkgids (package checksums).
    :returns: by pkgid; a package that is not there is left out.
    :raises MetadataError: when the text is no other.xml or ends too early.
    """
    found = entries_of(pieces, wanted, _ENTRY, _entry, kind="changelog")
    # createrepo_c writes the oldest first, so of one time the last is the newest.
    return {word: newest_first(entries[::-1]) for word, entries in found.items()}


def _entry(match: re.Match[bytes]) -> Changelog:
    fields = {name: plain(double or single) for name, double, single in ATTRIBUTE.findall(match[1])}
    date = fields.get(b"date", "")
    return Changelog(
        time=int(date) if date.isascii() and date.isdigit() and len(date) <= 12 else 0,
        author=fields.get(b"author", ""),
        text=plain(match[2] or b""),
    )
