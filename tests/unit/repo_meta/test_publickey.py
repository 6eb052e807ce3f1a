from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest
from pysequoia import packet

from repo_meta import packets, publickey, signingkeys
from tests.support.keys import Signer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from repo_meta.packets import Key, Signature

pytestmark = pytest.mark.slow

ALGORITHMS = ["rsa2048", "rsa3072", "dsa2048", "ed25519", "nistp256", "nistp384", "nistp521"]


@pytest.fixture(scope="module", params=ALGORITHMS)
def signer(request: pytest.FixtureRequest) -> Iterator[Signer]:
    with Signer.create("Any <any@localhost>", algorithm=request.param) as made:
        yield made


def made(signer: Signer, place: Path, hashed: str) -> tuple[Key, Signature]:
    """A key of gpg's, and its signature of the file ``place``."""
    key = next(iter(packet.PacketPile.from_bytes(signer.public_key())))
    raw = signer.gpg("--digest-algo", hashed, "--detach-sign", "--output", "-", str(place))
    (signature,) = packet.PacketPile.from_bytes(raw)
    return packets.read_key(key.body), packets.read_signature(signature.body)


def test_what_gpg_signs_is_right_and_nothing_else(signer: Signer, tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_bytes(b"data")
    key, signature = made(signer, place, "sha512")
    assert key.fingerprint == signer.fingerprint
    assert key.made(signature)
    assert signingkeys.is_right(signature, key, [b"da", b"ta"])
    assert not signingkeys.is_right(signature, key, [b"dat"])
    later = signature._replace(trailer=signature.trailer.replace(signature.trailer[4:8], b"\0\0\0\0", 1))
    assert not signingkeys.is_right(later, key, [b"data"])
    other = signature._replace(key_algorithm=packets.RSA if key.algorithm != packets.RSA else 17)
    assert not signingkeys.is_right(other, key, [b"data"])
    for at in range(2, len(signature.numbers)):  # behind its length in bits, no bit may differ
        numbers = bytearray(signature.numbers)
        numbers[at] ^= 1 << at % 8
        if at % 16 == 5 or key.algorithm == packets.RSA:
            assert not signingkeys.is_right(signature._replace(numbers=bytes(numbers)), key, [b"data"])
    for numbers in (b"", signature.numbers[:-1], signature.numbers + b"\0", b"\0\0", b"\0\0\0\0"):
        assert not signingkeys.is_right(signature._replace(numbers=numbers), key, [b"data"])
    for at in range(1, len(key.material), 13):
        assert not signingkeys.is_right(signature, key._replace(material=key.material[:at]), [b"data"])


@pytest.mark.parametrize("hashed", ["sha1", "sha224", "sha256", "sha384", "sha512"])
def test_rsa_with_every_hash(tmp_path: Path, hashed: str) -> None:
    place = tmp_path / "data"
    place.write_bytes(b"data")
    with Signer.create("Rsa <rsa@localhost>") as signer:
        key, signature = made(signer, place, hashed)
    assert signingkeys.is_right(signature, key, [b"data"])
    # The hash's name is in what was signed: the same bytes under another name are wrong.
    digest = hashlib.new(hashed, b"data" + signature.trailer).digest()
    for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256"):
        right = publickey.verify(key.algorithm, key.material, name, digest, signature.numbers)
        assert right is (name == hashed)


def number(value: int) -> bytes:
    """A multiprecision integer."""
    return value.bit_length().to_bytes(2, "big") + value.to_bytes((value.bit_length() + 7) // 8, "big")


def test_an_rsa_signature_that_a_lenient_reader_would_take_is_wrong() -> None:
    """With e=3 and a parser that ignores what follows the hash, a cube root is a signature."""
    digest = hashlib.sha256(b"data").digest()
    info = bytes.fromhex("3031300d060960864801650304020105000420") + digest
    wanted = int.from_bytes(
        b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + b"\xff" * (384 - len(info) - 11), "big"
    )
    root = 1 << (wanted.bit_length() // 3 + 1)
    while root**3 > wanted:
        root = (2 * root + wanted // root**2) // 3
    n = (1 << 3071) + 1
    material = number(n) + number(3)
    assert (root**3).to_bytes(384, "big")[:30] == wanted.to_bytes(384, "big")[:30]
    assert not publickey.verify(packets.RSA, material, "sha256", digest, number(root))
    assert not publickey.verify(packets.RSA, number(n) + number(1), "sha256", digest, number(wanted))


@pytest.mark.parametrize("algorithm", [1, 3, 17, 19, 22, 27, 28, 99])
@pytest.mark.parametrize(
    "material", [b"", b"\0\0" * 4, b"\xff\xff" + b"\1" * 9000, b"\x08*\x86H\xce=\3\1\7\0\0"]
)
def test_numbers_that_are_none_verify_nothing(algorithm: int, material: bytes) -> None:
    for signature in (b"", b"\0\0\0\0", number(1) * 2, number(1), bytes(64)):
        assert not publickey.verify(algorithm, material, "sha256", bytes(32), signature)


def test_damaged_packets_are_refused_or_read_as_something_else(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_bytes(b"data")
    with Signer.create("Any <any@localhost>", algorithm="ed25519") as signer:
        raw = subprocess.run(
            ["gpg", "--homedir", str(signer.home), "--batch", "-q", "--detach-sign", "-o", "-", str(place)],
            check=True,
            capture_output=True,
        ).stdout
    (found,) = packet.PacketPile.from_bytes(raw)
    body = found.body
    for at in range(len(body)):
        for change in (body[:at], body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]):
            try:
                packets.read_signature(change)
            except packets.Malformed:
                continue
