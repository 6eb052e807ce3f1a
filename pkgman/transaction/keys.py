"""Which OpenPGP keys count for a repository, and how new ones get into the system.

A repository is trusted through the keys of its own ``gpgkey`` setting alone, and
these only after somebody agreed (tdnf contract, config 7).
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pkgman.model import securepath
from pkgman.model.errors import Aborted, EndOfInput, PkgmanError
from pkgman.model.limits import MAX_KEY_FILE
from pkgman.model.urls import leaves_root, public
from pkgman.model.words import one_line
from pkgman.transaction.openpgp import grouped, read_certificates
from pkgman.transaction.verifiedfile import open_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkgman.model.progress import Reporter
    from pkgman.model.repo import RepoSource
    from pkgman.transaction.lentkeys import KeyStore
    from pkgman.transaction.openpgp import Certificate

BAD_URL = 1507
IMPORT_REFUSED = 1472
_REMOTE = ("http://", "https://", "ftp://", "ftps://")


class RepositoryKeys:
    """The keys of repositories for one run; each key file is read once."""

    def __init__(
        self, database: KeyStore, fetch_key: Callable[[RepoSource, str], bytes], report: Reporter
    ) -> None:
        self._database = database
        self._fetch_key = fetch_key
        self._report = report
        self._named: set[tuple[str, str]] = set()  # key files that were reported
        self._fresh: dict[tuple[str, str], tuple[Certificate, ...] | PkgmanError] = {}

    def known(self) -> tuple[Certificate, ...]:
        """Return every key of the rpm database."""
        return self._database.keys()

    def imported(self, source: RepoSource) -> tuple[Certificate, ...]:
        """Return those of the repository's own keys that the rpm database has.

        A key file that cannot be had is passed over: the others may do.
        """
        known = {key.fingerprint for key in self.known()}
        if not known:
            return ()
        found: list[Certificate] = []
        for url in source.gpgkeys:
            try:
                found += self._kept(source, url) or self._certificates(source, url)
            except PkgmanError:
                continue
        return self._with_copies(tuple(key for key in found if key.fingerprint in known))

    def offered(self, source: RepoSource) -> tuple[Certificate, ...]:
        """Return all of the repository's own keys, whether anybody agreed to them or not.

        A key file that cannot be had, or that holds no key, is named; the others may do.

        :raises PkgmanError: when there is no key at all.
        """
        found: list[Certificate] = []
        failures: list[PkgmanError] = []
        for url in source.gpgkeys:
            try:
                found += self._certificates(source, url)
            except (Aborted, EndOfInput):
                raise
            except PkgmanError as error:
                failures.append(error)
                if (source.id, url) not in self._named:
                    if url.startswith(_REMOTE):
                        self._report.diagnostic(f"Error processing key: {public(url)}")
                    if len(source.gpgkeys) > 1:
                        self._named.add((source.id, url))
                        for line in error.lines:
                            self._report.diagnostic(line)
        if failures and not found:
            raise failures[0]
        return self._with_copies(tuple(found))

    def _with_copies(self, found: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
        """Add what the rpm database has of the same keys: a revocation there counts as well."""
        wanted = {key.fingerprint for key in found}
        return (*found, *(key for key in self.known() if key.fingerprint in wanted))

    def import_all(self, source: RepoSource, unusable: Callable[[bytes], str]) -> set[str]:
        """Import all of the repository's own keys that are not known, after asking.

        One for which ``unusable`` has a reason, or which librpm does not take, is named and left out.

        :returns: the fingerprints of all keys that were known or agreed to.

        :raises Aborted: when the answer is no.
        """
        known = {key.fingerprint for key in self.known()}
        for url in source.gpgkeys:
            try:
                keys = self._certificates(source, url)
            except PkgmanError:
                continue  # named before
            new: dict[str, Certificate] = {}
            for key in keys:
                if key.fingerprint in known or key.fingerprint in new:
                    continue
                if reason := unusable(key.data):
                    self._left_out(key, url, reason)
                else:
                    new[key.fingerprint] = key
            if new:
                self._ask(url, list(new.values()))
                for key in new.values():
                    self._import(key, url)
            known.update(new)
        return known

    def _import(self, key: Certificate, url: str) -> None:
        try:
            self._database.import_key(key)
        except PkgmanError as error:
            if error.number != IMPORT_REFUSED:
                raise
            self._left_out(key, url, "rpm does not take it into its database")

    def _left_out(self, key: Certificate, url: str, reason: str) -> None:
        self._report.diagnostic(f"warning: key {key.fingerprint} of {public(url)} is not imported: {reason}")

    def _ask(self, url: str, keys: list[Certificate]) -> None:
        self._report.info(f"importing key from {public(url)}")
        for key in keys:
            self._report.info(f"    {one_line(key.user_id)}")
            self._report.info(f"    Fingerprint: {grouped(key.fingerprint)}")
        if not self._report.confirm():
            raise Aborted

    def _kept(self, source: RepoSource, url: str) -> tuple[Certificate, ...]:
        """Return what a remote key file held when it was last fetched; () if it is not kept.

        So that a server that is away does not matter once its key is in the rpm database.
        """
        if not source.metadata_dir or not url.startswith(_REMOTE) or (source.id, url) in self._fresh:
            return ()
        try:
            with open(securepath.open_file(_place(source, url)), "rb") as stream:
                return read_certificates(stream.read(MAX_KEY_FILE + 1))
        except (OSError, PkgmanError):
            return ()

    def _certificates(self, source: RepoSource, url: str) -> tuple[Certificate, ...]:
        """Read a key file where it is; the second time in a run gives the first time's answer."""
        place = (source.id, url)
        if place not in self._fresh:
            try:
                self._fresh[place] = self._load(source, url)
            except PkgmanError as error:
                self._fresh[place] = error
        answer = self._fresh[place]
        if isinstance(answer, PkgmanError):
            raise answer
        return answer

    def _load(self, source: RepoSource, url: str) -> tuple[Certificate, ...]:
        shown = public(url)
        if url.startswith(_REMOTE):
            if leaves_root(url):
                raise PkgmanError(f"{shown}: its path leads out of the server's root", number=BAD_URL)
            data = self._fetch_key(source, url)
        elif url.startswith("file://"):
            data = _read_local(url)
        else:
            raise PkgmanError(f"{shown}: not a URL of a key", number=BAD_URL)
        try:
            found = read_certificates(data)
        except PkgmanError as error:
            raise PkgmanError((f"{shown}: {line}" for line in error.lines), number=error.number) from error
        if url.startswith(_REMOTE):
            _keep(source, url, data)
        return found


def _place(source: RepoSource, url: str) -> str:
    name = hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return os.path.join(source.metadata_dir, "keys", name)


def _keep(source: RepoSource, url: str, data: bytes) -> None:
    """Store a key file in the repository's cache, whole or not at all; a convenience."""
    if not source.metadata_dir:
        return
    place = _place(source, url)
    try:
        securepath.make_folders(source.metadata_dir)
        securepath.make_own(os.path.dirname(place))
        securepath.write_file(place, data)
    except OSError:
        return


def _read_local(url: str) -> bytes:
    path = unquote(url.removeprefix("file://"))
    if not path.startswith("/"):
        raise PkgmanError(f"{public(url)}: not a URL of a key", number=BAD_URL)
    if os.path.isdir(path):
        raise PkgmanError(f"{public(url)}: a directory", number=BAD_URL)
    try:
        fd = open_file(path)
    except PkgmanError as error:
        raise PkgmanError(
            (f"Error: Accessing gpgkey at {path}", *error.lines), number=error.number
        ) from error
    with open(fd, "rb") as stream:
        return stream.read(MAX_KEY_FILE + 1)
