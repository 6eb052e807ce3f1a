"""XML documents, whole or in pieces, parsed by expat within the ceilings of :mod:`pkgman.model.limits`.

expat alone bounds neither the depth of elements nor the length of a tag or comment, which it scans from
its beginning again with every piece, nor the number of names, which it keeps. It is there in every Python
and costs 0.3 ms to import. A document type, which could declare entities, is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from xml.parsers import expat

from pkgman.model.limits import MAX_DEPTH, MAX_ITEM, MAX_NAMES, MAX_NAMESPACE

if TYPE_CHECKING:
    from typing import NoReturn

_SLICE = 1 << 16  # bytes after which the ceilings are looked at, and signals are heard


class XmlError(Exception):
    """The document is not well-formed or beyond a ceiling; the text says which."""


class Handler(Protocol):
    """What gets the elements; names are ``namespace local-name``, or the local name without a namespace."""

    depth: int
    """How many elements are open."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the begin of an element."""

    def text(self, text: str) -> None:
        """Take text, which may come in parts."""

    def end(self, name: str) -> None:
        """Take the end of an element."""


class Parser:
    """Feeds a document to a handler.

    :param encoding: of the bytes, whatever the document declares; by default that counts.
    """

    def __init__(self, handler: Handler, *, encoding: str | None = None) -> None:
        self._handler = handler
        self._names: dict[str, str] = {}
        self._fed = 0
        parser = expat.ParserCreate(encoding, " ", self._names)
        parser.buffer_text = True
        parser.StartElementHandler = handler.start
        parser.EndElementHandler = handler.end
        parser.CharacterDataHandler = handler.text
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.StartNamespaceDeclHandler = _check_namespace
        self._parser = parser

    def feed(self, data: bytes) -> None:
        """Parse one piece.

        :raises XmlError: the document is not well-formed, or beyond a ceiling.
        """
        view = memoryview(data)
        for start in range(0, len(view), _SLICE):
            part = view[start : start + _SLICE]
            self._parse(part, last=False)
            self._fed += len(part)
            if self._fed - self._parser.CurrentByteIndex > MAX_ITEM:
                raise XmlError(f"a tag or comment has more than {MAX_ITEM} bytes")
            if self._handler.depth > MAX_DEPTH:
                raise XmlError(f"more than {MAX_DEPTH} elements are within each other")
            if len(self._names) > MAX_NAMES:
                raise XmlError(f"more than {MAX_NAMES} different names")

    def close(self) -> None:
        """End the document.

        :raises XmlError: it is not complete.
        """
        self._parse(b"", last=True)

    def _parse(self, data: bytes | memoryview, *, last: bool) -> None:
        try:
            self._parser.Parse(data, last)
        except (expat.ExpatError, ValueError, LookupError) as error:  # the last two: of its encoding
            raise XmlError(str(error)) from error


def _refuse_document_type(*_declaration: object) -> NoReturn:
    raise XmlError("it declares a document type, which is not accepted")


def _check_namespace(_prefix: str | None, name: str | None) -> None:
    if name and len(name) > MAX_NAMESPACE:  # it is put before the name of each element
        raise XmlError(f"a namespace has more than {MAX_NAMESPACE} characters")
