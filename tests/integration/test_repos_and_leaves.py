"""repolist, repo list and info, leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.repos import repo_section
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from tests.integration.world import World
    from tests.support.cli import Root, Tdnf
    from tests.support.workshop import Workshop

HEADER = "repo id             repo name                                status   "


def row(repo_id: str, name: str, status: str) -> str:
    return f"{repo_id:<19} {name:<40} {status:<9}"


CMDLINE = row("@cmdline", "@cmdline", "disabled")
MAIN, SECOND = (row(name, f"Repository {name}", "enabled") for name in ("main", "second"))
OFF = row("off", "Switched off", "disabled")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["repolist"], [MAIN, SECOND]),
        (["repolist", "enabled"], [MAIN, SECOND]),
        (["repolist", "ENABLED", "all"], [MAIN, SECOND]),
        (["repolist", "disabled"], [CMDLINE, OFF]),
        (["repolist", "All"], [CMDLINE, MAIN, OFF, SECOND]),
        (["repolist", "--all"], [MAIN, SECOND]),  # an option of other commands
        (["repolist", "--repo=off"], [row("off", "Switched off", "enabled")]),
        (["repo"], [MAIN, SECOND]),
        (["repo", "list"], [MAIN, SECOND]),
        (["repo", "list", "--enabled"], [MAIN, SECOND]),
        (["repo", "list", "--disabled"], [CMDLINE, OFF]),
        (["repo", "list", "--all"], [CMDLINE, MAIN, OFF, SECOND]),
        (["repo", "list", "o*", "main"], [MAIN, OFF]),
        (["repo", "list", "--enabled", "o*", "main"], [MAIN]),
    ],
)
def test_repositories_are_listed(look: Tdnf, words: list[str], expected: list[str]) -> None:
    assert look(*words).ok().lines == [HEADER, *expected]


def test_repositories_in_json(look: Tdnf) -> None:
    assert look("-j", "repolist", "all").ok().stdout == (
        '[{"Repo":"@cmdline","RepoName":"@cmdline","Enabled":false},'
        '{"Repo":"main","RepoName":"Repository main","Enabled":true},'
        '{"Repo":"off","RepoName":"Switched off","Enabled":false},'
        '{"Repo":"second","RepoName":"Repository second","Enabled":true}]'
    )
    assert look("-j", "repo", "list").ok().json == look("-j", "repolist").ok().json


def test_no_repository_has_no_header(look: Tdnf) -> None:
    assert look("repolist", "--disablerepo=*").ok().stdout == ""
    assert look("-j", "repolist", "--disablerepo=*").ok().stdout == "[]"


@pytest.mark.parametrize(
    "words",
    [
        ["repolist", "nosuch"],
        ["repo", "nosuch"],
        ["repo", "info", "nosuch"],
        ["repo", "list", "--enabled", "off"],
    ],
)
def test_an_unknown_filter_or_id_is_refused(look: Tdnf, words: list[str]) -> None:
    done = look(*words).failed(901)
    assert words[-1] in done.stderr.splitlines()[0]
    assert look("-j", *words).failed(901).json["Error"] == 901


def test_repositories_of_the_command_line_come_before_those_of_files(look: Tdnf, world: World) -> None:
    done = look("repolist", "--repofrompath", f"zz,{world.main.path}").ok()
    assert done.lines == [HEADER, row("zz", "zz", "enabled"), MAIN, SECOND]


def test_the_record_of_a_repository(look: Tdnf, world: World) -> None:
    lines = look("repo", "info", "main").ok().lines
    assert lines[:9] == [
        "Repo ID       : main",
        "Name          : Repository main",
        "Enabled       : yes",
        "Priority      : 50",
        f"Base URL      : {world.server.url('main')}",
        "GPG check     : no",
        "Metadata check: no",
        "Expires       : after 172800 seconds",
        "Cache updated : " + lines[8].partition(" : ")[2],
    ]
    assert lines[9:] == ["Packages      : 18", ""]
    assert look("repo", "info").ok().stdout.count("Repo ID") == 2
    assert look("repo", "info", "--all").ok().stdout.count("Repo ID") == 3


def test_the_record_of_a_repository_in_json(look: Tdnf, world: World) -> None:
    (item,) = look("-j", "repo", "info", "second").ok().json
    assert item.pop("CacheUpdated") > 1_700_000_000
    assert item == {
        "Repo": "second",
        "RepoName": "Repository second",
        "Enabled": True,
        "Priority": 60,
        "BaseUrls": [world.server.url("second")],
        "MirrorList": None,
        "MetaLink": None,
        "GpgCheck": False,
        "RepoGpgCheck": False,
        "MetadataExpire": 172800,
        "Packages": 2,
    }


def test_what_was_never_looked_up_is_unknown_and_passwords_stay_hidden(root: Root, tdnf: Tdnf) -> None:
    root.add_repo(
        repo_section(
            "far",
            baseurl="http://user:secret@localhost:1/",
            metalink="http://u:p@localhost:1/m",
            metadata_expire="never",
        )
    )
    done = tdnf("repo", "info").ok()  # and nothing is looked up now
    assert "Base URL      : http://***@localhost:1/" in done.lines
    assert "Metalink      : http://***@localhost:1/m" in done.lines
    assert done.lines[-4:] == [
        "Expires       : never", "Cache updated : never", "Packages      : unknown", "",
    ]  # fmt: skip
    (item,) = tdnf("-j", "repo", "info").ok().json
    assert (item["CacheUpdated"], item["Packages"], item["MetadataExpire"]) == (None, None, -1)
    assert "secret" not in str(item)


def test_leaves_are_what_nothing_else_needs(root: Root, tdnf: Tdnf, workshop: Workshop) -> None:
    rpms = (
        Rpm("top", "2:1-1", requires=("middle", "/usr/share/owner/file"), recommends=("liked",)),
        Rpm("middle", requires=("virtual",)),
        Rpm("bottom", provides=("virtual",)),
        Rpm("other", provides=("virtual",)),
        Rpm("owner", files={"/usr/share/owner/file": "x"}),
        Rpm("liked", suggests=("proposed",)),
        Rpm("proposed"),
        Rpm("selfish", requires=("selfish-cap",), provides=("selfish-cap",)),
    )
    root.rpm("-i", "--nosignature", *map(str, workshop.build(*rpms, signed=False))).ok()
    root.add_repo(repo_section("dead", baseurl="http://localhost:1/"))  # which is not looked at
    assert tdnf("leaves").ok().lines == [
        "proposed-1.0-1.noarch", "selfish-1.0-1.noarch", "top-2:1-1.noarch",
    ]  # fmt: skip
    assert tdnf("leaves", "t*", "middle").ok().lines == ["top-2:1-1.noarch"]
    assert tdnf("leaves", "nosuch").ok().stdout == ""
    assert tdnf("-j", "leaves", "top").ok().stdout == (
        '[{"Name":"top","Arch":"noarch","Evr":"2:1-1","Repo":"@System"}]'
    )


def test_an_empty_system_has_no_leaves(tdnf: Tdnf) -> None:
    done = tdnf("leaves").ok()
    assert (done.stdout, done.stderr) == ("", "")
    assert tdnf("-j", "leaves").ok().stdout == "[]"
