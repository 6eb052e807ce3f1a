"""Run the real command line on a pseudo-terminal and keep what it would show."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import struct
import subprocess
import termios
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.needs import pseudo_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.cli import Tdnf

TIMEOUT = 120  # seconds a command may take


@dataclass(frozen=True)
class Screen:
    """What a command wrote to its terminal, byte for byte as text, and its exit status."""

    status: int
    text: str

    @property
    def lines(self) -> list[str]:
        """What stands there in the end: of what a carriage return takes back only the last is left."""
        rows = []
        for row in self.text.split("\n"):
            shown = ""
            for piece in row.split("\r"):
                shown = piece + shown[len(piece) :]
            rows.append(shown.rstrip())
        return rows[:-1] if rows and not rows[-1] else rows

    @property
    def drawn(self) -> list[str]:
        """Every piece between carriage returns and line ends: moving lines at each of their states."""
        return [piece for piece in re.split("[\r\n]", self.text) if piece.strip()]


class Terminal:
    """A command under way on a terminal of some width."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self._process, self._master = process, master
        self._seen = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """What was shown up to now."""
        return self._seen.decode("utf-8", "surrogateescape")

    def resize(self, columns: int) -> None:
        """Give the terminal another width."""
        _resize(self._master, columns)

    def write(self, text: str) -> None:
        """Type something."""
        os.write(self._master, text.encode())

    def wait_for(self, text: str) -> None:
        """Wait until a text was shown."""
        for _ in range(TIMEOUT * 50):
            if text in self.text:
                return
            if not self._reader.is_alive():
                break
            self._reader.join(0.02)
        raise AssertionError(f"{text!r} is not in {self.text!r}")

    def end(self) -> Screen:
        """Wait for the command."""
        status = self._process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        return Screen(status, self.text)

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # what reading from a closed terminal gives
            while piece := os.read(self._master, 4096):
                self._seen += piece


@contextlib.contextmanager
def started(
    tdnf: Tdnf, *words: str | Path, columns: int = 80, stderr: int | None = None
) -> Iterator[Terminal]:
    """Give a command that runs on a terminal; ``stderr`` may go elsewhere."""
    master, slave = pseudo_terminal()
    _resize(slave, columns)
    process = subprocess.Popen(
        tdnf.command(*words),
        env=tdnf.environment(),
        stdin=slave,
        stdout=slave,
        stderr=slave if stderr is None else stderr,
    )
    os.close(slave)
    terminal = Terminal(process, master)
    try:
        yield terminal
    finally:
        process.kill()
        process.wait()
        terminal.end()
        os.close(master)


def on_terminal(tdnf: Tdnf, *words: str | Path, columns: int = 80) -> Screen:
    """Run a command on a terminal to its end."""
    with started(tdnf, *words, columns=columns) as terminal:
        return terminal.end()


def _resize(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
