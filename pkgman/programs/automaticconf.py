"""automatic.conf: what tdnf-automatic is to do, as one value (tdnf contract, commands 9)."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any, NamedTuple

from pkgman import ini
from pkgman.config import DEFAULT_CONFIG
from pkgman.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MISSING, _INVALID, _UNREADABLE = 2, 22, 77  # exit statuses
_TRUE = ("yes", "1", "true", "y", "on", "t")
_FALSE = ("no", "0", "false", "n", "off", "f")
_LONGEST = 9  # digits of a number of seconds


class Failure(Exception):
    """The program ends with ``status`` after saying ``lines`` on standard error."""

    def __init__(self, status: int, *lines: str) -> None:
        self.status, self.lines = status, lines
        super().__init__(*lines)


class Settings(NamedTuple):
    """automatic.conf; times are seconds, ``emit_to_file`` is "" for no file."""

    upgrade_type: str = "all"
    random_sleep: int = 0
    network_online_timeout: int = 60
    show_updates: bool = True
    apply_updates: bool = False
    emit_to_stdio: bool = True
    emit_to_file: str = ""
    system_name: str = ""
    tdnf_conf: str = DEFAULT_CONFIG


_KEYS = {
    "commands": (
        "upgrade_type", "random_sleep", "network_online_timeout", "show_updates", "apply_updates",
    ),
    "emitter": ("emit_to_stdio", "emit_to_file", "system_name"),
    "base": ("tdnf_conf",),
}  # fmt: skip


def load(path: str) -> Settings:
    """Read the file; a key without value keeps its default.

    :raises Failure: 2 for a file that is missing or empty, 77 for one that cannot be read, 22 for a
        key or value that is not known.
    """
    try:
        missing = not os.path.exists(path) or (os.path.isfile(path) and os.path.getsize(path) == 0)
        if missing:
            raise Failure(_MISSING, f"Configuration file: '{path}' does not exist")
        document = ini.load(path)
    except ConfigError as error:
        raise Failure(_UNREADABLE, *error.lines) from error
    except OSError as error:
        raise Failure(_UNREADABLE, f"{path}: cannot be read: {error.strerror}") from error
    wrong = [*document.problems, *_unknown(document)]
    if wrong:
        raise Failure(_INVALID, *wrong)
    given: dict[str, Any] = {"system_name": socket.gethostname()}
    for section in document.sections:
        for key, value in section.values().items():
            if value:
                given[key] = _value(section.name, key, value)
    settings = Settings(**given)
    if not os.path.exists(settings.tdnf_conf):
        raise Failure(_MISSING, f"tdnf configuration file: '{settings.tdnf_conf}' does not exist...")
    return settings


def _unknown(document: ini.Document) -> Iterator[str]:
    for section in document.sections:
        for entry in section.entries:
            if entry.key not in _KEYS.get(section.name, ()):
                yield _entry(section.name, entry.key, entry.value)


def _entry(section: str, key: str, value: str) -> str:
    return f"Invalid entry '{section}'|'{key}'='{value}'"


def _value(section: str, key: str, value: str) -> str | int | bool:
    kind = type(getattr(Settings(), key))
    if kind is bool:
        if value.lower() in (*_TRUE, *_FALSE):
            return value.lower() in _TRUE
        entry = _entry(section, key, value)
        raise Failure(_INVALID, f"Invalid input({value}) to StrToBool...", entry)
    if kind is int:
        if value.isascii() and value.isdigit() and len(value) <= _LONGEST:
            return int(value)
        raise Failure(_INVALID, _entry(section, key, value))
    if key == "upgrade_type" and value not in ("all", "security"):
        raise Failure(_INVALID, _entry(section, key, value))
    return value
