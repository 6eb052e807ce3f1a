"""Hostile input for every parser, as large as one likes, and what reading it costs.

``python -m tests.support.hostile NAME SIZE`` reads about SIZE bytes in this process alone and prints its
processor time in seconds and its peak memory in MiB, those of its own children included.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import re
import resource
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PIECE = 1 << 20
SHA = "a" * 64
_HEAD = b'<package pkgid="%s" name="x" arch="noarch"><version epoch="0" ver="1" rel="1"/>' % SHA.encode()
_PRIMARY = (
    b'<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm"'
    b' packages="1"><package type="rpm"><name>x</name><arch>noarch</arch><version epoch="0" ver="1" rel="1"/>'
    b'<checksum type="sha256" pkgid="YES">%s</checksum><summary>s</summary><description>d</description>'
    b'<location href="x.rpm"/><format>' % SHA.encode()
)


class Cost(NamedTuple):
    """What a run took."""

    seconds: float  # of processor time
    peak: int  # MiB


def measure(name: str, size: int) -> Cost:
    """Read hostile input in a process of its own."""
    words = [sys.executable, "-m", "tests.support.hostile", name, str(size)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    return Cost(*json.loads(done.stdout))


def repeated(begin: bytes, unit: bytes, size: int, end: bytes = b"") -> Iterator[bytes]:
    """Yield ``begin``, about ``size`` bytes of ``unit`` and ``end`` in pieces, as a decompressor does."""
    block = unit * max(1, PIECE // len(unit))
    pending = begin
    for _ in range(max(1, size // len(block))):
        pending += block
        while len(pending) >= PIECE:
            yield pending[:PIECE]
            pending = pending[PIECE:]
    yield pending + end


def numbered(begin: bytes, unit: bytes, size: int, end: bytes = b"") -> Iterator[bytes]:
    """Yield the same with a number in each unit, at its ``%d``."""
    pending, total, number = begin, 0, 0
    while total < size:
        pending += b"".join([unit % n for n in range(number, number + 1000)])
        number += 1000
        while len(pending) >= PIECE:
            yield pending[:PIECE]
            pending = pending[PIECE:]
            total += PIECE
        if size < PIECE and len(pending) >= size:
            break
    yield pending + end


def _tolerate(read: Callable[[], object]) -> None:
    """Refusing is as good as reading; anything but our own error is a failure."""
    from pkgman.model.errors import PkgmanError

    with suppress(PkgmanError):
        read()


def _repomd(pieces: Iterable[bytes]) -> None:
    from repo_meta.repomd import every_part, parse_repomd, revision

    data = b"".join(pieces)
    for parse in (parse_repomd, every_part, revision):
        _tolerate(lambda parse=parse: parse(data))  # type: ignore[misc]


def _metalink(pieces: Iterable[bytes]) -> None:
    from plugins.metalink import parse_metalink

    _tolerate(lambda: parse_metalink(b"".join(pieces)))


def _mirrorlist(pieces: Iterable[bytes]) -> None:
    from repo_meta.mirror import parse_mirrorlist

    _tolerate(lambda: parse_mirrorlist(b"".join(pieces)))


def _keys(pieces: Iterable[bytes]) -> None:
    from pkgman.transaction.openpgp import read_certificates

    _tolerate(lambda: read_certificates(b"".join(pieces)))


def _settings(pieces: Iterable[bytes]) -> None:
    from pkgman import ini

    _tolerate(lambda: ini.parse(b"".join(pieces).decode(), "x.repo"))


def _updateinfo(pieces: Iterable[bytes]) -> None:
    from repo_meta.updateinfo import parse_advisories

    _tolerate(lambda: sum(1 for _ in parse_advisories(pieces)))


def _other(pieces: Iterable[bytes]) -> None:
    from repo_meta.changelogs import changelogs_of

    _tolerate(lambda: changelogs_of(pieces, [SHA]))


def _paths(pieces: Iterable[bytes]) -> None:
    from repo_meta.filelists import find_paths

    _tolerate(lambda: find_paths(pieces, ["/opt/a"]))


def _many_paths(pieces: Iterable[bytes]) -> None:
    from repo_meta.filelists import find_paths

    _tolerate(lambda: find_paths(pieces, [f"/opt/{n}" for n in range(2000)]))


def _globs(pieces: Iterable[bytes]) -> None:
    from repo_meta.filelists import find_globs

    _tolerate(lambda: find_globs(pieces, ["*/a*a*"]))


def _list(pieces: Iterable[bytes]) -> None:
    from repo_meta.filelists import files_of

    _tolerate(lambda: files_of(pieces, [SHA]))


def _primary(pieces: Iterable[bytes]) -> None:
    from solver.build import build
    from solver.texts import Cutter

    with tempfile.TemporaryFile() as texts, tempfile.TemporaryFile() as output:
        cutter = Cutter(texts.fileno())
        _tolerate(lambda: build(cutter.cut(pieces), output.fileno(), "x", meanwhile=cutter.names.sort))


def _decompressed(pack: Callable[[int], bytes], suffix: str) -> Callable[[int], None]:
    def run(size: int) -> None:
        from pkgman.model.repo import MetadataFile, MetadataPart
        from repo_meta.decompress import iter_plain

        with tempfile.NamedTemporaryFile(suffix=suffix) as file:
            file.write(pack(size))
            file.flush()
            part = MetadataPart("primary", "x", None, 0, None, 0)
            _tolerate(lambda: sum(map(len, iter_plain(MetadataFile(part, file.name)))))

    return run


def _zstd_bomb(size: int) -> bytes:
    import zstandard

    packer = zstandard.ZstdCompressor(level=19).compressobj()
    return b"".join([*(packer.compress(bytes(PIECE)) for _ in range(size // PIECE)), packer.flush()])


def _zstd_window(size: int) -> bytes:
    import zstandard

    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    block = os.urandom(1 << 16)
    return b"".join([*(packer.compress(block) for _ in range(size >> 16)), packer.flush()])


class Input(NamedTuple):
    """One way to be hostile to one parser."""

    parser: str  # the row of docs/security.md
    size: int  # bytes of the smaller of two runs
    run: Callable[[int], None]


def _fed(
    parse: Callable[[Iterable[bytes]], None],
    begin: bytes,
    unit: bytes,
    end: bytes = b"",
    make: Callable[..., Iterator[bytes]] = repeated,
) -> Callable[[int], None]:
    return lambda size: parse(make(begin, unit, size, end))


_MD = b'<repomd xmlns="http://linux.duke.edu/metadata/repo">'
_PART = b'<data type="t%d"><checksum type="md5">' + b"a" * 32 + b'</checksum><location href="a%d"/></data>'
_PART = _PART.replace(b'href="a%d"', b'href="a"')
_FILES, _OTHER, _UPDATES = b"<filelists>", b"<otherdata>", b"<updates>"
_EMPTY_FRAME = b"\x50\x2a\x4d\x18\0\0\0\0"  # of zstd, to be skipped
_OWNER = b'<package name="x%d"><version ver="1"/><file>/opt/a</file></package>'
_PACKAGE = (
    b'<package type="rpm"><name>n%d</name><arch>noarch</arch><version epoch="0" ver="1" rel="1"/></package>'
)
_ARMOR = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
SMALL, LARGE = 1 << 20, 2 << 20

INPUTS = {
    "repomd-parts": Input("repomd.xml", SMALL, _fed(_repomd, _MD, _PART, b"</repomd>", numbered)),
    "repomd-texts": Input("repomd.xml", SMALL, _fed(_repomd, _MD + b'<data type="a"><size>', b"1<!---->")),
    "repomd-namespace": Input(
        "repomd.xml", SMALL, _fed(_repomd, b'<repomd xmlns="%s">' % (b"n" * 250), b"<a/>", b"</repomd>")
    ),
    "repomd-depth": Input("repomd.xml", SMALL, _fed(_repomd, _MD, b"<a>")),
    "repomd-attribute": Input("repomd.xml", SMALL, _fed(_repomd, _MD + b'<data type="', b"x")),
    "metalink-texts": Input("metalink", SMALL // 2, _fed(_metalink, b"<metalink><url>", b"h<!---->")),
    "metalink-urls": Input(
        "metalink",
        SMALL // 2,
        _fed(_metalink, b"<metalink>", b"<url>http://h/repodata/repomd.xml</url>", b"</metalink>"),
    ),
    "mirrorlist": Input("mirrorlist", SMALL // 2, _fed(_mirrorlist, b"", b"http://h/%d/\n", b"", numbered)),
    "mirrorlist-blanks": Input("mirrorlist", SMALL // 2, _fed(_mirrorlist, b"", b" \n")),
    "keys-begins": Input("key files", SMALL // 2, _fed(_keys, b"", _ARMOR)),
    "keys-headers": Input(
        "key files",
        SMALL // 2,
        _fed(_keys, _ARMOR, b"A: b\n", b"-----END PGP PUBLIC KEY BLOCK-----\n"),
    ),
    "keys-packets": Input("key files", SMALL // 2, _fed(_keys, b"\xc6\x06\x04aaaa\x01", b"\xcd\x01u")),
    "settings-sections": Input(
        "configuration", 2 * SMALL, _fed(_settings, b"", b"[s%d]\na=b\n", b"", numbered)
    ),
    "settings-lines": Input("configuration", 2 * SMALL, _fed(_settings, b"[s]\na=b\n", b" c\n")),
    "updateinfo-elements": Input("updateinfo", LARGE, _fed(_updateinfo, _UPDATES, b"<a/>", b"</updates>")),
    "updateinfo-inside": Input("updateinfo", LARGE, _fed(_updateinfo, _UPDATES + b"<update>", b"<a/>")),
    "updateinfo-depth": Input("updateinfo", LARGE, _fed(_updateinfo, _UPDATES, b"<a>")),
    "updateinfo-names": Input("updateinfo", LARGE, _fed(_updateinfo, _UPDATES, b"<a%d/>", b"", numbered)),
    "updateinfo-comment": Input("updateinfo", LARGE, _fed(_updateinfo, _UPDATES + b"<!--", b"x")),
    "updateinfo-text": Input(
        "updateinfo", LARGE, _fed(_updateinfo, _UPDATES + b"<update><description>", b"x&#27;")
    ),
    "updateinfo-advisories": Input("updateinfo", LARGE, _fed(_updateinfo, _UPDATES, b"<update/>")),
    "updateinfo-packages": Input(
        "updateinfo",
        LARGE,
        _fed(_updateinfo, _UPDATES + b"<update><pkglist><collection>", b"<package/>"),
    ),
    "other-entries": Input("other", LARGE, _fed(_other, _OTHER + _HEAD, b'<changelog a="')),
    "other-attributes": Input("other", LARGE, _fed(_other, _OTHER + _HEAD + b"<changelog ", b"a='' ")),
    "other-many": Input("other", LARGE, _fed(_other, _OTHER + _HEAD, b"<changelog/>")),
    "filelists-tags": Input("filelists", LARGE, _fed(_list, _FILES + _HEAD, b"<file ")),
    "filelists-files": Input("filelists", LARGE, _fed(_list, _FILES + _HEAD, b"<file>a</file>")),
    "filelists-heads": Input("filelists", LARGE, _fed(_list, _FILES, b"<package ")),
    "filelists-spaces": Input("filelists", LARGE, _fed(_list, _FILES, b"<package>   ")),
    "filelists-names": Input("filelists", LARGE, _fed(_list, _FILES + b"<package ", b"a", b"><version")),
    "filelists-owners": Input(
        "filelists",
        LARGE,
        _fed(
            _paths, _FILES, _OWNER, b"", numbered
        ),
    ),
    "filelists-one-owner": Input("filelists", LARGE, _fed(_paths, _FILES + _HEAD, b"<file>/opt/a</file>")),
    "filelists-many-paths": Input(
        "filelists", LARGE, _fed(_many_paths, _FILES + _HEAD, b"<file>/opt/%d</file>", b"", numbered)
    ),
    "filelists-globs": Input("filelists", LARGE, _fed(_globs, _FILES + _HEAD, b"<file>/aaaaaaaaa</file>")),
    "filelists-glob-text": Input("filelists", LARGE, _fed(_globs, _FILES + _HEAD + b"<file>", b"/a")),
    "primary-ranges": Input("primary", LARGE, _fed(_primary, _PRIMARY, b"<rpm:header-range ")),
    "primary-summaries": Input("primary", LARGE, _fed(_primary, _PRIMARY, b"<summary>")),
    "primary-spaces": Input("primary", LARGE, _fed(_primary, _PRIMARY, b"<summary></summary>    ")),
    "primary-elements": Input("primary", LARGE, _fed(_primary, _PRIMARY, b"<a/>")),
    "primary-ends": Input("primary", LARGE, _fed(_primary, _PRIMARY, b"</package>")),
    "primary-packages": Input(
        "primary",
        LARGE,
        _fed(
            _primary,
            b'<metadata xmlns="http://linux.duke.edu/metadata/common" packages="9">',
            _PACKAGE,
            b"</metadata>",
            numbered,
        ),
    ),
    "primary-attribute": Input("primary", LARGE, _fed(_primary, _PRIMARY + b'<a b="', b"x")),
    "primary-comment": Input("primary", LARGE, _fed(_primary, _PRIMARY + b"<!--", b"x")),
    "gzip-bomb": Input(
        "decompressors", 8 * LARGE, _decompressed(lambda size: gzip.compress(bytes(size), 9), ".gz")
    ),
    "gzip-members": Input(
        "decompressors", SMALL, _decompressed(lambda size: gzip.compress(b"") * (size // 20), ".gz")
    ),
    "bzip2-streams": Input(
        "decompressors", SMALL, _decompressed(lambda size: bz2.compress(b"") * (size // 14), ".bz2")
    ),
    "bzip2-letters": Input(
        "decompressors", SMALL, _decompressed(lambda size: bz2.compress(b"a") * (size // 37), ".bz2")
    ),
    "xz-streams": Input(
        "decompressors", SMALL, _decompressed(lambda size: lzma.compress(b"") * (size // 32), ".xz")
    ),
    "xz-dictionary": Input(
        "decompressors", 4 * SMALL, _decompressed(lambda size: lzma.compress(bytes(size), preset=9), ".xz")
    ),
    "zstd-bomb": Input("decompressors", 8 * LARGE, _decompressed(_zstd_bomb, ".zst")),
    "zstd-window": Input("decompressors", 64 * SMALL, _decompressed(_zstd_window, ".zst")),
    "zstd-frames": Input(
        "decompressors", 4 * SMALL, _decompressed(lambda size: _EMPTY_FRAME * (size // 8), ".zst")
    ),
}  # fmt: skip


def main(name: str, size: int) -> None:
    """Read the input, and print what that took."""
    before = _seconds()
    INPUTS[name].run(size)
    peak = max(_own_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) >> 10
    print(json.dumps([round(_seconds() - before, 3), peak]))


def _own_peak() -> int:
    """KiB; getrusage would count what the process that started this one had when it forked."""
    try:
        (line,) = re.findall(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    except OSError:  # a root without /proc
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(line)


def _seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
