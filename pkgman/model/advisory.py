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
    cves: tuple[str, ...] = ()
    bugs: tuple[str, ...] = ()  # numbers of Bugzilla
