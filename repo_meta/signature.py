"""The detached OpenPGP signature of repomd.xml: the owner of pysequoia.

A repository's metadata is trusted by the keys of its own ``gpgkey`` only; every signature in the
file must be good (tdnf contract, plugins 4, whose number and first lines are kept).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pysequoia
from pysequoia import packet

from pkgman.model.errors import NotTrusted, PkgmanError
from pkgman.model.urls import public

if TYPE_CHECKING:
    from collections.abc import Sequence

    Certificates = list[pysequoia.Cert]

NOT_GOOD = 2004  # number of a signature that is not good
MAX_SIGNATURES = 16  # packets in one signature file


def read_keys(data: bytes, url: str) -> Certificates:
    """Parse a key file, armored or not, with one certificate or several.

    :raises PkgmanError: 1505 when there is none in it.
    """
    try:
        certs = pysequoia.Cert.split_bytes(data)
    except Exception as error:
        raise PkgmanError(
            f"Error processing key: {public(url)}: {_first_line(error)}", number=1505
        ) from error
    if not certs:
        raise PkgmanError(f"Error processing key: {public(url)}: no public key in it", number=1505)
    return certs


def verify(data: bytes, signature: bytes, keys: Sequence[pysequoia.Cert]) -> None:
    """Check that every signature in ``signature`` is one over ``data`` by one of ``keys``.

    :raises NotTrusted: 2004 in all other cases.
    """
    try:
        found = list(packet.PacketPile.from_bytes(signature))
    except Exception as error:
        raise refused(f"the signature cannot be read: {_first_line(error)}") from error
    if not found or len(found) > MAX_SIGNATURES or any(item.tag != packet.Tag.Signature for item in found):
        raise refused("No data")
    for item in found:
        _verify_one(data, bytes(item), keys)


def _verify_one(data: bytes, raw: bytes, keys: Sequence[pysequoia.Cert]) -> None:
    asked: list[str] = []

    def store(ids: list[str]) -> list[pysequoia.Cert]:
        asked.extend(ids)
        return list(keys)

    try:
        result = pysequoia.verify(bytes=data, store=store, signature=pysequoia.Sig.from_bytes(raw))
    except Exception as error:
        who = f" (made by key {asked[0]})" if asked else ""
        raise refused(f"no key of the repository verifies it{who}: {_first_line(error)}") from error
    if not result.valid_sigs:
        raise refused("no valid signature")


def refused(reason: str, *more: str) -> NotTrusted:
    """The error of a signature that is not good; ``more`` are further lines for the user."""
    return NotTrusted(
        (
            f"repo md signature check: {reason}",
            *more,
            "Error: TDNFVerifySignature 2004",
            "Plugin error: repogpgcheck plugin error: failed to verify signature",
            "",
        ),
        number=NOT_GOOD,
    )


def _first_line(error: Exception) -> str:
    # The library appends a backtrace of its own.
    return str(error).partition("\n")[0]
