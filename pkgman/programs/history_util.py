"""tdnf-history-util: what package scripts do to the history (tdnf contract, commands 9 and errors 7).

It takes no instance lock: scripts run it from within a transaction, whose tdnf holds the lock.
"""

from __future__ import annotations

import os
import time
from getopt import GetoptError, gnu_getopt
from typing import TYPE_CHECKING, NamedTuple

from pkgman.config import Config
from pkgman.model import securepath
from pkgman.model.errors import HistoryError, PkgmanError
from pkgman.transaction.history import UNUSABLE, History
from pkgman.ui import Ui

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkgman.transaction.librpm.database import RpmDatabase

_USAGE, _RPMDB, _HISTORY = 1, 3, 255  # exit statuses
_INTERRUPTED = 130
_AUTO = {"install": False, "remove": True}
_HELP = """\
Usage: tdnf-history-util [-f DBFILE] [-r ROOTDIR] COMMAND

  init                      start the history with what is installed; if there is one, as update
  update                    record what was changed by others
  mark install NAME...      packages of these names were asked for
  mark remove NAME...       packages of these names came as dependencies

  -f, --file DBFILE         history database, {default} by default
  -r, --rootdir ROOTDIR     root of the installed system, / by default
  -h, --help                print this text"""


class _Failure(Exception):
    """The program ends with ``status`` after saying ``text`` on standard error."""

    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text
        super().__init__(text)


class _Options(NamedTuple):
    file: str = Config().history_path
    root: str = "/"
    help: bool = False


def main(arguments: Sequence[str]) -> int:
    """Run one command: 0, or 1 for wrong usage, 3 for the rpm database, 255 for the history."""
    ui = Ui()
    os.umask(0o022)  # the history is for everybody to read
    try:
        options, words = _parse(arguments)
        if options.help:
            ui.result(_help())
        else:
            _run(options, words)
    except _Failure as failure:
        if failure.status == _USAGE:
            ui.result(_help())
        ui.diagnostic(failure.text)
        return failure.status
    except (PkgmanError, OSError) as error:
        ui.diagnostic(f"tdnf-history-util: {error}")
        return _HISTORY
    except KeyboardInterrupt:
        return _INTERRUPTED
    ui.flush()
    return 0


def _help() -> str:
    return _HELP.format(default=Config().history_path)


def _parse(arguments: Sequence[str]) -> tuple[_Options, list[str]]:
    try:
        found, words = gnu_getopt(list(arguments), "f:r:h", ["file=", "rootdir=", "help"])
    except GetoptError as error:
        raise _Failure(_USAGE, f"tdnf-history-util: {error.msg}") from error
    options = _Options()
    for name, value in found:
        match name:
            case "-f" | "--file":
                options = options._replace(file=value)
            case "-r" | "--rootdir":
                options = options._replace(root=value)
            case _:
                options = options._replace(help=True)
    if not options.file or not options.root:
        raise _Failure(_USAGE, "tdnf-history-util: the name of a file or folder is empty")
    return options, words


def _run(options: _Options, words: Sequence[str]) -> None:
    match words:
        case []:
            raise _Failure(_USAGE, "command expected")
        case ["init" | "update", *_]:
            _update(options)
        case ["mark"]:
            raise _Failure(_USAGE, "expected 'remove' or 'install'")
        case ["mark", action, *names] if action in _AUTO:
            _mark(options, names, auto=_AUTO[action])
        case ["mark", action, *_]:
            raise _Failure(_USAGE, f"unknown sub command '{action}'")
        case _:
            raise _Failure(_USAGE, f"unknown command '{words[0]}'")


def _update(options: _Options) -> None:
    try:
        database = _database(options.root)
        cookie, nevras = database.cookie(), tuple(database.nevras())
    except (PkgmanError, ImportError) as error:
        raise _Failure(_RPMDB, f"tdnf-history-util: {error}") from error
    with History(_file(options)) as history:
        history.sync(cookie, nevras, now=time.time())


def _file(options: _Options) -> str:
    """Return the history's path without links; below the root they lead as in a chroot."""
    path, root = os.path.abspath(options.file), os.path.abspath(options.root)
    return os.path.realpath(path) if root == "/" else securepath.confined(root, path)


def _database(root: str) -> RpmDatabase:
    # Only here, for marks need no librpm.
    from pkgman.transaction.librpm.database import RpmDatabase

    root = os.path.abspath(root)
    if not os.path.isdir(root):
        raise _Failure(_RPMDB, f"tdnf-history-util: there is no folder {root}")
    return RpmDatabase(root, verbosity="error")


def _mark(options: _Options, names: Sequence[str], *, auto: bool) -> None:
    """Set the flags in the newest transaction; the names need not be installed."""
    with History(_file(options)) as history:
        if not history.exists or not history.last_id:
            text = f"{options.file}: there is no transaction to mark packages in; run 'init' first"
            raise HistoryError(text, number=UNUSABLE)
        history.set_flags(history.last_id, {name: auto for name in names if name})
