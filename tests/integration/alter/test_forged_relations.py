"""Relations that stand in unsigned metadata only do nothing: the signed headers decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import rewrite_primary
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.server import Server

VICTIM, TOOL, TOOL_2 = Rpm("victim", "1.0-1"), Rpm("tool", "1.0-1"), Rpm("tool", "2.0-1")
DRAWN = Rpm("drawn")
BEFORE = ["tool-1.0-1.noarch", "victim-1.0-1.noarch"]
END = "</format>"


@pytest.fixture
def target(tdnf: Tdnf, make_repo: Callable[..., Repo], server: Server, root: Root) -> Repo:
    """A signed repository whose metadata are not signed; some of its packages are installed."""
    repo = make_repo("own", VICTIM, TOOL, TOOL_2, DRAWN, sign_metadata=False)
    root.add_repo(repo, baseurl=server.url("own"), repo_gpgcheck=False, retries=0)
    tdnf("-y", "install", "victim", "tool=1.0").ok()
    return repo


def forge(repo: Repo, *nevrs: str, entry: str) -> None:
    """Put an entry into the metadata of packages."""
    for nevr in nevrs:
        place = f'<location href="Packages/{nevr}.noarch.rpm"/>'
        rewrite_primary(repo, (f"{place}\n  <format>", f"{place}\n  <format>{entry}"))


@pytest.mark.parametrize(
    ("kind", "words", "options"),
    [
        ("obsoletes", 'name="victim"', ()),
        ("obsoletes", 'name="victim" flags="LT" epoch="0" ver="9"', ()),
        ("requires", 'name="drawn"', ()),
        ("requires", 'name="drawn" pre="1"', ()),
    ],
)
@pytest.mark.parametrize("command", [("update",), ("install", "tool")])
def test_a_forged_relation_of_a_signed_package_changes_nothing(
    tdnf: Tdnf,
    root: Root,
    target: Repo,
    kind: str,
    words: str,
    options: tuple[str, ...],
    command: tuple[str, ...],
) -> None:
    forge(target, "tool-2.0-1", entry=f"<rpm:{kind}><rpm:entry {words}/></rpm:{kind}>")
    done = tdnf("-y", "--refresh", *options, *command).failed(1304)
    said = f"own: tool-2.0-1.noarch: only the metadata say '{kind.capitalize()}: "
    assert any(line.startswith(said) for line in done.stderr.splitlines()), str(done)
    assert "Removing" not in done.stdout.partition("Is this ok")[2]
    assert root.installed == BEFORE


def test_a_forged_conflict_erases_nothing(tdnf: Tdnf, root: Root, target: Repo) -> None:
    forge(target, "tool-2.0-1", entry='<rpm:conflicts><rpm:entry name="victim"/></rpm:conflicts>')
    tdnf("-y", "--refresh", "--allowerasing", "install", "tool").failed(1304)
    assert root.installed == BEFORE


def test_a_forged_provision_chooses_nothing(tdnf: Tdnf, root: Root, target: Repo) -> None:
    own = '<rpm:entry name="drawn" flags="EQ"'
    rewrite_primary(target, (own, f'<rpm:entry name="web-server"/>{own}'))
    said = tdnf("-y", "--refresh", "install", "web-server").failed(1304).stderr
    assert "drawn-1.0-1.noarch: only the metadata say 'Provides: web-server'" in said
    assert root.installed == BEFORE


@pytest.mark.parametrize("kind", ["provides", "conflicts", "obsoletes"])
def test_a_relation_that_makes_no_difference_stops_nothing(
    tdnf: Tdnf, root: Root, target: Repo, kind: str
) -> None:
    """A repository whose tools write more than headers say is used all the same."""
    forge(target, "tool-2.0-1", "drawn-1.0-1", entry=f'<rpm:{kind}><rpm:entry name="nobody"/></rpm:{kind}>')
    tdnf("-y", "--refresh", "install", "drawn", "tool").ok()
    tdnf("-y", "reinstall", "tool").ok()
    assert root.installed == ["drawn-1.0-1.noarch", "tool-2.0-1.noarch", "victim-1.0-1.noarch"]


def test_without_gpgcheck_metadata_do_not_decide_either(tdnf: Tdnf, root: Root, target: Repo) -> None:
    forge(target, "tool-2.0-1", entry='<rpm:obsoletes><rpm:entry name="victim"/></rpm:obsoletes>')
    tdnf("-y", "--refresh", "--nogpgcheck", "update").failed(1304)
    assert root.installed == BEFORE
