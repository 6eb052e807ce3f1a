"""tdnf's INI dialect (tdnf contract, config 1).

Every physical line stands alone: no continuation, no inline comment, ``#`` starts
a comment line. Blanks at the end of a value are dropped, unlike tdnf, where they
silently turn ``enabled=1`` with a blank behind it into a false value.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NamedTuple

from pkgman.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Container, Iterator


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


def unknown(section: Section, known: Container[str], path: str) -> Iterator[str]:
    """Yield a sentence for each key of the section that is not ``known``: it has no effect."""
    for entry in section.entries:
        if entry.key not in known:
            yield f"{path}:{entry.line}: '{entry.key}' is no key that tdnf knows; it is ignored"


def parse(text: str, path: str) -> Document:
    """Read ``text``; lines that are no section, key or comment become problems."""
    sections: list[tuple[str, int, list[Entry]]] = []
    problems = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("["):
            name, closed, rest = line[1:].partition("]")
            if not closed or not name.strip() or rest.strip():
                problems.append(f"{path}:{number}: not a section header: {line}")
                continue
            sections.append((name.strip(), number, []))
            continue
        key, equals, value = line.partition("=")
        if not equals or not key.strip():
            problems.append(f"{path}:{number}: neither '[section]' nor 'key = value': {line}")
        elif not sections:
            problems.append(f"{path}:{number}: setting before the first [section]: {line}")
        else:
            sections[-1][2].append(Entry(key.strip(), value.strip(), number))
    return Document(path, tuple(Section(n, at, tuple(e)) for n, at, e in sections), tuple(problems))


def load(path: str) -> Document:
    """Read and parse the file at ``path``.

    :raises ConfigError: 1602 when it is missing, 1600 + errno when it is unreadable,
        1002 when it is no text.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO must not make us wait
        with open(fd, "rb") as stream:
            if not os.path.isfile(path):
                raise OSError(errno.EINVAL, "not a regular file", path)
            data = stream.read()
    except OSError as error:
        number = 1600 + (error.errno or 0)
        raise ConfigError(f"{path}: cannot be read: {error.strerror}", number=number) from error
    if b"\0" in data:
        raise ConfigError(f"{path}: is not a text file (it holds a NUL byte)")
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")  # some editors write that mark
    return parse(text, path)
