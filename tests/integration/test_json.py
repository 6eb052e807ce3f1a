"""JSON documents, byte for byte: what is escaped, what is empty, and when there is none (output 1.2)."""

from __future__ import annotations

import gzip
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

ODD = Rpm(
    "odd",
    summary='a "quote" \\ slash / tab\tand é\u2028\u007f<&>',
    files={"/usr/share/odd/x": "x"},
)


def raw(tdnf: Tdnf, *arguments: str) -> bytes:
    done = subprocess.run(tdnf.command(*arguments), env=tdnf.environment(), capture_output=True, check=True)
    return done.stdout


@pytest.fixture
def odd(root: Root, tdnf: Tdnf, workshop: Workshop) -> Tdnf:
    root.rpm("-i", "--nosignature", str(workshop.build(ODD, signed=False)[0])).ok()
    return tdnf


def test_only_what_must_be_is_escaped(odd: Tdnf) -> None:
    assert raw(odd, "-j", "search", "odd") == (
        '[{"Name":"odd","Summary":"a \\"quote\\" \\\\ slash / tab\\tand é\u2028\\u007f<&>"}]'.encode()
    )


@pytest.mark.parametrize(
    ("stored", "text", "document"),
    [
        (b"&#7;\x1b[31m", b"?" * 2 + b"[31m", b"\\u0007\\u001b[31m"),
        (b"\xe9 \xc3\xa9", b"\xe9 \xc3\xa9", "\ufffd é".encode()),  # Latin-1, and UTF-8
        (b"&#xD800;", b"&#xD800;", b"&#xD800;"),  # no character
    ],
)
def test_names_that_are_no_clean_text_leave_the_document_readable(
    make_repo: Callable[..., Repo],
    root: Root,
    tdnf: Tdnf,
    tmp_path: Path,
    stored: bytes,
    text: bytes,
    document: bytes,
) -> None:
    repo = make_repo("main", Rpm("one", files={"/usr/share/one/x": "x"}), signed=False)
    lists = tmp_path / "filelists.xml"
    plain = gzip.decompress(repo.part("filelists").read_bytes())
    lists.write_bytes(plain.replace(b"one/x<", b"one/" + stored + b"<"))
    repodata = str(repo.path / "repodata")
    subprocess.run(["modifyrepo_c", "--remove", "filelists", repodata], check=True, capture_output=True)
    command = ["modifyrepo_c", "--mdtype", "filelists", str(lists), repodata]
    subprocess.run(command, check=True, capture_output=True)
    root.add_repo(repo)
    printed = raw(tdnf, "-j", "repoquery", "one", "--list")
    assert printed.endswith(b'"Files":["/usr/share/one/' + document + b'"]}]')
    assert json.loads(printed.decode())
    assert raw(tdnf, "-q", "repoquery", "one", "--list") == b"/usr/share/one/" + text + b"\n"


@pytest.mark.parametrize(
    "words",
    [
        ["list", "nosuch"],
        ["info", "nosuch"],
        ["list", "upgrades", "tool"],
        ["check-update", "tool"],
        ["search", "no-such-text"],
        ["repolist", "--disablerepo=*"],
        ["updateinfo", "list", "tool"],
        ["leaves", "nosuch"],
    ],
)
def test_nothing_is_an_empty_list(look: Tdnf, words: list[str]) -> None:
    done = look("-j", *words).ok()
    assert (done.stdout, done.stderr) == ("[]", "")


@pytest.mark.parametrize(
    "words",
    [
        ["provides", "nosuch"],
        ["provides", "/no/such"],
        ["repoquery", "nosuch"],
        ["repoquery", "--list", "nosuch"],
        ["repoquery", "--duplicates"],
        ["makecache"],
        ["help"],
        ["check", "--repo=second"],
    ],
)
def test_some_commands_print_nothing(look: Tdnf, words: list[str]) -> None:
    assert look("-j", *words).ok().stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["info", "lib"],
        ["repoquery", "--provides"],
        ["search", "lib"],
        ["provides", "lib"],
        ["updateinfo"],
        ["repolist"],
        ["repo", "info"],
        ["count"],
    ],
)
def test_a_document_is_one_line_without_blanks_and_newline(look: Tdnf, words: list[str]) -> None:
    text = look("-j", *words).ok().stdout
    assert "\n" not in text
    assert text == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
