from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from repo_meta import cache

if TYPE_CHECKING:
    from pathlib import Path

    from pkgman.model.repo import RepoSource


@pytest.fixture
def full(source: RepoSource) -> RepoSource:
    for path in (
        "repodata/repomd.xml",
        "solvcache/lab.solv",
        "rpms/x.rpm",
        "keys/k",
        "lastrefresh",
        "mirrorlist",
    ):
        whole = f"{source.metadata_dir}/{path}"
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w"):
            pass
    os.makedirs(f"{source.package_dir}/p")
    with open(f"{source.package_dir}/p/x.rpm", "w"):
        pass
    return source


@pytest.mark.parametrize(
    ("word", "gone"),
    [
        ("metadata", {"repodata"}),
        ("dbcache", {"solvcache"}),
        ("packages", {"rpms"}),
        ("keys", {"keys"}),
        ("expire-cache", {"lastrefresh", "mirrorlist"}),
    ],
)
def test_each_type_removes_its_own(full: RepoSource, word: str, gone: set[str]) -> None:
    before = set(os.listdir(full.metadata_dir))
    assert cache.clean(full, [word]) == (word,)
    assert before - set(os.listdir(full.metadata_dir)) == gone
    assert os.path.exists(full.package_dir) == (word != "packages")


def test_all_removes_the_directories_too(full: RepoSource) -> None:
    assert cache.clean(full, ["all"]) == ("metadata", "dbcache", "packages", "keys", "expire-cache")
    assert not os.path.exists(full.metadata_dir)
    assert not os.path.exists(os.path.dirname(full.package_dir))
    assert cache.clean(full, ["all"])  # a clean cache is cleaned again


def test_a_foreign_file_keeps_the_directory(full: RepoSource) -> None:
    with open(f"{full.metadata_dir}/mine", "w"):
        pass
    cache.clean(full, ["all"])
    assert os.listdir(full.metadata_dir) == ["mine"]


def test_a_link_is_removed_and_not_followed(
    full: RepoSource, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "precious").write_text("x")
    os.symlink(outside, f"{full.metadata_dir}/repodata/link")
    cache.clean(full, ["metadata"])
    assert (outside / "precious").exists()


def test_a_file_is_written_whole_or_not_at_all(source: RepoSource, small_files: None) -> None:
    os.makedirs(source.metadata_dir)
    path = f"{source.metadata_dir}/f"
    cache.write_file(path, b"one")
    with pytest.raises(OSError, match="too large"):
        cache.write_file(path, b"two" * 5000)
    assert os.listdir(source.metadata_dir) == ["f"]
    assert cache.read_file(path, 10) == b"one"


def test_writing_follows_no_link(source: RepoSource, tmp_path: Path) -> None:
    os.makedirs(source.metadata_dir)
    canary = tmp_path / "canary"
    canary.write_text("alive")
    path = f"{source.metadata_dir}/f"
    os.symlink(canary, f"{path}.tmp")
    os.symlink(canary, path)
    cache.write_file(path, b"one")
    assert canary.read_text() == "alive"
    assert cache.read_file(path, 10) == b"one"
