"""tdnf-history-util: what package scripts do to the history database.

Source of commands, messages and exit statuses: tdnf contract, commands 9 and errors 7.
"""

from __future__ import annotations

import os
import time
from getopt import GetoptError, gnu_getopt
from typing import TYPE_CHECKING, NamedTuple

from pkgman.config import Config
from pkgman.model.errors import PkgmanError
from pkgman.transaction.history import History
from pkgman.ui import Ui

if TYPE_CHECKING:
    from collections.abc import Sequence

_USAGE, _RPMDB, _DATABASE = 1, 3, 255  # exit statuses
_HELP = """\
Usage: tdnf-history-util [-f DBFILE] [-r ROOTDIR] init|update|mark install|remove [name...]

  init, update     record the present state of the rpm database
  mark install     mark names as asked for by the user, in the latest transaction
  mark remove      mark names as installed for others

  -f, --file DBFILE        history database, /var/lib/tdnf/history.db by default
  -r, --rootdir ROOTDIR    root of the rpm database, / by default"""
_AUTO = {"install": False, "remove": True}


class _Wrong(Exception):
    """The command line cannot be used."""


class _Options(NamedTuple):
    file: str = Config().history_path
    rootdir: str = "/"
    help: bool = False


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit status (errors 7)."""
    ui = Ui()
    try:
        options, words = _parse(arguments)
        if options.help:
            ui.result(_HELP)
            return 0
        return _run(ui, options, words)
    except (GetoptError, _Wrong) as error:
        ui.result(_HELP)
        ui.diagnostic(f"tdnf-history-util: {error}")
        return _USAGE
    finally:
        ui.flush()


def _parse(arguments: Sequence[str]) -> tuple[_Options, list[str]]:
    given, words = gnu_getopt(list(arguments), "f:r:h", ["file=", "rootdir=", "help"])
    options = _Options()
    for name, value in given:
        if name in ("-f", "--file"):
            options = options._replace(file=value)
        elif name in ("-r", "--rootdir"):
            options = options._replace(rootdir=os.path.abspath(value))
        else:
            options = options._replace(help=True)
    return options, words


def _run(ui: Ui, options: _Options, words: list[str]) -> int:
    if not words:
        raise _Wrong("command expected")
    if words[0] in ("init", "update"):
        return _update(ui, options)
    if words[0] != "mark":
        raise _Wrong(f"unknown command '{words[0]}'")
    if len(words) < 2:
        raise _Wrong("expected 'remove' or 'install'")
    if words[1] not in _AUTO:
        raise _Wrong(f"unknown sub command '{words[1]}'")
    return _mark(ui, options, words[2:], auto=_AUTO[words[1]])


def _update(ui: Ui, options: _Options) -> int:
    try:
        from pkgman.transaction.librpm.database import RpmDatabase  # noqa: PLC0415  # it may be missing

        database = RpmDatabase(options.rootdir)
        cookie, nevras = database.cookie(), list(database.nevras())
    except (ImportError, PkgmanError) as error:
        return _failed(ui, error, _RPMDB)
    try:
        with History(options.file) as history:
            history.sync(cookie, nevras, now=time.time())
    except PkgmanError as error:
        return _failed(ui, error, _DATABASE)
    return 0


def _mark(ui: Ui, options: _Options, names: list[str], *, auto: bool) -> int:
    try:
        with History(options.file) as history:
            if not history.exists or not history.last_id:
                ui.diagnostic(f"{options.file}: there is no transaction yet; 'init' records one")
                return _DATABASE
            history.set_flags(history.last_id, dict.fromkeys(names, auto))
    except PkgmanError as error:
        return _failed(ui, error, _DATABASE)
    return 0


def _failed(ui: Ui, error: Exception, status: int) -> int:
    lines = error.lines if isinstance(error, PkgmanError) else ()
    for line in lines or (str(error),):
        ui.diagnostic(line)
    return status
