"""Which proxy a URL is fetched through: the configuration's, else the environment's, as curl has it."""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from pkgman.model.schemes import canonical
from pkgman.model.urls import split_url

if TYPE_CHECKING:
    from pkgman.model.repo import RepoSource

_PORTS = {"http": 1080, "https": 443}  # curl's, for a proxy without one


def proxy_for(source: RepoSource, url: str) -> str:
    """Return the URL of the proxy, with its user and password; ``""`` for none.

    The repository's goes before the environment's; ``no_proxy`` is heeded for both.

    :raises FetchError: 1204 when a URL is malformed.
    """
    parts = split_url(url)
    if _bypassed(parts.hostname or "", parts.port, _environment("no_proxy", "NO_PROXY")):
        return ""
    if not source.proxy:
        return _complete(_from_environment(parts.scheme))
    proxy = _complete(source.proxy)
    if source.proxy_username and source.proxy_password:
        scheme, _, rest = proxy.partition("://")
        user, word = (quote(text, safe="") for text in (source.proxy_username, source.proxy_password))
        proxy = f"{scheme}://{user}:{word}@{rest.rpartition('@')[2]}"
    return proxy


def _from_environment(scheme: str) -> str:
    # HTTP_PROXY in capitals may be a header of a request that a CGI program serves.
    capitals = () if scheme == "http" else (f"{scheme.upper()}_PROXY",)
    return _environment(f"{scheme}_proxy", *capitals, "all_proxy", "ALL_PROXY")


def _environment(*names: str) -> str:
    """Return the first of these variables that is not empty."""
    return next((value for name in names if (value := os.environ.get(name))), "")


def _complete(proxy: str) -> str:
    """Add the scheme and port that a proxy's URL leaves out."""
    if not proxy:
        return ""
    url = canonical(proxy.strip() if "://" in proxy else f"http://{proxy.strip()}")
    parts = split_url(url)
    if parts.port is None and parts.hostname and parts.scheme in _PORTS:
        url = f"{parts.scheme}://{parts.netloc.rstrip(':')}:{_PORTS[parts.scheme]}"
    return url


def _bypassed(host: str, port: int | None, entries: str) -> bool:
    """Say whether ``no_proxy`` names a host.

    Entries are separated by commas and blanks: ``*`` for all, a name for itself and what is below it, an
    address, or a network such as ``10.0.0.0/8``. A name may have a port.
    """
    host = host.rstrip(".")
    address = _address(host)
    for entry in entries.replace(",", " ").lower().split():
        if entry == "*":
            return True
        if address is not None:
            if _is_in(address, entry):
                return True
            name, _, wanted = entry.rpartition(":")
            if name and wanted.isdigit() and port == int(wanted) and _address(name) == address:
                return True
            continue
        name, colon, wanted = entry.partition(":")
        if colon and str(port) != wanted:
            continue
        name = name.strip(".")
        if name and (host == name or host.endswith(f".{name}")):
            return True
    return False


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _address(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text.removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return None


def _is_in(address: _Address, entry: str) -> bool:
    try:
        return address in ipaddress.ip_network(entry.removeprefix("[").removesuffix("]"), strict=False)
    except ValueError:
        return False
