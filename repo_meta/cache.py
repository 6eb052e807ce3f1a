"""The cache on disk: layout, refresh marker, whole-or-nothing writes, cleaning (config 5.3)."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from pkgman.model.errors import MetadataError, system_error
from pkgman.model.repo import NEVER
from repo_meta import temporary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pkgman.model.repo import MetadataPart, RepoSource

CLEAN_ORDER = ("metadata", "dbcache", "packages", "keys", "expire-cache")
BY_GPGKEY = "verified"  # the check of repomd.xml's signature by the repository's own keys
_HEAD = 512  # bytes; a record's first line is shorter
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


def _record(source: RepoSource) -> str:
    return f"{source.metadata_dir}/solvcache/{source.id}.repomd"


def age(path: str, now: float) -> float | None:
    """Seconds since the inode of ``path`` changed, None when there is no such file.

    The rule looks at ctime, which cannot be set back (config 5.4).
    """
    try:
        return now - os.stat(path).st_ctime
    except OSError:
        return None


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
    fd = os.open(marker_path(source), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.utime(fd)
    finally:
        os.close(fd)


def read_file(path: str, limit: int) -> bytes | None:
    """Return the bytes of a regular file, None when there is none.

    :raises MetadataError: when it has more than ``limit`` bytes.
    :raises PkgmanError: 1600 + errno when it cannot be read.
    """
    try:
        with open(path, "rb", buffering=0) as stream:
            info = os.fstat(stream.fileno())
            if not stat.S_ISREG(info.st_mode):
                return None
            if info.st_size > limit:
                raise MetadataError(f"{path} has {info.st_size} bytes, more than {limit} are not accepted")
            return stream.readall()
    except OSError as error:
        if error.errno in (*_GONE, errno.EISDIR):
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
            os.replace(temporary.name(path, token), path)
    except BaseException:
        temporary.discard(temporary.name(path, token))
        raise


class Record(NamedTuple):
    """What is known of the cached repomd.xml."""

    digest: str = ""  # SHA-256, hexadecimal; "" when nothing is known
    checks: frozenset[str] = frozenset()  # of its signature that it passed: BY_GPGKEY, a plugin's


def recorded(source: RepoSource, data: bytes) -> Record:
    """Return what was noted for exactly these bytes of repomd.xml.

    The record holds a copy of the bytes it was made for, so a repomd.xml that was changed on disk is
    noticed by comparison and a warm run needs no hashing at all.
    """
    try:
        with open(_record(source), "rb", buffering=0) as stream:
            record = stream.read(len(data) + _HEAD)
    except OSError:
        return Record()
    end = record.find(b"\n", 64, _HEAD)
    if end < 0 or record[end + 1 :] != data:
        return Record()
    digest, *checks = record[:end].decode("ascii", "replace").split(" ")
    return Record(digest, frozenset(checks))


def record(source: RepoSource, data: bytes, known: Record) -> None:
    """Note ``known`` for :func:`recorded`; a cache that cannot be written is no error."""
    head = " ".join((known.digest, *sorted(known.checks)))
    try:
        os.makedirs(f"{source.metadata_dir}/solvcache", exist_ok=True)
        write_file(_record(source), head.encode("ascii", "replace") + b"\n" + data)
    except OSError:
        return


def present(metadata_dir: str, part: MetadataPart) -> bool:
    """Say whether a part lies in the cache with its size; its checksum is for whoever reads it."""
    try:
        info = os.stat(part_path(metadata_dir, part))
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
    os.makedirs(directory, exist_ok=True)
    for name in sorted(fresh, key=lambda name: name == "repomd.xml"):
        target = f"{directory}/{name}"
        if os.path.isdir(target) and not os.path.islink(target):
            remove_tree(target)
        os.replace(fresh[name], target)
    stay = {*fresh, *keep}
    for name in os.listdir(directory):
        if name not in stay:
            remove_tree(f"{directory}/{name}")
    remove_tree(f"{source.metadata_dir}/solvcache")


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
        return [f"{folder}/{name}" for name in os.listdir(folder) if name.startswith("reposync-")]
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
    try:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            os.unlink(path)
            return
        with os.scandir(path) as entries:
            below = [entry.path for entry in entries]
        for entry in below:
            remove_tree(entry)
        os.rmdir(path)
    except OSError as error:
        if error.errno not in _GONE:
            raise


def _remove_empty(path: str) -> None:
    try:
        if path:
            os.rmdir(path)
    except OSError as error:
        if error.errno not in (*_GONE, errno.ENOTEMPTY, errno.EEXIST):
            raise
