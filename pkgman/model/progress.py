"""How stages tell what they do, without knowing of a terminal."""

from __future__ import annotations

from typing import Protocol


class Task(Protocol):
    """One piece of work under way."""

    def advance(self, amount: int) -> None:
        """Say that ``amount`` more units are done; may be called from any thread."""

    def end(self) -> None:
        """Say that the work is over, well or not."""


class Progress(Protocol):
    """The receiver of progress."""

    def begin(self, label: str, *, total: int, unit: str = "bytes") -> Task:
        """Announce work of ``total`` units, 0 when unknown; may be called from any thread."""


class Downloads(Progress, Protocol):
    """The receiver of progress that also learns how much is to come."""

    def expect(self, files: int, size: int) -> None:
        """Announce that the next tasks are ``files`` files of ``size`` bytes in all; (0, 0) ends that."""


class Reporter(Protocol):
    """The receiver of words (tdnf contract, output 1: classes and streams)."""

    def info(self, text: str) -> None:
        """Print progress and notes: stdout, hidden by ``-q`` and in JSON mode."""

    def result(self, text: str) -> None:
        """Print what was asked for: stdout, hidden in JSON mode only."""

    def diagnostic(self, text: str) -> None:
        """Print a warning or the cause of an error: stderr, never hidden."""

    def confirm(self) -> bool:
        """Ask ``Is this ok [y/N]:``.

        :raises EndOfInput: when standard input ends.
        """

    def flush(self) -> None:
        """Hand over what was said: something may take long now."""


class _SilentTask:
    def advance(self, amount: int) -> None:
        pass

    def end(self) -> None:
        pass


class _Silent:
    def begin(self, label: str, *, total: int, unit: str = "bytes") -> Task:  # noqa: ARG002
        return _SILENT_TASK

    def expect(self, files: int, size: int) -> None:
        pass

    def info(self, text: str) -> None:
        pass

    def result(self, text: str) -> None:
        pass

    def diagnostic(self, text: str) -> None:
        pass

    def confirm(self) -> bool:
        return False

    def flush(self) -> None:
        pass


_SILENT_TASK = _SilentTask()
SILENT = _Silent()
"""A Downloads and a Reporter that drop everything; it answers no."""
