"""Which marks the commands leave behind (commands 4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import continue_from
from tests.support.cli import Root, Tdnf
from tests.support.repos import Advisory
from tests.support.rpms import Rpm
from tests.support.sample import RPMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

Marks = dict[str, bool]


@pytest.fixture(scope="session")
def made(published: Callable[..., Repo], tmp_path_factory: pytest.TempPathFactory) -> Root:
    """What ``dependency`` is a copy of."""
    root = Root(tmp_path_factory.mktemp("marks"))
    root.add_repo(published("sample", *RPMS))
    Tdnf(root)("-y", "install", "app=1.0").ok()
    return root


@pytest.fixture
def dependency(made: Root, tdnf: Tdnf, root: Root) -> Tdnf:
    """``app`` 1.0 was asked for, ``lib`` and ``extras`` came with it."""
    continue_from(made, root)
    return tdnf


def transactions(tdnf: Tdnf) -> int:
    return len(tdnf("-j", "history").json)


def test_install_asks_for_what_it_names_and_nothing_else(
    dependency: Tdnf, marks: Callable[[], Marks]
) -> None:
    assert marks() == {"lib": True, "extras": True}


def test_installing_a_dependency_by_its_name_makes_it_the_users_without_a_transaction(
    dependency: Tdnf, marks: Callable[[], Marks]
) -> None:
    before = transactions(dependency)
    done = dependency("-y", "install", "lib").ok()
    assert done.stderr == "Package lib is already installed.\nNothing to do.\n"
    assert marks() == {"lib": False, "extras": True}
    assert transactions(dependency) == before


def test_a_dependency_that_was_asked_for_is_the_users_though_its_best_version_cannot_come(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], marks: Callable[[], Marks]
) -> None:
    offer(Rpm("app", requires=("lib",)), Rpm("lib"), Rpm("lib", "2.0-1", requires=("nobody-has-this",)))
    tdnf("install", "-y", "app").ok()
    assert marks() == {"lib": True}
    tdnf("update", "-y", "--no-best", "lib").ok()
    assert marks() == {"lib": True}
    assert "Nothing to do." in tdnf("install", "-y", "--no-best", "lib").ok().stderr
    assert marks() == {"lib": False}


@pytest.mark.parametrize("spec", ["lib=2.0", "lib-2.0-1", "lib.noarch"])
def test_any_other_spec_leaves_the_mark(dependency: Tdnf, marks: Callable[[], Marks], spec: str) -> None:
    dependency("-y", "install", spec).ok()
    assert marks()["lib"]


@pytest.mark.parametrize("options", [("--assumeno",), ("-y", "--downloadonly")])
def test_who_only_looks_changes_no_mark(
    dependency: Tdnf, marks: Callable[[], Marks], options: tuple[str, ...]
) -> None:
    dependency(*options, "install", "lib").ok()
    assert marks()["lib"]


def test_an_installed_name_beside_a_new_one_becomes_the_users_too(
    dependency: Tdnf, marks: Callable[[], Marks]
) -> None:
    dependency("-y", "install", "lib", "tool").ok()
    assert marks() == {"lib": False, "extras": True}


def test_installing_a_newer_version_of_a_dependency_asks_for_it(
    dependency: Tdnf, marks: Callable[[], Marks]
) -> None:
    dependency("mark", "remove", "app").ok()
    dependency("-y", "install", "app").ok()  # an update to 2.0
    assert marks() == {"lib": True, "extras": True, "app": False}


def test_updating_a_dependency_does_not(dependency: Tdnf, marks: Callable[[], Marks]) -> None:
    dependency("mark", "remove", "app").ok()
    dependency("-y", "update", "app").ok()
    dependency("-y", "downgrade", "app").ok()
    dependency("-y", "reinstall", "lib").ok()
    assert marks() == {"lib": True, "extras": True, "app": True}


def test_what_an_update_brings_in_is_a_dependency(
    tdnf: Tdnf, offer: Callable[..., Repo], marks: Callable[[], Marks]
) -> None:
    offer(Rpm("thing", "1-1"), Rpm("thing", "2-1", requires=("more",)), Rpm("more"))
    tdnf("-y", "install", "thing=1").ok()
    tdnf("-y", "update", "thing").ok()
    assert marks() == {"more": True}


def test_a_package_that_comes_back_as_a_dependency_is_one(
    tdnf: Tdnf, sample: Repo, marks: Callable[[], Marks]
) -> None:
    tdnf("-y", "install", "lib").ok()
    tdnf("-y", "erase", "lib").ok()
    tdnf("-y", "install", "app").ok()
    assert marks()["lib"]
    tdnf("-y", "erase", "app", "lib").ok()
    tdnf("-y", "install", "lib").ok()
    assert not marks()["lib"]


def test_without_a_history_installing_what_is_there_is_no_error(
    tdnf: Tdnf, sample: Repo, root: Root, workshop: Workshop
) -> None:
    root.rpm("-i", str(workshop.build(Rpm("alone"), signed=False)[0])).ok()
    done = tdnf("-y", "install", "alone").ok()
    assert done.stderr == "Package alone is already installed.\nNothing to do.\n"
    assert not root.history.exists()


def test_a_test_run_leaves_no_mark_and_no_row(dependency: Tdnf, marks: Callable[[], Marks]) -> None:
    before = transactions(dependency), marks()
    dependency("-y", "--testonly", "install", "tool", "lib").ok()
    assert (transactions(dependency), marks()) == before


OLD = Rpm("old", "1-1")
NEW = Rpm("new", "2-1", provides=("old = 2",), obsoletes=("old < 2",))


@pytest.mark.parametrize("words", [("install", "x"), ("update",), ("update", "old"), ("distro-sync",)])
@pytest.mark.parametrize("automatic", [False, True], ids=["asked for", "dependency"])
def test_what_replaces_a_package_has_its_mark(
    tdnf: Tdnf,
    root: Root,
    offer: Callable[..., Repo],
    marks: Callable[[], Marks],
    words: tuple[str, ...],
    automatic: bool,
) -> None:
    offer(OLD, Rpm("needs-old", requires=("old",)), id="first")
    tdnf("-y", "install", "needs-old" if automatic else "old").ok()
    offer(NEW, Rpm("x", requires=("new",)), id="later")
    tdnf("-y", *words).ok()
    assert "new-2-1.noarch" in root.installed
    assert marks().get("new", False) == automatic
    tdnf("-y", "remove", "x", "needs-old")
    tdnf("-y", "autoremove")
    assert root.installed == ([] if automatic else ["new-2-1.noarch"])


@pytest.mark.parametrize("asked", [True, False])
def test_what_an_advisory_replaces_a_package_with_has_its_mark(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], marks: Callable[[], Marks], asked: bool
) -> None:
    app, old = Rpm("app", requires=("(old or heir)",)), Rpm("old")
    heir = Rpm("heir", "2-1", obsoletes=("old",))
    offer(app, old)
    tdnf("install", "-y", "--exclude=heir", *(["old"] if asked else []), "app").ok()
    offer(heir, id="fixes", advisories=(Advisory("FIX-1", (heir,)),))
    assert "Nothing to do." in tdnf("update", "-y", "--security", "--exclude=heir").ok().stderr
    tdnf("update", "-y", "--security").ok()
    assert root.installed == ["app-1.0-1.noarch", "heir-2-1.noarch"]
    assert marks().get("heir", False) is not asked
    tdnf("remove", "-y", "app").ok()
    assert root.installed == (["heir-2-1.noarch"] if asked else [])


def test_undoing_a_replacement_gives_the_mark_back(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], marks: Callable[[], Marks]
) -> None:
    offer(OLD, Rpm("needs-old", requires=("old",)), id="first")
    tdnf("-y", "install", "needs-old").ok()
    offer(NEW, id="later")
    tdnf("-y", "install", "new").ok()
    assert marks() == {"old": True}
    tdnf("-y", "history", "undo", "3").ok()
    assert "old-1-1.noarch" in root.installed
    assert marks() == {"old": True}
    tdnf("-y", "update").ok()
    assert marks() == {"old": True, "new": True}
    tdnf("-y", "history", "rollback", "2").ok()
    tdnf("-y", "remove", "needs-old").ok()
    tdnf("-y", "autoremove").ok()
    assert root.installed == []


def test_what_supplements_an_installed_package_is_needed(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], marks: Callable[[], Marks]
) -> None:
    offer(
        Rpm("a"),
        Rpm("b"),
        Rpm("plain", supplements=("a",)),
        Rpm("rich", supplements=("(a and b)",)),
    )
    tdnf("-y", "install", "a", "b").ok()
    assert marks() == {"plain": True, "rich": True}
    assert "Nothing to do." in tdnf("-y", "autoremove").ok().stderr
    tdnf("-y", "remove", "b").ok()
    tdnf("-y", "autoremove").ok()
    assert root.installed == ["a-1.0-1.noarch", "plain-1.0-1.noarch"]
