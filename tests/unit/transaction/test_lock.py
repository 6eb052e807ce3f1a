from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from pkgman.model.progress import SILENT
from pkgman.transaction.lock import InstanceLock

if TYPE_CHECKING:
    from pathlib import Path

# Another process: POSIX locks do not count within one.
HOLDER = """
import sys
from pkgman.model.progress import SILENT
from pkgman.transaction.lock import InstanceLock
with InstanceLock(SILENT, sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""


class Teller:
    """A reporter that lets the holder go once somebody waits."""

    def __init__(self, on_result: threading.Event) -> None:
        self.results: list[str] = []
        self.diagnostics: list[str] = []
        self._event = on_result

    def info(self, text: str) -> None:
        raise AssertionError(text)

    def result(self, text: str) -> None:
        self.results.append(text)
        self._event.set()

    def diagnostic(self, text: str) -> None:
        self.diagnostics.append(text)

    def confirm(self) -> bool:
        return False

    def flush(self) -> None:
        pass


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "lockfile")


@pytest.fixture
def teller() -> Teller:
    return Teller(threading.Event())


def holder(path: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_the_file_holds_the_pid_while_the_lock_is_held_and_is_gone_afterwards(path: str) -> None:
    with InstanceLock(SILENT, path):
        with open(path) as stream:
            assert stream.read() == f"{os.getpid()}\n"
        assert os.stat(path).st_mode & 0o777 == 0o644
    assert not os.path.exists(path)


def test_a_busy_lock_is_announced_once_and_waited_for(path: str, teller: Teller) -> None:
    process = holder(path)

    def release() -> None:
        teller._event.wait()
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.close()

    thread = threading.Thread(target=release)
    thread.start()
    with InstanceLock(teller, path):
        assert process.wait() == 0
        with open(path) as stream:
            assert stream.read() == f"{os.getpid()}\n"  # a file of our own: the holder removed its file
    thread.join()
    assert process.stdout
    process.stdout.close()
    assert teller.results == [f"waiting for tdnf_instance lock on {path}"]
    assert teller.diagnostics == []
    assert not os.path.exists(path)


def test_a_file_left_by_a_dead_process_is_no_lock(path: str, teller: Teller) -> None:
    with open(path, "w") as stream:
        stream.write("99999999 and more\n")
    with InstanceLock(teller, path), open(path) as stream:
        assert stream.read() == f"{os.getpid()}\n"
    assert teller.results == []


def test_a_lock_that_cannot_be_made_is_reported_and_the_work_goes_on(tmp_path: Path, teller: Teller) -> None:
    path = str(tmp_path / "absent/lockfile")
    with InstanceLock(teller, path):
        pass
    assert teller.diagnostics == [
        f"can't create tdnf_instance lock on {path} (No such file or directory)",
        "Failed to acquire tdnf_instance lock",
    ]


def test_a_symbolic_link_is_not_followed(tmp_path: Path, teller: Teller) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "lockfile").symlink_to(victim)
    with InstanceLock(teller, str(tmp_path / "lockfile")):
        pass
    assert victim.read_text() == "precious"
    assert teller.diagnostics


def test_a_lock_file_that_vanished_is_reported(path: str, teller: Teller) -> None:
    with InstanceLock(teller, path):
        os.unlink(path)
    assert teller.diagnostics == [f"WARNING: Unable to remove lockfile({path})"]
