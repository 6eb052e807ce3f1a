"""history undo, redo, rollback, list and info (commands 6, output 4.8)."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import continue_from, documents
from tests.support.cli import Root, Tdnf
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

BASE = Rpm("base")
LIB = Rpm("lib", "1.0-1")
LIB_2 = Rpm("lib", "2.0-1")
APP = Rpm("app", "1:1.0-1", requires=("lib",))
SHIELD = Rpm("shield", "1.0-1")
SHIELD_2 = Rpm("shield", "2.0-1")
ALL = (BASE, LIB, LIB_2, APP, SHIELD, SHIELD_2)
QUESTION = "Is this ok [y/N]: "


@pytest.fixture(scope="session")
def made(
    published: Callable[..., Repo], workshop: Workshop, tmp_path_factory: pytest.TempPathFactory
) -> Root:
    """What ``past`` is a copy of."""
    root = Root(tmp_path_factory.mktemp("past"), settings={"clean_requirements_on_remove": False})
    root.add_repo(published("test", *ALL))
    root.rpm("-i", str(workshop.build(BASE, signed=False)[0])).ok()
    tdnf = Tdnf(root)
    tdnf("history", "init").ok()
    tdnf("-y", "install", "app", "lib=1.0").ok()
    tdnf("mark", "remove", "lib").ok()
    tdnf("-y", "update", "lib").ok()
    tdnf("-y", "erase", "app").ok()
    return root


@pytest.fixture
def past(made: Root, tdnf: Tdnf, root: Root) -> Tdnf:
    """1 the base set; 2 installs app and lib 1.0; 3 marks lib; 4 updates lib; 5 removes app."""
    continue_from(made, root)
    root.configure(clean_requirements_on_remove=False)
    return tdnf


def names(root: Root) -> list[str]:
    return [nevra.rpartition("-")[0] for nevra in root.installed]


def rows(root: Root, statement: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(root.history)
    try:
        return database.execute(statement).fetchall()
    finally:
        database.close()


def count(root: Root) -> int:
    (found,) = rows(root, "SELECT COUNT(*) FROM transactions")
    assert isinstance(found[0], int)
    return found[0]


def flags(root: Root) -> dict[object, object]:
    statement = "SELECT n.name, f.value FROM flag_set f JOIN names n ON n.Id = f.name_id ORDER BY f.Id"
    return dict(row[:2] for row in rows(root, statement))  # type: ignore[misc]


def test_undo_takes_one_transaction_back(past: Tdnf, root: Root) -> None:
    done = past("-y", "history", "undo", "5").ok()
    assert "Installing:" in done.stdout
    assert "Installing/Updating: app-1:1.0-1.noarch" in done.lines
    assert names(root) == ["app-1:1.0", "base-1.0", "lib-2.0"]
    assert past("-j", "history", "list", "6").json[0]["CmdLine"].endswith("-y history undo 5")


def test_undo_of_a_range_takes_all_of_it_back(past: Tdnf, root: Root) -> None:
    past("-y", "history", "undo", "2-5").ok()
    assert names(root) == ["base-1.0"]


def test_undo_of_an_update_is_a_downgrade(past: Tdnf, root: Root) -> None:
    done = past("-y", "history", "undo", "4").ok()
    assert "Downgrading:" in done.stdout
    assert names(root) == ["base-1.0", "lib-1.0"]


def test_redo_applies_a_change_again(past: Tdnf, root: Root) -> None:
    past("-y", "history", "undo", "4-5").ok()
    past("-y", "history", "redo", "4").ok()
    assert names(root) == ["app-1:1.0", "base-1.0", "lib-2.0"]


def test_rollback_goes_to_the_state_after_a_transaction_with_its_marks(past: Tdnf, root: Root) -> None:
    past("mark", "install", "lib").ok()
    past("-y", "history", "rollback", "2").ok()
    assert names(root) == ["app-1:1.0", "base-1.0", "lib-1.0"]
    assert flags(root)["lib"] == 0
    past("-y", "history", "rollback", "3").ok()
    assert flags(root)["lib"] == 1


def test_from_and_to_go_before_the_numbers(past: Tdnf, root: Root) -> None:
    past("-y", "history", "undo", "2", "--from", "5").ok()
    assert "app-1:1.0" in names(root)
    past("-y", "history", "rollback", "--to", "1").ok()
    assert names(root) == ["base-1.0"]


@pytest.mark.parametrize(
    "words",
    [
        *(("undo", text) for text in ("1", "0", "3-2", "-3", "x")),
        ("undo",),
        ("redo", "1-3"),
        ("rollback",),
        ("rollback", "-1"),
    ],
)
def test_an_impossible_range_is_refused(past: Tdnf, root: Root, words: tuple[str, ...]) -> None:
    before = root.installed
    done = past("-y", "history", "--", *words).failed(1622)
    assert "transaction" in done.stderr.splitlines()[0]
    assert root.installed == before


@pytest.mark.parametrize("words", [("rollback", "99"), ("undo", "6"), ("redo", "2-6"), ("undo", "last-5")])
def test_an_id_beyond_the_history_is_no_transaction(past: Tdnf, root: Root, words: tuple[str, ...]) -> None:
    before = root.installed
    assert "no such transaction: " in past("-y", "history", *words).failed(1622).stderr
    assert root.installed == before


def test_last_counts_from_the_newest_transaction(past: Tdnf, root: Root) -> None:
    """Of the history as it is listed, whatever happened outside meanwhile."""
    assert [item["Id"] for item in past("-j", "history", "list", "last").json] == [5]
    assert [item["Id"] for item in past("-j", "history", "info", "last-3").json] == [2]
    root.rpm("-e", "base").ok()
    past("-y", "history", "undo", "last").ok()
    assert names(root) == ["app-1:1.0", "lib-2.0"]
    past("-y", "history", "rollback", "--to", "last-5").ok()
    assert names(root) == ["app-1:1.0", "base-1.0", "lib-1.0"]


def test_what_no_repository_has_is_listed_and_nothing_is_done(
    past: Tdnf, root: Root, workshop: Workshop
) -> None:
    root.rpm("-i", str(workshop.build(Rpm("stray", "3-1"), signed=False)[0])).ok()
    past("history", "init").ok()
    root.rpm("-e", "stray").ok()
    before = root.installed
    done = past("-y", "history", "rollback", "6").failed(1011)
    assert done.stdout == (
        "The following packages could not be resolved:\n\nstray-3-1.noarch\n\n"
        "The package(s) may have been moved out of the enabled repositories since the\n"
        "last time they were installed. You may be able to resolve this by enabling\n"
        "additional repositories.\n"
    )
    assert root.installed == before
    as_json = past("-j", "-y", "history", "rollback", "6").failed()
    assert as_json.stdout == '{"Error":1011,"ErrorMessage":"No matching packages"}'


def test_only_marks_differ_no_table_but_a_question_and_a_row(past: Tdnf, root: Root) -> None:
    past("mark", "install", "lib").ok()
    before = count(root)
    done = past("history", "undo", "6", stdin="y\n").ok()
    assert done.stdout == f"{QUESTION}Testing transaction\nRunning transaction\n"
    assert count(root) == before + 1
    assert flags(root)["lib"] == 1


def test_only_marks_differ_is_an_empty_object_in_json(past: Tdnf, root: Root) -> None:
    past("mark", "install", "lib").ok()
    assert past("-j", "-y", "history", "undo", "6").ok().stdout == "{}"


@pytest.mark.parametrize("options", [("-j", "--assumeno"), ("-j",)])
def test_a_no_in_json_mode_executes_nothing(past: Tdnf, root: Root, options: tuple[str, ...]) -> None:
    before, installed = count(root), root.installed
    done = past(*options, "history", "undo", "5", stdin="n\n").ok()
    assert list(documents(done)[0]) == ["Install"]
    assert (count(root), root.installed) == (before, installed)


@pytest.mark.parametrize("option", ["--testonly", "--downloadonly"])
def test_a_rehearsal_adds_no_row(past: Tdnf, root: Root, option: str) -> None:
    before, installed = count(root), root.installed
    past("-y", option, "history", "undo", "5").ok()
    assert (count(root), root.installed) == (before, installed)


def test_what_is_met_already_is_passed_over(past: Tdnf, root: Root) -> None:
    root.rpm("-e", "lib").ok()  # what undoing the update would take away is gone
    past("-y", "history", "undo", "2").ok()
    assert names(root) == ["base-1.0"]


def test_a_change_outside_is_recorded_before_the_way_is_computed(past: Tdnf, root: Root) -> None:
    root.rpm("-e", "base").ok()
    past("-y", "history", "rollback", "5").ok()
    assert names(root) == ["base-1.0", "lib-2.0"]
    commands = [row[0] for row in rows(root, "SELECT cmdline FROM transactions ORDER BY Id")]
    assert commands[5] == "(unknown)"


def test_nothing_but_what_the_root_has_is_recorded(past: Tdnf, root: Root) -> None:
    past("-y", "history", "undo", "5").ok()
    known = {row[0] for row in rows(root, "SELECT nevra FROM rpms")}
    assert known == {"base-1.0-1.noarch", "app-1:1.0-1.noarch", "lib-1.0-1.noarch", "lib-2.0-1.noarch"}


def test_without_a_history_there_is_no_way_back(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    for words in (("undo", "2"), ("redo", "2"), ("rollback", "1"), ("list",)):
        assert "history init" in tdnf("history", *words).failed(1802).stderr
    assert not root.history.exists()


def test_a_protected_package_may_change_its_version_but_not_go(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(*ALL)
    tdnf("history", "init").ok()
    tdnf("-y", "install", "shield=1.0").ok()
    tdnf("-y", "update", "shield").ok()
    (root.conf.parent / "protected.d").mkdir()
    (root.conf.parent / "protected.d/x.conf").write_text("shield\n")
    tdnf("-y", "history", "undo", "3").ok()
    assert names(root) == ["shield-1.0"]
    assert "package shield is protected" in tdnf("-y", "history", "rollback", "1").failed(1030).stderr


def test_a_package_that_is_needed_besides_comes_as_a_dependency(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], workshop: Workshop
) -> None:
    offer(*ALL)
    root.rpm("-i", "--nodeps", str(workshop.build(APP, signed=False)[0])).ok()
    tdnf("history", "init").ok()
    tdnf("-y", "erase", "app").ok()
    tdnf("-y", "history", "undo", "2").ok()
    assert names(root) == ["app-1:1.0", "lib-2.0"]
    assert flags(root) == {"lib": 1}


def test_an_epoch_of_zero_that_a_header_states_is_no_other_version(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("zero", "0:1-1"))
    tdnf("history", "init").ok()
    tdnf("-y", "install", "zero").ok()
    tdnf("-y", "erase", "zero").ok()
    tdnf("-y", "history", "undo", "3").ok()
    assert names(root) == ["zero-0:1"]
    assert "Nothing to do." in tdnf("-y", "history", "rollback", "2").ok().stderr


def test_info_shows_what_came_and_went(past: Tdnf, root: Root) -> None:
    lines = past("history", "info", "4-5").ok().lines
    assert lines[0].startswith("ID   cmd line")
    assert lines[2:4] == ["added: lib-2.0-1.noarch", "removed: lib-1.0-1.noarch"]
    assert lines[6] == "removed: app-1:1.0-1.noarch"
    (item,) = past("-j", "history", "--info", "list", "4").json
    assert list(item) == ["Id", "CmdLine", "TimeStamp", "AddedCount", "RemovedCount", "Added", "Removed"]
    assert item["Added"] == ["lib-2.0-1.noarch"]


def test_lists_take_ranges_and_turn_round(past: Tdnf) -> None:
    def ids(*words: str) -> list[int]:
        return [item["Id"] for item in past("-j", "history", *words).json]

    assert ids() == ids("list") == ids("delete", "3-x") == ids("3") == [1, 2, 3, 4, 5]
    assert ids("list", "3-4") == ids("--from", "3", "--to", "4") == [3, 4]
    assert ids("list", "--to", "4") == [1, 2, 3, 4, 5]
    assert ids("list", "4-99", "--reverse") == [5, 4]
    for words in (("list", "4-3"), ("list", "77"), ("list", "--from", "-2")):
        past("history", *words).failed(1622)


def test_a_failed_transaction_leaves_no_row(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(BASE, Rpm("bad", scripts={"pre -p <lua>": "error('no')"}))
    tdnf("history", "init").ok()
    tdnf("-y", "install", "bad").failed(1525)
    assert count(root) == 1


def test_a_history_of_tdnf_itself_is_read_and_continued(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], tmp_path: Path
) -> None:
    """As tdnf writes it: no flag tables yet, ids reused, a transaction of the Python module without words."""
    offer(*ALL)
    tdnf("-y", "install", "lib=1.0").ok()
    cookie = rows(root, "SELECT cookie FROM transactions ORDER BY Id DESC LIMIT 1")[0][0]
    root.history.unlink()
    database = sqlite3.connect(root.history)
    database.executescript(f"""
        CREATE TABLE rpms(Id INTEGER PRIMARY KEY AUTOINCREMENT, nevra TEXT);
        CREATE TABLE transactions(Id INTEGER PRIMARY KEY AUTOINCREMENT, cookie TEXT, cmdline TEXT,
            timestamp INTEGER, type INTEGER);
        CREATE TABLE trans_items(Id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER, type INTEGER,
            rpm_id INTEGER);
        INSERT INTO rpms(nevra) VALUES ('lib-2.0-1.noarch'), ('lib-1.0-1.noarch');
        INSERT INTO transactions(cookie, cmdline, timestamp, type) VALUES
            ('one', '(set)', 1577836800, 0), ('two', '-y downgrade lib', 1577836900, 1),
            ('{cookie}', NULL, 1577837000, 1);
        INSERT INTO trans_items(trans_id, type, rpm_id) VALUES (1, 0, 1), (2, 1, 2), (2, 2, 1);
    """)
    database.close()
    lines = tdnf("history", "list").ok().lines
    assert [line.split()[1] for line in lines[1:]] == ["(set)", "-y", "(none)"]
    tdnf("-y", "history", "undo", "2").ok()
    assert names(root) == ["lib-2.0"]
    assert rows(root, "SELECT COUNT(*) FROM rpms") == [(2,)]
    last = "SELECT type, rpm_id FROM trans_items WHERE trans_id = 4 ORDER BY type"
    assert rows(root, last) == [(1, 1), (2, 2)]


@pytest.mark.parametrize("content", [b"", b"no database at all", b"SQLite format 3\0" + bytes(200)])
def test_a_damaged_history_is_an_error_of_the_history(
    tdnf: Tdnf, root: Root, sample: Repo, content: bytes
) -> None:
    root.history.parent.mkdir(parents=True, exist_ok=True)
    root.history.write_bytes(content)
    done = tdnf("history", "undo", "2").failed(1801 if content else 1802)
    assert "Traceback" not in done.stderr


DAMAGES = {
    "no database": lambda data: b"no database at all" * 500,
    "cut off": lambda data: data[: len(data) // 2],
    "zeros in the middle": lambda data: data[:4096] + bytes(2048) + data[6144:],
    "another name of a column": lambda data: data.replace(b"nevra TEXT", b"nevrx TEXT"),
    "no text": lambda data: data.replace(b"CREATE TABLE rpms", b"CREATE TABLE rp\xa0s").replace(
        b"tablerpmsrpms", b"tablerp\xa0srp\xa0s"
    ),
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_a_damaged_history_is_told_set_aside_and_begun_anew(past: Tdnf, root: Root, damage: str) -> None:
    before, damaged = root.installed, DAMAGES[damage](root.history.read_bytes())
    root.history.write_bytes(damaged)
    for words in (("history", "list"), ("repoquery", "--userinstalled")):
        done = past(*words)
        assert done.status in (0, 1801 % 256), str(done)  # an undamaged part may still be listed
        assert "Internal error" not in done.stderr
        assert root.history.read_bytes() == damaged
    done = past("-y", "install", "app").failed(1801)
    aside = root.history.with_name("history.db.damaged")
    assert f"It is {aside} now." in done.stderr
    assert root.installed == before
    assert aside.read_bytes() == damaged
    past("-y", "install", "app").ok()
    assert past("-j", "history").json[0]["CmdLine"] == "(set)"
    root.history.write_bytes(damaged)
    past("-y", "remove", "app").failed(1801)
    assert root.history.with_name("history.db.damaged-2").exists()


HALF_A_WRITE = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size = 1")  # so that pages are written before the end
database.execute("BEGIN")
database.execute("UPDATE rpms SET nevra = 'x' || nevra")
database.executemany("INSERT INTO rpms(nevra) VALUES (?)", [(f"{n}-1-1.noarch",) for n in range(5000)])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    "words", [("-j", "history"), ("-j", "repoquery", "--userinstalled"), ("-j", "-y", "remove", "app")]
)
def test_what_a_killed_writer_left_is_taken_back(past: Tdnf, root: Root, words: tuple[str, ...]) -> None:
    before, whole = past("-j", "history").json, root.history.read_bytes()
    journal = root.history.with_name("history.db-journal")
    killed = subprocess.run([sys.executable, "-c", HALF_A_WRITE, str(root.history)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert journal.exists() and root.history.read_bytes() != whole
    past(*words).ok()
    assert not journal.exists()
    assert past("-j", "history").json[: len(before)] == before
    assert not list(root.history.parent.glob("history.db.damaged*"))


@pytest.mark.parametrize(
    "row",
    [
        "UPDATE trans_items SET rpm_id = 999 WHERE Id = 1",
        "UPDATE trans_items SET type = 'x' WHERE Id = 1",
        "UPDATE rpms SET nevra = NULL",
        "UPDATE flag_set SET value = 'maybe'",
        "UPDATE flag_set SET name_id = 77",
    ],
)
def test_wrong_rows_are_damage_when_something_depends_on_them(past: Tdnf, root: Root, row: str) -> None:
    with sqlite3.connect(root.history) as database:
        database.execute(row)
    database.close()
    past("history", "list").ok()
    before = root.installed
    done = past("-y", "install", "app").failed(1801)
    assert "the history is damaged: " in done.stderr
    assert root.installed == before
    past("-y", "install", "app").ok()


def test_a_change_of_the_epoch_alone_can_be_undone_and_done_again(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("thing", "1-1", files={"/usr/share/thing": "old\n"}), id="first")
    tdnf("-y", "install", "thing").ok()
    offer(Rpm("thing", "1:1-1", files={"/usr/share/thing": "new\n"}), id="later")
    tdnf("-y", "update").ok()
    assert root.installed == ["thing-1:1-1.noarch"]
    tdnf("-y", "history", "undo", "3").ok()
    assert root.installed == ["thing-1-1.noarch"]
    assert root.file("/usr/share/thing").read_text() == "old\n"
    tdnf("-y", "history", "redo", "3").ok()
    tdnf("-y", "downgrade", "thing").ok()
    assert root.installed == ["thing-1-1.noarch"]
