"""Keys of the main section that no other test shows at work, and those that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.cli import Tdnf
from tests.support.proxy import Proxy
from tests.support.repos import repo_section
from tests.support.rpms import Rpm
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.cli import Root
    from tests.support.repos import Repo
    from tests.support.server import Authority

ONE = Rpm("one", files={"/usr/share/one": "1\n"})


@pytest.fixture
def served(make_repo: Callable[..., Repo], server: Server, root: Root) -> Repo:
    """A repository of ``one`` over HTTP; network errors are final."""
    repo = make_repo("main", ONE, signed=False)
    root.add_repo(repo, baseurl=server.url("main"), retries=0)
    return repo


@pytest.fixture
def secure(make_repo: Callable[..., Repo], root: Root, tmp_path: Path, authority: Authority) -> Iterator[str]:
    """A repository of ``one`` behind TLS of an authority that nobody knows; its URL."""
    make_repo("main", ONE, signed=False)
    with Server(tmp_path / "www", authority=authority) as running:
        root.add_repo(repo_section("main", baseurl=running.url("main"), retries=0))
        yield running.url("main")


def test_a_proxy_carries_metadata_and_packages(tdnf: Tdnf, root: Root, served: Repo, server: Server) -> None:
    with Proxy() as proxy:
        root.configure(proxy=proxy.url)
        tdnf("-y", "install", "one").ok()
        assert proxy.asked[0] == f"GET {server.url('main/repodata/repomd.xml')}"
        assert proxy.asked[-1] == f"GET {server.url('main/Packages/one-1.0-1.noarch.rpm')}"
        assert len(proxy.asked) == len(server.requests)
    assert root.installed == ["one-1.0-1.noarch"]


def test_a_proxy_that_is_not_there_is_an_error(tdnf: Tdnf, root: Root, served: Repo) -> None:
    with Proxy() as proxy:
        root.configure(proxy=proxy.url)
    assert tdnf("list").failed().error in (1206, 1208)
    root.configure(proxy="http://no-such-host.invalid:1")
    tdnf("list").failed(1206)


def test_a_proxy_wants_user_and_password_both(tdnf: Tdnf, root: Root, served: Repo) -> None:
    with Proxy(login="me:p@ss word") as proxy:
        for settings in ({}, {"proxy_username": "me"}, {"proxy_password": "p@ss word"}):
            root.configure(proxy=proxy.url, **settings)
            assert "407" in tdnf("list").failed(1622).stderr
        assert proxy.asked == []
        assert proxy.refused >= 3
        root.configure(proxy=proxy.url, proxy_username="me", proxy_password="p@ss word")
        done = tdnf("-v", "list").ok()
        assert proxy.asked
        assert "p@ss" not in done.stdout + done.stderr


def test_tls_goes_through_the_proxy_as_a_tunnel(tdnf: Tdnf, root: Root, secure: str) -> None:
    host = secure.split("/")[2]
    with Proxy(login="me:secret") as proxy:
        root.configure(proxy=proxy.url, proxy_username="me", proxy_password="secret", sslverify=False)
        tdnf("list", "one").ok()
        assert set(proxy.asked) == {f"CONNECT {host}"}


def test_the_proxy_of_the_configuration_goes_before_that_of_the_environment(
    tdnf: Tdnf, root: Root, served: Repo
) -> None:
    with Proxy() as configured, Proxy() as other:
        environment = {"http_proxy": other.url}
        tdnf("list", env=environment).ok()
        assert (len(configured.asked), bool(other.asked)) == (0, True)
        other.asked.clear()
        root.configure(proxy=configured.url)
        tdnf("list", "--refresh", env=environment).ok()
        assert (bool(configured.asked), len(other.asked)) == (True, 0)
        root.configure()
        tdnf("list", "--refresh", env={**environment, "no_proxy": "localhost"}).ok()
        assert not other.asked


def test_sslverify_is_the_default_of_repositories(tdnf: Tdnf, root: Root, secure: str) -> None:
    tdnf("list").failed(1261)
    root.configure(sslverify=False)
    tdnf("list", "one").ok()
    root.add_repo(repo_section("main", baseurl=secure, retries=0, sslverify=True))
    tdnf("list", "--refresh").failed(1261)


def test_gpgcheck_of_the_main_section_has_no_effect(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo]
) -> None:
    repo = make_repo("main", ONE, signed=False)
    root.configure(gpgcheck=False)
    root.add_repo(repo, gpgcheck=None)
    tdnf("-y", "install", "one").failed(1510)
    root.configure(gpgcheck=True)
    root.add_repo(repo, gpgcheck=False)
    tdnf("-y", "install", "one").ok()


def test_the_history_lies_in_persistdir_below_the_root(tdnf: Tdnf, root: Root) -> None:
    root.configure(persistdir="/usr/lib/sysimage/tdnf")
    tdnf("history", "init").ok()
    assert root.file("/usr/lib/sysimage/tdnf/history.db").stat().st_mode & 0o777 == 0o644
    assert not root.history.exists()


def test_the_cache_lies_in_cachedir_below_the_root(tdnf: Tdnf, root: Root, served: Repo) -> None:
    root.configure(cachedir="/somewhere/else")
    tdnf("makecache").ok()
    assert list(root.file("/somewhere/else").glob("main-????????/repodata/repomd.xml"))
    assert not root.cachedir.exists()


def test_the_repository_folder_below_the_root_goes_before_that_of_the_host(tdnf: Tdnf, root: Root) -> None:
    root.add_repo(repo_section("host"))
    assert [repo["Repo"] for repo in tdnf("-j", "repolist").ok().json] == ["host"]
    inside = root.file(str(root.repodir))
    inside.mkdir(parents=True)
    assert tdnf("-j", "repolist").ok().json == []
    (inside / "x.repo").write_text(repo_section("inside"))
    assert [repo["Repo"] for repo in tdnf("-j", "repolist").ok().json] == ["inside"]
    done = tdnf("-j", f"--setopt=reposdir={root.repodir}", "repolist").ok()
    assert [repo["Repo"] for repo in done.json] == ["host"]


def test_keys_that_are_none_are_ignored_and_named_with_verbose_only(tdnf: Tdnf, root: Root) -> None:
    root.configure(color="never", metadata_expire="nonsense", strict=0, Keepcache=1)
    path = root.repodir / "x.repo"
    path.write_text("[x]\nname=X\nenabled=1\nincludepkgs=a\ncost=100\n")
    plain = tdnf("repolist").ok()
    assert plain.stderr == ""
    for words in (["-v"], ["-v", "-q"], ["-v", "-j"]):
        done = tdnf(*words, "repolist").ok()
        if words == ["-v"]:
            assert done.stdout == plain.stdout
        ignored = [line for line in done.stderr.splitlines() if "is no key that tdnf knows" in line]
        assert done.stderr.splitlines() == ignored
        assert [line.split("'")[1] for line in ignored] == [
            "color", "metadata_expire", "strict", "Keepcache", "cost",
        ]  # fmt: skip
        assert ignored[-1].startswith(f"{path}:5: ")


def test_lists_are_separated_by_blanks_and_commas(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo]
) -> None:
    root.add_repo(make_repo("main", ONE, Rpm("two"), signed=False))
    for value, hidden in (("one,two", {"one", "two"}), ("one  two", {"one", "two"}), ("t*", {"two"})):
        root.configure(excludepkgs=value)
        for name in ("one", "two"):
            stdout = tdnf("--assumeno", "install", name).stdout
            assert (f"\n{name} " not in stdout) is (name in hidden), (value, name)


@pytest.mark.parametrize("releasever", [None, "3"])
def test_several_capabilities_are_asked_for_the_release(
    root: Root, make_repo: Callable[..., Repo], releasever: str | None
) -> None:
    repo = make_repo("main", Rpm("my-release", "7-1"), signed=False)
    root.rpm("-i", "--nosignature", str(next((repo.path / "Packages").iterdir()))).ok()
    root.configure(distroverpkg="nothing-provides-this my-release")
    root.add_repo(repo_section("x", name="v$releasever"))
    [shown] = Tdnf(root, releasever=releasever)("-j", "repolist").ok().json
    assert shown["RepoName"].startswith("v" + (releasever or "7"))
