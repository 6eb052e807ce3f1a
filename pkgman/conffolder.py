"""The main configuration and all repo files, to be changed: which file holds a repository's section."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman import conffile
from pkgman.model import securepath
from pkgman.model.errors import PkgmanError
from pkgman.repos import matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkgman.conffile import ConfFile, Section

MAIN = "main"
NO_REPO = 901


class ConfFolder:
    """Files that are read when they are asked for, changed in memory, and written by :meth:`save`.

    Links of files in an install root lead as in a chroot.

    :param root: the install root.
    :param main: path of the main configuration file.
    :param repodir: path of the folder of ``*.repo`` files.
    """

    def __init__(self, root: str, main: str, repodir: str) -> None:
        self.repodir = repodir
        self._root = root
        self._main_path = main
        self._files: dict[str, ConfFile] = {}
        self._changed: dict[str, ConfFile] = {}

    def main(self) -> tuple[ConfFile, Section]:
        """Return the main file and its section, which is added when there is none.

        :raises OSError: the file cannot be read.
        """
        file = self._load(self._main_path)
        return file, file.section(MAIN) or file.first_section or file.add_section(MAIN)

    def repositories(self) -> Iterator[tuple[ConfFile, Section]]:
        """Yield every repository's section with its file, files sorted; none without the folder."""
        names = sorted(os.listdir(self.repodir)) if os.path.isdir(self.repodir) else ()
        for name in names:
            if name.endswith(".repo"):
                file = self._load(os.path.join(self.repodir, name))
                yield from ((file, section) for section in file.sections)

    def path_of(self, name: str) -> str:
        """Return where a file of the repository folder lies; raises OSError for links in a circle."""
        return securepath.confined(self._root, os.path.join(self.repodir, name))

    def matching(self, patterns: Sequence[str]) -> list[tuple[ConfFile, Section]]:
        """Return the repositories with these ids or globs.

        :raises PkgmanError: 901 for one that fits nothing; so nothing was changed.
        """
        every = list(self.repositories())
        lost = [p for p in patterns if not any(matches(section.name, p) for _, section in every)]
        if lost:
            raise PkgmanError(
                f"No repository has the id {' or '.join(lost)}; 'tdnf repolist all' names them",
                number=NO_REPO,
            )
        return [pair for pair in every if any(matches(pair[1].name, pattern) for pattern in patterns)]

    def change(self, file: ConfFile) -> None:
        """Remember a file that was changed."""
        self._changed[file.path] = file

    def save(self) -> None:
        """Write what was changed, each file whole or not at all.

        :raises OSError: one cannot be written.
        """
        for file in self._changed.values():
            file.save()
        self._changed.clear()

    def _load(self, path: str) -> ConfFile:
        path = securepath.confined(self._root, path)
        if path not in self._files:
            self._files[path] = conffile.load(path)
        return self._files[path]
