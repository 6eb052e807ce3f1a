"""The keys of the rpm database with more for one run: nothing is written, so no root is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pkgman.transaction.openpgp import Certificate


class KeyStore(Protocol):
    """Where keys are known and new ones go; the rpm database is one."""

    def keys(self) -> tuple[Certificate, ...]:
        """Return every known key."""

    def import_key(self, certificate: Certificate) -> None:
        """Add a key."""

    def hushed(self) -> AbstractContextManager[None]:
        """Return a context in which librpm prints errors only."""


class LentKeys:
    """A :class:`KeyStore` on top of another, which takes new keys into memory."""

    def __init__(self, below: KeyStore) -> None:
        self._below = below
        self._own: list[Certificate] = []

    def keys(self) -> tuple[Certificate, ...]:
        """Return the keys below and those that were added."""
        return (*self._below.keys(), *self._own)

    def import_key(self, certificate: Certificate) -> None:
        """Add a key for as long as this object lives."""
        self._own.append(certificate)

    def hushed(self) -> AbstractContextManager[None]:
        """Return a context in which librpm prints errors only."""
        return self._below.hushed()
