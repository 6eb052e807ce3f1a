"""The history database, in tdnf's own schema (tdnf contract, config 8).

Transaction 1 is the base set; each later one is a delta against the state
before it. Reading opens the file read-only and never creates it.
"""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from pkgman.model import securepath
from pkgman.model.errors import HistoryError, PkgmanError, system_error
from pkgman.transaction.historyschema import FLAG_SCHEMA, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

UNUSABLE = 1801
BAD_RANGE = 1622

_BASE_SET, _DELTA = 0, 1  # transactions.type
_IN_BASE, _ADDED, _REMOVED = 0, 1, 2  # trans_items.type
_ITEMS = (_IN_BASE, _ADDED, _REMOVED)
_BUSY = 30.0  # seconds to wait for another writer
_CHUNK = 500  # below sqlite's limit of variables in one statement


class Entry(NamedTuple):
    """One row of ``history list``; ``command`` is None for the Python module's transactions."""

    id: int
    command: str | None
    timestamp: int  # seconds since 1970
    added_count: int
    removed_count: int


class Change(NamedTuple):
    """A difference between two states; all strings are NEVRAs."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class History:
    """The history kept in the file ``path``; opened when first needed.

    Every method raises HistoryError 1801 when sqlite fails or the file is damaged, and those that
    read 1802 when there is no history: the file is absent, empty or without tables.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._writable = False

    @property
    def exists(self) -> bool:
        """Whether there is a history to read."""
        try:
            return os.path.getsize(self._path) > 0 and self._table_exists("transactions")
        except OSError:
            return False

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def __enter__(self) -> History:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # writing

    def sync(self, cookie: str, nevras: Iterable[str], *, now: float) -> int | None:
        """Record what happened behind our back; return the new transaction's id, if there is one.

        An empty history gets the base set, ``(set)``; a database with other packages than the
        history says, or with another cookie, an ``(unknown)`` delta. The same cookie alone says
        nothing: rpm makes it of names without versions. ``now`` is in seconds since 1970.
        """
        with self._writing():
            last = self._row("SELECT cookie FROM transactions ORDER BY Id DESC LIMIT 1")
            if last is None:
                return self._insert(cookie, "(set)", now, _BASE_SET, Change(tuple(nevras)))
            change = self._difference(nevras)
            if last[0] == cookie and change == Change():
                return None
            return self._insert(cookie, "(unknown)", now, _DELTA, change)

    def record(
        self,
        command: str | None,
        cookie: str,
        nevras: Iterable[str],
        *,
        now: float,
        flags: Mapping[str, bool] | None = None,
    ) -> int:
        """Write one transaction with its real differences and changed flags; return its id.

        ``nevras`` is everything installed now, ``flags`` maps names to
        "auto-installed". All or nothing is written.
        """
        with self._writing():
            number = self._insert(cookie, command, now, _DELTA, self._difference(nevras))
            if flags:
                self._write_flags(number, flags)
            return number

    def mark(self, command: str | None, flags: Mapping[str, bool], *, now: float) -> int:
        """Change flags in a transaction of their own, without packages; return its id.

        :raises HistoryError: 1802 when there is no history.
        """
        with self._writing(create=False):
            number = self._insert(self.last_cookie, command, now, _DELTA, Change())
            self._write_flags(number, flags)
            return number

    def set_flags(self, transaction: int, flags: Mapping[str, bool]) -> None:
        """Change flags as part of an existing transaction; unchanged ones are left out."""
        with self._writing(create=False):
            self._write_flags(transaction, flags)

    def mark_user(self, names: Iterable[str]) -> None:
        """Turn names into user-installed ones without a transaction of their own.

        Nothing happens without a history: then every package counts as user-installed.
        """
        if self.exists:
            self.set_flags(self.last_id, dict.fromkeys(names, False))

    # reading

    @property
    def last_id(self) -> int:
        """Id of the newest transaction, 0 without any."""
        return self._number("SELECT MAX(Id) FROM transactions")

    @property
    def last_cookie(self) -> str:
        """The rpm database's cookie after the newest transaction."""
        row = self._row("SELECT cookie FROM transactions ORDER BY Id DESC LIMIT 1")
        return str(row[0] or "") if row else ""

    def entries(self, first: int = 0, last: int = 0, *, reverse: bool = False) -> tuple[Entry, ...]:
        """List transactions ``first`` to ``last``; without ``first`` all of them.

        :raises PkgmanError: 1622 for a range that is impossible or selects nothing.
        """
        if first:
            last = last or first
        if first < 0 or last < 0 or (first and last < first):
            raise PkgmanError(f"no such range of transactions: {first}-{last}", number=BAD_RANGE)
        rows = self._rows(
            # Counted in one pass: tdnf's schema has no index, and there may be thousands of transactions.
            "SELECT t.Id, CAST(t.cmdline AS TEXT), CAST(IFNULL(t.timestamp, 0) AS INTEGER),"
            " IFNULL(i.added, 0), IFNULL(i.removed, 0)"
            " FROM transactions t LEFT JOIN (SELECT trans_id, SUM(type != ?) added, SUM(type = ?) removed"
            " FROM trans_items GROUP BY trans_id) i ON i.trans_id = t.Id"
            " WHERE ? = 0 OR t.Id BETWEEN ? AND ? ORDER BY t.Id",
            (_REMOVED, _REMOVED, first, first, last),
        )
        found = tuple(Entry(*row) for row in rows)
        if first and not found:
            raise PkgmanError(f"no such transaction: {first}-{last}", number=BAD_RANGE)
        return found[::-1] if reverse else found

    def changes(self, first: int, last: int) -> dict[int, Change]:
        """Return what transactions ``first`` to ``last`` recorded; a base set counts as added.

        Those without packages are left out.
        """
        found: dict[int, tuple[list[str], list[str]]] = {}
        for number, kind, nevra in self._rows(
            "SELECT i.trans_id, i.type, CAST(IFNULL(r.nevra, '?') AS TEXT) FROM trans_items i"
            " JOIN rpms r ON r.Id = i.rpm_id WHERE i.trans_id BETWEEN ? AND ? ORDER BY i.Id",
            (first, last),
        ):
            found.setdefault(number, ([], []))[kind == _REMOVED].append(nevra)
        return {number: Change(tuple(added), tuple(removed)) for number, (added, removed) in found.items()}

    def change(self, transaction: int) -> Change:
        """Return what one transaction recorded."""
        return self.changes(transaction, transaction).get(transaction, Change())

    def state(self, transaction: int) -> frozenset[str]:
        """Return the NEVRAs installed right after ``transaction``.

        :raises HistoryError: 1801 for a row that says nothing of any package.
        """
        base = self._number(
            "SELECT MAX(Id) FROM transactions WHERE type = ? AND Id <= ?", (_BASE_SET, transaction)
        )
        present: set[str] = set()
        for kind, nevra in self._rows(
            "SELECT i.type, r.nevra FROM trans_items i LEFT JOIN rpms r ON r.Id = i.rpm_id"
            " WHERE i.trans_id BETWEEN ? AND ? ORDER BY i.trans_id, i.Id",
            (base, transaction),
        ):
            if kind not in _ITEMS or not isinstance(nevra, str):
                raise _damaged(self._path, "an item of a transaction is of no package")
            (present.discard if kind == _REMOVED else present.add)(nevra)
        return frozenset(present)

    def flags(self, transaction: int | None = None) -> dict[str, bool]:
        """Return the flag of every name that ever had one, as of ``transaction`` or now."""
        if not (self._table_exists("flag_set") and self._table_exists("names")):
            return {}
        limit = self.last_id if transaction is None else transaction
        found = dict(
            self._rows(
                "SELECT n.name, f.value FROM flag_set f LEFT JOIN names n ON n.Id = f.name_id WHERE f.Id IN"
                " (SELECT MAX(Id) FROM flag_set WHERE trans_id <= ? GROUP BY name_id)",
                (limit,),
            )
        )
        if not all(isinstance(name, str) and value in (0, 1) for name, value in found.items()):
            raise _damaged(self._path, "a mark is of no package, or neither set nor unset")
        return {name: bool(value) for name, value in found.items()}

    def auto_installed(self) -> frozenset[str] | None:
        """Return the names that came as dependencies; None when there is no history."""
        if not self.exists:
            return None
        return frozenset(name for name, auto in self.flags().items() if auto)

    # opening

    @property
    def _db(self) -> sqlite3.Connection:
        """The connection for reading; made read-only unless a writing one is there."""
        if self._connection is None:
            if not os.path.exists(self._path) or os.path.getsize(self._path) == 0:
                raise HistoryError
            # What a killed run left half-written can be taken back by a writer only.
            unfinished = os.path.exists(f"{self._path}-journal") and self._may_write()
            self._connect("rw" if unfinished else "ro")
        assert self._connection is not None
        return self._connection

    def _connect(self, mode: str) -> None:
        self.close()
        if os.path.islink(self._path):  # sqlite would follow it
            raise HistoryError(f"{self._path}: a link is not followed here; remove it", number=UNUSABLE)
        with _converted(self._path):
            self._connection = sqlite3.connect(
                f"file:{quote(os.path.abspath(self._path))}?mode={mode}",
                uri=True,
                timeout=_BUSY,
                isolation_level=None,
            )
            self._connection.text_factory = _text  # tdnf stores any bytes
            for (verdict,) in self._connection.execute("PRAGMA quick_check(1)"):
                if verdict != "ok":
                    raise _damaged(self._path, verdict)

    def _may_write(self) -> bool:
        return all(os.access(path, os.W_OK) for path in (self._path, os.path.dirname(self._path) or "."))

    def _open_for_writing(self, *, create: bool) -> None:
        if self._writable and self._connection is not None:
            return
        if create:
            try:
                securepath.make_folders(os.path.dirname(os.path.abspath(self._path)))
                securepath.own_file(self._path)
            except OSError as error:
                raise system_error(error) from error
        elif not self.exists:
            raise HistoryError
        elif not self._may_write():
            text = f"{self._path} and its folder must be writable for this; use sudo or become root"
            raise HistoryError(text, number=UNUSABLE)
        self._connect("rw")
        self._writable = True

    # internals

    def _difference(self, nevras: Iterable[str]) -> Change:
        present = dict.fromkeys(nevras)
        before = self.state(self.last_id)
        return Change(
            tuple(nevra for nevra in present if nevra not in before),
            tuple(sorted(before.difference(present))),
        )

    def _insert(self, cookie: str, command: str | None, now: float, kind: int, change: Change) -> int:
        number = self._db.execute(
            "INSERT INTO transactions(cookie, cmdline, timestamp, type) VALUES (?, CAST(? AS TEXT), ?, ?)",
            (cookie, _bytes(command), int(now), kind),
        ).lastrowid
        assert number is not None
        ids = self._rpm_ids((*change.added, *change.removed))
        added = _IN_BASE if kind == _BASE_SET else _ADDED
        rows = [(number, added, ids[nevra]) for nevra in dict.fromkeys(change.added)]
        rows += [(number, _REMOVED, ids[nevra]) for nevra in change.removed]
        self._db.executemany("INSERT INTO trans_items(trans_id, type, rpm_id) VALUES (?, ?, ?)", rows)
        return number

    def _rpm_ids(self, nevras: tuple[str, ...]) -> dict[str, int]:
        wanted = list(dict.fromkeys(nevras))
        known = self._lookup("SELECT nevra, Id FROM rpms WHERE nevra IN ({})", wanted)
        new = [nevra for nevra in wanted if nevra not in known]
        rows = [(_bytes(nevra),) for nevra in new]
        self._db.executemany("INSERT INTO rpms(nevra) VALUES (CAST(? AS TEXT))", rows)
        return known | self._lookup("SELECT nevra, Id FROM rpms WHERE nevra IN ({})", new)

    def _lookup(self, statement: str, wanted: list[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            places = ",".join(["CAST(? AS TEXT)"] * len(part))
            found.update(self._db.execute(statement.format(places), [_bytes(word) for word in part]))
        return found

    def _write_flags(self, transaction: int, flags: Mapping[str, bool]) -> None:
        present = self.flags(transaction)
        changed = {name: auto for name, auto in flags.items() if present.get(name, False) != auto}
        if not changed:
            return
        for statement in FLAG_SCHEMA:
            self._db.execute(statement)
        names = list(changed)
        known = self._lookup("SELECT name, Id FROM names WHERE name IN ({})", names)
        new = [(_bytes(name),) for name in names if name not in known]
        self._db.executemany("INSERT INTO names(name) VALUES (CAST(? AS TEXT))", new)
        ids = self._lookup("SELECT name, Id FROM names WHERE name IN ({})", names)
        self._db.executemany(
            "INSERT INTO flag_set(trans_id, name_id, value) VALUES (?, ?, ?)",
            [(transaction, ids[name], int(auto)) for name, auto in changed.items()],
        )

    def _table_exists(self, name: str) -> bool:
        return self._row("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)) is not None

    def _rows(self, statement: str, values: tuple[object, ...] = ()) -> Iterator[tuple[Any, ...]]:
        with _converted(self._path):
            yield from self._db.execute(statement, values)

    def _row(self, statement: str, values: tuple[object, ...] = ()) -> tuple[Any, ...] | None:
        return next(self._rows(statement, values), None)

    def _number(self, statement: str, values: tuple[object, ...] = ()) -> int:
        row = self._row(statement, values)
        return int(row[0] or 0) if row else 0

    def _writing(self, *, create: bool = True) -> _Transaction:
        self._open_for_writing(create=create)
        return _Transaction(self._db, self._path)


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "surrogateescape")


def _bytes(text: str | None) -> bytes | None:
    """Return what stands for ``text`` in the file: a command line need not be UTF-8."""
    return text if text is None else text.encode("utf-8", "surrogateescape")


class _Transaction:
    """A write transaction of sqlite: all or nothing."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._db = connection
        self._path = path

    def __enter__(self) -> None:
        with _converted(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                self._db.execute(statement)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        with _converted(self._path):
            if self._db.in_transaction:  # sqlite itself rolls back when the disk is full
                self._db.execute("ROLLBACK" if kind else "COMMIT")
        _convert(self._path, error)


class _converted:  # noqa: N801
    """Turn sqlite's exceptions into ours."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        _convert(self._path, error)


def _convert(path: str, error: BaseException | None) -> None:
    """Raise a HistoryError for one of sqlite's; its binding cannot decode every name in a file."""
    if isinstance(error, UnicodeDecodeError):
        raise _damaged(path, "it holds names that are no text") from error
    if isinstance(error, sqlite3.Error):
        # Our statements are right, so an error in one means that the tables are others.
        if not isinstance(error, sqlite3.OperationalError) or str(error).startswith("no such column"):
            raise _damaged(path, str(error)) from error
        raise HistoryError(f"{path}: {error}", number=UNUSABLE) from error


def _damaged(path: str, what: str) -> HistoryError:
    error = HistoryError(f"{path}: the history is damaged: {what}", number=UNUSABLE)
    error.damaged = True
    return error
