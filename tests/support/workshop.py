"""Build each described RPM once per test session, whatever the number of parallel workers."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.keys import Signer
from tests.support.rpms import Rpm, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Workshop:
    """Gives paths of built RPMs, from a folder which all workers share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @functools.cached_property
    def signer(self) -> Signer:
        """The key that signs what :meth:`build` gives; do not close it."""
        return self.other_signer("Workshop <workshop@localhost>")

    def other_signer(self, user: str, *, algorithm: str = "rsa2048") -> Signer:
        """A key for that user, made once per session."""
        tag = hashlib.sha256(f"{user} {algorithm}".encode()).hexdigest()[:8]
        home, note = self.folder / f"g{tag}", self.folder / f"g{tag}.fingerprint"
        with self._locked():
            if not note.exists():
                note.write_text(Signer.create(user, algorithm=algorithm, home=home).fingerprint)
        return Signer(home, note.read_text())

    def build(self, *rpms: Rpm, signer: Signer | None = None, signed: bool = True) -> list[Path]:
        """Paths of these RPMs in their order, signed by ``signer`` or the workshop's own key.

        The files are shared: copy one before damaging it.
        """
        by = (signer or self.signer) if signed else None
        folders = [self._place(rpm, by) for rpm in rpms]
        with self._locked():
            missing: dict[Path, Rpm] = {
                folder: rpm for folder, rpm in zip(folders, rpms, strict=True) if not folder.exists()
            }
            # One build may hold a file name once only: equal names go one after the other.
            while missing:
                batch = {rpm.filename: (folder, rpm) for folder, rpm in missing.items()}
                scratch = self.folder / f"build-{os.getpid()}"
                built = build([rpm for _, rpm in batch.values()], scratch)
                if by:
                    by.sign_rpms(built)
                for path, (folder, _) in zip(built, batch.values(), strict=True):
                    part = folder.with_name(folder.name + ".part")
                    part.mkdir(exist_ok=True)
                    path.rename(part / path.name)
                    part.rename(folder)
                    del missing[folder]
        return [folder / rpm.filename for folder, rpm in zip(folders, rpms, strict=True)]

    def _place(self, rpm: Rpm, signer: Signer | None) -> Path:
        key = f"{signer.fingerprint if signer else 'unsigned'} {rpm!r}"
        return self.folder / hashlib.sha256(key.encode()).hexdigest()[:16]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with open(self.folder / "lock", "w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
