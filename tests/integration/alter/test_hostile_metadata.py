"""Metadata that names files of this machine: none of them is removed, read for ever or used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import rewrite_primary
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.server import Server

RPM = Rpm("lure", files={"/usr/lure": "x\n"})
HREF = 'href="Packages/lure-1.0-1.noarch.rpm"'


@pytest.fixture
def hostile(make_repo: Callable[..., Repo], server: Server, root: Root) -> Repo:
    """A repository over HTTP, whose owner is the attacker."""
    repo = make_repo("own", RPM)
    root.add_repo(repo, baseurl=server.url("own"), retries=0)
    return repo


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that nobody may touch."""
    path = tmp_path / "precious/canary"
    path.parent.mkdir()
    path.write_text("alive")
    return path


@pytest.mark.parametrize(
    "prefix", ["{folder}", "{folder}/", "file://{folder}", "../../../../../../..{folder}"]
)
@pytest.mark.parametrize("options", [(), ("--refresh",), ("--skipdigest",)])
def test_a_base_in_this_machine_removes_nothing(
    tdnf: Tdnf, root: Root, hostile: Repo, canary: Path, prefix: str, options: tuple[str, ...]
) -> None:
    base = prefix.format(folder=canary.parent)
    rewrite_primary(hostile, (HREF, f'xml:base="{base}" href="canary"'))
    done = tdnf("install", "-y", *options, "lure").failed()
    assert canary.read_text() == "alive", str(done)
    assert root.installed == []


def test_a_link_in_the_cache_leads_no_removal_outside(
    tdnf: Tdnf, root: Root, hostile: Repo, tmp_path: Path
) -> None:
    tdnf("install", "-y", "--downloadonly", "lure").ok()
    (cached,) = root.cachedir.rglob("lure*.rpm")
    outside = tmp_path / "outside"
    cached.parent.rename(outside)
    cached.parent.symlink_to(outside)
    done = tdnf("install", "-y", "lure").failed(1640)
    assert f"{cached.parent}: it is a link" in done.stderr
    assert (outside / cached.name).exists()


def test_what_was_fetched_is_removed_after_use(tdnf: Tdnf, root: Root, hostile: Repo) -> None:
    tdnf("install", "-y", "lure").ok()
    assert not list(root.cachedir.rglob("*.rpm"))
