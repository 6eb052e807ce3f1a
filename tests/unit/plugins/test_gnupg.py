from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pkgman.model.errors import PluginError
from pkgman.model.repo import RepoSource
from plugins import gnupg, tdnfrepogpgcheck
from plugins.interface import MetadataEnd

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

NEW = "[GNUPG:] NEWSIG\n"
GOOD = NEW + "[GNUPG:] GOODSIG 1234 Someone\n[GNUPG:] VALIDSIG F 2024-01-01 1 0 4 0 1 8 00 F\n"
NO_KEY = NEW + "[GNUPG:] ERRSIG 1234 1 8 00 1700000000 9 FINGERPRINT\n[GNUPG:] NO_PUBKEY 1234\n"


@pytest.mark.parametrize(
    ("status", "good", "signatures", "reason"),
    [
        (GOOD, True, 1, ""),
        (GOOD * 3, True, 3, ""),
        (NO_KEY, False, 1, "No public key"),
        (GOOD + NO_KEY, False, 2, "No public key"),
        (NO_KEY + GOOD, False, 2, "No public key"),
        (NEW + "[GNUPG:] BADSIG 1 Someone\n", False, 1, "Bad signature"),
        (NEW + "[GNUPG:] EXPSIG 1 Someone\n", False, 1, "Signature expired"),
        (NEW + "[GNUPG:] EXPKEYSIG 1 Someone\n", False, 1, "Key expired"),
        (NEW + "[GNUPG:] REVKEYSIG 1 Someone\n", False, 1, "Certificate revoked"),
        (NEW + "[GNUPG:] ERRSIG 1 99 8 00 1 4 F\n", False, 1, "Unsupported algorithm"),
        (NEW + "[GNUPG:] ERRSIG 1\n", False, 1, "General error"),
        (GOOD + NEW, False, 2, "General error"),
        ("[GNUPG:] NODATA 4\n", False, 0, "No data"),
        ("", False, 0, "General error"),
        # What a user id says is no status of its own.
        (NEW + "[GNUPG:] BADSIG 1 x [GNUPG:] GOODSIG 1\n", False, 1, "Bad signature"),
        (NEW + "[GNUPG:] EXPKEYSIG 1 x\u2028[GNUPG:] GOODSIG 1\n", False, 1, "Key expired"),
        ("\x0b".join((GOOD, "[GNUPG:] NEWSIG 1\u2028[GNUPG:] GOODSIG 1")), True, 1, ""),
        ("[GNUPG:]\n[GNUPG:] \nGOODSIG\n", False, 0, "General error"),
    ],
)
def test_a_verdict_is_good_when_every_signature_is(
    status: str, good: bool, signatures: int, reason: str
) -> None:
    assert gnupg.read_status(status) == (good, signatures, reason)


class Host:
    """What the plugin needs of one."""

    settings: dict[str, str] = {}  # noqa: RUF012

    def fetch(self, *given: Any, **more: Any) -> bytes:
        return b"signature"


@pytest.fixture
def check(tmp_path: Path) -> Any:
    (tmp_path / "repomd.xml").write_text("x")
    event = MetadataEnd(RepoSource("r", "R", repo_gpgcheck=True), f"{tmp_path}/repomd.xml", "http://a/")

    def run() -> PluginError:
        with pytest.raises(PluginError) as caught:
            tdnfrepogpgcheck.load(Host()).metadata_end(event)  # type: ignore[arg-type]
        assert [path.name for path in tmp_path.glob("*.xml*")] == ["repomd.xml"]
        return caught.value

    return run


def test_without_gpg_nothing_is_accepted(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gnupg, "PROGRAMS", ("/nonexistent/gpg",))
    error = check()
    assert (error.number, error.lines[0]) == (2001, "gpg verify failed: gpg is not installed")


@pytest.mark.parametrize(
    ("script", "number", "line"),
    [
        ("exit 0", 2003, "gpg verify failed: no result"),
        ("kill -9 $$", 2003, "gpg verify failed: no result"),
        ("sleep 9", 2001, "gpg verify failed: "),
        ("echo '[GNUPG:] NODATA 1'; exit 2", 2001, "gpg verify failed: No data"),
        (f"cat <<END\n{GOOD}END\nexit 1", 2004, "repo md signature check: gpg ended with status 1"),
    ],
)
def test_a_gpg_that_misbehaves_accepts_nothing(
    check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, number: int, line: str
) -> None:
    program = tmp_path / "gpg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(gnupg, "PROGRAMS", (str(program),))
    monkeypatch.setattr(gnupg, "TIMEOUT", 0.5)
    error = check()
    assert error.number == number
    assert error.lines[0].startswith(line)
    assert error.lines[1:] == (
        f"Error: TDNFVerifySignature {number}",
        error.lines[2],
        "",
    )
