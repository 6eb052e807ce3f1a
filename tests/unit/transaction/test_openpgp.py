from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import PkgmanError
from pkgman.model.limits import MAX_KEY_FILE
from pkgman.transaction.openpgp import grouped, read_certificates

if TYPE_CHECKING:
    from tests.support.keys import Signer

# A version 6 key made by hand: the outer form is all that is read.
V6_BODY = bytes([6, 0, 0, 0, 0, 27, 0, 0, 0, 32]) + bytes(range(32))
V6 = bytes([0xC6, len(V6_BODY)]) + V6_BODY


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
