from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from pkgman.model.changelog import Changelog
from pkgman.model.errors import MetadataError
from repo_meta.changelogs import changelogs_of

if TYPE_CHECKING:
    from collections.abc import Iterator

A, B, C = "a" * 64, "b" * 64, "c" * 64
XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<otherdata xmlns="http://linux.duke.edu/metadata/other" packages="3">
<package pkgid="{A}" name="alpha" arch="x86_64">
  <version epoch="0" ver="1.0" rel="1"/>
  <changelog author="First &lt;f@x&gt; 1-1" date="1577880000">- one &amp; only</changelog>
  <changelog date='1675339200' author='Sécond "&lt;"  >'>- two
- lines</changelog>
  <changelog author="Third" date="1675339200">later of one time</changelog>
  <changelog author="Nothing" date="never"/>
</package>
<package pkgid="{B}" name="beta" arch="noarch"><version rel='2' ver='2.0' epoch='1'/></package>
<package pkgid="{C}" name="gamma" arch="noarch">
  <version epoch="0" ver="1" rel="1"/>
  <changelog author="x" date="5">y</changelog>
</package>
</otherdata>
""".encode()
ALPHA = (
    Changelog(1675339200, "Third", "later of one time"),
    Changelog(1675339200, 'Sécond "<"  >', "- two\n- lines"),
    Changelog(1577880000, "First <f@x> 1-1", "- one & only"),
    Changelog(0, "Nothing", ""),
)


def cut(size: int, data: bytes = XML) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 7, 64, 200, 100_000])
def test_entries_come_newest_first_however_the_text_is_cut(size: int) -> None:
    assert changelogs_of(cut(size), [A, B]) == {A: ALPHA, B: ()}


def test_a_package_that_is_not_there_is_left_out() -> None:
    assert changelogs_of(cut(64), [C, "d" * 64]) == {C: (Changelog(5, "x", "y"),)}


def test_reading_stops_when_all_is_found() -> None:
    pieces = cut(64)
    assert list(changelogs_of(pieces, [B])) == [B]
    assert b"".join(pieces).endswith(b"</otherdata>\n")


@pytest.mark.parametrize("data", [b"", XML[:600], b"<filelists></filelists>"])
def test_what_ends_too_early_is_refused(data: bytes) -> None:
    with pytest.raises(MetadataError, match=r"other ends too early or is no other\.xml"):
        changelogs_of(cut(64, data), [C])


def test_an_endless_element_is_refused() -> None:
    head = XML[: XML.index(b"- one")]
    with pytest.raises(MetadataError, match="other has an element of more than"):
        changelogs_of((head, *(b"x" * 65536 for _ in range(100))), [A])


def test_memory_holds_one_piece_of_what_is_not_wanted() -> None:
    entry = b'  <changelog author="a" date="1">' + b"x" * 900 + b"</changelog>\n"

    def pieces() -> Iterator[bytes]:
        yield XML[: XML.index(b"</otherdata>")]
        for number in range(60):
            yield b'<package pkgid="%064d" name="n" arch="a"><version epoch="0" ver="1" rel="1"/>' % number
            yield entry * 1000
            yield b"</package>"
        yield b"</otherdata>"

    tracemalloc.start()
    try:
        assert changelogs_of(pieces(), ["e" * 64]) == {}
        assert tracemalloc.get_traced_memory()[1] < 8 << 20  # of 54 MiB
    finally:
        tracemalloc.stop()
