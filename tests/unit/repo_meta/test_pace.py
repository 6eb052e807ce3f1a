from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from pkgman.model.errors import FetchError
from pkgman.model.repo import RepoSource
from repo_meta.fetch import Fetcher, Item, LateFetcher
from repo_meta.http import HttpFetcher
from repo_meta.pace import Pace, Throttle
from tests.support.rawserver import RawServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

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


def limited(fetcher: HttpFetcher, url: str) -> float:
    """Return how long a transfer with one second took."""
    began = time.monotonic()
    with pytest.raises(FetchError) as caught:
        fetcher.read(RepoSource("r", "r", timeout=1, retries=0, sslverify=False), url, limit=1 << 20)
    assert caught.value.number == 1229
    return time.monotonic() - began


def test_a_host_that_takes_no_connection_is_given_up(fetcher: HttpFetcher) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as stack:
        for _ in range(8):  # nobody accepts them
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        assert limited(fetcher, f"http://127.0.0.1:{full.getsockname()[1]}/") < 5


def test_a_handshake_that_drips_is_given_up(fetcher: HttpFetcher) -> None:
    def drip() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            for byte in b"\x16\x03\x03\x3f\xff\x02" + b"\x00" * 1000:
                connection.sendall(bytes([byte]))
                time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, daemon=True).start()
        assert limited(fetcher, f"https://127.0.0.1:{listener.getsockname()[1]}/") < 5


def test_a_name_server_that_does_not_answer_is_given_up(
    fetcher: HttpFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    real = socket.getaddrinfo

    def slow(*arguments: Any, flags: int = 0, **more: Any) -> Any:
        if not flags:
            over.wait(30)
        return real(*arguments, flags=flags, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    monkeypatch.setenv("no_proxy", "*")
    try:
        assert limited(fetcher, "http://repo.invalid/") < 5
    finally:
        over.set()


def test_the_making_of_the_transport_does_not_count(server: RawServer) -> None:
    def make() -> Fetcher:
        time.sleep(1.2)  # as importing it may take on a busy machine
        return HttpFetcher("test/1")

    late = LateFetcher(make)
    try:
        assert late.read(RepoSource("r", "r", timeout=1, retries=0), server.url, limit=1 << 20) == BODY
    finally:
        late.close()
