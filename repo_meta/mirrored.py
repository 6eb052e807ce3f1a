"""What a mirror's folder holds already: checked once, then recognised by what the file system says of it.

Reading a mirror of 100 GB at each run to compare checksums would take longer than
the run. So a file that was compared is remembered with its size, inode and times;
while these are the same and the metadata states the same checksum, it counts as
right. Anything else is read again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from repo_meta import cache
from repo_meta.fetch import file_digest
from repo_meta.urls import open_regular

if TYPE_CHECKING:
    from pkgman.model.package import Checksum

_VERSION = "1"
_LARGEST = 64 << 20  # bytes of the memory's file


class Memory:
    """Remembers the files below ``folder``, in the file ``path``; a damaged or missing one is empty.

    :param trusting: False reads every file again.
    """

    def __init__(self, path: str, folder: str, *, trusting: bool = True) -> None:
        self._path, self._folder = path, folder
        self._known: dict[str, str] = {}
        self._seen: dict[str, str] = {}
        if trusting:
            self._known = dict(_read(path, folder))

    def is_right(self, relative: str, size: int, checksum: Checksum | None) -> bool:
        """Say whether the file is there, regular, and the one that the metadata states.

        Without a stated checksum nothing can be said, so it is not.
        """
        path = f"{self._folder}/{relative}"
        stamp = _stamp(path, checksum)
        if not stamp or checksum is None:
            return False
        if self._known.get(relative) != stamp:
            try:
                if (size and os.stat(path).st_size != size) or file_digest(path, checksum) != checksum.hex:
                    return False
            except OSError:
                return False
        self._seen[relative] = stamp
        return True

    def fetched(self, relative: str, checksum: Checksum | None) -> None:
        """Remember a file that was compared while it arrived."""
        stamp = _stamp(f"{self._folder}/{relative}", checksum)
        if stamp:
            self._seen[relative] = stamp

    def save(self) -> None:
        """Write down what is right; where that is not possible the next run reads more."""
        os.sync()  # what is remembered as right must survive a power cut
        lines = [f"{_VERSION}\t{self._folder}", *(f"{stamp}\t{name}" for name, stamp in self._seen.items())]
        data = "\n".join(lines) + "\n"
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            cache.write_file(self._path, data.encode("utf-8", "surrogateescape"))
        except OSError:
            return


def _stamp(path: str, checksum: Checksum | None) -> str:
    """Return what identifies a regular file and the checksum it was compared with; "" when there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return ""
    if not os.path.isfile(path) or os.path.islink(path) or "\n" in path or checksum is None:
        return ""
    parts = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, checksum.kind, checksum.hex)
    return " ".join(map(str, parts))


def _read(path: str, folder: str) -> list[tuple[str, str]]:
    try:
        with open_regular(path) as stream:
            lines = stream.read(_LARGEST).decode("utf-8", "surrogateescape").split("\n")
    except OSError:
        return []
    if lines[0] != f"{_VERSION}\t{folder}":
        return []
    pairs = (line.partition("\t") for line in lines[1:])
    return [(name, stamp) for stamp, tab, name in pairs if tab]
