"""One run at a time changes what is cached of a repository."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from repo_meta import cache
from repo_meta.refresh import load
from repo_meta.refreshlock import RefreshLock

if TYPE_CHECKING:
    from pathlib import Path

    from pkgman.model.repo import RepoSnapshot, RepoSource
    from repo_meta.http import HttpFetcher
    from tests.unit.repo_meta.conftest import Server, Words


def test_two_runs_take_turns_and_the_second_takes_what_the_first_brought(
    source: RepoSource, server: Server, fetcher: HttpFetcher, words: Words
) -> None:
    server.delay = 0.3
    found: list[RepoSnapshot] = []

    def run() -> None:
        words_of = {"report": words, "progress": words}
        found.append(
            load(source, cache_only=False, refresh=True, fetcher=lambda: fetcher, now=time.time(), **words_of)
        )

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 4
    assert set(found) == {found[0]}
    assert server.asked.count("/repodata/repomd.xml") == 1
    assert any("waiting for another run" in text for text in words.diagnostics)
    assert not os.path.exists(cache.lock_path(source))
    assert not os.path.exists(cache.tmp_dir(source))


def test_a_run_that_waited_for_one_that_failed_looks_itself(source: RepoSource, words: Words) -> None:
    with RefreshLock(source, words):
        waiting = RefreshLock(source, words)
        thread = threading.Thread(target=waiting.__enter__)
        thread.start()
        time.sleep(0.2)
        assert thread.is_alive()
        assert not waiting.waited or words.diagnostics
    thread.join(10)
    assert waiting.waited
    waiting.__exit__(None, None, None)
    with RefreshLock(source, words) as free:
        assert not free.waited


@pytest.mark.parametrize("what", ["link", "hard", "folder", "fifo", "dangling"])
def test_what_stands_in_the_place_of_the_lock_is_removed(
    source: RepoSource, words: Words, tmp_path: Path, what: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    os.makedirs(source.metadata_dir)
    path = cache.lock_path(source)
    match what:
        case "link":
            os.symlink(victim, path)
        case "dangling":
            os.symlink(tmp_path / "none", path)
        case "hard":
            os.link(victim, path)
        case "folder":
            os.makedirs(f"{path}/below")
        case _:
            os.mkfifo(path)
    with RefreshLock(source, words):
        assert os.stat(path).st_size == 0
        assert not os.path.islink(path)
    assert victim.read_text() == "precious"
    assert not (tmp_path / "none").exists()
    assert not os.path.lexists(path)
