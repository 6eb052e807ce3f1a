"""The names of a repository's packages as a text file, for the shell's completion to search.

``REPOID.names`` beside ``REPOID.solv``: one name in a line, each once, sorted bytewise. Names that are
not made of the characters which packages have are left out: a shell is to read this.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from pkgman.model.limits import MAX_NAME
from solver import binary

if TYPE_CHECKING:
    from collections.abc import Iterable

_OPEN, _CLOSE = b"<name>", b"</name>"
_PROPER = rb"^[A-Za-z0-9_][A-Za-z0-9._+~^-]*$"


def path_beside(solv_path: str) -> str:
    """Return where the names belong."""
    return f"{solv_path.removesuffix('.solv')}.names"


class Names:
    """Collects names from pieces of primary.xml."""

    def __init__(self) -> None:
        self._found: set[bytes] = set()
        self._text = b""

    def take(self, packages: Iterable[bytes]) -> None:
        """Take the last name in each of ``packages``: XML up to some place behind it."""
        found = (xml.rpartition(_OPEN)[2].partition(_CLOSE)[0] for xml in packages)
        self._found.update(name for name in found if len(name) <= MAX_NAME)

    def sort(self) -> None:
        """Make ready what :meth:`write` writes."""
        self._text = _text(self._found)

    def write(self, solv_path: str) -> None:
        """Write what was sorted beside ``solv_path``; see :func:`write`."""
        _write(solv_path, self._text)


def write(solv_path: str, names: Iterable[str]) -> None:
    """Write the file of ``names`` whole, or not at all and without complaint: it only makes things faster."""
    _write(solv_path, _text({name.encode("utf-8", "surrogateescape") for name in names}))


def _text(names: set[bytes]) -> bytes:
    proper = re.findall(_PROPER, b"\n".join(names), re.MULTILINE)
    return b"".join(b"%b\n" % name for name in sorted(proper))


def _write(solv_path: str, text: bytes) -> None:
    with suppress(OSError), binary.Draft(path_beside(solv_path)) as draft:
        if draft.lasting:
            binary.write_all(draft.descriptor, text)
            draft.place()
