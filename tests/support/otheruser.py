"""Run commands as another user, whatever folder the checkout lies in."""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import sys
import sysconfig
import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.cli import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NOBODY = 65534  # the user's and the group's id
_PACKAGES = ("pkgman", "solver", "repo_meta", "plugins", "tools/launcher")


def as_nobody(words: Iterable[str]) -> list[str]:
    """Words that run a command as a user who has no rights to anything of root's.

    Paths of the checkout in it become paths of :func:`checkout`.
    """
    who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"]
    return [*who, *map(reachable, words)]


def reachable(text: str) -> str:
    """A word of a command with the checkout's paths replaced by those of :func:`checkout`."""
    for folder, copy in _moved().items():
        text = re.sub(rf"{re.escape(folder)}(?=[/'\"]|$)", copy, text)
    return text


def checkout() -> Path:
    """The checkout's modules where everybody may read them: the checkout, or a copy if it lies in /root."""
    return Path(reachable(str(PROJECT)))


@functools.cache
def _moved() -> dict[str, str]:
    """Folders that another user cannot enter, each with its copy: the environment, then the checkout."""
    if all(_is_open(Path(folder)) for folder in (PROJECT, sys.prefix)):
        return {}
    top = Path(tempfile.mkdtemp(prefix="pk-", dir="/tmp"))
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    for name in _PACKAGES:
        shutil.copytree(PROJECT / name, top / name, ignore=shutil.ignore_patterns("__pycache__"))
    moved = {str(PROJECT): str(top)}
    if sys.prefix != sys.base_prefix:
        moved = {sys.prefix: str(_copy_environment(top / "venv")), **moved}
    _open_all(top)
    return moved


def _copy_environment(target: Path) -> Path:
    """Copy the virtual environment with what the product needs, and nothing of the tests' tools."""
    purelib = Path(sysconfig.get_path("purelib"))
    for path in _runtime_files(purelib):
        there = target / path.relative_to(sys.prefix)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, there)
    shutil.copy(Path(sys.prefix, "pyvenv.cfg"), target)
    (target / "bin").mkdir()
    program = Path(sys.executable).name
    (target / "bin" / program).symlink_to(os.path.realpath(sys.executable))
    return target


def _runtime_files(folder: Path) -> Iterator[Path]:
    """Files in ``folder`` of the distributions that pkgman requires, directly or not."""
    wanted, seen = ["pkgman"], {"pkgman"}
    while wanted:
        for requirement in metadata.requires(wanted.pop()) or []:
            found = re.match(r"[\w.-]+", requirement)
            assert found, requirement
            if "extra ==" in requirement or found[0].lower() in seen:
                continue
            seen.add(found[0].lower())
            try:
                metadata.distribution(found[0])
            except metadata.PackageNotFoundError:  # for another system, as a marker says
                continue
            wanted.append(found[0])
            for file in metadata.files(found[0]) or []:
                path = Path(os.path.normpath(file.locate()))
                if path.is_relative_to(folder) and path.is_file():
                    yield path


def _is_open(folder: Path) -> bool:
    return all(place.stat().st_mode & 0o005 == 0o005 for place in (folder, *folder.parents))


def _open_all(top: Path) -> None:
    for folder, _, files in os.walk(top):
        os.chmod(folder, 0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o444)
