"""What servers learn of the program and the distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pkgman import __version__
from pkgman.useragent import user_agent

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('NAME="Photon"\nID=photon\nVERSION_ID=5.0\n', "photon/5.0"),
        ("ID='fedora'\nVERSION_ID=\"41\"\n", "fedora/41"),
        ("ID=arch\n", "arch/UNKNOWN"),
        ("", "UNKNOWN/UNKNOWN"),
        ("ID=a b\tc\nVERSION_ID=é1\n", "abc/1"),
    ],
)
def test_the_user_agent_names_the_distribution(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "os-release").write_text(text)
    warnings: list[str] = []
    agent = user_agent(warnings.append, str(tmp_path / "os-release"))
    assert agent == f"tdnf/{__version__} {expected}"
    assert warnings == []


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    warnings: list[str] = []
    path = str(tmp_path / "os-release")
    assert user_agent(warnings.append, path) == f"tdnf/{__version__} UNKNOWN/UNKNOWN"
    assert warnings == [f"Warning: {path} file is not present in the system"]
