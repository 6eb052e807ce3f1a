"""What the user wants done, and what a solution may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pkgman.model.package import RpmFile


class Request(NamedTuple):
    """A wish. Specs are the user's own words (tdnf contract, commands 3)."""

    install: tuple[str, ...] = ()
    erase: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    downgrade: tuple[str, ...] = ()
    reinstall: tuple[str, ...] = ()
    autoremove: tuple[str, ...] = ()
    install_files: tuple[RpmFile, ...] = ()
    reinstall_files: tuple[RpmFile, ...] = ()
    update_files: tuple[RpmFile, ...] = ()  # taken where an older version is installed
    downgrade_files: tuple[RpmFile, ...] = ()  # taken where a newer version is installed
    update_all: bool = False
    downgrade_all: bool = False
    distro_sync: bool = False
    whole: bool = False  # what is to be installed must be there afterwards, or nothing happens
    autoremove_all: bool = False
    install_nevras: tuple[str, ...] = ()  # exactly these, as the history names them
    erase_nevras: tuple[str, ...] = ()
    obsoleters: tuple[str, ...] = ()  # NEVRAs: these in the place of what they obsolete
    capabilities: tuple[str, ...] = ()  # ``name`` or ``name OP evr``: what source packages need to be built

    @property
    def files(self) -> tuple[RpmFile, ...]:
        """Every file that is named."""
        return (*self.install_files, *self.reinstall_files, *self.update_files, *self.downgrade_files)


class Policy(NamedTuple):
    """What a solution may do (tdnf contract, commands 4.1 to 4.4)."""

    best: bool = False
    fall_back: bool = False  # --no-best: an older version where the best of a name cannot come
    weak: bool = True  # also bring what is recommended, or supplements
    allow_erasing: bool = False
    skip_broken: bool = False
    skip_unavailable: bool = False  # unknown specs are reported, and stop nothing
    skip_conflicts: bool = False
    skip_obsoletes: bool = False
    clean_deps: bool = False  # drop dependencies that are no longer needed
    excludes: tuple[str, ...] = ()  # specs, hidden from the solver
    includes: tuple[str, ...] = ()  # specs; of the repositories the solver sees these only, unless empty
    repo_excludes: tuple[tuple[str, tuple[str, ...]], ...] = ()  # by id of the repository
    repo_includes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    minversions: tuple[str, ...] = ()  # name=evr
    locks: frozenset[str] = frozenset()
    protected: frozenset[str] = frozenset()
    installonly: tuple[str, ...] = ()  # names or other capabilities
    installonly_limit: int = 2
    reinstall_changed: bool = False  # distro-sync: same EVR, other content
    ignore_installed: bool = False  # --alldeps: resolve as if nothing were installed
    no_dependencies: bool = False  # --nodeps
    debug_folder: str = ""  # --debugsolver: where libsolv's test case goes
    auto_installed: frozenset[str] | None = None
    """Names of packages that came as dependencies; None when there is no history."""
