"""What a killed update leaves: two versions of one package in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import tables
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

OLD, NEW = Rpm("tool", "1:1.0-1", files={"/usr/tool": "1"}), Rpm("tool", "1:2.0-1", files={"/usr/tool": "2"})
NEWEST = Rpm("tool", "1:3.0-1")
OTHER, OTHER_2 = Rpm("other", "1.0-1"), Rpm("other", "2.0-1")
PICKY = Rpm("picky", requires=["tool = 1:1.0-1"])
KERNEL, KERNEL_2 = Rpm("core", "5-1", provides=["installonlypkg(kernel)"]), Rpm("core", "6-1")
SAID = "duplicate: tool.noarch is installed as 1:1.0-1, 1:2.0-1: a transaction was cut short. "


@pytest.fixture
def killed(tdnf: Tdnf, root: Root, offer: Callable[..., Repo], workshop: Workshop) -> Tdnf:
    offer(OLD, NEW, OTHER, OTHER_2)
    both(root, workshop, OLD, NEW)
    root.rpm("-i", *map(str, workshop.build(OTHER, signed=False))).ok()
    return tdnf


def both(root: Root, workshop: Workshop, *rpms: Rpm) -> None:
    """Have packages in the database of which one would replace the other."""
    for path in workshop.build(*rpms, signed=False):
        root.rpm("-i", "--force", "--nodeps", str(path)).ok()


@pytest.mark.parametrize(
    "words",
    [
        ("list", "installed"),
        ("list", "tool"),
        ("info", "tool"),
        ("-j", "list", "tool"),
        ("-y", "install", "other"),
    ],
)
def test_it_is_told_with_what_mends_it(killed: Tdnf, words: tuple[str, ...]) -> None:
    done = killed(*words).ok()
    assert done.stderr.startswith(SAID), str(done)


def test_nothing_is_told_of_what_is_not_shown_or_not_there(killed: Tdnf) -> None:
    assert killed("list", "other").ok().stderr == ""
    assert killed("list", "available").ok().stderr == ""


def test_check_fails(killed: Tdnf) -> None:
    done = killed("check").failed(1301)
    assert SAID in done.stderr
    assert "without issues" not in done.stdout


@pytest.mark.parametrize("words", [("update",), ("update", "tool"), ("distro-sync",)])
def test_an_update_removes_the_older_version(killed: Tdnf, root: Root, words: tuple[str, ...]) -> None:
    done = killed("-y", *words).ok()
    assert tables(done)["Removing"] == ["tool 1:1.0-1 @System"]
    assert "duplicate" not in done.stderr
    assert "tool-1:2.0-1.noarch" in root.installed
    assert "tool-1:1.0-1.noarch" not in root.installed
    assert root.file("/usr/tool").read_text() == "2"
    assert "Nothing to do." in killed("-y", *words).ok().stderr
    assert "without issues" in killed("check").ok().stdout


@pytest.mark.parametrize(("old", "new"), [("noarch", "x86_64"), ("x86_64", "noarch")])
def test_a_package_that_changed_its_arch_is_found(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], workshop: Workshop, old: str, new: str
) -> None:
    first, second = Rpm("shift", "1-1", arch=old), Rpm("shift", "2-1", arch=new)
    offer(first, second)
    both(root, workshop, first, second)
    said = f"duplicate: shift is installed as 1-1.{old}, 2-1.{new}: a transaction was cut short. "
    assert said in tdnf("check").failed(1301).stderr
    assert said in tdnf("list", "shift").ok().stderr
    tdnf("-y", "update").ok()
    assert root.installed == [f"shift-2-1.{new}"]


def test_an_update_of_something_else_removes_nothing(killed: Tdnf, root: Root) -> None:
    done = killed("-y", "update", "other").ok()
    assert SAID in done.stderr
    assert {"tool-1:1.0-1.noarch", "tool-1:2.0-1.noarch", "other-2.0-1.noarch"} <= set(root.installed)


def test_a_newer_version_replaces_both(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], workshop: Workshop
) -> None:
    offer(NEWEST)
    both(root, workshop, OLD, NEW)
    tdnf("-y", "update").ok()
    assert root.installed == ["tool-1:3.0-1.noarch"]


def test_what_something_needs_stays(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], workshop: Workshop
) -> None:
    offer(OTHER)
    both(root, workshop, OLD, NEW, PICKY)
    done = tdnf("-y", "update").ok()
    assert SAID in done.stderr
    assert len(root.installed) == 3


def test_packages_made_to_stand_side_by_side_are_none(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], workshop: Workshop
) -> None:
    """By the configuration, or since their distribution says so."""
    offer(OTHER)
    both(root, workshop, KERNEL, KERNEL_2, OLD, NEW)
    root.configure(installonlypkgs="tool")
    assert "duplicate" not in tdnf("list", "installed").ok().stderr
    assert "Nothing to do." in tdnf("-y", "update").ok().stderr
    assert len(root.installed) == 4
