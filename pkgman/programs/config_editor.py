"""tdnf-config: change settings of tdnf.conf and repo files, and nothing else in them.

Source of options, messages and exit statuses: tdnf contract, commands 9 and errors 7.
"""

from __future__ import annotations

import os
from getopt import GetoptError, gnu_getopt
from typing import TYPE_CHECKING, NamedTuple

from pkgman import conffile
from pkgman.conffile import ConfFile, Section
from pkgman.config import DEFAULT_CONFIG
from pkgman.ui import Ui

if TYPE_CHECKING:
    from collections.abc import Sequence

_USAGE, _SYSTEM, _NO_REPO, _NO_KEY, _REPO_EXISTS = 1, 2, 3, 4, 5  # exit statuses
_MAIN = "main"
_DEFAULT_REPODIR = "/etc/yum.repos.d"
_HELP = """\
Usage: tdnf-config [-c MAINCONF] [-f REPOFILE] [-j] ACTION SECTION [ARGUMENT...]

SECTION is 'main' or the id of a repository.
  create REPO KEY=VALUE...     add a repository, in REPO.repo or in REPOFILE
  edit SECTION KEY=VALUE...    set or add keys
  get SECTION KEY              print the value of a key
  remove SECTION KEY...        remove keys
  removerepo REPO              remove a repository
  dump SECTION                 print the file that holds the section; with -j the section as JSON

  -c, --config MAINCONF        main configuration file, /etc/tdnf/tdnf.conf by default
  -f, --file REPOFILE          repo file to look in, or to write to
  -j, --json                   print JSON
  -h, --help                   print this text"""


class Failure(Exception):
    """The program ends with ``status`` after saying ``text`` on standard error."""

    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text
        super().__init__(text)


class _Options(NamedTuple):
    config: str = DEFAULT_CONFIG
    file: str = ""
    json: bool = False
    help: bool = False


def main(arguments: Sequence[str]) -> int:
    """Run one action and return the exit status (errors 7)."""
    ui = Ui()
    try:
        options, words = _parse(arguments)
        if options.help:
            ui.result(_HELP)
        elif words:
            _run(ui, options, words[0], words[1:])
    except Failure as failure:
        ui.diagnostic(failure.text)
        return failure.status
    except OSError as error:
        ui.diagnostic(f"tdnf-config: {error.filename or 'files'}: {error.strerror}")
        return _SYSTEM
    return 0


def _parse(arguments: Sequence[str]) -> tuple[_Options, list[str]]:
    try:
        found, words = gnu_getopt(list(arguments), "c:f:jh", ["config=", "file=", "json", "help"])
    except GetoptError as error:
        raise Failure(_USAGE, f"tdnf-config: {error.msg}; see tdnf-config --help") from error
    options = _Options()
    for name, value in found:
        match name:
            case "-c" | "--config":
                options = options._replace(config=value)
            case "-f" | "--file":
                options = options._replace(file=value)
            case "-j" | "--json":
                options = options._replace(json=True)
            case _:
                options = options._replace(help=True)
    return options, words


def _run(ui: Ui, options: _Options, action: str, words: Sequence[str]) -> None:
    actions = {"create", "edit", "get", "remove", "removerepo", "dump"}
    if action not in actions:
        raise Failure(_USAGE, f"Unknown command '{action}'")
    if not words or not words[0]:
        raise Failure(_USAGE, f"'{action}' needs the name of a section: main, or the id of a repository")
    name, rest = words[0], words[1:]
    if action in ("create", "removerepo") and name == _MAIN:
        raise Failure(_USAGE, f"'{action}' is for repositories, 'main' is none")
    if action in ("create", "edit", "get", "remove") and not rest:
        what = "setting KEY=VALUE" if action in ("create", "edit") else "key"
        raise Failure(_USAGE, f"'{action} {name}' needs a {what}")
    match action:
        case "create":
            _create(options, name, rest)
        case "edit":
            _edit(options, name, rest)
        case "get":
            ui.result(_get(options, name, rest[0]))
        case "remove":
            _remove(options, name, rest)
        case "removerepo":
            _remove_repo(options, name)
        case _:
            file, section = _find(options, name)
            ui.result(section.as_json(name) if options.json else file.text().removesuffix("\n"), raw=True)


def _settings(words: Sequence[str]) -> list[tuple[str, str]]:
    """Split ``key=value`` words; all are looked at before anything changes."""
    settings = []
    for word in words:
        key, equals, value = word.partition("=")
        key = key.strip()
        if not equals:
            raise Failure(_USAGE, f"expected '=' after key {key}")
        if not key or key.startswith(("#", ";", "[")) or "\n" in word or "\r" in word:
            raise Failure(_USAGE, f"'{word}' cannot be written as a setting: a line KEY = VALUE is needed")
        settings.append((key, value.strip()))
    return settings


def _create(options: _Options, name: str, words: Sequence[str]) -> None:
    settings = _settings(words)
    if name in (".", "..") or not name.isprintable() or any(c in name for c in "/[]"):
        raise Failure(_USAGE, f"'{name}' cannot be the id of a repository")
    paths = _repo_files(options)
    target = options.file or os.path.join(_repodir(options), f"{name}.repo")
    if options.file and os.path.exists(options.file):
        paths.append(options.file)
    for path in paths:
        if conffile.load(path).section(name):
            raise Failure(_REPO_EXISTS, f"repo '{name}' already exists")
    file = conffile.load(target) if os.path.exists(target) else ConfFile(target)
    section = file.add_section(name)
    for key, value in settings:
        section.set(key, value)
    file.save()


def _edit(options: _Options, name: str, words: Sequence[str]) -> None:
    settings = _settings(words)
    file, section = _find(options, name, add=name == _MAIN)
    for key, value in settings:
        section.set(key, value)
    file.save()


def _get(options: _Options, name: str, key: str) -> str:
    value = _find(options, name)[1].get(key)
    if value is None:
        raise Failure(_NO_KEY, f"'{key}' not found in '{name}'")
    return value


def _remove(options: _Options, name: str, keys: Sequence[str]) -> None:
    file, section = _find(options, name)
    for key in keys:
        if not section.remove(key):
            raise Failure(_NO_KEY, f"key '{key}' not found")
    file.save()


def _remove_repo(options: _Options, name: str) -> None:
    file, section = _find(options, name)
    file.remove_section(section)
    if file.is_empty:
        os.unlink(file.path)
    else:
        file.save()


def _find(options: _Options, name: str, *, add: bool = False) -> tuple[ConfFile, Section]:
    """Return the file and the section; ``add`` makes the section of the main file if there is none.

    :raises Failure: 3 for a repository that no file has.
    """
    if name == _MAIN:
        file = conffile.load(options.config)
        section = file.section(_MAIN) or file.first_section
        if section is None:  # a file that says nothing has every key missing
            section = file.add_section(_MAIN) if add else Section(_MAIN)
        return file, section
    for path in [options.file] if options.file else _repo_files(options):
        file = conffile.load(path)
        section = file.section(name)
        if section is not None:
            return file, section
    raise Failure(_NO_REPO, f"repo '{name}' not found")


def _repodir(options: _Options) -> str:
    file = conffile.load(options.config)
    section = file.section(_MAIN) or file.first_section
    # Both spellings as in tdnf itself, the last wins.
    return (section and section.last_of(("repodir", "reposdir"))) or _DEFAULT_REPODIR


def _repo_files(options: _Options) -> list[str]:
    folder = _repodir(options)
    return [os.path.join(folder, n) for n in sorted(os.listdir(folder)) if n.endswith(".repo")]
