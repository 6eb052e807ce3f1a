"""What acts on the host is never chosen by a configuration that merely lay in an install root."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pkgman import config
from pkgman.api import Client
from pkgman.getopt import parse
from pkgman.logfile import LogFile
from pkgman.model.errors import PkgmanError

if TYPE_CHECKING:
    from pathlib import Path

_FOREIGN = "[main]\nplugins=1\npluginpath=/evil\npluginconfpath=/evil.d\nlogfile=/evil.log\nopenmax=7\n"


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An install root with a configuration; the host's would be at ``host.conf``, and is not there."""
    host = tmp_path / "host.conf"
    monkeypatch.setattr(config, "DEFAULT_CONFIG", str(host))
    root = tmp_path / "image"
    inside = root / str(host).lstrip("/")
    inside.parent.mkdir(parents=True)
    inside.write_text(_FOREIGN)
    return root


def test_a_configuration_found_in_the_root_chooses_no_plugins_and_no_log(image: Path) -> None:
    found = config.load(parse([f"--installroot={image}"]))
    assert found.openmax == 7
    assert (found.plugins, found.pluginpath, found.pluginconfpath, found.logfile) == (
        False,
        "/usr/lib/tdnf-plugins",
        "/etc/tdnf/pluginconf.d",
        "",
    )


def test_the_hosts_configuration_chooses_them_for_a_root(image: Path, tmp_path: Path) -> None:
    (tmp_path / "host.conf").write_text("[main]\nplugins=1\npluginpath=/own\nlogfile=/own.log\nopenmax=9\n")
    found = config.load(parse([f"--installroot={image}"]))
    assert (found.plugins, found.pluginpath, found.logfile, found.openmax) == (True, "/own", "/own.log", 7)
    assert found.pluginconfpath == "/etc/tdnf/pluginconf.d"


def test_a_configuration_that_was_named_chooses_all_itself(image: Path, tmp_path: Path) -> None:
    named = tmp_path / "named.conf"
    named.write_text(_FOREIGN)
    found = config.load(parse([f"--config={named}", f"--installroot={image}"]))
    assert (found.plugins, found.pluginpath, found.logfile) == (True, "/evil", "/evil.log")


def test_a_log_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "log"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert "no regular file" in LogFile(str(pipe)).write("with a reader")
    finally:
        os.close(reader)
    assert "cannot be written" in LogFile(str(pipe)).write("without one")


@pytest.mark.parametrize(
    ("specs", "scope", "said"), [((), "bogus", "scope must be"), ((5,), "all", "a spec must")]
)
def test_the_client_refuses_what_is_no_scope_or_spec(specs: tuple[str, ...], scope: str, said: str) -> None:
    with pytest.raises(PkgmanError) as caught:
        Client().packages(*specs, scope=scope)  # type: ignore[arg-type]
    assert said in " ".join((str(caught.value), *caught.value.lines))
