"""A real forward proxy on loopback: plain requests and CONNECT tunnels, a login if wanted, and a log."""

from __future__ import annotations

import base64
import contextlib
import http.client
import http.server
import select
import socket
import threading
import urllib.parse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

_PIECE = 65536


class Proxy:
    """Listens on a port of its own until closed; a context manager.

    ``asked`` holds what clients wanted, ``METHOD URL`` or ``CONNECT HOST:PORT``, in order;
    ``refused`` how many requests lacked the login, ``user:password``.
    """

    def __init__(self, *, login: str = "") -> None:
        self.asked: list[str] = []
        self.refused = 0
        self.credentials = f"Basic {base64.b64encode(login.encode()).decode()}" if login else ""
        self._http = _Listener(self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address as configurations name it."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        """Stop listening."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, owner: Proxy) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections end when they like; a test looks at its own side."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Listener

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet; the log is in memory."""

    def _admitted(self) -> bool:
        owner = self.server.owner
        if not owner.credentials or self.headers.get("Proxy-Authorization") == owner.credentials:
            owner.asked.append(f"{self.command} {self.path}")
            return True
        owner.refused += 1
        self.send_response(407)
        self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def do_GET(self) -> None:
        if not self._admitted():
            return
        url = urllib.parse.urlsplit(self.path)
        connection = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=30)
        headers = {name: value for name, value in self.headers.items() if not name.startswith("Proxy-")}
        connection.request(self.command, url.path or "/", headers={**headers, "Connection": "close"})
        answer = connection.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        connection.close()

    def do_CONNECT(self) -> None:
        if not self._admitted():
            return
        host, _, port = self.path.rpartition(":")
        with contextlib.closing(socket.create_connection((host, int(port)), timeout=30)) as there:
            self.send_response(200)
            self.end_headers()
            pair = {self.connection: there, there: self.connection}
            while True:
                ready, _, _ = select.select(list(pair), [], [], 30)
                pieces = [(pair[side], side.recv(_PIECE)) for side in ready]
                if not ready or not all(data for _, data in pieces):
                    break
                for side, data in pieces:
                    side.sendall(data)
        self.close_connection = True
