"""A foreign root leads nothing out of itself: not the cache, the history, the database, nor configuration."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.test_download import change_primary
from tests.support.repos import Advisory, publish
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.server import Server
    from tests.support.workshop import Workshop

ONE = Rpm("one", files={"/usr/share/one/data": "1\n"})
TWO = Rpm("two")


@pytest.fixture
def served(make_repo: Callable[..., Repo], server: Server, root: Root) -> Repo:
    repo = make_repo("main", ONE, TWO, signed=False, advisories=(Advisory("A-1", (ONE,)),))
    root.add_repo(repo, baseurl=server.url("main"), retries=0)
    return repo


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the host that no root may touch."""
    folder = tmp_path / "outside"
    (folder / "sub").mkdir(parents=True)
    (folder / "precious").write_text("precious")
    (folder / "sub/x").write_text("x")
    return folder


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """What is below a folder: contents and times of change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in (folder, *folder.rglob("*"))
    }


def cache_of(root: Root, server: Server) -> Path:
    return root.cachedir / f"main-{hashlib.sha256(server.url('main').encode()).hexdigest()[:8]}"


FOLDERS = [
    "", "repodata", "solvcache", "tmp", "lock", "lastrefresh", "keys", "trusted-keys", "repodata/repomd.xml",
    "repodata/repomd.xml.record", "solvcache/main.solv", "solvcache/main.texts", "solvcache/main.names",
]  # fmt: skip


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("name", FOLDERS)
def test_a_link_in_the_cache_of_a_root_is_replaced(
    tdnf: Tdnf, root: Root, served: Repo, server: Server, outside: Path, name: str, warm: bool
) -> None:
    expected = tdnf("-q", "list", "available").ok().stdout
    place = cache_of(root, server) / name
    if not warm:
        shutil.rmtree(root.cachedir)
    elif place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    target = outside if "." not in name and name != "lock" else outside / "precious"
    place.symlink_to(target)
    before = state(outside)
    for words in (["list", "available"], ["--refresh", "list", "available"], ["list", "available"]):
        assert tdnf("-q", *words).ok().stdout == expected
    tdnf("updateinfo", "list").ok()
    tdnf("makecache").ok()
    tdnf("clean", "all").ok()
    assert state(outside) == before


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("name", ["var", "var/cache", "var/cache/tdnf", "var/lib", "var/lib/tdnf"])
def test_a_folder_that_is_a_link_leads_as_in_a_chroot(
    tdnf: Tdnf, root: Root, served: Repo, outside: Path, name: str, relative: bool
) -> None:
    link = root.path / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to("../" * 20 + str(outside)[1:] if relative else outside)
    before = state(outside)
    tdnf("makecache").ok()
    tdnf("-y", "install", "one").ok()
    assert "one.noarch" in tdnf("list", "installed").ok().stdout
    assert tdnf("history", "list").ok().lines
    tdnf("clean", "all").ok()
    tdnf("-y", "remove", "one").ok()
    assert state(outside) == before
    assert link.is_symlink()
    assert (root.path / str(outside)[1:]).is_dir(), "the same path, in the root"


@pytest.mark.parametrize("kind", ["link", "dangling", "hard"])
def test_a_history_that_is_a_link_is_refused_before_anything_changes(
    tdnf: Tdnf, root: Root, served: Repo, outside: Path, kind: str
) -> None:
    victim = outside / "empty"
    root.history.parent.mkdir(parents=True)
    if kind != "dangling":
        victim.touch()
    if kind == "hard":
        os.link(victim, root.history)
    else:
        root.history.symlink_to(victim)
    before = state(outside)
    done = tdnf("-y", "install", "one")
    if kind == "hard":
        assert root.installed == ["one-1.0-1.noarch"], str(done.ok())
    else:
        assert done.status != 0
        assert f"{root.history}: " in done.stderr
        assert root.installed == []
    assert state(outside) == before


@pytest.mark.parametrize("what", ["folder", "file"])
def test_an_rpm_database_that_is_a_link_is_not_the_hosts(
    tdnf: Tdnf, root: Root, served: Repo, workshop: Workshop, outside: Path, what: str
) -> None:
    dbpath = root.rpm("--eval", "%{_dbpath}").ok().stdout.strip().lstrip("/")
    root.rpm("-i", "--nosignature", str(workshop.build(Rpm("hosts"), signed=False)[0])).ok()
    shutil.copytree(root.path / dbpath, outside / "db")
    link = root.path / dbpath
    if what == "folder":
        shutil.rmtree(link)
        link.symlink_to(outside / "db")
    else:
        (name,) = (path.name for path in link.iterdir() if path.name in ("rpmdb.sqlite", "Packages.db"))
        (link / name).unlink()
        (link / name).symlink_to(outside / "db" / name)
    before = state(outside)
    done = tdnf("list", "installed")
    assert "hosts" not in done.stdout
    done = tdnf("-y", "install", "one")
    if what == "file":
        assert "may lead out of its root" in done.failed(1526).stderr
    else:
        assert "one.noarch" in tdnf("list", "installed").ok().stdout
    assert state(outside) == before


@pytest.mark.parametrize("absolute", [False, True])
def test_an_rpm_database_may_lie_elsewhere_in_its_root(
    tdnf: Tdnf, root: Root, served: Repo, absolute: bool
) -> None:
    dbpath = root.rpm("--eval", "%{_dbpath}").ok().stdout.strip().lstrip("/")
    tdnf("-y", "install", "one").ok()
    new = root.path / "usr/lib/sysimage/rpm"
    new.parent.mkdir(parents=True, exist_ok=True)
    (root.path / dbpath).rename(new)
    target = "/usr/lib/sysimage/rpm" if absolute else os.path.relpath(new, (root.path / dbpath).parent)
    (root.path / dbpath).symlink_to(target)
    tdnf("-y", "install", "two").ok()
    listed = tdnf("-q", "list", "installed").ok().lines
    assert [line.split()[0] for line in listed] == ["one.noarch", "two.noarch"]


def test_configuration_in_a_root_is_read_as_in_a_chroot(
    tdnf: Tdnf, root: Root, served: Repo, outside: Path
) -> None:
    text = (root.repodir / "main.repo").read_text()
    (outside / "x.repo").write_text(text.replace("[main]", "[hosts]"))
    (outside / "locks").write_text("one\n")
    etc = root.path / "etc"
    (etc / "tdnf/locks.d").mkdir(parents=True)
    (etc / "tdnf/tdnf.conf").write_text("[main]\n")
    (etc / "tdnf/locks.d/x.conf").symlink_to("/usr/share/none")
    (root.path / "usr/share/repos").mkdir(parents=True)
    (root.path / "usr/share/repos/own.repo").write_text(text.replace("[main]", "[own]"))
    (etc / "yum.repos.d").symlink_to("/usr/share/repos")
    (root.path / "usr/share/repos/bad.repo").symlink_to(outside / "x.repo")
    plain = type(tdnf)(root)
    command = [*plain.program, "--installroot", str(root.path), "--releasever", "1", "repolist", "all"]
    for number in (1602, 0):
        done = subprocess.run(command, env=root.environment(), capture_output=True, text=True, check=False)
        assert "hosts" not in done.stdout
        if number:
            assert "Error(1602)" in done.stderr
            (root.path / "usr/share/repos/bad.repo").unlink()
            (etc / "tdnf/locks.d/x.conf").unlink()
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == ["@cmdline", "own"]


def test_a_cache_that_everybody_may_write_is_said(
    tdnf: Tdnf, root: Root, served: Repo, server: Server
) -> None:
    assert "WARNING" not in tdnf("makecache").ok().stderr
    for folder in (root.cachedir, cache_of(root, server)):
        folder.chmod(0o777)
        assert f"everybody can write to {folder}," in tdnf("-q", "list").ok().stderr
        folder.chmod(0o755)
    assert "WARNING" not in tdnf("list").ok().stderr


def test_a_bare_path_is_a_base_url_and_a_mirrorlist(
    tdnf: Tdnf, root: Root, workshop: Workshop, tmp_path: Path
) -> None:
    repo = publish(tmp_path / "a b%20c", workshop.build(ONE, signed=False), id="own")
    for key, value in (("baseurl", tmp_path / "link"), ("mirrorlist", tmp_path / "list")):
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to(repo.path)
        (tmp_path / "list").write_text(f"file://{tmp_path}/link\n")
        (root.repodir / "own.repo").write_text(f"[own]\nname=own\n{key}={value}\nenabled=1\ngpgcheck=0\n")
        tdnf("clean", "all").ok()
        tdnf("-y", "reinstall" if root.installed else "install", "one").ok()


def test_one_package_with_an_unusable_location_costs_only_itself(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], server: Server, tmp_path: Path
) -> None:
    repo = make_repo("odd", ONE, TWO, signed=False)
    change_primary(repo, lambda text: text.replace(f'href="Packages/{TWO.filename}"', 'href="/etc/passwd"'))
    root.add_repo(repo, baseurl=server.url("odd"), retries=0)
    assert "/usr/share/one/data" in tdnf("repoquery", "--list", "*").ok().stdout
    tdnf("repoquery", "--changelogs", "*").ok()
    for words in (["repoquery", "--location", "*"], ["reposync", "--urls"], ["download", "--urls", "one"]):
        assert f"/odd/Packages/{ONE.filename}" in tdnf(*words).ok().stdout
    done = tdnf("reposync", "--download-path", str(tmp_path))
    assert "1 of 2 packages could not be fetched" in done.failed(1304).stderr
    assert "location of two" in done.stderr
    assert (tmp_path / "odd/Packages" / ONE.filename).exists()
    assert "location of two" in tdnf("-y", "install", "two").failed(1304).stderr
    tdnf("-y", "install", "one").ok()


def test_the_same_file_named_twice_has_its_files_twice(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], server: Server
) -> None:
    repo = make_repo("twin", ONE, signed=False)
    shutil.copy(repo.path / "Packages" / ONE.filename, repo.path / "Packages/again.rpm")
    subprocess.run(["createrepo_c", "-q", str(repo.path)], check=True)
    root.add_repo(repo, baseurl=server.url("twin"))
    entries = tdnf("-j", "repoquery", "--list", "one").ok().json
    assert len(entries) == 2
    assert all("/usr/share/one/data" in entry["Files"] for entry in entries)
