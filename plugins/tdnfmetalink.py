"""The plugin ``tdnfmetalink``: repositories with the key ``metalink`` (tdnf contract, plugins 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.model.errors import PkgmanError, PluginError
from pkgman.model.limits import MAX_METALINK
from plugins.interface import Plugin
from plugins.metalink import parse_metalink

if TYPE_CHECKING:
    from pkgman.model.package import Checksum
    from pkgman.model.repo import RepoSource
    from plugins.interface import Host, MetadataEnd, MetadataStart
    from plugins.metalink import Metalink

MISMATCH, NO_HASH, FORBIDDEN = 2501, 1004, 2600  # tdnf's numbers
_FILE = "metalink"  # its name in the cache
_TEXT = "metalink plugin error: (null)"  # tdnf's own has no texts for its errors


def load(host: Host) -> Plugin:
    """Return the plugin."""
    return MetalinkPlugin(host)


class MetalinkPlugin(Plugin):
    """Takes base URLs from a metalink, and accepts only the repomd.xml that it describes."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._links: dict[str, Metalink] = {}  # by repository id

    def metadata_start(self, event: MetadataStart) -> tuple[str, ...] | None:
        """Give the metalink's URLs.

        It is fetched whenever repomd.xml will be, since it holds that file's checksum, and when there
        is none in the cache.
        """
        repo = event.repo
        if not repo.metalink:
            return None
        link = None if event.lookup else self._cached(repo)
        if link is None:
            link = self._fetch(repo)
        self._links[repo.id] = link
        return link.base_urls

    def metadata_end(self, event: MetadataEnd) -> None:
        """Compare the new repomd.xml with the metalink; one right value is enough.

        :raises PluginError: 2501 when none is right, 1004 when the metalink has no hash of a known kind.
        """
        link = self._links.get(event.repo.id)
        if link is None:
            return
        if not link.hashes:
            raise PluginError(_TEXT, number=NO_HASH, before=(f"Error: TDNFCheckRepoMDFileHash {NO_HASH}",))
        if not any(_digest(event.path, item) == item.hex for item in link.checksums):
            why = "digest mismatch" if link.checksums else "the metalink has no well-formed checksum"
            lines = (
                f"Error: Validating Checksum ({event.path}) FAILED ({why})",
                f"Error: TDNFCheckRepoMDFileHash {MISMATCH}",
            )
            raise PluginError(_TEXT, number=MISMATCH, before=lines)

    def _cached(self, repo: RepoSource) -> Metalink | None:
        data = self.host.cached(repo, _FILE)
        try:
            return None if data is None else _parse(repo, data)
        except PkgmanError:
            return None  # fetched anew like one that is not there

    def _fetch(self, repo: RepoSource) -> Metalink:
        try:
            data = self.host.fetch(repo, repo.metalink, limit=MAX_METALINK)
        except PkgmanError as error:
            raise PluginError(_TEXT, number=error.number, before=error.lines) from error
        try:
            link = _parse(repo, data)
        except PkgmanError as error:
            lines = (*error.lines, f"Error: TDNFMetalinkGetBaseURLs {error.number}")
            raise PluginError(_TEXT, number=error.number, before=lines) from error
        self.host.keep(repo, _FILE, data)
        return link


def _parse(repo: RepoSource, data: bytes) -> Metalink:
    return parse_metalink(data, local=repo.metalink[:5].lower() == "file:")


def _digest(path: str, checksum: Checksum) -> str:
    from hashlib import file_digest, new  # 3 MB that a warm run has no use for

    try:
        new(checksum.kind)
    except ValueError as error:
        raise PluginError(_TEXT, number=FORBIDDEN) from error
    with open(path, "rb") as stream:
        return file_digest(stream, checksum.kind).hexdigest()
