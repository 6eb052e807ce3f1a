"""The pool: repositories and the installed packages, as handles in libsolv's memory."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import solv

from pkgman.model.interrupts import Interruptible
from pkgman.model.package import CMDLINE_REPO, SYSTEM_REPO
from solver import binary, memory
from solver.installed import Filler
from solver.repocache import RepoCache, write_names
from solver.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Protocol

    from pkgman.model.package import InstalledPackage, RpmFile
    from pkgman.model.repo import RepoSnapshot
    from solver.texts import Store

    class Owner(Protocol):
        """The package that owns a file, as a filelists scan names it."""

        @property
        def name(self) -> str: ...  # noqa: D102
        @property
        def epoch(self) -> int: ...  # noqa: D102
        @property
        def version(self) -> str: ...  # noqa: D102
        @property
        def release(self) -> str: ...  # noqa: D102
        @property
        def arch(self) -> str: ...  # noqa: D102


def cache_of(snapshot: RepoSnapshot, pieces: Callable[[], Iterable[bytes]]) -> RepoCache:
    """Return the cache of a repository's metadata; for ``pieces`` see :meth:`Pool.load_repo`."""
    return RepoCache(snapshot.solv_path, f"primary {snapshot.repomd_checksum}", pieces, snapshot.id)


class Pool:
    """Every known package. Load first, then ask: loading after a question is allowed but costs.

    ``raw`` is libsolv's pool; only this package touches it.
    """

    def __init__(self, arch: str) -> None:
        self.arch = arch
        self.raw: solv.Pool = solv.Pool()
        # libsolv's objects do not keep their pool alive, and one that is released
        # after it crashes the process. The pool lives as long as the process anyway.
        self.raw.disown()
        self.raw.setdisttype(solv.Pool.DISTTYPE_RPM)
        self.raw.setarch(arch)
        # As rpm does: two packages of one name may be there for two architectures. What is
        # obsoleted leaves in all of them.
        self.raw.set_flag(solv.Pool.POOL_FLAG_IMPLICITOBSOLETEUSESCOLORS, 1)
        self.installed: solv.Repo | None = None
        self.files: dict[str, int] = {}
        """Handles of the packages given as files, by path."""
        self.in_place: dict[int, str] = {}
        """Paths of the packages of repositories without metadata, by handle."""
        self.path_owners: dict[str, tuple[int, ...]] = {}
        """Who holds the paths that specs name, as far as only the filelists know, by path or glob."""
        self._cmdline: solv.Repo | None = None
        self._indexed = False
        self._file_provides = False
        self._required_files: list[int] = []
        self._searched_files: set[int] = set()
        self._caches: dict[str, RepoCache] = {}
        self._texts: dict[int, Store | None] = {}

    def close(self) -> None:
        """Give the memory back; for programs that go on. Nothing may be asked of the pool any more."""
        self._texts.clear()
        for cache in self._caches.values():
            cache.close()
        self._caches.clear()
        self.installed = self._cmdline = None
        gc.collect()  # what refers to the pool must go before it
        self.raw.free()

    def load_repo(self, snapshot: RepoSnapshot, pieces: Callable[[], Iterable[bytes]]) -> None:
        """Load a repository from its binary cache, or from its primary metadata.

        :param pieces: opens the verified stream of plain primary.xml; called only
            when the cache cannot be used.
        :raises MetadataError: the metadata is malformed.
        :raises PkgmanError: what reading the stream raises.
        """
        repo = self._new_repo(snapshot.id)
        repo.priority = -snapshot.priority  # libsolv: higher is better; tdnf: lower is
        cache = cache_of(snapshot, pieces)
        try:
            cache.load(repo)
        except BaseException:
            repo.free(True)
            raise
        self._caches[snapshot.id] = cache

    def texts(self, repo: solv.Repo) -> Store | None:
        """Return the texts that are kept apart from ``repo``; None when it holds them itself."""
        if repo.id not in self._texts:
            cache = self._caches.get(repo.name)
            self._texts[repo.id] = cache.texts(repo) if cache else None
        return self._texts[repo.id]

    def load_installed(
        self, packages: Callable[[], Iterable[InstalledPackage]], *, cache_path: str | None, key: str
    ) -> None:
        """Load the installed packages, from the cache if it was made for ``key``.

        :param packages: reads the rpm database; called only without a usable cache.
        :param cache_path: None for no cache.
        :param key: what identifies the installed set, whichever database it is in.
        """
        repo = self._new_repo(SYSTEM_REPO)
        key = f"installed 2 {key}"
        if not (cache_path and binary.read(repo, cache_path, key)):
            filler = Filler(repo)
            filler.add_all(packages())
            filler.close()
            if cache_path and binary.write(repo, cache_path, key):
                write_names(cache_path, (solvable.name for solvable in repo.solvables))
        self.installed = self.raw.installed = repo

    def load_files(self, files: Iterable[RpmFile]) -> None:
        """Add packages given as files; a path that is known already is passed over."""
        new = [file for file in files if file.path not in self.files]
        if not new:
            return
        if self._cmdline is None:
            self._cmdline = self._new_repo(CMDLINE_REPO)
        self.files.update(self._fill(self._cmdline, new))

    def load_folder(self, repo_id: str, priority: int, files: Iterable[RpmFile]) -> None:
        """Load a repository that has no metadata: its package files."""
        repo = self._new_repo(repo_id)
        repo.priority = -priority
        self.in_place.update((handle, path) for path, handle in self._fill(repo, files).items())

    def imagine(self, repo_id: str, package: InstalledPackage) -> int:
        """Add a package that exists nowhere, to ask for what it needs; return its handle."""
        self._indexed = False
        filler = Filler(self._new_repo(repo_id))
        handle = filler.add(package)
        filler.close()
        return handle

    def _fill(self, repo: solv.Repo, files: Iterable[RpmFile]) -> dict[str, int]:
        """Add packages from files and return path -> handle."""
        self._indexed = False
        self._file_provides = False
        filler = Filler(repo)
        handles = {}
        for file in files:
            handle = handles[file.path] = filler.add(file.header)
            filler.set_download(handle, file.size)
        filler.close()
        return handles

    def hide_installed(self, hide: bool) -> None:
        """Resolve as if nothing were installed, or no longer; the packages stay in the pool."""
        wanted = None if hide else self.installed
        if (self.raw.installed is None) != (wanted is None):
            self.raw.installed = wanted  # libsolv drops its index with that
            self._indexed = False

    def prepare(self, *, file_provides: bool = False) -> solv.Pool:
        """Make the pool answer questions and return libsolv's pool.

        :param file_provides: also make packages provide the files that others require.
        """
        if file_provides and not self._file_provides:
            memory.ensure_for_index(self.raw)
            with Interruptible():
                self._required_files = self.raw.addfileprovides_queue()
            self._add_top_files()
            self._file_provides = True
            self._indexed = False
        if not self._indexed:
            memory.ensure_for_index(self.raw)
            with Interruptible():
                # Asking before this crashes libsolv.
                self.raw.createwhatprovides()
            self._indexed = True
        return self.raw

    def forget_disabled(self) -> None:
        """Leave disabled packages out of the index until it is next asked for.

        libsolv takes the highest version of the index for an update's best candidate, disabled or not.
        """
        with Interruptible():
            self.raw.createwhatprovides()
        self._indexed = False

    def _add_top_files(self) -> None:
        """Make packages provide required files directly below ``/``, which libsolv overlooks."""
        how = solv.Dataiterator.SEARCH_STRING | solv.Dataiterator.SEARCH_FILES
        how |= solv.Dataiterator.SEARCH_COMPLETE_FILELIST
        for file in self._required_files:
            path = self.raw.id2str(file)
            if path.rfind("/") == 0:
                for match in self.raw.Dataiterator(solv.SOLVABLE_FILELIST, clean(path), how):
                    owner = self.raw.id2solvable(match.solvid)
                    owner.add_deparray(solv.SOLVABLE_PROVIDES, file, solv.SOLVABLE_FILEMARKER)

    def changed(self) -> None:
        """Have the indexes made anew: a package's relations are other ones now."""
        self._indexed = False
        self._file_provides = False

    def missing_files(self) -> frozenset[str]:
        """Return the paths that packages require and none provides, each path only once ever."""
        raw = self.prepare(file_provides=True)
        missing = {file for file in self._required_files if not raw.whatprovides(file)}
        missing -= self._searched_files
        self._searched_files |= missing
        return frozenset(raw.id2str(file) for file in missing)

    def add_file_provides(self, repo_id: str, owners: Mapping[str, Iterable[Owner]]) -> None:
        """Make packages of ``repo_id`` provide files that only the filelists name."""
        wanted: dict[tuple[str, str, str], list[str]] = {}
        for path, packages in owners.items():
            for owner in packages:
                plain = f"{owner.version}-{owner.release}"
                evr = f"{owner.epoch}:{plain}" if int(owner.epoch) else plain
                wanted.setdefault((owner.name, evr, owner.arch), []).append(path)
        for solvable in self.repo(repo_id).solvables_iter() if wanted else ():
            for path in wanted.get((solvable.name, solvable.evr, solvable.arch), ()):
                file = self.raw.str2id(path)
                solvable.add_deparray(solv.SOLVABLE_PROVIDES, file, solv.SOLVABLE_FILEMARKER)
                self._indexed = False

    def repo(self, repo_id: str) -> solv.Repo:
        """Return libsolv's repository.

        :raises KeyError: when no such repository is loaded.
        """
        for repo in self.raw.repos:
            if repo.name == repo_id:
                return repo
        raise KeyError(repo_id)

    def _new_repo(self, name: str) -> solv.Repo:
        self._indexed = False
        self._file_provides = False
        return self.raw.add_repo(name)
