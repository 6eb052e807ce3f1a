"""Plugins for tests: their folders beside a root's configuration, and a metalink."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.cli import Root

LOGGER = '''
"""Writes down which hooks are called, in order."""

from plugins.interface import Plugin


class Logger(Plugin):
    def log(self, *words):
        with open(self.host.settings["log"], "a") as stream:
            print(*words, file=stream)

    def initialise(self):
        self.log("init")

    def repo_section_start(self, section):
        self.log("section start", section.id, section.path.rpartition("/")[2], section.values["name"])

    def repo_section_end(self, section):
        self.log("section end", section.id)

    def metadata_start(self, event):
        self.log("metadata start", event.repo.id, "lookup" if event.lookup else "cache")

    def metadata_end(self, event):
        self.log("metadata end", event.repo.id, open(event.path).readline().split()[0])


load = Logger
'''


class Plugged:
    """A root with ``plugins=1`` and its own folders of plugins and their configuration.

    ``settings`` are further keys of the main configuration.
    """

    def __init__(self, root: Root, **settings: object) -> None:
        self.root = root
        self.confs = root.scratch / "pluginconf.d"
        self.folder = root.scratch / "tdnf-plugins"
        for folder in (self.confs, self.folder):
            folder.mkdir(mode=0o755)
        root.configure(
            **{"plugins": True, "pluginconfpath": self.confs, "pluginpath": self.folder, **settings}
        )

    def enable(self, *names: str, enabled: object = 1, **settings: object) -> None:
        """Write configuration files."""
        lines = [f"{key}={value}" for key, value in {"enabled": enabled, **settings}.items()]
        for name in names:
            (self.confs / f"{name}.conf").write_text("\n".join(["[main]", *lines]) + "\n")

    def add(self, name: str, source: str, **settings: object) -> Path:
        """Write a plugin and enable it."""
        path = self.folder / f"{name}.py"
        path.write_text(source)
        path.chmod(0o644)
        self.enable(name, **settings)
        return path

    def add_logger(self, name: str = "logger") -> Path:
        """Add the plugin that logs; returns the log, one line per event."""
        log = self.root.scratch / f"{name}.log"
        self.add(name, LOGGER, log=log)
        return log


def metalink(
    urls: Sequence[tuple[str, int | None]], hashes: Sequence[tuple[str, str]], *, name: str = "repomd.xml"
) -> str:
    """A metalink: (base URL, preference) and (type, value)."""
    places = "".join(
        '<url protocol="http" type="http"'
        + ("" if preference is None else f' preference="{preference}"')
        + f">{base.rstrip('/')}/repodata/repomd.xml</url>"
        for base, preference in urls
    )
    sums = "".join(f'<hash type="{kind}">{value}</hash>' for kind, value in hashes)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<metalink version="3.0" '
        'xmlns="http://www.metalinker.org/" type="dynamic"><files>\n'
        f'<file name="{name}"><size>1</size><verification>{sums}</verification>'
        f"<resources>{places}</resources></file></files></metalink>\n"
    )


def digest(path: Path, kind: str = "sha256") -> tuple[str, str]:
    """The (type, value) of a file."""
    return kind, hashlib.new(kind, path.read_bytes()).hexdigest()
