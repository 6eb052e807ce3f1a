"""Which OpenPGP keys count for a repository, and how new ones get into the system.

A repository is trusted through the keys of its own ``gpgkey`` setting alone, and
these only after somebody agreed (tdnf contract, config 7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from pkgman.model.errors import Aborted, PkgmanError, system_error
from pkgman.transaction.openpgp import MAX_KEY_FILE, grouped, read_certificates

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkgman.model.progress import Reporter
    from pkgman.model.repo import RepoSource
    from pkgman.transaction.librpm.database import RpmDatabase
    from pkgman.transaction.openpgp import Certificate

BAD_URL = 1507
_REMOTE = ("http://", "https://", "ftp://", "ftps://")


class RepositoryKeys:
    """The keys of repositories for one run; each key file is read once."""

    def __init__(
        self, database: RpmDatabase, fetch_key: Callable[[RepoSource, str], bytes], report: Reporter
    ) -> None:
        self._database = database
        self._fetch_key = fetch_key
        self._report = report
        self._read: dict[tuple[str, str], tuple[Certificate, ...]] = {}

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
                found += self._certificates(source, url)
            except PkgmanError:
                continue
        return tuple(key for key in found if key.fingerprint in known)

    def import_all(self, source: RepoSource) -> tuple[Certificate, ...]:
        """Return all of the repository's own keys, the new ones after asking and importing.

        :raises Aborted: when the answer is no.
        :raises PkgmanError: when a key file cannot be had or is no key.
        """
        known = {key.fingerprint for key in self.known()}
        found: list[Certificate] = []
        for url in source.gpgkeys:
            try:
                keys = self._certificates(source, url)
            except PkgmanError:
                if url.startswith(_REMOTE):
                    self._report.diagnostic(f"Error processing key: {url}")
                raise
            found += keys
            new = [key for key in keys if key.fingerprint not in known]
            if new:
                self._ask(url, new)
                for key in new:
                    self._database.import_key(key)
                    known.add(key.fingerprint)
        return tuple(found)

    def _ask(self, url: str, keys: list[Certificate]) -> None:
        self._report.info(f"importing key from {url}")
        for key in keys:
            self._report.info(f"    {_printable(key.user_id)}")
            self._report.info(f"    Fingerprint: {grouped(key.fingerprint)}")
        if not self._report.confirm():
            raise Aborted

    def _certificates(self, source: RepoSource, url: str) -> tuple[Certificate, ...]:
        if (source.id, url) not in self._read:
            if url.startswith(_REMOTE):
                data = self._fetch_key(source, url)
            elif url.startswith("file://"):
                data = _read_local(url)
            else:
                raise PkgmanError(f"{url}: not a URL of a key", number=BAD_URL)
            try:
                self._read[source.id, url] = read_certificates(data)
            except PkgmanError as error:
                lines = (f"{url}: {line}" for line in error.lines)
                raise PkgmanError(lines, number=error.number) from error
        return self._read[source.id, url]


def _read_local(url: str) -> bytes:
    path = unquote(url.removeprefix("file://"))
    if not path.startswith("/"):
        raise PkgmanError(f"{url}: not a URL of a key", number=BAD_URL)
    try:
        with open(path, "rb") as stream:
            return stream.read(MAX_KEY_FILE + 1)
    except IsADirectoryError as error:
        raise PkgmanError(f"{url}: a directory", number=BAD_URL) from error
    except OSError as error:
        raise system_error(error, f"Error: Accessing gpgkey at {path}") from error


def _printable(text: str) -> str:
    # A user id is the key maker's text, and must not steer the terminal.
    return "".join(letter if letter.isprintable() else "?" for letter in text)
