"""HTTP as repositories, mirrors and proxies in use have it: the program against real servers."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
import urllib.parse
from typing import TYPE_CHECKING

import pytest

from tests.integration.pluginworld import Plugged, digest, metalink
from tests.support.rawserver import Line, RawServer
from tests.support.repos import repo_section
from tests.support.rpms import Rpm
from tests.support.server import Server, redirect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.server import Authority

ONE = Rpm("one", files={"/usr/share/one": "1\n"})
PLUS = Rpm("libx++", files={"/usr/share/x": "1\n"})
SECRET = "top-secret"
LOGIN = {"username": "me", "password": SECRET}


@pytest.fixture
def plain(make_repo: Callable[..., Repo]) -> Repo:
    """An unsigned repository of ``one``."""
    return make_repo("main", ONE, signed=False)


@pytest.fixture
def https(plain: Repo, tmp_path: Path, authority: Authority) -> Iterator[Server]:
    """A server with TLS for the repositories."""
    with Server(tmp_path / "www", authority=authority) as running:
        yield running


@pytest.fixture
def stranger(plain: Repo) -> Iterator[RawServer]:
    """Another host with the same files."""
    with files(plain.path.parent, address="127.0.0.2") as running:
        yield running


def files(folder: Path, *, s3: bool = False, address: str = "127.0.0.1") -> RawServer:
    """Serve a folder; ``s3`` reads a plus sign in a path as a blank, as object stores do."""

    def talk(line: Line) -> None:
        unquote = urllib.parse.unquote_plus if s3 else urllib.parse.unquote
        path = folder / unquote(line.path.partition("?")[0]).lstrip("/")
        if path.is_file():
            line.answer(path.read_bytes())
        else:
            line.answer(b"", status=b"404 Not Found")

    return RawServer(talk, address=address)


def with_base(repo: Repo, base: str) -> None:
    """Give the packages of a repository an ``xml:base``."""
    subprocess.run(
        ["createrepo_c", "-q", "--no-database", "--baseurl", base, str(repo.path)],
        check=True,
        capture_output=True,
    )


def test_credentials_stay_with_the_hosts_of_the_configuration(
    tdnf: Tdnf, root: Root, plain: Repo, server: Server, stranger: RawServer
) -> None:
    server.require_login("me", SECRET)
    foreign = f"{stranger.url}/main"
    with_base(plain, foreign)
    root.add_repo(plain, baseurl=server.url("main"), **LOGIN)
    tdnf("-y", "install", "one").ok()
    assert [line.path.endswith(".rpm") for line in stranger.requests] == [True]

    (plain.path / "mirrors").write_text(f"{foreign}/\n")
    root.add_repo(plain, mirrorlist=server.url("main/mirrors"), baseurl=None, **LOGIN)
    tdnf("makecache").ok()

    server.fail("*/repomd.xml", redirect(f"{foreign}/repodata/repomd.xml"))
    root.add_repo(plain, baseurl=server.url("main"), **LOGIN)
    tdnf("makecache").ok()

    server.fail("*/key", redirect(f"{foreign}/key"))
    for key in (f"{foreign}/key", server.url("main/key")):
        root.add_repo(plain, baseurl=server.url("main"), **LOGIN, repo_gpgcheck=True, gpgkey=key)
        tdnf("-y", "makecache").failed()
    assert len(stranger.requests) > 4
    assert [line.header("Authorization") for line in stranger.requests if line.header("Authorization")] == []


@pytest.mark.parametrize("way", ["mirrorlist", "redirect", "base"])
def test_a_mirror_without_tls_is_refused_unless_allowed(
    tdnf: Tdnf, root: Root, plain: Repo, https: Server, stranger: RawServer, authority: Authority, way: str
) -> None:
    foreign = f"{stranger.url}/main"
    keys: dict[str, object] = {"baseurl": https.url("main")}
    if way == "mirrorlist":
        (plain.path / "mirrors").write_text(f"{foreign}/\n")
        keys = {"baseurl": None, "mirrorlist": https.url("main/mirrors")}
    elif way == "redirect":
        https.fail("*.rpm", redirect(f"{foreign}/Packages/one-1.0-1.noarch.rpm"))
    else:
        with_base(plain, foreign)
    keys |= {"sslcacert": authority.ca, "retries": 0}
    root.add_repo(plain, **keys)
    done = tdnf("-y", "install", "one").failed(1202)
    assert "allow_http_downgrade=1" in done.stderr
    assert stranger.requests == []
    root.add_repo(plain, **keys, allow_http_downgrade=True)
    tdnf("-y", "install", "one").ok()
    assert stranger.requests
    root.add_repo(plain, **keys)
    root.configure(allow_http_downgrade=True)
    tdnf("-y", "reinstall", "one").ok()


def test_a_mirror_with_tls_is_taken_among_others(
    tdnf: Tdnf, root: Root, plain: Repo, https: Server, stranger: RawServer, authority: Authority
) -> None:
    (plain.path / "mirrors").write_text(f"{stranger.url}/main/\n{https.url('main')}\n")
    root.add_repo(plain, baseurl=None, mirrorlist=https.url("main/mirrors"), sslcacert=authority.ca)
    done = tdnf("-y", "install", "one").ok()
    assert (
        "has 1 mirrors without TLS; they are passed over (allow_http_downgrade=1 takes them)." in done.stderr
    )
    assert stranger.requests == []
    assert "TLS" not in tdnf("-y", "reinstall", "one").ok().stderr  # from the cached list


def test_a_metalink_lends_no_credentials_and_does_not_leave_tls(
    tdnf: Tdnf, root: Root, plain: Repo, https: Server, stranger: RawServer, authority: Authority
) -> None:
    Plugged(root).enable("tdnfmetalink")
    keys = {"baseurl": None, "metalink": https.url("main/metalink"), "sslcacert": authority.ca, **LOGIN}

    def listed(*urls: str) -> None:
        (plain.path / "metalink").write_text(metalink([(url, None) for url in urls], [digest(plain.repomd)]))

    foreign = f"{stranger.url}/main/"
    listed(foreign, https.url("main/"))
    root.add_repo(plain, **keys)
    tdnf("-y", "install", "one").ok()
    assert stranger.requests == []
    listed(foreign)
    root.add_repo(plain, **keys, retries=0)
    assert "allow_http_downgrade=1" in tdnf("makecache").failed(1202).stderr
    root.add_repo(plain, **keys, allow_http_downgrade=True)
    tdnf("-y", "--refresh", "reinstall", "one").ok()
    assert stranger.paths
    assert [line.header("Authorization") for line in stranger.requests if line.header("Authorization")] == []


@pytest.mark.parametrize("order", list(itertools.permutations(("1-off", "2-on"))))
def test_sslverify_of_one_repository_is_not_anothers(
    tdnf: Tdnf, root: Root, plain: Repo, https: Server, tmp_path: Path, order: tuple[str, str]
) -> None:
    for priority, name in enumerate(order):
        keys = {"sslverify": "on" in name, "skip_if_unavailable": True, "retries": 0, "priority": priority}
        root.add_repo(repo_section(name, baseurl=https.url("main"), gpgcheck=False, **keys))
    done = tdnf("makecache")
    assert "Disabling Repo: 'Repository 2-on'" in done.stdout
    assert "Disabling Repo: 'Repository 1-off'" not in done.stdout
    assert "Error(1261)" in done.stderr


def test_files_and_variables_of_other_programs_do_not_count(
    tdnf: Tdnf, root: Root, plain: Repo, server: Server, https: Server, authority: Authority
) -> None:
    netrc = root.home / ".netrc"
    netrc.write_text(f"machine localhost login me password {SECRET}\n")
    netrc.chmod(0o600)
    env = {
        "NETRC": str(netrc),
        "REQUESTS_CA_BUNDLE": str(authority.ca),
        "CURL_CA_BUNDLE": str(authority.ca),
    }
    root.add_repo(plain, baseurl=server.url("main"))
    tdnf("makecache", env=env).ok()
    assert server.requests
    assert all("authorization" not in request.headers for request in server.requests)
    root.add_repo(plain, baseurl=https.url("main"), retries=0)
    tdnf("makecache", env=env).failed(1261)


def test_a_file_without_certificates_is_no_authority(
    tdnf: Tdnf, root: Root, plain: Repo, https: Server, tmp_path: Path, authority: Authority
) -> None:
    for content in ("nothing\n", "", authority.client_key.read_text()):
        (tmp_path / "ca").write_text(content)
        root.add_repo(plain, baseurl=https.url("main"), retries=2, sslcacert=tmp_path / "ca")
        done = tdnf("makecache").failed(1278)
        assert "retrying" not in done.stdout
    root.add_repo(
        plain, baseurl=https.url("main"), retries=2, sslcacert=authority.ca, sslclientcert=tmp_path / "ca"
    )
    (tmp_path / "ca").write_text("nothing\n")
    assert "retrying" not in tdnf("makecache").failed(1259).stdout


@pytest.mark.parametrize("folder", ["main", "c++ ü&a=b"])
def test_object_stores_find_names_with_a_plus_sign(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], tmp_path: Path, folder: str
) -> None:
    repo = make_repo("main", PLUS, signed=False)
    (repo.path / "Packages").rename(repo.path / "c++")
    subprocess.run(["createrepo_c", "-q", "--no-database", str(repo.path)], check=True, capture_output=True)
    if folder != "main":
        repo.path.rename(tmp_path / "www" / folder)
    with files(tmp_path / "www", s3=True) as store:
        url = f"{store.url}/{urllib.parse.quote(folder, safe='+&=')}"
        root.add_repo(repo, baseurl=url)
        tdnf("-y", "install", "libx++").ok()
        shown = tdnf("repoquery", "--location", "libx++").ok().stdout.strip()
        for other in (f"{url}/c++/libx++-1.0-1.noarch.rpm", shown):
            if "://" in other:
                root.rpm("-e", "libx++").ok()
                tdnf("-y", "install", other).ok()
    assert root.installed == ["libx++-1.0-1.noarch"]


def test_schemes_are_written_in_any_case(
    tdnf: Tdnf, root: Root, plain: Repo, server: Server, tmp_path: Path
) -> None:
    loud = server.url("main").replace("http://", "HTTP://")
    with_base(plain, loud)
    root.add_repo(plain, baseurl=loud)
    tdnf("-y", "install", "one").ok()
    tdnf("-y", "reinstall", f"{loud}/Packages/one-1.0-1.noarch.rpm").ok()
    (plain.path / "mirrors").write_text(loud)
    for keys in ({"baseurl": None, "mirrorlist": f"{loud}/mirrors"}, {"baseurl": f"File://{plain.path}"}):
        root.add_repo(plain, **keys)
        tdnf("--refresh", "list", "one").ok()
    (root.repodir / "main.repo").unlink()
    tdnf(f"--repofrompath=x,{loud}", "list", "one").ok()
    tdnf(f"--repofrompath=x,FILE://{plain.path}", "list", "one").ok()


def test_a_path_with_a_percent_sign_is_one(tdnf: Tdnf, root: Root, plain: Repo, tmp_path: Path) -> None:
    odd = tmp_path / "a%20b"
    plain.path.rename(odd)
    tdnf(f"--repofrompath=x,{odd}", "-y", "--nogpgcheck", "install", "one").ok()


@pytest.mark.parametrize(
    ("url", "number"), [("https:/host.invalid/r", 1207), ("HTTP:///host.invalid/r", 1207)]
)
def test_slashes_are_counted_as_curl_does(tdnf: Tdnf, root: Root, url: str, number: int) -> None:
    root.add_repo(repo_section("main", baseurl=url, retries=0))
    tdnf("makecache").failed(number)


def test_a_busy_server_is_asked_again_when_it_says(tdnf: Tdnf, root: Root, plain: Repo) -> None:
    seen: set[str] = set()

    def talk(line: Line) -> None:
        if line.path not in seen:
            seen.add(line.path)
            line.answer(b"", b"Retry-After: 1", status=b"503 Busy")
        else:
            line.answer((plain.path.parent / line.path.lstrip("/")).read_bytes())

    with RawServer(talk) as server:
        root.add_repo(plain, baseurl=f"{server.url}/main", retries=1)
        done = tdnf("-y", "install", "one").ok()
        assert done.lines.count("retrying 1/1") == 3
        seen.clear()
        root.add_repo(plain, baseurl=f"{server.url}/main", retries=0)
        tdnf("makecache").failed(1622)


def test_a_key_or_signature_that_drips_ends_with_the_timeout(tdnf: Tdnf, root: Root, plain: Repo) -> None:
    def talk(line: Line) -> None:
        if line.path.endswith((".asc", "key")):
            line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
            line.drip(b"x" * 9999)
        else:
            line.answer((plain.path.parent / line.path.lstrip("/")).read_bytes())

    with RawServer(talk) as server:
        for keys in ({"gpgkey": f"file://{plain.path}/none"}, {"gpgkey": f"{server.url}/key"}):
            root.add_repo(
                plain, baseurl=f"{server.url}/main", repo_gpgcheck=True, timeout=1, retries=0, **keys
            )
            began = time.monotonic()
            tdnf("-y", "makecache").failed(1229)
            assert time.monotonic() - began < 20


def test_capitals_and_blanks_in_proxy_variables_are_curls(
    tdnf: Tdnf, root: Root, plain: Repo, server: Server
) -> None:
    root.add_repo(plain, baseurl=server.url("main"), retries=0)
    dead = "http://127.0.0.1:1"
    tdnf("makecache", env={"HTTP_PROXY": dead}).ok()
    tdnf("makecache", env={"http_proxy": dead, "no_proxy": "foo.test localhost"}).ok()
    tdnf("makecache", env={"http_proxy": dead, "no_proxy": "foo.test"}).failed(1208)
    tdnf("makecache", env={"ALL_PROXY": dead}).failed(1208)


@pytest.mark.parametrize("password", ["a/b-cret", "a?b-cret", "a#b-cret", "1/b-cret", "a@b-cret"])
def test_a_password_is_in_no_message(tdnf: Tdnf, root: Root, server: Server, password: str) -> None:
    url = f"http://me:{password}@{server.host}/main"
    runs = []
    for keys in ({"baseurl": url}, {"mirrorlist": url}, {"baseurl": server.url("none"), "gpgkey": url}):
        root.add_repo(repo_section("main", retries=1, timeout=5, **keys))
        runs += [
            tdnf("-v", "makecache"),
            tdnf("-j", "makecache"),
            tdnf("repolist", "-v"),
            tdnf("-y", "install", "x"),
        ]
    (root.repodir / "main.repo").unlink()
    runs += [tdnf("-v", f"--repofrompath=x,{url}", "makecache"), tdnf("-y", "install", f"{url}/x.rpm")]
    runs += [tdnf("-v", f"--repofrompath=x,odd{url}", "makecache")]
    root.configure(proxy=url)
    root.add_repo(repo_section("main", retries=0, baseurl="http://h.invalid/"))
    runs += [tdnf("makecache"), tdnf("makecache", env={"https_proxy": url})]
    for run in runs:
        assert "b-cret" not in run.stdout + run.stderr, run


def test_an_address_with_a_zone_is_reached(tdnf: Tdnf, root: Root, plain: Repo) -> None:
    found = subprocess.run(
        ["ip", "-6", "-o", "addr", "show", "scope", "link"], capture_output=True, text=True, check=False
    ).stdout.split()
    if "inet6" not in found:
        pytest.skip("no interface has a link-local address")
    zone, address = found[1], found[found.index("inet6") + 1].partition("/")[0]
    hosts: list[str | None] = []

    def talk(line: Line) -> None:
        hosts.append(line.header("Host"))
        line.answer((plain.path.parent / line.path.lstrip("/")).read_bytes())

    with RawServer(talk, address=f"{address}%{zone}") as server:
        port = server.url.rpartition(":")[2]
        root.add_repo(plain, baseurl=f"http://[{address}%25{zone}]:{port}/main", retries=0)
        tdnf("-y", "install", "one").ok()
    assert set(hosts) == {f"[{address}]:{port}"}
    assert os.path.exists(root.file("/usr/share/one"))


def test_a_password_is_in_no_record(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], server: Server, tmp_path: Path
) -> None:
    web = make_repo("web", ONE, signed=False)
    server.require_login("me", SECRET)
    root.configure(logfile=tmp_path / "log")
    root.add_repo(web, baseurl=server.url("web"), username="me")
    more = ("--setopt", f"web.password={SECRET}", f"--setopt=proxy_password={SECRET}")
    runs = [
        tdnf("-v", "-y", f"--setopt=web.password={SECRET}", "install", "one"),
        tdnf("-v", "-y", *more, "reinstall", "one"),
        tdnf("history", "list"),
    ]
    root.add_repo(f"[odd]\npassword {SECRET}\n[main] password: {SECRET}\n")
    runs.append(tdnf("-v", "repolist"))
    for run in runs:
        assert SECRET not in run.ok().stdout + run.stderr, run
    assert "password=***" in runs[2].stdout + (tmp_path / "log").read_text()
    assert SECRET not in (tmp_path / "log").read_text()
    assert SECRET.encode() not in root.history.read_bytes()
