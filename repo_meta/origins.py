"""To which hosts a repository's credentials go, and which of them may be spoken to without TLS.

User, password and client certificate belong to the places that the configuration names. Metadata
(``xml:base``), lists of mirrors and redirects may lead anywhere; nothing of these goes there.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from pkgman.model.urls import login, split_url

if TYPE_CHECKING:
    from pkgman.model.repo import RepoSource

Origin = tuple[str, str, int]  # scheme, host, port
_PORTS = {"http": 80, "https": 443}
DOWNGRADE = "allow_http_downgrade"  # the key that allows it


def origin(url: str) -> Origin:
    """Return where a URL leads.

    :raises FetchError: 1204 when it is malformed.
    """
    parts = split_url(url)
    # As it is written: of names beyond ASCII two standards of IDNA make two hosts (straße, strasse).
    name = (parts.hostname or "").rstrip(".")
    return parts.scheme, name, parts.port or _PORTS.get(parts.scheme, 0)


def _configured(source: RepoSource) -> tuple[str, ...]:
    """Return the URLs that the configuration names; a plugin may have put others in their place since."""
    urls = source.configured or (*source.baseurls, source.mirrorlist, source.metalink)
    return tuple(url for url in urls if url.startswith(("http://", "https://")))


def is_own(source: RepoSource, url: str) -> bool:
    """Say whether the configuration names the place of ``url``: scheme, host and port.

    The same host with TLS, at the two usual ports, is as good.
    """
    scheme, name, port = asked = origin(url)
    places = {origin(each) for each in _configured(source)}
    return asked in places or (scheme == "https" and port == 443 and ("http", name, 80) in places)


def is_downgrade(source: RepoSource, url: str) -> bool:
    """Say whether a repository that is configured with TLS only would be read without it."""
    if source.allow_http_downgrade or not url.startswith("http://"):
        return False
    urls = _configured(source)
    if not urls or any(each.startswith("http://") for each in urls):
        return False
    return origin(url) not in {origin(key) for key in source.gpgkeys if key.startswith("http://")}


def with_tls(source: RepoSource, urls: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of a list's base URLs that may be used; when there are none, one to be refused."""
    return tuple(url for url in urls if not is_downgrade(source, url)) or urls[:1]


class Logins:
    """What one transfer logs in with, from redirect to redirect."""

    def __init__(self, source: RepoSource) -> None:
        self._source = source
        self._in_urls: dict[Origin, tuple[str, str]] = {}

    def header(self, url: str) -> str:
        """Return the value of ``Authorization`` for a URL, ``""`` for none.

        User and password in a URL go before those of the repository, and count for its host.
        """
        place, found = origin(url), login(url)
        if found is not None:
            self._in_urls[place] = found
        source = self._source
        if found is None:
            found = self._in_urls.get(place)
        if found is None and source.username and source.password and is_own(source, url):
            found = source.username, source.password
        return basic(*found) if found is not None else ""


def basic(user: str, password: str) -> str:
    """Return credentials for HTTP's basic scheme; as curl does, as the bytes of the file: UTF-8."""
    pair = f"{user}:{password}".encode("utf-8", "surrogateescape")
    return f"Basic {base64.b64encode(pair).decode()}"
