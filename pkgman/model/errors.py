"""The error tree: each expected failure has one of tdnf's numbers.

The process exits with ``number`` modulo 256, and the last line on stderr is
``Error(number) : text`` with the fixed text of that number (tdnf contract,
errors). What happened, to what, and what to do next stands in ``lines``, which
are printed before it. Only plain classes here: this module is on the path of
``--version``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class PkgmanError(Exception):
    """An expected failure.

    :param lines: diagnostics for the user, one string per line of output.
    :param number: tdnf's error number, when it is not the class's own.
    """

    number = 1622  # EINVAL, tdnf's general "bad input"

    def __init__(self, lines: str | Iterable[str] = (), *, number: int | None = None) -> None:
        self.lines: tuple[str, ...] = (lines,) if isinstance(lines, str) else tuple(lines)
        if number is not None:
            self.number = number
        super().__init__("; ".join(self.lines) or f"error {self.number}")

    def __reduce__(self) -> tuple[object, ...]:
        """Let copies and other processes have the error as it is, whatever its constructor takes."""
        return restored, (type(self), self.args, self.__dict__)


def restored(kind: type[PkgmanError], arguments: tuple[object, ...], state: dict[str, object]) -> PkgmanError:
    """Make an error anew from what :meth:`PkgmanError.__reduce__` kept of it."""
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


class UsageError(PkgmanError):
    """The command line is wrong (900 to 917).

    ``stdout`` holds lines which tdnf prints on standard output, in JSON mode on standard error.
    """

    number = 908

    def __init__(
        self, lines: str | Iterable[str] = (), *, number: int | None = None, stdout: Iterable[str] = ()
    ) -> None:
        super().__init__(lines, number=number)
        self.stdout = tuple(stdout)


class NothingToDo(PkgmanError):
    """The transaction is empty; exit status 0."""

    number = 905


class NoData(PkgmanError):
    """A query selected nothing; exit status 0."""

    number = 1661


class UpdatesAvailable(PkgmanError):
    """``check-update`` in its dnf-compatible mode found something; exit status 100, no text."""

    number = 100


class NoMatch(PkgmanError):
    """A package spec names nothing."""

    number = 1011


class ConfigError(PkgmanError):
    """Configuration cannot be read or used; ``lines`` name file and line."""

    number = 1002


class NotRoot(PkgmanError):
    """The command changes the system and needs effective uid 0."""

    number = 1601


class Aborted(PkgmanError):
    """A question was answered with no."""

    number = 1032


class EndOfInput(PkgmanError):
    """Standard input ended at a question."""

    number = 1033


class FetchError(PkgmanError):
    """A file could not be fetched: 1622 for an HTTP status >= 400, else 1201 + curl's code."""

    status = 0  # HTTP's, when it is that
    retry_after: float | None = None  # seconds that the server asks to wait for before another attempt


class Incomplete(PkgmanError):
    """``count`` of ``total`` packages could not be had; each was told of, the others are there.

    :param number: of the first failure.
    :param why: the end of the sentence about them.
    """

    def __init__(self, count: int, total: int, *, number: int, why: str = "could not be fetched") -> None:
        super().__init__(f"{count} of {total} packages {why}.", number=number)
        self.count = count


class CacheMissing(PkgmanError):
    """``--cacheonly``, and a repository has no cached metadata."""

    number = 1034


class MetadataError(PkgmanError):
    """Repository metadata is truncated, malformed or exceeds a limit."""

    number = 1304


class ChecksumMismatch(PkgmanError):
    """A file's bytes are not the ones its metadata promised."""

    number = 1528


class SizeMismatch(PkgmanError):
    """A file's size is not the one its metadata promised; ``size`` is how many bytes were read or offered."""

    number = 1527
    size = 0


class DiskSpace(PkgmanError):
    """Not enough free space in the cache directory."""

    number = 1036


class Unsolvable(PkgmanError):
    """The request has no solution; ``lines`` hold every problem in libsolv's words."""

    number = 1301


class Protected(PkgmanError):
    """The transaction would remove a protected package."""

    number = 1030


class NotTrusted(PkgmanError):
    """A signature is missing (1510), of a foreign key (1514), or without a known key (1523)."""

    number = 1514


class TransactionFailed(PkgmanError):
    """librpm refused (1515: dependencies) or failed (1525) the transaction."""

    number = 1525


class PluginError(PkgmanError):
    """A plugin refuses, or failed.

    :param text: shown behind ``Plugin error:``.
    :param before: lines that are shown before that one.
    """

    number = 1518  # one of tdnf's internal plugin states

    def __init__(self, text: str, *, number: int | None = None, before: Iterable[str] = ()) -> None:
        super().__init__((*before, f"Plugin error: {text}", ""), number=number)


class RpmUnavailable(PkgmanError):
    """librpm's Python binding is not there; ``lines`` say which system package has it."""

    number = 1526


class HistoryError(PkgmanError):
    """The history database is absent (1802) or unusable (1801).

    ``damaged`` says that the file is no history that can be read, and never will be.
    """

    number = 1802
    damaged = False


def system_error(error: OSError, lines: str | Iterable[str] = ()) -> PkgmanError:
    """Convert a failed system call: tdnf's number is 1600 + errno."""
    if not lines:
        where = error.filename or ""
        lines = f"{where}: {error.strerror}" if where else str(error)
    return PkgmanError(lines, number=1600 + (error.errno or 0))
