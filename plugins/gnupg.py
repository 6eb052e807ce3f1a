"""GnuPG's ``gpg`` with the calling user's key ring: is a detached signature good?"""

from __future__ import annotations

import os
import subprocess
from typing import NamedTuple

# Fixed, since PATH is the caller's word and this runs as root.
PROGRAMS = ("/usr/bin/gpg", "/usr/bin/gpg2", "/bin/gpg", "/usr/local/bin/gpg")
TIMEOUT = 60  # seconds; nothing but a file of some MB is read
_OPTIONS = (
    "--batch",
    "--no-tty",
    "--no-auto-key-retrieve",  # who is trusted is decided by the key ring, not by a key server
    "--disable-dirmngr",
    "--status-fd=1",
    "--verify",
)
_STATUS = "[GNUPG:] "
# GnuPG's words for what is wrong with one signature.
_WRONG = {
    "BADSIG": "Bad signature",
    "EXPSIG": "Signature expired",
    "EXPKEYSIG": "Key expired",
    "REVKEYSIG": "Certificate revoked",
}
_ERRORS = {"4": "Unsupported algorithm", "9": "No public key"}  # of ERRSIG (gnupg's doc/DETAILS)


class Verdict(NamedTuple):
    """What gpg says of a signature file."""

    good: bool  # there are signatures, and every one is good
    signatures: int
    reason: str  # in GnuPG's words, why not; "" when good


class GpgFailed(Exception):
    """gpg could not be run; the text says why."""


def verify(signature: str, data: str) -> Verdict:
    """Verify the file ``signature`` as detached signatures of the file ``data``; absolute paths.

    The key ring is the one of ``GNUPGHOME``, or the user's.

    :raises GpgFailed: when gpg is not there or does not end.
    """
    program = next((path for path in PROGRAMS if os.access(path, os.X_OK)), None)
    if program is None:
        raise GpgFailed("gpg is not installed")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LC_")}
    environment["LC_ALL"] = "C"
    try:
        done = subprocess.run(
            [program, *_OPTIONS, "--", signature, data],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GpgFailed(f"{program}: {error}") from error
    verdict = read_status(done.stdout.decode("utf-8", "replace"))
    if verdict.good and done.returncode:
        # For example a key that its owner has marked as never to be trusted.
        return verdict._replace(good=False, reason=f"gpg ended with status {done.returncode}")
    return verdict


def read_status(text: str) -> Verdict:
    """Read what gpg wrote to its status descriptor."""
    signatures = good = 0
    reasons: list[str] = []
    for line in text.split("\n"):  # nothing else ends a line: user ids may hold what Python takes for an end
        if not line.startswith(_STATUS):
            continue
        word, *rest = line.removeprefix(_STATUS).split(" ")
        signatures += word == "NEWSIG"
        good += word == "GOODSIG"
        if word in _WRONG:
            reasons.append(_WRONG[word])
        elif word == "ERRSIG":
            reasons.append(_ERRORS.get(rest[5] if len(rest) > 5 else "", "General error"))
        elif word == "NODATA":
            reasons.append("No data")
    if reasons or not signatures or good != signatures:
        return Verdict(False, signatures, reasons[0] if reasons else "General error")
    return Verdict(True, signatures, "")
