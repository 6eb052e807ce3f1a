from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from pkgman.model.repo import RepoSource
from repo_meta.cached import Cached, look
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.repos import Repo


def source(tmp_path: Path, repo: Repo) -> RepoSource:
    """A source whose cache has the repository's metadata."""
    shutil.copytree(repo.path / "repodata", tmp_path / "cache/repodata")
    return RepoSource("main", "Main", metadata_dir=str(tmp_path / "cache"))


@pytest.mark.parametrize("compression", ["gz", "xz", "zstd", "none"])
def test_the_number_of_packages_is_what_primary_says(
    make_repo: Callable[..., Repo], tmp_path: Path, compression: str
) -> None:
    repo = make_repo("main", Rpm("one"), Rpm("two"), signed=False, compression=compression)
    cached = source(tmp_path, repo)
    assert look(cached) == Cached(None, 2)
    marker = tmp_path / "cache/lastrefresh"
    marker.touch()
    assert look(cached) == Cached(int(marker.stat().st_ctime), 2)


@pytest.mark.parametrize("damage", ["", "repomd.xml", "primary"])
@pytest.mark.parametrize("gone", [True, False])
def test_what_cannot_be_read_is_unknown(
    make_repo: Callable[..., Repo], tmp_path: Path, damage: str, gone: bool
) -> None:
    cached = source(tmp_path, make_repo("main", Rpm("one"), signed=False))
    for path in (tmp_path / "cache/repodata").iterdir():
        if damage and damage in path.name:
            path.unlink() if gone else path.write_bytes(b"<metadata packages=")
    assert look(cached).packages == (None if damage else 1)


def test_an_absent_cache_is_unknown(tmp_path: Path) -> None:
    assert look(RepoSource("x", "X", metadata_dir=str(tmp_path / "nowhere"))) == Cached(None, None)
