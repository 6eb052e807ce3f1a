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
from typing import TYPE_CHECKING, NamedTuple

from pkgman.model.errors import NotTrusted, PkgmanError, system_error
from pkgman.model.verdict import Standing, Verdict
from pkgman.transaction.keys import RepositoryKeys
from pkgman.transaction.librpm.signatures import check_header
from pkgman.transaction.rpmformat import layout, payload_offset
from pkgman.transaction.scratch import PACKAGE, discard, make, sweep
from pkgman.transaction.verifiedfile import Identity, VerifiedFile, open_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pkgman.model.package import Checksum, Package
    from pkgman.model.progress import Reporter
    from pkgman.model.repo import RepoSource
    from pkgman.model.verdict import Judge, Signed
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
    judge: Callable[[], Judge],
    report: Reporter,
    checks: Checks = Checks(),  # noqa: B008 - an immutable value
    scratch: str = "",
) -> tuple[VerifiedFile, ...]:
    """Verify every file, in order; close the results when they are not needed any more.

    Arguments and errors are those of :class:`Verifier`.
    """
    verifier = Verifier(
        database=database, fetch_key=fetch_key, judge=judge, report=report, checks=checks, scratch=scratch
    )
    verified: list[VerifiedFile] = []
    try:
        verified.extend(map(verifier.verify, files))
    except BaseException:
        close_all(verified)
        raise
    return tuple(verified)


class Verifier:
    """Verifies files of several repositories; each repository's keys are read once.

    Keys that the root's rpm database does not know are shown, asked for and
    imported into it. A file that somebody else can write to is copied.

    :param fetch_key: gets remote key files; raises FetchError.
    :param judge: gives who judges signatures; called only when there is one to judge.
    :param scratch: where copies go when the system's temporary folder has no room.
    """

    def __init__(
        self,
        *,
        database: KeyStore,
        fetch_key: Callable[[RepoSource, str], bytes],
        judge: Callable[[], Judge],
        report: Reporter,
        checks: Checks = Checks(),  # noqa: B008 - an immutable value
        scratch: str = "",
    ) -> None:
        self._database, self._report, self._scratch = database, report, scratch
        self._keys = RepositoryKeys(database, fetch_key, report)
        self._judge, self._checks = judge, checks
        self._checkers: dict[str, _Checker] = {}
        sweep(scratch)

    def verify(self, file: Incoming) -> VerifiedFile:
        """Verify one file; close the result when it is not needed any more.

        :raises NotTrusted: 1510 unsigned, 1473 signed with what the policy does not take, 1514 signed by a
            key that is not the repository's, 1523 the same, and the repository has no key of its own.
        :raises Aborted: 1032 when a key is refused by the user.
        :raises PkgmanError: 1471 or 1472 for a damaged package, 1505, 1507 or 1602 for a bad key.
        """
        name = file.source.id if file.source else ""
        if name not in self._checkers:
            self._checkers[name] = _Checker(file.source, self._keys, self._judge, self._checks, self._scratch)
        try:
            with self._database.hushed():  # librpm's warnings would come beside our answers
                return self._checkers[name].verify(file)
        except PkgmanError:
            self._report.diagnostic(f"Error processing package: {file.location}")
            raise


def close_all(files: Iterable[VerifiedFile]) -> None:
    """Drop all private copies."""
    for file in files:
        file.close()


class _Checker:
    """The rules for the packages of one repository."""

    def __init__(
        self,
        source: RepoSource | None,
        keys: RepositoryKeys,
        judge: Callable[[], Judge],
        checks: Checks,
        scratch: str,
    ) -> None:
        self._source, self._keys, self._judge = source, keys, judge
        self._digests = checks.digests
        self._signed = checks.signatures and (source is None or source.gpgcheck)
        self._unsigned_allowed = source is None and not checks.local
        self._relaxed = source is not None and source.weak_signatures
        self._scratch = scratch
        self._agreed: tuple[Certificate, ...] = ()  # what verified the last package
        self._complete = False  # whether all of the repository's keys are among them

    def verify(self, file: Incoming) -> VerifiedFile:
        fd = open_file(file.path)
        copy = ""
        try:
            if _writable_by_others(fd):
                original, (fd, copy) = fd, _private_copy(fd, self._scratch)
                os.close(original)
            identity = Identity.of(fd)
            found = check_header(fd, file.path, digests=self._digests)
            signed = self._signed and self._is_signed(fd, file, found)
            _compare(found, file)
            if self._digests and found.payload_digest is not None:
                _check_payload(fd, file.path, found.payload_digest)
            verified = VerifiedFile(file.package, file.path, identity, copy, signed)
            if Identity.of(fd) != verified.identity:
                raise NotTrusted(f"{file.path}: the file changes while it is read", number=FOREIGN_KEY)
        except BaseException:
            if copy:
                discard(os.path.dirname(copy))
            raise
        finally:
            os.close(fd)
        return verified

    def _is_signed(self, fd: int, file: Incoming, found: HeaderCheck) -> bool:
        """Say that a trusted key signed all of the file, or that it needs no signature.

        The header has a digest of the payload since rpm 4.14, so that its signature covers both. Before,
        there was a second signature over both.
        """
        parts = layout(fd, file.path)
        if not (parts.of_header or parts.of_all):
            if self._unsigned_allowed:
                return False
            raise NotTrusted(f"{file.path}: the package is not signed", number=UNSIGNED)
        if parts.of_header:
            header = os.pread(fd, parts.payload - parts.header, parts.header)
            self._establish(parts.of_header, header, file, found)
            if found.payload_digest is not None or not self._digests:
                return True
            if not parts.of_all:
                raise NotTrusted(
                    (
                        f"{file.path}: only the header is signed, and it has no digest of the payload:",
                        "nobody can tell whether the files in the package are those of its maker.",
                    ),
                    number=UNSIGNED,
                )
        self._establish(parts.of_all, lambda: _pieces(fd, parts.header), file, found)
        return True

    def _establish(self, made: tuple[bytes, ...], signed: Signed, file: Incoming, found: HeaderCheck) -> None:
        """Find a key of the repository's own that made the signature, asking if need be.

        :raises PkgmanError: there is none; nothing was asked then.
        """
        judge, source = self._judge(), self._source
        verdict = Verdict(Standing.UNKNOWN)
        for keys, all_of_them in self._key_sets():
            verdict = judge.judge(made, signed, [key.data for key in keys], relaxed=self._relaxed)
            if verdict.standing is Standing.GOOD and all_of_them and source is not None:
                agreed = self._keys.import_all(
                    source, lambda data: judge.unusable(data, relaxed=self._relaxed)
                )
                self._complete = True
                # Two unusable keys may make a usable one, and nobody was asked about these.
                keys = tuple(key for key in keys if key.fingerprint in agreed)
                verdict = judge.judge(made, signed, [key.data for key in keys], relaxed=self._relaxed)
            if verdict.standing is Standing.GOOD:
                self._agreed = keys
                return
        raise self._refusal(verdict, file, found)

    def _key_sets(self) -> Iterator[tuple[tuple[Certificate, ...], bool]]:
        """Yield the keys to try, and whether they are all that the repository has.

        Those that the system knows come first: for them nobody need be asked.
        """
        if self._agreed:
            yield self._agreed, False
        if self._source is None or not self._source.gpgkeys:
            yield self._keys.known(), False
        elif not self._complete:
            yield self._keys.imported(self._source), False
            yield self._keys.offered(self._source), True

    def _refusal(self, verdict: Verdict, file: Incoming, found: HeaderCheck) -> PkgmanError:
        what = f"{file.path}: {found.signature}"
        if verdict.standing is Standing.WRONG:
            return PkgmanError(f"{what}: BAD: {verdict.reason}", number=DAMAGED)
        if verdict.standing is Standing.REFUSED:
            return NotTrusted(f"{what}: {verdict.reason}", number=UNTRUSTED)
        if self._source is None or not self._source.gpgkeys:
            return NotTrusted(f"{what}: NOKEY", number=NO_KEY_CONFIGURED)
        return NotTrusted(f"{what}: not by a key of repository {self._source.id}", number=FOREIGN_KEY)


def _compare(found: HeaderCheck, file: Incoming) -> None:
    """Check that it is the package that was asked for.

    :raises PkgmanError: 1472 when it is another.
    """
    package = file.package
    wanted = (package.name, package.epoch, package.version, package.release, package.arch)
    if (found.name, found.epoch, found.version, found.release, found.arch) != wanted:
        there = f"{found.name}-{found.epoch}:{found.version}-{found.release}.{found.arch}"
        raise PkgmanError(f"{file.path}: this is {there}, not {package.nevra}", number=DAMAGED)


def _writable_by_others(fd: int) -> bool:
    # Its owner could change such a file, through an old mapping even without a trace.
    found = os.fstat(fd)
    return found.st_uid not in (0, os.geteuid()) or bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _private_copy(fd: int, scratch: str) -> tuple[int, str]:
    path = os.path.join(make(PACKAGE, scratch if os.path.isdir(scratch) else None), "package.rpm")
    target = -1
    try:
        target = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        for piece in _pieces(fd, 0):
            rest = piece
            while rest:
                rest = rest[os.write(target, rest) :]
    except BaseException as error:
        if target >= 0:
            os.close(target)
        discard(os.path.dirname(path))
        if isinstance(error, OSError):
            raise system_error(error) from error
        raise
    return target, path


def _pieces(fd: int, offset: int) -> Iterator[bytes]:
    """Yield the file's bytes from ``offset`` on."""
    while piece := os.pread(fd, _PIECE, offset):
        offset += len(piece)
        yield piece


def _check_payload(fd: int, path: str, expected: Checksum) -> None:
    """Compare the packed files with the digest in the header.

    :raises PkgmanError: 1472 if it differs.
    """
    digest = hashlib.new(expected.kind, usedforsecurity=True)
    for piece in _pieces(fd, payload_offset(fd, path)):
        digest.update(piece)
    if digest.hexdigest() != expected.hex:
        raise PkgmanError(f"{path}: Payload {expected.kind.upper()} digest: BAD", number=DAMAGED)
