"""A host that moves from tdnf in C, or back: what one left, the other can use."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.support.repos import publish
from tests.support.sample import APP_1, LIB_1, LIB_2, TOOL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.server import Server
    from tests.support.workshop import Workshop


@pytest.fixture
def lab(tmp_path: Path, server: Server, root: Root, workshop: Workshop) -> Repo:
    """A repository over HTTP that is configured and was never looked at."""
    rpms = workshop.build(APP_1, LIB_1, LIB_2, TOOL, signed=False)
    repo = publish(server.folder / "lab", rpms, id="lab")
    root.add_repo(repo, baseurl=server.url("lab"))
    return repo


def metadata_dir(root: Root, server: Server) -> Path:
    """Where tdnf keeps the metadata of ``lab``."""
    return root.cachedir / f"lab-{hashlib.sha256(server.url('lab').encode()).hexdigest()[:8]}"


def test_a_cache_that_tdnf_left_is_used_without_the_network(
    tdnf: Tdnf, root: Root, lab: Repo, server: Server
) -> None:
    folder = metadata_dir(root, server)
    shutil.copytree(lab.path / "repodata", folder / "repodata")
    (folder / "solvcache").mkdir()
    (folder / "solvcache/lab.solv").write_bytes(b"SOLV" + bytes(200) + b"tdnf's cookie, of 32 bytes length")
    (folder / "lastrefresh").touch()
    done = tdnf("list", "app").ok()
    assert done.lines[0].split() == ["app.noarch", "1.0-1", "lab"]
    assert not server.requests
    tdnf("-C", "list", "app").ok()


def test_what_a_refresh_leaves_is_what_tdnf_looks_for(
    tdnf: Tdnf, root: Root, lab: Repo, server: Server
) -> None:
    tdnf("makecache").ok()
    folder = metadata_dir(root, server)
    assert (folder / "repodata/repomd.xml").read_bytes() == lab.repomd.read_bytes()
    assert (folder / "repodata" / lab.part("primary").name).read_bytes() == lab.part("primary").read_bytes()
    assert (folder / "lastrefresh").read_bytes() == b""
    # tdnf rebuilds its own .solv: the last 32 bytes of this one are not its cookie.
    cookie = hashlib.sha256(b"tdnf" + lab.repomd.read_bytes()).digest()
    assert not (folder / "solvcache/lab.solv").read_bytes().endswith(cookie)


def test_folders_beside_the_configuration_are_read_as_tdnf_reads_them(
    tdnf: Tdnf, root: Root, lab: Repo
) -> None:
    tdnf("-y", "install", "lib=1.0", "tool").ok()
    for name, line in (("locks.d", "tool"), ("minversions.d", "lib=2.0"), ("protected.d", "tool")):
        (root.conf.parent / name).mkdir()
        (root.conf.parent / name / "site.conf").write_text(f"{line}\n")
    refused = tdnf("-y", "erase", "tool").failed(1030)
    assert "package tool is protected" in refused.stderr
    tdnf("-y", "update").ok()
    assert "lib-2.0-1.noarch" in root.installed
    assert "lib" in tdnf("-y", "downgrade", "lib").failed(1301).stderr


def test_the_history_has_tables_and_columns_of_tdnf(tdnf: Tdnf, root: Root, lab: Repo) -> None:
    tdnf("-y", "install", "app").ok()
    with sqlite3.connect(root.history) as database:
        tables = {
            name: [row[1:3] for row in database.execute(f"PRAGMA table_info({name})")]
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        assert database.execute("SELECT value FROM flag_set JOIN names ON names.Id = name_id").fetchall() == [
            (1,)
        ]
    database.close()
    del tables["sqlite_sequence"]  # of AUTOINCREMENT
    # Ours, which tdnf never looks at.
    assert tables.pop("comments") == [("trans_id", "INTEGER"), ("comment", "TEXT")]
    assert tables.pop("origins") == [("nevra", "TEXT"), ("repo", "TEXT")]
    assert tables == {
        "rpms": [("Id", "INTEGER"), ("nevra", "TEXT")],
        "transactions": [
            ("Id", "INTEGER"),
            ("cookie", "TEXT"),
            ("cmdline", "TEXT"),
            ("timestamp", "INTEGER"),
            ("type", "INTEGER"),
        ],
        "trans_items": [
            ("Id", "INTEGER"),
            ("trans_id", "INTEGER"),
            ("type", "INTEGER"),
            ("rpm_id", "INTEGER"),
        ],
        "names": [("Id", "INTEGER"), ("name", "TEXT")],
        "flag_set": [
            ("Id", "INTEGER"),
            ("trans_id", "INTEGER"),
            ("name_id", "INTEGER"),
            ("value", "INTEGER"),
        ],
    }
