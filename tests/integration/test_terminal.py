"""What is said on a terminal only, and how little of it a program reads."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.terminal import started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.cli import Root, Tdnf

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs the lock of all instances")


@contextlib.contextmanager
def busy(root: Root) -> Iterator[Callable[[], None]]:
    """Another instance runs, until the function that this gives is called."""
    with (root.run / ".tdnf-instance-lockfile").open("w") as stream:
        fcntl.lockf(stream, fcntl.LOCK_EX)
        yield lambda: fcntl.lockf(stream, fcntl.LOCK_UN)


@as_root  # others take no lock
@pytest.mark.parametrize("words", [("count",), ("-q", "count"), ("-j", "count"), ("list", "lib")])
def test_a_busy_lock_is_said_where_no_program_reads_results(look: Tdnf, words: tuple[str, ...]) -> None:
    usual = look(*words).ok()
    with busy(look.root):
        waiting = look.start(*words)
        assert waiting.stderr
        ready, _, _ = select.select([waiting.stderr], [], [], 30)
        line = waiting.stderr.readline() if ready else "nothing was said"
    out, err = waiting.communicate(timeout=30)
    assert line == f"waiting for tdnf_instance lock on {look.root.lock}\n"
    assert (out, err, waiting.returncode) == (usual.stdout, usual.stderr, 0)


@as_root
@pytest.mark.parametrize(("options", "on_screen"), [((), True), (("-q",), False), (("-j",), False)])
def test_on_a_terminal_a_busy_lock_is_a_line_of_the_screen(
    look: Tdnf, tmp_path: Path, options: tuple[str, ...], on_screen: bool
) -> None:
    line = f"waiting for tdnf_instance lock on {look.root.lock}"
    said = tmp_path / "stderr"
    with (
        said.open("w") as errors,
        busy(look.root) as release,
        started(look, *options, "count", stderr=errors.fileno()) as terminal,
    ):
        for _ in range(600):
            if line in terminal.text or line in said.read_text():
                break
            time.sleep(0.05)
        release()
        screen = terminal.end()
    assert (screen.status, screen.lines[-1].endswith("24")) == (0, True)
    assert (screen.lines[:-1], said.read_text()) == (([line], "") if on_screen else ([], f"{line}\n"))
