"""Loading: the binary cache, its damage, and the metadata behind it."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import FetchError, MetadataError, PkgmanError
from pkgman.model.package import RpmFile
from solver import query, select
from solver.pool import Pool
from tests.support import needs
from tests.support import solverworld as world
from tests.support.cli import namespaces_allowed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pkgman.model.package import InstalledPackage

LINES = ["a-1-1.noarch | requires: b", "b-1-1.noarch | files: /usr/bin/b", "c-2:1-1.x86_64"]
NEVRAS = ["a-1-1.noarch", "b-1-1.noarch", "c-2:1-1.x86_64"]


class Loader:
    """Loads the same repository again and again, and says what it cost."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "feeds"
        self.path = folder / "main.solv"

    def load(self, *, checksum: str = "c1", lines: list[str] | None = None) -> list[str]:
        pool = Pool("x86_64")
        feed = world.Feed(world.primary(LINES if lines is None else lines), self.log)
        pool.load_repo(world.snapshot("main", self.folder, checksum=checksum), feed)
        return [package.nevra for package in query.packages(pool, query.available(pool))]

    @property
    def feeds(self) -> int:
        return len(self.log.read_text()) if self.log.exists() else 0


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def test_the_second_load_comes_from_the_cache(loader: Loader) -> None:
    assert loader.load() == NEVRAS
    assert loader.load() == NEVRAS
    assert loader.feeds == 1


def test_nothing_but_the_cache_files_is_left(loader: Loader) -> None:
    loader.load()
    assert sorted(os.listdir(loader.folder)) == ["feeds", "main.names", "main.solv", "main.texts"]
    assert stat.S_IMODE(loader.path.stat().st_mode) & 0o022 == 0


def test_other_metadata_are_not_taken_from_the_cache(loader: Loader) -> None:
    loader.load()
    assert loader.load(checksum="c2", lines=["z-1-1.noarch"]) == ["z-1-1.noarch"]
    assert loader.feeds == 2
    assert loader.load(checksum="c2") == ["z-1-1.noarch"]


def test_a_repository_without_packages_is_cached_too(loader: Loader) -> None:
    assert loader.load(lines=[]) == []
    assert loader.load(lines=[]) == []
    assert loader.feeds == 1


@pytest.mark.slow
def test_a_byte_flipped_anywhere_makes_the_cache_worthless(loader: Loader) -> None:
    loader.load()
    sound = loader.path.read_bytes()
    feeds = loader.feeds
    places = {0, 1, 7, len(sound) // 2, len(sound) - 1, *range(len(sound) - 40, len(sound))}
    places |= set(random.Random(1).sample(range(len(sound)), 60))
    for place in sorted(places):
        damaged = bytearray(sound)
        damaged[place] ^= 1 << (place % 8)
        loader.path.write_bytes(damaged)
        assert loader.load() == NEVRAS
        feeds += 1
        assert loader.feeds == feeds, f"byte {place} was not noticed"
        assert loader.path.read_bytes() == sound, "not rebuilt"


@pytest.mark.parametrize("rest", [0, 1, 4, 20, 0.3, 0.99, -1])
def test_a_truncated_cache_is_rebuilt(loader: Loader, rest: float) -> None:
    loader.load()
    size = loader.path.stat().st_size
    os.truncate(loader.path, int(rest * size) if 0 < rest < 1 else int(rest) if rest >= 0 else size - 1)
    assert loader.load() == NEVRAS
    assert loader.feeds == 2
    assert loader.path.stat().st_size == size


def test_a_cache_with_something_appended_is_rebuilt(loader: Loader) -> None:
    loader.load()
    with loader.path.open("ab") as stream:
        stream.write(b"x")
    assert loader.load() == NEVRAS
    assert loader.feeds == 2


@pytest.mark.parametrize("garbage", [b"", b"SOLV", b"\0" * 5000, b"\xff" * 300])
def test_garbage_in_the_place_of_the_cache_is_replaced(loader: Loader, garbage: bytes) -> None:
    loader.path.write_bytes(garbage)
    assert loader.load() == NEVRAS
    assert loader.load() == NEVRAS
    assert loader.feeds == 1


def test_a_fifo_in_the_place_of_the_cache_does_not_hang(loader: Loader) -> None:
    os.mkfifo(loader.path)
    assert loader.load() == NEVRAS


def test_a_directory_in_the_place_of_the_cache_is_no_obstacle(loader: Loader) -> None:
    loader.path.mkdir()
    assert loader.load() == NEVRAS
    assert sorted(os.listdir(loader.folder)) == ["feeds", "main.solv", "main.texts"]


@needs.PROC
def test_a_cache_that_cannot_be_written_is_gone_without(tmp_path: Path) -> None:
    pool = Pool("x86_64")
    # /proc refuses new files and folders to everybody, root too.
    shot = world.snapshot("main", "/proc/pkgman")
    pool.load_repo(shot, world.Feed(world.primary(LINES)))
    assert query.count(pool) == 3


def test_a_full_disk_is_no_obstacle(tmp_path: Path) -> None:
    pool = Pool("x86_64")
    (tmp_path / "main.solv").symlink_to("/dev/full")
    pool.load_repo(world.snapshot("main", tmp_path), world.Feed(world.primary(LINES)))
    assert query.count(pool) == 3


def test_the_folder_of_the_cache_is_made(tmp_path: Path) -> None:
    pool = Pool("x86_64")
    shot = world.snapshot("main", tmp_path / "deep" / "er")
    pool.load_repo(shot, world.Feed(world.primary(LINES)))
    assert (tmp_path / "deep" / "er" / "main.solv").stat().st_size > 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no xml",
        "<metadata>",
        world.primary(LINES)[:-30],
        world.primary(LINES)[:900],
        world.primary(LINES).replace("</name>", "</nome>", 1),
        world.primary(LINES) + "<more/>",
    ],
)
def test_malformed_metadata_are_refused_and_leave_nothing(tmp_path: Path, text: str) -> None:
    pool = Pool("x86_64")
    with pytest.raises(MetadataError) as caught:
        pool.load_repo(world.snapshot("main", tmp_path), world.Feed(text))
    assert caught.value.number == 1304
    assert caught.value.lines
    assert query.count(pool) == 0
    assert os.listdir(tmp_path) == []
    pool.load_repo(world.snapshot("main", tmp_path), world.Feed(world.primary(LINES)))
    assert len(select.find(pool, "a").handles) == 1


def test_what_the_feed_raises_arrives_with_number_and_lines(tmp_path: Path) -> None:
    def feed() -> Iterator[bytes]:
        yield world.primary(LINES)[:200].encode()
        raise FetchError(("first line", "second \u00e4"), number=1207)

    pool = Pool("x86_64")
    with pytest.raises(PkgmanError) as caught:
        pool.load_repo(world.snapshot("main", tmp_path), feed)
    assert (caught.value.number, caught.value.lines) == (1207, ("first line", "second \u00e4"))
    assert query.count(pool) == 0


def test_a_feed_that_fails_after_good_metadata_is_not_trusted(tmp_path: Path) -> None:
    def feed() -> Iterator[bytes]:
        yield from world.Feed(world.primary(LINES))()
        raise MetadataError("checksum differs")

    pool = Pool("x86_64")
    with pytest.raises(MetadataError, match="checksum differs"):
        pool.load_repo(world.snapshot("main", tmp_path), feed)
    assert query.count(pool) == 0
    assert os.listdir(tmp_path) == []


def test_a_parser_that_gives_up_early_does_not_block_the_feed(tmp_path: Path) -> None:
    pool = Pool("x86_64")
    text = "<nonsense<" + "x" * 5_000_000
    with pytest.raises(MetadataError):
        pool.load_repo(world.snapshot("main", tmp_path), world.Feed(text))


@needs.PROC
def test_no_process_and_no_descriptor_is_left(loader: Loader, tmp_path: Path) -> None:
    loader.load()
    loader.load(checksum="c2")  # libsolv keeps the file open from which it reads descriptions later
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(MetadataError):
        Pool("x86_64").load_repo(world.snapshot("x", tmp_path), world.Feed("<x"))
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


class Database:
    """Installed packages that know how often they were read."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        self.reads = 0

    def __call__(self) -> Iterator[InstalledPackage]:
        self.reads += 1
        return (world.header(line, number) for number, line in enumerate(self.lines, 1))


def load_installed(database: Database, path: Path | None, key: str = "k1") -> list[str]:
    pool = Pool("x86_64")
    pool.load_installed(database, cache_path=str(path) if path else None, key=key)
    pool.prepare(file_provides=True)
    return [package.nevra for package in query.packages(pool, query.installed(pool))]


def test_installed_packages_are_cached_by_the_key(tmp_path: Path) -> None:
    database = Database("b-1-1.noarch", "a-1-1.noarch")
    path = tmp_path / "installed.solv"
    assert load_installed(database, path) == ["a-1-1.noarch", "b-1-1.noarch"]
    assert load_installed(database, path) == ["a-1-1.noarch", "b-1-1.noarch"]
    assert database.reads == 1
    database.lines = ("c-1-1.noarch",)
    assert load_installed(database, path, "k2") == ["c-1-1.noarch"]
    assert load_installed(database, path, "k2") == ["c-1-1.noarch"]
    assert database.reads == 2


def test_a_damaged_cache_of_installed_packages_is_rebuilt(tmp_path: Path) -> None:
    database = Database("b-1-1.noarch")
    path = tmp_path / "installed.solv"
    load_installed(database, path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    assert load_installed(database, path) == ["b-1-1.noarch"]
    assert database.reads == 2


def test_a_cache_of_something_else_is_not_taken_for_the_installed_packages(tmp_path: Path) -> None:
    Loader(tmp_path).load(checksum="k1")
    database = Database("b-1-1.noarch")
    assert load_installed(database, tmp_path / "main.solv") == ["b-1-1.noarch"]


def test_without_a_cache_path_nothing_is_written(tmp_path: Path) -> None:
    assert load_installed(Database("a-1-1.noarch"), None) == ["a-1-1.noarch"]
    assert os.listdir(tmp_path) == []


def test_an_empty_system_has_no_packages(tmp_path: Path) -> None:
    path = tmp_path / "installed.solv"
    database = Database()
    assert load_installed(database, path) == []
    assert load_installed(database, path) == []
    assert database.reads == 1


def test_installed_packages_read_from_the_cache_answer_the_same(tmp_path: Path) -> None:
    line = "a-1:2-3.x86_64 | requires: (x or y), z >= 1 | pre: sh | files: /usr/bin/a, /x | vendor: v"
    answers = []
    for _ in range(2):
        pool = Pool("x86_64")
        pool.load_installed(Database(line), cache_path=str(tmp_path / "i.solv"), key="k")
        (handle,) = query.installed(pool)
        answers.append(
            (
                query.package(pool, handle),
                query.info(pool, handle),
                query.files(pool, handle),
                query.dependencies(pool, [handle], "requires"),
                query.dependencies(pool, [handle], "requires-pre"),
            )
        )
    assert answers[0] == answers[1]


def test_a_file_is_loaded_once(tmp_path: Path) -> None:
    pool = world.build(tmp_path)
    file = RpmFile("/x/a.rpm", world.header("a-1-1.noarch"), 100)
    pool.load_files([file])
    pool.load_files([file])
    assert query.count(pool) == 1
    package = query.package(pool, pool.files["/x/a.rpm"])
    assert (package.repo, package.download_size) == ("@cmdline", 100)


def test_files_can_be_loaded_after_questions(tmp_path: Path) -> None:
    pool = world.build(tmp_path, repos={"main": ["a-1-1.noarch"]})
    assert len(select.find(pool, "a").handles) == 1
    pool.load_files([RpmFile("/x/a.rpm", world.header("a-2-1.noarch"), 100)])
    assert len(select.find(pool, "a").handles) == 2


def test_each_missing_file_is_named_once(tmp_path: Path) -> None:
    pool = world.build(
        tmp_path,
        repos={"main": ["a-1-1.noarch | requires: /b, /c, (/d or /e)", "b-1-1.noarch | files: /b"]},
    )
    assert pool.missing_files() == {"/c", "/d", "/e"}
    assert pool.missing_files() == frozenset()


def test_a_file_known_from_the_filelists_is_provided_by_the_very_package(tmp_path: Path) -> None:
    pool = world.build(
        tmp_path,
        repos={"main": ["a-1-1.noarch", "a-2:1-1.noarch", "a-1-1.x86_64"], "other": ["a-1-1.noarch"]},
    )
    pool.add_file_provides("main", {"/c": [world.item("a-2:1-1.noarch")]})
    (handle,) = query.what(pool, "provides", ["/c"])
    assert query.package(pool, handle).nevra == "a-2:1-1.noarch"
    assert query.package(pool, handle).repo == "main"


def test_texts_are_read_from_their_own_file_as_libsolv_would_have_them(tmp_path: Path) -> None:
    text = world.primary(LINES)
    pool = Pool("x86_64")
    pool.load_repo(world.snapshot("main", tmp_path), world.Feed(text))
    whole = Pool("x86_64")
    # A comment between two texts is not how createrepo writes them, so they stay in libsolv.
    odd = text.replace("</summary>", "</summary><!-- -->")
    assert odd != text
    whole.load_repo(world.snapshot("odd", tmp_path), world.Feed(odd))
    for handle, other in zip(query.available(pool), query.available(whole), strict=True):
        assert query.info(pool, handle) == query.info(whole, other)


def test_a_damaged_file_of_texts_is_made_anew(tmp_path: Path) -> None:
    feed = world.Feed(world.primary(LINES), tmp_path / "log")
    Pool("x86_64").load_repo(world.snapshot("main", tmp_path), feed)
    path = tmp_path / "main.texts"
    good = path.read_bytes()
    for bad in (b"", good[:-1], bytes([good[0] ^ 1]) + good[1:], b"x" * len(good)):
        path.write_bytes(bad)
        pool = Pool("x86_64")
        pool.load_repo(world.snapshot("main", tmp_path), feed)
        assert all(query.info(pool, handle).summary for handle in query.available(pool))
        assert path.read_bytes() == good


def test_a_full_disk_lets_the_cache_live_in_memory(tmp_path: Path) -> None:
    run = f"""
import sys
sys.path.insert(0, {os.getcwd()!r})
from solver.pool import Pool
from solver import query
from tests.support import solverworld as world
from tests.support.cli import namespaces_allowed
pool = Pool("x86_64")
pool.load_repo(world.snapshot("main", "/mnt/full"), world.Feed(world.primary({LINES!r} * 2000)))
print(query.count(pool), query.info(pool, query.available(pool)[-1]).summary != "")
"""
    (tmp_path / "run.py").write_text(run)
    mount = "mkdir -p /mnt/full && mount -t tmpfs -o size=16k none /mnt/full"
    script = f"{mount} && exec {sys.executable} {tmp_path}/run.py"
    if os.geteuid() != 0 or not namespaces_allowed():
        pytest.skip("a small disk needs root and mount namespaces")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(2000 * len(LINES)), "True"]


def test_what_a_killed_writer_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    for name in (
        "main.solv.999999999.tmp",
        f"main.solv.{os.getppid()}.tmp",
        "main.solv.x.tmp",
        "other.9999999.tmp",
    ):
        (tmp_path / name).write_text("")
    Pool("x86_64").load_repo(world.snapshot("main", tmp_path), world.Feed(world.primary(LINES)))
    left = sorted(os.listdir(tmp_path))
    assert left == sorted(
        [
            f"main.solv.{os.getppid()}.tmp",
            "main.names",
            "main.solv",
            "main.solv.x.tmp",
            "main.texts",
            "other.9999999.tmp",
        ]
    )
