from __future__ import annotations

import os
import re
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from pysequoia.packet import PacketPile

from pkgman.model.errors import (
    Aborted,
    CacheMissing,
    EndOfInput,
    FetchError,
    MetadataError,
    NotTrusted,
    PkgmanError,
)
from repo_meta import cache, refresh, signature
from tests.unit.repo_meta.conftest import createrepo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pkgman.model.repo import RepoSnapshot, RepoSource
    from repo_meta.http import HttpFetcher
    from tests.unit.repo_meta.conftest import Server, Words


pytestmark = pytest.mark.slow


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
    assert sorted(os.listdir(signed.metadata_dir)) == ["lastrefresh", "repodata", "trusted-keys"]


def test_a_key_may_be_a_local_file_and_needs_no_question(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path
) -> None:
    assert _load(signed._replace(gpgkeys=((repo / "key").as_uri(),)), fetcher, words)
    assert words.questions == 0


def _sign(repo: Path, keys: Keys, name: str, revision: int | None = None) -> None:
    path = repo / "repodata/repomd.xml"
    if revision is not None:
        path.write_text(
            re.sub("<revision>.*?</revision>", f"<revision>{revision}</revision>", path.read_text())
        )
    path.with_name("repomd.xml.asc").write_bytes(keys.sign(path, name))


def _fingerprint(keys: Keys, name: str) -> str:
    (cert,) = signature.read_keys(keys.public(name), "key")
    text = cert.fingerprint.upper()
    return " ".join(text[index : index + 4] for index in range(0, len(text), 4))


def test_a_key_from_a_server_is_shown_confirmed_once_and_kept(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys, server: Server
) -> None:
    _load(signed, fetcher, words)
    shown = words.infos.index(f"trusting metadata of 'lab' by the key from {server.url}/key")
    assert words.infos[shown + 1 : shown + 3] == [
        "    one <one@x>",
        f"    Fingerprint: {_fingerprint(keys, 'one')}",
    ]
    (repo / "key").unlink()  # a server that is away does not matter any more
    _sign(repo, keys, "one", 2000000000)
    _load(signed, fetcher, words, again=True)
    assert words.questions == 1


@pytest.mark.parametrize(("answer", "error"), [(False, Aborted), (None, EndOfInput)])
def test_without_a_yes_a_servers_key_is_not_trusted(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, answer: bool | None, error: type[PkgmanError]
) -> None:
    for _ in range(2):
        words.answer = answer
        with pytest.raises(error):
            _load(signed, fetcher, words)
        assert not os.path.exists(cache.repomd_path(signed))
    assert words.questions == 2
    words.answer = True
    assert _load(signed, fetcher, words)


@pytest.mark.parametrize("files", [1, 2])
def test_two_halves_of_a_key_that_nobody_was_asked_about_do_not_count(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys, server: Server, files: int
) -> None:
    """Neither half can sign anything, so neither is worth a question; together they could sign."""
    name = f"half{files}"
    keys.gpg("--passphrase", "", "--quick-gen-key", f"{name} <{name}@x>", "ed25519", "cert", "never")
    listing = keys.gpg("--with-colons", "--list-keys", f"{name}@x").decode()
    owner = next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))
    keys.gpg("--passphrase", "", "--quick-add-key", owner, "ed25519", "sign", "never")
    pile = PacketPile.from_bytes(keys.public(name, armor=False))
    primary, user, certification, subkey, binding = (bytes(item) for item in pile)
    halves = primary + user + certification, primary + subkey + binding
    (repo / "key").write_bytes(halves[0] if files == 2 else b"".join(halves))
    (repo / "more").write_bytes(halves[1])
    _sign(repo, keys, name)
    both = signed._replace(gpgkeys=tuple(f"{server.url}/{file}" for file in ("key", "more")[:files]))
    with pytest.raises(NotTrusted, match="made by key"):
        _load(both, fetcher, words)
    assert words.questions == 0
    (repo / "more").write_bytes(keys.public(name))
    assert _load(both._replace(gpgkeys=(f"{server.url}/key", f"{server.url}/more")), fetcher, words)
    assert words.questions == 1


def test_another_key_on_the_server_is_refused_until_the_old_one_is_forgotten(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys
) -> None:
    first = _load(signed, fetcher, words)
    (repo / "key").write_bytes(keys.public("two"))
    _sign(repo, keys, "two", 2000000000)
    with pytest.raises(NotTrusted) as caught:
        _load(signed, fetcher, words, again=True)
    text = "\n".join(caught.value.lines)
    assert caught.value.number == 2004
    assert f"confirmed:  {_fingerprint(keys, 'one')}" in text
    assert f"now served: {_fingerprint(keys, 'two')}" in text
    assert "tdnf clean keys" in text
    assert words.questions == 1
    assert _load(signed, fetcher, words) == first
    cache.clean(signed, ["keys"])
    assert _load(signed, fetcher, words, again=True) != first
    assert words.questions == 2


def test_a_key_that_was_added_on_the_server_is_not_trusted(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys
) -> None:
    _load(signed, fetcher, words)
    (repo / "key").write_bytes(keys.public("one", "two"))
    _sign(repo, keys, "two", 2000000000)
    with pytest.raises(NotTrusted):
        _load(signed, fetcher, words, again=True)
    _sign(repo, keys, "one")
    assert _load(signed, fetcher, words, again=True)


def test_the_same_key_with_a_later_end_is_taken_over(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys
) -> None:
    past = ("--faked-system-time", "20200101T000000!")
    keys.gpg(
        *past, "--passphrase", "", "--quick-gen-key", "ext <ext@x>", "ed25519", "sign", "20200601T000000"
    )
    (repo / "key").write_bytes(keys.public("ext"))
    path = repo / "repodata/repomd.xml"
    made = keys.gpg(*past, "-u", "ext@x", "--armor", "--detach-sign", "-o", "-", str(path))
    path.with_name("repomd.xml.asc").write_bytes(made)
    _load(signed, fetcher, words)
    listing = keys.gpg("--with-colons", "--list-keys", "ext@x").decode()
    whole = next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))
    keys.gpg("--passphrase", "", "--pinentry-mode", "loopback", "--quick-set-expire", whole, "0")
    _sign(repo, keys, "ext", 2000000000)
    with pytest.raises(NotTrusted):  # the key as kept has ended
        _load(signed, fetcher, words, again=True)
    (repo / "key").write_bytes(keys.public("ext"))
    assert _load(signed, fetcher, words, again=True)
    assert words.questions == 1


@pytest.mark.parametrize("keep_note", [False, True])
def test_turning_the_check_on_does_not_trust_what_is_cached(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, server: Server, keep_note: bool
) -> None:
    unchecked = signed._replace(repo_gpgcheck=False)
    _load(unchecked, fetcher, words)
    if not keep_note:
        cache.clean(signed, ["dbcache"])
        _load(unchecked, fetcher, words)  # notes the digest of what is cached again
    with pytest.raises(CacheMissing) as caught:
        refresh.load(
            signed,
            cache_only=True,
            refresh=False,
            fetcher=lambda: fetcher,
            report=words,
            progress=words,
            now=time.time(),
        )
    assert caught.value.number == 1034
    assert "'lab'" in caught.value.lines[0]
    asc = repo / "repodata/repomd.xml.asc"
    good = asc.read_bytes()
    asc.write_bytes(b"")
    with pytest.raises(NotTrusted):
        _load(signed, fetcher, words)
    asc.write_bytes(good)
    assert _load(signed, fetcher, words)
    before = len(server.asked)
    assert _load(signed, fetcher, words)  # now it is noted
    assert len(server.asked) == before


def test_an_older_repomd_is_refused_though_its_signature_is_good(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys
) -> None:
    _sign(repo, keys, "one", 1800000002)
    first = _load(signed, fetcher, words)
    _sign(repo, keys, "one", 1800000001)
    with pytest.raises(MetadataError) as caught:
        _load(signed, fetcher, words, again=True)
    assert caught.value.number == 1304
    assert "1800000001" in caught.value.lines[0] and "1800000002" in caught.value.lines[0]
    assert _load(signed, fetcher, words) == first
    _sign(repo, keys, "one", 1800000003)
    assert _load(signed, fetcher, words, again=True) != first
    cache.clean(signed, ["metadata"])
    _sign(repo, keys, "one", 1800000001)
    assert _load(signed, fetcher, words, again=True)
    assert _load(signed._replace(repo_gpgcheck=False), fetcher, words, again=True)


def test_a_directory_at_the_place_of_a_cached_part_is_replaced(
    signed: RepoSource, fetcher: HttpFetcher, words: Words
) -> None:
    snapshot = _load(signed, fetcher, words)
    part = next(part for part in snapshot.parts if part.kind == "filelists")
    os.makedirs(f"{cache.part_path(signed.metadata_dir, part)}/full")
    found = refresh.fetch_part(signed, snapshot, "filelists", fetcher=lambda: fetcher, progress=words)
    assert found is not None and os.path.isfile(found.path)


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


def test_one_of_two_signatures_may_be_by_a_key_to_come(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys
) -> None:
    """A vendor who changes keys signs with both for a time."""
    both = keys.sign(repo / "repodata/repomd.xml", "two", "one")
    (repo / "repodata/repomd.xml.asc").write_bytes(both)
    assert _load(signed, fetcher, words)
    (repo / "key").write_bytes(keys.public("two"))
    cache.clean(signed, ["keys"])
    assert _load(signed, fetcher, words, again=True)


@pytest.mark.parametrize("order", [1, -1])
def test_every_armored_block_must_hold_a_good_signature(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys, order: int
) -> None:
    path = repo / "repodata/repomd.xml"
    blocks = [keys.sign(path, name) for name in ("one", "two")][::order]
    path.with_name("repomd.xml.asc").write_bytes(b"".join(blocks))
    with pytest.raises(NotTrusted, match="no key of the repository verifies it"):
        _load(signed, fetcher, words)
    (repo / "key").write_bytes(keys.public("one") + keys.public("two"))
    cache.clean(signed, ["keys"])
    assert _load(signed, fetcher, words)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("armor", [True, False])
def test_a_good_signature_does_not_cover_up_a_wrong_one(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys, order: int, armor: bool
) -> None:
    path = repo / "repodata/repomd.xml"
    old = keys.sign(path, "one", armor=armor)
    path.write_bytes(path.read_bytes() + b"\n")
    path.with_name("repomd.xml.asc").write_bytes(
        b"".join([old, keys.sign(path, "one", armor=armor)][::order])
    )
    with pytest.raises(NotTrusted, match="what was signed has changed"):
        _load(signed, fetcher, words)


@pytest.mark.parametrize("bad", [b"<html>log in</html>\n", b"", None])
def test_a_key_file_that_is_none_does_not_stop_the_others(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys, bad: bytes | None
) -> None:
    if bad is not None:
        (repo / "bad").write_bytes(bad)
    urls = ((repo / "bad").as_uri(), *signed.gpgkeys)
    assert _load(signed._replace(gpgkeys=urls), fetcher, words)
    assert [line for line in words.diagnostics if "bad" in line]
    _sign(repo, keys, "two", 2000000000)
    with pytest.raises(NotTrusted):
        _load(signed._replace(gpgkeys=urls), fetcher, words, again=True)


@pytest.mark.parametrize("text", ["", "<revision></revision>", "<revision>latest</revision>"])
def test_a_signed_repomd_without_a_revision_does_not_reset_the_check_of_age(
    signed: RepoSource, fetcher: HttpFetcher, words: Words, repo: Path, keys: Keys, text: str
) -> None:
    path = repo / "repodata/repomd.xml"
    _sign(repo, keys, "one", 1800000002)
    _load(signed, fetcher, words)
    path.write_text(re.sub("<revision>.*?</revision>", text, path.read_text()))
    _sign(repo, keys, "one")
    with pytest.raises(MetadataError, match="has no revision, and 1800000002 was accepted before"):
        _load(signed, fetcher, words, again=True)
    cache.clean(signed, ["metadata"])
    assert _load(signed, fetcher, words, again=True)


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
