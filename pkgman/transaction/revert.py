"""What undo, redo and rollback want, from the history alone (tdnf contract, commands 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pkgman.model.errors import PkgmanError

if TYPE_CHECKING:
    from pkgman.transaction.history import History

BAD_RANGE = 1622
_HINT = "; 'tdnf history' lists them"
_KEY = "gpg-pubkey-"  # keys are never brought back or removed


class Wanted(NamedTuple):
    """The way to another state; NEVRAs as in the history, ``flags`` maps names to "auto-installed".

    What is met already is left out; empty means that there is nothing to do.
    """

    install: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    flags: dict[str, bool] = {}  # noqa: RUF012 - never changed


def undo(history: History, first: int, last: int = 0) -> Wanted:
    """Return how to take transactions ``first`` to ``last`` back (``last`` 0: only the one).

    The history must be in step with the rpm database (:meth:`History.sync`).

    :raises PkgmanError: 1622 for an impossible range: transaction 1 is the base set, or one beyond the last.
    """
    last = _checked(history, first, last)
    return _between(history, last, first - 1)


def redo(history: History, first: int, last: int = 0) -> Wanted:
    """Return how to apply the changes of ``first`` to ``last`` again.

    :raises PkgmanError: 1622 for an impossible range.
    """
    last = _checked(history, first, last)
    return _between(history, first - 1, last)


def rollback(history: History, target: int) -> Wanted:
    """Return how to get back to the state right after ``target``, flags included.

    :raises PkgmanError: 1622 for an id below 1, or beyond the last.
    """
    if target < 1:
        raise PkgmanError(f"rollback needs the id of a transaction, from 1 on{_HINT}", number=BAD_RANGE)
    _exists(history, target)
    return _between(history, history.last_id, target)


def _checked(history: History, first: int, last: int) -> int:
    last = last or first
    if first < 2:
        text = f"undo and redo need the id of a transaction, from 2 on: 1 is what was there before{_HINT}"
        raise PkgmanError(text, number=BAD_RANGE)
    if last < first:
        raise PkgmanError(f"no such range of transactions: {first}-{last}", number=BAD_RANGE)
    _exists(history, last)
    return last


def _exists(history: History, number: int) -> None:
    if number > history.last_id:
        raise PkgmanError(f"no such transaction: {number}{_HINT}", number=BAD_RANGE)


def _between(history: History, old: int, new: int) -> Wanted:
    """Apply the difference of two states to the present one."""
    present = history.state(history.last_id)
    before, after = history.state(old), history.state(new)
    flags_before, flags_after = history.flags(old), history.flags(new)
    flags_now = history.flags()
    names = sorted({*flags_before, *flags_after})
    return Wanted(
        install=_sorted((after - before) - present),
        remove=_sorted((before - after) & present),
        flags={
            name: flags_after.get(name, False)
            for name in names
            if flags_before.get(name, False) != flags_after.get(name, False)
            and flags_now.get(name, False) != flags_after.get(name, False)
        },
    )


def _sorted(nevras: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(nevra for nevra in nevras if not nevra.startswith(_KEY)))
