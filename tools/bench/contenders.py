"""The package managers under test: their configuration, and their words for the same work."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.cli import program_command
from tests.support.repos import repo_section
from tests.support.rpms import scrubbed_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RELEASE = "12"
TITLES = {"tdnf": "pkgman", "dnf4": "dnf4", "zypper": "zypper"}


@dataclass
class Contender:
    """One tool with a folder of its own for configuration, cache and install root.

    ``words`` gives the arguments for a case's name, ``{}`` being the case's subject;
    ``statuses`` the exit statuses that mean success there.
    """

    name: str
    folder: Path
    program: tuple[str, ...]
    words: Mapping[str, str]
    counts: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The install root."""
        return self.folder / "root"

    @property
    def cache(self) -> Path:
        """All that the tool caches."""
        return self.folder / "cache"

    def environment(self) -> dict[str, str]:
        """The same for all, with a home of its own."""
        return scrubbed_environment(self.folder / "home")

    def present(self) -> bool:
        """Whether the program is there and runs."""
        return bool(shutil.which(self.program[0])) and not self._run(*self.program, "--version")

    def command(self, case: str, subject: str) -> list[str]:
        """The words to execute for a case."""
        words = self.words[case].replace("{}", subject).split()
        if case == "version":
            return [*self.program, *words]
        return [*self.program, *self.options(), *words]

    def options(self) -> list[str]:
        """Options that point the tool at its folder."""
        places = {"conf": self.folder / "tool.conf", "repos": self.folder / "repos.d"}
        if self.name == "zypper":
            return ["--non-interactive", "--gpg-auto-import-keys", "--root", str(self.root),
                    "--cache-dir", str(self.cache), "--reposd-dir", str(places["repos"])]  # fmt: skip
        options = ["-c", str(places["conf"]), "--installroot", str(self.root), f"--releasever={RELEASE}"]
        options += [f"--setopt=reposdir={places['repos']}", f"--setopt=cachedir={self.cache}"]
        return [*options, f"--setopt=logdir={self.folder}/log"] if self.name == "dnf4" else options

    def prepare(self, baseurl: str, *, key: Path | None = None) -> None:
        """Start from nothing: one repository, empty cache, a root with an empty rpm database."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for made in (
            self.root,
            self.cache,
            self.folder / "home",
            self.folder / "log",
            self.folder / "repos.d",
        ):
            made.mkdir(parents=True)
        (self.folder / "tool.conf").write_text(f"[main]\nplugins=0\nrepodir={self.folder}/repos.d\n")
        checks: dict[str, object] = {"gpgcheck": False, "repo_gpgcheck": False}
        if key:
            checks = {"gpgcheck": True, "repo_gpgcheck": True, "gpgkey": f"file://{key}"}
            # zypper would not look at packages where the metadata is signed; the others do.
            checks |= {"pkg_gpgcheck": True} if self.name == "zypper" else {}
        expire = {"autorefresh": False} if self.name == "zypper" else {"metadata_expire": "never"}
        text = repo_section("bench", baseurl=baseurl, **checks, **expire)
        (self.folder / "repos.d/bench.repo").write_text(text)
        self._run("rpm", "--root", str(self.root), "--initdb")

    def drop_cache(self) -> None:
        """Forget what was downloaded."""
        shutil.rmtree(self.cache, ignore_errors=True)
        self.cache.mkdir()

    def count(self, case: str, output: str) -> int | None:
        """How much the tool says it found or would install: to see that all do the same work."""
        if case == "real-install":
            command = ["rpm", "--root", str(self.root), "-qa"]
            listed = subprocess.run(
                command, env=self.environment(), capture_output=True, text=True, check=True
            )
            return sum(not line.startswith("gpg-pubkey") for line in listed.stdout.splitlines())
        kind = "install" if case.startswith("install") else case
        if kind not in self.counts:
            return None
        found = re.findall(self.counts[kind], output, re.MULTILINE)
        return int(found[0]) if found and found[0].isdigit() else len(set(found))

    def _run(self, *command: str) -> int:
        return subprocess.run(command, env=self.environment(), capture_output=True, check=False).returncode


def contenders(folder: Path, program: str | None) -> list[Contender]:
    """The three tools; ``program`` is the path of our own, by default this checkout's."""
    checkout = Path(__file__).resolve().parents[2] / ".venv/bin/tdnf"
    own = (program,) if program else (str(checkout),) if checkout.exists() else program_command()
    install = "install --assumeno {}"
    ours = {
        "version": "--version",
        "refresh": "makecache",
        "list": "list {}",
        "install-one": install,
        "install-closure": install,
        "whatprovides": "repoquery --whatprovides {}",
        "file-owner": "repoquery --file {}",
        "search": "search {}",
        "real-install": "-y install {}",
    }
    # dnf looks into names and summaries only unless told --all; zypper likewise without -d.
    theirs = {**ours, "search": "search --all {}"}
    zypper = {
        "version": "--version",
        "refresh": "refresh",
        "list": "--no-refresh search --details --match-exact {}",
        "install-one": "--no-refresh install --recommends --dry-run {}",
        "install-closure": "--no-refresh install --recommends --dry-run {}",
        "whatprovides": "--no-refresh search --provides --match-exact {}",
        "file-owner": "--no-refresh search --provides --match-exact {}",
        "search": "--no-refresh search --search-descriptions {}",
        "real-install": "install --auto-agree-with-licenses --recommends {}",
    }
    nevra = r"^(\S+\.(?:x86_64|noarch|aarch64))$"
    row = r"^(\S+\.(?:x86_64|noarch|aarch64)) "
    yum = {"list": row, "whatprovides": nevra, "file-owner": nevra, "search": r"^(\S+) : "}
    table = r"^([\w.+-]+) +(?:x86_64|noarch|aarch64) +\S+ +bench "
    column = r"^  \| (\S+) +\| "
    zypp = {
        "file-owner": column,
        "list": column,
        "whatprovides": column,
        "search": column,
        "install": r"^(\d+) new packages? to install",
    }
    no = {"install-one": (8,), "install-closure": (8,)}
    return [
        Contender("tdnf", folder / "tdnf", own, ours, {**yum, "install": table}, no),
        Contender(
            "dnf4",
            folder / "dnf4",
            ("dnf",),
            theirs,
            {**yum, "install": r"^Install +(\d+) Package"},
            {"install-one": (1,), "install-closure": (1,)},
        ),
        Contender(
            "zypper",
            folder / "zypper",
            ("zypper",),
            zypper,
            zypp,
            {"real-install": (0, 106, 107), "file-owner": (0, 104)},
        ),
    ]


def interpreter() -> str:
    """An interpreter for the measuring process: the system's, as it starts smallest."""
    return "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
