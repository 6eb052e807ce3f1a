"""What a run needs of whoever it talks to: a terminal, or a program that uses the Python API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pkgman.model.progress import Downloads

if TYPE_CHECKING:
    from collections.abc import Iterable


class Conversation(Downloads, Protocol):
    """The receiver of words and progress, and who answers questions; see also ``pkgman.model.progress``."""

    quiet: bool
    json: bool
    verbose: bool
    answer: bool | None  # to every question, without asking; None to ask
    unbreakable: bool  # a transaction runs, which a receiver that is gone must not end

    @property
    def terminal(self) -> bool:
        """Whether a person reads along."""

    @property
    def width(self) -> int:
        """Columns there are for tables."""

    def info(self, text: str, *, raw: bool = False) -> None:
        """Take progress and notes."""

    def result(self, text: str, *, raw: bool = False) -> None:
        """Take what was asked for."""

    def results(self, lines: Iterable[str]) -> None:
        """Take many result lines."""

    def diagnostic(self, text: str) -> None:
        """Take a warning or the cause of an error."""

    def waits(self, text: str) -> None:
        """Take what is waited for."""

    def script_output(self, text: str) -> None:
        """Take a line that a package's script wrote."""

    def document(self, value: object) -> None:
        """Take a result as a value, where JSON is wanted."""

    def flush(self) -> None:
        """Hand over what was said: something may take long now."""

    def confirm(self) -> bool:
        """Ask whether to go on.

        :raises EndOfInput: when there is nobody to answer.
        """
