"""The plugin ``tdnfrepogpgcheck``: repomd.xml against the user's key ring (tdnf contract, plugins 4)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman.model.errors import PkgmanError, PluginError
from pkgman.model.limits import MAX_SIGNATURE
from plugins.interface import Plugin

if TYPE_CHECKING:
    from pkgman.model.repo import RepoSource
    from plugins.interface import Host, MetadataEnd

UNKNOWN, NO_RESULT, NOT_GOOD = 2001, 2003, 2004  # tdnf's numbers
_WHO = "repogpgcheck plugin error"


def load(host: Host) -> Plugin:
    """Return the plugin."""
    return GpgPlugin(host)


class GpgPlugin(Plugin):
    """Accepts a repomd.xml when all signatures in its repomd.xml.asc are good by GnuPG's word."""

    def checks_signature(self, repo: RepoSource) -> bool:
        """Take over from the check by the repository's ``gpgkey``."""
        return repo.repo_gpgcheck

    def metadata_end(self, event: MetadataEnd) -> None:
        """Verify.

        :raises PluginError: 2004 when a signature is not good, 2001 when gpg cannot tell, errors of fetching.
        """
        repo = event.repo
        if not repo.repo_gpgcheck:
            return
        url = f"{event.base_url.rstrip('/')}/repodata/repomd.xml.asc"
        try:
            data = self.host.fetch(repo, url, limit=MAX_SIGNATURE)
        except PkgmanError as error:
            raise _failed("(null)", error.number, *error.lines) from error
        path = f"{event.path}.asc"
        try:
            with open(path, "xb") as stream:
                stream.write(data)
            _verify(path, event.path)
        finally:
            if os.path.lexists(path):
                os.unlink(path)


def _verify(signature: str, data: str) -> None:
    from plugins import gnupg  # subprocess: a warm run has no use for it

    try:
        verdict = gnupg.verify(signature, data)
    except gnupg.GpgFailed as error:
        raise _failed("unknown error", UNKNOWN, f"gpg verify failed: {error}") from error
    if verdict.good:
        return
    if verdict.signatures:
        raise _failed("failed to verify signature", NOT_GOOD, f"repo md signature check: {verdict.reason}")
    if verdict.reason == "No data":
        raise _failed("unknown error", UNKNOWN, "gpg verify failed: No data")
    raise _failed("failed to get verification result", NO_RESULT, "gpg verify failed: no result")


def _failed(text: str, number: int, *lines: str) -> PluginError:
    return PluginError(
        f"{_WHO}: {text}", number=number, before=(*lines, f"Error: TDNFVerifySignature {number}")
    )
