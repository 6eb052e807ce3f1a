"""Mirrorlists: what they say, and that they are judged before they are stored."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import PkgmanError
from pkgman.model.limits import MAX_MIRRORS
from repo_meta import cache, mirror
from repo_meta.mirror import parse_mirrorlist
from tests.unit.repo_meta.conftest import body, status

if TYPE_CHECKING:
    from pathlib import Path

    from pkgman.model.repo import RepoSource
    from repo_meta.http import HttpFetcher
    from tests.unit.repo_meta.conftest import Server, Words

URL = "http://m.example/x/"


@pytest.mark.parametrize(
    "data",
    [
        f"{URL}\n".encode(),
        f"# c\r\n\r\n{URL}\r\n".encode(),
        b"\xef\xbb\xbf" + URL.encode(),
        b"\xff\xfe" + f"{URL}\n".encode("utf-16-le"),
        b"\xfe\xff" + f"{URL}\n".encode("utf-16-be"),
        b"HTTP://m.example/x/\n",
        b"hTTp://m.example/x/\n" + f"{URL}\n".encode(),
    ],
)
def test_lists_as_servers_write_them(data: bytes) -> None:
    assert parse_mirrorlist(data) == ((URL,), ())


@pytest.mark.parametrize(
    "line",
    [
        b"rsync://m.example/x", b"not a url", b"<html>", b"file:///etc", b"FILE:///etc", b"/etc", b"http://",
        b"http://[bad/", b"http://h:port/", b"http://h/a b", b"\xff\xfe\xfd", b"http://h/\xff", b"http://h/<b>",
        b"ftp", b"://x", b"http://h/\x01",
    ],
)  # fmt: skip
def test_a_line_that_is_no_url_of_a_mirror_is_passed_over(line: bytes) -> None:
    found = parse_mirrorlist(
        line + b"\n" + URL.encode() + b"\n" if line[:1] != b"\xff" else b" " + line + b"\n" + URL.encode()
    )
    assert found.urls == (URL,)
    assert len(found.unusable) == 1


def test_a_list_of_this_machine_may_name_its_folders() -> None:
    assert parse_mirrorlist(b"file:///srv/x\nFILE:///srv/y\n", local=True).urls == (
        "file:///srv/x",
        "file:///srv/y",
    )


@pytest.fixture
def listed(source: RepoSource, server: Server) -> RepoSource:
    return source._replace(mirrorlist=f"{server.url}/list", baseurls=(), retries=0)


@pytest.mark.parametrize(
    "bad", [b"", b"<html>please log in</html>\n", b"\x00\xff\xfe" * 50, b"# nothing\n", b"rsync://x/\n"]
)
def test_a_list_without_any_url_is_not_stored(
    listed: RepoSource, server: Server, fetcher: HttpFetcher, words: Words, bad: bytes
) -> None:
    server.fault("/list", body(bad))
    with pytest.raises(PkgmanError) as caught:
        mirror.base_urls(listed, fetcher, report=words)
    assert caught.value.number == 2500
    assert "names no URL" in caught.value.lines[1]
    assert not os.path.exists(cache.mirrorlist_path(listed))
    server.fault("/list", body(URL.encode()))
    assert mirror.base_urls(listed, fetcher, report=words) == (URL,)
    assert mirror.base_urls(listed, fetcher, report=words) == (URL,)
    assert server.asked == ["/list", "/list"]


def test_a_stored_list_that_is_damaged_is_fetched_again(
    listed: RepoSource, server: Server, fetcher: HttpFetcher, words: Words
) -> None:
    server.fault("/list", body(URL.encode()))
    os.makedirs(listed.metadata_dir)
    for damage in (b"", b"<html>\n", bytes(2 << 20), b"\xff\xff"):
        with open(cache.mirrorlist_path(listed), "wb") as stream:
            stream.write(damage)
        assert mirror.base_urls(listed, fetcher, report=words) == (URL,)
    assert server.asked == ["/list"] * 4


def test_many_mirrors_are_capped_and_said(
    listed: RepoSource, server: Server, fetcher: HttpFetcher, words: Words
) -> None:
    server.fault("/list", body(b"".join(b"http://m%d.example/\n" % n for n in range(9000))))
    for _ in range(2):
        assert len(mirror.base_urls(listed, fetcher, report=words)) == MAX_MIRRORS
    assert [text for text in words.diagnostics if "9000" in text]


@pytest.mark.parametrize("fault", [status(404), status(500), body(b"<html>login</html>")])
def test_when_no_mirror_of_a_stored_list_does_it_is_fetched_again(
    listed: RepoSource, server: Server, fetcher: HttpFetcher, words: Words, repo: Path, fault: object
) -> None:
    from repo_meta.refresh import load

    def run() -> None:
        load(
            listed,
            cache_only=False,
            refresh=True,
            fetcher=lambda: fetcher,
            report=words,
            progress=words,
            now=0.0,
        )

    server.fault("/list", body(f"{server.url}/old/\n".encode()))
    (repo / "old").symlink_to(repo)
    run()
    server.fault("/old/repodata/repomd.xml", fault)  # type: ignore[arg-type]
    server.fault("/list", body(f"{server.url}/old/\n{server.url}\n".encode()))
    server.asked.clear()
    run()
    assert server.asked.count("/list") == 1
    assert server.asked.count("/old/repodata/repomd.xml") == 1, "a mirror that failed is not asked again"
    assert server.asked.count("/repodata/repomd.xml") == 1


def test_a_list_that_is_still_the_same_changes_nothing(
    listed: RepoSource, server: Server, fetcher: HttpFetcher, words: Words
) -> None:
    tried: list[tuple[str, ...]] = []

    def use(bases: tuple[str, ...]) -> None:
        tried.append(bases)
        raise PkgmanError if len(tried) > 9 else mirror.FetchError("gone", number=1207)

    server.fault("/list", body(URL.encode()))
    for _ in range(2):
        with pytest.raises(mirror.FetchError, match="gone"):
            mirror.with_mirrors(listed, fetcher, use, progress=words, report=words)
    assert tried == [(URL,), (URL,)]
    assert server.asked == ["/list", "/list"]
