"""This machine's apt lists, read as the description of a distribution.

Debian's packages and relations in the terms of RPM: versions become epoch, version and
release, alternatives become rich dependencies, Breaks count as Conflicts.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HELPER = "/usr/lib/apt/apt-helper"
ARCHES = {"amd64": "x86_64", "arm64": "aarch64", "all": "noarch"}
SIGNS = {"<<": "<", "<=": "<=", "=": "=", ">=": ">=", ">>": ">"}
RELATION = re.compile(r"\s*([^\s(:\[]+)(?::[\w-]+)?\s*(?:\(\s*(<<|<=|>=|>>|=)\s*([^)\s]+)\s*\))?")
FIELD = re.compile(r"^([A-Za-z0-9-]+):[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)
FOREIGN = re.compile(r"[^A-Za-z0-9._+~^]")  # what a version or release of RPM may not hold


class Evr(NamedTuple):
    """Epoch (``"0"`` if none), version, release."""

    epoch: str
    version: str
    release: str

    def __str__(self) -> str:
        prefix = "" if self.epoch == "0" else f"{self.epoch}:"
        return f"{prefix}{self.version}-{self.release}"


class Relation(NamedTuple):
    """A name with, perhaps, a condition; ``sign`` is RPM's (``<``, ``<=`` …), ``""`` for none."""

    name: str
    sign: str = ""
    evr: Evr | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.sign} {self.evr}" if self.evr else self.name


class Deb(NamedTuple):
    """One binary package: its control fields, and what they mean in RPM's terms."""

    fields: Mapping[str, str]

    @property
    def name(self) -> str:
        """The package's name."""
        return self.fields["Package"]

    @property
    def evr(self) -> Evr:
        """The version in RPM's terms."""
        return evr(self.fields["Version"])

    @property
    def arch(self) -> str:
        """RPM's word for the architecture."""
        return ARCHES.get(self.fields["Architecture"], self.fields["Architecture"])

    @property
    def summary(self) -> str:
        """First line of the description."""
        return self.fields.get("Description", self.name).partition("\n")[0]

    def relations(self, *names: str) -> list[tuple[Relation, ...]]:
        """Clauses of these fields; each is a tuple of alternatives."""
        clauses = (clause for name in names for clause in self.fields.get(name, "").split(","))
        return [parsed for parsed in map(alternatives, clauses) if parsed]


def evr(text: str) -> Evr:
    """A Debian version in RPM's terms.

    Debian writes upper bounds as ``1.2-.``, ``1.2-z`` or ``1.2.``, which sort above every
    real 1.2. RPM ignores a separator at the end, so a number takes its place.
    """
    epoch, _, rest = text.rpartition(":")
    upstream, _, revision = rest.rpartition("-")
    if not upstream:
        upstream, revision = rest, "0"
    if upstream.endswith((".", "+")):
        upstream += "0"
    if revision.rstrip("~") in (".", "z", "+"):
        revision = "99999"
    return Evr(epoch or "0", FOREIGN.sub("~", upstream), FOREIGN.sub("~", revision))


def alternatives(clause: str) -> tuple[Relation, ...]:
    """Parse ``a (>= 1) | b``; unreadable alternatives are left out."""
    found = []
    for text in clause.split("|"):
        match = RELATION.match(text)
        if match:
            name, sign, version = match.groups()
            found.append(Relation(name, SIGNS[sign], evr(version)) if sign else Relation(name))
    return tuple(found)


def rich(choices: tuple[Relation, ...]) -> str:
    """The clause as RPM writes it."""
    return str(choices[0]) if len(choices) == 1 else "(" + " or ".join(map(str, choices)) + ")"


def stanzas(text: str) -> Iterator[Deb]:
    """Packages of a control file or a Packages index."""
    for block in text.split("\n\n"):
        fields = {key: value.replace("\n ", "\n") for key, value in FIELD.findall(block)}
        if fields:
            yield Deb(fields)


def packages() -> list[Deb]:
    """Every binary package that apt knows here, the last of equal name and version."""
    known = {}
    for path in index_files("Packages"):
        for deb in stanzas(_cat(path).decode(errors="replace")):
            known[deb.name, deb.fields["Version"]] = deb
    return list(known.values())


def file_lists() -> dict[str, bytearray]:
    """Absolute paths of each package, one a line, as the Contents indices have them.

    Takes as much memory as the indices have bytes (about 700 MB). Empty without indices:
    ``apt-get update`` fetches them where apt-file is installed.
    """
    lists: dict[str, bytearray] = defaultdict(bytearray)
    for path in index_files("Contents-deb"):
        for line in _cat(path).splitlines():
            name, _, owners = line.rpartition(b" ")
            entry = b"/" + name.rstrip() + b"\n"
            for owner in owners.split(b","):
                lists[owner.rpartition(b"/")[2].decode()] += entry
    return lists


def index_files(kind: str) -> list[str]:
    """Paths of apt's index files of one kind that are here."""
    options = ["--format", "$(FILENAME)", f"Created-By: {kind}"]
    listed = subprocess.run(["apt-get", "indextargets", *options], capture_output=True, text=True, check=True)
    return [path for path in listed.stdout.split() if os.path.exists(path)]


def closure(names: Iterable[str]) -> list[str]:
    """Names of what apt would install for ``names`` into an empty system, recommendations left out."""
    options = ["-s", "-o", "Dir::State::status=/dev/null", "-o", "APT::Install-Recommends=0", "-y"]
    done = subprocess.run(
        ["apt-get", *options, "install", *names], capture_output=True, text=True, check=True
    )
    return [line.split()[1] for line in done.stdout.splitlines() if line.startswith("Inst ")]


def _cat(path: str) -> bytes:
    return subprocess.run([HELPER, "cat-file", path], stdout=subprocess.PIPE, check=True).stdout
