from __future__ import annotations

import os
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import HistoryError, PkgmanError
from pkgman.transaction.history import Change, Entry, History
from tests.support.otheruser import checkout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A, A2, B = "a-1-1.x86_64", "a-2-1.x86_64", "b-1:1-1.noarch"
KEY = "gpg-pubkey-12345678-9abcdef0"

# What tdnf 3.6.0's own library writes for: init, install, update, mark.
TDNF = """
CREATE TABLE rpms(Id INTEGER PRIMARY KEY AUTOINCREMENT, nevra TEXT);
CREATE TABLE transactions(Id INTEGER PRIMARY KEY AUTOINCREMENT, cookie TEXT, cmdline TEXT, timestamp INTEGER,
    type INTEGER);
CREATE TABLE trans_items(Id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER, type INTEGER,
    rpm_id INTEGER);
INSERT INTO rpms(nevra) VALUES ('a-1-1.x86_64'), ('gpg-pubkey-12345678-9abcdef0'), ('b-1:1-1.noarch'),
    ('a-2-1.x86_64');
INSERT INTO transactions(cookie, cmdline, timestamp, type) VALUES
    ('c1', '(set)', 100, 0), ('c2', '-y install b', 200, 1), ('c3', NULL, 300, 1),
    ('c3', 'mark remove b', 400, 1);
INSERT INTO trans_items(trans_id, type, rpm_id) VALUES (1, 0, 1), (1, 0, 2), (2, 1, 3), (3, 1, 4), (3, 2, 1);
"""
TDNF_FLAGS = """
CREATE TABLE names(Id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);
CREATE TABLE flag_set(Id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER, name_id INTEGER, value INTEGER);
INSERT INTO names(name) VALUES ('b'), ('lib');
INSERT INTO flag_set(trans_id, name_id, value) VALUES (2, 2, 1), (4, 1, 1);
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "var/lib/tdnf/history.db")


@pytest.fixture
def history(path: str) -> Iterator[History]:
    with History(path) as opened:
        yield opened


def by_tdnf(path: str, script: str = TDNF + TDNF_FLAGS) -> None:
    os.makedirs(os.path.dirname(path))
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()


def test_the_first_record_is_preceded_by_the_base_set(history: History) -> None:
    assert history.sync("c1", [A, KEY], now=100.9) == 1
    assert history.record("-y install b", "c2", [A, KEY, B], now=200.0) == 2
    assert history.entries() == (Entry(1, "(set)", 100, 2, 0), Entry(2, "-y install b", 200, 1, 0))
    assert history.change(1) == Change((A, KEY), ())
    assert history.change(2) == Change((B,), ())


def test_the_schema_is_tdnfs(history: History, path: str, tmp_path: Path) -> None:
    history.sync("c1", [A], now=1)
    history.record("x", "c2", [A], now=2, flags={"a": True})
    other = str(tmp_path / "tdnf/history.db")
    by_tdnf(other)
    assert shape(path) == shape(other)


def shape(path: str) -> dict[str, list[tuple[str, str]]]:
    connection = sqlite3.connect(path)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {
        table: [(row[1], row[2]) for row in connection.execute(f"PRAGMA table_info({table})")]
        for table in tables
    }
    connection.close()
    return found


def test_a_history_written_by_tdnf_is_read(path: str) -> None:
    by_tdnf(path)
    with History(path) as history:
        assert history.entries(reverse=True) == (
            Entry(4, "mark remove b", 400, 0, 0),
            Entry(3, None, 300, 1, 1),
            Entry(2, "-y install b", 200, 1, 0),
            Entry(1, "(set)", 100, 2, 0),
        )
        assert history.state(2) == {A, KEY, B}
        assert history.state(3) == {A2, KEY, B}
        assert history.auto_installed() == {"b", "lib"}
        assert history.flags(2) == {"lib": True}


def test_flags_tables_may_be_absent(path: str) -> None:
    by_tdnf(path, TDNF)
    with History(path) as history:
        assert history.auto_installed() == frozenset()
        history.set_flags(4, {"b": True})
        assert history.auto_installed() == {"b"}


def test_an_update_is_one_added_and_one_removed(history: History) -> None:
    history.sync("c1", [A, B], now=1)
    history.record("upgrade", "c2", [A2, B], now=2)
    assert history.change(2) == Change((A2,), (A,))
    assert history.state(1) == {A, B}
    assert history.state(2) == {A2, B}


def test_a_reinstall_records_no_difference(history: History) -> None:
    history.sync("c1", [A], now=1)
    history.record("reinstall a", "c2", [A], now=2)
    assert history.entries()[-1] == Entry(2, "reinstall a", 2, 0, 0)


def test_changes_behind_our_back_become_an_unknown_transaction(history: History) -> None:
    history.sync("c1", [A], now=1)
    assert history.sync("c1", [A], now=2) is None
    assert history.sync("c2", [A, B], now=3) == 2
    assert history.entries()[-1] == Entry(2, "(unknown)", 3, 1, 0)


def test_other_versions_under_the_same_cookie_are_a_change(history: History) -> None:
    history.sync("c1", [A, B], now=1)
    assert history.sync("c1", [A2, B], now=2) == 2
    assert history.change(2) == Change((A2,), (A,))
    assert history.sync("c1", [A2, B], now=3) is None


def test_a_flag_is_written_only_when_it_changes(history: History, path: str) -> None:
    history.sync("c1", [A], now=1)
    history.record("x", "c2", [A, B], now=2, flags={"a": False, "b": True})
    history.record("y", "c3", [A, B], now=3, flags={"b": True})
    history.record("z", "c3", [A, B], now=4, flags={"b": False})
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT trans_id, value FROM flag_set").fetchall() == [(2, 1), (4, 0)]
    connection.close()
    assert history.flags(2) == {"b": True}
    assert history.auto_installed() == frozenset()


def test_marks_are_a_transaction_without_packages(history: History) -> None:
    history.sync("c1", [A], now=1)
    assert history.mark("mark remove a", {"a": True}, now=2) == 2
    assert history.entries()[-1] == Entry(2, "mark remove a", 2, 0, 0)
    assert history.last_cookie == "c1"
    history.mark_user(["a"])
    assert history.auto_installed() == frozenset()
    assert history.last_id == 2


def test_many_packages_are_one_transaction(history: History) -> None:
    many = [f"p{n}-1-1.noarch" for n in range(2500)]
    history.sync("c1", many, now=1)
    history.record("x", "c2", many[:10], now=2)
    assert len(history.change(2).removed) == 2490
    assert history.state(2) == set(many[:10])


def test_without_a_file_all_is_user_installed_and_nothing_is_created(history: History, path: str) -> None:
    assert history.auto_installed() is None
    assert not history.exists
    history.mark_user(["a"])
    for call in (history.entries, lambda: history.mark("x", {"a": True}, now=1)):
        with pytest.raises(HistoryError) as caught:
            call()
        assert caught.value.number == 1802
    assert not os.path.exists(os.path.dirname(path))


def test_a_zero_byte_file_counts_as_absent_and_is_filled_when_written(history: History, path: str) -> None:
    os.makedirs(os.path.dirname(path))
    open(path, "w").close()
    assert history.auto_installed() is None
    assert os.path.getsize(path) == 0
    assert history.sync("c1", [A], now=1) == 1


def test_a_damaged_file_is_reported(history: History, path: str) -> None:
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as stream:
        stream.write(b"no database" * 100)
    with pytest.raises(HistoryError) as caught:
        history.entries()
    assert caught.value.number == 1801


def test_a_history_on_a_read_only_place_can_be_read(path: str) -> None:
    """As an ordinary user, who may not write to the directory either."""
    by_tdnf(path)
    os.chmod(path, 0o644)
    script = (
        "import sys, os; os.setuid(65534);"
        "from pkgman.transaction.history import History;"
        "print(len(History(sys.argv[1]).entries()))"
    )
    for parent in list_parents(path):
        os.chmod(parent, 0o755)
    done = subprocess.run(
        ["/usr/bin/python3", "-c", script, path], capture_output=True, text=True, check=False, cwd="/",
        env={"PYTHONPATH": str(checkout())},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("4\n", "")


def list_parents(path: str) -> list[str]:
    parents = []
    while os.path.dirname(path) not in ("/tmp", "/"):
        path = os.path.dirname(path)
        parents.append(path)
    return parents


@pytest.mark.parametrize(
    ("first", "last", "ids"),
    [(2, 3, [2, 3]), (2, 0, [2]), (0, 0, [1, 2, 3, 4]), (0, 2, [1, 2, 3, 4]), (4, 9, [4])],
)
def test_a_range_selects(path: str, first: int, last: int, ids: list[int]) -> None:
    by_tdnf(path)
    with History(path) as history:
        assert [entry.id for entry in history.entries(first, last)] == ids


@pytest.mark.parametrize(("first", "last"), [(3, 2), (-1, 2), (9, 10), (0, -1)])
def test_a_bad_range_is_refused(path: str, first: int, last: int) -> None:
    by_tdnf(path)
    with History(path) as history:
        with pytest.raises(PkgmanError) as caught:
            history.entries(first, last)
        assert caught.value.number == 1622


def test_the_file_is_readable_by_all(history: History, path: str) -> None:
    history.sync("c1", [A], now=1)
    assert os.stat(path).st_mode & 0o777 == 0o644


def test_nothing_is_written_when_writing_fails_half_way(history: History) -> None:
    def failing() -> Iterator[str]:
        yield A
        raise OSError

    history.sync("c1", [A, B], now=1)
    with pytest.raises(OSError):
        history.record("x", "c2", failing(), now=2)
    assert history.last_id == 1


def test_a_later_base_set_is_where_the_state_begins(path: str) -> None:
    by_tdnf(path)
    connection = sqlite3.connect(path)
    connection.executescript(
        "INSERT INTO transactions(cookie, cmdline, timestamp, type) VALUES ('c5', '(set)', 500, 0),"
        " ('c6', 'x', 600, 1); INSERT INTO trans_items(trans_id, type, rpm_id) VALUES (5, 0, 3), (6, 1, 1);"
    )
    connection.close()
    with History(path) as history:
        assert history.state(4) == {A2, B, KEY}
        assert history.state(5) == {B}
        assert history.state(6) == {A, B}


def test_words_that_are_not_utf8_are_kept_byte_for_byte(history: History, path: str) -> None:
    odd = "caf\udce9-1-1.noarch"
    history.sync("c1", [odd], now=1)
    history.record("install caf\udce9", "c2", [odd], now=2, flags={"caf\udce9": True})
    assert history.state(2) == {odd}
    assert history.entries()[-1].command == "install caf\udce9"
    assert history.auto_installed() == {"caf\udce9"}
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT CAST(cmdline AS BLOB), typeof(cmdline) FROM transactions").fetchall()
    assert found[1] == (b"install caf\xe9", "text")
    assert connection.execute("SELECT COUNT(*) FROM rpms").fetchone() == (1,)
    connection.close()


def test_the_changes_of_a_range_come_at_once(history: History) -> None:
    history.sync("c1", [A], now=1)
    history.record("update", "c2", [A2], now=2)
    history.record("nothing", "c3", [A2], now=3)
    assert history.changes(1, 3) == {1: Change((A,)), 2: Change((A2,), (A,))}
    assert history.changes(3, 9) == {}
    assert history.change(3) == Change()


def test_writing_where_nothing_may_be_written_says_what_is_needed(history: History, path: str) -> None:
    by_tdnf(path)
    script = (
        "import sys, os; os.setuid(65534);"
        "from pkgman.transaction.history import History\n"
        "try: History(sys.argv[1]).mark('x', {'a': True}, now=1)\n"
        "except Exception as error: print(error.number, error)"
    )
    for parent in list_parents(path):
        os.chmod(parent, 0o755)
    done = subprocess.run(
        ["/usr/bin/python3", "-c", script, path], capture_output=True, text=True, check=False, cwd="/",
        env={"PYTHONPATH": str(checkout())},
    )  # fmt: skip
    assert done.stdout == f"1801 {path} and its folder must be writable for this; use sudo or become root\n"
