"""tdnf's INI dialect (tdnf contract, config 1), and what dnf's files have beyond it.

``#`` starts a comment line; there are no inline comments. Blanks at the end of a value are dropped,
unlike tdnf, where they silently turn ``enabled=1`` with a blank behind it into a false value. An
indented line that is not ``key = value`` continues the value above it, and a pair of quotes around
a whole value is dropped, as dnf's users write them.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from pkgman.model.errors import ConfigError
from pkgman.model.limits import MAX_CONFIG
from pkgman.model.words import without_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from io import BufferedReader

_TRUE = frozenset(("true", "yes", "on"))
_FALSE = frozenset(("false", "no", "off"))
_TOO_LARGE = 1 << 31
_LONGEST = 64  # characters of a number
_QUOTES = "\"'"


class Entry(NamedTuple):
    """One ``key = value`` line, with its line number from 1."""

    key: str
    value: str
    line: int


class Section(NamedTuple):
    """One ``[name]`` and its entries in order."""

    name: str
    line: int
    entries: tuple[Entry, ...]

    def values(self) -> dict[str, str]:
        """Return key to value; the last occurrence of a key wins."""
        return {entry.key: entry.value for entry in self.entries}


class Document(NamedTuple):
    """A parsed file; ``problems`` are sentences that name file and line."""

    path: str
    sections: tuple[Section, ...]
    problems: tuple[str, ...]


def boolean(text: str, default: bool, warn: Callable[[str], None]) -> bool:
    """Read a boolean: true/false/yes/no/on/off in any case, or a number (non-zero is true).

    Anything else warns as tdnf does and gives ``default``, which the caller
    chooses to be the safe one (tdnf would take it as false).
    """
    word = text.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    try:
        return int(word[:_LONGEST]) != 0
    except ValueError:
        warn(f"WARNING: invalid arg to strtoi: '{text}'")
        return default


def specs(*values: str) -> tuple[str, ...]:
    """Return the package specs of all ``values``, separated by blanks or commas."""
    return tuple(word for value in values for word in value.replace(",", " ").split())


def is_boolean(text: str) -> bool:
    """Say whether :func:`boolean` can read ``text``."""
    return text.lower() in _TRUE | _FALSE or text.lstrip("-").isdigit()


def integer(text: str, warn: Callable[[str], None]) -> int:
    """Read an integer of 32 bits; garbage and larger numbers warn and give 0, as in tdnf."""
    try:
        number = int(text) if len(text) < _LONGEST else _TOO_LARGE
    except ValueError:
        number = _TOO_LARGE
    if abs(number) >= _TOO_LARGE:
        warn(f"WARNING: invalid arg to strtoi: '{text[:80]}'")
        return 0
    return number


def unquoted(value: str) -> str:
    """Return ``value`` without the pair of quotes that encloses the whole of it."""
    quote = value[:1]
    if len(value) > 1 and quote in _QUOTES and value.endswith(quote) and value.count(quote) == 2:
        return value[1:-1]
    return value


def continues(raw: str) -> bool:
    """Say whether a line belongs to the value above it: it is indented, and no setting, section or comment.

    tdnf reads an indented ``key = value`` as a setting. A URL with a query is no such line.
    """
    line = raw.strip()
    if not raw[:1].isspace() or not line or line.startswith(("#", ";", "[")):
        return False
    key, equals, _ = line.partition("=")
    return not equals or not key.strip().replace("-", "_").isidentifier()


def unknown(section: Section, known: Container[str], path: str) -> Iterator[str]:
    """Yield a sentence for each key of the section that is not ``known``: it has no effect."""
    for entry in section.entries:
        if entry.key not in known:
            yield f"{path}:{entry.line}: '{entry.key}' is no key that tdnf knows; it is ignored"


def parse(text: str, path: str) -> Document:
    """Read ``text``; lines that are no section, key or comment become problems."""
    sections: list[tuple[str, int, list[tuple[str, list[str], int]]]] = []
    problems = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("["):
            name, closed, rest = line[1:].partition("]")
            if not closed or not name.strip() or rest.strip():
                problems.append(f"{path}:{number}: not a section header: {without_secret(line)}")
                continue
            sections.append((name.strip(), number, []))
            continue
        key, equals, value = line.partition("=")
        entries = sections[-1][2] if sections else []
        if entries and continues(raw):
            entries[-1][1].append(line)
        elif not equals or not key.strip():
            problems.append(f"{path}:{number}: neither '[section]' nor 'key = value': {without_secret(line)}")
        elif not sections:
            problems.append(f"{path}:{number}: setting before the first [section]: {without_secret(line)}")
        else:
            entries.append((key.strip(), [value.strip()], number))
    return Document(path, tuple(Section(n, at, _settled(e)) for n, at, e in sections), tuple(problems))


def _settled(entries: list[tuple[str, list[str], int]]) -> tuple[Entry, ...]:
    return tuple(Entry(key, unquoted(" ".join(parts).strip()), number) for key, parts, number in entries)


def _content(stream: BufferedReader, *, named: bool) -> bytes:
    kind = stat.S_IFMT(os.fstat(stream.fileno()).st_mode)
    if kind == stat.S_IFREG:
        return stream.read(MAX_CONFIG + 1)
    if not named or kind not in (stat.S_IFIFO, stat.S_IFCHR):
        raise OSError(errno.EISDIR if kind == stat.S_IFDIR else errno.EINVAL, "not a regular file")
    os.set_blocking(stream.fileno(), True)  # whoever writes into a pipe may take a while
    data = stream.read(MAX_CONFIG + 1)
    if len(data) > MAX_CONFIG:
        raise OSError(errno.EFBIG, f"more than {MAX_CONFIG} bytes")
    return data


def load(path: str, *, named: bool = False) -> Document:
    """Read and parse the file at ``path``.

    :param named: the user named it: a pipe, such as a shell's ``<(...)``, and /dev/null will do.
    :raises ConfigError: 1602 when it is missing, 1600 + errno when it is unreadable,
        1002 when it is no text or too large.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO must not make us wait
        with open(fd, "rb") as stream:
            data = _content(stream, named=named)
    except OSError as error:
        number = 1600 + (error.errno or 0)
        raise ConfigError(f"{path}: cannot be read: {error.strerror}", number=number) from error
    if len(data) > MAX_CONFIG:
        raise ConfigError(f"{path}: has more than {MAX_CONFIG} bytes, which is not accepted")
    if b"\0" in data:
        raise ConfigError(f"{path}: is not a text file (it holds a NUL byte)")
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")  # some editors write that mark
    return parse(text, path)
