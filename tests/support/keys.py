"""OpenPGP keys for tests: made, used and forgotten in a scratch keyring."""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
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
    def empty(cls) -> Signer:
        """A keyring without a key, in a folder of its own."""
        folder = Path(tempfile.mkdtemp(prefix="pkg-", dir="/tmp"))
        folder.chmod(0o700)
        return cls(folder, "")

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

    def sign_rpms(self, paths: Sequence[Path], *, whole: bool = False, digest: str = "sha256") -> None:
        """Sign RPM files in place; ``whole``: header and payload together, too, as rpm did until 4.14."""
        if not paths:
            return
        count = min(len(paths), os.cpu_count() or 1)
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            batches = [paths[index::count] for index in range(count)]
            list(pool.map(lambda batch: self._sign_batch(batch, whole, digest), batches))

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

    def _sign_batch(self, paths: Sequence[Path], whole: bool, digest: str) -> None:
        macros = {
            "__gpg": "/usr/bin/gpg",
            "_gpg_name": self.fingerprint,
            "_gpg_path": str(self.home),
            "_gpg_sign_cmd_extra_args": "--batch --pinentry-mode loopback --allow-weak-digest-algos",
            "_gpg_digest_algo": digest,
        }
        command = ["rpmsign"]
        for name, value in macros.items():
            command += ["--define", f"{name} {value}"]
        self._run([*command, *(["--rpmv3"] if whole else []), "--addsign", *map(str, paths)])

    def _run(self, command: Sequence[str]) -> bytes:
        environment = scrubbed_environment(self.home) | {"GNUPGHOME": str(self.home)}
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if done.returncode:
            raise BuildError(done.stderr.decode(errors="replace"))
        return done.stdout


def version_3(signer: Signer, fingerprint: str, data: bytes, *, hashed: str = "sha256") -> bytes:
    """An RSA signature packet of version 3, which gpg does not make any more and rpm did until 2017."""
    made = b"\0" + int(time.time()).to_bytes(4, "big")
    digest = hashlib.new(hashed, data + made).digest()
    head = b"\3\5" + made + bytes.fromhex(fingerprint[-16:]) + bytes((1, _HASHES[hashed][1])) + digest[:2]
    return _packet(head + _rsa(signer, fingerprint, digest, hashed))


def certification(signer: Signer, fingerprint: str, hashed: bytes, *, subpackets: bytes) -> bytes:
    """An RSA self-signature on a user id with any subpackets; ``hashed`` is the key and the user id."""
    head = bytes((4, 0x13, 1, 8)) + len(subpackets).to_bytes(2, "big") + subpackets
    digest = hashlib.sha256(hashed + head + b"\4\xff" + len(head).to_bytes(4, "big")).digest()
    issuer = b"\x09\x10" + bytes.fromhex(fingerprint[-16:])
    tail = len(issuer).to_bytes(2, "big") + issuer + digest[:2]
    return _packet(head + tail + _rsa(signer, fingerprint, digest, "sha256"))


def _rsa(signer: Signer, fingerprint: str, digest: bytes, hashed: str) -> bytes:
    n, _, d = _secret_numbers(signer.gpg("--export-secret-keys", fingerprint))
    size = (n.bit_length() + 7) // 8
    info = bytes.fromhex(_HASHES[hashed][0]) + digest
    block = b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info
    value = pow(int.from_bytes(block, "big"), d, n)
    return value.bit_length().to_bytes(2, "big") + value.to_bytes((value.bit_length() + 7) // 8, "big")


def _packet(body: bytes) -> bytes:
    return b"\x89" + len(body).to_bytes(2, "big") + body


_HASHES = {
    "md5": ("3020300c06082a864886f70d020505000410", 1),
    "sha1": ("3021300906052b0e03021a05000414", 2),
    "sha256": ("3031300d060960864801650304020105000420", 8),
}


def _secret_numbers(packet: bytes) -> list[int]:
    """n, e and d of the RSA key in an unprotected secret key packet of gpg's (RFC 9580, section 5.5.3)."""
    size = (1, 2, 4)[packet[0] & 3]
    at = 1 + size + 6  # behind version, time and algorithm
    found: list[int] = []
    for _ in range(3):
        if len(found) == 2:
            assert packet[at] == 0, "the key is protected"
            at += 1
        length = (int.from_bytes(packet[at : at + 2], "big") + 7) // 8
        found.append(int.from_bytes(packet[at + 2 : at + 2 + length], "big"))
        at += 2 + length
    return found
