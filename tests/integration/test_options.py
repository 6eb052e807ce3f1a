"""The command line: order, abbreviations, clusters, what is wrong, -q -v -j, repository selection."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import Tdnf, program_command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.world import World
    from tests.support.cli import Result


def enabled(result: Result) -> list[str]:
    """Ids that repolist shows."""
    return [line.split()[0] for line in result.ok().lines[1:]]


@pytest.mark.parametrize(
    "words",
    [
        ["--json", "count"],
        ["-j", "count"],
        ["-json", "count"],
        ["--js", "count"],
        ["count", "-j"],
        ["-j", "--", "count"],
        ["--json", "-j", "count"],
        ["-j", "-e", "1", "-d", "2", "-x", "-4", "-6", "-d3", "count"],
        ["-jso", "-Cq", "count"],
        ["--setopt=json=1", "count"],
    ],
)
def test_options_are_read_as_getopt_long_only_reads_them(look: Tdnf, words: list[str]) -> None:
    assert look(*words).ok().stdout == "24"


def test_the_argument_of_an_option_may_be_attached_to_a_cluster(look: Tdnf, world: World) -> None:
    words = [f"-qyc{world.root.conf}", "-i", str(world.root.path), "--releasever=1", "count"]
    assert look(*words, bare=True).ok().stdout == "Package count = 24\n"


def test_a_required_argument_is_the_next_word_whatever_it_looks_like(look: Tdnf) -> None:
    look("--repo", "repolist").failed(912)
    assert look("--exclude", "--json", "count").ok().stdout == "Package count = 24\n"


def test_words_behind_two_dashes_are_no_options(look: Tdnf) -> None:
    look("list", "--", "--json").failed(1011)


@pytest.mark.parametrize(
    "token",
    ["--foo", "-n", "-r", "-Z", "-1", "--colo", "--json=1", "--no", "--ver", "--repofr=x", "-jy",
     "-yj", "--JSON", "--=x", "-qZ"],
)  # fmt: skip
def test_unknown_and_ambiguous_options_are_refused(look: Tdnf, token: str) -> None:
    said = f"No such option: {token}. Please use /usr/bin/tdnf --help\n"
    for words in ([token, "list"], ["list", token]):
        done = look(*words).failed(908)
        assert done.stdout == said
        assert done.stderr == "Error(908) : Command line error: option is invalid.\n"
    for words in (["-j", "list", token], ["list", token, "--js"], [token, "-json", "--", "-x"]):
        done = look(*words).failed(908)
        assert done.json == {"Error": 908, "ErrorMessage": "Command line error: option is invalid."}
        assert done.stderr == said


@pytest.mark.parametrize(
    "option", ["repo", "exclude", "setopt", "config", "installroot", "whatrequires", "qf"]
)
def test_a_missing_argument_is_refused(look: Tdnf, option: str) -> None:
    assert look("list", f"--{option}").failed(909).stderr == (
        f"Option --{option} requires an argument\nError(909) : Command line error: expected one argument.\n"
    )
    look("list", f"--{option}=").failed(909)
    look("-j", f"--{option}", "").failed(909)


@pytest.mark.parametrize(
    ("words", "number", "text"),
    [
        (["--setopt", "x", "list"], 911, ""),
        (["--installroot", "some/where", "list"], 1622, "Install root must be an absolute path.\n"),
        (["list", ""], 1622, ""),
        (["--downloaddir", "/tmp", "install", "x"], 913, ""),
        (["--alldeps", "install", "x"], 915, ""),
        (["--nodeps", "install", "x"], 916, ""),
    ],
)
def test_what_cannot_work_together_is_refused(look: Tdnf, words: list[str], number: int, text: str) -> None:
    done = look(*words).failed(number)
    assert done.stdout == text
    assert done.stderr.count(f"Error({number}) : ") == 1


def test_an_empty_word_is_named(look: Tdnf) -> None:
    assert look("list", "").failed(1622).stderr == (
        "argument is empty string\nError(1622) : Invalid argument\n"
    )


@pytest.mark.parametrize("word", ["foo", "LIST", "lis", "-", "list "])
def test_unknown_commands_are_refused(look: Tdnf, word: str) -> None:
    done = look(word).failed(912)
    assert done.stdout == f"No such command: {word}. Please use /usr/bin/tdnf --help\n"
    assert done.stderr == "Error(912) : Please check your command\n"
    assert look("-j", word).failed(912).stdout == '{"Error":912,"ErrorMessage":"Please check your command"}'


def test_no_command_in_json_mode_prints_the_error_object_only(look: Tdnf) -> None:
    assert look("-j").failed(912).stdout == '{"Error":912,"ErrorMessage":"Please check your command"}'


def test_the_program_name_tdnfj_means_json(world: World) -> None:
    for name in ("tdnfj", "/some/where/mytdnfj"):
        named = Tdnf(world.root, program=program_command(name))
        assert named("count").ok().stdout == "24"
    assert Tdnf(world.root, program=program_command("tyum"))("count").ok().stdout == "Package count = 24\n"


def test_errors_in_json_mode_are_an_object_on_stdout(look: Tdnf) -> None:
    done = look("-j", "clean").failed(903)
    assert done.json["Error"] == 903
    assert done.stderr.startswith("Say what to clean; choose from: ")


def test_quiet_hides_notes_and_verbose_shows_the_options(look: Tdnf) -> None:
    loud = look(
        "-v", "list", "APP>2", "--setopt=foo=a=b", "--exclude=x,y:z", "--repo=second", "--verbose"
    ).ok()
    assert loud.lines[:7] == [
        "Setting options:", "\tfoo = a=b", "\texclude = x", "\texclude = y", "\texclude = z",
        "\trepo = second", "\tverbose = 1",
    ]  # fmt: skip
    assert loud.lines[7] == "[ignoring case for 'APP>2']"
    assert len(loud.lines) == 9
    assert len(look("-q", "-v", "list", "APP>2", "--setopt=foo=1", "--repo=second").ok().lines) == 1
    assert look("-j", "-v", "list", "APP>2", "--setopt=foo=1", "--repo=second").ok().json


def test_unknown_settings_do_not_fail_and_are_said(look: Tdnf) -> None:
    settings = ["--setopt=main.baseurl=http://x", "--setopt=nonsense=", "--setopt=nosuch.enabled=1"]
    done = look(*settings, "count").ok()
    assert done.stdout == "Package count = 24\n"
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "--setopt=baseurl=", "--setopt=nonsense=", "--setopt=nosuch.enabled=",
    ]  # fmt: skip
    assert look("-j", *settings, "count").ok().stdout == "24"


def test_settings_of_repositories_are_taken_for_one_run(look: Tdnf, world: World) -> None:
    assert enabled(look("repolist", "--setopt=off.enabled=1")) == ["main", "off", "second"]
    assert enabled(look("repolist", "--setopt=*.enabled=0")) == []
    assert enabled(look("repolist", "--setopt=*.enabled=0", "--enablerepo=second")) == ["second"]
    assert enabled(look("repolist")) == ["main", "second"]
    url = world.server.url("second/")
    done = look("-q", "list", "available", "--repo=off", f"--setopt=off.baseurl={url}").ok()
    assert "second-only.noarch" in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["main", "second"]),
        (["--disablerepo=*", "--enablerepo=second"], ["second"]),
        (["--enablerepo=second", "--disablerepo=*"], []),
        (["--enablerepo", "off"], ["main", "off", "second"]),
        (["--disablerepo", "ma?n"], ["second"]),
        (["--disablerepo", "[ms]*", "--enablerepo", "o*"], ["off"]),
        (["--disablerepo", "MAIN"], ["main", "second"]),
        (["--repo=off"], ["off"]),
        (["--repoid=off", "--repo=main"], ["main", "off"]),
        (["--repo=main", "--enablerepo=off"], ["main", "off"]),
        (["--enablerepo=off", "--repo=main"], ["main"]),
        (["--repo=main", "--disablerepo=main"], []),
        (["--repo=main,second"], []),
        (["--repo=nosuch"], []),
        (["--setopt=repo=second"], ["second"]),
        (["--setopt=disablerepo=main", "--setopt=enablerepo=off"], ["off", "second"]),
    ],
)
def test_repositories_are_selected_in_command_line_order(
    look: Tdnf, words: list[str], expected: list[str]
) -> None:
    assert enabled(look("repolist", *words)) == expected


def test_repolist_in_all_filters(look: Tdnf) -> None:
    head = f"{'repo id':<20}{'repo name':<41}{'status':<9}"
    rows = {
        "@cmdline": f"{'@cmdline':<19} {'@cmdline':<40} disabled ",
        "main": f"{'main':<19} {'Repository main':<40} enabled  ",
        "off": f"{'off':<19} {'Switched off':<40} disabled ",
        "second": f"{'second':<19} {'Repository second':<40} enabled  ",
    }
    assert look("repolist").ok().lines == [head, rows["main"], rows["second"]]
    assert look("repolist", "Disabled").ok().lines == [head, rows["@cmdline"], rows["off"]]
    assert look("repolist", "ALL").ok().lines == [head, *rows.values()]
    assert look("repolist", "--disablerepo=*").ok().stdout == ""
    look("repolist", "some").failed(901)


def test_repolist_in_json(look: Tdnf) -> None:
    assert look("-j", "repolist", "disabled").ok().stdout == (
        '[{"Repo":"@cmdline","RepoName":"@cmdline","Enabled":false},'
        '{"Repo":"off","RepoName":"Switched off","Enabled":false}]'
    )
    assert look("-j", "repolist", "--disablerepo=*").ok().stdout == "[]"


def test_repofrompath_adds_an_enabled_repository(look: Tdnf, world: World) -> None:
    path = world.second.path
    assert enabled(look("repolist", f"--repofrompath=x,{path}")) == ["x", "main", "second"]
    assert enabled(look("repolist", f"--repofrompath=x,{path}", "--repo=main")) == ["main"]
    beside = os.path.relpath(path, path.parent)
    for place in (path, beside, f"./{beside}", f"file://{path}", world.server.url("second/")):
        words = ("-q", "list", f"--repofrompath=x,{place}", "--repo=x", "available")
        done = look(*words, cwd=path.parent).ok()
        assert [line.split()[0] for line in done.lines] == ["app.noarch", "second-only.noarch"]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("x", 1622),
        ("x,", 1622),
        (",/tmp", 1622),
        ("x,/no/such/folder", 1602),
        ("x,relative/path", 1524),
        ("x,ssh://localhost/", 1524),
        ("main,/tmp", 1037),
        ("x,/etc/passwd", 2500),
    ],
)
def test_a_bad_repofrompath_is_refused(look: Tdnf, value: str, number: int) -> None:
    assert "Error(" in look("list", f"--repofrompath={value}").failed(number).stderr


def test_setopt_reposdir_and_cachedir_are_host_paths(look: Tdnf, world: World, tmp_path: Path) -> None:
    repos, cache = tmp_path / "repos", tmp_path / "cache"
    repos.mkdir()
    (repos / "only.repo").write_text(world.second.config(name="Only one"))
    words = [f"--setopt=reposdir={repos}", f"--setopt=cachedir={cache}", "--setopt=cachedir=/nonexistent"]
    assert look("list", "available", *words).ok().lines[0] == "Refreshing metadata for: 'Only one'"
    assert list(cache.glob("second-????????/repodata/repomd.xml"))
    look("list", f"--setopt=reposdir={tmp_path}/missing").failed(1005)


def test_a_missing_root_needs_no_creation_for_queries(look: Tdnf, world: World, tmp_path: Path) -> None:
    done = look("-q", "--installroot", tmp_path / "new", f"--setopt=cachedir={tmp_path}/cache", "list").ok()
    assert "@System" not in done.stdout
    assert "second-only.noarch" in done.stdout


def test_exclude_does_not_apply_to_queries(look: Tdnf) -> None:
    assert look("list", "lib", "--exclude=lib").ok().stdout == look("list", "lib").ok().stdout


def test_arguments_that_are_no_utf8_match_nothing(look: Tdnf) -> None:
    bad = os.fsdecode(b"caf\xe9")
    look("list", bad).failed(1011)
    look("list", os.fsdecode(b"li\xe9")).failed(1011)  # the byte is no wildcard: this is not lib
    assert len(look("list", "tool", bad).ok().lines) == 2
    look("info", bad).failed(1011)
    look("search", bad).failed(1599)
    look(bad).failed(912)
    look(f"--{bad}").failed(908)
    assert look("repolist", f"--repo={bad}").ok().stdout == ""
    for words in (
        ["provides", bad],
        ["provides", f"/usr/{bad}"],
        ["provides", f"*/{bad}"],
        ["repoquery", bad],
    ):
        assert look(*words).ok().stderr.endswith("No data available\n")
    for option in ("whatrequires", "whatprovides", "file", "arch"):
        look("repoquery", f"--{option}=/{bad}").ok()
    assert look("repoquery", "lib=2.0", f"--qf={bad}").ok().stdout == f"{bad}\n"
    look("-c", f"/tmp/{bad}", "list").failed(1602)
    assert look("-j", "list", bad).ok().stdout == "[]"
    look("updateinfo", bad).failed(1011)
    look("check-update", bad).ok()


@pytest.mark.parametrize("option", ["--repo", "--repoid", "--enablerepo", "--disablerepo"])
def test_a_repository_that_is_not_there_is_named(look: Tdnf, option: str) -> None:
    said = f"{option}=typo: there is no such repository; 'tdnf repolist all' lists all"
    assert said in look(option, "typo", "repolist").ok().stderr
    assert look(option, "typo*", "repolist").ok().stderr == ""
    assert look(option, "main", "repolist").ok().stderr == ""


def test_a_missing_configuration_says_what_to_write_into_it(look: Tdnf, tmp_path: Path) -> None:
    path = tmp_path / "none.conf"
    done = look("-c", path, "repolist", bare=True).failed(1602)
    lines = done.stderr.splitlines()
    assert lines[0].startswith(f"{path}: cannot be read")
    path.write_text("\n".join(lines[2:-1]) + "\n")
    look("-c", path, f"--setopt=reposdir={tmp_path}", "repolist", bare=True).ok()
