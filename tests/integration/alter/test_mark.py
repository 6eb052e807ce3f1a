"""mark install and mark remove (commands 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo


@pytest.fixture
def marked(tdnf: Tdnf, root: Root, sample: Repo) -> Tdnf:
    tdnf("-y", "install", "app=1.0").ok()
    return tdnf


def user_installed(tdnf: Tdnf) -> set[str]:
    return {line.split("-")[0] for line in tdnf("repoquery", "--userinstalled").ok().lines}


def test_marks_go_either_way_and_are_recorded(marked: Tdnf) -> None:
    assert user_installed(marked) == {"app"}
    done = marked("mark", "install", "lib", "nonesuch").ok()
    assert done.lines == ["marking lib as userinstalled"]
    assert user_installed(marked) == {"app", "lib"}
    assert marked("mark", "remove", "l*", "app").ok().lines == [
        "marking app as autoinstalled",
        "marking lib as autoinstalled",
    ]
    (last,) = marked("-j", "history", "list", "4").json
    assert last["CmdLine"].endswith("mark remove l* app")
    assert (last["AddedCount"], last["RemovedCount"]) == (0, 0)


@pytest.mark.parametrize(("word", "said"), [("user", "userinstalled"), ("dependency", "autoinstalled")])
def test_dnfs_words_mean_the_same(marked: Tdnf, word: str, said: str) -> None:
    assert marked("mark", word, "app").ok().lines == [f"marking app as {said}"]


@pytest.mark.parametrize(
    ("words", "number", "said"),
    [
        ((), 1622, "need action ('install' or 'remove') as argument"),
        (("delete", "app"), 902, "unknown action 'delete'"),
        (("install",), 1622, "need package spec(s) as argument"),
    ],
)
def test_wrong_words_are_explained(marked: Tdnf, words: tuple[str, ...], number: int, said: str) -> None:
    done = marked("mark", *words).failed(number)
    assert done.lines == [said]


def test_what_is_not_installed_matches_nothing(marked: Tdnf) -> None:
    marked("mark", "install", "extras-nonesuch").failed(1011)
    assert len(marked("-j", "history", "list").json) == 2


def test_without_a_history_there_are_no_marks(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("-y", "install", "lib").ok()
    root.history.unlink()
    tdnf("mark", "remove", "lib").failed(1802)
    assert not root.history.exists()


def test_no_repository_is_asked(marked: Tdnf, root: Root) -> None:
    (root.repodir / "sample.repo").write_text("[gone]\nname=gone\nbaseurl=http://localhost:1/\nenabled=1\n")
    assert marked("mark", "remove", "app").ok().lines == ["marking app as autoinstalled"]


def test_json_mode_says_nothing(marked: Tdnf) -> None:
    assert marked("-j", "mark", "remove", "app").ok().stdout == ""
