"""What some tests need of the machine, and a bare container may lack."""

from __future__ import annotations

import os
import pty

import pytest

PROC = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="/proc is not mounted")


def pseudo_terminal() -> tuple[int, int]:
    """Return the two ends of a new terminal, master first; skip the test where the kernel gives none."""
    try:
        return pty.openpty()
    except OSError as error:
        pytest.skip(f"no terminal can be made here: {error}")
