"""mark install and mark remove (commands 7)."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import continue_from
from tests.support.cli import Result, Root, Tdnf, own_run
from tests.support.otheruser import NOBODY, as_nobody
from tests.support.sample import RPMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.repos import Repo


@pytest.fixture(scope="session")
def made(published: Callable[..., Repo], tmp_path_factory: pytest.TempPathFactory) -> Root:
    """What ``marked`` is a copy of."""
    root = Root(tmp_path_factory.mktemp("marks"))
    root.add_repo(published("sample", *RPMS))
    Tdnf(root)("-y", "install", "app=1.0").ok()
    return root


@pytest.fixture
def marked(made: Root, tdnf: Tdnf, root: Root) -> Tdnf:
    """``app`` 1.0 was asked for, ``lib`` and ``extras`` came with it."""
    continue_from(made, root)
    return tdnf


def user_installed(tdnf: Tdnf) -> set[str]:
    return {line.split("-")[0] for line in tdnf("repoquery", "--userinstalled").ok().lines}


def test_marks_go_either_way_and_are_recorded(marked: Tdnf) -> None:
    assert user_installed(marked) == {"app"}
    done = marked("mark", "install", "lib", "nonesuch").ok()
    assert done.lines == ["marking lib as userinstalled"]
    assert user_installed(marked) == {"app", "lib"}
    assert marked("mark", "remove", "l*", "app").ok().lines == [
        "marking app as autoinstalled",
        "marking lib as autoinstalled",
    ]
    (last,) = marked("-j", "history", "list", "4").json
    assert last["CmdLine"].endswith("mark remove l* app")
    assert (last["AddedCount"], last["RemovedCount"]) == (0, 0)


@pytest.mark.parametrize(("word", "said"), [("user", "userinstalled"), ("dependency", "autoinstalled")])
def test_dnfs_words_mean_the_same(marked: Tdnf, word: str, said: str) -> None:
    assert marked("mark", word, "app").ok().lines == [f"marking app as {said}"]


@pytest.mark.parametrize(
    ("words", "number", "said"),
    [
        ((), 1622, "need action ('install' or 'remove') as argument"),
        (("delete", "app"), 902, "unknown action 'delete'"),
        (("install",), 1622, "need package spec(s) as argument"),
    ],
)
def test_wrong_words_are_explained(marked: Tdnf, words: tuple[str, ...], number: int, said: str) -> None:
    done = marked("mark", *words).failed(number)
    assert done.lines == [said]


def test_what_is_not_installed_matches_nothing(marked: Tdnf) -> None:
    marked("mark", "install", "extras-nonesuch").failed(1011)
    assert len(marked("-j", "history", "list").json) == 2


def test_without_a_history_there_are_no_marks(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("-y", "install", "lib").ok()
    root.history.unlink()
    tdnf("mark", "remove", "lib").failed(1802)
    assert not root.history.exists()


def test_no_repository_is_asked(marked: Tdnf, root: Root) -> None:
    (root.repodir / "sample.repo").write_text("[gone]\nname=gone\nbaseurl=http://localhost:1/\nenabled=1\n")
    assert marked("mark", "remove", "app").ok().lines == ["marking app as autoinstalled"]


def test_json_mode_says_nothing(marked: Tdnf) -> None:
    assert marked("-j", "mark", "remove", "app").ok().stdout == ""


@pytest.fixture
def seen(made: Root) -> Iterator[Tdnf]:
    """The same below a folder that everybody may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="pk-", dir="/tmp") as folder:
        root = Root(Path(folder))
        continue_from(made, root)
        tdnf = Tdnf(root)
        tdnf("list", "installed").ok()  # a new cache
        for name, _, files in os.walk(folder):
            os.chmod(name, 0o755)
            for file in files:
                os.chmod(os.path.join(name, file), 0o644)
        yield tdnf


def as_other_user(tdnf: Tdnf, *arguments: str) -> Result:
    """Run as a user who may look at everything and write nothing."""
    words = tdnf.command(*arguments)[len(own_run(tdnf.root.run)) :]
    command = as_nobody(words)
    done = subprocess.run(
        command, env=tdnf.environment(), capture_output=True, text=True, check=False, timeout=60
    )
    return Result(tuple(command), done.returncode, done.stdout, done.stderr)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_who_may_not_write_is_told_so_in_one_line(seen: Tdnf) -> None:
    history = seen.root.history
    before = history.read_bytes()
    done = as_other_user(seen, "mark", "remove", "app").failed(1801)
    assert "marking" not in done.stdout
    assert f"{history} and its folder must be writable" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert history.read_bytes() == before
    assert as_other_user(seen, "repoquery", "--userinstalled").ok().lines == ["app-1.0-1.noarch"]
    listing = as_other_user(seen, "history", "list").failed(1601)
    assert listing.stdout == ""
    assert "'history' needs root, to list as well" in listing.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_the_owner_of_the_history_needs_not_be_root(seen: Tdnf) -> None:
    for path in (seen.root.history.parent, seen.root.history):
        os.chown(path, NOBODY, NOBODY)
    assert as_other_user(seen, "mark", "remove", "app").ok().lines == ["marking app as autoinstalled"]
    assert user_installed(seen) == set()


def test_marking_twice_writes_the_mark_once_and_two_transactions(marked: Tdnf) -> None:
    for _ in range(2):
        assert marked("mark", "remove", "app").ok().lines == ["marking app as autoinstalled"]
    assert len(marked("-j", "history").json) == 4
    assert user_installed(marked) == set()


def test_all_forms_of_a_spec_are_understood(marked: Tdnf) -> None:
    for spec in ("app.noarch", "app-1.0", "app-1.0-1.noarch", "app=1.0", "a?p*"):
        assert marked("mark", "remove", spec).ok().lines == ["marking app as autoinstalled"]
    assert marked("mark", "remove", "app>5").failed(1011).stdout == ""


def test_quiet_says_nothing_and_marks(marked: Tdnf) -> None:
    assert marked("-q", "mark", "remove", "app").ok().stdout == ""
    assert user_installed(marked) == set()


def test_json_mode_has_the_error_alone(marked: Tdnf) -> None:
    for words, number in (((), 1622), (("delete",), 902), (("remove",), 1622), (("remove", "no-such"), 1011)):
        assert marked("-j", "mark", *words).failed(number).stdout.startswith(f'{{"Error":{number},')


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_without_root_a_damaged_history_is_told_and_left(seen: Tdnf) -> None:
    history = seen.root.history
    good = history.read_bytes()
    history.write_bytes(b"no database at all" * 500)
    try:
        done = as_other_user(seen, "repoquery", "--userinstalled").failed(1801)
    finally:
        history.write_bytes(good)
    assert "The next command that changes the system sets it aside" in done.stderr
    assert not history.with_name("history.db.damaged").exists()
