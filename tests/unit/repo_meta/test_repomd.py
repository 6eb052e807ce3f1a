from __future__ import annotations

import pytest

from pkgman.model.errors import MetadataError
from pkgman.model.limits import MAX_REPOMD
from pkgman.model.package import Checksum
from repo_meta.repomd import parse_repomd, revision, safe_location

_SHA = "a" * 64
_SUM = f'<checksum type="sha256">{_SHA}</checksum>'


def _repomd(data: str, head: str = "") -> bytes:
    text = f'<?xml version="1.0"?>{head}<repomd xmlns="http://linux.duke.edu/metadata/repo">{data}</repomd>'
    return text.encode()


def _part(kind: str = "primary", href: str = "repodata/p.xml.gz", rest: str = _SUM) -> str:
    return f'<data type="{kind}"><location href="{href}"/>{rest}</data>'


def test_every_field_of_a_part_is_read() -> None:
    rest = (
        f'<checksum type="sha">{"B" * 40}</checksum><open-checksum type="sha256">{_SHA}</open-checksum>'
        "<size>12</size><open-size> 34 </open-size>"
    )
    (part,) = parse_repomd(_repomd(_part(rest=rest)))
    assert part.checksum == Checksum("sha1", "b" * 40)
    assert part.open_checksum == Checksum("sha256", _SHA)
    assert (part.kind, part.location, part.size, part.open_size) == ("primary", "repodata/p.xml.gz", 12, 34)


def test_unknown_kinds_and_compressions_are_left_out() -> None:
    others = (
        _part("primary_db", "repodata/p.sqlite.bz2")
        + _part("primary_zck", "repodata/p.xml.zck")
        + _part("modules", "repodata/m.yaml.gz")
        + _part("filelists", "repodata/f.xml.zck")
        + _part("updateinfo", "repodata/u.xml.zst")
    )
    parts = parse_repomd(_repomd(_part() + others))
    assert [part.kind for part in parts] == ["primary", "updateinfo"]


@pytest.mark.parametrize(
    "href",
    [
        "/etc/passwd.xml",
        "../p.xml.gz",
        "repodata/../../p.xml.gz",
        "%2e%2e/p.xml.gz",
        "..%2Fp.xml.gz",
        "http://host/p.xml.gz",
        "file:///p.xml.gz",
        "..\\p.xml.gz",
        "repodata/repomd.xml",
        "repodata/a&#10;b.xml.gz",
    ],
)
def test_location_outside_the_repository_is_refused(href: str) -> None:
    with pytest.raises(MetadataError, match="location"):
        parse_repomd(_repomd(_part(href=href)))


def test_dots_inside_names_are_no_step_up() -> None:
    assert safe_location("repodata/a..b.xml") == "repodata/a..b.xml"


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE r [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE r [<!ENTITY % p "y"> %p;]>',
    ],
)
def test_entities_are_refused(head: str) -> None:
    with pytest.raises(MetadataError):
        parse_repomd(_repomd(_part(), head))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><body>Log in</body></html>",
        b"<repomd>",
        b"\x1f\x8b\x08garbage",
        _repomd(""),
        _repomd(_part("filelists")),
        _repomd(_part(rest="<size>-1</size>")),
        _repomd(_part(rest=f"<size>{'9' * 5000}</size>")),
        _repomd(_part(rest='<checksum type="sha256">abc</checksum>')),
        _repomd(_part(rest='<checksum type="rot13">abc</checksum>')),
        _repomd(_part()) + b"trailing",
        b" " * (MAX_REPOMD + 1),
    ],
)
def test_what_is_no_repomd_is_refused(data: bytes) -> None:
    with pytest.raises(MetadataError) as caught:
        parse_repomd(data)
    assert caught.value.number == 1304


def test_a_part_nested_deeper_is_not_taken_for_one() -> None:
    nested = f"<tags>{_part('primary', 'repodata/evil.xml.gz')}</tags>"
    (part,) = parse_repomd(_repomd(nested + _part()))
    assert part.location == "repodata/p.xml.gz"


@pytest.mark.parametrize("kind", ["primary", "filelists", "updateinfo", "other"])
def test_a_part_without_a_checksum_is_refused(kind: str) -> None:
    text = _part(
        kind, "repodata/x.xml.gz", f'<open-checksum type="sha256">{_SHA}</open-checksum><size>1</size>'
    )
    with pytest.raises(MetadataError, match="no checksum"):
        parse_repomd(_repomd(("" if kind == "primary" else _part()) + text))


@pytest.mark.parametrize(
    ("text", "number"),
    [("<revision> 17 </revision>", 17), ("<revision>v2</revision>", None), ("", None), ("<revision/>", None),
     ("<tags><revision>5</revision></tags>", None)],
)  # fmt: skip
def test_a_revision_counts_when_it_is_a_number(text: str, number: int | None) -> None:
    assert revision(_repomd(text + _part())) == number
