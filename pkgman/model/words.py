"""Making foreign texts fit to be shown: no terminal commands, no passwords."""

from __future__ import annotations

_SHOWN = "\n\t"
# C0, DEL and C1 steer terminals; the others turn the direction of writing, so that a line
# reads otherwise than it is.
_HIDDEN = [*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_ESCAPED = {number: f"\\u{number:04x}" for number in _HIDDEN if number >= 0x7F}
_STAND_IN = {number: "?" for number in _HIDDEN if chr(number) not in _SHOWN}
_ON_ONE_LINE = _STAND_IN | {ord(character): " " for character in _SHOWN}


def plain(text: str) -> str:
    """Return ``text`` with every character that would steer a terminal as ``?``; lines and tabs stay."""
    return text if text.isprintable() else text.translate(_STAND_IN)


def one_line(text: str) -> str:
    """Return ``text`` as :func:`plain` does, on one line."""
    return text if text.isprintable() else text.translate(_ON_ONE_LINE)


def escaped(document: str) -> str:
    """Return a JSON document with the characters that JSON leaves alone, and terminals do not, escaped."""
    return document if document.isprintable() else document.translate(_ESCAPED)


def without_passwords(text: str) -> str:
    """Return ``text`` with ``user:password@`` of every URL in it as ``***@``."""
    head, *rest = text.split("://")
    for part in rest:
        end = next((place for place, character in enumerate(part) if character.isspace()), len(part))
        login = login_length(part[:end])
        head += f"://{'***@' if login else ''}{part[login:]}"
    return head


def without_secret(setting: str) -> str:
    """Return a setting, ``key=value`` in any way of writing it, with ``***`` for the value of a password."""
    before, key, value = setting.partition("password")
    return f"{before}{key}=***" if key and value[:1] in ("=", ":", " ", "\t") else setting


def login_length(rest: str) -> int:
    """Return how many characters of a URL behind ``://`` may be user and password, the ``@`` included.

    A ``/``, ``?`` or ``#`` in a password should be escaped. Where it is not, the password ends at the last
    ``@``. What could as well be a port and a path with an ``@`` counts as a password.
    """
    end = min((rest.find(mark) for mark in "/?#" if mark in rest), default=len(rest))
    authority = rest[:end]
    host, _, port = authority.rpartition(":")
    is_address = authority.startswith("[") and (
        authority.endswith("]") or (host.endswith("]") and port.isdigit())
    )
    return rest.rfind("@") + 1 if "@" in authority or (":" in authority and not is_address) else 0
