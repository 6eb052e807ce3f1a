"""updateinfo.xml, read while it streams: the owner of lxml."""

from __future__ import annotations

import calendar
import time
from typing import TYPE_CHECKING, Any

from lxml import etree

from pkgman.model.advisory import Advisory, AdvisoryPackage
from pkgman.model.errors import MetadataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TYPES = {"security": "Security", "bugfix": "Bugfix", "enhancement": "Enhancement"}
_DATES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ")


def parse_advisories(pieces: Iterable[bytes]) -> Iterator[Advisory]:
    """Yield the advisories in the order of the file; memory holds one at a time.

    :raises MetadataError: when the XML is not well-formed, declares entities or is not complete.
    """
    parser = etree.XMLPullParser(
        events=("end",), tag="{*}update", resolve_entities=False, no_network=True, remove_comments=True
    )
    try:
        for piece in pieces:
            parser.feed(piece)
            yield from _ready(parser)
        parser.close()
        yield from _ready(parser)
    except etree.XMLSyntaxError as error:
        raise MetadataError(f"updateinfo cannot be read: {error}") from error


def _ready(parser: etree.XMLPullParser) -> Iterator[Advisory]:
    element: Any
    for _, element in parser.read_events():
        if element.getroottree().docinfo.internalDTD is not None:
            raise MetadataError("updateinfo declares a document type, which is not accepted")
        yield _advisory(element)
        # lxml keeps what it has parsed; drop it and what came before.
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _advisory(element: etree._Element) -> Advisory:
    packages = tuple(_package(item) for item in element.iterfind("{*}pkglist/{*}collection/{*}package"))
    reboot = _is_true(_text(element, "reboot_suggested")) or any(package.reboot for package in packages)
    return Advisory(
        id=_text(element, "id"),
        type=_TYPES.get(element.get("type", ""), "Unknown"),
        severity=_text(element, "severity"),
        title=_text(element, "title"),
        description=_text(element, "description"),
        updated=max(_date(element, "issued"), _date(element, "updated")),
        reboot=reboot,
        packages=packages,
        kind=element.get("type", ""),
        cves=_references(element, "cve"),
        bugs=_references(element, "bugzilla"),
    )


def _references(element: etree._Element, kind: str) -> tuple[str, ...]:
    found = element.iterfind("{*}references/{*}reference")
    return tuple(
        item.get("id", "") for item in found if item.get("type", "").lower() == kind and item.get("id")
    )


def _package(element: etree._Element) -> AdvisoryPackage:
    epoch = element.get("epoch", "0")
    return AdvisoryPackage(
        name=element.get("name", ""),
        epoch=int(epoch) if epoch.isascii() and epoch.isdigit() and len(epoch) <= 10 else 0,
        version=element.get("version", ""),
        release=element.get("release", ""),
        arch=element.get("arch", ""),
        filename=_text(element, "filename"),
        reboot=_is_true(_text(element, "reboot_suggested")),
    )


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(f"{{*}}{name}") or "").strip()


def _is_true(text: str) -> bool:
    # As libsolv reads it: True, true, 1.
    return text[:1] in {"T", "t", "1"}


def _date(element: etree._Element, name: str) -> int:
    """Seconds since 1970 of a date in UTC, or in seconds already; 0 when it is none."""
    child = element.find(f"{{*}}{name}")
    text = child.get("date", "").strip() if child is not None else ""
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return int(text)
    for form in _DATES:
        try:
            return calendar.timegm(time.strptime(text, form))
        except ValueError:
            continue
    return 0
