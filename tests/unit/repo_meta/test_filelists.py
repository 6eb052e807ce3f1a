from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import MetadataError
from repo_meta.filelists import FileHit, files_of, find_globs, find_paths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A, B = "a" * 64, "b" * 64
XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="2">
<package pkgid="{A}" name="alpha" arch="x86_64">
  <version epoch="0" ver="1.0" rel="1"/>
  <file>/usr/bin/tool</file>
  <file type="dir">/usr/share/alpha</file>
  <file type="ghost">/var/log/a.log</file>
  <file>/opt/r&amp;d/&lt;x&gt;</file>
  <file>/opt/é</file>
</package>
<package pkgid='{B}' name='beta' arch='noarch'><version rel='2' ver='2.0' epoch='1'/>
  <file>/usr/bin/tool</file>
  <file>/usr/bin/tool2</file>
</package>
</filelists>
""".encode()
ALPHA = FileHit(A, "alpha", 0, "1.0", "1", "x86_64")
BETA = FileHit(B, "beta", 1, "2.0", "2", "noarch")
SIZES = [1, 7, 64, 200, 100_000]


def _cut(size: int, data: bytes = XML) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("filler", [0, 20])
def test_paths_find_their_packages_however_the_text_is_cut(size: int, filler: int) -> None:
    wanted = ["/usr/bin/tool", "/usr/share/alpha", "/var/log/a.log", "/opt/r&d/<x>", "/opt/é", "/usr/bin"]
    wanted += [f"/nowhere/{number}" for number in range(filler)]
    assert find_paths(_cut(size), wanted) == {
        "/usr/bin/tool": [ALPHA, BETA],
        "/usr/share/alpha": [ALPHA],
        "/var/log/a.log": [ALPHA],
        "/opt/r&d/<x>": [ALPHA],
        "/opt/é": [ALPHA],
    }


@pytest.mark.parametrize("size", SIZES)
def test_one_path_finds_its_packages(size: int) -> None:
    assert find_paths(_cut(size), ["/usr/bin/tool"]) == {"/usr/bin/tool": [ALPHA, BETA]}
    assert find_paths(_cut(size), ["/usr/bin/too"]) == {}


@pytest.mark.parametrize("size", SIZES)
def test_globs_match_paths(size: int) -> None:
    assert find_globs(_cut(size), ["/usr/bin/t*"]) == [ALPHA, BETA]
    assert find_globs(_cut(size), ["*/a.log"]) == [ALPHA]
    assert find_globs(_cut(size), ["/opt/r&d/*"]) == [ALPHA]
    assert find_globs(_cut(size), ["/usr/*/t[no]ol[^x]"]) == [BETA]
    assert find_globs(_cut(size), ["/usr/*/t[no]ol[^2]", "/opt/[!r]&d/*"]) == []
    assert find_globs(_cut(size), ["*"]) == [ALPHA, BETA]


@pytest.mark.parametrize("size", SIZES)
def test_file_lists_come_by_pkgid_or_nevra(size: int) -> None:
    alpha = ("/usr/bin/tool", "/usr/share/alpha", "/var/log/a.log", "/opt/r&d/<x>", "/opt/é")
    beta = ("/usr/bin/tool", "/usr/bin/tool2")
    assert files_of(_cut(size), {A}) == {A: alpha}
    assert files_of(_cut(size), {"beta-1:2.0-2.noarch", A, "none"}) == {A: alpha, "beta-1:2.0-2.noarch": beta}


@pytest.mark.parametrize("data", [b"", b"<html/>", XML[:-20]])
def test_text_that_ends_too_early_is_refused(data: bytes) -> None:
    for search in (find_paths, find_globs, files_of):
        with pytest.raises(MetadataError):
            search(_cut(100, data), ["/none"])


def test_an_endless_element_is_refused() -> None:
    data = XML[:300] + b"<file>" + b"x" * (3 << 20)
    for search in (find_paths, find_globs, files_of):
        with pytest.raises(MetadataError):
            search(_cut(1 << 16, data), [A])


def test_the_file_that_createrepo_writes_is_understood(repo: Path) -> None:
    path = next((repo / "repodata").glob("*filelists.xml.gz"))
    data = gzip.decompress(path.read_bytes())
    odd = "odd-3:1.0-1.noarch"
    hits = find_paths(_cut(50, data), ["/opt/odd/a&b<c", "/opt/odd/dir", "/var/log/odd.log"])
    assert {path: [hit.nevra for hit in found] for path, found in hits.items()} == {
        "/opt/odd/a&b<c": [odd],
        "/opt/odd/dir": [odd],
        "/var/log/odd.log": [odd],
    }
    assert set(files_of(_cut(50, data), [odd])[odd]) == {
        *("/opt/odd", "/opt/odd/a&b<c", "/opt/odd/dir", "/opt/odd/plain", "/var/log/odd.log")
    }
