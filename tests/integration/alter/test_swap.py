"""swap: one package for another, in dnf's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

RED = Rpm("red", provides=("colour",), conflicts=("blue",), files={"/usr/share/colour": "red\n"})
BLUE = Rpm("blue", provides=("colour",), conflicts=("red",), files={"/usr/share/colour": "blue\n"})
PAINTING = Rpm("painting", requires=("colour",))
FRAME = Rpm("frame", requires=("red",))
TORN = Rpm("torn", requires=("nowhere-to-be-found",))


@pytest.fixture
def painted(tdnf: Tdnf, offer: Callable[..., Repo]) -> Tdnf:
    offer(RED, BLUE, PAINTING, FRAME, TORN)
    tdnf("-y", "install", "red", "painting").ok()
    return tdnf


def test_what_others_need_changes_hands_in_one_transaction(painted: Tdnf, root: Root) -> None:
    done = painted("-y", "swap", "red", "blue").ok()
    assert done.stdout.index("Installing/Updating: blue") < done.stdout.index("Removing: red")
    assert root.installed == ["blue-1.0-1.noarch", "painting-1.0-1.noarch"]
    assert root.file("/usr/share/colour").read_text() == "blue\n"
    assert len(painted("-j", "history").json) == 3


def test_a_file_can_come_instead(painted: Tdnf, root: Root, workshop: Workshop) -> None:
    (path,) = workshop.build(BLUE, signed=False)
    painted("-y", "--nogpgcheck", "swap", "red", path).ok()
    assert "blue-1.0-1.noarch" in root.installed


@pytest.mark.parametrize("words", [(), ("red",), ("red", "blue", "green")])
def test_two_words_are_needed(painted: Tdnf, words: tuple[str, ...]) -> None:
    painted("swap", *words).failed(1001)


@pytest.mark.parametrize("words", [("nonesuch", "blue"), ("red", "nonesuch")])
def test_what_is_not_known_stops_all_of_it(painted: Tdnf, root: Root, words: tuple[str, ...]) -> None:
    before = root.installed
    painted("-y", "swap", *words).failed(1011)
    assert root.installed == before


def test_nothing_goes_unless_the_other_comes(painted: Tdnf, root: Root, workshop: Workshop) -> None:
    painted("install", "-y", "frame").ok()
    before = root.installed
    painted("swap", "-y", "red", "red").failed(1301)
    painted("swap", "-y", "red", "frame").failed(1301)
    painted("swap", "-y", "red", "blue", "--exclude=blue").failed(1011)
    for option in ("--skip-broken", "--skip-unavailable"):
        painted("swap", "-y", option, "red", "nonesuch").failed(1011)
        painted("swap", "-y", option, "red", "torn").failed(1301)
    (path,) = workshop.build(RED, signed=False)
    painted("swap", "-y", "--nogpgcheck", "red", path).failed(1301)
    done = painted("swap", "-y", "red.rpm", "blue").failed(1011)
    assert "red.rpm: a file cannot be removed; name the package" in done.stderr
    assert root.installed == before
