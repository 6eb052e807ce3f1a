"""Repositories for commands that change the system: published once per worker."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import sample as distribution
from tests.support.repos import Repo, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.support.cli import Result, Root
    from tests.support.keys import Signer
    from tests.support.rpms import Rpm
    from tests.support.workshop import Workshop


@pytest.fixture(scope="session")
def published(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Repo]:
    """``published("id", *rpms)``: a repository that many tests read; nobody may change it."""
    known: dict[str, Repo] = {}

    def make(id: str, *rpms: Rpm, signed: bool = False, **options: Any) -> Repo:
        key = repr((id, rpms, signed, options))
        if key not in known:
            signer = workshop.signer if signed else None
            paths = workshop.build(*rpms, signed=signed)
            folder = tmp_path_factory.mktemp("published") / id
            known[key] = publish(folder, paths, id=id, signer=signer, **options)
        return known[key]

    return make


@pytest.fixture
def offer(published: Callable[..., Repo], root: Root) -> Callable[..., Repo]:
    """``offer(*rpms, id="test", keys={...})``: an unsigned repository, configured for the root."""

    def make(*rpms: Rpm, id: str = "test", keys: Mapping[str, object] | None = None, **options: Any) -> Repo:
        repo = published(id, *rpms, **options)
        root.add_repo(repo, **(keys or {}))
        return repo

    return make


@pytest.fixture
def sample(published: Callable[..., Repo], root: Root) -> Repo:
    """The sample distribution, unsigned and shared, configured for the root."""
    repo = published("sample", *distribution.RPMS, advisories=distribution.ADVISORIES)
    root.add_repo(repo)
    return repo


@pytest.fixture
def marks(root: Root) -> Callable[[], dict[str, bool]]:
    """What the history says of names: True for those that came as a dependency."""

    def read() -> dict[str, bool]:
        with sqlite3.connect(f"file:{root.history}?mode=ro", uri=True) as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'flag_set'").fetchall():
                return {}
            rows = database.execute(
                "SELECT name, value FROM flag_set JOIN names ON names.Id = name_id ORDER BY flag_set.Id"
            )
            return {name: bool(value) for name, value in rows}

    return read


@pytest.fixture
def untouched(root: Root) -> Callable[[], None]:
    """Assert that the root holds nothing at all but, maybe, an rpm database without packages."""

    def check() -> None:
        assert root.installed == []
        assert files_of(root.path) == []
        assert not root.history.exists()

    return check


def files_of(folder: Path) -> list[str]:
    """Every file below a root that is not of the rpm database, the cache or the history; sorted."""
    names = (str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
    own = ("rpmdb", ".rpm.lock", "var/cache/tdnf/", "var/lib/tdnf/")
    return sorted(name for name in names if not any(word in name for word in own))


def continue_from(made: Root, root: Root) -> None:
    """Give ``root`` what is installed, cached, recorded and configured as repositories in ``made``."""
    shutil.copytree(made.path, root.path, symlinks=True, dirs_exist_ok=True)
    home = root.file(str(made.home))
    if home.exists():  # Debian's rpm has its database there
        shutil.copytree(home, root.file(str(root.home)), dirs_exist_ok=True)
    shutil.copytree(made.repodir, root.repodir, dirs_exist_ok=True)


def tables(result: Result) -> dict[str, list[str]]:
    """The transaction tables that were printed: header to ``name evr repo`` rows."""
    found: dict[str, list[str]] = {}
    rows: list[str] | None = None
    for line in result.lines:
        if line.endswith(":") and line[:-1].isalpha():
            rows = found.setdefault(line[:-1], [])
        elif not line:
            rows = None
        elif rows is not None:
            name, _, evr, repo, *_ = line.split()
            rows.append(f"{name} {evr} {repo}")
    return {header: sorted(listed) for header, listed in found.items()}


def documents(result: Result) -> list[Any]:
    """The JSON documents on standard output, which stand there without a separator."""
    decoder, text, found = json.JSONDecoder(), result.stdout, []
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def rewrite_primary(repo: Repo, *changes: tuple[str, str], signer: Signer | None = None) -> None:
    """Change primary as whoever writes the repository can, checksums and all.

    :param signer: signs the new repomd.xml.
    """
    part = repo.part("primary")
    old_name, old = part.name, part.read_bytes()
    text = gzip.decompress(old).decode()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    new = gzip.compress(text.encode())
    repomd = repo.repomd.read_text()
    for data, again in ((old, new), (gzip.decompress(old), text.encode())):
        before, after = (hashlib.sha256(piece).hexdigest() for piece in (data, again))
        assert before in repomd
        repomd = repomd.replace(before, after)
        repomd = repomd.replace(f"size>{len(data)}<", f"size>{len(again)}<")
    new_name = old_name.replace(hashlib.sha256(old).hexdigest(), hashlib.sha256(new).hexdigest())
    part.unlink()
    part.with_name(new_name).write_bytes(new)
    repo.repomd.write_text(repomd.replace(old_name, new_name))
    if signer:
        signer.sign_detached(repo.repomd)


def leftovers(root: Root) -> list[str]:
    """What an interrupted run must not leave: half files and the lock."""
    return [str(path) for path in (*root.scratch.rglob("*.tmp"), *root.run.rglob("*.tdnf-instance-lockfile"))]
