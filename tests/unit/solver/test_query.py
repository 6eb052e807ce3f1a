"""Questions about packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import MetadataError
from pkgman.model.package import Checksum, Package, PackageInfo, RpmFile
from pkgman.model.repo import Remote
from solver import query, select
from tests.support import solverworld as world

if TYPE_CHECKING:
    from pathlib import Path

    from solver.pool import Pool

RELATIONS = (
    "requires: lib >= 2:1.0-1, /bin/sh, (x if y) | pre: shell | provides: cap = 1, plain"
    " | conflicts: enemy < 3 | obsoletes: old <= 1 | recommends: nice | suggests: maybe"
    " | supplements: (a and b) | enhances: other"
)


def one(pool: Pool, spec: str, **scope: str) -> int:
    (handle,) = select.find(pool, spec, **scope).handles  # type: ignore[arg-type]
    return handle


def names(pool: Pool, handles: tuple[int, ...]) -> list[str]:
    return [package.name for package in query.packages(pool, handles)]


def test_a_package_has_its_parts(tmp_path: Path) -> None:
    pool = world.build(tmp_path, repos={"main": ["a-b-3:1.0~rc1-2.ph5.x86_64"]})
    handle = one(pool, "a-b")
    assert query.package(pool, handle) == Package(
        "a-b", 3, "1.0~rc1", "2.ph5", "x86_64", "main", handle, 2000, 1000
    )


def test_an_installed_package_has_no_download_size(tmp_path: Path) -> None:
    pool = world.build(tmp_path, installed=["a-1-1.x86_64"])
    handle = one(pool, "a")
    assert query.package(pool, handle) == Package("a", 0, "1", "1", "x86_64", "@System", handle, 2000, 0)


@pytest.mark.parametrize(
    ("evr", "parts"),
    [
        ("1-1", (0, "1", "1")),
        ("2:1-1", (2, "1", "1")),
        ("1", (0, "1", "")),
        ("1:2", (1, "2", "")),
        ("a:b-c", (0, "a:b", "c")),
    ],
)
def test_an_evr_is_split(evr: str, parts: tuple[int, str, str]) -> None:
    assert query.split_evr(evr) == parts


@pytest.mark.parametrize("where", ["installed", "main"])
def test_the_texts_of_a_package(tmp_path: Path, where: str) -> None:
    line = "a-1:2-3.x86_64 | summary: Gr\u00fc\u00dfe & <x> | description: first | source: src-9-1.src.rpm"
    pool = (
        world.build(tmp_path, installed=[line])
        if where == "installed"
        else world.build(tmp_path, repos={where: [line]})
    )
    assert query.info(pool, one(pool, "a")) == PackageInfo(
        "Gr\u00fc\u00dfe & <x>",
        "first",
        "http://example.org/a",
        "MIT",
        "src-9-1.src",
        build_time=1,
        install_time=int(where == "installed"),
    )


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("a-1:2-3.x86_64 | source: b-2-3.src.rpm", "b-1:2-3.src"),
        ("a-1:2-3.x86_64 | source: b-2-3.nosrc.rpm", "b-1:2-3.nosrc"),
        ("a-1:2-3.x86_64 | source: b-2-4.src.rpm", "b-2-4.src"),  # its epoch is nobody's word
        ("a-0:2-3.x86_64 | source: b-2-3.src.rpm", "b-2-3.src"),
        ("a-2-3.x86_64 | source: b-2-3.src.rpm", "b-2-3.src"),
    ],
)
def test_a_source_package_of_the_same_version_has_the_epoch_too(
    tmp_path: Path, line: str, source: str
) -> None:
    pool = world.build(tmp_path, repos={"main": [line]})
    assert query.info(pool, one(pool, "a")).source == source


def test_a_package_without_texts_has_empty_ones(tmp_path: Path) -> None:
    pool = world.build(tmp_path)
    header = world.header("a-1-1.noarch")._replace(
        summary="", description="", url="", license="", source_rpm="", vendor="", build_time=0, install_time=0
    )
    pool.load_installed(lambda: [header], cache_path=None, key="")
    assert query.info(pool, one(pool, "a")) == PackageInfo("", "", "", "", "")


def test_what_is_needed_to_fetch_a_package(tmp_path: Path) -> None:
    pool = world.build(tmp_path, repos={"main": ["a-1-1.x86_64"]})
    assert query.remote(pool, one(pool, "a")) == Remote(
        "a", "main", "Packages/a-1-1.x86_64.rpm", 1000, Checksum("sha256", "a" * 64)
    )


@pytest.mark.parametrize("location", ["../../x.rpm", "a/../../../x.rpm", "./../../x.rpm"])
def test_steps_up_are_for_the_download_to_judge(tmp_path: Path, location: str) -> None:
    pool = world.build(tmp_path, repos={"main": [f"a-1-1.x86_64 | location: {location}"]})
    assert query.remote(pool, one(pool, "a")).location == "../../x.rpm"


@pytest.mark.parametrize(
    "location", ["/etc/passwd", "../..", "..", "../%2e%2e/x.rpm", "..\\x.rpm", "a/%2E./x.rpm"]
)
def test_a_location_outside_the_repository_is_refused(tmp_path: Path, location: str) -> None:
    pool = world.build(tmp_path, repos={"main": [f"a-1-1.x86_64 | location: {location}"]})
    with pytest.raises(MetadataError, match="leaves the repository"):
        query.remote(pool, one(pool, "a"))


def test_a_base_of_its_own_makes_the_location_absolute(tmp_path: Path) -> None:
    pool = world.build(tmp_path)
    text = world.primary(["a-1-1.x86_64"]).replace(
        "<location", '<location xml:base="http://other.example/x/"'
    )
    pool.load_repo(world.snapshot("main", tmp_path), world.Feed(text))
    assert query.remote(pool, one(pool, "a")).location == "http://other.example/x/Packages/a-1-1.x86_64.rpm"


@pytest.mark.parametrize(
    "base",
    [
        "/etc", "etc", "//etc", "gopher://x", "http://x/..", "http://x/%2E%2e/y", "http://x/a\\..\\b",
        "file:///etc/..", "http://x/&#10;y",
    ],
)  # fmt: skip
def test_a_base_that_is_no_url_or_climbs_is_refused(tmp_path: Path, base: str) -> None:
    pool = world.build(tmp_path)
    text = world.primary(["a-1-1.x86_64"]).replace("<location", f'<location xml:base="{base}"')
    pool.load_repo(world.snapshot("main", tmp_path), world.Feed(text))
    with pytest.raises(MetadataError, match="leaves the repository"):
        query.remote(pool, one(pool, "a"))


@pytest.mark.parametrize("location", ["gopher://x/a.rpm", "http://x/../a.rpm", "x/%2e%2e/a.rpm", "http://"])
def test_a_location_that_is_a_url_is_held_to_the_same(tmp_path: Path, location: str) -> None:
    pool = world.build(tmp_path, repos={"main": [f"a-1-1.x86_64 | location: {location}"]})
    with pytest.raises(MetadataError, match="leaves the repository"):
        query.remote(pool, one(pool, "a"))


def test_a_file_is_fetched_from_where_it_lies(tmp_path: Path) -> None:
    pool = world.build(tmp_path)
    pool.load_files([RpmFile("/some/where/\udcff.rpm", world.header("a-1-1.x86_64"), 77)])
    remote = query.remote(pool, pool.files["/some/where/\udcff.rpm"])
    assert (remote.repo_id, remote.location, remote.size) == ("@cmdline", "/some/where/\udcff.rpm", 77)


@pytest.mark.parametrize("where", ["installed", "main"])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("provides", ("a = 1-1", "cap = 1", "plain")),
        ("requires", ("(x if y)", "/bin/sh", "lib >= 2:1.0-1", "shell")),
        ("requires-pre", ("shell",)),
        ("conflicts", ("enemy < 3",)),
        ("obsoletes", ("old <= 1",)),
        ("recommends", ("nice",)),
        ("suggests", ("maybe",)),
        ("supplements", ("(a and b)",)),
        ("enhances", ("other",)),
        (
            "depends",
            ("(a and b)", "(x if y)", "/bin/sh", "lib >= 2:1.0-1", "maybe", "nice", "other", "shell"),
        ),
    ],
)
def test_relations_read_the_same_from_a_header_and_from_metadata(
    tmp_path: Path, where: str, kind: query.Kind, expected: tuple[str, ...]
) -> None:
    line = f"a-1-1.noarch | {RELATIONS}"
    pool = (
        world.build(tmp_path, installed=[line])
        if where == "installed"
        else world.build(tmp_path, repos={where: [line]})
    )
    pool.prepare(file_provides=True)  # which adds provides that must not show
    assert query.dependencies(pool, [one(pool, "a")], kind) == expected


def test_relations_of_several_packages_are_merged(tmp_path: Path) -> None:
    pool = world.build(
        tmp_path, repos={"main": ["a-1-1.noarch | requires: z, x", "b-1-1.noarch | requires: x, y"]}
    )
    assert query.dependencies(pool, query.available(pool), "requires") == ("x", "y", "z")


def test_required_files_do_not_show_as_provides(tmp_path: Path) -> None:
    pool = world.build(
        tmp_path,
        repos={"main": ["a-1-1.noarch | requires: /usr/bin/t", "t-1-1.noarch | files: /usr/bin/t"]},
    )
    pool.prepare(file_provides=True)
    assert query.dependencies(pool, [one(pool, "t")], "provides") == ("t = 1-1",)


WHAT = [
    "a-1-1.noarch | requires: lib >= 1 | recommends: r",
    "b-1-1.noarch | pre: lib | conflicts: c",
    "c-1-1.noarch | supplements: lib | obsoletes: o < 3",
    "lib-2-1.noarch | provides: virtual = 3 | files: /usr/bin/lib",
]


@pytest.mark.parametrize(
    ("kind", "capabilities", "expected"),
    [
        ("requires", ["lib"], ["a", "b"]),
        ("requires", ["lib >= 1"], ["a", "b"]),
        ("requires", ["lib < 1"], ["b"]),  # which says nothing of a version
        ("requires", ["lib<1", "nowhere = 1"], ["b"]),
        ("obsoletes", ["o = 2"], ["c"]),
        ("obsoletes", ["o == 3"], []),
        ("obsoletes", ["o >="], []),
        ("provides", ["virtual > 2"], ["lib"]),
        ("provides", ["virtual<=2"], []),
        ("requires", ["nowhere", "lib"], ["a", "b"]),
        ("requires", ["nowhere"], []),
        ("requires-pre", ["lib"], ["b"]),
        ("recommends", ["r"], ["a"]),
        ("conflicts", ["c"], ["b"]),
        ("obsoletes", ["o"], ["c"]),
        ("supplements", ["lib"], ["c"]),
        ("depends", ["lib"], ["a", "b", "c"]),
        ("provides", ["virtual"], ["lib"]),
        ("provides", ["lib", "a"], ["a", "lib"]),
        ("provides", ["/usr/bin/lib"], ["lib"]),
    ],
)
def test_packages_are_found_by_their_relations(
    tmp_path: Path, kind: query.Kind, capabilities: list[str], expected: list[str]
) -> None:
    pool = world.build(tmp_path, repos={"main": WHAT})
    assert names(pool, query.what(pool, kind, capabilities)) == expected


PROVIDES = [
    "app-1.0-1.x86_64 | provides: virtual(app) = 1 | files: /usr/bin/app, /etc/app.conf",
    "app-2.0-1.x86_64 | provides: virtual(app) = 2",
]


@pytest.mark.parametrize(
    ("spec", "versions", "note"),
    [
        ("/usr/bin/app", ["1.0"], "[using file list match for '/usr/bin/app']"),
        ("*/app", ["1.0"], "[using file list match for '*/app']"),
        ("/etc/*.conf", ["1.0"], "[using file list match for '/etc/*.conf']"),
        ("app", ["1.0", "2.0"], ""),
        ("ap*", ["1.0", "2.0"], ""),
        ("app-1.0", ["1.0"], ""),
        ("app-1.0-1", ["1.0"], ""),
        ("app-1.0-1.x86_64", ["1.0"], ""),
        ("app > 1.0", ["2.0"], ""),
        ("virtual(app)", ["1.0", "2.0"], "[using capability match for 'virtual(app)']"),
        ("virtual(app) = 2", ["2.0"], "[using capability match for 'virtual(app) = 2']"),
        ("virt*", ["1.0", "2.0"], "[using capability match for 'virt*']"),
        ("APP", ["1.0", "2.0"], "[ignoring case for 'APP']"),
        (
            "Virtual(APP)",
            ["1.0", "2.0"],
            "[ignoring case for 'Virtual(APP)']\n[using capability match for 'Virtual(APP)']",
        ),
        ("none", [], ""),
        ("/none", [], ""),
    ],
)
def test_provides_understands_files_names_and_capabilities(
    tmp_path: Path, spec: str, versions: list[str], note: str
) -> None:
    pool = world.build(tmp_path, repos={"main": PROVIDES})
    found = query.provides(pool, spec)
    assert [p.version for p in query.packages(pool, found.handles)] == versions
    assert found.note == note


def test_the_files_of_an_installed_package_are_complete(tmp_path: Path) -> None:
    paths = "/, /usr/share/doc/a b, /usr/bin/a, /top"
    pool = world.build(tmp_path, installed=[f"a-1-1.noarch | files: {paths}"])
    assert sorted(query.files(pool, one(pool, "a"))) == ["/", "/top", "/usr/bin/a", "/usr/share/doc/a b"]
    assert names(pool, query.provides(pool, "/usr/share/doc/a b").handles) == ["a"]


def test_search_looks_at_name_summary_and_description_ignoring_case(tmp_path: Path) -> None:
    pool = world.build(
        tmp_path,
        installed=["inst-1-1.noarch | summary: has NEEDLE"],
        repos={
            "main": [
                "needle-tool-1-1.noarch",
                "b-1-1.noarch | summary: a Needle in",
                "c-1-1.noarch | description: xneedlex",
                "d-1-1.noarch | requires: needle",
                "both-1-1.noarch | summary: needle | description: needle hay",
            ]
        },
    )
    assert names(pool, query.search(pool, ["nEEdle"])) == ["inst", "needle-tool", "b", "c", "both"]


def test_search_goes_through_the_terms_one_after_the_other(tmp_path: Path) -> None:
    pool = world.build(
        tmp_path, repos={"main": ["a-1-1.noarch | summary: xx zz", "b-1-1.noarch | summary: zz"]}
    )
    assert names(pool, query.search(pool, ["zz", "xx", "none", "*"])) == ["a", "b", "a"]


def test_installed_and_available_packages_are_counted(tmp_path: Path) -> None:
    pool = world.build(
        tmp_path,
        installed=["b-1-1.noarch", "a-1-1.noarch"],
        repos={"main": ["a-1-1.noarch", "a-2-1.noarch", "s-1-1.src"], "other": ["f-1-1.aarch64"]},
    )
    assert names(pool, query.installed(pool)) == ["a", "b"]
    assert names(pool, query.available(pool)) == ["a", "a", "s", "f"]
    assert query.count(pool) == 6


def test_bytes_that_are_no_utf8_do_no_harm(tmp_path: Path) -> None:
    pool = world.build(tmp_path, installed=["a-1-1.noarch | files: /usr/b\udce4r | summary: \udce4"])
    handle = one(pool, "a")
    assert query.files(pool, handle) == ("/usr/b\ufffdr",)
    assert query.info(pool, handle).summary == "\ufffd"
    assert query.search(pool, ["z\udcff"]) == ()
    assert query.provides(pool, "/\udcff").handles == ()
    assert query.what(pool, "requires", ["\udcff"]) == ()


def test_what_rpm_itself_must_know_is_shown_and_met_by_nobody(tmp_path: Path) -> None:
    needs = ["b-1-1.noarch | requires: a, rpmlib(X) <= 4", "a-1-1.noarch"]
    pool = world.build(tmp_path, installed=needs)
    (handle,) = (h for h in query.installed(pool) if query.package(pool, h).name == "b")
    assert query.dependencies(pool, [handle], "requires") == ("a", "rpmlib(X) <= 4")
    assert query.dependencies(pool, [handle], "requires-pre") == ()
    assert "rpmlib(X) <= 4" in query.dependencies(pool, [handle], "depends")
