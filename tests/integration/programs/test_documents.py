"""Man pages, units and scripts that are shipped: complete, and right in the eyes of who reads them."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import shutil
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from pkgman import __version__, config, repos
from pkgman.commandtable import COMMANDS
from pkgman.options import ALL_OPTIONS, SPELLINGS
from pkgman.programs import automaticconf
from tests.support.cli import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

CONF = PROJECT / "conf"
PAGES = sorted(path.name for path in (CONF / "man").iterdir())
MAIN_KEYS = [
    "installonly_limit",
    "installonlypkgs",
    "clean_requirements_on_remove",
    "gpgcheck",
    "sslverify",
    "keepcache",
    "repodir",
    "reposdir",
    "cachedir",
    "persistdir",
    "distroverpkg",
    "excludepkgs",
    "minversions",
    "openmax",
    "dnf_check_update_compat",
    "distrosync_reinstall_changed",
    "proxy",
    "proxy_username",
    "proxy_password",
    "tsflags",
    "varsdir",
    "plugins",
    "pluginconfpath",
    "pluginpath",
]
REPO_KEYS = [
    "name",
    "enabled",
    "baseurl",
    "mirrorlist",
    "metalink",
    "gpgcheck",
    "gpgkey",
    "priority",
    "skip_if_unavailable",
    "metadata_expire",
    "username",
    "password",
    "sslverify",
    "sslcacert",
    "sslclientcert",
    "sslclientkey",
    "timeout",
    "minrate",
    "throttle",
    "retries",
    "skip_md_filelists",
    "skip_md_updateinfo",
    "weak_signatures",
    "skip_md_other",
    "repo_gpgcheck",
]


def page(name: str) -> str:
    """The text of a page without roff's escapes."""
    return (CONF / "man" / name).read_text().replace("\\-", "-").replace("\\fB", " ").replace("\\fR", " ")


def heads(name: str) -> set[str]:
    """The words of the lines that introduce an entry."""
    lines = page(name).split("\n")
    entries = (after for line, after in pairwise(lines) if line == ".TP")
    return {word.strip(",") for entry in entries for word in entry.split()}


def test_every_command_and_option_has_an_entry() -> None:
    words = heads("tdnf.8")
    assert set(COMMANDS) <= words
    options = {f"--{o.name}" for o in ALL_OPTIONS} | {f"--{name}" for name in SPELLINGS}
    options |= {f"-{o.short}" for o in ALL_OPTIONS if o.short and o.short != o.name}
    assert options <= words


def test_no_entry_is_of_a_command_or_option_that_is_not_there() -> None:
    known = {f"--{o.name}" for o in ALL_OPTIONS} | {f"--{name}" for name in SPELLINGS}
    assert {word for word in heads("tdnf.8") if word.startswith("--")} <= known


def test_every_key_has_an_entry() -> None:
    words = heads("tdnf.conf.5")
    assert {*MAIN_KEYS, *REPO_KEYS} <= words
    for module in (config, repos):  # and what came later
        read = re.findall(
            r'(?<!line\.)\b(?:flag|number|words|settings\.get|values\.get)\("([a-z_]+)"',
            inspect.getsource(module),
        )
        assert read
        assert set(read) <= words
    assert {key for keys in automaticconf._KEYS.values() for key in keys} <= heads("tdnf-automatic.8")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_its_date_and_the_version_of_the_program(name: str) -> None:
    (title,) = (line for line in page(name).splitlines() if line.startswith(".TH "))
    _, _, _, date, version, *_ = shlex.split(title)
    assert re.fullmatch(r"[A-Z][a-z]+ 20\d\d", date)
    assert version == f"pkgman {__version__}"


def test_every_word_of_history_is_described_and_completed() -> None:
    words = {"list", "info", "init", "update", "undo", "redo", "rollback"}
    names = ("man/tdnf.8", "completion/tdnf.bash", "completion/_tdnf", "completion/tdnf.fish")
    for text in ((CONF / name).read_text() for name in names):
        assert any(
            words <= set(re.findall(r"[a-z]+", line)) for line in text.splitlines() if "rollback" in line
        )


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_rendered_without_a_warning(name: str) -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not here")
    command = ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", str(CONF / "man" / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "NAME" in done.stdout
    assert not re.search(r"\.[A-Z]{2}\b|\\f[BIR]", done.stdout), "roff among the text"


def test_units_are_valid_and_start_what_is_shipped(tmp_path: Path) -> None:
    units = sorted((CONF / "systemd").iterdir())
    assert len(units) == 8
    programs = set()
    for unit in units:
        text = unit.read_text()
        (tmp_path / unit.name).write_text(
            re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", re.sub(r"(?m)^Documentation=.*\n", "", text))
        )
        programs |= set(re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE))
        if unit.suffix == ".timer" and "automatic" in unit.name:
            assert "OnCalendar=*-*-* 06:00\nRandomizedDelaySec=60m\n" in text
    start = "/usr/bin/tdnf-automatic -c /etc/tdnf/automatic.conf --timer"
    assert programs == {start, f"{start} --notify", f"{start} --install", "/usr/bin/tdnf-cache-updateinfo"}
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not here")
    command = ["systemd-analyze", "verify", *(str(tmp_path / unit.name) for unit in units)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


class CachedUpdateinfo:
    """tdnf-cache-updateinfo and the message of the day, with a tdnf that says what it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "cache/cached-updateinfo.txt"
        self.environment = {"PATH": f"{folder}:/usr/bin:/bin", "TDNF_UPDATEINFO_FILE": str(self.file)}

    def says(self, text: str, status: int = 0) -> None:
        """Let tdnf print ``text`` and end with ``status``."""
        program = self.folder / "tdnf"
        program.write_text(f'#!/bin/sh\necho "$*" >{self.folder}/call\nprintf "{text}"\nexit {status}\n')
        program.chmod(0o755)

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run one of the two scripts."""
        command = ["sh", str(CONF / script)]
        return subprocess.run(command, capture_output=True, text=True, env=self.environment, check=False)

    def cache(self) -> int:
        """Run tdnf-cache-updateinfo and return its status."""
        done = self.run("bin/tdnf-cache-updateinfo")
        assert (done.stdout, done.stderr) == ("", "")
        return done.returncode

    def message(self) -> str:
        """Run the message of the day."""
        done = self.run("motd/tdnf-updateinfo.sh")
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


@pytest.fixture
def cached(tmp_path: Path) -> CachedUpdateinfo:
    return CachedUpdateinfo(tmp_path)


def test_what_updateinfo_says_is_kept_and_shown(cached: CachedUpdateinfo) -> None:
    cached.says("Refreshing metadata for: x\nDisabling Repo: y\n2 Security notice(s)\n")
    assert cached.cache() == 0
    assert (cached.folder / "call").read_text() == "-q --refresh updateinfo\n"
    assert cached.file.read_text() == "2 Security notice(s)\n"
    assert cached.file.stat().st_mode & 0o777 == 0o644
    assert os.listdir(cached.file.parent) == [cached.file.name]
    assert cached.message() == "2 Security notice(s)\nRun 'tdnf updateinfo info' to see the details.\n"


def test_no_updates_are_no_message(cached: CachedUpdateinfo) -> None:
    cached.says("\n0 updates.\n")
    assert cached.cache() == 0
    assert cached.message() == ""


def test_before_the_first_run_there_is_nothing_to_say(cached: CachedUpdateinfo) -> None:
    assert cached.message() == "tdnf update info not available yet!\n"


def test_a_failure_has_tdnfs_status_and_keeps_what_was_known(cached: CachedUpdateinfo) -> None:
    cached.says("1 Bugfix notice(s)\n")
    assert cached.cache() == 0
    cached.says("", 183)
    assert cached.cache() == 183
    assert cached.file.read_text() == "1 Bugfix notice(s)\n"
    assert os.listdir(cached.file.parent) == [cached.file.name]


def test_the_log_is_rotated_where_the_manual_says_it_is() -> None:
    text = (CONF / "logrotate.d/tdnf").read_text()
    assert "/var/log/tdnf.log {" in text
    assert "/var/log/tdnf.log" in page("tdnf.conf.5")
    if shutil.which("logrotate") is not None:
        done = subprocess.run(
            ["logrotate", "-d", str(CONF / "logrotate.d/tdnf")], capture_output=True, text=True, check=False
        )
        assert "error:" not in done.stderr


def test_shell_scripts_are_clean() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not here")
    scripts = [*(CONF / "bin").iterdir(), *(CONF / "motd").iterdir()]
    done = subprocess.run(["shellcheck", *map(str, scripts)], capture_output=True, text=True, check=False)
    assert done.stdout == ""
