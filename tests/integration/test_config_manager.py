"""config-manager: repositories and settings are changed in the files that hold them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from pkgman.conffile import ConfFile
from tests.support.cli import Tdnf
from tests.support.repos import repo_section
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root
    from tests.support.repos import Repo
    from tests.support.server import Server

TEXT = """# of the vendor
[one]
name = One
baseurl =
    http://localhost:1/a/
    # the second
    http://localhost:1/b/?c=d
enabled=0
# behind

[two]
enabled = 0
baseurl = http://localhost:1/two/
"""


@pytest.fixture
def manager(tdnf: Tdnf, root: Root) -> Callable[..., str]:
    """Run config-manager and return what it prints."""
    (root.repodir / "vendor.repo").write_text(TEXT)

    def run(*words: str) -> str:
        return tdnf("config-manager", *words).ok().stdout

    return run


def enabled(tdnf: Tdnf) -> list[str]:
    return [repo["Repo"] for repo in tdnf("-j", "repolist").ok().json]


@pytest.mark.parametrize(
    ("on", "off"),
    [
        ("--set-enabled", "--set-disabled"),
        ("--enable", "--disable"),
        ("enable", "disable"),
    ],
)
def test_repositories_are_switched(
    manager: Callable[..., str], tdnf: Tdnf, root: Root, on: str, off: str
) -> None:
    assert manager(on, "two") == ""
    assert enabled(tdnf) == ["two"]
    assert (root.repodir / "vendor.repo").read_text() == TEXT.replace(
        "[two]\nenabled = 0", "[two]\nenabled = 1"
    ).replace("enabled=0", "enabled = 0")
    manager(on, "one,two")
    assert enabled(tdnf) == ["one", "two"]
    manager(off, "t*")
    manager(off, "t*")
    assert enabled(tdnf) == ["one"]
    manager(on, "one", "two")
    assert enabled(tdnf) == ["one", "two"]
    before = (root.repodir / "vendor.repo").read_text()
    done = tdnf("config-manager", off, "one", "nosuch").failed(901)
    assert "nosuch" in done.stderr
    assert (root.repodir / "vendor.repo").read_text() == before
    assert tdnf("-j", "config-manager", on, "nosuch").failed(901).json["Error"] == 901
    tdnf("config-manager", on).failed(1622)


def test_settings_are_saved(manager: Callable[..., str], tdnf: Tdnf, root: Root) -> None:
    manager("--save", "--setopt=keepcache=1", "--setopt=*.priority=7", "--setopt=two.name=Number 2")
    assert "keepcache = 1" in root.conf.read_text()
    text = (root.repodir / "vendor.repo").read_text()
    assert text.count("priority = 7") == 2
    assert "name = Number 2" in text
    manager("setopt", "main.keepcache=0", "one.enabled=1", "one.baseurl=http://localhost:1/x=y/")
    assert "keepcache = 0" in root.conf.read_text()
    assert enabled(tdnf) == ["one"]
    text = (root.repodir / "vendor.repo").read_text()
    assert "baseurl = http://localhost:1/x=y/\n    # the second\nenabled = 1" in text
    manager("unsetopt", "keepcache", "one.baseurl", "two.nosuch")
    assert "keepcache" not in root.conf.read_text()
    assert "x=y" not in (root.repodir / "vendor.repo").read_text()
    done = tdnf("config-manager", "setopt", "fastestmirror=1").ok()
    assert "fastestmirror" in done.stderr
    assert "fastestmirror = 1" in root.conf.read_text()


@pytest.mark.parametrize(
    "words",
    [
        ["--setopt=keepcache=1"],
        ["--save", "--setopt=[x]=1"],
        ["setopt", "keepcache"],
        ["setopt", "a\nb=1"],
        ["setopt", "keepcache=1\n[evil]"],
        ["setopt"],
        ["unsetopt"],
        ["--set-enabled", "--set-disabled", "one"],
        ["addrepo"],
        ["addrepo", "--id=x"],
        ["addrepo", "--id=x", "--from-repofile=/y.repo"],
        ["--add-repo", "neither/url/nor/folder"],
    ],
)
def test_what_cannot_be_followed_changes_nothing(
    manager: Callable[..., str], tdnf: Tdnf, root: Root, words: list[str]
) -> None:
    before = (root.conf.read_text(), sorted(os.listdir(root.repodir)))
    tdnf("config-manager", *words).failed(1622)
    assert (root.conf.read_text(), sorted(os.listdir(root.repodir))) == before
    assert (root.repodir / "vendor.repo").read_text() == TEXT


def test_a_repository_is_added_by_its_url(tdnf: Tdnf, root: Root, server: Server) -> None:
    url = server.url("some/distro/")
    tdnf("config-manager", "--add-repo", url).ok()
    (path,) = root.repodir.glob("*.repo")
    assert path.name == f"{server.host.split(':')[0]}_some_distro.repo"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert tdnf("-j", "repo", "info").ok().json[0]["BaseUrls"] == [url]
    tdnf("config-manager", "--add-repo", url).ok()
    assert len(enabled(tdnf)) == 1


def test_a_folder_is_added_and_used(tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo]) -> None:
    repo = make_repo("local", Rpm("one"), signed=False)
    tdnf("config-manager", f"--add-repo={repo.path}", "--save", "--setopt=*.gpgcheck=0").ok()
    tdnf("install", "-y", "one").ok()
    assert root.installed == ["one-1.0-1.noarch"]


@pytest.mark.parametrize("words", [["--add-repo"], ["addrepo", "--from-repofile"]])
def test_a_repo_file_is_fetched(tdnf: Tdnf, root: Root, server: Server, words: list[str]) -> None:
    served = server.folder / "x.repo"
    served.write_text(TEXT)
    *first, option = words
    tdnf("config-manager", *first, f"{option}={server.url('x.repo')}").ok()
    assert (root.repodir / "x.repo").read_text().startswith("# of the vendor\n[one]\nname = One\n")
    assert [repo["Repo"] for repo in tdnf("-j", "repolist", "all").ok().json[1:]] == ["one", "two"]
    local = root.scratch / "local.repo"
    local.write_text(repo_section("three"))
    tdnf("config-manager", *first, f"{option}={local}").ok()
    assert "three" in enabled(tdnf)


@pytest.mark.parametrize(
    ("content", "number"),
    [
        ("<html>log in</html>\n", 1004),
        ("", 1004),
        ("[x]\nbaseurl=http://x/\n<html>\n", 1004),
        ("[two]\nbaseurl=http://x/\n", 1037),
        ("[x]\n[x]\n", 1037),
        ("[../x]\nbaseurl=http://x/\n", 1622),
        ("[x]\nbaseurl=http://x/\nmetadata_expire=soon\n", 1029),
        ("[x]\nbaseurl=http://x/\nname=\n", 1622),
    ],
)
def test_what_no_later_command_could_read_is_not_stored(
    manager: Callable[..., str], tdnf: Tdnf, root: Root, server: Server, content: str, number: int
) -> None:
    (server.folder / "x.repo").write_text(content)
    for option in (["--add-repo"], ["addrepo", "--from-repofile"]):
        tdnf("config-manager", *option[:-1], f"{option[-1]}={server.url('x.repo')}").failed(number)
    assert os.listdir(root.repodir) == ["vendor.repo"]
    tdnf("config-manager", f"--add-repo={server.url('gone.repo')}").failed(1622)
    tdnf("config-manager", "--add-repo=/gone.repo").failed(1602)
    assert os.listdir(root.repodir) == ["vendor.repo"]


@pytest.mark.parametrize(
    ("setting", "number"),
    [
        ("one.metadata_expire=soon", 1029),
        ("*.metadata_expire=", 1029),
        ("one.name=", 1622),
        ("one.=1", 1622),
        (".enabled=1", 1622),
    ],
)
def test_a_setting_that_no_later_command_could_read_is_not_written(
    manager: Callable[..., str], tdnf: Tdnf, root: Root, setting: str, number: int
) -> None:
    tdnf("config-manager", "setopt", "two.priority=3", setting).failed(number)
    tdnf("config-manager", "--save", f"--setopt={setting}").failed(number)
    assert (root.repodir / "vendor.repo").read_text() == TEXT


def test_links_of_a_root_do_not_lead_to_files_of_the_host(tdnf: Tdnf, root: Root) -> None:
    """An install root may be a foreign image: its links lead as in a chroot."""
    outside = root.scratch / "outside.repo"
    outside.write_text("[host]\nbaseurl=http://host/\n")
    folder = root.file("/etc/yum.repos.d")
    folder.mkdir(parents=True)
    (folder / "linked.repo").symlink_to(outside)
    (folder / "own.repo").write_text("[own]\nbaseurl=http://own/\n")
    root.conf.write_text("[main]\n")
    tdnf("config-manager", "enable", "*").failed(1602)
    tdnf("config-manager", "addrepo", "--id=linked", "--set=baseurl=http://x/", "--overwrite").failed()
    assert outside.read_text() == "[host]\nbaseurl=http://host/\n"
    (folder / "linked.repo").unlink()
    (folder / "own.repo").rename(folder / "own.disabled")
    (folder / "linked.repo").symlink_to("/etc/yum.repos.d/own.disabled")
    tdnf("config-manager", "enable", "own").ok()
    assert (folder / "own.disabled").read_text() == "[own]\nbaseurl = http://own/\nenabled = 1\n"


def test_a_repository_is_described_by_settings(tdnf: Tdnf, root: Root) -> None:
    words = ["config-manager", "addrepo", "--id=x.y", "--set=baseurl=http://a/"]
    tdnf(*words, "--set=gpgcheck=0", "--setopt=name=X and Y").ok()
    path = root.repodir / "x.y.repo"
    assert path.read_text() == "[x.y]\nname = X and Y\nenabled = 1\nbaseurl = http://a/\ngpgcheck = 0\n"
    tdnf(*words).failed(1617)
    tdnf(*words, "--overwrite").ok()
    assert "gpgcheck" not in path.read_text()
    tdnf("config-manager", "addrepo", "--id=z", "--set=baseurl=http://z/", "--save-filename=x.y",
         "--add-or-replace").ok()  # fmt: skip
    assert enabled(tdnf) == ["x.y", "z"]
    tdnf(*words, "--save-filename=other").failed(1037)
    missing = root.scratch / "new/repos"
    at = f"--setopt=reposdir={missing}"
    tdnf("config-manager", "addrepo", "--id=q", "--set=baseurl=http://q/", at).failed(1602)
    tdnf("config-manager", "addrepo", "--id=q", "--set=baseurl=http://q/", at, "--create-missing-dir").ok()
    assert (missing / "q.repo").exists()


def test_files_are_shown(manager: Callable[..., str], tdnf: Tdnf, root: Root) -> None:
    root.configure(keepcache=1)
    assert manager().startswith("[main]\ngpgcheck = 1\n")
    assert manager("--dump", "two") == "[two]\nenabled = 0\nbaseurl = http://localhost:1/two/\n"
    assert "\n\n[one]\nname = One\nbaseurl = http://localhost:1/a/ http://localhost:1/b/?c=d\n" in manager(
        "--dump", "main", "*"
    )
    [main, one] = tdnf("-j", "config-manager", "--dump", "main", "one").ok().json
    assert main["main"]["keepcache"] == "1"
    assert one["one"]["enabled"] == "0"
    assert tdnf("-j", "config-manager", "--set-enabled", "one").ok().stdout == ""


def test_who_may_not_write_is_told_so(manager: Callable[..., str], tdnf: Tdnf, root: Root) -> None:
    manager()
    if os.geteuid() == 0:
        root.repodir.chmod(0o555)
        tdnf = Tdnf(root, program=("setpriv", "--bounding-set=-all", "--inh-caps=-all", *tdnf.program))
    else:
        root.repodir.chmod(0o555)
    try:
        done = tdnf("config-manager", "--set-enabled", "one").failed(1613)
    finally:
        root.repodir.chmod(0o755)
    assert f"{root.repodir}/vendor.repo" in done.stderr
    assert (root.repodir / "vendor.repo").read_text() == TEXT


def test_a_continued_value_is_changed_as_a_whole(tmp_path: Path) -> None:
    file = ConfFile(str(tmp_path / "x"))
    file.read(TEXT)
    assert file.text() == TEXT.replace("enabled=0", "enabled = 0").replace("baseurl =\n", "baseurl =\n")
    one = file.section("one")
    assert one
    assert one.get("baseurl") == "http://localhost:1/a/ http://localhost:1/b/?c=d"
    assert '"baseurl":"http://localhost:1/a/ http://localhost:1/b/?c=d"' in one.as_json("one")
    assert one.remove("baseurl")
    assert (
        file.text()
        == "# of the vendor\n[one]\nname = One\n    # the second\nenabled = 0\n"
        + TEXT[TEXT.index("# behind") :]
    )
