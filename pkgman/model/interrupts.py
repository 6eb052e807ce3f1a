"""Signals during long calls into C, after which Python would hear of them.

The command line names the signals that end a run. While a call runs that only computes, they end the
process at once, as they do by default: nothing is being written then, and the kernel gives the locks back.
The Python API names none, since a process's signals belong to its program.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

_ending: set[signal.Signals] = set()


def end_on(number: signal.Signals) -> None:
    """Let ``number``, for which a handler is installed, end the process in what is :class:`Interruptible`."""
    _ending.add(number)


class Interruptible:
    """A context for a call that computes and neither writes nor holds what must be undone."""

    def __init__(self) -> None:
        self._handlers: dict[signal.Signals, object] = {}

    def __enter__(self) -> None:
        if _ending and threading.current_thread() is threading.main_thread():
            for number in _ending:
                self._handlers[number] = signal.signal(number, signal.SIG_DFL)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # it is what signal.signal returned
        self._handlers.clear()
