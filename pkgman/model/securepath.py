"""Paths that nobody else can lead elsewhere: below an install root, and in the caches.

An install root may be a foreign image, and a cache a folder that others write to. So there are two
rules for every path of ours:

* What a path means in a root is looked up as by a process in a chroot there: :func:`in_root`. The
  result has no link in it.
* Such a path is then opened from folder to folder, and no link is followed on the way: all the other
  functions. A link that they meet was put there later, and is refused with ELOOP.
"""

from __future__ import annotations

import errno
import os
import stat as modes
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO in the file's place must not make us wait
_GONE = (errno.ENOENT, errno.ENOTDIR)
_MOST_LINKS = 40  # on one way, as the kernel has it
_DEEPEST = 64  # folders in folders that are open at once while a tree is removed
_IS_LINK = "it is a link, and none is followed here; remove it"


def in_root(root: str, path: str) -> str:
    """Return the host's path for what ``path`` means below the install root ``root``.

    Links are followed as in a chroot: "/" and ".." never lead out of it. What is not there yet is
    taken as it is written. With the root "/" this is the real path.

    :raises OSError: ELOOP for links that lead in a circle.
    """
    top = os.path.realpath(root)
    if top == "/":
        return os.path.realpath(path)
    ahead, here, links = path.split("/")[::-1], top, 0
    while ahead:
        word = ahead.pop()
        if word in ("", "."):
            continue
        if word == "..":
            here = os.path.dirname(here) if here != top else top
            continue
        try:
            target = os.readlink(f"{here}/{word}")
        except OSError:  # no link, or nothing at all
            here = f"{here}/{word}"
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.path.join(root, path.lstrip("/")))
        here = top if target.startswith("/") else here
        ahead += target.split("/")[::-1]
    return here


def confined(root: str, path: str) -> str:
    """Return :func:`in_root` for a path of the host that lies below ``root``, any other one unchanged.

    :raises OSError: as :func:`in_root`.
    """
    for top in (root.rstrip("/"), os.path.realpath(root).rstrip("/")):
        if top and path.startswith(f"{top}/"):
            return in_root(root, path[len(top) :])
    return path


def open_folder(path: str, *, make: bool = False) -> int:
    """Return a descriptor of a folder, for other calls to start from; nothing can be read from it.

    :param make: make the folders that are missing.
    :raises OSError: naming the first folder that is missing or is no folder.
    """
    here = os.open("/", _FOLDER)
    try:
        words = [word for word in os.path.abspath(path).split("/") if word]
        for number, word in enumerate(words, start=1):
            try:
                following = _enter(word, here, make=make)
            except OSError as error:
                _explain(error, f"/{'/'.join(words[:number])}", word, here)
            os.close(here)
            here = following
    except BaseException:
        os.close(here)
        raise
    return here


def _enter(word: str, here: int, *, make: bool) -> int:
    try:
        return os.open(word, _FOLDER, dir_fd=here)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):  # somebody else may make it at the same time
        os.mkdir(word, dir_fd=here)
    return os.open(word, _FOLDER, dir_fd=here)


def _explain(error: OSError, path: str, word: str, here: int) -> NoReturn:
    """Raise ``error`` again with the whole path; a link is called one."""
    if error.errno in (errno.ENOTDIR, errno.ELOOP):
        try:
            os.readlink(word, dir_fd=here)
        except OSError:
            pass
        else:
            raise OSError(errno.ELOOP, _IS_LINK, path) from error
    raise type(error)(error.errno, error.strerror, path) from error


class _Place:
    """A context with a path's folder open: its descriptor, and the last word of the path."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> tuple[int, str]:
        folder, self._word = os.path.split(os.path.abspath(self._path))
        self._fd = open_folder(folder)
        return self._fd, self._word

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if isinstance(error, OSError) and error.filename == self._word:
                _explain(error, self._path, self._word, self._fd)
        finally:
            os.close(self._fd)


def open_file(path: str, flags: int = os.O_RDONLY, mode: int = 0o644) -> int:
    """Open a file and return its descriptor; a link in its place is refused.

    :raises OSError: when that is not possible.
    """
    with _Place(path) as (folder, word):
        return os.open(word, flags | _FILE, mode, dir_fd=folder)


def open_own(path: str, mode: int = 0o644) -> int:
    """Open a file for writing in place, or make it; one that is ours alone, under one name.

    :raises OSError: EMLINK for a file that has another name too or is not a regular one: what is
        written would change something else.
    """
    fd = open_file(path, os.O_RDWR | os.O_CREAT, mode)
    try:
        found = os.fstat(fd)
        if not modes.S_ISREG(found.st_mode) or found.st_nlink > 1:
            raise OSError(errno.EMLINK, "a file of one name is expected; remove it", path)
    except BaseException:
        os.close(fd)
        raise
    return fd


def own_file(path: str) -> None:
    """Make sure that ``path`` is a file of one name, as what is written in place must be; it may be new.

    One that has other names too, as in a copy of a root that is made of hard links, becomes a file
    of its own.

    :raises OSError: when that is not possible; ELOOP for a link.
    """
    try:
        fd = open_own(path)
    except OSError as error:
        if error.errno != errno.EMLINK:
            raise
        with open(open_file(path), "rb") as stream:
            if not modes.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise
            data = stream.read()
        write_file(path, data)
        return
    os.close(fd)


def stat(path: str) -> os.stat_result:
    """Return what the file system says of a path, of a link itself.

    :raises OSError: when there is nothing.
    """
    with _Place(path) as (folder, word):
        return os.stat(word, dir_fd=folder, follow_symlinks=False)


def names(path: str) -> list[str]:
    """Return the names in a folder.

    :raises OSError: when it is not there or is no folder.
    """
    with _Place(path) as (folder, word):
        fd = os.open(word, _LIST, dir_fd=folder)
    try:
        return os.listdir(fd)
    finally:
        os.close(fd)


def make_folders(path: str) -> None:
    """Make a folder with those above it, as far as they are missing.

    :raises OSError: when that is not possible.
    """
    os.close(open_folder(path, make=True))


def make_own(path: str) -> None:
    """Make a folder that belongs to us in one that is there; a link or file in its place is removed.

    :raises OSError: when that is not possible.
    """
    with _Place(path) as (folder, word):
        try:
            if modes.S_ISDIR(os.stat(word, dir_fd=folder, follow_symlinks=False).st_mode):
                return
            os.unlink(word, dir_fd=folder)
        except FileNotFoundError:
            pass
        try:
            os.mkdir(word, dir_fd=folder)
        except FileExistsError:
            return  # somebody else's run made it; opening it tells if it is no folder


def write_file(path: str, data: bytes) -> None:
    """Put ``data`` at ``path``, whole or not at all; the folder must be there.

    :raises OSError: when that is not possible; nothing is left behind.
    """
    draft = f"{path}.{os.getpid()}.tmp"
    remove_tree(draft)  # of a killed run that had this number
    fd = open_file(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        with open(fd, "wb") as stream:
            stream.write(data)
        replace(draft, path)
    except BaseException:
        remove_tree(draft)
        raise


def replace(source: str, target: str) -> None:
    """Rename a file; what has the name already is replaced.

    :raises OSError: naming ``target``.
    """
    with _Place(source) as (from_folder, old), _Place(target) as (to_folder, new):
        try:
            os.replace(old, new, src_dir_fd=from_folder, dst_dir_fd=to_folder)
        except OSError as error:
            raise type(error)(error.errno, error.strerror, target) from error


def unlink(path: str) -> None:
    """Remove a file or a link.

    :raises OSError: when that is not possible.
    """
    with _Place(path) as (folder, word):
        os.unlink(word, dir_fd=folder)


def rmdir(path: str) -> None:
    """Remove an empty folder.

    :raises OSError: when that is not possible.
    """
    with _Place(path) as (folder, word):
        os.rmdir(word, dir_fd=folder)


def remove_tree(path: str) -> None:
    """Remove a file, a link, or a folder with all below it; nothing there is as good.

    :raises OSError: when something cannot be removed, naming ``path``; for a link on the way.
    """
    try:
        with _Place(path) as (folder, word):
            waiting = [word]
            while waiting:
                _remove(waiting.pop(), folder, folder, waiting)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise  # it names the link
        if error.errno not in _GONE:
            raise type(error)(error.errno, error.strerror, path) from error


def _remove(word: str, folder: int, top: int, waiting: list[str], depth: int = 0) -> None:
    """Remove ``word`` in ``folder``; what lies too deep is moved to ``top`` and its name to ``waiting``."""
    try:
        if not modes.S_ISDIR(os.stat(word, dir_fd=folder, follow_symlinks=False).st_mode):
            os.unlink(word, dir_fd=folder)
            return
        if depth == _DEEPEST:
            nearer = f"{os.urandom(6).hex()}.tmp"
            os.rename(word, nearer, src_dir_fd=folder, dst_dir_fd=top)
            waiting.append(nearer)
            return
        inner = os.open(word, _LIST, dir_fd=folder)
        try:
            for name in os.listdir(inner):
                _remove(name, inner, top, waiting, depth + 1)
        finally:
            os.close(inner)
        os.rmdir(word, dir_fd=folder)
    except FileNotFoundError:
        return  # somebody else removed it
