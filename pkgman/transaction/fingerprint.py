"""Know that the rpm database is unchanged without loading librpm.

A stamp file keeps what librpm said (identity of the set, database path, ``$releasever``)
beside the stats of everything this could depend on: the files of the database,
rpm's macro files, HOME, the defines. As long as all stats are the same, so is
the answer. As in git's index, a file that changed so recently that a second
change could leave the same time stamp is not trusted: then no stamp is written.
"""

from __future__ import annotations

import os
import time
import zlib
from typing import TYPE_CHECKING, NamedTuple

from pkgman.model import securepath

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FORMAT = "rpmdb stamp 3"
_DATABASES = ("rpmdb.sqlite", "Packages.db", "Packages")
_WAL = "rpmdb.sqlite-wal"
_USUAL_PLACES = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm", "root/.rpmdb")
_MACRO_DIRECTORIES = ("/usr/lib/rpm", "/usr/lib/rpm/macros.d", "/etc/rpm", "/usr/etc/rpm")
_HOME_FILES = (".rpmmacros", ".config/rpm/macros", ".rpmrc", ".config/rpm/rpmrc")

# Kernel ticks are up to 10 ms; file systems without nanoseconds count in (two) seconds.
_FINE_NS = 100_000_000
_COARSE_NS = 2_100_000_000


class Stamp(NamedTuple):
    """What librpm said when the database was in its present state."""

    identity: str  # of the installed set, as RpmDatabase.identity; "" without a database
    dbpath: str  # %{_dbpath}, below the root
    release_version: str  # $releasever, "" if nothing provides it


def write(
    stamp_path: str,
    root: str,
    defines: Sequence[tuple[str, str]],
    packages: Sequence[str],
    *,
    dbpath: str,
    identity: str,
    release_version: str,
    asked_ns: int = 0,
) -> bool:
    """Keep what librpm answered; say whether it was kept.

    It is not when a watched file may have changed since shortly before librpm was
    asked, or when the place is not writable: a stamp is a convenience.
    ``packages`` is the ``distroverpkg`` list; ``asked_ns`` is the time before the
    first question, in nanoseconds since 1970 (0: less than two seconds ago).
    """
    asked = asked_ns or time.time_ns() - 2_000_000_000
    lines = [_question(root, defines, packages), dbpath, identity, release_version]
    for path in _watched(root, dbpath):
        text, changed = _stats(path)
        lines += [path, text]
        if asked - changed < _grain(changed):
            return False
    if any("\n" in line for line in lines):
        return False
    return _replace(stamp_path, "\n".join(lines) + "\n")


def read(
    stamp_path: str, root: str, defines: Sequence[tuple[str, str]], packages: Sequence[str]
) -> Stamp | None:
    """Return the stamp if everything is as it was when it was written, else None."""
    found = _parsed(stamp_path)
    if found is None or found.question != _question(root, defines, packages):
        return None
    if [path for path, _ in found.recorded] != list(_watched(root, found.stamp.dbpath)):
        return None  # a macro file came or went
    if any(_stats(path)[0] != text for path, text in found.recorded):
        return None
    return found.stamp


def known_identity(stamp_path: str, root: str, dbpath: str) -> str | None:
    """Return the identity of the installed set if the database's files are those of the stamp, else None.

    For a run to which the rest of the stamp does not apply, such as another user's: macros
    decide where the database is, not what is in it.
    """
    found = _parsed(stamp_path)
    if found is None:
        return None
    recorded = dict(found.recorded)
    same = all(recorded.get(path) == _stats(path)[0] for path in _database_files(root, dbpath))
    return found.stamp.identity if same else None


def any_database(root: str) -> bool:
    """Say whether an rpm database lies at one of its usual places below ``root``, without librpm."""
    home = os.path.join(os.environ.get("HOME", "").lstrip("/"), ".rpmdb")  # Debian's %{_dbpath}
    places = (os.path.join(root, place) for place in (*_USUAL_PLACES, home))
    return any(os.path.exists(os.path.join(place, name)) for place in places for name in _DATABASES)


class _Content(NamedTuple):
    """A stamp file as it was written."""

    question: str
    stamp: Stamp
    recorded: tuple[tuple[str, str], ...]  # paths and their stats


def _parsed(stamp_path: str) -> _Content | None:
    try:
        with open(securepath.open_file(stamp_path), "rb") as stream:
            head, _, body = stream.read().partition(b"\n")
        if head != _head(body):
            return None
        lines = body.decode("utf-8", "surrogateescape").split("\n")
        stamp = Stamp(identity=lines[2], dbpath=lines[1], release_version=lines[3])
        return _Content(lines[0], stamp, tuple(zip(lines[4:-1:2], lines[5:-1:2], strict=True)))
    except (OSError, ValueError, IndexError):
        return None


def _database_files(root: str, dbpath: str) -> Iterable[str]:
    # As librpm is told: links lead as in a chroot.
    try:
        directory = securepath.in_root(root, dbpath) if root != "/" else dbpath
    except OSError:
        return
    for name in (*_DATABASES, _WAL):
        yield os.path.join(directory, name)


def _watched(root: str, dbpath: str) -> Iterable[str]:
    yield from _database_files(root, dbpath)
    for directory in _MACRO_DIRECTORIES:
        yield from _macro_files(directory)
    home = os.environ.get("HOME", "")
    for name in _HOME_FILES:
        yield os.path.join(home, name)


def _macro_files(directory: str) -> Iterable[str]:
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    for name in names:
        if name.startswith(("macros", "rpmrc")):
            yield os.path.join(directory, name)
        elif "." not in name:  # a vendor's directory
            yield os.path.join(directory, name, "macros")


def _stats(path: str) -> tuple[str, int]:
    """Return the stats as text, and the time of the last change in nanoseconds since 1970."""
    try:
        found = os.stat(path)
    except OSError:
        return "-", 0
    # A reader makes an empty write-ahead log, which says nothing.
    if found.st_size == 0 and path.endswith(_WAL):
        return "-", 0
    words = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return " ".join(map(str, words)), found.st_ctime_ns


def _grain(changed: int) -> int:
    """Return how long after this time a second change might leave the same time, in nanoseconds."""
    return _FINE_NS if changed % 1_000_000_000 else _COARSE_NS


def _question(root: str, defines: Sequence[tuple[str, str]], packages: Sequence[str]) -> str:
    words = (root, os.environ.get("HOME", ""), os.environ.get("RPM_CONFIGDIR", ""))
    return repr((words, tuple(map(tuple, defines)), tuple(packages)))


def _head(body: bytes) -> bytes:
    """Return a stamp's first line: its format and a checksum of the others."""
    return f"{_FORMAT} {zlib.crc32(body):08x}".encode()


def _replace(path: str, text: str) -> bool:
    body = text.encode("utf-8", "surrogateescape")
    try:
        securepath.make_folders(os.path.dirname(path))
        securepath.write_file(path, _head(body) + b"\n" + body)
    except OSError:
        return False
    return True
