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
from pkgman.transaction.librpm.header import architecture, decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

    from pkgman.transaction.openpgp import Certificate

NOT_A_PACKAGE = 1471
DAMAGED = 1472
REFUSED_KEY = 1472

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
    """librpm with a fixed set of keys; a context manager, or :meth:`close` it."""

    def __init__(
        self, keys: Iterable[Certificate] = (), *, signatures: bool = True, digests: bool = True
    ) -> None:
        flags = 0  # everything on, whatever %_vsflags macros say
        if not signatures:
            flags |= int(rpm.RPMVSF_MASK_NOSIGNATURES)
        if not digests:
            flags |= int(rpm.RPMVSF_MASK_NODIGESTS)
        self._signatures = signatures
        self._root = tempfile.mkdtemp(prefix="tdnf-keys-")
        try:
            self._import(keys)
            self._keyed = rpm.ts(self._root)
            self._keyed.setVSFlags(flags)
            # With no key at all a signed header gives "no key" and an unsigned one passes:
            # so librpm itself tells which signatures it counts.
            self._keyless = rpm.ts(self._root)
            self._keyless.setKeyring(rpm.keyring())
            self._keyless.setVSFlags(flags)
            self._plain = rpm.ts(self._root)
            self._plain.setVSFlags(flags | int(rpm.RPMVSF_MASK_NOSIGNATURES))
        except BaseException:
            self.close()
            raise

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

    def close(self) -> None:
        """Remove the scratch database."""
        for name in ("_keyed", "_keyless", "_plain"):
            if hasattr(self, name):
                getattr(self, name).closeDB()
        shutil.rmtree(self._root, ignore_errors=True)

    def __enter__(self) -> SignatureChecker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _import(self, keys: Iterable[Certificate]) -> None:
        # Through a database, since rpm.keyring.addKey leaves subkeys out; and a fresh
        # transaction set must read it, for the importing one keeps its first key ring.
        ts = rpm.ts(self._root)
        try:
            for key in keys:
                if ts.pgpImportPubkey(key.data) != 0:
                    raise PkgmanError(f"rpm refuses the key {key.fingerprint}", number=REFUSED_KEY)
        finally:
            ts.closeDB()

    def _read(self, ts: rpm.ts, fd: int, path: str) -> tuple[Trust, rpm.hdr | None]:
        os.lseek(fd, 0, os.SEEK_SET)
        result, header = _BINDING.hdrFromFdno(ts, fd)
        if result == rpm.RPMRC_NOTFOUND:
            raise PkgmanError(f"{path}: not an rpm package", number=NOT_A_PACKAGE)
        if result not in _TRUST:
            raise PkgmanError(f"{path}: the header is damaged or its signature is wrong", number=DAMAGED)
        return _TRUST[result], header


_BINDING = rpm.TransactionSet.__base__
_TRUST = {
    rpm.RPMRC_OK: Trust.GOOD,
    rpm.RPMRC_NOKEY: Trust.NO_KEY,
    rpm.RPMRC_NOTTRUSTED: Trust.UNTRUSTED,
}
