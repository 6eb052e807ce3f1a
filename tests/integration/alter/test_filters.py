"""What the solver does not see: excludes and includes of the configuration, a repository, a command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo

WARNING = "Warning: The following packages are excluded from tdnf.conf:"
THINGS = (Rpm("thing", "1-1"), Rpm("thing", "2-1"), Rpm("thing", "1:3-1"), Rpm("other"), Rpm("another"))


@pytest.mark.parametrize(
    ("spec", "installed"),
    [
        ("thing-1:3-1", "thing-2-1"),
        ("thing-1:3-1.noarch,thing-2", "thing-1-1"),
        ("thing-3-1.noarch", "thing-2-1"),
        ("thing-1:*", "thing-2-1"),
        ("thing-[23]*", "thing-1-1"),
        ("th?ng-*-1.no*", None),
        ("thing.noarch", None),
        ("thing.x86_64", "thing-1:3-1"),
    ],
)
def test_an_exclude_may_be_a_full_spec(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], spec: str, installed: str | None
) -> None:
    offer(*THINGS)
    done = tdnf("install", "-y", f"--exclude={spec}", "thing").ok()
    assert root.installed == ([f"{installed}.noarch"] if installed else [])
    assert ("no package fits" in done.stderr) == (spec == "thing.x86_64")


def test_an_exclude_that_fits_nothing_is_named(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(*THINGS)
    root.configure(excludepkgs="absent")
    done = tdnf("install", "-y", "--exclude=thnig,other", "--exclude", "no*such-1", "another").ok()
    assert done.stderr.splitlines() == [
        "--exclude=thnig: no package fits; nothing is left out",
        "--exclude=no*such-1: no package fits; nothing is left out",
    ]
    assert root.installed == ["another-1.0-1.noarch"]


@pytest.mark.parametrize("key", ["excludepkgs", "exclude"])
def test_a_repository_has_excludes_of_its_own(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], key: str
) -> None:
    offer(*THINGS, id="first", keys={key: "thing-1:3*, other"})
    offer(Rpm("thing", "1-2"), id="second")
    tdnf("install", "-y", "thing").ok()
    assert root.installed == ["thing-2-1.noarch"]
    assert "Nothing to do." in tdnf("install", "-y", "other").ok().stderr
    tdnf("install", "-y", "--setopt=first.excludepkgs=", "--setopt=first.exclude=", "other").ok()
    assert "other-1.0-1.noarch" in root.installed


def test_only_what_is_included_comes(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(*THINGS, Rpm("needs", requires=("other",)), id="first", keys={"includepkgs": "thing-2*,needs"})
    offer(Rpm("more", "1-1"), id="second")
    tdnf("install", "-y", "thing", "more").ok()
    assert root.installed == ["more-1-1.noarch", "thing-2-1.noarch"]
    assert "other-1.0-1.noarch is disabled" in tdnf("install", "-y", "needs").failed(1301).stderr
    root.configure(includepkgs="other")
    tdnf("install", "-y", "needs").ok()
    assert {"needs-1.0-1.noarch", "other-1.0-1.noarch"} < set(root.installed)
    tdnf("remove", "-y", "more").ok()  # what is installed needs no include
    assert "Nothing to do." in tdnf("install", "-y", "more").ok().stderr


@pytest.mark.parametrize(
    ("option", "free"),
    [
        ("--disableexcludes", {"main", "first", "second"}),
        ("--disableexcludes=all", {"main", "first", "second"}),
        ("--disableexcludepkgs=main", {"main"}),
        ("--disableexcludes=first", {"first"}),
        ("--disableexcludes=main,se*", {"main", "second"}),
        ("--setopt=disable_excludes=second", {"second"}),
        ("--setopt=disableexcludes=0", set()),
    ],
)
def test_excludes_can_be_switched_off_one_by_one(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], option: str, free: set[str]
) -> None:
    root.configure(excludepkgs="of-main")
    offer(Rpm("of-main"), id="plain")
    offer(Rpm("of-first"), id="first", keys={"excludepkgs": "of-*"})
    offer(Rpm("of-second"), id="second", keys={"includepkgs": "absent"})
    done = tdnf("install", "-y", option, "of-main", "of-first", "of-second").ok()
    assert root.installed == sorted(f"of-{part}-1.0-1.noarch" for part in free)
    assert (WARNING in done.lines) == ("main" not in free)


def test_a_part_that_is_none_is_named(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    root.configure(excludepkgs="thing")
    offer(*THINGS)
    done = tdnf("install", "-y", "--disableexcludes=typo", "thing").ok()
    assert "--disableexcludes=typo: no repository has this id; nothing changes" in done.stderr
    assert root.installed == []


def test_an_empty_value_is_none(tdnf: Tdnf, root: Root) -> None:
    tdnf("install", "-y", "--disableexcludes=", "x").failed(909)


@pytest.mark.parametrize("option", ["--setopt=install_weak_deps=0", "--setopt=install_weak_deps=False", ""])
def test_weak_dependencies_stay_out_on_demand(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], option: str
) -> None:
    offer(
        Rpm("app", "1-1", requires=("lib",), recommends=("extra",)),
        Rpm("app", "2-1", requires=("lib",), recommends=("extra", "more")),
        *(Rpm(name) for name in ("lib", "extra", "more")),
        Rpm("addon", supplements=("app",)),
    )
    if not option:
        root.configure(install_weak_deps=0)
    options = [option] if option else []
    tdnf("install", "-y", *options, "app=1").ok()
    tdnf("update", "-y", *options).ok()
    assert root.installed == ["app-2-1.noarch", "lib-1.0-1.noarch"]
    tdnf("install", "-y", "--setopt=install_weak_deps=1", "app", "extra").ok()
    tdnf("remove", "-y", *options, "--setopt=clean_requirements_on_remove=1", "lib").ok()
    assert root.installed == ["extra-1.0-1.noarch"]


def test_install_only_packages_are_known_by_a_capability(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    root.configure(installonlypkgs="kernel-core, installonlypkg(kernel),other", installonly_limit=2)
    offer(*(Rpm("linux", f"{n}-1", provides=("installonlypkg(kernel)",)) for n in (1, 2, 3)))
    for number in (1, 2):
        tdnf("install", "-y", f"linux-{number}-1").ok()
    assert root.installed == ["linux-1-1.noarch", "linux-2-1.noarch"]
    tdnf("update", "-y").ok()
    assert root.installed == ["linux-2-1.noarch", "linux-3-1.noarch"]


def test_of_equal_packages_the_first_section_has_its_way(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("thing", "1-1"), id="alpha")
    offer(Rpm("thing", "1-1"), id="beta")
    assert "alpha" in tdnf("install", "--assumeno", "thing").failed(1032).stdout
    tdnf("install", "-y", "thing").ok()
    assert "Nothing to do." in tdnf("install", "-y", "thing").ok().stderr
