from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from pkgman.model.errors import PkgmanError
from repo_meta import cache, refresh
from repo_meta.metalink import parse_metalink
from tests.unit.repo_meta.conftest import createrepo

if TYPE_CHECKING:
    from pathlib import Path

    from pkgman.model.repo import RepoSource
    from repo_meta.http import HttpFetcher
    from tests.unit.repo_meta.conftest import Server, Words

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
        (b"", 1622),
        (_link(_url("http://a"), name="other.xml"), 1622),
        (_link(_url("http://a", "x")), 1622),
        (_link(_url("http://a", "101")), 2708),
        (_link(_url("http://a", "-1")), 2708),
        (_link(_url("http://a"), "<hash>abc</hash>"), 1622),
        (_link(""), 2500),
        (_link(_url("file:///etc")), 2500),
        (_link("<url>http://a/else</url>"), 1004),
        (_link(_url("http://a"), ""), 1004),
        (b'<!DOCTYPE m [<!ENTITY a "x">]>' + _link(_url("http://a"))[21:], 1622),
    ],
)
def test_what_is_no_metalink_is_refused(data: bytes, number: int) -> None:
    with pytest.raises(PkgmanError) as caught:
        parse_metalink(data)
    assert caught.value.number == number


@pytest.fixture
def load(source: RepoSource, server: Server, fetcher: HttpFetcher, words: Words, repo: Path) -> Any:
    def run(*, again: bool = False) -> Any:
        return refresh.load(
            source._replace(baseurls=(), metalink=f"{server.url}/metalink"),
            cache_only=False,
            refresh=again,
            fetcher=lambda: fetcher,
            report=words,
            progress=words,
            now=time.time(),
        )

    return run


def _write(repo: Path, server: Server, digest: str = "") -> None:
    digest = digest or hashlib.sha256((repo / "repodata/repomd.xml").read_bytes()).hexdigest()
    urls = _url(f"{server.url}/none", "100") + _url(server.url)
    (repo / "metalink").write_bytes(_link(urls, f'<hash type="sha256">{digest}</hash>'))


def test_a_metalink_leads_to_verified_metadata(
    load: Any, repo: Path, server: Server, source: RepoSource
) -> None:
    _write(repo, server)
    first = load()
    assert os.path.exists(cache.metalink_path(source))
    assert load(again=True) == first
    createrepo(repo, "--revision=3")
    _write(repo, server)
    assert load(again=True) != first
    assert os.path.exists(cache.metalink_path(source))


def test_another_repomd_than_the_metalink_says_is_2501(
    load: Any, repo: Path, server: Server, source: RepoSource
) -> None:
    _write(repo, server)
    first = load()
    createrepo(repo, "--revision=3")
    with pytest.raises(PkgmanError) as caught:
        load(again=True)
    assert caught.value.number == 2501
    assert caught.value.lines[0].startswith(
        f"Error: Validating Checksum ({source.metadata_dir}/tmp/repomd.xml)"
    )
    assert load() == first
    assert not os.path.exists(cache.tmp_dir(source))
