"""Progress of downloads: one moving line on a terminal, plain lines elsewhere (output 2.1).

Several files are under way at once. On a terminal the line at the bottom shows the file that moved
last, and of all files that are expected how many are here, the rate and the time left. A file that is
complete leaves its own line behind. No line is wider than the terminal.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pkgman.layout import human

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pkgman.model.progress import Task

_INTERVAL = 0.2  # seconds between two redraws
_SPAN = 5.0  # seconds that a rate is the mean of
_LABEL = 12  # columns that a label keeps before figures are left out


class Meter:
    """Shows tasks through ``write``; safe to call from any thread.

    :param width: gives the terminal's columns, which may change meanwhile.
    """

    def __init__(
        self, write: Callable[[str], None], *, terminal: bool, shown: bool, width: Callable[[], int]
    ) -> None:
        self._write, self._terminal, self._shown, self._width = write, terminal, shown, width
        self._lock = threading.RLock()  # the handler of a signal may print, too
        self._drawn = 0.0
        self._length = 0  # columns of the moving line
        self._batch: _Batch | None = None

    def expect(self, files: int, size: int) -> None:
        """Take the next tasks for ``files`` files of ``size`` bytes in all; none end that."""
        with self._lock:
            self._batch = _Batch(files, size) if files else None

    def begin(self, label: str, *, total: int, unit: str = "bytes") -> Task:  # noqa: ARG002
        """Start a task; ``unit`` is for receivers that print one."""
        with self._lock:
            task = _Task(self, label, total, self._batch)
            if self._shown and not self._terminal:
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
            whole = task.batch or task
            rate = whole.speed(now)
            left = (whole.total - whole.received) / rate if rate and whole.total else -1.0
            self._draw(task, (_percent(whole), _amount(whole.received), _rate(rate), _duration(left)), "\r")
        finally:
            self._lock.release()

    def ended(self, task: _Task) -> None:
        """Leave the line of a complete task behind; one that was cut short will be told or tried again."""
        with self._lock:
            complete = task.done >= task.total
            if task.batch:
                task.batch.ended(task, complete=complete)
            if not self._shown:
                return
            if not self._terminal:
                self._write(f"{task.label} {task.percent}% {task.done}\n\n")
            elif complete:
                seconds = time.monotonic() - task.start
                figures = (_percent(task), _amount(task.done), _rate(task.done / seconds if seconds else 0))
                self._draw(task, (*figures, _duration(seconds)), "\n")
            else:
                self._clear()

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Give a context in which others may write lines: the moving one is gone, and does not come."""
        with self._lock:
            self._clear()
            yield

    def _clear(self) -> None:
        if self._length:
            self._write(f"\r{' ' * min(self._length, self._width() - 1)}\r")
            self._length = 0

    def _draw(self, task: _Task, figures: Sequence[str], end: str) -> None:
        head = f"({task.batch.finished}/{task.batch.files}) " if task.batch else ""
        text = _line(head, task.label, figures, max(1, self._width() - 1))
        length = _columns(text)
        padding = " " * max(0, min(self._length, self._width() - 1) - length)
        self._length = 0 if end == "\n" else length
        self._write(f"{text}{padding}{end}")


class _Measured:
    """Something that grows towards ``total`` bytes, 0 when unknown."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.start = time.monotonic()
        self._samples = deque([(self.start, 0)])

    @property
    def received(self) -> int:
        """Bytes up to now."""
        raise NotImplementedError

    def speed(self, now: float) -> float:
        """Return bytes per second over the last moments."""
        while len(self._samples) > 1 and now - self._samples[0][0] > _SPAN:
            self._samples.popleft()
        then, before = self._samples[0]
        self._samples.append((now, self.received))
        return max(0.0, self.received - before) / (now - then) if now > then else 0.0


class _Batch(_Measured):
    """Files that are fetched together."""

    def __init__(self, files: int, size: int) -> None:
        super().__init__(size)
        self.files, self.finished = files, 0
        self._complete = 0  # bytes
        self._active: dict[_Task, None] = {}

    @property
    def received(self) -> int:
        return self._complete + sum(task.done for task in self._active)

    def began(self, task: _Task) -> None:
        self._active[task] = None

    def ended(self, task: _Task, *, complete: bool) -> None:
        self._active.pop(task, None)
        if complete:
            self.finished = min(self.files, self.finished + 1)
            self._complete += task.done


class _Task(_Measured):
    def __init__(self, meter: Meter, label: str, total: int, batch: _Batch | None) -> None:
        super().__init__(total)
        self._meter, self.label, self.batch, self.done = meter, label, batch, 0
        if batch:
            batch.began(self)

    @property
    def received(self) -> int:
        return self.done

    @property
    def percent(self) -> int:
        return min(100, self.done * 100 // self.total) if self.total else 100

    def advance(self, amount: int) -> None:
        self.done += amount
        self._meter.moved(self)

    def end(self) -> None:
        self._meter.ended(self)


def _percent(whole: _Measured) -> str:
    return f"{min(100, whole.received * 100 // whole.total):>3}%" if whole.total else " " * 4


def _amount(size: int) -> str:
    return f"{human(size):>8}"


def _rate(rate: float) -> str:
    return f"{human(int(rate)):>8}/s"


def _duration(seconds: float) -> str:
    """Format ``m:ss`` or ``h:mm:ss``; blanks for less than nothing, which means unknown."""
    if not 0 <= seconds < 360_000:
        return " " * 7
    minutes, second = divmod(int(seconds + 0.5), 60)
    hour, minute = divmod(minutes, 60)
    return f"{f'{hour}:{minute:02}:{second:02}' if hour else f'{minute}:{second:02}':>7}"


def _line(head: str, label: str, figures: Sequence[str], width: int) -> str:
    """Return a line of at most ``width`` columns: the last figures go first, then letters of the label."""
    shown = list(figures)
    while shown and width - len(head) - len(" ".join(shown)) - 1 < _LABEL:
        shown.pop()
    tail = " ".join(("", *shown))
    return f"{_fitted(f'{head}{label}', width - len(tail))}{tail}"


def _fitted(text: str, width: int) -> str:
    """Cut or fill a text to ``width`` columns."""
    while _columns(text) > width:
        text = text[:-1]
    return text + " " * (width - _columns(text))


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # noqa: PLC0415  # it is seldom needed

    return sum(0 if combining(letter) else 1 + (east_asian_width(letter) in "WF") for letter in text)
