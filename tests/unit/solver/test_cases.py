"""Every case file gives the solution that it states."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import solvercase as case

CASES = sorted((Path(__file__).parent / "cases").glob("*.case"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_case_gives_what_it_states(path: Path, tmp_path: Path) -> None:
    stated = case.read(path)
    assert case.comparable(case.run(stated, tmp_path)) == case.comparable(stated.expect)
