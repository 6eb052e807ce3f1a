"""The Python API's side of a conversation: callbacks of the caller, and never a stream of the process."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from pkgman.model.words import plain, without_passwords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pkgman.model.progress import Progress, Task

P = ParamSpec("P")
T = TypeVar("T")
_BOLD_BLACK = ("\x1b[1m", "\x1b[30m", "\x1b[0m")  # around a name, in the one line that is coloured
_DETAIL = "    "  # how lines begin that belong to the one before


class Report(Protocol):
    """The receiver of words; :data:`pkgman.model.progress.SILENT` is one that drops them."""

    def info(self, text: str) -> None:
        """Take progress and notes."""

    def result(self, text: str) -> None:
        """Take warnings about the configuration, lines of package scripts, rpm's problems."""

    def diagnostic(self, text: str) -> None:
        """Take a warning or the cause of an error."""


class Listener:
    """A :class:`~pkgman.model.conversation.Conversation` with the caller's callbacks.

    No tables are made: who calls has the solution as a value. Texts hold no
    terminal commands and no passwords of URLs. ``confirm`` gets the question as
    text, such as which key is to be imported, several lines.
    """

    quiet = True  # together with an answer: no tables
    json = False
    verbose = False
    terminal = False
    width = 80

    def __init__(self, report: Report, progress: Progress, confirm: Callable[[str], bool]) -> None:
        self.answer: bool | None = None
        self.unbreakable = False
        self._report, self._progress, self._confirm = report, progress, confirm
        self._raised: BaseException | None = None  # by a callback
        self._question: list[str] = []  # the last note, and the lines that belong to it

    def info(self, text: str, *, raw: bool = False) -> None:
        """Pass on progress and notes."""
        for code in _BOLD_BLACK if raw else ():
            text = text.replace(code, "")
        text = _fit(text)
        self._question = [*self._question, text] if text.startswith(_DETAIL) else [text]
        self._call(self._report.info, text)

    def result(self, text: str, *, raw: bool = False) -> None:  # noqa: ARG002
        """Pass on what is to be heard in any case."""
        self._call(self._report.result, _fit(text))

    def results(self, lines: Iterable[str]) -> None:
        """Pass on several."""
        for line in lines:
            self.result(line)

    def diagnostic(self, text: str) -> None:
        """Pass on a warning or the cause of an error."""
        self._call(self._report.diagnostic, _fit(text))

    def waits(self, text: str) -> None:
        """Pass on what is waited for."""
        self.result(text)

    def script_output(self, text: str) -> None:
        """Pass on a line that a package's script wrote."""
        self._call(self._report.result, plain(text))

    def document(self, value: object) -> None:
        """Drop it: nothing asks for JSON here."""

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def confirm(self) -> bool:
        """Ask the caller."""
        return self._call(self._confirm, "\n".join(self._question))

    def begin(self, label: str, *, total: int, unit: str = "bytes") -> Task:
        """Announce work to the caller."""
        begin = partial(self._progress.begin, label, total=total, unit=unit)
        return _Watched(self._call(begin), self._call)

    def expect(self, files: int, size: int) -> None:
        """Do nothing: the caller can count."""

    @contextmanager
    def callers_errors(self) -> Iterator[None]:
        """Let what a callback raised come out as it is, whatever became of it on the way."""
        self._raised = None
        try:
            yield
        except BaseException as error:
            raised, self._raised = self._raised, None
            if raised is None or raised is error:
                raise
            raise raised from None

    def _call(self, callback: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """Call the caller, and remember what it raises."""
        try:
            return callback(*given, **named)
        except BaseException as error:
            self._raised = error
            raise


class _Watched:
    """A caller's :class:`~pkgman.model.progress.Task`."""

    def __init__(self, task: Task, call: Callable[..., object]) -> None:
        self._task, self._call = task, call

    def advance(self, amount: int) -> None:
        self._call(self._task.advance, amount)

    def end(self) -> None:
        self._call(self._task.end)


def _fit(text: str) -> str:
    return plain(without_passwords(text) if "://" in text else text)
