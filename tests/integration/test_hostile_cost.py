"""What hostile input costs: time in proportion to its size, memory below the ceilings of docs/security.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pkgman.model import limits
from tests.support import needs
from tests.support.hostile import INPUTS, measure

DOCUMENT = Path(__file__).parents[2] / "docs/security.md"
ROWS = dict(re.findall(r"^\| ([\w. ]+) \|.*\| (\d+) MiB \|$", DOCUMENT.read_text(), re.MULTILINE))
GROWTH, NOISE = 2.5, 0.3  # of twice the input; seconds that a busy machine adds
ATTEMPTS = 3


def test_every_parser_has_a_ceiling() -> None:
    assert set(ROWS) == {hostile.parser for hostile in INPUTS.values()}


@needs.PROC
@pytest.mark.parametrize("name", INPUTS)
def test_twice_the_input_takes_twice_the_time_and_no_more_than_the_memory_stated(name: str) -> None:
    hostile = INPUTS[name]
    for attempt in range(ATTEMPTS):
        once, twice = measure(name, hostile.size), measure(name, 2 * hostile.size)
        assert max(once.peak, twice.peak) <= int(ROWS[hostile.parser])
        if twice.seconds <= GROWTH * once.seconds + NOISE:
            break
        assert attempt < ATTEMPTS - 1, f"{once.seconds} s became {twice.seconds} s"


def test_the_ceilings_that_the_document_names_are_those_of_the_program() -> None:
    text = DOCUMENT.read_text()
    named = dict(re.findall(r"`(MAX_\w+)` ([\d,]+)", text))
    assert len(named) > 15
    for name, number in named.items():
        value = getattr(limits, name)
        value = value["primary"] if isinstance(value, dict) else value
        assert value in (int(number.replace(",", "")) << shift for shift in (0, 10, 20, 30)), name
