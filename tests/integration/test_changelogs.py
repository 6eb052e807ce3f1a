"""repoquery --changelogs: of repositories, the rpm database and package files; where there are none."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.world import ARCH
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.world import World
    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

TEXT = [
    "Thu Feb 02 2023 Jane Roe <jr@localhost> 1.2-3",
    "- newest entry",
    "- in two lines",
    "Wed Jan 01 2020 John Doe <jd@localhost> 1.0-1",
    "- first entry",
]
ENTRIES = [
    {
        "Time": "Thu Feb 02 2023",
        "Author": "Jane Roe <jr@localhost> 1.2-3",
        "Text": "- newest entry\n- in two lines",
    },
    {"Time": "Wed Jan 01 2020", "Author": "John Doe <jd@localhost> 1.0-1", "Text": "- first entry"},
]
LOGGED = Rpm(
    "logged",
    "0:1.0-1",
    changelog=(
        "* Fri Mar 03 2023 Zoë Ünicode <z@localhost> 2\n- second of a day & <more>\n\n"
        "* Fri Mar 03 2023 Zoë Ünicode <z@localhost> 1\n- first of a day\n"
    ),
)
LOGGED_TEXT = [
    "Fri Mar 03 2023 Zoë Ünicode <z@localhost> 2",
    "- second of a day & <more>",
    "Fri Mar 03 2023 Zoë Ünicode <z@localhost> 1",
    "- first of a day",
]


def test_entries_are_printed_newest_first(look: Tdnf) -> None:
    assert look("repoquery", "--changelogs", "rich").ok().lines == TEXT


def test_entries_in_json(look: Tdnf) -> None:
    (item,) = look("-j", "repoquery", "rich", "--changelogs").ok().json
    assert list(item) == ["Nevra", "Name", "Arch", "Evr", "Repo", "ChangeLogs"]
    assert item["ChangeLogs"] == ENTRIES
    assert look("-j", "repoquery", "lib=2.0", "--changelogs").ok().json[0]["ChangeLogs"] == []


def test_packages_come_one_after_the_other(look: Tdnf) -> None:
    assert look("repoquery", "--changelogs", "--whatrequires", "lib").ok().lines == [
        "Wed Jan 01 2020 John Doe <jd@localhost> 2.0-1",
        "- second",
        *TEXT,
    ]


def test_a_package_without_changelog_prints_nothing(look: Tdnf) -> None:
    done = look("repoquery", "--changelogs", "tool").ok()
    assert (done.stdout, done.stderr) == ("", "")
    assert look("repoquery", "--changelogs", "nosuch").ok().stderr == "No data available\n"
    assert look("-j", "repoquery", "--changelogs", "nosuch").ok().stdout == ""


def test_a_package_file_has_its_own_changelog(look: Tdnf, world: World) -> None:
    path = world.main.path / f"Packages/rich-1.2-3.{ARCH}.rpm"
    assert look("repoquery", "--changelogs", path).ok().lines == TEXT
    assert look("-j", "repoquery", "--changelogs", path).ok().json[0]["ChangeLogs"] == ENTRIES


def test_packages_of_a_folder_have_theirs(look: Tdnf, world: World) -> None:
    folder = f"mine,{world.main.path}/Packages"
    words = ("--repo=mine", "--repofromdir", folder, "repoquery", "rich")
    assert look("-q", *words, "--changelogs").ok().lines == TEXT
    assert look("-q", *words, "--location").ok().lines == [
        f"file://{world.main.path}/Packages/rich-1.2-3.{ARCH}.rpm"
    ]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_day_is_the_same_everywhere(look: Tdnf, zone: str) -> None:
    assert look("repoquery", "--changelogs", "rich", env={"TZ": zone}).ok().lines == TEXT


@pytest.mark.parametrize("compression", ["gz", "xz", "zstd", "none"])
def test_installed_and_available_packages_have_the_same(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf, workshop: Workshop, compression: str
) -> None:
    root.add_repo(make_repo("main", LOGGED, Rpm("other"), signed=False, compression=compression))
    assert tdnf("-q", "repoquery", "--changelogs").ok().lines == LOGGED_TEXT
    assert tdnf("-q", "repoquery", "--installed", "--changelogs").ok().stderr == "No data available\n"
    root.rpm("-i", "--nosignature", *map(str, workshop.build(LOGGED, Rpm("other"), signed=False))).ok()
    assert tdnf("-q", "repoquery", "--installed", "--changelogs").ok().lines == LOGGED_TEXT
    assert tdnf("-q", "repoquery", "--installed", "--changelogs", "--disablerepo=*").ok().lines == LOGGED_TEXT
    items = tdnf("-j", "repoquery", "--installed", "--changelogs").ok().json
    assert [len(item["ChangeLogs"]) for item in items] == [2, 0]


def test_a_repository_that_hides_or_has_no_changelogs_is_named(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf
) -> None:
    repo = make_repo("main", LOGGED, signed=False)
    root.add_repo(repo, skip_md_other=True)
    done = tdnf("-q", "repoquery", "--changelogs").ok()
    assert (done.stdout, done.stderr) == (
        "", "No changelogs of the packages of 'main': skip_md_other is set.\n",
    )  # fmt: skip
    assert not list(root.cachedir.glob("main-*/repodata/*other*"))
    assert tdnf("-j", "repoquery", "--changelogs").ok().json[0]["ChangeLogs"] == []
    subprocess.run(["modifyrepo_c", "--remove", "other", repo.path / "repodata"], check=True)
    root.add_repo(repo)
    done = tdnf("-q", "--refresh", "repoquery", "--changelogs").ok()
    assert done.stderr == "No changelogs of the packages of 'main': it has none.\n"


def test_foreign_words_cannot_pose_as_lines_or_steer_the_terminal(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf, tmp_path: Path
) -> None:
    repo = make_repo("main", LOGGED, signed=False)
    other = tmp_path / "other.xml"
    plain = gzip.decompress(repo.part("other").read_bytes()).decode()
    entry = '<changelog author="A&#10;Wed Jan 01 2020 B&#27;[2J" date="999999999999">C&#27;[2J</changelog>'
    other.write_text(re.sub("<changelog.*</changelog>", entry, plain, flags=re.DOTALL))
    repodata = str(repo.path / "repodata")
    subprocess.run(["modifyrepo_c", "--remove", "other", repodata], check=True, capture_output=True)
    command = ["modifyrepo_c", "--mdtype", "other", str(other), repodata]
    subprocess.run(command, check=True, capture_output=True)
    root.add_repo(repo)
    done = tdnf("-q", "repoquery", "--changelogs").ok()
    assert done.stdout == "Fri Sep 27 33658 A Wed Jan 01 2020 B?[2J\nC?[2J\n"
    (entry_read,) = tdnf("-j", "repoquery", "--changelogs").ok().json[0]["ChangeLogs"]
    assert entry_read["Author"] == "A\nWed Jan 01 2020 B\x1b[2J"


def test_only_changelogs_make_a_run_fetch_them(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf
) -> None:
    root.add_repo(make_repo("main", LOGGED, signed=False))
    root.add_repo(make_repo("second", Rpm("two"), signed=False))
    tdnf("repoquery", "logged", "--list").ok()
    assert not list(root.cachedir.glob("*/repodata/*other*"))
    tdnf("repoquery", "logged", "--changelogs").ok()
    assert len(list(root.cachedir.glob("main-*/repodata/*other*"))) == 1
    assert not list(root.cachedir.glob("second-*/repodata/*other*"))  # none of its packages was asked for
    assert tdnf("-q", "-C", "repoquery", "logged", "--changelogs").ok().lines == LOGGED_TEXT


def test_damaged_changelogs_fail_without_a_traceback(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf
) -> None:
    repo = make_repo("main", LOGGED, signed=False)
    root.add_repo(repo)
    tdnf("makecache").ok()
    os.truncate(repo.part("other"), 20)
    done = tdnf("-q", "repoquery", "--changelogs")
    assert done.status != 0
    assert "Internal error" not in done.stderr
    assert "Error(" in done.stderr
