"""Which plugins are enabled, and the files they are loaded from (tdnf contract, plugins 1).

A plugin runs with all rights of the program, so its file and every folder above it must be
such that nobody but root and the calling user can change them. It is read once, through the
descriptor that was looked at, and no compiled copy is kept or used.
"""

from __future__ import annotations

import errno
import os
import stat
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from pkgman import ini
from pkgman.ini import boolean
from pkgman.repos import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pkgman.getopt import CommandLine

SHIPPED = ("tdnfmetalink", "tdnfrepogpgcheck")
_MAX_FILE = 4 << 20  # bytes
_MAX_LINKS = 40  # as the kernel has it
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Enabled(NamedTuple):
    """A plugin that is to be loaded, and the keys of its configuration's ``[main]``."""

    name: str
    settings: Mapping[str, str]


class NotLoadable(Exception):
    """A plugin cannot be loaded; the text says why."""


def enabled(folder: str, line: CommandLine, warn: Callable[[str], None]) -> list[Enabled]:
    """Return the enabled plugins, sorted by name.

    :param folder: with ``NAME.conf`` files; one that is not there has none.
    :raises ConfigError: when one of the files cannot be read.
    """
    try:
        names = sorted(os.listdir(folder)) if os.path.isabs(folder) else []
    except OSError:
        return []
    found: dict[str, tuple[bool, dict[str, str]]] = {}
    for file in names:
        name = file.removesuffix(".conf")
        if name == file or not name or name.startswith("."):
            continue
        document = ini.load(os.path.join(folder, file))
        for problem in document.problems:
            warn(f"WARNING: {problem}")
        mains = [section.values() for section in document.sections if section.name == "main"]
        settings = mains[0] if mains else {}
        found[name] = boolean(settings.get("enabled", "0"), False, warn), settings
    for option, pattern in line.all("enableplugin", "disableplugin"):
        for name, (_, settings) in found.items():
            if matches(name, pattern):
                found[name] = option == "enableplugin", settings
    return [Enabled(name, settings) for name, (wanted, settings) in found.items() if wanted]


def place(name: str, folder: str) -> str:
    """Return the path of a plugin's file, whether it is there or not."""
    return os.path.join(folder, f"{name}.py")


def module(name: str, folder: str) -> ModuleType:
    """Load a plugin's file from ``folder``; one that is shipped needs none there.

    :raises NotLoadable: when it is not there, others could change it, or its code fails.
    """
    path = place(name, folder)
    if name in SHIPPED and not (os.path.isabs(folder) and os.path.lexists(path)):
        return import_module(f"plugins.{name}")
    if not os.path.isabs(folder):
        raise NotLoadable(f"pluginpath must be an absolute path, and is '{folder}'")
    try:
        source = _read(path)
    except OSError as error:
        raise NotLoadable(f"{error.filename or path}: {error.strerror}") from error
    made = ModuleType(f"tdnf_plugin_{name}")
    made.__file__ = path
    try:
        exec(compile(source, path, "exec"), made.__dict__)  # noqa: S102  # that is what a plugin is for
    except (Exception, SystemExit) as error:  # only the top ends a run
        raise NotLoadable(f"{type(error).__name__}: {error}") from error
    return made


def _read(path: str) -> bytes:
    """Read a file that nobody else can change.

    :raises NotLoadable: when somebody could.
    :raises OSError: when it cannot be read.
    """
    path = _walk(path)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(fd, "rb") as stream:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            raise NotLoadable(f"{path} is no regular file")
        if info.st_uid not in (0, os.geteuid()):
            raise NotLoadable(f"{path} belongs to neither root nor you; 'chown root' it if you trust it")
        if info.st_mode & _OTHERS_WRITE:
            raise NotLoadable(f"{path} can be written by others; 'chmod go-w' it if you trust it")
        return stream.read(_MAX_FILE)


def _walk(path: str) -> str:
    """Return where ``path`` leads, having checked every folder and link on the way there.

    :raises NotLoadable: when others could put something else in place of one of them.
    :raises OSError: when there is no such file.
    """
    ahead = path.split("/")[::-1]
    here, links = "/", 0
    _check_folder("/", last=False)
    while ahead:
        word = ahead.pop()
        if word in ("", "."):
            continue
        if word == "..":
            here = os.path.dirname(here)
            continue
        following = os.path.join(here, word)
        info = os.lstat(following)
        if stat.S_ISLNK(info.st_mode):
            links += 1
            if links > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            _check_owner(following, info, "link")
            target = os.readlink(following)
            ahead += target.split("/")[::-1]
            here = "/" if target.startswith("/") else here
            _check_folder(here, last=not any(ahead))
        elif stat.S_ISDIR(info.st_mode):
            _check_folder(following, last=len([each for each in ahead if each]) <= 1)
            here = following
        elif any(ahead):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), following)
        else:
            return following
    return here


def _check_folder(path: str, *, last: bool) -> None:
    """Refuse a folder in which others could put another file or folder in place of ours.

    Others may write if the folder is sticky, as they cannot rename what is not theirs; but not in the
    ``last`` one, which holds the plugins.
    """
    info = os.stat(path)
    _check_owner(path, info, "folder")
    if info.st_mode & _OTHERS_WRITE and (last or not info.st_mode & stat.S_ISVTX):
        raise NotLoadable(f"the folder {path} can be written by others; 'chmod go-w' it if you trust it")


def _check_owner(path: str, info: os.stat_result, kind: str) -> None:
    # Who owns "/" rules over all below: root, whatever its number is in a user namespace.
    if info.st_uid not in (0, os.geteuid(), os.stat("/").st_uid):
        raise NotLoadable(f"the {kind} {path} belongs to neither root nor you")
