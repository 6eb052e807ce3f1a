"""Build tiny real RPMs from descriptions in Python.

A description is an :class:`Rpm`; :func:`build` turns several of them into files with
rpmbuild, all macros that hosts set differently given explicitly, so that the same
description yields the same bytes everywhere with the same rpm.
"""

from __future__ import annotations

import concurrent.futures
import functools
import hashlib
import os
import platform
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SOURCE_DATE = 1_700_000_000  # seconds since the epoch: build time and newest mtime of each RPM
MACROS = {
    "_buildshell": "/bin/bash",
    "_buildhost": "localhost",
    "__gpg": "/usr/bin/gpg",
    "_build_id_links": "none",
    "__os_install_post": "%{nil}",
    "__spec_install_pre": "rm -rf %{buildroot}; mkdir -p %{buildroot}",
    "__spec_install_post": "%{nil}",
    "__check_files": "%{nil}",
    "debug_package": "%{nil}",
    "use_source_date_epoch_as_buildtime": "1",
    "clamp_mtime_to_source_date_epoch": "1",
    "_source_filedigest_algorithm": "8",
    "_binary_filedigest_algorithm": "8",
    "_build_name_fmt": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
}


class BuildError(Exception):
    """rpmbuild or rpmsign refused; the text is the command's output."""


@dataclass(frozen=True)
class File:
    """A file of a package, when bytes alone do not say enough.

    ``kind`` is ``file``, ``dir``, ``ghost`` or ``link`` (then ``content`` is the target);
    ``flag`` is a word of %files such as ``%config(noreplace)`` or ``%doc``.
    """

    content: bytes | str = b""
    mode: int = 0o644
    kind: str = "file"
    flag: str = ""
    owner: str = "root"
    group: str = "root"


CONFIG = "%config(noreplace)"


@dataclass(frozen=True)
class Rpm:
    """One package: ``evr`` is ``[epoch:]version-release``, dependencies are written as in a spec file.

    ``requires_for`` maps a qualifier (``pre``, ``post``, ``pretrans`` …) to requirements;
    ``scripts`` maps a section with its flags (``post``, ``pre -p <lua>``, ``triggerin -- other``)
    to its body. ``payload`` is rpm's compression word. ``source`` builds the source package.
    """

    name: str
    evr: str = "1.0-1"
    arch: str = "noarch"
    requires: Sequence[str] = ()
    provides: Sequence[str] = ()
    obsoletes: Sequence[str] = ()
    conflicts: Sequence[str] = ()
    recommends: Sequence[str] = ()
    suggests: Sequence[str] = ()
    supplements: Sequence[str] = ()
    enhances: Sequence[str] = ()
    build_requires: Sequence[str] = ()
    requires_for: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, bytes | str | File] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)
    changelog: str = ""
    summary: str = ""
    description: str = ""
    url: str = ""
    license: str = "MIT"
    vendor: str = ""
    payload: str = "w3.zstdio"
    source: bool = False

    @property
    def epoch(self) -> str:
        """The epoch as text, ``""`` if there is none."""
        return self.evr.partition(":")[0] if ":" in self.evr else ""

    @property
    def version(self) -> str:
        """The version."""
        return self.evr.rpartition(":")[2].rpartition("-")[0]

    @property
    def release(self) -> str:
        """The release."""
        return self.evr.rpartition("-")[2]

    @property
    def nevra(self) -> str:
        """``name-[epoch:]version-release.arch``."""
        return f"{self.name}-{self.evr}.{'src' if self.source else self.arch}"

    @property
    def filename(self) -> str:
        """Base name of the built file."""
        arch = "src" if self.source else self.arch
        return f"{self.name}-{self.version}-{self.release}.{arch}.rpm"


def spec_text(rpm: Rpm, tree: Path) -> str:
    """Text of the spec file that packages ``tree``."""
    lines = [
        f"Name: {rpm.name}",
        f"Version: {rpm.version}",
        f"Release: {rpm.release}",
        f"Summary: {_plain(rpm.summary or 'Test package ' + rpm.name)}",
        f"License: {rpm.license}",
        "AutoReqProv: no",
    ]
    lines += [f"Epoch: {rpm.epoch}"] if rpm.epoch else []
    lines += ["BuildArch: noarch"] if rpm.arch == "noarch" else []
    lines += [f"URL: {rpm.url}"] if rpm.url else []
    lines += [f"Vendor: {rpm.vendor}"] if rpm.vendor else []
    for tag in ("requires", "provides", "obsoletes", "conflicts", "recommends", "suggests"):
        lines += [f"{tag.title()}: {text}" for text in getattr(rpm, tag)]
    lines += [f"Supplements: {text}" for text in rpm.supplements]
    lines += [f"Enhances: {text}" for text in rpm.enhances]
    lines += [f"BuildRequires: {text}" for text in rpm.build_requires]
    for qualifier, texts in rpm.requires_for.items():
        lines += [f"Requires({qualifier}): {text}" for text in texts]
    lines += ["%description", _plain(rpm.description or "For tests only.")]
    lines += ["%install", f"cp -a '{tree}/.' '%{{buildroot}}/'" if rpm.files else ":"]
    for section, body in rpm.scripts.items():
        lines += [f"%{section}", _plain(body)]
    lines += ["%files", *(_files_line(path, _as_file(entry)) for path, entry in rpm.files.items())]
    lines += ["%changelog", _plain(rpm.changelog)] if rpm.changelog else []
    return "\n".join(lines) + "\n"


def build(rpms: Iterable[Rpm], out: Path, *, workers: int | None = None) -> list[Path]:
    """Build every package into the folder ``out``; the paths come in the order of ``rpms``.

    :raises BuildError: with rpmbuild's words.
    """
    wanted = list(rpms)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rpms-", dir=out.parent) as scratch:
        work = Path(scratch)
        batches: dict[tuple[str, str, bool, int], list[Path]] = {}
        count = workers or os.cpu_count() or 1
        for number, rpm in enumerate(wanted):
            spec = _prepare(rpm, work / str(number))
            batches.setdefault((rpm.arch, rpm.payload, rpm.source, number % count), []).append(spec)
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            jobs = [
                pool.submit(_rpmbuild, specs, work / f"top{index}", key)
                for index, (key, specs) in enumerate(batches.items())
            ]
            for job in jobs:
                for built in job.result():
                    os.replace(built, out / built.name)
    return [out / rpm.filename for rpm in wanted]


def _prepare(rpm: Rpm, home: Path) -> Path:
    tree = home / "tree"
    tree.mkdir(parents=True)
    for path, entry in rpm.files.items():
        _lay_out(tree / path.lstrip("/"), _as_file(entry))
    spec = home / f"{rpm.name}.spec"
    spec.write_text(spec_text(rpm, tree))
    return spec


def _lay_out(target: Path, entry: File) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if entry.kind == "dir":
        target.mkdir(exist_ok=True)
    elif entry.kind == "link":
        target.symlink_to(_text(entry.content))
        return
    else:
        target.write_bytes(_bytes(entry.content))
        target.chmod(stat.S_IMODE(entry.mode))
    os.utime(target, (SOURCE_DATE, SOURCE_DATE))


def _rpmbuild(specs: Sequence[Path], top: Path, key: tuple[str, str, bool, int]) -> list[Path]:
    arch, payload, source, _ = key
    top.mkdir()
    macros = {
        **MACROS,
        "_topdir": str(top),
        "_rpmdir": str(top / "out"),
        "_srcrpmdir": str(top / "out"),
        "_binary_payload": payload,
        "_source_payload": payload,
    }
    command = ["rpmbuild", "-bs" if source else "-bb", "--nodeps", "--target", arch]
    for name, value in macros.items():
        command += ["--define", f"{name} {value}"]
    environment = scrubbed_environment(top) | {"SOURCE_DATE_EPOCH": str(SOURCE_DATE)}
    done = subprocess.run(
        [*command, *map(str, specs)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(done.stdout[-2000:] + done.stderr[-4000:])
    return sorted((top / "out").rglob("*.rpm"))


def scrubbed_environment(home: Path) -> dict[str, str]:
    """An environment that carries nothing of the user's own: no ~/.rpmmacros, proxies or locale."""
    return {
        "HOME": str(home),
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TMPDIR": tempfile.gettempdir(),
    }


def host_program(name: str, path: str, *, links: Sequence[str] = (), evr: str = "1.0-1", **tags: str) -> Rpm:
    """The host's own program ``path`` with the libraries it is linked to, as one package.

    Such a package runs in an otherwise empty root; ``links`` are further names for the
    program. Use ``host_program("shell", "/bin/sh")`` where scriptlets need a shell.
    """
    files: dict[str, bytes | str | File] = {}
    for library in {path, *_linked_libraries(os.path.realpath(path))}:
        files[library] = File(Path(library).read_bytes(), mode=0o755)
    for link in links:
        files[link] = File(os.path.relpath(path, os.path.dirname(link)), kind="link")
    return Rpm(name, evr, arch=platform.machine(), files=files, provides=(path, *links), **tags)  # type: ignore[arg-type]


@functools.cache
def _linked_libraries(path: str) -> tuple[str, ...]:
    done = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
    return tuple(re.findall(r"(?:=> |^\s*)(/\S+) \(0x", done.stdout, re.MULTILINE))


def break_payload(path: Path) -> Path:
    """Change one byte in the packed files of an RPM, its size staying the same."""
    return _flip(path, path.stat().st_size - 20)


def without_payload_digest(path: Path) -> Path:
    """Make an unsigned RPM one as rpm before 4.14 built it: nothing in its header tells of the payload."""
    data = path.read_bytes()
    start = data.index(b"\x8e\xad\xe8\x01", 100)
    entries, size = (int.from_bytes(data[start + n : start + n + 4], "big") for n in (8, 12))
    end = start + 16 + entries * 16 + size
    header = changed = data[start:end]
    # PAYLOADDIGEST becomes FILESIGNATURES, and PAYLOADDIGESTALT a tag nobody knows.
    for tag, other in ((5092, 5090), (5097, 5999)):
        words = [number.to_bytes(4, "big") + (8).to_bytes(4, "big") for number in (tag, other)]
        assert words[0] in changed
        changed = changed.replace(words[0], words[1], 1)
    front = data[:start]
    for kind in ("sha1", "sha256"):
        old, new = (hashlib.new(kind, one).hexdigest().encode() for one in (header, changed))
        front = front.replace(old, new)
    old, new = (hashlib.md5(one + data[end:]).digest() for one in (header, changed))
    path.write_bytes(front.replace(old, new) + changed + data[end:])
    return path


def break_header(path: Path) -> Path:
    """Change one letter of the summary, in the signed header."""
    summary = subprocess.run(
        ["rpm", "-qp", "--nosignature", "--nodigest", "--qf", "%{SUMMARY}", str(path)],
        capture_output=True,
        check=True,
    ).stdout
    return _flip(path, path.read_bytes().rindex(summary + b"\0"))


def copy(path: Path, folder: Path) -> Path:
    """A copy of an RPM for a test that is going to damage it."""
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy2(path, folder))


def _flip(path: Path, offset: int) -> Path:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)
    return path


def _as_file(entry: bytes | str | File) -> File:
    return entry if isinstance(entry, File) else File(entry)


def _files_line(path: str, entry: File) -> str:
    mode = "-" if entry.kind == "link" else f"{entry.mode if entry.kind != 'dir' else entry.mode | 0o111:04o}"
    words = [f"%attr({mode}, {entry.owner}, {entry.group})", entry.flag]
    words += {"dir": ["%dir"], "ghost": ["%ghost"]}.get(entry.kind, [])
    return " ".join(filter(None, [*words, f'"{_plain(path)}"']))


def _plain(text: str) -> str:
    return text.replace("%", "%%")


def _bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _text(content: bytes | str) -> str:
    return content.decode() if isinstance(content, bytes) else content
