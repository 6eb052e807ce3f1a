"""Signals, closed pipes and other instances: nothing half done, nothing left behind."""

from __future__ import annotations

import fnmatch
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import files_of, leftovers
from tests.support.rpms import File, Rpm, host_program
from tests.support.sample import RPMS
from tests.support.server import slow, status

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.server import Server

SHELL = host_program("shell", "/bin/sh", links=("/bin/bash",))
SLOW = Rpm(
    "slow",
    files={"/usr/slow": "x\n", "/var/marks": File(kind="dir")},
    requires=("/bin/sh",),
    scripts={
        "post": "echo begun; : > /var/marks/begun\n"
        "i=0; while [ ! -e /var/marks/go ] && [ $i -lt 3000000 ]; do i=$((i+1)); done\n"
        "echo ended; : > /var/marks/ended"
    },
)
LAST = Rpm("last", files={"/usr/last": "x\n"}, requires=("slow",))
SIGNALS = [signal.SIGINT, signal.SIGTERM]
PATIENCE = 20.0  # seconds


pytestmark = pytest.mark.timeout(60)


def until(condition: Callable[[], object]) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def read_until(process: subprocess.Popen[str], text: str, *, error: bool = False) -> str:
    """Read standard output or error, letter by letter, up to a text."""
    stream = process.stderr if error else process.stdout
    assert stream
    seen = ""
    while not seen.endswith(text):
        letter = stream.read(1)
        assert letter, f"{seen!r} ends without {text!r}"
        seen += letter
    return seen


@pytest.fixture
def http(make_repo: Callable[..., Repo], server: Server, root: Root) -> Repo:
    """The sample distribution over HTTP."""
    repo = make_repo("sample", *RPMS, signed=False)
    root.add_repo(repo, baseurl=server.url("sample"), retries=0)
    return repo


@pytest.fixture
def waiting(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> Iterator[subprocess.Popen[str]]:
    """A transaction whose script waits for the file /var/marks/go."""
    offer(SHELL, SLOW, LAST)
    tdnf("install", "-y", "shell").ok()
    with tdnf.start("install", "-y", "last") as process:
        until(root.file("/var/marks/begun").exists)
        yield process
        process.kill()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_at_the_question_ends_it_and_leaves_nothing(
    tdnf: Tdnf, root: Root, sample: Repo, untouched: Callable[[], None], number: int
) -> None:
    process = tdnf.start("install", "tool")
    read_until(process, "[y/N]: ")
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number
    assert "Traceback" not in errors
    assert leftovers(root) == []
    untouched()


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("what", ["Packages/*", "*primary*", "*repomd.xml"])
def test_a_signal_during_a_download_leaves_no_half_file_and_no_lock(
    tdnf: Tdnf, root: Root, http: Repo, server: Server, untouched: Callable[[], None], number: int, what: str
) -> None:
    server.fail(f"/sample/*{what.replace('Packages/*', 'Packages/app*')}", slow(rate=300))
    process = tdnf.start("install", "-y", "app")
    until(lambda: list(root.scratch.rglob("*.tmp")) or process.poll() is not None)
    assert process.poll() is None
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number, errors
    assert "Traceback" not in errors
    assert leftovers(root) == []
    assert list(root.scratch.rglob("rpms/**/*.rpm")) == []  # those that were complete, too
    untouched()
    server.heal()
    tdnf("install", "-y", "app").ok()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_during_the_transaction_waits_until_librpm_is_done(
    tdnf: Tdnf, root: Root, waiting: subprocess.Popen[str], number: int
) -> None:
    waiting.send_signal(number)
    waiting.send_signal(number)
    time.sleep(0.1)
    assert waiting.poll() is None
    root.file("/var/marks/go").touch()
    output, errors = waiting.communicate(timeout=PATIENCE)
    assert waiting.returncode == 128 + number, errors
    assert "slow-1.0-1.noarch: ended" in output
    assert root.file("/usr/last").exists()
    assert "last-1.0-1.noarch" in root.installed
    assert root.rpm("-Va").ok().stdout == ""
    rows = tdnf("history", "-j", "--info").json
    assert sorted(rows[-1]["Added"]) == ["last-1.0-1.noarch", "slow-1.0-1.noarch"]
    assert leftovers(root) == []


def test_a_closed_standard_output_does_not_end_a_transaction(
    tdnf: Tdnf, root: Root, waiting: subprocess.Popen[str]
) -> None:
    assert waiting.stdout and waiting.stderr
    waiting.stdout.close()
    waiting.stderr.close()
    root.file("/var/marks/go").touch()
    waiting.wait(timeout=PATIENCE)
    assert "last-1.0-1.noarch" in root.installed
    assert root.file("/var/marks/ended").exists()
    assert root.rpm("-Va").ok().stdout == ""
    assert sorted(tdnf("history", "-j", "--info").json[-1]["Added"]) == [
        "last-1.0-1.noarch",
        "slow-1.0-1.noarch",
    ]
    assert leftovers(root) == []


@pytest.mark.parametrize("what", ["*primary*", "*repomd.xml", "*.rpm"])
def test_after_a_kill_during_a_download_the_next_run_works(
    tdnf: Tdnf, root: Root, http: Repo, server: Server, what: str
) -> None:
    server.fail(what, slow(rate=300))
    process = tdnf.start("install", "-y", "app")
    until(lambda: any(fnmatch.fnmatch(str(path), f"{what}*.tmp") for path in root.scratch.rglob("*.tmp")))
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert files_of(root.path) == []
    server.heal()
    tdnf("install", "-y", "app").ok()
    assert leftovers(root) == []
    assert len(root.installed) == 3


def test_after_a_kill_during_a_transaction_the_next_run_says_what_is_there(
    tdnf: Tdnf, root: Root, waiting: subprocess.Popen[str]
) -> None:
    waiting.kill()
    waiting.communicate(timeout=PATIENCE)
    root.file("/var/marks/go").touch()
    tdnf("install", "-y", "last").ok()
    assert {"last-1.0-1.noarch", "slow-1.0-1.noarch"} <= set(root.installed)
    rows = tdnf("history", "-j").json
    assert sum(row["AddedCount"] for row in rows) == len(root.installed)


def test_two_instances_wait_for_each_other(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    first = tdnf.start("install", "tool")
    read_until(first, "[y/N]: ")
    second = tdnf.start("install", "-y", "lib")
    line = read_until(second, "\n", error=True)
    assert line == f"waiting for tdnf_instance lock on {root.lock}\n"
    third = tdnf.start("install", "-y", "extras")
    read_until(third, "\n", error=True)
    assert root.installed == []
    assert first.communicate("y\n", timeout=PATIENCE)[1] == ""
    for process in (second, third):
        assert process.communicate(timeout=PATIENCE)[1] == ""
        assert process.returncode == 0
    assert root.installed == ["extras-1.0-1.noarch", "lib-2.0-1.noarch", "tool-1:1.5-2.noarch"]
    assert [row["AddedCount"] for row in tdnf("history", "-j").json] == [0, 1, 1, 1]
    assert leftovers(root) == []


def test_waiting_for_the_lock_can_be_interrupted(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    first = tdnf.start("install", "tool")
    read_until(first, "[y/N]: ")
    for number in SIGNALS:
        second = tdnf.start("install", "-y", "lib")
        read_until(second, "\n", error=True)
        second.send_signal(number)
        second.communicate(timeout=PATIENCE)
        assert second.returncode == 128 + number
    first.communicate("y\n", timeout=PATIENCE)
    assert first.returncode == 0
    assert root.installed == ["tool-1:1.5-2.noarch"]


def test_a_stale_lock_file_is_no_lock(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    (root.run / ".tdnf-instance-lockfile").write_text("999999\n")
    done = tdnf("install", "-y", "tool").ok()
    assert "waiting" not in done.stdout + done.stderr
    assert leftovers(root) == []


def test_a_daemon_that_a_script_starts_does_not_hold_the_lock(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], tmp_path: Path
) -> None:
    sleeper = host_program("sleeper", "/bin/sleep")
    daemon = Rpm(
        "daemon",
        requires=("shell", "sleeper"),
        scripts={"post": "/bin/sleep 30 & echo $! > /pid"},
    )
    offer(SHELL, sleeper, daemon)
    started = time.monotonic()
    root.file("/dev").mkdir()
    root.file("/dev/null").touch()
    tdnf("install", "-y", "daemon").ok()
    try:
        assert time.monotonic() - started < 20
        assert "waiting" not in tdnf("install", "-y", "shell").ok().stdout
    finally:
        os.kill(int(root.file("/pid").read_text()), signal.SIGKILL)


def test_a_failed_download_leaves_in_the_cache_what_was_there_before(
    tdnf: Tdnf, root: Root, http: Repo, server: Server
) -> None:
    tdnf("install", "-y", "lib", "--downloadonly").ok()
    kept = sorted(path.name for path in root.cachedir.rglob("rpms/**/*.rpm"))
    server.fail("/sample/*Packages/app*", status(404))
    tdnf("install", "-y", "app").failed(1622)
    assert sorted(path.name for path in root.cachedir.rglob("rpms/**/*.rpm")) == kept != []
    server.heal()
    tdnf("install", "-y", "app").ok()
    assert list(root.cachedir.rglob("rpms/**/*.rpm")) == []


@pytest.mark.parametrize("number", SIGNALS)
def test_in_json_mode_an_end_by_a_signal_is_a_document(
    tdnf: Tdnf, root: Root, http: Repo, server: Server, number: signal.Signals
) -> None:
    server.fail("*", slow(rate=300))
    for words in (["-j", "list"], ["list", "--json"]):
        process = tdnf.start(*words)
        until(lambda: list(root.scratch.rglob("*.tmp")))
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 128 + number
        assert out == '{"Error":1604,"ErrorMessage":"Interrupted system call"}'
        assert err.strip() in ("Interrupted.", "Terminated.")
        assert not list(root.scratch.rglob("*.tmp"))
