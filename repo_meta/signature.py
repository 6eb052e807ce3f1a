"""The detached OpenPGP signature of repomd.xml: the owner of pysequoia.

A repository's metadata is trusted by the keys of its own ``gpgkey`` only; every signature in the
file must be good (tdnf contract, plugins 4, whose number and first lines are kept).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pysequoia
from pysequoia import packet

from pkgman.model.errors import NotTrusted, PkgmanError
from pkgman.model.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkgman.model.progress import Progress, Reporter
    from pkgman.model.repo import RepoSource
    from repo_meta.fetch import Fetcher

NOT_GOOD = 2004  # number of a signature that is not good
MAX_KEYS = 1 << 20  # bytes of a key file
MAX_SIGNATURES = 16  # packets in one signature file


def repository_keys(
    source: RepoSource, fetcher: Fetcher, *, progress: Progress = SILENT, report: Reporter = SILENT
) -> list[pysequoia.Cert]:
    """Read the certificates behind the repository's ``gpgkey`` URLs.

    :raises NotTrusted: 2004 when there is none.
    :raises PkgmanError: 1505 when a file holds no key; errors of fetching.
    """
    if not source.gpgkeys:
        raise _refused("no gpgkey is configured for this repository")
    certs: list[pysequoia.Cert] = []
    for url in source.gpgkeys:
        data = fetcher.read(source, url, limit=MAX_KEYS, progress=progress, report=report)
        certs += read_keys(data, url)
    return certs


def read_keys(data: bytes, url: str) -> list[pysequoia.Cert]:
    """Parse a key file, armored or not, with one certificate or several.

    :raises PkgmanError: 1505 when there is none in it.
    """
    try:
        certs = pysequoia.Cert.split_bytes(data)
    except Exception as error:
        raise PkgmanError(f"Error processing key: {url}: {_first_line(error)}", number=1505) from error
    if not certs:
        raise PkgmanError(f"Error processing key: {url}: no public key in it", number=1505)
    return certs


def verify(data: bytes, signature: bytes, keys: Sequence[pysequoia.Cert]) -> None:
    """Check that every signature in ``signature`` is one over ``data`` by one of ``keys``.

    :raises NotTrusted: 2004 in all other cases.
    """
    try:
        found = list(packet.PacketPile.from_bytes(signature))
    except Exception as error:
        raise _refused(f"the signature cannot be read: {_first_line(error)}") from error
    if not found or len(found) > MAX_SIGNATURES or any(item.tag != packet.Tag.Signature for item in found):
        raise _refused("No data")
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
        raise _refused(f"no key of the repository verifies it{who}: {_first_line(error)}") from error
    if not result.valid_sigs:
        raise _refused("no valid signature")


def _refused(reason: str) -> NotTrusted:
    return NotTrusted(
        (
            f"repo md signature check: {reason}",
            "Error: TDNFVerifySignature 2004",
            "Plugin error: repogpgcheck plugin error: failed to verify signature",
            "",
        ),
        number=NOT_GOOD,
    )


def _first_line(error: Exception) -> str:
    # The library appends a backtrace of its own.
    return str(error).partition("\n")[0]
