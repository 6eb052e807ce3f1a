from __future__ import annotations

import errno
import gzip
import hashlib
import os
import socket
import ssl
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from pkgman.model.errors import ChecksumMismatch, FetchError, MetadataError, PkgmanError, SizeMismatch
from pkgman.model.package import Checksum
from pkgman.model.repo import RepoSource
from repo_meta import fetch, temporary
from repo_meta.curl import ABORTED, CURL
from repo_meta.fetch import Item
from repo_meta.urls import join
from tests.unit.repo_meta.conftest import Server, Words, body, endless, hang_up, status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from repo_meta.http import HttpFetcher
    from repo_meta.pace import Pace

DATA = b"some bytes\n" * 1000


@pytest.fixture
def item(tmp_path: Path, repo: Path) -> Item:
    (repo / "file").write_bytes(DATA)
    return Item(
        str(tmp_path / "out/file"), "file", len(DATA), Checksum("sha256", hashlib.sha256(DATA).hexdigest())
    )


def _left(item: Item) -> list[str]:
    directory = os.path.dirname(item.path)
    return os.listdir(directory) if os.path.isdir(directory) else []


def test_a_file_arrives_whole(fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item) -> None:
    fetcher.fetch(source, f"{server.url}/file", item)
    with open(item.path, "rb") as stream:
        assert stream.read() == DATA
    assert _left(item) == ["file"]
    assert server.headers[0]["User-Agent"] == "test/1"


def test_connections_are_kept(fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item) -> None:
    for _ in range(5):
        fetcher.fetch(source, f"{server.url}/file", item)
    assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "error", "number"),
    [
        (status(404), FetchError, 1622),
        (status(500), FetchError, 1622),
        (hang_up, FetchError, 1253),
        (body(DATA[:50], length=len(DATA)), FetchError, 1219),
        (body(DATA[:50]), SizeMismatch, 1527),
        (body(DATA + b"x"), SizeMismatch, 1527),
        (body(DATA[:50], length=-1), SizeMismatch, 1527),
        (endless, SizeMismatch, 1527),
        (body(DATA[::-1]), ChecksumMismatch, 1528),
    ],
)
def test_a_wrong_answer_leaves_nothing(
    fetcher: HttpFetcher,
    source: RepoSource,
    server: Server,
    item: Item,
    answer: Any,
    error: type[PkgmanError],
    number: int,
) -> None:
    server.fault("/file", answer)
    with pytest.raises(error) as caught:
        fetcher.fetch(source, f"{server.url}/file", item)
    assert caught.value.number == number
    assert _left(item) == []


def test_a_failed_fetch_leaves_the_file_that_was_there(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    fetcher.fetch(source, f"{server.url}/file", item)
    server.fault("/file", endless)
    with pytest.raises(SizeMismatch):
        fetcher.fetch(source, f"{server.url}/file", item)
    with open(item.path, "rb") as stream:
        assert stream.read() == DATA


def test_a_body_without_stated_size_stops_at_the_ceiling(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    server.fault("/file", endless)
    with pytest.raises(MetadataError):
        fetcher.fetch(source, f"{server.url}/file", Item(item.path, "x", limit=1 << 20))
    with pytest.raises(FetchError) as caught:
        fetcher.read(source, f"{server.url}/file", limit=1 << 20)
    assert caught.value.number == 1264
    assert _left(item) == []


def test_network_errors_are_tried_again_and_announced(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item, words: Words
) -> None:
    server.fault("/file", hang_up)
    with pytest.raises(FetchError):
        fetcher.fetch(source._replace(retries=3), f"{server.url}/file", item, report=words)
    assert words.infos == ["retrying 1/3", "retrying 2/3", "retrying 3/3"]
    assert len(server.asked) == 4


def test_a_second_try_may_succeed(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item, words: Words
) -> None:
    def once(handler: Any) -> None:
        del server.faults["/file"]
        hang_up(handler)

    server.fault("/file", once)
    fetcher.fetch(source, f"{server.url}/file", item, report=words)
    assert words.infos == ["retrying 1/1"]
    assert _left(item) == ["file"]


def test_a_status_is_not_tried_again(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item, words: Words
) -> None:
    server.fault("/file", status(503))
    with pytest.raises(FetchError):
        fetcher.fetch(source, f"{server.url}/file", item, report=words)
    assert (words.infos, len(server.asked)) == ([], 1)


def test_content_encoding_is_not_decoded(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    packed = gzip.compress(DATA)
    server.fault("/file", body(packed, Content_Encoding="gzip"))
    fetcher.fetch(source, f"{server.url}/file", Item(item.path, "x", len(packed)))
    with open(item.path, "rb") as stream:
        assert stream.read() == packed


def _redirect(target: str) -> Any:
    def answer(handler: Any) -> None:
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def test_redirects_are_followed(fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item) -> None:
    server.fault("/moved", _redirect("/file"))
    fetcher.fetch(source, f"{server.url}/moved", item)
    assert _left(item) == ["file"]


def test_a_redirect_to_a_local_file_is_refused(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    server.fault("/moved", _redirect("file:///etc/passwd"))
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(source, f"{server.url}/moved", Item(item.path, "x"))
    assert caught.value.number == 1202
    assert _left(item) == []


def test_a_circle_of_redirects_ends(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    server.fault("/moved", _redirect("/moved"))
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(source, f"{server.url}/moved", item)
    assert caught.value.number == 1248


def test_credentials_are_sent_and_stay_with_their_host(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    other = server.url.replace("127.0.0.1", "localhost")
    server.fault("/moved", _redirect(f"{other}/file"))
    fetcher.fetch(source._replace(username="u", password="p"), f"{server.url}/moved", item)
    assert [headers.get("Authorization") for headers in server.headers] == ["Basic dTpw", None]


def test_a_password_in_a_url_is_used_and_not_shown(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    url = server.url.replace("http://", "http://me:secret@")
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(source, f"{url}/none", item)
    assert server.headers[0]["Authorization"]
    assert "secret" not in str(caught.value)


def test_a_repository_proxy_is_used(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    source = source._replace(proxy=server.url, proxy_username="a b", proxy_password="c")
    with pytest.raises(FetchError):
        fetcher.fetch(source, "http://repo.invalid/file", item)
    assert server.asked == ["http://repo.invalid/file"]
    assert server.headers[0]["Proxy-Authorization"] == "Basic YSBiOmM="


def test_environment_proxies_and_no_proxy_are_heeded(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(FetchError):
        fetcher.fetch(source, "http://repo.invalid/file", item)
    assert server.asked == ["http://repo.invalid/file"]
    fetcher.fetch(source, f"{server.url}/file", item)
    assert server.asked[1] == "/file"


@pytest.mark.parametrize("name", ["localhost", "LocalHost.", "mirror.localhost"])
def test_names_of_this_machine_need_no_resolver(
    fetcher: HttpFetcher,
    source: RepoSource,
    server: Server,
    item: Item,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    ask = socket.getaddrinfo

    def without_hosts_file(host: str, port: int, **more: Any) -> Any:
        return ask(host, port, **{**more, "flags": socket.AI_NUMERICHOST})

    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(socket, "getaddrinfo", without_hosts_file)
    fetcher.fetch(source, server.url.replace("127.0.0.1", name) + "/file", item)
    assert server.asked == ["/file"]


def test_an_unknown_host_is_1207(
    fetcher: HttpFetcher, source: RepoSource, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(source, "http://no-such-host.invalid/file", item)
    assert caught.value.number == 1207


def test_a_closed_port_is_1208(fetcher: HttpFetcher, source: RepoSource, item: Item) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(source, f"http://127.0.0.1:{port}/file", item)
    assert caught.value.number == 1208


@pytest.mark.parametrize(("url", "number"), [("gopher://x/y", 1202), ("http://", 1204), ("http://[x/", 1204)])
def test_urls_that_cannot_be_used(
    fetcher: HttpFetcher, source: RepoSource, item: Item, words: Words, url: str, number: int
) -> None:
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(source, url, item, report=words)
    assert (caught.value.number, words.infos) == (number, [])


def test_a_silent_server_is_given_up(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    server.delay = 3
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(source._replace(timeout=1, retries=0), f"{server.url}/file", item)
    assert caught.value.number == 1229


def test_timeout_limits_the_whole_transfer(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"x" * 200_000)
            time.sleep(0.1)

    server.fault("/file", drip)
    began = time.monotonic()
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(source._replace(timeout=1, retries=0), f"{server.url}/file", Item(item.path, "x"))
    assert caught.value.number == 1229
    assert time.monotonic() - began < 5


def test_throttle_slows_down(fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item) -> None:
    began = time.monotonic()
    fetcher.fetch(source._replace(throttle=len(DATA) * 2), f"{server.url}/file", item)
    assert time.monotonic() - began > 0.4


def test_an_interrupt_leaves_no_temporary_file(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    class Interrupting(Words):
        def advance(self, amount: int) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetcher.fetch(source, f"{server.url}/file", item, progress=Interrupting())
    assert _left(item) == []


def test_a_file_that_cannot_be_written_on_is_a_system_error(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item, small_files: None
) -> None:
    with pytest.raises(PkgmanError) as caught:
        fetcher.fetch(source, f"{server.url}/file", item)
    assert caught.value.number == 1627  # EFBIG
    assert caught.value.lines == (f"{item.path}: File too large",)
    assert _left(item) == []


def test_a_disk_without_room_is_told_with_what_is_missing(tmp_path: Path) -> None:
    needed = 1 << 60
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    told = fetch._not_written(error, Item(f"{tmp_path}/x.rpm", "x", size=needed))
    assert told.number == 1628
    assert told.lines[0].startswith(f"{tmp_path}/x.rpm: No space left on device: {needed} bytes are needed, ")
    assert told.lines[0].endswith(" are missing")


def test_a_link_at_the_place_of_the_temporary_file_is_not_followed(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    canary.write_text("alive")
    os.makedirs(os.path.dirname(item.path))
    for number, place in enumerate((f"{item.path}.tmp", temporary.name(item.path, "0123456789ab"))):
        os.symlink(canary, place)
        if number:
            with pytest.raises(PkgmanError) as caught:
                fetcher.fetch(source, f"{server.url}/file", item._replace(token="0123456789ab"))
            assert caught.value.number == 1617  # EEXIST
        else:
            fetcher.fetch(source, f"{server.url}/file", item)
    assert canary.read_text() == "alive"


def test_a_directory_at_the_place_of_the_file_is_named(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    os.makedirs(f"{item.path}/full")
    with pytest.raises(PkgmanError) as caught:
        fetcher.fetch(source, f"{server.url}/file", item)
    assert caught.value.lines == (f"{item.path}: a directory stands where the file belongs",)
    assert _left(item) == ["file"]


@pytest.mark.parametrize("what", ["/dev/zero", "fifo", "."])
def test_only_regular_files_are_read_from_this_machine(
    fetcher: HttpFetcher, source: RepoSource, item: Item, tmp_path: Path, what: str
) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(source, f"file://{tmp_path / what}", item)
    assert caught.value.number == 1238


def test_a_timeout_below_zero_is_none(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    fetcher.fetch(source._replace(timeout=-5, throttle=-1), f"{server.url}/file", item)
    assert _left(item) == ["file"]


@pytest.mark.parametrize("proxied", [False, True])
def test_no_message_of_a_library_shows_a_password(
    fetcher: HttpFetcher, source: RepoSource, item: Item, monkeypatch: pytest.MonkeyPatch, proxied: bool
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    source = source._replace(username="me", password="secret", retries=0)
    if proxied:
        source = source._replace(proxy="http://me:secret@[bad", proxy_password="secret")
    urls = ("http://h/x", "https://h/x") if proxied else (
        "http://me:secret@[bad/", "http://me:secret@h:port/x", "http://me:secret@.h/x", "http://me:secret@/x",
        "http://me:secret@h\x00/", "http://me:se[cret@h/", f"http://me:secret@{'h' * 70}.x/",
    )  # fmt: skip
    for url in urls:
        with pytest.raises(FetchError) as caught:
            fetcher.fetch(source, url, item)
        assert "secret" not in str(caught.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("tls") / "both.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", path, "-out", f"{path}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    with open(path, "ab") as both, open(f"{path}.crt", "rb") as crt:
        both.write(crt.read())
    return path


@pytest.fixture
def tls_url(server: Server, certificate: str) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    httpd = server._httpd
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True, do_handshake_on_connect=False)
    return server.url.replace("http://127.0.0.1", "https://localhost")


def test_an_unknown_authority_is_1261(
    fetcher: HttpFetcher, source: RepoSource, tls_url: str, item: Item
) -> None:
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(source, f"{tls_url}/file", item)
    assert caught.value.number == 1261


def test_tls_options_of_the_repository_count(
    fetcher: HttpFetcher, source: RepoSource, tls_url: str, item: Item, certificate: str
) -> None:
    fetcher.fetch(source._replace(sslcacert=f"{certificate}.crt"), f"{tls_url}/file", item)
    fetcher.fetch(source._replace(sslverify=False), f"{tls_url}/file", item)
    # A host name that the certificate does not have.
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(
            source._replace(sslcacert=f"{certificate}.crt"),
            f"{tls_url.replace('localhost', '127.0.0.1')}/file",
            item,
        )
    assert caught.value.number == 1261


def test_missing_tls_files_have_their_numbers(
    fetcher: HttpFetcher, source: RepoSource, tls_url: str, item: Item
) -> None:
    for key, number in (("sslcacert", 1278), ("sslclientcert", 1259)):
        changed = source._replace(**{"baseurls": (tls_url,), key: "/nowhere/x.pem"})
        with pytest.raises(FetchError) as caught:
            fetcher.fetch(changed, f"{tls_url}/file", item)
        assert caught.value.number == number


def test_a_plain_server_on_https_is_1236(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(source, f"{server.url.replace('http', 'https')}/file", item)
    assert caught.value.number == 1236


def test_urls_are_joined_with_one_slash_and_names_kept() -> None:
    assert join("http://h/r/", "/p/a.rpm") == "http://h/r/p/a.rpm"
    assert join("http://h/r", "p/a#b?c d.rpm") == "http://h/r/p/a%23b%3Fc%20d.rpm"
    assert join("http://h/r", "http://k/x.rpm") == "http://k/x.rpm"


def test_stopping_ends_a_transfer(
    fetcher: HttpFetcher, source: RepoSource, server: Server, item: Item
) -> None:
    server.fault("/file", endless)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(source, f"{server.url}/file", Item(item.path, "x"), stopped=stop.is_set)
    assert caught.value.number == CURL + ABORTED
    assert _left(item) == []


def test_the_transport_is_made_with_the_first_remote_file_and_once(tmp_path: Path) -> None:
    made: list[str] = []

    class Transport(fetch.Fetcher):
        def _open(self, source: RepoSource, url: str, pace: Pace) -> fetch.Body:
            made.append(url)
            return fetch.Body(2, iter([b"ok"]))

        def close(self) -> None:
            made.append("closed")

    def make() -> fetch.Fetcher:
        made.append("made")
        return Transport()

    late = fetch.LateFetcher(make)
    source = RepoSource("r", "r")
    (tmp_path / "local").write_bytes(b"here")
    assert late.read(source, f"file://{tmp_path}/local", limit=9) == b"here"
    late.close()
    assert made == []
    for _ in range(2):
        assert late.read(source, "http://localhost/x", limit=9) == b"ok"
    late.close()
    assert made == ["made", "http://localhost/x", "http://localhost/x", "closed"]
