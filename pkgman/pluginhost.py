"""The wiring of plugins: loads those that are enabled, calls their hooks, gives them what they may ask for.

Plugins see :class:`plugins.interface.Host`; the parts that ask them see the protocols of
:mod:`pkgman.model.hooks`. Neither knows of the other.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pkgman import pluginfiles
from pkgman.model import securepath
from pkgman.model.errors import Aborted, EndOfInput, PkgmanError, PluginError
from pkgman.model.limits import MAX_MIRRORS
from pkgman.model.schemes import KNOWN, canonical
from plugins.interface import MetadataEnd, MetadataStart, Plugin, RepoSection
from repo_meta import cache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pkgman.config import Config
    from pkgman.getopt import CommandLine
    from pkgman.model.conversation import Conversation
    from pkgman.model.repo import RepoSource
    from repo_meta.fetch import Fetcher

_DLERROR, _BAD_URL = 1519, 1524  # tdnf's numbers
_MAX_KEPT = 16 << 20  # bytes of a file that a plugin keeps


class PluginHost:
    """The plugins of one run, in the order of their names."""

    def __init__(
        self, config: Config, line: CommandLine, ui: Conversation, fetcher: Callable[[], Fetcher]
    ) -> None:
        self._ui = ui
        self._desk = _Desk(ui, fetcher)
        self._plugins: list[tuple[str, Plugin]] = []
        self._urls: dict[str, tuple[str, ...]] = {}
        warnings: list[str] = []
        for name, settings in pluginfiles.enabled(config.pluginconfpath, line, warnings.append):
            plugin = self._load(name, settings, config.pluginpath)
            if plugin is not None:
                self._plugins.append((name, plugin))
                with self._calling(name):
                    plugin.initialise()
        for warning in warnings:
            ui.result(warning)

    def _load(self, name: str, settings: Mapping[str, str], folder: str) -> Plugin | None:
        """Load one plugin; None, and the reason on stderr, when that is not possible."""
        try:
            plugin = _create(pluginfiles.module(name, folder), _Host(self._desk, settings))
        except pluginfiles.NotLoadable as error:
            self._ui.diagnostic(f"Error loading plugin: {pluginfiles.place(name, folder)}")
            self._ui.diagnostic(f"Error: {_DLERROR} dlerror: {error}")
            return None
        self._ui.info(f"Loaded plugin: {name}")
        return plugin

    @contextmanager
    def _calling(self, name: str) -> Iterator[None]:
        """Turn whatever a plugin raises into a PluginError."""
        try:
            yield
        except (PluginError, Aborted, EndOfInput):
            raise
        except PkgmanError as error:
            from pkgman.errortexts import text_of

            text = f"{name}: {text_of(error.number)}"
            raise PluginError(text, number=error.number, before=error.lines) from error
        except OSError as error:
            raise PluginError(f"{name}: {error}", number=1600 + (error.errno or 0)) from error
        except (Exception, SystemExit) as error:
            if self._ui.verbose:
                from traceback import format_exc

                self._ui.diagnostic(format_exc())
            raise PluginError(f"{name}: {type(error).__name__}: {error}") from error

    # What repository files are read with

    def section_start(self, repo_id: str, path: str, values: dict[str, str]) -> None:
        """See :class:`pkgman.model.hooks.SectionHooks`."""
        for name, plugin in self._plugins:
            with self._calling(name):
                plugin.repo_section_start(RepoSection(repo_id, path, values))
                for key, value in values.items():
                    if not (isinstance(key, str) and isinstance(value, str)):
                        raise TypeError(f"[{repo_id}]: {key!r} = {value!r} are not two texts")

    def section_end(self, repo_id: str, path: str, values: dict[str, str]) -> None:
        """See :class:`pkgman.model.hooks.SectionHooks`."""
        for name, plugin in self._plugins:
            with self._calling(name):
                plugin.repo_section_end(RepoSection(repo_id, path, dict(values)))

    # What metadata is loaded with

    def checker(self, source: RepoSource) -> str:
        """See :class:`pkgman.model.hooks.MetadataHooks`."""
        for name, plugin in self._plugins:
            with self._calling(name):
                if plugin.checks_signature(source):
                    return "plugin:" + "".join(c if c.isalnum() else "_" for c in name)
        return ""

    def start(self, source: RepoSource, *, lookup: bool) -> tuple[str, ...] | None:
        """See :class:`pkgman.model.hooks.MetadataHooks`."""
        self._desk.kept.pop(source.id, None)
        self._urls.pop(source.id, None)
        event = MetadataStart(source, cache.repodata_dir(source), lookup)
        for name, plugin in self._plugins:
            with self._calling(name):
                urls = plugin.metadata_start(event)
                if urls is not None:
                    self._urls[source.id] = _usable(source, _checked(name, urls))
        return self._urls.get(source.id)

    def downloaded(self, source: RepoSource, path: str, base_url: str) -> None:
        """See :class:`pkgman.model.hooks.MetadataHooks`."""
        for name, plugin in self._plugins:
            with self._calling(name):
                plugin.metadata_end(MetadataEnd(source, path, base_url))

    def settle(self, source: RepoSource) -> RepoSource:
        """Finish what :meth:`start` began, metadata being there; return the repository with its base URLs."""
        self._desk.store(source)
        urls = self._urls.get(source.id)
        return source if urls is None else source.moved(urls)


def _create(module: object, host: _Host) -> Plugin:
    load = getattr(module, "load", None)
    if not callable(load):
        raise pluginfiles.NotLoadable("it has no function 'load'")
    try:
        plugin = load(host)
    except (Exception, SystemExit) as error:
        raise pluginfiles.NotLoadable(f"{type(error).__name__}: {error}") from error
    if not isinstance(plugin, Plugin):
        raise pluginfiles.NotLoadable("its function 'load' gives no plugins.interface.Plugin")
    return plugin


def _checked(name: str, urls: object) -> tuple[str, ...]:
    """Refuse what is no list of URLs, before anything is fetched from it."""
    if isinstance(urls, str):
        raise PluginError(f"{name}: base URLs are a list, not a text", number=_BAD_URL)
    found = tuple(canonical(str(url)) for url in urls)  # type: ignore[attr-defined]  # a plugin may give anything
    for url in found:
        if not url.startswith(KNOWN):
            raise PluginError(f"{name}: not a URL: {url[:80]!r}", number=_BAD_URL)
    return found[:MAX_MIRRORS]


def _usable(source: RepoSource, urls: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out base URLs that would leave TLS."""
    if not any(url.startswith("http://") for url in urls):
        return urls
    from repo_meta.origins import with_tls

    return with_tls(source, urls)


class _Desk:
    """What all plugins of a run share: words, the downloader, files of theirs in the cache."""

    def __init__(self, ui: Conversation, fetcher: Callable[[], Fetcher]) -> None:
        self.ui, self.fetcher = ui, fetcher
        self.kept: dict[str, dict[str, bytes]] = {}  # repository id -> name -> content

    def store(self, source: RepoSource) -> None:
        """Write what is not there: new metadata has taken the files of the old one away."""
        for name, data in self.kept.pop(source.id, {}).items():
            path = _path(source, name)
            try:
                if cache.read_file(path, _MAX_KEPT) != data:
                    securepath.make_folders(os.path.dirname(path))
                    cache.write_file(path, data)
            except (OSError, PkgmanError):
                continue  # fetched again by the next run, or by whoever may write


class _Host:
    """The :class:`plugins.interface.Host` of one plugin."""

    def __init__(self, desk: _Desk, settings: Mapping[str, str]) -> None:
        self._desk = desk
        self.settings = settings

    def info(self, text: str) -> None:
        self._desk.ui.info(text)

    def diagnostic(self, text: str) -> None:
        self._desk.ui.diagnostic(text)

    def fetch(self, repo: RepoSource, url: str, *, limit: int) -> bytes:
        ui = self._desk.ui
        return self._desk.fetcher().read(repo, url, limit=limit, label=repo.id, progress=ui, report=ui)

    def cached(self, repo: RepoSource, name: str) -> bytes | None:
        data = cache.read_file(_path(repo, name), _MAX_KEPT)
        if data is not None:
            self._desk.kept.setdefault(repo.id, {}).setdefault(name, data)
        return data

    def keep(self, repo: RepoSource, name: str, data: bytes) -> None:
        _path(repo, name)
        self._desk.kept.setdefault(repo.id, {})[name] = data


def _path(source: RepoSource, name: str) -> str:
    # Parts of metadata have a dot in their names, so no server can foist one on a plugin.
    if not name.replace("-", "").isalnum():
        raise ValueError(f"no name for a kept file: {name!r}")
    return f"{cache.repodata_dir(source)}/{name}"
