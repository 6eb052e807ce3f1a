"""Packages as values.

Named tuples, not dataclasses: a query makes them by the thousand, and their
definition costs a tenth of a dataclass's at start-up. And no postponed annotations
here and in its like: as strings they would be compiled one by one at every start.
"""

from typing import NamedTuple

SYSTEM_REPO = "@System"  # the installed packages
CMDLINE_REPO = "@cmdline"  # packages given as files or URLs


class Checksum(NamedTuple):
    """A digest: ``kind`` is hashlib's name (md5, sha1, sha256, sha512), ``hex`` lower case."""

    kind: str
    hex: str


class Package(NamedTuple):
    """One package of a repository or of the installed set."""

    name: str
    epoch: int
    version: str
    release: str
    arch: str
    repo: str
    handle: int = 0  # libsolv's id; valid only in the pool that gave it
    install_size: int = 0  # bytes
    download_size: int = 0  # bytes; 0 for an installed package

    @property
    def evr(self) -> str:
        """``[epoch:]version-release``; epoch 0 is left out."""
        plain = f"{self.version}-{self.release}"
        return f"{self.epoch}:{plain}" if self.epoch else plain

    @property
    def nevra(self) -> str:
        """``name-[epoch:]version-release.arch``, rpm's NEVRA tag."""
        return f"{self.name}-{self.evr}.{self.arch}"

    @property
    def is_source(self) -> bool:
        """Whether it is a source package."""
        return self.arch in ("src", "nosrc")

    @property
    def nvra(self) -> str:
        """``name-version-release.arch``, never with an epoch."""
        return f"{self.name}-{self.version}-{self.release}.{self.arch}"


class PackageInfo(NamedTuple):
    """What ``info`` shows beyond a :class:`Package`; a missing text is ``""``."""

    summary: str
    description: str
    url: str
    license: str
    source: str  # name-[epoch:]version-release.src of the source package, or ""
    vendor: str = ""
    build_time: int = 0  # seconds since 1970
    install_time: int = 0  # seconds since 1970; 0 for a package that is not installed


class Dependency(NamedTuple):
    """One relation of an installed package: ``flags`` are rpm's RPMSENSE bits."""

    name: str
    flags: int = 0
    evr: str = ""


class InstalledPackage(NamedTuple):
    """All that the solver must know of an installed package, read from its rpm header."""

    name: str
    epoch: int
    version: str
    release: str
    arch: str
    vendor: str
    summary: str
    description: str
    url: str
    license: str
    source_rpm: str  # file name of the source package
    install_size: int  # bytes
    install_time: int  # seconds since 1970
    build_time: int  # seconds since 1970
    database_id: int  # rpm's hdrnum
    provides: tuple[Dependency, ...]
    requires: tuple[Dependency, ...]
    conflicts: tuple[Dependency, ...]
    obsoletes: tuple[Dependency, ...]
    recommends: tuple[Dependency, ...]
    suggests: tuple[Dependency, ...]
    supplements: tuple[Dependency, ...]
    enhances: tuple[Dependency, ...]
    files: tuple[str, ...]


class RpmFile(NamedTuple):
    """An rpm file given on the command line: its header as a package, and where it lies."""

    path: str
    header: InstalledPackage
    size: int  # bytes of the file
