"""Servers that are not there, wrong answers, damaged caches: clear lines, no traceback, nothing lost."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import socket
from typing import TYPE_CHECKING

import pytest

from tests.support.repos import Advisory, publish, repo_section
from tests.support.rpms import Rpm
from tests.support.server import Fault, dropped, endless, redirect, status, truncated, wrong_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Result, Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.server import Server
    from tests.support.workshop import Workshop

ONE = Rpm("one", files={"/usr/share/one/data": "1\n"})
TWO = Rpm("two")


@pytest.fixture
def served(make_repo: Callable[..., Repo], server: Server, root: Root) -> Repo:
    """A repository of ``one`` over HTTP; network errors are tried again once only."""
    repo = make_repo("main", ONE, signed=False, advisories=(Advisory("A-1", (ONE,)),))
    root.add_repo(repo, baseurl=server.url("main"), retries=1)
    return repo


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, the installed set's cache left out."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("@System")
    }


def clear(result: Result) -> Result:
    """Check that a failure is told in a few lines and not as a bug."""
    for word in ("Traceback", "Internal error", "bug in tdnf", "Exception"):
        assert word not in result.stdout + result.stderr, str(result)
    assert 0 < len(result.stderr.splitlines()) <= 8, str(result)
    return result


def seal(repo: Repo, kind: str, data: bytes, *, opened: bytes | None = None) -> None:
    """Put other bytes in place of a part and make repomd.xml vouch for them."""
    part, text = repo.part(kind), repo.repomd.read_text()
    old = part.read_bytes()
    part.write_bytes(data)
    swaps = [(hashlib.sha256(old).hexdigest() + "</", hashlib.sha256(data).hexdigest() + "</")]
    swaps += [(f"<size>{len(old)}<", f"<size>{len(data)}<")]
    if opened is not None:
        plain = gzip.decompress(old)
        swaps += [(hashlib.sha256(plain).hexdigest(), hashlib.sha256(opened).hexdigest())]
        swaps += [(f"<open-size>{len(plain)}<", f"<open-size>{len(opened)}<")]
    for before, after in swaps:
        assert before in text
        text = text.replace(before, after)
    repo.repomd.write_text(text)


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_an_unreachable_server_is_tried_again_and_named(tdnf: Tdnf, root: Root) -> None:
    url = f"http://localhost:{unused_port()}/"
    root.add_repo(repo_section("down", baseurl=url, retries=2))
    done = clear(tdnf("list").failed(1208))
    assert done.lines == ["Refreshing metadata for: 'Repository down'", "retrying 1/2", "retrying 2/2"]
    assert url in done.stderr
    assert done.stderr.endswith(
        "Error(1208) : Couldn't connect to server\n"
        "Error: Failed to synchronize cache for repo 'Repository down'\n"
        "Error(1208) : Couldn't connect to server\n"
    )
    assert tdnf("-j", "list").failed(1208).json == {
        "Error": 1208, "ErrorMessage": "Couldn't connect to server",
    }  # fmt: skip


def test_a_host_that_does_not_exist_is_said_in_curls_old_words(tdnf: Tdnf, root: Root) -> None:
    root.add_repo(repo_section("gone", baseurl="http://no-such-host.invalid/", retries=0))
    assert "Couldn't resolve host name" in clear(tdnf("list").failed(1207)).stderr


def test_a_missing_repomd_is_reported_with_tdnfs_lines(tdnf: Tdnf, root: Root, server: Server) -> None:
    root.add_repo(repo_section("nope", name="Not found", baseurl=server.url("nope")))
    done = clear(tdnf("makecache").failed(1622))
    assert done.stdout == "Refreshing metadata for: 'Not found'\n"
    assert done.stderr == (
        f"Error: 404 when downloading {server.url('nope/repodata/repomd.xml')}\n"
        ". Please check repo url or refresh metadata with 'tdnf makecache'.\n"
        "Error(1622) : Invalid argument\n"
        "Error: Failed to synchronize cache for repo 'Not found'\n"
        "Error(1622) : Invalid argument\n"
    )


def test_skip_if_unavailable_goes_on_without_the_repository(
    tdnf: Tdnf, root: Root, served: Repo, server: Server
) -> None:
    root.add_repo(repo_section("nope", baseurl=server.url("nope"), skip_if_unavailable=True, priority=1))
    done = clear(tdnf("list").ok())
    assert "Disabling Repo: 'Repository nope'" in done.lines
    assert done.lines[-1].startswith("one.noarch")
    assert "Error: Failed to synchronize cache for repo 'Repository nope'" in done.stderr
    quiet = tdnf("-q", "list").ok()
    assert "Disabling" not in quiet.stdout
    assert tdnf("-j", "list").ok().json[0]["Name"] == "one"
    tdnf("-C", "list").ok()
    root.add_repo(repo_section("nope", baseurl=f"file://{root.scratch}/nope", skip_if_unavailable=True))
    assert "Error(1238)" in tdnf("list").ok().stderr


def test_a_file_repository_that_is_not_there(tdnf: Tdnf, root: Root) -> None:
    root.add_repo(repo_section("nope", baseurl=f"file://{root.scratch}/nope"))
    assert f"{root.scratch}/nope/repodata/repomd.xml" in clear(tdnf("list").failed(1238)).stderr
    root.add_repo(repo_section("nope", baseurl="gopher://localhost/"))
    clear(tdnf("list").failed(1202))


FAULTS = {
    "404": status(404),
    "500": status(500),
    "dropped": dropped(),
    "cut off": truncated(100),
    "empty": wrong_bytes(b""),
    "no xml": wrong_bytes(b"<html><body>Please log in</body></html>"),
    "binary": wrong_bytes(bytes(range(256)) * 8),
    "half": Fault(body=b'<?xml version="1.0"?><repomd><data type="primary">'),
    "entities": wrong_bytes(
        b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><repomd><revision>&b;</revision></repomd>'
    ),
    "no primary": wrong_bytes(b'<repomd xmlns="http://linux.duke.edu/metadata/repo"/>'),
    "outside": wrong_bytes(
        b'<repomd xmlns="http://linux.duke.edu/metadata/repo"><data type="primary">'
        b'<checksum type="sha256">00</checksum><location href="../../../etc/passwd"/></data></repomd>'
    ),
    "endless": endless(),
    "loop": redirect("/main/repodata/repomd.xml"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_repomd_fails_and_leaves_the_cache_as_it_was(
    tdnf: Tdnf, root: Root, served: Repo, server: Server, name: str
) -> None:
    tdnf("makecache").ok()
    tdnf("list").ok()
    before = content(root.cachedir)
    fault = FAULTS[name]
    server.fail("*/repomd.xml", Fault(**vars(fault)))
    done = clear(tdnf("list", "--refresh").failed())
    assert "Error: Failed to synchronize cache for repo 'Repository main'" in done.stderr
    assert content(root.cachedir) == before
    assert not [path for path in root.cachedir.rglob("*") if path.name in ("tmp", "repomd.xml.tmp")]
    assert "one.noarch" in tdnf("list").ok().stdout
    assert re.match(r'\{"Error":\d+,', tdnf("-j", "list", "--refresh").failed().stdout)


@pytest.mark.parametrize("name", ["404", "dropped", "cut off", "empty", "binary", "endless"])
def test_a_bad_primary_fails_and_leaves_the_cache_as_it_was(
    tdnf: Tdnf, root: Root, served: Repo, server: Server, workshop: Workshop, name: str
) -> None:
    tdnf("makecache").ok()
    tdnf("list").ok()
    before = content(root.cachedir)
    publish(served.path, workshop.build(ONE, TWO, signed=False))
    server.fail("*-primary.*", Fault(**vars(FAULTS[name])))
    clear(tdnf("list", "--refresh").failed())
    assert content(root.cachedir) == before
    assert "two.noarch" not in tdnf("list").ok().stdout
    server.heal()
    assert "two.noarch" in tdnf("list", "--refresh").ok().stdout


@pytest.mark.parametrize(
    ("data", "number"),
    [
        (gzip.compress(b"<metadata><package type='rpm'><name>x", mtime=0), 1304),
        (gzip.compress(b"no xml at all", mtime=0), 1304),
        (gzip.compress(b"<?xml version='1.0'?><metadata packages='1'/>" + b" " * 5000, mtime=0)[:-20], 1304),
        (b"this is not gzip", 1304),
    ],
)
def test_a_primary_that_cannot_be_read_is_refused(
    tdnf: Tdnf, root: Root, served: Repo, data: bytes, number: int
) -> None:
    text = served.repomd.read_text()
    served.repomd.write_text(re.sub(r"\s*<open-(size|checksum)[^>]*>[^<]*</open-\1>", "", text))
    seal(served, "primary", data)
    for _ in range(2):  # a second run must not believe the first one's cache
        clear(tdnf("list").failed(number))


def test_a_compression_bomb_is_stopped(tdnf: Tdnf, served: Repo) -> None:
    seal(served, "primary", gzip.compress(b"<metadata>" + b" " * 200_000_000))
    clear(tdnf("list").failed(1304))


@pytest.mark.parametrize("kind", ["filelists", "updateinfo"])
@pytest.mark.parametrize("name", ["404", "cut off", "empty", "binary"])
def test_a_bad_part_fails_the_command_that_needs_it_only(
    tdnf: Tdnf, root: Root, served: Repo, server: Server, kind: str, name: str
) -> None:
    server.fail(f"*-{kind}.*", Fault(**vars(FAULTS[name])))
    words = ["provides", "/usr/share/one/data"] if kind == "filelists" else ["updateinfo"]
    tdnf("list").ok()
    before = content(root.cachedir)
    clear(tdnf(*words).failed())
    assert content(root.cachedir) == before
    tdnf("list").ok()
    server.heal()
    tdnf(*words).ok()


@pytest.mark.parametrize("kind", ["filelists", "updateinfo"])
def test_a_part_that_is_no_metadata_is_refused(tdnf: Tdnf, served: Repo, kind: str) -> None:
    seal(served, kind, b"this is not gzip")
    words = ["provides", "/usr/share/one/data"] if kind == "filelists" else ["updateinfo"]
    clear(tdnf(*words).failed(1304))


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "garbage":
        path.write_bytes(os.urandom(len(data)))
    elif how == "flipped":
        data = data or b"\0"
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 0x55]) + data[middle + 1 :])
    elif how == "folder":
        path.unlink()
        path.mkdir()
        (path / "in the way").touch()
    elif how == "missing":
        path.unlink()


@pytest.mark.parametrize("how", ["truncated", "empty", "garbage", "flipped", "folder", "missing"])
@pytest.mark.parametrize("which", ["*.solv", "@System.solv", "@System.stamp", "lastrefresh", "*.repomd"])
def test_damage_to_what_the_program_made_itself_is_repaired_in_silence(
    tdnf: Tdnf, root: Root, served: Repo, workshop: Workshop, which: str, how: str
) -> None:
    root.rpm("-i", "--nosignature", str(workshop.build(TWO, signed=False)[0])).ok()
    tdnf("makecache").ok()
    expected = tdnf("-q", "list").ok().stdout
    for path in [*root.cachedir.rglob(which)]:
        if path.name.startswith("@") == which.startswith("@"):
            damage(path, how)
    for _ in range(2):
        done = tdnf("-q", "list").ok()
        assert (done.stdout, done.stderr) == (expected, "")


@pytest.mark.parametrize("how", ["truncated", "empty", "garbage", "flipped", "missing"])
@pytest.mark.parametrize("with_solv", [True, False])
def test_damaged_metadata_in_the_cache_is_fetched_again(
    tdnf: Tdnf, root: Root, served: Repo, how: str, with_solv: bool
) -> None:
    tdnf("makecache").ok()
    (primary,) = root.cachedir.rglob("*-primary.xml.gz")
    damage(primary, how)
    if not with_solv:
        (solv,) = root.cachedir.rglob("main.solv")
        solv.unlink()
    assert "one.noarch" in tdnf("list").ok().stdout
    (repomd,) = root.cachedir.rglob("repomd.xml")
    damage(repomd, how)
    done = tdnf("list")
    assert done.status == 0, str(done)
    assert "one.noarch" in done.stdout


@pytest.mark.parametrize("how", ["truncated", "garbage", "flipped"])
def test_damaged_file_lists_in_the_cache_are_fetched_again(
    tdnf: Tdnf, root: Root, served: Repo, how: str
) -> None:
    for words, kind in ((["provides", "/usr/share/one/data"], "filelists"), (["updateinfo"], "updateinfo")):
        expected = tdnf("-q", *words).ok().stdout
        (part,) = root.cachedir.rglob(f"*-{kind}.xml.gz")
        damage(part, how)
        assert tdnf("-q", *words).ok().stdout == expected


def test_a_cached_file_where_the_cache_should_be(tdnf: Tdnf, root: Root, served: Repo) -> None:
    root.cachedir.parent.mkdir(parents=True, exist_ok=True)
    root.cachedir.write_text("not a folder")
    clear(tdnf("list").failed())
    assert root.cachedir.read_text() == "not a folder"
