"""What is said on a terminal only, and how little of it a program reads."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.rpms import Rpm
from tests.support.server import slow, truncated
from tests.support.terminal import on_terminal, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.server import Server

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


UPDATES = [
    "Package     Available  Installed  Repository",
    "app.noarch  2.0-1      1.0-1      main",
    "app.noarch  3.0-1      1.0-1      second",
    "lib.noarch  2.0-1      1.0-1      main",
]


@pytest.mark.parametrize("options", [(), ("-q",), ("-v",)])
def test_a_person_sees_what_is_installed_beside_each_update(look: Tdnf, options: tuple[str, ...]) -> None:
    screen = on_terminal(look, *options, "check-update")
    assert (screen.status, screen.lines[-4:]) == (0, UPDATES)
    assert on_terminal(look, "check-upgrade", "tool").lines == []
    assert on_terminal(look, "check-update", "nosuch").lines == []


def test_a_narrow_terminal_breaks_a_row_between_its_fields(look: Tdnf) -> None:
    screen = on_terminal(look, "check-update", "lib", columns=20)
    assert screen.lines[-2:] == ["lib.noarch  2.0-1", "  1.0-1  main"]
    assert max(map(len, screen.lines)) <= 20


def test_the_terminal_changes_neither_status_nor_documents(look: Tdnf, tmp_path: Path) -> None:
    compat = tmp_path / "compat.conf"
    compat.write_text(look.root.conf.read_text() + "dnf_check_update_compat=1\n")
    screen = on_terminal(look, "-c", compat, "check-update")
    assert (screen.status, screen.lines) == (100, UPDATES)
    assert on_terminal(look, "-c", compat, "check-update", "tool").status == 0
    assert on_terminal(look, "-j", "check-update").text == look("-j", "check-update").ok().stdout


def test_of_several_installed_instances_the_newest_that_is_older_is_shown(
    root: Root, tdnf: Tdnf, make_repo: Callable[..., Repo]
) -> None:
    versions = ("1.0-1", "3.0-1", "2.0-1", "4.0-1")
    repo = make_repo("many", *(Rpm("multi", version) for version in versions), signed=False)
    root.configure(installonlypkgs="multi")
    root.add_repo(repo)
    tdnf("install", "-y", "multi-1.0", "multi-3.0").ok()
    pairs = [line.split()[1:3] for line in on_terminal(tdnf, "check-update").lines[1:]]
    assert sorted(pairs) == [["2.0-1", "1.0-1"], ["3.0-1", "1.0-1"], ["4.0-1", "3.0-1"]]


FILES = [
    Rpm(name, files={f"/usr/share/{name}": letter * 400_000}, payload="w.ufdio")
    for name, letter in (("alpha", "a"), ("beta", "b"), ("gamma-tools", "c"))
]


@pytest.fixture
def slowly(root: Root, tdnf: Tdnf, make_repo: Callable[..., Repo], server: Server) -> Tdnf:
    """The program with three packages whose transfer takes about a second each."""
    root.add_repo(make_repo("slow", *FILES, signed=False), baseurl=server.url("slow"))
    server.fail("*.rpm", slow(rate=400_000))
    tdnf("makecache").ok()
    return tdnf


@pytest.mark.parametrize("columns", [30, 80, 150])
def test_a_download_shows_files_rate_and_time_left(slowly: Tdnf, columns: int) -> None:
    words = ("install", "-y", "--downloadonly", "alpha", "beta", "gamma-tools")
    screen = on_terminal(slowly, *words, columns=columns)
    assert screen.status == 0, screen.text
    drawn = [line for line in screen.drawn if re.match(r"\(\d/3\) ", line)]
    assert all(len(line) < columns for line in drawn)
    left = [line for line in screen.lines if re.match(r"\(\d/3\) ", line)]
    assert [line.split()[0] for line in left] == ["(1/3)", "(2/3)", "(3/3)"]
    assert {line.split()[1][:7] for line in left} == {"alpha", "beta", "gamma-t"}
    assert all("100%" in line for line in left)
    moving = [line for line in drawn if "100%" not in line]
    assert moving
    if columns >= 80:
        assert re.fullmatch(r"\(\d/3\) \S+ +\d+% +[\d.]+[bkM] +[\d.]+[bkM]/s +\d:\d\d *", moving[-1])


@pytest.mark.parametrize("option", ["-q", "-j"])
def test_nothing_moves_with_quiet_or_json(slowly: Tdnf, option: str) -> None:
    screen = on_terminal(slowly, option, "install", "-y", "--downloadonly", "alpha")
    assert screen.status == 0, screen.text
    assert not re.search(r"%|\(\d/|\r[^\n]|[kM]/s", screen.text)


def test_nothing_moves_in_a_pipe(slowly: Tdnf) -> None:
    done = slowly("install", "-y", "--downloadonly", "alpha").ok()
    assert not re.search(r"%|\(\d/|\r|/s", done.stdout + done.stderr)


def test_a_file_that_was_cut_off_is_counted_once_and_its_note_has_a_line_of_its_own(
    slowly: Tdnf, server: Server
) -> None:
    server.heal()
    server.fail("*alpha*.rpm", truncated(200_000, times=1))
    screen = on_terminal(slowly, "install", "-y", "--downloadonly", "alpha", "beta")
    assert screen.status == 0, screen.text
    left = [line.split()[0] for line in screen.lines if "100%" in line]
    assert left == ["(1/2)", "(2/2)"]
    (note,) = (line for line in screen.lines if "retrying" in line)
    assert note == "retrying 1/10"
