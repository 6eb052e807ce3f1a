"""librpm's problems as tdnf words them (tdnf contract, output 3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rpm

from pkgman.transaction.librpm.header import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

PRETRANS = 1 << 7  # RPMSENSE_PRETRANS; not every binding has the name


def listing(problems: Sequence[rpm.prob]) -> tuple[str, ...]:
    """Return the lines of the listing: how many, then one per problem."""
    texts = dict.fromkeys(_text(problem) for problem in problems)
    return (f"Found {len(texts)} problems", *texts)


def pretrans_hint(ts: rpm.ts, problems: Sequence[rpm.prob]) -> str:
    """Return the advice for a ``Requires(pretrans)`` on a package of the same transaction, else ""."""
    missing = {f"{decode(problem._str)}" for problem in problems if problem.type == rpm.RPMPROB_REQUIRES}
    if not missing:
        return ""
    provided = {entry.N() for element in ts for entry in _added(element, "Providename")}
    for element in ts:
        for entry in _added(element, "Requirename"):
            if entry.Flags() & PRETRANS and entry.N() in provided:
                text = decode(entry.DNEVR())[2:]  # "R name >= 1"
                if text in missing:
                    return (
                        f"Detected rpm pre-transaction dependency errors. Install {text} first to "
                        "resolve this failure."
                    )
    return ""


def _added(element: rpm.te, kind: str) -> Sequence[rpm.ds]:
    return list(element.DS(kind)) if element.Type() == 1 else []


def _text(problem: rpm.prob) -> str:
    text = str(problem)
    if problem.type == rpm.RPMPROB_VERIFY and "digest" in text.lower():
        return f"{text}. Use --skipdigest to ignore"
    return text
