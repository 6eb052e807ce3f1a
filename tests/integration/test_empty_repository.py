"""Every command where there is no package at all: tdnf's own errors, as text and in JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import Root, Tdnf
from tests.support.nursery import Nursery
from tests.support.repos import publish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.nursery import Run

WORDS = (
    "autoremove", "check", "check-update", "clean all", "count", "distro-sync", "downgrade", "downgrade x",
    "download x", "erase x", "history", "history init", "info", "info x", "install x", "install /usr/bin/x",
    "leaves", "list", "list x", "list available", "makecache", "mark install x", "provides x",
    "provides /usr/x", "provides */x", "reinstall x", "repolist", "repoquery", "repoquery x",
    "repoquery --list", "repoquery --requires", "repoquery --changelogs", "repoquery --whatrequires x",
    "repoquery --file /x", "repoquery --installed", "repoquery --duplicates", "repoquery --extras",
    "repoquery --qf %{name}",
    "reposync --urls", "reposync --urls --download-metadata", "search x", "search é", "swap a b", "update",
    "update x", "update --security", "upgrade-minimal", "builddep x", "deplist", "deplist x",
    "localinstall x", "repoinfo", "config-manager", "repoquery --upgrades", "install --no-best x",
    "updateinfo", "updateinfo list", "updateinfo info", "advisory",
)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    scratch = tmp_path_factory.mktemp("empty")
    root = Root(scratch)
    root.add_repo(publish(scratch / "none", (), id="none"))
    with Nursery(root) as nursery:
        yield nursery


@pytest.mark.parametrize("line", WORDS)
def test_nothing_but_tdnfs_own_errors(run: Nursery, line: str) -> None:
    words = line.split()
    done = run("-y", *words)
    check(done)
    in_json = run("-y", "-j", *words)
    check(in_json)
    assert in_json.status in (0, done.status), (done, in_json)
    if in_json.stdout.strip() and words[0] not in ("reposync",):
        json.JSONDecoder().raw_decode(in_json.stdout.decode())


def check(done: Run) -> None:
    assert b"Internal error" not in done.stderr, done
    assert b"Traceback" not in done.stderr, done
    assert 0 <= done.status != 70, done


def test_a_search_says_that_nothing_was_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    scratch = tmp_path_factory.mktemp("empty-search")
    root = Root(scratch)
    root.add_repo(publish(scratch / "none", (), id="none"))
    done = Tdnf(root)("search", "nothing").failed(1599)
    assert done.stderr.endswith("Error(1599) : No matches found\n")
    assert Tdnf(root)("-j", "search", "nothing").ok().stdout == "[]"
