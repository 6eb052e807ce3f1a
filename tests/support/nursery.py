"""Thousands of runs of the command line: forked from one interpreter that has the modules loaded.

Each run is the real program from ``pkgman.__main__.start`` on, in a process of its own with its own
standard streams. Started as a script it serves runs: JSON lines in, JSON lines out.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from tests.support.cli import Root

LONGEST_RUN = 60  # seconds; what takes longer hangs
LARGEST_FILE = 64 << 20  # bytes a run may write
_LOADED = (
    "pkgman.cli", "pkgman.session", "pkgman.supply", "pkgman.config", "pkgman.repos", "pkgman.execution",
    "pkgman.errortexts", "pkgman.commands.listing", "pkgman.commands.history", "solver.pool", "solver.solve",
    "repo_meta.refresh", "repo_meta.renew", "json",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One run: the words behind ``tdnf``, its status (negative: killed by a signal) and output."""

    words: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: bytes

    def __str__(self) -> str:
        """All of it, for a failed assertion."""
        return f"tdnf {self.words!r}\nstatus {self.status}\nstdout {self.stdout!r}\nstderr {self.stderr!r}"


class Nursery:
    """Starts runs on ``root``; a context manager."""

    def __init__(self, root: Root, *, releasever: str = "1") -> None:
        from tests.support.cli import PROJECT, own_run

        self._options = ["-c", str(root.conf), "--installroot", str(root.path), "--releasever", releasever]
        self._folder = root.scratch / "cwd"
        self._folder.mkdir(exist_ok=True)
        self._server = subprocess.Popen(
            [*own_run(root.run), sys.executable, "-m", "tests.support.nursery", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=root.environment(),
            cwd=PROJECT,
            text=True,
        )

    def __call__(self, *words: str) -> Run:
        """Run ``tdnf -c … --installroot … words`` and wait."""
        assert self._server.stdin
        assert self._server.stdout
        print(json.dumps([*self._options, *words]), file=self._server.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._server.stdout.readline())
        stdout, stderr = (answer[name].encode("latin-1") for name in ("stdout", "stderr"))
        return Run(words, answer["status"], stdout, stderr)

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.close()
        self._server.wait(LONGEST_RUN)
        self._server.stdout.close()


def _serve(folder: str) -> None:
    from importlib import import_module

    from tests.support.cli import own_lock

    for name in _LOADED:
        import_module(name)
    exec(own_lock())
    for line in sys.stdin:
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            child = os.fork()
            if child == 0:
                _become(json.loads(line), folder, stdout.fileno(), stderr.fileno())
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            answer: dict[str, object] = {"status": status}
            for name, stream in (("stdout", stdout), ("stderr", stderr)):
                stream.seek(0)
                answer[name] = stream.read().decode("latin-1")
        print(json.dumps(answer), flush=True)


def _become(words: Sequence[str], folder: str, stdout: int, stderr: int) -> None:
    import resource

    from pkgman.__main__ import start

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    signal.alarm(LONGEST_RUN)  # kills: the status is then -SIGALRM
    # New ones: the parent's stand on its own pipes.
    sys.stdin = open(0)  # noqa: SIM115
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8") for number in (1, 2))  # noqa: SIM115
    sys.argv = ["tdnf", *words]
    try:
        start()
    finally:
        os._exit(99)  # an exception that nobody caught


if __name__ == "__main__":
    _serve(sys.argv[1])
