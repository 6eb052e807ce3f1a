"""The line at the end of a transaction, which a person reads and a program does not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.rpms import Rpm
from tests.support.terminal import on_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.server import Server


def test_a_transaction_ends_with_a_line_that_sums_it_up(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], server: Server
) -> None:
    first, then = Rpm("one", "1-1", files={"/usr/one": "x" * 5000}), Rpm("one", "2-1")
    for number, rpm in enumerate((first, then)):
        repo = make_repo(f"r{number}", rpm, Rpm("two", "1-1", requires=["one"]), signed=False)
        root.add_repo(repo, baseurl=server.url(repo.id))
        done = on_terminal(tdnf, "-y", *(("update",) if number else ("install", "two")))
        assert done.status == 0, done.text
        said = ("2 installed", "1 upgraded")[number], ("more", "less")[number]
        line = rf"{said[0]}; [0-9.]+k downloaded, [0-9.]+k {said[1]} on the disk; [0-9.]+ s"
        assert re.fullmatch(line, done.lines[-1]), done.text
    done = on_terminal(tdnf, "-y", "remove", "one")
    assert re.fullmatch(r"2 removed; [0-9.]+b (less|more) on the disk; [0-9.]+ s", done.lines[-1]), done.text


@pytest.mark.parametrize("words", [("-q",), ("-j",), ("--downloadonly",), ("--testonly",), ("--assumeno",)])
def test_nothing_is_summed_up_where_nothing_was_done_or_asked_for(
    tdnf: Tdnf, offer: Callable[..., Repo], words: tuple[str, ...]
) -> None:
    offer(Rpm("one", "1-1"))
    done = on_terminal(tdnf, *words, *(() if "--assumeno" in words else ("-y",)), "install", "one")
    assert "on the disk" not in done.text


def test_nothing_is_summed_up_in_a_pipe(tdnf: Tdnf, offer: Callable[..., Repo]) -> None:
    offer(Rpm("one", "1-1"))
    assert "on the disk" not in tdnf("-y", "install", "one").ok().stdout
