"""What is going to happen, and what did."""

import enum
from typing import NamedTuple

from pkgman.model.package import Package


class Action(enum.Enum):
    """What a step does to its package; the value is the key of tdnf's JSON object."""

    INSTALL = "Install"
    UPGRADE = "Upgrade"
    DOWNGRADE = "Downgrade"
    REMOVE = "Remove"
    REINSTALL = "Reinstall"
    OBSOLETE = "Obsolete"


class Reason(enum.Enum):
    """Why a step is there."""

    USER = "user"  # asked for by the request
    DEPENDENCY = "dependency"  # needed by something asked for
    WEAK = "weak"  # recommended, supplementing
    CLEAN = "clean"  # no longer needed by anything
    LIMIT = "limit"  # more instances than installonly_limit


class Step(NamedTuple):
    """One package and what happens to it.

    For INSTALL, UPGRADE, DOWNGRADE and REINSTALL ``package`` is the new one and
    ``replaces`` holds what leaves the system for it; an obsoleted package has a
    step of its own with OBSOLETE as well.
    """

    action: Action
    package: Package
    reason: Reason
    replaces: tuple[Package, ...] = ()


class Note(NamedTuple):
    """Something the user is told about the resolving; ``diagnostic`` notes go to stderr."""

    text: str
    diagnostic: bool = False


class Solution(NamedTuple):
    """The solver's answer: steps in its order (dependencies usually first)."""

    steps: tuple[Step, ...] = ()
    notes: tuple[Note, ...] = ()
    unavailable: tuple[str, ...] = ()  # specs passed over by --skip-broken
    mark_user: frozenset[str] = frozenset()
    """Installed names that the request turns into user-installed ones."""
    flags: dict[str, bool] | None = None
    """For a way back in the history: names and whether they become auto-installed; nothing else changes."""

    def of(self, action: Action) -> tuple[Step, ...]:
        """Return the steps with ``action``, in order."""
        return tuple(step for step in self.steps if step.action is action)

    @property
    def incoming(self) -> tuple[Step, ...]:
        """The steps that bring a package file: install, upgrade, downgrade, reinstall."""
        return tuple(s for s in self.steps if s.action not in (Action.REMOVE, Action.OBSOLETE))
