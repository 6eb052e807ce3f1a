"""The answer of an HTTP server, read as curl reads it: ours in place of http.client's.

http.client refuses or misreads what servers and proxies in use do send: 1xx answers before the real one,
``Content-Length: 5, 5``, a blank before the colon, more than 100 fields. Neither does it limit how long a
head, a chunk's size or a trailer may take.
"""

from __future__ import annotations

import http.client
import re
from contextlib import suppress
from contextvars import ContextVar
from socket import SHUT_RDWR
from typing import TYPE_CHECKING

from repo_meta.curl import ODD_ANSWER, PARTIAL, RECEIVE, UNSUPPORTED

if TYPE_CHECKING:
    from socket import socket

    from repo_meta.pace import Pace

MAX_HEAD = 300 << 10  # bytes of all heads of one answer, 1xx included; curl's limit
MAX_LINE = 16 << 10  # bytes of the line with a chunk's size
MAX_DIGITS = 15  # of a length
_PIECE = 1 << 16  # bytes received at once where no number is asked for
_TICK = 0.25  # seconds until the pace is asked again

PACE: ContextVar[Pace] = ContextVar("pace")
"""The limits of the transfer that this thread is about to ask for: urllib3 hands nothing of ours through."""

_STATUS = re.compile(rb"HTTP/(\d)(?:\.(\d))? +(\d{3})(?: |$)")
_HEX = frozenset(b"0123456789abcdefABCDEF")


class Wire:
    """Bytes from a connection; each step takes no longer than the pace allows."""

    def __init__(self, sock: socket, pace: Pace) -> None:
        self._sock, self.pace = sock, pace
        self._buffer = bytearray()

    def _receive(self, amount: int) -> bytes:
        while True:
            self._sock.settimeout(min(self.pace.left(), _TICK))
            try:
                return self._sock.recv(amount)
            except TimeoutError:
                continue  # the pace says when to give up

    def some(self, amount: int) -> bytes:
        """Return what there is, at most ``amount`` bytes; ``b""`` at the end."""
        if not self._buffer:
            return self._receive(amount)
        piece = bytes(self._buffer[:amount])
        del self._buffer[:amount]
        return piece

    def line(self, limit: int) -> bytes:
        """Return a line with its end; without one at the end of all bytes.

        :raises FetchError: 1209 for more than ``limit`` bytes.
        """
        buffer = self._buffer
        size = seen = 0
        while not size and len(buffer) <= limit:
            size = buffer.find(b"\n", seen) + 1
            if not size:
                seen = len(buffer)
                piece = self._receive(_PIECE)
                if not piece:
                    size = seen
                    break
                buffer += piece
        if size > limit or (buffer and not size):
            raise self.pace.error(ODD_ANSWER, f"more than {limit} bytes where a line was to end")
        line = bytes(buffer[:size])
        del buffer[:size]
        return line

    def finish(self) -> None:
        """End the connection when bytes are left that nobody asked for: they are no start of an answer."""
        if self._buffer:
            with suppress(OSError, AttributeError):  # gone already, or TLS within TLS, which has none
                self._sock.shutdown(SHUT_RDWR)


class Framed:
    """A body, as the file that http.client reads from: what is in it decides where it ends, not we.

    :param length: bytes; None until the end of a chunked body or of the connection.
    :param held: http.client's own file, whose being open keeps the socket open.
    """

    closed = False

    def __init__(self, wire: Wire, length: int | None, *, chunked: bool, held: object) -> None:
        self._wire, self._left, self._chunked, self._held = wire, length, chunked, held
        self._began = False
        self._over = length == 0

    def read(self, amount: int = -1) -> bytes:
        """Return some bytes, at most ``amount``, ``b""`` at the end; all for less than 0."""
        if amount < 0:
            return b"".join(iter(lambda: self.read(_PIECE), b""))
        if self._over or not amount:
            return b""
        if self._chunked and not self._left:
            self._left = self._next_chunk()
            if not self._left:
                return self._end()
        piece = self._wire.some(amount if self._left is None else min(amount, self._left))
        if self._left is None:
            return piece or self._end()
        if not piece:
            raise self._wire.pace.error(PARTIAL, f"the transfer ended {self._left} bytes too early")
        self._left -= len(piece)
        if not self._left and not self._chunked:
            self._end()
        return piece

    read1 = read

    def _end(self) -> bytes:
        self._over = True
        self._wire.finish()
        return b""

    def _next_chunk(self) -> int:
        """Return the size of the next chunk, 0 when the body is over.

        :raises FetchError: 1257 for what is no size, 1219 when the connection ends.
        """
        if self._began and self._line(MAX_LINE):
            raise self._wire.pace.error(RECEIVE, "the server sent a chunk that is longer than its size")
        self._began = True
        digits = self._line(MAX_LINE).partition(b";")[0].strip()
        if not (digits and _HEX.issuperset(digits) and len(digits.lstrip(b"0")) <= MAX_DIGITS):
            raise self._wire.pace.error(RECEIVE, "the server sent what is not the size of a chunk")
        size = int(digits, 16)
        if not size:
            rest = MAX_HEAD
            while trailer := self._line(rest):
                rest -= len(trailer) + 1
        return size

    def _line(self, limit: int) -> bytes:
        line = self._wire.line(limit)
        if not line.endswith(b"\n"):
            raise self._wire.pace.error(PARTIAL, "the transfer ended before its last chunk")
        return line.strip()

    def close(self) -> None:
        """Let go of the connection."""
        self.closed = True
        getattr(self._held, "close")()  # noqa: B009  # a file of any kind

    def flush(self) -> None:
        """Do nothing, as http.client expects of what it reads from."""


class Answer(http.client.HTTPResponse):
    """A response whose head and framing are read by us."""

    def __init__(
        self, sock: socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self._wire = Wire(sock, PACE.get())
        self._to = (method or "GET").upper()

    def begin(self) -> None:
        """Read the head.

        :raises FetchError: 1202 for what is not HTTP, 1209 for what cannot be understood.
        :raises http.client.RemoteDisconnected: no answer came at all.
        """
        if self.headers is not None:
            return
        rest = MAX_HEAD
        while True:
            rest = self._status_line(rest)
            fields, rest = self._fields(rest)
            if not 100 <= self.status < 200:
                break
            if self.status == 101:
                raise self._wire.pace.error(ODD_ANSWER, "the server changes to a protocol nobody asked for")
        self._wire.pace.heard()
        self.code = self.status
        self.headers = self.msg = http.client.HTTPMessage()
        length, chunked = self._framing(fields)
        for name, value in fields:
            # Ours is the last word on the framing; nobody here has a use for cookies.
            if name.lower() not in ("content-length", "transfer-encoding", "set-cookie"):
                self.headers.add_header(name, value)
        if length is not None:
            self.headers["Content-Length"] = str(length)
        self.chunked, self.length = False, None
        self.will_close = self._closes(fields) or (length is None and not chunked)
        self.fp = Framed(self._wire, length, chunked=chunked, held=self.fp)

    def _status_line(self, rest: int) -> int:
        line = self._wire.line(rest)
        if not line:
            raise http.client.RemoteDisconnected("the server closed the connection without an answer")
        found = _STATUS.match(line.rstrip(b"\r\n"))
        if found is None:
            if line.startswith(b"HTTP/"):
                raise self._wire.pace.error(ODD_ANSWER, f"a status line that is none: {line[:80]!r}")
            raise self._wire.pace.error(UNSUPPORTED, f"the answer is not HTTP: {line[:80]!r}")
        self.version = 10 if (found[1], found[2]) == (b"1", b"0") else 11
        self.status = int(found[3])
        self.reason = line[found.end() :].strip().decode("latin-1")
        return rest - len(line)

    def _fields(self, rest: int) -> tuple[list[tuple[str, str]], int]:
        """Return the fields of a head, and how many bytes of the limit are left."""
        fields: list[tuple[str, str]] = []
        while True:
            line = self._wire.line(rest)
            rest -= len(line)
            if not line.endswith(b"\n"):
                raise self._wire.pace.error(RECEIVE, "the connection ended within the head of the answer")
            text = line.rstrip(b"\r\n").decode("latin-1")
            if not text:
                return fields, rest
            name, colon, value = text.partition(":")
            if text[0] in " \t" and fields:  # goes on with the line before
                fields[-1] = (fields[-1][0], f"{fields[-1][1]} {text.strip()}".strip())
            elif colon and name.strip():
                fields.append((name.strip(), value.strip()))

    def _framing(self, fields: list[tuple[str, str]]) -> tuple[int | None, bool]:
        """Return the length of the body, None when it is not known, and whether it is chunked."""
        if self._to in ("HEAD", "CONNECT") or self.status in (204, 304):
            return 0, False
        codings = [coding for coding in _words(fields, "transfer-encoding") if coding != "identity"]
        if codings == ["chunked"]:
            return None, True
        if codings:
            raise self._wire.pace.error(ODD_ANSWER, f"the transfer coding {codings[0][:40]!r} is not known")
        lengths = {word.lstrip("0") or "0" for word in _words(fields, "content-length")}
        if not lengths:
            return None, False
        length = lengths.pop()
        if lengths or not (length.isascii() and length.isdigit() and len(length) <= MAX_DIGITS):
            raise self._wire.pace.error(ODD_ANSWER, f"the length {length[:40]!r} cannot be understood")
        return int(length), False

    def _closes(self, fields: list[tuple[str, str]]) -> bool:
        words = {*_words(fields, "connection"), *_words(fields, "proxy-connection")}
        return "close" in words or (self.version == 10 and "keep-alive" not in words)


def _words(fields: list[tuple[str, str]], name: str) -> list[str]:
    """Return the words of a field that is a list, in small letters, however often it stands there."""
    values = (value for key, value in fields if key.lower() == name)
    return [word for value in values for piece in value.split(",") if (word := piece.strip().lower())]
