"""What holds for every solution, and what a case file cannot say."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pkgman.model.errors import PkgmanError, Unsolvable
from pkgman.model.request import Policy, Request
from pkgman.model.transaction import Action, Solution
from solver import query, select
from solver.pool import Pool
from solver.solve import check_all, solve
from tests.support import solverworld as world

if TYPE_CHECKING:
    from pathlib import Path


def test_dependencies_come_before_what_needs_them(tmp_path: Path) -> None:
    chain = [f"p{n}-1-1.noarch | requires: p{n + 1}" for n in range(30)]
    pool = world.build(tmp_path, repos={"main": [*chain, "p30-1-1.noarch"]})
    steps = solve(pool, Request(install=("p0",)), Policy()).steps
    assert [step.package.name for step in steps] == [f"p{n}" for n in range(30, -1, -1)]


def test_a_pool_solves_many_requests(tmp_path: Path) -> None:
    pool = world.build(
        tmp_path, installed=["b-1-1.noarch"], repos={"main": ["a-1-1.noarch | requires: b", "b-1-1.noarch"]}
    )
    hidden = solve(pool, Request(install=("a",)), Policy(excludes=("a",)))
    alone = solve(pool, Request(install=("a",)), Policy())
    everything = solve(pool, Request(install=("a",)), Policy(ignore_installed=True))
    again = solve(pool, Request(install=("a",)), Policy())
    assert [len(s.steps) for s in (hidden, alone, everything, again)] == [0, 1, 2, 1]
    assert query.installed(pool) == select.find(pool, "b", scope="installed").handles


def test_a_failed_request_leaves_the_pool_as_it_was(tmp_path: Path) -> None:
    pool = world.build(tmp_path, repos={"main": ["a-1-1.noarch | requires: b", "b-1-1.noarch"]})
    with pytest.raises(Unsolvable):
        solve(pool, Request(install=("a",)), Policy(excludes=("b",)))
    assert len(solve(pool, Request(install=("a",)), Policy()).steps) == 2


def test_without_installed_packages_requests_are_solved_all_the_same(tmp_path: Path) -> None:
    pool = Pool("x86_64")
    pool.load_repo(world.snapshot("main", tmp_path), world.Feed(world.primary(["a-1-1.noarch"])))
    assert len(solve(pool, Request(install=("a",)), Policy(protected=frozenset("a"))).steps) == 1
    assert solve(pool, Request(update_all=True), Policy()).steps == ()
    assert solve(pool, Request(distro_sync=True), Policy()).steps == ()
    assert solve(pool, Request(downgrade_all=True), Policy()).steps == ()
    check_all(pool, Policy())


def test_an_empty_request_has_an_empty_solution(tmp_path: Path) -> None:
    assert solve(world.build(tmp_path), Request(), Policy()) == Solution()


def test_the_filelists_are_asked_once_and_for_everything(tmp_path: Path) -> None:
    pool = world.build(
        tmp_path,
        repos={"main": ["a-1-1.noarch | requires: /x", "b-1-1.noarch | requires: /y", "c-1-1.noarch"]},
    )
    asked: list[frozenset[str]] = []
    for _ in range(2):
        with pytest.raises(Unsolvable):
            solve(pool, Request(install=("a",)), Policy(), find_files=asked.append)
    assert asked == [{"/x", "/y"}]


def test_the_filelists_are_not_asked_when_no_missing_file_is_near(tmp_path: Path) -> None:
    pool = world.build(
        tmp_path,
        repos={"main": ["a-1-1.noarch | requires: c", "b-1-1.noarch | requires: /y", "c-1-1.noarch"]},
    )
    asked: list[frozenset[str]] = []
    solve(pool, Request(install=("a",)), Policy(), find_files=asked.append)
    assert asked == []


class World(NamedTuple):
    repo: list[str]
    installed: list[str]


def a_world(rng: random.Random, folder: Path) -> World:
    """Random packages, and an installed set without unmet requirements."""
    names = [f"n{i}" for i in range(10)]
    lines = []
    for name in names:
        for version in rng.sample(range(1, 6), rng.randint(1, 3)):
            parts = [f"{name}-{version}-1.noarch"]
            for field, chance in (
                ("requires", 0.6),
                ("conflicts", 0.1),
                ("obsoletes", 0.05),
                ("recommends", 0.2),
            ):
                if rng.random() < chance:
                    target = rng.choice([n for n in names if n != name] + ["cap"])
                    bound = (
                        f" {rng.choice(['>=', '<=', '='])} {rng.randint(1, 5)}" if rng.random() < 0.5 else ""
                    )
                    parts.append(f"{field}: {target}{bound}")
            if rng.random() < 0.2:
                parts.append(f"provides: cap = {rng.randint(1, 5)}")
            lines.append(" | ".join(parts))
    pool = world.build(folder, repos={"seed": lines})
    wanted = tuple(rng.sample(names, 4))
    try:
        steps = solve(pool, Request(install=wanted), Policy(skip_broken=True)).steps
    except PkgmanError:
        steps = ()
    chosen = {step.package.nevra for step in steps}
    return World(lines, [line for line in lines if line.split()[0] in chosen])


def unmet(lines: list[str]) -> list[str]:
    """Requirements that no package of ``lines`` meets, by a reading of our own."""
    items = [world.item(line) for line in lines]
    offers: dict[str, list[int]] = {}
    for item in items:
        offers.setdefault(item.name, []).append(int(item.version))
        for provide in item.of("provides"):
            name, _, version = world.split(provide)
            offers.setdefault(name, []).append(int(version))
    tests = {">=": int.__ge__, "<=": int.__le__, "=": int.__eq__, "": lambda _a, _b: True}
    return [
        f"{item.nevra} {requirement}"
        for item in items
        for requirement in item.of("requires")
        for name, operator, version in [world.split(requirement)]
        if not any(tests[operator](offer, int(version or 0)) for offer in offers.get(name, ()))
    ]


REQUESTS = (
    lambda names: Request(install=names),
    lambda names: Request(erase=names),
    lambda names: Request(autoremove=names),
    lambda _: Request(update_all=True),
    lambda _: Request(distro_sync=True),
)
POLICIES = (
    Policy(),
    Policy(skip_broken=True),
    Policy(skip_conflicts=True, skip_obsoletes=True),
    Policy(allow_erasing=True),
    Policy(best=True),
    Policy(best=True, skip_broken=True),
    Policy(clean_deps=True, auto_installed=frozenset(f"n{i}" for i in range(5))),
)


@pytest.mark.parametrize("seed", range(60))
def test_no_solution_leaves_a_requirement_unmet_or_removes_unasked(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    it = a_world(rng, tmp_path)
    assert not unmet(it.installed)
    pool = world.build(tmp_path, repos={"main": it.repo}, installed=it.installed)
    for make in REQUESTS:
        for policy in POLICIES:
            request = make(tuple(rng.sample([f"n{i}" for i in range(10)], 2)))
            try:
                solution = solve(pool, request, policy)
            except PkgmanError as error:
                assert error.number in (1301, 1011)
                assert (
                    not policy.skip_broken
                    or error.number == 1011
                    or "conflicting" in str(error)
                    or policy.best
                )
                continue
            after = applied(it, solution)
            assert not unmet(after), (request, policy, solution)
            removals = {s.package.name for s in solution.of(Action.REMOVE)}
            if not (request.erase or request.autoremove or policy.allow_erasing or policy.clean_deps):
                assert not removals


def applied(it: World, solution: Solution) -> list[str]:
    present = {line.split()[0]: line for line in it.installed}
    known = {line.split()[0]: line for line in it.repo}
    for step in solution.steps:
        if step.action in (Action.REMOVE, Action.OBSOLETE):
            present.pop(step.package.nevra, None)
        for old in step.replaces:
            present.pop(old.nevra, None)
    for step in solution.incoming:
        present[step.package.nevra] = known[step.package.nevra]
    names = [re.sub(r"-[^-]+-[^-]+$", "", nevra) for nevra in present]
    assert len(names) == len(set(names)), "two versions of one name"
    return list(present.values())


def test_an_installed_provider_stands_before_others(tmp_path: Path) -> None:
    available = ["first-1-1.noarch | provides: cap", "second-2-1.noarch | provides: cap"]
    for version, expected in (("1", ["second-2-1.noarch"]), ("2", [])):
        installed = [f"second-{version}-1.noarch | provides: cap"]
        pool = world.build(tmp_path, installed=installed, repos={"main": available})
        steps = solve(pool, Request(install=("cap",)), Policy()).steps
        assert [step.package.nevra for step in steps] == expected
