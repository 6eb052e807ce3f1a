"""What librpm tells while it runs: files wanted, packages done, scripts and their words."""

from __future__ import annotations

import ctypes
import os
import tempfile
from typing import TYPE_CHECKING

import rpm

from pkgman.transaction.librpm.header import decode
from pkgman.transaction.scratch import folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pkgman.model.progress import Reporter
    from pkgman.transaction.verifiedfile import VerifiedFile

INSTALLED, REMOVED = 1, 2  # rpm's element types TR_ADDED, TR_REMOVED

# rpm's names of script tags (contract, output 3.6); tdnf has none from %pretrans on.
_SCRIPTS = {
    rpm.RPMTAG_PREIN: "%prein",
    rpm.RPMTAG_POSTIN: "%postin",
    rpm.RPMTAG_PREUN: "%preun",
    rpm.RPMTAG_POSTUN: "%postun",
    rpm.RPMTAG_PRETRANS: "%pretrans",
    rpm.RPMTAG_POSTTRANS: "%posttrans",
    1100: "%triggerin",  # rpm's bindings have no names for these (lib/rpmtag.h)
    1101: "%triggerun",
    1102: "%triggerpostun",
}
_PIECE = 1 << 16  # bytes read at once
_STDOUT = 1  # the descriptor


class Callback:
    """The function librpm calls, and what it learned.

    Nothing may be raised into librpm, which would end the process at once: a
    problem is kept in ``failure`` and raised after librpm has returned.

    :raises OSError: what it needs cannot be opened.
    """

    def __init__(
        self,
        files: Mapping[str, VerifiedFile],
        *,
        report: Reporter,
        script_output: Callable[[str], None],
    ) -> None:
        self._files = files
        self._report = report
        self._script_output = script_output
        self._open: dict[str, int] = {}
        self._scripts = _ScriptLog()
        self._unreadable = os.open("/", os.O_PATH | os.O_CLOEXEC)  # when no more can be opened
        self.silent = False  # during the test run
        self.done = 0  # packages installed or removed
        self.failure: BaseException | None = None
        self._handlers: dict[int, Callable[[rpm.te, int, int], int | None]] = {
            rpm.RPMCALLBACK_INST_OPEN_FILE: self._open_file,
            rpm.RPMCALLBACK_INST_CLOSE_FILE: self._close_file,
            rpm.RPMCALLBACK_INST_START: self._install,
            rpm.RPMCALLBACK_UNINST_START: self._remove,
            rpm.RPMCALLBACK_INST_STOP: self._finished,
            rpm.RPMCALLBACK_UNINST_STOP: self._finished,
            rpm.RPMCALLBACK_SCRIPT_START: self._script_begins,
            rpm.RPMCALLBACK_SCRIPT_STOP: self._script_ended,
            rpm.RPMCALLBACK_SCRIPT_ERROR: self._script_failed,
        }

    @property
    def script_fd(self) -> int:
        """Where scripts write."""
        return self._scripts.fd

    def __call__(self, element: rpm.te, what: int, amount: int, total: int, _data: object) -> int | None:
        """Take one of librpm's events, with its own two numbers."""
        handler = self._handlers.get(what)
        try:
            return handler(element, amount, total) if handler else None
        except BaseException as error:  # see the class
            self.failure = self.failure or error
            # librpm takes no exception, but it does take a descriptor that cannot be read.
            return self._unreadable if what == rpm.RPMCALLBACK_INST_OPEN_FILE else None

    def _script_begins(self, _element: rpm.te, _amount: int, _total: int) -> None:
        self._scripts.take_stdout()

    def flush(self) -> None:
        """Hand out what scripts wrote at last: transaction scripts have no end of their own."""
        self._tell_scripts("")

    def close(self) -> None:
        """Close what librpm left open."""
        for fd in self._open.values():
            os.close(fd)
        self._open.clear()
        os.close(self._unreadable)
        self._scripts.close()

    def _open_file(self, element: rpm.te, _amount: int, _total: int) -> int:
        key = str(element.Key())
        self._close_key(key)
        self._open[key] = self._files[key].open()
        return self._open[key]

    def _close_file(self, element: rpm.te, _amount: int, _total: int) -> None:
        self._close_key(str(element.Key()))

    def _close_key(self, key: str) -> None:
        fd = self._open.pop(key, None)
        if fd is not None:
            os.close(fd)

    def _install(self, element: rpm.te, _amount: int, _total: int) -> None:
        if not self.silent:
            self._report.info(f"Installing/Updating: {decode(element.NEVRA())}")

    def _remove(self, element: rpm.te, _amount: int, _total: int) -> None:
        if not self.silent:
            self._report.info(f"Removing: {decode(element.NEVRA())}")

    def _finished(self, _element: rpm.te, _amount: int, _total: int) -> None:
        self.done += 1

    def _script_ended(self, element: rpm.te, _amount: int, _total: int) -> None:
        self._tell_scripts(decode(element.NEVRA()) if element is not None else "")

    def _script_failed(self, element: rpm.te, tag: int, result: int) -> None:
        nevra = decode(element.NEVRA()) if element is not None else "(unknown)"
        self._tell_scripts(nevra)
        word = "warning" if result == rpm.RPMRC_OK else "error"
        self._report.result(f"package {nevra}: script {word} in {_SCRIPTS.get(tag, '(unknown)')}")

    def _tell_scripts(self, nevra: str) -> None:
        self._scripts.give_stdout_back()
        for line in self._scripts.lines():
            self._script_output(f"{nevra}: {line}" if nevra else line)


class _ScriptLog:
    """What scripts write, in a file without a name.

    No pipe: a daemon that a script starts may hold the descriptor for years, and
    neither may it be killed by a closed pipe nor we wait for its end.
    """

    def __init__(self) -> None:
        self._stream = tempfile.TemporaryFile(prefix="tdnf-scripts-", dir=folder())  # noqa: SIM115 - closed by close()
        self._read = 0  # bytes handed out
        self._stdout = -1  # the real standard output, while this file stands in for it
        self._flush_c = ctypes.CDLL(None).fflush

    @property
    def fd(self) -> int:
        return self._stream.fileno()

    def take_stdout(self) -> None:
        """Stand in for standard output: Lua runs in this process, and its ``print`` goes there."""
        if self._stdout < 0:
            self._flush()
            try:
                self._stdout = os.dup(_STDOUT)
            except OSError:  # it was closed before we began
                return
            os.dup2(self.fd, _STDOUT)

    def give_stdout_back(self) -> None:
        """End that."""
        if self._stdout >= 0:
            self._flush()
            os.dup2(self._stdout, _STDOUT)
            os.close(self._stdout)
            self._stdout = -1

    def _flush(self) -> None:
        self._flush_c(None)  # C's own buffer, of which Python knows nothing

    def lines(self) -> Iterator[str]:
        """Yield what came since the last call."""
        while data := os.pread(self.fd, _PIECE, self._read):
            end = data.rfind(b"\n") + 1
            if not end:
                end = len(data)  # an unfinished line, or one without end
            self._read += end
            for line in data[:end].splitlines():
                yield line.decode("utf-8", "surrogateescape")

    def close(self) -> None:
        self.give_stdout_back()
        self._stream.close()
