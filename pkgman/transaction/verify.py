"""From downloaded files to verified ones: the only ones the transaction takes.

A package passes if its header's signature was made by a key of its own
repository, if its payload has the digest which that header states, and if it is
the package that was asked for (tdnf contract, config 7, with the stricter rules
of its first principle: safety beats compatibility).
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from pkgman.model.errors import NotTrusted, PkgmanError, system_error
from pkgman.transaction.keys import RepositoryKeys
from pkgman.transaction.librpm.signatures import SignatureChecker, Trust
from pkgman.transaction.rpmformat import payload_offset
from pkgman.transaction.verifiedfile import Identity, VerifiedFile, open_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pkgman.model.package import Checksum, Package
    from pkgman.model.progress import Reporter
    from pkgman.model.repo import RepoSource
    from pkgman.transaction.lentkeys import KeyStore
    from pkgman.transaction.librpm.signatures import HeaderCheck
    from pkgman.transaction.openpgp import Certificate

UNSIGNED, FOREIGN_KEY, NO_KEY_CONFIGURED = 1510, 1514, 1523
UNTRUSTED = 1473
DAMAGED = 1472
_PIECE = 1 << 18  # bytes read at once


class Incoming(NamedTuple):
    """A package file to verify.

    ``source`` is None for a file of the command line: if it is signed, it counts as one of a
    repository with gpgcheck and without keys; for an unsigned one see :class:`Checks`.
    ``location`` is what the message about a failure names.
    """

    package: Package
    path: str
    source: RepoSource | None
    location: str


class Checks(NamedTuple):
    """What is checked: ``--nogpgcheck``, ``--skipsignature`` and ``--skipdigest`` switch parts off.

    ``local`` is ``localpkg_gpgcheck``: whether a file of the command line must be signed.
    """

    signatures: bool = True
    digests: bool = True
    local: bool = True


def verify(
    files: Iterable[Incoming],
    *,
    database: KeyStore,
    fetch_key: Callable[[RepoSource, str], bytes],
    report: Reporter,
    checks: Checks = Checks(),  # noqa: B008 - an immutable value
    scratch: str = "",
) -> tuple[VerifiedFile, ...]:
    """Verify every file, in order; close the results when they are not needed any more.

    Keys that the root's rpm database does not know are shown, asked for and
    imported into it. ``fetch_key`` gets remote key files; it raises FetchError. A
    file that somebody else can write to is copied into ``scratch`` ("": the system's
    temporary directory).

    :raises NotTrusted: 1510 unsigned, 1514 signed by a key that is not the repository's, 1523
        signed and the repository has no key.
    :raises Aborted: 1032 when a key is refused by the user.
    :raises PkgmanError: 1471 or 1472 for a damaged package, 1505, 1507 or 1602 for a bad key.
    """
    keys = RepositoryKeys(database, fetch_key, report)
    verified: list[VerifiedFile] = []
    checkers: dict[str, _Checker] = {}
    try:
        for file in files:
            name = file.source.id if file.source else ""
            if name not in checkers:
                checkers[name] = _Checker(file.source, keys, checks, scratch)
            try:
                with database.hushed():  # "no key" is an answer here, not a warning
                    verified.append(checkers[name].verify(file))
            except PkgmanError:
                report.diagnostic(f"Error processing package: {file.location}")
                raise
    except BaseException:
        close_all(verified)
        raise
    return tuple(verified)


def close_all(files: Iterable[VerifiedFile]) -> None:
    """Drop all private copies."""
    for file in files:
        file.close()


class _Checker:
    """The rules for the packages of one repository."""

    def __init__(self, source: RepoSource | None, keys: RepositoryKeys, checks: Checks, scratch: str) -> None:
        self._source = source
        self._keys = keys
        self._digests = checks.digests
        self._signed = checks.signatures and (source is None or source.gpgcheck)
        self._unsigned_allowed = source is None and not checks.local
        self._scratch = scratch
        self._imported = False  # whether all of the repository's keys were offered for import
        self._librpm = self._with(())

    def verify(self, file: Incoming) -> VerifiedFile:
        fd = open_file(file.path)
        copy = ""
        try:
            if _writable_by_others(fd):
                original, (fd, copy) = fd, _private_copy(fd, self._scratch)
                os.close(original)
            identity = Identity.of(fd)
            found = self._judge(fd, file)
            signed = self._signed and found.trust is Trust.GOOD
            if self._digests:
                _check_payload(fd, file.path, found.payload_digest, required=signed)
            verified = VerifiedFile(file.package, file.path, identity, copy, signed)
            if Identity.of(fd) != verified.identity:
                raise NotTrusted(f"{file.path}: the file changes while it is read", number=FOREIGN_KEY)
        except BaseException:
            _discard(copy)
            raise
        finally:
            os.close(fd)
        return verified

    def _judge(self, fd: int, file: Incoming) -> HeaderCheck:
        found = self._librpm.check(fd, file.path)
        if self._signed and found.trust is not Trust.GOOD:
            found = self._establish(fd, file, found)
        package = file.package
        wanted = (package.name, package.epoch, package.version, package.release, package.arch)
        if (found.name, found.epoch, found.version, found.release, found.arch) != wanted:
            there = f"{found.name}-{found.epoch}:{found.version}-{found.release}.{found.arch}"
            raise PkgmanError(f"{file.path}: this is {there}, not {package.nevra}", number=DAMAGED)
        return found

    def _establish(self, fd: int, file: Incoming, found: HeaderCheck) -> HeaderCheck:
        """Find a key of the repository's own that made the signature, asking if need be."""
        if found.trust is Trust.UNSIGNED:
            if self._unsigned_allowed:
                return found
            raise NotTrusted(f"{file.path}: the package is not signed", number=UNSIGNED)
        if self._source is not None and not self._source.gpgkeys:
            raise NotTrusted(f"{file.path}: {found.signature}: NOKEY", number=NO_KEY_CONFIGURED)
        for keys in self._key_sets():
            self._librpm = self._with(keys)
            found = self._librpm.check(fd, file.path)
            if found.trust is Trust.GOOD:
                return found
        if found.trust is Trust.UNTRUSTED:
            raise NotTrusted(f"{file.path}: {found.signature}: NOTTRUSTED", number=UNTRUSTED)
        if self._source is None:
            raise NotTrusted(f"{file.path}: {found.signature}: NOKEY", number=NO_KEY_CONFIGURED)
        raise NotTrusted(
            f"{file.path}: {found.signature}: not by a key of repository {self._source.id}",
            number=FOREIGN_KEY,
        )

    def _key_sets(self) -> Iterator[tuple[Certificate, ...]]:
        """Yield the keys to try: first those that are known to the system, then all the repository has."""
        if self._imported:
            return
        if self._source is None:
            yield self._keys.known()
            return
        yield self._keys.imported(self._source)
        self._imported = True
        yield self._keys.import_all(self._source)

    def _with(self, keys: tuple[Certificate, ...]) -> SignatureChecker:
        return SignatureChecker(keys, signatures=self._signed, digests=self._digests, scratch=self._scratch)


def _writable_by_others(fd: int) -> bool:
    # Its owner could change such a file, through an old mapping even without a trace.
    found = os.fstat(fd)
    return found.st_uid not in (0, os.geteuid()) or bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _private_copy(fd: int, scratch: str) -> tuple[int, str]:
    path = os.path.join(
        tempfile.mkdtemp(prefix="tdnf-package-", dir=scratch if os.path.isdir(scratch) else None),
        "package.rpm",
    )
    target = -1
    try:
        target = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        offset = 0
        while piece := os.pread(fd, _PIECE, offset):
            offset += len(piece)
            while piece:
                piece = piece[os.write(target, piece) :]
    except BaseException as error:
        if target >= 0:
            os.close(target)
        _discard(path)
        if isinstance(error, OSError):
            raise system_error(error) from error
        raise
    return target, path


def _discard(path: str) -> None:
    if path:
        with suppress(OSError):
            os.unlink(path)
        with suppress(OSError):
            os.rmdir(os.path.dirname(path))


def _check_payload(fd: int, path: str, expected: Checksum | None, *, required: bool) -> None:
    """Compare the packed files with the digest in the header.

    :raises NotTrusted: 1510 if a digest is required and there is none.
    :raises PkgmanError: 1472 if it differs.
    """
    if expected is None:
        if required:
            raise NotTrusted(f"{path}: the signed header has no digest of the payload", number=UNSIGNED)
        return
    digest = hashlib.new(expected.kind, usedforsecurity=True)
    offset = payload_offset(fd, path)
    while piece := os.pread(fd, _PIECE, offset):
        digest.update(piece)
        offset += len(piece)
    if digest.hexdigest() != expected.hex:
        raise PkgmanError(f"{path}: Payload {expected.kind.upper()} digest: BAD", number=DAMAGED)
