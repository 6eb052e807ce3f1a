"""The command line as GNU getopt_long_only with permutation reads it (tdnf contract, options 1).

What users may type (unique prefixes, ``-json``, clusters, options after the command)
becomes full names, options first. Their order is kept: repository selection depends on it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from pkgman.ini import boolean, is_boolean, unquoted
from pkgman.model.errors import UsageError
from pkgman.model.words import without_passwords, without_secret
from pkgman.options import BY_NAME, BY_SHORT, OPTIONS, SPELLINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkgman.options import Option


class CommandLine(NamedTuple):
    """A command line in canonical order.

    ``options`` are (long name, value) pairs in the order given, value "1" for a
    flag, an option that ``--setopt`` names included; ``bag`` is the part of them that
    tdnf records, ``--setopt K=V`` as (K, V); ``words`` are the command and its arguments;
    ``text`` is the permuted command line that the history stores, without passwords;
    ``settings`` are the (K, V) of ``--setopt`` that are not options, ``main.`` in front of K
    dropped; ``warnings`` are lines about values that cannot be read, ``notes`` about words
    that may not do what was meant.
    """

    options: tuple[tuple[str, str], ...]
    bag: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    text: str
    settings: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def flag(self, name: str) -> bool:
        """Say whether ``--name`` was given, or set through ``--setopt`` to a true value."""
        return any(key == name for key, _ in self.options)

    def last(self, name: str, default: str = "") -> str:
        """Return the value of the last ``--name``."""
        return next((value for key, value in reversed(self.options) if key == name), default)

    def all(self, *names: str) -> tuple[tuple[str, str], ...]:
        """Return (name, value) of every recorded option of ``names``, in order."""
        return tuple(pair for pair in self.bag if pair[0] in names)


def _unknown(token: str) -> UsageError:
    return UsageError(number=908, stdout=(f"No such option: {token}. Please use /usr/bin/tdnf --help",))


def _long(body: str) -> Option | None:
    """Find a long option by its name or unique prefix; None when there is none or several."""
    if exact := BY_NAME.get(SPELLINGS.get(body, body)):
        return exact
    found = [option for option in OPTIONS if option.name.startswith(body)]
    return found[0] if len(found) == 1 else None


class _Reader:
    """Reads tokens one by one."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = list(tokens)
        self.options: list[tuple[str, str, bool]] = []  # name, value, recorded
        self.words: list[str] = []
        self.head: list[str] = []  # option tokens as typed, for the permuted line
        self.notes: list[str] = []

    def read(self) -> None:
        while self.tokens:
            token = self.tokens.pop(0)
            if token == "--":  # noqa: S105
                self.words += self.tokens
                self.tokens.clear()
                return
            if len(token) < 2 or not token.startswith("-"):
                self.words.append(token)
                continue
            self.head.append(token)
            if token.startswith("--"):
                self._read_long(token, token[2:])
            else:
                self._read_short(token)

    def _read_long(self, token: str, body: str) -> None:
        name, equals, value = body.partition("=")
        option = _long(name) if name else None
        if option is None:
            raise _unknown(token)
        self._add(option, value if equals else None, token, recorded=option.recorded)

    def _add(self, option: Option, value: str | None, token: str, *, recorded: bool) -> None:
        if not option.value:
            if value is not None and not option.optional:
                raise _unknown(token)
            if value == "":
                raise UsageError(f"Option --{option.name} requires a non-empty argument", number=909)
            self.options.append((option.name, value or "1", recorded))
            return
        if value is None:
            if not self.tokens:
                raise UsageError(f"Option --{option.name} requires an argument", number=909)
            value = self.tokens.pop(0)
            self.head.append(value)
        if not value:
            raise UsageError(f"Option --{option.name} requires a non-empty argument", number=909)
        self.options.append((option.name, value, recorded))

    def _read_short(self, token: str) -> None:
        body = token[1:]
        if len(body) > 1 or body not in BY_SHORT:
            name, equals, value = body.partition("=")
            if option := _long(name):
                self._add(option, value if equals else None, token, recorded=option.recorded)
                return
        self._read_cluster(token, body)

    def _read_cluster(self, token: str, body: str) -> None:
        while body:
            letter, body = body[0], body[1:]
            option = BY_SHORT.get(letter)
            if letter == "x":
                self._note_excluding()
            if option is None:
                raise _unknown(token)
            if option.value:
                if not body and not self.tokens:
                    raise _unknown(token)
                self._add(option, body or None, token, recorded=False)
                return
            self.options.append((option.name, "1", False))

    def _note_excluding(self) -> None:
        """Say that tdnf's ``-x`` takes no argument where somebody may mean dnf's ``-x PACKAGE``."""
        following = self.tokens[0] if self.tokens else "-"
        if self.words and not following.startswith("-"):
            self.notes.append(f"-x has no effect; to leave {following} out, say --exclude={following}")


_VERSION_STARTS = tuple("0123456789*?[")


def _excluded(text: str) -> list[str]:
    """Split a list of packages at commas and colons; the colon of an epoch, ``-1:2``, is none of them."""
    parts: list[str] = []
    for piece in text.replace(":", ",:").split(","):
        head, colon, rest = piece.partition(":")
        epoch = parts[-1].rpartition("-")[2] if parts else ""
        if not head and colon and epoch.isdigit() and rest[:1] in _VERSION_STARTS:
            parts[-1] += piece
        else:
            parts.append(rest if colon else piece)
    return [part for part in parts if part]


def _split_setting(text: str) -> tuple[str, str]:
    """Return key and value of a ``--setopt``, the value as a configuration file would have it.

    :raises UsageError: 911 without an equal sign.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(number=911)
    return key.strip().removeprefix("main."), unquoted(value.strip())


def _option_of(key: str) -> Option | None:
    """Return the option that a key of ``--setopt`` names, as dnf's configuration spells it, too."""
    name = key.replace("_", "-")
    option = BY_NAME.get(SPELLINGS.get(name, name))
    return option if option and (option.recorded or not option.value) else None


# Switches that keep a run from changing the system: what cannot be read leaves them on.
_RESTRAINING = frozenset(("assumeno", "downloadonly", "testonly"))


class _Settled:
    """The options of a command line in their final form: see :class:`CommandLine`."""

    def __init__(self) -> None:
        self.options: list[tuple[str, str]] = []
        self.bag: list[tuple[str, str]] = []
        self.settings: list[tuple[str, str]] = []
        self.warnings: list[str] = []

    def add(self, name: str, value: str, *, recorded: bool) -> None:
        self.options.append((name, value))
        if name == "setopt":
            self._set(*_split_setting(value))
        elif name == "exclude":
            self.bag += [("exclude", part) for part in _excluded(value)]
        elif recorded:
            self.bag.append((name, value))

    def _set(self, key: str, value: str) -> None:
        """Do what ``--setopt key=value`` says: the last word on a switch counts, and a false one is none."""
        option = _option_of(key)
        self.bag.append((option.name if option else key, value))
        if option is None:
            self.settings.append((key, value))
        elif option.value or (option.optional and not is_boolean(value)):
            self.options += [(option.name, value)] if value else []
        else:
            on = boolean(value, option.name in _RESTRAINING, self.warnings.append)
            self.options = [pair for pair in self.options if pair[0] != option.name]
            self.options += [(option.name, "1")] if on else []


def parse(arguments: Sequence[str]) -> CommandLine:
    """Read ``arguments`` (without the program name).

    :raises UsageError: 908 unknown option, 909 missing value, 911 bad setopt.
    """
    reader = _Reader(arguments)
    reader.read()
    settled = _Settled()
    for name, value, recorded in reader.options:
        settled.add(name, value, recorded=recorded)
    return CommandLine(
        tuple(settled.options),
        tuple(settled.bag),
        tuple(reader.words),
        without_passwords(" ".join(map(without_secret, (*reader.head, *reader.words)))),
        tuple(settled.settings),
        tuple(settled.warnings),
        tuple(reader.notes),
    )


def wants_json(arguments: Sequence[str]) -> bool:
    """Say whether a command line that cannot be read asks for JSON: its errors are documents then, too."""
    reader = _Reader(arguments)
    while reader.tokens:
        with suppress(UsageError):
            reader.read()
    return any(name == "json" for name, _, _ in reader.options)


def check(line: CommandLine) -> None:
    """Refuse combinations that cannot work, before anything else is done (options 1).

    :raises UsageError: 913, 915, 916 or 1622.
    """
    root = line.last("installroot")
    if root and not root.startswith("/"):
        raise UsageError(number=1622, stdout=("Install root must be an absolute path.",))
    if "" in line.words:
        raise UsageError("argument is empty string", number=1622)
    if not line.flag("downloadonly") and line.words[:1] != ("download",):
        for name, number in (("downloaddir", 913), ("alldeps", 915), ("nodeps", 916)):
            if line.flag(name):
                raise UsageError(number=number)
