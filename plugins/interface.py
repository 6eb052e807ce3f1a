"""What a plugin is: its hooks, what it is given, and what it may ask for (docs/plugins.md).

A plugin may import this module, :mod:`pkgman.model` and the standard library. The hooks
are tdnf's events (tdnf contract, plugins 2). Values that hooks get are frozen, except
:attr:`RepoSection.values`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkgman.model.repo import RepoSource


class RepoSection(NamedTuple):
    """One section of a ``.repo`` file."""

    id: str
    path: str  # of the file, absolute
    values: dict[str, str]  # as written, variables not expanded; may be changed until it was read


class MetadataStart(NamedTuple):
    """A repository's metadata is about to be loaded."""

    repo: RepoSource  # as configured, variables expanded
    folder: str  # where repomd.xml and its parts are cached, absolute; it need not exist yet
    lookup: bool  # repomd.xml will be fetched; False: what is cached will be used


class MetadataEnd(NamedTuple):
    """A repomd.xml was fetched and has not replaced the cached one."""

    repo: RepoSource
    path: str  # the new file, absolute; others may be put beside it, they go away with it
    base_url: str  # where it came from


class Host(Protocol):
    """What a plugin may ask of tdnf."""

    settings: Mapping[str, str]
    """The keys of ``[main]`` in the plugin's configuration file."""

    def info(self, text: str) -> None:
        """Say something on standard output, which ``-q`` and ``-j`` hide."""

    def diagnostic(self, text: str) -> None:
        """Say something on standard error."""

    def fetch(self, repo: RepoSource, url: str, *, limit: int) -> bytes:
        """Fetch a small file with the repository's user, certificates, proxy and retries.

        :param limit: bytes; a larger file is refused.
        :raises FetchError: 1622 for an HTTP status, 1201 + curl's code for the network.
        """

    def cached(self, repo: RepoSource, name: str) -> bytes | None:
        """Return what :meth:`keep` kept, None when there is nothing (any more).

        :param name: letters, digits and hyphens.
        """

    def keep(self, repo: RepoSource, name: str, data: bytes) -> None:
        """Keep a file with the repository's metadata, once that is loaded; ``clean metadata`` removes it.

        A cache that cannot be written is no error: nothing is kept then.
        """


class Plugin:
    """A plugin; hooks that are not needed stay as they are here.

    What a hook raises becomes the error of the repository, to which ``skip_if_unavailable`` applies,
    or of the whole command in :meth:`initialise` and the two about sections. To refuse, raise
    :class:`pkgman.model.errors.PluginError`.
    """

    def __init__(self, host: Host) -> None:
        self.host = host

    def initialise(self) -> None:
        """INIT: the plugin was loaded, nothing else has happened."""

    def repo_section_start(self, section: RepoSection) -> None:
        """REPO, READCONFIG, START: a section is about to be read, of an enabled repository or not."""

    def repo_section_end(self, section: RepoSection) -> None:
        """REPO, READCONFIG, END: the section was read."""

    def metadata_start(self, event: MetadataStart) -> Sequence[str] | None:
        """REPO_MD, DOWNLOAD, START: for each enabled repository, also with ``-C`` and a warm cache.

        :returns: base URLs, the preferred first, which replace the configured ones for all files of the
            repository; None to leave them alone. The last plugin that gives some wins.
        """

    def metadata_end(self, event: MetadataEnd) -> None:
        """REPO_MD, DOWNLOAD, END: only after repomd.xml was really fetched; another mirror may follow."""

    def checks_signature(self, repo: RepoSource) -> bool:  # noqa: ARG002
        """Say whether :meth:`metadata_end` verifies the signature of this repository's repomd.xml.

        Then tdnf's own check by ``gpgkey`` is left out. Asked for repositories with ``repo_gpgcheck``.
        """
        return False
