from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from pkgman.transaction import fingerprint
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

PACKAGES = ("system-release",)
SECOND = 1_000_000_000


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    return place


@pytest.fixture
def stamped(world: World, home: Path) -> World:
    """A root with a package and a stamp of it."""
    world.install(Rpm("one"))
    world.database.identity()
    assert write(world, later=5)
    return world


def write(world: World, *, later: float = 0) -> bool:
    return fingerprint.write(
        stamp(world),
        str(world.root),
        (),
        PACKAGES,
        dbpath=world.database.dbpath,
        identity=world.database.identity(),
        release_version="9",
        asked_ns=time.time_ns() + int(later * SECOND),
    )


def stamp(world: World) -> str:
    return str(world.folder / "cache/@System.stamp")


def read(world: World) -> fingerprint.Stamp | None:
    return fingerprint.read(stamp(world), str(world.root), (), PACKAGES)


def known(world: World) -> str | None:
    return fingerprint.known_identity(stamp(world), str(world.root), world.database.dbpath)


def test_an_unchanged_database_is_recognised(stamped: World) -> None:
    found = read(stamped)
    assert found == (stamped.database.identity(), "/var/lib/rpm", "9")


def test_reading_the_database_with_librpm_leaves_the_stamp_good(stamped: World) -> None:
    assert [package.name for package in stamped.database.installed()] == ["one"]
    subprocess.run(
        ["rpm", "--root", str(stamped.root), "--define", "_dbpath /var/lib/rpm", "-qa"],
        check=True,
        capture_output=True,
    )
    assert read(stamped) is not None


def test_a_transaction_makes_the_stamp_void(stamped: World) -> None:
    stamped.install(Rpm("two"))
    assert read(stamped) is None


def test_an_import_of_a_key_makes_the_stamp_void(stamped: World) -> None:
    from pkgman.transaction.openpgp import read_certificates

    stamped.database.import_key(read_certificates(stamped.own.public_key())[0])
    assert read(stamped) is None


def test_a_restored_older_database_makes_the_stamp_void(stamped: World) -> None:
    place = stamped.root / "var/lib/rpm/rpmdb.sqlite"
    times, content = place.stat(), place.read_bytes()
    place.write_bytes(content)
    os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert read(stamped) is None


def test_a_new_macro_file_makes_the_stamp_void(stamped: World, home: Path) -> None:
    (home / ".rpmmacros").write_text("%_dbpath /elsewhere\n")
    assert read(stamped) is None


@pytest.mark.parametrize("name", ["HOME", "RPM_CONFIGDIR"])
def test_another_environment_makes_the_stamp_void(
    stamped: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "/nowhere")
    assert read(stamped) is None


def test_another_home_learns_the_identity_from_the_database_files(
    stamped: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "other"))
    assert read(stamped) is None
    assert known(stamped) == stamped.database.identity()


def test_no_identity_is_known_of_changed_files_another_place_or_without_a_stamp(stamped: World) -> None:
    path, root = stamp(stamped), str(stamped.root)
    assert fingerprint.known_identity(path, root, "/other/place") is None
    assert fingerprint.known_identity(path, f"{root}/other", "/var/lib/rpm") is None
    assert fingerprint.known_identity(f"{path}.absent", root, "/var/lib/rpm") is None
    stamped.install(Rpm("two"))
    assert known(stamped) is None


def test_the_stamp_is_for_one_root_one_set_of_defines_and_one_question(stamped: World) -> None:
    path, root = stamp(stamped), str(stamped.root)
    assert fingerprint.read(path, root, (("_dbpath", "/x"),), PACKAGES) is None
    assert fingerprint.read(path, root + "/other", (), PACKAGES) is None
    assert fingerprint.read(path, root, (), ("other-release",)) is None


def test_a_database_that_has_just_changed_is_not_stamped(world: World, home: Path) -> None:
    """A second change within the clock's grain would not be seen."""
    world.install(Rpm("one"))
    world.database.identity()
    os.utime(world.root / "var/lib/rpm/rpmdb.sqlite")
    assert not write(world)
    assert not os.path.exists(stamp(world))


def test_a_change_between_question_and_stamp_is_not_stamped(world: World, home: Path) -> None:
    world.install(Rpm("one"))
    world.database.identity()
    asked = time.time_ns()
    time.sleep(0.3)
    assert not fingerprint.write(
        stamp(world), str(world.root), (), PACKAGES,
        dbpath="/var/lib/rpm", identity="old", release_version="", asked_ns=asked,
    )  # fmt: skip


def test_coarse_time_stamps_wait_longer(world: World, home: Path) -> None:
    assert fingerprint._grain(5 * SECOND) > 2 * SECOND
    assert fingerprint._grain(5 * SECOND + 1) < SECOND


@pytest.mark.parametrize("content", ["", "rpmdb stamp 2\n", "rpmdb stamp 2\na\nb\nc\nd\ne\n", "x" * 1000])
def test_a_damaged_stamp_is_no_stamp(stamped: World, content: str) -> None:
    with open(stamp(stamped), "w") as stream:
        stream.write(content)
    assert read(stamped) is None


def test_an_unwritable_place_is_no_error(world: World, home: Path) -> None:
    (world.folder / "cache").write_text("a file")
    assert not write(world, later=5)


def test_databases_are_found_without_librpm(stamped: World, tmp_path: Path) -> None:
    assert fingerprint.any_database(str(stamped.root))
    assert not fingerprint.any_database(str(tmp_path / "empty"))


def test_reading_a_stamp_imports_neither_librpm_nor_anything_heavy() -> None:
    script = (
        "import sys; before = set(sys.modules); from pkgman.transaction import fingerprint;"
        "fingerprint.read('/nowhere', '/', (), ());"
        "print(sorted({n.partition('.')[0] for n in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names = done.stdout
    assert not {"rpm", "hashlib", "json", "subprocess", "sqlite3", "tempfile"} & set(eval(names))
