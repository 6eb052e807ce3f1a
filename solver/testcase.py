"""--debugsolver: libsolv's test case of what was solved, for reports of bugs (tdnf contract, options 3)."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import solv


def write(raw: solv.Pool, solver: solv.Solver, folder: str) -> str:
    """Write repositories, jobs and result into ``folder``; return why that failed, "" when it did not.

    Others could have put links into a folder of theirs, and root would write where those lead.
    """
    what = f"--debugsolver: nothing was written to {folder}"
    try:
        if not os.path.lexists(folder):
            os.mkdir(folder)
        status = os.lstat(folder)
    except OSError as error:
        return f"{what}: {error.strerror}"
    if not stat.S_ISDIR(status.st_mode):
        return f"{what}: it is no folder. Remove it, or work in another folder."
    if status.st_uid != os.geteuid():
        return f"{what}: it belongs to another user. Remove it, or work in another folder."
    return "" if solver.write_testcase(folder) else f"{what}: {raw.errstr}"
