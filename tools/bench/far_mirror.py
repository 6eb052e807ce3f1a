"""A mirror far away: each answer comes late, and a connection carries so many bytes a second.

    far_mirror.py FOLDER LATENCY RATE

LATENCY in seconds, RATE in bytes per second. Prints its port on the first line and serves
127.0.0.1 until killed, in a process of its own. HTTP/1.1 with keep-alive and Range.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import urllib.parse

PIECE = 65536  # bytes


class Mirror:
    """Answers for one folder."""

    def __init__(self, folder: str, latency: float, rate: float) -> None:
        self.folder = os.path.realpath(folder)
        self.latency = latency
        self.rate = rate

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ")
                fields = (line.partition(":") for line in head[1:] if line)
                headers = {name.strip().lower(): value.strip() for name, _, value in fields}
                await asyncio.sleep(self.latency)
                await self._answer(writer, method, target, headers.get("range", ""))
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, method: str, target: str, span: str) -> None:
        path = os.path.realpath(self.folder + urllib.parse.unquote(urllib.parse.urlsplit(target).path))
        if not (path.startswith(self.folder + "/") and os.path.isfile(path)):
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        info = os.stat(path)
        first, last, status, extra = 0, info.st_size - 1, "200 OK", ""
        if span.startswith("bytes=") and "," not in span and not span.startswith("bytes=-"):
            begin, _, end = span[6:].partition("-")
            first, last = int(begin), min(last, int(end or last))
            status = "206 Partial Content"
            extra = f"Content-Range: bytes {first}-{last}/{info.st_size}\r\n"
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: {last + 1 - first}\r\nAccept-Ranges: bytes\r\n"
            f'ETag: "{info.st_mtime_ns:x}-{info.st_size:x}"\r\n{extra}\r\n'.encode()
        )
        if method == "GET":
            await self._body(writer, path, first, last + 1 - first)
        await writer.drain()

    async def _body(self, writer: asyncio.StreamWriter, path: str, start: int, length: int) -> None:
        began, sent = time.monotonic(), 0
        with open(path, "rb") as body:
            body.seek(start)
            while sent < length:
                piece = body.read(min(PIECE, length - sent))
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
                ahead = began + sent / self.rate - time.monotonic()
                if ahead > 0:
                    await asyncio.sleep(ahead)


async def main(folder: str, latency: str, rate: str) -> None:
    """Serve until killed."""
    mirror = Mirror(folder, float(latency), float(rate))
    server = await asyncio.start_server(mirror.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
