"""The Python API's side of a conversation: callbacks of the caller, and never a stream of the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pkgman.model.words import plain, without_passwords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pkgman.model.progress import Progress, Task

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
    width = 80

    def __init__(self, report: Report, progress: Progress, confirm: Callable[[str], bool]) -> None:
        self.answer: bool | None = None
        self.unbreakable = False
        self._report, self._progress, self._confirm = report, progress, confirm
        self._question: list[str] = []  # the last note, and the lines that belong to it

    def info(self, text: str, *, raw: bool = False) -> None:
        """Pass on progress and notes."""
        for code in _BOLD_BLACK if raw else ():
            text = text.replace(code, "")
        text = _fit(text)
        self._question = [*self._question, text] if text.startswith(_DETAIL) else [text]
        self._report.info(text)

    def result(self, text: str, *, raw: bool = False) -> None:  # noqa: ARG002
        """Pass on what is to be heard in any case."""
        self._report.result(_fit(text))

    def results(self, lines: Iterable[str]) -> None:
        """Pass on several."""
        for line in lines:
            self.result(line)

    def diagnostic(self, text: str) -> None:
        """Pass on a warning or the cause of an error."""
        self._report.diagnostic(_fit(text))

    def script_output(self, text: str) -> None:
        """Pass on a line that a package's script wrote."""
        self._report.result(plain(text))

    def document(self, value: object) -> None:
        """Drop it: nothing asks for JSON here."""

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def confirm(self) -> bool:
        """Ask the caller."""
        return self._confirm("\n".join(self._question))

    def begin(self, label: str, *, total: int, unit: str = "bytes") -> Task:
        """Announce work to the caller."""
        return self._progress.begin(label, total=total, unit=unit)


def _fit(text: str) -> str:
    return plain(without_passwords(text) if "://" in text else text)
