"""A real HTTP/1.1 server on loopback with a log of its requests and faults on demand."""

from __future__ import annotations

import base64
import contextlib
import email.utils
import fnmatch
import http.server
import os
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

PIECE = 65536  # bytes per write


@dataclass
class Fault:
    """How to answer wrongly. Fields that are set combine; see the functions below for the usual ones.

    :param times: how many matching requests it spoils; None means all.
    :param truncate: bytes of the body sent before the connection is closed, the full length being promised.
    :param rate: bytes per second. ``delay``: seconds before the first byte.
    """

    status: int | None = None
    body: bytes | None = None
    location: str | None = None
    truncate: int | None = None
    delay: float = 0.0
    rate: float | None = None
    endless: bool = False
    drop: bool = False
    times: int | None = None


def status(code: int, *, times: int | None = None) -> Fault:
    """Answer with this status and a short body."""
    return Fault(status=code, body=b"fault\n", times=times)


def truncated(length: int, *, times: int | None = None) -> Fault:
    """Promise the whole body, send ``length`` bytes and hang up."""
    return Fault(truncate=length, times=times)


def slow(*, delay: float = 0.0, rate: float | None = None, times: int | None = None) -> Fault:
    """Answer late, or at so many bytes per second."""
    return Fault(delay=delay, rate=rate, times=times)


def endless(*, times: int | None = None) -> Fault:
    """A body without stated length that never ends (until the client hangs up)."""
    return Fault(endless=True, times=times)


def wrong_bytes(body: bytes, *, times: int | None = None) -> Fault:
    """Another body than the file's."""
    return Fault(body=body, times=times)


def redirect(location: str, *, code: int = 302, times: int | None = None) -> Fault:
    """Send the client elsewhere."""
    return Fault(status=code, location=location, body=b"", times=times)


def dropped(*, times: int | None = None) -> Fault:
    """Hang up without a word."""
    return Fault(drop=True, times=times)


@dataclass(frozen=True)
class Request:
    """One line of the log; ``connection`` tells TCP connections apart (client's port)."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    status: int
    connection: int


@dataclass(frozen=True)
class Authority:
    """A certificate authority for tests: PEM files of the CA, and of a server and a client it vouches for."""

    ca: Path
    server_cert: Path
    server_key: Path
    client_cert: Path
    client_key: Path


class Server:
    """Serves ``folder`` from a port of its own until closed; a context manager.

    :param authority: speak TLS with its server certificate.
    :param client_cert: with TLS, demand a client certificate of that authority.
    """

    def __init__(
        self, folder: Path, *, authority: Authority | None = None, client_cert: bool = False
    ) -> None:
        self.folder = folder.resolve()
        self.closed = threading.Event()
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._faults: list[tuple[str, Fault]] = []
        self._credentials: bytes | None = None
        self._http = _Listener(self)
        self.scheme = "http"
        if authority:
            self.scheme = "https"
            self._http.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._http.tls.load_cert_chain(authority.server_cert, authority.server_key)
            if client_cert:
                self._http.tls.verify_mode = ssl.CERT_REQUIRED
                self._http.tls.load_verify_locations(authority.ca)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return int(self._http.server_address[1])

    @property
    def host(self) -> str:
        """``localhost:PORT``: the test certificates carry this name."""
        return f"localhost:{self.port}"

    def url(self, path: str = "") -> str:
        """URL of a path below the folder."""
        return f"{self.scheme}://{self.host}/{path.lstrip('/')}"

    @property
    def requests(self) -> tuple[Request, ...]:
        """What was asked so far, in order of the answers."""
        with self._lock:
            return tuple(self._requests)

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths asked so far."""
        return tuple(request.path for request in self.requests)

    @property
    def connections(self) -> int:
        """Number of TCP connections that carried a request."""
        return len({request.connection for request in self.requests})

    def forget(self) -> None:
        """Empty the log."""
        with self._lock:
            self._requests.clear()

    def fail(self, pattern: str, fault: Fault) -> None:
        """Spoil answers whose path matches the shell pattern; later calls go first."""
        with self._lock:
            self._faults.insert(0, (pattern, fault))

    def heal(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()

    def require_login(self, user: str, password: str) -> None:
        """Answer 401 to requests without these credentials (HTTP basic)."""
        self._credentials = b"Basic " + base64.b64encode(f"{user}:{password}".encode())

    def close(self) -> None:
        """Stop, end open connections and wait for the thread."""
        self.closed.set()
        self._http.shutdown()
        self._thread.join()
        self._http.hang_up()
        self._http.server_close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def take_fault(self, path: str) -> Fault:
        """The fault that this request shall suffer (used by the handler)."""
        with self._lock:
            for pattern, fault in self._faults:
                if fnmatch.fnmatchcase(path, pattern) and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return Fault()

    def record(self, request: Request) -> None:
        """Append to the log (used by the handler)."""
        with self._lock:
            self._requests.append(request)

    def admits(self, header: str | None) -> bool:
        """Whether an Authorization header is good enough."""
        return self._credentials is None or (header or "").encode() == self._credentials


def make_authority(folder: Path) -> Authority:
    """Make a CA, a server certificate for localhost and a client certificate with openssl."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.pem" for name in ("ca", "ca-key")}
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=Test CA",
             "-keyout", str(paths["ca-key"]), "-out", str(paths["ca"]))  # fmt: skip
    for name in ("server", "client"):
        key, request, cert = (folder / f"{name}{suffix}" for suffix in ("-key.pem", ".csr", ".pem"))
        extensions = folder / f"{name}.ext"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", str(key), "-out", str(request))  # fmt: skip
        _openssl("x509", "-req", "-days", "30", "-in", str(request), "-CA", str(paths["ca"]),
                 "-CAkey", str(paths["ca-key"]), "-CAcreateserial", "-extfile", str(extensions),
                 "-out", str(cert))  # fmt: skip
    names = ("server.pem", "server-key.pem", "client.pem", "client-key.pem")
    return Authority(paths["ca"], *(folder / name for name in names))


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, owner: Server) -> None:
        self.owner = owner
        self.tls: ssl.SSLContext | None = None
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket)
        with contextlib.ExitStack() as stack:
            if self.tls:
                try:
                    request = stack.enter_context(self.tls.wrap_socket(request, server_side=True))
                except OSError:  # the client does not like our certificate, or we not its
                    return
            with self._open_lock:
                self._open.add(request)
            try:
                _Handler(request, client_address, self)
            except OSError:  # the client hung up
                pass
            finally:
                with self._open_lock:
                    self._open.discard(request)

    def hang_up(self) -> None:
        """End the connections that clients keep alive."""
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections end when they like; a test looks at its own side."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet; the log is in memory."""

    def do_GET(self) -> None:
        owner = self.server.owner
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        fault = owner.take_fault(path)
        owner.closed.wait(fault.delay)
        if fault.drop:
            self._log(path, 0)
            self.close_connection = True
        elif not owner.admits(self.headers.get("Authorization")):
            self._simple(path, 401, b"", {"WWW-Authenticate": 'Basic realm="test"'})
        elif fault.status is not None:
            headers = {"Location": fault.location} if fault.location else {}
            self._simple(path, fault.status, fault.body or b"", headers)
        elif fault.endless:
            self._endless(path)
        else:
            self._file(path, fault)

    do_HEAD = do_GET  # noqa: N815

    def _log(self, path: str, code: int) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.owner.record(Request(self.command, path, headers, code, self.client_address[1]))

    def _simple(self, path: str, code: int, body: bytes, headers: dict[str, str]) -> None:
        self._log(path, code)
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _endless(self, path: str) -> None:
        self._log(path, 200)
        self.close_connection = True
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        while not self.server.owner.closed.is_set():
            self.wfile.write(b"\0" * PIECE)

    def _file(self, path: str, fault: Fault) -> None:
        target = os.path.realpath(f"{self.server.owner.folder}/{path.lstrip('/')}")
        if fault.body is None and not (
            target.startswith(f"{self.server.owner.folder}/") and os.path.isfile(target)
        ):
            return self._simple(path, 404, b"", {})
        body = fault.body if fault.body is not None else Path(target).read_bytes()
        modified = os.stat(target).st_mtime if fault.body is None else time.time()
        headers = {
            "ETag": f'"{len(body):x}-{int(modified * 1e6):x}"',
            "Last-Modified": email.utils.formatdate(modified, usegmt=True),
            "Accept-Ranges": "bytes",
        }
        if self.headers.get("If-None-Match") == headers["ETag"]:
            self._log(path, 304)
            self.send_response(304)
            self.send_header("ETag", headers["ETag"])
            return self.end_headers()
        try:
            span = self._range(len(body), headers["ETag"])
        except ValueError:
            return self._simple(path, 416, b"", {"Content-Range": f"bytes */{len(body)}"})
        code = 206 if span else 200
        if span:
            headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{len(body)}"
            body = body[span.start : span.stop]
        self._log(path, code)
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._send(body, fault)
        return None

    def _range(self, size: int, etag: str) -> range | None:
        """The span of bytes asked for, None for the whole; ValueError when it cannot be given."""
        unit, _, span = self.headers.get("Range", "").partition("=")
        if unit != "bytes" or self.headers.get("If-Range", etag) != etag:
            return None
        first, _, last = span.partition("-")
        start = int(first) if first else max(0, size - int(last))
        stop = min(size, int(last) + 1) if first and last else size
        if start >= stop:
            raise ValueError(span)
        return range(start, stop)

    def _send(self, body: bytes, fault: Fault) -> None:
        if fault.truncate is not None:
            body = body[: fault.truncate]
            self.close_connection = True
        for piece in _pieces(body, fault.rate):
            self.wfile.write(piece)
            if fault.rate and self.server.owner.closed.wait(len(piece) / fault.rate):
                break


def _pieces(body: bytes, rate: float | None) -> Iterator[bytes]:
    step = max(1, min(PIECE, int(rate / 10))) if rate else PIECE
    for start in range(0, len(body), step):
        yield body[start : start + step]
