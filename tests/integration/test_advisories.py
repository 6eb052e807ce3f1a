"""Advisories chosen by dnf's options: for ``advisory``, ``updateinfo`` and updates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.repos import Advisory
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

# An update for each of a, b, c, d and e, which are all installed as 1-1.
OLD = {name: Rpm(name, "1-1") for name in "abcde"}
NEW = {name: Rpm(name, "2-1") for name in "abcde"}
ADVISORIES = (
    Advisory("A-1", (NEW["a"],), severity="9.8", references=(("cve", "CVE-2024-1"), ("bugzilla", "11"))),
    Advisory("B-1", (NEW["b"],), kind="bugfix", severity="Moderate", references=(("bugzilla", "22"),)),
    Advisory("C-1", (NEW["c"],), kind="enhancement", severity="3.9"),
    Advisory("D-1", (NEW["d"],), kind="newpackage", references=(("cve", "CVE-2024-4"),)),
    Advisory("E-1", (NEW["e"],), severity="7", reboot=True),
)
CHOICES = [
    (["--security"], "ae"),
    (["--bugfix"], "b"),
    (["--enhancement"], "c"),
    (["--newpackage"], "d"),
    (["--security", "--bugfix"], "abe"),
    (["--advisory", "A-1"], "a"),
    (["--advisory=patch:A-1, c-1"], "ac"),
    (["--advisories=A-1", "--advisories=B-1"], "ab"),
    (["--cve", "CVE-2024-1"], "a"),
    (["--cves=cve-2024-1,CVE-2024-4,CVE-1"], "ad"),
    (["--bz", "22,11"], "ab"),
    (["--bzs=22", "--security"], "abe"),
    (["--advisory-severities=critical"], "a"),
    (["--advisory-severities=Important,Low"], "ce"),
    (["--advisory-severities=Moderate"], "b"),
    (["--advisory-severities=None"], "d"),
    (["--sec-severity", "7"], "ae"),
    (["--sec-severity", "0.5", "--bugfix"], "b"),
    (["--reboot-required"], "e"),
    (["--reboot-required", "--bugfix"], ""),
    (["--cve", "CVE-2024-9"], ""),
]


@pytest.fixture(scope="module")
def advised(tmp_path_factory: pytest.TempPathFactory, workshop: Workshop) -> Tdnf:
    """The program where five packages have an update with an advisory each."""
    from tests.support.cli import Root, Tdnf
    from tests.support.repos import publish

    scratch = tmp_path_factory.mktemp("advised")
    root = Root(scratch)
    both = workshop.build(*OLD.values(), *NEW.values(), signed=False)
    root.add_repo(publish(scratch / "www", both, id="main", advisories=ADVISORIES))
    root.rpm("-i", "--nosignature", *map(str, both[:5])).ok()
    tdnf = Tdnf(root)
    tdnf("makecache").ok()
    return tdnf


@pytest.mark.parametrize(("words", "letters"), CHOICES)
def test_options_choose_advisories(advised: Tdnf, words: list[str], letters: str) -> None:
    ids = [f"patch:{letter.upper()}-1" for letter in letters]
    done = advised("advisory", "list", *words).ok()
    assert [line.split()[0] for line in done.lines] == ids if letters else done.lines == ["", "0 updates."]
    items = advised("-j", "updateinfo", *words, "--list").ok().json
    assert [item["UpdateID"] for item in items] == ids


@pytest.mark.parametrize(("words", "letters"), [CHOICES[n] for n in (0, 4, 6, 9, 10, 13, 16, 18, 20)])
def test_the_same_options_choose_updates(advised: Tdnf, words: list[str], letters: str) -> None:
    done = advised("-j", "upgrade", "--assumeno", *words).ok()
    updates = done.json["Upgrade"] if letters else []
    assert sorted(item["Name"] for item in updates) == list(letters)
    if not letters:
        assert done.stdout == ""


def test_advisory_lists_unless_told_otherwise(advised: Tdnf) -> None:
    listed = advised("advisory").ok().stdout
    assert listed == advised("updateinfo", "list").ok().stdout
    assert advised("advisory", "list", "--available").ok().stdout == listed
    assert advised("advisory", "--summary").ok().stdout == advised("updateinfo").ok().stdout
    assert advised("advisory", "summary").ok().lines == [
        "1 Unknown notice(s)", "2 Security notice(s)", "1 Bugfix notice(s)", "1 Enhancement notice(s)",
    ]  # fmt: skip
    assert advised("-j", "advisory", "info").ok().json == advised("-j", "updateinfo", "info").ok().json


@pytest.mark.parametrize(
    ("words", "letters"),
    [(["A-1"], "a"), (["patch:B-1", "c"], "bc"), (["e"], "e"), (["A-1", "a"], "a"), (["nosuch"], "")],
)
def test_a_word_names_an_advisory_or_a_package(advised: Tdnf, words: list[str], letters: str) -> None:
    items = advised("-j", "advisory", "list", *words).ok().json
    assert [item["UpdateID"] for item in items] == [f"patch:{letter.upper()}-1" for letter in letters]


@pytest.mark.parametrize("severity", ["high", "7,5", "-1", "nan"])
def test_a_severity_must_be_a_number(advised: Tdnf, severity: str) -> None:
    done = advised("updateinfo", f"--sec-severity={severity}").failed(1622)
    assert f"--sec-severity {severity}: this is no number" in done.stderr


def test_an_advisory_of_what_is_installed_already_does_not_count(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf, workshop: Workshop
) -> None:
    root.add_repo(make_repo("main", NEW["a"], signed=False, advisories=ADVISORIES[:1]))
    root.rpm("-i", "--nosignature", str(workshop.build(NEW["a"], signed=False)[0])).ok()
    assert tdnf("-q", "advisory").ok().lines == ["", "0 updates."]
    assert tdnf("-q", "advisory", "info", "A-1").ok().lines == ["", "0 updates."]
