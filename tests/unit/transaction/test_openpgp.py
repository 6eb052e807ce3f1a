from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import PkgmanError
from pkgman.model.limits import MAX_KEY_FILE
from pkgman.transaction.openpgp import grouped, read_certificates
from repo_meta.signature import read_keys

if TYPE_CHECKING:
    from tests.support.keys import Signer

# A version 6 key made by hand: the outer form is all that is read.
V6_BODY = bytes([6, 0, 0, 0, 0, 27, 0, 0, 0, 32]) + bytes(range(32))
V6 = bytes([0xC6, len(V6_BODY)]) + V6_BODY


pytestmark = pytest.mark.slow


def test_fingerprint_and_user_id_are_gpgs(own_key: Signer) -> None:
    (key,) = read_certificates(own_key.public_key())
    assert (key.fingerprint, key.user_id) == (own_key.fingerprint, "Own <own@localhost>")
    assert key.data == own_key.public_key(armored=False)


def test_armor_and_binary_say_the_same(foreign_key: Signer) -> None:
    armored = read_certificates(foreign_key.public_key())
    assert armored == read_certificates(foreign_key.public_key(armored=False))


def test_several_keys_are_taken_apart(own_key: Signer, foreign_key: Signer) -> None:
    expected = [own_key.fingerprint, foreign_key.fingerprint]
    blocks = own_key.public_key() + b"\nwords between\n" + foreign_key.public_key()
    binary = own_key.public_key(armored=False) + foreign_key.public_key(armored=False)
    for data in (blocks, binary):
        assert [key.fingerprint for key in read_certificates(data)] == expected


def test_dos_line_ends_headers_and_a_missing_checksum_do_not_matter(own_key: Signer) -> None:
    lines = own_key.public_key().splitlines()
    lines = [line for line in lines if not line.startswith(b"=")]
    lines.insert(1, b"Comment: made by hand")
    (key,) = read_certificates(b"\r\n".join(lines) + b"\r\n")
    assert key.fingerprint == own_key.fingerprint


def test_a_version_6_key_has_a_long_fingerprint() -> None:
    (key,) = read_certificates(V6)
    assert len(key.fingerprint) == 64


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        b"\xff",
        V6[:-1],
        V6 + b"\x00",
        b"\xcd\x01a",  # a user id without a key
        bytes([0xC6, 3, 3, 0, 0]),  # version 3
        b"\x9b\x00",  # a length without end
        bytes([0xC6, 0xE1, 0]),  # a partial length
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!!\n-----END PGP PUBLIC KEY BLOCK-----\n",
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQEN",
        b"-----BEGIN PGP SIGNATURE-----\n\nmQEN\n-----END PGP SIGNATURE-----\n",
    ],
)
def test_what_is_no_key_is_refused(data: bytes) -> None:
    with pytest.raises(PkgmanError) as caught:
        read_certificates(data)
    assert caught.value.number == 1505


def test_a_huge_file_is_refused_unread() -> None:
    with pytest.raises(PkgmanError):
        read_certificates(b"\0" * (MAX_KEY_FILE + 1))


def test_every_cut_of_a_key_is_refused_or_a_key_and_never_a_loop(own_key: Signer) -> None:
    data = own_key.public_key(armored=False)
    for end in range(len(data)):
        try:
            (key,) = read_certificates(data[:end])
            assert key.fingerprint == own_key.fingerprint
        except PkgmanError:
            pass


def test_a_fingerprint_is_shown_in_groups() -> None:
    assert grouped("0123456789AB") == "0123 4567 89AB"


def key_of_version_3() -> bytes:
    """A key of the nineties with its user id."""
    number = (1024).to_bytes(2, "big") + b"\x81" * 128
    body = b"\3" + (900000000).to_bytes(4, "big") + b"\0\0\1" + number + b"\0\x11\1\0\1"
    return b"\x99" + len(body).to_bytes(2, "big") + body + b"\xb4\3old"


@pytest.mark.parametrize("order", [1, -1])
def test_a_key_of_an_unknown_version_stops_no_other(own_key: Signer, order: int) -> None:
    good = own_key.public_key(armored=False)
    (key,) = read_certificates(b"".join([key_of_version_3(), good][::order]))
    assert key.data == good
    (cert,) = read_keys(b"".join([key_of_version_3(), good][::order]), "key")
    assert cert.fingerprint.upper() == own_key.fingerprint
    for read in (read_certificates, lambda data: read_keys(data, "key")):
        with pytest.raises(PkgmanError) as caught:
            read(key_of_version_3())
        assert caught.value.number == 1505


@pytest.mark.parametrize("body", [b"\n\n!!!!\n", b"\n\nAAAA\n", b"\n"])
@pytest.mark.parametrize("end", [b"-----END PGP PUBLIC KEY BLOCK-----\n", b""])
@pytest.mark.parametrize("order", [1, -1])
def test_a_damaged_block_stops_no_other(own_key: Signer, body: bytes, end: bytes, order: int) -> None:
    bad = b"-----BEGIN PGP PUBLIC KEY BLOCK-----" + body + end
    data = b"".join([bad, own_key.public_key()][::order])
    (key,) = read_certificates(data)
    (cert,) = read_keys(data, "key")
    assert key.fingerprint == own_key.fingerprint == cert.fingerprint.upper()


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"  ", b"Hello,\nthe key:\n"])
def test_what_stands_before_a_block_does_not_matter(own_key: Signer, before: bytes) -> None:
    (key,) = read_certificates(before + own_key.public_key())
    assert key.fingerprint == own_key.fingerprint


@pytest.mark.parametrize(
    "piece",
    [
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n-----END PGP PUBLIC KEY BLOCK-----\n",
        b"\xc6\1\3",
        b"\xc6\0",
    ],
)
def test_a_hostile_key_file_costs_no_time(piece: bytes) -> None:
    data = piece * (MAX_KEY_FILE // len(piece))
    began = time.monotonic()
    for read in (read_certificates, lambda data: read_keys(data, "key")):
        with pytest.raises(PkgmanError):
            read(data)
    assert time.monotonic() - began < 10
