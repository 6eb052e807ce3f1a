"""Know that the rpm database is unchanged without loading librpm.

A stamp file keeps what librpm said (cookie, database path, ``$releasever``)
beside the stats of everything this could depend on: the files of the database,
rpm's macro files, HOME, the defines. As long as all stats are the same, so is
the answer. As in git's index, a file that changed so recently that a second
change could leave the same time stamp is not trusted: then no stamp is written.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_FORMAT = "rpmdb stamp 1"
_DATABASES = ("rpmdb.sqlite", "Packages.db", "Packages")
_WAL = "rpmdb.sqlite-wal"
_MACRO_DIRECTORIES = ("/usr/lib/rpm", "/usr/lib/rpm/macros.d", "/etc/rpm", "/usr/etc/rpm")
_HOME_FILES = (".rpmmacros", ".config/rpm/macros", ".rpmrc", ".config/rpm/rpmrc")

# Kernel ticks are up to 10 ms; file systems without nanoseconds count in (two) seconds.
_FINE_NS = 100_000_000
_COARSE_NS = 2_100_000_000


class Stamp(NamedTuple):
    """What librpm said when the database was in its present state.

    ``release_versions`` maps blank-joined ``distroverpkg`` lists to what they gave.
    """

    cookie: str
    dbpath: str  # %{_dbpath}, relative to the root
    release_versions: Mapping[str, str]


class Observation(NamedTuple):
    """The state of all watched files, taken before librpm was asked."""

    identity: str
    dbpath: str
    files: tuple[tuple[str, str], ...]  # path, its stats as text
    newest_ns: int  # latest change, nanoseconds since 1970
    coarse: bool  # some time stamp has no fraction of a second


def observe(root: str, dbpath: str, defines: Sequence[tuple[str, str]] = ()) -> Observation:
    """Look at everything that the database's content can depend on."""
    newest, coarse, files = 0, False, []
    for path in _watched(root, dbpath):
        text, changed = _stats(path)
        files.append((path, text))
        newest = max(newest, changed)
        coarse = coarse or (changed > 0 and changed % 1_000_000_000 == 0)
    return Observation(_identity(root, defines), dbpath, tuple(files), newest, coarse)


def write(
    stamp_path: str, seen: Observation, cookie: str, release_versions: Mapping[str, str], *, now_ns: int
) -> bool:
    """Keep an answer that librpm gave after ``seen`` was taken; say whether it was kept.

    It is not when a watched file is too young, when it changed meanwhile, or
    when the place is not writable: a stamp is a convenience. ``now_ns`` is the
    present time in nanoseconds since 1970.
    """
    young = _COARSE_NS if seen.coarse else _FINE_NS
    if now_ns - seen.newest_ns < young or any(_stats(path)[0] != text for path, text in seen.files):
        return False
    lines = [_FORMAT, seen.identity, seen.dbpath, cookie, str(len(release_versions))]
    for packages, version in release_versions.items():
        lines += [packages, version]
    for path, text in seen.files:
        lines += [path, text]
    if any("\n" in line for line in lines):
        return False
    return _replace(stamp_path, "\n".join(lines) + "\n")


def read(stamp_path: str, root: str, defines: Sequence[tuple[str, str]] = ()) -> Stamp | None:
    """Return the stamp if everything is as it was when it was written, else None."""
    try:
        with open(stamp_path, encoding="utf-8", errors="surrogateescape") as stream:
            lines = stream.read().split("\n")
        if lines[0] != _FORMAT or lines[1] != _identity(root, defines):
            return None
        dbpath, cookie, count = lines[2], lines[3], int(lines[4])
        end = 5 + 2 * count
        versions = dict(zip(lines[5:end:2], lines[6:end:2], strict=True))
        recorded = list(zip(lines[end:-1:2], lines[end + 1 : -1 : 2], strict=True))
    except (OSError, ValueError, IndexError):
        return None
    if [path for path, _ in recorded] != list(_watched(root, dbpath)):
        return None  # a macro file came or went
    if any(_stats(path)[0] != text for path, text in recorded):
        return None
    return Stamp(cookie, dbpath, versions)


def _watched(root: str, dbpath: str) -> Iterable[str]:
    directory = os.path.join(root, dbpath.lstrip("/"))
    for name in (*_DATABASES, _WAL):
        yield os.path.join(directory, name)
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


def _identity(root: str, defines: Sequence[tuple[str, str]]) -> str:
    words = (root, os.environ.get("HOME", ""), os.environ.get("RPM_CONFIGDIR", ""))
    return repr((words, tuple(map(tuple, defines))))


def _replace(path: str, text: str) -> bool:
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        return False
    except BaseException:
        os.unlink(temporary)
        raise
    return True
