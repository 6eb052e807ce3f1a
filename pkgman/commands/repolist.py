"""repolist: the configured repositories; ``repo list`` and ``repo info`` are dnf's words for it."""

from __future__ import annotations

from time import localtime, strftime
from typing import TYPE_CHECKING

from pkgman.layout import repo_lines
from pkgman.model.errors import PkgmanError
from pkgman.model.package import CMDLINE_REPO
from pkgman.model.words import without_passwords
from pkgman.repos import matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkgman.model.repo import RepoSource
    from pkgman.session import Session
    from repo_meta.cached import Cached

_FILTERS = ("all", "enabled", "disabled")


def run(session: Session, words: tuple[str, ...]) -> int:
    """List repositories; the filter is all, enabled (default) or disabled.

    :raises PkgmanError: 901 for another filter, or ids that no repository has.
    """
    if session.command == "repo":
        return _repo(session, words)
    if session.command == "repoinfo":
        return _repo(session, ("info", *words))
    wanted = words[0].lower() if words else "enabled"
    if wanted not in _FILTERS:
        raise PkgmanError(f"'{words[0]}' is none of: {', '.join(_FILTERS)}", number=901)
    _show_list(session, _filtered(session, wanted), internal=wanted != "enabled")
    return 0


def _repo(session: Session, words: tuple[str, ...]) -> int:
    """``repo list|info [ID...]``, filtered by --all, --enabled or --disabled; ids mean all by default."""
    action, ids = words[0] if words else "list", words[1:]
    if action not in ("list", "info"):
        raise PkgmanError(f"'repo {action}' is not known: say 'repo list' or 'repo info'", number=901)
    default = "all" if ids else "enabled"
    wanted = next((name for name, _ in reversed(session.line.options) if name in _FILTERS), default)
    sources = _filtered(session, wanted)
    if ids:
        sources = [source for source in sources if any(matches(source.id, each) for each in ids)]
        if not sources:
            raise PkgmanError(
                f"No repository has the id {' or '.join(ids)}; 'tdnf repolist all' names them", number=901
            )
    if action == "list":
        _show_list(session, sources, internal=wanted != "enabled" and not ids)
    else:
        _show_info(session, sources)
    return 0


def _filtered(session: Session, wanted: str) -> list[RepoSource]:
    return [s for s in session.repos if wanted == "all" or s.enabled is (wanted == "enabled")]


def _show_list(session: Session, sources: Sequence[RepoSource], *, internal: bool) -> None:
    rows = [(source.id, source.name, source.enabled) for source in sources]
    if internal:
        rows.insert(0, (CMDLINE_REPO, CMDLINE_REPO, False))
    if session.ui.json:
        session.ui.document([{"Repo": i, "RepoName": n, "Enabled": e} for i, n, e in rows])
    else:
        session.ui.results(repo_lines(rows))


def _show_info(session: Session, sources: Sequence[RepoSource]) -> None:
    states = [session.supply.cached(source) for source in sources]
    if session.ui.json:
        session.ui.document([_item(*pair) for pair in zip(sources, states, strict=True)])
        return
    for source, state in zip(sources, states, strict=True):
        session.ui.results((*_record(source, state), ""))


def _item(source: RepoSource, state: Cached) -> dict[str, object]:
    return {
        "Repo": source.id,
        "RepoName": source.name,
        "Enabled": source.enabled,
        "Priority": source.priority,
        "BaseUrls": [without_passwords(url) for url in source.baseurls],
        "MirrorList": without_passwords(source.mirrorlist) or None,
        "MetaLink": without_passwords(source.metalink) or None,
        "GpgCheck": source.gpgcheck,
        "RepoGpgCheck": source.repo_gpgcheck,
        "MetadataExpire": source.metadata_expire,
        "CacheUpdated": state.updated,
        "Packages": state.packages,
    }


def _record(source: RepoSource, state: Cached) -> Iterator[str]:
    expire = f"after {source.metadata_expire} seconds" if source.metadata_expire >= 0 else "never"
    updated = "never"
    if state.updated is not None:
        updated = strftime("%a %b %e %H:%M:%S %Y", localtime(state.updated))
    rows = (
        ("Repo ID", source.id),
        ("Name", source.name),
        ("Enabled", _yes(source.enabled)),
        ("Priority", str(source.priority)),
        *(("Base URL", url) for url in source.baseurls),
        ("Mirror list", source.mirrorlist),
        ("Metalink", source.metalink),
        ("GPG check", _yes(source.gpgcheck)),
        ("Metadata check", _yes(source.repo_gpgcheck)),
        ("Expires", expire),
        ("Cache updated", updated),
        ("Packages", "unknown" if state.packages is None else str(state.packages)),
    )
    return (f"{label:<14}: {without_passwords(text)}" for label, text in rows if text)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
