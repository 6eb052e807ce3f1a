"""Metalink: where repomd.xml lies and what it must be; bytes in, values out (tdnf contract, plugins 3)."""

from __future__ import annotations

from typing import NamedTuple

from pkgman.model.boundedxml import Parser, XmlError
from pkgman.model.errors import PkgmanError
from pkgman.model.limits import MAX_MIRRORS
from pkgman.model.package import Checksum
from pkgman.model.schemes import canonical

MALFORMED, BAD_PREFERENCE, UNUSABLE = 1622, 2708, 1004  # tdnf's numbers
_INDEX = "repodata/repomd.xml"
_SIZES = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}  # hexadecimal digits; the weakest first
_NAMES = {"sha-1": "sha1", "sha-256": "sha256", "sha-512": "sha512"}
_HEX = frozenset("0123456789abcdef")
_TEXTS = ("url", "hash")
_LONGEST = 1 << 14  # characters of one of them


class Metalink(NamedTuple):
    """What a metalink says."""

    base_urls: tuple[str, ...]  # the preferred first; may be empty
    checksums: tuple[Checksum, ...]  # all of the strongest kind that has a well-formed value
    hashes: int  # values of a known kind, well-formed or not


def parse_metalink(data: bytes, *, local: bool = False) -> Metalink:
    """Read a metalink for repomd.xml.

    :param local: the metalink is a file of this machine, so it may name others.
    :raises PkgmanError: 1622 when it is malformed, 2708 for a preference outside 0 to 100, 1004 for a URL
        of another file; ``lines`` say what is wrong.
    """
    if not data.strip():
        return Metalink((), (), 0)
    handler = _Handler()
    parser = Parser(handler)
    try:
        parser.feed(data)
        parser.close()
    except XmlError as error:
        raise _malformed(f"metalink cannot be read: {error}", MALFORMED) from error
    schemes = ("http://", "https://", "ftp://", "ftps://", *(("file://",) if local else ()))
    written = [(preference, canonical(url)) for preference, url in handler.urls]
    urls = [(preference, url) for preference, url in written if url.startswith(schemes)]
    urls.sort(key=lambda entry: -entry[0])
    for _, url in urls:
        if not url.endswith(_INDEX):
            raise _malformed(f"metalink names a URL that is no {_INDEX}: {url}", UNUSABLE)
    bases = tuple(dict.fromkeys(url.removesuffix(_INDEX) for _, url in urls))[:MAX_MIRRORS]
    return Metalink(bases, _strongest(handler.hashes), len(handler.hashes))


def _strongest(hashes: list[Checksum]) -> tuple[Checksum, ...]:
    for kind, size in reversed(_SIZES.items()):
        # A malformed value is as if it were not there.
        good = tuple(h for h in hashes if h.kind == kind and len(h.hex) == size and _HEX.issuperset(h.hex))
        if good:
            return good
    return ()


def _malformed(text: str, number: int) -> PkgmanError:
    return PkgmanError((text, f"Unable to parse metalink, ERROR: code={number}"), number=number)


class _Handler:
    def __init__(self) -> None:
        self.depth = 0
        self.urls: list[tuple[int, str]] = []
        self.hashes: list[Checksum] = []  # of a known kind; the value is not checked yet
        self._current, self._attributes, self._text = "", dict[str, str](), ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        name = name.rpartition(" ")[2]
        if name == "file" and attributes.get("name") != "repomd.xml":
            raise _malformed(f"metalink is for another file: {attributes.get('name')!r}", MALFORMED)
        if name == "hash" and not attributes.get("type"):
            raise _malformed("metalink has a hash without a type", MALFORMED)
        self._current, self._attributes, self._text = name, attributes, ""

    def text(self, text: str) -> None:
        if self._current not in _TEXTS:
            return
        if len(self._text) + len(text) > _LONGEST:
            raise _malformed(f"metalink has a {self._current} of more than {_LONGEST} characters", MALFORMED)
        self._text += text

    def end(self, name: str) -> None:
        self.depth -= 1
        name = name.rpartition(" ")[2]
        if name == self._current == "url":
            self.urls.append((self._preference(), self._text.strip()))
        elif name == self._current == "hash":
            kind = self._attributes["type"].lower()
            kind = _NAMES.get(kind, kind)
            if kind in _SIZES:
                self.hashes.append(Checksum(kind, self._text.strip().lower()))
        self._current = ""

    def _preference(self) -> int:
        text = self._attributes.get("preference", "0").strip()
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
            raise _malformed(f"metalink has a preference that is no number: {text!r}", MALFORMED)
        if not 0 <= int(text) <= 100:
            raise _malformed(f"metalink has a preference outside 0 to 100: {text}", BAD_PREFERENCE)
        return int(text)
