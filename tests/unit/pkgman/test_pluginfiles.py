from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pkgman.getopt import parse
from pkgman.model.errors import ConfigError
from pkgman.pluginfiles import NotLoadable, enabled, module

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a plugin ``aa`` that nobody else can change."""
    made = tmp_path / "safe/plugins"
    made.mkdir(parents=True)
    (made / "aa.py").write_text("value = 3\n")
    for path in (made.parent, made):
        path.chmod(0o755)
    (made / "aa.py").chmod(0o644)
    return made


def value(path: Path) -> int:
    return int(module("aa", str(path)).value)


def test_a_plugin_is_what_its_file_says(folder: Path) -> None:
    assert value(folder) == 3
    (folder / "aa.py").write_text("value = 4\n")
    assert value(folder) == 4


def test_an_error_names_the_plugins_file(folder: Path) -> None:
    (folder / "aa.py").write_text("\n\n1 / 0\n")
    with pytest.raises(NotLoadable) as caught:
        module("aa", str(folder))
    trace = caught.value.__cause__.__traceback__ if caught.value.__cause__ else None
    places = []
    while trace:
        places.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    assert places[-1] == (str(folder / "aa.py"), 3)


@pytest.mark.parametrize("kind", ["absolute", "relative", "chain", "folder", "dots"])
def test_links_between_safe_places_are_followed(tmp_path: Path, folder: Path, kind: str) -> None:
    other = tmp_path / "safe/other"
    other.mkdir(mode=0o755)
    if kind == "folder":
        (other / "way").symlink_to(folder)
        assert value(other / "way") == 3
        return
    if kind == "dots":
        assert value(other / ".." / "." / "plugins") == 3
        return
    target = {"absolute": folder / "aa.py", "relative": "../plugins/aa.py", "chain": "bb.py"}[kind]
    (other / "bb.py").symlink_to(folder / "aa.py")
    (other / "aa.py").symlink_to(target)
    assert value(other) == 3


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o775])
def test_a_link_that_others_could_change_is_refused(tmp_path: Path, folder: Path, mode: int) -> None:
    other = tmp_path / "open"
    other.mkdir()
    (other / "aa.py").symlink_to(folder / "aa.py")
    other.chmod(mode)
    with pytest.raises(NotLoadable, match="can be written by others"):
        module("aa", str(other))


def test_a_linked_folder_that_others_could_change_is_refused(tmp_path: Path, folder: Path) -> None:
    other = tmp_path / "open"
    other.mkdir()
    (other / "way").symlink_to(folder)
    other.chmod(0o777)
    with pytest.raises(NotLoadable, match="can be written by others"):
        module("aa", str(other / "way"))
    other.chmod(0o1777)  # as the link is ours, nobody can replace it there
    assert value(other / "way") == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_link_of_somebody_else_is_refused(tmp_path: Path, folder: Path) -> None:
    other = tmp_path / "open"
    other.mkdir()
    (other / "way").symlink_to(folder)
    os.chown(other / "way", 1234, -1, follow_symlinks=False)
    with pytest.raises(NotLoadable, match=r"the link .* belongs to neither root nor you"):
        module("aa", str(other / "way"))


@pytest.mark.parametrize("what", ["folder", "fifo", "loop", "nothing", "file above"])
def test_what_is_no_file_is_refused_at_once(folder: Path, what: str) -> None:
    path = folder / "aa.py"
    path.unlink()
    place = folder
    if what == "folder":
        path.mkdir(mode=0o755)
    elif what == "fifo":
        os.mkfifo(path, 0o644)
    elif what == "loop":
        path.symlink_to("aa.py")
    elif what == "file above":
        path.write_text("")
        place = path
    with pytest.raises(NotLoadable):
        module("aa", str(place))


def test_a_shipped_plugin_ignores_a_relative_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "tdnfmetalink.py").write_text("1 / 0\n")
    monkeypatch.chdir(folder)
    assert module("tdnfmetalink", ".").__name__ == "plugins.tdnfmetalink"


def names(folder: Path, *options: str) -> list[str]:
    return [each.name for each in enabled(str(folder), parse(options), lambda _: None)]


def test_only_conf_files_with_a_name_count(tmp_path: Path) -> None:
    for name in ("b.conf", "a.conf", ".conf", ".x.conf", "c.confx", "conf", "d.CONF", "e.f.conf"):
        (tmp_path / name).write_text("[main]\nenabled=1\n")
    assert names(tmp_path) == ["a", "b", "e.f"]


def test_settings_are_those_of_main(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("[other]\nenabled=0\nx=1\n[main]\nenabled=1\ny= 2 \n")
    (found,) = enabled(str(tmp_path), parse([]), lambda _: None)
    assert found.settings == {"enabled": "1", "y": "2"}


def test_a_file_without_main_enables_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("[other]\nenabled=1\n")
    (tmp_path / "b.conf").write_text("")
    assert names(tmp_path) == []
    assert names(tmp_path, "--enableplugin=*") == ["a", "b"]


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_bytes(b"[main]\0")
    with pytest.raises(ConfigError):
        names(tmp_path)


@pytest.mark.parametrize("place", ["missing", "file"])
def test_what_is_no_folder_has_no_plugins(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    assert names(tmp_path / place) == []
