"""tdnf-automatic: look for updates, report them and install them, for a timer or for people.

It runs the ``tdnf`` found in PATH and reads what that prints. Source of options, messages and
exit statuses: tdnf contract, commands 9.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from getopt import GetoptError, gnu_getopt
from typing import TYPE_CHECKING, NamedTuple

from pkgman import __version__
from pkgman.programs import automaticconf
from pkgman.programs.automaticconf import Failure, Settings
from pkgman.ui import Ui

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

_USAGE, _NOT_ROOT, _INVALID, _OFFLINE, _NO_TDNF, _FAILED = 1, 13, 22, 64, 65, 121  # exit statuses
_AVAILABLE = 100  # of check-update with dnf_check_update_compat=1
_BY_SIGNAL = 128  # added to a signal's number, as shells do
_ABORTED = 8  # of a question answered with no
_NOT_DONE = "Failed to Show/Apply updates..."
_DEFAULT_CONF = "/etc/tdnf/automatic.conf"
_BETWEEN_TRIES = 5  # seconds
# tdnf says these on standard output whatever -q says, and they are no packages.
_NOTES = ("waiting for tdnf_instance lock", "WARNING:", "Warning:")
# curl's errors for a network that is not there (yet): resolving, connecting, time.
_NO_NETWORK = re.compile(r"Couldn't resolve host name|^Error\((?:1206|1207|1208|1229)\)", re.MULTILINE)
_NUMBER = re.compile(r"^Error\(\d+\) : ", re.MULTILINE)
_GOING = ("Removing:", "Obsoleting:")
_HEADINGS = (*_GOING, "Installing:", "Upgrading:", "Downgrading:", "Reinstalling:")
_COLUMNS = 6  # name, architecture, version, repository and two sizes
_SIZE = re.compile(r"\d+\.\d\d[bkMG]")
_HELP = """\
tdnf-automatic help:
  -c, --conf FILE    configuration file, /etc/tdnf/automatic.conf by default
  -i, --install      install the updates, whatever the configuration says
  -n, --notify       only report the updates, whatever the configuration says
  -t, --timer        sleep first, for a random time up to random_sleep of the configuration
  -v, --version      print the version
  -h, --help         print this text"""


class _Options(NamedTuple):
    conf: str = _DEFAULT_CONF
    install: bool = False
    notify: bool = False
    timer: bool = False


def main(arguments: Sequence[str]) -> int:
    """Do what options and configuration say and return the exit status."""
    ui = Ui()
    try:
        options, wanted = _parse(arguments)
    except Failure as failure:
        return _complain(ui, failure)
    if wanted:
        ui.result(_HELP if wanted == "help" else f"tdnf-automatic - version: {__version__}")
        return 0
    ui.info(f"\ntdnf-automatic - started at {_now()}...\n")
    status = 0
    try:
        _work(ui, options)
    except Failure as failure:
        status = _complain(ui, failure)
    end = f"\ntdnf-automatic - completed with exit status {status} at {_now()}...\n"
    (ui.diagnostic if status else ui.info)(end)
    return status


def _complain(ui: Ui, failure: Failure) -> int:
    for line in failure.lines:
        ui.diagnostic(line)
    return failure.status


def _now() -> str:
    return time.strftime("%a %b %e %H:%M:%S %Z %Y")


def _parse(arguments: Sequence[str]) -> tuple[_Options, str]:
    """Return the options, and ``help`` or ``version`` if that was asked for."""
    try:
        found, words = gnu_getopt(
            list(arguments), "c:intvh", ["conf=", "install", "notify", "timer", "version", "help"]
        )
    except GetoptError as error:
        if "requires argument" in error.msg:
            raise Failure(_USAGE, f"tdnf-automatic: {error.msg}") from error
        raise Failure(_INVALID, _HELP) from error
    if words:
        raise Failure(_INVALID, _HELP)
    options, wanted = _Options(), ""
    for name, value in found:
        match name:
            case "-c" | "--conf":
                options = options._replace(conf=value)
            case "-i" | "--install":
                options = options._replace(install=True)
            case "-n" | "--notify":
                options = options._replace(notify=True)
            case "-t" | "--timer":
                options = options._replace(timer=True)
            case _:
                wanted = wanted or ("help" if name in ("-h", "--help") else "version")
    return options, wanted


def _work(ui: Ui, options: _Options) -> None:
    if os.geteuid() != 0:
        raise Failure(_NOT_ROOT, "tdnf-automatic changes the system: run it as root, for example with sudo.")
    program = shutil.which("tdnf")
    if program is None:
        raise Failure(_NO_TDNF, "tdnf-automatic: there is no program 'tdnf' in PATH")
    settings = automaticconf.load(options.conf)
    tdnf = _Tdnf(program, settings.tdnf_conf)
    if options.timer and settings.random_sleep:
        seconds = random.randrange(settings.random_sleep)  # noqa: S311  # only spreads the load of servers
        ui.info(f"Sleep for {seconds} second(s)...")
        time.sleep(seconds)
    _wait_for_network(ui, tdnf, settings.network_online_timeout)
    # What is asked for on the command line counts more than the configuration.
    configured = settings.apply_updates and not settings.show_updates
    install = not options.notify and (options.install or configured)
    updates = _updates(tdnf, settings)
    if not updates:
        text = f"No updates available on {settings.system_name}. System upto date..."
    else:
        if install:
            security = ("--security",) if settings.upgrade_type == "security" else ()
            tdnf.must((0,), *security, "update" if security else "upgrade", "-y")
        what = "applied" if install else "available"
        text = "\n".join((f"The following updates are {what} on - {settings.system_name}:", *updates))
    _report(ui, settings, text)


class _Tdnf:
    """The package manager with its configuration."""

    def __init__(self, program: str, conf: str) -> None:
        self._program, self._conf = program, conf

    def __call__(self, *words: str, quiet: bool = True) -> subprocess.CompletedProcess[str]:
        """Run it and wait; a signal that asks us to end is passed on, and waits for tdnf's end.

        tdnf holds it back while librpm works. Its scripts must not get it: so it goes to tdnf alone.

        :raises Failure: 128 and the signal's number, when one came.
        """
        process = subprocess.Popen(
            (self._program, *(("-q",) if quiet else ()), "-c", self._conf, *words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="surrogateescape",
        )
        received: list[int] = []

        def pass_on(number: int, _frame: FrameType | None) -> None:
            received.append(number)
            process.send_signal(number)

        before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            stdout, stderr = process.communicate()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if received:
            raise Failure(_BY_SIGNAL + received[0], f"ended by signal {received[0]}, after tdnf had ended")
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def must(self, statuses: tuple[int, ...], *words: str, quiet: bool = True) -> list[str]:
        """Return the lines that it printed, notes left out.

        :raises Failure: 121, when it ends with another status than one of ``statuses``.
        """
        done = self(*words, quiet=quiet)
        if done.returncode not in statuses:
            said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            command = " ".join(words)
            said.append(f"'tdnf {command}' ended with status {done.returncode}")
            raise Failure(_FAILED, *said, _NOT_DONE)
        return [line for line in done.stdout.splitlines() if line.strip() and not line.startswith(_NOTES)]


def _wait_for_network(ui: Ui, tdnf: _Tdnf, timeout: int) -> None:
    """Refresh the metadata, again and again while there is no network.

    :raises Failure: 64 when there is none after ``timeout`` seconds, or no repository is enabled; with 0
        it is not waited, and not looked at.
    """
    end = time.monotonic() + timeout
    while True:
        done = tdnf("--refresh", "makecache")
        said = done.stdout + done.stderr
        if done.returncode == 0:
            ui.info("RefreshCache success...")
            break
        if not _NO_NETWORK.search(said):  # a repository's own trouble; what follows will meet it, or not
            ui.diagnostic(said.rstrip())
            break
        if time.monotonic() + _BETWEEN_TRIES > end:
            if timeout:
                # Who reads "Error(N)" takes N for this program's own number, which is 64 here.
                raise Failure(_OFFLINE, _NUMBER.sub("", said.rstrip()), "System is off-line...")
            break
        time.sleep(_BETWEEN_TRIES)
    if timeout and not any(line.strip() for line in tdnf("repolist", "enabled").stdout.splitlines()[1:]):
        raise Failure(_OFFLINE, "System is off-line: no repository is enabled...")


def _updates(tdnf: _Tdnf, settings: Settings) -> list[str]:
    """Return a line for each update, none when the system is up to date."""
    if not tdnf.must((0, _AVAILABLE), "check-update"):
        return []
    if settings.upgrade_type == "security":
        listed = tdnf.must((0,), "--security", "updateinfo", "info")
        return [] if listed == ["0 updates."] else listed
    # 0 when there is nothing to do: all that is available is excluded or locked. -q would hide the tables.
    return sorted(_rows(tdnf.must((_ABORTED, 0), "upgrade", "--assumeno", quiet=False)))


def _rows(lines: list[str]) -> Iterator[str]:
    """Yield name and version of what comes with a transaction, from the rows of its tables."""
    going = False
    for line in lines:
        words = line.split()
        if line in _HEADINGS:
            going = line in _GOING
        elif not going and len(words) == _COLUMNS and _SIZE.fullmatch(words[-1]):
            yield f"{words[0]} {words[2]}"


def _report(ui: Ui, settings: Settings, text: str) -> None:
    """Give the report to whom the configuration names.

    :raises Failure: 121 when the file cannot be written.
    """
    if settings.emit_to_stdio:
        ui.info(text)
    path = settings.emit_to_file
    if not path:
        return
    try:
        if os.path.lexists(path):
            os.rename(path, f"{path}.tdnf-automatic-{time.strftime('%Y%m%d%H%M%S')}.bak")
        with open(path, "x", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(f"{text}\n")
    except OSError as error:
        said = f"{path}: the report cannot be written: {error.strerror}"
        raise Failure(_FAILED, said, _NOT_DONE) from error
