"""config-manager: add, switch and set repositories, in the words of dnf 4 (options) and dnf 5 (words).

What is written stays where tdnf reads it: the main configuration and the files of the repository folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman import newrepo
from pkgman.conffolder import MAIN, ConfFolder
from pkgman.config import KEYS as MAIN_KEYS
from pkgman.model.errors import PkgmanError
from pkgman.repos import KEYS as REPO_KEYS
from pkgman.repos import check_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pkgman.conffile import Section
    from pkgman.session import Session

_USAGE = 1622
_SWITCHES = {"set-enabled": "1", "enable": "1", "set-disabled": "0", "disable": "0"}
_WORDS = ("addrepo", "setopt", "unsetopt", "enable", "disable")


def run(session: Session, words: tuple[str, ...]) -> int:
    """Do what the options of dnf 4, or the first word of dnf 5, say.

    :raises PkgmanError: 901 for a repository that is not there, 1622 for words that cannot be followed,
        1029 or 1622 for a value with which no later command could read its file; nothing is written.
    """
    folder = ConfFolder(session.config.root, session.config.path, session.config.repodir)
    if words and words[0] in _WORDS:
        _dnf5(session, folder, words[0], words[1:])
    else:
        _dnf4(session, folder, words)
    folder.save()
    return 0


def _dnf5(session: Session, folder: ConfFolder, action: str, words: Sequence[str]) -> None:
    if action == "addrepo":
        newrepo.described(session, folder, _pairs(session, ()))
        return
    if not words:
        what = {"setopt": "[ID.]KEY=VALUE", "unsetopt": "[ID.]KEY"}.get(action, "ID")
        raise PkgmanError(f"Say what to change: tdnf config-manager {action} {what}...", number=_USAGE)
    if action in ("enable", "disable"):
        _set(session, folder, [(f"{word}.enabled", _SWITCHES[action]) for word in _ids(words)])
    elif action == "setopt":
        _set(session, folder, _pairs(session, words))
    else:
        _unset(folder, words)


def _dnf4(session: Session, folder: ConfFolder, words: Sequence[str]) -> None:
    ids = _ids(words)
    added = [value for name, value in session.line.options if name == "add-repo"]
    switched = {_SWITCHES[name] for name in _SWITCHES if session.flag(name)}
    pairs = _pairs(session, ())
    if len(switched) > 1:
        raise PkgmanError("Say either --set-enabled or --set-disabled", number=_USAGE)
    if pairs and not (session.flag("save") or added or switched):
        raise PkgmanError("--setopt is written down with --save only", number=_USAGE)
    for text in added:
        newrepo.fetched(session, folder, text)
    if switched:
        named = ids or list(dict.fromkeys(key.rpartition(".")[0] for key, _ in pairs if "." in key))
        if not named:
            raise PkgmanError("Say which repositories: --set-enabled ID...", number=_USAGE)
        _set(session, folder, [(f"{word}.enabled", value) for word in named for value in switched])
    if session.flag("save") or switched or added:
        _set(session, folder, pairs)
    if session.flag("dump") or not (added or switched or pairs):
        _dump(session, folder, ids)


def _ids(words: Iterable[str]) -> list[str]:
    return [part for word in words for part in word.split(",") if part]


def _pairs(session: Session, words: Sequence[str]) -> list[tuple[str, str]]:
    """Return key and value of every --setopt, or of ``words``; all are looked at before anything changes."""
    texts = list(words) or [value for name, value in session.line.options if name == "setopt"]
    pairs = []
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip().removeprefix(f"{MAIN}.")
        if not equals or not key or key.startswith(("#", ";", "[")) or not text.isprintable():
            raise PkgmanError(f"'{text}' is not a setting KEY=VALUE", number=_USAGE)
        pairs.append((key, value.strip()))
    return pairs


def _place(name: str) -> tuple[str, str]:
    """Return repository, "" for the main section, and key of ``[ID.]KEY``."""
    repo_id, dot, key = name.removeprefix(f"{MAIN}.").rpartition(".")
    if not key or (dot and not repo_id):
        raise PkgmanError(f"'{name}' is not a key: say KEY, or ID.KEY", number=_USAGE)
    return repo_id, key


def _set(session: Session, folder: ConfFolder, pairs: Sequence[tuple[str, str]]) -> None:
    for name, value in pairs:
        repo_id, key = _place(name)
        if key not in (REPO_KEYS if repo_id else MAIN_KEYS):
            session.ui.diagnostic(f"'{key}' is not a key that tdnf knows; it is written all the same")
        if repo_id:
            check_values({key: value}, f"[{repo_id}]")
        for file, section in folder.matching([repo_id]) if repo_id else [folder.main()]:
            section.set(key, value)
            folder.change(file)


def _unset(folder: ConfFolder, words: Sequence[str]) -> None:
    for word in words:
        repo_id, key = _place(word)
        for file, section in folder.matching([repo_id]) if repo_id else [folder.main()]:
            if section.remove(key):
                folder.change(file)


def _dump(session: Session, folder: ConfFolder, ids: Sequence[str]) -> None:
    """Show the sections as the files have them: the main one, and those of the repositories named."""
    sections = [] if ids and MAIN not in ids else [(MAIN, folder.main()[1])]
    patterns = [pattern for pattern in ids if pattern != MAIN]
    sections += [(section.name, section) for _, section in folder.matching(patterns)] if patterns else []
    if session.ui.json:
        session.ui.document([{name: section.settings()} for name, section in sections])
        return
    for number, (name, section) in enumerate(sections):
        session.ui.results(("",) if number else ())
        session.ui.results((f"[{name}]", *_lines(section)))


def _lines(section: Section) -> Iterable[str]:
    return (f"{key} = {value}" for key, value in section.settings().items())
