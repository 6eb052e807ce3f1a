"""Both vocabularies: what dnf 5 and tdnf call differently does the same here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pkgman.commandtable import ALIASES
from pkgman.options import SPELLINGS
from tests.support.server import status

if TYPE_CHECKING:
    from tests.integration.world import World
    from tests.support.cli import Tdnf

# dnf's words, tdnf's words.
OPTIONS = {
    "--nobest --assumeno install rich": "--no-best --assumeno install rich",
    "--define=x nosuch": "--rpmdefine=x nosuch",
    "--disable-excludes count": "--disableexcludes count",
    "--disableexcludepkgs count": "--disableexcludes count",
    "--repository=second list available": "--repo=second list available",
    "--enable-repo=off repolist": "--enablerepo=off repolist",
    "--disable-repo=main list available": "--disablerepo=main list available",
    "repoquery --queryformat=%{name} rich": "repoquery --qf=%{name} rich",
    "--no-plugins --enable-plugin=x --disable-plugin=x count": "--noplugins count",
    "--no-gpgchecks --assumeno install rich": "--nogpgcheck --assumeno install rich",
    "--nodocs --assumeno install rich": "--no-docs --assumeno install rich",
    "updateinfo list --advisories=TEST-2024-3": "updateinfo list --advisory=TEST-2024-3",
    "updateinfo list --cves=CVE-2024-1": "updateinfo list --cve=CVE-2024-1",
    "updateinfo list --bzs=1": "updateinfo list --bz=1",
    "repoquery --srpm": "repoquery --source",
}
COMMANDS = {
    "ls lib": "list lib",
    "if lib": "info lib",
    "se lib": "search lib",
    "rq lib": "repoquery lib",
    "--assumeno in rich": "--assumeno install rich",
    "--assumeno localinstall rich": "--assumeno install rich",
    "--assumeno rm lib": "--assumeno remove lib",
    "--assumeno up": "--assumeno upgrade",
    "--assumeno dg app": "--assumeno downgrade app",
    "--assumeno rei nosuch": "--assumeno reinstall nosuch",
    "--assumeno dsync": "--assumeno distro-sync",
    "--assumeno update-minimal": "--assumeno upgrade-minimal",
    "--assumeno up-min": "--assumeno upgrade --minimal",
    "repoinfo main": "repo info main",
    "list lib --showduplicates": "list lib",
    "list --color=never --color always lib": "list lib",
    "check-upgrade": "check-update",
    "advisory list": "updateinfo list",
    "advisory info": "updateinfo info",
    "advisory summary": "updateinfo summary",
    "repo list": "repolist",
    "repo list --all": "repolist all",
    "repo list --disabled": "repolist disabled",
    "version": "--version",
    "whatprovides lib": "provides lib",
    "--assumeno upgrade": "--assumeno update",
    "--assumeno upgrade-to app=2.0": "--assumeno update-to app=2.0",
    "--assumeno remove lib": "--assumeno erase lib",
    "--assumeno autoremove tool": "--assumeno autoerase tool",
    "list --upgrades": "list updates",
    "list --installed": "list installed",
}


@pytest.mark.parametrize("words", [*OPTIONS, *COMMANDS])
def test_both_spellings_do_the_same(look: Tdnf, words: str) -> None:
    mode = "-j" if words in COMMANDS else "-q"
    one, two = look(mode, *words.split()), look(mode, *(OPTIONS | COMMANDS)[words].split())
    assert (one.status, one.stdout, one.stderr) == (two.status, two.stdout, two.stderr)
    assert one.status in (0, 8) or "nosuch" in words
    assert one.stdout or mode == "-q" or "dg app" in words


def test_every_short_name_is_tried() -> None:
    tried = [word for words in COMMANDS for word in words.split()]
    assert [name for name in ALIASES if name not in tried] == ["mc"]


def test_a_short_name_is_no_prefix(look: Tdnf) -> None:
    for word in ("i", "l", "upg", "ins", "LS", "rmx"):
        look(word).failed(912)


def test_every_spelling_is_tried() -> None:
    tried = " ".join(OPTIONS)
    assert [name for name in SPELLINGS if f"--{name}" not in tried] == []


@pytest.mark.parametrize(
    "prefix", ["--repositor=x", "--enable-r=x", "--queryfo=x", "--no-gpgcheck", "--adviso=x"]
)
def test_what_dnf_adds_is_no_prefix_of_anything(look: Tdnf, prefix: str) -> None:
    look(prefix, "list").failed(908)


def test_options_without_effect_change_nothing(look: Tdnf) -> None:
    options = ["-d1", "-e=1", "-4", "-6", "--4", "--6", "--debuglevel=3", "-x"]
    plain, done = look("--assumeno", "erase", "tool"), look(*options, "--assumeno", "erase", "tool")
    assert (done.status, done.stdout, done.stderr) == (plain.status, plain.stdout, plain.stderr)
    assert plain.status == 8


@pytest.mark.parametrize(
    ("option", "level"),
    [("downgrades", "downgrades"), ("updates", "upgrades"), ("recent", "all"), ("all", "all")],
)
def test_a_scope_may_be_an_option(look: Tdnf, option: str, level: str) -> None:
    assert look("list", f"--{option}").ok().stdout == look("list", level).ok().stdout


@pytest.mark.parametrize("level", ["emergency", "DEBUG", "nonsense"])
def test_rpms_verbosity_can_be_chosen(look: Tdnf, level: str) -> None:
    assert (
        look(f"--rpmverbosity={level}", "list", "installed").ok().stdout == look("list", "installed").stdout
    )


def test_long_forms_of_the_short_ones(look: Tdnf, world: World) -> None:
    world.server.fail("*", status(404))
    try:
        assert (
            look("--cacheonly", "--quiet", "list", "LIB").ok().stdout
            == look("-Cq", "list", "LIB").ok().stdout
        )
    finally:
        world.server.heal()
    done = look("--assumeyes", "--downloadonly", "--quiet", "install", "extras").ok()
    assert (done.stdout, done.stderr) == ("", "")
