"""history list and info: layout, ranges, histories of tdnf in C, large and odd ones."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.needs import pseudo_terminal
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo

LIB, LIB_2, APP = Rpm("lib", "1.0-1"), Rpm("lib", "2.0-1"), Rpm("app", "1:1.0-1", requires=("lib",))
WHEN = 1795375494  # Sun Nov 22 2026 19:24 UTC
UTC = {"TZ": "UTC"}

TABLES = """
CREATE TABLE rpms(Id INTEGER PRIMARY KEY AUTOINCREMENT, nevra TEXT);
CREATE TABLE transactions(Id INTEGER PRIMARY KEY AUTOINCREMENT, cookie TEXT, cmdline TEXT, timestamp INTEGER,
    type INTEGER);
CREATE TABLE trans_items(Id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER, type INTEGER,
    rpm_id INTEGER);
"""
FLAGS = """
CREATE TABLE names(Id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);
CREATE TABLE flag_set(Id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER, name_id INTEGER, value INTEGER);
"""
# 1 the base set; 2 installs app and lib 1.0, which is flagged; 3, of the Python module, updates lib;
# 4 goes back, with the ids of rpms used again; 5 marks lib.
PAST = f"""
INSERT INTO rpms(nevra) VALUES ('gpg-pubkey-12345678-9abcdef0'), ('lib-1.0-1.noarch'),
    ('app-1:1.0-1.noarch'), ('lib-2.0-1.noarch');
INSERT INTO transactions(cookie, cmdline, timestamp, type) VALUES ('c1', '(set)', {WHEN}, 0),
    ('c2', '-y install lab-app=1.0', {WHEN + 60}, 1), ('c3', NULL, {WHEN + 120}, 1),
    ('COOKIE', '-y downgrade lib', {WHEN + 180}, 1), ('COOKIE', 'mark install lib', {WHEN + 240}, 1);
INSERT INTO trans_items(trans_id, type, rpm_id) VALUES (1, 0, 1), (2, 1, 2), (2, 1, 3), (3, 1, 4), (3, 2, 2),
    (4, 1, 2), (4, 2, 4);
"""
PAST_FLAGS = """
INSERT INTO names(name) VALUES ('lib');
INSERT INTO flag_set(trans_id, name_id, value) VALUES (2, 1, 1), (5, 1, 0);
"""
TEXT = """\
ID   cmd line                                date/time             +add  / -rem
   1 (set)                                   Sun Nov 22 2026 19:24 +1    / -0   
   2 -y install lab-app=1.0                  Sun Nov 22 2026 19:25 +2    / -0   
   3 (none)                                  Sun Nov 22 2026 19:26 +1    / -1   
   4 -y downgrade lib                        Sun Nov 22 2026 19:27 +1    / -1   
   5 mark install lib                        Sun Nov 22 2026 19:28 +0    / -0   
"""  # noqa: W291


def write(root: Root, script: str) -> None:
    root.history.parent.mkdir(parents=True, exist_ok=True)
    root.history.unlink(missing_ok=True)
    database = sqlite3.connect(root.history)
    database.executescript(script)
    database.close()


def rows(root: Root, statement: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(f"file:{root.history}?mode=ro", uri=True)
    try:
        return database.execute(statement).fetchall()
    finally:
        database.close()


@pytest.fixture
def by_tdnf(root: Root) -> None:
    """A history that tdnf in C wrote."""
    write(root, TABLES + FLAGS + PAST + PAST_FLAGS)


@pytest.fixture
def host(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> Tdnf:
    """A system to which the history of tdnf in C belongs."""
    offer(LIB, LIB_2, APP)
    tdnf("-y", "install", "app", "lib=1.0").ok()
    ((cookie,),) = rows(root, "SELECT cookie FROM transactions ORDER BY Id DESC LIMIT 1")
    past = PAST.replace("'gpg-pubkey-12345678-9abcdef0'", "'gone-1-1.noarch'")
    # The base set of this one is empty.
    past = past.replace("(1, 0, 1), ", "").replace("COOKIE", str(cookie))
    write(root, TABLES + FLAGS + past + PAST_FLAGS)
    return tdnf


@pytest.mark.usefixtures("by_tdnf")
def test_the_table_is_tdnfs_to_the_blank(tdnf: Tdnf) -> None:
    assert tdnf("history", env=UTC).ok().stdout == TEXT
    assert tdnf("history", "list", env=UTC).ok().stdout == TEXT
    assert tdnf("-q", "history", env=UTC).ok().stdout == TEXT


@pytest.mark.usefixtures("by_tdnf")
def test_info_adds_the_packages_and_an_empty_line(tdnf: Tdnf) -> None:
    lines = TEXT.splitlines()
    expected = [
        *(lines[0], lines[3], "added: lib-2.0-1.noarch", "removed: lib-1.0-1.noarch", ""),
        *(lines[2], "added: lib-1.0-1.noarch, app-1:1.0-1.noarch", ""),
    ]
    for words in (("list", "--info", "2-3"), ("info", "2-3"), ("info", "--from", "2", "--to=3")):
        assert tdnf("history", "--reverse", *words, env=UTC).ok().lines == expected
    assert tdnf("history", "info", "5", env=UTC).ok().lines == [lines[0], lines[5], ""]
    assert len(tdnf("history", "info").ok().lines) == 1 + 5 + 5 + 6


@pytest.mark.usefixtures("by_tdnf")
def test_json_has_the_keys_in_their_order(tdnf: Tdnf) -> None:
    assert tdnf("-j", "history", "list", "2-3").ok().stdout == (
        f'[{{"Id":2,"CmdLine":"-y install lab-app=1.0","TimeStamp":{WHEN + 60},'
        f'"AddedCount":2,"RemovedCount":0}},'
        f'{{"Id":3,"CmdLine":null,"TimeStamp":{WHEN + 120},"AddedCount":1,"RemovedCount":1}}]'
    )
    (only,) = tdnf("-j", "history", "info", "5").json
    assert (only["Added"], only["Removed"]) == ([], [])


@pytest.mark.parametrize("columns", [1, 30, 80, 200])
@pytest.mark.usefixtures("by_tdnf")
def test_the_command_line_gets_what_the_terminal_has_left(tdnf: Tdnf, columns: int) -> None:
    command = [*tdnf.command("history", "list", "2"), ""][:-1]
    master, slave = pseudo_terminal()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    subprocess.run(command, env=tdnf.environment(UTC), stdout=slave, check=True, timeout=60)
    os.close(slave)
    text = b""
    try:
        while piece := os.read(master, 4096):
            text += piece
    except OSError:  # the other side is closed
        pass
    os.close(master)
    line = text.decode().split("\r\n")[1]
    room = max(columns - 41, len("-y install lab-app=1.0"))
    assert line.index("Sun Nov") == 5 + room + 1
    assert len(line) == room + 41


def test_an_old_history_without_flags_is_listed_and_continued(tdnf: Tdnf, root: Root) -> None:
    write(root, TABLES + PAST)
    assert tdnf("history", env=UTC).ok().stdout == TEXT
    tdnf("mark", "remove", "lib").failed(1011)  # nothing is installed
    tdnf("history", "init").ok()
    last = tdnf("-j", "history", "info", "6").json[0]
    assert last["CmdLine"] == "(unknown)"
    assert sorted(last["Removed"]) == [
        "app-1:1.0-1.noarch",
        "gpg-pubkey-12345678-9abcdef0",
        "lib-1.0-1.noarch",
    ]


def test_what_tdnf_did_can_be_undone_redone_and_rolled_back(host: Tdnf, root: Root) -> None:
    host("-y", "history", "redo", "3").ok()
    assert "lib-2.0-1.noarch" in root.installed
    host("-y", "history", "rollback", "2").ok()
    assert "lib-1.0-1.noarch" in root.installed
    host("-y", "history", "undo", "2-5").ok()
    assert root.installed == []
    texts = rows(root, "SELECT cmdline FROM transactions WHERE Id > 5 ORDER BY Id")
    assert [str(text).split()[-1].strip("',)") for (text,) in texts] == ["3", "2", "2-5"]


def test_marks_of_tdnf_are_rolled_back(host: Tdnf, root: Root) -> None:
    last = "SELECT trans_id, name_id, value FROM flag_set ORDER BY Id DESC LIMIT 1"
    host("-y", "history", "undo", "5").ok()
    assert rows(root, last) == [(6, 1, 1)]
    host("-y", "history", "rollback", "5").ok()
    assert rows(root, last) == [(7, 1, 0)]


def test_what_is_written_is_what_tdnf_writes(host: Tdnf, root: Root) -> None:
    """Types, ids that go on, names and rpms used again, flags in the transaction that made them."""
    host("-y", "history", "redo", "3").ok()
    host("mark", "remove", "app").ok()
    assert rows(
        root, "SELECT typeof(cookie), typeof(cmdline), typeof(timestamp), type FROM transactions"
    ) == [
        *[("text", "text", "integer", 0)],
        *[("text", "text", "integer", 1)],
        *[("text", "null", "integer", 1)],
        *[("text", "text", "integer", 1)] * 4,
    ]
    assert rows(root, "SELECT type, rpm_id FROM trans_items WHERE trans_id = 6 ORDER BY Id") == [
        (1, 4),
        (2, 2),
    ]
    assert rows(root, "SELECT typeof(nevra), COUNT(*) FROM rpms GROUP BY 1") == [("text", 4)]
    assert rows(root, "SELECT Id, name, typeof(name) FROM names") == [(1, "lib", "text"), (2, "app", "text")]
    assert rows(root, "SELECT trans_id, name_id, value FROM flag_set WHERE Id > 2") == [(7, 2, 1)]
    cookies = rows(root, "SELECT cookie FROM transactions WHERE Id >= 6")
    assert cookies[0] == cookies[1]
    sequences = dict(rows(root, "SELECT name, seq FROM sqlite_sequence"))  # type: ignore[arg-type]
    assert sequences == {"rpms": 4, "transactions": 7, "trans_items": 8, "names": 2, "flag_set": 3}
    assert rows(root, "PRAGMA integrity_check") == [("ok",)]
    assert rows(root, "PRAGMA journal_mode") == [("delete",)]


def test_a_long_history_is_listed_quickly(tdnf: Tdnf, root: Root) -> None:
    script = [TABLES, "BEGIN;"]
    for number in range(1, 4001):
        script.append(
            f"INSERT INTO rpms(nevra) VALUES ('p-{number}-1.noarch');"
            f"INSERT INTO transactions(cookie, cmdline, timestamp, type) VALUES ('c', 'x', {WHEN}, 1);"
        )
        script += [
            f"INSERT INTO trans_items(trans_id, type, rpm_id) VALUES ({number}, {1 + n % 2}, {number});"
            for n in range(8)
        ]
    write(root, "\n".join([*script, "COMMIT;"]))
    began = time.monotonic()
    assert len(tdnf("history").ok().lines) == 4001
    assert len(tdnf("history", "info").ok().lines) == 1 + 4000 * 4
    assert time.monotonic() - began < 8  # a scan of all packages for each transaction takes minutes


def test_a_command_line_of_any_bytes_and_length_is_kept_and_shown_harmlessly(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(LIB)
    words = [f"--setopt=x{n}=\udcff\n\x1b[31m{'y' * 1000}" for n in range(50)]
    tdnf("-y", *words, "install", "lib").ok()
    done = tdnf("history", "list", "2").ok()
    assert len(done.lines) == 2
    assert "\x1b" not in done.stdout
    assert len(done.stdout) > 50_000
    assert tdnf("-j", "history", "list", "2").json[0]["CmdLine"].count("\ufffd\n\x1b[31m") == 50
    ((kept,),) = rows(root, "SELECT CAST(cmdline AS BLOB) FROM transactions WHERE Id = 2")
    assert isinstance(kept, bytes)
    assert kept.count(b"=\xff\n\x1b[31myyy") == 50


def test_odd_rows_are_shown_all_the_same(tdnf: Tdnf, root: Root) -> None:
    write(root, TABLES)
    database = sqlite3.connect(root.history)
    add = "INSERT INTO transactions(cmdline, timestamp, type) VALUES (CAST(? AS TEXT), ?, 1)"
    database.execute(add, (b"caf\xe9", None))
    database.execute(add, (b"", 1 << 62))
    database.execute(add, (b"x", "noon"))
    database.execute("INSERT INTO trans_items(trans_id, type, rpm_id) VALUES (1, 1, 99)")
    database.commit()
    database.close()
    lines = tdnf("history", "info", env=UTC).ok().lines
    assert [line[:4] for line in lines[1::2]] == ["   1", "   2", "   3"]
    assert [item["TimeStamp"] for item in tdnf("-j", "history").json] == [0, 1 << 62, 0]


def test_tables_without_a_transaction_are_an_empty_list(tdnf: Tdnf, root: Root) -> None:
    write(root, TABLES)
    assert len(tdnf("history").ok().lines) == 1
    assert tdnf("-j", "history", "--info").ok().stdout == "[]"
    assert "Nothing to do." in tdnf("history", "rollback", "1").ok().stderr  # the base set was just taken


@pytest.mark.parametrize(
    ("content", "number"),
    [(b"", 1802), (b"no database at all", 1801), (b"SQLite format 3\0" + bytes(200), 1801)],
)
def test_a_file_that_is_no_history_is_an_error_in_one_line(
    tdnf: Tdnf, root: Root, content: bytes, number: int
) -> None:
    root.history.parent.mkdir(parents=True, exist_ok=True)
    root.history.write_bytes(content)
    for words in (("history",), ("history", "info"), ("mark", "remove", "lib")):
        done = tdnf(*words).failed(number)
        assert str(root.history) in done.stderr
    assert tdnf("-j", "history").failed(number).stdout.startswith(f'{{"Error":{number},')
    assert root.history.read_bytes() == content
