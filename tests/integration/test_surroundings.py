"""What surrounds a run: missing rights, a full disk, closed streams, no librpm, a lock that is taken."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.world import World
from tests.support.cli import LAUNCHER, Result, Tdnf, namespaces_allowed
from tests.support.otheruser import NOBODY, as_nobody
from tests.support.repos import publish
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.cli import Root
    from tests.support.workshop import Workshop

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="switching users needs root")
with_mounts = pytest.mark.skipif(
    os.geteuid() != 0 or not namespaces_allowed(), reason="a small disk needs root and mount namespaces"
)


def run(tdnf: Tdnf, *words: str | Path, wrap: Sequence[str], stdin: str = "") -> Result:
    """The program inside another command, without its own /run: for other users and namespaces."""
    root = tdnf.root
    options = ["-c", str(root.conf), "--installroot", str(root.path), "--releasever", "1"]
    command = [*wrap, *tdnf.program, *options, *map(str, words)]
    done = subprocess.run(
        command, env=tdnf.environment(), input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
    return Result(tuple(map(str, words)), done.returncode, done.stdout, done.stderr)


def unprivileged(tdnf: Tdnf, *words: str | Path) -> Result:
    """The program as another user who has no rights to anything of root's."""
    program = as_nobody(tdnf.program)
    return run(Tdnf(tdnf.root, program=program), *words, wrap=())


@pytest.fixture
def own(workshop: Workshop) -> Iterator[World]:
    """A world with a warm cache that this test may change; everybody may read it.

    It is not in pytest's folder, which pytest makes private again whenever it starts.
    """
    scratch = Path(tempfile.mkdtemp(prefix="pk-", dir="/tmp"))
    scratch.chmod(0o755)
    made = World(scratch, workshop)
    made.tdnf("makecache").ok()
    while not (made.root.cachedir / "@System.stamp").exists():  # a database just written is not trusted
        made.tdnf("list").ok()
    yield made
    made.server.close()
    shutil.rmtree(scratch)


@as_root
def test_everybody_can_query_a_cache_that_only_root_can_write(own: World) -> None:
    before = {path: path.stat().st_ctime_ns for path in own.root.cachedir.rglob("*")}
    for words in (
        ["list"], ["info", "lib"], ["count"], ["check-update"], ["provides", "lib"], ["repoquery", "lib"],
        ["repoquery", "--installed"], ["search", "lib"], ["repolist"], ["-C", "list"],
    ):  # fmt: skip
        done = unprivileged(own.tdnf, *words).ok()
        assert (done.stdout, done.stderr) == (own.tdnf(*words).ok().stdout, "")
    assert {path: path.stat().st_ctime_ns for path in own.root.cachedir.rglob("*")} == before


@as_root
def test_parts_that_only_root_could_store_are_used_all_the_same(own: World) -> None:
    for words in (
        ["updateinfo", "list"],
        ["provides", "/usr/share/rich/naïve"],
        ["repoquery", "--list", "rich"],
    ):
        done = unprivileged(own.tdnf, *words).ok()
        assert (done.stdout, done.stderr) == (own.tdnf(*words).ok().stdout, "")
    assert not list(Path("/tmp").glob("tdnf-*/main"))


@as_root
@pytest.mark.parametrize("words", [["makecache"], ["list", "--refresh"]])
def test_who_may_not_write_the_cache_is_told_what_to_do(own: World, words: list[str]) -> None:
    done = unprivileged(own.tdnf, *words).failed(1613)
    assert done.stderr == (
        "\n"
        "tdnf repo cache needs to be refreshed but you have insufficient permissions\n"
        "You can use one of the below methods to workaround this\n"
        "1. Login as root and refresh cache\n"
        "2. Use -c (--config) with a configuration file that has 'cachedir' set to a directory where you "
        "have access\n"
        "3. Use -C (--cacheonly) and use the existing cache in the system\n"
        "\n"
        "Error(1613) : Permission denied\n"
    )


@as_root
def test_rights_are_not_a_reason_to_skip_a_repository(own: World) -> None:
    own.add(own.main, skip_if_unavailable=True)
    unprivileged(own.tdnf, "list", "--refresh").failed(1613)


@as_root
def test_everybody_can_use_a_cache_of_their_own(own: World) -> None:
    mine = own.root.scratch / "mine"
    mine.mkdir()
    os.chown(mine, NOBODY, NOBODY)
    done = unprivileged(own.tdnf, "-q", f"--setopt=cachedir={mine}", "list").ok()
    assert done.stdout == own.tdnf("list").ok().stdout
    assert list(mine.glob("main-*/repodata/repomd.xml"))


@as_root
@pytest.mark.parametrize(
    "command",
    ["install", "remove", "update", "downgrade", "reinstall", "distro-sync", "autoremove", "history"],
)
def test_commands_that_change_the_system_are_for_root(own: World, command: str) -> None:
    done = unprivileged(own.tdnf, command, "lib").failed(1601)
    assert done.stderr.endswith("Error(1601) : Operation not permitted. You have to be root.\n")


@as_root
def test_files_that_cannot_be_read_are_named(own: World) -> None:
    repo_file = own.root.repodir / "main.repo"
    repo_file.chmod(0o600)
    assert str(repo_file) in unprivileged(own.tdnf, "list").failed(1613).stderr
    repo_file.chmod(0o644)
    own.root.conf.chmod(0o600)
    assert str(own.root.conf) in unprivileged(own.tdnf, "list").failed(1613).stderr
    own.root.conf.chmod(0o644)
    (repomd,) = own.root.cachedir.glob("main-*/repodata/repomd.xml")
    repomd.chmod(0o600)
    assert "Permission denied" in unprivileged(own.tdnf, "list").failed(1613).stderr


@with_mounts
@pytest.mark.parametrize("size", ["4k", "8k", "16k", "24k", "32k"])
def test_a_full_disk_under_the_cache_is_said_and_nothing_broken_stays(
    own: World, tmp_path: Path, size: str
) -> None:
    cache = tmp_path / "tiny"
    cache.mkdir()
    script = (
        'mount -t tmpfs -o "size=$1,nr_inodes=64" none "$0" && shift && "$@"; status=$?; '
        'find "$0" -name "*.tmp" -o -name tmp >&2; exit $status'
    )
    wrap = ["unshare", "--mount", "sh", "-c", script, str(cache), size]
    done = run(own.tdnf, f"--setopt=cachedir={cache}", "list", wrap=wrap)
    if done.status:
        assert done.failed(1628).stderr.count("No space left on device") >= 1
    else:  # the metadata fitted; the rest is a convenience
        assert "second-only.noarch" in done.stdout
    assert "Traceback" not in done.stderr
    assert "tmp\n" not in done.stderr, done


@with_mounts
def test_a_full_disk_keeps_the_metadata_that_is_there(own: World, tmp_path: Path, workshop: Workshop) -> None:
    cache = tmp_path / "tiny"
    cache.mkdir()
    new = publish(own.server.folder / "new", workshop.build(Rpm("third"), signed=False))
    script = (
        'mount -t tmpfs -o size=400k none "$0" || exit 99; old=$1; new=$2; shift 2; "$@" -q list >/dev/null; '
        'dd if=/dev/zero "of=$0/filler" bs=1k 2>/dev/null; '
        'rm -r "$old/repodata"; cp -r "$new/repodata" "$old/"; '
        '"$@" --refresh list; echo "status $?"; "$@" list'
    )
    options = ["-c", own.root.conf, "--installroot", own.root.path, "--releasever", "1"]
    command = ["unshare", "--mount", "sh", "-c", script, cache, own.second.path, new.path]
    command += [*own.tdnf.program, *options, f"--setopt=cachedir={cache}", "--disablerepo=main"]
    done = subprocess.run(
        [str(word) for word in command],
        env=own.tdnf.environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done
    assert f"status {1628 % 256}" in done.stdout
    assert "Error(1628) : No space left on device" in done.stderr
    assert "second-only.noarch" in done.stdout.rpartition("status")[2]


def test_a_reader_that_leaves_early_ends_the_program_quietly(look: Tdnf) -> None:
    command = look.command("list", "-v")
    for _ in range(3):
        process = subprocess.Popen(
            command, env=look.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
        process.stderr.close()
        assert process.wait() == 141


def shell(tdnf: Tdnf, redirection: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *tdnf.command(*words)]
    return subprocess.run(command, env=tdnf.environment(), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [["list"], ["-j", "list"], ["repolist"], ["--help"], ["-j", "--nosuch"]])
def test_a_closed_standard_output_is_an_error_for_what_prints(look: Tdnf, words: list[str]) -> None:
    done = shell(look, ">&-", *words)
    assert done.returncode not in (0, 70, 141)
    assert "standard output: Bad file descriptor" in done.stderr or "No such option" in done.stderr
    assert "Traceback" not in done.stderr


def test_closed_streams_are_no_reason_to_fail_where_nothing_is_printed(look: Tdnf) -> None:
    done = shell(look, ">&-", "-q", "check-update", "tool")
    assert (done.returncode, done.stderr) == (0, "")
    assert shell(look, "2>&-", "list", "nosuch").returncode == 1011 % 256
    assert shell(look, "<&-", "list", "tool").stdout.count("tool.noarch") == 2
    assert shell(look, "<&- >&- 2>&-", "-q", "check-update", "tool").returncode == 0
    assert shell(look, "<&- >&- 2>&-", "list").returncode not in (0, 70)


@pytest.mark.parametrize("words", [["list"], ["-j", "list"], ["--help"], ["repolist"]])
def test_a_full_disk_behind_stdout_is_said(look: Tdnf, words: list[str]) -> None:
    done = shell(look, ">/dev/full", *words)
    assert done.returncode == 1628 % 256
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def without_rpm(root: Root, tmp_path: Path) -> Tdnf:
    """The program on an interpreter that has no ``rpm`` module."""
    launcher = tmp_path / "tdnf"
    hidden = (
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'rpm': raise ModuleNotFoundError(\"No module named 'rpm'\", name=name)\n"
        f"sys.path.insert(0, {str(LAUNCHER)!r})\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "from _pkgman_launcher import main\n"
        "main()\n"
    )
    launcher.write_text(hidden)
    return Tdnf(root, program=(sys.executable, "-I", str(launcher)))


def test_without_librpm_repositories_can_still_be_searched(own: World, tmp_path: Path) -> None:
    tdnf = without_rpm(own.root, tmp_path)
    assert tdnf("list").ok().stdout == own.tdnf("list").ok().stdout  # the cache knows what is installed
    own.tdnf("clean", "all").ok()
    done = tdnf("-q", "list", "lib").ok()
    assert [line.split()[2] for line in done.lines] == ["main", "main"]
    assert "python3-rpm" in done.stderr
    assert "Installed packages are not shown." in done.stderr
    for words in (["repolist"], ["repoquery", "lib"], ["makecache"], ["clean", "all"], ["--version"]):
        assert tdnf(*words).ok().stderr == ""
    for words in (["search", "lib"], ["provides", "lib"]):
        assert "Installed packages are not shown." in tdnf(*words).ok().stderr


def test_without_librpm_what_needs_the_installed_packages_says_what_is_missing(
    own: World, tmp_path: Path
) -> None:
    tdnf = without_rpm(own.root, tmp_path)
    own.tdnf("clean", "all").ok()
    for words in (
        ["list", "installed"],
        ["check-update"],
        ["updateinfo"],
        ["repoquery", "--installed"],
        ["count"],
    ):
        done = tdnf("-q", *words).failed(1526)
        assert "python3-rpm" in done.stderr
        assert "Traceback" not in done.stderr


@as_root
def test_a_second_instance_waits_and_says_so(look: Tdnf) -> None:
    lock = look.root.run / ".tdnf-instance-lockfile"
    script = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); "
    script += "print(1, flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin
    assert holder.stdout
    holder.stdout.readline()
    waiting = look.start("count")
    try:
        assert waiting.stderr
        line = waiting.stderr.readline()
        assert line == f"waiting for tdnf_instance lock on {look.root.lock}\n"
        assert waiting.poll() is None
        holder.communicate("\n", timeout=30)
        out, err = waiting.communicate(timeout=30)
    finally:
        holder.kill()
        waiting.kill()
    assert (waiting.returncode, out, err) == (0, "Package count = 24\n", "")


def test_a_rpm_database_that_is_no_database_is_refused(own: World) -> None:
    (database,) = own.root.path.rglob("rpmdb.sqlite")
    database.write_bytes(b"not a database" * 1000)
    for leftover in database.parent.glob("rpmdb.sqlite-*"):
        leftover.unlink()
    done = own.tdnf("list", "installed").failed()
    assert "Traceback" not in done.stderr
    assert "Internal error" not in done.stderr
    assert database.read_bytes().startswith(b"not a database")
