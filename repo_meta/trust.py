"""Which keys a repository's metadata is trusted by: its ``gpgkey`` files, remote ones as once confirmed.

A local key file is the administrator's own. What a server hands out is shown with its fingerprint
and confirmed the first time, then kept; from then on only what was confirmed counts, whatever the
server says. ``clean keys`` forgets it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pkgman.model import securepath
from pkgman.model.errors import Aborted, EndOfInput, NotTrusted, PkgmanError
from pkgman.model.limits import MAX_KEY_FILE
from pkgman.model.urls import leaves_root, public
from pkgman.model.words import one_line
from repo_meta import cache, signature

if TYPE_CHECKING:
    from pkgman.model.progress import Progress, Reporter
    from pkgman.model.repo import RepoSource
    from repo_meta.fetch import Fetcher
    from repo_meta.signature import Certificates

BAD_URL = 1507


def verify(
    source: RepoSource, data: bytes, made: bytes, *, fetcher: Fetcher, progress: Progress, report: Reporter
) -> None:
    """Check that the detached signature ``made`` is one over ``data`` by keys that ``source`` trusts.

    :raises NotTrusted: 2004 when it is not, or when a server's key is no longer the confirmed one.
    :raises Aborted: when a key is not confirmed; :class:`EndOfInput` without an answer.
    :raises PkgmanError: 1505 when a file holds no key; errors of fetching.
    :raises OSError: when a confirmed key cannot be kept.
    """
    if not source.gpgkeys:
        raise signature.refused("no gpgkey is configured for this repository")
    keys = _Keys(source, fetcher, progress, report)
    try:
        _check(keys, data, made, relaxed=source.weak_signatures)
    except NotTrusted:
        if not keys.renew():
            raise
        _check(keys, data, made, relaxed=source.weak_signatures)


def _check(keys: _Keys, data: bytes, made: bytes, *, relaxed: bool) -> None:
    trusted = keys.trusted()
    # Certificates that can verify nothing still give the reason of a refusal, and revoke keys.
    signature.verify(data, made, [*trusted, *keys.unusable], relaxed=relaxed)
    if keys.unusable:  # two of them may make a usable one, and nobody was asked about it
        signature.verify(data, made, trusted, relaxed=relaxed)


class _Keys:
    """The key files of one repository."""

    def __init__(self, source: RepoSource, fetcher: Fetcher, progress: Progress, report: Reporter) -> None:
        self._source, self._fetcher, self._progress, self._report = source, fetcher, progress, report
        self._asked: set[str] = set()  # URLs confirmed in this very run
        self.unusable: Certificates = []  # of servers, and not worth a question

    def trusted(self) -> Certificates:
        """Return all certificates that count; ask for those of a server that nobody has confirmed.

        A key file that cannot be had is named and passed over: the others may do.
        """
        found: Certificates = []
        failures: list[PkgmanError] = []
        self.unusable = []
        for url in self._source.gpgkeys:
            try:
                found += self._local(url) if url.startswith("file://") else self._remote(url)
            except (Aborted, EndOfInput):
                raise
            except PkgmanError as error:
                failures.append(error)
        if failures and not (found or self.unusable):
            raise failures[0]
        for line in (line for error in failures for line in error.lines):
            self._report.diagnostic(line)
        return found

    def renew(self) -> bool:
        """Compare the kept keys with what servers have now; say whether there is something new.

        The same keys with, say, a later date of expiry are taken over.

        :raises NotTrusted: 2004 when a server has other keys than those that were confirmed.
        """
        changed = False
        for url in self._source.gpgkeys:
            kept = None if url.startswith("file://") or url in self._asked else self._kept(url)
            if kept is None:
                continue
            try:
                served = self._fetch(url)
            except PkgmanError:
                continue  # what is kept is all there is, and it did not do
            old, new = (
                [one.fingerprint for one in signature.read_keys(each, url)] for each in (kept, served)
            )
            if set(old) != set(new):
                raise _changed(self._source, url, old, new)
            if served != kept:
                self._keep(url, served)
                changed = True
        return changed

    def _local(self, url: str) -> Certificates:
        return signature.read_keys(self._fetch(url), url)

    def _remote(self, url: str) -> Certificates:
        data = self._kept(url)
        if data is None:
            data = self._fetch(url)
            certs = signature.read_keys(data, url)
            relaxed = self._source.weak_signatures
            if all(signature.unusable(signature.binary(one), relaxed=relaxed) for one in certs):
                self.unusable += certs
                return []
            self._confirm(url, certs)
            self._keep(url, data)
            self._asked.add(url)
        return signature.read_keys(data, url)

    def _confirm(self, url: str, certs: Certificates) -> None:
        self._report.info(f"trusting metadata of '{self._source.id}' by the key from {public(url)}")
        for cert in certs:
            for user in cert.user_ids[:1]:
                self._report.info(f"    {one_line(str(user))}")
            self._report.info(f"    Fingerprint: {_grouped(cert.fingerprint)}")
        if not self._report.confirm():
            raise Aborted

    def _fetch(self, url: str) -> bytes:
        if not url.startswith("file:") and leaves_root(url):
            raise PkgmanError(f"{public(url)}: its path leads out of the server's root", number=BAD_URL)
        return self._fetcher.read(
            self._source, url, limit=MAX_KEY_FILE, progress=self._progress, report=self._report
        )

    def _place(self, url: str) -> str:
        name = hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return f"{cache.trusted_keys_dir(self._source)}/{name}"

    def _kept(self, url: str) -> bytes | None:
        """Return the key file that was confirmed; None for a damaged one, too, which is confirmed anew."""
        try:
            data = cache.read_file(self._place(url), MAX_KEY_FILE)
            if data is not None:
                signature.read_keys(data, url)
        except PkgmanError:
            return None
        return data

    def _keep(self, url: str, data: bytes) -> None:
        securepath.make_folders(cache.trusted_keys_dir(self._source))
        cache.write_file(self._place(url), data)


def _changed(source: RepoSource, url: str, old: list[str], new: list[str]) -> NotTrusted:
    return signature.refused(
        f"{public(url)} is not the key that was confirmed for '{source.id}'",
        *(f"    confirmed:  {_grouped(one)}" for one in old),
        *(f"    now served: {_grouped(one)}" for one in new),
        "If the repository's owner announced the new key, run 'tdnf clean keys' and confirm it;",
        "otherwise somebody may have put another key there.",
    )


def _grouped(fingerprint: str) -> str:
    """Write a fingerprint in groups of four, for human eyes."""
    text = fingerprint.upper()
    return " ".join(text[index : index + 4] for index in range(0, len(text), 4))
