"""makecache, clean, refreshing, expiry, compressions, mirrors; what is fetched and what is left alone."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.repos import Advisory, Repo, publish, repo_section, write_mirrorlist
from tests.support.rpms import Rpm
from tests.support.server import status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.server import Server
    from tests.support.workshop import Workshop

ONE = Rpm("one", files={"/usr/share/one/data": "1\n"})
TWO = Rpm("two", requires=("one",))


@pytest.fixture
def served(make_repo: Callable[..., Repo], server: Server, root: Root) -> Repo:
    """A repository of ``one``, over HTTP, configured."""
    repo = make_repo("main", ONE, signed=False, advisories=(Advisory("A-1", (ONE,)),))
    root.add_repo(repo, baseurl=server.url("main"))
    return repo


def names(tdnf: Tdnf, *options: str) -> list[str]:
    """Names of the available packages."""
    return [line.split(".")[0] for line in tdnf("-q", "list", "available", *options).ok().lines]


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def metadata_dir(root: Root, id: str = "main") -> Path:
    """The one folder of a repository's metadata."""
    (found,) = root.cachedir.glob(f"{id}-????????")
    return found


def test_makecache_fills_the_cache_in_tdnfs_places(
    tdnf: Tdnf, root: Root, served: Repo, server: Server
) -> None:
    done = tdnf("makecache").ok()
    assert done.lines == ["Refreshing metadata for: 'Repository main'", "Metadata cache created."]
    digest = hashlib.sha256(server.url("main").encode()).hexdigest()[:8]
    folder = root.cachedir / f"main-{digest}"
    assert (folder / "repodata/repomd.xml").read_bytes() == served.repomd.read_bytes()
    assert (folder / f"repodata/{served.part('primary').name}").exists()
    assert (folder / "lastrefresh").read_bytes() == b""
    assert (folder / "solvcache/main.solv").exists()
    assert not (folder / "tmp").exists()
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*")} == {0o755, 0o644}
    assert tdnf("-q", "makecache").ok().stdout == "Metadata cache created.\n"
    assert tdnf("-j", "makecache").ok().stdout == ""


def test_a_warm_run_asks_nobody_and_writes_nothing(
    tdnf: Tdnf, root: Root, served: Repo, server: Server
) -> None:
    tdnf("makecache").ok()
    tdnf("list").ok()
    server.forget()
    before = content(root.cachedir)
    stats = {path: path.stat() for path in root.cachedir.rglob("*")}
    for words in (
        ["list"],
        ["search", "one"],
        ["repoquery", "one"],
        ["info", "one"],
        ["repolist", "--refresh"],
    ):
        assert "Refreshing" not in tdnf(*words).ok().stdout
    assert server.requests == ()
    assert content(root.cachedir) == before
    assert {path: path.stat().st_ctime_ns for path in stats} == {p: s.st_ctime_ns for p, s in stats.items()}


def test_refresh_asks_for_repomd_only_when_nothing_changed(tdnf: Tdnf, served: Repo, server: Server) -> None:
    tdnf("makecache").ok()
    server.forget()
    assert "Refreshing metadata for: 'Repository main'" in tdnf("--refresh", "list").ok().stdout
    assert server.paths == ("/main/repodata/repomd.xml",)


def test_refresh_brings_what_is_new(tdnf: Tdnf, root: Root, served: Repo, workshop: Workshop) -> None:
    assert names(tdnf) == ["one"]
    old = set(os.listdir(metadata_dir(root) / "repodata"))
    publish(served.path, workshop.build(ONE, TWO, signed=False))
    assert names(tdnf) == ["one"]
    assert names(tdnf, "--refresh") == ["one", "two"]
    assert names(tdnf) == ["one", "two"]
    left = set(os.listdir(metadata_dir(root) / "repodata"))
    assert left & old == {"repomd.xml", "repomd.xml.record"}


def test_cacheonly_wins_over_refresh_and_needs_a_cache(tdnf: Tdnf, served: Repo, server: Server) -> None:
    done = tdnf("-C", "list").failed(1034)
    assert "Error: Failed to synchronize cache for repo 'Repository main'\n" in done.stderr
    assert server.requests == ()
    tdnf("makecache").ok()
    server.forget()
    assert names(tdnf, "-C", "--refresh") == ["one"]
    assert names(tdnf, "--cacheonly") == ["one"]
    assert server.requests == ()


def test_expired_metadata_is_looked_up_again(tdnf: Tdnf, root: Root, served: Repo, server: Server) -> None:
    tdnf("makecache").ok()
    for expiry, expected in (("1h", 0), ("never", 0), ("-1", 0), ("0", 1), ("1", 1)):
        root.add_repo(served, baseurl=server.url("main"), metadata_expire=expiry)
        if expiry == "1":
            time.sleep(1.1)
        server.forget()
        tdnf("list").ok()
        assert len(server.requests) == expected, expiry
    (metadata_dir(root) / "lastrefresh").unlink()
    root.add_repo(served, baseurl=server.url("main"))
    server.forget()
    tdnf("list").ok()
    assert server.paths == ("/main/repodata/repomd.xml",)


@pytest.mark.parametrize("text", ["5x", "abc", "0h", "", "1H"])
def test_a_senseless_expiry_fails_every_command(tdnf: Tdnf, root: Root, served: Repo, text: str) -> None:
    root.add_repo(served, metadata_expire=text)
    for words in (["list"], ["repolist"], ["clean", "all"]):
        assert "main.repo:1: [main]" in tdnf(*words).failed(1029).stderr


@pytest.mark.parametrize(
    ("kind", "gone"),
    [
        ("metadata", {"repodata"}),
        ("dbcache", {"solvcache"}),
        ("packages", {"rpms"}),
        ("keys", {"keys"}),
        ("expire-cache", {"lastrefresh", "mirrorlist"}),
        ("Metadata", {"repodata"}),
    ],
)
def test_clean_removes_one_kind(tdnf: Tdnf, root: Root, served: Repo, kind: str, gone: set[str]) -> None:
    tdnf("makecache").ok()
    folder = metadata_dir(root)
    (folder / "keys").mkdir()
    (folder / "rpms").mkdir()
    (folder / "mirrorlist").touch()
    kept = root.cachedir / "main/rpms/Packages/x.rpm"
    kept.parent.mkdir(parents=True)
    kept.touch()
    everything = set(os.listdir(folder))
    assert tdnf("clean", kind).ok().lines == [f"cleaning main: {kind.lower()}", "Done."]
    assert set(os.listdir(folder)) == everything - gone
    assert kept.exists() is (kind != "packages")
    assert tdnf("-q", "clean", kind).ok().stdout == ""  # again is fine
    assert names(tdnf) == ["one"]


def test_clean_all_leaves_an_empty_cache(tdnf: Tdnf, root: Root, served: Repo) -> None:
    root.add_repo(repo_section("off", enabled=False, baseurl="http://localhost:1/"))
    tdnf("makecache").ok()
    tdnf("list").ok()
    assert tdnf("clean", "ALL", "--repo=nosuch").ok().lines == [
        "cleaning main: metadata dbcache packages keys expire-cache",
        "cleaning off: metadata dbcache packages keys expire-cache",
        "Done.",
    ]
    assert list(root.cachedir.iterdir()) == []
    assert tdnf("-j", "clean", "all").ok().stdout == ""


def test_clean_all_says_when_something_foreign_is_in_the_way(tdnf: Tdnf, root: Root, served: Repo) -> None:
    tdnf("makecache").ok()
    (metadata_dir(root) / "precious").touch()
    done = tdnf("clean", "all").ok()
    assert done.stderr == "Cache directory for main not removed because it's not empty.\n"
    assert (metadata_dir(root) / "precious").exists()


def test_clean_refuses_unknown_kinds(tdnf: Tdnf, served: Repo) -> None:
    tdnf("clean").failed(903)
    tdnf("clean", "everything").failed(901)
    tdnf("clean", "plugins").failed(1016)


@pytest.mark.parametrize("compression", ["gz", "xz", "bz2", "zstd", "none"])
def test_every_compression_of_metadata_is_read(
    make_repo: Callable[..., Repo], tdnf: Tdnf, root: Root, compression: str
) -> None:
    repo = make_repo(
        "main", ONE, signed=False, compression=compression, advisories=(Advisory("A-1", (ONE,)),)
    )
    root.add_repo(repo)
    assert names(tdnf) == ["one"]
    assert "one-1.0-1.noarch" in tdnf("provides", "/usr/share/one/data").ok().stdout
    assert tdnf("updateinfo").ok().stdout == "\n0 updates.\n"


def test_parts_are_fetched_when_they_are_first_needed(tdnf: Tdnf, served: Repo, server: Server) -> None:
    tdnf("makecache").ok()
    for words, kind in ((["provides", "/usr/share/one/data"], "filelists"), (["updateinfo"], "updateinfo")):
        server.forget()
        tdnf("-C", *words).ok()  # --cacheonly is about repomd.xml
        assert [kind in path for path in server.paths] == [True]
        server.forget()
        tdnf(*words).ok()
        assert server.requests == ()


def test_file_lists_are_not_needed_for_what_primary_knows(tdnf: Tdnf, served: Repo, server: Server) -> None:
    tdnf("provides", "/etc/nothing").ok()
    tdnf("provides", "one").ok()
    assert not [path for path in server.paths if "filelists" in path]


def test_skip_md_filelists_hides_them(tdnf: Tdnf, root: Root, served: Repo) -> None:
    root.add_repo(served, skip_md_filelists=True)
    assert tdnf("provides", "/usr/share/one/data").ok().stderr.endswith("No data available\n")


def test_what_primary_names_is_listed_without_file_lists(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo]
) -> None:
    rpm = Rpm("tools", files={"/usr/bin/tools": "x\n", "/usr/share/tools/data": "x\n"})
    repo = make_repo("main", rpm, signed=False)
    root.add_repo(repo, skip_md_filelists=True)
    assert tdnf("-q", "repoquery", "--list", "tools").ok().lines == ["/usr/bin/tools"]
    assert tdnf("-j", "repoquery", "--list", "tools").ok().json[0]["Files"] == ["/usr/bin/tools"]
    root.add_repo(repo)
    assert len(tdnf("-q", "repoquery", "--list", "tools").ok().lines) == 2


def test_base_urls_are_tried_in_order(tdnf: Tdnf, root: Root, served: Repo, server: Server) -> None:
    root.add_repo(served, baseurl=f"{server.url('nowhere')} {server.url('main/')}")
    done = tdnf("list", "one").ok()
    assert "Error: 404 when downloading" in done.stderr
    assert "one.noarch" in done.stdout


def test_a_mirrorlist_replaces_the_base_urls(tdnf: Tdnf, root: Root, served: Repo, server: Server) -> None:
    write_mirrorlist(server.folder / "mirrors", [server.url("gone"), "", server.url("main")])
    root.add_repo(served, baseurl="http://localhost:1/", mirrorlist=server.url("mirrors"))
    assert names(tdnf) == ["one"]
    digest = hashlib.sha256(server.url("mirrors").encode()).hexdigest()[:8]
    assert (root.cachedir / f"main-{digest}/mirrorlist").read_bytes().startswith(b"# mirrors\n")
    server.forget()
    tdnf("list").ok()
    assert server.requests == ()
    root.add_repo(served, mirrorlist=server.url("nomirrors"), baseurl=None)
    tdnf("list").failed(1622)


def test_new_metadata_drops_downloaded_packages_unless_they_are_kept(
    tdnf: Tdnf, root: Root, served: Repo, workshop: Workshop
) -> None:
    tdnf("makecache").ok()
    kept = root.cachedir / "main/rpms/Packages/x.rpm"
    for keep, options in ((True, ["--setopt=keepcache=1"]), (False, [])):
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.touch()
        publish(served.path, workshop.build(*(ONE, TWO)[: 2 - keep], Rpm(f"x{keep}"), signed=False))
        tdnf("makecache", *options).ok()
        assert kept.exists() is keep


def test_priorities_decide_the_order_of_repositories(
    make_repo: Callable[..., Repo], tdnf: Tdnf, root: Root
) -> None:
    for id, priority in (("aaa", 70), ("bbb", None), ("ccc", 10), ("ddd", 50)):
        root.add_repo(make_repo(id, ONE, signed=False), priority=priority)
    lines = tdnf("-q", "list").ok().lines
    assert [line.split()[2] for line in lines] == ["ccc", "bbb", "ddd", "aaa"]


def test_servers_learn_program_and_distribution(tdnf: Tdnf, served: Repo, server: Server) -> None:
    tdnf("makecache").ok()
    agents = {request.headers["user-agent"] for request in server.requests}
    assert len(agents) == 1
    words = agents.pop().split()
    assert words[0].startswith("tdnf/")
    assert words[1].count("/") == 1


def test_credentials_are_sent(tdnf: Tdnf, root: Root, served: Repo, server: Server) -> None:
    server.require_login("me", "secret")
    assert "Error: 401 when downloading" in tdnf("list").failed(1622).stderr
    root.add_repo(served, baseurl=server.url("main"), username="me", password="secret")
    assert names(tdnf) == ["one"]


def test_an_outage_is_survived_when_metadata_may_be_old(tdnf: Tdnf, served: Repo, server: Server) -> None:
    tdnf("makecache").ok()
    server.fail("*", status(503))
    tdnf("list", "--refresh").failed(1622)
    assert names(tdnf) == ["one"]
