"""Changelogs as values."""

from typing import NamedTuple


class Changelog(NamedTuple):
    """One entry of a package's changelog."""

    time: int  # seconds since 1970; rpm writes noon, UTC
    author: str
    text: str


def newest_first(entries: tuple[Changelog, ...]) -> tuple[Changelog, ...]:
    """Sort by time; entries of one time stay in their order."""
    return tuple(sorted(entries, key=lambda entry: -entry.time))
