"""Whether a package's header is signed by one of a given set of keys.

librpm verifies against the keys it is handed, and these are the keys of one
repository only, in a scratch database of their own: what else the system's rpm
database holds does not count.
"""

from __future__ import annotations

import enum
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, NamedTuple

import rpm

from pkgman.model.errors import PkgmanError
from pkgman.model.package import Checksum
from pkgman.transaction.librpm.database import PUBKEY
from pkgman.transaction.librpm.header import architecture, decode
from pkgman.transaction.scratch import folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pkgman.transaction.openpgp import Certificate

NOT_A_PACKAGE = 1471
DAMAGED = 1472
REFUSED_KEY = 1472
NO_DATABASE = 1526

# rpm's RPMTAG_PAYLOADDIGESTALGO: numbers of RFC 9580, section 9.5.
_DIGESTS = {8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224", 12: "sha3_256", 14: "sha3_512"}
_SIGNATURE = "%|DSAHEADER?{%{DSAHEADER:pgpsig}}:{%|RSAHEADER?{%{RSAHEADER:pgpsig}}:{(none)}|}|"


class Trust(enum.Enum):
    """What librpm says of a header's signature."""

    GOOD = "good"
    UNSIGNED = "unsigned"
    NO_KEY = "no key"  # signed, by a key that is not in the set
    UNTRUSTED = "not trusted"


class HeaderCheck(NamedTuple):
    """A header that librpm found sound."""

    trust: Trust
    name: str
    epoch: int
    version: str
    release: str
    arch: str
    signature: str  # rpm's description: algorithm, date, key id
    payload_digest: Checksum | None  # of the packed bytes; covered by the header's signature


class SignatureChecker:
    """librpm with a fixed set of keys.

    :param scratch: a folder to work in where the usual ones have no room.
    """

    def __init__(
        self,
        keys: Iterable[Certificate] = (),
        *,
        signatures: bool = True,
        digests: bool = True,
        scratch: str = "",
    ) -> None:
        flags = 0  # everything on, whatever %_vsflags macros say
        if not signatures:
            flags |= int(rpm.RPMVSF_MASK_NOSIGNATURES)
        if not digests:
            flags |= int(rpm.RPMVSF_MASK_NODIGESTS)
        self._signatures = signatures
        # With no key at all a signed header gives "no key" and an unsigned one passes:
        # so librpm itself tells which signatures it counts.
        self._keyless = _reader(flags, rpm.keyring())
        self._keyed = _reader(flags, _keyring(keys, scratch))
        self._plain = _reader(flags | int(rpm.RPMVSF_MASK_NOSIGNATURES), rpm.keyring())

    def check(self, fd: int, path: str) -> HeaderCheck:
        """Judge the header of the package open at ``fd``; ``path`` is for messages.

        :raises PkgmanError: 1471 if this is no package, 1472 if the header is damaged or its
            signature is wrong.
        """
        trust, header = self._read(self._keyless, fd, path)
        if trust is Trust.GOOD:
            trust = Trust.UNSIGNED if self._signatures else Trust.GOOD
        else:
            trust, header = self._read(self._keyed, fd, path)
        if header is None:  # without a trusted signature librpm gives none
            _, header = self._read(self._plain, fd, path)
            assert header is not None
        algorithm = int(header[rpm.RPMTAG_PAYLOADDIGESTALGO] or 0)
        digests: Sequence[str] = header[rpm.RPMTAG_PAYLOADDIGEST] or ()
        known = bool(digests) and algorithm in _DIGESTS
        return HeaderCheck(
            trust=trust,
            name=decode(header[rpm.RPMTAG_NAME]),
            epoch=int(header[rpm.RPMTAG_EPOCH] or 0),
            version=decode(header[rpm.RPMTAG_VERSION]),
            release=decode(header[rpm.RPMTAG_RELEASE]),
            arch=architecture(header),
            signature=decode(header.sprintf(_SIGNATURE)),
            payload_digest=Checksum(_DIGESTS[algorithm], decode(digests[0]).lower()) if known else None,
        )

    def _read(self, ts: rpm.ts, fd: int, path: str) -> tuple[Trust, rpm.hdr | None]:
        os.lseek(fd, 0, os.SEEK_SET)
        result, header = _BINDING.hdrFromFdno(ts, fd)
        if result == rpm.RPMRC_NOTFOUND:
            raise PkgmanError(f"{path}: not an rpm package", number=NOT_A_PACKAGE)
        if result not in _TRUST:
            raise PkgmanError(f"{path}: the header is damaged or its signature is wrong", number=DAMAGED)
        return _TRUST[result], header


def _reader(flags: int, keyring: rpm.keyring) -> rpm.ts:
    ts = rpm.ts("/")  # given a key ring, it opens no database
    ts.setVSFlags(flags)
    ts.setKeyring(keyring)
    return ts


def _keyring(keys: Iterable[Certificate], scratch: str) -> rpm.keyring:
    """Make a key ring through a scratch database, since rpm.keyring.addKey leaves subkeys out.

    :raises PkgmanError: 1472 when librpm refuses a key, 1526 when it cannot make the database.
    """
    wanted = tuple(keys)
    if not wanted:
        return rpm.keyring()
    root = tempfile.mkdtemp(prefix="tdnf-keys-", dir=folder(scratch))
    try:
        importer = rpm.ts(root)
        for key in wanted:
            if importer.pgpImportPubkey(key.data) != 0:
                raise PkgmanError(f"rpm refuses the key {key.fingerprint}", number=REFUSED_KEY)
        importer.closeDB()
        loader = rpm.ts(root)  # the importing one would give its first key ring, without subkeys
        keyring = loader.getKeyring()
        # librpm calls an import that found no room a good one.
        if sum(1 for _ in loader.dbMatch("name", PUBKEY)) < len({key.fingerprint for key in wanted}):
            raise PkgmanError(f"{root}: rpm cannot keep keys there; is the disk full?", number=NO_DATABASE)
        loader.closeDB()
        return keyring
    finally:
        shutil.rmtree(root, ignore_errors=True)


_BINDING = rpm.TransactionSet.__base__
_TRUST = {
    rpm.RPMRC_OK: Trust.GOOD,
    rpm.RPMRC_NOKEY: Trust.NO_KEY,
    rpm.RPMRC_NOTTRUSTED: Trust.UNTRUSTED,
}
