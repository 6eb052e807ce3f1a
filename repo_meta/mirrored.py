"""What a mirror's folder holds already: checked once, then recognised by what the file system says of it.

Reading a mirror of 100 GB at each run to compare checksums would take longer than
the run. So a file that was compared is remembered with its size, inode and times;
while these are the same and the metadata states the same checksum, it counts as
right. Anything else is read again.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pkgman.model import securepath
from pkgman.model.errors import MetadataError, PkgmanError
from pkgman.model.urls import split_url
from repo_meta import cache
from repo_meta.fetch import file_digest
from repo_meta.repomd import safe_location

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pkgman.model.package import Checksum
    from pkgman.model.repo import RepoSource

_VERSION = "2"
_LONGEST = 1 << 14  # bytes of a line in the memory's file: a path has 4096 at most
_LEADS_OUT = 1620  # 1600 + ENOTDIR


def path_of(location: str) -> str:
    """Return where below a mirror's folder a file belongs: as a server reads the URL, percent signs decoded.

    :raises MetadataError: when that leaves the folder.
    """
    if "://" in location:
        location = split_url(location).path.lstrip("/")
    path = os.path.normpath(unquote(safe_location(location), errors="surrogateescape"))
    return safe_location("" if path == "." else path)


def package_path(location: str) -> str:
    """Return :func:`path_of` a package.

    :raises MetadataError: when it is no rpm file by name, too.
    """
    path = path_of(location)
    if not path.endswith(".rpm"):
        raise MetadataError(f"a package's file must end in .rpm: {location!r}")
    return path


def refuse_links_out(folder: str, paths: Iterable[str]) -> None:
    """Refuse a mirror in which one of the relative ``paths`` would lie elsewhere.

    :raises PkgmanError: 1620 naming the folder that is a link out of the mirror.
    """
    top = os.path.realpath(folder)
    for parent in sorted({os.path.dirname(path) for path in paths}):
        real = os.path.realpath(os.path.join(top, parent))
        if real != top and not real.startswith(f"{top.rstrip('/')}/"):
            raise PkgmanError(
                f"{folder}/{parent} leads out of the mirror, to {real}: make it a folder", number=_LEADS_OUT
            )


def places_of_memory(source: RepoSource, folder: str) -> tuple[str, str]:
    """Return where it is remembered what the mirror at ``folder`` holds.

    In the cache, so that the mirror has what the repository has and nothing else; beside the
    mirror for who may not write the cache.
    """
    parent, name = os.path.split(folder)
    return cache.mirror_memory(source, folder), os.path.join(parent, f".{name}.reposync")


class Memory:
    """Remembers the files below ``folder``, in the first of ``places`` that can be used.

    A memory that is damaged, missing or somebody else's is empty.

    :param trusting: False reads every file again.
    """

    def __init__(self, places: tuple[str, ...], folder: str, *, trusting: bool = True) -> None:
        self._places, self._folder = places, folder
        self._known: dict[str, str] = {}
        self._seen: dict[str, str] = {}
        self._new: list[str] = []
        if trusting:
            found = (_read(place, folder) for place in places)
            self._known = next((known for known in found if known), {})

    def is_right(self, relative: str, size: int, checksum: Checksum | None) -> bool:
        """Say whether the file is there, regular, and the one that the metadata states.

        Without a stated checksum nothing can be said, so it is not.
        """
        path = f"{self._folder}/{relative}"
        try:
            found = os.lstat(path)
            if checksum is None or not stat.S_ISREG(found.st_mode) or (size and found.st_size != size):
                return False
            stamp = _stamp(found, checksum)
            known = self._known.get(relative)
            if known != stamp:
                if file_digest(path, checksum) != checksum.hex:
                    return False
                self._new.append(relative)
        except OSError:
            return False
        self._seen[relative] = known if known == stamp else stamp  # one object for both
        return True

    def fetched(self, relative: str, checksum: Checksum | None) -> None:
        """Remember a file that was compared while it arrived."""
        if checksum is not None:
            with suppress(OSError):
                self._seen[relative] = _stamp(os.lstat(f"{self._folder}/{relative}"), checksum)
                self._new.append(relative)

    def save(self) -> None:
        """Write down what is right; where that is not possible the next run reads more."""
        if not self._new:
            return
        for relative in self._new:  # what is remembered as right must survive a power cut
            flush(f"{self._folder}/{relative}")
        self._new.clear()
        for name, stamp in self._known.items():  # what another choice of packages will want
            if name not in self._seen and os.path.lexists(f"{self._folder}/{name}"):
                self._seen[name] = stamp
        lines = [f"{_VERSION}\t{self._folder}"]
        lines += (f"{stamp}\t{name}" for name, stamp in self._seen.items() if "\n" not in name)
        data = "\n".join([*lines, ""]).encode("utf-8", "surrogateescape")
        for place in self._places:
            try:
                securepath.make_folders(os.path.dirname(place))
                cache.write_file(place, data)
            except OSError:
                continue
            return


def flush(path: str) -> None:
    """Have a file's bytes written to the disk; if that is not possible nothing can be done about it."""
    with suppress(OSError):
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _stamp(found: os.stat_result, checksum: Checksum) -> str:
    """Return what identifies a file, and the checksum it was compared with."""
    times = f"{found.st_mtime_ns} {found.st_ctime_ns}"
    return f"{found.st_size} {times} {found.st_ino} {checksum.kind} {checksum.hex[:32]}"


def _read(place: str, folder: str) -> dict[str, str]:
    known: dict[str, str] = {}
    try:
        with open(securepath.open_file(place), "rb") as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_uid not in (0, os.geteuid()):
                return {}
            if _text(stream.readline(_LONGEST)) != f"{_VERSION}\t{folder}":
                return {}
            while line := stream.readline(_LONGEST):
                stamp, tab, name = _text(line).partition("\t")
                if tab:
                    known[name] = stamp
    except OSError:
        return {}
    return known


def _text(line: bytes) -> str:
    return line.rstrip(b"\n").decode("utf-8", "surrogateescape")
