"""A program: primary.xml on standard input to libsolv's binary form on descriptor 3.

It runs in an interpreter of its own, so that parsing (twice the memory of the
result) neither adds to the memory of the command nor keeps it from decompressing
at the same time. Started by :mod:`solver.build` as ``python -IS builder.py
FOLDER MEMORY SECONDS``: where the ``solv`` package lies, and how many bytes of address space and seconds
of processor time it may take. Ends with 0; or with 3 and the parser's complaint on descriptor 3 in place of
the data; with 4 when these cannot be written, with 5 without memory.
"""

from __future__ import annotations

import os
import resource
import signal
import sys

OUTPUT = 3
UNPARSED, UNWRITTEN, NO_MEMORY = 3, 4, 5  # exit statuses; those below are Python's own
COUNT_SIZE = 8  # bytes behind the data: how many packages there are, little-endian


def main() -> int:
    """Parse, write, and return the exit status."""
    # Ctrl-C reaches the whole process group; the command says what happened.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    folder, memory, seconds = sys.argv[1:]
    _limit(resource.RLIMIT_AS, int(memory))
    _limit(resource.RLIMIT_CPU, int(seconds))
    _limit(resource.RLIMIT_CORE, 0)  # libsolv aborts when memory ends
    sys.path.append(folder)
    import solv  # noqa: PLC0415  # found only now

    pool = solv.Pool()
    pool.setdisttype(solv.Pool.DISTTYPE_RPM)
    repo = pool.add_repo("")
    source = solv.xfopen_fd("primary.xml", 0)
    if source is None or not repo.add_rpmmd(source, None, 0):
        os.ftruncate(OUTPUT, 0)
        os.write(OUTPUT, (pool.errstr or "not primary metadata").encode("utf-8", "replace"))
        return UNPARSED
    count = repo.nsolvables
    target = solv.xfopen_fd("plain", OUTPUT, "w")
    # A full disk may show only when the stream's buffer goes out.
    if target is None or not repo.write(target) or not target.close():
        return UNWRITTEN
    os.lseek(OUTPUT, 0, os.SEEK_END)
    return 0 if os.write(OUTPUT, count.to_bytes(COUNT_SIZE, "little")) == COUNT_SIZE else UNWRITTEN


def _limit(kind: int, wanted: int) -> None:
    soft, hard = resource.getrlimit(kind)
    known = [value for value in (wanted, soft, hard) if value != resource.RLIM_INFINITY]
    resource.setrlimit(kind, (min(known), hard))


if __name__ == "__main__":
    try:
        status = main()
    except MemoryError:
        status = NO_MEMORY
    os._exit(status)  # without freeing every package one by one
