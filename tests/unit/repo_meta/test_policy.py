"""The policy for keys and signatures, each rule with a real key that breaks it."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from pysequoia import packet

from pkgman.model.verdict import Standing
from repo_meta import packets, signature
from tests.support.keys import Signer, certification, version_3

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

DATA = b"what is signed\n"
YEAR_2011, YEAR_2020, YEAR_2021, YEAR_2022 = (
    ("--faked-system-time", f"{year}0301T000000!") for year in (2011, 2020, 2021, 2022)
)
FUTURE = ("--faked-system-time", "20990101T000000!")
SIGN = ("--detach-sign", "--output", "-")
FREE = ("--allow-weak-digest-algos",)


@pytest.fixture
def ring() -> Iterator[Signer]:
    """A GnuPG home without a key."""
    with Signer.empty() as made:
        yield made


@pytest.fixture
def data(tmp_path: Path) -> str:
    place = tmp_path / "data"
    place.write_bytes(DATA)
    return str(place)


def generate(ring: Signer, user: str, *more: str, algorithm: str = "rsa2048", ends: str = "never") -> str:
    """Make a key; return its fingerprint."""
    user = f"{user} <{user}@x>"
    ring.gpg(*more, "--passphrase", "", "--quick-generate-key", user, algorithm, "sign", ends)
    listing = ring.gpg("--with-colons", "--list-keys", user).decode()
    return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))


def judged(made: bytes, *keys: bytes, relaxed: bool = False, whole: bytes = DATA) -> tuple[Standing, str]:
    """Judge bytes and pieces alike: both must come to the same."""
    found = signature.judge([made], whole, keys, relaxed=relaxed)
    pieces = signature.judge([made], lambda: [whole[:5], whole[5:]], keys, relaxed=relaxed)
    assert pieces == found
    return found.standing, found.reason


GOOD = (Standing.GOOD, "")


@pytest.mark.parametrize("algorithm", ["rsa2048", "rsa4096", "dsa2048", "ed25519", "nistp256"])
def test_usual_keys_are_good(ring: Signer, data: str, algorithm: str) -> None:
    key = generate(ring, "usual", algorithm=algorithm)
    made, public = ring.gpg(*SIGN, data), ring.gpg("--export", key)
    assert judged(made, public) == GOOD
    assert signature.unusable(public, relaxed=False) == ""
    assert judged(made, public, whole=DATA + b"x")[0] is Standing.WRONG
    other = ring.gpg("--export", generate(ring, "other", algorithm="ed25519"))
    assert judged(made, other) == (Standing.UNKNOWN, f"made by key {key}")
    assert judged(made) == (Standing.UNKNOWN, f"made by key {key}")


@pytest.mark.parametrize(("hashed", "word"), [("SHA1", "SHA-1"), ("MD5", "MD5"), ("RIPEMD160", "RIPEMD-160")])
def test_weak_hashes_are_named_and_refused(ring: Signer, data: str, hashed: str, word: str) -> None:
    key = generate(ring, "weak")
    made, public = ring.gpg(*FREE, "--digest-algo", hashed, *SIGN, data), ring.gpg("--export", key)
    standing, reason = judged(made, public)
    assert standing is Standing.REFUSED and f"it uses {word}" in reason and key in reason
    if hashed != "RIPEMD160":  # which OpenSSL may not have
        assert judged(made, public, relaxed=True) == GOOD
        assert judged(made, public, relaxed=True, whole=b"other")[0] is Standing.WRONG


def test_a_date_of_former_times_makes_no_weak_signature_good(ring: Signer, data: str) -> None:
    """Who has broken a key chooses the date."""
    key = generate(ring, "old", *YEAR_2011)
    made = ring.gpg(*YEAR_2011, "--digest-algo", "SHA1", *SIGN, data)
    assert judged(made, ring.gpg("--export", key))[0] is Standing.REFUSED
    short = generate(ring, "short", *YEAR_2011, algorithm="rsa1024")
    made = ring.gpg(*YEAR_2011, "-u", short, *SIGN, data)
    assert judged(made, ring.gpg("--export", short))[0] is Standing.REFUSED


@pytest.mark.parametrize("algorithm", ["rsa1024", "dsa1024"])
def test_short_keys_are_refused(ring: Signer, data: str, algorithm: str) -> None:
    key = generate(ring, "short", algorithm=algorithm)
    made, public = ring.gpg("--digest-algo", "SHA256", *SIGN, data), ring.gpg("--export", key)
    standing, reason = judged(made, public)
    assert standing is Standing.REFUSED and "1024 bits" in reason
    assert "1024 bits" in signature.unusable(public, relaxed=False)
    assert judged(made, public, relaxed=True) == GOOD
    assert signature.unusable(public, relaxed=True) == ""


def test_a_key_bound_with_sha_1_is_refused_by_that_name(ring: Signer, data: str) -> None:
    key = generate(ring, "bound", "--cert-digest-algo", "SHA1")
    made, public = ring.gpg(*SIGN, data), ring.gpg("--export", key)
    standing, reason = judged(made, public)
    assert standing is Standing.REFUSED and "SHA-1" in reason
    assert judged(made, public, relaxed=True) == GOOD


def test_a_key_bound_with_sha_1_before_2023_is_good(ring: Signer, data: str) -> None:
    key = generate(ring, "bound", *YEAR_2020, "--cert-digest-algo", "SHA1")
    assert judged(ring.gpg(*SIGN, data), ring.gpg("--export", key)) == GOOD


@pytest.mark.parametrize("when", [(), YEAR_2020])
def test_a_revoked_key_signs_nothing(ring: Signer, data: str, when: tuple[str, ...]) -> None:
    key = generate(ring, "gone", *when)
    before = ring.gpg("--export", key)
    made = ring.gpg(*when, *SIGN, data)
    text = (ring.home / "openpgp-revocs.d" / f"{key}.rev").read_text().replace(":-----BEGIN", "-----BEGIN")
    subprocess.run(
        ["gpg", "--homedir", str(ring.home), "--batch", "-q", "--import"], input=text.encode(), check=True
    )
    public = ring.gpg("--export", key)
    for relaxed in (False, True):
        standing, reason = judged(made, public, relaxed=relaxed)
        assert standing is Standing.REFUSED and "revoked" in reason
        assert "revoked" in signature.unusable(public, relaxed=relaxed)
    # A copy without the revocation beside it hides nothing.
    assert judged(made, before) == GOOD
    assert judged(made, before, public)[0] is Standing.REFUSED
    assert judged(made, public, before)[0] is Standing.REFUSED


def test_a_revocation_by_somebody_else_counts_for_nothing(ring: Signer, data: str) -> None:
    key = generate(ring, "here")
    packets_ = [bytes(item) for item in packet.PacketPile.from_bytes(ring.gpg("--export", key))]
    forged = bytearray(packets_[-1])
    forged[4] = packets.KEY_REVOCATION
    public = b"".join([packets_[0], bytes(forged), *packets_[1:]])
    assert judged(ring.gpg(*SIGN, data), public) == GOOD


def test_a_key_that_had_expired_signs_nothing_and_one_that_has_expired_since_does(
    ring: Signer, data: str
) -> None:
    key = generate(ring, "mayfly", *YEAR_2020, ends="20210101T000000")
    public = ring.gpg("--export", key)
    in_time = ring.gpg(*YEAR_2020, *SIGN, data)
    ring.gpg("--faked-system-time", "20200401T000000!", "--quick-set-expire", key, "20300101T000000")
    late = ring.gpg(*YEAR_2021, *SIGN, data)
    assert judged(in_time, public) == GOOD
    standing, reason = judged(late, public)
    assert standing is Standing.REFUSED and "expired on 2021-01-01" in reason
    assert judged(late, public, relaxed=True)[0] is Standing.REFUSED
    assert signature.unusable(public, relaxed=False) == ""  # for what it signed in time


def test_a_signature_that_has_expired_is_refused(ring: Signer, data: str) -> None:
    key = generate(ring, "any", *YEAR_2020)
    made = ring.gpg(*YEAR_2020, "--default-sig-expire", "10d", *SIGN, data)
    standing, reason = judged(made, ring.gpg("--export", key))
    assert standing is Standing.REFUSED and reason.startswith("it expired on 2020-03-11")


def test_a_wrong_clock_is_named(ring: Signer, data: str) -> None:
    key = generate(ring, "tomorrow")
    public = ring.gpg("--export", key)
    standing, reason = judged(ring.gpg(*FUTURE, *SIGN, data), public)
    assert standing is Standing.REFUSED and "2099-01-01: is the clock right?" in reason
    ahead = time.strftime("%Y%m%dT%H%M%S!", time.gmtime(time.time() + 600))
    assert judged(ring.gpg("--faked-system-time", ahead, *SIGN, data), public) == GOOD


def test_a_signature_older_than_its_key_is_refused(ring: Signer, data: str) -> None:
    key = generate(ring, "young", *YEAR_2021)
    made = ring.gpg("--ignore-time-conflict", *YEAR_2020, *SIGN, data)
    standing, reason = judged(made, ring.gpg("--export", key))
    assert standing is Standing.REFUSED and "older than its key" in reason


# A vendor prolongs a key: gpg exports the newest self-signature only


@pytest.mark.parametrize("algorithm", ["rsa2048", "ed25519", "dsa2048", "nistp384"])
def test_a_prolonged_key_verifies_what_it_signed_before(ring: Signer, data: str, algorithm: str) -> None:
    key = generate(ring, "vendor", *YEAR_2020, algorithm=algorithm, ends="20210101T000000")
    made = ring.gpg(*YEAR_2020, *SIGN, data)
    ring.gpg(*YEAR_2022, "--quick-set-expire", key, "20300101T000000")
    public = ring.gpg("--export", key)
    assert judged(made, public) == GOOD
    assert judged(made, public, whole=b"other")[0] is Standing.WRONG
    # Signed between the old end and the prolonging: as the key stands now, it was good then.
    assert judged(ring.gpg(*YEAR_2022, *SIGN, data), public) == GOOD


def test_a_prolonged_subkey_verifies_what_it_signed_before(ring: Signer, data: str) -> None:
    key = generate(ring, "vendor", *YEAR_2020)
    ring.gpg(*YEAR_2020, "--passphrase", "", "--quick-add-key", key, "rsa2048", "sign", "20210101T000000")
    made = ring.gpg(*YEAR_2020, *SIGN, data)
    (item,) = packet.PacketPile.from_bytes(made)
    assert packets.read_signature(item.body).fingerprint != key
    ring.gpg(*YEAR_2022, "--quick-set-expire", key, "20300101T000000", "*")
    assert judged(made, ring.gpg("--export", key)) == GOOD


def test_changed_preferences_change_nothing(ring: Signer, data: str) -> None:
    key = generate(ring, "vendor", *YEAR_2020)
    made = ring.gpg(*YEAR_2020, *SIGN, data)
    words = ["gpg", "--homedir", str(ring.home), "--batch", "--no-tty", "-q", "--command-fd", "0", *YEAR_2022]
    subprocess.run([*words, "--edit-key", key], input=b"setpref SHA512 AES256\ny\nsave\n", check=True)
    public = ring.gpg("--export", key)
    (_, _, item) = packet.PacketPile.from_bytes(public)
    assert (
        packets.read_signature(item.body).created
        > packets.read_signature(next(iter(packet.PacketPile.from_bytes(made))).body).created
    )
    assert judged(made, public) == GOOD


def test_a_subkey_that_is_not_for_signing_signs_nothing(ring: Signer, data: str) -> None:
    key = generate(ring, "vendor")
    ring.gpg("--passphrase", "", "--quick-add-key", key, "rsa2048", "sign", "never")
    made = ring.gpg(*SIGN, data)
    items = [bytes(item) for item in packet.PacketPile.from_bytes(ring.gpg("--export", key))]
    assert judged(made, b"".join(items)) == GOOD
    assert judged(made, b"".join(items[:-1]))[0] is Standing.REFUSED  # nobody bound it
    other = generate(ring, "thief", algorithm="ed25519")
    stolen = [bytes(item) for item in packet.PacketPile.from_bytes(ring.gpg("--export", other))]
    assert judged(made, b"".join([*stolen, *items[-2:]]))[0] is Standing.REFUSED


def test_two_keys_with_one_id_are_both_tried(
    ring: Signer, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real collision of 64 bits is too dear for a test, so that the other key is given the id."""
    key, other = generate(ring, "one"), generate(ring, "two", algorithm="ed25519")
    made = version_3(ring, key, DATA)  # it names its key by the id alone
    monkeypatch.setattr(packets.Key, "key_id", property(lambda _self: key[-16:]))
    publics = [ring.gpg("--export", one) for one in (other, key)]
    assert judged(made, *publics) == GOOD
    assert judged(made, *reversed(publics)) == GOOD
    assert judged(made, publics[0])[0] is Standing.WRONG


def test_a_signature_that_names_two_keys_is_refused(ring: Signer, data: str) -> None:
    """One of them would be judged, and the other could have made it."""
    key = generate(ring, "any", algorithm="ed25519")
    made, public = ring.gpg(*SIGN, data), ring.gpg("--export", key)
    named = bytes.fromhex(key[-16:])
    assert made.count(named) == 2  # in the fingerprint, and as id in the part that is not signed
    at = made.rindex(named)
    other = made[:at] + bytes(8) + made[at + 8 :]
    assert judged(made, public) == GOOD
    assert judged(other, public) == (Standing.REFUSED, "the signature names several keys")


def test_a_critical_part_that_is_not_understood_makes_a_signature_count_for_nothing(
    ring: Signer, data: str
) -> None:
    key = generate(ring, "any", algorithm="ed25519")
    public = ring.gpg("--export", key)
    note = ("--sig-notation", "note@x=1")
    assert judged(ring.gpg(*note, *SIGN, data), public) == GOOD
    critical = ("--sig-notation", "!note@x=1")
    assert judged(ring.gpg(*critical, *SIGN, data), public)[0] is Standing.REFUSED


@pytest.mark.parametrize("hashed", ["sha1", "sha256"])
def test_signatures_of_version_3_count_by_the_same_rules(ring: Signer, hashed: str) -> None:
    key = generate(ring, "vendor")
    public = ring.gpg("--export", key)
    made = version_3(ring, key, DATA, hashed=hashed)
    assert judged(made, public, relaxed=True) == GOOD
    assert judged(made, public) == GOOD if hashed == "sha256" else judged(made, public)[0] is Standing.REFUSED
    assert judged(made, public, whole=b"other", relaxed=True)[0] is Standing.WRONG


def test_many_signatures_on_a_key_cost_no_time(ring: Signer, data: str) -> None:
    key = generate(ring, "flooded", algorithm="nistp521")
    made = ring.gpg(*SIGN, data)
    items = [bytes(item) for item in packet.PacketPile.from_bytes(ring.gpg("--export", key))]
    began = time.monotonic()
    flood = b"".join([*items[:2], *([items[2][:-9] + b"\1" * 9] * 5000), items[2]])
    signature.judge([made], DATA, [flood])
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("count", [16, 17])
def test_the_number_of_signatures_is_limited(ring: Signer, data: str, count: int) -> None:
    key = generate(ring, "any", algorithm="ed25519")
    made = ring.gpg(*SIGN, data)
    found = signature.judge([made] * count, DATA, [ring.gpg("--export", key)])
    assert found.standing is (Standing.GOOD if count <= 16 else Standing.REFUSED)


def test_what_cannot_be_read_verifies_nothing_and_stops_no_other(ring: Signer, data: str) -> None:
    key = generate(ring, "any", algorithm="ed25519")
    made, public = ring.gpg(*SIGN, data), ring.gpg("--export", key)
    for junk in (b"", b"junk", public[:40], made):
        assert judged(made, junk, public) == GOOD
        assert judged(made, junk)[0] is not Standing.GOOD
        assert signature.unusable(junk, relaxed=True)
    for junk in (b"", b"junk", public, made[:30]):
        assert judged(junk, public)[0] is Standing.REFUSED


def test_packets_and_parts_of_kinds_to_come_stop_nothing(ring: Signer, data: str) -> None:
    key = generate(ring, "any", algorithm="ed25519")
    made, public = ring.gpg(*SIGN, data), ring.gpg("--export", key)
    later = bytes((0xC0 | 59, 3)) + b"new"  # of a kind that nobody has defined yet
    assert judged(made, public + later) == GOOD
    assert judged(made + later, public)[0] is Standing.REFUSED
    keys = signature.read_keys(public + later, "key")
    assert [one.fingerprint.upper() for one in keys] == [key]
    (item,) = packet.PacketPile.from_bytes(made)
    start = 6 + int.from_bytes(item.body[4:6], "big")  # of the part that is not signed
    more = bytes((6, 33, 99)) + b"what"  # a fingerprint of a version to come
    size = int.from_bytes(item.body[start : start + 2], "big") + len(more)
    body = item.body[:start] + size.to_bytes(2, "big") + more + item.body[start + 2 :]
    assert judged(b"\x88" + bytes((len(body),)) + body, public)[0] is Standing.REFUSED


@pytest.mark.parametrize(("lasts", "good"), [(3600, True), (10, False)])
def test_a_self_signature_that_has_expired_binds_no_key(
    ring: Signer, data: str, lasts: int, good: bool
) -> None:
    key = generate(ring, "any", *YEAR_2021)
    primary, user, _ = (bytes(item) for item in packet.PacketPile.from_bytes(ring.gpg("--export", key)))
    body, name = primary[3:], user[2:]
    began = int(time.time()) - 60
    subpackets = b"".join(
        (b"\5\2" + began.to_bytes(4, "big"), b"\5\3" + lasts.to_bytes(4, "big"), b"\2\x1b\x03")
    )
    hashed = b"\x99" + len(body).to_bytes(2, "big") + body + b"\xb4" + len(name).to_bytes(4, "big") + name
    public = primary + user + certification(ring, key, hashed, subpackets=subpackets)
    assert (judged(ring.gpg(*SIGN, data), public)[0] is Standing.GOOD) is good
