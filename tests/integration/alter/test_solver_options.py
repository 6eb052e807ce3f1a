"""--debugsolver, and dnf's --no-best, --skip-unavailable, --no-docs, --use-host-config."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import pytest

from tests.support import container
from tests.support.container import Container
from tests.support.rpms import File, Rpm
from tests.support.sample import CLASH_A, CLASH_B

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo

TESTCASE = "debugdata/testcase.t"


def test_debugsolver_writes_a_test_case_and_does_the_work_all_the_same(
    tdnf: Tdnf, root: Root, sample: Repo, tmp_path: Path
) -> None:
    tdnf("makecache").ok()
    plain = tdnf("install", "--assumeno", "app").failed(1032)
    done = tdnf("install", "-y", "--debugsolver", "app", cwd=tmp_path).ok()
    assert done.stdout.startswith(plain.stdout)
    assert "app-2.0-1.noarch" in root.installed
    text = (tmp_path / TESTCASE).read_text()
    assert "job install pkg app-2.0-1.noarch@sample" in text
    assert "install app-2.0-1.noarch@sample" in (tmp_path / "debugdata/solver.result").read_text()
    assert b"=Pkg: lib 2.0 1 noarch" in gzip.decompress((tmp_path / "debugdata/sample.repo.gz").read_bytes())
    tdnf("remove", "-y", "--debugsolver", "app", cwd=tmp_path).ok()
    assert "job erase" in (tmp_path / TESTCASE).read_text()


def test_debugsolver_writes_what_has_no_solution(tdnf: Tdnf, sample: Repo, tmp_path: Path) -> None:
    tdnf("install", "-y", "--debugsolver", "broken", cwd=tmp_path).failed(1301)
    assert "broken" in (tmp_path / TESTCASE).read_text()
    assert "problem" in (tmp_path / "debugdata/solver.result").read_text()


def test_checks_write_one_as_well(tdnf: Tdnf, sample: Repo, tmp_path: Path) -> None:
    tdnf("check", "--debugsolver", cwd=tmp_path).failed(1301)
    (tmp_path / TESTCASE).unlink()
    tdnf("check-local", "--debugsolver", sample.path, cwd=tmp_path).failed(1301)
    assert (tmp_path / TESTCASE).exists()


@pytest.mark.parametrize("kind", ["file", "link", "foreign"])
def test_a_folder_that_cannot_be_trusted_is_named_and_stops_nothing(
    tdnf: Tdnf, root: Root, sample: Repo, tmp_path: Path, kind: str
) -> None:
    folder, victim = tmp_path / "debugdata", tmp_path / "victim"
    victim.mkdir()
    if kind == "file":
        folder.write_text("mine\n")
    elif kind == "link":
        folder.symlink_to(victim)
    elif os.geteuid() == 0:
        folder.mkdir()
        os.chown(folder, 12345, 12345)
    else:
        pytest.skip("only root can give a folder away")
    done = tdnf("install", "-y", "--debugsolver", "tool", cwd=tmp_path).ok()
    assert done.stderr.count("--debugsolver: nothing was written to debugdata") == 1
    assert "Traceback" not in done.stderr
    assert root.installed == ["tool-1:1.5-2.noarch"]
    assert list(victim.iterdir()) == []
    failed = tdnf("install", "-y", "--debugsolver", "broken", cwd=tmp_path).failed(1301)
    assert "nothing was written to debugdata" in failed.stderr
    assert "nowhere-to-be-found" in failed.stderr


@pytest.mark.parametrize(
    ("options", "insists"),
    [
        (("--best",), True),
        (("-b",), True),
        (("--best", "--no-best"), False),
        (("-b", "--no-best"), False),
        (("--no-best", "--best"), True),
        (("--no-best", "-b"), True),
        (("--no-best",), False),
    ],
)
def test_of_best_and_no_best_the_last_one_counts(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], options: tuple[str, ...], insists: bool
) -> None:
    offer(Rpm("thing", "1-1"), Rpm("thing", "2-1", requires=("nobody-has-this",)))
    tdnf("install", "-y", "thing=1").ok()
    done = tdnf("update", "-y", *options)
    if insists:
        assert "nobody-has-this" in done.failed(1301).stderr
    else:
        assert "Nothing to do." in done.ok().stderr


@pytest.mark.parametrize("option", ["--no-best", "--nobest", "--setopt=best=0"])
def test_no_best_falls_back_to_a_version_that_can_come(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], option: str
) -> None:
    offer(Rpm("thing", "1-1"), Rpm("thing", "2-1"), Rpm("thing", "3-1", requires=("nobody-has-this",)))
    tdnf("install", "-y", "thing").failed(1301)
    note = "thing-3-1.noarch cannot be installed: thing-2-1.noarch is taken."
    assert note in tdnf("install", "-y", option, "thing").ok().lines
    assert root.installed == ["thing-2-1.noarch"]
    tdnf("downgrade", "-y", "thing").ok()
    assert note in tdnf("update", "-y", option, "thing").ok().lines
    left = tdnf("update", "-y", option, "thing").ok()
    assert "thing-3-1.noarch cannot be installed: it is left out." in left.lines
    assert "Nothing to do." in left.stderr
    assert root.installed == ["thing-2-1.noarch"]


@pytest.mark.parametrize("word", ["nonesuch", "none*"])
def test_skip_unavailable_reports_what_is_unknown_and_installs_the_rest(
    tdnf: Tdnf, root: Root, sample: Repo, word: str
) -> None:
    done = tdnf("install", "-y", "--skip-unavailable", "tool", word).ok()
    assert f"No package \x1b[1m\x1b[30m{word} \x1b[0mavailable" in done.lines
    assert root.installed == ["tool-1:1.5-2.noarch"]
    assert "Nothing to do." in tdnf("install", "-y", "--skip-unavailable", word).ok().stderr


@pytest.mark.parametrize(
    ("command", "after"), [("update", "lib-2.0-1.noarch"), ("downgrade", "lib-1.0-1.noarch")]
)
def test_skip_unavailable_passes_over_what_is_not_installed(
    tdnf: Tdnf, root: Root, sample: Repo, command: str, after: str
) -> None:
    tdnf("install", "-y", "lib=1.0" if command == "update" else "lib=2.0").ok()
    for words in (("tool", "lib"), ("lib", "tool", "nonesuch")):
        done = tdnf(command, "-y", "--skip-unavailable", *words).ok()
        assert "tool is not installed" in done.stderr
        assert root.installed == [after]


def test_skip_unavailable_passes_over_no_problem(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "--skip-unavailable", "broken", "nonesuch").failed(1301)
    tdnf("install", "-y", "--skip-unavailable", CLASH_A.name, CLASH_B.name).failed(1301)
    assert root.installed == []


def test_skip_unavailable_holds_for_what_a_build_needs(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("work", source=True, build_requires=("tool", "never-heard-of")), Rpm("tool"))
    done = tdnf("install", "-y", "--skip-unavailable", "--builddeps", "work", "nonesuch").ok()
    assert "never-heard-of" in done.stdout
    assert "nonesuch" in done.stdout
    assert root.installed == ["tool-1.0-1.noarch"]


@pytest.mark.parametrize("way", ["--no-docs", "--nodocs", "--setopt=tsflags=nodocs", "configured"])
def test_no_docs_leaves_documentation_out(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], way: str
) -> None:
    offer(Rpm("manual", files={"/usr/doc": File("read\n", flag="%doc"), "/usr/thing": "x\n"}))
    if way == "configured":
        root.configure(tsflags="nodocs")
    tdnf("install", "-y", *([] if way == "configured" else [way]), "manual").ok()
    assert root.file("/usr/thing").exists()
    assert not root.file("/usr/doc").exists()


@pytest.mark.skipif(not container.allowed(), reason="namespaces with mounts are not allowed here")
def test_use_host_config_reads_nothing_of_the_root(tmp_path: Path, sample: Repo) -> None:
    box = Container(tmp_path / "box")
    box.add_repo("[outside]\nname=outside\nbaseurl=http://localhost:1/\nenabled=0\n")
    box.write("new/etc/tdnf/tdnf.conf", "[main]\nexcludepkgs=inside\n")
    box.write("new/etc/tdnf/locks.d/x.conf", "inside\n")
    box.write("new/etc/yum.repos.d/inside.repo", "[inside]\nname=inside\nenabled=0\n")
    words = "tdnf -j --releasever 1 --installroot /new"
    assert [repo["Repo"] for repo in box(f"{words} repolist disabled").ok().json[1:]] == ["inside"]
    assert [repo["Repo"] for repo in box(f"{words} --use-host-config repolist disabled").ok().json[1:]] == [
        "outside"
    ]
    words = words.replace("-j ", "")
    assert "  inside" in box(f"{words} upgrade").ok().lines
    assert box(f"{words} --use-host-config upgrade").ok().stdout == ""
