from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import Aborted, FetchError, NotTrusted, PkgmanError
from pkgman.model.repo import RepoSource
from pkgman.transaction import scratch
from pkgman.transaction.openpgp import read_certificates
from pkgman.transaction.verify import Checks
from tests.support.keys import Signer
from tests.support.rpms import Rpm, break_header, break_payload, without_payload_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import World

APP = Rpm("app", "1.0-1", files={"/usr/share/app/data": "one\n" * 100})
OTHER = Rpm("app", "0.9-1", files={"/usr/share/app/data": "hole\n"})
NO_DIGEST = Checks(digests=False)


def trust(world: World, signer: Signer) -> None:
    """Put a key into the root's rpm database."""
    for certificate in read_certificates(signer.public_key()):
        world.database.import_key(certificate)


def refused(world: World, path: Path, description: Rpm = APP, **options: object) -> int:
    with pytest.raises(PkgmanError) as caught:
        world.verify(description, path, **options)  # type: ignore[arg-type]
    assert world.words.diagnostics[-1] == f"Error processing package: {path.name}"
    return caught.value.number


def test_a_package_signed_by_its_repositorys_key_passes_after_a_question(world: World) -> None:
    verified = world.verify(APP, world.signed(APP))
    os.close(verified.open())
    assert world.words.questions == 1
    assert world.words.infos[0] == f"importing key from {world.source.gpgkeys[0]}"
    shown = world.words.infos[2].replace(" ", "")
    assert shown == f"Fingerprint:{world.own.fingerprint}"
    assert world.database.keys()[0].fingerprint == world.own.fingerprint


def test_a_known_key_is_not_asked_for_again(world: World) -> None:
    trust(world, world.own)
    world.verify(APP, world.signed(APP))
    assert world.words.questions == 0


def test_an_unsigned_package_is_refused(world: World) -> None:
    trust(world, world.own)
    assert refused(world, world.rpm(APP)) == 1510
    assert world.words.questions == 0


def test_a_key_of_another_repository_does_not_count_although_the_system_knows_it(world: World) -> None:
    trust(world, world.own)
    trust(world, world.foreign)
    assert refused(world, world.signed(APP, world.foreign)) == 1514


def test_a_repositorys_key_does_not_count_for_the_next_one_of_the_same_run(world: World) -> None:
    trust(world, world.own)
    world.verify(APP, world.signed(APP))
    key = world.foreign.write_public_key(world.folder / "foreign.asc")
    other = RepoSource("other", "Other", gpgkeys=(f"file://{key}",))
    assert refused(world, world.signed(APP), source=other) == 1514


def test_a_key_that_was_not_agreed_to_does_not_count_and_is_not_imported(world: World) -> None:
    world.words.answer = False
    with pytest.raises(Aborted):
        world.verify(APP, world.signed(APP))
    assert world.database.keys() == ()


def test_a_repository_without_keys_has_those_of_the_system(world: World) -> None:
    """The keys that somebody imported with rpm --import, as tdnf and dnf have it."""
    bare = world.source._replace(gpgkeys=())
    path = world.signed(APP)
    assert refused(world, path, source=bare) == 1523
    trust(world, world.foreign)
    assert refused(world, path, source=bare) == 1523
    trust(world, world.own)
    assert world.verify(APP, path, source=bare).signed
    assert refused(world, break_payload(path), source=bare) == 1472
    assert refused(world, world.rpm(APP), source=bare) == 1510
    assert world.words.questions == 0


def test_a_tampered_header_is_refused(world: World) -> None:
    trust(world, world.own)
    assert refused(world, break_header(world.signed(APP))) == 1472


def test_a_good_signature_under_a_foreign_header_is_refused(world: World, foreign_rsa_key: Signer) -> None:
    """All digests of the attacker's package are right: only the signature can tell."""
    trust(world, world.own)
    good = world.signed(APP).read_bytes()
    start, end = signature_of(good)
    path = world.signed(Rpm("app", "1.0-1", files={"/evil": ""}), foreign_rsa_key)
    while signature_of(evil := path.read_bytes()) != (start, end):
        time.sleep(1)  # now and then a signature is a byte shorter; another second gives another one
        foreign_rsa_key.sign_rpms([path])
    path.write_bytes(evil[:start] + good[start:end] + evil[end:])
    assert refused(world, path) == 1472


def signature_of(data: bytes, tag: int = 268) -> tuple[int, int]:
    """Where an OpenPGP signature begins and ends, by default that of the header, in the signature header."""
    entries = int.from_bytes(data[104:108], "big")
    for at in range(112, 112 + entries * 16, 16):
        found, _, offset, count = (int.from_bytes(data[at + n : at + n + 4], "big") for n in (0, 4, 8, 12))
        if found == tag:
            start = 112 + entries * 16 + offset
            return start, start + count
    raise AssertionError("not signed with RSA")


def test_a_tampered_payload_is_refused(world: World) -> None:
    trust(world, world.own)
    assert refused(world, break_payload(world.signed(APP))) == 1472


def test_bytes_behind_the_payload_are_refused(world: World) -> None:
    trust(world, world.own)
    path = world.signed(APP)
    with path.open("ab") as stream:
        stream.write(b"more")
    assert refused(world, path) == 1472


@pytest.mark.parametrize("kept", [0, 50, 100, 400, -1])
def test_a_truncated_file_is_refused(world: World, kept: int) -> None:
    trust(world, world.own)
    path = world.signed(APP)
    path.write_bytes(path.read_bytes()[:kept])
    assert refused(world, path) in (1471, 1472)


def test_another_signed_package_under_the_chosen_name_is_refused(world: World) -> None:
    """A mirror offers an old version, with its hole and its good signature, as the new one."""
    trust(world, world.own)
    path = world.signed(APP)
    world.signed(OTHER).rename(path)
    assert refused(world, path) == 1472


def test_a_file_replaced_after_verification_is_refused(world: World) -> None:
    trust(world, world.own)
    path = world.signed(APP)
    verified = world.verify(APP, path)
    world.signed(Rpm("app", "1.0-1", files={"/evil": ""}), world.foreign)  # the same path
    with pytest.raises(NotTrusted):
        verified.open()


def test_a_file_changed_in_place_after_verification_is_refused(world: World) -> None:
    trust(world, world.own)
    path = world.signed(APP)
    verified = world.verify(APP, path)
    times = path.stat()
    break_payload(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # cover the traces
    with pytest.raises(NotTrusted):
        verified.open()


def test_a_file_somebody_else_can_write_is_run_from_a_private_copy(world: World) -> None:
    trust(world, world.own)
    path = world.signed(APP)
    content = path.read_bytes()
    path.chmod(0o666)
    verified = world.verify(APP, path)
    path.write_bytes(b"evil")
    fd = verified.open()
    assert os.read(fd, 1 << 20) == content
    os.close(fd)
    verified.close()
    assert not os.path.exists(verified.copy)
    assert not list(world.folder.glob("tdnf-package-*"))


def test_no_copy_stays_of_a_refused_file(world: World) -> None:
    path = world.rpm(APP)
    path.chmod(0o666)
    assert refused(world, path) == 1510
    assert not list(world.folder.glob("tdnf-package-*"))


def test_a_fifo_is_refused_without_waiting(world: World) -> None:
    path = world.folder / "app-1.0-1.noarch.rpm"
    os.mkfifo(path)
    assert refused(world, path) == 1622


# Keys


@pytest.mark.parametrize(
    "content", [b"", b"hello\n", b"\x00\x01\x02", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"]
)
def test_a_key_file_without_a_key_is_refused(world: World, content: bytes) -> None:
    (world.folder / "own.asc").write_bytes(content)
    assert refused(world, world.signed(APP)) == 1505
    assert world.words.questions == 0


def test_a_key_without_armor_is_accepted(world: World) -> None:
    (world.folder / "own.asc").write_bytes(world.own.public_key(armored=False))
    world.verify(APP, world.signed(APP))
    assert world.words.questions == 1


def test_several_keys_in_one_file_all_count(world: World) -> None:
    (world.folder / "own.asc").write_bytes(world.foreign.public_key() + world.own.public_key())
    world.verify(APP, world.signed(APP))
    assert len(world.database.keys()) == 2
    assert world.words.questions == 1


def test_all_keys_of_a_repository_are_imported_although_the_first_one_matches(world: World) -> None:
    foreign = world.foreign.write_public_key(world.folder / "foreign.asc")
    source = world.source._replace(gpgkeys=(*world.source.gpgkeys, f"file://{foreign}"))
    world.verify(APP, world.signed(APP), source=source)
    assert len(world.database.keys()) == 2
    assert world.words.questions == 2


def test_of_several_keys_only_the_unknown_ones_are_asked_for(world: World) -> None:
    trust(world, world.foreign)
    foreign = world.foreign.write_public_key(world.folder / "foreign.asc")
    source = world.source._replace(gpgkeys=(f"file://{foreign}", *world.source.gpgkeys))
    world.verify(APP, world.signed(APP), source=source)
    assert world.words.questions == 1
    assert not [line for line in world.words.infos if str(foreign) in line]


def test_the_second_key_is_not_asked_for_when_a_known_one_matches(world: World) -> None:
    trust(world, world.own)
    foreign = world.foreign.write_public_key(world.folder / "foreign.asc")
    source = world.source._replace(gpgkeys=(f"file://{foreign}", *world.source.gpgkeys))
    world.verify(APP, world.signed(APP), source=source)
    assert world.words.questions == 0


def test_a_signing_subkey_counts(world: World, subkey_signer: Signer) -> None:
    (world.folder / "own.asc").write_bytes(subkey_signer.public_key())
    world.verify(APP, world.signed(APP, subkey_signer))


def test_a_subkey_that_its_owner_did_not_bind_does_not_count(world: World, subkey_signer: Signer) -> None:
    """A known key's file with an attacker's subkey slipped in raises no question."""
    trust(world, world.own)
    packets = split(subkey_signer.public_key(armored=False))
    slipped = b"".join(packet for packet in packets if packet[0] & 0x3C == 14 << 2)
    binding = packets[-1]
    own = world.own.public_key(armored=False)
    (world.folder / "own.asc").write_bytes(own + slipped + binding)
    assert refused(world, world.signed(APP, subkey_signer)) == 1473


def test_two_halves_of_a_key_that_nobody_was_asked_about_do_not_count(world: World) -> None:
    """Neither half can sign anything, so neither is worth a question; together they could sign."""
    with Signer.empty() as signer:
        signer.gpg("--passphrase", "", "--quick-generate-key", "Half <half@x>", "rsa2048", "cert", "never")
        listing = signer.gpg("--with-colons", "--list-keys").decode()
        signer.fingerprint = next(x.split(":")[9] for x in listing.splitlines() if x.startswith("fpr:"))
        signer.gpg("--passphrase", "", "--quick-add-key", signer.fingerprint, "rsa2048", "sign", "never")
        path = world.signed(APP, signer)
        whole = signer.public_key(armored=False)
    primary, user, certification, subkey, binding = split(whole)
    halves = primary + user + certification + primary + subkey + binding
    (world.folder / "own.asc").write_bytes(halves)
    assert refused(world, path) == 1514
    assert world.words.questions == 0
    assert not world.database.keys()
    (world.folder / "own.asc").write_bytes(halves + whole)
    world.verify(APP, path)
    assert world.words.questions == 1


def split(key: bytes) -> list[bytes]:
    """The packets of a key in gpg's old format."""
    packets = []
    while key:
        size = (1, 2, 4)[key[0] & 3]
        end = 1 + size + int.from_bytes(key[1 : 1 + size], "big")
        packets.append(key[:end])
        key = key[end:]
    return packets


def test_a_remote_key_is_fetched_once(world: World) -> None:
    url = "https://keys.localhost/own.asc"
    world.remote_keys[url] = world.own.public_key()
    world.verify(APP, world.signed(APP), source=world.source._replace(gpgkeys=(url,)))
    assert world.fetched == [url]
    assert world.words.infos[0] == f"importing key from {url}"


def test_a_remote_key_that_cannot_be_fetched_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_source: RepoSource, _url: str) -> bytes:
        raise FetchError("gone", number=1622)

    monkeypatch.setattr(world, "fetch_key", fail)
    url = "https://keys.localhost/own.asc"
    path = world.signed(APP)
    assert refused(world, path, source=world.source._replace(gpgkeys=(url,))) == 1622
    assert f"Error processing key: {url}" in world.words.diagnostics


@pytest.mark.parametrize(
    ("url", "number"),
    [("file:///nowhere/key", 1602), ("file:///tmp", 1507), ("/tmp/key", 1507), ("gopher://x/key", 1507)],
)
def test_an_unusable_key_url_is_refused(world: World, url: str, number: int) -> None:
    assert refused(world, world.signed(APP), source=world.source._replace(gpgkeys=(url,))) == number


# What may be switched off, and files of the command line


def test_without_gpgcheck_an_unsigned_package_passes_but_not_a_damaged_one(world: World) -> None:
    source = world.source._replace(gpgcheck=False)
    world.verify(APP, world.rpm(APP), source=source)
    assert refused(world, break_payload(world.rpm(APP)), source=source) == 1472
    assert refused(world, break_header(world.rpm(APP)), source=source) == 1472


def test_skipsignature_still_checks_digests(world: World) -> None:
    checks = Checks(signatures=False)
    world.verify(APP, world.rpm(APP), checks=checks)
    assert refused(world, break_payload(world.rpm(APP)), checks=checks) == 1472


def test_skipdigest_still_checks_signatures(world: World) -> None:
    trust(world, world.own)
    world.verify(APP, break_payload(world.signed(APP)), checks=NO_DIGEST)
    assert refused(world, world.rpm(APP), checks=NO_DIGEST) == 1510
    assert refused(world, world.signed(APP, world.foreign), checks=NO_DIGEST) == 1514


def test_nogpgcheck_checks_neither(world: World) -> None:
    world.verify(APP, break_payload(world.rpm(APP)), checks=Checks(signatures=False, digests=False))


def test_a_local_file_needs_a_signature_by_a_key_the_system_knows(world: World) -> None:
    assert refused(world, world.rpm(APP), cmdline=True) == 1510
    assert refused(world, world.signed(APP), cmdline=True) == 1523
    trust(world, world.own)
    world.verify(APP, world.signed(APP), cmdline=True)


# Packages of rpm before 4.14


def old(world: World, signer: Signer | None = None) -> Path:
    """A package without a digest of its payload, signed."""
    path = without_payload_digest(world.rpm(APP))
    (signer or world.own).sign_rpms([path], whole=True)
    return path


def test_a_package_of_old_rpm_is_verified_by_its_signature_of_header_and_payload(world: World) -> None:
    assert world.verify(APP, old(world)).signed
    assert world.words.questions == 1
    assert refused(world, break_payload(old(world))) == 1472
    path = old(world)
    with path.open("ab") as stream:
        stream.write(b"more")
    assert refused(world, path) == 1472
    assert refused(world, break_header(old(world))) == 1472
    assert refused(world, old(world, world.foreign)) == 1514
    world.verify(APP, old(world), checks=NO_DIGEST)
    assert refused(world, break_header(old(world)), checks=NO_DIGEST) == 1472


@pytest.mark.parametrize("algorithm", ["ed25519", "dsa2048"])
def test_old_packages_are_signed_by_other_algorithms_as_well(world: World, algorithm: str) -> None:
    with Signer.create("Old <old@localhost>", algorithm=algorithm) as signer:
        path = old(world, signer)
        signer.write_public_key(world.folder / "own.asc")
        world.verify(APP, path)
        assert refused(world, break_payload(path)) == 1472


def hide(path: Path, tag: int) -> Path:
    """Turn a signature into space that is kept free for one."""
    data = path.read_bytes()
    entry, free = ((number.to_bytes(4, "big") + (7).to_bytes(4, "big")) for number in (tag, 1008))
    assert entry in data[:1024]
    path.write_bytes(data.replace(entry, free, 1))
    return path


def test_a_signature_of_header_and_payload_alone_is_enough(world: World) -> None:
    path = world.rpm(APP)
    world.own.sign_rpms([path], whole=True)
    assert world.verify(APP, hide(path, 268)).signed
    world.verify(APP, path, checks=NO_DIGEST)
    assert refused(world, break_payload(path)) == 1472
    assert refused(world, path, checks=NO_DIGEST) == 1472


def test_two_signatures_of_one_old_package_by_two_keys_need_both(world: World) -> None:
    """The header by the repository's key, the payload by somebody else."""
    path = old(world)
    good = path.read_bytes()
    other = old(world, world.foreign).read_bytes()
    mixed = bytearray(good)
    start, end = signature_of(good, tag=1002)
    mixed[start:end] = bytes(end - start)
    path.write_bytes(bytes(mixed))
    assert refused(world, path) == 1473
    path.write_bytes(other)
    assert refused(world, path) == 1514


def test_a_signed_package_without_a_digest_of_its_payload_is_refused(world: World) -> None:
    """Its files could be exchanged, which an attacker would like; and it is said so."""
    trust(world, world.own)
    path = hide(old(world), 1002)
    with pytest.raises(NotTrusted, match="only the header is signed") as caught:
        world.verify(APP, path)
    assert caught.value.number == 1510
    world.verify(APP, path, checks=NO_DIGEST)


# The policy: which keys and signatures do not count


def test_a_revocation_that_the_system_knows_counts(world: World) -> None:
    with Signer.create("Gone <gone@localhost>") as signer:
        path = world.signed(APP, signer)
        signer.write_public_key(world.folder / "own.asc")  # the repository's copy is older
        text = (signer.home / "openpgp-revocs.d" / f"{signer.fingerprint}.rev").read_text()
        (signer.home / "revocation").write_text(text.replace(":-----BEGIN", "-----BEGIN"))
        signer.gpg("--import", str(signer.home / "revocation"))
        trust(world, signer)
        assert "revoked" in reason(world, path)


@pytest.fixture
def weak(world: World) -> Iterator[Signer]:
    """A key whose public part is the repository's."""
    with Signer.create("Weak <weak@localhost>", algorithm="rsa1024") as signer:
        signer.write_public_key(world.folder / "own.asc")
        yield signer


def reason(world: World, path: Path, **options: object) -> str:
    with pytest.raises(NotTrusted) as caught:
        world.verify(APP, path, **options)  # type: ignore[arg-type]
    assert caught.value.number == 1473
    return " ".join(caught.value.lines)


def test_a_short_key_is_neither_asked_for_nor_imported(world: World, weak: Signer) -> None:
    path = world.signed(APP, weak)
    assert "1024 bits" in reason(world, path)
    assert world.words.questions == 0 and world.database.keys() == ()
    world.verify(APP, path, source=world.source._replace(weak_signatures=True))
    assert world.words.questions == 1 and len(world.database.keys()) == 1
    assert "1024 bits" in reason(world, path)  # that it is in the database changes nothing
    assert "1024 bits" in reason(world, path, cmdline=True)
    assert "1024 bits" in reason(world, path, source=world.source._replace(gpgkeys=()))


@pytest.mark.parametrize(("digest", "word"), [("md5", "MD5"), ("sha1", "SHA-1")])
@pytest.mark.parametrize("whole", [True, False])
def test_weak_hashes_are_named(world: World, digest: str, word: str, whole: bool) -> None:
    path = world.rpm(APP)
    world.own.sign_rpms([path], digest=digest, whole=whole)
    assert word in reason(world, path)
    assert world.words.questions == 0
    relaxed = world.source._replace(weak_signatures=True)
    world.verify(APP, path, source=relaxed)
    assert refused(world, break_payload(path), source=relaxed) == 1472


def test_a_revoked_key_is_named_and_not_imported(world: World) -> None:
    with Signer.create("Gone <gone@localhost>") as signer:
        path = world.signed(APP, signer)
        before = signer.public_key()
        text = (signer.home / "openpgp-revocs.d" / f"{signer.fingerprint}.rev").read_text()
        place = signer.home / "revocation"
        place.write_text(text.replace(":-----BEGIN", "-----BEGIN"))
        signer.gpg("--import", str(place))
        signer.write_public_key(world.folder / "own.asc")
        for options in ({}, {"source": world.source._replace(weak_signatures=True)}):
            assert "revoked" in reason(world, path, **options)
        assert world.words.questions == 0 and world.database.keys() == ()
        # What the system has from before is not a way around.
        for certificate in read_certificates(before):
            world.database.import_key(certificate)
        assert "revoked" in reason(world, path)


def test_a_prolonged_key_verifies_what_it_signed_before(world: World) -> None:
    with Signer.create("Vendor <vendor@localhost>") as signer:
        path = world.signed(APP, signer)
        later = time.strftime("%Y%m%dT%H%M%S!", time.gmtime(time.time() + 60))
        signer.gpg("--faked-system-time", later, "--quick-set-expire", signer.fingerprint, "20990101T000000")
        signer.write_public_key(world.folder / "own.asc")
        world.verify(APP, path)
        assert refused(world, break_payload(path)) == 1472


def test_a_key_that_librpm_does_not_take_stops_no_other(world: World) -> None:
    with Signer.create("Curve <curve@localhost>", algorithm="nistp256") as signer:
        path = signer.write_public_key(world.folder / "curve.asc")
        both = world.source._replace(gpgkeys=(f"file://{path}", *world.source.gpgkeys))
        world.verify(APP, world.signed(APP), source=both)
        (known,) = world.database.keys()
        assert known.fingerprint == world.own.fingerprint
        (said,) = [line for line in world.words.diagnostics if signer.fingerprint in line]
        assert "not imported" in said


@pytest.mark.parametrize("bad", [b"<html>log in</html>", b"", None])
def test_a_key_file_that_is_none_stops_no_other(world: World, bad: bytes | None) -> None:
    if bad is not None:
        (world.folder / "bad").write_bytes(bad)
    both = world.source._replace(gpgkeys=(f"file://{world.folder}/bad", *world.source.gpgkeys))
    world.verify(APP, world.signed(APP), source=both)
    assert [line for line in world.words.diagnostics if "bad" in line]
    assert refused(world, world.signed(APP, world.foreign), source=both) == 1514


def test_a_damaged_package_is_not_worth_a_question(world: World) -> None:
    assert refused(world, break_header(world.signed(APP)), checks=NO_DIGEST) == 1472
    assert refused(world, world.signed(APP, world.foreign)) == 1514
    assert world.words.questions == 0


@pytest.mark.parametrize("path", ["../other/k.asc", "a/../../k.asc", "%2e%2e/k.asc", "./..%2Fk.asc"])
def test_a_key_url_that_leaves_the_servers_root_is_refused(world: World, path: str) -> None:
    url = f"http://keys.localhost/{path}"
    world.remote_keys[url] = world.own.public_key()
    assert refused(world, world.signed(APP), source=world.source._replace(gpgkeys=(url,))) == 1507
    assert world.fetched == []
    inside = "http://keys.localhost/a/../own.asc"
    world.remote_keys[inside] = world.own.public_key()
    world.verify(APP, world.signed(APP), source=world.source._replace(gpgkeys=(inside,)))


# What killed runs left


def test_copies_of_killed_runs_are_swept_and_those_of_living_ones_stay(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(world.folder))
    left = [world.folder / f"{prefix}x{n}" for n, prefix in enumerate(scratch.PREFIXES)]
    for folder in left:
        folder.mkdir()
        (folder / "file").write_text("left")
    outside = world.folder / "outside"
    outside.mkdir()
    (world.folder / f"{scratch.PACKAGE}link").symlink_to(outside)
    code = (
        "import sys, pkgman.transaction.scratch as s; print(s.make(s.RUN, sys.argv[1]), flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(world.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as living:
        assert living.stdout and living.stdin
        alive = Path(living.stdout.readline().decode().strip())
        own = scratch.make(scratch.PACKAGE, str(world.folder))
        scratch.sweep()
        assert not [folder for folder in left if folder.exists()]
        assert alive.is_dir() and os.path.isdir(own) and outside.is_dir()
        living.kill()
    scratch.discard(own)
    world.verify(APP, world.rpm(APP), source=world.source._replace(gpgcheck=False))
    assert not alive.exists() and not os.path.exists(own)
