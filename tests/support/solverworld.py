"""Small worlds for the solver: repositories and installed packages from one line per package.

A line is ``NEVRA | FIELD: item, item | ...``; the fields are the relations
(``requires``, ``pre``, ``provides`` ...), ``files``, ``vendor``, ``time``
(installation, seconds), ``build`` (seconds) and ``source``.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from pkgman.model.package import Checksum, Dependency, InstalledPackage
from pkgman.model.repo import MetadataPart, RepoSnapshot
from solver.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLAGS = {"<": ("LT", 2), ">": ("GT", 4), "=": ("EQ", 8), "<=": ("LE", 10), ">=": ("GE", 12)}
PRIMARY = MetadataPart("primary", "repodata/primary.xml", Checksum("sha256", "0" * 64), 0, None, 0)


class Item(NamedTuple):
    name: str
    epoch: str
    version: str
    release: str
    arch: str
    fields: dict[str, list[str]]

    @property
    def nevra(self) -> str:
        epoch = "" if self.epoch == "0" else f"{self.epoch}:"
        return f"{self.name}-{epoch}{self.version}-{self.release}.{self.arch}"

    def of(self, field: str) -> list[str]:
        return self.fields.get(field, [])

    def one(self, field: str, default: str = "") -> str:
        return ", ".join(self.of(field)) or default


def item(line: str) -> Item:
    nevra, *rest = (part.strip() for part in line.split("|"))
    found = re.fullmatch(r"(.+)-(?:(\d+):)?([^-]+)-([^-]+)\.([^.]+)", nevra)
    assert found, f"not a NEVRA: {nevra}"
    name, epoch, version, release, arch = found.groups()
    fields = {}
    for part in rest:
        key, _, value = part.partition(":")
        fields[key.strip()] = [word.strip() for word in value.split(",") if word.strip()]
    return Item(name, epoch or "0", version, release, arch, fields)


def split(relation: str) -> tuple[str, str, str]:
    """``name OP evr`` to its parts; a rich dependency stays whole."""
    words = relation.split()
    if relation.startswith("(") or len(words) != 3:
        return relation, "", ""
    return words[0], words[1], words[2]


def entries(relations: list[str], *, pre: bool = False) -> str:
    lines = []
    for relation in relations:
        name, operator, evr = split(relation)
        attributes = f"name={quoteattr(name)}"
        if operator:
            match = re.fullmatch(r"(?:(\d+):)?([^-]+)(?:-(.+))?", evr)
            assert match, evr
            epoch, version, release = match.groups()
            attributes += f' flags="{FLAGS[operator][0]}" epoch="{epoch or 0}" ver={quoteattr(version)}'
            attributes += f" rel={quoteattr(release)}" if release else ""
        attributes += ' pre="1"' if pre else ""
        lines.append(f"<rpm:entry {attributes}/>")
    return "".join(lines)


def primary(lines: list[str]) -> str:
    """The text of primary.xml."""
    head = '<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm"'
    body = "".join(_package(item(line)) for line in lines)
    return f'<?xml version="1.0"?>\n{head} packages="{len(lines)}">{body}</metadata>\n'


def _package(it: Item) -> str:
    relations = ""
    for kind in ("provides", "conflicts", "obsoletes", "recommends", "suggests", "supplements", "enhances"):
        own = [f"{it.name} = {it.epoch}:{it.version}-{it.release}"] if kind == "provides" else []
        relations += f"<rpm:{kind}>{entries(own + it.of(kind))}</rpm:{kind}>"
    needs = entries(it.of("requires")) + entries(it.of("pre"), pre=True)
    relations += f"<rpm:requires>{needs}</rpm:requires>"
    files = "".join(f"<file>{escape(path)}</file>" for path in it.of("files"))
    source = it.one("source", f"{it.name}-{it.version}-{it.release}.src.rpm")
    location = it.one("location", f"Packages/{it.nevra.replace(':', '_')}.rpm")
    return f"""<package type="rpm"><name>{it.name}</name><arch>{it.arch}</arch>
<version epoch="{it.epoch}" ver="{it.version}" rel="{it.release}"/>
<checksum type="sha256" pkgid="YES">{it.one("checksum", "a" * 64)}</checksum>
<summary>{escape(it.one("summary", "summary of " + it.name))}</summary>
<description>{escape(it.one("description", "text"))}</description>
<url>http://example.org/{it.name}</url><time file="1" build="{it.one("build", "1")}"/>
<size package="1000" installed="2000" archive="3"/><location href={quoteattr(location)}/>
<format><rpm:license>MIT</rpm:license><rpm:vendor>{it.one("vendor")}</rpm:vendor>
<rpm:sourcerpm>{source}</rpm:sourcerpm>{relations}{files}</format></package>
"""


def header(line: str, number: int = 1) -> InstalledPackage:
    """An installed package as its rpm header tells it."""
    it = item(line)

    def relations(field: str, flags: int = 0) -> tuple[Dependency, ...]:
        parts = (split(relation) for relation in it.of(field))
        return tuple(Dependency(name, flags | (FLAGS[op][1] if op else 0), evr) for name, op, evr in parts)

    return InstalledPackage(
        name=it.name,
        epoch=int(it.epoch),
        version=it.version,
        release=it.release,
        arch=it.arch,
        vendor=it.one("vendor"),
        summary=it.one("summary", "summary of " + it.name),
        description=it.one("description", "text"),
        url=f"http://example.org/{it.name}",
        license="MIT",
        source_rpm=it.one("source", f"{it.name}-{it.version}-{it.release}.src.rpm"),
        install_size=2000,
        install_time=int(it.one("time", str(number))),
        build_time=int(it.one("build", "1")),
        database_id=number,
        provides=relations("provides"),
        requires=relations("requires") + relations("pre", 1 << 9),
        conflicts=relations("conflicts"),
        obsoletes=relations("obsoletes"),
        recommends=relations("recommends"),
        suggests=relations("suggests"),
        supplements=relations("supplements"),
        enhances=relations("enhances"),
        files=tuple(it.of("files")),
    )


def snapshot(name: str, folder: Path | str, *, priority: int = 50, checksum: str = "c1") -> RepoSnapshot:
    path = os.path.join(folder, f"{name}.solv")
    return RepoSnapshot(name, priority, checksum, path, PRIMARY, str(folder))


class Feed:
    """Opens a text as a stream of bytes; a file keeps count of how often."""

    def __init__(self, text: str, log: Path | None = None) -> None:
        self.text = text
        self.log = log

    def __call__(self) -> Iterator[bytes]:
        if self.log is not None:
            with self.log.open("a") as stream:
                stream.write("x")
        data = self.text.encode()
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]


def build(
    folder: Path,
    *,
    repos: dict[str, list[str]] | None = None,
    installed: list[str] | None = None,
    priorities: dict[str, int] | None = None,
    arch: str = "x86_64",
) -> Pool:
    """A pool with these packages."""
    pool = Pool(arch)
    headers = [header(line, number) for number, line in enumerate(installed or [], 1)]
    pool.load_installed(lambda: headers, cache_path=None, key="")
    for name, lines in (repos or {}).items():
        shot = snapshot(name, folder, priority=(priorities or {}).get(name, 50))
        pool.load_repo(shot, Feed(primary(lines)))
    return pool
