"""--repofromdir: a folder of packages as a repository (options 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.rpms import Rpm, copy
from tests.support.sample import APP_1, APP_2, EXTRAS, LIB_1, LIB_2

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop


@pytest.fixture
def folder(tmp_path: Path, workshop: Workshop) -> Path:
    """app and lib 1.0, one of them deeper down, and a hidden package."""
    made = tmp_path / "rpms 100%"
    for rpm, place in ((APP_1, made), (LIB_1, made / "deeper"), (APP_2, made / ".hidden")):
        copy(workshop.build(rpm, signed=False)[0], place)
    return made


def option(folder: Path, id: str = "dir") -> str:
    return f"--repofromdir={id},{folder}"


def test_packages_are_installed_from_where_they_lie(tdnf: Tdnf, root: Root, folder: Path) -> None:
    done = tdnf("-y", "--nogpgcheck", option(folder), "install", "app").ok()
    assert [line.split()[3] for line in done.lines if line.startswith(("app", "lib"))] == ["dir", "dir"]
    assert root.installed == ["app-1.0-1.noarch", "lib-1.0-1.noarch"]
    assert len(list(folder.rglob("*.rpm"))) == 3


def test_queries_see_them(tdnf: Tdnf, folder: Path) -> None:
    def ask(*words: str) -> list[str]:
        return tdnf(option(folder), *words).ok().lines

    assert [line.split() for line in ask("list")] == [
        ["app.noarch", "1.0-1", "dir"],
        ["lib.noarch", "1.0-1", "dir"],
    ]
    assert ask("repoquery", "--list", "app") == ["/usr/share/app/app.txt"]
    assert "lib >= 1.0" in ask("repoquery", "--requires", "app")
    assert ask("provides", "/usr/share/lib/data")[-2].startswith("lib-1.0-1.noarch : ")
    assert ask("search", "application") == ["app : An application"]
    assert "Summary       : An application" in ask("info", "app")
    assert ask("repolist")[-1].split() == ["dir", "dir", "enabled"]


def test_other_repositories_remain_and_priorities_hold(
    tdnf: Tdnf, root: Root, folder: Path, offer: Callable[..., Repo]
) -> None:
    offer(LIB_2, EXTRAS)
    tdnf("-y", "--nogpgcheck", option(folder), "install", "app").ok()
    assert root.installed == ["app-1.0-1.noarch", "extras-1.0-1.noarch", "lib-2.0-1.noarch"]


def test_an_rpm_file_can_be_named_at_the_same_time(
    tdnf: Tdnf, root: Root, folder: Path, workshop: Workshop
) -> None:
    (path,) = workshop.build(EXTRAS, signed=False)
    tdnf("-y", "--nogpgcheck", option(folder), "install", "app", path).ok()
    assert "extras-1.0-1.noarch" in root.installed


def test_several_folders_all_count(
    tdnf: Tdnf, root: Root, folder: Path, tmp_path: Path, workshop: Workshop
) -> None:
    copy(workshop.build(EXTRAS, signed=False)[0], tmp_path / "second")
    words = (option(folder), option(tmp_path / "second", "two"), "--repo=dir", "--repo=two")
    tdnf("-y", "--nogpgcheck", *words, "install", "app").ok()
    assert "extras-1.0-1.noarch" in root.installed


def test_downloaddir_gets_copies(tdnf: Tdnf, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    words = ("--downloadonly", "--downloaddir", tmp_path / "out", "--nogpgcheck")
    tdnf("-y", option(folder), *words, "install", "app").ok()
    assert {path.name for path in (tmp_path / "out").iterdir()} == {APP_1.filename, LIB_1.filename}


def test_signatures_count_there_too(
    tdnf: Tdnf, root: Root, folder: Path, tmp_path: Path, workshop: Workshop
) -> None:
    tdnf("-y", option(folder), "install", "app").failed(1510)
    copy(workshop.build(LIB_1)[0], tmp_path / "signed")
    tdnf("-y", option(tmp_path / "signed"), "install", "lib").failed(1523)
    assert root.installed == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("dir", 1622),
        (",/tmp", 1622),
        ("dir,/nonesuch", 1602),
        ("dir,/etc/passwd", 1622),
        ("@System,/tmp", 1037),
    ],
)
def test_a_wrong_folder_is_refused(tdnf: Tdnf, text: str, number: int) -> None:
    done = tdnf("--repofromdir", text, "list").failed(number)
    if text.endswith("passwd"):
        assert done.stderr.splitlines()[0] == "/etc/passwd is not a directory"


def test_an_id_may_be_used_once(tdnf: Tdnf, folder: Path) -> None:
    tdnf(option(folder), option(folder), "list").failed(1037)


def test_an_empty_folder_is_an_empty_repository(tdnf: Tdnf, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert tdnf(option(tmp_path / "empty"), "list").ok().stdout == ""
    tdnf(option(tmp_path / "empty"), "makecache").ok()
    tdnf(option(tmp_path / "empty"), "updateinfo").ok()


def test_changelogs_come_from_the_headers(tdnf: Tdnf, tmp_path: Path, workshop: Workshop) -> None:
    rpm = Rpm("logged", changelog="* Wed Jan 01 2020 John Doe <jd@localhost> 1.0-1\n- first\n")
    copy(workshop.build(rpm, signed=False)[0], tmp_path / "some")
    done = tdnf(option(tmp_path / "some"), "repoquery", "--changelogs", "logged").ok()
    assert done.lines == ["Wed Jan 01 2020 John Doe <jd@localhost> 1.0-1", "- first"]
