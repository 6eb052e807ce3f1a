"""DSA, ECDSA and EdDSA (FIPS 186): verification of OpenPGP's encodings of them; the owner of cryptography.

It is loaded when the first of these keys is met: it costs 10 MB and 50 ms, and most keys are RSA.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from repo_meta import packets

_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sha3_256": hashes.SHA3_256,
    "sha3_512": hashes.SHA3_512,
}
# Object identifiers of RFC 9580, section 9.2.
_CURVES: dict[bytes, type[ec.EllipticCurve]] = {
    bytes.fromhex("2a8648ce3d030107"): ec.SECP256R1,
    bytes.fromhex("2b81040022"): ec.SECP384R1,
    bytes.fromhex("2b81040023"): ec.SECP521R1,
    bytes.fromhex("2b2403030208010107"): ec.BrainpoolP256R1,
    bytes.fromhex("2b240303020801010b"): ec.BrainpoolP384R1,
    bytes.fromhex("2b240303020801010d"): ec.BrainpoolP512R1,
}
_ED25519_OID = bytes.fromhex("2b06010401da470f01")
_NATIVE = 0x40  # first byte of a point in the curve's own form


def verify(algorithm: int, material: bytes, kind: str, digest: bytes, signature: bytes) -> bool:
    """Say whether ``signature`` is that of ``digest``; parameters as :func:`repo_meta.publickey.verify`."""
    try:
        if algorithm == packets.ED25519:
            _ed25519(material, digest, signature)
        elif algorithm == packets.EDDSA:
            identifier, point = _curve(material)
            if identifier != _ED25519_OID or point[0] != _NATIVE:
                return False
            r, s = (number.to_bytes(32, "big") for number in packets.numbers(signature, 2))
            _ed25519(point[1:], digest, r + s)
        elif algorithm == packets.ECDSA:
            identifier, point = _curve(material)
            key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[identifier](), point)
            key.verify(_encoded(signature), digest, ec.ECDSA(Prehashed(_HASHES[kind]())))
        elif algorithm == packets.DSA:
            p, q, g, y = packets.numbers(material, 4)
            group = dsa.DSAParameterNumbers(p, q, g)
            dsa.DSAPublicNumbers(y, group).public_key().verify(
                _encoded(signature), digest, Prehashed(_HASHES[kind]())
            )
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, KeyError, IndexError, OverflowError):
        return False
    return True


def _encoded(signature: bytes) -> bytes:
    r, s = packets.numbers(signature, 2)
    return encode_dss_signature(r, s)


def _curve(material: bytes) -> tuple[bytes, bytes]:
    """Return the object identifier of a key's curve, and the encoded point."""
    end = 1 + material[0]
    (point,) = packets.numbers(material[end:], 1)
    return material[1:end], point.to_bytes((point.bit_length() + 7) // 8, "big")


def _ed25519(key: bytes, digest: bytes, signature: bytes) -> None:
    ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, digest)
