"""The rpm database of an install root: what is installed, and which keys are known."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import rpm

from pkgman.model import securepath
from pkgman.model.errors import PkgmanError
from pkgman.transaction.librpm import resources
from pkgman.transaction.librpm.header import changelog, decode, nevra, package_from_header
from pkgman.transaction.openpgp import read_certificates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pkgman.model.changelog import Changelog
    from pkgman.model.package import InstalledPackage
    from pkgman.transaction.openpgp import Certificate

PUBKEY = "gpg-pubkey"  # the name rpm files imported keys under
UNOPENABLE = 1526
IMPORT_REFUSED = 1472

# The files of rpm's backends that hold packages: sqlite, ndb, bdb.
_PACKAGE_FILES = ("rpmdb.sqlite", "Packages.db", "Packages")

# What tells two headers apart besides their NEVRA; the digests are those of the package as it was built.
_IDENTIFYING = (rpm.RPMTAG_INSTALLTIME, rpm.RPMTAG_SHA1HEADER, rpm.RPMTAG_SHA256HEADER)
_UNCHECKED = rpm.RPMVSF_MASK_NOSIGNATURES | rpm.RPMVSF_MASK_NODIGESTS

_SMALLEST = 64 << 10  # bytes; rpm's sqlite database without any package has three times as many

LEVELS = {
    "emergency": rpm.RPMLOG_EMERG,
    "alert": rpm.RPMLOG_ALERT,
    "critical": rpm.RPMLOG_CRIT,
    "error": rpm.RPMLOG_ERR,
    "warning": rpm.RPMLOG_WARNING,
    "notice": rpm.RPMLOG_NOTICE,
    "info": rpm.RPMLOG_INFO,
    "debug": rpm.RPMLOG_DEBUG,
}


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class RpmDatabase:
    """The packages installed below ``root``, an absolute host path.

    ``defines`` are rpm macros, (name, body); librpm has them for the whole
    process, until :meth:`close`. The place below the root is rpm's own ``%{_dbpath}``, so that
    ``rpm --root`` sees the same packages. Reading never creates a database: an
    absent one is an empty set. ``verbosity`` is librpm's log level, one of
    tdnf's words (contract, options 3); an unknown word means info.
    """

    def __init__(
        self, root: str = "/", *, defines: Sequence[tuple[str, str]] = (), verbosity: str = "info"
    ) -> None:
        for text in (root, *(word for pair in defines for word in pair)):
            if not _encodable(text):
                message = f"'{text}' is not UTF-8, and librpm's binding takes nothing else: use another name"
                raise PkgmanError(message, number=1622)
        self._defines = tuple(defines)
        for name, body in self._defines:
            _define(name, body)
        self.root = root
        self.verbosity = int(LEVELS.get(verbosity.lower(), rpm.RPMLOG_INFO))
        rpm.setVerbosity(self.verbosity)
        try:
            self.dbpath = str(rpm.expandMacro("%{_dbpath}"))
        except rpm.error as error:  # for example no more file may be opened
            raise PkgmanError(f"{self.root}: {error}", number=UNOPENABLE) from error
        self.directory = os.path.join(root, self.dbpath.lstrip("/"))  # on the host
        self._confine()

    def _confine(self) -> None:
        """Have librpm look where ``dbpath`` leads in the root; librpm itself would follow links out of it.

        :raises PkgmanError: 1526 for a link in the place of one of the database's files.
        """
        if self.root == "/":
            return
        try:
            self.directory = securepath.in_root(self.root, self.dbpath)
            names = securepath.names(self.directory)
        except FileNotFoundError:
            names = []
        except OSError as error:
            raise PkgmanError(f"{self.dbpath}: {error.strerror}", number=UNOPENABLE) from error
        for name in names:
            path = os.path.join(self.directory, name)
            if os.path.islink(path):
                message = f"{path}: a link in an rpm database may lead out of its root; remove it"
                raise PkgmanError(message, number=UNOPENABLE)
        inside = f"/{os.path.relpath(self.directory, os.path.realpath(self.root))}"
        if inside != os.path.normpath(self.dbpath):
            rpm.addMacro("_dbpath", inside)
            self._defines += (("_dbpath", inside),)

    def close(self) -> None:
        """Take the macros back."""
        for name, _ in self._defines:
            rpm.delMacro(name)
        self._defines = ()

    @property
    def exists(self) -> bool:
        """Whether there is a database at all."""
        return any(os.path.exists(os.path.join(self.directory, name)) for name in _PACKAGE_FILES)

    def cookie(self) -> str:
        """Return rpm's word for the database's state; "" if absent.

        It is what tdnf's history keeps. rpm makes it of names and places in the database:
        two databases with other versions of the same packages may have the same one.
        """
        if not self.exists:
            return ""
        with _Open(self.root) as ts:
            return str(ts.dbCookie() or "")

    def identity(self) -> str:
        """Return a digest that stands for the installed set and its order in the database; "" if absent.

        It covers each package's place, NEVRA, time of installation and header digest, so that no
        two databases of different content share it, wherever they lie.
        """
        if not self.exists:
            return ""
        digest = hashlib.sha256()
        with _Open(self.root, flags=_UNCHECKED) as ts:
            found = ts.dbMatch()
            for header in found:
                words = [found.instance(), nevra(header), *(header[tag] for tag in _IDENTIFYING)]
                digest.update(repr(words).encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def installed(self) -> Iterator[InstalledPackage]:
        """Yield the installed packages in the database's order, without keys."""
        for header, number in self._headers():
            if header[rpm.RPMTAG_NAME] != PUBKEY:
                yield package_from_header(header, number)

    def changelogs(self, packages: Iterable[tuple[str, str]]) -> dict[str, tuple[Changelog, ...]]:
        """Return the changelogs, newest entry first, of installed packages given as (name, NEVRA)."""
        if not self.exists:
            return {}
        found: dict[str, tuple[Changelog, ...]] = {}
        with _Open(self.root) as ts:
            for name, wanted in packages:
                for header in ts.dbMatch("name", name):
                    if nevra(header).replace("-0:", "-") == wanted:  # an epoch of 0 may be stated
                        found[wanted] = changelog(header)
        return found

    def nevras(self) -> Iterator[str]:
        """Yield the NEVRA of everything installed, keys included (contract, config 8)."""
        for header, _ in self._headers():
            yield nevra(header)

    def keys(self) -> tuple[Certificate, ...]:
        """Return the OpenPGP certificates that were imported."""
        found: list[Certificate] = []
        for header, _ in self._headers(PUBKEY):
            texts = header[rpm.RPMTAG_PUBKEYS] or ()
            for text in texts:
                found += _stored_certificates(decode(text))
        return tuple(found)

    def import_key(self, certificate: Certificate) -> None:
        """Add a key to the database, which is created if need be.

        :raises PkgmanError: 1472 when librpm refuses it, 1526 without a usable database.
        """
        resources.ensure()
        os.makedirs(self.root, exist_ok=True)
        with _Open(self.root, existing=False) as ts:
            if ts.pgpImportPubkey(certificate.data) != 0:
                raise PkgmanError(f"rpm refuses the key {certificate.fingerprint}", number=IMPORT_REFUSED)

    @contextmanager
    def hushed(self) -> Iterator[None]:
        """Return a context in which librpm prints errors only."""
        rpm.setVerbosity(min(self.verbosity, int(rpm.RPMLOG_ERR)))
        try:
            yield
        finally:
            rpm.setVerbosity(self.verbosity)

    def release_version(self, packages: Sequence[str]) -> str | None:
        """Return ``$releasever``, or None if nothing installed provides any of ``packages``.

        The first capability that is provided decides: the version it is provided
        with, else the version of its package (contract, config 4).
        """
        if not self.exists:
            return None
        with _Open(self.root) as ts:
            for wanted in packages:
                for header in ts.dbMatch("providename", wanted):
                    return _provided_version(header, wanted)
        return None

    def _headers(self, name: str | None = None) -> Iterator[tuple[rpm.hdr, int]]:
        if not self.exists:
            return
        with _Open(self.root) as ts:
            found = ts.dbMatch() if name is None else ts.dbMatch("name", name)
            for header in found:
                yield header, int(found.instance())


def _define(name: str, body: str) -> None:
    """Define a macro as ``rpm --define`` does; librpm itself says what is wrong with it, and goes on."""
    if "\n" in f"{name}{body}":  # what stands behind would be expanded
        rpm.addMacro(name, body)
        return
    with suppress(rpm.error):
        rpm.expandMacro(f"%define {name} {body}")


def unopenable(root: str) -> PkgmanError:
    """Return the error for a database that is there and cannot be opened, with what mends it."""
    folder = os.path.join(root, str(rpm.expandMacro("%{_dbpath}")).lstrip("/"))
    path = os.path.join(folder, _PACKAGE_FILES[0])
    try:
        unfinished = os.path.getsize(path) < _SMALLEST
    except OSError:
        unfinished = False
    if unfinished:
        advice = "a run was killed while making it, so it holds no packages: remove the folder, and run again"
    else:
        advice = f"it is damaged, or not to be read by you; 'rpm --root {root} --rebuilddb' may mend it"
    return PkgmanError((f"{root}: cannot open the rpm database", f"{folder}: {advice}"), number=UNOPENABLE)


class _Open:
    """A transaction set on the database; foreign exceptions are converted."""

    def __init__(
        self, root: str, *, existing: bool = True, flags: int = rpm.RPMVSF_MASK_NOSIGNATURES
    ) -> None:
        self._root = root
        self._flags = flags
        self._existing = existing

    def __enter__(self) -> rpm.ts:
        try:
            self._ts = rpm.ts(self._root)
            self._ts.setVSFlags(self._flags)
            # A database that cannot be opened is otherwise the same as an empty one.
            if self._existing and self._ts.openDB() != 0:
                raise unopenable(self._root)
            return self._ts
        except rpm.error as error:
            raise PkgmanError(f"{self._root}: {error}", number=UNOPENABLE) from error

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._ts.closeDB()
        if isinstance(error, rpm.error):
            raise PkgmanError(f"{self._root}: {error}", number=UNOPENABLE) from error


def _provided_version(header: rpm.hdr, wanted: str) -> str:
    names = header[rpm.RPMTAG_PROVIDENAME] or ()
    flags = header[rpm.RPMTAG_PROVIDEFLAGS] or ()
    versions = header[rpm.RPMTAG_PROVIDEVERSION] or ()
    for name, flag, version in zip(names, flags, versions, strict=False):
        if decode(name) == wanted and flag & rpm.RPMSENSE_EQUAL and version:
            return decode(version)
    return decode(header[rpm.RPMTAG_VERSION])


def _stored_certificates(text: str) -> tuple[Certificate, ...]:
    # PUBKEYS holds bare base64, without the armor's lines.
    try:
        return read_certificates(
            f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{text}\n-----END PGP PUBLIC KEY BLOCK-----\n".encode()
        )
    except PkgmanError:
        return ()
