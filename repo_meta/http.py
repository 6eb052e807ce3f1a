"""HTTP(S), the transport over requests: the only module that imports it.

Everything of libcurl that one can see is kept: curl's error codes, its proxy
rules, the system's certificates, no content decoding, no ``.netrc``.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import urllib.request
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import quote

import requests
import requests.adapters
import requests.utils
import urllib3.exceptions

from pkgman.model.errors import FetchError
from pkgman.model.urls import public, without
from repo_meta import fetch
from repo_meta.fetch import PIECE, Body, Fetcher
from repo_meta.urls import CURL, status_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkgman.model.repo import RepoSource

CONNECT_TIME = 30.0  # seconds to get a connection
STALL_TIME = 60.0  # seconds without a byte before the transfer is given up; `timeout` may shorten it
CONNECTIONS = 8  # kept alive per host
MAX_REDIRECTS = 20

_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


class HttpFetcher(Fetcher):
    """A :class:`Fetcher` with kept-alive connections, shared by all repositories and threads.

    :param user_agent: ``tdnf/VERSION ID/VERSION_ID`` (config 3).
    """

    def __init__(self, user_agent: str = "tdnf") -> None:
        self._session = requests.Session()
        # Proxies are found below as curl finds them; .netrc and CA variables of requests are not curl's.
        self._session.trust_env = False
        self._session.max_redirects = MAX_REDIRECTS
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.update(
            {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
        )
        adapter = requests.adapters.HTTPAdapter(pool_connections=CONNECTIONS, pool_maxsize=CONNECTIONS)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        # Who writes sslverify=0 knows; the warning would go to stderr for each request.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._bundle = _system_bundle()

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def _open(self, source: RepoSource, url: str) -> Body:
        if not url.startswith(("http://", "https://")):
            scheme = url.partition(":")[0]
            raise FetchError(f"{public(url)}: {scheme} is not supported", number=CURL + fetch.UNSUPPORTED)
        stall = min(STALL_TIME, source.timeout if source.timeout > 0 else STALL_TIME)
        auth = (source.username, source.password) if source.username and source.password else None
        try:
            response = self._session.get(
                url,
                stream=True,
                timeout=(min(CONNECT_TIME, stall), stall),
                auth=auth,
                verify=self._verify(source),
                cert=_client_cert(source),
                proxies=_proxies(source, url),
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise _converted(error, url, source) from error
        if response.status_code >= 400:
            response.close()
            raise status_error(response.status_code, url)
        length = response.headers.get("Content-Length", "")
        known = int(length) if length.isascii() and length.isdigit() and len(length) <= 15 else 0
        return Body(known, _pieces(response, known, url, source), response.close)

    def _verify(self, source: RepoSource) -> bool | str:
        if not source.sslverify:
            return False
        return source.sslcacert or self._bundle or True


def _pieces(response: requests.Response, length: int, url: str, source: RepoSource) -> Iterator[bytes]:
    """Yield the body as it was sent, whatever its Content-Encoding."""
    total = 0
    try:
        with response:
            for piece in _stream(response, source):
                total += len(piece)
                yield piece
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise _converted(error, url, source) from error
    if total < length:
        raise FetchError(
            f"{public(url)}: the transfer ended after {total} of {length} bytes", number=CURL + fetch.PARTIAL
        )


def _stream(response: requests.Response, source: RepoSource) -> Iterator[bytes]:
    """Yield whole pieces; with a ``timeout`` what comes as it comes, so that a dripping server is noticed."""
    read1 = getattr(response.raw, "read1", None)  # not in urllib3 1
    if source.timeout <= 0 or read1 is None:
        return iter(response.raw.stream(PIECE, decode_content=False))
    return iter(lambda: read1(PIECE, decode_content=False), b"")


def _system_bundle() -> str:
    """The system's CA certificates, as curl uses them; requests would bring its own."""
    paths = ssl.get_default_verify_paths()
    for path in (paths.cafile, *_BUNDLES, paths.capath):
        if path and os.path.exists(path):
            return path
    return ""


def _client_cert(source: RepoSource) -> str | tuple[str, str] | None:
    if source.sslclientcert and source.sslclientkey:
        return (source.sslclientcert, source.sslclientkey)
    return source.sslclientcert or None


def _proxies(source: RepoSource, url: str) -> dict[str, str]:
    """The proxy for a URL: the repository's before the environment's; ``no_proxy`` is heeded for both."""
    if requests.utils.should_bypass_proxies(url, no_proxy=None):
        return {}
    if source.proxy:
        proxy = source.proxy if "://" in source.proxy else f"http://{source.proxy}"
        if source.proxy_username and source.proxy_password:
            scheme, _, rest = proxy.partition("://")
            user = quote(source.proxy_username, safe="")
            word = quote(source.proxy_password, safe="")
            proxy = f"{scheme}://{user}:{word}@{rest.rpartition('@')[2]}"
        return {"http": proxy, "https": proxy}
    found = urllib.request.getproxies_environment()
    return {key: found[key] for key in ("http", "https", "all") if key in found}


def _converted(error: Exception, url: str, source: RepoSource) -> FetchError:
    """Return the error with curl's code for a failure of requests, urllib3 or ssl."""
    if isinstance(error, FetchError):
        return error
    chain = list(_causes(error))
    code = _code(chain, source)
    reason = str(chain[-1]) or type(chain[-1]).__name__
    for place in (url, source.proxy, *_proxies(source, url).values()):
        reason = without(reason, place) if place else reason
    for secret in filter(None, (source.password, source.proxy_password)):
        reason = reason.replace(secret, "***").replace(quote(secret, safe=""), "***")
    return FetchError(f"{public(url)}: {reason}", number=CURL + code)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what is behind it, outermost first; requests and urllib3 wrap in several ways."""
    seen: set[int] = set()
    queue: list[BaseException] = [error]
    while queue:
        current = queue.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = (getattr(current, "reason", None), *current.args, current.__cause__, current.__context__)
        queue.extend(item for item in inner if isinstance(item, BaseException))


# The first line that fits any error of the chain decides, so the narrow ones come first.
_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (requests.exceptions.InvalidSchema, fetch.UNSUPPORTED),
    (requests.exceptions.MissingSchema, fetch.MALFORMED),
    (requests.exceptions.InvalidURL, fetch.MALFORMED),
    (urllib3.exceptions.LocationParseError, fetch.MALFORMED),
    (requests.exceptions.TooManyRedirects, fetch.REDIRECTS),
    (ssl.SSLCertVerificationError, fetch.PEER_CERT),
    (ssl.CertificateError, fetch.PEER_CERT),
    (ssl.SSLError, fetch.TLS),
    (requests.exceptions.SSLError, fetch.TLS),
    (socket.gaierror, fetch.NO_HOST),
    # A kind of timeout in urllib3, so before those.
    (urllib3.exceptions.NewConnectionError, fetch.NO_CONNECTION),
    (TimeoutError, fetch.TIMED_OUT),
    (requests.exceptions.Timeout, fetch.TIMED_OUT),
    (urllib3.exceptions.TimeoutError, fetch.TIMED_OUT),
    (urllib3.exceptions.IncompleteRead, fetch.PARTIAL),
    (urllib3.exceptions.InvalidChunkLength, fetch.PARTIAL),
    (http.client.RemoteDisconnected, fetch.EMPTY),
    (ConnectionRefusedError, fetch.NO_CONNECTION),
    (ConnectionResetError, fetch.RECEIVE),
    (BrokenPipeError, fetch.RECEIVE),
    (ValueError, fetch.MALFORMED),
)


def _code(chain: list[BaseException], source: RepoSource) -> int:
    proxied = any(isinstance(error, requests.exceptions.ProxyError) for error in chain)
    for path, code in (
        (source.sslverify and source.sslcacert, fetch.CA_FILE),
        (source.sslclientcert, fetch.CLIENT_CERT),
        (source.sslclientkey, fetch.CLIENT_CERT),
    ):
        # requests looks before it connects: an OSError about a file, not about the network.
        if path and not os.access(path, os.R_OK):
            return code
    for kind, code in _CODES:
        if any(isinstance(error, kind) for error in chain):
            return fetch.NO_PROXY if proxied and code == fetch.NO_HOST else code
    return fetch.NO_CONNECTION if isinstance(chain[0], requests.ConnectionError) else fetch.RECEIVE
