"""HTTP(S), the transport over requests: the only module that imports it, with its parts ``http_*``.

Everything of libcurl that one can see is kept: curl's error codes, its proxy
rules, the system's certificates, no content decoding, no ``.netrc``.
"""

from __future__ import annotations

import email.utils
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

import requests
import requests.utils
import urllib3

from pkgman.model.errors import FetchError
from pkgman.model.schemes import WEB, canonical
from pkgman.model.urls import bare, host, with_plus_escaped
from repo_meta import curl, tls
from repo_meta.fetch import PIECE, Body, Fetcher
from repo_meta.http_answer import PACE
from repo_meta.http_connection import CONNECTIONS, Adapter
from repo_meta.http_errors import CAUGHT, converted, is_stale
from repo_meta.origins import DOWNGRADE, Logins, is_downgrade
from repo_meta.proxies import proxy_for
from repo_meta.urls import status_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkgman.model.repo import RepoSource
    from repo_meta.pace import Pace

MAX_REDIRECTS = 20
SMALL = 1 << 16  # bytes of a body that is read to the end to keep the connection
_BUSY = (429, 503)  # what a server may answer with Retry-After
_AS_IT_IS = "".join(map(chr, range(0x21, 0x7F)))
_NO_TLS = tls.Tls(verify=False, ca_file="", cert="", key="")


class HttpFetcher(Fetcher):
    """A :class:`Fetcher` with kept-alive connections, shared by all repositories and threads.

    :param user_agent: ``tdnf/VERSION ID/VERSION_ID`` (config 3).
    """

    def __init__(self, user_agent: str = "tdnf") -> None:
        super().__init__()
        self._headers = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
        self._adapters: dict[tls.Tls, Adapter] = {}
        self._making = threading.Lock()
        # Who writes sslverify=0 knows; the warning would go to stderr for each connection.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def close(self) -> None:
        """Close the kept connections."""
        for adapter in self._adapters.values():
            adapter.close()

    def _open(self, source: RepoSource, url: str, pace: Pace) -> Body:
        pace.begin()
        logins, hop = Logins(source), with_plus_escaped(canonical(url))
        for _ in range(MAX_REDIRECTS + 1):
            _refuse(source, hop, pace)
            answer = self._ask(source, hop, pace, logins)
            target = answer.headers.get("Location") if 300 <= answer.status_code < 400 else None
            if target is None:
                return _body(answer, source, url, pace)
            _drop(answer)
            hop = _redirected(source, hop, target, pace)
        raise pace.error(curl.REDIRECTS, f"more than {MAX_REDIRECTS} redirects")

    def _ask(self, source: RepoSource, url: str, pace: Pace, logins: Logins) -> requests.Response:
        """Send one request; its answer's head is there when this returns."""
        proxy = proxy_for(source, url)
        headers = dict(self._headers)
        if authorization := logins.header(url):
            headers["Authorization"] = authorization
        name = host(url)
        if ":" in name and "%" in name:  # the zone of an address is for this machine only
            headers["Host"] = _without_zone(url, name)
        adapter = self._adapter(source, url, pace)
        token = PACE.set(pace)
        try:
            request = requests.Request("GET", bare(url), headers=headers).prepare()
            for _ in range(CONNECTIONS + 1):
                try:
                    return adapter.send(
                        request,
                        stream=True,
                        timeout=pace.left(),
                        proxies={"http": proxy, "https": proxy} if proxy else {},
                    )
                except CAUGHT as error:
                    if not is_stale(error):
                        raise
            raise pace.error(curl.RECEIVE, "the server closes its connections before it answers")
        except CAUGHT as error:
            raise converted(error, pace, source, url, proxy) from error
        finally:
            PACE.reset(token)

    def _adapter(self, source: RepoSource, url: str, pace: Pace) -> Adapter:
        """Return the connections of one TLS setting: none is ever used for another."""
        wanted = tls.settings(source, url) if url.startswith("https:") else _NO_TLS
        with self._making:
            if wanted not in self._adapters:
                fallback = str(requests.utils.DEFAULT_CA_BUNDLE_PATH)
                context = tls.context(wanted, pace, fallback)
                system = tls.Tls(verify=True, ca_file="", cert="", key="")
                self._adapters[wanted] = Adapter(context, lambda: tls.context(system, pace, fallback))
            return self._adapters[wanted]


def _refuse(source: RepoSource, url: str, pace: Pace) -> None:
    """Refuse what must not be asked for.

    :raises FetchError: 1202, as curl for a protocol that is not allowed.
    """
    if not url.startswith(WEB):
        raise pace.error(curl.UNSUPPORTED, f"{url.partition(':')[0][:20]} is not supported")
    if not host(url):
        raise pace.error(curl.MALFORMED, "not a URL: it has no host")
    if is_downgrade(source, url):
        raise pace.error(
            curl.UNSUPPORTED,
            f"http:// is refused, because '{source.id}' is configured with https:// only; "
            f"{DOWNGRADE}=1 in its section allows it",
        )


def _redirected(source: RepoSource, url: str, target: str, pace: Pace) -> str:
    """Return where a redirect leads.

    :raises FetchError: 1204 when that is no URL; 1202 when it leaves TLS.
    """
    try:
        found = canonical(urljoin(url, quote(target.encode("latin-1"), safe=_AS_IT_IS)))
    except ValueError as error:
        raise pace.error(curl.MALFORMED, "redirected to what is no URL") from error
    if url.startswith("https:") and found.startswith("http:") and not source.allow_http_downgrade:
        raise pace.error(
            curl.UNSUPPORTED, f"redirected from https:// to http://, refused; {DOWNGRADE}=1 allows it"
        )
    return found


def _without_zone(url: str, name: str) -> str:
    port = urllib3.util.parse_url(bare(url)).port
    address = name.partition("%")[0]
    return f"[{address}]:{port}" if port else f"[{address}]"


def _body(answer: requests.Response, source: RepoSource, url: str, pace: Pace) -> Body:
    if answer.status_code >= 400:
        error = status_error(answer.status_code, url)
        if answer.status_code in _BUSY:
            error.retry_after = _seconds(answer.headers.get("Retry-After", ""))
        _drop(answer)
        raise error
    length = answer.headers.get("Content-Length", "")
    return Body(int(length) if length else 0, _pieces(answer, source, pace), answer.close)


def _drop(answer: requests.Response) -> None:
    """End an answer whose body nobody wants; a small one is read, which keeps the connection."""
    length = answer.headers.get("Content-Length", "")
    try:
        if length and int(length) <= SMALL:
            while _read(answer, SMALL):
                pass
    except (*CAUGHT, FetchError):
        pass
    answer.close()


def _seconds(text: str) -> float | None:
    """Read ``Retry-After``: seconds, or a date; None for anything else."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _pieces(answer: requests.Response, source: RepoSource, pace: Pace) -> Iterator[bytes]:
    """Yield the body as it was sent, whatever its Content-Encoding."""
    size = min(PIECE, pace.piece or PIECE)
    try:
        with answer:
            while piece := _read(answer, size):
                yield piece
    except CAUGHT as error:
        raise converted(error, pace, source) from error


def _read(answer: requests.Response, size: int) -> bytes:
    read1 = getattr(answer.raw, "read1", None)  # not in urllib3 before 2.3: whole pieces only
    found: bytes = (read1 or answer.raw.read)(size, decode_content=False)
    return found
