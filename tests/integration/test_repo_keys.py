"""Keys of repository sections that no other test shows at work."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import Tdnf
from tests.support.repos import repo_section
from tests.support.rpms import Rpm
from tests.support.server import Server, dropped, slow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.cli import Root
    from tests.support.repos import Repo
    from tests.support.server import Authority

ONE = Rpm("one", files={"/usr/share/one": "1\n"})
BIG = Rpm("big", files={"/usr/share/big": bytes(range(256)) * 1024}, payload="w0.gzdio")


@pytest.fixture
def served(make_repo: Callable[..., Repo], server: Server, root: Root) -> Repo:
    """A repository of ``one`` and ``big`` over HTTP, its metadata cached."""
    repo = make_repo("main", ONE, BIG, signed=False)
    root.add_repo(repo, baseurl=server.url("main"))
    Tdnf(root)("makecache").ok()
    return repo


@pytest.fixture
def guarded(make_repo: Callable[..., Repo], tmp_path: Path, authority: Authority) -> Iterator[Server]:
    """A server that shows a certificate and wants one."""
    make_repo("main", ONE, signed=False)
    with Server(tmp_path / "www", authority=authority, client_cert=True) as running:
        yield running


def test_certificates_of_both_sides_are_shown_and_checked(
    tdnf: Tdnf, root: Root, guarded: Server, authority: Authority
) -> None:
    keys = {
        "sslcacert": authority.ca,
        "sslclientcert": authority.client_cert,
        "sslclientkey": authority.client_key,
    }

    def configured(**changes: object) -> Tdnf:
        settings = {"gpgcheck": False, **keys, **changes}
        root.add_repo(repo_section("main", baseurl=guarded.url("main"), retries=0, **settings))
        return tdnf

    configured()("-y", "install", "one").ok()
    assert root.installed == ["one-1.0-1.noarch"]
    configured(sslcacert=None)("list", "--refresh").failed(1261)
    configured(sslcacert=None, sslverify=False)("list", "--refresh").ok()
    assert configured(sslclientcert=None, sslclientkey=None)("list", "--refresh").failed().error != 1261
    configured(sslcacert="/nonexistent.pem")("list", "--refresh").failed(1278)
    configured(sslclientcert="/nonexistent.pem")("list", "--refresh").failed(1259)
    configured(sslclientkey="/nonexistent.pem")("list", "--refresh").failed(1259)
    configured(sslcacert=authority.client_cert)("list", "--refresh").failed(1261)


def test_user_and_password_are_needed_both(tdnf: Tdnf, root: Root, served: Repo, server: Server) -> None:
    server.require_login("me", "secret")
    for settings in ({"username": "me"}, {"password": "secret"}, {"username": "me", "password": "wrong"}):
        root.add_repo(served, baseurl=server.url("main"), **settings)
        assert "Error: 401 when downloading" in tdnf("list", "--refresh").failed(1622).stderr
    root.add_repo(served, baseurl=server.url("main"), username="me", password="secret")
    tdnf("-y", "--refresh", "install", "one").ok()
    root.add_repo(served, baseurl=server.url("main").replace("//", "//me:secret@"))
    done = tdnf("-v", "list", "--refresh").ok()
    assert "secret" not in done.stdout + done.stderr


def test_timeout_ends_a_slow_transfer(tdnf: Tdnf, root: Root, served: Repo, server: Server) -> None:
    server.fail("*big*", slow(rate=2_000))
    root.add_repo(served, baseurl=server.url("main"), timeout=1, retries=0)
    began = time.monotonic()
    tdnf("-y", "install", "big").failed(1229)
    assert time.monotonic() - began < 40  # it would last for two minutes
    assert root.installed == []


def test_minrate_alone_ends_nothing(tdnf: Tdnf, root: Root, served: Repo, server: Server) -> None:
    server.fail("*one*", slow(rate=10_000))
    root.add_repo(served, baseurl=server.url("main"), minrate=1_000_000, retries=0)
    tdnf("-y", "install", "one").ok()
    server.fail("*big*", slow(rate=20_000))
    root.add_repo(served, baseurl=server.url("main"), minrate=1_000_000, timeout=1, retries=0)
    tdnf("-y", "install", "big").failed(1229)


def test_throttle_limits_the_rate(tdnf: Tdnf, root: Root, served: Repo, server: Server) -> None:
    size = next((served.path / "Packages").glob("big*")).stat().st_size
    root.add_repo(served, baseurl=server.url("main"), throttle=size)
    began = time.monotonic()
    tdnf("-y", "install", "big").ok()
    assert time.monotonic() - began > 0.9


def test_retries_is_how_often_a_network_error_is_tried_again(
    tdnf: Tdnf, root: Root, served: Repo, server: Server
) -> None:
    for retries, failures, works in ((0, 1, False), (1, 1, True), (2, 3, False)):
        server.heal()
        server.fail("*repomd.xml", dropped(times=failures))
        root.add_repo(served, baseurl=server.url("main"), retries=retries)
        server.forget()
        done = tdnf("list", "--refresh")
        assert (done.status == 0) is works, str(done)
        tries = min(retries, failures)
        assert [line for line in done.lines if line.startswith("retrying")] == [
            f"retrying {number}/{retries}" for number in range(1, tries + 1)
        ]
    root.add_repo(served, baseurl=server.url("main"))
    server.heal()
    server.fail("*repomd.xml", dropped(times=10))
    assert "retrying 10/10" in tdnf("list", "--refresh").ok().lines


@pytest.mark.parametrize("key", ["metalink", "mirrorlist"])
def test_the_cache_is_named_after_metalink_then_mirrorlist_then_the_first_url(
    tdnf: Tdnf, root: Root, served: Repo, server: Server, key: str
) -> None:
    (served.path / "mirrors").write_text(f"# mirrors\n{server.url('main')}\n")
    url = server.url("main/mirrors")
    root.add_repo(served, baseurl=f"{server.url('main')} {server.url('other')}", **{key: url})
    tdnf("list").ok()
    folder = f"main-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    assert (root.cachedir / folder / "repodata/repomd.xml").exists()


def test_a_disabled_repository_is_not_touched(tdnf: Tdnf, root: Root, served: Repo, server: Server) -> None:
    root.add_repo(served, baseurl=server.url("main"), enabled=None)
    server.forget()
    assert tdnf("list", "--refresh").ok().stdout == ""
    assert tdnf("list", "--refresh", "--enablerepo=main").ok().lines[-1].startswith("one.noarch")
    assert server.requests
