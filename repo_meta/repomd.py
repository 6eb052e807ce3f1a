"""repomd.xml: bytes in, the list of metadata parts out; no I/O.

Time and memory are in proportion to its size, whatever stands in it; see :mod:`pkgman.model.boundedxml`.
"""

from __future__ import annotations

from pkgman.model.boundedxml import Parser, XmlError
from pkgman.model.errors import MetadataError
from pkgman.model.limits import MAX_PARTS, MAX_REPOMD
from pkgman.model.package import Checksum
from pkgman.model.repo import MetadataPart

KINDS = ("primary", "filelists", "updateinfo", "other")
SUFFIXES = (".xml", ".gz", ".xz", ".zst", ".bz2")  # compressions known by name (config 5.4)
DIGEST_SIZES = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}  # hex digits

_NAMESPACE = "http://linux.duke.edu/metadata/repo "
_RESERVED = ("repomd.xml", "repomd.xml.asc", "metalink")  # names we use ourselves in repodata/
_HEX = frozenset("0123456789abcdef")
_TEXTS = frozenset(("checksum", "open-checksum", "size", "open-size"))
_LONGEST = 1024  # characters of one of them, or of the revision


def parse_repomd(data: bytes) -> tuple[MetadataPart, ...]:
    """Read the parts of a known kind in a compression that we can open.

    :raises MetadataError: when ``data`` is no repomd.xml, names no primary, declares entities, has a
        location or size that cannot be used, or a part without a checksum of a known kind.
    """
    handler = _parse(data)
    if not any(part.kind == "primary" for part in handler.parts):
        raise MetadataError("repomd.xml names no primary metadata that can be used")
    return tuple(handler.parts)


def every_part(data: bytes) -> tuple[MetadataPart, ...]:
    """Read all parts, of kinds and compressions that we cannot open, too: what a mirror copies.

    :raises MetadataError: as :func:`parse_repomd`, for any of them.
    """
    return tuple(_parse(data, every=True).parts)


def revision(data: bytes) -> int | None:
    """Return the number that grows with each version of a repository, None when it is none.

    :raises MetadataError: as :func:`parse_repomd`.
    """
    text = _parse(data).revision.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None


def _parse(data: bytes, *, every: bool = False) -> _Handler:
    if len(data) > MAX_REPOMD:
        raise MetadataError(f"repomd.xml has {len(data)} bytes, more than {MAX_REPOMD} are not accepted")
    handler = _Handler(every=every)
    parser = Parser(handler)
    try:
        parser.feed(data)
        parser.close()
    except XmlError as error:
        raise MetadataError(f"repomd.xml cannot be read: {error}") from error
    return handler


def safe_location(location: str) -> str:
    """Return ``location`` when it stays inside its repository, however it is written.

    :raises MetadataError: when it is empty, absolute, a URL, climbs up or has control characters.
    """
    for text in (location, _unquote(location)):
        bad = (
            not text
            or text.startswith("/")
            or text.endswith("/")
            or "://" in text
            or "\\" in text
            or ".." in text.split("/")
            or any(char < " " or char == "\x7f" for char in text)
        )
        if bad:
            raise MetadataError(f"location leaves the repository or is no file name: {location!r}")
    return location


def stored_location(location: str) -> str:
    """Return the relative path under which the file at ``location`` is kept: it leads out of no folder.

    Some repositories have their packages beside them: each step up becomes a folder of that name.

    :raises MetadataError: as :func:`safe_location`, for anything but such steps in front.
    """
    steps, rest = _steps_up(location)
    return "_up_/" * steps + safe_location(rest)


def _steps_up(location: str) -> tuple[int, str]:
    steps, rest = 0, location.removeprefix("./")
    while rest.startswith("../"):
        steps, rest = steps + 1, rest.removeprefix("../")
    return steps, rest


def _unquote(text: str) -> str:
    # urllib.parse costs 3 ms, and only what could hide a path step matters here.
    for code, char in (("%2e", "."), ("%2f", "/"), ("%5c", "\\"), ("%00", "\x00")):
        text = text.replace(code, char).replace(code.upper(), char)
    return text


def checksum(kind: str, text: str) -> Checksum:
    """Check a checksum as written in metadata; ``sha`` is an old name of sha1.

    :raises MetadataError: when its kind is unknown or its text is not of that kind.
    """
    kind = kind.strip().lower()
    kind = "sha1" if kind == "sha" else kind
    text = text.strip().lower()
    if DIGEST_SIZES.get(kind) != len(text) or not _HEX.issuperset(text):
        raise MetadataError(f"checksum of kind {kind!r} cannot be used: {text!r}")
    return Checksum(kind, text)


def _longer(text: str, more: str) -> str:
    if len(text) + len(more) > _LONGEST:
        raise MetadataError(f"repomd.xml: a checksum or size has more than {_LONGEST} characters")
    return text + more


class _Handler:
    """Collects one ``<data>`` element at a time."""

    def __init__(self, *, every: bool) -> None:
        self.parts: list[MetadataPart] = []
        self._every = every
        self.revision = ""
        self._in_revision = False
        self._kinds: set[str] = set()  # of the parts
        self.depth = 0
        self._kind = ""  # of the <data> element we are in
        self._href = ""
        self._types: dict[str, str] = {}  # checksum elements -> their kind
        self._texts: dict[str, str] = {}
        self._current = ""  # element whose text is being collected

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.removeprefix(_NAMESPACE)
        self.depth += 1
        if self.depth == 1 and name != "repomd":
            raise MetadataError(f"repomd.xml cannot be read: its root is <{name}>")
        if self.depth == 2:
            self._kind = attributes.get("type", "") if name == "data" else ""
            self._href, self._types, self._texts = "", {}, {}
            self._in_revision = name == "revision"
        elif self.depth == 3 and self._kind:
            self._current = name if name in _TEXTS else ""
            if name == "location":
                self._href = attributes.get("href", "")
            elif self._current:
                self._types[name] = attributes.get("type", "")
                self._texts[name] = ""

    def text(self, text: str) -> None:
        if self._current:
            self._texts[self._current] = _longer(self._texts[self._current], text)
        elif self._in_revision:
            self.revision = _longer(self.revision, text)

    def end(self, _name: str) -> None:
        self.depth -= 1
        self._current, self._in_revision = "", False
        if self.depth == 1 and self._kind:
            usable = self._kind in KINDS and self._href.endswith(SUFFIXES)
            if self._every or (usable and self._kind not in self._kinds):  # the first of a kind counts
                self.parts.append(self._part())
                self._kinds.add(self._kind)
                if len(self.parts) > MAX_PARTS:
                    raise MetadataError(f"repomd.xml names more than {MAX_PARTS} parts")
            self._kind = ""

    def _part(self) -> MetadataPart:
        location = safe_location(self._href)
        if location.rpartition("/")[2] in _RESERVED:
            raise MetadataError(f"location has a name that is not its own: {location!r}")
        if "checksum" not in self._texts:
            raise MetadataError(f"repomd.xml: {self._kind} has no checksum, so nothing vouches for it")
        return MetadataPart(
            kind=self._kind,
            location=location,
            checksum=self._checksum("checksum"),
            size=self._size("size"),
            open_checksum=self._checksum("open-checksum"),
            open_size=self._size("open-size"),
        )

    def _checksum(self, name: str) -> Checksum | None:
        return checksum(self._types[name], self._texts[name]) if name in self._texts else None

    def _size(self, name: str) -> int:
        text = self._texts.get(name, "").strip()
        if not text:
            return 0
        if not (text.isascii() and text.isdigit() and len(text) <= 15):
            raise MetadataError(f"repomd.xml: <{name}> of {self._kind} is no size: {text[:40]!r}")
        return int(text)
