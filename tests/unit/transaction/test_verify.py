from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import Aborted, FetchError, NotTrusted, PkgmanError
from pkgman.model.repo import RepoSource
from pkgman.transaction.openpgp import read_certificates
from pkgman.transaction.verify import Checks
from tests.support.rpms import Rpm, break_header, break_payload

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

    from tests.support.keys import Signer

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


def test_a_signed_package_of_a_repository_without_keys_is_refused(world: World) -> None:
    trust(world, world.own)
    assert refused(world, world.signed(APP), source=world.source._replace(gpgkeys=())) == 1523


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


def signature_of(data: bytes) -> tuple[int, int]:
    """Where the header's OpenPGP signature begins and ends: tag 268 of the signature header."""
    entries = int.from_bytes(data[104:108], "big")
    for at in range(112, 112 + entries * 16, 16):
        tag, _, offset, count = (int.from_bytes(data[at + n : at + n + 4], "big") for n in (0, 4, 8, 12))
        if tag == 268:
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
    assert refused(world, world.signed(APP, subkey_signer)) in (1472, 1514)


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


def test_a_signed_package_without_a_digest_of_its_payload_is_refused(world: World) -> None:
    """Its files could be exchanged: packages of rpm before 4.14, and what an attacker would like."""
    trust(world, world.own)
    path = world.signed(APP)
    data = path.read_bytes()
    start = data.index(b"\x8e\xad\xe8\x01", 100)
    entries, size = (int.from_bytes(data[start + n : start + n + 4], "big") for n in (8, 12))
    end = start + 16 + entries * 16 + size
    header = changed = data[start:end]
    # PAYLOADDIGEST becomes FILESIGNATURES, and PAYLOADDIGESTALT a tag nobody knows.
    for tag, other in ((5092, 5090), (5097, 5999)):
        words = [number.to_bytes(4, "big") + (8).to_bytes(4, "big") for number in (tag, other)]
        changed = changed.replace(words[0], words[1], 1)
    for kind in ("sha1", "sha256"):
        old, new = (hashlib.new(kind, one).hexdigest().encode() for one in (header, changed))
        data = data.replace(old, new)
    at, until = signature_of(data)
    signature = sign(world, changed, until - at)
    path.write_bytes(data[:at] + signature + data[until:start] + changed + data[end:])
    assert refused(world, path) == 1510


def sign(world: World, header: bytes, size: int) -> bytes:
    """Sign as rpmsign does; a signature may come out a byte shorter now and then."""
    place = world.folder / "header"
    place.write_bytes(header)
    for later in range(50):  # the time is all that makes one signature differ from the next
        clock = f"--faked-system-time={int(time.time()) + later}"
        signature = world.own.gpg(
            clock, "--digest-algo", "sha256", "--detach-sign", "--output", "-", str(place)
        )
        if len(signature) == size:
            return signature
    raise AssertionError(size)
