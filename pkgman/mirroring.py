"""One repository and its mirror: what reposync does to a folder."""

from __future__ import annotations

import os
import re
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from pkgman.model.errors import Incomplete, MetadataError, PkgmanError, system_error
from pkgman.model.package import Checksum
from repo_meta import download, metadatacopy, temporary
from repo_meta.fetch import file_digest
from repo_meta.mirrored import Memory, package_path, places_of_memory, refuse_links_out
from solver import query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pkgman.model.repo import Remote, RepoSource
    from pkgman.session import Session
    from pkgman.transaction.lentkeys import KeyStore
    from pkgman.transaction.verify import Verifier
    from solver.pool import Pool

_SAME_NAME = 1617  # 1600 + EEXIST
_UNTRUSTED = (1471, 1472, 1473, 1474, 1510, 1514, 1523)
_PORTION = 4096  # packages that are looked at and fetched before the next: what bounds memory
_JUDGED_PORTION = 256  # the same where signatures are checked: what a killed run loses
# What createrepo and its like write; nobody else's file in repodata/ is ours to delete.
_METADATA = re.compile(r"[0-9a-f]{32,128}-.+|repomd\.xml\.asc")


class Mirror:
    """The mirror of one repository.

    :param folder: where it lies, absolute; it exists.
    """

    def __init__(self, session: Session, pool: Pool, source: RepoSource, folder: str) -> None:
        self._session, self._pool, self._source, self._folder = session, pool, source, folder
        self._old_parts: frozenset[str] = frozenset()  # of the mirror's metadata before this run
        self._judged: dict[str, bool] = {}  # place -> whether the file for it is trusted
        self._untrusted: list[PkgmanError] = []

    def fetch(self, handles: Sequence[int]) -> frozenset[str]:
        """Fetch what is missing or not right; return the relative paths of all packages.

        With --gpgcheck every file is checked, and each that fails is named. What comes in this run gets its
        name when it is trusted; what was there before stays: with a wrong key all of it would fail, and must
        not be lost.

        :raises PkgmanError: a package cannot be fetched, stored or is not trusted.
        """
        session = self._session
        places, failures = self._places(handles)
        refuse_links_out(self._folder, places)
        for parent in {os.path.dirname(path) for path in places}:
            temporary.sweep_folder(os.path.realpath(os.path.join(self._folder, parent)), ".rpm")
        memory = Memory(
            places_of_memory(self._source, self._folder),
            self._folder,
            trusting=not session.flag("checksum"),
        )
        rest = iter(places.items())
        checked = session.flag("gpgcheck") and self._source.gpgcheck
        try:
            while portion := dict(islice(rest, _JUDGED_PORTION if checked else _PORTION)):
                try:
                    self._fetch_portion(portion, memory, checked=checked)
                except Incomplete as error:
                    failures.append(error)
            if checked:
                self._judge_others(places)
            if failures:
                count = sum(failure.count for failure in failures)
                raise Incomplete(count, len(handles), number=failures[0].number)
        finally:
            memory.save()
        return frozenset(places)

    def _fetch_portion(self, places: Mapping[str, int], memory: Memory, *, checked: bool) -> None:
        """Fetch what is missing of these, or not right; where it is ``checked``, what is trusted of it."""
        session = self._session
        missing: dict[Remote, str] = {}
        for path, handle in places.items():
            remote = self._remote(handle)
            if not memory.is_right(path, remote.size, remote.checksum):
                missing[remote] = path
        if not missing:
            return

        def accept(remote: Remote, file: str) -> bool:
            return self._is_trusted(places[missing[remote]], missing[remote], file)

        download.fetch_to(
            {remote: f"{self._folder}/{path}" for remote, path in missing.items()},
            {self._source.id: self._source},
            fetcher=session.fetcher,
            progress=session.ui,
            report=session.ui,
            accept=accept if checked else None,
        )
        for remote, path in missing.items():
            if self._judged.get(path, True):
                memory.fetched(path, remote.checksum)
        memory.save()  # so a run that is killed later need not be read again

    def _places(self, handles: Sequence[int]) -> tuple[dict[str, int], list[Incomplete]]:
        """Return relative path -> package, and what has no place; the same file named twice is one.

        :raises MetadataError: two different packages would have one place.
        """
        places: dict[str, int] = {}
        failures: list[Incomplete] = []
        for handle in handles:
            try:
                path = self._path(handle)
            except MetadataError as error:
                for line in error.lines:
                    self._session.ui.diagnostic(line)
                failures.append(Incomplete(1, len(handles), number=error.number))
                continue
            other = places.setdefault(path, handle)
            if other != handle and self._remote(other)[3:] != self._remote(handle)[3:]:
                message = f"{self._source.id}: two packages would be stored as {path}"
                raise MetadataError(message, number=_SAME_NAME)
        return places, failures

    def _path(self, handle: int) -> str:
        if self._source.rpm_folder:
            return os.path.relpath(self._pool.in_place[handle], self._source.rpm_folder)
        return package_path(query.remote(self._pool, handle).location)

    def _remote(self, handle: int) -> Remote:
        """Return what is needed to fetch a package; nobody stated the checksum of a file in a folder."""
        remote = query.remote(self._pool, handle)
        if not self._source.rpm_folder:
            return remote
        digest = Checksum("sha256", "")
        try:
            return remote._replace(
                checksum=digest._replace(hex=file_digest(self._pool.in_place[handle], digest))
            )
        except OSError as error:
            raise system_error(error) from error

    def _judge_others(self, places: Mapping[str, int]) -> None:
        """Check the signatures of what did not come in this run.

        :raises Incomplete: some files are not trusted, these or those that came.
        """
        for place, handle in places.items():
            path = f"{self._folder}/{place}"
            if place not in self._judged and os.path.lexists(path):
                self._is_trusted(handle, place, path)
        if self._untrusted:
            count, number = len(self._untrusted), self._untrusted[0].number
            raise Incomplete(count, len(places), number=number, why="are not trusted")

    def _is_trusted(self, handle: int, place: str, path: str) -> bool:
        """Check a package's signature and say what is wrong with it; ``path`` is where it is, for now."""
        from pkgman.transaction.verify import Incoming

        location = query.remote(self._pool, handle).location
        package = query.package(self._pool, handle)
        self._judged[place] = False
        try:
            self._verifier.verify(Incoming(package, path, self._source, location)).close()
        except PkgmanError as error:
            if error.number not in _UNTRUSTED:
                raise
            self._untrusted.append(error)
            for line in error.lines:
                self._session.ui.diagnostic(line.replace(path, f"{self._folder}/{place}"))
        else:
            self._judged[place] = True
        return self._judged[place]

    @cached_property
    def _verifier(self) -> Verifier:
        from pkgman.transaction.lentkeys import LentKeys
        from pkgman.transaction.verify import Verifier

        session = self._session
        # Only root can add keys to the system; others use them for this run.
        keys: KeyStore = session.rpmdb if os.geteuid() == 0 else LentKeys(session.rpmdb)
        return Verifier(
            database=keys,
            fetch_key=session.fetch_key,
            judge=session.judge,
            report=session.ui,
            scratch=session.scratch(),
        )

    def fetch_metadata(self, folder: str, *, taken: frozenset[str]) -> frozenset[str]:
        """Copy repomd.xml and all its parts to ``folder``; return the relative paths that belong there.

        :param taken: relative paths of packages.
        """
        session = self._session
        self._old_parts = metadatacopy.named_in(folder)
        bases = download.base_urls(
            self._source, fetcher=session.fetcher, progress=session.ui, report=session.ui
        )
        return metadatacopy.copy(
            session.supply.snapshots[self._source.id],
            self._source,
            folder,
            bases,
            taken=taken if os.path.realpath(folder) == os.path.realpath(self._folder) else frozenset(),
            fetcher=session.fetcher,
            progress=session.ui,
            report=session.ui,
        )

    def delete_packages(self, *, keep: frozenset[str]) -> None:
        """Remove every rpm file below the mirror that is not in ``keep``, and what killed runs left."""
        self._delete(self._folder, "", keep, lambda name: name.endswith(".rpm"))
        for top, _, _ in os.walk(self._folder):
            temporary.sweep_folder(top, ".rpm")

    def delete_metadata(self, folder: str, *, keep: frozenset[str]) -> None:
        """Remove the metadata beside repomd.xml that it does not name any more, and nobody else's files."""

        def ours(name: str) -> bool:
            return bool(_METADATA.fullmatch(name)) or f"repodata/{name}" in self._old_parts

        self._delete(folder, "repodata", keep, ours)

    def _delete(self, folder: str, below: str, keep: frozenset[str], ours: Callable[[str], bool]) -> None:
        """Remove files below ``folder/below`` by their base names; ``keep`` is relative to ``folder``."""
        where = {
            parent: os.path.realpath(os.path.join(folder, parent)) for parent in map(os.path.dirname, keep)
        }
        kept = {(where[os.path.dirname(path)], os.path.basename(path)) for path in keep}
        for top, folders, names in os.walk(os.path.join(folder, below)):  # no link is followed
            if below:
                folders.clear()
            real = os.path.realpath(top)
            for name in sorted(names):
                if (real, name) in kept or not ours(name):
                    continue
                path = os.path.normpath(os.path.join(top, name))
                self._session.ui.info(f"deleting {path}")
                try:
                    os.unlink(path)
                except OSError as error:
                    raise system_error(error) from error
