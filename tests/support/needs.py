"""What some tests need of the machine, and a bare container may lack."""

from __future__ import annotations

import os
import pty

import pytest

PROC = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="/proc is not mounted")
"""For what counts descriptors or asks for memory, and for bash's ``<(command)``, which lies below it."""


def threads() -> int:
    """Return how many threads this process has, those that Python did not start included; 0 without /proc."""
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0


def pseudo_terminal() -> tuple[int, int]:
    """Return the two ends of a new terminal, master first; skip the test where the kernel gives none."""
    try:
        return pty.openpty()
    except OSError as error:
        pytest.skip(f"no terminal can be made here: {error}")
