"""Packages known by their headers, into libsolv.

Follows libsolv's own reader of the rpm database (ext/repo_rpmdb.c): ``rpmlib()``
requirements, which no package meets, stand apart, scriptlet requirements stand behind the marker, and
each package provides itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

from solver.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pkgman.model.package import Dependency, InstalledPackage

# rpm's RPMSENSE bits (lib/rpmds.h)
_COMPARISONS = 0x0E  # less, greater, equal
_LESS, _GREATER, _EQUAL = 0x02, 0x04, 0x08
_PRE = (1 << 6) | (1 << 7) | (1 << 9) | (1 << 10) | (1 << 11) | (1 << 12) | (1 << 5)
# prereq, pretrans, pre, post, preun, postun, posttrans

RPMS_OWN = "pkgman:rpmlib"  # libsolv's key for requirements that rpm itself meets
_RELATIONS = (
    ("provides", solv.SOLVABLE_PROVIDES),
    ("conflicts", solv.SOLVABLE_CONFLICTS),
    ("obsoletes", solv.SOLVABLE_OBSOLETES),
    ("recommends", solv.SOLVABLE_RECOMMENDS),
    ("suggests", solv.SOLVABLE_SUGGESTS),
    ("supplements", solv.SOLVABLE_SUPPLEMENTS),
    ("enhances", solv.SOLVABLE_ENHANCES),
)


class Filler:
    """Adds packages to one libsolv repository; call :meth:`close` at the end."""

    def __init__(self, repo: solv.Repo) -> None:
        self._repo = repo
        self._pool = repo.pool
        self._data = repo.add_repodata()
        self._rpms_own = self._pool.str2id(RPMS_OWN)
        self._directories: dict[str, int] = {}
        self._relations: dict[tuple[str, int, str], int] = {}

    def add_all(self, packages: Iterable[InstalledPackage]) -> None:
        """Add ``packages`` in their order."""
        for package in packages:
            self.add(package)

    def add(self, package: InstalledPackage) -> int:
        """Add one package and return its handle."""
        solvable = self._repo.add_solvable()
        plain = f"{package.version}-{package.release}"
        solvable.name = clean(package.name)
        solvable.evr = clean(f"{package.epoch}:{plain}" if package.epoch else plain)
        solvable.arch = clean(package.arch)
        if package.vendor:
            solvable.vendor = clean(package.vendor)
        self._add_relations(solvable, package)
        self._add_data(solvable.id, package)
        self._add_files(solvable.id, package.files)
        handle: int = solvable.id
        return handle

    def set_download(self, handle: int, size: int) -> None:
        """Say how long the file of a package is, in bytes."""
        self._data.set_num(handle, solv.SOLVABLE_DOWNLOADSIZE, size)

    def close(self) -> None:
        """Make what was added readable."""
        self._data.internalize()

    def _add_relations(self, solvable: solv.XSolvable, package: InstalledPackage) -> None:
        for attribute, key in _RELATIONS:
            for dependency in getattr(package, attribute):
                self._add_relation(solvable, key, dependency, 0)
        if package.arch not in ("src", "nosrc"):
            own = self._pool.rel2id(solvable.nameid, solvable.evrid, solv.REL_EQ)
            solvable.add_deparray(solv.SOLVABLE_PROVIDES, own, 0)
        for dependency in package.requires:
            if is_rpms_own(dependency):
                self._data.add_idarray(solvable.id, self._rpms_own, relation_id(self._pool, dependency))
            else:
                self._add_relation(solvable, solv.SOLVABLE_REQUIRES, dependency, marker_of(dependency))

    def _add_relation(self, solvable: solv.XSolvable, key: int, dependency: Dependency, marker: int) -> None:
        comparison = dependency.flags & _COMPARISONS
        known = (dependency.name, comparison, dependency.evr)
        relation = self._relations.get(known)
        if relation is None:
            relation = self._relations[known] = relation_id(self._pool, dependency)
        if relation:
            solvable.add_deparray(key, relation, marker)

    def _add_data(self, handle: int, package: InstalledPackage) -> None:
        texts = (
            (solv.SOLVABLE_SUMMARY, package.summary),
            (solv.SOLVABLE_DESCRIPTION, package.description),
            (solv.SOLVABLE_URL, package.url),
        )
        for key, text in texts:
            if text:
                self._data.set_str(handle, key, clean(text))
        if package.license:
            self._data.set_poolstr(handle, solv.SOLVABLE_LICENSE, clean(package.license))
        numbers = (
            (solv.SOLVABLE_INSTALLSIZE, package.install_size),
            (solv.SOLVABLE_INSTALLTIME, package.install_time),
            (solv.SOLVABLE_BUILDTIME, package.build_time),
            (solv.RPM_RPMDBID, package.database_id),
        )
        for key, number in numbers:
            if number:
                self._data.set_num(handle, key, number)
        if package.source_rpm:
            self._data.set_sourcepkg(handle, clean(package.source_rpm))

    def _add_files(self, handle: int, files: Iterable[str]) -> None:
        for path in files:
            folder, _, base = clean(path).rpartition("/")
            directory = self._directories.get(folder)
            if directory is None:
                directory = self._directories[folder] = self._data.str2dir(folder or "/")
            self._data.add_dirstr(handle, solv.SOLVABLE_FILELIST, directory, base)


def relation_id(raw: solv.Pool, dependency: Dependency) -> int:
    """Return libsolv's id of a relation, made if need be."""
    name, evr = clean(dependency.name), clean(dependency.evr)
    if name.startswith("("):
        rich = raw.parserpmrichdep(name)
        # A rich dependency that libsolv cannot read must not be dropped silently.
        return int(rich.id if rich else raw.str2id(name))
    plain = int(raw.str2id(name))
    comparison = dependency.flags & _COMPARISONS
    if not comparison or not evr:
        return plain
    flags = (
        (solv.REL_LT if comparison & _LESS else 0)
        | (solv.REL_GT if comparison & _GREATER else 0)
        | (solv.REL_EQ if comparison & _EQUAL else 0)
    )
    return int(raw.rel2id(plain, raw.str2id(evr), flags))


def marker_of(dependency: Dependency) -> int:
    """Return on which side of libsolv's marker a requirement stands: scriptlets' behind it."""
    marker: int = solv.SOLVABLE_PREREQMARKER
    return marker if dependency.flags & _PRE else -marker


def is_rpms_own(dependency: Dependency) -> bool:
    """Say whether a requirement is one of rpm itself, which no package meets."""
    return dependency.name.startswith("rpmlib(")
