"""Progress of downloads: one moving line on a terminal, plain lines elsewhere (output 2.1).

Several files are under way at once. On a terminal the line at the bottom shows
the one that moved last; a file that ends leaves its own line behind.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkgman.model.progress import Task

_INTERVAL = 0.2  # seconds between two redraws


class Meter:
    """Shows tasks through ``write``; safe to call from any thread."""

    def __init__(self, write: Callable[[str], None], *, terminal: bool, shown: bool) -> None:
        self._write, self._terminal, self._shown = write, terminal, shown
        self._lock = threading.Lock()
        self._drawn = 0.0
        self._length = 0  # characters of the moving line

    def begin(self, label: str, *, total: int, unit: str = "bytes") -> Task:  # noqa: ARG002
        """Start a task; ``unit`` is for receivers that print one."""
        task = _Task(self, label, total)
        if self._shown and not self._terminal:
            with self._lock:
                self._write(f"{label} 0% 0\n")
        return task

    def moved(self, task: _Task) -> None:
        """Redraw the moving line when the last time is long enough ago."""
        if not self._shown or not self._terminal:
            return
        now = time.monotonic()
        if now - self._drawn < _INTERVAL or not self._lock.acquire(blocking=False):
            return
        try:
            self._drawn = now
            self._draw(task, "\r")
        finally:
            self._lock.release()

    def ended(self, task: _Task) -> None:
        """Leave the task's last line behind."""
        if not self._shown:
            return
        with self._lock:
            if self._terminal:
                self._draw(task, "\n")
                self._length = 0
            else:
                self._write(f"{task.label} {task.percent}% {task.done}\n\n")

    def _draw(self, task: _Task, end: str) -> None:
        text = f"{task.label:<35} {task.done:>10} {task.percent}%"
        padding = " " * max(0, self._length - len(text))
        self._length = len(text)
        self._write(f"{text}{padding}{end}")


class _Task:
    def __init__(self, meter: Meter, label: str, total: int) -> None:
        self._meter, self.label, self.total, self.done = meter, label, total, 0

    @property
    def percent(self) -> int:
        return min(100, self.done * 100 // self.total) if self.total else 100

    def advance(self, amount: int) -> None:
        self.done += amount
        self._meter.moved(self)

    def end(self) -> None:
        self._meter.ended(self)
