from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import FetchError, NotTrusted, PkgmanError
from repo_meta import cache, refresh, signature
from tests.unit.repo_meta.conftest import createrepo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pkgman.model.repo import RepoSnapshot, RepoSource
    from repo_meta.http import HttpFetcher
    from tests.unit.repo_meta.conftest import Server, Words


class Keys:
    """A GnuPG home with the keys one@x and two@x."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(mode=0o700)
        for name in ("one", "two"):
            self.gpg("--passphrase", "", "--quick-gen-key", f"{name} <{name}@x>", "ed25519", "sign", "never")

    def gpg(self, *words: str) -> bytes:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--yes", "-q", *words]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def public(self, *names: str, armor: bool = True) -> bytes:
        return self.gpg("--export", *["--armor"] * armor, *[f"{name}@x" for name in names])

    def sign(self, path: Path, *names: str, armor: bool = True) -> bytes:
        users = [word for name in names for word in ("-u", f"{name}@x")]
        return self.gpg(*users, *["--armor"] * armor, "--detach-sign", "-o", "-", str(path))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    made = Keys(tmp_path_factory.mktemp("keys") / "home")
    yield made
    subprocess.run(["gpgconf", "--homedir", str(made.home), "--kill", "all"], check=True)


@pytest.fixture
def signed(source: RepoSource, repo: Path, keys: Keys, server: Server) -> RepoSource:
    (repo / "repodata/repomd.xml.asc").write_bytes(keys.sign(repo / "repodata/repomd.xml", "one"))
    (repo / "key").write_bytes(keys.public("one"))
    return source._replace(repo_gpgcheck=True, gpgkeys=(f"{server.url}/key",))


def _load(source: RepoSource, fetcher: HttpFetcher, words: Words, *, again: bool = False) -> RepoSnapshot:
    return refresh.load(
        source,
        cache_only=False,
        refresh=again,
        fetcher=lambda: fetcher,
        report=words,
        progress=words,
        now=time.time(),
    )


def test_signed_metadata_is_accepted(signed: RepoSource, fetcher: HttpFetcher, words: Words) -> None:
    assert _load(signed, fetcher, words)
    assert sorted(os.listdir(signed.metadata_dir)) == ["lastrefresh", "repodata", "solvcache"]


def test_a_key_may_be_a_local_file(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path
) -> None:
    assert _load(signed._replace(gpgkeys=((repo / "key").as_uri(),)), fetcher, words)


def test_changed_metadata_is_refused_and_the_old_stays(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path
) -> None:
    first = _load(signed, fetcher, words)
    path = repo / "repodata/repomd.xml"
    path.write_bytes(path.read_bytes().replace(b"<revision>", b"<revision>1"))
    with pytest.raises(NotTrusted) as caught:
        _load(signed, fetcher, words, again=True)
    assert caught.value.number == 2004
    assert caught.value.lines[0].startswith("repo md signature check: ")
    assert caught.value.lines[2:] == (
        "Plugin error: repogpgcheck plugin error: failed to verify signature",
        "",
    )
    assert _load(signed, fetcher, words) == first
    assert not os.path.exists(cache.tmp_dir(signed))


def test_metadata_signed_by_a_replaced_key_is_refused(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys
) -> None:
    createrepo(repo, "--revision=7")
    (repo / "repodata/repomd.xml.asc").write_bytes(keys.sign(repo / "repodata/repomd.xml", "two"))
    with pytest.raises(NotTrusted):
        _load(signed, fetcher, words)
    assert not os.path.exists(cache.repomd_path(signed))


def test_every_signature_must_be_good(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys
) -> None:
    both = keys.sign(repo / "repodata/repomd.xml", "one", "two")
    (repo / "repodata/repomd.xml.asc").write_bytes(both)
    with pytest.raises(NotTrusted):
        _load(signed, fetcher, words)
    (repo / "key").write_bytes(keys.public("one") + keys.public("two"))
    assert _load(signed, fetcher, words)


@pytest.mark.parametrize("armor", [True, False])
def test_signatures_and_keys_may_be_binary(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys, armor: bool
) -> None:
    made = keys.sign(repo / "repodata/repomd.xml", "two", armor=armor)
    (repo / "repodata/repomd.xml.asc").write_bytes(made)
    (repo / "key").write_bytes(keys.public("one", "two", armor=armor))
    assert _load(signed, fetcher, words)


@pytest.mark.parametrize("text", [b"", b"garbage", b"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n"])
def test_what_is_no_signature_is_refused(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, text: bytes
) -> None:
    (repo / "repodata/repomd.xml.asc").write_bytes(text)
    with pytest.raises(NotTrusted):
        _load(signed, fetcher, words)


def test_a_public_key_in_place_of_the_signature_is_refused(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys
) -> None:
    (repo / "repodata/repomd.xml.asc").write_bytes(keys.public("one"))
    with pytest.raises(NotTrusted):
        _load(signed, fetcher, words)


def test_a_signed_message_is_no_detached_signature(keys: Keys, repo: Path) -> None:
    path = repo / "repodata/repomd.xml"
    message = keys.gpg("-u", "one@x", "--sign", "-o", "-", str(path))
    with pytest.raises(NotTrusted):
        signature.verify(path.read_bytes(), message, signature.read_keys(keys.public("one"), "key"))


def test_a_missing_signature_is_the_error_of_its_download(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path
) -> None:
    (repo / "repodata/repomd.xml.asc").unlink()
    with pytest.raises(FetchError) as caught:
        _load(signed, fetcher, words)
    assert caught.value.number == 1622


def test_without_a_key_nothing_is_trusted(signed: RepoSource, fetcher: HttpFetcher, words: Words) -> None:
    with pytest.raises(NotTrusted) as caught:
        _load(signed._replace(gpgkeys=()), fetcher, words)
    assert caught.value.number == 2004


def test_a_file_without_a_key_is_1505(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path
) -> None:
    for text in (b"", b"no key"):
        (repo / "key").write_bytes(text)
        with pytest.raises(PkgmanError) as caught:
            _load(signed, fetcher, words)
        assert caught.value.number == 1505


def test_an_expired_key_verifies_nothing_new(keys: Keys, repo: Path, tmp_path: Path) -> None:
    path = repo / "repodata/repomd.xml"
    old = ("--faked-system-time", "20200101T000000!")
    keys.gpg(*old, "--passphrase", "", "--quick-gen-key", "old <old@x>", "ed25519", "sign", "20200601T000000")
    late = keys.gpg(*old, "-u", "old@x", "--detach-sign", "-o", "-", str(path))
    certs = signature.read_keys(keys.public("old"), "key")
    # Made while the key was valid: good, like any signature whose key expired later.
    signature.verify(path.read_bytes(), late, certs)
