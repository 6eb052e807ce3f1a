"""install --source and --builddeps (commands 5.1, options 5)."""

from __future__ import annotations

import hashlib
import os
import struct
from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import documents
from tests.support.rpms import Rpm, break_payload, copy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.keys import Signer
    from tests.support.repos import Repo
    from tests.support.server import Server
    from tests.support.workshop import Workshop

COMPILER = Rpm("compiler", "2.0-1", requires=("assembler",))
ASSEMBLER = Rpm("assembler")
HEADERS = Rpm("headers", "3-1", provides=("pkgconfig(headers) = 3",))
DOCTOOL = Rpm("doctool")
WORK_1 = Rpm("work", "1-1", source=True, build_requires=("compiler",))
WORK_2 = Rpm(
    "work",
    "1:2-1",
    source=True,
    build_requires=("compiler >= 2", "pkgconfig(headers) >= 3", "(doctool if compiler)"),
)
BINARY = Rpm("work", "1:2-1")
HOPELESS = Rpm("hopeless", source=True, build_requires=("compiler", "never-heard-of"))
TOO_NEW = Rpm("too-new", source=True, build_requires=("compiler >= 99",))
RPMS = (COMPILER, ASSEMBLER, HEADERS, DOCTOOL, WORK_1, WORK_2, BINARY, HOPELESS, TOO_NEW)


@pytest.fixture
def topdir(root: Root) -> Path:
    """Where rpmbuild works, as the program is told."""
    return root.file("/build")


@pytest.fixture
def offered(offer: Callable[..., Repo]) -> Repo:
    return offer(*RPMS)


def names(root: Root) -> list[str]:
    return [nevra.rsplit("-", 2)[0] for nevra in root.installed]


TOP = "--rpmdefine=_topdir /build"


def test_the_best_source_package_is_unpacked_below_the_root(
    tdnf: Tdnf, root: Root, offered: Repo, topdir: Path
) -> None:
    done = tdnf("-y", TOP, "install", "--source", "work").ok()
    assert "Installing:" in done.lines
    lines = done.lines
    steps = ["Installing/Updating: work-2-1 (source)", "Testing transaction", "Running transaction"]
    assert lines[-3:] == steps
    assert not root.history.exists()
    spec = topdir / "SPECS/work.spec"
    assert "Version: 2" in spec.read_text()
    assert spec.stat().st_mode & 0o777 == 0o644
    assert root.installed == []
    assert not list(root.path.rglob("*.tmp"))


def test_another_version_can_be_named(tdnf: Tdnf, offered: Repo, topdir: Path) -> None:
    tdnf("-y", TOP, "install", "--source", "work=1").ok()
    assert "Version: 1" in (topdir / "SPECS/work.spec").read_text()


def test_a_second_time_replaces_the_files(tdnf: Tdnf, offered: Repo, topdir: Path) -> None:
    for _ in range(2):
        tdnf("-y", TOP, "install", "--source", "work").ok()
    assert [path.name for path in (topdir / "SPECS").iterdir()] == ["work.spec"]


def test_json_has_the_source_package(tdnf: Tdnf, offered: Repo, topdir: Path) -> None:
    done = tdnf("-j", "--assumeno", TOP, "install", "--source", "work").ok()
    (found,) = documents(done)[0]["Install"]
    assert (found["Name"], found["Arch"]) == ("work", "src")
    assert not topdir.exists()


@pytest.mark.parametrize("option", ["--testonly", "--downloadonly"])
def test_a_rehearsal_unpacks_nothing(tdnf: Tdnf, offered: Repo, topdir: Path, option: str) -> None:
    tdnf("-y", TOP, option, "install", "--source", "work").ok()
    assert not topdir.exists()


def test_files_and_urls_are_taken_as_well(
    tdnf: Tdnf, topdir: Path, workshop: Workshop, server: Server
) -> None:
    (path,) = workshop.build(WORK_2, signed=False)
    tdnf("-y", TOP, "--nogpgcheck", "install", "--source", path).ok()
    (topdir / "SPECS/work.spec").unlink()
    copy(path, server.folder)
    tdnf("-y", TOP, "--nogpgcheck", "install", "--source", server.url(path.name)).ok()
    assert (topdir / "SPECS/work.spec").exists()


def test_only_source_packages_match(tdnf: Tdnf, offered: Repo) -> None:
    done = tdnf("-y", "install", "--source", "compiler").failed(1011)
    assert "compiler package not found or not installed" in done.stderr


def test_the_wrong_kind_of_file_is_explained(tdnf: Tdnf, workshop: Workshop) -> None:
    binary, source = workshop.build(BINARY, WORK_1, signed=False)
    for option in ("--source", "--builddeps"):
        done = tdnf("-y", "install", option, binary).failed(1622)
        said = "appears not to be a source rpm but --source or --builddeps was used"
        assert f"package '{binary}' {said}" in done.stderr
    done = tdnf("-y", "install", source.name, cwd=source.parent).failed(1622)
    assert done.stderr.splitlines()[0] == (  # tdnf's spelling
        f"package '{source.name}' appears to be a source rpm - use --source to install, or --builddeps to "
        "install its build depenfdencies"
    )


def test_a_source_package_is_verified_like_any_other(
    tdnf: Tdnf, root: Root, topdir: Path, make_repo: Callable[..., Repo], server: Server, signing_key: Signer
) -> None:
    repo = make_repo("signed", WORK_1)
    root.add_repo(repo, baseurl=server.url("signed"))
    tdnf("-y", TOP, "install", "--source", "work").ok()
    (topdir / "SPECS/work.spec").unlink()
    victim = next(repo.path.rglob("*.src.rpm"))
    good = victim.read_bytes()
    break_payload(victim)
    tdnf("-y", TOP, "install", "--source", "work").failed(1528)
    victim.write_bytes(good)
    root.add_repo(repo, baseurl=server.url("signed"), gpgkey="")
    root.rpm("-e", "--allmatches", "gpg-pubkey")
    tdnf("-y", TOP, "install", "--source", "work").failed(1523)
    assert not list((topdir / "SPECS").iterdir())


def test_a_link_does_not_lead_out_of_the_root(tdnf: Tdnf, root: Root, offered: Repo, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    root.file("/build").symlink_to(tmp_path / "outside")
    done = tdnf("-y", TOP, "install", "--source", "work").failed(1525)
    assert "a link leads out of the root" in done.stderr
    assert not list((tmp_path / "outside").iterdir())


def test_what_a_build_needs_is_installed(tdnf: Tdnf, root: Root, offered: Repo) -> None:
    tdnf("-y", "install", "--builddeps", "work").ok()
    assert names(root) == ["assembler", "compiler", "doctool", "headers"]
    kept = tdnf("repoquery", "--userinstalled").ok().lines
    assert [line.rsplit("-", 2)[0] for line in kept] == ["compiler", "headers"]


def test_a_source_file_says_what_it_needs(tdnf: Tdnf, root: Root, offered: Repo, workshop: Workshop) -> None:
    (path,) = workshop.build(WORK_2, signed=False)
    tdnf("-y", "install", "--builddeps", path).ok()
    assert names(root) == ["assembler", "compiler", "doctool", "headers"]
    assert "Nothing to do." in tdnf("-y", "install", "--builddeps", path).ok().stderr


def test_a_need_that_nobody_knows_is_named(tdnf: Tdnf, root: Root, offered: Repo) -> None:
    done = tdnf("-y", "install", "--builddeps", "hopeless").failed(1011)
    assert "never-heard-of package not found or not installed" in done.stderr
    assert root.installed == []
    done = tdnf("-y", "--skip-broken", "install", "--builddeps", "hopeless").ok()
    assert "never-heard-of" in done.stdout
    assert names(root) == ["assembler", "compiler"]


def test_a_version_that_nobody_has_is_a_problem(tdnf: Tdnf, root: Root, offered: Repo) -> None:
    done = tdnf("-y", "install", "--builddeps", "too-new").failed(1301)
    assert "nothing provides compiler >= 99 needed by build-dependencies" in done.stderr


def test_both_options_do_both(tdnf: Tdnf, root: Root, offered: Repo, topdir: Path) -> None:
    tdnf("-y", TOP, "install", "--builddeps", "--source", "work").ok()
    assert "compiler" in names(root)
    assert (topdir / "SPECS/work.spec").exists()
    (last,) = tdnf("-j", "history", "list", "2").json
    assert last["AddedCount"] == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="the macro's default is in root's home")
def test_the_default_place_is_below_the_users_home(tdnf: Tdnf, root: Root, offered: Repo) -> None:
    tdnf("-y", "install", "--source", "work").ok()
    assert root.file(f"{root.home}/rpmbuild/SPECS/work.spec").exists()


def test_without_dependencies_only_what_meets_a_need_is_downloaded(
    tdnf: Tdnf, root: Root, offered: Repo, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    words = ("--downloadonly", "--downloaddir", tmp_path / "here", "--nodeps")
    tdnf("-y", *words, "install", "--builddeps", "work").ok()
    assert sorted(name.split("-")[0] for name in os.listdir(tmp_path / "here")) == ["compiler", "headers"]


def test_skip_broken_passes_over_single_needs(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    needs = ("assembler", "compiler >= 99", "doctool")
    offer(COMPILER, ASSEMBLER, DOCTOOL, Rpm("partly", source=True, build_requires=needs))
    tdnf("-y", "install", "--builddeps", "partly").failed(1301)
    tdnf("-y", "--skip-broken", "install", "--builddeps", "partly").ok()
    assert names(root) == ["assembler", "doctool"]


def test_excluded_source_packages_are_passed_over(tdnf: Tdnf, root: Root, offered: Repo) -> None:
    for option in ("--source", "--builddeps"):
        done = tdnf("-y", TOP, "--exclude=wor*", "install", option, "work").ok()
        assert done.stderr == "Nothing to do.\n"
    root.configure(excludepkgs="compiler")
    done = tdnf("-y", "install", "--builddeps", "work").failed(1301)
    assert "  compiler" in done.lines
    assert "package compiler-2.0-1.noarch is disabled" in done.stderr
    tdnf("-y", "--disableexcludes", "install", "--builddeps", "work").ok()


def test_only_install_knows_the_options(tdnf: Tdnf, root: Root, offered: Repo) -> None:
    tdnf("-y", "install", "work").ok()
    done = tdnf("-y", "--source", "--builddeps", "reinstall", "work").ok()
    assert "Reinstalling:" in done.lines
    assert root.installed == ["work-1:2-1.noarch"]


def test_what_is_there_already_for_a_build_counts_as_asked_for(tdnf: Tdnf, root: Root, offered: Repo) -> None:
    tdnf("-y", "install", "compiler", "headers", "doctool").ok()
    tdnf("mark", "remove", "compiler").ok()
    assert "Nothing to do." in tdnf("-y", "install", "--builddeps", "work").ok().stderr
    assert "compiler-2.0-1.noarch" in tdnf("repoquery", "--userinstalled").ok().lines


def rewrite_header(path: Path, before: bytes, after: bytes) -> None:
    """Change the header as who builds a package can: its digests are right again."""
    data = path.read_bytes()
    start = data.rindex(b"\x8e\xad\xe8\x01")
    entries, size = struct.unpack(">II", data[start + 8 : start + 16])
    old = data[start : start + 16 + 16 * entries + size]
    new = old.replace(before, after)
    head = data[:start]
    for digest in (hashlib.sha1, hashlib.sha256):
        assert digest(old).hexdigest().encode() in head
        head = head.replace(digest(old).hexdigest().encode(), digest(new).hexdigest().encode())
    path.write_bytes(head + new + data[start + len(old) :])


def test_words_of_a_package_are_no_macros(tdnf: Tdnf, root: Root, tmp_path: Path, workshop: Workshop) -> None:
    command = b"%(touch owned)"
    (path,) = workshop.build(Rpm("work", f"{'1' * len(command)}-1", source=True), signed=False)
    hostile = copy(path, tmp_path / "hostile")
    rewrite_header(hostile, b"1" * len(command), command)
    words = ("-y", "--nogpgcheck", "--rpmdefine=_topdir /build/%{version}", "install", "--source")
    done = tdnf(*words, hostile, cwd=tmp_path).ok()
    assert "work-%(touch owned)-1 (source)" in done.stdout
    assert not (tmp_path / "owned").exists()
    assert root.file("/build/%(touch owned)/SPECS/work.spec").exists()
