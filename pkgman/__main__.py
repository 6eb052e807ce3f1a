"""``python -m pkgman`` and the end of the launcher's road."""

from __future__ import annotations

import os
import signal
import sys

from pkgman.cli import main


def _open_standard_streams() -> None:
    """Give closed standard streams to /dev/null.

    Otherwise the next file that is opened gets such a number, and what librpm or a
    package's script prints goes into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:  # so the interpreter found it closed
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, this one
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115


def start() -> None:
    """Run the command line and leave with its status.

    The interpreter is left without tearing it down: freeing 65,000 packages one
    by one, and libsolv's objects in an order it may not like, is of no use to anybody.
    """
    os.umask(0o022)  # the cache is for everybody to read, and for nobody else to write
    _open_standard_streams()
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # so some parents leave it
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else a child's exit status cannot be asked for
    status = main(sys.argv[1:], program=sys.argv[0])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 141  # 128 + SIGPIPE: nobody reads any more
    os._exit(status)


if __name__ == "__main__":
    start()
