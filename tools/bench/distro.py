"""A repository as large as a distribution: real names, relations and file lists, no packages."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import zstandard

from tools.bench import debian

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tools.bench.debian import Deb, Relation

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = "http://linux.duke.edu/metadata"
ROOTS = {
    "primary": ("metadata", "common"),
    "filelists": ("filelists", "filelists"),
    "other": ("otherdata", "other"),
}
FLAGS = {"<": "LT", "<=": "LE", "=": "EQ", ">=": "GE", ">": "GT"}
BUILT = 1_700_000_000  # seconds since the epoch, for all packages


class Part:
    """A metadata file that is compressed and hashed while it is written."""

    def __init__(self, folder: Path, kind: str, count: int) -> None:
        self.kind = kind
        self.root, schema = ROOTS[kind]
        self.path = folder / f"{kind}.xml.zst"
        self.plain = hashlib.sha256()
        self.size = 0
        self._file = self.path.open("wb")
        packer = zstandard.ZstdCompressor(level=9, threads=-1)
        self._packer = packer.stream_writer(self._file)
        rpm = f' xmlns:rpm="{NAMESPACE}/rpm"' if kind == "primary" else ""
        self.write(f'{HEAD}<{self.root} xmlns="{NAMESPACE}/{schema}"{rpm} packages="{count}">\n')

    def write(self, text: str | bytes) -> None:
        """Append text."""
        data = text.encode() if isinstance(text, str) else text
        self.plain.update(data)
        self.size += len(data)
        self._packer.write(data)

    def close(self) -> str:
        """Finish the file, name it after its checksum, and give its record for repomd.xml."""
        self.write(f"</{self.root}>\n")
        self._packer.close()  # type: ignore[no-untyped-call]
        packed = self.path.read_bytes()
        digest = hashlib.sha256(packed).hexdigest()
        final = self.path.with_name(f"{digest}-{self.path.name}")
        os.replace(self.path, final)
        return (
            f'<data type="{self.kind}"><checksum type="sha256">{digest}</checksum>'
            f'<open-checksum type="sha256">{self.plain.hexdigest()}</open-checksum>'
            f'<location href="repodata/{final.name}"/><timestamp>{BUILT}</timestamp>'
            f"<size>{len(packed)}</size><open-size>{self.size}</open-size></data>\n"
        )


def make(folder: Path) -> int:
    """Write the repository and give the number of its packages; about a minute and 2 GB of memory."""
    data = folder / "repodata"
    data.mkdir(parents=True, exist_ok=True)
    for stale in data.iterdir():
        stale.unlink()
    debs = debian.packages()
    lists = debian.file_lists()
    # An unversioned Provides meets no versioned relation in Debian, and every one in RPM.
    bare = {one.name for deb in debs for one in _flat(deb, "Provides") if not one.evr}
    parts = {kind: Part(data, kind, len(debs)) for kind in ROOTS}
    for deb in debs:
        paths = bytes(lists.get(deb.name, b"")) or f"/usr/share/{deb.name}/file\n".encode()
        checksum = deb.fields.get("SHA256") or hashlib.sha256(deb.name.encode()).hexdigest()
        opening = f'<package pkgid="{checksum}" name={quoteattr(deb.name)} arch="{deb.arch}">{_version(deb)}'
        parts["primary"].write(_primary(deb, checksum, paths, bare))
        parts["filelists"].write(opening.encode() + _files(paths) + b"</package>\n")
        author = quoteattr(f"{deb.fields.get('Maintainer', 'Nobody')} {deb.fields['Version']}")
        change = f'<changelog author={author} date="{BUILT}">- {escape(deb.summary)}</changelog>'
        parts["other"].write(f"{opening}{change}</package>\n")
    records = "".join([part.close() for part in parts.values()])
    head = f'{HEAD}<repomd xmlns="{NAMESPACE}/repo"><revision>{int(time.time())}</revision>\n'
    (data / "repomd.xml").write_text(f"{head}{records}</repomd>\n")
    return len(debs)


def _primary(deb: Deb, checksum: str, paths: bytes, bare: set[str]) -> str:
    version, release = deb.evr.version, deb.evr.release
    size, installed = int(deb.fields.get("Size", 0)), int(deb.fields.get("Installed-Size", 0)) * 1024
    location = f"Packages/{deb.name[0]}/{deb.name}-{version}-{release}.{deb.arch}.rpm"
    description = deb.fields.get("Description", "").partition("\n")[2]
    listed = b"".join(path for path in paths.splitlines(keepends=True) if _in_primary(path))
    return (
        f'<package type="rpm"><name>{escape(deb.name)}</name><arch>{deb.arch}</arch>{_version(deb)}'
        f'<checksum type="sha256" pkgid="YES">{checksum}</checksum><summary>{escape(deb.summary)}</summary>'
        f"<description>{escape(description)}</description>"
        f"<packager>{escape(deb.fields.get('Maintainer', ''))}</packager>"
        f'<url>{escape(deb.fields.get("Homepage", ""))}</url><time file="{BUILT}" build="{BUILT}"/>'
        f'<size package="{size}" installed="{installed}" archive="{installed}"/>'
        f"<location href={quoteattr(location)}/><format><rpm:license>see package</rpm:license>"
        f"<rpm:group>{escape(deb.fields.get('Section', ''))}</rpm:group>"
        "<rpm:buildhost>localhost</rpm:buildhost>"
        f"<rpm:sourcerpm>{escape(_source(deb))}-{version}-{release}.src.rpm</rpm:sourcerpm>"
        f'<rpm:header-range start="4504" end="9000"/>\n{_dependencies(deb, bare)}'
        f"{_files(listed).decode()}</format></package>\n"
    )


def _dependencies(deb: Deb, bare: set[str]) -> str:
    itself = debian.Relation(deb.name, "=", deb.evr)
    conflicts = [one for one in _flat(deb, "Conflicts", "Breaks") if not (one.evr and one.name in bare)]
    blocks: dict[str, list[tuple[Relation, ...]]] = {
        "provides": [(itself,), *deb.relations("Provides")],
        "requires": deb.relations("Pre-Depends", "Depends"),
        "conflicts": [(one,) for one in conflicts],
        "recommends": deb.relations("Recommends"),
        "suggests": deb.relations("Suggests"),
    }
    return "".join(
        f"<rpm:{kind}>{''.join(map(_entry, clauses))}</rpm:{kind}>\n"
        for kind, clauses in blocks.items()
        if clauses
    )


def _entry(clause: tuple[Relation, ...]) -> str:
    first = clause[0]
    if len(clause) > 1 or not first.evr:
        return f"<rpm:entry name={quoteattr(debian.rich(clause))}/>"
    epoch, version, release = first.evr
    return (
        f'<rpm:entry name={quoteattr(first.name)} flags="{FLAGS[first.sign]}" epoch="{epoch}"'
        f" ver={quoteattr(version)} rel={quoteattr(release)}/>"
    )


def _flat(deb: Deb, *fields: str) -> Iterable[Relation]:
    return (clause[0] for clause in deb.relations(*fields))


def _version(deb: Deb) -> str:
    epoch, version, release = deb.evr
    return f'<version epoch="{epoch}" ver={quoteattr(version)} rel={quoteattr(release)}/>'


def _source(deb: Deb) -> str:
    return deb.fields.get("Source", deb.name).split()[0]


def _in_primary(path: bytes) -> bool:
    """The files that createrepo_c lists in primary too."""
    return path.startswith(b"/etc/") or b"bin/" in path or path == b"/usr/lib/sendmail\n"


def _files(paths: bytes) -> bytes:
    """``<file>`` elements for paths that stand one a line."""
    if not paths:
        return b""
    safe = paths.decode(errors="replace").encode().replace(b"&", b"&amp;").replace(b"<", b"&lt;")
    return b"<file>" + safe.rstrip(b"\n").replace(b"\n", b"</file>\n<file>") + b"</file>\n"
