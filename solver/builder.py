"""A program: primary.xml on standard input to libsolv's binary form on descriptor 3.

It runs in an interpreter of its own, so that parsing (twice the memory of the
result) neither adds to the memory of the command nor keeps it from decompressing
at the same time. Started by :mod:`solver.build` as ``python -IS builder.py
FOLDER``, FOLDER being where the ``solv`` package lies. Ends with 0, or with 1 and
the parser's complaint on descriptor 3 in place of the data.
"""

from __future__ import annotations

import os
import signal
import sys

OUTPUT = 3
COUNT_SIZE = 8  # bytes behind the data: how many packages there are, little-endian


def main() -> int:
    """Parse, write, and return the exit status."""
    # Ctrl-C reaches the whole process group; the command says what happened.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.path.append(sys.argv[1])
    import solv  # noqa: PLC0415  # found only now

    pool = solv.Pool()
    pool.setdisttype(solv.Pool.DISTTYPE_RPM)
    repo = pool.add_repo("")
    source = solv.xfopen_fd("primary.xml", 0)
    if source is None or not repo.add_rpmmd(source, None, 0):
        os.ftruncate(OUTPUT, 0)
        os.write(OUTPUT, (pool.errstr or "not primary metadata").encode("utf-8", "replace"))
        return 1
    count = repo.nsolvables
    target = solv.xfopen_fd("plain", OUTPUT, "w")
    # A full disk may show only when the stream's buffer goes out.
    if target is None or not repo.write(target) or not target.close():
        return 2
    os.lseek(OUTPUT, 0, os.SEEK_END)
    return 0 if os.write(OUTPUT, count.to_bytes(COUNT_SIZE, "little")) == COUNT_SIZE else 2


if __name__ == "__main__":
    os._exit(main())  # without freeing every package one by one
