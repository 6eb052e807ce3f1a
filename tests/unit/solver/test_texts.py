"""Texts cut out of primary.xml and read back."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from solver import texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def package(summary: str, description: str = "d", url: str | None = "u", extra: str = "") -> str:
    link = "" if url is None else f"\n  <url>{url}</url>"
    return (
        f'<package type="rpm">\n  <name>n</name>\n  <summary>{summary}</summary>\n'
        f"  <description>{description}</description>\n  <packager>p</packager>{link}\n{extra}"
        "  <format>\n    <rpm:group>g</rpm:group>\n"
        '    <rpm:buildhost>h</rpm:buildhost>\n    <rpm:header-range start="1" end="2"/>\n'
        "  </format>\n</package>\n"
    )


class Cut:
    """What came of a document: the rest of it and the records."""

    def __init__(self, folder: Path, document: str, step: int = 1000) -> None:
        data = document.encode()
        self.descriptor = os.open(folder / "texts", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        cutter = texts.Cutter(self.descriptor)
        self.rest = b"".join(cutter.cut(data[i : i + step] for i in range(0, len(data), step))).decode()
        self.count = cutter.count
        self.store = texts.Store(self.descriptor, os.fstat(self.descriptor).st_size, self.count)

    def records(self) -> Iterator[texts.Texts | None]:
        return (self.store.read(position) for position in range(self.count))


def wrapped(*packages: str) -> str:
    return f'<?xml version="1.0"?>\n<metadata packages="{len(packages)}">\n{"".join(packages)}</metadata>\n'


def test_texts_come_back_unescaped_and_leave_the_document(tmp_path: Path) -> None:
    cut = Cut(
        tmp_path,
        wrapped(package("a &amp; &lt;b&gt; &#38;lt; &#x41;&#65;", "two\nlines"), package("s", "", None)),
    )
    assert list(cut.records()) == [
        texts.Texts("a & <b> &lt; AA", "u", "two\nlines"),
        texts.Texts("s", "", ""),
    ]
    assert cut.store.sound
    for tag in ("summary", "description", "packager", "url", "group", "buildhost", "header-range"):
        assert tag not in cut.rest
    assert cut.rest.count("<name>n</name>") == 2
    assert cut.rest.rstrip().endswith("</metadata>")


def test_references_to_characters_that_xml_forbids_stay_as_they_are(tmp_path: Path) -> None:
    (record,) = Cut(tmp_path, wrapped(package("&#27;[31m&#0;&#xd800;&#9999999;"))).records()
    assert record == texts.Texts("&#27;[31m&#0;&#xd800;&#9999999;", "u", "d")


@pytest.mark.parametrize("step", [1, 7, 1000, 1 << 22])
def test_it_does_not_matter_where_the_stream_is_cut(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "_PIECE", 500)
    document = wrapped(*(package(f"s{n}", f"d{n}") for n in range(40)))
    cut = Cut(tmp_path, document, step)
    assert [record.summary for record in cut.records() if record] == [f"s{n}" for n in range(40)]


def test_a_package_written_otherwise_keeps_its_texts_and_has_an_empty_record(tmp_path: Path) -> None:
    odd = package("odd").replace("<summary>odd</summary>", "<summary><![CDATA[odd]]></summary>")
    without = "<package type='x'><name>n</name></package>".replace("'", '"')
    cut = Cut(tmp_path, wrapped(package("a"), odd, package("b"), without, package("c")))
    assert [record and record.summary for record in cut.records()] == ["a", None, "b", None, "c"]
    assert "CDATA[odd]" in cut.rest


def test_two_texts_in_one_package_do_not_shift_the_others(tmp_path: Path) -> None:
    double = package("x").replace("<format>", "<summary>y</summary><description>z</description><format>")
    missing = '<package type="rpm"><name>n</name></package>'
    cut = Cut(tmp_path, wrapped(double, missing, package("c")))
    assert cut.count == 3
    records = list(cut.records())
    assert records[1] is None
    assert records[2] == texts.Texts("c", "u", "d")


def test_separators_inside_texts_do_not_shift_the_others(tmp_path: Path) -> None:
    cut = Cut(tmp_path, wrapped(package("a\0\1\0b"), package("c\0d"), package("e")))
    records = list(cut.records())
    assert cut.count == 3
    assert records[2] == texts.Texts("e", "u", "d")


def test_a_search_finds_summaries_and_descriptions_but_not_urls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "_PIECE", 64)
    cut = Cut(
        tmp_path,
        wrapped(
            package("Alpha", "x"),
            package("s", "an ALPHA b alpha"),
            package("s", "d", "alpha"),
            package("ä", "d"),
        ),
    )
    assert list(cut.store.search(b"aLpHa")) == [0, 1]
    assert list(cut.store.search("ä".encode())) == [3]
    assert list(cut.store.search(b"nothing")) == []


def test_a_search_agrees_with_reading_every_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_PIECE", 300)
    source = random.Random(5)
    words = ["ab", "abc", "b", "cab", "x y"]
    packages = [
        package(source.choice(words), " ".join(source.choices(words, k=3)), source.choice(words))
        for _ in range(200)
    ]
    cut = Cut(tmp_path, wrapped(*packages))
    records = list(cut.records())
    for term in (*words, "bc c", "zz"):
        expected = [i for i, r in enumerate(records) if r and (term in r.summary or term in r.description)]
        assert list(cut.store.search(term.encode())) == expected


def test_a_store_of_another_number_of_packages_is_not_sound(tmp_path: Path) -> None:
    cut = Cut(tmp_path, wrapped(package("a"), package("b")))
    size = os.fstat(cut.descriptor).st_size
    assert not texts.Store(cut.descriptor, size, 1).sound
    assert not texts.Store(cut.descriptor, size, 3).sound
    assert not texts.Store(cut.descriptor, 4, 3).sound
