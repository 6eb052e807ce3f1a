"""Repo files, variables and repository options -> RepoSources (tdnf contract, config 4 and 5; options 4)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman import ini
from pkgman.ini import boolean, integer
from pkgman.model import securepath
from pkgman.model.errors import ConfigError, system_error
from pkgman.model.package import CMDLINE_REPO, SYSTEM_REPO
from pkgman.model.repo import NEVER, RepoSource
from pkgman.model.schemes import KNOWN, canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pkgman.config import Config
    from pkgman.getopt import CommandLine
    from pkgman.model.hooks import SectionHooks

    Overrides = Sequence[tuple[str, str, str]]  # id or glob, key, value

_EXPANDED = ("name", "baseurl", "metalink", "mirrorlist", "gpgkey")
# Every key of a repository's section that has an effect.
KEYS = frozenset((
    "allow_http_downgrade", "baseurl", "enabled", "exclude", "excludepkgs", "gpgcheck", "gpgkey",
    "includepkgs", "metadata_expire", "metalink", "minrate", "mirrorlist", "name", "password", "priority",
    "repo_gpgcheck", "retries", "skip_if_unavailable", "skip_md_filelists",
    "skip_md_other", "skip_md_updateinfo", "sslcacert", "sslclientcert", "sslclientkey", "sslverify",
    "throttle", "timeout", "username", "weak_signatures",
))  # fmt: skip
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_EXPIRY = 12  # digits
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


def overrides_of(line: CommandLine) -> Overrides:
    """Return what ``--setopt=ID.KEY=VALUE`` says of repositories, in order; an id may hold dots."""
    parts = ((name.rpartition("."), value) for name, value in line.settings)
    return tuple((repo_id, key, value) for (repo_id, dot, key), value in parts if dot)


class Variables:
    """``$name`` values: files of the vars folders, then the built-in two.

    ``release_version`` is called only when some text needs ``$releasever``.
    """

    def __init__(self, config: Config, machine: str, release_version: Callable[[], str]) -> None:
        self._values = dict(_vars_files(config.varsdirs))
        self._values.setdefault("basearch", machine)
        self._release_version = release_version

    def expand(self, text: str) -> str:
        """Replace each ``$name``; an unknown one expands to nothing."""
        head, *rest = text.split("$")
        for piece in rest:
            end = next((i for i, c in enumerate(piece) if c not in _LOWER), len(piece))
            head += self._value(piece[:end]) + piece[end:]
        return head

    def _value(self, name: str) -> str:
        if name == "releasever" and name not in self._values:
            self._values[name] = self._release_version()
        return self._values.get(name, "")


def _vars_files(folders: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield name and value, the folder that wins last; empty files and folders are passed over."""
    for folder in reversed(folders):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            if not all(c in _LOWER or c == "_" for c in name):
                continue
            try:
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as stream:
                    value = stream.readline().rstrip()
            except OSError:
                continue
            if value:
                yield name, value


def expiry(text: str) -> int:
    """Read ``metadata_expire`` into seconds (tdnf contract, config 5.2).

    :raises ConfigError: 1029 for anything else than never, or a number with s, m, h or d.
    """
    if text.lower() == "never":
        return NEVER
    digits = text.lstrip("-")
    count = len(digits) - len(digits.lstrip("0123456789"))
    unit = digits[count:].strip()[:1]
    if not 0 < count <= _LONGEST_EXPIRY or unit not in _UNITS or (unit and not int(digits[:count])):
        raise ConfigError(f"metadata_expire: '{text}' is no time", number=1029)
    return NEVER if text.startswith("-") else int(digits[:count]) * _UNITS[unit]


class RepoReader:
    """Turns sections into RepoSources; ``hooks`` are plugins, which may change a section's keys before."""

    def __init__(
        self,
        config: Config,
        variables: Variables,
        warn: Callable[[str], None],
        hooks: SectionHooks | None = None,
        note: Callable[[str], None] | None = None,
        overrides: Overrides = (),
    ) -> None:
        self._config, self._variables, self._warn = config, variables, warn
        self._hooks, self._note, self._overrides = hooks, note, overrides

    def files(self) -> Iterator[RepoSource]:
        """Yield the repositories of all ``*.repo`` files, files sorted.

        :raises ConfigError: 1005 when a folder that was named is missing, 1037 for an id used twice.
        """
        folder = self._config.repodir
        if not self._config.repodir_named and not os.path.lexists(folder):
            return  # nobody spoke of it: there are no repositories
        try:
            names = sorted(name for name in os.listdir(folder) if name.endswith(".repo"))
        except OSError as error:
            raise ConfigError(f"{folder}: cannot be read: {error.strerror}", number=1005) from error
        for name in names:
            document = ini.load(self._real(os.path.join(folder, name)))
            for problem in document.problems:
                self._warn(f"WARNING: {problem}")
            for section in document.sections:
                raw = section.values() | self._overriding(section.name)
                if self._note is not None:
                    for text in ini.unknown(section, KEYS, document.path):
                        self._note(text)
                if self._hooks is not None:
                    self._hooks.section_start(section.name, document.path, raw)
                source = self._source(section, raw, document.path)
                if self._hooks is not None:
                    self._hooks.section_end(section.name, document.path, raw)
                yield source

    def _overriding(self, repo_id: str) -> dict[str, str]:
        """Return the keys that ``--setopt`` sets for this repository, the last occurrence of each."""
        return {key: value for pattern, key, value in self._overrides if matches(repo_id, pattern)}

    def _real(self, path: str) -> str:
        """Return where a file of the install root is: a link in it leads as in a chroot."""
        try:
            return securepath.confined(self._config.root, path)
        except OSError as error:
            raise system_error(error) from error

    def _source(self, section: ini.Section, raw: Mapping[str, str], path: str) -> RepoSource:
        where = f"{path}:{section.line}: [{section.name}]"
        check_id(section.name, where)
        return self._read(section.name, raw, where)

    def _read(self, repo_id: str, raw: Mapping[str, str], where: str) -> RepoSource:
        values = {k: self._variables.expand(v) if k in _EXPANDED else v for k, v in raw.items()}
        check_values(values, where)
        expire = expiry(values.get("metadata_expire", "172800"))
        return self._place(self._fill(repo_id, values, expire))

    def _named(self, repo_id: str, option: str, url: str) -> RepoSource:
        """Make an enabled repository that no file describes, with what ``--setopt`` says of it."""
        found = self._read(repo_id, {"enabled": "1"} | self._overriding(repo_id), f"--{option} {repo_id}")
        # Not as a value: a path may hold blanks, and a dollar sign.
        return found if found.baseurls or not url else self._place(found._replace(baseurls=(url,)))

    def _fill(self, repo_id: str, values: Mapping[str, str], expire: int) -> RepoSource:
        def flag(key: str, *, default: bool, safe: bool | None = None) -> bool:
            if key not in values:
                return default
            return boolean(values[key], default if safe is None else safe, self._warn)

        def number(key: str, default: int = 0) -> int:
            return integer(values[key], self._warn) if key in values else default

        return RepoSource(
            id=repo_id,
            name=values.get("name", repo_id),
            baseurls=tuple(values.get("baseurl", "").split()),
            mirrorlist=values.get("mirrorlist", ""),
            metalink=values.get("metalink", ""),
            enabled=flag("enabled", default=False),
            gpgcheck=flag("gpgcheck", default=True),
            repo_gpgcheck=flag("repo_gpgcheck", default=False, safe=True),
            gpgkeys=tuple(values.get("gpgkey", "").split()),
            weak_signatures=flag("weak_signatures", default=False),
            priority=number("priority", 50),
            excludepkgs=ini.specs(values.get("excludepkgs", ""), values.get("exclude", "")),
            includepkgs=ini.specs(values.get("includepkgs", "")),
            skip_if_unavailable=flag("skip_if_unavailable", default=False),
            metadata_expire=expire,
            username=values.get("username", ""),
            password=values.get("password", ""),
            sslverify=flag("sslverify", default=self._config.sslverify, safe=True),
            allow_http_downgrade=flag(
                "allow_http_downgrade", default=self._config.allow_http_downgrade, safe=False
            ),
            sslcacert=values.get("sslcacert", ""),
            sslclientcert=values.get("sslclientcert", ""),
            sslclientkey=values.get("sslclientkey", ""),
            timeout=number("timeout"),
            minrate=number("minrate"),
            throttle=number("throttle"),
            retries=number("retries", 10),
            skip_md_filelists=flag("skip_md_filelists", default=False),
            skip_md_updateinfo=flag("skip_md_updateinfo", default=False),
            skip_md_other=flag("skip_md_other", default=False),
        )

    def _place(self, source: RepoSource) -> RepoSource:
        config = self._config
        url = source.metalink or source.mirrorlist or (source.baseurls[0] if source.baseurls else "")
        folder = f"{source.id}-{_short_hash(url)}" if url else source.id  # of the URL as it was written
        return source._replace(
            baseurls=tuple(map(_as_url, source.baseurls)),
            mirrorlist=_as_url(source.mirrorlist),
            metalink=_as_url(source.metalink),
            gpgkeys=tuple(map(canonical, source.gpgkeys)),
            proxy=config.proxy,
            proxy_username=config.proxy_username,
            proxy_password=config.proxy_password,
            metadata_dir=os.path.join(config.cachedir, folder),
            package_dir=os.path.join(config.cachedir, source.id, "rpms"),
        )

    def from_path(self, text: str) -> RepoSource:
        """Make the repository of ``--repofrompath ID,PATH|URL``.

        :raises ConfigError: 1622 without a second part, 1602 for a missing folder,
            1524 for a URL of another kind.
        """
        repo_id, place = _id_and_place("repofrompath", text)
        place = place.partition(",")[0]
        if place.startswith("/"):
            if not os.path.exists(place):
                raise ConfigError(f"--repofrompath {repo_id}: {place} does not exist", number=1602)
            url = _file_url(place) if os.path.isdir(place) else ""
        elif canonical(place).startswith(KNOWN):
            url = place
        elif "://" not in place and os.path.isdir(place):
            url = _file_url(os.path.abspath(place))
        else:
            message = f"--repofrompath {repo_id}: '{place}' is neither a folder that is there nor a URL"
            raise ConfigError(message, number=1524)
        return self._named(repo_id, "repofrompath", url)

    def from_folder(self, text: str) -> RepoSource:
        """Make the repository of ``--repofromdir ID,DIR``: rpm files without metadata.

        :raises ConfigError: 1622 without a second part or when it is no folder, 1602 when it is missing.
        """
        repo_id, place = _id_and_place("repofromdir", text)
        folder = os.path.abspath(place)
        if not os.path.exists(folder):
            raise ConfigError(f"--repofromdir {repo_id}: {place} does not exist", number=1602)
        if not os.path.isdir(folder):
            raise ConfigError(f"{place} is not a directory", number=1622)
        return self._named(repo_id, "repofromdir", _file_url(folder))._replace(rpm_folder=folder)


def _as_url(place: str) -> str:
    """Return a URL, which a path of the host may stand for, in its usual spelling."""
    return _file_url(place) if place.startswith("/") else canonical(place)


def _file_url(path: str) -> str:
    return "file://" + path.replace("%", "%25")  # all else in a path is taken as it stands


def _id_and_place(option: str, text: str) -> tuple[str, str]:
    repo_id, _, place = text.partition(",")
    if not repo_id or not place:
        expected = "ID,DIR" if option == "repofromdir" else "ID,PATH or ID,URL"
        raise ConfigError(f"--{option} {text}: expected {expected}", number=1622)
    check_id(repo_id, f"--{option} {text}")
    return repo_id, place


def check_id(repo_id: str, where: str) -> None:
    """Refuse what is no repository id: it names folders of the cache, and is printed.

    :raises ConfigError: 1622; 1037 for an id that is used internally.
    """
    if repo_id in (SYSTEM_REPO, CMDLINE_REPO):
        raise ConfigError(f"{where}: the repository id '{repo_id}' is used internally", number=1037)
    if repo_id in (".", "..") or "/" in repo_id or not repo_id.isprintable():
        message = f"{where}: a repository id cannot be '.' or '..' or hold a '/' or control characters"
        raise ConfigError(message, number=1622)


def check_values(values: Mapping[str, str], where: str) -> None:
    """Refuse values of a repository's keys with which it cannot be read.

    :raises ConfigError: 1622 for an empty name, 1029 for a ``metadata_expire`` that is not a time.
    """
    if values.get("name", "-") == "":
        raise ConfigError(f"{where}: name is empty", number=1622)
    try:
        expiry(values.get("metadata_expire", "never"))
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.lines[0]}", number=1029) from None


def _short_hash(url: str) -> str:
    """Return the first 8 hex digits of the URL's SHA-256 (cache layout, config 5.3)."""
    try:  # the interpreter's own module: hashlib would load OpenSSL, 3 MB, for 60 bytes
        from _sha2 import sha256  # type: ignore[import-not-found]  # noqa: PLC0415
    except ImportError:
        try:
            from _sha256 import sha256  # type: ignore[import-not-found]  # noqa: PLC0415
        except ImportError:
            from hashlib import sha256  # noqa: PLC0415
    return str(sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:8])


def matches(repo_id: str, pattern: str) -> bool:
    """Say whether ``repo_id`` is ``pattern`` or fits it as a shell glob, case-sensitive."""
    if repo_id == pattern:
        return True
    if not any(c in pattern for c in "*?["):
        return False
    from fnmatch import fnmatchcase  # noqa: PLC0415  # re-based, and rarely needed

    return fnmatchcase(repo_id, pattern)


def select(sources: list[RepoSource], line: CommandLine) -> list[RepoSource]:
    """Apply --enablerepo, --disablerepo and --repo in command-line order."""
    enabled = {source.id: source.enabled for source in sources}
    first = True
    for option, pattern in line.all("enablerepo", "disablerepo", "repo", "repoid"):
        if option in ("repo", "repoid") and first:
            enabled = dict.fromkeys(enabled, False)
            first = False
        hits = [repo_id for repo_id in enabled if matches(repo_id, pattern)]
        enabled.update(dict.fromkeys(hits, option != "disablerepo"))
    return [source._replace(enabled=enabled[source.id]) for source in sources]


def load(
    config: Config,
    line: CommandLine,
    variables: Variables,
    warn: Callable[[str], None],
    hooks: SectionHooks | None = None,
    note: Callable[[str], None] | None = None,
    *,
    say: Callable[[str], None] | None = None,
) -> tuple[RepoSource, ...]:
    """Return all repositories in tdnf's order: --repofrompath first, then the files'.

    :param note: is told of keys of files without effect.
    :param say: is told of settings of the command line without effect.
    :raises ConfigError: for a bad repository file or option; 1037 for an id used twice.
    """
    overrides = overrides_of(line)
    reader = RepoReader(config, variables, warn, hooks, note, overrides)
    sources = [reader.from_path(text) for name, text in line.all("repofrompath")]
    sources += [reader.from_folder(text) for name, text in line.all("repofromdir")]
    sources += reader.files()
    seen = set()
    for source in sources:
        if source.id in seen:
            raise ConfigError(f"repository id '{source.id}' is used twice", number=1037)
        seen.add(source.id)
    if say is not None and line.words[:1] != ("config-manager",):  # which writes them down
        for text in (*_without_effect(overrides, seen), *_unknown_names(line, seen)):
            say(text)
    return tuple(select(sources, line))


def _unknown_names(line: CommandLine, ids: Iterable[str]) -> Iterator[str]:
    """Yield a line for every --repo, --enablerepo and --disablerepo that names nothing; a glob may."""
    known = tuple(ids)
    for option, pattern in line.all("enablerepo", "disablerepo", "repo", "repoid"):
        if not any(matches(repo_id, pattern) for repo_id in known) and not any(c in pattern for c in "*?["):
            yield f"--{option}={pattern}: there is no such repository; 'tdnf repolist all' lists all"


def _without_effect(overrides: Overrides, ids: Iterable[str]) -> Iterator[str]:
    for pattern, key, _ in overrides:
        if key not in KEYS:
            yield f"--setopt={pattern}.{key}=: '{key}' is not a key of a repository; it is ignored"
        elif not any(matches(repo_id, pattern) for repo_id in ids):
            yield f"--setopt={pattern}.{key}=: no repository has the id '{pattern}'; it is ignored"
