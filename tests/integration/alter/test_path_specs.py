"""A path, or a glob of paths, where a package can be named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo

FILES = {"/usr/bin/tool": "x\n", "/usr/share/tool/data": "x\n"}
RPMS = (
    Rpm("tool", "1-1", files=FILES),
    Rpm("tool", "2-1", files=FILES),
    Rpm("virtual", provides=("/usr/bin/alternative",)),
    Rpm("kernel", "1-1", files={"/boot/kernel-1": "x\n"}),
    Rpm("kernel", "2-1", files={"/boot/kernel-2": "x\n"}),
)
TOOL, VIRTUAL = "tool-2-1.noarch", "virtual-1.0-1.noarch"


@pytest.mark.parametrize(
    ("path", "installed"),
    [
        ("/usr/bin/tool", TOOL),
        ("/usr/share/tool/data", TOOL),
        ("/usr/*/tool", TOOL),
        ("/usr/share/*/d?ta", TOOL),
        ("*/share/tool/data", TOOL),
        ("/usr/bin/alternative", VIRTUAL),
        ("/usr/bin/alter*", VIRTUAL),
    ],
)
def test_install_finds_who_holds_or_provides_a_path(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], path: str, installed: str
) -> None:
    offer(*RPMS)
    done = tdnf("install", "-y", path).ok()
    assert root.installed == [installed]
    assert f"[using file list match for '{path}']" in done.lines
    again = tdnf("install", "-y", path).ok()
    assert "Nothing to do." in again.stderr


def test_a_path_that_nobody_holds_is_unknown(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(*RPMS)
    done = tdnf("install", "-y", "/usr/share/absent").failed(1011)
    assert "/usr/share/absent package not found or not installed" in done.stderr
    tdnf("remove", "-y", "/usr/bin/tool").failed(1011)
    tdnf("list", "/usr/share/absent").failed(1011)


def test_installed_packages_are_named_by_their_files(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(*RPMS)
    tdnf("install", "-y", "tool=1", "virtual").ok()
    tdnf("update", "-y", "/usr/share/tool/data").ok()
    assert TOOL in root.installed
    tdnf("reinstall", "-y", "/usr/bin/tool").ok()
    tdnf("downgrade", "-y", "/usr/bin/to*").ok()
    assert "tool-1-1.noarch" in root.installed
    tdnf("mark", "remove", "/usr/bin/tool").ok()
    assert "tool" not in tdnf("repoquery", "--userinstalled").stdout
    tdnf("remove", "-y", "*/share/tool/*").ok()
    assert root.installed == [VIRTUAL]


def test_a_file_of_one_kernel_names_that_one(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    root.configure(installonlypkgs="kernel", installonly_limit=3)
    offer(*RPMS)
    tdnf("install", "-y", "kernel-1-1", "/boot/kernel-2").ok()
    tdnf("remove", "-y", "/boot/kernel-1").ok()
    assert root.installed == ["kernel-2-1.noarch"]


def test_queries_take_paths(tdnf: Tdnf, root: Root, offer: Callable[..., Repo], tmp_path: Path) -> None:
    offer(*RPMS)
    for path in ("/usr/share/tool/data", "/usr/bin/to*"):
        assert tdnf("repoquery", path).ok().stdout.endswith("tool-1-1.noarch\ntool-2-1.noarch\n")
        assert tdnf("list", path).ok().stdout.count("tool.noarch") == 2
        assert "Version       : 2" in tdnf("info", path).ok().stdout
    tdnf("download", "--destdir", tmp_path / "got", "/usr/share/tool/data").ok()
    assert [file.name for file in (tmp_path / "got").iterdir()] == ["tool-2-1.noarch.rpm"]
