"""The only place where a run ends: argv in, exit status out.

:mod:`pkgman.getopt` reads the command line as tdnf's grammar has it, and the command table
names the one module to import. click, which knows neither abbreviations nor ``-json`` and
costs as much as all else that starts, lays out the help pages only.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from pkgman import __version__, getopt
from pkgman.commandtable import ALIASES, COMMANDS, command_named
from pkgman.model import interrupts
from pkgman.model.errors import NotRoot, PkgmanError, UsageError, system_error
from pkgman.ui import OutputFailed, Ui

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from pkgman.getopt import CommandLine

_SILENT_ZERO = (905, 1661)  # nothing to do, no data: their text is printed, the status is 0
_SIGINT = 2
_BY_SIGNAL = 128  # added to a signal's number, as shells do
_BUG = 70  # EX_SOFTWARE
_INTERRUPTED = 1604  # tdnf's number of EINTR
_GENERIC = 1000  # tdnf's generic base error


class Invocation:
    """One run: the command line as read, and the user interface it asks for."""

    def __init__(self, ui: Ui, arguments: Sequence[str], *, program: str) -> None:
        self.line: CommandLine | None = None
        self.ui = ui
        ui.json = program.endswith("tdnfj")
        if ui.json:
            ui.answer = True
        try:
            self.line = line = getopt.parse(arguments)
        except UsageError:
            self.ui.json = self.ui.json or getopt.wants_json(arguments)
            raise
        self.ui.json = self.ui.json or line.flag("json")
        self.ui.quiet, self.ui.verbose = line.flag("quiet"), line.flag("verbose")
        if line.flag("assumeyes"):
            self.ui.answer = True
        elif line.flag("assumeno") and self.ui.answer is None:
            self.ui.answer = False


def _run_command(invocation: Invocation, name: str, words: tuple[str, ...]) -> int:
    from importlib import import_module

    from pkgman.session import Session

    info = COMMANDS[name]
    if info.root and os.geteuid() != 0:
        why = "needs root, to list as well" if name == "history" else "changes the system"
        raise NotRoot(f"'{name}' {why}: run it as root, for example with sudo.")
    module = import_module(info.module)
    line = invocation.line
    assert line is not None
    for number in (signal.SIGTERM, signal.SIGHUP):  # leave nothing behind then, either
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP
            signal.signal(number, _terminate)
            interrupts.end_on(number)
    with Session(line, invocation.ui, command=name) as session:
        return int(module.run(session, words))


class Terminated(KeyboardInterrupt):
    """A signal asks us to end: everything is unwound as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__()


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)


def _start(invocation: Invocation) -> int:
    line, ui = invocation.line, invocation.ui
    assert line is not None
    if line.flag("version"):
        if ui.json:
            ui.document({"Name": "tdnf", "Version": __version__})
        else:
            ui.result(f"tdnf: {__version__}")
        return 0
    if line.flag("help"):
        _help(ui, line.words)
        return 0
    getopt.check(line)
    if not line.words:
        ui.result("You need to give some command")
        if not ui.json:
            _help(ui)
        raise UsageError(number=912)
    name = command_named(line.words[0])
    if not name:
        message = f"No such command: {line.words[0]}. Please use /usr/bin/tdnf --help"
        raise UsageError(_like(line.words[0]) if ui.terminal else (), number=912, stdout=(message,))
    return _run_command(invocation, name, line.words[1:])


def _like(word: str) -> tuple[str, ...]:
    """Return a line that names the commands which may have been meant."""
    from difflib import get_close_matches

    found = get_close_matches(word, [*COMMANDS, *ALIASES])
    return (f"Did you mean {' or '.join(found)}?",) if found else ()


def _help(ui: Ui, words: Sequence[str] = ()) -> None:
    """Print the page of the command that ``words`` name, else the usage text, in JSON mode, too."""
    as_json, ui.json = ui.json, False
    if name := command_named(words[0]) if words else "":
        from pkgman.helppage import page_lines

        ui.results(page_lines(name, ui.width))
    else:
        from pkgman.usage import usage_lines

        ui.results(usage_lines())
    ui.json = as_json


def main(arguments: Sequence[str], *, program: str = "tdnf") -> int:
    """Run one command line and return the exit status: an error's number modulo 256."""
    ui: Ui | None = None
    try:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # as the launcher leaves it
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            interrupts.end_on(signal.SIGINT)
        ui = Ui()
        status = _start(Invocation(ui, arguments, program=program))
        ui.flush()
        return status
    except PkgmanError as error:
        return _failed(ui or Ui(), error)
    except KeyboardInterrupt as error:
        return _interrupted(ui, error)
    except OutputFailed as error:
        return _unwritable(ui or Ui(), error.problem)
    except Exception as error:  # a shortage of something; or a bug: say so in one line, without a traceback
        from pkgman.model.shortage import shortage

        known = shortage(error)
        return _failed(ui or Ui(), known) if known else _bug(ui, error)


def _failed(ui: Ui, error: PkgmanError) -> int:
    try:
        ui.failure(error)
    except OutputFailed as failure:
        if isinstance(failure.problem, BrokenPipeError):
            return _silenced()
        return error.number % 256 or 1  # the status is all that is left
    if error.number in _SILENT_ZERO:
        return 0
    return error.number % 256 or 1


def _interrupted(ui: Ui | None, error: BaseException) -> int:
    number = error.number if isinstance(error, Terminated) else _SIGINT
    try:
        if ui:
            ui.diagnostic("\nInterrupted." if number == _SIGINT else "\nTerminated.")
            _document(ui, _INTERRUPTED)
    except OutputFailed:  # the terminal is gone: that may be why
        _silenced()
    return _BY_SIGNAL + number


def _document(ui: Ui, number: int) -> None:
    """Print the error object of a run that ends without one of tdnf's errors, in JSON mode."""
    if ui.json:
        from pkgman.errortexts import text_of

        ui.document({"Error": number, "ErrorMessage": text_of(number)})
        ui.flush()


def _unwritable(ui: Ui, problem: OSError) -> int:
    if isinstance(problem, BrokenPipeError):
        return _silenced()
    return _failed(ui, system_error(problem))


def _silenced() -> int:
    """End as a program does that SIGPIPE kills; nothing can be said any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141


def _bug(ui: Ui | None, error: Exception) -> int:
    line = f"Internal error: {type(error).__name__}: {error}. This is a bug in tdnf"
    if ui and ui.verbose:
        from traceback import format_exc

        ui.diagnostic(format_exc())
        line += "; please report it with the text above."
    else:
        line += "; run again with -v for the details to report."
    ui = ui or Ui()
    ui.diagnostic(line)
    _document(ui, _GENERIC)
    return _BUG
