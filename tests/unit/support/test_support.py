"""The tools of the tests must not lie: what they claim to build, sign, break and serve is so."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import http.client
import lzma
import re
import ssl
import subprocess
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
import zstandard

from tests.support import rpms, sample
from tests.support import server as serving
from tests.support.rpms import CONFIG, File, Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root
    from tests.support.keys import Signer
    from tests.support.repos import Repo
    from tests.support.server import Authority, Server
    from tests.support.workshop import Workshop


pytestmark = pytest.mark.slow


def query(path: Path, form: str) -> str:
    return subprocess.run(
        ["rpm", "-qp", "--nosignature", "--qf", form, str(path)], capture_output=True, text=True, check=True
    ).stdout


def test_an_rpm_holds_what_its_description_says(tmp_path: Path) -> None:
    rpm = Rpm(
        "thing",
        "2:1.0-3",
        requires=("other >= 1",),
        requires_for={"pre": ("shell",)},
        obsoletes=("old < 1",),
        files={"/etc/thing.conf": File("50%\n", flag=CONFIG), "/usr/bin/thing": File(b"x", 0o755)},
        scripts={"pre": "echo 100%"},
    )
    (path,) = rpms.build([rpm], tmp_path / "out")
    assert query(path, "%{NEVRA}") == rpm.nevra == "thing-2:1.0-3.noarch"
    assert "other >= 1\n" in query(path, "[%{REQUIRENEVRS}\n]")
    assert query(path, "%{PREIN} %{OBSOLETES}") == "echo 100% old"
    assert query(path, "[%{FILENAMES}:%{FILEMODES:octal}:%{FILEFLAGS}\n]").splitlines() == [
        "/etc/thing.conf:100644:17",
        "/usr/bin/thing:100755:0",
    ]


def test_equal_descriptions_give_equal_bytes(tmp_path: Path) -> None:
    first, second = (rpms.build([sample.APP_1], tmp_path / name)[0].read_bytes() for name in "ab")
    assert first == second


def test_the_workshop_builds_once_and_signs(workshop: Workshop, signing_key: Signer) -> None:
    first = workshop.build(*sample.RPMS)
    stamps = [path.stat().st_ino for path in first]
    assert [path.stat().st_ino for path in workshop.build(*sample.RPMS)] == stamps
    assert signing_key.key_id in query(first[0], "%{RSAHEADER:pgpsig}")


@pytest.mark.parametrize("damage", [rpms.break_payload, rpms.break_header])
def test_a_broken_rpm_keeps_its_size_and_fails_rpms_own_check(
    damage: Callable[[Path], Path], workshop: Workshop, tmp_path: Path
) -> None:
    good = workshop.build(sample.APP_1)[0]
    bad = damage(rpms.copy(good, tmp_path))
    assert bad.stat().st_size == good.stat().st_size
    check = ["rpmkeys", "--dbpath", str(tmp_path), "-K", "--nosignature"]
    assert subprocess.run([*check, str(good)], check=False).returncode == 0
    assert subprocess.run([*check, str(bad)], check=False).returncode != 0


UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.decompress,
    "xz": lzma.decompress,
    "bz2": bz2.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompress(data, max_output_size=1 << 20),
    "none": bytes,
}


@pytest.mark.parametrize("compression", UNPACK)
def test_a_repository_lists_every_package_whatever_the_compression(
    compression: str, make_repo: Callable[..., Repo]
) -> None:
    repo = make_repo("r", *sample.RPMS, compression=compression, advisories=sample.ADVISORIES)
    primary = UNPACK[compression](repo.part("primary").read_bytes()).decode()
    assert set(re.findall("<name>(.*?)</name>", primary)) == {rpm.name for rpm in sample.RPMS}
    assert b"TEST-2024-1" in UNPACK[compression](repo.part("updateinfo").read_bytes())
    promised = re.findall(r"<(?:\w+:)?checksum type=\"sha256\">(\w+)<", repo.repomd.read_text())
    kinds = ("primary", "filelists", "other", "updateinfo")
    assert sorted(promised) == sorted(
        hashlib.sha256(repo.part(kind).read_bytes()).hexdigest() for kind in kinds
    )


def test_the_signature_of_repomd_verifies_with_the_published_key(repo: Repo, tmp_path: Path) -> None:
    assert repo.key is not None
    ring = tmp_path / "key.gpg"
    subprocess.run(["gpg", "--dearmor", "-o", str(ring), str(repo.key)], check=True)
    check = ["gpgv", "--keyring", str(ring), f"{repo.repomd}.asc", str(repo.repomd)]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0


def test_a_program_of_the_host_runs_in_an_empty_root(workshop: Workshop, root: Root) -> None:
    shell = rpms.host_program("shell", "/bin/sh")
    (path,) = workshop.build(shell)
    root.rpm("-i", "--nosignature", str(path)).ok()
    assert root.installed == [shell.nevra]
    assert root.chroot("/bin/sh", "-c", "echo in the root").ok().stdout == "in the root\n"


def test_the_server_keeps_connections_and_answers_ranges(server: Server) -> None:
    (server.folder / "file").write_bytes(b"0123456789")
    client = http.client.HTTPConnection("localhost", server.port)
    client.request("GET", "/file")
    answer = client.getresponse()
    assert (answer.status, answer.read()) == (200, b"0123456789")
    client.request("GET", "/file", headers={"Range": "bytes=4-"})
    answer = client.getresponse()
    assert (answer.status, answer.read(), answer.headers["Content-Range"]) == (206, b"456789", "bytes 4-9/10")
    client.request("GET", "/file", headers={"If-None-Match": answer.headers["ETag"]})
    assert client.getresponse().read() == b""
    client.close()
    assert [request.status for request in server.requests] == [200, 206, 304]
    assert server.connections == 1


def test_the_server_never_leaves_its_folder(server: Server) -> None:
    client = http.client.HTTPConnection("localhost", server.port)
    client.request("GET", "/../../../../../../etc/passwd")
    assert client.getresponse().status == 404
    client.close()


def test_faults_happen_as_often_as_told(server: Server) -> None:
    (server.folder / "file").write_bytes(b"0123456789")
    server.fail("/file", serving.truncated(3, times=1))
    server.fail("/file", serving.status(503, times=1))
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(server.url("file"))
    refusal.value.close()
    with urllib.request.urlopen(server.url("file")) as answer, pytest.raises(http.client.IncompleteRead):
        answer.read()
    with urllib.request.urlopen(server.url("file")) as answer:
        assert answer.read() == b"0123456789"


def test_an_endless_body_ends_with_the_client(server: Server) -> None:
    server.fail("/*", serving.endless())
    with urllib.request.urlopen(server.url("x")) as answer:
        assert len(answer.read(10_000_000)) == 10_000_000


def test_tls_is_spoken_with_the_authoritys_certificate(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"secret")
    with serving.Server(tmp_path, authority=authority) as server:
        trusting = ssl.create_default_context(cafile=str(authority.ca))
        with urllib.request.urlopen(server.url("file"), context=trusting) as answer:
            assert answer.read() == b"secret"
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(server.url("file"))
