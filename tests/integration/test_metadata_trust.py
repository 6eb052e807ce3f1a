"""repo_gpgcheck from end to end: the question for a server's key, and what the cache is like afterwards."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.keys import Signer
    from tests.support.repos import Repo
    from tests.support.server import Server
    from tests.support.workshop import Workshop

RPM = Rpm("one", files={"/usr/one": "x\n"})


@pytest.fixture
def signed(make_repo: Callable[..., Repo], server: Server, root: Root) -> Repo:
    """A signed repository over HTTP with its key on the same server."""
    repo = make_repo("own", RPM)
    root.add_repo(
        repo, baseurl=server.url("own"), gpgkey=server.url("own/RPM-GPG-KEY"), repo_gpgcheck=True, retries=0
    )
    return repo


@pytest.mark.parametrize(
    ("options", "stdin", "number"), [((), "", 1033), ((), "n\n", 1032), (("--assumeno",), "", 1032)]
)
def test_a_key_that_nobody_confirms_ends_the_command(
    tdnf: Tdnf,
    root: Root,
    signed: Repo,
    signing_key: Signer,
    options: tuple[str, ...],
    stdin: str,
    number: int,
) -> None:
    done = tdnf("makecache", *options, stdin=stdin).failed(number)
    assert signing_key.fingerprint in done.stdout.replace(" ", "")
    assert not list(root.cachedir.rglob("repomd.xml"))


@pytest.mark.parametrize(("options", "stdin"), [(("-y",), ""), ((), "y\n")])
def test_a_confirmed_key_is_not_asked_for_again(
    tdnf: Tdnf, signed: Repo, options: tuple[str, ...], stdin: str
) -> None:
    tdnf("makecache", *options, stdin=stdin).ok()
    for command in (("makecache",), ("list", "one"), ("clean", "metadata"), ("makecache",)):
        assert "Fingerprint" not in tdnf(*command).ok().stdout


@pytest.mark.parametrize("word", ["keys", "all"])
def test_cleaning_keys_brings_the_question_back(tdnf: Tdnf, signed: Repo, word: str) -> None:
    tdnf("makecache", "-y").ok()
    tdnf("clean", word).ok()
    assert "Fingerprint" in tdnf("makecache").failed(1033).stdout


def test_a_server_that_changes_its_key_is_refused(
    tdnf: Tdnf, signed: Repo, workshop: Workshop, signing_key: Signer
) -> None:
    tdnf("makecache", "-y").ok()
    stranger = workshop.other_signer("Stranger <stranger@localhost>")
    stranger.write_public_key(signed.path / "RPM-GPG-KEY")
    signed.repomd.write_text(signed.repomd.read_text() + "\n")
    stranger.sign_detached(signed.repomd)
    done = tdnf("makecache", "-y").failed(2004)
    for signer in (signing_key, stranger):
        assert signer.fingerprint in done.stderr.replace(" ", "")
    assert "tdnf clean keys" in done.stderr
    tdnf("list", "one").ok()


def test_turning_the_check_on_counts_for_what_is_cached(
    tdnf: Tdnf, root: Root, signed: Repo, server: Server
) -> None:
    keys = {"baseurl": server.url("own"), "gpgkey": server.url("own/RPM-GPG-KEY"), "retries": 0}
    root.add_repo(signed, repo_gpgcheck=False, **keys)
    tdnf("makecache").ok()
    root.add_repo(signed, repo_gpgcheck=True, **keys)
    assert "tdnf makecache" in tdnf("-C", "list", "one").failed(1034).stderr
    assert "Refreshing" in tdnf("-y", "list", "one").ok().stdout
    tdnf("-C", "list", "one").ok()


def test_the_cache_is_readable_for_all_and_writable_for_one_whatever_the_umask(
    tdnf: Tdnf, root: Root, signed: Repo
) -> None:
    words = [*tdnf.command("install", "-y", "--downloadonly", "one"), "--setopt=keepcache=1"]
    for umask in ("077", "000"):
        subprocess.run(
            ["sh", "-c", f"umask {umask}; exec {shlex.join(words)}"],
            check=True,
            capture_output=True,
            env=tdnf.environment(),
        )
        found = {path: path.stat().st_mode & 0o777 for path in (root.cachedir, *root.cachedir.rglob("*"))}
        wrong = {
            str(path): oct(mode)
            for path, mode in found.items()
            if mode != (0o755 if path.is_dir() else 0o644)
        }
        assert not wrong
        assert any(path.suffix == ".rpm" for path in found)
        tdnf("clean", "all").ok()
