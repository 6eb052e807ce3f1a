"""Where a mirror's files belong, and how they are recognised."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import MetadataError, PkgmanError
from pkgman.model.package import Checksum
from repo_meta.mirrored import Memory, package_path, path_of, refuse_links_out

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"some bytes\n"


def checksum(data: bytes = CONTENT) -> Checksum:
    return Checksum("sha256", hashlib.sha256(data).hexdigest())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mirror"
    (made / "a").mkdir(parents=True)
    (made / "a/one.rpm").write_bytes(CONTENT)
    return made


def memory(folder: Path, *, trusting: bool = True, places: tuple[str, ...] = ()) -> Memory:
    places = places or (str(folder.parent / "cache/memory"),)
    return Memory(places, str(folder), trusting=trusting)


def right(known: Memory, data: bytes = CONTENT, name: str = "a/one.rpm") -> bool:
    return known.is_right(name, len(data), checksum(data))


def lose(path: Path, note: Path) -> None:
    """Change a file's bytes as a fault of the disk would: nothing that the file system says differs."""
    before = os.stat(path)
    path.write_bytes(path.read_bytes().swapcase())
    after = os.stat(path)
    old, new = (f"{x.st_size} {x.st_mtime_ns} {x.st_ctime_ns} {x.st_ino}" for x in (before, after))
    text = note.read_text()
    assert old in text
    note.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("Packages/o/one.rpm", "Packages/o/one.rpm"),
        ("./Packages//one.rpm", "Packages/one.rpm"),
        ("a%2Bb%20c.rpm", "a+b c.rpm"),
        ("100%.rpm", "100%.rpm"),
        ("a?b#c.rpm", "a?b#c.rpm"),
        ("http://localhost/x/y.rpm", "x/y.rpm"),
        ("na%C3%AFve.rpm", "naïve.rpm"),
    ],
)
def test_a_location_is_read_as_a_server_reads_it(location: str, path: str) -> None:
    assert package_path(location) == path


@pytest.mark.parametrize(
    "location",
    ["", "/a.rpm", "../a.rpm", "a/../../b.rpm", "%2e%2e/a.rpm", "%2E%2E%2Fa.rpm", "%252e%252e/a.rpm",
     "%2fa.rpm", "a%0ab.rpm", "a%00.rpm", "a\\..\\b.rpm", "a%5c..%5cb.rpm", "http://localhost/../a.rpm",
     "http://localhost//etc/%2e%2e/%2e%2e/a.rpm", "a.rpm/", "."],
)  # fmt: skip
def test_a_location_cannot_leave_the_mirror(location: str) -> None:
    with pytest.raises(MetadataError):
        path_of(location)


@pytest.mark.parametrize("location", ["repodata/repomd.xml", "a.rpm.0123456789ab.tmp", "a.exe", "a.rpm.asc"])
def test_a_package_is_an_rpm_file_by_name(location: str) -> None:
    with pytest.raises(MetadataError):
        package_path(location)


def test_a_link_that_leads_out_is_refused_and_one_inside_is_not(folder: Path) -> None:
    (folder / "b").symlink_to("a")
    refuse_links_out(str(folder), ["a/one.rpm", "b/one.rpm", "c/d/one.rpm", "one.rpm"])
    (folder / "out").symlink_to(folder.parent)
    with pytest.raises(PkgmanError, match="leads out of the mirror"):
        refuse_links_out(str(folder), ["out/x/one.rpm"])


def test_a_mirror_that_is_itself_a_link_is_the_users_choice(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    refuse_links_out(str(tmp_path / "link"), ["a/one.rpm"])


def test_a_file_is_compared_once(folder: Path) -> None:
    known = memory(folder)
    assert right(known)
    known.save()
    lose(folder / "a/one.rpm", folder.parent / "cache/memory")
    assert right(memory(folder)), "it was not read"
    assert not right(memory(folder, trusting=False))


def test_a_change_in_place_is_noticed_whatever_is_done_to_its_time(folder: Path) -> None:
    path = folder / "a/one.rpm"
    known = memory(folder)
    assert right(known)
    known.save()
    before = os.stat(path)
    path.write_bytes(CONTENT.swapcase())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not right(memory(folder))


def test_a_file_that_is_another_one_now_is_read(folder: Path) -> None:
    """As when metadata states a new checksum for an old name."""
    known = memory(folder)
    assert right(known)
    known.save()
    assert not right(memory(folder), CONTENT.swapcase())


def test_what_is_missing_a_link_a_folder_or_of_another_size_is_not_right(folder: Path) -> None:
    (folder / "link.rpm").symlink_to("a/one.rpm")
    (folder / "folder.rpm").mkdir()
    known = memory(folder)
    assert not right(known, name="none.rpm")
    assert not right(known, name="link.rpm")
    assert not right(known, name="folder.rpm")
    assert not known.is_right("a/one.rpm", 3, checksum())
    assert not known.is_right("a/one.rpm", 0, None), "nobody said what it should be"
    assert known.is_right("a/one.rpm", 0, checksum())


def test_what_another_choice_of_packages_knew_stays_until_it_is_gone(folder: Path) -> None:
    for name in ("two.rpm", "three.rpm"):
        (folder / name).write_bytes(CONTENT)
    known = memory(folder)
    assert all(right(known, name=name) for name in ("two.rpm", "three.rpm"))
    known.save()
    (folder / "three.rpm").unlink()
    other = memory(folder)
    assert right(other)
    other.save()
    note = folder.parent / "cache/memory"
    assert "two.rpm" in note.read_text()
    assert "three.rpm" not in note.read_text()


@pytest.mark.parametrize(
    "damage", [b"", b"\xff\xfe", b"1\tother\n", b"2\t/elsewhere\nx\ta/one.rpm\n", b"\n" * 9]
)
def test_a_damaged_or_foreign_memory_is_empty(folder: Path, damage: bytes) -> None:
    note = folder.parent / "cache/memory"
    note.parent.mkdir()
    note.write_bytes(damage)
    known = memory(folder)
    assert right(known)
    known.save()
    assert "a/one.rpm" in note.read_text()


def test_a_second_place_serves_where_the_first_cannot_be_written(folder: Path) -> None:
    (folder.parent / "file").write_text("no folder\n")
    places = (str(folder.parent / "file/memory"), str(folder.parent / ".mirror.reposync"))
    known = memory(folder, places=places)
    assert right(known)
    known.save()
    lose(folder / "a/one.rpm", folder.parent / ".mirror.reposync")
    assert right(memory(folder, places=places))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs files of another user")
def test_a_memory_of_somebody_else_is_not_believed(folder: Path) -> None:
    known = memory(folder)
    assert right(known)
    known.save()
    note = folder.parent / "cache/memory"
    lose(folder / "a/one.rpm", note)
    os.chown(note, 65534, 65534)
    assert not right(memory(folder))


def test_names_that_are_no_text_are_remembered_or_read_again(folder: Path) -> None:
    names = ("tab\t.rpm", "new\nline.rpm", os.fsdecode(b"latin-\xef.rpm"))
    for name in names:
        (folder / name).write_bytes(CONTENT)
    known = memory(folder)
    assert all(right(known, name=name) for name in names)
    known.save()
    assert all(right(memory(folder), name=name) for name in names)
