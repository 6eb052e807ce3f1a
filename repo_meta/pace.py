"""How long a transfer may take and how fast it may be: ``timeout``, ``minrate`` and ``throttle``.

The clock of a transfer starts before the first byte is asked for: name resolution, TLS, redirects, an
answer's head and every byte that frames the body count.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from pkgman.model.errors import FetchError
from pkgman.model.urls import public
from repo_meta.curl import ABORTED, CURL, TIMED_OUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkgman.model.repo import RepoSource

STALL_TIME = 60.0  # seconds for a connection, a head, or the next byte of a body
TICK = 0.25  # seconds between two looks at whether the end was asked for


def never() -> bool:
    """Say that nobody asked to stop."""
    return False


def wait(seconds: float, stopped: Callable[[], bool] = never) -> None:
    """Sleep so long, or until ``stopped`` says yes."""
    until = time.monotonic() + seconds
    while (rest := until - time.monotonic()) > 0 and not stopped():
        time.sleep(min(TICK, rest))


class Throttle:
    """The bandwidth of one repository, shared by all its transfers.

    :param rate: bytes per second.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._free = 0.0  # when all that was taken so far has had its time
        self._lock = threading.Lock()

    def take(self, amount: int) -> float:
        """Note that ``amount`` bytes came; return how many seconds to wait before the next."""
        now = time.monotonic()
        with self._lock:
            self._free = max(now, self._free) + amount / self.rate
            return self._free - now


class Pace:
    """The limits of one attempt to fetch one URL.

    ``timeout`` limits the whole attempt, in seconds. ``minrate`` asks for too slow a transfer to
    last for the same ``timeout`` before it ends it (config 5.1), which can never be sooner.
    """

    def __init__(
        self,
        source: RepoSource,
        url: str,
        *,
        throttle: Throttle | None = None,
        stopped: Callable[[], bool] = never,
    ) -> None:
        self.url = url
        self._timeout, self._minrate = max(0, source.timeout), source.minrate
        self._throttle, self._stopped = throttle, stopped
        self._bytes = 0
        self.begin()

    def begin(self) -> None:
        """Start the clock: making the transport, which may be the first, is no one's slowness."""
        self._began = self._heard = time.monotonic()

    @property
    def piece(self) -> int | None:
        """How many bytes to read at once, None for any number: a throttled transfer takes short breaks."""
        return None if self._throttle is None else max(1, self._throttle.rate // 4)

    def error(self, code: int, reason: str) -> FetchError:
        """Return the error of this transfer for one of curl's codes."""
        return FetchError(f"{public(self.url)}: {reason}", number=CURL + code)

    def left(self) -> float:
        """Return how many seconds the next step may take, always more than 0.

        :raises FetchError: 1229 when there are none left, 1243 when the end was asked for.
        """
        if self._stopped():
            raise self.error(ABORTED, "stopped")
        now = time.monotonic()
        if self._timeout and now >= self._began + self._timeout:
            raise self.error(TIMED_OUT, f"not complete after {self._timeout} seconds{self._slowness(now)}")
        if now >= self._heard + STALL_TIME:
            raise self.error(TIMED_OUT, f"nothing came for {STALL_TIME:.0f} seconds")
        quiet = self._heard + STALL_TIME - now
        return min(quiet, self._began + self._timeout - now) if self._timeout else quiet

    def _slowness(self, now: float) -> str:
        rate = self._bytes / (now - self._began)
        return (
            f", {rate:.0f} bytes a second, less than minrate={self._minrate}" if rate < self._minrate else ""
        )

    def heard(self) -> None:
        """Note that the other side made progress: it has all the time for its next step."""
        self._heard = time.monotonic()

    def advance(self, amount: int) -> None:
        """Note bytes of the body; wait when they came too fast.

        :raises FetchError: as :meth:`left`.
        """
        self._bytes += amount
        self.left()
        until = time.monotonic() + (self._throttle.take(amount) if self._throttle else 0)
        while (rest := until - time.monotonic()) > 0:
            self.heard()  # the pause is ours
            time.sleep(min(TICK, rest, self.left()))
        self.heard()
