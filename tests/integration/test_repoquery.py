"""repoquery: every selector, every thing to print, formats, and what does not go together."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.world import ARCH
from tests.support.repos import write_mirrorlist
from tests.support.rpms import Rpm
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.world import World
    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

RICH = f"rich-1.2-3.{ARCH}"
APPS = ["app-1.0-1.noarch", "app-2.0-1.noarch"]
RELATIONS = {
    "provides": ["rich = 3:1.2-3", f"rich({'x86-64' if ARCH == 'x86_64' else ARCH}) = 3:1.2-3", "rich-alias",
                 "virtual(rich) = 7.5"],
    "obsoletes": ["poor < 2"],
    "conflicts": ["clash-b > 5"],
    "requires": ["app", "extras >= 1", "lib >= 1.0", "tool"],
    "requires-pre": ["extras >= 1", "tool"],
    "recommends": ["recommended-one"],
    "suggests": ["suggested-one"],
    "supplements": ["supplemented-one"],
    "enhances": ["enhanced-one"],
    "depends": ["app", "enhanced-one", "extras >= 1", "lib >= 1.0", "recommended-one", "suggested-one",
                "supplemented-one", "tool"],
}  # fmt: skip
FILES = [
    "/etc/rich.conf",
    "/usr/bin/rich",
    "/usr/share/rich/naïve",
    "/usr/share/rich/only in filelists & more",
]


def test_repoquery_prints_available_packages_without_epoch(look: Tdnf) -> None:
    lines = look("repoquery").ok().lines
    assert len(lines) == 20
    assert RICH in lines
    assert "rich-1.2-3.src" in lines
    assert look("repoquery", "--available").ok().lines == lines
    assert look("repoquery", "tool").ok().lines == ["tool-1.5-2.noarch"]


@pytest.mark.parametrize(
    "spec", ["rich", "rich-3:1.2-3", "ric*", "rich-alias", "RICH", "rich>=3:1", f"rich.{ARCH}"]
)
def test_repoquery_understands_specs(look: Tdnf, spec: str) -> None:
    assert look("-q", "repoquery", spec).ok().lines == [RICH]


def test_repoquery_in_json_has_the_epoch_in_evr_only(look: Tdnf) -> None:
    assert look("-j", "repoquery", "rich").ok().stdout == (
        f'[{{"Nevra":"{RICH}","Name":"rich","Arch":"{ARCH}","Evr":"3:1.2-3","Repo":"main"}}]'
    )


def test_installed_and_available(look: Tdnf) -> None:
    installed = ["app-1.0-1.noarch", "lib-1.0-1.noarch", "orphan-0.1-1.noarch", "tool-1.5-2.noarch"]
    assert look("repoquery", "--installed").ok().lines == installed
    assert look("repoquery", "--installed", "app").ok().lines == installed[:1]
    assert look("repoquery", "--installed", "--available", "app").ok().lines == [*APPS, "app-3.0-1.noarch"]


def test_extras_are_installed_packages_of_no_repository(look: Tdnf) -> None:
    assert look("repoquery", "--extras").ok().lines == ["orphan-0.1-1.noarch"]
    assert look("repoquery", "--extras", "--disablerepo=main", "tool").ok().lines == ["tool-1.5-2.noarch"]
    assert look("-j", "repoquery", "--extras").ok().json[0]["Repo"] == "@System"


def test_without_a_history_all_installed_packages_are_the_users(look: Tdnf) -> None:
    assert look("repoquery", "--userinstalled").ok().lines == look("repoquery", "--installed").ok().lines


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--arch", ARCH], [RICH]),
        (["--arch", "src"], ["rich-1.2-3.src"]),
        (["--arch", "src", "--arch", ARCH], ["rich-1.2-3.src", RICH]),
        (["--arch", "noarch", "lib"], ["lib-1.0-1.noarch", "lib-2.0-1.noarch"]),
        ([*["--arch", "none"] * 10, "--arch", ARCH], []),  # tdnf looks at ten
        (["--file", "/usr/bin/rich"], [RICH]),
        (["--file", "/usr/share/rich/naïve"], [RICH]),
        (["--file", "/usr/share/lib/data", "lib>1.0"], ["lib-2.0-1.noarch"]),
        (["--file", "/usr/share/lib/data", "--installed"], ["lib-1.0-1.noarch"]),
        (["--file", "/no/such"], []),
        (["--file", "/usr/bin/ric*"], []),  # no glob
        (["--file", "/usr/share/rich/*"], []),
        (["--whatprovides", "virtual(rich)"], [RICH]),
        (["--whatprovides", "/usr/bin/rich"], [RICH]),
        (["--whatprovides", "/usr/share/rich/naïve"], [RICH]),
        (["--whatrequires", "lib"], [*APPS, RICH, "app-3.0-1.noarch"]),
        (["--whatrequires", "lib", "--installed"], APPS[:1]),
        (["--whatrequires", "/usr/bin/rich"], ["needs-rich-1.0-1.noarch"]),
        (["--whatrequires", "virtual(rich),tool"], ["needs-rich-1.0-1.noarch", RICH]),
        (["--whatrequires", "lib >= 3"], ["app-2.0-1.noarch", "app-1.0-1.noarch", RICH, "app-3.0-1.noarch"]),
        (["--whatrequires", "lib < 1.0"], ["app-3.0-1.noarch"]),  # which names no version
        (["--whatrequires", "lib=1.5,nosuch"], ["app-1.0-1.noarch", RICH, "app-3.0-1.noarch"]),
        (["--whatprovides", "virtual(rich) > 7.5"], []),
        (["--whatprovides", "virtual(rich) > 7"], [RICH]),
        (["--whatprovides", " nosuch , rich-alias "], [RICH]),
        (["--whatrequires", "no-such,lib", "--whatrecommends", "extras"], APPS),
        (["--whatobsoletes", "poor"], [RICH]),
        (["--whatconflicts", "clash-b"], ["clash-a-1.0-1.noarch", RICH]),
        (["--whatrecommends", "extras"], APPS),
        (["--whatsuggests", "suggested-one"], [RICH]),
        (["--whatsupplements", "supplemented-one"], [RICH]),
        (["--whatenhances", "enhanced-one"], [RICH]),
        (["--whatdepends", "enhanced-one,extras"], [*APPS, RICH]),
        (["--whatdepends", "suggested-one", "nosuch"], []),
    ],
)
def test_selectors_are_intersected(look: Tdnf, words: list[str], expected: list[str]) -> None:
    done = look("repoquery", *words).ok()
    assert sorted(done.lines) == sorted(expected)
    assert ("No data available" in done.stderr) is not expected


@pytest.mark.parametrize("kind", RELATIONS)
def test_relations_in_text_and_json(look: Tdnf, kind: str) -> None:
    assert look("repoquery", "rich", f"--{kind}").ok().lines == RELATIONS[kind]
    key = {"requires-pre": "RequiresPre"}.get(kind, kind.capitalize())
    (item,) = look("-j", "repoquery", "rich", f"--{kind}").ok().json
    assert item == {
        "Nevra": RICH, "Name": "rich", "Arch": ARCH, "Evr": "3:1.2-3", "Repo": "main", key: RELATIONS[kind],
    }  # fmt: skip


def test_relations_of_several_packages_are_merged_in_text_and_apart_in_json(look: Tdnf) -> None:
    assert look("repoquery", "app", "--requires").ok().lines == ["lib", "lib >= 1.0", "lib >= 2.0"]
    items = look("-j", "repoquery", "app", "--requires").ok().json
    assert [item["Requires"] for item in items] == [["lib >= 1.0"], ["lib >= 2.0"], ["lib"]]


def test_relations_of_installed_packages_are_those_of_the_rpm_database(look: Tdnf) -> None:
    lines = look("repoquery", "--installed", "app", "--requires").ok().lines
    assert lines[0] == "lib >= 1.0"
    assert "rpmlib(CompressedFileNames) <= 3.0.4-1" in lines
    assert all(line.startswith("rpmlib(") for line in lines[1:])
    assert look("repoquery", "--installed", "app", "--recommends").ok().lines == ["extras"]
    assert "virtual(lib) = 1.0" in look("repoquery", "--installed", "lib", "--provides").ok().lines


def test_files_of_available_packages_come_from_the_file_lists(look: Tdnf) -> None:
    assert look("repoquery", "rich", "--list").ok().lines == FILES
    assert look("-j", "repoquery", "rich", "--list").ok().json[0]["Files"] == FILES
    assert look("repoquery", "--list", "lib").ok().lines == ["/usr/share/lib/data"]


def test_files_of_installed_packages_come_from_the_rpm_database(look: Tdnf) -> None:
    assert look("repoquery", "--installed", "--list", "tool").ok().lines == [
        "/etc/tool.conf",
        "/usr/bin/tool",
    ]


def test_source_prints_where_a_package_comes_from(look: Tdnf) -> None:
    assert look("repoquery", "app", "--source").ok().lines == [
        "app-1.0-1.src", "app-2.0-1.src", "app-3.0-1.src",
    ]  # fmt: skip
    assert look("-j", "repoquery", "lib>1.0", "--source").ok().json[0]["Source"] == "lib-2.0-1.src"
    assert look("repoquery", "--installed", "orphan", "--source").ok().lines == ["orphan-0.1-1.src"]
    assert "" not in look("repoquery", "--source").ok().lines


def test_the_source_package_is_named_with_its_epoch(look: Tdnf) -> None:
    assert look("repoquery", "rich", "--source").ok().lines == ["rich-3:1.2-3.src"]
    assert look("-j", "repoquery", "rich", "--source").ok().json == [
        {
            "Nevra": RICH, "Name": "rich", "Arch": ARCH, "Evr": "3:1.2-3", "Repo": "main",
            "Source": "rich-3:1.2-3.src",
        }
    ]  # fmt: skip
    assert look("repoquery", "--installed", "tool", "--source").ok().lines == ["tool-1:1.5-2.src"]


def test_beside_another_query_source_selects_source_packages(look: Tdnf) -> None:
    assert look("repoquery", "rich", "--requires", "--source").ok().lines == ["lib"]
    assert look("repoquery", "--source", "--qf", "%{name}.%{arch}").ok().lines == ["rich.src"]
    assert look("repoquery", "lib", "--requires", "--source").ok().stderr == "No data available\n"


def test_a_source_package_is_not_matched_without_source(look: Tdnf) -> None:
    for spec in ("rich.src", "*.src", "rich-3:1.2-3.src"):
        assert look("repoquery", spec).ok().stdout == ""
    assert look("repoquery", "--arch", "src").ok().lines == ["rich-1.2-3.src"]


def test_location_is_the_url_of_each_package(look: Tdnf, world: World) -> None:
    url = world.server.url("main") + "/Packages/"
    urls = [f"{url}lib-1.0-1.noarch.rpm", f"{url}lib-2.0-1.noarch.rpm"]
    assert look("repoquery", "--location", "lib").ok().lines == urls
    items = look("-j", "repoquery", "--location", "lib").ok().json
    assert [item["Location"] for item in items] == urls
    assert look("repoquery", "--location", "--installed", "lib").ok().stdout == ""
    assert look("-j", "repoquery", "--location", "--installed", "lib").ok().json[0]["Location"] is None


def test_location_takes_the_first_mirror_and_hides_the_password(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf, tmp_path: Path
) -> None:
    repo = make_repo("main", Rpm("one"), signed=False)
    mirrors = write_mirrorlist(tmp_path / "mirrors", [repo.url, "http://localhost:1/x"])
    root.add_repo(repo, baseurl=None, mirrorlist=f"file://{mirrors}")
    url = f"{repo.url}/Packages/one-1.0-1.noarch.rpm"
    assert tdnf("-q", "repoquery", "--location").ok().lines == [url]
    with Server(repo.path) as server:
        root.add_repo(repo, baseurl=server.url("").replace("://", "://user:secret@"))
        done = tdnf("-q", "repoquery", "--location").ok()
        assert done.lines == [f"{server.url('').rstrip('/')}/Packages/one-1.0-1.noarch.rpm"]
        assert "secret" not in done.stdout + done.stderr


def test_a_package_file_can_be_asked_like_a_package(look: Tdnf, world: World) -> None:
    path = world.main.path / f"Packages/rich-1.2-3.{ARCH}.rpm"
    assert look("repoquery", path, "--requires").ok().lines == RELATIONS["requires"]
    assert look("repoquery", path).ok().lines == [RICH]
    assert look("repoquery", path, "--list").ok().lines == FILES
    assert look("repoquery", path, "--location").ok().lines == [str(path)]
    assert look("-j", "repoquery", path).ok().json[0]["Repo"] == "@cmdline"
    assert look("repoquery", "nosuch.rpm").ok().stderr == "No data available\n"
    assert look("repoquery", path, "--whatrequires", "tool").ok().lines == [RICH]
    assert look("repoquery", path, "--whatrequires", "rich").ok().stderr == "No data available\n"
    source = world.main.path / "Packages/rich-1.2-3.src.rpm"
    assert look("repoquery", source, "--requires").ok().lines == ["lib"]


def test_a_broken_package_file_is_named(look: Tdnf, tmp_path: Path) -> None:
    path = tmp_path / "broken.rpm"
    path.write_text("no package\n")
    done = look("repoquery", path, "--requires").failed(1622)
    assert str(path) in done.stderr
    assert "Internal error" not in done.stderr


def test_a_file_name_in_latin_1_is_found(look: Tdnf) -> None:
    path = "/usr/share/rich/na\udcefve"  # createrepo_c has read such a name as Latin-1
    assert look("repoquery", "--file", path).ok().lines == [RICH]
    assert look("repoquery", "--file", "/usr/share/rich/na\udceeve").ok().lines == []


def test_duplicates_are_installed_more_than_once(root: Root, tdnf: Tdnf, workshop: Workshop) -> None:
    kernels = [Rpm("kernel", f"{n}-1", files={f"/boot/k{n}": "k\n"}) for n in (1, 2)]
    for path in workshop.build(*kernels, Rpm("other"), signed=False):
        root.rpm("-i", "--nosignature", str(path)).ok()
    assert tdnf("repoquery", "--duplicates").ok().lines == ["kernel-1-1.noarch", "kernel-2-1.noarch"]
    assert tdnf("repoquery", "--duplicates", "other").ok().lines == []
    assert tdnf("repoquery", "--duplicates", "kernel=2").ok().lines == ["kernel-2-1.noarch"]


def test_userinstalled_leaves_out_what_came_as_a_dependency(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf
) -> None:
    root.add_repo(make_repo("main", Rpm("app", requires=("lib",)), Rpm("lib"), signed=False))
    tdnf("-y", "install", "app").ok()
    assert tdnf("repoquery", "--userinstalled").ok().lines == ["app-1.0-1.noarch"]
    assert tdnf("repoquery", "--userinstalled", "lib").ok().stderr == "No data available\n"


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("name", "rich"),
        ("arch", ARCH),
        ("version", "1.2"),
        ("release", "3"),
        ("evr", "3:1.2-3"),
        ("reponame", "main"),
        ("sourcename", "rich-3:1.2-3.src"),
        ("sourcerpm", "rich-3:1.2-3.src"),
        ("epoch", "3"),
        ("repoid", "main"),
        ("nevra", f"rich-3:1.2-3.{ARCH}"),
        ("full_nevra", f"rich-3:1.2-3.{ARCH}"),
        ("buildtime", "2023-11-14 22:13"),
        ("installtime", ""),
        ("vendor", ""),
        ("installsize", " 27.00b"),
        ("description", "First line of naïveté.\nSecond line."),
        ("summary", "Wealth & <plenty>"),
        ("license", "GPL-2.0-or-later AND MIT"),
        ("url", "http://localhost/rich?a=1&b=2"),
        *((kind, "\n".join(lines)) for kind, lines in RELATIONS.items()),
    ],
)
def test_a_format_expands_the_tag(look: Tdnf, tag: str, value: str) -> None:
    assert look("repoquery", "rich", "--qf", f"<%{{{tag}}}>").ok().stdout == f"<{value}>\n"


def test_sizes_in_a_format_are_the_download_size_in_seven_characters(look: Tdnf) -> None:
    sizes = look("repoquery", "rich", "--qf", "%{size}|%{downloadsize}").ok().stdout.rstrip("\n").split("|")
    assert sizes[0] == sizes[1]
    assert len(sizes[0]) == 7
    assert sizes[0].endswith("k")
    assert look("repoquery", "--installed", "app", "--qf", "[%{size}]").ok().stdout == "[  0.00b]\n"


def test_missing_values_expand_to_nothing(look: Tdnf) -> None:
    assert look("repoquery", "lib=2.0", "--qf", "%{url}%{suggests}|").ok().stdout == "|\n"


def test_a_format_knows_escapes_and_prints_one_line_per_package(look: Tdnf) -> None:
    text = r"%{name}\t\"%{version}\"\\\q\n-"
    assert look("repoquery", "lib", "--qf", text).ok().stdout == ('lib\t"1.0"\\q\n-\nlib\t"2.0"\\q\n-\n')
    for end in (r"\n", "\n"):  # a line has one end, whoever wrote it
        assert look("repoquery", "lib", "--qf", f"%{{version}}{end}").ok().stdout == "1.0\n2.0\n"
    assert look("repoquery", "lib", "--qf", r"%{version}\n\n").ok().stdout == "1.0\n\n2.0\n\n"
    assert look("repoquery", "lib=2.0", "--qf", "%name %% { \\%{name}").ok().stdout == "%name %% { %{name}\n"


def test_control_characters_of_a_format_reach_the_terminal(look: Tdnf) -> None:
    command = look.command("repoquery", "lib=2.0", "--qf", r"%{name}\r\b\f|")
    done = subprocess.run(command, env=look.environment(), capture_output=True, check=True)
    assert done.stdout == b"lib\r\b\f|\n"


def test_a_format_is_ignored_in_json(look: Tdnf) -> None:
    for text in ("%{name}", "%{nosuch}", "%{name"):
        done = look("-j", "repoquery", "lib=2.0", "--qf", text).ok()
        assert (done.json[0]["Nevra"], done.stderr) == ("lib-2.0-1.noarch", "")


def test_bad_formats_are_refused(look: Tdnf) -> None:
    done = look("repoquery", "lib", "--qf", "%{nosuch}").failed(1622)
    assert done.stderr.startswith("Package doesn't have attribute nosuch\n")
    look("repoquery", "lib", "--qf", "%{Name}").failed(1622)
    look("repoquery", "lib", "--qf", "%{name").failed(902)
    look("repoquery", "lib", "--qf", "").failed(909)
    look("repoquery", "lib", "--qf").failed(909)


@pytest.mark.parametrize(
    "words",
    [
        ["--requires", "--provides"],
        ["--provides", "app", "--qf", "%{name}"],
        ["--list", "--requires"],
        ["--requires", "--requires"],
        ["--changelogs", "--list"],
        ["--location", "--qf", "%{name}"],
    ],
)
def test_only_one_thing_can_be_printed(look: Tdnf, words: list[str]) -> None:
    assert "Error(917) : --qf requires only querytags. Invalid Mixed Query" in (
        look("repoquery", *words).failed(917).stderr
    )


@pytest.mark.parametrize(
    "behind", [["-q"], ["--installed"], ["-C"], ["--arch", "noarch"], ["-y", "--repo=main"]]
)
def test_other_options_may_follow_a_dependency_query(look: Tdnf, behind: list[str]) -> None:
    assert "lib >= 1.0" in look("repoquery", "app", "--requires", *behind).ok().lines


def test_json_may_follow_a_dependency_query(look: Tdnf) -> None:
    assert look("repoquery", "app", "--requires", "-j").ok().json[0]["Requires"] == ["lib >= 1.0"]


def test_selectors_that_exclude_each_other_are_refused(look: Tdnf) -> None:
    for other in ("--installed", "--available", "--duplicates"):
        look("repoquery", "--extras", other).failed(1622)
    for other in ("--installed", "--available"):
        look("repoquery", "--duplicates", other).failed(1622)
    look("repoquery", "one", "two").failed(902)


def test_nothing_selected_says_so_and_is_no_error(look: Tdnf) -> None:
    done = look("repoquery", "nosuch").ok()
    assert (done.stdout, done.stderr) == ("", "No data available\n")
    assert look("-j", "repoquery", "nosuch").ok().stdout == ""
    assert look("repoquery", "--duplicates").ok().stderr == "No data available\n"
