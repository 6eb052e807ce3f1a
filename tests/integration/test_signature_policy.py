"""Signatures and keys as users meet them: what is refused in which words, what real keys are like."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.keys import Signer
from tests.support.repos import Repo, publish
from tests.support.rpms import Rpm, break_payload, copy, without_payload_digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.server import Server
    from tests.support.workshop import Workshop

ONE = Rpm("one", files={"/usr/share/one": "1\n" * 99})
TWO = Rpm("two", files={"/usr/share/two": "2\n" * 99})


@pytest.fixture
def unsigned(workshop: Workshop, tmp_path: Path) -> Path:
    """A copy of ``one`` without a signature."""
    (built,) = workshop.build(ONE, signed=False)
    return copy(built, tmp_path / "rpms")


def offer(root: Root, tmp_path: Path, signer: Signer | None, *paths: Path, **keys: object) -> Repo:
    """Publish the packages as repository ``own`` and configure it."""
    shutil.rmtree(tmp_path / "www/own", ignore_errors=True)
    repo = publish(tmp_path / "www/own", paths, id="own", signer=signer)
    root.add_repo(repo, **keys)
    return repo


@pytest.mark.parametrize(("digest", "word"), [("md5", "MD5"), ("sha1", "SHA-1")])
def test_a_weak_signature_is_refused_in_words_and_taken_on_purpose(
    tdnf: Tdnf, root: Root, workshop: Workshop, unsigned: Path, tmp_path: Path, digest: str, word: str
) -> None:
    workshop.signer.sign_rpms([unsigned], digest=digest)
    offer(root, tmp_path, workshop.signer, unsigned)
    done = tdnf("-y", "install", "one").failed(1473)
    assert f"it uses {word}" in done.stderr and "weak_signatures=1" in done.stderr
    assert "importing" not in done.stdout
    assert root.installed == [] and root.rpm("-q", "gpg-pubkey").status != 0
    assert '"Error":1473' in tdnf("-j", "-y", "install", "one").failed(1473).stdout
    offer(root, tmp_path, workshop.signer, unsigned, weak_signatures=True)
    tdnf("-y", "install", "one").ok()
    assert root.installed == ["one-1.0-1.noarch"]
    offer(root, tmp_path, workshop.signer, unsigned)
    tdnf("-y", "reinstall", "one").failed(1473)  # that the key is known changes nothing
    tdnf("-y", "--skipsignature", "reinstall", "one").ok()


def test_metadata_of_a_weak_or_revoked_key_are_refused_by_name(
    tdnf: Tdnf, root: Root, unsigned: Path, tmp_path: Path
) -> None:
    with Signer.create("Short <short@localhost>", algorithm="rsa1024") as signer:
        offer(root, tmp_path, signer, unsigned, repo_gpgcheck=True, gpgcheck=False)
        assert "1024 bits" in tdnf("makecache").failed(2004).stderr
        offer(root, tmp_path, signer, unsigned, repo_gpgcheck=True, gpgcheck=False, weak_signatures=True)
        tdnf("makecache").ok()
    with Signer.create("Gone <gone@localhost>") as signer:
        text = (signer.home / "openpgp-revocs.d" / f"{signer.fingerprint}.rev").read_text()
        (tmp_path / "revocation").write_text(text.replace(":-----BEGIN", "-----BEGIN"))
        repo = offer(root, tmp_path, signer, unsigned, repo_gpgcheck=True, gpgcheck=False)
        tdnf("--refresh", "makecache").ok()
        signer.gpg("--import", str(tmp_path / "revocation"))
        assert repo.key
        signer.write_public_key(repo.key)
        assert "revoked" in tdnf("--refresh", "makecache").failed(2004).stderr


def test_a_prolonged_key_is_good_for_packages_and_metadata(
    tdnf: Tdnf, root: Root, unsigned: Path, tmp_path: Path
) -> None:
    with Signer.create("Vendor <vendor@localhost>") as signer:
        signer.sign_rpms([unsigned])
        repo = offer(root, tmp_path, signer, unsigned, repo_gpgcheck=True)
        later = time.strftime("%Y%m%dT%H%M%S!", time.gmtime(time.time() + 120))
        signer.gpg("--faked-system-time", later, "--quick-set-expire", signer.fingerprint, "20990101T000000")
        assert repo.key
        signer.write_public_key(repo.key)
    tdnf("-y", "install", "one").ok()
    assert root.installed == ["one-1.0-1.noarch"]
    done = tdnf("-y", "reinstall", "one").ok()
    assert "importing" not in done.stdout


def test_a_vendor_who_changes_keys_signs_with_both(
    tdnf: Tdnf, root: Root, workshop: Workshop, unsigned: Path, tmp_path: Path
) -> None:
    new = workshop.other_signer("Next <next@localhost>")
    repo = offer(root, tmp_path, workshop.signer, unsigned, repo_gpgcheck=True, gpgcheck=False)
    place = repo.repomd.with_name("repomd.xml.asc")
    both = b""
    for signer in (new, workshop.signer):
        both += signer.sign_detached(repo.repomd, armored=False).read_bytes()
    place.write_bytes(both)
    tdnf("makecache").ok()
    assert repo.key
    new.write_public_key(repo.key)
    tdnf("--refresh", "makecache").ok()
    workshop.other_signer("Stranger <stranger@localhost>").write_public_key(repo.key)
    assert "no key of the repository verifies it" in tdnf("--refresh", "makecache").failed(2004).stderr


def test_a_package_of_old_rpm_is_installed_and_a_changed_one_refused(
    tdnf: Tdnf, root: Root, workshop: Workshop, unsigned: Path, tmp_path: Path
) -> None:
    workshop.signer.sign_rpms([without_payload_digest(unsigned)], whole=True)
    changed = break_payload(copy(unsigned, tmp_path / "changed"))
    offer(root, tmp_path, workshop.signer, unsigned)
    tdnf("-y", "install", "one").ok()
    assert root.installed == ["one-1.0-1.noarch"]
    tdnf("-y", "remove", "one").ok()
    offer(root, tmp_path, workshop.signer, changed)
    tdnf("clean", "all").ok()
    assert "what was signed has changed" in tdnf("-y", "install", "one").failed(1472).stderr
    assert root.installed == []
    tdnf("-y", "install", changed).failed(1472)


def test_a_repository_without_gpgkey_has_the_keys_given_to_rpm(
    tdnf: Tdnf, root: Root, workshop: Workshop, make_repo: Callable[..., Repo]
) -> None:
    repo = make_repo("own", ONE)
    root.add_repo(repo, gpgkey=None)
    assert "NOKEY" in tdnf("-y", "install", "one").failed(1523).stderr
    root.rpm("--import", str(repo.key)).ok()
    done = tdnf("install", "one", stdin="y\n").ok()  # one question, none of it about a key
    assert root.installed == ["one-1.0-1.noarch"] and "importing" not in done.stdout
    # One with a gpgkey has its own alone.
    stranger = workshop.other_signer("Stranger <stranger@localhost>")
    root.add_repo(repo, gpgkey=f"file://{stranger.write_public_key(root.scratch / 'stranger')}")
    tdnf("-y", "reinstall", "one").failed(1514)


def test_a_key_that_rpm_does_not_take_stops_no_other(
    tdnf: Tdnf, root: Root, tmp_path: Path, make_repo: Callable[..., Repo]
) -> None:
    repo = make_repo("own", ONE)
    with Signer.create("Curve <curve@localhost>", algorithm="nistp256") as signer:
        other = signer.write_public_key(tmp_path / "curve")
    root.add_repo(repo, gpgkey=f"file://{other} file://{repo.key}")
    assert "rpm does not take it" in tdnf("-y", "install", "one").ok().stderr
    assert "not imported" not in tdnf("-y", "reinstall", "one").ok().stderr


def test_a_login_page_in_the_place_of_a_key_does_not_stay(
    tdnf: Tdnf, root: Root, server: Server, make_repo: Callable[..., Repo]
) -> None:
    repo = make_repo("own", ONE)
    root.add_repo(
        repo, baseurl=server.url("own"), gpgkey=server.url("own/key"), repo_gpgcheck=True, retries=0
    )
    (repo.path / "key").write_text("<html>log in</html>\n")
    for _ in range(2):
        tdnf("-y", "install", "one").failed(1505)
    assert repo.key
    shutil.copy(repo.key, repo.path / "key")
    tdnf("-y", "install", "one").ok()
    assert root.installed == ["one-1.0-1.noarch"]


@pytest.mark.parametrize("checks", [{"gpgcheck": True}, {"gpgcheck": False, "repo_gpgcheck": True}])
def test_the_url_of_a_key_stays_on_its_server(
    tdnf: Tdnf, root: Root, server: Server, make_repo: Callable[..., Repo], checks: dict[str, bool]
) -> None:
    repo = make_repo("own", ONE)
    url = f"{server.url('').rstrip('/')}/../own/RPM-GPG-KEY"
    root.add_repo(repo, gpgkey=url, **checks)
    tdnf("-y", "install", "one").failed(1507)
    assert root.rpm("-q", "gpg-pubkey").status != 0
    assert not [path for path in server.paths if "KEY" in path]
