"""check-local: whether the rpm files of a folder can be installed together (tdnf contract, commands 8)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman.localdirs import rpm_files
from pkgman.model.errors import PkgmanError
from pkgman.model.request import Policy, Request
from pkgman.workflow import DEBUG_FOLDER, tell
from solver import solve
from solver.pool import Pool

if TYPE_CHECKING:
    from pkgman.session import Session

_MISSING, _NOT_A_FOLDER = 1602, 1620  # ENOENT, ENOTDIR


def run(session: Session, words: tuple[str, ...]) -> int:
    """Check the folder's packages alone: no repository and nothing installed counts.

    :raises PkgmanError: 906 without a folder, 1602 when it is missing, 1620 when it is a file, 1622 for
        a broken package.
    :raises Unsolvable: with every problem.
    """
    if not words:
        raise PkgmanError(number=906)
    folder = words[0]
    if not os.path.isdir(folder):
        there = os.path.exists(folder)
        what = "this is no folder" if there else "there is no such folder"
        raise PkgmanError(f"{folder}: {what}", number=_NOT_A_FOLDER if there else _MISSING)
    session.ui.info(f"Checking all packages from: {folder}")
    files = tuple(session.read_rpm_file(path) for path in rpm_files(folder))
    session.ui.info(f"Found {len(files)} packages")
    pool = Pool(session.machine)
    pool.load_files(files)
    policy = Policy(
        skip_broken=session.flag("skip-broken"),
        skip_conflicts=session.flag("skipconflicts"),
        skip_obsoletes=session.flag("skipobsoletes"),
        debug_folder=DEBUG_FOLDER if session.flag("debugsolver") else "",
    )
    installable = tuple(file for file in files if file.header.arch not in ("src", "nosrc"))
    if left := len(files) - len(installable):
        session.ui.info(f"{left} of them are source packages, which are not checked")
    tell(session, solve.solve(pool, Request(install_files=installable), policy).notes)
    session.ui.result("Check completed without issues")
    return 0
