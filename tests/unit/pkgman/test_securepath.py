"""Paths below a root and in caches: links are followed as in a chroot, or not at all."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from pkgman.model import securepath

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("links", "path", "place"),
    [
        ({}, "/var/lib/x", "var/lib/x"),
        ({}, "var//lib/./x/", "var/lib/x"),
        ({}, "/../../etc", "etc"),
        ({"var": "/data"}, "/var/lib", "data/lib"),
        ({"var": "data"}, "/var/lib", "data/lib"),
        ({"var/run": "/run"}, "/var/run/x", "run/x"),
        ({"var/run": "../run"}, "/var/run/x", "run/x"),
        ({"var": "../../../../etc"}, "/var/lib", "etc/lib"),
        ({"var": "/"}, "/var/lib", "lib"),
        ({"a": "/b", "b": "/c"}, "/a/x", "c/x"),
        ({"var/lib/rpm": "../../usr/lib/sysimage/rpm"}, "/var/lib/rpm", "usr/lib/sysimage/rpm"),
        ({"var": "/proc/self/cwd/etc"}, "/var", "proc/self/cwd/etc"),
    ],
)
def test_links_lead_as_in_a_chroot(tmp_path: Path, links: dict[str, str], path: str, place: str) -> None:
    root = tmp_path / "root"
    for name, target in links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    assert securepath.in_root(str(root), path) == str(root / place)
    assert securepath.confined(str(root), f"{root}/{path.lstrip('/')}") == str(root / place)


def test_a_path_outside_of_the_root_stays_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    for path in ("/etc/x", f"{tmp_path}/rootless/x", "relative"):
        assert securepath.confined(str(tmp_path / "root"), path) == path
        assert securepath.confined("/", path) == path


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("/b")
    (tmp_path / "b").symlink_to("/a")
    with pytest.raises(OSError, match="symbolic links") as caught:
        securepath.in_root(str(tmp_path), "/a/x")
    assert caught.value.errno == errno.ELOOP


CALLS: dict[str, Callable[[str], object]] = {
    "open_file": securepath.open_file,
    "create": lambda path: securepath.open_file(path, os.O_WRONLY | os.O_CREAT),
    "open_own": securepath.open_own,
    "own_file": securepath.own_file,
    "stat": securepath.stat,
    "names": lambda path: securepath.names(os.path.dirname(path)),
    "make_folders": lambda path: securepath.make_folders(f"{path}.d/below"),
    "make_own": lambda path: securepath.make_own(f"{path}.d"),
    "write_file": lambda path: securepath.write_file(path, b"new"),
    "replace from": lambda path: securepath.replace(path, f"{os.path.dirname(os.path.dirname(path))}/x"),
    "unlink": securepath.unlink,
    "rmdir": lambda path: securepath.rmdir(f"{path}.empty"),
    "remove_tree": securepath.remove_tree,
}


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("link", ["/", "middle"])
def test_a_link_on_the_way_is_refused_by_name(
    tmp_path: Path, call: Callable[[str], object], link: str
) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    (outside / "sub/file.empty").mkdir(parents=True)
    (outside / "sub/file").write_text("precious")
    inside.mkdir()
    if link == "middle":
        (inside / "way").symlink_to(outside)
        path = f"{inside}/way/sub/file"
        culprit = f"{inside}/way"
    else:
        (inside / "sub").symlink_to(outside / "sub")
        path, culprit = f"{inside}/sub/file", f"{inside}/sub"
    before = everything(outside)
    with pytest.raises(OSError, match="a link") as caught:
        call(path)
    assert (caught.value.errno, caught.value.filename) == (errno.ELOOP, culprit)
    assert everything(outside) == before


@pytest.mark.parametrize("name", ["open_file", "create", "open_own", "own_file"])
def test_a_link_in_the_place_of_a_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "victim").write_text("precious")
    for target in ("victim", "missing"):
        link = tmp_path / f"to {target}"
        link.symlink_to(tmp_path / target)
        with pytest.raises(OSError, match="a link") as caught:
            CALLS[name](str(link))
        assert caught.value.filename == str(link)
    assert (tmp_path / "victim").read_text() == "precious"
    assert not (tmp_path / "missing").exists()


def test_a_file_takes_the_place_of_a_link_or_of_one_name_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    os.link(tmp_path / "victim", tmp_path / "hard")
    for name in ("link", "hard"):
        securepath.write_file(str(tmp_path / name), b"new")
        assert (tmp_path / name).read_bytes() == b"new"
        assert not (tmp_path / name).is_symlink()
    assert (tmp_path / "victim").read_text() == "precious"
    assert sorted(os.listdir(tmp_path)) == ["hard", "link", "victim"]


def test_what_is_written_in_place_has_one_name(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("shared")
    os.link(tmp_path / "victim", tmp_path / "ours")
    with pytest.raises(OSError, match="one name"):
        securepath.open_own(str(tmp_path / "ours"))
    securepath.own_file(str(tmp_path / "ours"))
    (tmp_path / "ours").write_text("changed")
    assert (tmp_path / "victim").read_text() == "shared"
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="one name"):
        securepath.own_file(str(tmp_path / "fifo"))


def test_our_folder_takes_the_place_of_a_link_or_file(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/x").touch()
    (tmp_path / "link").symlink_to("outside")
    (tmp_path / "file").touch()
    for name in ("link", "file", "new", "outside"):
        securepath.make_own(str(tmp_path / name))
        assert (tmp_path / name).is_dir()
        assert not (tmp_path / name).is_symlink()
    assert (tmp_path / "outside/x").exists()


@pytest.mark.slow
def test_a_tree_is_removed_without_what_its_links_lead_to_however_deep_it_is(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/x").touch()
    deep = tmp_path / "tree"
    deep.mkdir()
    fd = os.open(deep, os.O_RDONLY)
    for _ in range(3000):  # deeper than a path can name, or Python's stack is
        os.symlink(tmp_path / "victim", "link", dir_fd=fd)
        os.mkdir("d", dir_fd=fd)
        inner = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(fd)
    securepath.remove_tree(str(deep))
    assert os.listdir(tmp_path) == ["victim"]
    assert os.listdir(tmp_path / "victim") == ["x"]
    securepath.remove_tree(str(deep))  # again is fine
