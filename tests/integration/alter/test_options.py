"""Options of the commands that change the system, and the question (options 3 and 5, commands 4.3)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import struct
import subprocess
import termios
from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import documents, files_of
from tests.support.cli import Result, namespaces_allowed, program_command
from tests.support.needs import pseudo_terminal
from tests.support.rpms import Rpm
from tests.support.sample import RPMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.server import Server

QUESTION = "Is this ok [y/N]: "

with_mounts = pytest.mark.skipif(
    os.geteuid() != 0 or not namespaces_allowed(), reason="a small disk needs root and mount namespaces"
)


@pytest.fixture
def http(make_repo: Callable[..., Repo], server: Server, root: Root) -> Repo:
    """The sample distribution over HTTP."""
    repo = make_repo("sample", *RPMS, signed=False)
    root.add_repo(repo, baseurl=server.url("sample"))
    return repo


# the question


@pytest.mark.parametrize("answer", ["y\n", "yes\n", "Y\n", "YES\n", "y", "yes", " y \n", "what?\n\x00\ny\n"])
def test_a_yes_in_any_form_goes_on(tdnf: Tdnf, root: Root, sample: Repo, answer: str) -> None:
    done = tdnf("install", "extras", stdin=answer).ok()
    assert root.installed == ["extras-1.0-1.noarch"]
    assert done.stdout.count(QUESTION) == answer.rstrip("\n").count("\n") + 1
    assert f"{QUESTION}Testing transaction" in done.stdout


@pytest.mark.parametrize("answer", ["n\n", "no\n", "N\n", "\n", "n", "maybe\nno\n"])
def test_a_no_in_any_form_stops(tdnf: Tdnf, sample: Repo, untouched: Callable[[], None], answer: str) -> None:
    done = tdnf("install", "extras", stdin=answer).failed(1032)
    assert done.stderr == "Error(1032) : Operation aborted.\n"
    assert done.stdout.endswith(QUESTION)
    untouched()


@pytest.mark.parametrize("answer", ["", "garbage\n", "garbage"])
def test_the_end_of_input_is_no_answer(
    tdnf: Tdnf, sample: Repo, untouched: Callable[[], None], answer: str
) -> None:
    done = tdnf("install", "extras", stdin=answer).failed(1033)
    assert done.stderr.splitlines()[-1] == "Error(1033) : Invalid input."
    as_json = tdnf("install", "-j", "extras", stdin=answer).failed(1033)
    assert documents(as_json)[1:] == [{"Error": 1033, "ErrorMessage": "Invalid input."}]
    untouched()


def test_a_closed_standard_input_is_no_answer(
    tdnf: Tdnf, sample: Repo, untouched: Callable[[], None]
) -> None:
    command = ["sh", "-c", 'exec "$@" <&-', "sh", *tdnf.command("install", "extras")]
    done = subprocess.run(command, env=tdnf.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr
    untouched()


def test_bytes_that_are_no_text_are_no_answer(
    tdnf: Tdnf, sample: Repo, untouched: Callable[[], None]
) -> None:
    done = tdnf("install", "extras", stdin="\udcff\udcfe\n").failed(1033)
    assert done.stdout.count(QUESTION) == 2
    untouched()


def test_yes_wins_over_no(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    done = tdnf("install", "-y", "--assumeno", "extras").ok()
    assert QUESTION not in done.stdout
    assert root.installed == ["extras-1.0-1.noarch"]
    done = tdnf("install", "--assumeno", "tool").failed(1032)
    assert QUESTION not in done.stdout


def test_the_name_tdnfj_means_json_and_yes(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnfj = type(tdnf)(root, program=program_command("/x/mytdnfj"))
    done = tdnfj("install", "extras").ok()
    assert list(done.json) == ["Install"]
    assert root.installed == ["extras-1.0-1.noarch"]


# quiet, verbose


def test_quiet_leaves_the_question_and_the_errors(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    assert tdnf("install", "-q", "extras", stdin="y\n").ok().stdout == QUESTION
    assert tdnf("install", "-q", "-y", "tool").ok().stdout == "tool-1:1.5-2.noarch: tool says hello\n"
    assert tdnf("install", "-q", "-y", "-j", "lib").ok().stdout == ""
    assert tdnf("remove", "-q", "-y", "nosuch").failed(1011).stderr != ""
    assert len(root.installed) == 3


def test_verbose_lists_options_and_progress(tdnf: Tdnf, http: Repo) -> None:
    done = tdnf("install", "-v", "-y", "--setopt=x=1", "tool").ok()
    assert done.lines[0] == "Setting options:"
    assert "\tx = 1" in done.lines
    assert any(line.startswith("tool 100% ") for line in done.lines)
    assert not any("%" in line for line in tdnf("install", "-y", "lib").ok().lines)


# downloads


def test_downloadonly_fetches_and_stops(tdnf: Tdnf, root: Root, http: Repo) -> None:
    done = tdnf("install", "-y", "--downloadonly", "app").ok()
    assert "tdnf will only download packages needed for the transaction" in done.lines
    assert "Testing transaction" not in done.lines
    names = sorted(path.name for path in (root.cachedir / "sample/rpms").rglob("*.rpm"))
    assert names == ["app-2.0-1.noarch.rpm", "extras-1.0-1.noarch.rpm", "lib-2.0-1.noarch.rpm"]
    assert root.installed == []
    assert not root.history.exists()


def test_downloaded_packages_are_used_and_then_removed(
    tdnf: Tdnf, root: Root, http: Repo, server: Server
) -> None:
    tdnf("install", "-y", "--downloadonly", "tool").ok()
    server.forget()
    tdnf("install", "-y", "tool").ok()
    assert not any(path.endswith(".rpm") for path in server.paths)
    assert list(root.cachedir.rglob("*.rpm")) == []


def test_keepcache_keeps_packages(tdnf: Tdnf, root: Root, http: Repo) -> None:
    tdnf("install", "-y", "--setopt=keepcache=1", "tool").ok()
    assert len(list(root.cachedir.rglob("*.rpm"))) == 1


@pytest.mark.parametrize("over_http", [True, False])
def test_downloaddir_gets_flat_files_and_keeps_those_that_are_there(
    tdnf: Tdnf, root: Root, http: Repo, server: Server, tmp_path: Path, over_http: bool
) -> None:
    if not over_http:
        root.add_repo(http)
    (tmp_path / "here").mkdir()
    tdnf("install", "-y", "--downloadonly", "--downloaddir", tmp_path / "here", "app").ok()
    names = ["app-2.0-1.noarch.rpm", "extras-1.0-1.noarch.rpm", "lib-2.0-1.noarch.rpm"]
    assert sorted(os.listdir(tmp_path / "here")) == names
    done = tdnf("install", "-y", "--downloadonly", "--downloaddir", tmp_path / "here", "app").ok()
    assert "app package already downloaded" in done.lines
    tdnf("install", "-y", "--downloadonly", "--downloaddir", "here", "tool", cwd=tmp_path).ok()
    assert "tool-1.5-2.noarch.rpm" in os.listdir(tmp_path / "here")
    assert root.installed == []


def test_downloaddir_must_exist_and_needs_downloadonly(tdnf: Tdnf, http: Repo, tmp_path: Path) -> None:
    done = tdnf("install", "-y", "--downloadonly", "--downloaddir", tmp_path / "no", "tool").failed(1602)
    assert f"{tmp_path}/no" in done.stderr
    assert "Error processing package: Packages/tool-1.5-2.noarch.rpm" in done.stderr
    tdnf("install", "-y", "--downloaddir", tmp_path, "tool").failed(913)
    tdnf("install", "-y", "--alldeps", "tool").failed(915)
    tdnf("install", "-y", "--nodeps", "tool").failed(916)


def test_alldeps_and_nodeps_choose_how_much_is_downloaded(
    tdnf: Tdnf, root: Root, http: Repo, tmp_path: Path
) -> None:
    tdnf("install", "-y", "lib").ok()
    for number, (options, expected) in enumerate(
        (
            ((), ["app", "extras"]),
            (("--alldeps",), ["app", "extras", "lib"]),
            (("--nodeps",), ["app"]),
            (("--nodeps", "--alldeps"), ["app"]),
        )
    ):
        folder = tmp_path / f"here{number}"
        folder.mkdir()
        tdnf("install", "-y", "--downloadonly", *options, "--downloaddir", folder, "app").ok()
        assert sorted(name.split("-")[0] for name in os.listdir(folder)) == expected, options
    (tmp_path / "again").mkdir()
    tdnf("install", "-y", "--downloadonly", "--alldeps", "--downloaddir", tmp_path / "again", "lib").ok()
    assert os.listdir(tmp_path / "again") == ["lib-2.0-1.noarch.rpm"]


@pytest.mark.parametrize("command", ["update", "distro-sync"])
def test_nodeps_downloads_every_update_without_what_it_needs(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], tmp_path: Path, command: str
) -> None:
    offer(Rpm("thing", "1-1"), Rpm("thing", "2-1", requires=("nobody-has-this",)), Rpm("other"))
    tdnf("install", "-y", "thing=1", "other").ok()
    options = ("--downloadonly", "--nodeps", "--downloaddir", tmp_path)
    tdnf(command, "-y", *options).ok()
    assert [path.name for path in tmp_path.glob("*.rpm")] == ["thing-2-1.noarch.rpm"]
    assert root.installed == ["other-1.0-1.noarch", "thing-1-1.noarch"]


def test_an_empty_or_damaged_file_in_downloaddir_is_fetched_again(
    tdnf: Tdnf, http: Repo, tmp_path: Path
) -> None:
    file = tmp_path / "tool-1.5-2.noarch.rpm"
    file.write_text("")
    words = ("install", "-y", "--downloadonly", "--downloaddir", tmp_path, "tool")
    assert "already downloaded" not in tdnf(*words).ok().stdout
    assert file.stat().st_size > 1000
    file.write_text("damaged")
    done = tdnf(*words).ok()
    assert f"rpm file ({file}) Checksum FAILED (digest mismatch): fetched again" in done.stdout
    assert file.stat().st_size > 1000
    assert "already downloaded" in tdnf(*words).ok().stdout


def test_downloadonly_removes_nothing(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "tool", "oldname=1.0").ok()
    before = root.installed
    tdnf("remove", "-y", "--downloadonly", "tool").ok()
    tdnf("install", "-y", "--downloadonly", "newname").ok()
    assert root.installed == before


def test_cacheonly_takes_old_metadata_but_fetches_packages(
    tdnf: Tdnf, root: Root, http: Repo, server: Server
) -> None:
    tdnf("install", "-y", "-C", "tool").failed(1034)
    tdnf("makecache").ok()
    server.forget()
    tdnf("install", "-y", "-C", "--refresh", "tool").ok()
    assert server.paths == ("/sample/Packages/tool-1.5-2.noarch.rpm",)
    assert root.installed == ["tool-1:1.5-2.noarch"]


def test_a_transaction_needs_the_network_only_for_what_it_lacks(
    tdnf: Tdnf, http: Repo, server: Server
) -> None:
    tdnf("install", "-y", "tool").ok()
    server.forget()
    tdnf("remove", "-y", "tool").ok()
    tdnf("install", "--assumeno", "app").failed(1032)
    assert server.paths == ()


# the transaction


def test_testonly_tests_and_changes_nothing(
    tdnf: Tdnf, root: Root, http: Repo, untouched: Callable[[], None]
) -> None:
    done = tdnf("install", "-y", "--testonly", "app").ok()
    assert done.lines[-1] == "Testing transaction"
    assert list(root.cachedir.rglob("*.rpm")) == []
    untouched()


def test_testonly_finds_conflicts(tdnf: Tdnf, offer: Callable[..., Repo]) -> None:
    offer(Rpm("one", files={"/usr/f": "1\n"}), Rpm("two", files={"/usr/f": "2\n"}))
    tdnf("install", "-y", "--testonly", "one", "two").failed(1525)


def test_an_installroot_is_created_and_must_be_absolute(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    other = root.scratch / "new/deep/root"
    tdnf("install", "-y", "--installroot", other, "tool").ok()
    assert (other / "usr/bin/tool").exists()
    assert root.installed == []
    done = tdnf("install", "-y", "--installroot", "relative", "tool").failed(1622)
    assert "Install root must be an absolute path." in done.stdout


def test_an_installroot_without_configuration_uses_the_given_one(
    tdnf: Tdnf, root: Root, sample: Repo
) -> None:
    inner = root.file("/etc/tdnf")
    inner.mkdir(parents=True)
    (inner / "tdnf.conf").write_text(root.conf.read_text() + "excludepkgs=tool\n")
    words = ["--installroot", root.path, "--releasever", "1"]
    done = tdnf("install", "-y", *words, "tool", "lib", bare=True).ok()
    assert "  tool" in done.lines
    assert root.installed == ["lib-2.0-1.noarch"]


def test_rpmdefine_reaches_librpm(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(Rpm("manual", files={"/usr/share/locale/de/x": "x\n", "/usr/thing": "y\n"}))
    tdnf("install", "-y", "--rpmdefine", "_dbpath /some/where", "manual").ok()
    assert root.file("/some/where/rpmdb.sqlite").exists()
    assert root.installed == []
    assert "manual-1.0-1.noarch" in root.rpm("--dbpath", "/some/where", "-qa").ok().stdout
    done = tdnf("list", "--installed", "--rpmdefine", "_dbpath /some/where").ok()
    assert "manual.noarch" in done.stdout
    done = tdnf("install", "-y", "--rpmdefine", "nonsense", "--rpmdefine", "1a b", "manual").ok()
    assert "Macro %nonsense has empty body" in done.stderr
    assert "Macro %1a has illegal name" in done.stderr


BIG = Rpm("big", files={"/usr/big": random.Random(1).randbytes(200_000)}, payload="w0.gzdio")


@pytest.fixture
def cramped(tdnf: Tdnf, root: Root) -> Callable[..., Result]:
    """Run with a cache folder that has 128 KiB, after doing something there."""
    small = root.scratch / "small"
    small.mkdir()

    def run(*words: str | Path, first: str = "true") -> Result:
        shell = f'mount -t tmpfs -o size=128k tmpfs "$0" && cd "$0" && {first} && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", shell, str(small)]
        command += tdnf.command(*words, f"--setopt=cachedir={small}")
        done = subprocess.run(
            command, env=tdnf.environment(), capture_output=True, text=True, check=False, input="y\n"
        )
        return Result(tuple(command), done.returncode, done.stdout, done.stderr)

    return run


@with_mounts
def test_the_cache_has_no_room_for_the_packages(
    cramped: Callable[..., Result], make_repo: Callable[..., Repo], server: Server, root: Root
) -> None:
    root.add_repo(make_repo("big", BIG, signed=False), baseurl=server.url("big"))
    done = cramped("install", "big").failed(1036)
    assert "Error(1036) : Insufficient disk space at cache directory" in done.stderr
    assert f"{root.scratch}/small: 2" in done.stderr
    assert QUESTION not in done.stdout
    (root.scratch / "roomy").mkdir()
    cramped("install", "big", "--downloadonly", f"--downloaddir={root.scratch}/roomy").ok()
    cramped("install", "big", "--downloadonly", f"--downloaddir={root.scratch}/roomy").ok()  # it is there
    cramped("install", "big", "--downloadonly", f"--downloaddir={root.scratch}/small").failed(1036)


@with_mounts
def test_what_is_on_this_machine_needs_no_room_in_the_cache(
    cramped: Callable[..., Result], offer: Callable[..., Repo], root: Root
) -> None:
    repo = offer(BIG)
    cramped("install", "big").ok()
    cramped("reinstall", repo.path / "Packages" / BIG.filename).ok()
    assert root.installed == [BIG.nevra]
    cramped("reinstall", "big", "--downloadonly", f"--downloaddir={root.scratch}/small").failed(1036)


@with_mounts
def test_what_is_cached_needs_no_more_room(
    cramped: Callable[..., Result], make_repo: Callable[..., Repo], server: Server, root: Root
) -> None:
    """The cache has the package already, and hardly room for anything else."""
    middle = Rpm("middle", files={"/usr/middle": random.Random(2).randbytes(70_000)}, payload="w0.gzdio")
    repo = make_repo("middle", middle, signed=False)
    root.add_repo(repo, baseurl=server.url("middle"))
    package = repo.path / "Packages" / middle.filename
    put = f"mkdir -p middle/rpms/Packages && cp {package} middle/rpms/Packages"
    cramped("install", "middle", first=put).ok()
    assert root.installed == [middle.nevra]


@with_mounts
def test_a_root_without_room_is_told_by_the_test_transaction(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("big", files={"/usr/big": os.urandom(3_000_000)}, payload="w0.gzdio"))
    tdnf("makecache").ok()
    shell = 'mount -t tmpfs -o size=2m tmpfs "$0" && "$@"; s=$?; find "$0" -name "big*"; exit $s'
    command = tdnf.command("install", "-y", "big", f"--setopt=cachedir={root.scratch}/cache")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", shell, root.path, *command],
        env=tdnf.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1525 % 256, done.stdout + done.stderr
    assert "installing package big-1.0-1.noarch needs" in done.stdout
    assert "/usr/big" not in done.stdout.replace("/usr/big needs", "")


def test_nothing_stays_of_a_root_that_was_emptied(tdnf: Tdnf, root: Root, http: Repo) -> None:
    tdnf("install", "-y", "app", "tool").ok()
    tdnf("remove", "-y", "app", "tool").ok()
    assert root.installed == []
    assert files_of(root.path) == []


def test_unknown_settings_do_not_matter(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf(
        "install", "-y", "--setopt=gpgcheck=0", "--setopt=sample.x=1", "--setopt=tsflags=nonsense", "tool"
    ).ok()
    tdnf("install", "-y", "--setopt=what", "tool").failed(911)


def test_tables_have_the_width_of_the_terminal(tdnf: Tdnf, sample: Repo) -> None:
    master, slave = pseudo_terminal()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    command = tdnf.command("install", "--assumeno", "extras")
    with subprocess.Popen(
        command, env=tdnf.environment(), stdin=slave, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        output = b""
        with contextlib.suppress(OSError):  # what reading from a closed terminal gives
            while piece := os.read(master, 4096):
                output += piece
        assert process.wait() == 8
    os.close(master)
    row = next(line for line in output.decode().splitlines() if line.startswith("extras"))
    assert row.startswith(f"{'extras':<24} {'noarch':<18} {'1.0-1':<24} {'sample':<18} ")
