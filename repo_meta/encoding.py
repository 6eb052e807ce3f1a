"""XML in other encodings as UTF-8, while it streams: what follows searches bytes."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from pkgman.model.errors import MetadataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DECLARATION = re.compile(
    rb"""(?:\xef\xbb\xbf)?\s*<\?xml[^<>]*?\sencoding\s*=\s*["']([A-Za-z][\w.:-]{0,40})["']"""
)
_NAME = re.compile(r"""(?<=encoding=)(["'])[\w.:-]+\1|(?<=encoding = )(["'])[\w.:-]+\2""")
_HEAD = 512  # bytes within which the declaration ends
_PLAIN = ("utf-8", "utf8", "us-ascii", "ascii", "utf-16", "utf-16le", "utf-16be")  # or the name is wrong
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_OTHERWISE = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined")  # of Python
_ASCII = "".join(map(chr, range(32, 127))) + "\\u0041\n"


def as_utf8(pieces: Iterable[bytes], label: str) -> Iterator[bytes]:
    """Yield an XML document in UTF-8, whose declaration then says so.

    The first piece holds the declaration. Bytes that the declared encoding does not know become U+FFFD.
    A document in UTF-8 goes by as it is.

    :param label: what messages call the document.
    :raises MetadataError: the encoding is not known, or hides ASCII characters.
    """
    stream = iter(pieces)
    first = next(stream, b"")
    name = _encoding(first[:_HEAD])
    if name == "":
        yield first
        yield from stream
        return
    decoder = _decoder(name, label)
    text = decoder.decode(first)
    yield (_NAME.sub('"UTF-8"', text[:_HEAD], count=1) + text[_HEAD:]).encode()
    for piece in stream:
        yield decoder.decode(piece).encode()
    if rest := decoder.decode(b"", final=True):
        yield rest.encode()


def _encoding(head: bytes) -> str:
    """Return the name of the encoding in small letters, "" for UTF-8 and ASCII."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    declared = _DECLARATION.match(head)
    name = declared[1].decode().lower() if declared else ""
    return "" if name in _PLAIN else name


def _decoder(name: str, label: str) -> codecs.IncrementalDecoder:
    """Return a decoder that never fails.

    Python has codecs under such names that are none of texts, take quadratic time, or could make a tag of
    what is none; in all others ASCII stands for itself.
    """
    try:
        if codecs.lookup(name).name.replace("-", "_") in _OTHERWISE:
            raise LookupError
        if name != "utf-16" and _ASCII.encode().decode(name) != _ASCII:
            raise LookupError
        return codecs.getincrementaldecoder(name)(errors="replace")
    except (LookupError, UnicodeError, ValueError) as error:
        raise MetadataError(f"{label}: its encoding {name!r} is not known") from error
