"""New repositories: a .repo file that is fetched or copied, or one that is made of a URL or of settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman import conffile, ini
from pkgman.conffile import ConfFile
from pkgman.localfiles import cmdline_source
from pkgman.model import schemes, urls
from pkgman.model.errors import ConfigError, PkgmanError
from pkgman.model.words import without_passwords
from pkgman.repos import check_id, check_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkgman.conffolder import ConfFolder
    from pkgman.session import Session

_USAGE, _NO_REPO_FILE, _TWICE, _EXISTS = 1622, 1004, 1037, 1617

_LARGEST = 1 << 20  # bytes of a .repo file
_SUFFIX = ".repo"


def fetched(session: Session, folder: ConfFolder, text: str) -> None:
    """Do ``--add-repo``: store a .repo file by path or URL, or describe the repository at a path or URL.

    :raises PkgmanError: nothing was stored: it cannot be had, is no repo file, or holds an id that is there.
    """
    remote = _is_url(text)
    path = urls.split_url(text).path if remote else text
    if path.endswith(_SUFFIX):
        _store(folder, os.path.basename(path), _content(session, text), replace=True)
        return
    if not remote:
        if not os.path.isdir(text):
            raise PkgmanError(f"{text}: this is neither a URL, nor a folder, nor a .repo file", number=_USAGE)
        text = "file://" + os.path.abspath(text).replace("%", "%25")
    repo_id = _id_of(text)
    lines = (f"[{repo_id}]", f"name = {without_passwords(text)}", f"baseurl = {text}", "enabled = 1", "")
    _store(folder, repo_id + _SUFFIX, "\n".join(lines), replace=True)


def described(session: Session, folder: ConfFolder, settings: Sequence[tuple[str, str]]) -> None:
    """Do dnf 5's ``addrepo``: --from-repofile, or --id with --set=KEY=VALUE; raises as :func:`fetched`.

    An existing file is left alone without --overwrite, or --add-or-replace, which keeps its other sections.
    """
    line = session.line
    given, repo_id = line.last("from-repofile"), line.last("id")
    if bool(given) == bool(repo_id):
        raise PkgmanError("Say either --from-repofile=URL, or --id=ID --set=baseurl=URL", number=_USAGE)
    if session.flag("create-missing-dir"):
        os.makedirs(folder.repodir, exist_ok=True)
    if given:
        path = urls.split_url(given).path if _is_url(given) else given
        name, text = os.path.basename(path), _content(session, given)
    else:
        if not any(key in ("baseurl", "mirrorlist", "metalink") for key, _ in settings):
            raise PkgmanError("A repository needs a --set=baseurl=, mirrorlist= or metalink=", number=_USAGE)
        values = {"name": repo_id, "enabled": "1"} | dict(settings)
        name = repo_id
        text = "\n".join([f"[{repo_id}]", *(f"{key} = {value}" for key, value in values.items()), ""])
    name = os.path.basename(line.last("save-filename")) or name
    keep = session.flag("add-or-replace")
    _store(
        folder,
        name.removesuffix(_SUFFIX) + _SUFFIX,
        text,
        replace=keep or session.flag("overwrite"),
        keep=keep,
    )


def _is_url(text: str) -> bool:
    return schemes.canonical(text).startswith(schemes.KNOWN)


def _content(session: Session, place: str) -> str:
    """Return the text of a .repo file by path or URL."""
    if _is_url(place):
        source = cmdline_source(session)
        data = session.fetcher().read(source, place, limit=_LARGEST, progress=session.ui, report=session.ui)
    else:
        with open(place, "rb") as stream:
            data = stream.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise ConfigError(f"{place}: it has more than {_LARGEST} bytes", number=_NO_REPO_FILE)
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


def _store(folder: ConfFolder, name: str, text: str, *, replace: bool, keep: bool = False) -> None:
    """Have a repo file written, once it is sure that every later command can read it.

    :param replace: an existing file may be replaced.
    :param keep: its other sections stay.
    """
    if not name.isprintable() or name.startswith(".") or "/" in name:
        raise PkgmanError(f"'{name}' cannot be the name of a repo file", number=_USAGE)
    path = folder.path_of(name)
    document = ini.parse(text, name)
    if not document.sections or document.problems or "\0" in text:
        problems = document.problems or (f"{name}: there is no repository in it",)
        raise ConfigError(problems, number=_NO_REPO_FILE)
    if os.path.lexists(path) and not replace:
        raise PkgmanError(f"{path}: it is there already; say --overwrite", number=_EXISTS)
    file = ConfFile(path)
    ids = [section.name for section in document.sections]
    elsewhere = {s.name for other, s in folder.repositories() if other.path != file.path}
    for section in document.sections:
        check_id(section.name, name)
        check_values(section.values(), f"{name}: [{section.name}]")
        if section.name in elsewhere or ids.count(section.name) > 1:
            raise ConfigError(f"{name}: there is a repository '{section.name}' already", number=_TWICE)
    if keep and os.path.exists(path):
        file = conffile.load(path)
        for old in file.sections:
            if old.name in ids:
                file.remove_section(old)
    file.add(text)
    folder.change(file)
    folder.save()


def _id_of(url: str) -> str:
    """Return an id for the repository at a URL: host and path, other characters than letters as ``_``."""
    parts = urls.split_url(url)
    text = f"{parts.hostname or ''}{parts.path}".strip("/")
    return "".join(c if c.isascii() and (c.isalnum() or c in ".-_") else "_" for c in text) or "repository"
