"""Run the real command line in a process of its own and look at what it says."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.rpms import scrubbed_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.repos import Repo

PROJECT = Path(__file__).resolve().parents[2]
LAUNCHER = PROJECT / "tools/launcher"
TIMEOUT = 120  # seconds a command may take

# The instance lock lies in the host's /var/run for everybody, so parallel tests would wait for
# each other and print that they do. Each root gets a /run of its own in a mount namespace; where
# the kernel allows none, the lock's path is replaced by one in the root's run folder.
_OWN_RUN = 'mount --bind "$0" /run && exec "$@"'
_LOCK = ".tdnf-instance-lockfile"
_RUN = "PKGMAN_TEST_RUN"  # the variable that names the run folder to programs without a namespace
_OWN_LOCK = (
    f"import os, sys; sys.path.insert(1, {str(PROJECT)!r}); import pkgman.transaction.lock as lock; "
    f"lock.LOCK_PATH = os.path.join(os.environ.get({_RUN!r}, {tempfile.gettempdir()!r}), {_LOCK!r}); "
)


@dataclass(frozen=True)
class Result:
    """What a command did: exit status and both streams as text."""

    command: tuple[str, ...]
    status: int
    stdout: str
    stderr: str

    @property
    def error(self) -> int | None:
        """The number of the last ``Error(N)`` line on stderr, or of the JSON error object."""
        found = re.findall(r"^Error\((\d+)\)", self.stderr, re.MULTILINE)
        found += re.findall(r'\{"Error":(\d+),', self.stdout)
        return int(found[-1]) if found else None

    @property
    def json(self) -> Any:
        """Standard output, parsed."""
        return json.loads(self.stdout)

    @property
    def lines(self) -> list[str]:
        """Lines of standard output."""
        return self.stdout.splitlines()

    def ok(self) -> Result:
        """Itself, if the status is 0.

        :raises AssertionError: it is not; the text shows the whole run.
        """
        assert self.status == 0, str(self)
        return self

    def failed(self, number: int | None = None) -> Result:
        """Itself, if the status is not 0 and the error number is the one expected."""
        assert self.status != 0, str(self)
        assert number is None or (self.error, self.status) == (number, number % 256), str(self)
        return self

    def __str__(self) -> str:
        words = shlex.join(self.command)
        text = f"$ {words}\nstatus {self.status}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"
        return text.encode("utf-8", "backslashreplace").decode()  # reports of tests must be UTF-8


class Root:
    """A fresh install root with the configuration beside it, all below one scratch folder.

    ``conf`` is the main configuration file and ``repodir`` the folder of .repo files; the cache and
    the history lie inside the root at ``cachedir`` and ``history``, as a relocated tdnf has them.
    """

    def __init__(self, scratch: Path, *, settings: Mapping[str, object] | None = None) -> None:
        self.scratch = scratch
        self.path = scratch / "root"
        self.home = scratch / "home"
        self.run = scratch / "run"
        self.repodir = scratch / "repos.d"
        self.cachedir = self.path / "var/cache/tdnf"
        self.conf = scratch / "conf/tdnf.conf"
        for folder in (self.path, self.home, self.run, self.repodir, self.conf.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self.configure(**(settings or {}))

    @property
    def history(self) -> Path:
        """The history database."""
        return self.path / "var/lib/tdnf/history.db"

    def configure(self, **settings: object) -> None:
        """Write the main configuration anew; booleans become 1 and 0."""
        keys: dict[str, object] = {
            "gpgcheck": True,
            "installonly_limit": 3,
            "clean_requirements_on_remove": True,
            "repodir": self.repodir,
            "cachedir": "/var/cache/tdnf",
            "persistdir": "/var/lib/tdnf",
            **settings,
        }
        lines = (f"{key}={int(value) if isinstance(value, bool) else value}" for key, value in keys.items())
        self.conf.write_text("\n".join(["[main]", *lines]) + "\n")

    def add_repo(self, repo: Repo | str, **keys: object) -> None:
        """Write a .repo file: a published repository (signed ones with both checks on), or plain text."""
        if isinstance(repo, str):
            name = re.findall(r"\[(.*?)\]", repo)[0]
            (self.repodir / f"{name}.repo").write_text(repo)
            return
        if repo.key:
            keys = {"gpgcheck": True, "gpgkey": f"file://{repo.key}", **keys}
        else:
            keys = {"gpgcheck": False, **keys}
        (self.repodir / f"{repo.id}.repo").write_text(repo.config(**keys))

    @property
    def lock(self) -> str:
        """The instance lock as programs on this root name it."""
        return f"/var/run/{_LOCK}" if namespaces_allowed() else str(self.run / _LOCK)

    def environment(self) -> dict[str, str]:
        """The environment of every command: HOME is in the scratch folder, so no macros of the user count."""
        own = {} if namespaces_allowed() else {_RUN: str(self.run)}
        return scrubbed_environment(self.home) | {"PYTHONDONTWRITEBYTECODE": "1"} | own

    def rpm(self, *arguments: str) -> Result:
        """rpm on this root."""
        return _run([*self._privilege(), "rpm", "--root", str(self.path), *arguments], self.environment())

    @property
    def installed(self) -> list[str]:
        """``name-[epoch:]version-release.arch`` of what is installed, keys left out, sorted."""
        listed = self.rpm("-qa", "--qf", "%{NEVRA}\\n").ok().lines
        return sorted(line for line in listed if not line.startswith("gpg-pubkey-"))

    def file(self, path: str) -> Path:
        """A path inside the root."""
        return self.path / path.lstrip("/")

    def chroot(self, *command: str) -> Result:
        """Run something that is installed in the root."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        return _run([*self._privilege(), "chroot", str(self.path), *command], environment)

    def _privilege(self) -> list[str]:
        return own_run(self.run) if os.geteuid() != 0 else []


class Tdnf:
    """The program, pointed at a root: ``tdnf("install", "-y", "x")``."""

    def __init__(self, root: Root, *, releasever: str | None = "1", program: Sequence[str] = ()) -> None:
        self.root = root
        self.releasever = releasever
        self.program = tuple(program) or program_command()

    def __call__(
        self,
        *arguments: str | Path,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        bare: bool = False,
    ) -> Result:
        """Run and wait. ``bare`` leaves out ``-c``, ``--installroot`` and ``--releasever``."""
        done = _run(self.command(*arguments, bare=bare), self.environment(env), stdin=stdin, cwd=cwd)
        return Result(("tdnf", *map(str, arguments)), done.status, done.stdout, done.stderr)

    def start(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Run without waiting, for signals and locks; the caller waits for the process."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, *arguments: str | Path, bare: bool = False) -> list[str]:
        """The words to execute; the process is the program itself, not a wrapper."""
        options = [] if bare else ["-c", str(self.root.conf), "--installroot", str(self.root.path)]
        if self.releasever and not bare:
            options += ["--releasever", self.releasever]
        return [*own_run(self.root.run), *self.program, *options, *map(str, arguments)]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The root's environment with additions."""
        return {**self.root.environment(), **(extra or {})}


def program_command(name: str = "tdnf", entry: str = "main") -> tuple[str, ...]:
    """Words that start the checkout's own program under ``name`` with this interpreter, isolated.

    ``PKGMAN_TDNF`` names another one, such as an installed wheel's script. ``entry`` is the
    launcher's function of another program, such as ``config_editor``.
    """
    if os.environ.get("PKGMAN_TDNF") and entry == "main":
        return (os.environ["PKGMAN_TDNF"],)
    code = f"import sys; sys.argv[0] = {name!r}; sys.path.insert(0, {str(LAUNCHER)!r}); {own_lock()}"
    return (sys.executable, "-I", "-c", code + f"from _pkgman_launcher import {entry}; {entry}()")


def own_lock() -> str:
    """Python that gives a program its root's instance lock where it can have no /run of its own."""
    return "" if namespaces_allowed() else _OWN_LOCK


def namespaces_allowed() -> bool:
    """Whether tests may have mount namespaces of their own: not in every container, nor in a plain chroot."""
    return bool(_namespace())


def own_run(folder: Path) -> list[str]:
    """Words that give the command after them ``folder`` as /run, or none where that is not allowed."""
    return [*_namespace(), "sh", "-c", _OWN_RUN, str(folder)] if _namespace() else []


@functools.cache
def _namespace() -> tuple[str, ...]:
    words = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--mount")
    probe = [*words, "sh", "-c", _OWN_RUN, "/run", "true"]
    try:
        allowed = subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except OSError:
        allowed = False
    return words if allowed else ()


def _run(
    command: Sequence[str], environment: Mapping[str, str], *, stdin: str = "", cwd: Path | None = None
) -> Result:
    done = subprocess.run(
        command,
        env=dict(environment),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        cwd=cwd,
        timeout=TIMEOUT,
        check=False,
    )
    return Result(tuple(command), done.returncode, done.stdout, done.stderr)
