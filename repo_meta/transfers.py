"""Transfers side by side: workers that take files in their order, a few of them from one host."""

from __future__ import annotations

import errno
import queue
import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from pkgman.model.errors import (
    ChecksumMismatch,
    FetchError,
    Incomplete,
    MetadataError,
    PkgmanError,
    SizeMismatch,
    system_error,
)
from repo_meta import mirror, temporary
from repo_meta.curl import CURL, FILE_UNREADABLE
from repo_meta.fetch import put
from repo_meta.mirror import NEXT_MIRROR, Mirrors
from repo_meta.urls import HTTP_STATUS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pkgman.model.progress import Downloads, Reporter
    from pkgman.model.repo import Remote, RepoSource
    from repo_meta.fetch import Fetcher, Item

PER_HOST = 6  # transfers from one host: what browsers do, so what servers are made for
PATIENCE = 2.0  # seconds to wait for transfers that were told to stop


class Job(NamedTuple):
    """One file to transfer."""

    remote: Remote
    source: RepoSource
    bases: Mirrors
    item: Item
    host: str


def at_package(remote: Remote, error: PkgmanError) -> PkgmanError:
    """Add the line that says which package it was."""
    error.lines = (*error.lines, f"Error processing package: {remote.location}")
    return error


def _start(threads: Sequence[threading.Thread]) -> None:
    """Start what can be started: one thread will do.

    :raises PkgmanError: 1611 when the system gives none.
    """
    for number, thread in enumerate(threads):
        try:
            thread.start()
        except RuntimeError as error:
            if number == 0:
                text = "No thread can be started to download with: raise the limits (ulimit -u, -v)."
                raise PkgmanError(text, number=1600 + errno.EAGAIN) from error
            return


def _of_one_file(error: BaseException) -> bool:
    """Whether the failure says nothing about the other files of its source."""
    return isinstance(error, (ChecksumMismatch, SizeMismatch)) or (
        isinstance(error, FetchError) and error.number in (HTTP_STATUS, CURL + FILE_UNREADABLE)
    )


class Transfers:
    """Workers that take jobs in their order, not more than PER_HOST from one host.

    :param faults: how many files may be missing or wrong at their source before all is given up.
    :param accept: as in :func:`fetch_to`.
    """

    def __init__(
        self,
        jobs: list[Job],
        fetcher: Fetcher,
        progress: Downloads,
        report: Reporter,
        *,
        faults: int = 0,
        accept: Callable[[Remote, str], bool] | None = None,
    ) -> None:
        self._jobs, self._faults, self._accept = jobs, faults, accept
        self._waiting: dict[str, deque[tuple[int, Job]]] = {}  # by host, with their places in the order
        for number, job in enumerate(jobs):
            self._waiting.setdefault(job.host, deque()).append((number, job))
        self._fetcher, self._progress, self._report = fetcher, progress, report
        self._busy: dict[str, int] = {}  # transfers by host
        self._dead: set[str] = set()  # base URLs that the network does not reach
        self._newer = mirror.NewerLists(fetcher, progress, report)
        self._change = threading.Condition()
        self._stop = threading.Event()
        self._done: queue.SimpleQueue[tuple[Job, BaseException | None]] = queue.SimpleQueue()
        self._left = len(jobs)
        self._failures = 0

    def run(self, workers: int) -> None:
        """Do all jobs; raise a failure when every worker has stopped."""
        failed: list[PkgmanError] = []
        came: set[str] = set()  # tokens
        # Daemons: an interrupt must end the process even if a socket does not answer.
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(workers)]
        self._progress.expect(len(self._jobs), sum(job.remote.size for job in self._jobs))
        try:
            _start(threads)
            while self._left:
                job, error = self._done.get()
                self._left -= 1
                if isinstance(error, PkgmanError):
                    self._fault(at_package(job.remote, error), failed)
                elif error is not None:
                    raise error
                else:
                    came.add(job.item.token)
            if self._accept is not None:
                # In the order asked for: the first refusal gives the run its number.
                self._name_accepted([job for job in self._jobs if job.item.token in came], self._accept)
        except BaseException:
            self._cancel(threads)
            raise
        finally:
            self._progress.expect(0, 0)
        if failed:
            raise Incomplete(len(failed), len(self._jobs), number=failed[0].number)

    @staticmethod
    def _name_accepted(came: Sequence[Job], accept: Callable[[Remote, str], bool]) -> None:
        for job in came:
            held = temporary.name(job.item.path, job.item.token)
            if accept(job.remote, held):
                try:
                    put(held, job.item.path)
                except OSError as error:
                    raise at_package(job.remote, system_error(error)) from error
            else:
                temporary.discard(held)

    def _fault(self, error: PkgmanError, failed: list[PkgmanError]) -> None:
        """Tell of a failure and go on, if it is one file's and not one too many."""
        if not _of_one_file(error) or len(failed) >= self._faults:
            raise error
        failed.append(error)
        for line in error.lines:
            self._report.diagnostic(line)

    def _cancel(self, threads: list[threading.Thread]) -> None:
        self._stop.set()
        with self._change:
            self._change.notify_all()
        for thread in threads:
            if thread.ident is not None:  # an interrupt may come before all were started
                thread.join(PATIENCE / len(threads))
        for job in self._jobs:
            temporary.discard(temporary.name(job.item.path, job.item.token))

    def _work(self) -> None:
        while (job := self._take()) is not None:
            error: BaseException | None = None
            try:
                self._transfer(job)
            except BaseException as caught:  # handed to the thread that waits
                error = caught
            self._done.put((job, error))
            with self._change:
                self._busy[job.host] -= 1
                if error is not None:
                    # Counted here too: the waiting thread may hear of a failure many requests later.
                    self._failures += 1
                    if self._failures > self._faults or not _of_one_file(error):
                        self._stop.set()
                self._change.notify_all()

    def _take(self) -> Job | None:
        with self._change:
            while self._waiting and not self._stop.is_set():
                free = [host for host in self._waiting if self._busy.get(host, 0) < PER_HOST]
                if free:
                    host = min(free, key=lambda host: self._waiting[host][0][0])
                    self._busy[host] = self._busy.get(host, 0) + 1
                    job = self._waiting[host].popleft()[1]
                    if not self._waiting[host]:
                        del self._waiting[host]
                    return job
                self._change.wait()
        return None

    def _transfer(self, job: Job) -> None:
        try:
            try:
                self._fetch(job, job.bases.urls)
            except NEXT_MIRROR as error:
                newer = () if self._stop.is_set() else self._newer.urls(job.source, job.bases)
                if not newer:
                    raise
                for line in error.lines:
                    self._report.diagnostic(line)
                self._fetch(job, newer)
        except ChecksumMismatch as error:
            line = f"rpm file ({job.item.path}) Checksum FAILED (digest mismatch)"
            raise ChecksumMismatch((*error.lines, line)) from error
        except SizeMismatch as error:
            sizes = f"size ({error.size}) does not match expected size ({job.item.size})"
            raise SizeMismatch((*error.lines, f"rpm file ({job.item.path}) {sizes}")) from error
        except MetadataError as error:
            raise PkgmanError(error.lines, number=error.number) from error

    def _fetch(self, job: Job, bases: tuple[str, ...]) -> None:
        self._fetcher.fetch_first(
            job.source,
            bases,
            job.remote.location,
            job.item,
            progress=self._progress,
            report=self._report,
            stopped=self._stop.is_set,
            dead=self._dead,
        )
