"""The cached installed set is that of the root at hand, whatever its cache has seen before."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import Root, Tdnf
from tests.support.repos import publish
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

OLD, NEW = Rpm("tool", "1.0-1"), Rpm("tool", "2.0-1")
OTHER = Rpm("other")


@pytest.fixture
def repo(tmp_path: Path, workshop: Workshop) -> Repo:
    return publish(tmp_path / "repo", workshop.build(OLD, NEW, OTHER, signed=False), id="test")


@pytest.fixture
def shared(tmp_path: Path) -> str:
    return f"--setopt=cachedir={tmp_path / 'shared'}"


def system(folder: Path, repo: Repo, workshop: Workshop, *rpms: Rpm) -> tuple[Root, Tdnf]:
    root = Root(folder)
    root.add_repo(repo)
    root.rpm("-i", *map(str, workshop.build(*rpms, signed=False))).ok()
    return root, Tdnf(root)


def versions(tdnf: Tdnf, *options: str) -> list[str]:
    return [line.split()[1] for line in tdnf("-q", *options, "list", "installed", "tool").ok().lines]


def database(root: Root) -> Path:
    (found,) = root.scratch.rglob("rpmdb.sqlite")
    return found


def test_two_roots_with_one_cache_see_their_own_versions(
    tmp_path: Path, repo: Repo, workshop: Workshop, shared: str
) -> None:
    old_root, old = system(tmp_path / "a", repo, workshop, OLD, OTHER)
    new_root, new = system(tmp_path / "b", repo, workshop, NEW, OTHER)
    for _ in range(2):
        assert versions(old, shared) == ["1.0-1"]
        assert versions(new, shared) == ["2.0-1"]
    assert "tool" in old(shared, "check-update").stdout
    old("-y", shared, "update").ok()
    assert old_root.installed == new_root.installed
    assert "Nothing to do" in new("-y", shared, "update").ok().stderr
    new("-y", shared, "downgrade", "tool").ok()
    assert versions(old, shared) == ["2.0-1"]


def test_a_cache_that_outlives_its_root_serves_the_next_one(
    tmp_path: Path, repo: Repo, workshop: Workshop, shared: str
) -> None:
    root, tdnf = system(tmp_path / "a", repo, workshop, OLD, OTHER)
    assert versions(tdnf, shared) == ["1.0-1"]
    shutil.rmtree(root.scratch)
    root, tdnf = system(tmp_path / "a", repo, workshop, NEW, OTHER)
    assert versions(tdnf, shared) == ["2.0-1"]
    shutil.rmtree(root.scratch)
    root, tdnf = system(tmp_path / "a", repo, workshop, OTHER)
    tdnf("-y", shared, "install", "tool").ok()
    assert versions(tdnf, shared) == ["2.0-1"]


def test_a_database_that_is_put_back_is_read_and_the_history_notes_it(
    tmp_path: Path, repo: Repo, workshop: Workshop
) -> None:
    root, tdnf = system(tmp_path / "a", repo, workshop, OLD, OTHER)
    tdnf("history", "init").ok()
    kept = tmp_path / "snapshot"
    shutil.copytree(database(root).parent, kept)
    tdnf("-y", "update").ok()
    assert versions(tdnf) == ["2.0-1"]
    place = database(root).parent
    shutil.rmtree(place)
    shutil.copytree(kept, place)  # with its old times
    assert versions(tdnf) == ["1.0-1"]
    tdnf("history", "update").ok()
    entries = tdnf("-j", "history", "info").ok().json
    assert entries[-1]["CmdLine"] == "(unknown)"
    assert (entries[-1]["Added"], entries[-1]["Removed"]) == (["tool-1.0-1.noarch"], ["tool-2.0-1.noarch"])
    tdnf("-y", "update").ok()
    assert versions(tdnf) == ["2.0-1"]
