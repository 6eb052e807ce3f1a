"""Advisories as values: what updateinfo metadata says about fixed packages."""

from __future__ import annotations

from typing import NamedTuple


class AdvisoryPackage(NamedTuple):
    """A package that an advisory ships."""

    name: str
    epoch: int
    version: str
    release: str
    arch: str
    filename: str
    reboot: bool  # the system should be rebooted after updating this one

    @property
    def evr(self) -> str:
        """``epoch:version-release``, an epoch of 0 stated."""
        return f"{self.epoch}:{self.version}-{self.release}"

    @property
    def nevra(self) -> str:
        """``name-[epoch:]version-release.arch``; an epoch of 0 is left out."""
        epoch = f"{self.epoch}:" if self.epoch else ""
        return f"{self.name}-{epoch}{self.version}-{self.release}.{self.arch}"


class Reference(NamedTuple):
    """What an advisory refers to; "" for what it does not state."""

    kind: str  # cve, bugzilla, self, vendor …, in small letters
    id: str
    title: str
    url: str


class Advisory(NamedTuple):
    """One update notice."""

    id: str
    type: str  # Unknown, Security, Bugfix or Enhancement
    severity: str  # the repository's own word or number, "" when not stated
    title: str
    description: str
    updated: int  # seconds since 1970; the later of issued and updated, 0 when not stated
    reboot: bool  # of the advisory or of any of its packages
    packages: tuple[AdvisoryPackage, ...]
    kind: str = ""  # the repository's own word for the type: security, newpackage …
    issued: int = 0  # seconds since 1970, 0 when not stated
    references: tuple[Reference, ...] = ()

    @property
    def cves(self) -> tuple[str, ...]:
        """The ids of the CVEs that it fixes."""
        return self._ids("cve")

    @property
    def bugs(self) -> tuple[str, ...]:
        """The numbers of Bugzilla that it fixes."""
        return self._ids("bugzilla")

    def _ids(self, kind: str) -> tuple[str, ...]:
        return tuple(reference.id for reference in self.references if reference.kind == kind and reference.id)
