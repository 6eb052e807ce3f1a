"""URL schemes, which may be written in any case; on the path of every command, so without urllib."""

from __future__ import annotations

WEB = ("http://", "https://")
REMOTE = (*WEB, "ftp://", "ftps://")
KNOWN = (*REMOTE, "file://")
_NAMES = frozenset(scheme.partition(":")[0] for scheme in KNOWN)


def canonical(url: str) -> str:
    """Return a URL with its scheme in small letters and the two slashes after it; another text as it is.

    As curl does, one to three slashes after the scheme of a remote URL are taken for two, and
    ``file:/path`` for ``file:///path``.
    """
    name, colon, rest = url.partition(":")
    scheme = name.lower()
    if not colon or scheme not in _NAMES or not rest.startswith("/"):
        return url
    bare = rest.lstrip("/")
    slashes = len(rest) - len(bare)
    if scheme == "file":
        return f"file:{rest}" if slashes > 1 else f"file://{rest}"
    return f"{scheme}://{bare}" if slashes <= 3 else f"{scheme}:{rest}"
