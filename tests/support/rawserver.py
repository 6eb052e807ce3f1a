"""A server on loopback that sends whatever bytes a test wants, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class Line:
    """One request of a connection, and the way back."""

    def __init__(self, server: RawServer, connection: socket.socket, head: bytes) -> None:
        self._server, self._connection, self.head = server, connection, head

    @property
    def path(self) -> str:
        """What was asked for."""
        return self.head.split(b" ", 2)[1].decode()

    def header(self, name: str) -> str | None:
        """Return a field of the request."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._connection.sendall(data)

    def drip(self, data: bytes, *, pause: float = 0.02) -> None:
        """Send bytes one by one, until the client or the test ends."""
        for number in range(len(data)):
            if self._server.closed.is_set():
                break
            self.send(data[number : number + 1])
            time.sleep(pause)

    def answer(self, body: bytes, *fields: bytes, status: bytes = b"200 OK", length: bool = True) -> None:
        """Send an ordinary answer with further fields."""
        more = (b"Content-Length: %d" % len(body),) if length else ()
        self.send(b"\r\n".join([b"HTTP/1.1 " + status, *more, *fields, b"", b""]) + body)

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)


class RawServer:
    """Calls ``talk`` for each request; a context manager.

    :param address: where to listen.
    """

    def __init__(self, talk: Callable[[Line], None], *, address: str = "127.0.0.1") -> None:
        self.talk = talk
        self.requests: list[Line] = []
        self.connections = 0
        self.closed = threading.Event()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        place = socket.getaddrinfo(address, 0, family, socket.SOCK_STREAM)[0][4]
        self._listener = socket.create_server(place, family=family)
        self.url = f"http://{address}:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def paths(self) -> list[str]:
        """Paths asked for, in order."""
        return [line.path for line in self.requests]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            waiting = b""
            while piece := connection.recv(65536):
                waiting += piece
                while b"\r\n\r\n" in waiting:
                    head, _, waiting = waiting.partition(b"\r\n\r\n")
                    line = Line(self, connection, head)
                    self.requests.append(line)
                    self.talk(line)

    def close(self) -> None:
        """Stop listening."""
        self.closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self) -> RawServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
