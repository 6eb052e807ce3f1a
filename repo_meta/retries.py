"""Which failures of a transfer are tried again, and after what pause (tdnf contract, config 5.5)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pkgman.model.urls import host
from repo_meta.curl import CURL, PERMANENT
from repo_meta.pace import wait
from repo_meta.urls import HTTP_STATUS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkgman.model.errors import FetchError
    from pkgman.model.progress import Reporter
    from pkgman.model.repo import RepoSource

FIRST_PAUSE = 0.1  # seconds; each further one is twice as long
LONGEST_PAUSE = 2.0  # seconds
LONGEST_WISH = 60.0  # seconds that a server may ask us to wait for
PATIENCE = 120.0  # seconds that all servers' wishes for one file may take


class Attempts:
    """The attempts to fetch one file.

    :param patient: False when another place has the file: no time is lost on this one then.
    """

    def __init__(
        self,
        source: RepoSource,
        url: str,
        report: Reporter,
        stopped: Callable[[], bool],
        *,
        patient: bool = True,
    ) -> None:
        self._source, self._url, self._report, self._stopped = source, url, report, stopped
        self._patient = patient
        self._failed = 0
        self._granted = 0.0  # seconds

    def again(self, error: FetchError) -> bool:
        """Say whether to try once more: announced, after the pause. A status or a permanent cause is final.

        429 and 503 with ``Retry-After`` are no final word, within reason.
        """
        self._failed += 1
        if self._failed > self._source.retries or self._stopped() or error.number - CURL in PERMANENT:
            return False
        if error.number == HTTP_STATUS:
            pause = self._granted_pause(error)
            if pause is None:
                return False
        else:
            pause = growing(self._failed) if self._patient else 0.0
        self._report.info(f"retrying {self._failed}/{self._source.retries}")
        wait(pause, self._stopped)
        return not self._stopped()

    def _granted_pause(self, error: FetchError) -> float | None:
        wish = error.retry_after
        if wish is None or not self._patient or wish > LONGEST_WISH:
            return None
        pause = max(wish, growing(self._failed))
        self._granted += pause
        if self._granted > PATIENCE:
            return None
        if pause >= 1:
            self._report.info(f"{host(self._url)} is busy ({error.status}); waiting {pause:.0f} seconds")
        return pause


def growing(attempt: int) -> float:
    """Return the pause before a further attempt, in seconds; by chance up to half shorter.

    Clients that failed together then do not come back together.
    """
    pause = min(FIRST_PAUSE * 2 ** min(attempt - 1, 16), LONGEST_PAUSE)
    return float(pause * (1 - os.urandom(1)[0] / 512))
