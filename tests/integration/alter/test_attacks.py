"""What an attacker may put in the way: nothing of it may reach the root, and its user is told what it was."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import files_of, leftovers, rewrite_primary
from tests.support.repos import publish
from tests.support.rpms import Rpm, break_header, break_payload, copy
from tests.support.server import endless, redirect, status, truncated, wrong_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Result, Root, Tdnf
    from tests.support.keys import Signer
    from tests.support.repos import Repo
    from tests.support.server import Server
    from tests.support.workshop import Workshop

VICTIM = Rpm(
    "victim", files={"/usr/victim": "x\n" * 3000}, summary="A package to be attacked", payload="w0.gzdio"
)
EVIL = Rpm("victim", files={"/usr/victim": "evil\n"}, scripts={"post -p <lua>": 'print("evil runs")'})
OTHER = Rpm("other", files={"/usr/other": "x\n"})
GOOD = ["other-1.0-1.noarch", "victim-1.0-1.noarch"]
FILE = "victim-1.0-1.noarch.rpm"


@pytest.fixture
def stranger(workshop: Workshop) -> Signer:
    """A key that is not the repository's."""
    return workshop.other_signer("Stranger <stranger@localhost>")


@pytest.fixture
def target(make_repo: Callable[..., Repo], server: Server, root: Root) -> Repo:
    """A signed repository over HTTP, which the test then attacks."""
    repo = make_repo("own", VICTIM, OTHER)
    root.add_repo(
        repo, baseurl=server.url("own"), gpgkey=server.url("own/RPM-GPG-KEY"), repo_gpgcheck=True, retries=1
    )
    return repo


@pytest.fixture
def refused(tdnf: Tdnf, root: Root) -> Callable[..., Result]:
    """Ask for the victim and another package: refused with that number, those words, and nothing done."""

    def check(number: int, *words: str, options: tuple[str, ...] = ("-y",), stdin: str = "") -> Result:
        done = tdnf("install", *options, "victim", "other", stdin=stdin).failed(number)
        for word in words:
            assert word in done.stderr, f"{word!r} is not in\n{done}"
        assert "evil" not in done.stdout
        assert root.installed == []
        assert files_of(root.path) == []
        assert not root.history.exists()
        assert leftovers(root) == []
        return done

    return check


def package(repo: Repo) -> Path:
    """The victim's file in the repository, safe to damage."""
    path = repo.path / "Packages" / FILE
    content = path.read_bytes()
    path.unlink()  # a link to the workshop's own
    path.write_bytes(content)
    return path


def republish(repo: Repo, signer: Signer) -> None:
    """Describe the packages anew, as somebody with the repository's metadata key could."""
    folder = repo.path.parent / "staging"
    folder.mkdir(exist_ok=True)
    paths = [copy(path, folder) for path in sorted((repo.path / "Packages").iterdir())]
    publish(repo.path, paths, id=repo.id, signer=signer)


def test_without_an_attack_it_works(tdnf: Tdnf, root: Root, target: Repo) -> None:
    tdnf("install", "-y", "victim", "other").ok()
    assert root.installed == GOOD


# packages


def test_an_unsigned_package_is_refused(
    refused: Callable[..., Result], target: Repo, workshop: Workshop, signing_key: Signer
) -> None:
    package(target).write_bytes(workshop.build(EVIL, signed=False)[0].read_bytes())
    republish(target, signing_key)
    refused(1510, f"Error processing package: Packages/{FILE}", "not signed")


@pytest.mark.parametrize("known", [False, True])
def test_a_package_signed_by_a_strangers_key_is_refused_even_when_rpm_knows_that_key(
    refused: Callable[..., Result],
    root: Root,
    target: Repo,
    workshop: Workshop,
    signing_key: Signer,
    stranger: Signer,
    known: bool,
) -> None:
    package(target).write_bytes(workshop.build(EVIL, signer=stranger)[0].read_bytes())
    republish(target, signing_key)
    if known:
        root.rpm("--import", str(stranger.write_public_key(root.scratch / "stranger"))).ok()
    words = (f"Error processing package: Packages/{FILE}", stranger.key_id, "not by a key of repository own")
    refused(1514, *words)


def test_the_key_of_one_repository_does_not_count_for_another(
    tdnf: Tdnf,
    root: Root,
    target: Repo,
    workshop: Workshop,
    signing_key: Signer,
    stranger: Signer,
    tmp_path: Path,
) -> None:
    package(target).write_bytes(workshop.build(EVIL, signer=stranger)[0].read_bytes())
    republish(target, signing_key)
    theirs = publish(
        tmp_path / "www/theirs", workshop.build(Rpm("fair"), signer=stranger), id="theirs", signer=stranger
    )
    root.add_repo(theirs)
    done = tdnf("install", "-y", "fair", "victim").failed(1514)
    assert FILE in done.stderr
    assert root.installed == []
    tdnf("install", "-y", "fair").ok()
    tdnf("install", "-y", "victim").failed(1514)
    assert root.installed == ["fair-1.0-1.noarch"]


def test_a_tampered_header_is_refused(
    refused: Callable[..., Result], target: Repo, signing_key: Signer
) -> None:
    break_header(package(target))
    republish(target, signing_key)
    refused(1472, f"Error processing package: Packages/{FILE}", "header")


def test_a_tampered_payload_is_refused(
    refused: Callable[..., Result], target: Repo, signing_key: Signer
) -> None:
    break_payload(package(target))
    republish(target, signing_key)
    refused(1472, f"Error processing package: Packages/{FILE}", "Payload", "BAD")


def test_a_truncated_package_is_refused(
    refused: Callable[..., Result], target: Repo, signing_key: Signer
) -> None:
    path = package(target)
    os.truncate(path, path.stat().st_size - 100)
    republish(target, signing_key)
    refused(1472, f"Error processing package: Packages/{FILE}")


def test_a_broken_off_download_is_refused(
    refused: Callable[..., Result], target: Repo, server: Server
) -> None:
    server.fail(f"*{FILE}", truncated(1000))
    refused(1219, f"Error processing package: Packages/{FILE}")


def test_a_package_with_another_checksum_is_refused(
    refused: Callable[..., Result], target: Repo, server: Server
) -> None:
    body = bytearray(package(target).read_bytes())
    body[-20] ^= 1
    server.fail(f"*{FILE}", wrong_bytes(bytes(body)))
    refused(1528, "Checksum FAILED (digest mismatch)", f"Error processing package: Packages/{FILE}")
    refused(1528, "Checksum FAILED", options=("-y", "--nogpgcheck"))


@pytest.mark.parametrize("more", [-1, 1])
def test_a_package_of_another_size_is_refused(
    refused: Callable[..., Result], target: Repo, server: Server, more: int
) -> None:
    body = package(target).read_bytes()
    server.fail(f"*{FILE}", wrong_bytes(body + b"x" if more > 0 else body[:-1]))
    refused(1527, f"Error processing package: Packages/{FILE}")


def test_an_endless_package_is_cut_off(refused: Callable[..., Result], target: Repo, server: Server) -> None:
    server.fail(f"*{FILE}", endless())
    refused(1527, f"Error processing package: Packages/{FILE}")


def test_a_package_in_a_local_repository_is_checked_as_well(
    refused: Callable[..., Result], root: Root, target: Repo
) -> None:
    root.add_repo(target)
    break_payload(package(target))
    refused(1528, "Checksum FAILED", f"Error processing package: Packages/{FILE}")


def test_a_damaged_package_in_the_cache_is_fetched_again(tdnf: Tdnf, root: Root, target: Repo) -> None:
    tdnf("install", "-y", "--downloadonly", "victim").ok()
    (cached,) = root.cachedir.rglob(FILE)
    break_payload(cached)
    tdnf("install", "-y", "victim").ok()
    assert root.installed == ["victim-1.0-1.noarch"]


def test_a_package_in_downloaddir_that_is_another_is_fetched_again(
    tdnf: Tdnf, root: Root, target: Repo, tmp_path: Path
) -> None:
    (tmp_path / FILE).write_bytes(b"not this one")
    done = tdnf("install", "-y", "--downloadonly", "--downloaddir", tmp_path, "victim").ok()
    assert "fetched again" in done.stdout
    assert (tmp_path / FILE).read_bytes() == package(target).read_bytes()


def test_another_package_than_the_metadata_promises_is_refused(
    refused: Callable[..., Result], target: Repo, workshop: Workshop, signing_key: Signer
) -> None:
    package(target).write_bytes(workshop.build(Rpm("oldgold", "0.1-1"))[0].read_bytes())
    republish(target, signing_key)
    rewrite_primary(target, ("<name>oldgold</name>", "<name>victim</name>"), signer=signing_key)
    refused(1472, f"Error processing package: Packages/{FILE}", "oldgold")


def test_an_older_signed_build_under_a_newer_version_is_refused(
    refused: Callable[..., Result], target: Repo, signing_key: Signer
) -> None:
    rewrite_primary(
        target, ('<version epoch="0" ver="1.0" rel="1"/>', '<version epoch="0" ver="9.0" rel="1"/>'),
        signer=signing_key,
    )  # fmt: skip
    refused(1472, "victim-9.0-1.noarch")


# metadata


def test_a_swapped_repomd_is_refused(
    refused: Callable[..., Result], target: Repo, make_repo: Callable[..., Repo]
) -> None:
    shutil.copy(make_repo("another", OTHER).repomd, target.repomd)
    refused(2004, "own")


@pytest.mark.parametrize("fault", [status(404), wrong_bytes(b""), wrong_bytes(b"no signature\n")])
def test_a_missing_or_bad_repomd_signature_is_refused(
    refused: Callable[..., Result], target: Repo, server: Server, fault: object
) -> None:
    server.fail("*/repomd.xml.asc", fault)  # type: ignore[arg-type]
    done = refused_any(refused, (2003, 2004, 1622))
    assert "Error: Failed to synchronize cache for repo 'Repository own'" in done.stderr


def refused_any(refused: Callable[..., Result], numbers: tuple[int, ...]) -> Result:
    """Refused with one of several numbers."""
    for number in numbers[:-1]:
        try:
            return refused(number)
        except AssertionError:
            continue
    return refused(numbers[-1])


def test_a_repomd_signed_by_a_stranger_is_refused(
    refused: Callable[..., Result], target: Repo, stranger: Signer
) -> None:
    stranger.sign_detached(target.repomd)
    refused(2004, "own")


def test_refused_metadata_does_not_replace_good_ones(
    tdnf: Tdnf, root: Root, target: Repo, stranger: Signer
) -> None:
    tdnf("makecache", "-y").ok()
    rewrite_primary(target, ("A package to be attacked", "An evil package"), signer=stranger)
    tdnf("makecache").failed(2004)
    assert "An evil" not in tdnf("info", "-C", "victim").stdout
    tdnf("install", "-y", "-C", "victim").ok()


@pytest.mark.parametrize("word", ["primary", "repomd"])
def test_metadata_that_break_off_are_refused(
    refused: Callable[..., Result], target: Repo, server: Server, word: str
) -> None:
    server.fail(f"*{word}.xml*", truncated(50))
    refused(1219, "Failed to synchronize")


def test_primary_with_another_checksum_is_refused(
    refused: Callable[..., Result], target: Repo, server: Server
) -> None:
    body = bytearray(target.part("primary").read_bytes())
    body[-1] ^= 1
    server.fail("*primary.xml*", wrong_bytes(bytes(body)))
    refused(1528, "primary.xml")


@pytest.mark.parametrize(
    "location", ["/tmp/evil.rpm", "http://localhost:1/e.rpm", "a/%2e%2e/%2e%2e/evil.rpm"]
)
def test_a_package_location_outside_the_repository_is_refused(
    tdnf: Tdnf, root: Root, target: Repo, server: Server, signing_key: Signer, location: str
) -> None:
    rewrite_primary(target, (f"Packages/{FILE}", location), signer=signing_key)
    server.fail("*evil.rpm", wrong_bytes(package(target).read_bytes()))
    before = {path for path in root.scratch.rglob("*") if "cache" not in str(path)}
    for options in ((), ("--downloadonly",)):
        tdnf("install", "-y", *options, "victim").failed()
    assert root.installed == []
    assert files_of(root.path) == []
    assert [path for path in root.scratch.rglob("*evil.rpm*")] == []
    assert before <= set(root.scratch.rglob("*"))


@pytest.mark.parametrize("location", ["../../../../../../tmp/evil.rpm", "a/../../evil.rpm"])
def test_a_package_above_a_repository_is_asked_of_its_server_and_lies_in_the_cache(
    tdnf: Tdnf, root: Root, target: Repo, server: Server, signing_key: Signer, location: str
) -> None:
    rewrite_primary(target, (f"Packages/{FILE}", location), signer=signing_key)
    server.fail("*evil.rpm", wrong_bytes(package(target).read_bytes()))
    tdnf("install", "-y", "--downloadonly", "victim").ok()
    (fetched,) = root.scratch.rglob("*evil.rpm*")
    assert fetched.is_relative_to(root.cachedir)
    assert not os.path.exists("/tmp/evil.rpm")


@pytest.mark.parametrize("location", ["../../evil", "/etc/evil", "repodata/../../../evil", ""])
def test_a_metadata_location_outside_the_repository_is_refused(
    refused: Callable[..., Result], root: Root, target: Repo, signing_key: Signer, location: str
) -> None:
    name = target.part("primary").name
    text = target.repomd.read_text()
    target.repomd.write_text(text.replace(f"repodata/{name}", f"{location}/{name}" if location else ""))
    signing_key.sign_detached(target.repomd)
    refused(1304, "Failed to synchronize")
    assert list(root.scratch.rglob("evil*")) == []


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "swap"])
def test_a_corrupt_solv_cache_is_made_anew(
    tdnf: Tdnf, root: Root, target: Repo, damage: str, offer: Callable[..., Repo]
) -> None:
    tdnf("makecache", "-y").ok()
    (solv,) = root.cachedir.glob("own-*/solvcache/own.solv")
    good = solv.read_bytes()
    if damage == "flip":
        assert good.count(b"victim")
        solv.write_bytes(good.replace(b"victim", b"vistim"))
    elif damage == "truncate":
        solv.write_bytes(good[: len(good) // 2])
    elif damage == "empty":
        solv.write_bytes(b"")
    else:
        offer(Rpm("different"), id="swapped")
        tdnf("makecache", "-y").ok()
        (other,) = root.cachedir.glob("swapped-*/solvcache/swapped.solv")
        shutil.copy(other, solv)
    tdnf("install", "-y", "victim", "other").ok()
    assert root.installed == GOOD


# keys


def test_a_key_replaced_on_the_server_is_asked_for_and_a_no_stops(
    tdnf: Tdnf, root: Root, target: Repo, workshop: Workshop, stranger: Signer
) -> None:
    tdnf("install", "-y", "other").ok()
    package(target).write_bytes(workshop.build(EVIL, signer=stranger)[0].read_bytes())
    (target.path / "RPM-GPG-KEY").write_bytes(stranger.public_key())
    republish(target, stranger)
    root.add_repo(target, baseurl=target.url, gpgkey=f"file://{target.path}/RPM-GPG-KEY", repo_gpgcheck=False)
    done = tdnf("install", "--refresh", "victim", stdin="y\nn\n").failed(1032)
    fingerprint = done.stdout[done.stdout.index("Fingerprint: ") :].splitlines()[0]
    assert fingerprint.replace(" ", "").lower().endswith(stranger.fingerprint.lower())
    assert "importing key from file://" in done.stdout
    assert root.installed == ["other-1.0-1.noarch"]
    assert stranger.key_id[-8:] not in root.rpm("-qa", "gpg-pubkey*").stdout
    done = tdnf("install", "victim", stdin="y\n").failed(1033)
    assert root.installed == ["other-1.0-1.noarch"]


def test_packages_signed_by_the_old_key_do_not_pass_when_the_repository_names_another(
    tdnf: Tdnf, root: Root, target: Repo, stranger: Signer
) -> None:
    tdnf("install", "-y", "other").ok()
    key = stranger.write_public_key(root.scratch / "new-key")
    root.add_repo(target, gpgkey=f"file://{key}", repo_gpgcheck=False)
    done = tdnf("install", "-y", "victim").failed(1514)
    assert FILE in done.stderr
    assert root.installed == ["other-1.0-1.noarch"]


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b"", 1505),
        (b"<html>404</html>\n", 1505),
        (b"\x99\x01\x0d" + bytes(range(256)), 1505),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBF\n-----END PGP PUBLIC KEY BLOCK-----\n", 1505),
        (b"\0" * 3_000_000, 1505),
    ],
)
def test_an_evil_key_file_is_refused_and_named(
    refused: Callable[..., Result], root: Root, target: Repo, content: bytes, number: int
) -> None:
    (root.scratch / "evil-key").write_bytes(content)
    root.add_repo(target, gpgkey=f"file://{root.scratch}/evil-key", repo_gpgcheck=False)
    done = refused(number, f"Error processing package: Packages/{FILE}"[:24])
    assert "evil-key" in done.stderr
    assert root.rpm("-qa").stdout == ""


def test_an_evil_key_file_over_http_is_refused_and_named(
    refused: Callable[..., Result], root: Root, target: Repo, server: Server
) -> None:
    url = server.url("own/RPM-GPG-KEY")
    for fault, number in (
        (status(404), 1622),
        (wrong_bytes(b"no key"), 1505),
        (endless(), 1264),
        (redirect("file:///etc/passwd"), 1202),
    ):
        server.heal()
        server.fail("*RPM-GPG-KEY", fault)
        root.add_repo(target, baseurl=target.url, gpgkey=url, repo_gpgcheck=False)
        refused(number, f"Error processing key: {url}")


def test_a_key_block_cannot_steer_the_terminal(
    tdnf: Tdnf, root: Root, target: Repo, workshop: Workshop, signing_key: Signer
) -> None:
    nasty = workshop.other_signer("Nasty \x1b[2J\x1b]0;x\x07 <nasty@localhost>")
    package(target).write_bytes(workshop.build(VICTIM, signer=nasty)[0].read_bytes())
    republish(target, signing_key)
    root.add_repo(target, gpgkey=f"file://{nasty.write_public_key(root.scratch / 'key')}")
    done = tdnf("install", "victim", "--setopt=x=1", stdin="y\nn\n")
    assert done.status != 0
    assert "\x1b" not in done.stdout + done.stderr


def test_a_key_is_shown_and_asked_for_once(tdnf: Tdnf, root: Root, target: Repo, signing_key: Signer) -> None:
    done = tdnf("install", "victim", stdin="y\nno\n").failed(1032)
    assert done.stdout.count("Is this ok [y/N]: ") == 2
    assert root.installed == []
    assert root.rpm("-qa").stdout == ""
    tdnf("install", "victim", stdin="y\ny\n").ok()
    assert signing_key.key_id[-8:] in root.rpm("-qa").stdout
    assert tdnf("install", "other", stdin="y\n").ok().stdout.count("Is this ok") == 1


def test_a_repository_without_keys_trusts_no_signature(
    refused: Callable[..., Result], root: Root, target: Repo
) -> None:
    root.add_repo(target, gpgkey=None, repo_gpgcheck=False)
    refused(1523, f"Error processing package: Packages/{FILE}"[:24])


@pytest.mark.parametrize("option", ["--nogpgcheck", "--skipsignature"])
def test_checks_can_be_switched_off_by_hand_only(
    tdnf: Tdnf, root: Root, target: Repo, workshop: Workshop, signing_key: Signer, option: str
) -> None:
    package(target).write_bytes(workshop.build(EVIL, signed=False)[0].read_bytes())
    republish(target, signing_key)
    tdnf("install", "-y", "--setopt=gpgcheck=0", "--skipdigest", "victim").failed(1510)
    done = tdnf("install", "-y", option, "victim").ok()
    assert "importing key" not in done.stdout
    assert root.installed == ["victim-1.0-1.noarch"]
    assert root.rpm("-qa", "gpg-pubkey*").stdout == ""


def test_without_gpgcheck_a_signature_by_an_unknown_key_does_not_matter(
    tdnf: Tdnf, root: Root, target: Repo, signing_key: Signer
) -> None:
    root.add_repo(target, gpgcheck=False, gpgkey=None)
    tdnf("install", "-y", "victim", "other").ok()
    tdnf("reinstall", "-y", "victim").ok()
    assert root.installed == GOOD
    assert root.rpm("-qa", "gpg-pubkey*").stdout == ""
    break_payload(package(target))
    republish(target, signing_key)
    tdnf("reinstall", "-y", "--refresh", "victim").failed(1472)


@pytest.mark.parametrize("level", ["digest", "signature", "all"])
def test_a_repository_without_gpgcheck_beside_one_with_it(
    tdnf: Tdnf,
    root: Root,
    target: Repo,
    make_repo: Callable[..., Repo],
    stranger: Signer,
    workshop: Workshop,
    level: str,
) -> None:
    """The other one's files need no signature, and the first one's still need a good one of its own key."""
    root.home.joinpath(".rpmmacros").write_text(f"%_pkgverify_level {level}\n")
    loose = publish(root.scratch / "loose", workshop.build(Rpm("loose"), signer=stranger), id="loose")
    root.add_repo(loose)
    tdnf("install", "-y", "loose", "other").ok()
    assert root.installed == ["loose-1.0-1.noarch", "other-1.0-1.noarch"]
    tdnf("remove", "-y", "loose").ok()
    for signer, number in ((stranger, 1514), (None, 1510)):
        evil = workshop.build(EVIL, signer=signer, signed=signer is not None)[0]
        package(target).write_bytes(evil.read_bytes())
        republish(target, workshop.signer)
        done = tdnf("install", "-y", "--refresh", "loose", "victim").failed(number)
        assert "evil" not in done.stdout
        assert root.installed == ["other-1.0-1.noarch"]


@pytest.mark.parametrize("word", ["0", "false", "no", "off", "", "nonsense"])
def test_a_false_word_in_a_setting_switches_no_check_off(
    tdnf: Tdnf, root: Root, target: Repo, workshop: Workshop, signing_key: Signer, word: str
) -> None:
    package(target).write_bytes(workshop.build(EVIL, signed=False)[0].read_bytes())
    republish(target, signing_key)
    switches = ("nogpgcheck", "skipsignature", "main.nogpgcheck", "no_gpgchecks")
    settings = [f"--setopt={switch}={word}" for switch in switches]
    tdnf("install", "-y", *settings, "victim").failed(1510)
    tdnf("install", "-y", "--nogpgcheck", *settings, "victim").failed(1510)
    assert root.installed == []


def test_skipsignature_still_finds_damage(tdnf: Tdnf, root: Root, target: Repo, signing_key: Signer) -> None:
    break_payload(package(target))
    republish(target, signing_key)
    tdnf("install", "-y", "--skipsignature", "victim").failed(1472)
    assert root.installed == []
