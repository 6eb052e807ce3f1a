from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import FetchError
from pkgman.model.repo import RepoSource
from repo_meta.fetch import Item
from repo_meta.http import HttpFetcher
from repo_meta.pace import Pace, Throttle
from tests.support.rawserver import RawServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODY = b"x" * 20_000


@pytest.fixture
def fetcher() -> Iterator[HttpFetcher]:
    made = HttpFetcher("test/1")
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(lambda line: line.answer(BODY)) as running:
        yield running


def test_transfers_of_a_repository_share_its_throttle(
    fetcher: HttpFetcher, server: RawServer, tmp_path: Path
) -> None:
    source = RepoSource("r", "r", throttle=40_000)
    began = time.monotonic()
    threads = [
        threading.Thread(
            target=fetcher.fetch, args=(source, f"{server.url}/{n}", Item(f"{tmp_path}/{n}", str(n)))
        )
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1.8 < time.monotonic() - began < 6  # 80,000 bytes
    assert all((tmp_path / str(n)).stat().st_size == len(BODY) for n in range(4))


def test_repositories_do_not_share_it(fetcher: HttpFetcher, server: RawServer) -> None:
    sources = [RepoSource(name, name, throttle=40_000) for name in "abcd"]
    began = time.monotonic()
    threads = [
        threading.Thread(target=fetcher.read, args=(source, server.url), kwargs={"limit": 1 << 20})
        for source in sources
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 1.8


def test_a_throttled_transfer_notices_the_end(
    fetcher: HttpFetcher, server: RawServer, tmp_path: Path
) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with pytest.raises(FetchError) as caught:
        source = RepoSource("r", "r", throttle=10)
        fetcher.fetch(source, server.url, Item(f"{tmp_path}/x", "x"), stopped=stop.is_set)
    assert caught.value.number == 1243
    assert time.monotonic() - began < 3


def test_a_transfer_that_waits_notices_the_end(fetcher: HttpFetcher, tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with RawServer(lambda line: None) as silent, pytest.raises(FetchError) as caught:
        fetcher.fetch(RepoSource("r", "r"), silent.url, Item(f"{tmp_path}/x", "x"), stopped=stop.is_set)
    assert caught.value.number == 1243
    assert time.monotonic() - began < 3


def test_a_throttled_transfer_has_no_more_time(fetcher: HttpFetcher, server: RawServer) -> None:
    began = time.monotonic()
    with pytest.raises(FetchError) as caught:
        source = RepoSource("r", "r", throttle=100, timeout=1, retries=0)
        fetcher.read(source, server.url, limit=1 << 20)
    assert caught.value.number == 1229
    assert time.monotonic() - began < 3


def test_a_pause_of_ours_is_no_silence_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repo_meta.pace.STALL_TIME", 0.4)
    pace = Pace(RepoSource("r", "r"), "http://h/", throttle=Throttle(1000))
    pace.advance(1000)
    assert pace.left() > 0.3


def test_minrate_gives_the_reason_and_never_ends_a_transfer_alone() -> None:
    pace = Pace(RepoSource("r", "r", minrate=1000, timeout=1), "http://h/")
    pace.advance(10)
    time.sleep(1.05)
    with pytest.raises(FetchError, match="less than minrate=1000") as caught:
        pace.left()
    assert caught.value.number == 1229
    alone = Pace(RepoSource("r", "r", minrate=1000), "http://h/")
    time.sleep(1.05)
    assert alone.left() > 50
