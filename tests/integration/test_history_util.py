"""tdnf-history-util, as package scripts run it (commands 9)."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import PROJECT, Result
from tests.support.otheruser import as_nobody, checkout
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.workshop import Workshop

PROGRAM = "import sys; from pkgman.programs.history_util import main; sys.exit(main(sys.argv[1:]))"
A, B = Rpm("a", "1-1"), Rpm("b", "2:1-1")


def run(root: Root, *arguments: str | Path, unprivileged: bool = False, cwd: Path | None = None) -> Result:
    words = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    environment = {**root.environment(), "PYTHONPATH": str(checkout() if unprivileged else PROJECT)}
    command = as_nobody(words) if unprivileged else words
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=cwd, timeout=60
    )
    return Result(("tdnf-history-util", *words[3:]), done.returncode, done.stdout, done.stderr)


@pytest.fixture
def util(root: Root) -> Callable[..., Result]:
    """Run the program on the root and its history."""

    def call(*arguments: str) -> Result:
        return run(root, "-f", root.history, "--rootdir", root.path, *arguments)

    return call


@pytest.fixture
def packages(root: Root, workshop: Workshop) -> list[Path]:
    """``a`` is installed; the files of ``a`` and ``b``."""
    paths = workshop.build(A, B, signed=False)
    root.rpm("-i", str(paths[0])).ok()
    return paths


def rows(root: Root, statement: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(f"file:{root.history}?mode=ro", uri=True)
    try:
        return database.execute(statement).fetchall()
    finally:
        database.close()


TRANSACTIONS = (
    "SELECT cmdline, type, (SELECT COUNT(*) FROM trans_items WHERE trans_id = t.Id) FROM transactions t"
)
MARKS = "SELECT f.trans_id, n.name, f.value FROM flag_set f JOIN names n ON n.Id = name_id ORDER BY f.Id"


def test_init_records_what_is_installed_and_a_second_one_nothing(
    util: Callable[..., Result], root: Root, packages: list[Path]
) -> None:
    done = util("init").ok()
    assert (done.stdout, done.stderr) == ("", "")
    assert rows(root, TRANSACTIONS) == [("(set)", 0, 1)]
    assert root.history.stat().st_mode & 0o777 == 0o644
    util("init").ok()
    util("update").ok()
    assert len(rows(root, TRANSACTIONS)) == 1


@pytest.mark.parametrize("command", ["init", "update"])
def test_changes_by_others_become_an_unknown_transaction(
    util: Callable[..., Result], root: Root, packages: list[Path], command: str
) -> None:
    util(command).ok()
    root.rpm("-i", str(packages[1])).ok()
    root.rpm("-e", "a").ok()
    util(command).ok()
    assert rows(root, TRANSACTIONS) == [("(set)", 0, 1), ("(unknown)", 1, 2)]
    assert rows(root, "SELECT nevra FROM rpms ORDER BY Id") == [("a-1-1.noarch",), ("b-2:1-1.noarch",)]


def test_marks_go_into_the_newest_transaction(
    util: Callable[..., Result], root: Root, packages: list[Path]
) -> None:
    util("init").ok()
    done = util("mark", "remove", "a", "not-installed").ok()
    assert (done.stdout, done.stderr) == ("", "")
    util("mark", "install", "a", "never-marked").ok()
    assert rows(root, MARKS) == [(1, "a", 1), (1, "not-installed", 1), (1, "a", 0)]
    assert len(rows(root, TRANSACTIONS)) == 1
    util("mark", "install").ok()  # an empty list, as an old file of marks may be
    assert len(rows(root, MARKS)) == 3


def test_options_may_stand_anywhere(root: Root, packages: list[Path]) -> None:
    run(root, "init", f"--file={root.history}", "-r", root.path).ok()
    run(root, "mark", "remove", "a", "--file", root.history).ok()
    run(root, f"-f{root.history}", "mark", "install", "--", "-a").ok()
    assert rows(root, MARKS) == [(1, "a", 1)]


def test_relative_paths_are_fine(root: Root, packages: list[Path]) -> None:
    run(root, "-f", "h.db", "-r", "root", "init", cwd=root.scratch).ok()
    assert (root.scratch / "h.db").stat().st_size


def test_tdnf_goes_on_with_it(
    util: Callable[..., Result], root: Root, tdnf: Tdnf, packages: list[Path]
) -> None:
    util("init").ok()
    util("mark", "remove", "a").ok()
    assert "a " in tdnf("-y", "autoremove").ok().stdout
    assert root.installed == []
    util("update").ok()
    assert [row[0] for row in rows(root, TRANSACTIONS)][1:] == [tdnf("-j", "history").json[1]["CmdLine"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "command expected"),
        (("frob",), "unknown command 'frob'"),
        (("mark",), "expected 'remove' or 'install'"),
        (("mark", "frob", "a"), "unknown sub command 'frob'"),
        (("-x", "init"), "option -x not recognized"),
        (("init", "--frob"), "option --frob not recognized"),
        (("init", "--file"), "requires argument"),
        (("-f", "", "init"), "empty"),
    ],
)
def test_wrong_usage_is_explained(root: Root, words: tuple[str, ...], said: str) -> None:
    done = run(root, *words)
    assert done.status == 1
    assert done.stdout.startswith("Usage: tdnf-history-util")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_is_no_error(root: Root) -> None:
    done = run(root, "--help").ok()
    assert "-r, --rootdir ROOTDIR" in done.stdout
    assert done.stderr == ""


def test_without_a_transaction_there_is_nothing_to_mark_in(util: Callable[..., Result], root: Root) -> None:
    for content in (None, b""):
        if content is not None:
            root.history.parent.mkdir(parents=True)
            root.history.write_bytes(content)
        done = util("mark", "remove", "a")
        assert done.status == 255
        assert str(root.history) in done.stderr
    assert root.history.read_bytes() == b""


@pytest.mark.parametrize("command", [("init",), ("mark", "remove", "a")])
def test_a_history_that_cannot_be_used_is_255(
    util: Callable[..., Result], root: Root, packages: list[Path], command: tuple[str, ...]
) -> None:
    root.history.parent.mkdir(parents=True, exist_ok=True)
    root.history.write_bytes(b"no database" * 100)
    done = util(*command)
    assert done.status == 255
    assert str(root.history) in done.stderr
    assert "Traceback" not in done.stderr
    assert root.history.read_bytes() == b"no database" * 100


def test_a_place_that_is_not_writable_is_255(root: Root, packages: list[Path]) -> None:
    blocked = root.scratch / "file"
    blocked.write_text("")
    done = run(root, "-f", blocked / "history.db", "-r", root.path, "init")
    assert done.status == 255
    assert "Not a directory" in done.stderr or "File exists" in done.stderr


@pytest.mark.parametrize("damage", ["no folder", "no database"])
def test_an_rpm_database_that_cannot_be_read_is_3(root: Root, packages: list[Path], damage: str) -> None:
    place = root.scratch / "nowhere" if damage == "no folder" else root.path
    if damage == "no database":
        (database,) = root.path.rglob("rpmdb.sqlite")
        for extra in database.parent.glob("rpmdb.sqlite-*"):
            extra.unlink()
        database.write_bytes(b"no database" * 1000)
    done = run(root, "-f", root.history, "-r", place, "init")
    assert done.status == 3, done
    assert "Traceback" not in done.stderr
    assert not root.history.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_somebody_who_may_not_write_is_told(root: Root, packages: list[Path]) -> None:
    run(root, "-f", root.history, "-r", root.path, "init").ok()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest's own are root's alone
        os.chmod(folder, 0o755)
        path = shutil.copy(root.history, folder)
        done = run(root, "-f", path, "mark", "remove", "a", unprivileged=True)
    assert done.status == 255
    assert f"{path} and its folder must be writable" in done.stderr
