"""Whether a number is the signature of a hash, by a public key alone.

pysequoia verifies a signature against the certificate as it stood when the signature was made, and cannot
be told otherwise. Where that is not the question (:mod:`repo_meta.signature` says where), the numbers are
verified here: RSA with Python's own integers (RFC 8017, section 8.2.2), all others by :mod:`repo_meta.dss`.
"""

from __future__ import annotations

from repo_meta import packets

# The encoding of a hash's name: RFC 9580, section 9.5, with the object identifiers of RFC 8017, section 9.2.
_DIGEST_INFO = {
    "md5": "3020300c06082a864886f70d020505000410",
    "sha1": "3021300906052b0e03021a05000414",
    "sha224": "302d300d06096086480165030402040500041c",
    "sha256": "3031300d060960864801650304020105000420",
    "sha384": "3041300d060960864801650304020205000430",
    "sha512": "3051300d060960864801650304020305000440",
}


def verify(algorithm: int, material: bytes, kind: str, digest: bytes, signature: bytes) -> bool:
    """Say whether ``signature`` is that of ``digest``, a hash of hashlib's name ``kind``.

    ``material`` and ``signature`` are the algorithm's part of the key's and the signature's packet. An
    algorithm, a curve or a hash that is not known here verifies nothing.
    """
    if algorithm in (packets.RSA, packets.RSA_SIGN):
        try:
            return _rsa(packets.numbers(material, 2), packets.numbers(signature, 1)[0], kind, digest)
        except ValueError:
            return False
    if algorithm not in (packets.DSA, packets.ECDSA, packets.EDDSA, packets.ED25519):
        return False
    from repo_meta import dss

    return dss.verify(algorithm, material, kind, digest, signature)


def _rsa(key: list[int], signature: int, kind: str, digest: bytes) -> bool:
    n, e = key
    size = (n.bit_length() + 7) // 8
    info = bytes.fromhex(_DIGEST_INFO[kind]) + digest if kind in _DIGEST_INFO else b""
    padding = size - len(info) - 3
    if not info or padding < 8 or not 0 < signature < n or not 2 < e < 1 << 64:
        return False
    # The whole block is made and compared: nothing of what was signed is parsed.
    wanted = b"\x00\x01" + b"\xff" * padding + b"\x00" + info
    return pow(signature, e, n).to_bytes(size, "big") == wanted
