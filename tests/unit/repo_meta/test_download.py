from __future__ import annotations

import gc
import hashlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from pkgman.model.errors import ChecksumMismatch, FetchError, MetadataError, PkgmanError, SizeMismatch
from pkgman.model.package import Checksum
from pkgman.model.repo import Remote, RepoSource
from repo_meta.download import fetch_packages
from repo_meta.transfers import PER_HOST
from tests.unit.repo_meta.conftest import body, endless, status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repo_meta.http import HttpFetcher
    from tests.unit.repo_meta.conftest import Server, Words


def _remote(repo: Path, name: str, data: bytes | None = None, kind: str = "sha256") -> Remote:
    data = f"package {name}".encode() * 500 if data is None else data
    path = repo / "pool" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return Remote(name, "lab", f"pool/{name}", len(data), Checksum(kind, hashlib.new(kind, data).hexdigest()))


@pytest.fixture
def get(source: RepoSource, fetcher: HttpFetcher, words: Words) -> Any:
    def run(remotes: Sequence[Remote], target_dir: str | None = None, **changes: Any) -> dict[Remote, str]:
        return fetch_packages(
            remotes,
            {"lab": source._replace(**changes)},
            fetcher=lambda: fetcher,
            progress=words,
            report=words,
            target_dir=target_dir,
        )

    return run


def _left(directory: str) -> list[str]:
    return sorted(name for _, _, names in os.walk(directory) for name in names)


def test_packages_arrive_below_their_location(
    get: Any, repo: Path, source: RepoSource, server: Server
) -> None:
    remotes = [_remote(repo, f"p{number}.rpm") for number in range(30)]
    paths = get(remotes)
    assert list(paths) != [] and set(paths) == set(remotes)
    for remote, path in paths.items():
        assert path == f"{source.package_dir}/{remote.location}"
        with open(path, "rb") as stream:
            assert stream.read() == (repo / remote.location).read_bytes()
    assert server.connections <= PER_HOST


def test_transfers_run_side_by_side_within_the_limit(get: Any, repo: Path, server: Server) -> None:
    server.delay = 0.1
    get([_remote(repo, f"p{number}.rpm") for number in range(18)])
    assert 3 <= server.busiest <= PER_HOST


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256", "sha512"])
def test_every_kind_of_checksum_is_known(get: Any, repo: Path, kind: str) -> None:
    assert get([_remote(repo, "a.rpm", kind=kind)])


def test_a_good_file_is_not_fetched_again(get: Any, repo: Path, server: Server) -> None:
    remote = _remote(repo, "a.rpm")
    get([remote])
    get([remote, remote])
    assert server.asked.count("/pool/a.rpm") == 1


def test_a_damaged_file_in_the_cache_is_replaced(get: Any, repo: Path, server: Server) -> None:
    remote = _remote(repo, "a.rpm")
    path = get([remote])[remote]
    with open(path, "wb") as stream:
        stream.write(b"damaged")
    get([remote])
    with open(path, "rb") as stream:
        assert stream.read() == (repo / "pool/a.rpm").read_bytes()


def test_names_with_odd_characters_are_kept(get: Any, repo: Path) -> None:
    remote = _remote(repo, "a+b~1^2%20#x?y z.rpm".replace("%20", ""))
    assert os.path.basename(get([remote])[remote]) == "a+b~1^2#x?y z.rpm"


@pytest.mark.parametrize(
    ("answer", "error", "number"),
    [
        (status(404), FetchError, 1622),
        (body(b"short"), SizeMismatch, 1527),
        (endless, SizeMismatch, 1527),
        (body(b"x" * 6500), ChecksumMismatch, 1528),
    ],
)
def test_the_first_failure_ends_all_and_names_its_package(
    get: Any,
    repo: Path,
    source: RepoSource,
    server: Server,
    answer: Any,
    error: type[PkgmanError],
    number: int,
) -> None:
    remotes = [_remote(repo, f"p{n}.rpm", b"y" * 6500) for n in range(10)]
    server.fault("/pool/p4.rpm", answer)
    with pytest.raises(error) as caught:
        get(remotes)
    assert caught.value.number == number
    assert caught.value.lines[-1] == "Error processing package: pool/p4.rpm"
    if number == 1528:
        assert (
            f"rpm file ({source.package_dir}/pool/p4.rpm) Checksum FAILED (digest mismatch)"
            in caught.value.lines
        )
    assert not [name for name in _left(source.package_dir) if name.endswith(".tmp") or name == "p4.rpm"]


def test_another_mirror_serves_what_one_has_wrong(get: Any, repo: Path, server: Server, words: Words) -> None:
    remote = _remote(repo, "a.rpm")
    server.fault("/bad/pool/a.rpm", body(b"x" * remote.size))
    assert get([remote], baseurls=(f"{server.url}/bad", server.url))
    assert len(words.diagnostics) == 1


@pytest.mark.parametrize(
    "location",
    ["..", "../..", "../", "/etc/passwd", "", "pool/%2e%2e/%2e%2e/a.rpm", "../%2e%2e/a.rpm", "a\n.rpm"],
)
def test_a_location_cannot_leave_the_cache(
    get: Any, source: RepoSource, server: Server, location: str
) -> None:
    with pytest.raises(MetadataError):
        get([Remote("a", "lab", location, 0, None)])
    assert server.asked == []
    assert _left(source.package_dir) == []


@pytest.mark.parametrize(
    ("location", "asked", "place"),
    [
        ("../pool/a.rpm", "/pool/a.rpm", "_up_/pool/a.rpm"),
        ("../../../pool/a.rpm", "/pool/a.rpm", "_up_/_up_/_up_/pool/a.rpm"),
        ("./../pool/a.rpm", "/pool/a.rpm", "_up_/pool/a.rpm"),
    ],
)
def test_steps_up_lead_elsewhere_on_the_server_and_not_here(
    get: Any, repo: Path, source: RepoSource, server: Server, location: str, asked: str, place: str
) -> None:
    remote = _remote(repo, "a.rpm")._replace(location=location)
    base = f"{server.url}/el"
    assert get([remote], baseurls=(base,)) == {remote: f"{source.package_dir}/{place}"}
    assert server.asked == [asked]
    folder = repo.parent / "here"
    folder.mkdir()
    assert get([remote], str(folder), baseurls=(base,)) == {remote: f"{folder}/a.rpm"}


@pytest.mark.parametrize("to_target", [False, True])
def test_steps_up_are_refused_on_this_machine(
    get: Any, repo: Path, source: RepoSource, tmp_path: Path, to_target: bool
) -> None:
    remote = _remote(repo, "a.rpm")._replace(location="../pool/a.rpm")
    (tmp_path / "here").mkdir()
    for bases in ((f"{repo.as_uri()}/repodata",), (f"FILE://{repo}/repodata",)):
        with pytest.raises((MetadataError, PkgmanError), match="leaves the repository"):
            get([remote], str(tmp_path / "here") if to_target else None, baseurls=bases)
    assert _left(str(tmp_path / "here")) == _left(source.package_dir) == []


def test_an_absolute_url_lands_under_its_path(
    get: Any, repo: Path, source: RepoSource, server: Server
) -> None:
    data = _remote(repo, "a.rpm")
    remote = Remote("a", "lab", f"{server.url}/x/../../../pool/a.rpm", data.size, None)
    assert get([remote])[remote] == f"{source.package_dir}/pool/a.rpm"


@pytest.mark.parametrize("what", ["/dev/zero", "{tmp}/secret.rpm", "{tmp}/fifo"])
@pytest.mark.parametrize("scheme", ["file://", "FILE://", "file:"])
@pytest.mark.parametrize("to_target", [False, True])
def test_metadata_from_elsewhere_cannot_name_files_of_this_machine(
    get: Any, tmp_path: Path, scheme: str, what: str, to_target: bool
) -> None:
    (tmp_path / "secret.rpm").write_text("secret")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "target").mkdir()
    location = scheme + what.format(tmp=tmp_path)
    with pytest.raises(MetadataError) as caught:
        get([Remote("a", "lab", location, 0, None)], str(tmp_path / "target") if to_target else None)
    assert caught.value.lines[-1] == f"Error processing package: {location}"
    assert _left(str(tmp_path / "target")) == []


@pytest.mark.parametrize("what", ["/dev/zero", "{tmp}/fifo"])
def test_a_local_repository_names_regular_files_only(get: Any, repo: Path, tmp_path: Path, what: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    remote = Remote("a", "lab", f"file://{what.format(tmp=tmp_path)}", 0, Checksum("sha256", "0" * 64))
    with pytest.raises(PkgmanError) as caught:
        get([remote], baseurls=(repo.as_uri(),))
    assert caught.value.number == 1622
    with pytest.raises(ChecksumMismatch):  # its size is looked at before a byte is read
        get([remote._replace(size=5)], baseurls=(repo.as_uri(),))


@pytest.mark.parametrize(
    "change", [{"mirrorlist": "file:///list"}, {"metalink": "file:///list"}, {"baseurls": ()}]
)
def test_a_repository_that_may_have_other_mirrors_is_not_local(
    get: Any, repo: Path, change: dict[str, Any]
) -> None:
    remote = Remote("a", "lab", f"file://{repo}/repodata/repomd.xml", 0, None)
    with pytest.raises(MetadataError):
        get([remote], **{"baseurls": (repo.as_uri(),), **change})
    with pytest.raises(MetadataError):
        get([remote], baseurls=(repo.as_uri(), "http://127.0.0.1:1/"))


def test_a_local_repository_may_name_files_elsewhere(get: Any, repo: Path, tmp_path: Path) -> None:
    remote = _remote(repo, "a.rpm")
    (repo / remote.location).rename(tmp_path / "a.rpm")
    remote = remote._replace(location=f"file://{tmp_path}/a.rpm")
    assert get([remote], baseurls=((repo).as_uri(),))[remote] == str(tmp_path / "a.rpm")


def test_two_packages_of_one_base_name_are_refused_before_anything_is_fetched(
    get: Any, repo: Path, tmp_path: Path, server: Server
) -> None:
    one = _remote(repo, "a.rpm")
    two = one._replace(label="b", location="other/a.rpm")
    with pytest.raises(PkgmanError) as caught:
        get([one, two], str(tmp_path))
    assert caught.value.lines[1:] == ("lab: pool/a.rpm", "lab: other/a.rpm")
    assert server.asked == []


def test_a_directory_in_the_cache_at_the_place_of_a_package_is_replaced(
    get: Any, repo: Path, source: RepoSource
) -> None:
    remote = _remote(repo, "a.rpm")
    os.makedirs(f"{source.package_dir}/pool/a.rpm/full")
    assert os.path.isfile(get([remote])[remote])


@pytest.mark.parametrize("url", ["http://[bad/", "http://h:port/", "file://[x/a", "file:///tmp/%00x"])
def test_a_base_url_that_is_none_is_1204(get: Any, repo: Path, url: str) -> None:
    remote = _remote(repo, "a.rpm")
    with pytest.raises(FetchError) as caught:
        get([remote], baseurls=(url,))
    assert caught.value.number == 1204


def test_a_killed_run_leaves_what_the_next_one_removes(
    get: Any, repo: Path, source: RepoSource, server: Server
) -> None:
    for n in range(3):
        server.fault(f"/pool/s{n}.rpm", endless)
    top = os.path.dirname(os.path.dirname(os.path.abspath(fetch_packages.__code__.co_filename)))
    process = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED, server.url, source.package_dir],
        env={**os.environ, "PYTHONPATH": top},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 20
    while len(_left(source.package_dir)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    server.faults.clear()
    fine = [_remote(repo, f"s{n}.rpm", b"fine") for n in range(3)]
    get(fine)
    assert len(_left(source.package_dir)) == 6  # somebody is still writing there
    process.send_signal(signal.SIGQUIT)
    process.wait(10)
    for n in range(3):
        os.unlink(f"{source.package_dir}/pool/s{n}.rpm")
    get(fine)
    assert _left(source.package_dir) == ["s0.rpm", "s1.rpm", "s2.rpm"]


def test_a_target_directory_takes_base_names(
    get: Any, repo: Path, tmp_path: Path, server: Server, words: Words
) -> None:
    remote = _remote(repo, "a.rpm")
    target = tmp_path / "here"
    with pytest.raises(PkgmanError) as caught:
        get([remote], str(target))
    assert caught.value.number == 1602
    assert caught.value.lines[-1] == "Error processing package: pool/a.rpm"
    target.mkdir()
    assert get([remote], str(target))[remote] == str(target / "a.rpm")
    get([remote], str(target))
    assert words.infos == ["a.rpm package already downloaded"]
    assert server.asked.count("/pool/a.rpm") == 1


@pytest.mark.parametrize("content", ["other", "half", "longer", "flipped"])
def test_a_damaged_file_in_the_target_directory_is_fetched_again(
    get: Any, repo: Path, tmp_path: Path, words: Words, content: str
) -> None:
    remote = _remote(repo, "a.rpm")
    good = (repo / remote.location).read_bytes()
    flipped = bytes([good[0] ^ 1]) + good[1:]
    damaged = {"other": b"mine", "half": good[: len(good) // 2], "longer": good + b"x", "flipped": flipped}
    (tmp_path / "a.rpm").write_bytes(damaged[content])
    assert get([remote], str(tmp_path)) == {remote: f"{tmp_path}/a.rpm"}
    assert (tmp_path / "a.rpm").read_bytes() == good
    assert any("fetched again" in text for text in words.infos)
    assert not any("already downloaded" in text for text in words.infos)


def test_packages_of_a_file_repository_are_used_in_place(
    get: Any, repo: Path, source: RepoSource, tmp_path: Path
) -> None:
    remote = _remote(repo, "a b.rpm")
    changes = {"baseurls": (repo.as_uri(),)}
    assert get([remote], **changes)[remote] == str(repo / "pool/a b.rpm")
    assert _left(source.package_dir) == []
    (tmp_path / "here").mkdir()
    assert get([remote], str(tmp_path / "here"), **changes)[remote] == str(tmp_path / "here/a b.rpm")


def test_a_package_in_place_is_verified_too(get: Any, repo: Path) -> None:
    remote = _remote(repo, "a.rpm")
    (repo / "pool/a.rpm").write_bytes(b"changed")
    with pytest.raises(ChecksumMismatch) as caught:
        get([remote], baseurls=(repo.as_uri(),))
    assert caught.value.lines[0].endswith("pool/a.rpm) Checksum FAILED (digest mismatch)")


def test_a_failing_package_stops_endless_ones(
    get: Any, repo: Path, source: RepoSource, server: Server
) -> None:
    slow = [_remote(repo, f"s{n}.rpm")._replace(size=0, checksum=None) for n in range(4)]
    for remote in slow:
        server.fault(f"/{remote.location}", endless)

    def late(handler: Any) -> None:
        time.sleep(0.3)
        status(404)(handler)

    server.fault("/pool/bad.rpm", late)
    began = time.monotonic()
    with pytest.raises(FetchError):
        get([*slow, _remote(repo, "bad.rpm")])
    assert time.monotonic() - began < 5
    assert _left(source.package_dir) == []


_INTERRUPTED = """
import sys
from pkgman.model.progress import SILENT
from pkgman.model.repo import Remote, RepoSource
from repo_meta.download import fetch_packages
from repo_meta.http import HttpFetcher

url, directory = sys.argv[1:]
source = RepoSource("lab", "Lab", baseurls=(url,), package_dir=directory)
remotes = [Remote(f"s{n}", "lab", f"pool/s{n}.rpm", 0, None) for n in range(3)]
print("ready", flush=True)
try:
    fetch_packages(remotes, {"lab": source}, fetcher=HttpFetcher, progress=SILENT, report=SILENT)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("silent", [False, True])
def test_an_interrupt_ends_at_once_and_leaves_nothing(
    repo: Path, server: Server, tmp_path: Path, silent: bool
) -> None:
    def stall(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"x" * 100_000)
        handler.wfile.flush()
        time.sleep(20)

    for n in range(3):
        server.fault(f"/pool/s{n}.rpm", stall if silent else endless)
    directory = tmp_path / "out"
    top = os.path.dirname(os.path.dirname(os.path.abspath(fetch_packages.__code__.co_filename)))
    process = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED, server.url, str(directory)],
        env={**os.environ, "PYTHONPATH": top},
        stdout=subprocess.PIPE,
    )
    deadline = time.monotonic() + 20
    while len(_left(str(directory))) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert process.wait(10) == 130
    assert time.monotonic() - began < 5
    assert process.stdout is not None
    process.stdout.close()
    assert _left(str(directory)) == []


def test_closing_the_fetcher_closes_its_connections_at_once(
    get: Any, repo: Path, server: Server, fetcher: HttpFetcher
) -> None:
    server.fault("/pool/gone.rpm", status(404))
    fine, gone = _remote(repo, "fine.rpm"), _remote(repo, "gone.rpm")
    gc.disable()
    try:
        with pytest.raises(PkgmanError) as caught:  # it holds the frames of the transfer
            get([fine, gone])
        assert server.open > 0
        fetcher.close()
        until = time.monotonic() + 20  # the server hears of it a moment later
        while server.open and time.monotonic() < until:
            time.sleep(0.01)
        assert server.open == 0
    finally:
        gc.enable()
    assert caught.value.number == 1622
