"""Signals while libsolv or a parser computes: the run ends, and no child stays."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from pkgman.model import interrupts
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo

AT_ONCE = 2.0  # seconds
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
TERMS = 26  # of a relation that libsolv spells out in 2**26 clauses


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_search_for_a_solution(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], number: int
) -> None:
    halves = [
        Rpm(f"{side}", provides=tuple(f"{side}{n}" for n in range(TERMS))) for side in ("left", "right")
    ]
    # Each half of a term is provided by two packages, so that none can be left out.
    others = [Rpm(f"{rpm.name}-{n}", provides=(f"{rpm.name}{n}",)) for rpm in halves for n in range(TERMS)]
    relation = " or ".join(f"(left{n} and right{n})" for n in range(TERMS))
    root.add_repo(make_repo("hard", Rpm("hard", requires=(f"({relation})",)), *halves, *others, signed=False))
    tdnf("makecache").ok()
    process = tdnf.start("install", "--assumeno", "hard")
    time.sleep(2)
    assert process.poll() is None
    started = time.monotonic()
    process.send_signal(number)
    process.communicate(timeout=30)
    assert time.monotonic() - started < AT_ONCE
    assert process.returncode in (-number, 128 + number)
    assert root.installed == []
    tdnf("list", "hard").ok()


def test_no_signal_is_touched_where_none_was_named() -> None:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    with interrupts.Interruptible():
        assert {number: signal.getsignal(number) for number in SIGNALS} == before


def test_a_handler_is_back_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "_ending", {signal.SIGHUP})
    handler = signal.signal(signal.SIGHUP, lambda *_: None)
    try:
        mine = signal.getsignal(signal.SIGHUP)
        with interrupts.Interruptible():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
        assert signal.getsignal(signal.SIGHUP) is mine
    finally:
        signal.signal(signal.SIGHUP, handler)
