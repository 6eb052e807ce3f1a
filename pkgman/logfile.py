"""The log of what was changed: one line per event, for administrators (key ``logfile``).

tdnf has none; here it is written when the configuration names a file. It is
always the host's: no line is left in an install root.
"""

from __future__ import annotations

import errno
import os
import stat
import time

from pkgman.model.words import one_line, without_passwords

_MODE = 0o640  # command lines may hold what not everybody should read


class LogFile:
    """Appends to the file ``path``; without a path nothing is written.

    A log that cannot be written never stops the work: the first failure is
    returned as a sentence, the rest is silence.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._failed = False

    def write(self, text: str, *, now: float | None = None) -> str:
        """Append ``text`` with time and process id; return what is wrong, or ""."""
        if not self._path or self._failed:
            return ""
        when = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(now))
        line = f"{when} [{os.getpid()}] {one_line(without_passwords(text))}\n"
        try:
            # Opened anew for each line: logrotate may have moved the file. Nobody's link is followed.
            # A FIFO that nobody reads must not make us wait.
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            handle = os.open(self._path, flags, _MODE)
            try:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise OSError(errno.EINVAL, "it is no regular file", self._path)
                os.write(handle, line.encode("utf-8", "surrogateescape"))
            finally:
                os.close(handle)
        except OSError as error:
            self._failed = True
            return f"{self._path}: the log cannot be written: {error.strerror}"
        return ""
