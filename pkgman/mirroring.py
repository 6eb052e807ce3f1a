"""One repository and its mirror: what reposync does to a folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman.model.errors import MetadataError, PkgmanError, system_error
from pkgman.model.limits import MAX_KEY_FILE
from repo_meta import cache, download, metadatacopy, temporary
from repo_meta.mirrored import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pkgman.model.package import Package
    from pkgman.model.repo import Remote, RepoSource
    from pkgman.session import Session
    from pkgman.transaction.verify import Incoming

_SAME_NAME = 1617  # 1600 + EEXIST


class Mirror:
    """The mirror of one repository.

    :param folder: where it lies, absolute; it exists.
    """

    def __init__(self, session: Session, source: RepoSource, folder: str) -> None:
        self._session, self._source, self._folder = session, source, folder

    def fetch(self, packages: list[tuple[Package, Remote]]) -> frozenset[str]:
        """Fetch what is missing or not right; return the relative paths of all packages.

        With --gpgcheck every file is checked, and one that fails does not stay.

        :raises PkgmanError: a package cannot be fetched, stored or is not trusted.
        """
        session = self._session
        places = self._places(packages)
        known = Memory(
            cache.mirror_memory(self._source, self._folder),
            self._folder,
            trusting=not session.flag("refresh"),
        )
        missing = {
            remote: f"{self._folder}/{path}"
            for path, (_, remote) in places.items()
            if not known.is_right(path, remote.size, remote.checksum)
        }
        try:
            download.fetch_to(
                missing,
                {self._source.id: self._source},
                fetcher=session.fetcher,
                progress=session.ui,
                report=session.ui,
            )
            for path, (_, remote) in places.items():
                if remote in missing:
                    known.fetched(path, remote.checksum)
            if session.flag("gpgcheck") and self._source.gpgcheck:
                self._verify(places)
        finally:
            known.save()
        return frozenset(places)

    def _places(self, packages: list[tuple[Package, Remote]]) -> dict[str, tuple[Package, Remote]]:
        """Return relative path -> package; the same file named twice is one.

        :raises MetadataError: two different packages would have one place.
        """
        places: dict[str, tuple[Package, Remote]] = {}
        for package, remote in packages:
            path = download.relative_path(remote.location)
            other = places.setdefault(path, (package, remote))[1]
            if (other.checksum, other.size) != (remote.checksum, remote.size):
                message = f"{self._source.id}: two packages would be stored as {path}"
                raise MetadataError(message, number=_SAME_NAME)
        return places

    def _verify(self, places: Mapping[str, tuple[Package, Remote]]) -> None:
        from pkgman.transaction import verify

        session, current = self._session, ""

        def files() -> Iterator[Incoming]:
            nonlocal current
            for path, (package, remote) in places.items():
                current = f"{self._folder}/{path}"
                yield verify.Incoming(package, current, self._source, remote.location)

        try:
            verified = verify.verify(
                files(),
                database=session.rpmdb,
                fetch_key=self._fetch_key,
                report=session.ui,
                scratch=session.scratch(),
            )
        except PkgmanError as error:
            if error.number in _UNTRUSTED:
                temporary.discard(current)
            raise
        verify.close_all(verified)

    def _fetch_key(self, source: RepoSource, url: str) -> bytes:
        ui = self._session.ui
        return self._session.fetcher().read(source, url, limit=MAX_KEY_FILE, progress=ui, report=ui)

    def fetch_metadata(self, folder: str) -> frozenset[str]:
        """Copy repomd.xml and all its parts to ``folder``; return the relative paths that belong there."""
        session = self._session
        bases = download.base_urls(
            self._source, fetcher=session.fetcher, progress=session.ui, report=session.ui
        )
        return metadatacopy.copy(
            self._source, folder, bases, fetcher=session.fetcher, progress=session.ui, report=session.ui
        )

    def delete_packages(self, *, keep: frozenset[str]) -> None:
        """Remove every rpm file below the mirror that is not in ``keep``, and what killed runs left."""
        self._delete(self._folder, keep, lambda name: name.endswith(".rpm"))

    def delete_metadata(self, folder: str, *, keep: frozenset[str]) -> None:
        """Remove files beside repomd.xml that it does not name any more."""
        below = frozenset(path.removeprefix("repodata/") for path in keep)
        self._delete(f"{folder}/repodata", below, lambda _name: True)

    def _delete(self, folder: str, keep: frozenset[str], ours: Callable[[str], bool]) -> None:
        for path in sorted(_files(folder)):
            name = os.path.relpath(path, folder)
            if name in keep or not ours(name):
                continue
            self._session.ui.info(f"deleting {path}")
            try:
                os.unlink(path)
            except OSError as error:
                raise system_error(error) from error
        temporary.sweep_all(folder)


def _files(folder: str) -> Iterator[str]:
    """Yield what is no directory below ``folder``; no link is followed."""
    for top, _, names in os.walk(folder):
        yield from (os.path.join(top, name) for name in names)


_UNTRUSTED = (1471, 1472, 1473, 1474, 1510, 1514, 1523)
