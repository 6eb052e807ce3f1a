"""Where files of a repository lie, and the errors that speak of such places."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from pkgman.model.errors import FetchError, PkgmanError
from pkgman.model.urls import escaped, local_path, public, step_up, with_plus_escaped
from repo_meta.curl import CURL, FILE_UNREADABLE

if TYPE_CHECKING:
    from io import FileIO

    from pkgman.model.repo import RepoSource

HTTP_STATUS = 1622  # number of every HTTP status of 400 and more


def join(base: str, location: str) -> str:
    """``BASE/LOCATION`` with exactly one slash; an absolute URL stays what it is."""
    if "://" in location:
        return location
    base, location = step_up(base, location)
    # A location is a path: "?" and "#" in it are characters of a file name.
    return f"{with_plus_escaped(base).rstrip('/')}/{escaped(location.lstrip('/'))}"


def is_local(source: RepoSource) -> bool:
    """Say whether all of a repository lies on this machine, by its configuration alone.

    A list of mirrors, even one that is a local file, may name others.
    """
    if source.mirrorlist or source.metalink or not source.baseurls:
        return False
    return all(base.startswith("file://") for base in source.baseurls)


def open_regular(path: str) -> FileIO:
    """Open a regular file for reading, unbuffered; nothing else can be waited for or never end.

    :raises OSError: when it cannot be opened or is something else.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(fd).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        return open(fd, "rb", buffering=0)
    except BaseException:
        os.close(fd)
        raise


def open_local(url: str) -> FileIO:
    """Open what a ``file:`` URL names.

    :raises FetchError: 1238 when it cannot be read, 1204 when it cannot be a path.
    """
    path = local_path(url)
    try:
        return open_regular(path)
    except OSError as error:
        raise FetchError(f"{path}: {error.strerror or error}", number=CURL + FILE_UNREADABLE) from error


def status_error(status: int, url: str) -> FetchError:
    """The error for an HTTP status of 400 and more, with tdnf's two lines."""
    error = FetchError(
        (
            f"Error: {status} when downloading {public(url)}",
            ". Please check repo url or refresh metadata with 'tdnf makecache'.",
        ),
        number=HTTP_STATUS,
    )
    error.status = status
    return error


def no_url(source: RepoSource, *hint: str) -> PkgmanError:
    """The error for a repository that names no place at all; ``hint`` are further lines."""
    first = f"Error: Cannot find a valid base URL for repo: {source.name}"
    return PkgmanError((first, *hint), number=2500)
