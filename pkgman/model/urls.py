"""URLs: how they are shown, and how they are taken apart."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit

from pkgman.model.errors import FetchError

MALFORMED = 1204  # 1201 + curl's CURLE_URL_MALFORMAT


def public(url: str) -> str:
    """Return the URL without its user and password, for messages."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "", url
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"


def split_url(url: str) -> SplitResult:
    """Take a URL apart.

    :raises FetchError: 1204 when it is malformed: brackets, a port that is none, control characters.
    """
    if any(char < " " or char == "\x7f" for char in url):
        raise _malformed(url, "it has control characters")
    try:
        parts = urlsplit(url)
        _ = parts.port  # looked at only when asked for
    except ValueError as error:
        raise _malformed(url, without(str(error), url)) from error
    return parts


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
    user, mark, _ = rest.partition("/")[0].rpartition("@")
    if not mark:
        return text
    for secret in sorted({user, unquote(user), *_words(user)}, key=len, reverse=True):
        text = text.replace(f"{secret}@", "").replace(secret, "***") if secret else text
    return text


def _words(user: str) -> tuple[str, ...]:
    password = user.partition(":")[2]
    return (password, unquote(password))


def _malformed(url: str, reason: str) -> FetchError:
    return FetchError(f"{public(url)}: not a URL: {reason}", number=MALFORMED)
