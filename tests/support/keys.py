"""OpenPGP keys for tests: made, used and forgotten in a scratch keyring."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.rpms import BuildError, scrubbed_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType


class Signer:
    """A secret key without passphrase in its own GNUPGHOME.

    The folder's path must stay short: gpg-agent's socket lies in it, and a socket's path
    has at most 107 bytes. ``close`` stops that agent and removes the folder.
    """

    def __init__(self, home: Path, fingerprint: str) -> None:
        self.home = home
        self.fingerprint = fingerprint

    @classmethod
    def create(
        cls, user: str = "Test <test@localhost>", *, algorithm: str = "rsa2048", home: Path | None = None
    ) -> Signer:
        """Make a key; ``algorithm`` is gpg's word (rsa2048, rsa4096, ed25519, nistp256 …)."""
        folder = home or Path(tempfile.mkdtemp(prefix="pkg-", dir="/tmp"))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        signer = cls(folder, "")
        signer.gpg("--passphrase", "", "--quick-generate-key", user, algorithm, "sign", "never")
        listing = signer.gpg("--with-colons", "--list-secret-keys").decode()
        signer.fingerprint = next(
            line.split(":")[9] for line in reversed(listing.splitlines()) if line.startswith("fpr:")
        )
        return signer

    @property
    def key_id(self) -> str:
        """The long key id: 16 lower-case hex digits."""
        return self.fingerprint[-16:].lower()

    def public_key(self, *, armored: bool = True) -> bytes:
        """The public key block."""
        return self.gpg(*(["--armor"] if armored else []), "--export", self.fingerprint)

    def write_public_key(self, path: Path) -> Path:
        """Write the armored public key to ``path``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.public_key())
        return path

    def sign_rpms(self, paths: Sequence[Path]) -> None:
        """Sign RPM files in place."""
        if not paths:
            return
        count = min(len(paths), os.cpu_count() or 1)
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            list(pool.map(self._sign_batch, [paths[index::count] for index in range(count)]))

    def sign_detached(self, path: Path, *, armored: bool = True) -> Path:
        """Write ``path``'s detached signature beside it as ``NAME.asc``."""
        target = path.with_name(path.name + ".asc")
        target.unlink(missing_ok=True)
        arguments = ["--armor"] if armored else []
        self.gpg("-u", self.fingerprint, *arguments, "--detach-sign", "--output", str(target), str(path))
        return target

    def gpg(self, *arguments: str) -> bytes:
        """Run gpg on this keyring and give its standard output."""
        return self._run(["gpg", "--batch", "--no-tty", "--yes", "--pinentry-mode", "loopback", *arguments])

    def close(self) -> None:
        """Stop the agent of this keyring and remove the folder."""
        self._run(["gpgconf", "--kill", "all"])
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self) -> Signer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _sign_batch(self, paths: Sequence[Path]) -> None:
        macros = {
            "__gpg": "/usr/bin/gpg",
            "_gpg_name": self.fingerprint,
            "_gpg_path": str(self.home),
            "_gpg_sign_cmd_extra_args": "--batch --pinentry-mode loopback",
            "_gpg_digest_algo": "sha256",
        }
        command = ["rpmsign"]
        for name, value in macros.items():
            command += ["--define", f"{name} {value}"]
        self._run([*command, "--addsign", *map(str, paths)])

    def _run(self, command: Sequence[str]) -> bytes:
        environment = scrubbed_environment(self.home) | {"GNUPGHOME": str(self.home)}
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if done.returncode:
            raise BuildError(done.stderr.decode(errors="replace"))
        return done.stdout
