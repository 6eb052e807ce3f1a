from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pkgman.model.errors import PkgmanError
from pkgman.model.package import Dependency
from pkgman.transaction.librpm.database import RpmDatabase
from pkgman.transaction.librpm.header import rpm_file
from pkgman.transaction.openpgp import read_certificates
from tests.support.rpms import Rpm, break_header

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import World

FULL = Rpm(
    "full",
    "2:1.0-1",
    requires=["needed >= 3", "(a if b)"],
    provides=["needed = 3", "a", "full(x) = 1:2-3"],
    obsoletes=["old < 1"],
    conflicts=["enemy"],
    recommends=["nice"],
    suggests=["idea"],
    supplements=["other"],
    enhances=["more"],
    files={"/usr/share/full/ä": "text", "/usr/share/full/b": "12345"},
    summary="A summary",
    description="Some text.",
    url="http://localhost/full",
    license="MIT",
    vendor="Nobody",
)
LESS, GREATER, EQUAL = 2, 4, 8


def test_an_absent_database_is_an_empty_set_and_is_not_created(world: World) -> None:
    assert list(world.database.installed()) == []
    assert world.database.cookie() == ""
    assert world.database.keys() == ()
    assert world.database.release_version(["system-release"]) is None
    assert not world.root.exists()


def test_all_that_the_solver_needs_is_read(world: World) -> None:
    world.install(FULL)
    (found,) = world.database.installed()
    assert (found.name, found.epoch, found.version, found.release, found.arch) == (
        "full",
        2,
        "1.0",
        "1",
        "noarch",
    )
    assert found.database_id > 0
    assert found.install_size == 9
    assert found.install_time > found.build_time > 0
    assert found.source_rpm == "full-1.0-1.src.rpm"
    assert (found.summary, found.description, found.url) == (
        "A summary",
        "Some text.",
        "http://localhost/full",
    )
    assert (found.license, found.vendor) == ("MIT", "Nobody")
    assert set(found.provides) == {
        Dependency("needed", EQUAL, "3"),
        Dependency("a"),
        Dependency("full(x)", EQUAL, "1:2-3"),
        Dependency("full", EQUAL, "2:1.0-1"),
    }
    assert Dependency("needed", GREATER | EQUAL, "3") in found.requires
    assert "(a if b)" in [one.name for one in found.requires]
    assert found.obsoletes == (Dependency("old", LESS, "1"),)
    assert [one.name for one in found.conflicts] == ["enemy"]
    assert [one.name for one in found.recommends] == ["nice"]
    assert [one.name for one in found.suggests] == ["idea"]
    assert [one.name for one in found.supplements] == ["other"]
    assert [one.name for one in found.enhances] == ["more"]
    assert found.files == ("/usr/share/full/b", "/usr/share/full/ä")


def test_the_cookie_changes_with_the_database_only(world: World) -> None:
    world.install(Rpm("one"))
    first = world.database.cookie()
    assert first
    assert world.database.cookie() == first
    world.install(Rpm("two"))
    assert world.database.cookie() not in ("", first)


def test_the_identity_tells_sets_apart_that_have_one_cookie(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Of the same names in other versions, and of a package that was built again."""
    kinds = ((Rpm("a"), Rpm("b")), (Rpm("a", "2-1"), Rpm("b")), (Rpm("a", summary="rebuilt"), Rpm("b")))
    databases = []
    for number, rpms in enumerate(kinds):
        database = RpmDatabase(
            str(tmp_path_factory.mktemp(f"root{number}")), defines=[("_dbpath", "/var/lib/rpm")]
        )
        paths = map(str, world.workshop.build(*rpms, signed=False))
        for path in paths:
            subprocess.run(
                ["rpm", "--root", database.root, "--define", "_dbpath /var/lib/rpm", "-i", path], check=True
            )
        databases.append(database)
    assert len({database.cookie() for database in databases}) == 1
    assert len({database.identity() for database in databases}) == len(kinds)
    assert databases[0].identity() == databases[0].identity()


def test_without_a_database_the_identity_is_empty(world: World) -> None:
    assert world.database.identity() == ""


def test_keys_are_no_packages_but_count_in_the_history(world: World) -> None:
    for certificate in read_certificates(world.own.public_key()):
        world.database.import_key(certificate)
    assert list(world.database.installed()) == []
    (name,) = world.database.nevras()
    assert name.startswith("gpg-pubkey-")
    assert not name.endswith(".(none)")
    (key,) = world.database.keys()
    assert key.fingerprint == world.own.fingerprint
    assert key.user_id == "Own <own@localhost>"


@pytest.mark.parametrize(
    ("provides", "expected"),
    [
        (["system-release(releasever) = 9.8", "system-release = 9.8-1"], "9.8"),
        (["system-release = 9.8-1"], "9.8-1"),
        (["system-release"], "7"),
        (["something-else"], None),
    ],
)
def test_the_release_version_follows_the_first_capability_that_is_provided(
    world: World, provides: list[str], expected: str | None
) -> None:
    world.install(Rpm("release-package", "7-1", provides=provides))
    wanted = ["system-release(releasever)", "system-release", "redhat-release"]
    assert world.database.release_version(wanted) == expected


def test_rpm_itself_sees_the_same_database(world: World) -> None:
    world.install(Rpm("one"))
    assert (world.root / "var/lib/rpm/rpmdb.sqlite").exists()
    assert world.database.directory == str(world.root / "var/lib/rpm")


def test_a_database_that_is_no_database_is_an_error_not_an_empty_set(world: World) -> None:
    place = world.root / "var/lib/rpm"
    place.mkdir(parents=True)
    (place / "rpmdb.sqlite").write_bytes(b"this is not sqlite" * 100)
    with pytest.raises(PkgmanError) as caught:
        list(world.database.installed())
    assert caught.value.number == 1526
    with pytest.raises(PkgmanError):
        world.database.cookie()


def unfinished(place: Path) -> None:
    """What sqlite has when the making of rpm's tables is cut short."""
    connection = sqlite3.connect(place)
    connection.executescript("CREATE TABLE x(a); DROP TABLE x")
    connection.close()


@pytest.mark.parametrize("leave", [Path.touch, unfinished], ids=["empty", "without tables"])
def test_a_database_whose_making_was_cut_short_is_told_with_what_to_do(
    world: World, leave: Callable[[Path], None]
) -> None:
    place = world.root / "var/lib/rpm"
    place.mkdir(parents=True)
    leave(place / "rpmdb.sqlite")
    (place / "rpmdb.sqlite").chmod(0o444)
    with pytest.raises(PkgmanError, match="holds no packages: remove the folder") as caught:
        list(world.database.installed())
    assert caught.value.number == 1526
    assert str(place) in str(caught.value)
    with pytest.raises(PkgmanError, match="holds no packages"):
        world.install(Rpm("one"))
    shutil.rmtree(place)
    world.install(Rpm("one"))
    assert world.present() == ["one-1.0-1.noarch"]


def test_a_file_of_the_command_line_is_read_like_an_installed_package(world: World) -> None:
    path = world.rpm(FULL)
    found = rpm_file(str(path))
    assert found.path == str(path)
    assert found.size == path.stat().st_size
    assert found.header.name == "full"
    assert found.header.database_id == 0
    assert found.header.files == ("/usr/share/full/b", "/usr/share/full/ä")


def test_a_source_package_is_known_by_its_arch(world: World) -> None:
    (path,) = world.workshop.build(Rpm("full", source=True), signed=False)
    assert rpm_file(str(path)).header.arch == "src"


def test_a_damaged_file_of_the_command_line_is_refused(world: World) -> None:
    with pytest.raises(PkgmanError) as caught:
        rpm_file(str(break_header(world.rpm(FULL))))
    assert caught.value.number == 1622
    (world.folder / "text.rpm").write_text("no package\n")
    with pytest.raises(PkgmanError) as caught:
        rpm_file(str(world.folder / "text.rpm"))
    assert caught.value.number == 1622
    with pytest.raises(PkgmanError) as caught:
        rpm_file(str(world.folder / "absent.rpm"))
    assert caught.value.number == 1602


def test_the_place_of_the_database_can_be_defined(world: World) -> None:
    other = RpmDatabase(str(world.root), defines=[("_dbpath", "/other/place")])
    try:
        assert other.directory == os.path.join(world.root, "other/place")
    finally:
        RpmDatabase(str(world.root), defines=[("_dbpath", "/var/lib/rpm")])


@pytest.mark.parametrize("words", [{"root": "/nonesuch\udc8b"}, {"defines": [("a\udc8b", "b")]}])
def test_what_is_not_utf8_is_refused_before_librpm_sees_it(words: dict[str, Any]) -> None:
    with pytest.raises(PkgmanError, match="not UTF-8") as caught:
        RpmDatabase(**words)
    assert caught.value.number == 1622
