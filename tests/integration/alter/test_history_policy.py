"""history undo, redo and rollback beside excludes, locks, install-only packages and other versions."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import continue_from, tables
from tests.support.cli import Root, Tdnf
from tests.support.rpms import Rpm
from tests.support.sample import KERNELS, NEWNAME, OLDNAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

LIB = Rpm("lib", "1.0-1")
LIB_2 = Rpm("lib", "2.0-1")
APP = Rpm("app", "1:1.0-1", requires=("lib",))


@pytest.fixture(scope="session")
def made(published: Callable[..., Repo], tmp_path_factory: pytest.TempPathFactory) -> Root:
    """What ``past`` is a copy of."""
    root = Root(tmp_path_factory.mktemp("policy"))
    root.add_repo(published("test", LIB, LIB_2, APP))
    tdnf = Tdnf(root)
    tdnf("history", "init").ok()
    tdnf("-y", "install", "lib=1.0", "app").ok()
    tdnf("-y", "update", "lib").ok()
    tdnf("-y", "erase", "--noautoremove", "app").ok()
    return root


@pytest.fixture
def past(made: Root, tdnf: Tdnf, root: Root) -> Tdnf:
    """2 installs lib 1.0 and app; 3 updates lib to 2.0; 4 removes app."""
    continue_from(made, root)
    return tdnf


def names(root: Root) -> list[str]:
    return [nevra.rpartition("-")[0] for nevra in root.installed]


def state(tdnf: Tdnf, root: Root) -> tuple[list[str], int]:
    return root.installed, len(tdnf("-j", "history").json)


@pytest.mark.parametrize("how", ["option", "configuration"])
def test_an_excluded_package_neither_comes_back_nor_changes(past: Tdnf, root: Root, how: str) -> None:
    words = ["--exclude=lib", "--exclude=app"] if how == "option" else []
    if how == "configuration":
        root.configure(excludepkgs="lib app")
    before = state(past, root)
    done = past("-y", *words, "history", "undo", "4").failed(1301)
    assert "package app-1:1.0-1.noarch is disabled" in done.stderr
    assert done.stdout.startswith("Warning: The following packages are excluded") == (not words)
    done = past("-y", *words, "history", "undo", "3").failed(1301)
    assert "package lib-1.0-1.noarch is disabled" in done.stderr
    assert state(past, root) == before


def test_excludes_of_the_configuration_can_be_switched_off(past: Tdnf, root: Root) -> None:
    root.configure(excludepkgs="lib app")
    done = past("-y", "--disableexcludes", "history", "undo", "3").ok()
    assert "Warning" not in done.stdout
    assert names(root) == ["lib-1.0"]


def test_a_locked_package_stays_as_it_is(past: Tdnf, root: Root) -> None:
    (root.conf.parent / "locks.d").mkdir()
    (root.conf.parent / "locks.d/x.conf").write_text("lib\n")
    before = state(past, root)
    assert "1. conflicting requests" in past("-y", "history", "undo", "3").failed(1301).stderr
    assert "1. conflicting requests" in past("-y", "history", "rollback", "1").failed(1301).stderr
    assert state(past, root) == before


def test_nothing_goes_below_its_minimum_version(past: Tdnf, root: Root) -> None:
    (root.conf.parent / "minversions.d").mkdir()
    (root.conf.parent / "minversions.d/x.conf").write_text("lib=2.0\n")
    done = past("-y", "history", "undo", "3").failed(1301)
    assert "package lib-1.0-1.noarch is disabled" in done.stderr
    assert names(root) == ["lib-2.0"]


def test_install_only_packages_come_and_go_one_by_one(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    root.configure(installonlypkgs="kernel", installonly_limit=2)
    offer(*KERNELS)
    tdnf("history", "init").ok()
    for n in "1234":
        tdnf("-y", "install", f"kernel={n}.0").ok()
    done = tdnf("-y", "history", "undo", "5").ok()
    assert tables(done) == {"Installing": ["kernel 2.0-1 test"], "Removing": ["kernel 4.0-1 @System"]}
    assert names(root) == ["kernel-2.0", "kernel-3.0"]
    tdnf("-y", "history", "redo", "4-5").ok()
    assert names(root) == ["kernel-3.0", "kernel-4.0"]
    tdnf("-y", "history", "undo", "2-5").ok()
    assert names(root) == []


def test_more_than_the_limit_do_not_come_back(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    root.configure(installonlypkgs="kernel", installonly_limit=3)
    offer(*KERNELS)
    tdnf("history", "init").ok()
    for n in "123":
        tdnf("-y", "install", f"kernel={n}.0").ok()
    tdnf("-y", "erase", "kernel=1.0").ok()
    root.configure(installonlypkgs="kernel", installonly_limit=2)
    tdnf("-y", "history", "undo", "5").ok()
    assert len(names(root)) == 2
    assert "kernel-1.0" in names(root)


def test_what_needs_a_package_goes_with_it(past: Tdnf, root: Root) -> None:
    past("-y", "history", "undo", "3-4").ok()  # app is back, and lib 1.0
    assert names(root) == ["app-1:1.0", "lib-1.0"]
    past("-y", "erase", "app").ok()
    past("-y", "install", "app").ok()  # later than lib
    done = past("-y", "history", "undo", "2").ok()
    assert sorted(tables(done)["Removing"])[0].startswith("app ")
    assert names(root) == []


def test_dependencies_nobody_asked_for_stay_where_the_history_does_not_take_them(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    root.configure(clean_requirements_on_remove=True)
    offer(LIB, APP)
    tdnf("-y", "install", "lib").ok()
    tdnf("mark", "remove", "lib").ok()
    tdnf("-y", "install", "app").ok()
    tdnf("-y", "history", "undo", "4").ok()
    assert names(root) == ["lib-1.0"]


def test_a_newer_version_of_what_was_installed_is_not_what_undo_takes_away(past: Tdnf, root: Root) -> None:
    assert "Nothing to do." in past("-y", "history", "undo", "2").ok().stderr
    assert names(root) == ["lib-2.0"]


def test_a_disabled_repository_cannot_give_anything_back(past: Tdnf, root: Root) -> None:
    done = past("-y", "--disablerepo=*", "history", "undo", "3-4").failed(1011)
    assert done.lines[:5] == [
        "The following packages could not be resolved:",
        "",
        "app-1:1.0-1.noarch",
        "lib-1.0-1.noarch",
        "",
    ]
    assert "could not be resolved" in past("-q", "-y", "--disablerepo=*", "history", "undo", "4").stdout
    past("-y", "--disablerepo=*", "history", "redo", "2-3").failed(1011)  # app; lib is there


def test_only_downloading_the_way_back_changes_nothing(past: Tdnf, root: Root) -> None:
    before = state(past, root)
    folder = root.scratch / "fetched"
    folder.mkdir()
    done = past("-y", "--downloadonly", "--downloaddir", folder, "history", "undo", "3-4").ok()
    assert "tdnf will only download packages needed for the transaction" in done.lines
    assert sorted(path.name for path in folder.iterdir()) == ["app-1.0-1.noarch.rpm", "lib-1.0-1.noarch.rpm"]
    assert state(past, root) == before


def test_only_downloading_without_dependencies_ignores_what_goes(past: Tdnf, root: Root) -> None:
    before = state(past, root)
    done = past("-y", "--downloadonly", "--nodeps", "history", "undo", "3-4").ok()
    assert "Removing" not in tables(done)
    assert state(past, root) == before


def test_a_way_back_that_fails_in_a_script_leaves_no_row(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("bad", scripts={"pre -p <lua>": "error('no')"}))
    tdnf("history", "init").ok()
    tdnf("-y", "--setopt=tsflags=noscripts", "install", "bad").ok()
    tdnf("-y", "erase", "bad").ok()
    before = state(tdnf, root)
    tdnf("-y", "history", "undo", "3").failed(1525)
    assert state(tdnf, root) == before
    tdnf("-y", "--setopt=tsflags=noscripts", "history", "undo", "3").ok()
    assert names(root) == ["bad-1.0"]


def test_a_file_conflict_on_the_way_back_leaves_no_row(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    one, two = (Rpm(name, files={"/usr/share/same": name}) for name in ("one", "two"))
    offer(one, two)
    tdnf("history", "init").ok()
    tdnf("-y", "install", "one").ok()
    tdnf("-y", "erase", "one").ok()
    tdnf("-y", "install", "two").ok()
    before = state(tdnf, root)
    done = tdnf("-y", "history", "undo", "3").failed(1525)
    assert "Found 1 problems" in done.lines
    assert state(tdnf, root) == before


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_at_the_question_nothing_has_changed(
    past: Tdnf, root: Root, number: int, status: int
) -> None:
    before = state(past, root)
    running = past.start("history", "undo", "3-4")
    assert running.stdout
    seen = ""
    while not seen.endswith("Is this ok [y/N]: "):
        piece = running.stdout.read(1)
        assert piece, seen
        seen += piece
    running.send_signal(number)
    running.communicate(timeout=20)
    assert running.returncode == status
    assert state(past, root) == before


@pytest.mark.parametrize(("answer", "number"), [("n\n", 1032), ("\n", 1032), ("", 1033)])
def test_without_a_yes_nothing_changes(past: Tdnf, root: Root, answer: str, number: int) -> None:
    before = state(past, root)
    done = past("history", "undo", "3-4", stdin=answer).failed(number)
    assert done.stdout.rstrip().endswith("Is this ok [y/N]:")
    past("--assumeno", "history", "rollback", "2").failed(1032)
    assert state(past, root) == before


def test_json_shows_the_way_and_a_yes_goes_it(past: Tdnf, root: Root) -> None:
    done = past("-j", "history", "undo", "3-4", stdin="y\n").ok()
    assert {key: [item["Name"] for item in items] for key, items in done.json.items()} == {
        "Install": ["app"],
        "Downgrade": ["lib"],
    }
    assert names(root) == ["app-1:1.0", "lib-1.0"]


def test_a_history_that_breaks_under_a_transaction_is_told(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    lua = "local f = io.open('/var/lib/tdnf/history.db', 'w'); f:write(string.rep('x', 9999)); f:close()"
    offer(Rpm("vandal", scripts={"post -p <lua>": lua}))
    tdnf("history", "init").ok()
    done = tdnf("-y", "install", "vandal").failed(1801)
    assert "The packages are changed, but the history does not have it." in done.stderr
    assert names(root) == ["vandal-1.0"]


def test_an_obsoleted_package_comes_back_and_goes_again(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], workshop: Workshop
) -> None:
    offer(OLDNAME, NEWNAME)
    root.rpm("-i", str(workshop.build(OLDNAME, signed=False)[0])).ok()
    tdnf("history", "init").ok()
    tdnf("-y", "update").ok()
    assert names(root) == ["newname-1.0"]
    tdnf("-y", "history", "undo", "2").ok()
    assert names(root) == ["oldname-1.0"]
    assert "Obsoleting" in str(tables(tdnf("-y", "history", "redo", "2").ok()))
    assert names(root) == ["newname-1.0"]


def test_a_reinstallation_has_nothing_to_undo(past: Tdnf, root: Root) -> None:
    past("-y", "reinstall", "lib").ok()
    before = state(past, root)
    for words in (("undo", "5"), ("redo", "5")):
        assert "Nothing to do." in past("-y", "history", *words).ok().stderr
    assert state(past, root) == before
