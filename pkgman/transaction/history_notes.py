"""What we keep beside tdnf's history, in tables of our own in its file: comments, and packages' origins.

tdnf does not look at them. They are made when there is something to keep.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pkgman.model.errors import HistoryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

UNUSABLE = 1801
_BUSY = 30.0  # seconds to wait for another writer
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS comments(trans_id INTEGER PRIMARY KEY, comment TEXT)",
    "CREATE TABLE IF NOT EXISTS origins(nevra TEXT PRIMARY KEY, repo TEXT)",
)


def write(path: str, transaction: int, comment: str, origins: Mapping[str, str]) -> None:
    """Keep a transaction's comment, if there is one, and which repository each NEVRA came from.

    :param path: the history, which is there.
    :raises HistoryError: 1801 when sqlite fails.
    """
    if not comment and not origins:
        return
    try:
        with closing(_connect(path, "rw")) as database, database:
            for statement in _SCHEMA:
                database.execute(statement)
            if comment:
                row = (transaction, _bytes(comment))
                database.execute("INSERT OR REPLACE INTO comments VALUES (?, CAST(? AS TEXT))", row)
            database.executemany("INSERT OR REPLACE INTO origins VALUES (?, ?)", origins.items())
    except sqlite3.Error as error:
        raise HistoryError(f"{path}: {error}", number=UNUSABLE) from error


def comments(path: str, transactions: Iterable[int]) -> dict[int, str]:
    """Return the comments of these transactions that have one; raises as :func:`write`."""
    wanted = frozenset(transactions)
    rows = _rows(path, "SELECT trans_id, comment FROM comments")
    return {number: text for number, text in rows if number in wanted and isinstance(text, str)}


def origins(path: str) -> dict[str, str]:
    """Return NEVRA to the repository it was installed from, as far as known; raises as :func:`write`."""
    return {str(nevra): str(repo) for nevra, repo in _rows(path, "SELECT nevra, repo FROM origins")}


def _rows(path: str, statement: str) -> list[tuple[Any, ...]]:
    if not os.path.exists(path):
        return []
    try:
        with closing(_connect(path, "ro")) as database:
            return database.execute(statement).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []
        raise HistoryError(f"{path}: {error}", number=UNUSABLE) from error
    except sqlite3.Error as error:
        raise HistoryError(f"{path}: {error}", number=UNUSABLE) from error


def _connect(path: str, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(os.path.abspath(path))}?mode={mode}"
    database = sqlite3.connect(uri, uri=True, timeout=_BUSY)
    database.text_factory = lambda stored: stored.decode("utf-8", "surrogateescape")
    return database


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
