"""tdnf-automatic with the real tdnf, and with one that says what it is told (tdnf contract, commands 9)."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import PROJECT, Result, Root, program_command
from tests.support.repos import Advisory, publish
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.workshop import Workshop

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="tdnf-automatic needs root")

CONF = PROJECT / "conf"
OLD, NEW = Rpm("app", "1.0-1"), Rpm("app", "2:1.5-1", summary="Newer")
TOOL_OLD, TOOL_NEW = Rpm("tool", "1.0-1"), Rpm("tool", "1.1-1")
EXTRA = Rpm("app-extra", "1.0-1")
SECURITY = Advisory("SEC-1", [NEW])


class Automatic:
    """The program with a configuration, and a ``tdnf`` in PATH."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self.bin = root.scratch / "bin"
        self.bin.mkdir()
        self.conf = root.scratch / "automatic.conf"
        self.log = root.scratch / "calls"
        self.configure()
        words = shlex.join(program_command())
        self.script(f'exec {words} --installroot {root.path} --releasever 1 "$@"')

    def script(self, body: str) -> None:
        """Make this the ``tdnf`` in PATH; what it is called with is logged."""
        path = self.bin / "tdnf"
        path.write_text(f'#!/bin/sh\necho "$*" >> {self.log}\n{body}\n')
        path.chmod(0o755)

    def configure(self, **keys: object) -> None:
        """Write automatic.conf; a value None leaves the key out."""
        sections = {
            "commands": {
                "upgrade_type": "all",
                "network_online_timeout": 60,
                "show_updates": "yes",
                "apply_updates": "no",
            },
            "emitter": {"system_name": "lab"},
            "base": {"tdnf_conf": self.root.conf},
        }
        places = {"random_sleep": "commands", "emit_to_stdio": "emitter", "emit_to_file": "emitter"}
        for key, value in keys.items():
            section = next((s for s, k in sections.items() if key in k), places.get(key, "commands"))
            sections[section][key] = value
        lines = [f"[{s}]\n" + "".join(f"{k} = {v}\n" for k, v in k.items()) for s, k in sections.items()]
        self.conf.write_text("# sample\n; sample\n" + "".join(lines))

    def __call__(self, *words: str | Path, conf: bool = True, path: str | None = None) -> Result:
        given = ["-c", str(self.conf)] if conf else []
        command = [*program_command("tdnf-automatic", "automatic"), *given, *map(str, words)]
        environment = self.root.environment()
        environment["PATH"] = path if path is not None else f"{self.bin}:{environment['PATH']}"
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        return Result(tuple(map(str, words)), done.returncode, done.stdout, done.stderr)

    @property
    def calls(self) -> list[str]:
        """What the ``tdnf`` in PATH was called with, without what comes before the command."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.removeprefix("-q ").removeprefix(f"-c {self.root.conf} ") for line in lines]


@pytest.fixture
def automatic(tmp_path: Path) -> Automatic:
    return Automatic(Root(tmp_path))


@pytest.fixture
def outdated(automatic: Automatic, tmp_path: Path, workshop: Workshop) -> Automatic:
    """A root with two old packages, and a repository with newer ones, one of them for security."""
    old = workshop.build(OLD, TOOL_OLD, signed=False)
    automatic.root.rpm("-i", "--nosignature", *map(str, old)).ok()
    newer = workshop.build(NEW, TOOL_NEW, EXTRA, signed=False)
    automatic.root.add_repo(publish(tmp_path / "www", newer, id="main", advisories=[SECURITY]))
    return automatic


def test_notify_lists_updates_and_installs_none(outdated: Automatic) -> None:
    done = outdated("--notify").ok()
    assert done.stdout.startswith("\ntdnf-automatic - started at ")
    assert "RefreshCache success...\n" in done.stdout
    assert "The following updates are available on - lab:\napp 2:1.5-1\ntool 1.1-1\n\n" in done.stdout
    assert "\ntdnf-automatic - completed with exit status 0 at " in done.stdout
    assert done.stderr == ""
    assert outdated.root.installed == ["app-1.0-1.noarch", "tool-1.0-1.noarch"]
    assert outdated.calls == [
        "--refresh makecache",
        "repolist enabled",
        "check-update",
        "upgrade --assumeno",
    ]


def test_install_installs_and_reports_and_then_there_is_nothing_more(outdated: Automatic) -> None:
    done = outdated("--install").ok()
    assert "The following updates are applied on - lab:\napp 2:1.5-1\ntool 1.1-1\n" in done.stdout
    assert outdated.root.installed == ["app-2:1.5-1.noarch", "tool-1.1-1.noarch"]
    again = outdated("--install").ok()
    assert "No updates available on lab. System upto date...\n" in again.stdout


def test_security_updates_are_those_of_advisories(outdated: Automatic) -> None:
    outdated.configure(upgrade_type="security")
    shown = outdated("-n").ok()
    assert "available on - lab:" in shown.stdout
    assert "SEC-1" in shown.stdout
    assert "tool" not in shown.stdout
    outdated("-i").ok()
    assert outdated.root.installed == ["app-2:1.5-1.noarch", "tool-1.0-1.noarch"]
    assert "No updates available on lab." in outdated("-i").ok().stdout


def test_updates_that_are_all_excluded_are_none(outdated: Automatic) -> None:
    outdated.root.configure(excludepkgs="app tool")
    done = outdated("-n").ok()
    assert "No updates available on lab. System upto date..." in done.stdout


@pytest.mark.parametrize(
    ("options", "show", "apply", "installs"),
    [
        ((), "yes", "yes", False),
        ((), "no", "yes", True),
        ((), "0", "T", True),
        ((), "no", "no", False),
        ((), "yes", "no", False),
        (("--notify",), "no", "yes", False),
        (("--install",), "yes", "no", True),
        (("-i", "-n"), "no", "yes", False),
    ],
)
def test_options_and_configuration_decide_whether_to_install(
    automatic: Automatic, options: tuple[str, ...], show: str, apply: str, installs: bool
) -> None:
    automatic.configure(show_updates=show, apply_updates=apply)
    automatic.script(TOLD)
    automatic(*options).ok()
    assert ("upgrade -y" in automatic.calls) is installs


# What tdnf in C says: tables with totals, a question that is answered, a bare status.
TOLD = r"""
case "$*" in
*check-update*) printf '                          main\r%%s\rapp.noarch\n' ;;
*--assumeno*) printf '
Upgrading:
app            noarch     2.0-1         main      10.00b   1.00k
lib-with-a-long-name-x noarch 3.0-1     main      10.00b   1.00k

Total installed size:  20.00b
Total download size:   2.00k

Installing:
new            noarch     1.0-1         main      10.00b   1.00k

Removing:
gone           noarch     1.0-1         @System   10.00b   0.00b

Total installed size:  10.00b
Total download size:   1.00k
Is this ok [y/N]:
Error(1032) : Operation aborted.
'; exit 8 ;;
*repolist*) printf 'repo id             repo name      status\nmain                Main      enabled\n' ;;
esac
"""


def test_the_tables_of_a_transaction_are_read_by_columns(automatic: Automatic) -> None:
    automatic.script(TOLD)
    report = automatic("-n").ok().stdout.partition("lab:\n")[2].partition("\n\n")[0]
    assert report.splitlines() == ["app 2.0-1", "lib-with-a-long-name-x 3.0-1", "new 1.0-1"]


def test_waiting_for_the_lock_is_no_update(automatic: Automatic) -> None:
    line = "waiting for tdnf_instance lock on /var/run/.tdnf-instance-lockfile"
    automatic.script(
        f'case "$*" in *check-update*) echo "{line}" ;; *repolist*) printf "id\\nmain\\n" ;; esac'
    )
    assert "No updates available on lab." in automatic("-n").ok().stdout


def test_the_status_of_updates_in_compatibility_mode_is_none_of_a_failure(outdated: Automatic) -> None:
    outdated.root.configure(dnf_check_update_compat=True)
    assert "app 2:1.5-1" in outdated("-n").ok().stdout


def test_the_report_goes_to_a_file_and_the_older_one_is_kept(automatic: Automatic, tmp_path: Path) -> None:
    target = tmp_path / "report"
    automatic.script(TOLD)
    automatic.configure(emit_to_stdio="no", emit_to_file=target)
    target.write_text("older\n")
    done = automatic("-n").ok()
    assert "available on" not in done.stdout
    assert target.read_text().splitlines()[:2] == [
        "The following updates are available on - lab:",
        "app 2.0-1",
    ]
    (kept,) = tmp_path.glob("report.tdnf-automatic-*.bak")
    assert kept.read_text() == "older\n"


def test_a_report_that_cannot_be_written_fails(automatic: Automatic) -> None:
    automatic.script(TOLD)
    automatic.configure(emit_to_file="/nowhere/report")
    done = automatic("-n")
    assert done.status == 121
    assert "/nowhere/report: the report cannot be written: No such file or directory\n" in done.stderr
    assert "Failed to Show/Apply updates...\n" in done.stderr


@pytest.mark.parametrize(
    ("option", "broken"), [("-n", "check-update"), ("-n", "--assumeno"), ("-i", "upgrade -y")]
)
def test_a_failure_of_tdnf_is_told_with_its_own_words(automatic: Automatic, option: str, broken: str) -> None:
    automatic.script(f'case "$*" in *"{broken}"*) echo "Error(1525) : no" >&2; exit 245;; esac\n{TOLD}')
    done = automatic(option)
    assert done.status == 121
    assert "Error(1525) : no\n" in done.stderr
    assert "Failed to Show/Apply updates...\n" in done.stderr
    assert "\ntdnf-automatic - completed with exit status 121 at " in done.stderr
    assert "completed" not in done.stdout


def test_without_a_network_it_ends(automatic: Automatic) -> None:
    automatic.configure(network_online_timeout=1)
    automatic.root.add_repo("[far]\nbaseurl=http://nowhere.invalid/\nenabled=1\nretries=0\n")
    done = automatic("-n")
    assert done.status == 64
    assert "System is off-line...\n" in done.stderr
    assert "\nCouldn't resolve host name\n" in done.stderr
    assert "Error(" not in done.stderr + done.stdout


def test_without_an_enabled_repository_it_is_offline(automatic: Automatic) -> None:
    automatic.root.add_repo("[off]\nbaseurl=file:///nowhere\nenabled=0\n")
    done = automatic("-n")
    assert done.status == 64
    assert "System is off-line: no repository is enabled...\n" in done.stderr


def test_a_network_that_comes_late_is_waited_for(automatic: Automatic, tmp_path: Path) -> None:
    mark = tmp_path / "tried"
    fail = f'touch {mark}; echo "Error(1207) : x" >&2; exit 183'
    late = f'case "$*" in *makecache*) [ -e {mark} ] || {{ {fail}; }};; esac'
    automatic.script(f"{late}\n{TOLD}")
    done = automatic("-n").ok()
    assert automatic.calls[:2] == ["--refresh makecache"] * 2
    assert "RefreshCache success..." in done.stdout


def test_zero_seconds_do_not_wait(automatic: Automatic) -> None:
    automatic.configure(network_online_timeout=0)
    automatic.script(f'case "$*" in *makecache*) echo "Error(1207) : x" >&2; exit 183;; esac\n{TOLD}')
    automatic("-n").ok()
    assert "repolist enabled" not in automatic.calls


def test_the_timer_sleeps_for_a_random_time(automatic: Automatic) -> None:
    automatic.configure(random_sleep=1)
    automatic.script(TOLD)
    assert "Sleep for 0 second(s)...\n" in automatic("-n", "--timer").ok().stdout
    assert "Sleep for" not in automatic("-n").ok().stdout


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("", 2, "Configuration file: '{conf}' does not exist\n"),
        ("[commands]\nfrob = 1\n", 22, "Invalid entry 'commands'|'frob'='1'\n"),
        ("[frob]\nrandom_sleep = 1\n", 22, "Invalid entry 'frob'|'random_sleep'='1'\n"),
        ("[emitter]\napply_updates = yes\n", 22, "Invalid entry 'emitter'|'apply_updates'='yes'\n"),
        ("[commands]\nupgrade_type = some\n", 22, "Invalid entry 'commands'|'upgrade_type'='some'\n"),
        ("[commands]\nrandom_sleep = -1\n", 22, "Invalid entry 'commands'|'random_sleep'='-1'\n"),
        (
            "[commands]\nshow_updates = maybe\n",
            22,
            "Invalid input(maybe) to StrToBool...\nInvalid entry 'commands'|'show_updates'='maybe'\n",
        ),
        (
            "[emitter]\nemit_to_stdio = 1 1\n",
            22,
            "Invalid input(1 1) to StrToBool...\nInvalid entry 'emitter'|'emit_to_stdio'='1 1'\n",
        ),
        ("[commands]\njust words\n", 22, "{conf}:2: "),
        ("[base]\ntdnf_conf = /nowhere/tdnf.conf\n", 2, "'/nowhere/tdnf.conf' does not exist...\n"),
        ("[commands]\n\0\n", 77, "{conf}"),
    ],
)
def test_a_bad_configuration_has_its_status(automatic: Automatic, text: str, status: int, said: str) -> None:
    automatic.conf.write_text(text)
    done = automatic("-n")
    assert done.status == status
    assert said.format(conf=automatic.conf) in done.stderr
    assert f"completed with exit status {status} at" in done.stderr
    assert automatic.calls == []


def test_a_missing_configuration_and_a_folder_have_their_status(automatic: Automatic) -> None:
    automatic.conf.unlink()
    done = automatic("-n")
    assert (done.status, f"Configuration file: '{automatic.conf}' does not exist\n" in done.stderr) == (
        2,
        True,
    )
    automatic.conf.mkdir()
    assert automatic("-n").status == 77


def test_the_name_of_the_machine_is_the_default(automatic: Automatic) -> None:
    automatic.configure(system_name="")
    automatic.script(TOLD)
    assert f"available on - {socket.gethostname()}:" in automatic("-n").ok().stdout


def test_help_version_and_wrong_options(automatic: Automatic) -> None:
    assert automatic("--help", conf=False).ok().stdout.startswith("tdnf-automatic help:")
    assert automatic("-v", conf=False).ok().stdout.startswith("tdnf-automatic - version: ")
    for words in (("--frob",), ("word",)):
        done = automatic(*words)
        assert (done.status, done.stdout) == (22, "")
        assert done.stderr.startswith("tdnf-automatic help:")
    assert automatic("--conf", conf=False).status == 1


def test_without_tdnf_in_path_it_says_so(automatic: Automatic, tmp_path: Path) -> None:
    done = automatic("-n", path=str(tmp_path / "nowhere"))
    assert done.status == 65
    assert "there is no program 'tdnf' in PATH" in done.stderr


def test_without_root_it_says_so(automatic: Automatic) -> None:
    code = program_command("tdnf-automatic", "automatic")[-1]
    drop = f"import os; os.geteuid = lambda: 1000\n{code}"
    command = [sys.executable, "-I", "-c", drop, "-n"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 13
    assert "run it as root" in done.stderr


def test_the_shipped_configuration_is_a_valid_one(automatic: Automatic) -> None:
    from tests.support.cli import PROJECT

    text = (PROJECT / "conf/automatic.conf").read_text()
    automatic.conf.write_text(text.replace("/etc/tdnf/tdnf.conf", str(automatic.root.conf)))
    automatic.script(TOLD)
    assert "updates are available on" in automatic().ok().stdout


def test_a_signal_waits_for_the_transaction_and_spares_its_scripts(
    automatic: Automatic, workshop: Workshop, tmp_path: Path
) -> None:
    """As systemd sends it with KillMode=mixed: to the program alone."""
    slow = {"pre -p <lua>": "posix.mkdir('/started') posix.sleep(3)"}
    old, new = Rpm("slow", "1.0-1"), Rpm("slow", "2.0-1", scripts=slow)
    root = automatic.root
    root.add_repo(publish(tmp_path / "repo", workshop.build(old, new, signed=False), id="repo"))
    root.rpm("-i", str(workshop.build(old, signed=False)[0])).ok()
    command = [*program_command("tdnf-automatic", "automatic"), "-c", str(automatic.conf), "--install"]
    environment = root.environment()
    environment["PATH"] = f"{automatic.bin}:{environment['PATH']}"
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    deadline = time.monotonic() + 30
    while not root.file("/started").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    running.terminate()
    _, said = running.communicate(timeout=60)
    assert running.returncode == 128 + 15, said
    assert root.installed == ["slow-2.0-1.noarch"]
    root.rpm("--verify", "slow").ok()


def test_the_units_signal_the_program_alone() -> None:
    units = sorted((CONF / "systemd").glob("tdnf-automatic*.service"))
    assert len(units) == 3
    for unit in units:
        assert "\nKillMode=mixed\n" in unit.read_text()
