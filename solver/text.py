"""Strings for libsolv, which takes UTF-8 only."""

from __future__ import annotations


def clean(text: str) -> str:
    """Return ``text`` with U+FFFD for what is no UTF-8: undecodable bytes of a header or an argument.

    libsolv's binding refuses a string with such bytes (surrogates), and file
    names in Latin-1 exist. The stand-in is no ``?``, which would match any character.
    """
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def folded(text: str) -> str:
    """Return ``text`` so that case and the way to write an accent make no difference."""
    from unicodedata import normalize  # noqa: PLC0415  # 1 MB, for words beyond ASCII only

    return normalize("NFC", text).casefold()
