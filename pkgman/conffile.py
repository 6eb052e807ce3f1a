"""A configuration file that can be changed and written back with all its comments.

The dialect is that of :mod:`pkgman.ini`: ``#`` starts a comment line, indented lines continue a value.
Bytes that are no UTF-8 survive.
"""

from __future__ import annotations

import os
from contextlib import suppress
from json import dumps
from typing import NamedTuple

from pkgman.ini import continues, unquoted

_BOM = "\ufeff"


class Line(NamedTuple):
    """One line: a setting if it has a ``key``, else ``text`` as it stands, maybe more of the value above."""

    text: str
    key: str = ""
    value: str = ""
    continued: bool = False

    def written(self) -> str:
        """Return the line as it is written back."""
        return f"{self.key} = {self.value}".rstrip() if self.key else self.text

    @property
    def json_name(self) -> str:
        """What the JSON dump calls it."""
        if self.key:
            return self.key
        plain = self.text.strip()
        if not plain:
            return ".empty"
        return ".comment" if plain.startswith("#") else ".unparsed"


class Section:
    """A ``[name]`` and what follows it up to the next section; what stands before the first has no name."""

    def __init__(self, name: str, header: str = "") -> None:
        self.name, self.header = name, header or f"[{name}]"
        self.lines: list[Line] = []

    def get(self, key: str) -> str | None:
        """Return the value of ``key``, the last if there are several; None without one."""
        return self.last_of((key,))

    def last_of(self, keys: tuple[str, ...]) -> str | None:
        """Return the value of the last setting of any of ``keys``."""
        found = [at for at, line in enumerate(self.lines) if line.key and line.key in keys]
        return self._value(found[-1]) if found else None

    def _end(self, at: int) -> int:
        """Return the place behind the last line of the setting at a place."""
        end = last = at + 1
        while end < len(self.lines) and not self.lines[end].key:
            end += 1
            if self.lines[end - 1].continued:
                last = end
        return last

    def _value(self, at: int) -> str:
        more = (line.text.strip() for line in self.lines[at + 1 : self._end(at)] if line.continued)
        return unquoted(" ".join((self.lines[at].value, *more)).strip())

    def set(self, key: str, value: str) -> None:
        """Change the setting that counts, the last one, or add it behind the section's other settings."""
        new = Line("", key, value)
        for at in range(len(self.lines) - 1, -1, -1):
            if self.lines[at].key == key:
                self._cut(at)
                self.lines[at] = new
                return
        behind = max((self._end(at) for at, line in enumerate(self.lines) if line.key), default=0)
        self.lines.insert(behind, new)

    def _cut(self, at: int) -> None:
        """Drop the lines that continue the setting at a place, not the comments between them."""
        end = self._end(at)
        self.lines[at + 1 : end] = [line for line in self.lines[at + 1 : end] if not line.continued]

    def remove(self, key: str) -> bool:
        """Remove all settings of ``key``, so that no earlier one comes to life; False if there is none."""
        found = [at for at, line in enumerate(self.lines) if line.key == key]
        for at in reversed(found):
            self._cut(at)
            del self.lines[at]
        return bool(found)

    def settings(self) -> dict[str, str]:
        """Return key to value, the last of each."""
        return {line.key: self._value(at) for at, line in enumerate(self.lines) if line.key}

    def as_json(self, name: str) -> str:
        """Return ``{name: {key: value}}``, lines in their order and doubles included (commands 9)."""

        def quoted(text: str) -> str:
            return dumps(
                text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), ensure_ascii=False
            )

        pairs = (
            f"{quoted(line.json_name)}:{quoted(self._value(at) if line.key else line.text.strip())}"
            for at, line in enumerate(self.lines)
            if not line.continued
        )
        return f"{{{quoted(name)}:{{{','.join(pairs)}}}}}"


class ConfFile:
    """A file as sections of lines. :meth:`save` writes it whole or not at all."""

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)  # a link stays one
        self._head = Section("", "")
        self._sections: list[Section] = []
        self._mark = ""

    def read(self, text: str) -> None:
        """Take the content of the file."""
        if text.startswith(_BOM):
            self._mark, text = _BOM, text[1:]
        current, settings = self._head, 0  # and how many settings the section has
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        for raw in lines:
            plain = raw.strip()
            name, closed, rest = plain[1:].partition("]")
            if plain.startswith("[") and closed and name.strip() and not rest.strip():
                current, settings = Section(name.strip(), raw), 0
                self._sections.append(current)
            elif plain.startswith(("#", ";", "[")):
                current.lines.append(Line(raw))
            elif settings and continues(raw):
                current.lines.append(Line(raw, continued=True))
            else:
                key, equals, value = plain.partition("=")
                setting = bool(equals and key.strip()) and current is not self._head
                settings += setting
                current.lines.append(Line(raw, key.strip(), value.strip()) if setting else Line(raw))

    def add(self, text: str) -> None:
        """Append the sections of ``text``."""
        if self.is_empty:
            self.read(text)
            return
        more = ConfFile(self.path)
        more.read(text)
        for section in more.sections:
            self.add_section(section.name).lines = section.lines

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections, in order."""
        return tuple(self._sections)

    def section(self, name: str) -> Section | None:
        """Return the section of that name."""
        return next((section for section in self._sections if section.name == name), None)

    @property
    def first_section(self) -> Section | None:
        """The first section, which tdnf takes for the main one whatever its name."""
        return self._sections[0] if self._sections else None

    @property
    def is_empty(self) -> bool:
        """Whether neither a section nor any other line is left."""
        return not self._sections and not self._head.lines

    def add_section(self, name: str) -> Section:
        """Append a section, with an empty line before it if something stands there."""
        last = self._sections[-1] if self._sections else self._head
        if not self.is_empty and not (last.lines and not last.lines[-1].text and not last.lines[-1].key):
            last.lines.append(Line(""))
        section = Section(name)
        self._sections.append(section)
        return section

    def remove_section(self, section: Section) -> None:
        """Remove a section with its lines."""
        self._sections.remove(section)

    def text(self) -> str:
        """Return the whole file, each line ended."""
        lines = [line.written() for line in self._head.lines]
        for section in self._sections:
            lines.append(section.header)
            lines += (line.written() for line in section.lines)
        return self._mark + "".join(f"{line}\n" for line in lines)

    def save(self) -> None:
        """Write ``PATH.tmp`` with the old file's mode and owner and rename it.

        :raises OSError: nothing was changed.
        """
        temporary = f"{self.path}.tmp"
        with suppress(FileNotFoundError):  # of a run that was killed
            os.unlink(temporary)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(temporary, flags, 0o600)  # a password in it is not for everybody meanwhile
        try:
            with open(descriptor, "wb") as stream:
                stream.write(self.text().encode("utf-8", "surrogateescape"))
                stream.flush()
                self._keep_rights(descriptor)
                os.fsync(descriptor)
            os.replace(temporary, self.path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise

    def _keep_rights(self, descriptor: int) -> None:
        try:
            old = os.stat(self.path)
        except FileNotFoundError:
            os.fchmod(descriptor, 0o644)
            return
        if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(descriptor, old.st_uid, old.st_gid)
        os.fchmod(descriptor, old.st_mode & 0o7777)  # behind the change of owner, which drops bits


def load(path: str) -> ConfFile:
    """Read the file at ``path``.

    :raises OSError: it is missing, unreadable or no regular file.
    """
    file = ConfFile(path)
    with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as stream:
        file.read(stream.read().decode("utf-8", "surrogateescape"))
    return file
