"""Single sentences of the contract about commands that change the system (commands 4 and 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import documents, tables
from tests.integration.alter.test_policy import WARNING
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo

NO_MATCH = "Error(1011) : No matching packages"


# what there is to say


def test_nothing_to_update_is_the_first_line_of_errors(tdnf: Tdnf, sample: Repo) -> None:
    tdnf("install", "-y", "lib").ok()
    for words in (("update",), ("update", "lib"), ("distro-sync",)):
        done = tdnf(*words).ok()
        assert (done.stderr, done.stdout.count("Is this ok")) == ("Nothing to do.\n", 0)
    assert tdnf("update", "-j").ok().stdout == ""


def test_of_several_words_the_one_that_is_not_installed_is_named(tdnf: Tdnf, sample: Repo) -> None:
    tdnf("install", "-y", "lib=1.0").ok()
    for command in ("update", "downgrade", "reinstall"):
        said = tdnf(command, "-y", "lib", "tool").failed(1011).stderr.splitlines()
        assert said[-1] == NO_MATCH
        assert said[-2].startswith("tool") and "not installed" in said[-2]


def test_what_no_repository_has_is_named(tdnf: Tdnf, sample: Repo, offer: Callable[..., Repo]) -> None:
    offer(Rpm("foreign"), id="gone")
    tdnf("install", "-y", "foreign", "tool").ok()
    for words in (("foreign",), ("tool", "foreign"), ()):
        said = tdnf("downgrade", "-y", "--disablerepo=gone", *words).failed(1011).stderr.splitlines()
        assert said[-2:] == ["There is no downgrade path for foreign.", NO_MATCH]
    done = tdnf("reinstall", "-y", "--disablerepo=gone", "foreign").failed(1011)
    assert "foreign: no enabled repository has the installed version" in done.stderr


def test_only_unknown_words_passed_over_leave_nothing_to_do(tdnf: Tdnf, sample: Repo) -> None:
    done = tdnf("install", "--skip-broken", "nonesuch").ok()
    assert done.stderr == "Nothing to do.\n"
    assert "No package \x1b[1m\x1b[30mnonesuch \x1b[0mavailable" in done.stdout
    assert "nonesuch" not in tdnf("install", "-q", "-y", "--skip-broken", "nonesuch").ok().stdout


def test_problems_are_numbered_and_counted(tdnf: Tdnf, sample: Repo) -> None:
    done = tdnf("install", "-y", "broken", "clash-a", "clash-b").failed(1301)
    lines = done.stderr.splitlines()
    assert lines[0].startswith("1. ")
    assert lines[1].startswith("2. ")
    assert lines[2] == "Found 2 problem(s) while resolving"
    assert "nothing provides nowhere-to-be-found needed by broken-1.0-1.noarch" in done.stderr
    assert (
        "package clash-a-1.0-1.noarch conflicts with clash-b provided by clash-b-1.0-1.noarch" in done.stderr
    )


# obsoletes


def test_an_obsoleted_package_is_in_two_lists_of_json(tdnf: Tdnf, sample: Repo) -> None:
    tdnf("install", "-y", "oldname=1.0").ok()
    (shown,) = documents(tdnf("update", "-j", "--assumeno").ok())
    assert list(shown) == ["Install", "Remove", "Obsolete"]
    assert [row["Name"] for row in shown["Install"]] == ["newname"]
    assert [row["Name"] for row in shown["Remove"] + shown["Obsolete"]] == ["oldname", "oldname"]
    assert {row["Repo"] for row in shown["Remove"] + shown["Obsolete"]} == {"@System"}


@pytest.mark.parametrize("option", ["--skipobsoletes", "--skip-broken"])
def test_obsoletes_can_be_passed_over(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], option: str
) -> None:
    offer(Rpm("new", obsoletes=("old",)), Rpm("old"), Rpm("user", requires=("old", "new")))
    tdnf("install", "-y", "user").failed(1301)
    done = tdnf("install", "-y", option, "user")
    assert "problem(s)" not in done.stderr, str(done)
    assert not (done.error == 1301 or "user-1.0-1.noarch" in root.installed), str(done)


# filters


@pytest.mark.parametrize("command", ["remove", "update", "reinstall", "downgrade", "autoremove"])
def test_what_the_configuration_excludes_stays_as_it_is(
    tdnf: Tdnf, root: Root, sample: Repo, command: str
) -> None:
    tdnf("install", "-y", "lib=1.0").ok()
    root.configure(excludepkgs="lib")
    done = tdnf(command, "-y", "lib")
    assert WARNING in done.lines
    assert done.error in (None, 1011), str(done)
    assert root.installed == ["lib-1.0-1.noarch"]


def test_excludes_switched_off_let_a_package_go(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "lib").ok()
    root.configure(excludepkgs="lib")
    assert tdnf("remove", "-y", "lib").ok().stderr == "Nothing to do.\n"
    tdnf("remove", "-y", "--disableexcludes", "lib").ok()
    assert root.installed == []


def test_everything_but_what_is_below_its_minimum_can_be_chosen(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    root.configure(minversions="lib=2.0")
    done = tdnf("install", "-y", "app=1.0").ok()
    assert "lib 2.0-1 sample" in tables(done)["Installing"]
    assert tdnf("install", "-y", "lib=1.0").ok().stderr == "Nothing to do.\n"
    assert tables(tdnf("update", "-y").ok()) == {"Upgrading": ["app 2.0-1 sample"]}


def test_an_explicit_version_reaches_a_worse_repository(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("thing", "1-1"), id="good", keys={"priority": 10})
    offer(Rpm("thing", "2-1"), id="rest")
    for spec in ("thing=2", "thing-2", "thing-2-1"):
        done = tdnf("install", "--assumeno", spec).failed(1032)
        assert tables(done) == {"Installing": ["thing 2-1 rest"]}


# advisories, downgrades


def test_words_beside_security_are_ignored(tdnf: Tdnf, sample: Repo) -> None:
    tdnf("install", "-y", "lib=1.0", "tool").ok()
    done = tdnf("update", "--security", "--assumeno", "tool", "nonesuch").failed(1032)
    assert tables(done) == {"Upgrading": ["lib 2.0-1 sample"]}


def test_a_bare_downgrade_stops_at_the_first_package_of_no_repository(
    tdnf: Tdnf, root: Root, sample: Repo, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("foreign"), id="gone")
    tdnf("install", "-y", "lib", "foreign").ok()
    before = root.installed
    assert tdnf("downgrade", "-y", "--disablerepo=gone").failed(1011).stderr.splitlines()[-1] == NO_MATCH
    assert root.installed == before
    done = tdnf("downgrade", "--assumeno").failed(1032)
    assert "There is no downgrade path for foreign." in done.stderr
    assert tables(done) == {"Downgrading": ["lib 1.0-1 sample"]}
