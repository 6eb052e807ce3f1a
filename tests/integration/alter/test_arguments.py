"""What commands that change the system make of one argument, and of filters on it (commands 3.3, 4.2, 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import tables
from tests.integration.alter.test_policy import entry
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo

NO_MATCH = "Error(1011) : No matching packages"


@pytest.fixture
def aged(tdnf: Tdnf, sample: Repo) -> Tdnf:
    """The sample distribution with its old versions installed."""
    tdnf("install", "-y", "app=1.0", "lib=1.0", "extras", "oldname=1.0", "clash-a").ok()
    return tdnf


# globs


@pytest.mark.parametrize("command", ["update", "downgrade", "reinstall"])
def test_a_glob_fails_as_soon_as_one_of_its_names_is_not_installed(aged: Tdnf, command: str) -> None:
    lines = aged(command, "-y", "clash-*").failed(1011).stderr.splitlines()
    assert lines[-1] == NO_MATCH
    assert lines[-2].startswith("clash-b") and "is not installed" in lines[-2]


def test_removing_by_a_glob_passes_over_what_is_not_installed(aged: Tdnf) -> None:
    assert tables(aged("remove", "-y", "clash-*").ok()) == {"Removing": ["clash-a 1.0-1 @System"]}
    assert aged("remove", "-y", "newn*").ok().stderr == "Nothing to do.\n"


def test_a_glob_looks_at_repositories_only(aged: Tdnf, root: Root) -> None:
    before = root.installed
    for words in (("--disablerepo=*", "remove", "lib*"), ("install", "tool", "zz*")):
        done = aged(*words, "-y").failed(1011)
        assert done.stderr.splitlines() == [
            f"{words[-1]}: no package of an enabled repository fits",
            NO_MATCH,
        ]
    aged("--disablerepo=*", "remove", "-y", "extras").ok()
    assert root.installed == [name for name in before if not name.startswith("extras")]


# files


@pytest.mark.parametrize("command", ["remove", "autoremove"])
def test_names_of_files_are_passed_over(aged: Tdnf, root: Root, command: str) -> None:
    before = root.installed
    assert aged(command, "-y", "any.rpm").ok().stderr == "Nothing to do.\n"
    assert root.installed == before


def test_a_file_of_what_is_installed_is_nothing_to_do(aged: Tdnf, sample: Repo) -> None:
    (path,) = sample.path.rglob("lib-1.0-1.*.rpm")
    assert aged("install", "-y", "--nogpgcheck", path).ok().stderr == "Nothing to do.\n"


def test_distro_sync_ignores_its_arguments(aged: Tdnf, root: Root) -> None:
    aged("distro-sync", "-y", "nonesuch", "zz*", "x.rpm").ok()
    assert {"app-2.0-1.noarch", "lib-2.0-1.noarch"} <= set(root.installed)


def test_groups_and_paths_of_nobody_are_no_specs(tdnf: Tdnf, sample: Repo) -> None:
    for word in ("@group", "/usr/bin/absent", "tool=9"):
        done = tdnf("install", "-y", word).failed(1011)
        assert done.stderr.splitlines() == [f"{word} package not found or not installed", NO_MATCH]


# names that are obsoleted


def test_an_obsoleted_version_can_be_named_itself(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    for spec in ("oldname=1.0", "oldname-1.0-1"):
        assert tables(tdnf("install", "--assumeno", spec).failed(1032)) == {
            "Installing": ["oldname 1.0-1 sample"]
        }
    assert tables(tdnf("install", "--assumeno", "oldname").failed(1032)) == {
        "Installing": ["newname 1.0-1 sample"]
    }


def test_the_obsoleter_takes_the_place_of_an_installed_name(aged: Tdnf) -> None:
    assert tables(aged("install", "--assumeno", "oldname").failed(1032)) == {
        "Installing": ["newname 1.0-1 sample"],
        "Removing": ["oldname 1.0-1 @System"],
        "Obsoleting": ["oldname 1.0-1 @System"],
    }


# side by side


def test_an_oldest_instance_that_is_needed_stays_and_it_is_said(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    root.configure(installonlypkgs="kernel", installonly_limit=1)
    offer(*(Rpm("kernel", f"{n}-1") for n in (1, 2)), Rpm("module", requires=("kernel = 1",)))
    tdnf("install", "-y", "kernel=1", "module").ok()
    done = tdnf("install", "-y", "kernel=2").ok()
    assert "more packages than installonly_limit stay: the oldest ones are needed" in done.stderr
    assert root.installed == ["kernel-1-1.noarch", "kernel-2-1.noarch", "module-1.0-1.noarch"]


# filters


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("update", "lib"), "conflicting requests"),
        (("remove", "lib"), "conflicting requests"),
        (("autoremove", "lib"), "conflicting requests"),
        (("install", "lib=2.0"), "conflicting requests"),
        (
            ("update", "app"),
            "package app-2.0-1.noarch requires lib >= 2.0, but none of the providers can be installed",
        ),
        (
            ("install", "newname"),
            "package newname-1.0-1.noarch obsoletes oldname < 2 provided by oldname-1.0-1.noarch",
        ),
    ],
)
def test_a_lock_is_a_problem_for_whoever_names_it(
    aged: Tdnf, root: Root, words: tuple[str, ...], problem: str
) -> None:
    entry(root, "locks.d", "lib", "oldname")
    before = root.installed
    done = aged(*words, "-y").failed(1301)
    assert done.stderr.splitlines()[0] == f"1. {problem}"
    assert "Found 1 problem(s) while resolving" in done.stderr.splitlines()
    assert root.installed == before


def test_locks_are_passed_over_by_what_names_nothing(aged: Tdnf, root: Root) -> None:
    entry(root, "locks.d", "app", "lib", "oldname")
    for command in ("update", "distro-sync"):
        assert aged(command, "-y").ok().stderr == "Nothing to do.\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("remove", "app"), "package app is protected"),
        (("remove", "lib"), "package app would be removed but it is protected"),
        (("autoremove", "lib"), "package app would be removed but it is protected"),
        (("install", "--allowerasing", "clash-b"), "package clash-a would be removed but it is protected"),
        (("install", "newname"), "package oldname would be obsoleted but it is protected"),
    ],
)
def test_protection_says_what_would_have_happened(
    aged: Tdnf, root: Root, words: tuple[str, ...], line: str
) -> None:
    entry(root, "protected.d", "# a comment", "", "app", "clash-a", "oldname")
    before = root.installed
    assert aged(*words, "-y").failed(1030).stderr.splitlines()[0] == line
    assert root.installed == before


def test_queries_know_no_excludes(aged: Tdnf, root: Root) -> None:
    root.configure(excludepkgs="lib app*")
    assert aged("list", "--available", "lib").ok().stdout.count("lib.noarch") == 2
    assert aged("repoquery", "app").ok().lines == ["app-1.0-1.noarch", "app-2.0-1.noarch"]
    assert "app : An application" in aged("search", "application").ok().lines
    assert "lib-2.0-1.noarch : Test package lib" in aged("provides", "lib").ok().lines
    assert "lib" in aged("check-update").ok().stdout
    assert "Version       : 2.0" in aged("info", "--available", "lib").ok().lines
