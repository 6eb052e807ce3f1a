"""updateinfo: modes, filters, specs, layouts; history list."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest

from tests.integration.test_bad_repositories import seal
from tests.integration.world import ARCH, World
from tests.support.repos import Advisory
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

BOTH = [
    "patch:TEST-2024-3 Enhancement app-2.0-1.noarch.rpm",
    "patch:TEST-2024-3 Enhancement lib-2.0-1.noarch.rpm",
]
LIST = [
    "patch:TEST-2024-1 Security lib-2.0-1.noarch.rpm",
    "patch:TEST-2024-2 Bugfix app-2.0-1.noarch.rpm",
    *BOTH,
    *BOTH,  # once for each package that it concerns
]


@pytest.mark.parametrize(
    "words", [["updateinfo"], ["updateinfo", "summary"], ["updateinfo", "--summary", "all"]]
)
def test_the_summary_counts_by_type(look: Tdnf, words: list[str]) -> None:
    assert look(*words).ok().lines == [
        "1 Security notice(s)", "1 Bugfix notice(s)", "2 Enhancement notice(s)",
    ]  # fmt: skip
    assert look("-j", *words).ok().stdout == '{"Unknown":0,"Security":1,"Bugfix":1,"Enhancement":2}'


@pytest.mark.parametrize("words", [["list"], ["--list"], ["LIST", "installed"], ["--summary", "list"]])
def test_list_names_each_file_of_each_advisory(look: Tdnf, words: list[str]) -> None:
    assert look("updateinfo", *words).ok().lines == LIST


def test_scopes_of_list_have_no_effect(look: Tdnf) -> None:
    for scope in (
        "all", "installed", "available", "extras", "obsoletes", "recent", "upgrades", "updates", "downgrades",
    ):  # fmt: skip
        assert look("updateinfo", "list", scope).ok().lines == LIST
        assert look("updateinfo", "--list", f"--{scope}", "lib").ok().lines == [LIST[0], *BOTH]
    look("updateinfo", "list", "all", "installed").failed(1011)  # the second word is a spec


def test_list_in_json(look: Tdnf) -> None:
    items = look("-j", "updateinfo", "list").ok().json
    assert items[0] == {
        "Type": "Security", "UpdateID": "patch:TEST-2024-1", "Packages": ["lib-2.0-1.noarch.rpm"],
    }  # fmt: skip
    assert [item["UpdateID"][-1] for item in items] == ["1", "2", "3", "3"]


def test_info_describes_each_file(look: Tdnf) -> None:
    assert (
        look("updateinfo", "info", "tool", "lib")
        .ok()
        .stdout.startswith(
            "       Name : lib-2.0-1.noarch.rpm\n"
            "  Update ID : patch:TEST-2024-1\n"
            "       Type : Security\n"
            "    Updated : Tue Jan  2 03:04:05 2024\n"
            "Needs Reboot: 1\n"
            "Description : It is better now.\n"
            "      Title : lib security update\n"
            "   Severity : 7.5\n"
            "       Name : app-2.0-1.noarch.rpm\n"
        )
    )


def test_info_in_json(look: Tdnf) -> None:
    assert look("-j", "updateinfo", "--info", "lib").ok().json[0] == {
        "Type": "Security",
        "UpdateID": "patch:TEST-2024-1",
        "Updated": "Tue Jan  2 03:04:05 2024",
        "NeedsReboot": True,
        "Description": "It is better now.",
        "Packages": ["lib-2.0-1.noarch.rpm"],
        "Title": "lib security update",
        "Severity": "7.5",
        "Issued": "Tue Jan  2 03:04:05 2024",
        "CVEs": [],
        "References": [],
    }


def test_info_names_what_an_advisory_fixes(look: Tdnf) -> None:
    text = look("updateinfo", "info", "--cve", "CVE-2024-0003", "app").ok().stdout
    assert "       CVEs : CVE-2024-0003\n" in text
    assert "  Reference : bugzilla 303 http://localhost/\n" in text
    item = look("-j", "updateinfo", "info", "--bz", "304", "app").ok().json[0]
    assert item["CVEs"] == ["CVE-2024-0003"]
    assert item["References"][2] == {"Type": "bugzilla", "Id": "304", "Title": "", "Url": "http://localhost/"}


def test_times_are_local(look: Tdnf) -> None:
    done = look("updateinfo", "info", "lib", env={"TZ": "Asia/Kolkata"}).ok()
    assert "    Updated : Tue Jan  2 08:34:05 2024\n" in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--security"], LIST[:1]),
        (["--sec-severity", "7"], LIST[:1]),
        (["--sec-severity", "7.5"], LIST[:1]),
        (["--sec-severity", "7.6"], []),
        (["--security", "--sec-severity", "9"], LIST[:1]),  # the severity is ignored then
        (["--reboot-required"], LIST[:1]),
        (["lib"], [LIST[0], *BOTH]),
        (["app", "--security"], []),
        (["tool"], []),
    ],
)
def test_filters(look: Tdnf, words: list[str], expected: list[str]) -> None:
    assert look("updateinfo", "list", *words).ok().lines == (expected or ["", "0 updates."])
    ids = [item["UpdateID"] for item in look("-j", "updateinfo", "list", *words).ok().json]
    assert set(ids) == {line.split()[0] for line in expected}


def test_nothing_found_is_no_error(look: Tdnf) -> None:
    done = look("updateinfo", "tool").ok()
    assert (done.stdout, done.stderr) == ("\n0 updates.\n", "No data available\n")
    assert look("updateinfo", "list", "tool").ok().stderr == ""
    assert look("-j", "updateinfo", "tool").ok().json == dict.fromkeys(
        ("Unknown", "Security", "Bugfix", "Enhancement"), 0
    )
    assert look("-j", "updateinfo", "list", "tool").ok().stdout == "[]"


def test_a_spec_must_match_an_installed_package(look: Tdnf) -> None:
    look("updateinfo", "list", "kernel").failed(1011)
    assert look("-j", "updateinfo", "nosuch").failed(1011).json["Error"] == 1011


def test_of_several_instances_the_newest_counts(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf, workshop: Workshop
) -> None:
    kernels = [Rpm("kernel", f"{n}-1", files={f"/boot/k{n}": "k\n"}) for n in (1, 2, 3)]
    fixed = [Advisory(f"K-{n}", (kernels[n - 1],), severity="") for n in (2, 3)]
    root.add_repo(make_repo("main", *kernels, signed=False, advisories=fixed))

    def install(kernel: Rpm) -> None:
        path = workshop.build(kernel, signed=False)[0]
        root.rpm("-i", "--nosignature", "--oldpackage", str(path)).ok()

    install(kernels[1])
    install(kernels[0])
    assert tdnf("-q", "updateinfo", "list").ok().lines == ["patch:K-3 Security kernel-3-1.noarch.rpm"]
    assert tdnf("-q", "updateinfo", "list", "--sec-severity=0").ok().lines == ["", "0 updates."]
    install(kernels[2])
    assert tdnf("-q", "updateinfo", "list").ok().lines == ["", "0 updates."]
    assert tdnf("-q", "update", "--security", "-y").ok().lines == []


def test_an_obsoleter_and_another_arch_bring_the_fix(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf, workshop: Workshop
) -> None:
    old, moved = Rpm("old", "1-1"), Rpm("moved", "1-1", arch=ARCH)
    heir = Rpm("heir", "5-1", obsoletes=("old < 2",))
    stranger = Rpm("stranger", "5-1", obsoletes=("old < 1", "moves"))
    moved_now = Rpm("moved", "2-1")
    advisories = [Advisory(f"{rpm.name}-1", (rpm,)) for rpm in (heir, stranger, moved_now)]
    root.add_repo(make_repo("main", heir, stranger, moved_now, signed=False, advisories=advisories))
    for rpm in (old, moved):
        root.rpm("-i", "--nosignature", str(workshop.build(rpm, signed=False)[0])).ok()
    assert tdnf("-q", "updateinfo", "list").ok().lines == [
        "patch:heir-1 Security heir-5-1.noarch.rpm", "patch:moved-1 Security moved-2-1.noarch.rpm",
    ]  # fmt: skip
    assert tdnf("-q", "updateinfo", "list", "moved").ok().lines == [
        "patch:moved-1 Security moved-2-1.noarch.rpm"
    ]
    tdnf("-y", "update", "--security").ok()
    assert root.installed == ["heir-5-1.noarch", "moved-2-1.noarch"]
    assert tdnf("-q", "updateinfo", "list").ok().lines == ["", "0 updates."]


def test_control_characters_of_one_advisory_hide_no_other(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf, workshop: Workshop
) -> None:
    old, new = Rpm("thing", "1-1"), Rpm("thing", "2-1")
    advisories = [
        Advisory("T-1", (new,), title="re#d", description="bell# and&num27;"),
        Advisory("T-2", (new,)),
    ]
    repo = make_repo("main", old, new, signed=False, advisories=advisories)
    plain = gzip.decompress(repo.part("updateinfo").read_bytes())
    spoiled = plain.replace(b"re#d", b"re\x1b[31md").replace(
        b"bell# and&amp;num27;", b"bell\x07 and&#x1b;\xff"
    )
    assert spoiled != plain
    seal(repo, "updateinfo", gzip.compress(spoiled), opened=spoiled)
    root.rpm("-i", "--nosignature", str(workshop.build(old, signed=False)[0])).ok()
    root.add_repo(repo)
    assert tdnf("-q", "updateinfo", "list").ok().lines == [
        "patch:T-1 Security thing-2-1.noarch.rpm", "patch:T-2 Security thing-2-1.noarch.rpm",
    ]  # fmt: skip
    assert "\x1b" not in tdnf("updateinfo", "info").ok().stdout
    assert tdnf("-j", "updateinfo", "info").ok().json[0]["Description"] == "bell\ufffd and\ufffd\ufffd"
    tdnf("-y", "update", "--security").ok()
    assert root.installed == ["thing-2-1.noarch"]


def test_packages_without_a_file_name_get_the_usual_one(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf, workshop: Workshop
) -> None:
    old, new = Rpm("thing", "1:1-1"), Rpm("thing", "1:2-1")
    repo = make_repo("main", old, new, signed=False, advisories=(Advisory("T-1", (new,)),))
    plain = gzip.decompress(repo.part("updateinfo").read_bytes())
    bare = plain.replace(b"<filename>thing-2-1.noarch.rpm</filename>", b"")
    assert bare != plain
    seal(repo, "updateinfo", gzip.compress(bare), opened=bare)
    root.rpm("-i", "--nosignature", str(workshop.build(old, signed=False)[0])).ok()
    root.add_repo(repo)
    assert tdnf("-q", "updateinfo", "list").ok().lines == ["patch:T-1 Security thing-2-1.noarch.rpm"]
    assert tdnf("-j", "updateinfo", "list").ok().json[0]["Packages"] == ["thing-2-1.noarch.rpm"]


def test_a_repository_without_advisories_and_one_that_hides_them(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf, workshop: Workshop
) -> None:
    old, new = Rpm("thing", "1-1"), Rpm("thing", "2-1")
    repo = make_repo("main", old, new, signed=False, advisories=(Advisory("T-1", (new,), kind="newpackage"),))
    root.rpm("-i", "--nosignature", str(workshop.build(old, signed=False)[0])).ok()
    root.add_repo(repo)
    assert tdnf("-q", "updateinfo").ok().lines in (["1 Enhancement notice(s)"], ["1 Unknown notice(s)"])
    root.add_repo(repo, skip_md_updateinfo=True)
    assert tdnf("-q", "updateinfo").ok().lines == ["", "0 updates."]
    root.add_repo(make_repo("main", old, new, signed=False))
    assert tdnf("-q", "--refresh", "updateinfo").ok().lines == ["", "0 updates."]


def test_history_lists_what_was_recorded(tmp_path: Path, workshop: Workshop) -> None:
    world = World(tmp_path, workshop)
    try:
        assert world.tdnf("history").failed(1802).stdout == ""
        assert world.tdnf("history", "init").ok().stdout == ""
        world.install(workshop, Rpm("extra-one", "1:1-1"))
        world.tdnf("history", "update").ok()
        done = world.tdnf("history", "list").ok()
        assert done.lines[0] == f"{'ID':<4} {'cmd line':<39} {'date/time':<21} {'+add':<5} / -rem"
        date = r"\w{3} \w{3} \d\d \d{4} \d\d:\d\d"
        assert re.fullmatch(rf"   1 \(set\) {{35}}{date} \+[04] {{4}}/ -0 {{3}}", done.lines[1]), done
        assert re.fullmatch(rf"   2 \(unknown\) {{31}}{date} \+1 {{4}}/ -0 {{3}}", done.lines[2]), done
        assert world.tdnf("history").ok().stdout == done.stdout
        assert world.tdnf("history", "--reverse").ok().lines[1:] == [done.lines[2], done.lines[1]]
        assert world.tdnf("history", "list", "2").ok().lines[1:] == done.lines[2:]
        assert world.tdnf("history", "--from=1", "--to=1").ok().lines[1:] == done.lines[1:2]
        assert world.tdnf("history", "list", "2", "--info").ok().lines[2:] == [
            "added: extra-one-1:1-1.noarch", "",
        ]  # fmt: skip
        (item,) = world.tdnf("-j", "history", "list", "2-2", "--info").ok().json
        assert item.pop("TimeStamp") > 1_700_000_000
        assert item == {
            "Id": 2, "CmdLine": "(unknown)", "AddedCount": 1, "RemovedCount": 0,
            "Added": ["extra-one-1:1-1.noarch"], "Removed": [],
        }  # fmt: skip
        for words in (["list", "2-1"], ["list", "7-9"], ["--from=-1"]):
            world.tdnf("history", *words).failed(1622)
    finally:
        world.server.close()


def test_userinstalled_leaves_out_what_came_as_a_dependency(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf
) -> None:
    needed, wanted = Rpm("needed"), Rpm("wanted", requires=("needed",))
    root.add_repo(make_repo("main", needed, wanted, signed=False))
    tdnf("install", "-y", "wanted").ok()
    assert root.installed == ["needed-1.0-1.noarch", "wanted-1.0-1.noarch"]
    assert tdnf("repoquery", "--userinstalled").ok().lines == ["wanted-1.0-1.noarch"]
    (item,) = tdnf("-j", "repoquery", "--userinstalled").ok().json
    assert item["Repo"] == "@System"
    assert tdnf("history").ok().lines[2].split()[1:4] == ["-c", str(root.conf), "--installroot"]
