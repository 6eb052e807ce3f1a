"""Run a command and tell what it took; started as ``python3 -IS spawn.py`` so as to be small itself.

    spawn.py MODE OUTPUT COMMAND...

Peak memory of a process starts at that of the process which forked it, so the measuring
process must be small. Prints status, wall s, user s, system s, peak RSS KiB (the largest
process), and in MODE ``tree`` the peak of the summed PSS of all its processes in KiB,
looked at every 10 ms (which costs time, so MODE ``plain`` is for measuring that).
"""

import os
import sys
import time


def descendants(pid: str) -> list[str]:
    """The process and its children, theirs too."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as listing:
            children = listing.read().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in descendants(child))]


def pss(pid: str) -> int:
    """Proportional set size in KiB, 0 when the process is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    except (OSError, ValueError):
        return 0


def main(mode: str, output: str, command: list[str]) -> None:
    """Run, wait, report."""
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        sink = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    peak = 0
    done, status, usage = os.wait4(pid, os.WNOHANG if mode == "tree" else 0)
    while not done:
        peak = max(peak, sum(map(pss, descendants(str(pid)))))
        time.sleep(0.01)
        done, status, usage = os.wait4(pid, os.WNOHANG)
    wall = time.monotonic() - began
    code = os.waitstatus_to_exitcode(status)
    print(code, wall, usage.ru_utime, usage.ru_stime, usage.ru_maxrss, peak)


main(sys.argv[1], sys.argv[2], sys.argv[3:])
