"""What a spec file says its build requires."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import rpm

from pkgman.model.errors import PkgmanError
from pkgman.transaction.librpm.header import decode

if TYPE_CHECKING:
    from pkgman.transaction.librpm.database import RpmDatabase

_COMPARED = ((rpm.RPMSENSE_LESS, "<"), (rpm.RPMSENSE_GREATER, ">"), (rpm.RPMSENSE_EQUAL, "="))


def build_requires(database: RpmDatabase, path: str) -> tuple[str, ...]:
    """Return the ``BuildRequires`` as ``name`` or ``name OP evr``; librpm says on stderr what is wrong.

    Reading a spec file runs the commands that its macros name, as rpmbuild does.

    :param database: whose macros count.
    :raises PkgmanError: 1602 when the file is missing, 1622 when it cannot be read.
    """
    assert database is not None  # the macros of --rpmdefine are librpm's, for the whole process
    if not os.path.exists(path):
        raise PkgmanError(f"{path}: there is no such file", number=1602)
    try:
        header = rpm.spec(os.path.abspath(path), rpm.RPMSPEC_ANYARCH | rpm.RPMSPEC_FORCE).sourceHeader
    except (ValueError, rpm.error) as error:
        raise PkgmanError(f"{path}: {str(error).strip()}", number=1622) from error
    names = header[rpm.RPMTAG_REQUIRENAME] or ()
    senses = header[rpm.RPMTAG_REQUIREFLAGS] or ()
    versions = header[rpm.RPMTAG_REQUIREVERSION] or ()
    relations = (
        _written(decode(name), int(sense), decode(version))
        for name, sense, version in zip(names, senses, versions, strict=True)
    )
    return tuple(text for text in relations if not text.startswith("rpmlib("))


def _written(name: str, sense: int, version: str) -> str:
    operator = "".join(sign for bit, sign in _COMPARED if sense & bit)
    return f"{name} {operator} {version}" if operator and version else name
