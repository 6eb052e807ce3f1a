"""The plugin tdnfrepogpgcheck with a real gpg: whose signature counts, and what the cache remembers of it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.pluginworld import Plugged, digest, metalink
from tests.support.rpms import Rpm
from tests.support.server import status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.cli import Result, Root, Tdnf
    from tests.support.keys import Signer
    from tests.support.repos import Repo
    from tests.support.server import Server
    from tests.support.workshop import Workshop

ONE = Rpm("one", files={"/usr/share/one/data": "1\n"})
NAME = "Repository own"
SYNC = f"Error: Failed to synchronize cache for repo '{NAME}'"


class Ring:
    """The key ring of whoever calls tdnf: a GNUPGHOME of its own, empty at first."""

    def __init__(self, home: Path, tdnf: Tdnf) -> None:
        self.home, self._tdnf = home, tdnf
        home.mkdir(mode=0o700)

    def gpg(self, *words: str, data: bytes = b"") -> None:
        """Run gpg on it."""
        command = ["gpg", "--homedir", str(self.home), "--batch", "--no-tty", "-q", *words]
        subprocess.run(command, input=data, check=True, capture_output=True)

    def add(self, signer: Signer) -> None:
        """Import a public key."""
        self.gpg("--import", data=signer.public_key())

    def __call__(self, *words: str, **environment: str) -> Result:
        """Run tdnf with it."""
        return self._tdnf(*words, env={"GNUPGHOME": str(self.home), **environment})


@pytest.fixture
def ring(tmp_path: Path, tdnf: Tdnf) -> Iterator[Ring]:
    made = Ring(tmp_path / "ring", tdnf)
    yield made
    subprocess.run(["gpgconf", "--homedir", str(made.home), "--kill", "all"], check=True)


@pytest.fixture
def stranger(workshop: Workshop) -> Signer:
    return workshop.other_signer("Stranger <stranger@localhost>")


class Signed:
    """A signed repository ``own`` with ``repo_gpgcheck=1`` and no gpgkey."""

    def __init__(self, repo: Repo, server: Server, root: Root) -> None:
        self.repo, self.server, self.root = repo, server, root
        self.configure()

    @property
    def signature(self) -> Path:
        """Its repomd.xml.asc."""
        return self.repo.repomd.with_name("repomd.xml.asc")

    def configure(self, **keys: object) -> None:
        """Write the .repo file."""
        settings = {
            "baseurl": self.server.url("own"),
            "repo_gpgcheck": True,
            "gpgcheck": False,
            "gpgkey": None,
            "retries": 0,
        }
        self.root.add_repo(self.repo, **{**settings, **keys})

    def change(self, signer: Signer) -> None:
        """Publish another repomd.xml, signed."""
        self.repo.repomd.write_text(self.repo.repomd.read_text() + "\n")
        signer.sign_detached(self.repo.repomd)

    def local_key(self) -> str:
        """The URL of the signing key for the core's own check."""
        return f"file://{self.repo.key}"

    @property
    def cached(self) -> list[str]:
        """Names of all cached files."""
        return [path.name for path in self.root.cachedir.rglob("*") if path.is_file()]


@pytest.fixture
def signed(make_repo: Callable[..., Repo], server: Server, root: Root) -> Signed:
    Plugged(root).enable("tdnfrepogpgcheck")
    return Signed(make_repo("own", ONE), server, root)


def test_a_key_in_the_ring_is_all_that_counts(ring: Ring, signed: Signed, signing_key: Signer) -> None:
    ring.add(signing_key)
    done = ring("list", "one").ok()
    assert done.lines[:2] == ["Loaded plugin: tdnfrepogpgcheck", f"Refreshing metadata for: '{NAME}'"]
    assert done.stderr == ""
    assert not [name for name in signed.cached if name.endswith(".asc")]


def test_gnupghome_or_the_users_own_folder_is_the_ring(
    ring: Ring, signed: Signed, signing_key: Signer, tdnf: Tdnf
) -> None:
    ring.add(signing_key)
    own = signed.root.home / ".gnupg"
    assert tdnf("makecache").failed(2004)
    shutil.rmtree(own, ignore_errors=True)
    own.symlink_to(ring.home)
    tdnf("makecache").ok()


def test_a_key_that_is_not_in_the_ring_gives_tdnfs_lines(ring: Ring, signed: Signed) -> None:
    done = ring("makecache").failed(2004)
    assert done.lines == ["Loaded plugin: tdnfrepogpgcheck", f"Refreshing metadata for: '{NAME}'"]
    assert done.stderr.splitlines() == [
        "repo md signature check: No public key",
        "Error: TDNFVerifySignature 2004",
        "Plugin error: repogpgcheck plugin error: failed to verify signature",
        "",
        "Error(2004) : Unknown error 404",
        SYNC,
        "Error(2004) : Unknown error 404",
    ]
    assert done.status == 212
    assert signed.cached == []


def test_gpgkey_does_not_count(ring: Ring, signed: Signed) -> None:
    signed.configure(gpgkey=signed.local_key())
    ring("-y", "makecache").failed(2004)
    ring("-y", "--nogpgcheck", "makecache").failed(2004)
    ring("-y", "--skipsignature", "makecache").failed(2004)


def _first(done: Result) -> str:
    return done.failed(2004).stderr.splitlines()[0]


def test_what_was_changed_after_signing_is_refused(ring: Ring, signed: Signed, signing_key: Signer) -> None:
    ring.add(signing_key)
    signed.repo.repomd.write_text(signed.repo.repomd.read_text() + "\n")
    assert _first(ring("makecache")) == "repo md signature check: Bad signature"
    assert signed.cached == []


def test_the_signature_of_another_key_is_refused(
    ring: Ring, signed: Signed, signing_key: Signer, stranger: Signer
) -> None:
    ring.add(signing_key)
    signed.change(stranger)
    assert _first(ring("makecache")) == "repo md signature check: No public key"


@pytest.mark.parametrize("order", [1, -1])
def test_every_signature_must_be_good(
    ring: Ring, signed: Signed, signing_key: Signer, stranger: Signer, order: int
) -> None:
    ring.add(signing_key)
    path = signed.signature
    both = []
    for signer in (signing_key, stranger):
        signer.sign_detached(signed.repo.repomd, armored=False)
        both.append(path.read_bytes())
    path.write_bytes(b"".join(both[::order]))
    assert _first(ring("makecache")) == "repo md signature check: No public key"
    ring.add(stranger)
    ring("makecache").ok()


@pytest.mark.parametrize("order", [1, -1])
def test_a_good_signature_of_something_else_beside_is_refused(
    ring: Ring, signed: Signed, signing_key: Signer, order: int
) -> None:
    ring.add(signing_key)
    path = signed.signature
    signing_key.sign_detached(signed.repo.repomd, armored=False)
    old = path.read_bytes()
    signed.change(signing_key)
    signing_key.sign_detached(signed.repo.repomd, armored=False)
    path.write_bytes(b"".join([old, path.read_bytes()][::order]))
    assert _first(ring("makecache")) == "repo md signature check: Bad signature"


def test_a_revoked_key_does_not_count(ring: Ring, signed: Signed, signing_key: Signer) -> None:
    ring.add(signing_key)
    certificate = (signing_key.home / "openpgp-revocs.d" / f"{signing_key.fingerprint}.rev").read_text()
    ring.gpg("--import", data=certificate.replace(":-----BEGIN", "-----BEGIN").encode())
    assert _first(ring("makecache")) == "repo md signature check: Certificate revoked"


def test_an_expired_key_does_not_count(ring: Ring, signed: Signed, stranger: Signer) -> None:
    user = "Mayfly <mayfly@localhost>"
    stranger.gpg("--passphrase", "", "--quick-generate-key", user, "ed25519", "sign", "1d")
    try:
        ring.gpg("--import", data=stranger.gpg("--export", user))
        signed.signature.write_bytes(
            stranger.gpg("-u", user, "--detach-sign", "--output", "-", str(signed.repo.repomd))
        )
        ring("makecache").ok()
        ring.home.joinpath("gpg.conf").write_text("faked-system-time 20990101T000000\n")
        assert _first(ring("makecache")) == "repo md signature check: Key expired"
    finally:
        listing = stranger.gpg("--with-colons", "--list-keys", user).decode().splitlines()
        (fingerprint,) = (line.split(":")[9] for line in listing if line.startswith("fpr:"))
        stranger.gpg("--delete-secret-and-public-key", fingerprint)


@pytest.mark.parametrize("what", ["message", "clearsigned", "text", "key", "nothing"])
def test_what_is_no_detached_signature_is_refused(
    ring: Ring, signed: Signed, signing_key: Signer, what: str
) -> None:
    ring.add(signing_key)
    words = {"message": "--sign", "clearsigned": "--clearsign"}
    if what in words:
        signed.signature.write_bytes(
            signing_key.gpg("--armor", words[what], "--output", "-", str(signed.repo.repomd))
        )
    else:
        text = {"text": b"trust me\n", "key": signing_key.public_key(), "nothing": b""}[what]
        signed.signature.write_bytes(text)
    done = ring("makecache")
    assert done.status != 0 and done.error in (2001, 2003, 2004), str(done)
    assert "Plugin error: repogpgcheck plugin error: " in done.stderr
    assert signed.cached == []


def test_a_signature_that_is_not_there_is_the_404s_error(
    ring: Ring, signed: Signed, signing_key: Signer
) -> None:
    ring.add(signing_key)
    signed.signature.unlink()
    done = ring("makecache").failed(1622)
    url = signed.server.url("own/repodata/repomd.xml.asc")
    assert done.stderr.splitlines()[:5] == [
        f"Error: 404 when downloading {url}",
        ". Please check repo url or refresh metadata with 'tdnf makecache'.",
        "Error: TDNFVerifySignature 1622",
        "Plugin error: repogpgcheck plugin error: (null)",
        "",
    ]


def test_a_repository_that_fails_may_be_skipped(ring: Ring, signed: Signed) -> None:
    signed.configure(skip_if_unavailable=True)
    assert f"Disabling Repo: '{NAME}'" in ring("makecache").ok().lines


def test_a_repository_without_the_key_is_not_checked(ring: Ring, signed: Signed) -> None:
    signed.configure(repo_gpgcheck=False)
    ring("makecache").ok()
    assert not [path for path in signed.server.paths if path.endswith(".asc")]


def test_what_is_cached_is_not_checked_again(ring: Ring, signed: Signed, signing_key: Signer) -> None:
    ring.add(signing_key)
    ring("makecache").ok()
    ring.gpg("--yes", "--delete-keys", signing_key.fingerprint)
    signed.server.forget()
    ring("list", "one").ok()
    ring("-C", "list", "one").ok()
    assert signed.server.paths == ()
    ring("makecache").failed(2004)
    ring("list", "one").ok()  # what was accepted stays


def test_a_signed_old_copy_is_refused(ring: Ring, signed: Signed, signing_key: Signer) -> None:
    ring.add(signing_key)
    ring("makecache").ok()
    text = signed.repo.repomd.read_text()
    assert "<revision>1700000000</revision>" in text
    signed.repo.repomd.write_text(text.replace("1700000000", "1600000000"))
    signing_key.sign_detached(signed.repo.repomd)
    assert "was accepted before" in ring("makecache").failed(1304).stderr


def test_both_plugins_check_the_same_repomd(
    ring: Ring, signed: Signed, signing_key: Signer, stranger: Signer
) -> None:
    (signed.root.scratch / "pluginconf.d/tdnfmetalink.conf").write_text("[main]\nenabled=1\n")
    ring.add(signing_key)
    link = signed.server.folder / "link"
    signed.configure(baseurl=None, metalink=signed.server.url("link"))
    link.write_text(metalink([(signed.server.url("own"), 1)], [digest(signed.repo.repomd)]))
    ring("makecache").ok()
    signed.change(signing_key)
    ring("makecache").failed(2501)
    signed.change(stranger)
    link.write_text(metalink([(signed.server.url("own"), 1)], [digest(signed.repo.repomd)]))
    ring("makecache").failed(2004)


def test_one_mirror_with_a_wrong_signature_is_passed_over(
    ring: Ring, signed: Signed, signing_key: Signer
) -> None:
    ring.add(signing_key)
    shutil.copytree(signed.repo.path, signed.server.folder / "bad")
    (signed.server.folder / "bad/repodata/repomd.xml.asc").write_text("no\n")
    signed.configure(baseurl=f"{signed.server.url('bad')} {signed.server.url('own')}")
    assert "Plugin error: repogpgcheck" in ring("makecache").ok().stderr


# Turning it on and off: the check by gpgkey takes its place


def test_without_the_plugin_the_repositorys_own_keys_are_asked(ring: Ring, signed: Signed) -> None:
    ring("--noplugins", "makecache").failed(2004)  # no gpgkey, and the ring does not count
    signed.configure(gpgkey=signed.local_key())
    ring("--noplugins", "makecache").ok()


@pytest.mark.parametrize("first", ["plugin", "core"])
def test_each_check_is_made_once_and_then_remembered(
    ring: Ring, signed: Signed, signing_key: Signer, first: str
) -> None:
    ring.add(signing_key)
    signed.configure(gpgkey=signed.local_key())
    plugin, core = (), ("--noplugins",)
    for options in (plugin, core) if first == "plugin" else (core, plugin):
        signed.server.forget()
        ring(*options, "list", "one").ok()
        asked = [path.rpartition("/")[2] for path in signed.server.paths]
        assert {"repomd.xml", "repomd.xml.asc"} <= set(asked)
    assert not [name for name in asked if "primary" in name]  # the good cache is kept
    signed.server.forget()
    for options in (plugin, core, plugin):
        ring(*options, "list", "one").ok()
        ring(*options, "-C", "list", "one").ok()
    assert signed.server.paths == ()


@pytest.mark.parametrize("passed", ["plugin", "core"])
def test_passing_one_check_does_not_pass_the_other(
    ring: Ring, signed: Signed, signing_key: Signer, stranger: Signer, passed: str
) -> None:
    # Signed by the stranger: one of the two trusts that key, the other does not.
    signed.repo.repomd.write_text(signed.repo.repomd.read_text() + "\n")
    stranger.sign_detached(signed.repo.repomd)
    if passed == "plugin":
        ring.add(stranger)
        good, bad = (), ("--noplugins",)
        signed.configure(gpgkey=signed.local_key())
    else:
        ring.add(signing_key)
        good, bad = ("--noplugins",), ()
        key = stranger.write_public_key(signed.root.scratch / "stranger.asc")
        signed.configure(gpgkey=f"file://{key}")
    ring(*good, "list", "one").ok()
    ring(*bad, "list", "one").failed(2004)
    assert "tdnf makecache" in ring(*bad, "-C", "list", "one").failed(1034).stderr
    ring(*good, "-C", "list", "one").ok()


def test_what_was_cached_unchecked_is_checked_when_the_check_is_turned_on(
    ring: Ring, signed: Signed, signing_key: Signer
) -> None:
    signed.configure(repo_gpgcheck=False)
    ring("makecache").ok()
    signed.configure()
    ring("list", "one").failed(2004)
    ring.add(signing_key)
    ring("list", "one").ok()


def test_a_plugin_that_cannot_be_loaded_leaves_the_check_to_gpgkey(
    ring: Ring, signed: Signed, signing_key: Signer
) -> None:
    ring.add(signing_key)
    (signed.root.scratch / "tdnf-plugins/tdnfrepogpgcheck.py").write_text("1 / 0\n")
    ring("makecache").failed(2004)
    signed.configure(gpgkey=signed.local_key())
    assert ring("makecache").ok().stderr.startswith("Error loading plugin: ")


def test_a_server_that_refuses_the_signature_only_is_noticed(
    ring: Ring, signed: Signed, signing_key: Signer
) -> None:
    ring.add(signing_key)
    signed.server.fail("*.asc", status(403))
    ring("makecache").failed(1622)
