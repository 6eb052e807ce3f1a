from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import PkgmanError
from pkgman.transaction.history import History
from pkgman.transaction.revert import Wanted, redo, rollback, undo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A, A2, B, C = "a-1-1.x86_64", "a-2-1.x86_64", "b-1-1.noarch", "c-1-1.noarch"
KEY = "gpg-pubkey-12345678-9abcdef0"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Base set: a. 2: b comes, automatically, with a key. 3: a is updated. 4: b is marked."""
    with History(str(tmp_path / "history.db")) as history:
        history.sync("c1", [A], now=1)
        history.record("install b", "c2", [A, B, KEY], now=2, flags={"b": True})
        history.record("update", "c3", [A2, B, KEY], now=3)
        history.mark("mark install b", {"b": False}, now=4)
        yield history


def test_undo_reverts_a_range_and_its_flags_but_no_key(history: History) -> None:
    assert undo(history, 3) == Wanted((A,), (A2,))
    assert undo(history, 2) == Wanted((), (B,))
    assert undo(history, 2, 4) == Wanted((A,), (A2, B))
    assert undo(history, 4) == Wanted(flags={"b": True})


def test_redo_applies_again_what_is_not_there_any_more(history: History) -> None:
    assert redo(history, 3) == Wanted()
    history.record("undo 2-3", "c5", [A], now=5)
    assert redo(history, 2, 3) == Wanted((A2, B), (A,), {"b": True})


def test_rollback_goes_to_a_state_and_its_flags(history: History) -> None:
    history.record("install c", "c5", [A2, B, C, KEY], now=5)
    assert rollback(history, 2) == Wanted((A,), (A2, C), {"b": True})
    assert rollback(history, 1) == Wanted((A,), (A2, B, C))
    assert rollback(history, 5) == Wanted()


def test_ids_beyond_the_last_one_are_no_transactions(history: History) -> None:
    for call in (lambda: undo(history, 9), lambda: redo(history, 2, 12), lambda: rollback(history, 9)):
        with pytest.raises(PkgmanError, match="no such transaction: ") as caught:
            call()
        assert caught.value.number == 1622


def test_what_is_gone_already_is_not_removed_again(history: History) -> None:
    history.record("erase b", "c5", [A2, KEY], now=5)
    assert undo(history, 2) == Wanted()


@pytest.mark.parametrize(("first", "last"), [(1, 0), (0, 0), (-1, 2), (4, 3), (2, -1)])
def test_an_impossible_range_is_refused(history: History, first: int, last: int) -> None:
    for command in (undo, redo):
        with pytest.raises(PkgmanError) as caught:
            command(history, first, last)
        assert caught.value.number == 1622
    with pytest.raises(PkgmanError):
        rollback(history, 0)
