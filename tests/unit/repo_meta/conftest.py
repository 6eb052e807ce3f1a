"""A real repository, a real server with faults, and words collected instead of printed."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import os
import resource
import shutil
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from pkgman.model.errors import EndOfInput
from pkgman.model.repo import RepoSource
from repo_meta.http import HttpFetcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Words:
    """A Reporter and Progress that remembers."""

    def __init__(self) -> None:
        self.infos: list[str] = []
        self.diagnostics: list[str] = []
        self.labels: list[str] = []
        self.amount = 0
        self.expected: list[tuple[int, int]] = []
        self.answer: bool | None = True  # None: standard input has ended
        self.questions = 0

    def info(self, text: str) -> None:
        self.infos.append(text)

    def result(self, text: str) -> None:
        self.infos.append(text)

    def diagnostic(self, text: str) -> None:
        self.diagnostics.append(text)

    def confirm(self) -> bool:
        self.questions += 1
        if self.answer is None:
            raise EndOfInput
        return self.answer

    def begin(self, label: str, *, total: int, unit: str = "bytes") -> Words:
        self.labels.append(label)
        return self

    def expect(self, files: int, size: int) -> None:
        self.expected.append((files, size))

    def advance(self, amount: int) -> None:
        self.amount += amount

    def end(self) -> None:
        pass


class Server:
    """Serves a directory; ``faults`` maps a path to a function that answers instead."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.faults: dict[str, Callable[[http.server.BaseHTTPRequestHandler], None]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.open = 0  # connections that have not ended
        self.busy = 0
        self.busiest = 0
        self.delay = 0.0
        outer = self
        lock = threading.Lock()

        class Handler(http.server.SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                with lock:
                    outer.connections += 1
                    outer.open += 1

            def finish(self) -> None:
                try:
                    super().finish()
                finally:
                    with lock:
                        outer.open -= 1

            def do_GET(self) -> None:
                with lock:
                    outer.asked.append(self.path)
                    outer.headers.append(dict(self.headers))
                    outer.busy += 1
                    outer.busiest = max(outer.busiest, outer.busy)
                try:
                    time.sleep(outer.delay)
                    fault = outer.faults.get(self.path)
                    if fault is None:
                        super().do_GET()
                    else:
                        fault(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True
                finally:
                    with lock:
                        outer.busy -= 1

            def log_message(self, *args: object) -> None:
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *args: object) -> None:
                pass

        self._httpd = Quiet(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
        self.url = f"http://127.0.0.1:{self._httpd.server_port}"
        threading.Thread(
            target=self._httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def stop(self) -> None:
        self._httpd.shutdown()
        self._httpd.server_close()

    def fault(self, path: str, answer: Callable[[Any], None]) -> None:
        self.faults[path] = answer


def status(code: int) -> Callable[[Any], None]:
    """Answer with a status and no body."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def body(data: bytes, *, length: int | None = None, **headers: str) -> Callable[[Any], None]:
    """Answer with these bytes; ``length`` lies about how many, -1 says nothing."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        if length != -1:
            handler.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)
        if length is not None:
            handler.close_connection = True

    return answer


def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Answer with a body that never ends."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65536)


def hang_up(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True
    handler.connection.close()


def createrepo(root: Path, *options: str) -> None:
    """Make metadata for what lies below ``root``."""
    subprocess.run(["createrepo_c", "-q", *options, str(root)], check=True)


def repack_as_zstd(root: Path) -> None:
    """Give primary another compression, which not every createrepo_c can write."""
    repomd = root / "repodata/repomd.xml"
    old = next((root / "repodata").glob("*primary.xml.gz"))
    packed = zstandard.ZstdCompressor().compress(gzip.decompress(old.read_bytes()))
    new = old.with_name("primary.xml.zst")
    new.write_bytes(packed)
    text = repomd.read_text().replace(old.name, new.name)
    for before, after in (
        (hashlib.sha256(old.read_bytes()).hexdigest(), hashlib.sha256(packed).hexdigest()),
        (f"<size>{old.stat().st_size}</size>", f"<size>{len(packed)}</size>"),
    ):
        assert before in text
        text = text.replace(before, after)
    repomd.write_text(text)


@pytest.fixture
def words() -> Words:
    return Words()


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let this process write no file of more than 5000 bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture(scope="session")
def pristine_repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one package that has a file with an ampersand, a directory and a ghost."""
    top = tmp_path_factory.mktemp("pristine")
    spec = top / "odd.spec"
    spec.write_text(
        "Name: odd\nVersion: 1.0\nRelease: 1\nEpoch: 3\nSummary: odd\nLicense: MIT\nBuildArch: noarch\n"
        "%description\nodd\n%install\nmkdir -p %{buildroot}/opt/odd/dir %{buildroot}/var/log\n"
        "echo 1 > '%{buildroot}/opt/odd/a&b<c'\necho 2 > %{buildroot}/opt/odd/plain\n"
        "echo 3 > %{buildroot}/var/log/odd.log\n"
        '%files\n%dir /opt/odd\n/opt/odd/dir\n/opt/odd/plain\n"/opt/odd/a&b<c"\n%ghost /var/log/odd.log\n'
    )
    root = top / "repo"
    root.mkdir()
    subprocess.run(
        ["rpmbuild", "-bb", "-D", f"_topdir {top}/build", "-D", f"_rpmdir {root}", str(spec)],
        check=True,
        capture_output=True,
        env={**os.environ, "HOME": str(top)},
    )
    createrepo(root, "--general-compress-type=gz")
    return root


@pytest.fixture
def repo(pristine_repo: Path, tmp_path: Path) -> Path:
    """A copy of the repository that a test may change."""
    return shutil.copytree(pristine_repo, tmp_path / "repo")


@pytest.fixture
def server(repo: Path) -> Iterator[Server]:
    running = Server(repo)
    yield running
    running.stop()


@pytest.fixture
def fetcher() -> Iterator[HttpFetcher]:
    made = HttpFetcher("test/1")
    yield made
    made.close()


@pytest.fixture
def source(server: Server, tmp_path: Path) -> RepoSource:
    return RepoSource(
        "lab",
        "Lab repo",
        baseurls=(server.url,),
        enabled=True,
        retries=1,
        metadata_dir=str(tmp_path / "cache/lab-01234567"),
        package_dir=str(tmp_path / "cache/lab/rpms"),
    )
