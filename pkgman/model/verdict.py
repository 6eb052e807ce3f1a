"""What became of an OpenPGP signature, and who says so: shared by packages and metadata."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Signed = bytes | Callable[[], Iterable[bytes]]  # what was signed, or what gives it in pieces


class Standing(enum.Enum):
    """How a signature stands with a set of keys."""

    GOOD = "good"
    UNKNOWN = "unknown"  # made by none of the keys
    REFUSED = "refused"  # by one of the keys, but the policy does not take the key or the signature
    WRONG = "wrong"  # by one of the keys, and over something else


class Verdict(NamedTuple):
    """``reason`` is a sentence without capital and full stop, ``""`` when the signature is good."""

    standing: Standing
    reason: str = ""


class Judge(Protocol):
    """Judges signatures by the project's one policy; ``relaxed`` takes weak algorithms as well."""

    def judge(
        self, made: Sequence[bytes], signed: Signed, certificates: Sequence[bytes], *, relaxed: bool
    ) -> Verdict:
        """Judge signature packets over ``signed`` by binary certificates."""

    def unusable(self, certificate: bytes, *, relaxed: bool) -> str:
        """Say why a binary certificate can verify nothing, whenever it was signed; ``""`` when it can."""
