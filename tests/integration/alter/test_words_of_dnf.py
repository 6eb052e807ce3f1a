"""Words that dnf's users type and tdnf does not know: changes of the system."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import pytest

from tests.support.repos import Advisory
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

OTHER_ARCH = "aarch64" if platform.machine() != "aarch64" else "x86_64"
FOREIGN = Rpm("foreign", arch=OTHER_ARCH)
COMPILER, DOCTOOL = Rpm("compiler", "2.0-1"), Rpm("doctool")
WORK_SOURCE = Rpm("work", source=True, build_requires=("compiler >= 2",))
WORK = Rpm("work")
FIVE = [Rpm("app", f"{n}-1") for n in range(1, 6)]
ADVISORIES = (
    Advisory("SEC-2", (FIVE[1],), kind="security"),
    Advisory("BUG-3", (FIVE[2],), kind="bugfix"),
)


def test_a_file_is_installed_by_its_old_name(tdnf: Tdnf, root: Root, workshop: Workshop) -> None:
    path = workshop.build(Rpm("one"), signed=False)[0]
    tdnf("localinstall", "-y", path).ok()
    assert root.installed == ["one-1.0-1.noarch"]
    tdnf("localinstall", "-y", path).ok()  # once more is nothing to do
    tdnf("localinstall").failed(1001)


@pytest.fixture
def needs(offer: Callable[..., Repo]) -> Repo:
    return offer(COMPILER, DOCTOOL, WORK_SOURCE, WORK)


def names(root: Root) -> list[str]:
    return [nevra.rsplit("-", 2)[0] for nevra in root.installed]


def spec_file(folder: Path) -> Path:
    path = folder / "some.spec"
    path.write_text(
        "%{!?tool:%global tool compiler}\nName: some\nVersion: 1\nRelease: 1\nSummary: s\nLicense: MIT\n"
        "BuildArch: noarch\nBuildRequires: %{tool}, (doctool if compiler)\n%description\ns\n%files\n"
    )
    return path


def test_what_a_build_needs_is_installed(
    tdnf: Tdnf, root: Root, needs: Repo, workshop: Workshop, tmp_path: Path
) -> None:
    source = workshop.build(WORK_SOURCE, signed=False)[0]
    for word, wanted in (
        ("work", ["compiler"]),
        (source, ["compiler"]),
        (spec_file(tmp_path), ["compiler", "doctool"]),
    ):
        tdnf("builddep", "-y", word).ok()
        assert names(root) == wanted
        tdnf("builddep", "-y", word).ok()
        tdnf("remove", "-y", *wanted).ok()
    tdnf("builddep", "-y", "--define", "tool doctool", spec_file(tmp_path)).ok()
    assert names(root) == ["doctool"]
    assert tdnf("-j", "builddep", "-y", "work").ok().json["Install"][0]["Name"] == "compiler"


def test_a_build_that_cannot_be_provided_for_is_refused(
    tdnf: Tdnf, root: Root, needs: Repo, tmp_path: Path
) -> None:
    tdnf("builddep").failed(1001)
    tdnf("builddep", "-y", "nosuch").failed(1011)
    tdnf("builddep", "-y", tmp_path / "nosuch.spec").failed(1602)
    (tmp_path / "bad.spec").write_text("%if\n")
    assert f"{tmp_path}/bad.spec: " in tdnf("builddep", "-y", tmp_path / "bad.spec").failed(1622).stderr
    tdnf("builddep", "-y", "--define", "tool nosuch", spec_file(tmp_path)).failed(1011)
    assert root.installed == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("upgrade-minimal", "app-3-1.noarch"),
        ("upgrade-minimal app", "app-3-1.noarch"),
        ("upgrade --minimal", "app-3-1.noarch"),
        ("upgrade-minimal --security", "app-2-1.noarch"),
        ("update-minimal --advisory=SEC-2", "app-2-1.noarch"),
        ("upgrade --security", "app-5-1.noarch"),
    ],
)
def test_a_minimal_update_goes_no_further_than_advisories_ask(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], words: str, expected: str
) -> None:
    offer(*FIVE, advisories=ADVISORIES)
    tdnf("install", "-y", "app=1").ok()
    tdnf(*words.split(), "-y").ok()
    assert root.installed == [expected]
    if "minimal" in words:
        assert "0 updates." in tdnf(*words.split(), "-y").ok().stdout
        assert root.installed == [expected]


def test_a_minimal_update_goes_past_a_version_that_is_excluded(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(*FIVE, advisories=ADVISORIES)
    tdnf("install", "-y", "app=1").ok()
    tdnf("upgrade-minimal", "-y", "--exclude=app-3*").ok()
    assert root.installed == ["app-4-1.noarch"]


def test_a_minimal_update_takes_the_next_version_where_the_advisorys_own_is_gone(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(FIVE[0], FIVE[3], FIVE[4], advisories=ADVISORIES)
    tdnf("install", "-y", "app=1").ok()
    assert tdnf("upgrade-minimal", "-j", "-y").ok().json["Upgrade"][0]["Evr"] == "4-1"
    assert root.installed == ["app-4-1.noarch"]
    tdnf("upgrade-minimal", "-y", "nosuch").failed(1011)


def test_without_advisories_nothing_is_minimal(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(*FIVE)
    tdnf("install", "-y", "app=1").ok()
    assert "0 updates." in tdnf("upgrade-minimal", "-y").ok().stdout
    assert root.installed == ["app-1-1.noarch"]


def test_packages_of_another_architecture_are_installed_by_force(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], workshop: Workshop
) -> None:
    offer(FOREIGN)
    assert tdnf("install", "-y", "foreign").failed().error in (1011, 1301)
    tdnf("install", "-y", f"--forcearch={OTHER_ARCH}", "foreign").ok()
    assert root.installed == [f"foreign-1.0-1.{OTHER_ARCH}"]
    tdnf("remove", "-y", f"--forcearch={OTHER_ARCH}", "foreign").ok()
    file = workshop.build(FOREIGN, signed=False)[0]
    tdnf("install", "-y", f"--forcearch={OTHER_ARCH}", file).ok()
    assert root.installed == [f"foreign-1.0-1.{OTHER_ARCH}"]


def test_a_comment_is_kept_with_its_transaction(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "--comment", "ticket 7: \x1b[31mred", "tool").ok()
    tdnf("install", "-y", "extras").ok()
    lines = tdnf("history", "--info").ok().lines
    assert [line for line in lines if line.startswith("comment: ")] == ["comment: ticket 7: ?[31mred"]
    found = tdnf("-j", "history", "--info").ok().json
    assert [item.get("Comment") for item in found] == [None, "ticket 7: \x1b[31mred", None]
    assert all("Comment" not in item for item in tdnf("-j", "history").ok().json)
    tdnf("install", "-y", "--comment=", "lib").failed(909)
    tdnf("history", "-y", "--comment=gone again", "undo", "3").ok()
    assert tdnf("-j", "history", "--info").ok().json[-1]["Comment"] == "gone again"
