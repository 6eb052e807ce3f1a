"""Print pip constraints that pin each dependency in pyproject.toml to its lowest allowed version."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def lowest(requirements: list[str]) -> list[str]:
    """Turn ``name>=version`` into ``name==version``; a requirement without a bound stays out."""
    return [requirement.replace(">=", "==") for requirement in requirements if ">=" in requirement]


def main() -> int:
    """Print one constraint per line."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    for requirement in lowest([*project["dependencies"], *project["optional-dependencies"]["dev"]]):
        print(requirement)
    return 0


if __name__ == "__main__":
    sys.exit(main())
