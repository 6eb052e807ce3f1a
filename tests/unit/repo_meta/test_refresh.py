from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import pytest

from pkgman.model.errors import (
    CacheMissing,
    ChecksumMismatch,
    FetchError,
    MetadataError,
    PkgmanError,
    SizeMismatch,
)
from repo_meta import cache, decompress, refresh
from tests.unit.repo_meta.conftest import (
    Server,
    Words,
    body,
    createrepo,
    endless,
    hang_up,
    repack_as_zstd,
    status,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pkgman.model.repo import RepoSnapshot, RepoSource
    from repo_meta.http import HttpFetcher


class Loader:
    """Calls load with what does not vary."""

    def __init__(self, source: RepoSource, fetcher: HttpFetcher, words: Words) -> None:
        self.source, self.fetcher, self.words = source, fetcher, words

    def __call__(self, *, source: RepoSource | None = None, later: float = 0, **options: Any) -> RepoSnapshot:
        return refresh.load(
            source or self.source,
            cache_only=options.get("cache_only", False),
            refresh=options.get("refresh", False),
            fetcher=lambda: self.fetcher,
            report=self.words,
            progress=self.words,
            now=time.time() + later,
        )

    def part(self, snapshot: RepoSnapshot, kind: str) -> Any:
        return refresh.fetch_part(
            self.source, snapshot, kind, fetcher=lambda: self.fetcher, progress=self.words
        )


@pytest.fixture
def load(source: RepoSource, fetcher: HttpFetcher, words: Words) -> Loader:
    return Loader(source, fetcher, words)


def _tree(directory: str) -> dict[str, bytes]:
    found = {}
    for top, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(top, name), "rb") as stream:
                found[os.path.relpath(os.path.join(top, name), directory)] = stream.read()
    return found


def _primary(repo: Path) -> Path:
    return next((repo / "repodata").glob("*primary.xml.gz"))


def test_the_first_load_fetches_repomd_and_primary_only(load: Loader, server: Server, words: Words) -> None:
    snapshot = load()
    assert [os.path.basename(path).split("-")[-1] for path in server.asked] == [
        "repomd.xml",
        "primary.xml.gz",
    ]
    assert words.infos == ["Refreshing metadata for: 'Lab repo'"]
    assert words.labels == ["lab", "lab (primary)"]
    assert [part.kind for part in snapshot.parts] == ["primary", "filelists", "other"]
    with open(cache.repomd_path(load.source), "rb") as stream:
        assert snapshot.repomd_checksum == hashlib.sha256(stream.read()).hexdigest()
    assert not os.path.exists(cache.tmp_dir(load.source))


def test_a_warm_load_asks_nobody_and_writes_nothing(load: Loader, server: Server) -> None:
    first = load()
    before, asked = _tree(load.source.metadata_dir), len(server.asked)
    stamp = os.stat(f"{load.source.metadata_dir}/lastrefresh").st_mtime_ns
    assert load() == first
    assert _tree(load.source.metadata_dir) == before
    assert os.stat(f"{load.source.metadata_dir}/lastrefresh").st_mtime_ns == stamp
    assert len(server.asked) == asked


def test_a_warm_load_imports_nothing_heavy(load: Loader) -> None:
    load()
    code = (
        "import sys, time\n"
        "from pkgman.model.progress import SILENT\n"
        "from pkgman.model.repo import RepoSource\n"
        "from repo_meta import refresh\n"
        "source = RepoSource('lab', 'Lab', baseurls=('http://x',), metadata_dir=sys.argv[1])\n"
        "refresh.load(source, cache_only=False, refresh=False, fetcher=None, report=SILENT,"
        " progress=SILENT, now=time.time())\n"
        "print(*sorted(sys.modules))\n"
    )
    run = subprocess.run(
        [sys.executable, "-SE", "-c", code, load.source.metadata_dir],
        check=True,
        capture_output=True,
        text=True,
        cwd=os.path.dirname(os.path.dirname(os.path.abspath(cache.__file__))),
    )
    heavy = {
        *("requests", "hashlib", "_hashlib", "urllib", "lxml", "zstandard", "pysequoia", "json"),
        *("logging", "dataclasses", "pathlib", "subprocess", "tempfile", "shutil", "threading", "ssl"),
    }
    assert not heavy & set(run.stdout.split())


@pytest.mark.parametrize("kind", ["gz", "xz", "zst", "bz2"])
def test_primary_of_every_compression_is_read(kind: str, repo: Path, load: Loader, tmp_path: Path) -> None:
    if kind == "zst":
        repack_as_zstd(repo)
    else:
        createrepo(repo, f"--general-compress-type={kind}")
    snapshot = load()
    plain = b"".join(decompress.iter_plain(load.part(snapshot, "primary"), verify=True))
    assert b"<name>odd</name>" in plain


def test_other_parts_are_fetched_once_when_asked_for(load: Loader, server: Server) -> None:
    snapshot = load()
    file = load.part(snapshot, "filelists")
    assert b"/opt/odd/plain" in b"".join(decompress.iter_plain(file))
    asked = len(server.asked)
    assert load.part(snapshot, "filelists") == file
    assert len(server.asked) == asked
    assert load.part(snapshot, "updateinfo") is None


def test_a_part_that_its_key_hides_is_none(load: Loader) -> None:
    snapshot = load()
    load.source = load.source._replace(skip_md_filelists=True)
    assert load.part(snapshot, "filelists") is None


def test_an_expired_cache_with_the_same_repomd_only_gets_a_new_marker(load: Loader, server: Server) -> None:
    load()
    marker = f"{load.source.metadata_dir}/lastrefresh"
    os.utime(marker, (0, 0))
    before, asked = _tree(load.source.metadata_dir), len(server.asked)
    load(later=172_801)
    assert len(server.asked) == asked + 1
    assert _tree(load.source.metadata_dir) == before
    assert os.stat(marker).st_mtime > 0


def test_age_counts_from_ctime(load: Loader, server: Server) -> None:
    load()
    os.utime(f"{load.source.metadata_dir}/lastrefresh", (0, 0))  # an old mtime, a new ctime
    asked = len(server.asked)
    load(later=172_000)
    assert len(server.asked) == asked


def test_metadata_that_never_expires_is_not_looked_up(load: Loader, server: Server) -> None:
    source = load.source._replace(metadata_expire=-1)
    load(source=source)
    asked = len(server.asked)
    load(source=source, later=10**9)
    assert len(server.asked) == asked
    load(source=source, refresh=True)
    assert len(server.asked) == asked + 1


def test_new_metadata_replaces_all_that_belonged_to_the_old(load: Loader, repo: Path) -> None:
    snapshot = load()
    load.part(snapshot, "filelists")
    os.makedirs(load.source.package_dir)
    os.makedirs(os.path.dirname(snapshot.solv_path))
    with open(f"{load.source.package_dir}/x.rpm", "w"), open(snapshot.solv_path, "w"):
        pass
    createrepo(repo, "--general-compress-type=xz", "--revision=2")
    new = load(refresh=True)
    assert new.repomd_checksum != snapshot.repomd_checksum
    names = sorted(name.split("-")[-1] for name in os.listdir(cache.repodata_dir(load.source)))
    assert names == ["primary.xml.xz", "repomd.xml", "repomd.xml.record"]
    assert not os.path.exists(snapshot.solv_path)
    assert not os.path.exists(load.source.package_dir)


def test_cache_only_takes_what_is_there_whatever_its_age(load: Loader, server: Server) -> None:
    with pytest.raises(CacheMissing) as caught:
        load(cache_only=True)
    assert caught.value.number == 1034
    first = load()
    asked = len(server.asked)
    assert load(cache_only=True, refresh=True, later=10**9) == first
    assert len(server.asked) == asked


def test_a_repomd_changed_on_disk_is_noticed(load: Loader, repo: Path) -> None:
    first = load()
    path = cache.repomd_path(load.source)
    with open(path, "rb") as stream:
        data = stream.read()
    changed = data.replace(b"<revision>", b"<revision>9")
    assert len(changed) != len(data)
    with open(path, "wb") as stream:
        stream.write(changed)
    with pytest.raises(MetadataError, match="is not what was accepted"):
        load(cache_only=True)
    assert load() == first
    with open(path, "rb") as stream:
        assert stream.read() == data
    same_size = data.replace(b'type="primary"', b'type="primarx"')
    with open(path, "wb") as stream:
        stream.write(same_size)
    assert load() == first


@pytest.mark.parametrize("place", [0, 12, 40, 100, -3])
def test_a_damaged_record_of_the_cached_repomd_is_not_believed(
    load: Loader, server: Server, place: int
) -> None:
    first = load()
    path = f"{cache.repodata_dir(load.source)}/repomd.xml.record"
    with open(path, "rb") as stream:
        good = stream.read()
    damaged = bytearray(good)
    damaged[place] ^= 0x20
    with open(path, "wb") as stream:
        stream.write(damaged)
    asked = len(server.asked)
    assert load() == first
    assert len(server.asked) > asked
    with open(path, "rb") as stream:
        assert stream.read() == good


def test_a_cached_repomd_without_a_record_is_taken_and_recorded(load: Loader, server: Server) -> None:
    first = load()
    path = f"{cache.repodata_dir(load.source)}/repomd.xml.record"
    os.unlink(path)
    asked = len(server.asked)
    assert load() == first
    assert len(server.asked) == asked
    assert os.path.exists(path)


def test_a_broken_cached_repomd_is_fetched_again(load: Loader) -> None:
    first = load()
    with open(cache.repomd_path(load.source), "w") as stream:
        stream.write("<repomd>")
    with pytest.raises(MetadataError):
        load(cache_only=True)
    assert load() == first


def test_a_damaged_cached_part_is_fetched_again(load: Loader) -> None:
    snapshot = load()
    path = load.part(snapshot, "filelists").path
    with open(path, "rb+") as stream:
        stream.seek(100)
        stream.write(b"\0\0\0\0")
    assert b"/opt/odd/plain" in b"".join(decompress.iter_plain(load.part(snapshot, "filelists")))


def test_primary_is_fetched_again_only_without_a_solv_file(load: Loader, server: Server) -> None:
    snapshot = load()
    os.unlink(cache.part_path(snapshot.metadata_dir, snapshot.primary))
    os.makedirs(os.path.dirname(snapshot.solv_path))
    with open(snapshot.solv_path, "w"):
        pass
    asked = len(server.asked)
    load()
    assert len(server.asked) == asked
    os.unlink(snapshot.solv_path)
    load()
    assert len(server.asked) == asked + 1


def _garbage(handler: Any) -> None:
    body(b"<html>Please log in</html>")(handler)


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        (status(404), 1622),
        (status(503), 1622),
        (status(401), 1622),
        (hang_up, 1253),
        (body(b"<repomd", length=5000), 1219),
        (endless, 1304),
        (_garbage, 1304),
        (body(b"", length=10**9), 1304),
    ],
)
def test_a_failed_refresh_leaves_the_old_cache_and_nothing_else(
    load: Loader, server: Server, answer: Any, number: int
) -> None:
    load()
    before = _tree(load.source.metadata_dir)
    server.fault("/repodata/repomd.xml", answer)
    with pytest.raises(PkgmanError) as caught:
        load(refresh=True)
    assert caught.value.number == number
    assert _tree(load.source.metadata_dir) == before
    assert not os.path.exists(cache.tmp_dir(load.source))
    assert load()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda data: data[:-1], SizeMismatch),
        (lambda data: data + b"x", SizeMismatch),
        (lambda data: b"x" + data[1:], ChecksumMismatch),
    ],
)
def test_a_wrong_primary_is_refused_and_the_old_metadata_stays(
    load: Loader, repo: Path, change: Any, error: type[PkgmanError]
) -> None:
    load()
    before = _tree(load.source.metadata_dir)
    createrepo(repo, "--general-compress-type=gz", "--revision=5", "--compatibility")
    path = _primary(repo)
    # Other content under another name, so that the cached one does not serve.
    createrepo(repo, "--general-compress-type=xz", "--revision=5")
    path = next((repo / "repodata").glob("*primary.xml.xz"))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(error):
        load(refresh=True)
    assert _tree(load.source.metadata_dir) == before


def test_a_status_has_the_two_lines_of_the_contract(load: Loader, server: Server) -> None:
    server.fault("/repodata/repomd.xml", status(404))
    with pytest.raises(FetchError) as caught:
        load()
    assert caught.value.lines == (
        f"Error: 404 when downloading {server.url}/repodata/repomd.xml",
        ". Please check repo url or refresh metadata with 'tdnf makecache'.",
    )


def test_the_next_base_url_is_tried_and_the_failure_told(load: Loader, server: Server, words: Words) -> None:
    source = load.source._replace(baseurls=(f"{server.url}/nope/", server.url))
    assert load(source=source)
    assert words.diagnostics[0] == f"Error: 404 when downloading {server.url}/nope/repodata/repomd.xml"


def test_a_mirrorlist_replaces_base_urls_and_is_cached(load: Loader, server: Server, repo: Path) -> None:
    (repo / "list").write_text(f"# mirrors\n\n{server.url}/\n")
    source = load.source._replace(mirrorlist=f"{server.url}/list", baseurls=("http://127.0.0.1:1/",))
    load(source=source)
    load(source=source, refresh=True)
    assert server.asked.count("/list") == 1
    assert server.asked.count("/repodata/repomd.xml") == 2


def test_a_mirrorlist_cannot_name_local_files(load: Loader, server: Server, repo: Path) -> None:
    (repo / "list").write_text("file:///etc\nFILE:///etc\n/etc\n")
    with pytest.raises(PkgmanError) as caught:
        load(source=load.source._replace(mirrorlist=f"{server.url}/list"))
    assert caught.value.number == 2500
    assert not os.path.exists(cache.mirrorlist_path(load.source))


def test_a_repository_without_url_is_error_2500(load: Loader) -> None:
    with pytest.raises(PkgmanError) as caught:
        load(source=load.source._replace(baseurls=()))
    assert caught.value.number == 2500
    assert caught.value.lines == ("Error: Cannot find a valid base URL for repo: Lab repo",)


def test_a_file_repository_is_copied_into_the_cache(load: Loader, repo: Path) -> None:
    load(source=load.source._replace(baseurls=(repo.as_uri(),)))
    assert glob.glob(f"{cache.repodata_dir(load.source)}/*primary.xml.gz")


def test_a_missing_file_repository_is_error_1238(load: Loader, tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        load(source=load.source._replace(baseurls=((tmp_path / "none").as_uri(),)))
    assert caught.value.number == 1238


def test_a_location_with_a_directory_still_lands_in_repodata(load: Loader, repo: Path) -> None:
    path = repo / "repodata/repomd.xml"
    (repo / "solvcache").mkdir()
    primary = _primary(repo)
    primary.rename(repo / "solvcache" / primary.name)
    path.write_bytes(
        path.read_bytes().replace(b"repodata/" + primary.name.encode(), b"solvcache/" + primary.name.encode())
    )
    load()
    assert os.path.exists(f"{cache.repodata_dir(load.source)}/{primary.name}")


@pytest.fixture
def open_dir() -> Iterator[str]:
    """A directory that other users can enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield directory


@contextlib.contextmanager
def _nobody() -> Iterator[None]:
    """Be an unprivileged user for a moment, when we are root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_an_unprivileged_user_reads_a_cache_but_cannot_renew_it(load: Loader, open_dir: str) -> None:
    load.source = load.source._replace(metadata_dir=f"{open_dir}/cache/lab-1")
    first = load()
    os.chmod(load.source.metadata_dir, 0o555)
    try:
        with _nobody():
            assert load() == first
            with pytest.raises(PkgmanError) as caught:
                load(refresh=True)
    finally:
        os.chmod(load.source.metadata_dir, 0o755)
    assert caught.value.number == 1613
