"""update, downgrade, reinstall and distro-sync (tdnf contract, commands 5.4 to 5.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import tables
from tests.support.repos import Advisory
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo

OLD = ("app=1.0", "lib=1.0", "tool")


@pytest.mark.parametrize("command", ["update", "upgrade", "update-to", "upgrade-to"])
def test_everything_goes_to_its_latest_version(tdnf: Tdnf, root: Root, sample: Repo, command: str) -> None:
    tdnf("install", "-y", *OLD).ok()
    done = tdnf(command, "-y").ok()
    assert tables(done) == {"Upgrading": ["app 2.0-1 sample", "lib 2.0-1 sample"]}
    assert {"Removing: app-1.0-1.noarch", "Installing/Updating: lib-2.0-1.noarch"} <= set(done.lines)
    again = tdnf(command, "-y").ok()
    assert again.stderr.splitlines() == ["Nothing to do."]
    assert root.rpm("-Va").ok().stdout == ""


def test_an_update_in_json(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", *OLD).ok()
    asked = tdnf("-j", "--assumeno", "upgrade").ok()
    assert list(asked.json) == ["Upgrade"]
    assert sorted((p["Name"], p["Evr"]) for p in asked.json["Upgrade"]) == [
        ("app", "2.0-1"),
        ("lib", "2.0-1"),
    ]
    assert "app-1.0-1.noarch" in root.installed
    tdnf("-j", "-y", "upgrade").ok()
    assert tdnf("-j", "-y", "upgrade").ok().stdout == ""


def test_a_name_updates_only_itself_and_what_it_needs(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", *OLD).ok()
    assert tables(tdnf("update", "-y", "lib").ok()) == {"Upgrading": ["lib 2.0-1 sample"]}
    assert "Nothing to do." in tdnf("update", "-y", "lib").ok().stderr
    assert tables(tdnf("update", "-y", "app").ok()) == {"Upgrading": ["app 2.0-1 sample"]}


def test_update_to_a_named_version(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(*(Rpm("thing", f"{n}-1") for n in (1, 2, 3)))
    tdnf("install", "-y", "thing=1").ok()
    tdnf("update-to", "-y", "thing-2").ok()
    assert root.installed == ["thing-2-1.noarch"]
    assert "Nothing to do." in tdnf("update-to", "-y", "thing-1").ok().stderr


def test_only_installed_packages_can_be_updated(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", *OLD).ok()
    tdnf("update", "-y", "clash-a").failed(1011)
    tdnf("update", "-y", "lib", "nosuch").failed(1011)
    tdnf("update", "-y", "clash-*").failed(1011)
    assert "./some.rpm: there is no such file" in tdnf("update", "-y", "./some.rpm").failed(1602).stderr
    assert "lib-1.0-1.noarch" in root.installed


def test_security_updates_only_what_advisories_name(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", *OLD).ok()
    done = tdnf("update", "-y", "--security").ok()
    assert tables(done) == {"Upgrading": ["lib 2.0-1 sample"]}
    nothing = tdnf("update", "-y", "--security").ok()
    assert nothing.stdout == "\n0 updates.\n"
    assert nothing.stderr == "No data available\n"
    assert "app-1.0-1.noarch" in root.installed


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--sec-severity=7", ["lib 2.0-1 sample"]),
        ("--sec-severity=8", None),
        ("--reboot-required", ["lib 2.0-1 sample"]),
    ],
)
def test_other_advisory_options_select_likewise(
    tdnf: Tdnf, sample: Repo, option: str, expected: list[str] | None
) -> None:
    tdnf("install", "-y", *OLD).ok()
    done = tdnf("update", "--assumeno", option)
    assert tables(done) == ({"Upgrading": expected} if expected else {})


def test_a_security_update_goes_to_the_version_that_is_available(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    one, two, three = (Rpm("thing", f"{n}-1") for n in (1, 2, 3))
    offer(one, two, three, advisories=(Advisory("A-1", (two,)),))
    tdnf("install", "-y", "thing=1").ok()
    tdnf("update", "-y", "--security").ok()
    assert root.installed != ["thing-1-1.noarch"]


def test_an_update_of_everything_brings_the_successor_of_an_obsolete_package(
    tdnf: Tdnf, root: Root, sample: Repo
) -> None:
    tdnf("install", "-y", "oldname=1.0").ok()
    done = tdnf("update", "-y").ok()
    assert tables(done) == {
        "Installing": ["newname 1.0-1 sample"],
        "Removing": ["oldname 1.0-1 @System"],
        "Obsoleting": ["oldname 1.0-1 @System"],
    }
    assert root.installed == ["newname-1.0-1.noarch"]


def test_what_cannot_be_updated_is_left_and_best_insists(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("thing", "1-1"), Rpm("thing", "2-1", requires=("nobody-has-this",)), Rpm("other"))
    tdnf("install", "-y", "thing=1").ok()
    assert "Nothing to do." in tdnf("update", "-y").ok().stderr
    done = tdnf("update", "-y", "--best").failed(1301)
    assert "nobody-has-this" in done.stderr
    assert root.installed == ["thing-1-1.noarch"]


@pytest.mark.parametrize("command", ["update", "distro-sync"])
@pytest.mark.parametrize(
    ("excluded", "after"), [("thing-3*", "thing-2-1.noarch"), ("thing", "thing-1-1.noarch")]
)
def test_the_best_is_that_of_what_is_not_excluded(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], command: str, excluded: str, after: str
) -> None:
    offer(*(Rpm("thing", f"{n}-1") for n in (1, 2, 3)))
    tdnf("install", "-y", "thing=1").ok()
    tdnf(command, "-y", "--best", f"--exclude={excluded}").ok()
    assert root.installed == [after]
    tdnf(command, "-y", "--setopt=best=1", f"--exclude={excluded}").ok()
    tdnf(command, "-y", "--best").ok()
    assert root.installed == ["thing-3-1.noarch"]


def test_best_insists_where_an_excluded_package_is_needed(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    needs = Rpm("other", "2-1", requires=("thing = 2",))
    offer(*(Rpm("thing", f"{n}-1") for n in (1, 2)), Rpm("other", "1-1"), needs)
    tdnf("install", "-y", "thing=1", "other=1").ok()
    done = tdnf("update", "-y", "--best", "--exclude=thing-2*").failed(1301)
    assert "other-2-1.noarch" in done.stderr
    assert root.installed == ["other-1-1.noarch", "thing-1-1.noarch"]


def test_downgrade_goes_one_version_back_each_time(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(*(Rpm("thing", f"{n}-1") for n in (1, 2, 3)))
    tdnf("install", "-y", "thing").ok()
    done = tdnf("downgrade", "-y", "thing").ok()
    assert tables(done) == {"Downgrading": ["thing 2-1 test"]}
    assert done.lines[-2:] == ["Installing/Updating: thing-2-1.noarch", "Removing: thing-3-1.noarch"]
    tdnf("downgrade", "-y", "-j", "thing").ok()
    assert root.installed == ["thing-1-1.noarch"]
    done = tdnf("downgrade", "-y", "thing").ok()
    assert done.stderr.splitlines() == ["There is no downgrade path for thing.", "Nothing to do."]


def test_downgrade_to_a_named_version(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(*(Rpm("thing", f"{n}-1") for n in (1, 2, 3)))
    tdnf("install", "-y", "thing").ok()
    tdnf("downgrade", "-y", "thing-1").ok()
    assert root.installed == ["thing-1-1.noarch"]


def test_downgrade_of_everything(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "app", "tool").ok()
    done = tdnf("downgrade", "-y").ok()
    assert "There is no downgrade path for tool." in done.stderr
    assert root.installed == [
        "app-1.0-1.noarch",
        "extras-1.0-1.noarch",
        "lib-1.0-1.noarch",
        "tool-1:1.5-2.noarch",
    ]


def test_only_what_is_installed_and_available_can_be_downgraded(tdnf: Tdnf, sample: Repo) -> None:
    tdnf("install", "-y", "tool").ok()
    tdnf("downgrade", "-y", "lib").failed(1011)
    tdnf("downgrade", "-y", "--disablerepo=*", "tool").failed(1011)
    tdnf("downgrade", "-y", "--disablerepo=*").failed(1011)


def test_reinstall_brings_lost_files_back(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "app", "tool").ok()
    root.file("/usr/bin/tool").unlink()
    done = tdnf("reinstall", "-y", "tool").ok()
    assert tables(done) == {"Reinstalling": ["tool 1:1.5-2 sample"]}
    assert root.rpm("-Va").ok().stdout == ""
    done = tdnf("reinstall", "-j", "-y", "lib").ok()
    assert list(done.json) == ["Reinstall"]
    tdnf("reinstall", "-y", "clash-a").failed(1011)
    tdnf("reinstall", "-y", "--disablerepo=*", "tool").failed(1011)
    assert [row["AddedCount"] for row in tdnf("history", "-j").json] == [0, 4, 0, 0]


def test_distro_sync_goes_up_and_down_and_leaves_foreign_packages(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("up", "1-1"), Rpm("down", "2-1"), Rpm("foreign", "1-1"), id="old")
    tdnf("install", "-y", "up", "down", "foreign").ok()
    (root.repodir / "old.repo").unlink()
    offer(Rpm("up", "2-1"), Rpm("down", "1-1"), id="new")
    done = tdnf("distro-sync", "-y", "these", "words", "are", "ignored").ok()
    assert tables(done) == {"Upgrading": ["up 2-1 new"], "Downgrading": ["down 1-1 new"]}
    assert root.installed == ["down-1-1.noarch", "foreign-1-1.noarch", "up-2-1.noarch"]
    assert "Nothing to do." in tdnf("distro-sync", "-y").ok().stderr


def test_distro_sync_reinstalls_changed_packages_if_told_so(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("thing", files={"/usr/thing": "a\n"}), id="old")
    tdnf("install", "-y", "thing").ok()
    (root.repodir / "old.repo").unlink()
    offer(Rpm("thing", files={"/usr/thing": "b\n"}, vendor="Another"), id="new")
    assert "Nothing to do." in tdnf("distro-sync", "-y").ok().stderr
    root.configure(distrosync_reinstall_changed=True)
    done = tdnf("distro-sync", "-y").ok()
    assert tables(done)["Reinstalling"] == ["thing 1.0-1 new"]
    assert root.file("/usr/thing").read_text() == "b\n"


def test_another_arch_is_no_update(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(Rpm("thing", "1-1", arch="x86_64"), Rpm("thing", "2-1", arch="i686"))
    tdnf("install", "-y", "thing.x86_64").ok()
    assert "Nothing to do." in tdnf("update", "-y").ok().stderr
    assert "Nothing to do." in tdnf("update", "-y", "thing").ok().stderr
    assert root.installed == ["thing-1-1.x86_64"]


def test_noarch_and_arch_replace_each_other(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(Rpm("thing", "1-1"), Rpm("thing", "2-1", arch="x86_64"), Rpm("thing", "3-1"))
    tdnf("install", "-y", "thing=1").ok()
    tdnf("update-to", "-y", "thing-2").ok()
    assert root.installed == ["thing-2-1.x86_64"]
    tdnf("update", "-y").ok()
    assert root.installed == ["thing-3-1.noarch"]


def test_two_arches_of_a_name_live_side_by_side(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(*(Rpm("libc", evr, arch=arch) for evr in ("1-1", "2-1") for arch in ("x86_64", "i686")))
    tdnf("install", "-y", "libc-1-1.x86_64").ok()
    tdnf("install", "-y", "libc-1-1.i686").ok()
    assert root.installed == ["libc-1-1.i686", "libc-1-1.x86_64"]
    tdnf("update", "-y", "libc").ok()
    assert root.installed == ["libc-2-1.i686", "libc-2-1.x86_64"]
    tdnf("remove", "-y", "libc.i686").ok()
    assert root.installed == ["libc-2-1.x86_64"]
