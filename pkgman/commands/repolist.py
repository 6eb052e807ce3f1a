"""repolist: the configured repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.layout import repo_lines
from pkgman.model.errors import PkgmanError
from pkgman.model.package import CMDLINE_REPO

if TYPE_CHECKING:
    from pkgman.session import Session

_FILTERS = ("all", "enabled", "disabled")


def run(session: Session, words: tuple[str, ...]) -> int:
    """List repositories; the filter is all, enabled (default) or disabled.

    :raises PkgmanError: 901 for another filter.
    """
    wanted = words[0].lower() if words else "enabled"
    if wanted not in _FILTERS:
        raise PkgmanError(f"'{words[0]}' is none of: {', '.join(_FILTERS)}", number=901)
    rows = [(source.id, source.name, source.enabled) for source in session.repos]
    if wanted != "enabled":
        rows.insert(0, (CMDLINE_REPO, CMDLINE_REPO, False))
    if wanted != "all":
        rows = [row for row in rows if row[2] is (wanted == "enabled")]
    if session.ui.json:
        session.ui.document([{"Repo": i, "RepoName": n, "Enabled": e} for i, n, e in rows])
    else:
        session.ui.results(repo_lines(rows))
    return 0
