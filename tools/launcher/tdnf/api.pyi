# Made by tools/launcher/stubs.py; run "make stubs" after a change of the API.

import enum
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Literal, NamedTuple, Protocol

__all__ = [
    "SILENT",
    "Action",
    "Advisory",
    "AdvisoryFor",
    "AdvisoryPackage",
    "Client",
    "Details",
    "Found",
    "NoMatch",
    "NotRoot",
    "Note",
    "NothingToDo",
    "Package",
    "PackageInfo",
    "PkgmanError",
    "Progress",
    "Reason",
    "RepoSource",
    "Report",
    "Scope",
    "Solution",
    "Step",
    "Task",
    "Unsolvable",
    "never",
    "text_of",
]

class Task(Protocol):
    def advance(self, amount: int) -> None: ...
    def end(self) -> None: ...

class _Silent:
    def begin(self, label: str, *, total: int, unit: str = "bytes") -> Task: ...
    def expect(self, files: int, size: int) -> None: ...
    def info(self, text: str) -> None: ...
    def result(self, text: str) -> None: ...
    def diagnostic(self, text: str) -> None: ...
    def confirm(self) -> bool: ...
    def flush(self) -> None: ...

SILENT: _Silent

class Action(enum.Enum):
    INSTALL = "Install"
    UPGRADE = "Upgrade"
    DOWNGRADE = "Downgrade"
    REMOVE = "Remove"
    REINSTALL = "Reinstall"
    OBSOLETE = "Obsolete"

class AdvisoryPackage(NamedTuple):
    name: str
    epoch: int
    version: str
    release: str
    arch: str
    filename: str
    reboot: bool

    @property
    def evr(self) -> str: ...
    @property
    def nevra(self) -> str: ...

class Reference(NamedTuple):
    kind: str
    id: str
    title: str
    url: str

class Advisory(NamedTuple):
    id: str
    type: str
    severity: str
    title: str
    description: str
    updated: int
    reboot: bool
    packages: tuple[AdvisoryPackage, ...]
    kind: str = ""
    issued: int = 0
    references: tuple[Reference, ...] = ()

    @property
    def cves(self) -> tuple[str, ...]: ...
    @property
    def bugs(self) -> tuple[str, ...]: ...

class AdvisoryFor(NamedTuple):
    advisory: Advisory
    installed: str

class Package(NamedTuple):
    name: str
    epoch: int
    version: str
    release: str
    arch: str
    repo: str
    handle: int = 0
    install_size: int = 0
    download_size: int = 0

    @property
    def evr(self) -> str: ...
    @property
    def nevra(self) -> str: ...
    @property
    def is_source(self) -> bool: ...
    @property
    def nvra(self) -> str: ...

class Reason(enum.Enum):
    USER = "user"
    DEPENDENCY = "dependency"
    WEAK = "weak"
    CLEAN = "clean"
    LIMIT = "limit"

class Step(NamedTuple):
    action: Action
    package: Package
    reason: Reason
    replaces: tuple[Package, ...] = ()

class Note(NamedTuple):
    text: str
    diagnostic: bool = False

class Solution(NamedTuple):
    steps: tuple[Step, ...] = ()
    notes: tuple[Note, ...] = ()
    unavailable: tuple[str, ...] = ()
    mark_user: frozenset[str] = frozenset()
    flags: dict[str, bool] | None = None

    def of(self, action: Action) -> tuple[Step, ...]: ...
    @property
    def incoming(self) -> tuple[Step, ...]: ...

def never(question: str) -> bool: ...

class Report(Protocol):
    def info(self, text: str) -> None: ...
    def result(self, text: str) -> None: ...
    def diagnostic(self, text: str) -> None: ...

class Progress(Protocol):
    def begin(self, label: str, *, total: int, unit: str = "bytes") -> Task: ...

class RepoSource(NamedTuple):
    id: str
    name: str
    baseurls: tuple[str, ...] = ()
    mirrorlist: str = ""
    metalink: str = ""
    enabled: bool = False
    gpgcheck: bool = True
    repo_gpgcheck: bool = False
    gpgkeys: tuple[str, ...] = ()
    weak_signatures: bool = False
    priority: int = 50
    excludepkgs: tuple[str, ...] = ()
    includepkgs: tuple[str, ...] = ()
    skip_if_unavailable: bool = False
    metadata_expire: int = 172800
    username: str = ""
    password: str = ""
    sslverify: bool = True
    sslcacert: str = ""
    sslclientcert: str = ""
    sslclientkey: str = ""
    timeout: int = 0
    minrate: int = 0
    throttle: int = 0
    retries: int = 10
    proxy: str = ""
    proxy_username: str = ""
    proxy_password: str = ""
    skip_md_filelists: bool = False
    skip_md_updateinfo: bool = False
    skip_md_other: bool = False
    metadata_dir: str = ""
    package_dir: str = ""
    allow_http_downgrade: bool = False
    configured: tuple[str, ...] = ()
    rpm_folder: str = ""

    def moved(self, urls: tuple[str, ...]) -> RepoSource: ...

Scope = Literal["all", "installed", "available", "upgrades", "downgrades"]

class PackageInfo(NamedTuple):
    summary: str
    description: str
    url: str
    license: str
    source: str
    vendor: str = ""
    build_time: int = 0
    install_time: int = 0

class Details(NamedTuple):
    package: Package
    info: PackageInfo

class Found(NamedTuple):
    name: str
    summary: str

class Entry(NamedTuple):
    id: int
    command: str | None
    timestamp: int
    added_count: int
    removed_count: int

class Client:
    def __init__(
        self,
        *,
        config: str | None = None,
        installroot: str | None = None,
        options: Sequence[str] = (),
        report: Report = SILENT,
        progress: Progress = SILENT,
        confirm: Callable[[str], bool] = never,
        command: str | None = None,
    ) -> None: ...
    def __enter__(self) -> Client: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def repositories(self) -> tuple[RepoSource, ...]: ...
    def refresh(self) -> None: ...
    def packages(self, *specs: str, scope: Scope = "all") -> tuple[Package, ...]: ...
    def info(self, *specs: str, scope: Scope = "all") -> tuple[Details, ...]: ...
    def search(self, *terms: str) -> tuple[Found, ...]: ...
    def advisories(self, *specs: str) -> tuple[AdvisoryFor, ...]: ...
    def history(self) -> tuple[Entry, ...]: ...
    def plan_install(self, *specs: str) -> Solution: ...
    def plan_reinstall(self, *specs: str) -> Solution: ...
    def plan_erase(self, *specs: str) -> Solution: ...
    def plan_autoremove(self, *specs: str) -> Solution: ...
    def plan_update(self, *specs: str) -> Solution: ...
    def plan_downgrade(self, *specs: str) -> Solution: ...
    def plan_distro_sync(self) -> Solution: ...
    def execute(self, solution: Solution) -> None: ...

class PkgmanError(Exception):
    number: int
    lines: tuple[str, ...]

    def __init__(self, lines: str | Iterable[str] = (), *, number: int | None = None) -> None: ...
    def __reduce__(self) -> tuple[object, ...]: ...

class NoMatch(PkgmanError):
    number: int

class NotRoot(PkgmanError):
    number: int

class NothingToDo(PkgmanError):
    number: int

class Unsolvable(PkgmanError):
    number: int

def text_of(number: int) -> str: ...
