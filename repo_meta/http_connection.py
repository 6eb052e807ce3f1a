"""Connections for requests and urllib3 that keep to a transfer's limits and read answers as curl does."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import requests.adapters
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from pkgman.model.urls import login
from repo_meta.curl import NO_CONNECTION, NO_HOST, NO_PROXY, RECEIVE, TIMED_OUT
from repo_meta.http_answer import PACE, Answer
from repo_meta.origins import basic

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from urllib3 import HTTPResponse, PoolManager, ProxyManager

    from repo_meta.pace import Pace

CONNECT_TIME = 30.0  # seconds to get a connection
CONNECTIONS = 8  # kept alive per host
_TICK = 0.25  # seconds
_LOOPBACK = ("::1", "127.0.0.1")

_Address = tuple[Any, ...]


class Stale(ConnectionError):
    """A kept connection that the server had closed meanwhile: no word about the server."""


class PlainConnection(HTTPConnection):
    """A connection without TLS."""

    response_class = Answer
    _answers = 0  # that came on the present socket

    def connect(self) -> None:
        """Connect; the two steps behind it, a tunnel and TLS, have no more time than the pace allows."""
        self._answers = 0
        super().connect()
        PACE.get().heard()

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3's own class, too
        """Wait for an answer.

        :raises Stale: the connection was kept, and ended without a byte of it.
        """
        try:
            answer = super().getresponse()
        except ConnectionError as error:
            if self._answers:
                raise Stale(str(error)) from error
            raise
        self._answers += 1
        return answer

    def _new_conn(self) -> socket.socket:
        pace, proxied = PACE.get(), bool(self.proxy)
        name = self._dns_host.replace("%25", "%")  # of an address with a zone
        try:
            found = _resolved(name, self.port, pace)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not the name of a host"
            raise pace.error(NO_PROXY if proxied else NO_HOST, f"{name}: {reason}") from error
        try:
            return _connected(found, self.socket_options or (), pace)
        except TimeoutError as error:
            pace.left()
            raise pace.error(TIMED_OUT, f"{name}: no connection within {CONNECT_TIME:.0f} seconds") from error
        except OSError as error:
            raise pace.error(NO_CONNECTION, f"{name}: {error.strerror or error}") from error

    def _tunnel(self) -> None:
        """Ask a proxy for a tunnel; http.client would read its answer with limits of its own."""
        host = self._tunnel_host or ""
        place = f"[{host}]:{self._tunnel_port}" if ":" in host else f"{host}:{self._tunnel_port}"
        lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
        lines += [f"{name}: {value}" for name, value in self._tunnel_headers.items()]  # type: ignore[attr-defined]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
        answer = Answer(self.sock, method="CONNECT")
        try:
            answer.begin()
        finally:
            answer.close()
        if not 200 <= answer.status < 300:
            self.close()
            raise PACE.get().error(RECEIVE, f"the proxy refused a tunnel with {answer.status}")


class TlsConnection(PlainConnection, HTTPSConnection):
    """A connection with TLS."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = TlsConnection


class Adapter(requests.adapters.HTTPAdapter):
    """The connections of one TLS setting.

    :param context: of TLS to servers.
    :param for_proxies: makes the context of TLS to proxies, which none of a repository's keys is about.
    """

    def __init__(self, context: ssl.SSLContext | None, for_proxies: Callable[[], ssl.SSLContext]) -> None:
        self._context, self._for_proxies = context, for_proxies
        super().__init__(pool_connections=CONNECTIONS, pool_maxsize=CONNECTIONS)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: object) -> None:
        """Make the connection pools."""
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **more)
        _use_ours(self.poolmanager)

    def close(self) -> None:
        """Close the kept connections now: urllib3 leaves that to the collection of its pools."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - it refuses to be iterated
                if (pool := manager.pools.get(key)) is not None:
                    pool.close()
        super().close()

    def proxy_manager_for(self, proxy: str, **more: object) -> ProxyManager:
        """Return the connection pools of a proxy."""
        if proxy not in self.proxy_manager:
            more["ssl_context"] = self._context
            if proxy.startswith("https:"):
                more["proxy_ssl_context"] = self._for_proxies()
            _use_ours(super().proxy_manager_for(proxy, **more))
        found: ProxyManager = self.proxy_manager[proxy]
        return found

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """Return the login at a proxy, as the bytes of its configuration."""
        found = login(proxy)
        return {"Proxy-Authorization": basic(*found)} if found else {}

    def cert_verify(self, *_arguments: object, **_more: object) -> None:
        """Do nothing: the context says it all."""

    def build_connection_pool_key_attributes(  # type: ignore[no-untyped-def]  # noqa: ANN201  # requests' own
        self, request: requests.PreparedRequest, *_arguments: object, **_more: object
    ):
        """Return what tells pools apart: the place alone."""
        place, _ = super().build_connection_pool_key_attributes(request, True)
        return place, {}


def _use_ours(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}


def _resolved(name: str, port: int, pace: Pace) -> Sequence[_Address]:
    """Return the addresses of a host as getaddrinfo does, which knows no limit of time.

    :raises OSError: there are none.
    :raises FetchError: the time is over.
    """
    if _is_loopback(name):
        return [address for number in _LOOPBACK for address in _numeric(number, port)]
    with contextlib.suppress(socket.gaierror):
        return _numeric(name, port)
    found: list[Sequence[_Address] | Exception] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no further thread: without a limit then
        ask()
    else:
        while thread.is_alive():
            thread.join(min(_TICK, pace.left()))
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def _is_loopback(name: str) -> bool:
    """Whether a name is this machine's by definition (RFC 6761, 6.3); curl asks no resolver either."""
    return f".{name.removesuffix('.').lower()}".endswith(".localhost")


def _numeric(address: str, port: int) -> Sequence[_Address]:
    return socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)


def _connected(found: Sequence[_Address], options: Sequence[Any], pace: Pace) -> socket.socket:
    """Connect to the first address that answers.

    :raises OSError: what the last one said.
    """
    pace.heard()
    left = CONNECT_TIME
    for number, (family, kind, protocol, _, address) in enumerate(found, start=1):
        # As curl: one that does not answer leaves the next ones half of the time.
        left = left / 2 if number < len(found) else left
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError:  # a kernel without this family
            if number == len(found):
                raise
            continue
        try:
            for option in options:
                sock.setsockopt(*option)
            sock.settimeout(min(left, pace.left()))
            sock.connect(address)
        except OSError:
            sock.close()
            if number == len(found):
                raise
        except BaseException:
            sock.close()
            raise
        else:
            pace.heard()
            sock.settimeout(pace.left())
            return sock
    raise OSError("no address")
