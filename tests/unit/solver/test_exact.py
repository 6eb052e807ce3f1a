"""Requests that name packages exactly, as the history does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import Protected, Unsolvable
from pkgman.model.request import Policy, Request
from pkgman.model.transaction import Action, Reason
from solver import exact, query
from solver.solve import solve
from tests.support import solverworld as world

if TYPE_CHECKING:
    from pathlib import Path

    from pkgman.model.transaction import Solution
    from solver.pool import Pool

INSTALLED = ["lib-2-1.noarch", "app-1:1-1.noarch | requires: lib", "gone-1-1.noarch"]
MAIN = [
    *("lib-1-1.noarch", "lib-2-1.noarch", "lib-3-1.noarch", "lib-1-1.x86_64"),
    "app-1:1-1.noarch | requires: lib",
    "with-many-dashes-3:1.0~rc1-1.fc40.noarch",
    "needy-1-1.noarch | requires: helper",
    "helper-1-1.noarch",
]
FORCE = Policy(allow_erasing=True)


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return world.build(tmp_path, installed=INSTALLED, repos={"main": MAIN})


def steps(solution: Solution) -> set[tuple[Action, str]]:
    return {(step.action, step.package.nevra) for step in solution.steps}


@pytest.mark.parametrize(
    ("nevra", "plain"),
    [
        ("a-0:1-1.noarch", "a-1-1.noarch"),
        ("a-1:1-1.noarch", "a-1:1-1.noarch"),
        ("a-b-0:1-1.noarch", "a-b-1-1.noarch"),
        ("a-10:1-1.noarch", "a-10:1-1.noarch"),
        ("nodash", "nodash"),
        ("one-dash", "one-dash"),
        ("", ""),
    ],
)
def test_an_epoch_of_zero_says_nothing(nevra: str, plain: str) -> None:
    assert exact.plain_nevra(nevra) == plain


@pytest.mark.parametrize(
    ("nevra", "scope", "found"),
    [
        ("lib-1-1.noarch", "available", True),
        ("lib-0:1-1.noarch", "available", True),
        ("lib-1-1.noarch", "installed", False),
        ("lib-1-1.x86_64", "available", True),
        ("lib-1-1.i686", "available", False),
        ("lib-1-2.noarch", "available", False),
        ("lib-1:1-1.noarch", "available", False),
        ("app-1-1.noarch", "installed", False),
        ("app-1:1-1.noarch", "installed", True),
        ("with-many-dashes-3:1.0~rc1-1.fc40.noarch", "available", True),
        ("lib", "available", False),
        ("lib-1", "available", False),
        ("lib-*-1.noarch", "available", False),
        ("", "available", False),
    ],
)
def test_only_the_identical_package_is_found(pool: Pool, nevra: str, scope: str, found: bool) -> None:
    handle = exact.find(pool, nevra, scope)  # type: ignore[arg-type]
    assert (handle is not None) is found
    if handle is not None:
        assert query.package(pool, handle).nevra == exact.plain_nevra(nevra)


def test_the_repository_of_best_priority_gives_the_package(tmp_path: Path) -> None:
    lines = ["a-1-1.noarch"]
    pool = world.build(tmp_path, repos={"far": lines, "near": lines}, priorities={"far": 90, "near": 10})
    handle = exact.find(pool, "a-1-1.noarch", "available")
    assert handle is not None
    assert query.package(pool, handle).repo == "near"


def test_what_is_installed_or_available_is_not_missing(pool: Pool) -> None:
    asked = ("gone-1-1.noarch", "lib-1-1.noarch", "never-1-1.noarch", "lib-9-1.noarch")
    assert exact.missing(pool, asked) == asked[2:]


def test_an_older_version_comes_back_exactly(pool: Pool) -> None:
    request = Request(install_nevras=("lib-1-1.noarch",), erase_nevras=("lib-2-1.noarch",))
    assert steps(solve(pool, request, FORCE)) == {(Action.DOWNGRADE, "lib-1-1.noarch")}


def test_what_is_met_already_gives_no_step(pool: Pool) -> None:
    request = Request(install_nevras=("lib-2-1.noarch",), erase_nevras=("lib-1-1.noarch", "x-1-1.noarch"))
    assert solve(pool, request, FORCE).steps == ()


def test_what_needs_a_package_that_goes_goes_with_it(pool: Pool) -> None:
    found = solve(pool, Request(erase_nevras=("lib-2-1.noarch",)), FORCE)
    assert steps(found) == {(Action.REMOVE, "lib-2-1.noarch"), (Action.REMOVE, "app-1:1-1.noarch")}
    reasons = {step.package.name: step.reason for step in found.steps}
    assert reasons == {"lib": Reason.USER, "app": Reason.DEPENDENCY}


def test_what_has_to_come_besides_is_a_dependency(pool: Pool) -> None:
    found = solve(pool, Request(install_nevras=("needy-1-1.noarch",)), FORCE)
    assert {step.package.name: step.reason for step in found.steps} == {
        "needy": Reason.USER,
        "helper": Reason.DEPENDENCY,
    }


def test_nothing_that_comes_back_counts_as_newly_asked_for(pool: Pool) -> None:
    request = Request(install_nevras=("lib-1-1.noarch",), erase_nevras=("lib-2-1.noarch",))
    assert solve(pool, request, FORCE).mark_user == frozenset()


def test_a_protected_package_goes_only_when_another_version_comes(pool: Pool) -> None:
    policy = FORCE._replace(protected=frozenset({"lib"}))
    with pytest.raises(Protected) as caught:
        solve(pool, Request(erase_nevras=("lib-2-1.noarch",)), policy)
    assert caught.value.lines == ("package lib is protected",)
    swap = Request(install_nevras=("lib-3-1.noarch",), erase_nevras=("lib-2-1.noarch",))
    assert steps(solve(pool, swap, policy)) == {(Action.UPGRADE, "lib-3-1.noarch")}


def test_a_protected_package_does_not_go_as_a_side_effect(pool: Pool) -> None:
    with pytest.raises((Protected, Unsolvable)):
        solve(pool, Request(erase_nevras=("lib-2-1.noarch",)), FORCE._replace(protected=frozenset({"app"})))


def test_insisting_on_the_best_changes_nothing_about_what_is_named(pool: Pool) -> None:
    request = Request(install_nevras=("lib-1-1.noarch",), erase_nevras=("lib-2-1.noarch",))
    assert steps(solve(pool, request, FORCE._replace(best=True))) == {(Action.DOWNGRADE, "lib-1-1.noarch")}


def test_two_versions_of_an_install_only_name_are_told_apart(tmp_path: Path) -> None:
    kernels = [f"kernel-{n}-1.noarch" for n in (1, 2, 3)]
    pool = world.build(tmp_path, installed=kernels[:2], repos={"main": kernels})
    policy = FORCE._replace(installonly=("kernel",), installonly_limit=3)
    request = Request(install_nevras=(kernels[2],), erase_nevras=(kernels[0],))
    assert steps(solve(pool, request, policy)) == {(Action.INSTALL, kernels[2]), (Action.REMOVE, kernels[0])}
