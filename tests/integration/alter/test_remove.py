"""erase, remove, autoremove and the marks they go by (tdnf contract, commands 4.1, 4.5, 5.2, 5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import files_of, tables
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo

    Marks = Callable[[], dict[str, bool]]

CHAIN = (
    Rpm("top", requires=("middle",)),
    Rpm("middle", requires=("bottom",)),
    Rpm("bottom", requires=("(earth if sky)",), recommends=("sky",)),
    Rpm("sky", files={"/usr/sky": "blue\n"}),
    Rpm("earth", requires=("/usr/sky",)),
    Rpm("other"),
)
ALL = [f"{name}-1.0-1.noarch" for name in ("bottom", "earth", "middle", "sky", "top")]


@pytest.mark.parametrize("command", ["erase", "remove"])
def test_a_package_goes_with_what_needs_it(tdnf: Tdnf, root: Root, sample: Repo, command: str) -> None:
    root.configure(clean_requirements_on_remove=False)
    tdnf("install", "-y", "app", "tool").ok()
    done = tdnf(command, "-y", "lib").ok()
    assert tables(done) == {"Removing": ["app 2.0-1 @System", "lib 2.0-1 @System"]}
    assert done.lines[-4:-2] == ["Testing transaction", "Running transaction"]
    assert sorted(done.lines[-2:]) == ["Removing: app-2.0-1.noarch", "Removing: lib-2.0-1.noarch"]
    assert root.installed == ["extras-1.0-1.noarch", "tool-1:1.5-2.noarch"]
    assert not root.file("/usr/share/app/app.txt").exists()


def test_removal_in_json_names_what_goes(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "tool").ok()
    done = tdnf("remove", "-j", "-y", "tool").ok()
    assert done.stdout == (
        '{"Remove":[{"Name":"tool","Arch":"noarch","Evr":"1.5-2","InstallSize":27,"Repo":"@System"}]}'
    )
    assert root.installed == []


def test_a_known_package_that_is_not_installed_is_nothing_to_do(tdnf: Tdnf, sample: Repo) -> None:
    assert tdnf("remove", "-y", "tool").ok().stderr.splitlines() == ["Nothing to do."]
    done = tdnf("remove", "-y", "nosuch").failed(1011)
    assert done.stderr.splitlines()[0] == "nosuch package not found or not installed"
    assert "Nothing to do." in tdnf("remove", "-y", "some.rpm").ok().stderr


def test_globs_and_versions_name_what_goes(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "tool", "extras", "clash-a", "lib=1.0").ok()
    tdnf("remove", "-y", "clash-*", "lib-1.0-1").ok()
    assert root.installed == ["extras-1.0-1.noarch", "tool-1:1.5-2.noarch"]
    tdnf("remove", "-y", "tool.noarch", "extras").ok()
    assert root.installed == []


def test_dependencies_go_with_what_they_came_for(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(*CHAIN)
    tdnf("install", "-y", "top").ok()
    assert root.installed == ALL
    tdnf("remove", "-y", "top").ok()
    assert root.installed == []


def test_noautoremove_keeps_dependencies_and_autoremove_goes_all_the_way_down(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(*CHAIN)
    tdnf("install", "-y", "top", "other").ok()
    tdnf("remove", "-y", "--noautoremove", "top").ok()
    assert root.installed == sorted([*ALL[:-1], "other-1.0-1.noarch"])
    done = tdnf("autoremove", "-y").ok()
    assert root.installed == ["other-1.0-1.noarch"]
    assert len(tables(done)["Removing"]) == 4
    assert "Nothing to do." in tdnf("autoremove", "-y").ok().stderr


def test_without_cleaning_configured_autoremove_still_goes_all_the_way_down(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    root.configure(clean_requirements_on_remove=False)
    offer(*CHAIN)
    tdnf("install", "-y", "top", "other").ok()
    tdnf("remove", "-y", "top", "other").ok()
    assert root.installed == ALL[:-1]
    tdnf("autoremove", "-y").ok()
    assert root.installed == []
    assert files_of(root.path) == []


@pytest.mark.parametrize("options", [(), ("--noautoremove",)])
def test_autoremove_of_a_name_takes_its_dependencies_along(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], options: tuple[str, ...]
) -> None:
    root.configure(clean_requirements_on_remove=False)
    offer(*CHAIN)
    tdnf("install", "-y", "top", "other").ok()
    tdnf("autoerase", "-y", *options, "top").ok()
    assert root.installed == ["other-1.0-1.noarch"]


def test_dependencies_on_each_other_go_too(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    root.configure(clean_requirements_on_remove=False)
    offer(Rpm("user", requires=("left",)), Rpm("left", requires=("right",)), Rpm("right", requires=("left",)))
    tdnf("install", "-y", "user").ok()
    tdnf("remove", "-y", "user").ok()
    tdnf("autoremove", "-y").ok()
    assert root.installed == []


def test_what_somebody_asked_for_stays_although_nothing_needs_it(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(*CHAIN)
    tdnf("install", "-y", "middle").ok()
    tdnf("install", "-y", "top").ok()
    tdnf("remove", "-y", "top").ok()
    assert root.installed == ALL[:-1]


def test_asking_for_a_dependency_marks_it_as_wanted(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], marks: Marks
) -> None:
    offer(*CHAIN)
    tdnf("install", "-y", "top").ok()
    assert marks() == {
        "bottom": True,
        "earth": True,
        "middle": True,
        "sky": True,
        "top": False,
    } or marks() == {
        "bottom": True,
        "earth": True,
        "middle": True,
        "sky": True,
    }
    done = tdnf("install", "-y", "bottom").ok()
    assert "Package bottom is already installed." in done.stderr
    assert marks()["bottom"] is False
    tdnf("remove", "-y", "top").ok()
    assert root.installed == [name for name in ALL if name[:3] not in ("top", "mid")]


def test_assumeno_does_not_change_a_mark(tdnf: Tdnf, offer: Callable[..., Repo], marks: Marks) -> None:
    offer(*CHAIN)
    tdnf("install", "-y", "top").ok()
    tdnf("install", "--assumeno", "bottom").ok()
    assert marks()["bottom"] is True


def test_an_update_keeps_marks_and_new_dependencies_are_automatic(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], marks: Marks
) -> None:
    offer(Rpm("thing", "1-1", requires=("part",)), Rpm("part", "1-1"), id="one")
    tdnf("install", "-y", "thing").ok()
    offer(Rpm("thing", "2-1", requires=("part", "piece")), Rpm("part", "2-1"), Rpm("piece"), id="two")
    tdnf("update", "-y").ok()
    found = marks()
    assert (found.get("thing", False), found["part"], found["piece"]) == (False, True, True)
    tdnf("remove", "-y", "thing").ok()
    assert root.installed == []


def test_an_update_never_removes_what_somebody_asked_for(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("thing", "1-1", requires=("part",)), Rpm("part"), id="one")
    tdnf("install", "-y", "part").ok()
    tdnf("install", "-y", "thing").ok()
    offer(Rpm("thing", "2-1"), id="two")
    tdnf("update", "-y").ok()
    assert root.installed == ["part-1.0-1.noarch", "thing-2-1.noarch"]


def test_an_update_drops_a_dependency_that_is_not_needed_any_more(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("thing", "1-1", requires=("part",)), Rpm("part"), id="one")
    tdnf("install", "-y", "thing").ok()
    offer(Rpm("thing", "2-1"), id="two")
    tdnf("update", "-y", "thing").ok()
    assert root.installed == ["thing-2-1.noarch"]


def test_autoremove_without_a_history_is_refused_and_names_the_way_out(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(*CHAIN)
    tdnf("install", "-y", "top").ok()
    root.history.unlink()
    done = tdnf("autoremove", "-y").failed(1802)
    assert "tdnf history init" in done.stderr
    assert root.installed == ALL


def test_without_a_history_nothing_counts_as_a_dependency(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(*CHAIN)
    tdnf("install", "-y", "top").ok()
    root.history.unlink()
    tdnf("remove", "-y", "top").ok()
    assert root.installed == ALL[:-1]


def test_every_transaction_is_in_the_history_with_its_command(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "app=1.0").ok()
    tdnf("-y", "update", "--noautoremove").ok()
    tdnf("reinstall", "-y", "app").ok()
    tdnf("downgrade", "app", "-y").ok()
    tdnf("remove", "-y", "app").ok()
    rows = tdnf("history", "-j", "--info").json
    common = f"-c {root.conf} --installroot {root.path} --releasever 1 "
    assert [row["CmdLine"].removeprefix(common) for row in rows] == [
        "(set)",
        "-y install app=1.0",
        "-y --noautoremove update",
        "-y reinstall app",
        "-y downgrade app",
        "-y remove app",
    ]
    assert [(row["AddedCount"], row["RemovedCount"]) for row in rows] == [
        (0, 0),
        (3, 0),
        (1, 1),
        (0, 0),
        (1, 1),
        (0, 3),
    ]
    assert sorted(rows[1]["Added"]) == ["app-1.0-1.noarch", "extras-1.0-1.noarch", "lib-2.0-1.noarch"]
    assert (rows[2]["Added"], rows[2]["Removed"]) == (["app-2.0-1.noarch"], ["app-1.0-1.noarch"])
    assert [row["Id"] for row in rows] == [1, 2, 3, 4, 5, 6]


def test_what_rpm_did_behind_our_back_is_recorded_before_the_next_transaction(
    tdnf: Tdnf, root: Root, sample: Repo
) -> None:
    tdnf("install", "-y", "tool", "extras").ok()
    root.rpm("-e", "extras").ok()
    tdnf("install", "-y", "lib").ok()
    rows = tdnf("history", "-j", "--info").json
    assert [row["CmdLine"] for row in rows if row["CmdLine"].startswith("(")] == ["(set)", "(unknown)"]
    assert rows[2]["Removed"] == ["extras-1.0-1.noarch"]
    assert rows[3]["Added"] == ["lib-2.0-1.noarch"]


def test_the_history_of_an_installroot_knows_nothing_of_the_host(
    tdnf: Tdnf, root: Root, sample: Repo
) -> None:
    tdnf("history", "init").ok()
    tdnf("history", "update").ok()
    rows = tdnf("history", "-j", "--info").json
    assert [(row["CmdLine"], row["Added"]) for row in rows] == [("(set)", [])]
