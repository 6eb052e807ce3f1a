"""tdnf's Python module (tdnf contract, plugins 5), on top of :mod:`pkgman.api`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tdnf._private import make_importable

make_importable()

from pkgman import __version__  # noqa: E402, F401  # tdnf._tdnf.__version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkgman.api import Client
    from pkgman.model.errors import PkgmanError
    from pkgman.model.transaction import Solution

__all__ = [
    "REPOLISTFILTER_ALL",
    "REPOLISTFILTER_DISABLED",
    "REPOLISTFILTER_ENABLED",
    "distro_sync",
    "downgrade",
    "erase",
    "error",
    "install",
    "repolist",
    "update",
]

REPOLISTFILTER_ALL = 0
REPOLISTFILTER_ENABLED = 1
REPOLISTFILTER_DISABLED = 2

_DEFAULT_CONFIG = "/etc/tdnf/tdnf.conf"
_CMDLINE = "@cmdline"
_NO_FAILURES = (905, 1661)  # nothing to do, no data
_NO_ROOT = 1601
_NONE: list[str | bytes] = []  # no packages; never changed


class error(Exception):  # noqa: N801  # tdnf's name
    """What everything that is raised here for a failure is one of."""


class Failure(error):
    """A failure: the text is ``Error = N: MESSAGE``, and more about it is in ``lines`` and the notes."""

    def __init__(self, number: int, text: str, lines: tuple[str, ...] = ()) -> None:
        super().__init__(f"Error = {number}: {text}")
        self.number, self.lines = number, lines
        for line in lines:
            self.add_note(line)

    def __reduce__(self) -> tuple[object, ...]:
        """Let copies and other processes have the failure as it is."""
        return _restored, (self.args, self.__dict__)


def _restored(arguments: tuple[object, ...], state: dict[str, object]) -> Failure:
    failure = Failure.__new__(Failure, *arguments)
    failure.__dict__.update(state)
    return failure


class Repo:
    """A repository; an attribute that has no value is not there, so ``hasattr`` tells."""

    __slots__ = ("baseurl", "enabled", "id", "metalink", "name")

    id: bytes
    name: bytes
    baseurl: bytes
    metalink: bytes
    enabled: int

    def __init__(self, id: str, name: str, baseurl: str, metalink: str, enabled: int) -> None:
        for attribute, value in (("id", id), ("name", name), ("baseurl", baseurl), ("metalink", metalink)):
            if value:
                setattr(self, attribute, os.fsencode(value))
        self.enabled = enabled

    def __repr__(self) -> str:
        def shown(attribute: str) -> str:
            value: bytes | None = getattr(self, attribute, None)
            return "''" if value is None else os.fsdecode(value)

        texts = ", ".join(f"{name}: {shown(name)}" for name in ("id", "name", "baseurl", "metalink"))
        return f"{{{texts}, enabled: {self.enabled}}}"


class _Printer:
    """Prints as the module always did: notes to standard output, warnings to standard error."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def info(self, text: str) -> None:
        if not self._quiet:
            _say(text)

    def result(self, text: str) -> None:
        _say(text)

    def diagnostic(self, text: str) -> None:
        _say(text, to_stderr=True)


def _say(text: str, *, to_stderr: bool = False) -> None:
    stream = sys.stderr if to_stderr else sys.stdout
    if stream is None:  # a program without standard streams
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)
    except (OSError, ValueError):  # nobody listens; a transaction under way goes on
        return


def repolist(filter: int = REPOLISTFILTER_ENABLED, config: str | None = None) -> list[Repo]:
    """Return the repositories; with ALL and DISABLED ``@cmdline`` comes first.

    :param filter: one of the three REPOLISTFILTER numbers; any other acts like ENABLED.
    :param config: the main configuration file.
    """
    _check_type("filter", filter, int)
    listed: list[Repo] = []

    def look(client: Client) -> None:
        if filter in (REPOLISTFILTER_ALL, REPOLISTFILTER_DISABLED):
            listed.append(Repo(_CMDLINE, _CMDLINE, "", "", 0))
        for source in client.repositories():
            if filter == REPOLISTFILTER_ALL or source.enabled is (filter != REPOLISTFILTER_DISABLED):
                url = source.baseurls[0] if source.baseurls else ""
                listed.append(Repo(source.id, source.name, url, source.metalink, int(source.enabled)))

    _with_client(look, refresh=False, quiet=False, config=config)
    return listed


def install(
    pkgs: list[str | bytes] = _NONE, refresh: bool = False, quiet: bool = False, config: str | None = None
) -> int:
    """Install packages by spec, rpm file or URL, without asking; return 0."""
    return _alter(lambda client, names: client.plan_install(*names), pkgs, refresh, quiet, config)


def erase(
    pkgs: list[str | bytes] = _NONE, refresh: bool = False, quiet: bool = False, config: str | None = None
) -> int:
    """Remove packages and what needs them, without asking; return 0."""
    return _alter(lambda client, names: client.plan_erase(*names), pkgs, refresh, quiet, config)


def update(
    pkgs: list[str | bytes] = _NONE, refresh: bool = False, quiet: bool = False, config: str | None = None
) -> int:
    """Update packages, all of them if none are named, without asking; return 0."""
    return _alter(lambda client, names: client.plan_update(*names), pkgs, refresh, quiet, config)


def downgrade(
    pkgs: list[str | bytes] = _NONE, refresh: bool = False, quiet: bool = False, config: str | None = None
) -> int:
    """Go back to earlier versions, of everything if none are named, without asking; return 0."""
    return _alter(lambda client, names: client.plan_downgrade(*names), pkgs, refresh, quiet, config)


def distro_sync(
    pkgs: list[str | bytes] = _NONE, refresh: bool = False, quiet: bool = False, config: str | None = None
) -> int:
    """Bring everything to the repositories' versions, whatever ``pkgs`` names; return 0."""
    return _alter(lambda client, _: client.plan_distro_sync(), pkgs, refresh, quiet, config)


def _alter(
    plan: Callable[[Client, tuple[str, ...]], Solution],
    pkgs: list[str | bytes],
    refresh: bool,
    quiet: bool,
    config: str | None,
) -> int:
    _check_type("pkgs", pkgs, list)
    for name in pkgs:
        _check_type("every member of pkgs", name, (str, bytes))
    names = tuple(os.fsdecode(name) for name in pkgs)
    _check_type("refresh", refresh, bool)
    _check_type("quiet", quiet, bool)

    def work(client: Client) -> None:
        client.execute(plan(client, names))

    if os.geteuid() != 0:
        from pkgman.errortexts import text_of

        raise Failure(_NO_ROOT, text_of(_NO_ROOT))
    _with_client(work, refresh=refresh, quiet=quiet, config=config)
    return 0


def _with_client(work: Callable[[Client], object], *, refresh: bool, quiet: bool, config: str | None) -> None:
    if config is not None:
        _check_type("config", config, str)
    from pkgman.api import Client
    from pkgman.model.errors import PkgmanError

    try:
        with Client(
            config=_DEFAULT_CONFIG if config is None else config,
            options=("--refresh",) if refresh else (),
            report=_Printer(quiet=quiet),
            confirm=lambda _: True,  # keys that the configuration names, as with -y
        ) as client:
            work(client)
    except PkgmanError as problem:
        if problem.number not in _NO_FAILURES:
            raise _failure(problem) from problem


def _failure(problem: PkgmanError) -> Failure:
    from pkgman.errortexts import text_of

    return Failure(problem.number, text_of(problem.number), problem.lines)


def _check_type(name: str, value: object, wanted: type | tuple[type, ...]) -> None:
    if not isinstance(value, wanted):
        kinds = wanted if isinstance(wanted, tuple) else (wanted,)
        names = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"{name} must be {names}, not {type(value).__name__}")
