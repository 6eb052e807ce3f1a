"""check-local: rpm files in a folder, by themselves (commands 8, output 4.9)."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.rpms import Rpm, break_header, copy
from tests.support.sample import APP_1, EXTRAS, LIB_1, LIB_2

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.workshop import Workshop


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "rpms"
    (made / "below").mkdir(parents=True)
    return made


def fill(folder: Path, workshop: Workshop, *rpms: Rpm) -> None:
    for path in workshop.build(*rpms, signed=False):
        copy(path, folder)


def test_packages_that_fit_together_pass(tdnf: Tdnf, folder: Path, workshop: Workshop) -> None:
    fill(folder, workshop, APP_1)
    fill(folder / "below", workshop, LIB_1, EXTRAS)
    done = tdnf("check-local", folder).ok()
    assert done.lines == [
        f"Checking all packages from: {folder}",
        "Found 3 packages",
        "Check completed without issues",
    ]
    assert tdnf("-q", "check-local", folder).ok().lines == ["Check completed without issues"]
    assert tdnf("-j", "check-local", folder).ok().stdout == ""


def test_what_is_missing_is_named(tdnf: Tdnf, folder: Path, workshop: Workshop) -> None:
    fill(folder, workshop, APP_1)
    done = tdnf("check-local", folder).failed(1301)
    assert "1. nothing provides lib >= 1.0 needed by app-1.0-1.noarch" in done.stderr
    assert "Found 1 problem(s) while resolving" in done.stderr
    tdnf("--skip-broken", "check-local", folder).ok()


def test_two_versions_of_a_name_do_not_fit_together(tdnf: Tdnf, folder: Path, workshop: Workshop) -> None:
    fill(folder, workshop, LIB_1, LIB_2)
    assert "cannot install both" in tdnf("check-local", folder).failed(1301).stderr


def test_neither_repositories_nor_the_system_count(
    tdnf: Tdnf, root: Root, folder: Path, workshop: Workshop
) -> None:
    fill(folder, workshop, APP_1)
    root.add_repo("[gone]\nname=gone\nbaseurl=http://localhost:1/\nenabled=1\n")
    root.rpm("-i", str(workshop.build(LIB_1, signed=False)[0])).ok()
    assert "nothing provides lib" in tdnf("check-local", folder).failed(1301).stderr


def test_hidden_entries_are_passed_over(tdnf: Tdnf, folder: Path, workshop: Workshop) -> None:
    (folder / ".hidden").mkdir()
    fill(folder / ".hidden", workshop, APP_1)
    (folder / ".x.rpm").write_text("no package")
    assert "Found 0 packages" in tdnf("check-local", folder).ok().lines


def test_a_broken_package_is_named(tdnf: Tdnf, folder: Path, workshop: Workshop) -> None:
    fill(folder, workshop, LIB_1)
    break_header(next(folder.glob("lib*.rpm")))
    assert "lib-1.0-1.noarch.rpm" in tdnf("check-local", folder).failed(1622).stderr


def test_a_folder_is_needed(tdnf: Tdnf, folder: Path) -> None:
    assert "check-local requires path" in tdnf("check-local").failed(906).stderr
    tdnf("check-local", folder / "missing").failed(1602)
    (folder / "file").write_text("")
    assert f"{folder}/file: this is no folder" in tdnf("check-local", folder / "file").failed(1620).stderr
    assert tdnf("-j", "check-local", folder / "file" / "x").failed(1602).json["Error"] == 1602


def test_source_packages_are_said_to_be_left_out(tdnf: Tdnf, folder: Path, workshop: Workshop) -> None:
    fill(folder, workshop, LIB_1, Rpm("lib", source=True, build_requires=("nowhere",)))
    assert tdnf("check-local", folder).ok().lines[1:] == [
        "Found 2 packages",
        "1 of them are source packages, which are not checked",
        "Check completed without issues",
    ]


def test_only_packages_are_read(tdnf: Tdnf, folder: Path, workshop: Workshop) -> None:
    fill(folder, workshop, LIB_1)
    (folder / "loop").symlink_to(folder)
    (folder / "folder.rpm").mkdir()
    assert "Found 1 packages" in tdnf("check-local", folder).ok().lines
    os.mkfifo(folder / "pipe.rpm")  # whoever reads it waits for ever
    assert "pipe.rpm" in tdnf("check-local", folder).failed(1622).stderr


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can give capabilities up"
)
def test_a_folder_that_cannot_be_read_is_named(tdnf: Tdnf, folder: Path, workshop: Workshop) -> None:
    fill(folder, workshop, LIB_1)
    (folder / "below").chmod(0)
    # Without its capabilities root is somebody whom permissions bind.
    command = tdnf.command("check-local", folder)
    start = command.index(tdnf.program[0])
    words = [*command[:start], "setpriv", "--bounding-set=-all", *command[start:]]
    done = subprocess.run(words, env=tdnf.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 1613 % 256, done.stdout + done.stderr
    assert f"{folder}/below: Permission denied" in done.stderr
