"""``python -m pkgman`` and the end of the launcher's road."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module

from pkgman.ui import OutputFailed

_INTERRUPTED = 130  # 128 + SIGINT
_BROKEN_PIPE = 141  # 128 + SIGPIPE: nobody reads any more


def _open_standard_streams() -> None:
    """Give closed standard streams to /dev/null.

    Otherwise the next file that is opened gets such a number, and what librpm or a
    package's script prints goes into it. What we ourselves print on a closed standard output
    fails, as with every program: its reader would take nothing for an answer.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:  # so the interpreter found it closed
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, this one
            if name == "stdout":
                unwritable = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
                sys.stdout = open(unwritable, "w", encoding="utf-8")  # noqa: SIM115
                continue
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115


def start(program: str = "") -> None:
    """Run the command line, or a companion of :mod:`pkgman.programs`, and leave with its status.

    The interpreter is left without tearing it down: freeing 65,000 packages one
    by one, and libsolv's objects in an order it may not like, is of no use to anybody.
    """
    os.umask(0o022)  # the cache is for everybody to read, and for nobody else to write
    _open_standard_streams()
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # so some parents leave it
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else a child's exit status cannot be asked for
    if program:
        status = _companion(program)
    else:
        from pkgman.cli import main  # noqa: PLC0415  # which a companion does not need

        status = main(sys.argv[1:], program=sys.argv[0])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or _BROKEN_PIPE
    os._exit(status)


def _companion(program: str) -> int:
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # as the launcher leaves it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return int(import_module(f"pkgman.programs.{program}").main(sys.argv[1:]))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OutputFailed as error:
        return _BROKEN_PIPE if isinstance(error.problem, BrokenPipeError) else 1
    except (OSError, MemoryError, ImportError, RuntimeError) as error:
        from pkgman.model.shortage import shortage  # noqa: PLC0415  # on this way out only

        known = shortage(error)
        if known is None:
            raise
        sys.stderr.write(f"{program}: {known}\n")
        return 1


if __name__ == "__main__":
    start()
