"""check: can all available packages be installed together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.model.errors import Unsolvable
from pkgman.workflow import policy_of, tell, unmet_files
from solver import duplicates, solve

if TYPE_CHECKING:
    from pkgman.session import Session


def run(session: Session, words: tuple[str, ...]) -> int:  # noqa: ARG001
    """Resolve the best version of every available name at once; nothing is executed.

    :raises Unsolvable: with every problem found, or for packages that are installed twice.
    """
    pool = session.open_pool()
    doubles = duplicates.find(pool, session.config.installonlypkgs)
    tell(session, solve.check_all(pool, policy_of(session), find_files=unmet_files(session, pool)))
    if doubles:
        raise Unsolvable(duplicates.lines(pool, doubles))
    session.ui.result("Check completed without issues")
    return 0
