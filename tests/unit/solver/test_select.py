"""Every form of a package spec (tdnf contract, commands 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from solver import query, select
from tests.support import solverworld as world

if TYPE_CHECKING:
    from pathlib import Path

    from solver.pool import Pool

INSTALLED = ["lab-app-1.0-1.x86_64", "zoo-1-1.noarch", "ant-1-1.noarch"]
MAIN = [
    "lab-app-1.0-1.x86_64 | provides: virtual(lab) = 1.0",
    "lab-app-2.0-1.x86_64 | provides: virtual(lab) = 2.0",
    "lab-app-1.0-1.i686",
    "lab-aap-1.0-1.noarch",
    "lab-epoch-2:1.5-1.noarch",
    "Lab-Upper-1-1.noarch",
    "lab-app-1.0-1.src",
    "only-source-1-1.src",
    "libstdc++-12-1.x86_64 | provides: libstdc++.so.6(GLIBCXX_3.4)(64bit)",
    "with.dot-1-1.noarch",
    "wants-1-1.noarch | requires: /usr/bin/tool",
    "tool-1-1.noarch | files: /usr/bin/tool",
]


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return world.build(tmp_path, installed=INSTALLED, repos={"main": MAIN})


def nevras(pool: Pool, handles: tuple[int, ...]) -> list[str]:
    return [f"{p.nevra}{'@' if p.repo == '@System' else ''}" for p in query.packages(pool, handles)]


APP = ["lab-app-1.0-1.x86_64@", "lab-app-1.0-1.x86_64", "lab-app-2.0-1.x86_64", "lab-app-1.0-1.i686"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("lab-app", APP),
        ("lab-a?p", [*APP, "lab-aap-1.0-1.noarch"]),
        ("lab-[ap]pp", APP),
        ("lab-a[ap]p", [*APP, "lab-aap-1.0-1.noarch"]),
        ("lab-app.x86_64", APP[:3]),
        ("lab-app.i686", APP[3:]),
        ("lab-*.noarch", ["lab-aap-1.0-1.noarch", "lab-epoch-2:1.5-1.noarch"]),
        ("lab-app-1.0", [APP[0], APP[1], APP[3]]),
        ("lab-app-1.0-1", [APP[0], APP[1], APP[3]]),
        ("lab-app-1.0-1.x86_64", APP[:2]),
        ("lab-app-0:1.0-1.x86_64", APP[:2]),
        ("lab-epoch-2:1.5-1", ["lab-epoch-2:1.5-1.noarch"]),
        ("lab-epoch-2:1.5-1.noarch", ["lab-epoch-2:1.5-1.noarch"]),
        ("lab-epoch-1.5-1", ["lab-epoch-2:1.5-1.noarch"]),
        ("lab-epoch-1.5", ["lab-epoch-2:1.5-1.noarch"]),
        ("lab-app=2.0", ["lab-app-2.0-1.x86_64"]),
        ("lab-app==2.0", ["lab-app-2.0-1.x86_64"]),
        ("lab-app = 2.0-1", ["lab-app-2.0-1.x86_64"]),
        ("lab-app=2.0-2", []),
        ("lab-app<2.0", [APP[0], APP[1], APP[3]]),
        ("lab-app <= 2.0", APP),
        ("lab-app>1.0", ["lab-app-2.0-1.x86_64"]),
        ("lab-app>=2.0-1", ["lab-app-2.0-1.x86_64"]),
        ("lab-app!=1.0", ["lab-app-2.0-1.x86_64"]),
        ("lab-app != 2.0", [APP[0], APP[1], APP[3]]),
        ("lab-app.x86_64>1.0", ["lab-app-2.0-1.x86_64"]),
        ("lab-app.i686!=2", ["lab-app-1.0-1.i686"]),
        ("lab-epoch=2:1.5", ["lab-epoch-2:1.5-1.noarch"]),
        ("lab-app-1*", []),
        ("lab-app=1*", []),
        ("libstdc++", ["libstdc++-12-1.x86_64"]),
        ("with.dot", ["with.dot-1-1.noarch"]),
        ("nothing", []),
        ("only-source", []),
        ("", []),
        ("=", []),
        ("[", []),
        ("!=", []),
        ("lab-app!=", []),
    ],
)
def test_a_spec_names_these_packages_without_a_note(pool: Pool, spec: str, expected: list[str]) -> None:
    found = select.find(pool, spec)
    assert nevras(pool, found.handles) == expected
    assert found.note == ""


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("virtual(lab)", ["lab-app-1.0-1.x86_64", "lab-app-2.0-1.x86_64"]),
        ("virtual(lab)>=2.0", ["lab-app-2.0-1.x86_64"]),
        ("virtual(lab) = 1.0", ["lab-app-1.0-1.x86_64"]),
        ("virt*", ["lab-app-1.0-1.x86_64", "lab-app-2.0-1.x86_64"]),
        ("libstdc++.so.6(GLIBCXX_3.4)(64bit)", ["libstdc++-12-1.x86_64"]),
    ],
)
def test_a_capability_is_looked_up_when_no_name_matches(pool: Pool, spec: str, expected: list[str]) -> None:
    found = select.find(pool, spec)
    assert nevras(pool, found.handles) == expected
    assert found.note == f"[using capability match for '{spec}']"


@pytest.mark.parametrize("spec", ["LAB-UPPER", "lab-upper", "lab-upp*", "LAB-upper-1-1.noarch"])
def test_case_is_ignored_when_nothing_else_matches(pool: Pool, spec: str) -> None:
    found = select.find(pool, spec)
    assert nevras(pool, found.handles) == ["Lab-Upper-1-1.noarch"]
    assert found.note == f"[ignoring case for '{spec}']"


def test_source_packages_are_matched_only_on_demand(pool: Pool) -> None:
    found = select.find(pool, "lab-app", source=True)
    assert nevras(pool, found.handles) == ["lab-app-1.0-1.src"]
    assert nevras(pool, select.find(pool, "only-source", source=True).handles) == ["only-source-1-1.src"]
    assert select.find(pool, "zoo", source=True).handles == ()


def test_a_scope_leaves_only_its_packages(pool: Pool) -> None:
    installed = select.find(pool, "lab-app", scope="installed")
    available = select.find(pool, "lab-app", scope="available")
    assert nevras(pool, installed.handles) == APP[:1]
    assert nevras(pool, available.handles) == APP[1:]


def test_a_name_that_exists_elsewhere_is_not_looked_up_as_a_capability(pool: Pool) -> None:
    found = select.find(pool, "tool", scope="installed")
    assert found == select.Matches((), "")


def test_a_note_is_given_only_with_a_match(pool: Pool) -> None:
    assert select.find(pool, "virtual(lab)", scope="installed") == select.Matches((), "")


def test_installed_packages_come_first_and_sorted_by_name(pool: Pool) -> None:
    found = select.find(pool, "*")
    assert nevras(pool, found.handles)[:4] == [
        "ant-1-1.noarch@",
        "lab-app-1.0-1.x86_64@",
        "zoo-1-1.noarch@",
        "lab-app-1.0-1.x86_64",
    ]


@pytest.mark.parametrize("required", [False, True])
def test_a_path_names_who_holds_it(pool: Pool, required: bool) -> None:
    pool.prepare(file_provides=required)
    for spec in ("/usr/bin/tool", "/usr/*/to?l"):
        found = select.find(pool, spec)
        assert nevras(pool, found.handles) == ["tool-1-1.noarch"]
        assert found.note == f"[using file list match for '{spec}']"
        assert select.find(pool, spec, scope="installed") == select.Matches(())
    assert select.find(pool, "/usr/bin/absent").handles == ()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("lab-app", 4),
        ("lab-app-1.0", 3),
        ("lab-app.i686", 1),
        ("lab-app-2.0-1.x86_64", 1),
        ("lab-app-1.*", 3),
        ("lab-*-1.0-1.x86_64", 2),
        ("l*-1.0-1.noarch", 1),
        ("lab-epoch-2:1.5", 1),
        ("lab-epoch-?:1.5-*", 1),
        ("*.noarch", 8),
        ("virtual(lab)", 0),
        ("nothing*-1", 0),
        ("[", 0),
    ],
)
def test_a_filter_fits_specs_and_globs_of_them(pool: Pool, spec: str, expected: int) -> None:
    assert len(select.fitting(pool, spec)) == expected, nevras(pool, tuple(select.fitting(pool, spec)))


@pytest.mark.parametrize(
    "spec", ["a" * 100_000, "a-" * 2000, "(" * 500, "*" * 50 + "z", "\udcff", "x\ny", "=1", "-", ".", ":"]
)
def test_strange_words_name_nothing(pool: Pool, spec: str) -> None:
    assert select.find(pool, spec).handles == ()


def test_an_empty_pool_answers(tmp_path: Path) -> None:
    assert select.find(world.build(tmp_path), "a").handles == ()
