"""tdnf.conf, the command line and the folders beside it, as one frozen value.

From here on nobody reads a file for a setting. Lower stages never see
:class:`Config`: they take a RepoSource, a Policy or plain values.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from pkgman import ini
from pkgman.ini import boolean, integer
from pkgman.model import securepath
from pkgman.model.errors import ConfigError, system_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pkgman.getopt import CommandLine

DEFAULT_CONFIG = "/etc/tdnf/tdnf.conf"
_DISTROVERPKG = ("system-release(releasever)", "system-release", "redhat-release")
_VARSDIRS = ("/etc/tdnf/vars", "/etc/dnf/vars", "/etc/yum/vars")
_PLUGIN_CONF = "/etc/tdnf/pluginconf.d"
_PLUGINS = "/usr/lib/tdnf-plugins"
# Every key of the main section that has an effect, and gpgcheck, which tdnf reads without any.
KEYS = frozenset((
    "allow_http_downgrade", "cachedir", "clean_requirements_on_remove", "distroverpkg",
    "distrosync_reinstall_changed", "dnf_check_update_compat", "exclude", "excludepkgs", "gpgcheck",
    "includepkgs", "install_weak_deps",
    "installonly_limit", "installonlypkgs",
    "keepcache", "localpkg_gpgcheck", "logfile", "minversions", "openmax", "persistdir", "pluginconfpath",
    "pluginpath", "plugins", "proxy", "proxy_password", "proxy_username", "repodir", "reposdir", "sslverify",
    "tsflags", "varsdir",
))  # fmt: skip
# What --setopt takes as paths of the host, the first occurrence of each (tdnf contract, options 2).
_HOST_PATHS = frozenset(("cachedir", "repodir", "reposdir"))
_TSFLAGS = frozenset(("nodocs", "noscripts"))
# What these name lies on the host and acts there, with the rights of whoever calls tdnf.
_HOSTS_OWN = frozenset(("logfile", "pluginconfpath", "pluginpath", "plugins"))


class Config(NamedTuple):
    """The main configuration, absolute paths on the host (tdnf contract, config 2; options 6).

    ``cachedir`` and ``persistdir`` have no link in them; those of the root lead as in a chroot.
    """

    root: str = "/"
    path: str = DEFAULT_CONFIG
    cachedir: str = "/var/cache/tdnf"
    persistdir: str = "/var/lib/tdnf"
    repodir: str = "/etc/yum.repos.d"
    repodir_named: bool = False  # else it is tdnf's own default
    varsdirs: tuple[str, ...] = _VARSDIRS
    distroverpkg: tuple[str, ...] = _DISTROVERPKG
    installonly_limit: int = 2
    installonlypkgs: tuple[str, ...] = ()
    install_weak_deps: bool = True
    clean_requirements_on_remove: bool = False
    keepcache: bool = False
    localpkg_gpgcheck: bool = False  # dnf's: files of the command line must be signed
    sslverify: bool = True
    allow_http_downgrade: bool = False
    excludepkgs: tuple[str, ...] = ()
    includepkgs: tuple[str, ...] = ()
    minversions: tuple[str, ...] = ()
    locks: frozenset[str] = frozenset()
    protected: frozenset[str] = frozenset()
    openmax: int = 1024
    dnf_check_update_compat: bool = False
    distrosync_reinstall_changed: bool = False
    proxy: str = ""
    proxy_username: str = ""
    proxy_password: str = ""
    plugins: bool = False
    pluginconfpath: str = _PLUGIN_CONF  # on the host, as is pluginpath
    pluginpath: str = _PLUGINS
    releasever: str = ""  # --releasever
    logfile: str = ""  # on the host, never in the root
    tsflags: frozenset[str] = frozenset()  # nodocs, noscripts
    warnings: tuple[str, ...] = ()  # stdout, result class
    notes: tuple[str, ...] = ()  # of words and, with -v, keys without effect; stderr

    @property
    def history_path(self) -> str:
        """Where the history database lies."""
        path = os.path.join(self.persistdir, "history.db")
        return os.path.realpath(path) if self.root == "/" else path  # the host's own link is its word


def _under(root: str, path: str) -> str:
    """Return the host's path of a file or folder of the root, as the host's own user would write it."""
    return _real(root, path) if root != "/" else path


def _real(root: str, path: str) -> str:
    """Return the host's path without any link; those in the root lead as in a chroot.

    :raises PkgmanError: 1640 when they lead in a circle.
    """
    try:
        return securepath.in_root(root, path)
    except OSError as error:
        raise system_error(error) from error


def _main_path(line: CommandLine, root: str) -> str:
    if given := line.last("config"):
        return os.path.abspath(given)
    if line.flag("use-host-config"):
        return DEFAULT_CONFIG
    inside = _under(root, DEFAULT_CONFIG)
    return inside if os.path.exists(inside) else DEFAULT_CONFIG


def _entries(root: str, folder: str) -> tuple[str, ...]:
    """Return the non-blank, non-comment lines of all ``*.conf`` in ``folder``, files sorted.

    :raises ConfigError: 1602 when a file is unreadable.
    """
    found: list[str] = []
    try:
        names = sorted(os.listdir(securepath.confined(root, folder)))
    except OSError:
        return ()
    for name in names:
        if not name.endswith(".conf"):
            continue
        path = os.path.join(folder, name)
        try:
            with open(securepath.confined(root, path), encoding="utf-8", errors="replace") as stream:
                lines = [line.strip() for line in stream]
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}", number=1602) from error
        found += [line for line in lines if line and not line.startswith("#")]
    return tuple(found)


def _first_setopt(line: CommandLine, *keys: str) -> str:
    return next((value for key, value in line.settings if key in keys), "")


def _overrides(line: CommandLine) -> dict[str, str]:
    """Return the keys of the main section that ``--setopt`` replaces, the last occurrence of each.

    Plugins can be switched off so, not on: which code is loaded is for files to say.
    """
    taken = KEYS - _HOST_PATHS - _HOSTS_OWN - {"tsflags"}
    found = {key: value for key, value in line.settings if key in taken}
    switch = [value for key, value in line.settings if key == "plugins"]
    if switch and not boolean(switch[-1], True, lambda _: None):
        found["plugins"] = "0"
    return found


def _tsflags(settings: Mapping[str, str], line: CommandLine, notes: list[str]) -> frozenset[str]:
    """Return the flags of the file and of each ``--setopt=tsflags=``; an empty one begins anew."""
    flags: list[str] = []
    given = [value for key, value in line.settings if key.lower() == "tsflags"]
    for text in (settings.get("tsflags", ""), *given):
        words = text.lower().replace(",", " ").split()
        flags = flags + words if words else []
    notes += [f"tsflags: '{flag}' is not known; it is ignored" for flag in flags if flag not in _TSFLAGS]
    return _TSFLAGS.intersection(flags)


def _notes(line: CommandLine) -> Iterator[str]:
    """Yield what is to be said of words without effect; those of config-manager are what it writes."""
    yield from line.notes
    for key, value in line.settings:
        if line.words[:1] == ("config-manager",) or key.lower() == "tsflags" or key in KEYS - _HOSTS_OWN:
            continue
        if key in _HOSTS_OWN:
            if key != "plugins" or boolean(value, True, lambda _: None):
                yield f"--setopt={key}=: '{key}' is taken from the configuration file only; it is ignored"
        elif "." not in key:
            yield (
                f"--setopt={key}=: '{key}' is neither an option nor a key of the main section; it is ignored "
                f"(for repositories: --setopt=ID.KEY=VALUE)"
            )


def _main_section(document: ini.Document) -> ini.Section:
    """Return ``[main]``, or the first section as tdnf has it; an empty one when there is none."""
    sections = document.sections or (ini.Section("main", 0, ()),)
    return next((s for s in sections if s.name == "main"), sections[0])


def _with_the_hosts_own(settings: Mapping[str, str], warnings: list[str]) -> dict[str, str]:
    """Return an install root's settings with those of the host where they would act on the host.

    Nobody named the root's file: it may be part of a foreign image, whose author must not choose what
    code is loaded outside of it, or which files of the host are written.

    :raises ConfigError: when the host's configuration is there and cannot be read.
    """
    kept = {key: value for key, value in settings.items() if key not in _HOSTS_OWN}
    if os.path.lexists(DEFAULT_CONFIG):
        document = ini.load(DEFAULT_CONFIG)
        warnings += [f"WARNING: {problem}" for problem in document.problems]
        host = _main_section(document).values()
        kept |= {key: value for key, value in host.items() if key in _HOSTS_OWN}
    return kept


_MISSING = 1602  # 1600 + ENOENT
_SMALLEST = (
    "Name another one with -c FILE, or write this into it, and repositories into *.repo files in repodir:",
    "[main]",
    "repodir=/etc/yum.repos.d",
    "cachedir=/var/cache/tdnf",
)


def load(line: CommandLine) -> Config:
    """Read the main configuration for this command line.

    One that was found in the install root, not named with ``-c``, leaves plugins and the log file to the
    host's configuration.

    :raises ConfigError: when the file is missing (1602), unreadable (1613) or no text (1002).
    """
    root = os.path.normpath(line.last("installroot", "/"))
    path = _main_path(line, root)
    try:
        document = ini.load(path, named=bool(line.last("config")))
    except ConfigError as error:
        if error.number != _MISSING:
            raise
        raise ConfigError([*error.lines, *_SMALLEST], number=_MISSING) from error
    section = _main_section(document)
    warnings = [*line.warnings, *(f"WARNING: {problem}" for problem in document.problems)]
    settings = section.values()
    if path != DEFAULT_CONFIG and not line.last("config"):
        settings = _with_the_hosts_own(settings, warnings)
    notes = [*_notes(line), *(ini.unknown(section, KEYS, path) if line.flag("verbose") else ())]
    flags = _tsflags(settings, line, notes)
    loaded = _build(settings | _overrides(line), line, root, path, warnings)
    return loaded._replace(tsflags=flags, notes=tuple(notes))


def _build(
    settings: Mapping[str, str], line: CommandLine, root: str, path: str, warnings: list[str]
) -> Config:
    def flag(key: str, *, default: bool = False) -> bool:
        return boolean(settings[key], default, warnings.append) if key in settings else default

    def number(key: str, default: int) -> int:
        return integer(settings[key], warnings.append) if key in settings else default

    def words(key: str, default: Iterable[str] = ()) -> tuple[str, ...]:
        return tuple(settings[key].split()) if key in settings else tuple(default)

    folder = os.path.dirname(path)
    return Config(
        root=root,
        path=path,
        cachedir=_cachedir(settings, line, root),
        persistdir=_real(root, settings.get("persistdir", "/var/lib/tdnf")),
        repodir=_repodir(settings, line, root),
        repodir_named=bool(
            _first_setopt(line, "reposdir", "repodir") or settings.keys() & {"repodir", "reposdir"}
        ),
        varsdirs=words("varsdir", _VARSDIRS),
        distroverpkg=words("distroverpkg", _DISTROVERPKG),
        installonly_limit=number("installonly_limit", 2),
        installonlypkgs=ini.specs(settings.get("installonlypkgs", "")),
        install_weak_deps=flag("install_weak_deps", default=True),
        clean_requirements_on_remove=flag("clean_requirements_on_remove"),
        keepcache=flag("keepcache"),
        localpkg_gpgcheck=boolean(settings.get("localpkg_gpgcheck", "0"), True, warnings.append),
        sslverify=flag("sslverify", default=True),
        allow_http_downgrade=flag("allow_http_downgrade"),
        excludepkgs=ini.specs(settings.get("excludepkgs", ""), settings.get("exclude", "")),
        includepkgs=ini.specs(settings.get("includepkgs", "")),
        minversions=(
            *ini.specs(settings.get("minversions", "")),
            *_entries(root, os.path.join(folder, "minversions.d")),
        ),
        locks=frozenset(_entries(root, os.path.join(folder, "locks.d"))),
        protected=frozenset(_entries(root, os.path.join(folder, "protected.d"))),
        openmax=number("openmax", 1024),
        dnf_check_update_compat=flag("dnf_check_update_compat"),
        distrosync_reinstall_changed=flag("distrosync_reinstall_changed"),
        proxy=settings.get("proxy", ""),
        proxy_username=settings.get("proxy_username", ""),
        proxy_password=settings.get("proxy_password", ""),
        plugins=flag("plugins"),
        pluginconfpath=settings.get("pluginconfpath", _PLUGIN_CONF),
        pluginpath=settings.get("pluginpath", _PLUGINS),
        releasever=line.last("releasever"),
        logfile=settings.get("logfile", ""),
        warnings=tuple(warnings),
    )


def _cachedir(settings: Mapping[str, str], line: CommandLine, root: str) -> str:
    if given := _first_setopt(line, "cachedir"):
        return os.path.realpath(given)  # of the host, whatever the root
    return _real(root, settings.get("cachedir", "/var/cache/tdnf"))


def _repodir(settings: Mapping[str, str], line: CommandLine, root: str) -> str:
    if given := _first_setopt(line, "reposdir", "repodir"):
        return given
    chosen = "/etc/yum.repos.d"
    for key, value in settings.items():  # both spellings, the last wins
        if key in ("repodir", "reposdir"):
            chosen = value
    inside = _under(root, chosen)
    return inside if os.path.isdir(inside) and not line.flag("use-host-config") else chosen
