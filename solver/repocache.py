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
        if not binary.read(repo, self._path, self._key):
            self._build(repo)

    def ensure(self) -> None:
        """Build the cache if need be, for a later run; raises what :meth:`load` does."""
        descriptor, _ = binary.open_sound(self._path, self._key)
        if descriptor >= 0:
            os.close(descriptor)
        else:
            self._build(None)

    def texts(self, repo: solv.Repo) -> Store | None:
        """Open the texts of ``repo``'s packages; None when they are in ``repo`` itself."""
        if self._texts is None:
            self._texts = binary.open_sound(self._texts_path, self._key)
            if self._texts[0] < 0:
                self._build(None)
            if self._texts[0] < 0:
                self._texts = binary.open_sound(self._texts_path, self._key)
        from solver.texts import Store

        descriptor, size = self._texts
        store = Store(descriptor, size, repo.nsolvables)
        return store if store.sound else None

    def close(self) -> None:
        """Close the file of texts, if it is open."""
        descriptor, self._texts = (self._texts or (-1, 0))[0], None
        if descriptor >= 0:
            os.close(descriptor)

    def _build(self, repo: solv.Repo | None) -> None:
        """Make both files, in memory if the disk does not take them; see :meth:`_make`."""
        try:
            self._make(repo, memory=False)
            return
        except OSError:
            if repo is not None:
                repo.empty(True)
        try:
            self._make(repo, memory=True)
        except OSError as error:
            raise system_error(error) from error

    def _make(self, repo: solv.Repo | None, *, memory: bool) -> None:
        """Make both files and load the first into ``repo``."""
        # Not on the warm path, which these would make slower.
        from solver.build import build
        from solver.texts import Cutter

        with (
            binary.Draft(self._path, memory=memory) as solv_file,
            binary.Draft(self._texts_path, memory=memory) as texts_file,
        ):
            cutter = Cutter(texts_file.descriptor)
            count = build(
                cutter.cut(self._pieces()),
                solv_file.descriptor,
                self._label,
                meanwhile=cutter.names.sort,
            )
            if cutter.count != count:
                # Texts could end up with the wrong packages: let libsolv keep them.
                os.ftruncate(solv_file.descriptor, 0)
                count = build(self._pieces(), solv_file.descriptor, self._label)
                cutter.blank(count)
            if repo is not None and not binary.load(repo, solv_file.descriptor):
                raise MetadataError(f"{self._label}: the solver cannot read its own cache")
            size = texts_file.finish(self._key)
            if not texts_file.lasting:
                self._texts = os.dup(texts_file.descriptor), size
            solv_file.finish(self._key)
            if solv_file.lasting:
                cutter.names.write(self._path)


def write_names(solv_path: str, names: Iterable[str]) -> None:
    """Write the names of packages beside their cache, for completion; see :mod:`solver.names`."""
    from solver.names import write

    write(solv_path, names)
