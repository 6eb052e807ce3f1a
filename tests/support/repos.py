"""Publish repositories: createrepo_c, advisories, signatures, and the text of .repo files."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import zstandard

from tests.support.rpms import BuildError, Rpm, scrubbed_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.support.keys import Signer

REPO = "{http://linux.duke.edu/metadata/repo}"


@dataclass(frozen=True)
class Advisory:
    """An erratum; ``kind`` is security, bugfix, enhancement or newpackage, ``updated`` is UTC text."""

    id: str
    packages: Sequence[Rpm]
    kind: str = "security"
    severity: str = ""
    title: str = "An update"
    description: str = "It is better now."
    updated: str = "2024-01-02 03:04:05"
    reboot: bool = False
    references: Sequence[tuple[str, str]] = ()  # (cve or bugzilla, id)


@dataclass(frozen=True)
class Repo:
    """A published folder: ``path`` holds Packages/ and repodata/, ``key`` the public key if signed."""

    id: str
    path: Path
    key: Path | None = None

    @property
    def url(self) -> str:
        """``file://`` URL of the folder."""
        return f"file://{self.path}"

    @property
    def repomd(self) -> Path:
        """Path of repomd.xml."""
        return self.path / "repodata/repomd.xml"

    def part(self, kind: str) -> Path:
        """Path of the metadata file of that type (primary, filelists, updateinfo …).

        :raises KeyError: the repository has none.
        """
        for data in ElementTree.parse(self.repomd).getroot().iter(f"{REPO}data"):
            location = data.find(f"{REPO}location")
            if data.get("type") == kind and location is not None:
                return self.path / location.attrib["href"]
        raise KeyError(kind)

    def config(self, **keys: object) -> str:
        """Text of its .repo section; ``baseurl`` is the folder unless given, None leaves a key out."""
        return repo_section(self.id, **{"baseurl": self.url, **keys})


def publish(
    path: Path,
    rpms: Iterable[Path],
    *,
    id: str | None = None,
    compression: str = "gz",
    checksum: str = "sha256",
    advisories: Sequence[Advisory] = (),
    signer: Signer | None = None,
    sign_metadata: bool = True,
) -> Repo:
    """Make ``path`` a repository of copies of ``rpms`` and describe it.

    Publishing again into the same folder replaces packages and metadata.

    :param compression: gz, xz, bz2, zstd or none, for every part.
    :param signer: its public key goes to ``RPM-GPG-KEY``; with ``sign_metadata`` repomd.xml is signed too.
    """
    packages = path / "Packages"
    for stale in (packages, path / "repodata"):
        shutil.rmtree(stale, ignore_errors=True)
    packages.mkdir(parents=True)
    for rpm in rpms:
        # No hard links: each one made or removed elsewhere changes the shared file's ctime, and a
        # package whose ctime changes during a transaction is refused as tampered with.
        shutil.copy2(rpm, packages / rpm.name)
    first = compression if compression in ("gz", "xz", "bz2") else "gz"
    options = ["--general-compress-type", first, "--checksum", checksum, "--no-database"]
    _run("createrepo_c", "--quiet", *options, "--revision", "1700000000", str(path))
    if advisories:
        source = path / "updateinfo.xml"
        source.write_text(updateinfo_xml(advisories))
        _run(
            "modifyrepo_c",
            "--mdtype",
            "updateinfo",
            f"--compress-type={first}",
            str(source),
            f"{path}/repodata",
        )
        source.unlink()
    if compression in ("zstd", "none"):
        _repack(path, compression)
    repo = Repo(id or path.name, path, signer.write_public_key(path / "RPM-GPG-KEY") if signer else None)
    if signer and sign_metadata:
        signer.sign_detached(repo.repomd)
    return repo


def repo_section(id: str, **keys: object) -> str:
    """Text of a .repo section, enabled unless told otherwise; None leaves a key out, booleans are 1 and 0."""
    settings = {"name": f"Repository {id}", "enabled": True, **keys}
    lines = (
        f"{key}={int(value) if isinstance(value, bool) else value}"
        for key, value in settings.items()
        if value is not None
    )
    return "\n".join([f"[{id}]", *lines]) + "\n"


def updateinfo_xml(advisories: Sequence[Advisory]) -> str:
    """Advisories as updateinfo.xml."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<updates>\n'
        + "".join(map(_update, advisories))
        + "</updates>\n"
    )


def write_mirrorlist(path: Path, urls: Sequence[str]) -> Path:
    """A mirrorlist file with one comment line and these URLs."""
    path.write_text("\n".join(["# mirrors", *urls]) + "\n")
    return path


def _update(advisory: Advisory) -> str:
    reboot = "<reboot_suggested>True</reboot_suggested>" if advisory.reboot else ""
    references = "".join(
        f'<reference href="http://localhost/" id={quoteattr(id)} type={quoteattr(kind)} title=""/>'
        for kind, id in advisory.references
    )
    severity = f"<severity>{escape(advisory.severity)}</severity>" if advisory.severity else ""
    return (
        f'<update from="test@localhost" status="stable" type={quoteattr(advisory.kind)} version="1">'
        f"<id>{escape(advisory.id)}</id><title>{escape(advisory.title)}</title>{severity}"
        f'<issued date="{advisory.updated}"/><updated date="{advisory.updated}"/>'
        f"<description>{escape(advisory.description)}</description>"
        f"<references>{references}</references>"
        '<pkglist><collection short="test"><name>test</name>'
        + "".join(
            f'<package name={quoteattr(rpm.name)} epoch="{rpm.epoch or 0}" version={quoteattr(rpm.version)}'
            f' release={quoteattr(rpm.release)} arch="{rpm.arch}" src="{rpm.name}.src.rpm">'
            f"<filename>{escape(rpm.filename)}</filename>{reboot}</package>"
            for rpm in advisory.packages
        )
        + "</collection></pkglist></update>\n"
    )


def _repack(path: Path, compression: str) -> None:
    """Compress each part anew; old versions of createrepo_c know neither zstd nor plain files."""
    ElementTree.register_namespace("", REPO[1:-1])
    repomd = path / "repodata/repomd.xml"
    tree = ElementTree.parse(repomd)
    for data in tree.getroot().iter(f"{REPO}data"):
        location, digest = data.find(f"{REPO}location"), data.find(f"{REPO}checksum")
        size = data.find(f"{REPO}size")
        assert location is not None and digest is not None and size is not None
        old = path / location.attrib["href"]
        plain = gzip.decompress(old.read_bytes())
        packed = zstandard.ZstdCompressor().compress(plain) if compression == "zstd" else plain
        digest.text = hashlib.new(digest.attrib["type"], packed).hexdigest()
        size.text = str(len(packed))
        suffix = ".zst" if compression == "zstd" else ""
        kind = old.name.partition("-")[2].removesuffix(".gz")
        location.set("href", f"repodata/{digest.text}-{kind}{suffix}")
        old.unlink()
        (path / location.attrib["href"]).write_bytes(packed)
    tree.write(repomd, encoding="UTF-8", xml_declaration=True)


def _run(*command: str) -> None:
    done = subprocess.run(
        command, env=scrubbed_environment(Path("/nonexistent")), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(f"{command[0]}: {done.stdout}{done.stderr}")
