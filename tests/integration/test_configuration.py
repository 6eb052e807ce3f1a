"""Configuration files, good and bad; variables; what is said of mistakes."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support import needs
from tests.support.cli import Tdnf
from tests.support.repos import repo_section
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.world import World
    from tests.support.cli import Root
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

ONE = Rpm("one")


def shown(tdnf: Tdnf, *words: str) -> list[str]:
    """Names of all repositories, from JSON."""
    return [repo["RepoName"] for repo in tdnf("-j", "repolist", "all", *words).ok().json[1:]]


@pytest.mark.parametrize(
    "text",
    [
        "[main]\n{}",
        "# a comment first\n\n[main]\n{}",
        "\n\n[main]\n{}",
        "[other]\n{}",  # the first section, whatever its name
        "[other]\nrepodir=/nonexistent\n[main]\n{}",
        "  [main]\n\t{}",
        "\ufeff[main]\n{}",
    ],
)
def test_the_main_section_is_found(tdnf: Tdnf, root: Root, text: str) -> None:
    root.add_repo(repo_section("x"))
    root.conf.write_text(text.format(f"repodir = {root.repodir}  \n"))
    assert shown(tdnf) == ["Repository x"]


def test_the_last_occurrence_of_a_key_wins_and_both_spellings_do(tdnf: Tdnf, root: Root) -> None:
    root.add_repo(repo_section("x"))
    root.conf.write_text(f"[main]\nrepodir=/nonexistent\nreposdir={root.repodir}\n")
    assert shown(tdnf) == ["Repository x"]
    root.conf.write_text(f"[main]\nreposdir={root.repodir}\nrepodir=/nonexistent\n")
    tdnf("repolist").failed(1005)


def test_the_configuration_inside_the_root_is_the_default(tdnf: Tdnf, root: Root) -> None:
    inside = root.file("/etc/tdnf/tdnf.conf")
    inside.parent.mkdir(parents=True)
    inside.write_text("[main]\nrepodir=/etc/my.repos\n")
    root.file("/etc/my.repos").mkdir()
    root.file("/etc/my.repos/x.repo").write_text(repo_section("x", name="Inside"))
    done = tdnf("-j", "--installroot", root.path, "repolist", bare=True).ok()
    assert done.json[0]["RepoName"] == "Inside"


def test_a_missing_configuration_is_named(tdnf: Tdnf, root: Root) -> None:
    root.conf.unlink()
    assert tdnf("list").failed(1602).stderr.startswith(f"{root.conf}: ")
    assert tdnf("-j", "list").failed(1602).json["Error"] == 1602


def test_a_configuration_that_is_no_text_is_refused(tdnf: Tdnf, root: Root) -> None:
    root.conf.write_bytes(os.urandom(4000) + b"\0")
    assert str(root.conf) in tdnf("list").failed(1002).stderr
    root.conf.unlink()
    root.conf.mkdir()
    assert str(root.conf) in tdnf("list").failed(1621).stderr


def with_pipe(tdnf: Tdnf, root: Root, words: str) -> subprocess.CompletedProcess[str]:
    """Run with words that bash reads."""
    command = ["bash", "-c", f'exec "$@" {words}', "bash"]
    command += tdnf.command("--installroot", root.path, "--releasever", "1", bare=True)
    return subprocess.run(
        command, env=tdnf.environment(), capture_output=True, text=True, check=False, timeout=30
    )


@pytest.mark.parametrize(
    "conf",
    [
        "/dev/null",
        pytest.param("<(:)", marks=needs.PROC),
        pytest.param("<(sleep 0.3; echo '[main]'; sleep 0.3; echo 'keepcache=0')", marks=needs.PROC),
    ],
)
def test_the_null_device_and_pipes_are_configurations(tdnf: Tdnf, root: Root, conf: str) -> None:
    root.add_repo(repo_section("x"))
    done = with_pipe(tdnf, root, f"-c {conf} --setopt=reposdir={root.repodir} repolist")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Repository x" in done.stdout


@needs.PROC
def test_a_configuration_from_a_pipe_is_read(tdnf: Tdnf, root: Root) -> None:
    root.add_repo(repo_section("x"))
    done = with_pipe(tdnf, root, f"-c <(printf '[main]\\nrepodir={root.repodir}\\n') -j repolist")
    assert '"Repo":"x"' in done.stdout
    for endless, number in (("<(yes)", 1627), ("/dev/zero", 1627)):
        done = with_pipe(tdnf, root, f"-c {endless} -j repolist")
        assert done.returncode == number % 256
        assert f'"Error":{number},' in done.stdout


def test_a_repo_file_must_be_a_file(tdnf: Tdnf, root: Root) -> None:
    os.mkfifo(root.repodir / "x.repo")
    tdnf("repolist").failed(1622)


def test_an_empty_configuration_has_the_defaults(tdnf: Tdnf, root: Root) -> None:
    root.conf.write_text("")
    root.add_repo(repo_section("x"))
    assert shown(tdnf, f"--setopt=reposdir={root.repodir}") == ["Repository x"]


def test_mistakes_in_the_configuration_are_named_with_file_and_line(tdnf: Tdnf, root: Root) -> None:
    root.conf.write_text(
        f"keepcache=1\n[main]\nrepodir={root.repodir}\ngarbage\n[unclosed\nkeepcache=perhaps\ninstallonly_limit=x\n"
    )
    done = tdnf("repolist").ok()
    text = done.stdout + done.stderr
    for line in (1, 4, 5):
        assert f"{root.conf}:{line}: " in text
    assert "invalid arg to strtoi: 'perhaps'" in text
    assert "invalid arg to strtoi: 'x'" in text
    assert tdnf("-j", "repolist").ok().stdout == "[]"


def test_a_mistake_in_a_repo_file_is_named_with_file_and_line(tdnf: Tdnf, root: Root) -> None:
    path = root.repodir / "x.repo"
    path.write_text("lost=1\n[x]\nname=X\nthis is no setting\n[broken\nenabled=1 # really\n")
    done = tdnf("repolist", "all").ok()
    text = done.stdout + done.stderr
    for line in (1, 4, 5):
        assert f"{path}:{line}: " in text
    assert "'1 # really'" in text
    assert f"{'x':<19} {'X':<40} disabled " in done.lines


def test_a_repo_file_that_is_no_text_is_named(tdnf: Tdnf, root: Root) -> None:
    path = root.repodir / "x.repo"
    path.write_bytes(b"\x7fELF\0\0\1")
    assert str(path) in tdnf("repolist").failed(1002).stderr
    path.unlink()
    path.mkdir()
    assert str(path) in tdnf("repolist").failed().stderr


def test_texts_beyond_utf8_and_windows_line_ends_are_read(tdnf: Tdnf, root: Root) -> None:
    (root.repodir / "x.repo").write_bytes(b"[x]\r\nname=caf\xc3\xa9 \r\nenabled = 1 \r\n")
    (root.repodir / "y.repo").write_bytes(b"[y]\nname=caf\xe9\nenabled=Yes\n")
    done = tdnf("repolist").ok()
    assert done.lines[1] == f"{'x':<19} {'café':<40} {'enabled':<9}"
    assert done.lines[2].startswith("y ")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("value", "state"),
    [("1", True), ("0", False), ("true", True), ("NO", False), ("On", True), ("off", False), ("7", True)],
)
def test_booleans(tdnf: Tdnf, root: Root, value: str, state: bool) -> None:
    root.add_repo(f"[x]\nenabled={value}\n")
    assert tdnf("-j", "repolist", "all").ok().json[1]["Enabled"] is state


def test_an_id_used_twice_fails_every_command(tdnf: Tdnf, root: Root) -> None:
    (root.repodir / "a.repo").write_text("[x]\nname=A\n[x]\nname=B\n")
    for words in (["list"], ["repolist"], ["clean", "all"]):
        assert "'x'" in tdnf(*words).failed(1037).stderr
    (root.repodir / "a.repo").write_text("[x]\nname=A\n")
    (root.repodir / "b.repo").write_text("[x]\nname=B\n")
    tdnf("repolist").failed(1037)


@pytest.mark.parametrize("text", ["[x]\nname=\n", "[a/b]\nname=x\n"])
def test_senseless_sections_are_refused_with_their_place(tdnf: Tdnf, root: Root, text: str) -> None:
    (root.repodir / "x.repo").write_text(text)
    assert f"{root.repodir}/x.repo:1: " in tdnf("repolist").failed(1622).stderr


def test_a_missing_repo_folder_fails_every_command(tdnf: Tdnf, root: Root) -> None:
    root.configure(repodir="/nonexistent/repos")
    for words in (["list"], ["repolist"], ["count"]):
        assert "/nonexistent/repos" in tdnf(*words).failed(1005).stderr


def test_only_repo_files_count(tdnf: Tdnf, root: Root) -> None:
    (root.repodir / "x.repo.bak").write_text("[x\0]")
    (root.repodir / "README").write_text("no ini")
    assert tdnf("repolist", "all").ok().lines[1:] == [f"{'@cmdline':<19} {'@cmdline':<40} disabled "]


def test_variables_are_expanded(tdnf: Tdnf, root: Root, tmp_path: Path) -> None:
    first, second = tmp_path / "vars1", tmp_path / "vars2"
    for folder in (first, second):
        folder.mkdir()
    (first / "colour").write_text("green  \nblue\n")
    (second / "colour").write_text("red\n")
    (second / "size2").write_text("big")
    (second / "empty").write_text("")
    (second / "folder").mkdir()
    (second / "Upper").write_text("ignored")
    root.configure(varsdir=f"/nonexistent {first} {second}")
    machine = os.uname().machine
    text = "$colour-$size2-$releasever-$basearch-$unknown-$empty-$Upper-$colour_x-$-$$size2!"
    root.add_repo(repo_section("x", name=text))
    assert shown(tdnf) == [f"green-big-1-{machine}---Upper-green_x--big!"]


def test_a_vars_file_beats_releasever(tdnf: Tdnf, root: Root, tmp_path: Path) -> None:
    (tmp_path / "vars").mkdir()
    (tmp_path / "vars/releasever").write_text("40\n")
    root.configure(varsdir=tmp_path / "vars")
    root.add_repo(repo_section("x", name="v$releasever"))
    assert shown(tdnf) == ["v40"]


def test_releasever_comes_from_what_is_installed(root: Root, workshop: Workshop, tmp_path: Path) -> None:
    unset = Tdnf(root, releasever=None)
    root.add_repo(repo_section("plain", name="No variable"))
    assert shown(unset) == ["No variable"]  # nobody needs it
    root.add_repo(repo_section("x", name="v$releasever"))
    done = unset("repolist").failed(1022)
    assert "--releasever" in done.stderr
    release = Rpm(
        "my-release", "7-1", provides=("system-release = 9.8-1", "system-release(releasever) = 9.8")
    )
    root.rpm("-i", "--nosignature", str(workshop.build(release, signed=False)[0])).ok()
    assert "v9.8" in shown(unset)
    root.configure(distroverpkg="my-release")
    assert "v7-1" in shown(unset) or "v7" in shown(unset)
    assert "v3" in shown(unset, "--releasever=3")


def test_the_variables_reach_urls(make_repo: Callable[..., Repo], tdnf: Tdnf, root: Root) -> None:
    repo = make_repo("one1", ONE, signed=False)
    root.add_repo(repo, baseurl=f"file://{repo.path.parent}/one$releasever")
    assert "one.noarch" in tdnf("list").ok().stdout


def test_entries_beside_the_configuration_must_be_readable(tdnf: Tdnf, root: Root) -> None:
    folder = root.conf.parent / "locks.d"
    folder.mkdir()
    (folder / "x.conf").mkdir()
    assert str(folder / "x.conf") in tdnf("list").failed(1602).stderr


def test_repositories_without_any_url_fail_when_they_are_loaded(tdnf: Tdnf, root: Root) -> None:
    root.add_repo(repo_section("x"))
    tdnf("repolist").ok()
    done = tdnf("list").failed(2500)
    assert "Error: Cannot find a valid base URL for repo: Repository x\n" in done.stderr
    tdnf("list", "--disablerepo=x").ok()


def test_a_hidden_priority_does_not_hide_from_queries(look: Tdnf, world: World) -> None:
    assert [line.split()[1:] for line in look("list", "available", "app").ok().lines] == [
        ["1.0-1", "main"], ["2.0-1", "main"], ["3.0-1", "second"],
    ]  # fmt: skip
