"""curl's error codes (libcurl-errors(3)); the number of an error is 1201 + its code (errors 4)."""

from __future__ import annotations

CURL = 1201  # number of curl's code 0

UNSUPPORTED, MALFORMED, NO_PROXY, NO_HOST, NO_CONNECTION, ODD_ANSWER = 1, 3, 5, 6, 7, 8
PARTIAL, TIMED_OUT, TLS, FILE_UNREADABLE, ABORTED = 18, 28, 35, 37, 42
REDIRECTS, EMPTY, RECEIVE, CLIENT_CERT, PEER_CERT, TOO_LARGE, CA_FILE = 47, 52, 56, 58, 60, 63, 77
# Those which trying again does not change (config 5.5).
PERMANENT = frozenset(
    {UNSUPPORTED, MALFORMED, NO_PROXY, FILE_UNREADABLE, ABORTED}
    | {REDIRECTS, CLIENT_CERT, PEER_CERT, TOO_LARGE, CA_FILE}
)
