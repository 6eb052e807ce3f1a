from __future__ import annotations

import email.utils
import itertools
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import FetchError
from pkgman.model.repo import RepoSource
from repo_meta import retries
from repo_meta.http import HttpFetcher
from repo_meta.retries import Attempts, growing
from tests.support.rawserver import Line, RawServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.repo_meta.conftest import Words

pytestmark = pytest.mark.slow

SOURCE = RepoSource("r", "r", retries=3)


@pytest.fixture
def fetcher() -> Iterator[HttpFetcher]:
    made = HttpFetcher("test/1")
    yield made
    made.close()


def busy(*fields: bytes, status: bytes = b"503 Busy", times: int = 1) -> RawServer:
    def talk(line: Line) -> None:
        if len(server.requests) <= times:
            line.answer(b"busy", *fields, status=status)
        else:
            line.answer(b"body")

    server = RawServer(talk)
    return server


@pytest.mark.parametrize("status", [b"503 Busy", b"429 Slow down"])
def test_a_busy_server_is_asked_again_when_it_says(fetcher: HttpFetcher, words: Words, status: bytes) -> None:
    began = time.monotonic()
    with busy(b"Retry-After: 1", status=status, times=2) as server:
        assert fetcher.read(SOURCE, f"{server.url}/x", limit=9, report=words) == b"body"
    assert 2 <= time.monotonic() - began < 6
    assert words.infos == [
        f"127.0.0.1 is busy ({status[:3].decode()}); waiting 1 seconds", "retrying 1/3",
        f"127.0.0.1 is busy ({status[:3].decode()}); waiting 1 seconds", "retrying 2/3",
    ]  # fmt: skip


def test_a_date_says_when_too(fetcher: HttpFetcher) -> None:
    date = email.utils.formatdate(time.time() + 2, usegmt=True).encode()
    began = time.monotonic()
    with busy(b"Retry-After: " + date) as server:
        assert fetcher.read(SOURCE, f"{server.url}/x", limit=9) == b"body"
    assert time.monotonic() - began > 0.5


@pytest.mark.parametrize(
    ("fields", "status", "allowed"),
    [
        ((), b"503 x", 3),
        ((b"Retry-After: 3600",), b"503 x", 3),
        ((b"Retry-After: soon",), b"503 x", 3),
        ((b"Retry-After: -1",), b"503 x", 3),
        ((b"Retry-After: 0",), b"404 x", 3),
        ((b"Retry-After: 0",), b"500 x", 3),
        ((b"Retry-After: 0",), b"503 x", 0),
    ],
)
def test_otherwise_a_status_is_final(
    fetcher: HttpFetcher, fields: tuple[bytes, ...], status: bytes, allowed: int
) -> None:
    with busy(*fields, status=status) as server:
        with pytest.raises(FetchError) as caught:
            fetcher.read(SOURCE._replace(retries=allowed), f"{server.url}/x", limit=9)
        assert (caught.value.number, len(server.requests)) == (1622, 1)


def test_a_busy_server_is_given_up_in_the_end(fetcher: HttpFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    with busy(b"Retry-After: 0", times=99) as server:
        with pytest.raises(FetchError):
            fetcher.read(SOURCE, f"{server.url}/x", limit=9)
        assert len(server.requests) == 4
    monkeypatch.setattr(retries, "PATIENCE", 0.15)
    with busy(b"Retry-After: 0", times=99) as server:
        with pytest.raises(FetchError):
            fetcher.read(SOURCE, f"{server.url}/x", limit=9)
        assert len(server.requests) == 2


def test_pauses_grow_and_differ() -> None:
    for attempt in range(1, 20):
        longest = min(0.1 * 2 ** (attempt - 1), 2.0)
        pauses = {growing(attempt) for _ in range(50)}
        assert all(longest / 2 <= pause <= longest for pause in pauses)
        assert len(pauses) > 5


def test_attempts_are_apart(fetcher: HttpFetcher) -> None:
    times: list[float] = []

    def talk(line: Line) -> None:
        times.append(time.monotonic())
        line.close()

    with RawServer(talk) as server, pytest.raises(FetchError):
        fetcher.read(SOURCE, f"{server.url}/x", limit=9)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert len(gaps) == 3
    assert gaps[0] >= 0.05 and gaps[1] >= 0.1 and gaps[2] >= 0.2


def test_another_mirror_is_asked_at_once(fetcher: HttpFetcher, tmp_path: object) -> None:
    from repo_meta.fetch import Item

    with busy(b"Retry-After: 50", times=99) as first, busy(times=0) as second:
        began = time.monotonic()
        item = Item(f"{tmp_path}/x", "x")
        assert fetcher.fetch_first(SOURCE, (first.url, second.url), "x", item) == second.url
        assert time.monotonic() - began < 5
        assert len(first.requests) == 1


def test_the_end_is_noticed_in_a_pause(words: Words) -> None:
    stop = threading.Event()
    attempts = Attempts(SOURCE, "http://h/x", words, stop.is_set)
    error = FetchError("busy", number=1622)
    error.status, error.retry_after = 503, 30.0
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    assert not attempts.again(error)
    assert time.monotonic() - began < 3
