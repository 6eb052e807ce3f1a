"""Words that dnf's users type and tdnf does not know: queries."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.world import ARCH
from tests.support.cli import Tdnf
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.world import World
    from tests.support.cli import Root
    from tests.support.repos import Repo

OTHER_ARCH = "aarch64" if ARCH != "aarch64" else "x86_64"


def test_repoquery_selects_what_has_updates(look: Tdnf) -> None:
    up = ["app-2.0-1.noarch", "app-3.0-1.noarch", "lib-2.0-1.noarch"]
    assert sorted(look("repoquery", "--upgrades").ok().lines) == up
    assert look("repoquery", "--upgrades", "lib").ok().lines == up[2:]
    assert look("repoquery", "--upgrades", "--repo=main", "--qf", "%{name}").ok().lines == ["app", "lib"]
    assert look("repoquery", "--upgrades", "tool").ok().stderr == "No data available\n"
    assert [item["Name"] for item in look("-j", "repoquery", "--upgrades", "lib").ok().json] == ["lib"]
    assert look("repoquery", "--upgrades", "--disablerepo=*").ok().stdout == ""
    look("repoquery", "--upgrades", "--installed").failed(1622)


def test_repoquery_selects_what_is_older(make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf) -> None:
    versions = [Rpm("two", version) for version in ("1-1", "2-1", "3-1", "4-1")]
    root.add_repo(make_repo("r", *versions, Rpm("other"), signed=False))
    assert tdnf("-q", "repoquery", "--downgrades").ok().stdout == ""
    tdnf("install", "-y", "two-3", "other").ok()
    assert tdnf("repoquery", "--downgrades").ok().lines == ["two-1-1.noarch", "two-2-1.noarch"]
    assert tdnf("repoquery", "--upgrades").ok().lines == ["two-4-1.noarch"]


def test_an_update_is_above_all_that_is_installed(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf
) -> None:
    root.configure(installonlypkgs="kernel", installonly_limit=3)
    root.add_repo(make_repo("r", *(Rpm("kernel", f"{n}-1") for n in (1, 2, 3)), signed=False))
    tdnf("install", "-y", "kernel-1").ok()
    tdnf("install", "-y", "kernel-2").ok()
    assert tdnf("repoquery", "--upgrades").ok().lines == ["kernel-3-1.noarch"]


def test_the_repository_that_a_package_came_from(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf
) -> None:
    root.add_repo(make_repo("first", Rpm("one"), Rpm("two"), signed=False))
    words = ("-q", "repoquery", "--installed", "--qf", "%{name}=%{from_repo}")
    assert tdnf(*words).ok().stdout == ""
    tdnf("install", "-y", "one").ok()
    root.rpm("-i", "--nosignature", str(next((root.scratch).rglob("two-1.0-1.noarch.rpm")))).ok()
    assert tdnf(*words).ok().lines == ["one=first", "two="]
    assert tdnf("-q", "repoquery", "--qf", "%{from_repo}", "one").ok().lines == ["first"]
    tdnf("remove", "-y", "one").ok()
    root.add_repo(make_repo("later", Rpm("one"), signed=False))
    tdnf("install", "-y", "--repo=later", "one").ok()
    assert tdnf(*words).ok().lines == ["one=later", "two="]


def test_the_reason_that_a_package_is_installed_for(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf
) -> None:
    root.add_repo(make_repo("first", Rpm("app", requires=("lib",)), Rpm("lib"), Rpm("two"), signed=False))
    words = ("-q", "repoquery", "--installed", "--qf", "%{name}=%{reason}")
    tdnf("install", "-y", "app").ok()
    root.rpm("-i", "--nosignature", str(next((root.scratch).rglob("two-1.0-1.noarch.rpm")))).ok()
    assert tdnf(*words).ok().lines == ["app=User", "lib=Dependency", "two=User"]
    tdnf("mark", "dependency", "app").ok()
    tdnf("mark", "user", "lib").ok()
    assert tdnf(*words).ok().lines == ["app=Dependency", "lib=User", "two=User"]
    assert tdnf("-q", "repoquery", "--available", "--qf", "<%{reason}>", "app").ok().lines == ["<>"]


def test_deplist_names_requirements_and_their_providers(look: Tdnf) -> None:
    assert look("deplist", "needs-rich").ok().lines == [
        "package: needs-rich-1.0-1.noarch",
        "  dependency: /usr/bin/rich",
        f"   provider: rich-3:1.2-3.{ARCH}",
        "  dependency: virtual(rich) >= 7",
        f"   provider: rich-3:1.2-3.{ARCH}",
    ]
    lines = look("deplist", "app").ok().lines
    assert lines.count("") == 2
    assert lines.count("   provider: lib-2.0-1.noarch") == 3, "the newest provider only"
    assert look("-j", "deplist", "needs-rich").ok().json[0]["Dependencies"][1] == {
        "Requires": "virtual(rich) >= 7",
        "Providers": [f"rich-3:1.2-3.{ARCH}"],
    }
    assert look("deplist", "--installed", "app").ok().lines[0] == "package: app-1.0-1.noarch"
    assert look("deplist", "nosuch").ok().stderr == "No data available\n"
    assert look("deplist", "--disablerepo=*").ok().stdout == ""


def test_repoinfo_describes_repositories(look: Tdnf) -> None:
    assert look("repoinfo").ok().stdout == look("repo", "info").ok().stdout
    assert look("repoinfo", "off").ok().stdout == look("repo", "info", "off").ok().stdout
    assert look("repoinfo", "nosuch").failed(901).stderr


def test_a_timer_refreshes_what_is_expired_only(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf
) -> None:
    repo = make_repo("r", Rpm("one"), signed=False)
    root.add_repo(repo, metadata_expire=3600)
    for words in (["makecache", "--timer"], ["makecache", "timer"], ["mc", "--timer"]):
        assert "Metadata cache created." in tdnf(*words).ok().stdout
        assert "Refreshing" not in tdnf(*words).ok().stdout
    assert "Refreshing" in tdnf("makecache").ok().stdout
    root.add_repo(repo, metadata_expire=1)
    time.sleep(2.1)
    assert "Refreshing" in tdnf("makecache", "--timer").ok().stdout


def test_another_architecture_is_looked_at(look: Tdnf, world: World) -> None:
    names = look("repoquery", f"--forcearch={OTHER_ARCH}", "lib").ok().lines
    assert names == ["lib-1.0-1.noarch", "lib-2.0-1.noarch"]
    url = world.server.url("$basearch/")
    for forced, base in ((OTHER_ARCH, OTHER_ARCH), ("i686", "i386"), ("armv7hl", "armhfp")):
        done = look("-j", f"--forcearch={forced}", f"--setopt=off.baseurl={url}", "repo", "info", "off").ok()
        assert done.json[0]["BaseUrls"] == [world.server.url(f"{base}/")]
    for bad in ("nosuch", "noarch", "../x", "arm"):
        assert look(f"--forcearch={bad}", "list").failed(1307).stderr.startswith(f"{bad}: ")
    assert look("-j", "--forcearch=nosuch", "list").failed(1307).json["Error"] == 1307


def test_who_is_not_root_may_ask(look: Tdnf, world: World, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("the others run without root here")
    mine = Tdnf(world.root, program=("setpriv", "--bounding-set=-all", *look.program))
    for words in (["deplist", "app"], ["repoinfo"], ["repoquery", "--upgrades"], ["ls", "lib"]):
        assert mine(*words).ok().stdout == look(*words).ok().stdout
