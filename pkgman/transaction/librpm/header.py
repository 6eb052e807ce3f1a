"""From an rpm header to the shared value."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import rpm

from pkgman.model.changelog import Changelog, newest_first
from pkgman.model.errors import PkgmanError
from pkgman.model.package import Dependency, InstalledPackage, RpmFile
from pkgman.transaction.verifiedfile import open_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pkgman.transaction.verifiedfile import VerifiedFile

_TAGS = {
    "provides": (rpm.RPMTAG_PROVIDENAME, rpm.RPMTAG_PROVIDEFLAGS, rpm.RPMTAG_PROVIDEVERSION),
    "requires": (rpm.RPMTAG_REQUIRENAME, rpm.RPMTAG_REQUIREFLAGS, rpm.RPMTAG_REQUIREVERSION),
    "conflicts": (rpm.RPMTAG_CONFLICTNAME, rpm.RPMTAG_CONFLICTFLAGS, rpm.RPMTAG_CONFLICTVERSION),
    "obsoletes": (rpm.RPMTAG_OBSOLETENAME, rpm.RPMTAG_OBSOLETEFLAGS, rpm.RPMTAG_OBSOLETEVERSION),
    "recommends": (rpm.RPMTAG_RECOMMENDNAME, rpm.RPMTAG_RECOMMENDFLAGS, rpm.RPMTAG_RECOMMENDVERSION),
    "suggests": (rpm.RPMTAG_SUGGESTNAME, rpm.RPMTAG_SUGGESTFLAGS, rpm.RPMTAG_SUGGESTVERSION),
    "supplements": (rpm.RPMTAG_SUPPLEMENTNAME, rpm.RPMTAG_SUPPLEMENTFLAGS, rpm.RPMTAG_SUPPLEMENTVERSION),
    "enhances": (rpm.RPMTAG_ENHANCENAME, rpm.RPMTAG_ENHANCEFLAGS, rpm.RPMTAG_ENHANCEVERSION),
}
INVALID = 1622  # tdnf's number for a local file that is no usable package


def package_from_header(header: rpm.hdr, database_id: int = 0) -> InstalledPackage:
    """Read all that the solver needs; ``database_id`` is 0 for a package file."""
    return InstalledPackage(
        name=_text(header, rpm.RPMTAG_NAME),
        epoch=_number(header, rpm.RPMTAG_EPOCH),
        version=_text(header, rpm.RPMTAG_VERSION),
        release=_text(header, rpm.RPMTAG_RELEASE),
        arch=architecture(header),
        vendor=_text(header, rpm.RPMTAG_VENDOR),
        summary=_text(header, rpm.RPMTAG_SUMMARY),
        description=_text(header, rpm.RPMTAG_DESCRIPTION),
        url=_text(header, rpm.RPMTAG_URL),
        license=_text(header, rpm.RPMTAG_LICENSE),
        source_rpm=_text(header, rpm.RPMTAG_SOURCERPM),
        install_size=_number(header, rpm.RPMTAG_LONGSIZE),
        install_time=_number(header, rpm.RPMTAG_INSTALLTIME),
        build_time=_number(header, rpm.RPMTAG_BUILDTIME),
        database_id=database_id,
        **relations(header),
        files=tuple(map(decode, header[rpm.RPMTAG_FILENAMES] or ())),
    )


def relations(header: rpm.hdr) -> dict[str, tuple[Dependency, ...]]:
    """Return the relations of a header by the field names of InstalledPackage that hold them."""
    return {kind: _relations(header, *tags) for kind, tags in _TAGS.items()}


def file_relations(file: VerifiedFile) -> dict[str, tuple[Dependency, ...]]:
    """Return the relations that the header of a verified file states.

    :raises NotTrusted: 1514 when the file is not the verified one any more.
    :raises PkgmanError: 1622 when librpm cannot read it.
    """
    reader = rpm.ts("/")
    reader.setVSFlags(rpm.RPMVSF_MASK_NOSIGNATURES | rpm.RPMVSF_MASK_NODIGESTS)  # that was done
    fd = file.open()
    try:
        return relations(reader.hdrFromFdno(fd))
    except rpm.error as error:
        raise PkgmanError(f"{file.path}: {error}", number=INVALID) from error
    finally:
        os.close(fd)


def rpm_file(path: str) -> RpmFile:
    """Read the package file ``path`` named on the command line; signatures are not checked here.

    :raises PkgmanError: 1622 if it is no package or damaged, 1600 + errno if it cannot be read.
    """
    header, size = _read(path)
    return RpmFile(os.path.abspath(path), package_from_header(header), size)


def file_changelog(path: str) -> tuple[Changelog, ...]:
    """Return the changelog of the package file ``path``, newest entry first; raises as :func:`rpm_file`."""
    return changelog(_read(path)[0])


def changelog(header: rpm.hdr) -> tuple[Changelog, ...]:
    """Return the changelog, newest entry first."""
    times = header[rpm.RPMTAG_CHANGELOGTIME] or ()
    authors = header[rpm.RPMTAG_CHANGELOGNAME] or ()
    texts = header[rpm.RPMTAG_CHANGELOGTEXT] or ()
    return newest_first(
        tuple(
            Changelog(int(time), decode(author), decode(text))
            for time, author, text in zip(times, authors, texts, strict=False)
        )
    )


def _read(path: str) -> tuple[rpm.hdr, int]:
    """Return the header of a package file and the file's size in bytes."""
    reader = rpm.ts("/")
    reader.setVSFlags(rpm.RPMVSF_MASK_NOSIGNATURES)  # digests stay on: a damaged header is refused
    fd = open_file(path)  # no FIFO makes us wait
    try:
        header = reader.hdrFromFdno(fd)
        size = os.fstat(fd).st_size
    except rpm.error as error:
        raise PkgmanError(f"{path}: {error}", number=INVALID) from error
    finally:
        os.close(fd)
    return header, size


def architecture(header: rpm.hdr) -> str:
    """Return the arch; ``src`` or ``nosrc`` for a source package, ``""`` for a key."""
    if header.isSource():
        return "nosrc" if header[rpm.RPMTAG_NOSOURCE] or header[rpm.RPMTAG_NOPATCH] else "src"
    return _text(header, rpm.RPMTAG_ARCH)


def nevra(header: rpm.hdr) -> str:
    """Return rpm's NEVRA tag; a key has no arch, which some versions write as ``(none)``."""
    return _text(header, rpm.RPMTAG_NEVRA).removesuffix(".(none)")


def decode(value: str | bytes) -> str:
    """Return a header's string; older bindings give bytes."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _text(header: rpm.hdr, tag: int) -> str:
    value = header[tag]
    return "" if value is None else decode(value)


def _number(header: rpm.hdr, tag: int) -> int:
    return int(header[tag] or 0)


def _relations(header: rpm.hdr, names: int, flags: int, versions: int) -> tuple[Dependency, ...]:
    found: Iterable[str | bytes] = header[names] or ()
    return tuple(
        Dependency(decode(name), int(flag), decode(version))
        for name, flag, version in zip(found, header[flags] or (), header[versions] or (), strict=False)
    )
