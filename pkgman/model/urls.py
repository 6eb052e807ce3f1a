"""URLs: how they are shown, and how they are taken apart."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, unquote, urlsplit

from pkgman.model.errors import FetchError
from pkgman.model.words import login_length

MALFORMED = 1204  # 1201 + curl's CURLE_URL_MALFORMAT


def public(url: str) -> str:
    """Return the URL without its user and password, for messages; in doubt without more than these."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "", url
    return f"{scheme}{mark}{rest[login_length(rest) :]}"


def bare(url: str) -> str:
    """Return a well-formed URL without its user and password, to be used."""
    scheme, mark, rest = url.partition("://")
    end = _authority_end(rest)
    return f"{scheme}{mark}{rest[:end].rpartition('@')[2]}{rest[end:]}"


def login(url: str) -> tuple[str, str] | None:
    """Return user and password of a well-formed URL, decoded; None when it names none."""
    rest = url.partition("://")[2]
    found, mark, _ = rest[: _authority_end(rest)].rpartition("@")
    user, _, password = found.partition(":")
    return (_decoded(user), _decoded(password)) if mark else None


def _authority_end(rest: str) -> int:
    return min((rest.find(mark) for mark in "/?#" if mark in rest), default=len(rest))


def _decoded(text: str) -> str:
    return unquote(text, errors="surrogateescape")


def host(url: str) -> str:
    """Return the name of a URL's host in small letters, ``""`` when it has none or is malformed."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def escaped(path: str) -> str:
    """Return a path as it stands in a URL: all but letters, digits, ``-._~/`` percent-encoded as UTF-8.

    Object stores read a ``+`` in a path as a blank. What is percent-encoded already stays so.
    """
    return quote(re.sub("%(?![0-9A-Fa-f]{2})", "%25", path), safe="/%", errors="surrogateescape")


def with_plus_escaped(url: str) -> str:
    """Return a URL in whose path each ``+`` is ``%2B``: no blank to object stores, no change to others."""
    scheme, mark, rest = url.partition("://")
    start = _authority_end(rest)
    end = min((place for character in "?#" if (place := rest.find(character, start)) >= 0), default=len(rest))
    path = rest[start:end].replace("+", "%2B")
    return f"{scheme}{mark}{rest[:start]}{path}{rest[end:]}" if mark else url


def leaves_root(url: str) -> bool:
    """Say whether the ``..`` in a URL's path lead above the path's beginning."""
    depth = 0
    for step in unquote(split_url(url).path).split("/"):
        depth += {"": 0, ".": 0, "..": -1}.get(step, 1)
        if depth < 0:
            return True
    return False


def split_url(url: str) -> SplitResult:
    """Take a URL apart.

    :raises FetchError: 1204 when it is malformed: brackets, a port that is none, control characters.
    """
    if any(char < " " or char == "\x7f" for char in url):
        raise _malformed(url, "it has control characters")
    try:
        parts = urlsplit(url)
        _ = parts.port  # looked at only when asked for
    except ValueError as error:  # its words may hold a part of a password
        hint = "; in a user name or password write / as %2F, ? as %3F, # as %23" if "@" in url else ""
        raise _malformed(url, f"the host or the port cannot be read{hint}") from error
    return parts


def step_up(base: str, location: str) -> tuple[str, str]:
    """Apply the steps up (``../``) in front of a relative location to its base URL.

    As in RFC 3986 (5.2.4) nothing is above the host.

    :returns: the base without a slash at its end, and the rest of the location.
    """
    base = base.rstrip("/")
    while location.startswith("../"):
        location = location.removeprefix("../")
        base = base if base.count("/") <= 2 else base.rpartition("/")[0]
    return base, location


def local_path(url: str) -> str:
    """Return the path of a ``file:`` URL, percent signs decoded; "?" and "#" are part of its name.

    :raises FetchError: 1204 when it is malformed or cannot be a path.
    """
    path = unquote(split_url(url.replace("?", "%3F").replace("#", "%23")).path, errors="surrogateescape")
    if "\x00" in path:
        raise _malformed(url, "it has a NUL character")
    return path


def without(text: str, url: str) -> str:
    """Return a message of somebody else's with ``url``, and the user and password in it, made public."""
    text = text.replace(url, public(url))
    rest = url.partition("://")[2] or url
    user = rest[: login_length(rest)].removesuffix("@")
    password = user.partition(":")[2]
    for secret in sorted({user, unquote(user), password, unquote(password)}, key=len, reverse=True):
        text = text.replace(f"{secret}@", "").replace(secret, "***") if secret else text
    return text


def _malformed(url: str, reason: str) -> FetchError:
    return FetchError(f"{public(url)}: not a URL: {reason}", number=MALFORMED)
