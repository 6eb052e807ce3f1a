"""install by name and by everything else that may name a package (tdnf contract, commands 3 and 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import documents, tables
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

APP = ["app-2.0-1.noarch", "extras-1.0-1.noarch", "lib-2.0-1.noarch"]


def test_a_name_installs_the_best_version_with_what_it_needs(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    done = tdnf("install", "-y", "app").ok()
    assert root.installed == APP
    assert tables(done) == {"Installing": ["app 2.0-1 sample", "extras 1.0-1 sample", "lib 2.0-1 sample"]}
    assert done.stderr == ""
    assert done.lines[-5:-3] == ["Testing transaction", "Running transaction"]
    assert sorted(done.lines[-3:]) == [f"Installing/Updating: {name}" for name in APP]
    assert root.file("/usr/share/app/app.txt").read_text() == "app 2.0\n"
    assert root.rpm("-Va").ok().stdout == ""


def test_the_table_and_its_totals_have_tdnfs_layout(tdnf: Tdnf, sample: Repo) -> None:
    done = tdnf("install", "--assumeno", "tool").failed(1032)
    assert done.stderr.splitlines()[-1] == "Error(1032) : Operation aborted."
    lines = done.lines[done.lines.index("Installing:") - 1 :]
    assert lines[0] == ""
    assert lines[2].startswith("tool             noarch       1:1.5-2          sample        27.00b    ")
    assert len(lines[2]) == 77
    assert lines[3:5] == ["", "Total installed size:  27.00b"]
    size = lines[2].split()[-1]
    assert lines[5].split() == ["Total", "download", "size:", size]


def test_json_gives_one_object_and_asks_on_standard_input(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    done = tdnf("install", "-j", "tool", stdin="y\n").ok()
    assert done.stdout == (
        '{"Install":[{"Name":"tool","Arch":"noarch","Evr":"1.5-2","InstallSize":27,"Repo":"sample"}]}'
    )
    assert root.installed == ["tool-1:1.5-2.noarch"]


def test_json_with_no_ends_well_and_changes_nothing(
    tdnf: Tdnf, sample: Repo, untouched: Callable[[], None]
) -> None:
    for arguments, stdin in ((("--assumeno",), ""), ((), "n\n")):
        done = tdnf("install", "-j", "tool", *arguments, stdin=stdin).ok()
        assert list(done.json) == ["Install"]
    untouched()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("lib=1.0", "lib-1.0-1.noarch"),
        ("lib = 1.0-1", "lib-1.0-1.noarch"),
        ("lib-1.0", "lib-1.0-1.noarch"),
        ("lib-1.0-1", "lib-1.0-1.noarch"),
        ("lib-1.0-1.noarch", "lib-1.0-1.noarch"),
        ("lib<2", "lib-1.0-1.noarch"),
        ("lib>=1.0", "lib-2.0-1.noarch"),
        ("lib.noarch", "lib-2.0-1.noarch"),
        ("tool-1:1.5-2", "tool-1:1.5-2.noarch"),
        ("virtual(lib) = 1.0", "lib-1.0-1.noarch"),
        ("virtual(lib)", "lib-2.0-1.noarch"),
        ("LIB", "lib-2.0-1.noarch"),
        ("li[a-c]", "lib-2.0-1.noarch"),
    ],
)
def test_every_form_of_a_spec_names_the_package(
    tdnf: Tdnf, root: Root, sample: Repo, spec: str, expected: str
) -> None:
    tdnf("install", "-y", spec).ok()
    assert root.installed == [expected]


def test_notes_tell_how_a_package_was_found(tdnf: Tdnf, sample: Repo) -> None:
    assert "[using capability match for 'virtual(lib)']" in tdnf("install", "-y", "virtual(lib)").ok().lines
    assert "[ignoring case for 'EXTRAS']" in tdnf("install", "-y", "EXTRAS").ok().lines


def test_a_glob_stands_for_all_names_that_fit(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "*ool", "ext*").ok()
    assert root.installed == ["extras-1.0-1.noarch", "tool-1:1.5-2.noarch"]


def test_several_words_are_one_transaction(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "tool", "lib=1.0", "extras").ok()
    assert root.installed == ["extras-1.0-1.noarch", "lib-1.0-1.noarch", "tool-1:1.5-2.noarch"]
    assert [entry["AddedCount"] for entry in tdnf("history", "-j").json] == [0, 3]


def test_an_unknown_word_stops_everything_and_is_named(
    tdnf: Tdnf, sample: Repo, untouched: Callable[[], None]
) -> None:
    done = tdnf("install", "-y", "tool", "nosuch", "neither").failed(1011)
    assert "nosuch package not found or not installed" in done.stderr.splitlines()
    assert "neither package not found or not installed" in done.stderr.splitlines()
    assert done.stderr.splitlines()[-1] == "Error(1011) : No matching packages"
    tdnf("install", "-y", "tool", "no*such").failed(1011)
    tdnf("install", "-y", "/usr/bin/nosuch").failed(1011)
    untouched()


def test_an_unknown_word_in_json_gives_the_error_object(tdnf: Tdnf, sample: Repo) -> None:
    done = tdnf("install", "-y", "-j", "nosuch").failed(1011)
    assert done.stdout == '{"Error":1011,"ErrorMessage":"No matching packages"}'
    assert "nosuch package not found or not installed" in done.stderr


def test_skip_broken_passes_over_unknown_words_and_says_so(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    done = tdnf("install", "-y", "--skip-broken", "nosuch", "tool").ok()
    assert "No package \x1b[1m\x1b[30mnosuch \x1b[0mavailable" in done.lines
    assert root.installed == ["tool-1:1.5-2.noarch"]
    assert "Nothing to do." in tdnf("install", "-y", "--skip-broken", "nosuch").ok().stderr


def test_without_a_word_there_is_nothing_to_install(tdnf: Tdnf) -> None:
    for command in ("install", "reinstall", "erase", "remove"):
        tdnf(command, "-y").failed(1001)


def test_an_installed_package_is_named_and_nothing_happens(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "tool").ok()
    again = tdnf("install", "-y", "tool").ok()
    assert again.stderr.splitlines() == ["Package tool is already installed.", "Nothing to do."]
    silent = tdnf("install", "-y", "-j", "tool").ok()
    assert silent.stdout == ""
    both = tdnf("install", "-y", "tool", "extras").ok()
    assert "Package tool is already installed." in both.stderr
    assert root.installed == ["extras-1.0-1.noarch", "tool-1:1.5-2.noarch"]


def test_a_higher_installed_version_counts_as_installed(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("thing", "2-1"), id="high")
    tdnf("install", "-y", "thing").ok()
    (root.repodir / "high.repo").unlink()
    offer(Rpm("thing", "1-1"), id="low")
    assert "Package thing is already installed." in tdnf("install", "-y", "thing").ok().stderr
    assert root.installed == ["thing-2-1.noarch"]


def test_another_version_asked_for_is_an_upgrade_or_a_downgrade(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "lib=1.0").ok()
    up = tdnf("install", "-y", "lib=2.0").ok()
    assert tables(up) == {"Upgrading": ["lib 2.0-1 sample"]}
    down = tdnf("install", "-y", "lib-1.0").ok()
    assert tables(down) == {"Downgrading": ["lib 1.0-1 sample"]}
    assert "Removing: lib-2.0-1.noarch" in down.lines
    assert root.installed == ["lib-1.0-1.noarch"]
    plain = tdnf("install", "-y", "lib").ok()
    assert tables(plain) == {"Upgrading": ["lib 2.0-1 sample"]}


def test_an_older_version_takes_what_needs_the_newer_one_along(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "app").ok()
    done = tdnf("install", "-y", "lib=1.0").ok()
    assert tables(done) == {"Downgrading": ["app 1.0-1 sample", "lib 1.0-1 sample"]}


def test_an_older_version_that_others_need_newer_is_refused(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("base", "1-1"), Rpm("base", "2-1"), Rpm("user", requires=("base >= 2",)))
    tdnf("install", "-y", "user").ok()
    done = tdnf("install", "-y", "base=1").failed(1301)
    assert "package user-1.0-1.noarch requires base >= 2" in done.stderr
    assert "Found 1 problem(s) while resolving" in done.stderr
    assert root.installed == ["base-2-1.noarch", "user-1.0-1.noarch"]


def test_what_nobody_provides_is_a_problem_with_its_cause(
    tdnf: Tdnf, sample: Repo, untouched: Callable[[], None]
) -> None:
    done = tdnf("install", "-y", "broken").failed(1301)
    assert done.stderr.splitlines()[0] == (
        "1. nothing provides nowhere-to-be-found needed by broken-1.0-1.noarch"
    )
    assert done.stderr.splitlines()[-1] == "Error(1301) : Solv general runtime error"
    as_json = tdnf("install", "-y", "-j", "broken").failed(1301)
    assert documents(as_json) == [{"Error": 1301, "ErrorMessage": "Solv general runtime error"}]
    untouched()


def test_skip_broken_leaves_the_broken_package_out(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "--skip-broken", "broken", "tool").ok()
    assert root.installed == ["tool-1:1.5-2.noarch"]
    assert "Nothing to do." in tdnf("install", "-y", "--skip-broken", "broken").ok().stderr


def test_packages_that_conflict_are_refused_both_ways(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    done = tdnf("install", "-y", "clash-a", "clash-b").failed(1301)
    assert (
        "package clash-a-1.0-1.noarch conflicts with clash-b provided by clash-b-1.0-1.noarch" in done.stderr
    )
    tdnf("install", "-y", "clash-a").ok()
    said = tdnf("install", "-y", "clash-b", "tool").failed(1301).stderr
    assert "With --allowerasing it can be done; it removes clash-a-1.0-1.noarch." in said
    assert "With --skip-broken what is in the way is left out, and the rest done." in said
    assert "With --" not in tdnf("install", "-y", "broken").failed(1301).stderr, "neither helps"
    assert root.installed == ["clash-a-1.0-1.noarch"]


def test_allowerasing_removes_what_is_in_the_way_and_shows_it(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "clash-a").ok()
    done = tdnf("install", "-y", "--allowerasing", "clash-b").ok()
    assert tables(done) == {
        "Installing": ["clash-b 1.0-1 sample"],
        "Removing": ["clash-a 1.0-1 @System"],
    }
    assert root.installed == ["clash-b-1.0-1.noarch"]


def test_an_obsoleted_package_is_in_two_tables(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "oldname=1.0").ok()
    assert root.installed == ["oldname-1.0-1.noarch"]
    ask = tdnf("install", "-j", "--assumeno", "newname").ok()
    assert [[p["Name"] for p in ask.json[key]] for key in ("Install", "Remove", "Obsolete")] == [
        ["newname"],
        ["oldname"],
        ["oldname"],
    ]
    done = tdnf("install", "-y", "newname").ok()
    assert tables(done) == {
        "Installing": ["newname 1.0-1 sample"],
        "Removing": ["oldname 1.0-1 @System"],
        "Obsoleting": ["oldname 1.0-1 @System"],
    }
    assert done.lines.count("Removing: oldname-1.0-1.noarch") == 1
    assert root.installed == ["newname-1.0-1.noarch"]
    change = tdnf("history", "-j", "--info").json[-1]
    assert (change["Added"], change["Removed"]) == (["newname-1.0-1.noarch"], ["oldname-1.0-1.noarch"])


def test_what_is_obsoleted_leaves_in_every_architecture(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    """rpm keeps no obsoleted package, and refuses a transaction that does."""
    old = [Rpm("old", "1-1", arch=arch) for arch in ("i686", "x86_64")]
    offer(*old, Rpm("own", "1-1", arch="i686"), id="before")
    tdnf("install", "-y", "old.i686", "old.x86_64", "own").ok()
    own = Rpm("own", "2-1", arch="x86_64", obsoletes=("own < 2",))
    offer(Rpm("new", "2-1", arch="x86_64", obsoletes=("old < 2",)), own)
    done = tdnf("install", "-y", "new", "own-2").ok()
    assert tables(done)["Obsoleting"] == ["old 1-1 @System", "old 1-1 @System"]
    assert tables(done)["Upgrading"] == ["own 2-1 test"]
    assert root.installed == ["new-2-1.x86_64", "own-2-1.x86_64"]
    tdnf("history", "undo", "-y", "3").ok()
    assert root.installed == ["old-1-1.i686", "old-1-1.x86_64", "own-1-1.i686"]


def test_an_obsoleted_name_installs_its_successor(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "oldname").ok()
    assert root.installed == ["newname-1.0-1.noarch"]


def test_everything_works_with_no_repository_at_all(tdnf: Tdnf, sample: Repo) -> None:
    tdnf("install", "-y", "tool").ok()
    tdnf("install", "-y", "--disablerepo=*", "extras").failed(1011)
    tdnf("remove", "-y", "--disablerepo=*", "tool").ok()


def test_releasever_is_asked_of_the_installed_packages(
    tdnf: Tdnf, root: Root, published: Callable[..., Repo]
) -> None:
    release = Rpm("the-release", "9-1", provides=("system-release(releasever) = 7", "system-release = 9-1"))
    repo = published("7", release, Rpm("thing"))
    root.add_repo(
        f"[any]\nname=any $releasever\nenabled=1\ngpgcheck=0\nbaseurl=file://{repo.path.parent}/$releasever\n"
    )
    tdnf.releasever = None
    done = tdnf("install", "-y", "thing").failed(1022)
    assert "--releasever" in done.stderr
    tdnf("install", "-y", "--releasever", "7", "the-release").ok()
    found = tdnf("install", "-y", "thing").ok()
    assert "thing-1.0-1.noarch" in root.installed
    assert "any 7" not in found.stderr


def test_of_two_installed_versions_the_newest_is_reinstalled_and_the_other_is_shown(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], workshop: Workshop
) -> None:
    twice = [Rpm("thing", f"{n}-1", files={f"/usr/share/thing-{n}": "x\n"}) for n in (1, 2)]
    offer(*twice)
    root.rpm("-i", *map(str, workshop.build(*twice, signed=False))).ok()
    assert len(root.installed) == 2
    done = tdnf("reinstall", "-y", "thing").ok()
    assert tables(done) == {"Reinstalling": ["thing 2-1 test"], "Removing": ["thing 1-1 @System"]}
    assert root.installed == ["thing-2-1.noarch"]
