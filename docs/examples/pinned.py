"""pinned: accept only the metadata whose SHA-256 an administrator has written down.

The pins stand in the plugin's configuration file, ``pluginconf.d/pinned.conf``, one per repository:

    [main]
    enabled=1
    base=0f3a…    (64 hexadecimal digits: sha256sum repodata/repomd.xml)

A repository without a pin is left alone.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pkgman.model.errors import PluginError
from plugins.interface import Plugin

if TYPE_CHECKING:
    from plugins.interface import Host, MetadataEnd, MetadataStart

HEX = frozenset("0123456789abcdef")
OTHER = 2501  # tdnf's number for a repomd.xml with another checksum than somebody said


def load(host: Host) -> Plugin:
    """Return the plugin; tdnf calls this once per run."""
    return Pinned(host)


class Pinned(Plugin):
    """Compares repomd.xml, fetched or cached, with the pin of its repository."""

    def initialise(self) -> None:
        """Read the pins; a mistake in them ends the command, whatever it is."""
        self.pins = {key: value.lower() for key, value in self.host.settings.items() if key != "enabled"}
        for repo_id, pin in self.pins.items():
            if len(pin) != 64 or not HEX.issuperset(pin):
                raise PluginError(f"pinned: the pin of '{repo_id}' is no SHA-256 in hexadecimal: {pin}")

    def metadata_start(self, event: MetadataStart) -> None:
        """Check what is cached: it may be older than the pin."""
        if not event.lookup and event.repo.id in self.pins:
            self.compare(event.repo.id, f"{event.folder}/repomd.xml")

    def metadata_end(self, event: MetadataEnd) -> None:
        """Check what was fetched, before it replaces what is cached."""
        if event.repo.id in self.pins:
            self.compare(event.repo.id, event.path)

    def compare(self, repo_id: str, path: str) -> None:
        """Refuse the file at ``path`` when it is not the pinned one."""
        with open(path, "rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != self.pins[repo_id]:
            raise PluginError(
                f"pinned: repomd.xml of '{repo_id}' is not the pinned one",
                number=OTHER,
                before=(f"pinned: {self.pins[repo_id]}", f"found:  {found}"),
            )
        self.host.info(f"pinned: '{repo_id}' is the pinned one")
