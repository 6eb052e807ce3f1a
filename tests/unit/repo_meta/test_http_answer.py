from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import FetchError
from pkgman.model.repo import RepoSource
from repo_meta import http_answer, pace
from repo_meta.http import HttpFetcher
from tests.support.rawserver import Line, RawServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

BODY = b"some bytes\n" * 50
LENGTH = b"Content-Length: %d" % len(BODY)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
SOURCE = RepoSource("r", "r", retries=0)


@pytest.fixture
def fetcher() -> Iterator[HttpFetcher]:
    made = HttpFetcher("test/1")
    yield made
    made.close()


def got(fetcher: HttpFetcher, answer: bytes, *, close: bool = False, times: int = 1) -> list[bytes]:
    """Fetch from a server that sends these bytes; each time the answer must be the same."""

    def talk(line: Line) -> None:
        line.send(answer)
        if close:
            line.close()

    with RawServer(talk) as server:
        return [fetcher.read(SOURCE, f"{server.url}/{n}", limit=1 << 20) for n in range(times)]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK + LENGTH + b"\r\n\r\n" + BODY,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 x\r\n\r\n" * 20 + OK + LENGTH + b"\r\n\r\n" + BODY,
        OK + b"Content-Length: %d, %d\r\n\r\n" % (len(BODY), len(BODY)) + BODY,
        OK + LENGTH + b"\r\n" + LENGTH + b"\r\n\r\n" + BODY,
        OK + b"Content-Length : %d\r\nX-Frame-Options : x\r\n\r\n" % len(BODY) + BODY,
        OK + b"content-length:\t0%d \r\n\r\n" % len(BODY) + BODY,
        OK + b"Content-Length: 99999\r\n" + CHUNKED + CHUNKS,
        OK + CHUNKED + CHUNKS,
        OK + b"Transfer-Encoding: identity, Chunked\r\n\r\n" + CHUNKS,
        OK + CHUNKED + b"1;ext=%s\r\ns\r\n%X ; a\r\n%s\r\n000\r\nX: y\r\nZ: z\r\n\r\n"
        % (b"x" * 1000, len(BODY) - 1, BODY[1:]),
        OK + "X-Ü: ü\r\nÉ: \udcff\r\n".encode("utf-8", "surrogateescape") + LENGTH + b"\r\n\r\n" + BODY,
        OK + b"".join(b"X-%d: y\r\n" % n for n in range(1500)) + LENGTH + b"\r\n\r\n" + BODY,
        OK + b"Set-Cookie: " + b"x" * 100_000 + b"\r\n" + LENGTH + b"\r\n\r\n" + BODY,
        OK + b"no field at all\r\n: nameless\r\nX: folded\r\n\tonce more\r\n" + LENGTH + b"\r\n\r\n" + BODY,
        b"HTTP/1.1 200\r\n" + LENGTH + b"\r\n\r\n" + BODY,
        b"HTTP/2 200 \n" + LENGTH + b"\n\n" + BODY,
    ],
)  # fmt: skip
def test_what_servers_send_is_understood(fetcher: HttpFetcher, answer: bytes) -> None:
    assert got(fetcher, answer, times=3) == [BODY] * 3


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"\r\n" + BODY,
        b"HTTP/1.0 200 OK\n" + LENGTH + b"\n\n" + BODY,
        OK + b"Connection: Close\r\n" + CHUNKED + CHUNKS,
    ],
)
def test_a_connection_that_the_server_closes_is_not_used_again(fetcher: HttpFetcher, answer: bytes) -> None:
    assert got(fetcher, answer, close=True, times=2) == [BODY] * 2


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        (b"", 1253),
        (b"SSH-2.0-OpenSSH\r\n", 1202),
        (b"HTTP/1.1 ok\r\n\r\n", 1209),
        (OK + b"Content-Le", 1257),
        (OK + b"Content-Length: 5, 6\r\n\r\n" + BODY, 1209),
        (OK + b"Content-Length: -5\r\n\r\n" + BODY, 1209),
        (OK + b"Content-Length: 1_0\r\n\r\n" + BODY, 1209),
        (OK + b"Content-Length: %s\r\n\r\n" % (b"9" * 30) + BODY, 1209),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS, 1209),
        (b"HTTP/1.1 101 Switching\r\n\r\n", 1209),
        (OK + b"Content-Length: 999\r\n\r\n" + BODY, 1219),
        (OK + CHUNKED + b"9\r\nabc", 1219),
        (OK + CHUNKED + b"3\r\nabc\r\n", 1219),
        (OK + CHUNKED + b"3\r\nabc\r\n0\r\n", 1219),
        (OK + CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n", 1257),
        (OK + CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", 1257),
        (OK + CHUNKED + b"\r\n0\r\n\r\n", 1257),
        (OK + CHUNKED + b"3\r\nabcdef\r\n0\r\n\r\n", 1257),
        (OK + CHUNKED + b"%s\r\nabc" % (b"f" * 16), 1257),
    ],
)
def test_what_cannot_be_understood_has_a_number_of_curl(
    fetcher: HttpFetcher, answer: bytes, number: int
) -> None:
    with pytest.raises(FetchError) as caught:
        got(fetcher, answer, close=True)
    assert caught.value.number == number


def endless(start: bytes, piece: bytes) -> Callable[[Line], None]:
    def talk(line: Line) -> None:
        line.send(start)
        while True:
            line.send(piece * 1000)

    return talk


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (OK, b"X: y\r\n"),
        (OK + b"X: ", b"y"),
        (OK, b" folded\r\n"),
        (OK + CHUNKED, b"0"),
        (OK + CHUNKED + b"1;", b"x"),
        (OK + CHUNKED + b"0\r\n", b"X: y\r\n"),
    ],
)
def test_a_head_that_never_ends_does(fetcher: HttpFetcher, start: bytes, piece: bytes) -> None:
    began = time.monotonic()
    with RawServer(endless(start, piece)) as server, pytest.raises(FetchError) as caught:
        fetcher.read(SOURCE, f"{server.url}/x", limit=1 << 20)
    assert caught.value.number == 1209
    assert time.monotonic() - began < 10


DRIPS = [
    OK + b"X-Pad: " + b"y" * 2000,
    b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
    OK + CHUNKED + b"0" * 2000,
    OK + CHUNKED + b"1;" + b"x" * 2000,
    OK + CHUNKED + b"0\r\n" + b"X: y\r\n" * 500,
    OK + b"\r\n" + BODY * 10,
    OK + b"Content-Length: 9999\r\n\r\n" + BODY * 10,
    b"H",
]


@pytest.mark.parametrize("data", DRIPS)
def test_timeout_covers_every_byte(fetcher: HttpFetcher, data: bytes) -> None:
    began = time.monotonic()
    with RawServer(lambda line: line.drip(data)) as server, pytest.raises(FetchError) as caught:
        fetcher.read(SOURCE._replace(timeout=1), f"{server.url}/x.asc", limit=1 << 20)
    assert caught.value.number == 1229
    assert 0.9 < time.monotonic() - began < 5


@pytest.mark.parametrize("data", DRIPS[:5])
def test_what_brings_no_body_is_given_up_without_a_timeout(
    fetcher: HttpFetcher, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "STALL_TIME", 1.0)
    with RawServer(lambda line: line.drip(data)) as server, pytest.raises(FetchError) as caught:
        fetcher.read(SOURCE, f"{server.url}/x", limit=1 << 20)
    assert caught.value.number == 1229


def test_a_body_that_drips_is_not_given_up_without_a_timeout(
    fetcher: HttpFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "STALL_TIME", 0.5)
    data = OK + b"Content-Length: 100\r\n\r\n"

    def talk(line: Line) -> None:
        line.send(data)
        line.drip(b"x" * 100)

    with RawServer(talk) as server:
        assert fetcher.read(SOURCE, f"{server.url}/x", limit=1 << 20) == b"x" * 100


def test_a_redirect_does_not_start_the_clock_again(fetcher: HttpFetcher) -> None:
    def talk(line: Line) -> None:
        time.sleep(0.4)
        line.answer(b"", b"Location: %s/x" % line.path.encode(), status=b"302 Found")

    began = time.monotonic()
    with RawServer(talk) as server, pytest.raises(FetchError) as caught:
        fetcher.read(SOURCE._replace(timeout=1), f"{server.url}/x", limit=1 << 20)
    assert caught.value.number == 1229
    assert time.monotonic() - began < 3


def test_bytes_behind_an_answer_are_not_the_next_one(fetcher: HttpFetcher) -> None:
    def talk(line: Line) -> None:
        line.send(OK + b"Content-Length: 4\r\n\r\nBODY" + OK + b"Content-Length: 5\r\n\r\nFALSE")

    with RawServer(talk) as server:
        for _ in range(3):
            assert fetcher.read(SOURCE, f"{server.url}/x", limit=100) == b"BODY"
        assert server.connections == 3


def test_a_kept_connection_that_was_closed_is_no_failure(fetcher: HttpFetcher) -> None:
    def talk(line: Line) -> None:
        if line.path == "/second" and line is not server.requests[-1]:
            return
        if server.paths.count("/second") == 1:
            line.close()  # without a word, though the first answer promised to stay
        else:
            line.answer(BODY)

    with RawServer(talk) as server:
        assert fetcher.read(SOURCE, f"{server.url}/first", limit=1000) == BODY
        assert fetcher.read(SOURCE, f"{server.url}/second", limit=1000) == BODY
        assert server.paths == ["/first", "/second", "/second"]


def test_a_first_connection_that_is_closed_is_one(fetcher: HttpFetcher) -> None:
    with RawServer(lambda line: line.close()) as server:
        with pytest.raises(FetchError) as caught:
            fetcher.read(SOURCE, f"{server.url}/x", limit=1000)
        assert (caught.value.number, server.connections) == (1253, 1)


def test_a_large_redirect_is_not_read(fetcher: HttpFetcher) -> None:
    sent = 0

    def talk(line: Line) -> None:
        nonlocal sent
        if line.path == "/file":
            return line.answer(BODY)
        line.send(b"HTTP/1.1 302 Found\r\nLocation: /file\r\nContent-Length: 9999999999\r\n\r\n")
        while sent < 1 << 28:
            line.send(b"x" * 65536)
            sent += 65536
        return None

    with RawServer(talk) as server:
        assert fetcher.read(SOURCE, f"{server.url}/moved", limit=1000) == BODY
    assert sent < 1 << 26


def test_a_redirect_may_have_bytes_beyond_ascii_and_blanks(fetcher: HttpFetcher) -> None:
    def talk(line: Line) -> None:
        if line.path == "/moved":
            return line.answer(b"", "Location: /früh stück+x?a=b+c".encode(), status=b"301 x")
        return line.answer(line.path.encode())

    with RawServer(talk) as server:
        found = fetcher.read(SOURCE, f"{server.url}/moved", limit=1000)
    assert found == b"/fr%C3%BCh%20st%C3%BCck+x?a=b+c"


def test_the_ceiling_is_curls() -> None:
    assert http_answer.MAX_HEAD == 300 << 10
