"""Let librpm change the system: dependency check, test run, real run."""

from __future__ import annotations

import errno
import os
import resource
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import rpm

from pkgman.model.errors import PkgmanError, TransactionFailed
from pkgman.model.transaction import Action
from pkgman.transaction.librpm import resources
from pkgman.transaction.librpm.callback import INSTALLED, REMOVED, Callback
from pkgman.transaction.librpm.database import unopenable
from pkgman.transaction.librpm.header import decode, nevra
from pkgman.transaction.librpm.problems import listing, pretrans_hint
from pkgman.transaction.librpm.signals import HeldSignals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pkgman.model.package import Package
    from pkgman.model.progress import Reporter
    from pkgman.model.transaction import Step
    from pkgman.transaction.librpm.database import RpmDatabase
    from pkgman.transaction.verifiedfile import VerifiedFile

DEPENDENCIES = 1515
BAD_ROOT = 1502

# The order in which tdnf hands packages to librpm (contract, commands 4.3, step 7).
_INCOMING = (Action.INSTALL, Action.REINSTALL, Action.UPGRADE, Action.DOWNGRADE)


class Options(NamedTuple):
    """How librpm is to work."""

    test_only: bool = False
    no_docs: bool = False  # tsflags=nodocs
    no_scripts: bool = False  # tsflags=noscripts
    ignore_arch: bool = False  # --forcearch: packages of another machine
    digests: bool = True  # off with --nogpgcheck, --skipdigest
    open_max: int = 1024  # soft limit of open files where the root has no /proc; 0: leave it alone


class Outcome(NamedTuple):
    """What happened; NEVRAs as rpm writes them."""

    installed: tuple[str, ...]
    removed: tuple[str, ...]
    signal: int = 0  # the first signal that was held back meanwhile


def run(
    database: RpmDatabase,
    steps: Sequence[Step],
    files: Iterable[VerifiedFile],
    *,
    report: Reporter,
    script_output: Callable[[str], None],
    options: Options = Options(),  # noqa: B008 - an immutable value
) -> Outcome:
    """Check, test and carry out ``steps`` with ``files``, one for each incoming package.

    From here on nothing is imported: the transaction may replace Python. Signals
    wait until librpm is done. Scripts' lines go to ``script_output``, each with
    its package's NEVRA in front.

    :raises TransactionFailed: 1515 for unmet dependencies, 1525 for any other refusal or failure.
    :raises NotTrusted: 1514 when a file is not the verified one any more.
    """
    by_package = {file.package: file for file in files}
    resources.ensure()
    missing = [s.package.nevra for s in steps if s.action in _INCOMING and s.package not in by_package]
    if missing:
        raise TransactionFailed(f"{name}: not verified" for name in missing)
    os.makedirs(database.root, exist_ok=True)
    keyed = {str(number): file for number, file in enumerate(by_package.values())}
    callback = Callback(keyed, report=report, script_output=script_output)
    try:
        job = _Job(database, callback, report, options, signed=[file.signed for file in keyed.values()])
    except BaseException:
        callback.close()
        raise
    try:
        keys = {file.package: key for key, file in keyed.items()}
        job.add(steps, keys, by_package)
        job.check_dependencies()
        report.info("Testing transaction")
        job.test()
        if options.test_only:
            return Outcome((), ())
        report.info("Running transaction")
        with _open_files(database.root, options.open_max, report):
            return job.run()
    finally:
        job.close()


class _Job:
    """One librpm transaction set."""

    def __init__(
        self,
        database: RpmDatabase,
        callback: Callback,
        report: Reporter,
        options: Options,
        *,
        signed: Sequence[bool],
    ) -> None:
        self._callback = callback
        self._report = report
        self._options = options
        # A lower version takes a higher one's place only where the steps say so.
        self._filter = int(rpm.RPMPROB_FILTER_OLDPACKAGE)
        if options.ignore_arch:
            self._filter |= int(rpm.RPMPROB_FILTER_IGNOREARCH)
        rpm.setVerbosity(database.verbosity)
        try:
            self._ts = rpm.ts(database.root)
            opened = not database.exists or self._ts.openDB() == 0
        except rpm.error as error:
            raise PkgmanError(f"{database.root}: {error}", number=BAD_ROOT) from error
        if not opened:  # librpm would take it for an empty one
            raise unopenable(database.root)
        self._ts.cbStyle = 1
        self._ts.scriptFd = callback.script_fd
        self._set_checks(signed)

    def _set_checks(self, signed: Sequence[bool]) -> None:
        """Have librpm check what was asked for; ``signed`` says it of each file.

        One level holds for all files: beside files that need no signature librpm cannot insist on
        one. It refuses wrong signatures all the same, unless no signature at all is asked for.
        """
        flags, level = 0, int(self._ts.getVfyLevel())
        if not all(signed):
            level &= ~int(rpm.RPMSIG_SIGNATURE_TYPE)
        if not any(signed):
            flags |= int(rpm.RPMVSF_MASK_NOSIGNATURES)
        if not self._options.digests:
            flags |= int(rpm.RPMVSF_MASK_NODIGESTS)
            level &= ~int(rpm.RPMSIG_DIGEST_TYPE)
        self._checks = flags
        self._ts.setVSFlags(flags)
        self._ts.setVfyFlags(flags)
        self._ts.setVfyLevel(level)

    def close(self) -> None:
        self._ts.clean()
        self._ts.closeDB()
        self._callback.close()

    def add(
        self, steps: Sequence[Step], keys: Mapping[Package, str], files: Mapping[Package, VerifiedFile]
    ) -> None:
        """Hand every step to librpm, and refuse if librpm would remove more than the steps say."""
        if any(_epoch_alone(step) for step in steps):
            # librpm takes a package without an epoch for the installed one, whatever epoch that has.
            self._filter |= int(rpm.RPMPROB_FILTER_REPLACEPKG)
        several = _repeated(step.package.name for step in steps if step.action is Action.INSTALL)
        for action in _INCOMING:
            for step in steps:
                if step.action is action:
                    self._add_file(
                        step, keys[step.package], files[step.package], beside=step.package.name in several
                    )
        arriving = {step.package.nevra for step in steps if step.action in _INCOMING}
        if lost := arriving.difference(self._elements(INSTALLED)):
            raise TransactionFailed(
                f"rpm would not install {name}, though it is agreed" for name in sorted(lost)
            )
        leaving = {package.nevra: package for step in steps for package in step.replaces}
        leaving.update((s.package.nevra, s.package) for s in steps if s.action not in _INCOMING)
        for name, package in leaving.items():
            if name not in arriving:
                self._erase(package)
        planned = leaving.keys() | arriving
        extra = [name for name in self._elements(REMOVED) if name not in planned]
        if extra:
            raise TransactionFailed(
                f"rpm would remove {name} as well, which is not part of the transaction" for name in extra
            )

    def check_dependencies(self) -> None:
        _BINDING.check(self._ts)
        problems = list(self._ts.problems())
        if problems:
            self._tell(problems)
            hint = pretrans_hint(self._ts, problems)
            if hint:
                self._report.diagnostic(hint)
            raise TransactionFailed(number=DEPENDENCIES)
        self._ts.order()

    def test(self) -> None:
        self._callback.silent = True
        held = HeldSignals()
        with held:
            self._ts.setFlags(self._flags() | rpm.RPMTRANS_FLAG_TEST)
            self._conclude(_BINDING.run(self._ts, self._callback, None, self._filter))
        self._callback.silent = False
        if held.received:  # nothing has happened yet: end as the signal wants it
            signal.raise_signal(held.received)

    def run(self) -> Outcome:
        held = HeldSignals()
        with held:
            self._ts.setFlags(self._flags())
            # The test run has verified all files, and each is known to be the same when it is opened.
            result = _BINDING.run(self._ts, self._callback, None, self._filter | rpm.RPMPROB_FILTER_VERIFY)
            self._callback.flush()
            self._conclude(result)
        return Outcome(tuple(self._elements(INSTALLED)), tuple(self._elements(REMOVED)), held.received)

    def _flags(self) -> int:
        flags = 0
        if self._options.no_docs:
            flags |= int(rpm.RPMTRANS_FLAG_NODOCS)
        if self._options.no_scripts:
            flags |= int(rpm.RPMTRANS_FLAG_NOSCRIPTS | rpm.RPMTRANS_FLAG_NOTRIGGERS)
        return flags

    def _conclude(self, result: int) -> None:
        """Raise what the callback kept, or what librpm reports."""
        if self._callback.failure is not None:
            raise self._callback.failure
        if result == 0:
            return
        problems = list(self._ts.problems())
        if problems:
            self._tell(problems)
            raise TransactionFailed
        failed = [decode(element.NEVRA()) for element in self._ts if element.Failed()]
        raise TransactionFailed(f"{name}: not carried out" for name in failed)

    def _tell(self, problems: Sequence[rpm.prob]) -> None:
        for line in listing(problems):
            self._report.result(line)

    def _add_file(self, step: Step, key: str, file: VerifiedFile, *, beside: bool) -> None:
        """Hand over one file; ``beside``: other versions of the name arrive as well."""
        fd = file.open()
        try:
            header = self._header(fd)
            if step.action is Action.REINSTALL:
                self._ts.addReinstall(header, key)
            else:
                # "i" leaves other versions in place: install-only packages.
                if step.action is Action.INSTALL:
                    beside = beside or self._is_installed(step.package.name)
                else:
                    beside = False
                self._ts.addInstall(header, key, "i" if beside else "u")
        except rpm.error as error:
            raise TransactionFailed(f"{file.path}: {error}") from error
        finally:
            os.close(fd)

    def _header(self, fd: int) -> rpm.hdr:
        """Read a verified file's header.

        Its signature was judged by the keys of its repository: here librpm would ask the system's keys, of
        which it may know or take fewer.
        """
        self._ts.setVSFlags(self._checks | rpm.RPMVSF_MASK_NOSIGNATURES)
        try:
            return self._ts.hdrFromFdno(fd)
        finally:
            self._ts.setVSFlags(self._checks)

    def _is_installed(self, name: str) -> bool:
        return any(True for _ in self._ts.dbMatch("name", name))

    def _erase(self, package: Package) -> None:
        found = False
        for header in self._ts.dbMatch("name", package.name):
            if plain(nevra(header)) == package.nevra:
                self._ts.addErase(header)
                found = True
        if not found:
            raise TransactionFailed(f"{package.nevra} is not installed")

    def _elements(self, kind: int) -> list[str]:
        return [plain(decode(element.NEVRA())) for element in self._ts if element.Type() == kind]


def _epoch_alone(step: Step) -> bool:
    """Say whether a step replaces a package that differs from its own in nothing but the epoch."""
    own = step.package
    return step.action in _INCOMING and any(
        other.epoch != own.epoch and other.nvra == own.nvra for other in step.replaces
    )


def _repeated(names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    found: set[str] = set()
    for name in names:
        (found if name in seen else seen).add(name)
    return found


@contextmanager
def _open_files(root: str, wanted: int, report: Reporter) -> Iterator[None]:
    """Lower the limit of open files for scripts' sake.

    Without /proc librpm closes every possible descriptor before it starts a
    script, which takes long where millions are allowed.
    """
    if not wanted or os.access(os.path.join(root, "proc/self/fd"), os.R_OK):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft <= wanted:
        yield
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:
        number = getattr(error, "errno", None) or errno.EINVAL
        report.diagnostic(
            f"warning: could not set rlimit: {os.strerror(number)} ({number})."
            "This may cause degraded performance."
        )
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def plain(name: str) -> str:
    """Write a NEVRA as our values do: an epoch of 0, which rpm shows if stated, is left out."""
    return name.replace("-0:", "-", 1)


_BINDING = rpm.TransactionSet.__base__  # its subclass in Python hides result codes
