"""What librpm says of a package file's header, its signatures aside.

Those are judged by the project's own policy and by the keys of one repository (docs/security.md). librpm
would take all keys of the system's database, and what it takes of them differs from build to build.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import rpm

from pkgman.model.errors import PkgmanError
from pkgman.model.package import Checksum
from pkgman.transaction.librpm.header import architecture, decode

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_A_PACKAGE = 1471
DAMAGED = 1472

# rpm's RPMTAG_PAYLOADDIGESTALGO: numbers of RFC 9580, section 9.5.
_DIGESTS = {8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224", 12: "sha3_256", 14: "sha3_512"}
_SIGNATURE = (
    "%|DSAHEADER?{%{DSAHEADER:pgpsig}}:{%|RSAHEADER?{%{RSAHEADER:pgpsig}}:"
    "{%|SIGPGP?{%{SIGPGP:pgpsig}}:{%|SIGGPG?{%{SIGGPG:pgpsig}}:{signature}|}|}|}|"
)


class HeaderCheck(NamedTuple):
    """A header that librpm found sound."""

    name: str
    epoch: int
    version: str
    release: str
    arch: str
    signature: str  # rpm's description: algorithm, date, key id
    payload_digest: Checksum | None  # of the packed bytes; covered by the header's signature


def check_header(fd: int, path: str, *, digests: bool) -> HeaderCheck:
    """Read the header of the package open at ``fd``; ``path`` is for messages.

    :param digests: compare the header with its digests.
    :raises PkgmanError: 1471 if this is no package, 1472 if the header is damaged.
    """
    reader = rpm.ts("/")
    flags = int(rpm.RPMVSF_MASK_NOSIGNATURES)  # all else is on, whatever %_vsflags macros say
    reader.setVSFlags(flags if digests else flags | int(rpm.RPMVSF_MASK_NODIGESTS))
    reader.setKeyring(rpm.keyring())  # given a key ring, it opens no database
    os.lseek(fd, 0, os.SEEK_SET)
    result, header = _BINDING.hdrFromFdno(reader, fd)
    if result == rpm.RPMRC_NOTFOUND:
        raise PkgmanError(f"{path}: not an rpm package", number=NOT_A_PACKAGE)
    if result != rpm.RPMRC_OK or header is None:
        raise PkgmanError(f"{path}: the header is damaged", number=DAMAGED)
    algorithm = int(header[rpm.RPMTAG_PAYLOADDIGESTALGO] or 0)
    found: Sequence[str] = header[rpm.RPMTAG_PAYLOADDIGEST] or ()
    known = bool(found) and algorithm in _DIGESTS
    return HeaderCheck(
        name=decode(header[rpm.RPMTAG_NAME]),
        epoch=int(header[rpm.RPMTAG_EPOCH] or 0),
        version=decode(header[rpm.RPMTAG_VERSION]),
        release=decode(header[rpm.RPMTAG_RELEASE]),
        arch=architecture(header),
        signature=decode(header.sprintf(_SIGNATURE)),
        payload_digest=Checksum(_DIGESTS[algorithm], decode(found[0]).lower()) if known else None,
    )


_BINDING = rpm.TransactionSet.__base__
