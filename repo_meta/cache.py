"""The cache on disk: layout, refresh marker, whole-or-nothing writes, cleaning (config 5.3)."""

from __future__ import annotations

import errno
import os
import stat
import zlib
from typing import TYPE_CHECKING, NamedTuple

from pkgman.model import securepath
from pkgman.model.errors import MetadataError, system_error
from pkgman.model.repo import NEVER
from repo_meta import temporary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pkgman.model.repo import MetadataPart, RepoSource

CLEAN_ORDER = ("metadata", "dbcache", "packages", "keys", "expire-cache")
BY_GPGKEY = "verified"  # the check of repomd.xml's signature by the repository's own keys
_RECORD = "repomd.xml.record"  # no part can have this name, which has none of the known endings
_HEAD = 512  # bytes; a record's first line is shorter
_CRC = 9  # bytes in front of it: CRC-32 of what follows, hexadecimal, and a blank
_GONE = (errno.ENOENT, errno.ENOTDIR)


def repodata_dir(source: RepoSource) -> str:
    """Where repomd.xml and the parts lie."""
    return f"{source.metadata_dir}/repodata"


def repomd_path(source: RepoSource) -> str:
    """The accepted repomd.xml."""
    return f"{source.metadata_dir}/repodata/repomd.xml"


def part_path(metadata_dir: str, part: MetadataPart) -> str:
    """Where a part lies; only the last word of its location counts, so it cannot leave repodata/."""
    return f"{metadata_dir}/repodata/{part.location.rpartition('/')[2]}"


def solv_path(source: RepoSource) -> str:
    """Where the solver keeps its binary cache."""
    return f"{source.metadata_dir}/solvcache/{source.id}.solv"


def tmp_dir(source: RepoSource) -> str:
    """A directory for what is not accepted yet; removed after each use."""
    return f"{source.metadata_dir}/tmp"  # noqa: S108 - below the cache, not /tmp


def mirrorlist_path(source: RepoSource) -> str:
    """The cached list of mirrors."""
    return f"{source.metadata_dir}/mirrorlist"


def trusted_keys_dir(source: RepoSource) -> str:
    """The keys that were confirmed for the repository's metadata."""
    return f"{source.metadata_dir}/trusted-keys"


def marker_path(source: RepoSource) -> str:
    """A file whose change time is when the repository was last looked up."""
    return f"{source.metadata_dir}/lastrefresh"


def lock_path(source: RepoSource) -> str:
    """The file that is locked by whoever changes the cache of the repository."""
    return f"{source.metadata_dir}/lock"


def _record(source: RepoSource) -> str:
    return f"{source.metadata_dir}/repodata/{_RECORD}"


def age(path: str, now: float) -> float | None:
    """Seconds since the inode of ``path`` changed, None when there is no such file.

    The rule looks at ctime, which cannot be set back (config 5.4).
    """
    try:
        info = securepath.stat(path)
    except OSError:
        return None
    return now - info.st_ctime if stat.S_ISREG(info.st_mode) else None


def is_expired(source: RepoSource, now: float) -> bool:
    """Say whether the metadata must be looked up again: older than ``metadata_expire`` seconds."""
    if source.metadata_expire <= NEVER:
        return False
    seconds = age(marker_path(source), now)
    return seconds is None or seconds > source.metadata_expire


def touch_marker(source: RepoSource) -> None:
    """Note that the metadata was looked up now.

    :raises OSError: when the cache cannot be written.
    """
    path = marker_path(source)
    try:
        fd = securepath.open_own(path)
    except OSError:
        securepath.remove_tree(path)  # a link, a folder, somebody else's file: nothing of ours
        fd = securepath.open_own(path)
    try:
        os.utime(fd)
    finally:
        os.close(fd)


def read_file(path: str, limit: int) -> bytes | None:
    """Return the bytes of a regular file, None when there is none, or a link leads there.

    :raises MetadataError: when it has more than ``limit`` bytes.
    :raises PkgmanError: 1600 + errno when it cannot be read.
    """
    try:
        with open(securepath.open_file(path), "rb", buffering=0) as stream:
            info = os.fstat(stream.fileno())
            if not stat.S_ISREG(info.st_mode):
                return None
            if info.st_size > limit:
                raise MetadataError(f"{path} has {info.st_size} bytes, more than {limit} are not accepted")
            return stream.readall()
    except OSError as error:
        if error.errno in (*_GONE, errno.ELOOP):
            return None
        raise system_error(error) from error


def write_file(path: str, data: bytes) -> None:
    """Put ``data`` at ``path``, whole or not at all.

    :raises OSError: when the directory cannot be written; nothing is left behind.
    """
    temporary.sweep((path,))
    token = temporary.token()
    fd = temporary.create(path, token)
    try:
        with open(fd, "wb", buffering=0) as stream:
            view = memoryview(data)
            while view:
                view = view[stream.write(view) :]
            securepath.replace(temporary.name(path, token), path)
    except BaseException as error:
        temporary.discard(temporary.name(path, token))
        if isinstance(error, OSError) and not error.filename:  # a full disk, which names no file
            error.filename = path
        raise


class Record(NamedTuple):
    """What is known of the cached repomd.xml."""

    digest: str = ""  # SHA-256, hexadecimal; "" when nothing is known
    checks: frozenset[str] = frozenset()  # of its signature that it passed: BY_GPGKEY, a plugin's
    denies: bool = False  # other bytes were recorded, or the record itself is damaged


def recorded(source: RepoSource, data: bytes) -> Record:
    """Return what was noted for exactly these bytes of repomd.xml.

    The record holds a copy of the bytes it was made for, so a repomd.xml that was changed on disk is
    noticed by comparison and a warm run needs no hashing at all.
    """
    try:
        with open(securepath.open_file(_record(source)), "rb", buffering=0) as stream:
            found = stream.read(len(data) + _HEAD)
    except OSError as error:
        return Record(denies=error.errno not in _GONE)
    body = found[_CRC:]
    end = body.find(b"\n", 64, _HEAD)
    if end < 0 or body[end + 1 :] != data or found[:_CRC] != _crc(body):
        return Record(denies=True)
    digest, *checks = body[:end].decode("ascii", "replace").split(" ")
    return Record(digest, frozenset(checks))


def record(source: RepoSource, data: bytes, known: Record) -> None:
    """Note ``known`` for :func:`recorded`; a cache that cannot be written is no error."""
    body = " ".join((known.digest, *sorted(known.checks))).encode("ascii", "replace") + b"\n" + data
    path = _record(source)
    try:
        if stat.S_ISDIR(securepath.stat(path).st_mode):
            securepath.remove_tree(path)
    except OSError:
        pass  # nothing is in the way
    try:
        write_file(path, _crc(body) + body)
    except OSError:
        return


def _crc(body: bytes) -> bytes:
    return b"%08x " % zlib.crc32(body)


def present(metadata_dir: str, part: MetadataPart) -> bool:
    """Say whether a part lies in the cache with its size; its checksum is for whoever reads it."""
    try:
        info = securepath.stat(part_path(metadata_dir, part))
    except OSError:
        return False
    return stat.S_ISREG(info.st_mode) and info.st_size > 0 and part.size in (0, info.st_size)


def install(source: RepoSource, fresh: dict[str, str], *, keep: Iterable[str]) -> None:
    """Put accepted files into repodata/: ``fresh`` maps names to temporary paths.

    repomd.xml goes last, being what makes the others count; then all names not in ``fresh`` or
    ``keep`` are removed, and the solver's cache, which belongs to the old ones. Somebody who stops
    in the middle leaves a cache that is either the old or the new one.

    :raises OSError: when the cache cannot be written.
    """
    directory = repodata_dir(source)
    securepath.make_own(directory)
    securepath.remove_tree(_record(source))  # which is made anew for what comes now
    for name in sorted(fresh, key=lambda name: name == "repomd.xml"):
        target = f"{directory}/{name}"
        try:
            securepath.replace(fresh[name], target)
        except IsADirectoryError:
            securepath.remove_tree(target)
            securepath.replace(fresh[name], target)
    stay = {*fresh, *keep}
    for name in securepath.names(directory):
        if name not in stay:
            securepath.remove_tree(f"{directory}/{name}")
    securepath.remove_tree(f"{source.metadata_dir}/solvcache")


def prepare(source: RepoSource) -> None:
    """Make the repository's folder; what stands in the place of one of ours and is none goes.

    :raises OSError: when the cache cannot be written.
    """
    securepath.make_folders(os.path.dirname(source.metadata_dir))
    for folder in ("", "/repodata", "/solvcache", "/trusted-keys", "/keys"):
        path = f"{source.metadata_dir}{folder}"
        if not folder or _is_no_folder(path):
            securepath.make_own(path)


def _is_no_folder(path: str) -> bool:
    try:
        return not stat.S_ISDIR(securepath.stat(path).st_mode)
    except OSError:
        return False  # not there at all


def clean(source: RepoSource, types: Iterable[str]) -> tuple[str, ...]:
    """Remove the named kinds of cached files; what is not there counts as cleaned.

    :param types: words of :data:`CLEAN_ORDER`, or ``all``.
    :returns: the words that were cleaned, in tdnf's order.
    :raises PkgmanError: 1600 + errno when something cannot be removed.
    """
    wanted = set(types)
    words = tuple(word for word in CLEAN_ORDER if word in wanted or "all" in wanted)
    base = source.metadata_dir
    victims = {
        "metadata": (repodata_dir(source), tmp_dir(source)),
        "dbcache": (f"{base}/solvcache",),
        # Packages lie under the plain id, but tools also know a place beside the metadata.
        "packages": (source.package_dir, f"{base}/rpms", *_mirror_memories(source)),
        "keys": (f"{base}/keys", trusted_keys_dir(source)),
        "expire-cache": (marker_path(source), mirrorlist_path(source)),
    }
    try:
        for folder in (base, os.path.dirname(source.package_dir)):
            if folder and _is_no_folder(folder):
                remove_tree(folder)  # a link, say: nothing of ours lies behind it
        for word in words:
            for path in victims[word]:
                if path:
                    remove_tree(path)
        for path in (base, os.path.dirname(source.package_dir)):
            _remove_empty(path)
    except OSError as error:
        raise system_error(error) from error
    return words


def mirror_memory(source: RepoSource, folder: str) -> str:
    """Where it is remembered what a mirror at ``folder`` holds; new metadata does not take it away."""
    from hashlib import sha256  # noqa: PLC0415  # 3 MB that a query has no use for

    name = sha256(os.fsencode(folder)).hexdigest()[:16]
    return f"{os.path.dirname(source.package_dir)}/reposync-{name}"


def _mirror_memories(source: RepoSource) -> list[str]:
    folder = os.path.dirname(source.package_dir)
    try:
        names = securepath.names(folder)
        return [f"{folder}/{name}" for name in names if name.startswith("reposync-")]
    except OSError:
        return []


def remove_packages(source: RepoSource) -> None:
    """Remove the downloaded packages of a repository.

    :raises OSError: when that is not possible.
    """
    if source.package_dir:
        remove_tree(source.package_dir)


def remove(path: str) -> None:
    """Remove a file if it is there; used on the way out, so it raises nothing."""
    temporary.discard(path)


def remove_tree(path: str) -> None:
    """Remove a file or a directory with all below it, following no link.

    :raises OSError: when something is there and cannot be removed.
    """
    securepath.remove_tree(path)


def _remove_empty(path: str) -> None:
    try:
        if path:
            securepath.rmdir(path)
    except OSError as error:
        if error.errno not in (*_GONE, errno.ENOTEMPTY, errno.EEXIST):
            raise
