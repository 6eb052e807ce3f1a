"""What plugins may say, as the parts see it that ask them; imported for its types only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pkgman.model.repo import RepoSource


class SectionHooks(Protocol):
    """Whoever wants to see the sections of repository files."""

    def section_start(self, repo_id: str, path: str, values: dict[str, str]) -> None:
        """Look at the keys of a section before they are read, and maybe change them."""

    def section_end(self, repo_id: str, path: str, values: dict[str, str]) -> None:
        """Learn that they were read."""


class MetadataHooks(Protocol):
    """Whoever wants to take part in the loading of metadata.

    What is raised is a :class:`~pkgman.model.errors.PluginError`.
    """

    def checker(self, source: RepoSource) -> str:
        """Return who checks repomd.xml's signature in place of the check by ``gpgkey``; ``""`` for nobody."""

    def start(self, source: RepoSource, *, lookup: bool) -> tuple[str, ...] | None:
        """Return base URLs that replace the configured ones; None for none.

        :param lookup: repomd.xml will be fetched.
        """

    def downloaded(self, source: RepoSource, path: str, base_url: str) -> None:
        """Accept the new repomd.xml at ``path``, which came from ``base_url``, or raise."""
