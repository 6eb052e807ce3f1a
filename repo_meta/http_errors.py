"""What requests, urllib3 and ssl raise, as errors with curl's codes."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import quote

import requests
import urllib3.exceptions

from pkgman.model.errors import FetchError
from pkgman.model.urls import without
from repo_meta import curl
from repo_meta.http_connection import Stale

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkgman.model.repo import RepoSource
    from repo_meta.pace import Pace

CAUGHT = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)
"""What a transfer may raise beside our own errors."""

# The first line that fits any error of the chain decides, so the narrow ones come first.
_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (requests.exceptions.InvalidSchema, curl.UNSUPPORTED),
    (requests.exceptions.MissingSchema, curl.MALFORMED),
    (requests.exceptions.InvalidURL, curl.MALFORMED),
    (urllib3.exceptions.LocationParseError, curl.MALFORMED),
    (ssl.SSLCertVerificationError, curl.PEER_CERT),
    (ssl.CertificateError, curl.PEER_CERT),
    (ssl.SSLError, curl.TLS),
    (requests.exceptions.SSLError, curl.TLS),
    (socket.gaierror, curl.NO_HOST),
    (TimeoutError, curl.TIMED_OUT),
    (requests.exceptions.Timeout, curl.TIMED_OUT),
    (urllib3.exceptions.TimeoutError, curl.TIMED_OUT),
    (http.client.RemoteDisconnected, curl.EMPTY),
    (ConnectionResetError, curl.RECEIVE),
    (BrokenPipeError, curl.RECEIVE),
    (ValueError, curl.MALFORMED),
)


def is_stale(error: Exception) -> bool:
    """Say whether it only means that a kept connection had been closed."""
    return any(isinstance(each, Stale) for each in _causes(error))


def converted(error: Exception, pace: Pace, source: RepoSource, *places: str) -> FetchError:
    """Return the error of a transfer, with no user and no password in its words.

    :param places: URLs that the words may quote: what was asked for and its proxy.
    """
    if isinstance(error, FetchError):
        return error
    chain = list(_causes(error))
    found = next((one for one in chain if isinstance(one, FetchError)), None)
    if found is not None:
        return found
    code = next((code for kind, code in _CODES if any(isinstance(one, kind) for one in chain)), curl.RECEIVE)
    last = chain[-1]
    reason = (isinstance(last, OSError) and last.strerror) or str(last) or type(last).__name__
    for place in filter(None, (*places, pace.url, source.proxy)):
        reason = without(reason, place)
    for secret in filter(None, (source.password, source.proxy_password)):
        reason = reason.replace(secret, "***").replace(quote(secret, safe=""), "***")
    return pace.error(code, reason)


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
