"""tdnf-history-util (commands 9)."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import PROJECT, own_lock, own_run
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

Run = subprocess.CompletedProcess[str]


@pytest.fixture
def util(root: Root) -> Callable[..., Run]:
    """The program on the root's database: ``util("init")``."""

    def run(*words: str, bare: bool = False) -> Run:
        code = "import sys; from pkgman.programs.history_util import main; sys.exit(main(sys.argv[1:]))"
        options = [] if bare else ["-f", str(root.history), "--rootdir", str(root.path)]
        command = [*own_run(root.run), sys.executable, "-c", own_lock() + code, *options, *words]
        environment = root.environment() | {"PYTHONPATH": str(PROJECT)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def flags(root: Root) -> list[tuple[str, int, int]]:
    database = sqlite3.connect(root.history)
    try:
        statement = (
            "SELECT n.name, f.value, f.trans_id FROM flag_set f JOIN names n ON n.Id = name_id ORDER BY f.Id"
        )
        return database.execute(statement).fetchall()
    finally:
        database.close()


def test_init_records_the_rpm_database_once(
    util: Callable[..., Run], tdnf: Tdnf, root: Root, workshop: Workshop
) -> None:
    root.rpm("-i", str(workshop.build(Rpm("one"), signed=False)[0])).ok()
    for _ in range(2):
        done = util("init")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (entry,) = tdnf("-j", "history").json
    assert (entry["CmdLine"], entry["AddedCount"]) == ("(set)", 1)
    root.rpm("-i", str(workshop.build(Rpm("two"), signed=False)[0])).ok()
    assert util("update").returncode == 0
    assert [item["CmdLine"] for item in tdnf("-j", "history").json] == ["(set)", "(unknown)"]


def test_mark_changes_the_latest_transaction_and_takes_any_name(
    util: Callable[..., Run], root: Root, tdnf: Tdnf
) -> None:
    util("init")
    assert util("mark", "remove", "lib", "not-installed").returncode == 0
    assert util("mark", "install", "lib").returncode == 0
    assert flags(root) == [("lib", 1, 1), ("not-installed", 1, 1), ("lib", 0, 1)]
    assert len(tdnf("-j", "history").json) == 1


def test_mark_without_a_transaction_is_a_failure_of_the_database(
    util: Callable[..., Run], root: Root
) -> None:
    done = util("mark", "install", "lib")
    assert done.returncode == 255
    assert str(root.history) in done.stderr
    assert not root.history.exists()


def test_a_damaged_history_is_a_failure_of_the_database(util: Callable[..., Run], root: Root) -> None:
    root.history.parent.mkdir(parents=True, exist_ok=True)
    root.history.write_bytes(b"no database at all" * 100)
    for words in (("init",), ("mark", "install", "lib")):
        done = util(*words)
        assert done.returncode == 255
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "command expected"),
        (("frobnicate",), "unknown command 'frobnicate'"),
        (("mark",), "expected 'remove' or 'install'"),
        (("mark", "lib"), "unknown sub command 'lib'"),
        (("--nonesuch",), "option --nonesuch not recognized"),
    ],
)
def test_wrong_usage_is_explained(util: Callable[..., Run], words: tuple[str, ...], said: str) -> None:
    done = util(*words, bare=True)
    assert done.returncode == 1
    assert done.stdout.startswith("Usage: tdnf-history-util")
    assert said in done.stderr


def test_what_it_marks_autoremove_removes(
    util: Callable[..., Run], root: Root, tdnf: Tdnf, sample: Repo
) -> None:
    tdnf("-y", "install", "lib").ok()
    assert util("mark", "remove", "lib").returncode == 0
    tdnf("-y", "autoremove").ok()
    assert root.installed == []
