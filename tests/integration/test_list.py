"""list, info and check-update: scopes, specs in every form, layouts."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.world import ARCH
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.world import World
    from tests.support.cli import Result, Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

INSTALLED = ["app-1.0-1@@System", "lib-1.0-1@@System", "orphan-0.1-1@@System", "tool-1:1.5-2@@System"]
LIBS = ["lib-1.0-1@@System", "lib-1.0-1@main", "lib-2.0-1@main"]


def raw(tdnf: Tdnf, *arguments: str) -> str:
    """Standard output with its carriage returns."""
    done = subprocess.run(tdnf.command(*arguments), env=tdnf.environment(), capture_output=True, check=True)
    return done.stdout.decode()


def rows(result: Result) -> list[str]:
    """``name-evr@repo`` of each line of list, notes left out."""
    cells = [line.split() for line in result.ok().lines if not line.startswith("[")]
    return [f"{name.rpartition('.')[0]}-{evr}@{repo}" for name, evr, repo in cells]


@pytest.mark.parametrize("words", [["list"], ["list", "all"], ["list", "--all"], ["list", "ALL"]])
def test_list_shows_what_is_installed_before_what_is_available(look: Tdnf, words: list[str]) -> None:
    found = rows(look(*words))
    assert found[:4] == INSTALLED
    assert found[4:7] == ["app-1.0-1@main", "app-2.0-1@main", "broken-1.0-1@main"]
    assert found[-2:] == ["app-3.0-1@second", "second-only-1.0-1@second"]
    assert len(found) == 24


@pytest.mark.parametrize("word", ["extras", "obsoletes", "recent"])
def test_scopes_that_tdnf_does_not_filter_count_as_all(look: Tdnf, word: str) -> None:
    assert look("list", word).ok().stdout == look("list").ok().stdout
    assert look("list", f"--{word}").ok().stdout == look("list").ok().stdout


@pytest.mark.parametrize("words", [["list", "installed"], ["list", "--installed"], ["list", "Installed"]])
def test_list_installed(look: Tdnf, words: list[str]) -> None:
    assert rows(look(*words)) == INSTALLED


def test_list_available_leaves_installed_packages_out(look: Tdnf) -> None:
    assert rows(look("list", "available", "lib")) == LIBS[1:]


@pytest.mark.parametrize("word", ["upgrades", "updates", "--upgrades", "--updates"])
def test_list_upgrades_shows_every_higher_version(look: Tdnf, word: str) -> None:
    assert rows(look("list", word)) == ["app-2.0-1@main", "app-3.0-1@second", "lib-2.0-1@main"]
    assert rows(look("list", word, "lib")) == ["lib-2.0-1@main"]


def test_list_downgrades_is_empty_when_the_lowest_is_installed(look: Tdnf) -> None:
    assert look("list", "downgrades").ok().stdout == ""


def test_a_scope_word_beats_a_scope_option_and_only_the_first_counts(look: Tdnf) -> None:
    assert rows(look("list", "--available", "installed")) == INSTALLED
    look("list", "installed", "available").failed(1011)  # the second word is a spec


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("lib", LIBS),
        ("l?b", LIBS),
        ("[l]ib", LIBS),
        ("lib*", LIBS),
        ("lib.noarch", LIBS),
        ("li*.noarch", LIBS),
        ("lib-1.0", LIBS[:2]),
        ("lib-1.0-1", LIBS[:2]),
        ("lib-1.0-1.noarch", LIBS[:2]),
        ("lib=1.0", LIBS[:2]),
        ("lib==1.0-1", LIBS[:2]),
        ("lib = 1.0", LIBS[:2]),
        ("lib>1.0", LIBS[2:]),
        ("lib >= 2.0-1", LIBS[2:]),
        ("lib<2.0", LIBS[:2]),
        ("lib<=1.0", LIBS[:2]),
        ("lib!=1.0", LIBS[2:]),
        ("lib.noarch>1.0", LIBS[2:]),
        ("rich-3:1.2-3", ["rich-3:1.2-3@main"]),
        (f"rich-3:1.2-3.{ARCH}", ["rich-3:1.2-3@main"]),
        ("rich-1.2-3", ["rich-3:1.2-3@main"]),
        ("rich=3:1.2", ["rich-3:1.2-3@main"]),
        ("tool=1:1.5-2", ["tool-1:1.5-2@@System", "tool-1:1.5-2@main"]),
    ],
)
def test_list_understands_the_spec(look: Tdnf, spec: str, expected: list[str]) -> None:
    result = look("list", spec)
    assert rows(result) == expected
    assert "[" not in result.stdout


@pytest.mark.parametrize(
    "spec",
    [
        "nosuch",
        "rich.src",
        "*.src",
        "rich-3:1.2-3.src",
        "lib-1*",
        "lib=1*",
        "/usr/bin/absent",
        "lib-9.0",
        "lib.s390x",
    ],
)
def test_list_of_what_matches_nothing_fails(look: Tdnf, spec: str) -> None:
    look("list", spec).failed(1011)
    look("info", spec).failed(1011)
    assert look("-j", "list", spec).ok().stdout == "[]"
    assert look("-j", "info", spec).ok().stdout == "[]"


@pytest.mark.parametrize("spec", ["virtual(rich)", "virtual(rich)>=7.0", "virtual(r*"])
def test_a_capability_counts_when_no_name_does(look: Tdnf, spec: str) -> None:
    result = look("list", spec)
    assert rows(result) == ["rich-3:1.2-3@main"]
    assert result.lines[0] == f"[using capability match for '{spec}']"
    assert "[" not in look("-q", "list", spec).ok().stdout


def test_case_is_ignored_when_nothing_else_matches(look: Tdnf) -> None:
    result = look("list", "LIB")
    assert result.lines[0] == "[ignoring case for 'LIB']"
    assert rows(result) == LIBS
    result = look("list", "Virtual(RICH) >= 7")
    assert result.lines[0] == "[ignoring case for 'Virtual(RICH) >= 7']"
    assert rows(result) == ["rich-3:1.2-3@main"]


def test_source_packages_are_in_the_unfiltered_list(look: Tdnf) -> None:
    assert "rich.src" in [line.split()[0] for line in look("list", "available").ok().lines]
    assert "rich.src" not in [line.split()[0] for line in look("list", "installed").ok().lines]


def test_list_downgrades_shows_every_lower_version(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf, workshop: Workshop
) -> None:
    versions = [Rpm("thing", f"{n}-1", files={f"/usr/share/thing-{n}": "x"}) for n in (1, 2, 3, 4)]
    root.add_repo(make_repo("main", *versions, signed=False))
    for path in workshop.build(versions[1], versions[2], signed=False):
        root.rpm("-i", "--nosignature", str(path)).ok()
    assert rows(tdnf("-q", "list", "downgrades")) == ["thing-1-1@main", "thing-1-1@main", "thing-2-1@main"]
    assert rows(tdnf("-q", "list", "upgrades", "thing")) == [
        "thing-3-1@main",
        "thing-4-1@main",
        "thing-4-1@main",
    ]
    assert tdnf("-j", "list", "downgrades", "nosuch").ok().stdout == "[]"
    tdnf("list", "downgrades", "nosuch").failed(1011)


def test_with_no_repository_everything_works_on_what_is_installed(look: Tdnf) -> None:
    assert rows(look("list", "--disablerepo=*")) == INSTALLED
    assert look("list", "available", "--disablerepo=*").ok().stdout == ""
    assert look("info", "--disablerepo=*", "available").ok().stdout == ""
    assert look("-j", "info", "--disablerepo=*", "available").ok().stdout == "[]"
    assert look("check-update", "--disablerepo=*").ok().stdout == ""


def test_several_specs_are_a_union_and_unknown_ones_do_not_matter(look: Tdnf) -> None:
    found = rows(look("list", "second-only", "nosuch", "lib", "lib-1.0"))
    assert found == [*LIBS, "second-only-1.0-1@second"]


def test_list_source_finds_source_packages_only(look: Tdnf) -> None:
    assert look("list", "--source", "rich").ok().lines[0].split() == ["rich.src", "3:1.2-3", "main"]
    assert rows(look("list", "--source", "rich.src")) == ["rich-3:1.2-3@main"]
    look("list", "--source", "app").failed(1011)
    assert rows(look("list", "--source")) == ["rich-3:1.2-3@main"]
    assert rows(look("list", "--source", "installed")) == []


def test_list_has_the_columns_of_tdnf(look: Tdnf) -> None:
    assert look("list", "tool").ok().lines == [
        f"{'tool.noarch':<44} {'1:1.5-2':<20} {'@System':>12}",
        f"{'tool.noarch':<44} {'1:1.5-2':<20} {'main':>12}",
    ]


def test_list_in_json_has_the_epoch_in_evr_and_no_newline(look: Tdnf) -> None:
    assert look("-j", "list", "tool", "available").ok().stdout == (
        '[{"Name":"tool","Arch":"noarch","Evr":"1:1.5-2","Repo":"@System"},'
        '{"Name":"tool","Arch":"noarch","Evr":"1:1.5-2","Repo":"main"}]'
    )


def test_info_prints_the_whole_record_and_the_total(look: Tdnf, world: World) -> None:
    size = (world.main.path / f"Packages/rich-1.2-3.{ARCH}.rpm").stat().st_size
    assert look("info", "rich").ok().lines == [
        "Name          : rich",
        f"Arch          : {ARCH}",
        "Epoch         : 3",
        "Version       : 1.2",
        "Release       : 3",
        "Install Size  :  27.00b (27)",
        f"Download Size  : {size / 1024:6.2f}k ({size})",
        "Repo          : main",
        "Summary       : Wealth & <plenty>",
        "URL           : http://localhost/rich?a=1&b=2",
        "License       : GPL-2.0-or-later AND MIT",
        "Description   : First line of naïveté.",
        "Second line.",
        "",
        "",
        "Total Size:  27.00b (27)",
    ]


def test_info_of_an_installed_package_has_no_download_size(look: Tdnf) -> None:
    text = look("info", "installed", "app").ok().stdout
    assert "Download Size" not in text
    assert "Repo          : @System\n" in text
    assert "URL           : http://localhost/app\n" in text


def test_info_adds_up_the_sizes_of_all_records(look: Tdnf) -> None:
    lines = look("info", "lib").ok().lines
    assert lines[-3:] == ["", "", "Total Size:  24.00b (24)"]
    assert sum(line.startswith("Name") for line in lines) == 3


def test_info_in_json(look: Tdnf) -> None:
    items = look("-j", "info", "rich", "app=1.0").ok().json
    by_repo = {(item["Name"], item["Repo"]): item for item in items}
    rich = by_repo["rich", "main"]
    assert rich.pop("DownloadSize") > 1000
    assert rich == {
        "Name": "rich",
        "Arch": ARCH,
        "Evr": "3:1.2-3",
        "Repo": "main",
        "Url": "http://localhost/rich?a=1&b=2",
        "InstallSize": 27,
        "Summary": "Wealth & <plenty>",
        "License": "GPL-2.0-or-later AND MIT",
        "Description": "First line of naïveté.\nSecond line.",
    }
    assert "DownloadSize" not in by_repo["app", "@System"]
    assert list(by_repo["app", "main"]) == [
        "Name", "Arch", "Evr", "Repo", "Url", "InstallSize", "DownloadSize", "Summary", "License",
        "Description",
    ]  # fmt: skip


def test_absent_texts_are_null_in_json(look: Tdnf) -> None:
    assert look("-j", "info", "installed", "tool").ok().json[0]["Url"] is None


def test_check_update_names_each_update_at_the_end_of_a_line(look: Tdnf) -> None:
    assert raw(look, "check-update") == (
        f"{'main':>80}\r%s\rapp.noarch\n{'second':>80}\r%s\rapp.noarch\n{'main':>80}\r%s\rlib.noarch\n"
    )
    assert raw(look, "check-update", "lib").endswith("\r%s\rlib.noarch\n")


def test_check_upgrade_is_another_word_for_it(look: Tdnf) -> None:
    assert raw(look, "check-upgrade", "lib") == raw(look, "check-update", "lib")
    assert look("-j", "check-upgrade").ok().stdout == look("-j", "check-update").ok().stdout


def test_check_update_without_updates_is_silent_and_fine(look: Tdnf) -> None:
    assert look("check-update", "tool").ok().stdout == ""
    assert look("check-update", "nosuch").ok().stdout == ""
    assert look("-j", "check-update", "nosuch").ok().stdout == "[]"


def test_check_update_in_json_is_like_list(look: Tdnf) -> None:
    assert look("-j", "check-update", "lib").ok().json == [
        {"Name": "lib", "Arch": "noarch", "Evr": "2.0-1", "Repo": "main"}
    ]


def test_check_update_in_compatible_mode_exits_with_100(look: Tdnf, world: World, tmp_path: Path) -> None:
    compat = tmp_path / "compat.conf"
    compat.write_text(world.root.conf.read_text() + "dnf_check_update_compat=1\n")
    done = look("-c", compat, "check-update", "lib")
    assert (done.status, done.stderr) == (100, "")
    assert done.stdout == f"{'lib.noarch':<44} {'2.0-1':<20} {'main':>12}\n"
    done = look("-j", "-c", compat, "check-update", "lib")
    assert (done.status, done.stderr, done.json[0]["Evr"]) == (100, "", "2.0-1")
    look("-c", compat, "check-update", "tool").ok()


def test_the_word_of_several_that_fits_nothing_is_named(look: Tdnf) -> None:
    done = look("list", "rich", "nosuch").ok()
    assert "rich." in done.stdout
    assert "Nothing matches: nosuch\n" in done.stderr
    assert "Nothing matches" not in look("-q", "list", "rich").ok().stderr
