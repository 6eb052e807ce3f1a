from __future__ import annotations

import pytest

from pkgman.model.errors import PkgmanError
from plugins.metalink import parse_metalink

_GOOD = '<hash type="sha256">' + "a" * 64 + "</hash>"


def _link(urls: str, hashes: str = _GOOD, name: str = "repomd.xml") -> bytes:
    return (
        '<?xml version="1.0"?><metalink version="3.0" xmlns="http://www.metalinker.org/"><files>'
        f'<file name="{name}"><size>5</size><verification>{hashes}</verification>'
        f"<resources>{urls}</resources></file></files></metalink>"
    ).encode()


def _url(base: str, preference: str = "") -> str:
    attribute = f' preference="{preference}"' if preference else ""
    return f'<url protocol="http" type="http"{attribute}>{base}/repodata/repomd.xml</url>'


def test_urls_come_by_preference() -> None:
    urls = _url("http://a") + _url("http://b", "50") + _url("http://c", "100") + _url("http://d", "50")
    found = parse_metalink(_link(urls + _url("rsync://e", "99"))).base_urls
    assert found == ("http://c/", "http://b/", "http://d/", "http://a/")


def test_the_strongest_wellformed_checksums_count() -> None:
    hashes = (
        f'<hash type="sha512">short</hash><hash type="sha-1">{"B" * 40}</hash>'
        f'<hash type="md5">{"c" * 32}</hash><hash type="sha1">{"d" * 40}</hash><hash type="other">1</hash>'
    )
    assert [item.hex[0] for item in parse_metalink(_link(_url("http://a"), hashes)).checksums] == ["b", "d"]


@pytest.mark.parametrize(
    ("data", "number"),
    [
        (b"<metalink>", 1622),
        (_link(_url("http://a"), name="other.xml"), 1622),
        (_link(_url("http://a", "x")), 1622),
        (_link(_url("http://a", "101")), 2708),
        (_link(_url("http://a", "-1")), 2708),
        (_link(_url("http://a"), "<hash>abc</hash>"), 1622),
        (_link("<url>http://a/else</url>"), 1004),
        (b'<!DOCTYPE m [<!ENTITY a "x">]>' + _link(_url("http://a"))[21:], 1622),
    ],
)
def test_what_is_no_metalink_is_refused(data: bytes, number: int) -> None:
    with pytest.raises(PkgmanError) as caught:
        parse_metalink(data)
    assert caught.value.number == number


@pytest.mark.parametrize(
    "data", [b"", b" \n", _link(""), _link(_url("file:///etc")), _link(_url("rsync://a"))]
)
def test_a_metalink_may_name_no_url(data: bytes) -> None:
    assert parse_metalink(data).base_urls == ()


def test_a_metalink_of_this_machine_may_name_its_folders() -> None:
    assert parse_metalink(_link(_url("file:///srv")), local=True).base_urls == ("file:///srv/",)


@pytest.mark.parametrize(
    ("hashes", "known", "good"),
    [
        ("", 0, 0),
        ('<hash type="sha3">00</hash>', 0, 0),
        ('<hash type="sha256">00</hash>', 1, 0),
        (f'<hash type="sha256">{"g" * 64}</hash>', 1, 0),
        (f'<hash type="sha256">{"0" * 63}</hash><hash type="sha1">{"0" * 40}</hash>', 2, 1),
        (f'<hash type="SHA-512">\n{"0" * 128} </hash><hash type="md5">{"0" * 32}</hash>', 2, 1),
    ],
)
def test_malformed_hashes_are_as_if_not_there(hashes: str, known: int, good: int) -> None:
    link = parse_metalink(_link(_url("http://a"), hashes))
    assert (link.hashes, len(link.checksums)) == (known, good)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("strongest", ["md5", "sha1", "sha256", "sha512"])
def test_the_strongest_kind_wins_wherever_it_stands(strongest: str, order: int) -> None:
    sizes = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
    kinds = list(sizes)[: list(sizes).index(strongest) + 1]
    hashes = [f'<hash type="{kind}">{"a" * sizes[kind]}</hash>' for kind in kinds]
    (found,) = parse_metalink(_link(_url("http://a"), "".join(hashes[::order]))).checksums
    assert found.kind == strongest
