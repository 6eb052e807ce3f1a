"""A container without an engine: a root of its own in mount (and process) namespaces.

The host's ``/usr`` and the checkout are there read-only, everything else is the container's own; so
what a build leaves behind is what lies below :attr:`Container.path`, and no host database is touched.
"""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.cli import PROJECT, TIMEOUT, Result, program_command

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PATH = "/opt/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LINKED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_CONFIG = "[main]\ngpgcheck=1\ninstallonly_limit=3\nclean_requirements_on_remove=1\n"


class Container:
    """One container's root below ``scratch``; what is left out is not there at all.

    :param proc: mount /proc. :param dev: have /dev/null and its like. :param tmp: size of /tmp.
    :param os_release: have /etc/os-release. :param user: in a user namespace of its own.
    """

    def __init__(
        self,
        scratch: Path,
        *,
        proc: bool = True,
        dev: bool = True,
        tmp: str = "64m",
        os_release: bool = True,
        user: bool = False,
    ) -> None:
        self.path = scratch / "image"
        self.proc, self.dev, self.tmp, self.user = proc, dev, tmp, user
        folders = ("etc/tdnf", "etc/yum.repos.d", "var/lib", "run", "tmp", "opt/bin", "root", "proc", "dev")
        for folder in (*folders, *(str(place).lstrip("/") for place in read_only())):
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        for name in _LINKED:
            if os.path.islink(f"/{name}") and not (self.path / name).is_symlink():
                (self.path / name).symlink_to(os.readlink(f"/{name}"))
        if not (self.path / "var/run").is_symlink():
            (self.path / "var/run").symlink_to("/run")
        self.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        self.write("etc/group", "root:x:0:\n")
        self.write("etc/hosts", "127.0.0.1 localhost\n")
        if os.path.exists("/etc/ld.so.cache"):
            shutil.copy("/etc/ld.so.cache", self.path / "etc/ld.so.cache")
        if os_release:
            self.write("etc/os-release", "ID=sample\nVERSION_ID=1\n")
        self.write("etc/tdnf/tdnf.conf", _CONFIG)
        words = " ".join(map(shlex.quote, program_command()))
        self.write("opt/bin/tdnf", f'#!/bin/sh\nexec {words} "$@"\n').chmod(0o755)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the container."""
        place = self.path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def add_repo(self, text: str, name: str = "test") -> None:
        """Write a .repo file."""
        self.write(f"etc/yum.repos.d/{name}.repo", text)

    def __call__(
        self,
        command: str,
        *,
        env: Mapping[str, str] | None = None,
        binds: Mapping[Path, str] | None = None,
        stdin: str | None = None,
    ) -> Result:
        """Run ``command`` with ``sh -c`` and wait; without ``stdin`` it has none, as in a build."""
        done = subprocess.run(
            self.command(command, env=env, binds=binds),
            input=stdin if stdin is not None else "",
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=TIMEOUT,
            check=False,
        )
        return Result((command,), done.returncode, done.stdout, done.stderr)

    def start(self, command: str) -> subprocess.Popen[str]:
        """Run ``exec command`` as process 1 of a process namespace, without waiting."""
        return subprocess.Popen(
            self.command(command, first=True),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(
        self,
        command: str,
        *,
        env: Mapping[str, str] | None = None,
        binds: Mapping[Path, str] | None = None,
        first: bool = False,
    ) -> list[str]:
        """The words to execute."""
        environment = {"PATH": PATH, "PYTHONDONTWRITEBYTECODE": "1"} if env is None else dict(env)
        assignments = [f"{key}={value}" for key, value in environment.items()]
        mounts = "\n".join(self._mounts(binds or {}))
        enter = 'exec env -i "$@"'
        return [
            *_namespaces(first=first, user=self.user),
            "sh", "-ec", f"{mounts}\n{enter}", "sh", *assignments,
            "chroot", str(self.path), "/bin/sh", "-c", command,
        ]  # fmt: skip

    def _mounts(self, binds: Mapping[Path, str]) -> Iterable[str]:
        top = shlex.quote(str(self.path))
        yield f"mount -t tmpfs -o size={self.tmp},mode=1777 tmpfs {top}/tmp"
        for place in read_only():
            here = f"{top}{shlex.quote(str(place))}"
            yield f"mkdir -p {here}"  # below the new /tmp it is not there yet
            yield f"mount --bind {shlex.quote(str(place))} {here}"
            yield f"mount -o remount,bind,ro {here}"
        if self.proc:
            yield f"mount --rbind /proc {top}/proc"
        if self.dev:
            yield f"mount -t tmpfs -o mode=755 tmpfs {top}/dev"
            for name in _DEVICES:
                yield f": > {top}/dev/{name}; mount --bind /dev/{name} {top}/dev/{name}"
        for source, target in binds.items():
            yield f"mkdir -p {top}{target}; mount --bind {shlex.quote(str(source))} {top}{target}"

    def tree(self) -> dict[str, int]:
        """Every path of the container's own with its size (0 for what is no file), as ``a/b``."""
        skipped = {str(place).strip("/") for place in read_only()} | {"tmp", "dev", "proc"}
        found = {}
        for folder, names, files in os.walk(self.path):
            here = os.path.relpath(folder, self.path)
            names[:] = [n for n in names if os.path.normpath(f"{here}/{n}") not in skipped]
            for name in (*names, *files):
                path = Path(folder, name)
                plain = path.is_file() and not path.is_symlink()
                found[os.path.normpath(f"{here}/{name}")] = path.stat().st_size if plain else 0
        return found


def allowed() -> bool:
    """Whether such containers can be made here: not in every container, nor in a plain chroot."""
    words = [
        *_namespaces(),
        "sh",
        "-ec",
        "mount -t tmpfs tmpfs /mnt; mount --bind /usr /mnt; chroot / true",
    ]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def _namespaces(*, first: bool = False, user: bool = False) -> list[str]:
    words = ["unshare", "--map-root-user"] if user or os.geteuid() != 0 else ["unshare"]
    return [*words, "--mount", *(["--pid", "--fork", "--kill-child"] if first else [])]


@functools.cache
def read_only() -> tuple[Path, ...]:
    """Folders of the host that a container has: /usr, the checkout, the interpreter, libraries."""
    wanted = [Path("/usr"), *(Path(f"/{name}") for name in _LINKED if _is_folder(f"/{name}"))]
    wanted += [PROJECT, Path(sys.prefix), Path(sys.base_prefix), *_program_folders(program_command())]
    chosen: list[Path] = []
    for path in sorted({path.absolute() for path in wanted}, key=lambda path: len(path.parts)):
        if not any(path.is_relative_to(place) for place in chosen):
            chosen.append(path)
    return tuple(chosen)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _program_folders(program: Sequence[str]) -> list[Path]:
    return [Path(program[0]).resolve().parent.parent] if len(program) == 1 else []
