"""filelists.xml, searched while it streams.

The file is large (630 MB for 65,000 packages), and parsing it takes seconds and hundreds of
megabytes. So its bytes are searched for what is wanted, and only around a hit is anything parsed.
What is relied on: a ``<package>`` begins with its ``<version>``, and ``<file>`` holds plain text;
createrepo_c and all others write it so.

Time is in proportion to the text, whatever stands in it: no expression looks behind the next ``<``, and
no search goes over what another one has seen. Memory holds one piece, one element and what was found.
"""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pkgman.model.errors import MetadataError
from pkgman.model.limits import MAX_FILES, MAX_ITEM, MAX_LISTED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

FEW = 6  # paths; for more, cutting the text in words once is faster than one search each
Entry = TypeVar("Entry")

_HEAD = re.compile(rb"<package\b([^<>]*+)>\s*+<version\b([^<>]*+)>")
ATTRIBUTE = re.compile(rb"""(?<![\w:-])([\w:-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")
_FILE = re.compile(rb"<file\b[^<>]*+>([^<]*+)</file>")
_ENTITY = re.compile(r"&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|\w+);")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
# Elements of the documents with packages: what messages call the document, and its root.
_DOCUMENTS = {"file": ("filelists", "filelists"), "changelog": ("other", "otherdata")}
_SPECIAL = re.compile(r"\[[^]]*\]|[*?\\&<>\"'\[\]]")  # of globs, and what XML may spell otherwise


class FileHit(NamedTuple):
    """The package that holds a file."""

    pkgid: str  # checksum of the package file, hexadecimal
    name: str
    epoch: int
    version: str
    release: str
    arch: str

    @property
    def nevra(self) -> str:
        """``name-[epoch:]version-release.arch``; epoch 0 is left out."""
        epoch = f"{self.epoch}:" if self.epoch else ""
        return f"{self.name}-{epoch}{self.version}-{self.release}.{self.arch}"


def find_paths(pieces: Iterable[bytes], paths: Collection[str]) -> dict[str, list[FileHit]]:
    """Return, for each of ``paths`` that some package holds, the packages in the order of the file.

    Directories and ghosts count like files.

    :raises MetadataError: when the text is no filelists.xml or ends too early.
    """
    spellings = {spelling: path for path in paths for spelling in _spellings(path)}
    locate = _by_search(spellings) if len(spellings) <= FEW else _by_words(spellings)
    hits: dict[str, dict[FileHit, None]] = {}  # owners in their order, each once
    count = 0
    for path, hit in _scan(pieces, locate):
        owners = hits.setdefault(path, {})
        count += hit not in owners
        owners[hit] = None
        _check_owners(count)
    return {path: list(owners) for path, owners in hits.items()}


def find_globs(pieces: Iterable[bytes], globs: Collection[str]) -> list[FileHit]:
    """Return the packages that hold a path which matches one of ``globs``, in the order of the file.

    ``*`` matches slashes too, as in libsolv. The paths may be millions, so they are not kept.

    :raises MetadataError: as :func:`find_paths`.
    """
    tests = [_by_glob(glob) for glob in globs]

    def locate(text: bytes, start: int) -> Iterator[tuple[int, str]]:
        for test in tests:
            yield from test(text, start)

    owners: dict[FileHit, None] = {}  # in their order, each once
    for _, hit in _scan(pieces, locate):
        owners[hit] = None
        _check_owners(len(owners))
    return list(owners)


def _check_owners(count: int) -> None:
    if count > MAX_FILES:
        raise MetadataError(f"filelists has more than {MAX_FILES} matches, which is not accepted")


def files_of(pieces: Iterable[bytes], wanted: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the file lists of the packages named in ``wanted``; reading stops when all are found.

    :param wanted: pkgids (package checksums) or NEVRAs as of :attr:`FileHit.nevra`.
    :returns: by the word of ``wanted``; a package that is not there is left out.
    :raises MetadataError: as :func:`find_paths`.
    """
    return entries_of(pieces, wanted, _FILE, lambda match: plain(match[1]))


def entries_of(
    pieces: Iterable[bytes],
    wanted: Collection[str],
    entry: re.Pattern[bytes],
    read: Callable[[re.Match[bytes]], Entry],
    *,
    kind: str = "file",
) -> dict[str, tuple[Entry, ...]]:
    """Return what ``read`` makes of each ``entry`` of the packages ``wanted``; see :func:`files_of`.

    :param kind: name of the elements that ``entry`` matches, of a document with such packages.
    """
    left = set(wanted)
    total = 0
    result: dict[str, tuple[Entry, ...]] = {}
    word, entries = "", list[Entry]()  # the wanted package we are in
    text = b""
    for piece in pieces:
        if not left and not word:
            return result
        text += piece
        position = 0
        while True:
            if word:
                end = text.find(b"</package>", position)
                # The last element may not be complete, so it is left for the next round.
                stop = end if end >= 0 else _unfinished(text, position, kind)
                entries += map(read, entry.finditer(text, position, stop))
                if len(entries) > MAX_FILES or total + len(entries) > MAX_LISTED:
                    raise MetadataError(
                        f"{_DOCUMENTS[kind][0]} has more entries than are accepted: {MAX_FILES} of one "
                        f"package, {MAX_LISTED} of all"
                    )
                if end < 0:
                    position = stop
                    break
                result[word] = tuple(entries)
                total += len(entries)
                word, entries, position = "", [], end
            match = _HEAD.search(text, position)
            if match is None:
                head = text.rfind(b"<package", position)
                position = head if head >= 0 else max(position, text.rfind(b"<"))
                break
            position = match.end()
            hit = _parse_head(match)
            word = next((key for key in (hit.pkgid, hit.nevra) if key in left), "")
            left.discard(word)
        text = text[position:]
        _check_item(text, kind)
    if left or word:
        _check_end(text, kind)
    return result


def plain(text: bytes) -> str:
    """Text of an XML element as a string; a path that is no UTF-8 keeps its bytes as surrogates."""
    result = text.decode("utf-8", "surrogateescape")
    return _ENTITY.sub(_entity, result) if "&" in result else result


def _entity(match: re.Match[str]) -> str:
    name = match[1]
    if name.startswith("#"):
        code = int(name[2:], 16) if name[1] == "x" else int(name[1:])
        # Half of a UTF-16 pair is no character and could not be printed.
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else match[0]
    return _NAMED.get(name, match[0])


def _spellings(path: str) -> set[bytes]:
    """Return the ways in which writers put a path into XML."""
    named = path.replace("&", "&amp;").replace("<", "&lt;")
    closed = named.replace(">", "&gt;")
    quoted = closed.replace('"', "&quot;")
    numeric = path.replace("&", "&#38;").replace("<", "&#60;")
    ways = (
        named,
        closed,
        quoted,
        quoted.replace("'", "&apos;"),
        quoted.replace("'", "&#39;"),
        numeric,
        numeric.replace(">", "&#62;"),
    )
    return {way.encode("utf-8", "surrogateescape") for way in ways}


def _by_search(spellings: dict[bytes, str]) -> Callable[[bytes, int], Iterator[tuple[int, str]]]:
    needles = [(b">" + spelling + b"</file>", path) for spelling, path in spellings.items()]

    def locate(text: bytes, start: int) -> Iterator[tuple[int, str]]:
        for needle, path in needles:
            position = text.find(needle, start)
            while position >= 0:
                yield position, path
                position = text.find(needle, position + 1)

    return locate


def _by_words(spellings: dict[bytes, str]) -> Callable[[bytes, int], Iterator[tuple[int, str]]]:
    words = {spelling + b"</file": path for spelling, path in spellings.items()}

    def locate(text: bytes, start: int) -> Iterator[tuple[int, str]]:
        parts = text[start:].split(b">")
        if words.keys().isdisjoint(parts):
            return
        for part in parts:
            if part in words:
                yield start, words[part]
            start += len(part) + 1

    return locate


def _by_glob(glob: str) -> Callable[[bytes, int], Iterator[tuple[int, str]]]:
    matches = re.compile(fnmatch.translate(glob.replace("[^", "[!"))).match
    core = max(_SPECIAL.split(glob), key=len)
    # A literal beginning is anchored to the tag's end, which is rarer than its text alone.
    anchored = bool(core) and glob.startswith(core)
    needle = (">" * anchored + core or ">/").encode("utf-8", "surrogateescape")

    def locate(text: bytes, start: int) -> Iterator[tuple[int, str]]:
        position = text.find(needle, start)
        while position >= 0:
            begin = text.rfind(b">", 0, position + 1) + 1
            end = text.find(b"</file>", begin)
            if end < 0:
                return
            raw = text[begin:end]
            path = "" if b"<" in raw else plain(raw)
            if path and matches(path):
                yield begin - 1, path
            position = text.find(needle, max(end, position + 1))

    return locate


def _scan(
    pieces: Iterable[bytes], locate: Callable[[bytes, int], Iterator[tuple[int, str]]]
) -> Iterator[tuple[str, FileHit]]:
    """Yield what ``locate`` finds, each with its package.

    ``text`` always begins with the head of the package that the search is in, so that a hit far
    into a large package still finds its owner; ``start`` is where unsearched text begins.
    """
    text, start = b"", 0
    for piece in pieces:
        text += piece
        seen, head = 1, _head_at(text, 0)  # where the search for the next head begins; the one before it
        for position, path in sorted(locate(text, start)):
            last = text.rfind(b"<package", seen, position)
            if last >= 0:
                head = _head_at(text, last)
            seen = max(seen, position)
            if head is not None:
                yield path, head
        rest = _unfinished(text, start)
        match = None
        last = text.rfind(b"<package", 0, rest)
        if last >= 0:
            match = _HEAD.match(text, last)
        if match is not None:
            text, start = match[0] + text[max(rest, match.end()) :], len(match[0])
        else:
            rest = last if last >= 0 else rest
            text, start = text[rest:], 0
        _check_item(text)
    _check_end(text)


def _unfinished(text: bytes, start: int, kind: str = "file") -> int:
    """Where the last element begins that the text may not hold to its end."""
    return max(start, text.rfind(b"<" + kind.encode()), text.rfind(b"<package"))


def _head_at(text: bytes, position: int) -> FileHit | None:
    match = _HEAD.match(text, position)
    return _parse_head(match) if match is not None else None


def _parse_head(match: re.Match[bytes]) -> FileHit:
    fields = {
        name: plain(double or single)
        for part in match.groups()
        for name, double, single in ATTRIBUTE.findall(part)
    }
    epoch = fields.get(b"epoch", "0")
    return FileHit(
        pkgid=fields.get(b"pkgid", ""),
        name=fields.get(b"name", ""),
        epoch=int(epoch) if epoch.isascii() and epoch.isdigit() and len(epoch) <= 10 else 0,
        version=fields.get(b"ver", ""),
        release=fields.get(b"rel", ""),
        arch=fields.get(b"arch", ""),
    )


def _check_item(text: bytes, kind: str = "file") -> None:
    if len(text) > MAX_ITEM:
        name, _ = _DOCUMENTS[kind]
        raise MetadataError(f"{name} has an element of more than {MAX_ITEM} bytes, which is not accepted")


def _check_end(text: bytes, kind: str = "file") -> None:
    name, root = _DOCUMENTS[kind]
    if f"</{root}>".encode() not in text:
        raise MetadataError(f"{name} ends too early or is no {name}.xml")
