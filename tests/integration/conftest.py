"""The shared world of query tests, and fresh ones for tests that change something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.world import World, prepare
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.cli import Tdnf
    from tests.support.workshop import Workshop


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, workshop: Workshop) -> Iterator[World]:
    """A world with a warm cache for tests that only look; each worker has its own."""
    made = prepare(tmp_path_factory.mktemp("world"), workshop)
    yield made
    made.server.close()


@pytest.fixture
def look(world: World) -> Tdnf:
    """The program on the shared world, for commands that change nothing."""
    return world.tdnf


@pytest.fixture
def small(workshop: Workshop) -> list[Path]:
    """Two unsigned packages, for repositories that a test damages."""
    return workshop.build(Rpm("one", files={"/usr/share/one/data": "1\n"}), Rpm("two"), signed=False)
