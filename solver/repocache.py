"""A repository's two cache files, loaded if they are good, else made from primary metadata.

``REPOID.solv`` holds what resolving needs, ``REPOID.texts`` what people read. Both end in
the same key; each is written beside its place and renamed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman.model.errors import MetadataError, system_error
from solver import binary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import solv

    from solver.texts import Store


class RepoCache:
    """The cache of one repository.

    :param path: of the ``.solv`` file.
    :param key: what it is made from; a file with another key is of no use.
    :param pieces: opens the verified stream of plain primary.xml; called when the
        cache cannot be used.
    :param label: what messages call the repository.
    """

    def __init__(self, path: str, key: str, pieces: Callable[[], Iterable[bytes]], label: str) -> None:
        self._path, self._key, self._pieces, self._label = path, key, pieces, label
        self._texts_path = f"{path.removesuffix('.solv')}.texts"
        self._texts: tuple[int, int] | None = None  # an open file and the size of its content

    def load(self, repo: solv.Repo) -> None:
        """Fill the empty ``repo``, building the cache if need be.

        :raises MetadataError: the metadata is malformed.
        :raises PkgmanError: what the stream raises; 1600 + errno when the disk is full.
        """
        if binary.read(repo, self._path, self._key):
            return
        cut = self._build(repo, cut=True)
        if cut != repo.nsolvables:
            # Texts could end up with the wrong packages: let libsolv keep them.
            repo.empty(True)
            self._build(repo, cut=False)

    def texts(self, repo: solv.Repo) -> Store | None:
        """Open the texts of ``repo``'s packages; None when they are in ``repo`` itself."""
        if self._texts is None:
            self._texts = binary.open_sound(self._texts_path, self._key)
            if self._texts[0] < 0:
                self._build(None, cut=True)
            if self._texts[0] < 0:
                self._texts = binary.open_sound(self._texts_path, self._key)
        from solver.texts import Store

        descriptor, size = self._texts
        store = Store(descriptor, size, repo.nsolvables)
        return store if store.sound else None

    def _build(self, repo: solv.Repo | None, *, cut: bool) -> int:
        """Make both files, in memory if the disk does not take them; see :meth:`_make`."""
        try:
            return self._make(repo, cut=cut, memory=False)
        except OSError:
            if repo is not None:
                repo.empty(True)
        try:
            return self._make(repo, cut=cut, memory=True)
        except OSError as error:
            raise system_error(error) from error

    def _make(self, repo: solv.Repo | None, *, cut: bool, memory: bool) -> int:
        """Make both files and load the first into ``repo``; return how many packages were cut."""
        # Not on the warm path, which these would make slower.
        from solver.build import build
        from solver.texts import Cutter

        with (
            binary.Draft(self._path, memory=memory) as solv_file,
            binary.Draft(self._texts_path, memory=memory) as texts_file,
        ):
            cutter = Cutter(texts_file.descriptor)
            pieces = self._pieces()
            build(cutter.cut(pieces) if cut else pieces, solv_file.descriptor, self._label)
            if repo is not None:
                if not binary.load(repo, solv_file.descriptor):
                    raise MetadataError(f"{self._label}: the solver cannot read its own cache")
                if not cut:
                    cutter.blank(repo.nsolvables)
            size = texts_file.finish(self._key)
            if not texts_file.lasting:
                self._texts = os.dup(texts_file.descriptor), size
            solv_file.finish(self._key)
        return cutter.count
