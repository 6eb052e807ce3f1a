"""Unpacking source packages: into %_specdir and %_sourcedir below the root, and into no database.

librpm's own function for it has no binding in Python, and a transaction would enter
them into the database; so its archive reader is used (rpm: lib/psm.c, rpmInstallSourcePackage).
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import rpm

from pkgman.model.errors import PkgmanError, TransactionFailed, system_error
from pkgman.transaction.librpm.header import decode

if TYPE_CHECKING:
    from pkgman.transaction.librpm.database import RpmDatabase
    from pkgman.transaction.verifiedfile import VerifiedFile

DAMAGED = 1472
_SPEC_FILE = 32  # RPMFILE_SPECFILE
_PERMISSIONS = 0o777


def unpack(database: RpmDatabase, file: VerifiedFile) -> None:
    """Put the files of a source package where rpmbuild looks for them, below ``database.root``.

    :raises TransactionFailed: 1525 when it holds names that are no plain file names.
    :raises PkgmanError: 1472 when its payload is damaged, 1600 + errno when a file cannot be written.
    """
    ts = rpm.ts(database.root)
    ts.setVSFlags(-1)  # all of it was verified
    descriptor = file.open()
    try:
        stream = rpm.fd(descriptor, "r")
        header = ts.hdrFromFdno(stream)
        spec_folder, source_folder = _folders(database.root, header)
        payload = rpm.fd(stream, "r", header[rpm.RPMTAG_PAYLOADCOMPRESSOR] or "gzip")
        archive = rpm.files(header).archive(payload, write=False)
        for entry in archive:
            name = decode(entry.name)
            if name in ("", ".", "..") or "/" in name or not stat.S_ISREG(entry.mode):
                raise TransactionFailed(
                    f"{file.path}: '{name}' is no plain file, as a source package's must be"
                )
            folder = spec_folder if entry.fflags & _SPEC_FILE else source_folder
            _write(f"{folder}/{name}", entry.mode & _PERMISSIONS, archive)
    except rpm.error as error:
        raise PkgmanError(f"{file.path}: {error}", number=DAMAGED) from error
    except OSError as error:
        if not error.errno or error.errno < 0:  # librpm's own numbers
            raise PkgmanError(f"{file.path}: {error.strerror or error}", number=DAMAGED) from error
        raise system_error(error) from error
    finally:
        os.close(descriptor)


def _folders(root: str, header: rpm.hdr) -> tuple[str, str]:
    """Return where the spec file and where the sources go; their macros may speak of the package."""
    names = (("name", rpm.RPMTAG_NAME), ("version", rpm.RPMTAG_VERSION), ("release", rpm.RPMTAG_RELEASE))
    for name, tag in names:
        # A package's word is no macro: %(command) would be run.
        rpm.addMacro(name, decode(header[tag]).replace("%", "%%"))
    try:
        paths = [decode(rpm.expandMacro(macro)) for macro in ("%{_specdir}", "%{_sourcedir}")]
    finally:
        for name, _ in names:
            rpm.delMacro(name)
    folders = [f"{root.rstrip('/')}{os.path.normpath(f'/{path}')}" for path in paths]
    for folder in folders:
        if not f"{os.path.realpath(folder)}/".startswith(f"{os.path.realpath(root).rstrip('/')}/"):
            raise TransactionFailed(f"{folder}: a link leads out of the root")
        os.makedirs(folder, exist_ok=True)
    return folders[0], folders[1]


def _write(path: str, mode: int, archive: rpm.archive) -> None:
    draft = f"{path}.{os.urandom(6).hex()}.tmp"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        target = rpm.fd(fd, "w")
        try:
            archive.readto(target)
        finally:
            target.close()
        os.fchmod(fd, mode)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
    finally:
        os.close(fd)
