"""A small world for transactions: a root, two repositories with their keys, and what the user is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import rpm

from pkgman.model.package import CMDLINE_REPO, SYSTEM_REPO, Package
from pkgman.model.repo import RepoSource
from pkgman.model.transaction import Action, Reason, Step
from pkgman.transaction.librpm.database import RpmDatabase
from pkgman.transaction.librpm.run import Options, Outcome, run
from pkgman.transaction.verify import Checks, Incoming, close_all, verify
from repo_meta import signature
from tests.support.keys import Signer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pkgman.transaction.verifiedfile import VerifiedFile
    from tests.support.rpms import Rpm
    from tests.support.workshop import Workshop

# Every test, and librpm in this process, stays below its own root.
DBPATH = ("_dbpath", "/var/lib/rpm")
rpm.addMacro(*DBPATH)


DEFAULT = Options()


class Words:
    """A reporter that remembers, and answers as told."""

    def __init__(self) -> None:
        self.infos: list[str] = []
        self.results: list[str] = []
        self.diagnostics: list[str] = []
        self.questions = 0
        self.answer = True

    def info(self, text: str) -> None:
        self.infos.append(text)

    def result(self, text: str) -> None:
        self.results.append(text)

    def diagnostic(self, text: str) -> None:
        self.diagnostics.append(text)

    def confirm(self) -> bool:
        self.questions += 1
        return self.answer


def package(description: Rpm, repo: str = "own", size: int = 0) -> Package:
    """The solver's view of a package."""
    return Package(
        description.name,
        int(description.epoch or 0),
        description.version,
        description.release,
        description.arch,
        repo,
        download_size=size,
    )


class World:
    """One root and its database; packages come from the workshop."""

    def __init__(self, folder: Path, workshop: Workshop, own: Signer, foreign: Signer) -> None:
        self.folder = folder
        self.workshop = workshop
        self.root = folder / "root"
        self.words = Words()
        self.scripts: list[str] = []
        self.own, self.foreign = own, foreign
        self.database = RpmDatabase(str(self.root), defines=[DBPATH])
        key = own.write_public_key(folder / "own.asc")
        self.source = RepoSource("own", "Own", gpgkeys=(f"file://{key}",))
        self.fetched: list[str] = []
        self.remote_keys: dict[str, bytes] = {}

    def rpm(self, description: Rpm) -> Path:
        """An unsigned file of its own, free to be damaged."""
        (built,) = self.workshop.build(description, signed=False)
        target = self.folder / "files" / built.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(built.read_bytes())
        return target

    def signed(self, description: Rpm, signer: Signer | None = None) -> Path:
        path = self.rpm(description)
        (signer or self.own).sign_rpms([path])
        return path

    def fetch_key(self, _source: RepoSource, url: str) -> bytes:
        self.fetched.append(url)
        return self.remote_keys[url]

    def verify(
        self,
        description: Rpm,
        path: Path,
        *,
        source: RepoSource | None = None,
        cmdline: bool = False,
        checks: Checks = Checks(),  # noqa: B008
    ) -> VerifiedFile:
        """Check one file as a package of ``source``, the world's own repository by default."""
        given = None if cmdline else source or self.source
        repo = given.id if given else CMDLINE_REPO
        incoming = Incoming(package(description, repo), str(path), given, path.name)
        (found,) = verify(
            [incoming],
            database=self.database,
            fetch_key=self.fetch_key,
            judge=lambda: signature,
            report=self.words,
            checks=checks,
            scratch=str(self.folder),
        )
        return found

    def step(self, action: Action, description: Rpm, *replaces: Rpm) -> Step:
        leaving = action in (Action.REMOVE, Action.OBSOLETE)
        return Step(
            action,
            package(description, SYSTEM_REPO if leaving else "own"),
            Reason.USER,
            tuple(package(old, SYSTEM_REPO) for old in replaces),
        )

    def run(self, *steps: Step, files: dict[Rpm, Path] | None = None, options: Options = DEFAULT) -> Outcome:
        """Carry out steps with unchecked signatures; files are built as needed."""
        incoming = []
        unsigned = self.source._replace(gpgcheck=False)
        for step in steps:
            if step.action in (Action.REMOVE, Action.OBSOLETE):
                continue
            built = (files or {}).get(step.package.name) or self.built[step.package.nevra]
            incoming.append(Incoming(step.package, str(built), unsigned, built.name))
        verified = verify(
            incoming,
            database=self.database,
            fetch_key=self.fetch_key,
            judge=lambda: signature,
            report=self.words,
            scratch=str(self.folder),
        )
        try:
            return run(
                self.database,
                steps,
                verified,
                report=self.words,
                script_output=self.scripts.append,
                options=options,
            )
        finally:
            close_all(verified)

    @property
    def built(self) -> dict[str, Path]:
        """Every package that was built for this world, by NEVRA."""
        return self._built

    _built: dict[str, Path]

    def offer(self, *descriptions: Rpm) -> None:
        """Build packages that steps will need."""
        paths = self.workshop.build(*descriptions, signed=False)
        self._built = getattr(self, "_built", {}) | {
            package(one).nevra: path for one, path in zip(descriptions, paths, strict=True)
        }

    def install(self, *descriptions: Rpm) -> Outcome:
        """Install packages that replace nothing."""
        self.offer(*descriptions)
        return self.run(*(self.step(Action.INSTALL, one) for one in descriptions))

    def present(self) -> list[str]:
        """What is installed, keys left out."""
        return sorted(name for name in self.database.nevras() if not name.startswith("gpg-pubkey"))


@pytest.fixture(scope="session")
def own_key() -> Iterator[Signer]:
    """The key of the world's own repository."""
    with Signer.create("Own <own@localhost>") as signer:
        yield signer


@pytest.fixture(scope="session")
def foreign_key() -> Iterator[Signer]:
    """The key of another repository."""
    with Signer.create("Foreign <foreign@localhost>", algorithm="ed25519") as signer:
        yield signer


@pytest.fixture(scope="session")
def foreign_rsa_key() -> Iterator[Signer]:
    """A foreign key whose signatures are as long as those of the own one."""
    with Signer.create("Foreign <rsa@localhost>") as signer:
        yield signer


@pytest.fixture(scope="session")
def subkey_signer() -> Iterator[Signer]:
    """A key that signs with a subkey."""
    with Signer.create("Sub <sub@localhost>") as signer:
        signer.gpg("--passphrase", "", "--quick-add-key", signer.fingerprint, "rsa2048", "sign", "never")
        yield signer


@pytest.fixture
def world(tmp_path: Path, workshop: Workshop, own_key: Signer, foreign_key: Signer) -> World:
    return World(tmp_path, workshop, own_key, foreign_key)
