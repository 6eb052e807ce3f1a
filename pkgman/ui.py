"""The only module that writes to the terminal or asks a question.

Message classes, streams and what ``-q`` and ``-j`` hide: tdnf contract, output 1.
"""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock  # threading costs 2 ms
from contextlib import suppress
from typing import TYPE_CHECKING

from pkgman.model.errors import EndOfInput, PkgmanError, UsageError
from pkgman.model.words import escaped, one_line, plain, without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pkgman.model.progress import Task

_YES = ("y", "yes")
_NO = ("n", "no", "")
_SILENT_NUMBERS = (100, 905, 1661)  # in JSON mode nothing is said of these


class OutputFailed(Exception):
    """Standard output or error cannot be written; no OSError, so that nobody takes it for one of a file."""

    def __init__(self, problem: OSError) -> None:
        self.problem = problem
        super().__init__(str(problem))


def _fit(text: str) -> str:
    """Make a note or a diagnostic fit to be shown: it may quote a URL, or anybody's words."""
    return plain(without_passwords(text) if "://" in text else text)


class Ui:
    """Words, tables, questions and progress for one run.

    Standard output is buffered and flushed before anything goes to standard error,
    so that a merged stream is chronological.
    """

    def __init__(self, *, quiet: bool = False, json: bool = False, verbose: bool = False) -> None:
        self.quiet, self.json, self.verbose = quiet, json, verbose
        self.answer: bool | None = None  # --assumeyes, --assumeno
        self.unbreakable = False  # a transaction runs: a closed pipe must not end it
        self._stdout, self._stderr = sys.stdout, sys.stderr
        self._progress: _Meter | None = None
        self._making = allocate_lock()  # of the meter: downloads begin in several threads
        for stream in (self._stdout, self._stderr):
            # Names and paths need not be UTF-8: what came in goes out, byte for byte.
            stream.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]

    @property
    def terminal(self) -> bool:
        """Whether a person reads standard output, not a program."""
        try:
            return self._stdout.isatty()
        except ValueError:  # it is closed
            return False

    @property
    def width(self) -> int:
        """Columns of the terminal on stdout, 80 when there is none."""
        try:
            return os.get_terminal_size(self._stdout.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def _write(self, text: str, *, error: bool = False) -> None:
        if self._progress is None:
            self._put(text, error=error)
        else:
            with self._progress.set_aside():
                self._put(text, error=error)

    def _put(self, text: str, *, error: bool = False) -> None:
        try:
            if error:
                with suppress(OSError):  # a full disk behind stdout must not hide why
                    self._stdout.flush()
                self._stderr.write(text)
                self._stderr.flush()
            else:
                self._stdout.write(text)
        except OSError as problem:
            if not self.unbreakable:
                problem.filename = problem.filename or "standard output"
                raise OutputFailed(problem) from problem

    def info(self, text: str, *, raw: bool = False) -> None:
        """Print progress and notes: hidden by ``-q`` and in JSON mode.

        Whatever would steer the terminal is taken out of every text but a ``raw`` one.
        """
        if not self.quiet and not self.json:
            self._write(f"{text if raw else _fit(text)}\n")
            self.flush()

    def result(self, text: str, *, raw: bool = False) -> None:
        """Print what was asked for: hidden in JSON mode."""
        if not self.json:
            self._write(f"{text if raw else plain(text)}\n")

    def results(self, lines: Iterable[str]) -> None:
        """Print many result lines."""
        for line in lines:
            self.result(line)

    def diagnostic(self, text: str) -> None:
        """Print a warning or the cause of an error on stderr; never hidden."""
        self._write(f"{_fit(text)}\n", error=True)

    def waits(self, text: str) -> None:
        """Say what is waited for: on stdout if that is a terminal, else on stderr; also with ``-q``.

        tdnf always takes stdout, where a program would read the line as a result.
        """
        self._write(f"{_fit(text)}\n", error=self.quiet or self.json or not self.terminal)
        self.flush()

    def script_output(self, text: str) -> None:
        """Print a line that a package's script wrote: stdout, stderr in JSON mode."""
        self._write(f"{plain(text)}\n", error=self.json)
        self.flush()

    def document(self, value: object) -> None:
        """Print one JSON document in one line, without a newline behind it (output 1.2).

        It can be read by everybody: control characters are escaped, and what is no UTF-8,
        such as a file name in Latin-1, has U+FFFD for each byte.
        """
        from json import dumps

        text = dumps(value, ensure_ascii=False, separators=(",", ":"))
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        self._write(escaped(text))

    def flush(self) -> None:
        """Hand over what was written."""
        try:
            self._stdout.flush()
        except OSError as problem:
            if not self.unbreakable:
                problem.filename = problem.filename or "standard output"
                raise OutputFailed(problem) from problem

    def confirm(self) -> bool:
        """Ask; ``-y`` and ``--assumeno`` answer without asking.

        :raises EndOfInput: when standard input ends before a usable answer.
        """
        if self.answer is not None:
            return self.answer
        while True:
            if not self.json:
                self._write("Is this ok [y/N]: ")
            self.flush()
            line = sys.stdin.readline() if sys.stdin else ""
            if not line:
                raise EndOfInput("No answer on standard input; use -y to agree or --assumeno to only look.")
            word = line.strip().lower()
            if word in _YES + _NO:
                return word in _YES

    def failure(self, error: PkgmanError) -> None:
        """Print an error's diagnostics and its final line (output 1.1)."""
        from pkgman.errortexts import text_of

        for line in error.stdout if isinstance(error, UsageError) else ():
            self._write(f"{plain(line)}\n", error=self.json)
        for line in error.lines:
            self.diagnostic(line)
        text = text_of(error.number)
        if self.json:
            if error.number not in _SILENT_NUMBERS:
                self.document({"Error": error.number, "ErrorMessage": text})
        elif error.number in (905, 1661):
            self.diagnostic(text)
        elif error.number != 100:
            self.diagnostic(f"Error({error.number}) : {text}")
        self.flush()

    def begin(self, label: str, *, total: int, unit: str = "bytes") -> Task:
        """Announce work; see :class:`pkgman.model.progress.Progress`."""
        return self._meter().begin(one_line(label), total=total, unit=unit)

    def expect(self, files: int, size: int) -> None:
        """Announce how much is to come; see :class:`pkgman.model.progress.Downloads`."""
        self._meter().expect(files, size)

    def _meter(self) -> _Meter:
        with self._making:
            if self._progress is None:
                from pkgman.meter import Meter

                shown = not self.quiet and not self.json
                terminal = self.terminal
                self._progress = Meter(
                    self._write_progress,
                    terminal=terminal,
                    shown=shown and (terminal or self.verbose),
                    width=lambda: self.width,
                )
        return self._progress

    def _write_progress(self, text: str) -> None:
        self._put(text)
        self.flush()


if TYPE_CHECKING:
    from pkgman.meter import Meter as _Meter
