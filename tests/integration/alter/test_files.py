"""rpm files and URLs as arguments (tdnf contract, commands 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import tables
from tests.support.rpms import Rpm, break_payload, copy
from tests.support.sample import APP_2, EXTRAS, LIB_1, LIB_2, TOOL
from tests.support.server import Server, redirect, status, wrong_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.keys import Signer
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

UNCHECKED = ("-y", "--nogpgcheck")


@pytest.fixture
def tool(workshop: Workshop) -> Path:
    """An unsigned package file."""
    return workshop.build(TOOL, signed=False)[0]


def test_a_file_is_installed_from_where_it_lies(tdnf: Tdnf, root: Root, tool: Path) -> None:
    done = tdnf("install", *UNCHECKED, tool).ok()
    assert tables(done) == {"Installing": ["tool 1:1.5-2 @cmdline"]}
    assert root.installed == ["tool-1:1.5-2.noarch"]
    assert tool.exists()
    assert tdnf("install", *UNCHECKED, tool).ok().stderr.splitlines() == ["Nothing to do."]


def test_a_file_may_be_named_relatively_or_by_a_file_url(
    tdnf: Tdnf, root: Root, tool: Path, tmp_path: Path
) -> None:
    (tmp_path / "a b").mkdir()
    near = copy(tool, tmp_path / "a b/packages")
    tdnf("install", *UNCHECKED, f"../packages/{near.name}", cwd=near.parent).ok()
    tdnf("remove", "-y", "tool").ok()
    tdnf("install", *UNCHECKED, f"file://{near}".replace(" ", "%20")).ok()
    assert root.installed == ["tool-1:1.5-2.noarch"]
    assert near.exists()


def test_dependencies_of_a_file_come_from_repositories(
    tdnf: Tdnf, root: Root, sample: Repo, workshop: Workshop
) -> None:
    (app,) = workshop.build(APP_2, signed=False)
    done = tdnf("install", *UNCHECKED, app).ok()
    assert tables(done) == {"Installing": ["app 2.0-1 @cmdline", "extras 1.0-1 sample", "lib 2.0-1 sample"]}
    as_json = tdnf("reinstall", "-j", *UNCHECKED, app).ok()
    assert [(p["Name"], p["Repo"]) for p in as_json.json["Reinstall"]] == [("app", "@cmdline")]


def test_files_may_need_each_other_and_stand_beside_names(
    tdnf: Tdnf, root: Root, sample: Repo, workshop: Workshop
) -> None:
    files = workshop.build(APP_2, LIB_2, signed=False)
    done = tdnf("install", *UNCHECKED, *files, "tool", "--exclude=extras").ok()
    assert tables(done)["Installing"] == [
        "app 2.0-1 @cmdline",
        "lib 2.0-1 @cmdline",
        "tool 1:1.5-2 sample",
    ]


def test_a_file_of_another_version_is_an_upgrade_or_a_downgrade(
    tdnf: Tdnf, root: Root, workshop: Workshop
) -> None:
    old, new = workshop.build(LIB_1, LIB_2, signed=False)
    tdnf("install", *UNCHECKED, old).ok()
    assert tables(tdnf("install", *UNCHECKED, new).ok()) == {"Upgrading": ["lib 2.0-1 @cmdline"]}
    assert tables(tdnf("install", *UNCHECKED, old).ok()) == {"Downgrading": ["lib 1.0-1 @cmdline"]}


def test_update_and_downgrade_take_files_of_what_is_installed_only(
    tdnf: Tdnf, root: Root, workshop: Workshop, server: Server
) -> None:
    old, new = workshop.build(LIB_1, LIB_2, signed=False)
    copy(old, server.folder)
    for command in ("update", "downgrade"):
        assert (
            f"lib is not installed, so there is nothing to {command}"
            in tdnf(command, "-y", new).failed(1011).stderr
        )
    tdnf("install", "-y", old).ok()
    done = tdnf("downgrade", "-y", new).ok()
    assert done.stderr.splitlines() == [
        "The file of lib is not older than what is installed.",
        "Nothing to do.",
    ]
    assert tables(tdnf("update", "-y", new).ok()) == {"Upgrading": ["lib 2.0-1 @cmdline"]}
    assert tdnf("update", "-y", old).ok().stderr.splitlines()[-1] == "Nothing to do."
    assert root.installed == ["lib-2.0-1.noarch"]
    done = tdnf("downgrade", "-y", server.url(old.name)).ok()
    assert tables(done) == {"Downgrading": ["lib 1.0-1 @cmdline"]}


def test_files_and_names_are_updated_together(
    tdnf: Tdnf, root: Root, sample: Repo, workshop: Workshop
) -> None:
    (app,) = workshop.build(APP_2, signed=False)
    tdnf("install", "-y", "app=1.0", "lib=1.0", "tool").ok()
    done = tdnf("update", "-y", app, "lib", "--exclude=extras").ok()
    assert tables(done)["Upgrading"] == ["app 2.0-1 @cmdline", "lib 2.0-1 sample"]
    assert "app-2.0-1.noarch" in root.installed


def test_reinstall_of_a_file_of_the_same_version(tdnf: Tdnf, root: Root, tool: Path) -> None:
    tdnf("install", *UNCHECKED, tool).ok()
    root.file("/usr/bin/tool").unlink()
    assert tables(tdnf("reinstall", *UNCHECKED, tool).ok()) == {"Reinstalling": ["tool 1:1.5-2 @cmdline"]}
    assert root.file("/usr/bin/tool").exists()


def test_the_name_of_a_file_does_not_matter(tdnf: Tdnf, root: Root, tool: Path, tmp_path: Path) -> None:
    odd = copy(tool, tmp_path).rename(tmp_path / "-odd näme;$(x).rpm")
    tdnf("install", *UNCHECKED, "--", f"./{odd.name}", cwd=tmp_path).ok()
    assert root.installed == ["tool-1:1.5-2.noarch"]


def test_a_file_that_is_not_there_is_named(
    tdnf: Tdnf, sample: Repo, tmp_path: Path, untouched: Callable[[], None]
) -> None:
    done = tdnf("install", *UNCHECKED, "extras", tmp_path / "no.rpm").failed(1602)
    assert str(tmp_path / "no.rpm") in done.stderr
    done = tdnf("install", *UNCHECKED, f"file://{tmp_path}/no.rpm").failed(1602)
    assert f"{tmp_path}/no.rpm" in done.stderr
    untouched()


@pytest.mark.parametrize("content", [b"", b"no rpm at all\n" * 50, b"\xed\xab\xee\xdb" + b"\0" * 500])
def test_a_file_that_is_no_package_is_named(
    tdnf: Tdnf, tmp_path: Path, untouched: Callable[[], None], content: bytes
) -> None:
    (tmp_path / "bad.rpm").write_bytes(content)
    done = tdnf("install", *UNCHECKED, tmp_path / "bad.rpm").failed(1622)
    assert f"{tmp_path}/bad.rpm" in done.stderr
    untouched()


def test_a_directory_is_no_package(tdnf: Tdnf, tmp_path: Path) -> None:
    (tmp_path / "folder.rpm").mkdir()
    assert "folder.rpm" in tdnf("install", *UNCHECKED, tmp_path / "folder.rpm").failed().stderr


def test_a_source_package_is_refused_with_a_hint(
    tdnf: Tdnf, workshop: Workshop, untouched: Callable[[], None]
) -> None:
    (source,) = workshop.build(Rpm("tool", source=True), signed=False)
    done = tdnf("install", *UNCHECKED, source).failed(1622)
    assert f"package '{source}' appears to be a source rpm - use --source to install" in done.stderr
    untouched()


@pytest.mark.parametrize("command", ["install", "url"])
def test_an_unsigned_file_that_the_user_names_is_taken(
    tdnf: Tdnf, root: Root, tool: Path, server: Server, command: str
) -> None:
    copy(tool, server.folder)
    tdnf("install", "-y", server.url(tool.name) if command == "url" else tool).ok()
    assert root.installed == ["tool-1:1.5-2.noarch"]
    tdnf("reinstall", "-y", tool).ok()


@pytest.mark.parametrize("options", [(), ("--skipdigest",)])
def test_an_unsigned_file_is_refused_where_the_configuration_asks_for_signatures(
    tdnf: Tdnf, root: Root, tool: Path, untouched: Callable[[], None], options: tuple[str, ...]
) -> None:
    root.configure(localpkg_gpgcheck=True)
    done = tdnf("install", "-y", *options, tool).failed(1510)
    assert f"Error processing package: {tool}" in done.stderr
    assert "not signed" in done.stderr
    untouched()
    root.configure()
    tdnf("install", "-y", "--setopt=localpkg_gpgcheck=1", tool).failed(1510)
    tdnf("install", "-y", "--setopt=localpkg_gpgcheck=perhaps", tool).failed(1510)
    untouched()
    tdnf("install", "-y", "--setopt=localpkg_gpgcheck=1", "--skipsignature", tool).ok()


def test_an_unsigned_file_does_not_open_the_door_for_unsigned_packages_of_repositories(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], workshop: Workshop
) -> None:
    offer(LIB_2, EXTRAS, keys={"gpgcheck": True})
    (app,) = workshop.build(APP_2, signed=False)
    done = tdnf("install", "-y", app).failed(1510)
    assert "lib-2.0-1.noarch.rpm" in done.stderr
    assert root.installed == []


def test_a_damaged_unsigned_file_is_refused(
    tdnf: Tdnf, tool: Path, tmp_path: Path, untouched: Callable[[], None]
) -> None:
    tdnf("install", "-y", break_payload(copy(tool, tmp_path))).failed(1472)
    untouched()


def test_a_file_signed_by_an_unknown_key_is_refused_and_by_a_known_one_taken(
    tdnf: Tdnf, root: Root, workshop: Workshop, signing_key: Signer, tmp_path: Path
) -> None:
    (tool,) = workshop.build(TOOL)
    done = tdnf("install", "-y", tool).failed(1523)
    assert signing_key.key_id in done.stderr
    assert root.installed == []
    root.rpm("--import", str(signing_key.write_public_key(tmp_path / "key"))).ok()
    tdnf("install", "-y", tool).ok()
    assert root.installed == ["tool-1:1.5-2.noarch"]


def test_a_url_is_fetched_and_not_kept(tdnf: Tdnf, root: Root, server: Server, tool: Path) -> None:
    copy(tool, server.folder / "some/where")
    url = server.url(f"some/where/{tool.name}")
    done = tdnf("install", *UNCHECKED, url).ok()
    assert tables(done) == {"Installing": ["tool 1:1.5-2 @cmdline"]}
    assert list(root.cachedir.rglob("*.rpm")) == []
    root.configure(keepcache=True)
    tdnf("reinstall", *UNCHECKED, url).ok()
    assert list(root.cachedir.rglob("*.rpm")) == [root.cachedir / f"@cmdline/rpms/some/where/{tool.name}"]


def test_a_kept_file_is_not_taken_for_another_url(
    tdnf: Tdnf, root: Root, server: Server, workshop: Workshop, tmp_path: Path
) -> None:
    root.configure(keepcache=True)
    old, new = workshop.build(LIB_1, LIB_2, signed=False)
    url = server.url("same/name.rpm")
    server.fail("*", wrong_bytes(old.read_bytes()))
    tdnf("install", *UNCHECKED, url).ok()
    server.fail("*", wrong_bytes(new.read_bytes()))
    tdnf("install", *UNCHECKED, url, url).ok()
    assert root.installed == ["lib-2.0-1.noarch"]
    (tmp_path / "elsewhere").mkdir()
    with Server(tmp_path / "elsewhere") as other:
        done = tdnf("install", *UNCHECKED, url, other.url("same/name.rpm")).failed(1622)
    assert "same path" in done.stderr


@pytest.mark.parametrize(
    "path",
    [
        "../../../../evil.rpm",
        "%2e%2e/%2e%2e/%2e%2e/%2e%2e/evil.rpm",
        "a/../../../../../evil.rpm",
        "..%2f..%2f..%2fevil.rpm",
    ],
)
def test_a_url_cannot_leave_the_cache(tdnf: Tdnf, root: Root, server: Server, tool: Path, path: str) -> None:
    root.configure(keepcache=True)
    server.fail("*evil.rpm", wrong_bytes(tool.read_bytes()))
    tdnf("install", *UNCHECKED, "--testonly", f"{server.url()}{path}")
    assert {found.parent for found in root.scratch.rglob("evil.rpm")} <= {root.cachedir / "@cmdline/rpms"}


def test_a_url_that_cannot_be_fetched_is_named_before_anything_is_asked(
    tdnf: Tdnf, root: Root, server: Server, untouched: Callable[[], None]
) -> None:
    server.fail("*/broken.rpm", status(500))
    for name in ("missing.rpm", "broken.rpm"):
        done = tdnf("install", *UNCHECKED, server.url(f"x/{name}")).failed(1622)
        assert server.url(f"x/{name}") in done.stderr
    closed = "http://localhost:1/x.rpm"
    done = tdnf("install", *UNCHECKED, closed).failed(1208)
    assert closed in done.stderr
    untouched()


def test_a_url_follows_redirects(tdnf: Tdnf, root: Root, server: Server, tool: Path) -> None:
    copy(tool, server.folder)
    server.fail("/moved.rpm", redirect(server.url(tool.name)))
    tdnf("install", *UNCHECKED, server.url("moved.rpm")).ok()
    assert root.installed == ["tool-1:1.5-2.noarch"]


def test_removal_does_not_take_files(tdnf: Tdnf, root: Root, tool: Path, workshop: Workshop) -> None:
    old, new = workshop.build(LIB_1, LIB_2, signed=False)
    tdnf("install", *UNCHECKED, old).ok()
    for command in ("remove", "autoremove"):
        assert "Nothing to do." in tdnf(command, *UNCHECKED, new).ok().stderr
    assert root.installed == ["lib-1.0-1.noarch"]


def test_two_versions_of_one_name_as_files_are_a_conflict(
    tdnf: Tdnf, workshop: Workshop, untouched: Callable[[], None]
) -> None:
    files = workshop.build(LIB_1, LIB_2, signed=False)
    done = tdnf("install", *UNCHECKED, *files).failed(1301)
    assert "cannot install both lib-2.0-1.noarch and lib-1.0-1.noarch" in done.stderr
    untouched()


def test_the_same_file_twice_is_one_package(tdnf: Tdnf, root: Root, tool: Path) -> None:
    tdnf("install", *UNCHECKED, tool, tool).ok()
    assert root.installed == ["tool-1:1.5-2.noarch"]


def test_a_file_wins_over_the_same_package_of_a_repository(
    tdnf: Tdnf, root: Root, sample: Repo, workshop: Workshop
) -> None:
    (extras,) = workshop.build(EXTRAS, signed=False)
    done = tdnf("install", *UNCHECKED, extras).ok()
    assert tables(done) == {"Installing": ["extras 1.0-1 @cmdline"]}


def test_a_package_for_another_machine_is_refused(
    tdnf: Tdnf, workshop: Workshop, untouched: Callable[[], None]
) -> None:
    (other,) = workshop.build(Rpm("alien", arch="aarch64"), signed=False)
    done = tdnf("install", *UNCHECKED, other).failed(1301)
    assert "alien-1.0-1.aarch64" in done.stderr
    untouched()


def test_a_file_of_the_users_in_downloaddir_is_neither_replaced_nor_removed(
    tdnf: Tdnf, tmp_path: Path, workshop: Workshop, server: Server
) -> None:
    (path,) = workshop.build(LIB_1, signed=False)
    copy(path, server.folder)
    out = tmp_path / "out"
    mine = copy(path, out)
    before = mine.stat().st_mtime_ns
    words = ("--nogpgcheck", "--downloadonly", "--downloaddir", out, "install")
    tdnf("-y", *words, server.url(path.name)).ok()
    tdnf("--assumeno", *words, server.url(path.name)).failed(1032)
    assert mine.stat().st_mtime_ns == before
    (out / "gone.rpm").write_text("mine\n")
    tdnf("-y", *words, server.url("gone.rpm")).failed()
    assert (out / "gone.rpm").read_text() == "mine\n"
