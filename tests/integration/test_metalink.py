"""The plugin tdnfmetalink with a real server: where files come from, and which repomd.xml is accepted."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.integration.pluginworld import Plugged, digest, metalink
from tests.support.repos import publish, repo_section
from tests.support.rpms import Rpm
from tests.support.server import endless, status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.server import Server
    from tests.support.workshop import Workshop

ONE, TWO = Rpm("one", files={"/usr/share/one/data": "1\n"}), Rpm("two")
NAME = "Repository linked"
SYNC = f"Error: Failed to synchronize cache for repo '{NAME}'"
TEXT_2501 = "Error(2501) : Checksum Validation failed for the repomd.xml downloaded using URL from metalink"


class Linked:
    """A repository ``linked`` that is known by its metalink only; mirrors are folders of one server."""

    def __init__(self, root: Root, server: Server, folder: Path, rpms: Sequence[Path]) -> None:
        self.root, self.server, self.folder = root, server, folder
        self.repo: Repo = publish(folder / "main", rpms, id="linked")
        self.configure()

    def configure(self, **keys: object) -> None:
        """Write the .repo file."""
        settings = {"metalink": self.server.url("metalink"), "gpgcheck": False, "retries": 0, **keys}
        self.root.add_repo(repo_section("linked", **settings))

    def write(
        self, *hashes: tuple[str, str], mirrors: Sequence[tuple[str, int | None]] = (("main", None),)
    ) -> None:
        """Write the metalink, with the repository's SHA-256 if not told otherwise."""
        urls = [(self.server.url(path), preference) for path, preference in mirrors]
        text = metalink(urls, hashes or [digest(self.repo.repomd)])
        (self.folder / "metalink").write_text(text)

    def change(self) -> None:
        """Make repomd.xml another one, as good as before."""
        self.repo.repomd.write_text(self.repo.repomd.read_text() + "<!-- -->\n")

    @property
    def cached(self) -> Path:
        """The cached metalink."""
        (path,) = self.root.cachedir.glob("linked-????????")
        return path / "repodata/metalink"


@pytest.fixture
def linked(root: Root, server: Server, tmp_path: Path, workshop: Workshop) -> Linked:
    Plugged(root).enable("tdnfmetalink")
    made = Linked(root, server, tmp_path / "www", workshop.build(ONE, TWO, signed=False))
    made.write()
    return made


def test_packages_and_metadata_come_through_a_metalink(tdnf: Tdnf, linked: Linked) -> None:
    done = tdnf("install", "-y", "one").ok()
    assert done.lines[0] == "Loaded plugin: tdnfmetalink"
    assert done.stderr == ""
    assert linked.root.installed == ["one-1.0-1.noarch"]
    assert linked.cached.read_bytes() == (linked.folder / "metalink").read_bytes()
    name = hashlib.sha256(linked.server.url("metalink").encode()).hexdigest()[:8]
    assert linked.cached.parent.parent.name == f"linked-{name}"


def test_a_warm_run_fetches_nothing(tdnf: Tdnf, linked: Linked) -> None:
    tdnf("makecache").ok()
    linked.server.forget()
    for words in (("list", "one"), ("-C", "info", "two"), ("repoquery",), ("repolist",)):
        tdnf(*words).ok()
    assert linked.server.paths == ()


def test_mirrors_are_tried_by_preference_for_every_file(tdnf: Tdnf, linked: Linked) -> None:
    mirrors = [("d", None), ("main", 10), ("c", 10), ("a", 100), ("b", 50)]
    linked.write(mirrors=mirrors)
    tdnf("install", "-y", "one").ok()
    asked = [path for path in linked.server.paths if path != "/metalink"]
    for ending in ("repomd.xml", "primary.xml.gz", "one-1.0-1.noarch.rpm"):
        tried = [path.split("/")[1] for path in asked if path.endswith(ending)]
        assert tried == ["a", "b", "main"], ending


def test_the_metalink_replaces_baseurl_and_mirrorlist(tdnf: Tdnf, linked: Linked) -> None:
    linked.configure(baseurl="http://localhost:1/", mirrorlist=linked.server.url("list"))
    tdnf("install", "-y", "one").ok()
    assert not [path for path in linked.server.paths if path == "/list"]


def test_variables_in_its_url_are_expanded(tdnf: Tdnf, linked: Linked) -> None:
    (linked.folder / "metalink").rename(linked.folder / "link-1")
    linked.configure(metalink=linked.server.url("link-$releasever"))
    tdnf("makecache").ok()
    assert linked.server.paths[0] == "/link-1"


def test_it_is_fetched_anew_with_each_repomd_whose_checksum_it_has(tdnf: Tdnf, linked: Linked) -> None:
    tdnf("makecache").ok()
    linked.change()
    linked.write()
    tdnf("--refresh", "list", "one").ok()
    assert linked.cached.read_bytes() == (linked.folder / "metalink").read_bytes()
    linked.change()
    linked.write()
    linked.configure(metadata_expire=0)
    tdnf("list", "one").ok()


@pytest.mark.parametrize("damage", ["gone", "broken"])
def test_a_cached_one_that_is_gone_or_broken_is_fetched_again(
    tdnf: Tdnf, linked: Linked, damage: str
) -> None:
    tdnf("makecache").ok()
    if damage == "gone":
        linked.cached.unlink()  # as tdnf leaves it after each new repomd.xml
    else:
        linked.cached.write_text("<metal")
    linked.server.forget()
    for _ in range(2):
        tdnf("-C", "list", "one").ok()
    assert linked.server.paths == ("/metalink",)


def test_a_metalink_of_this_machine_may_name_its_folders(tdnf: Tdnf, linked: Linked) -> None:
    text = (linked.folder / "metalink").read_text()
    (linked.folder / "metalink").write_text(text.replace(linked.server.url("main"), linked.repo.url))
    tdnf("list", "one").failed(2500)  # but not one from the network
    linked.configure(metalink=f"file://{linked.folder}/metalink")
    tdnf("install", "-y", "one").ok()


# What is accepted


@pytest.mark.parametrize(
    "hashes",
    [
        [("sha512", "right")],
        [("sha-256", "right")],
        [("SHA1", "right")],
        [("md5", "right")],
        [("sha256", "wrong"), ("sha256", "right")],
        [("sha1", "wrong"), ("sha256", "right"), ("md5", "wrong")],
        [("sha256", "short"), ("sha1", "right")],
        [("sha512", "nohex"), ("sha256", ""), ("md5", "right")],
        [("blake3", "short"), ("sha1", "right")],
    ],
)
def test_one_right_value_of_the_strongest_wellformed_kind_is_enough(
    tdnf: Tdnf, linked: Linked, hashes: list[tuple[str, str]]
) -> None:
    linked.write(*_values(linked.repo, hashes))
    tdnf("list", "one").ok()


def _values(repo: Repo, hashes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    def value(kind: str, what: str) -> str:
        if what in ("", "short"):
            return what
        right = digest(repo.repomd, kind.lower().replace("-", ""))[1]
        return {"right": right, "wrong": right[::-1], "nohex": "g" * len(right)}[what]

    return [(kind, value(kind, what)) for kind, what in hashes]


@pytest.mark.parametrize(
    ("hashes", "number"),
    [
        ([("sha256", "wrong")], 2501),
        ([("sha256", "wrong"), ("sha1", "right")], 2501),
        ([("sha512", "wrong"), ("sha512", "wrong"), ("sha256", "right")], 2501),
        ([("sha256", "short")], 2501),
        ([("sha256", "nohex"), ("md5", "")], 2501),
        ([("blake3", "short")], 1004),
    ],
)
def test_everything_else_is_refused_and_nothing_stays(
    tdnf: Tdnf, linked: Linked, hashes: list[tuple[str, str]], number: int
) -> None:
    linked.write(*_values(linked.repo, hashes))
    done = tdnf("makecache").failed(number)
    first = "Error: Validating Checksum (" if number == 2501 else "Error: TDNFCheckRepoMDFileHash 1004"
    assert done.stderr.startswith(first)
    assert [path for path in linked.root.cachedir.rglob("*") if path.is_file()] == []
    assert not list(linked.root.cachedir.rglob("tmp"))


def test_a_metalink_without_any_hash_is_1004(tdnf: Tdnf, linked: Linked) -> None:
    path = linked.folder / "metalink"
    text = path.read_text()
    start, end = text.index("<hash"), text.index("</verification>")
    path.write_text(text[:start] + text[end:])
    assert tdnf("makecache").failed(1004).stderr.splitlines()[:3] == [
        "Error: TDNFCheckRepoMDFileHash 1004",
        "Plugin error: metalink plugin error: (null)",
        "",
    ]


def test_another_repomd_than_the_metalink_says_gives_tdnfs_lines(tdnf: Tdnf, linked: Linked) -> None:
    linked.change()
    done = tdnf("makecache").failed(2501)
    name = hashlib.sha256(linked.server.url("metalink").encode()).hexdigest()[:8]
    assert done.stderr.splitlines() == [
        f"Error: Validating Checksum ({linked.root.cachedir}/linked-{name}/tmp/repomd.xml)"
        " FAILED (digest mismatch)",
        "Error: TDNFCheckRepoMDFileHash 2501",
        "Plugin error: metalink plugin error: (null)",
        "",
        TEXT_2501,
        SYNC,
        TEXT_2501,
    ]
    assert done.status == 197


def test_a_wrong_repomd_leaves_the_cached_one_and_its_metalink(tdnf: Tdnf, linked: Linked) -> None:
    tdnf("makecache").ok()
    before = linked.cached.read_bytes()
    linked.change()
    linked.write(("sha256", "0" * 64))
    tdnf("makecache").failed(2501)
    assert linked.cached.read_bytes() == before
    tdnf("install", "-y", "one").ok()


def test_a_mirror_with_another_repomd_is_passed_over(tdnf: Tdnf, linked: Linked, workshop: Workshop) -> None:
    publish(linked.folder / "stale", workshop.build(TWO, signed=False))
    linked.write(mirrors=[("stale", 100), ("main", 1)])
    done = tdnf("list", "one").ok()
    assert done.stderr.startswith("Error: Validating Checksum (")
    assert "one.noarch" in done.stdout


def test_a_repository_that_fails_may_be_skipped(tdnf: Tdnf, linked: Linked) -> None:
    linked.change()
    linked.configure(skip_if_unavailable=True)
    done = tdnf("makecache").ok()
    assert f"Disabling Repo: '{NAME}'" in done.lines and TEXT_2501 in done.stderr


# A metalink that is none


def _spoil(linked: Linked, old: str, new: str) -> None:
    path = linked.folder / "metalink"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "number"),
    [
        ('name="repomd.xml"', 'name="other.xml"', 1622),
        (' type="sha256"', "", 1622),
        ('type="http">', 'type="http" preference="high">', 1622),
        ('type="http">', 'type="http" preference="101">', 2708),
        ('type="http">', 'type="http" preference="-1">', 2708),
        ("/repodata/repomd.xml</url>", "/repomd.xml</url>", 1004),
        ("</metalink>", "", 1622),
        ('<metalink version="3.0"', '<!DOCTYPE m [<!ENTITY e "x">]><metalink version="3.0"', 1622),
    ],
)
def test_a_malformed_metalink_says_what_is_wrong(
    tdnf: Tdnf, linked: Linked, old: str, new: str, number: int
) -> None:
    _spoil(linked, old, new)
    lines = tdnf("makecache").failed(number).stderr.splitlines()
    assert lines[0].startswith("metalink ")
    assert lines[-7:-3] == [
        f"Unable to parse metalink, ERROR: code={number}",
        f"Error: TDNFMetalinkGetBaseURLs {number}",
        "Plugin error: metalink plugin error: (null)",
        "",
    ]
    assert lines[-2] == SYNC and lines[-3] == lines[-1]


@pytest.mark.parametrize("text", ["", metalink([], [("sha1", "0" * 40)]), metalink([("rsync://a", 1)], [])])
def test_a_metalink_without_url_is_like_a_repository_without(tdnf: Tdnf, linked: Linked, text: str) -> None:
    (linked.folder / "metalink").write_text(text)
    done = tdnf("makecache").failed(2500)
    assert done.stderr.splitlines()[0] == f"Error: Cannot find a valid base URL for repo: {NAME}"
    assert "plugins=1" not in done.stderr


def test_a_metalink_that_cannot_be_fetched_is_the_errors_of_any_file(tdnf: Tdnf, linked: Linked) -> None:
    linked.server.fail("/metalink", status(404))
    done = tdnf("makecache").failed(1622)
    assert done.stderr.splitlines()[0] == f"Error: 404 when downloading {linked.server.url('metalink')}"
    assert "Plugin error: metalink plugin error: (null)\n\n" in done.stderr


def test_a_metalink_that_never_ends_is_cut(tdnf: Tdnf, linked: Linked) -> None:
    linked.server.fail("/metalink", endless())
    assert "more than 1048576 bytes" in tdnf("makecache").failed(1264).stderr


# Without the plugin


@pytest.mark.parametrize("off", ["switch", "noplugins", "disabled", "noconf"])
def test_without_the_plugin_a_metalink_alone_is_no_place(
    tdnf: Tdnf, root: Root, linked: Linked, off: str
) -> None:
    tdnf("makecache").ok()
    if off == "switch":
        root.configure()
    elif off == "noconf":
        (root.scratch / "pluginconf.d/tdnfmetalink.conf").unlink()
    options = {"noplugins": ("--noplugins",), "disabled": ("--disableplugin=tdnfm*",)}.get(off, ())
    for words in (("makecache",), ("list", "one"), ("-C", "list", "one")):
        lines = tdnf(*options, *words).failed(2500).stderr.splitlines()
        assert lines[0] == f"Error: Cannot find a valid base URL for repo: {NAME}"
        assert "plugins=1" in lines[1]
        assert lines[-1] == "Error(2500) : Base URL and Metalink URL not found in the repo file"
        assert lines[-2] == SYNC


@pytest.mark.parametrize("key", ["baseurl", "mirrorlist"])
def test_without_the_plugin_the_other_keys_are_used(tdnf: Tdnf, root: Root, linked: Linked, key: str) -> None:
    (linked.folder / "list").write_text(linked.server.url("main") + "\n")
    linked.configure(**{key: linked.server.url("main" if key == "baseurl" else "list")})
    tdnf("--noplugins", "install", "-y", "one").ok()
    assert root.installed == ["one-1.0-1.noarch"]
    assert "/metalink" not in linked.server.paths
    assert len(list(root.cachedir.glob("linked-*"))) == 1  # named by the metalink all the same


def test_turning_the_plugin_off_and_on_keeps_the_cache(tdnf: Tdnf, linked: Linked) -> None:
    linked.configure(baseurl=linked.server.url("main"))
    tdnf("makecache").ok()
    linked.server.forget()
    for option in ("--noplugins", "--enableplugin=*", "--noplugins"):
        tdnf(option, "list", "one").ok()
    assert linked.server.paths == ()
