"""updateinfo.xml, read while it streams: the owner of lxml.

Others write it by hand, and one advisory must not hide all: a character that XML does not allow becomes
U+FFFD, raw or as a reference. lxml builds no tree of it, so memory holds one advisory at a time.
"""

from __future__ import annotations

import calendar
import codecs
import re
import time
from typing import TYPE_CHECKING

from lxml import etree

from pkgman.model.advisory import Advisory, AdvisoryPackage, Reference
from pkgman.model.errors import MetadataError
from pkgman.model.limits import MAX_ADVISORIES, MAX_ADVISORY, MAX_DEPTH, MAX_ITEM, MAX_NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import NoReturn

_TYPES = {"security": "Security", "bugfix": "Bugfix", "enhancement": "Enhancement"}
_DATES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ")
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r")
_WRONG = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_STAND_IN = b"\xef\xbf\xbd"  # U+FFFD
_REFERENCE = re.compile(rb"&#(?:x([0-9a-fA-F]{1,32})|([0-9]{1,32}));")
_LONGEST_REFERENCE = 36  # bytes
_PACKAGE = ("pkglist", "collection", "package")
# What is read below <update>, and how.
_PLACES: dict[tuple[str, ...], str] = {
    **{(name,): "text" for name in ("id", "severity", "title", "description", "reboot_suggested")},
    **{(name,): "date" for name in ("issued", "updated")},
    ("references", "reference"): "reference",
    _PACKAGE: "package",
    **{(*_PACKAGE, name): "text of a package" for name in ("filename", "reboot_suggested")},
}
_DEEPEST = 4
_SLICE = 1 << 16  # bytes after which the ceilings are looked at, and signals are heard
_OVERHEAD = 256  # characters that a package or reference counts for beside its texts


def parse_advisories(pieces: Iterable[bytes]) -> Iterator[Advisory]:
    """Yield the advisories in the order of the file.

    :param pieces: in UTF-8.
    :raises MetadataError: when the XML is not well-formed, declares a document type, is not complete or
        beyond a ceiling.
    """
    handler = _Handler()
    parser = etree.XMLParser(
        target=handler, encoding="utf-8", resolve_entities=False, no_network=True, huge_tree=False
    )
    try:
        for piece in _only_characters(pieces):
            for start in range(0, len(piece), _SLICE):
                part = piece[start : start + _SLICE]
                parser.feed(part)
                handler.check(len(part))
            yield from handler.taken()
        parser.close()
        yield from handler.taken()
    except etree.XMLSyntaxError as error:
        raise MetadataError(f"updateinfo cannot be read: {error}") from error


def _only_characters(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the text with nothing but characters of XML 1.0 in it."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    kept = b""  # what may be the begin of a reference
    for piece in pieces:
        text = kept + decoder.decode(piece).encode()
        start = text.rfind(b"&", max(0, len(text) - _LONGEST_REFERENCE))
        cut = start if start >= 0 else len(text)
        kept = text[cut:]
        yield _sound(text[:cut])
    yield _sound(kept + decoder.decode(b"", final=True).encode())


def _sound(text: bytes) -> bytes:
    if len(text.translate(None, _CONTROLS)) != len(text) or b"\xef\xbf" in text:
        text = _WRONG.sub(_STAND_IN, text)
    return _REFERENCE.sub(_allowed, text) if b"&#" in text else text


def _allowed(match: re.Match[bytes]) -> bytes:
    code = int(match[1], 16) if match[1] else int(match[2])
    good = (
        code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF
    )
    return match[0] if good else _STAND_IN


class _Handler:
    """Collects one ``<update>`` element at a time: a parser target as lxml describes it."""

    def __init__(self) -> None:
        self._depth = 0  # of the open elements
        self._quiet = 0  # bytes since the last event
        self._count = 0
        self._done: list[Advisory] = []
        self._inside = 0  # depth of the <update> that we are in
        self._size = 0  # characters of it
        self._path: list[str] = []  # local names of the open elements below <update>
        self._current: dict[str, str] | None = None  # where the text of the open element goes
        self._parts: list[str] = []

    def taken(self) -> list[Advisory]:
        """Return the advisories that are complete, each once."""
        done, self._done = self._done, []
        return done

    def check(self, fed: int) -> None:
        """Look at the ceilings after ``fed`` more bytes; libxml2 has none for a long tag.

        :raises MetadataError: one is exceeded.
        """
        self._quiet += fed
        if self._quiet > MAX_ITEM:
            raise MetadataError(f"updateinfo has a tag or comment of more than {MAX_ITEM} bytes")
        if self._depth > MAX_DEPTH:
            raise MetadataError(
                f"updateinfo cannot be read: more than {MAX_DEPTH} elements are in each other"
            )

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> NoReturn:
        """Refuse a document type, which could declare entities."""
        raise MetadataError("updateinfo declares a document type, which is not accepted")

    def comment(self, _text: str) -> None:
        self._quiet = 0

    def pi(self, _target: str, _text: str | None = None) -> None:
        self._quiet = 0

    def close(self) -> None:
        """End the document; lxml asks for this."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        self._quiet = 0
        if len(name) > MAX_NAMESPACE:  # the namespace stands before the name of each element
            raise MetadataError(f"updateinfo has a name of more than {MAX_NAMESPACE} characters")
        name = name.rpartition("}")[2]
        if not self._inside:
            if name == "update":
                self._begin(attributes)
            return
        if self._current is not None:
            self._finish(self._path[-1])
        if attributes:
            self._grow(sum(map(len, attributes.values())))
        self._path.append(name)
        place = _PLACES.get(tuple(self._path)) if len(self._path) <= _DEEPEST else None
        if place == "text":
            self._current, self._parts = self._fields, []
        elif place == "text of a package":
            self._current, self._parts = self._packages[-1], []
        elif place == "date":
            self._fields.setdefault(name, attributes.get("date", ""))
        elif place in ("reference", "package"):
            self._grow(_OVERHEAD)
            (self._packages if place == "package" else self._references).append(dict(attributes))

    def data(self, text: str) -> None:
        self._quiet = 0
        if self._current is not None:
            self._grow(len(text))
            self._parts.append(text)

    def end(self, _name: str) -> None:
        self._depth -= 1
        self._quiet = 0
        if not self._inside:
            return
        if self._depth < self._inside:
            self._inside = 0
            self._done.append(self._advisory())
            return
        name = self._path.pop()
        if self._current is not None:
            self._finish(name)

    def _finish(self, name: str) -> None:
        """Keep the text of an element up to the first one inside; the first of a name counts."""
        assert self._current is not None
        self._current.setdefault(f"<{name}>", "".join(self._parts).strip())  # attributes have no such names
        self._current = None

    def _begin(self, attributes: Mapping[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ADVISORIES:
            raise MetadataError(
                f"updateinfo has more than {MAX_ADVISORIES} advisories, which is not accepted"
            )
        self._inside, self._size = self._depth, 0
        self._path = []
        self._fields: dict[str, str] = {"type": attributes.get("type", "")}
        self._references: list[dict[str, str]] = []
        self._packages: list[dict[str, str]] = []

    def _grow(self, amount: int) -> None:
        self._size += amount
        if self._size > MAX_ADVISORY:
            raise MetadataError(f"updateinfo has an advisory of more than {MAX_ADVISORY} characters")

    def _advisory(self) -> Advisory:
        fields = self._fields
        packages = tuple(map(_package, self._packages))
        issued, updated = _date(fields.get("issued", "")), _date(fields.get("updated", ""))
        references = tuple(map(_reference, self._references))
        return Advisory(
            id=fields.get("<id>", ""),
            type=_TYPES.get(fields["type"], "Unknown"),
            severity=fields.get("<severity>", ""),
            title=fields.get("<title>", ""),
            description=fields.get("<description>", ""),
            updated=max(issued, updated),
            reboot=_is_true(fields.get("<reboot_suggested>", "")) or any(p.reboot for p in packages),
            packages=packages,
            kind=fields["type"],
            issued=issued,
            references=references,
        )


def _reference(attributes: dict[str, str]) -> Reference:
    return Reference(
        attributes.get("type", "").lower(),
        attributes.get("id", ""),
        attributes.get("title", ""),
        attributes.get("href", ""),
    )


def _package(fields: dict[str, str]) -> AdvisoryPackage:
    epoch = fields.get("epoch", "0")
    name, version, release, arch = (fields.get(key, "") for key in ("name", "version", "release", "arch"))
    return AdvisoryPackage(
        name=name,
        epoch=int(epoch) if epoch.isascii() and epoch.isdigit() and len(epoch) <= 10 else 0,
        version=version,
        release=release,
        arch=arch,
        # Not all writers state it; then it is what rpmbuild names such a file.
        filename=fields.get("<filename>", "") or f"{name}-{version}-{release}.{arch}.rpm",
        reboot=_is_true(fields.get("<reboot_suggested>", "")),
    )


def _is_true(text: str) -> bool:
    # As libsolv reads it: True, true, 1.
    return text[:1] in {"T", "t", "1"}


def _date(text: str) -> int:
    """Seconds since 1970 of a date in UTC, or in seconds already; 0 when it is none."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return int(text)
    for form in _DATES if len(text) < 40 else ():
        try:
            return calendar.timegm(time.strptime(text, form))
        except ValueError:
            continue
    return 0
