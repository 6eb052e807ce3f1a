"""download: package files in a folder, in dnf's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.sample import APP_2, EXTRAS, LIB_2

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.world import World
    from tests.support.cli import Tdnf


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_best_version_is_fetched_to_the_current_folder(look: Tdnf, tmp_path: Path) -> None:
    look("download", "lib", "extras", cwd=tmp_path).ok()
    assert names(tmp_path) == {LIB_2.filename, EXTRAS.filename}


@pytest.mark.parametrize("option", ["--destdir", "--downloaddir"])
def test_another_folder_can_be_named(look: Tdnf, tmp_path: Path, option: str) -> None:
    look("download", option, tmp_path, "lib=1.0").ok()
    assert names(tmp_path) == {"lib-1.0-1.noarch.rpm"}
    assert "lib package already downloaded" in look("download", option, tmp_path, "lib=1.0").ok().stdout


def test_what_is_needed_comes_on_demand(look: Tdnf, tmp_path: Path) -> None:
    look("download", "--resolve", "--disablerepo=second", "app", "--destdir", tmp_path).ok()
    assert names(tmp_path) == {APP_2.filename, LIB_2.filename, EXTRAS.filename}


def test_a_source_package_is_fetched_as_such(look: Tdnf, tmp_path: Path) -> None:
    look("download", "--source", "rich", "--destdir", tmp_path).ok()
    assert names(tmp_path) == {"rich-1.2-3.src.rpm"}


def test_urls_are_printed_instead(look: Tdnf, world: World, tmp_path: Path) -> None:
    done = look("download", "--urls", "lib", cwd=tmp_path).ok()
    assert done.lines == [world.server.url(f"main/Packages/{LIB_2.filename}")]
    assert not names(tmp_path)


def test_what_cannot_be_had_is_said(look: Tdnf, tmp_path: Path) -> None:
    look("download").failed(1001)
    look("download", "nonesuch", cwd=tmp_path).failed(1011)
    look("download", "--arch", "s390x", "lib", cwd=tmp_path).failed(1011)
    look("download", "lib", "--downloaddir", tmp_path / "missing").failed(1602)
    assert not names(tmp_path)
