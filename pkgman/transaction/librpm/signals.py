"""Hold back signals while librpm changes the system."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

    Handler = Callable[[int, FrameType | None], object] | int | None

_HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class HeldSignals:
    """A context in which nothing is interrupted; ``received`` is the first signal that came, or 0.

    An exception of a signal handler inside librpm's callback would end the process
    in the middle of a transaction. Scripts share the terminal and get a Ctrl-C as
    well: they inherit that SIGINT is ignored. Does nothing outside the main thread.
    """

    def __init__(self) -> None:
        self.received = 0
        self._active = threading.current_thread() is threading.main_thread()
        self._mask: set[int] = set()
        self._handlers: dict[int, Handler] = {}

    def __enter__(self) -> HeldSignals:
        if not self._active:
            return self
        self._mask = set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        try:
            signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
            for number in _HELD:
                ignored = number == signal.SIGINT or signal.getsignal(number) == signal.SIG_IGN
                # A blocked signal stays pending although it is ignored. Another thread does not
                # block it: there, SIGTERM's default would end the process.
                self._handlers[number] = signal.signal(number, signal.SIG_IGN if ignored else self._note)
        except BaseException:  # a signal that had come just before
            self.__exit__(None, None, None)
            raise
        return self

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.received = self.received or number

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._active:
            return
        while (pending := signal.sigtimedwait(_HELD, 0)) is not None:
            self.received = self.received or int(pending.si_signo)
        for number, handler in self._handlers.items():
            if handler is not None:  # None: a handler that is not Python's, which we cannot put back
                signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
