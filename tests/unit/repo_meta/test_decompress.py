from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import tracemalloc
from typing import TYPE_CHECKING

import pytest
import zstandard

from pkgman.model.errors import MetadataError, PkgmanError
from pkgman.model.package import Checksum
from pkgman.model.repo import MetadataFile, MetadataPart
from repo_meta import decompress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAIN = os.urandom(1000) * 3000
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda data: zstandard.ZstdCompressor().compress(data),
    "xml": lambda data: data,
}


def _file(path: Path, packed: bytes, *, size: int = 0, checksum: Checksum | None = None) -> MetadataFile:
    path.write_bytes(packed)
    packed_sum = Checksum("sha256", hashlib.sha256(packed).hexdigest())
    part = MetadataPart("primary", f"repodata/{path.name}", packed_sum, len(packed), checksum, size)
    return MetadataFile(part, str(path))


@pytest.mark.parametrize("kind", PACKERS)
def test_content_comes_back(kind: str, tmp_path: Path) -> None:
    checksum = Checksum("sha256", hashlib.sha256(PLAIN).hexdigest())
    file = _file(tmp_path / f"f.{kind}", PACKERS[kind](PLAIN), size=len(PLAIN), checksum=checksum)
    assert b"".join(decompress.iter_plain(file)) == PLAIN
    assert b"".join(decompress.iter_plain(file, verify=True)) == PLAIN


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_several_streams_in_one_file_are_one_content(kind: str, tmp_path: Path) -> None:
    file = _file(tmp_path / f"f.{kind}", PACKERS[kind](PLAIN) + PACKERS[kind](b"more"))
    assert b"".join(decompress.iter_plain(file)) == PLAIN + b"more"


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_a_truncated_file_is_refused(kind: str, tmp_path: Path) -> None:
    packed = PACKERS[kind](PLAIN)
    for cut in (len(packed) // 2, len(packed) - 3):
        file = _file(tmp_path / f"f.{kind}", packed[:cut], size=len(PLAIN))
        with pytest.raises(MetadataError) as caught:
            list(decompress.iter_plain(file))
        assert caught.value.number == 1304


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_garbage_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(MetadataError):
        list(decompress.iter_plain(_file(tmp_path / f"f.{kind}", os.urandom(5000))))


@pytest.mark.parametrize("kind", PACKERS)
def test_a_bomb_stops_at_the_stated_size(kind: str, tmp_path: Path) -> None:
    packed = PACKERS[kind](bytes(64 << 20 if kind != "xml" else 5 << 20))
    file = _file(tmp_path / f"f.{kind}", packed, size=1 << 20)
    tracemalloc.start()
    got = 0
    with pytest.raises(MetadataError):
        for piece in decompress.iter_plain(file):
            got += len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert got <= 1 << 20
    assert peak < 16 << 20


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_a_bomb_without_stated_size_stops_at_the_ceiling(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decompress, "FREE_OPEN", 1 << 18)
    file = _file(tmp_path / f"f.{kind}", PACKERS[kind](bytes(32 << 20)))
    with pytest.raises(MetadataError, match="not accepted"):
        list(decompress.iter_plain(file))


def test_less_than_stated_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MetadataError):
        list(decompress.iter_plain(_file(tmp_path / "f.gz", gzip.compress(b"abc"), size=4)))


def test_another_plain_checksum_is_refused(tmp_path: Path) -> None:
    wrong = Checksum("sha256", "0" * 64)
    file = _file(tmp_path / "f.gz", gzip.compress(b"abc"), size=3, checksum=wrong)
    with pytest.raises(MetadataError):
        list(decompress.iter_plain(file, verify=True))
    unsigned = file._replace(part=file.part._replace(checksum=None))
    with pytest.raises(MetadataError):
        list(decompress.iter_plain(unsigned))


def test_a_dictionary_that_needs_too_much_memory_is_refused(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30, "preset": 0}]
    packer = lzma.LZMACompressor(filters=filters)
    packed = packer.compress(b"abc")
    packed += packer.flush()
    with pytest.raises(MetadataError):
        list(decompress.iter_plain(_file(tmp_path / "f.xz", packed)))


def test_a_missing_file_is_a_system_error(tmp_path: Path) -> None:
    part = MetadataPart("primary", "repodata/x.gz", None, 0, None, 0)
    with pytest.raises(PkgmanError) as caught:
        list(decompress.iter_plain(MetadataFile(part, str(tmp_path / "x.gz"))))
    assert caught.value.number == 1602
