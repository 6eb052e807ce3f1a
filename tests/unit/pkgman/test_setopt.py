"""--setopt: what it switches on, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pkgman import config, getopt, repos
from pkgman.options import ALL_OPTIONS, SPELLINGS

if TYPE_CHECKING:
    from pathlib import Path

    from pkgman.model.repo import RepoSource

FLAGS = sorted(option.name for option in ALL_OPTIONS if not option.value)
FALSE = ("0", "false", "no", "Off", "FALSE", "-0", "00", " 0 ", '"0"')


@pytest.mark.parametrize("name", FLAGS)
def test_a_false_word_switches_nothing_on(name: str) -> None:
    for word in FALSE:
        line = getopt.parse([f"--setopt={name}={word}"])
        assert not line.flag(name), word
        assert name not in dict(line.options)
        assert line.warnings == ()


@pytest.mark.parametrize("name", FLAGS)
def test_a_true_word_is_the_option_itself(name: str) -> None:
    for word in ("1", "true", "YES", "on", "2"):
        assert getopt.parse([f"--setopt={name}={word}"]).flag(name), word
        assert getopt.parse([f"--setopt=main.{name}={word}"]).flag(name), word


@pytest.mark.parametrize("word", ["", "maybe", "1 0", "tru"])
def test_a_word_that_is_no_boolean_is_said_and_takes_no_check_away(word: str) -> None:
    for name in ("nogpgcheck", "skipsignature", "skipdigest", "assumeyes", "allowerasing"):
        line = getopt.parse([f"--setopt={name}={word}"])
        assert not line.flag(name)
        assert line.warnings == (f"WARNING: invalid arg to strtoi: '{word}'",)
    for name in ("assumeno", "testonly", "downloadonly"):
        assert getopt.parse([f"--setopt={name}={word}"]).flag(name)


def test_the_last_word_on_a_switch_counts() -> None:
    assert not getopt.parse(["--nogpgcheck", "--setopt=nogpgcheck=0"]).flag("nogpgcheck")
    assert getopt.parse(["--setopt=nogpgcheck=0", "--nogpgcheck"]).flag("nogpgcheck")
    assert not getopt.parse(["--setopt=best=1", "--setopt=best=0"]).flag("best")


@pytest.mark.parametrize("spelling", sorted(s for s, name in SPELLINGS.items() if name in FLAGS))
def test_a_spelling_of_dnf_means_its_option(spelling: str) -> None:
    for typed in (spelling, spelling.replace("-", "_")):
        assert getopt.parse([f"--setopt={typed}=1"]).flag(SPELLINGS[spelling])
        assert not getopt.parse([f"--setopt={typed}=0"]).flag(SPELLINGS[spelling])


def test_an_option_with_a_value_is_the_option_itself() -> None:
    line = getopt.parse(["--setopt=qf=%{name}", "--setopt=repository=x", "--setopt=skip_broken=1"])
    assert line.last("qf") == "%{name}"
    assert line.all("repo") == (("repo", "x"),)
    assert line.flag("skip-broken")


class World:
    """A configuration in a scratch folder."""

    def __init__(self, folder: Path) -> None:
        (folder / "repos.d").mkdir()
        self.repo = folder / "repos.d/a.repo"
        self.main = folder / "tdnf.conf"
        self.main.write_text(f"[main]\nrepodir={folder}/repos.d\ninstallonly_limit=4\ntsflags=nodocs\n")

    def load(self, *words: str) -> config.Config:
        return config.load(getopt.parse(["-c", str(self.main), *words]))

    def repos(self, *words: str) -> tuple[dict[str, RepoSource], list[str]]:
        """The repositories, and what is said of settings without effect."""
        line = getopt.parse(["-c", str(self.main), *words])
        loaded, said = config.load(line), []
        variables = repos.Variables(loaded, "x86_64", lambda: "9.8")
        sources = repos.load(loaded, line, variables, said.append, say=said.append)
        return {source.id: source for source in sources}, said


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_key_of_the_main_section_is_read_as_in_the_file(world: World) -> None:
    loaded = world.load("--setopt=installonly_limit=7", "--setopt=keepcache=yes", '--setopt=proxy="http://p"')
    assert (loaded.installonly_limit, loaded.keepcache, loaded.proxy) == (7, True, "http://p")
    assert loaded.warnings == loaded.notes == ()
    loaded = world.load("--setopt=main.installonly_limit=many", "--setopt=keepcache=perhaps")
    assert (loaded.installonly_limit, loaded.keepcache) == (0, False)
    assert {warning.rsplit(" ")[-1] for warning in loaded.warnings} == {"'many'", "'perhaps'"}


def test_a_word_that_nobody_knows_is_said(world: World) -> None:
    loaded = world.load("--setopt=fastestmirror=1", "--setopt=main.nonsense=x", "--setopt=keepcache=1")
    assert [note.split(":")[0] for note in loaded.notes] == ["--setopt=fastestmirror=", "--setopt=nonsense="]
    assert world.load("--setopt=installroot=/x", "list").notes, "an option that tdnf does not take so"


def test_plugins_are_switched_off_and_never_on(world: World) -> None:
    assert not world.load("--setopt=plugins=1", "--setopt=pluginpath=/tmp", "--setopt=logfile=/x").plugins
    assert len(world.load("--setopt=plugins=1", "--setopt=pluginpath=/tmp", "--setopt=logfile=/x").notes) == 3
    world.main.write_text(world.main.read_text() + "plugins=1\npluginpath=/mine\n")
    assert world.load("--setopt=pluginpath=/tmp").pluginpath == "/mine"
    loaded = world.load("--setopt=plugins=0")
    assert (loaded.plugins, loaded.notes) == (False, ())


def test_flags_of_transactions_add_up_until_they_are_emptied(world: World) -> None:
    assert world.load().tsflags == {"nodocs"}
    assert world.load("--setopt=tsflags=noscripts").tsflags == {"nodocs", "noscripts"}
    assert world.load("--setopt=tsflags=").tsflags == frozenset()
    assert world.load("--setopt=tsflags=", "--setopt=tsflags=noscripts,nodocs").tsflags == {
        "nodocs",
        "noscripts",
    }
    assert world.load("--setopt=tsflags=justdb").notes == ("tsflags: 'justdb' is not known; it is ignored",)


def test_a_key_of_a_repository_is_set_by_id_or_glob(world: World) -> None:
    world.repo.write_text("[a.b]\nbaseurl=http://a/\n[c]\nbaseurl=http://c/\nenabled=1\npriority=9\n")
    found, said = world.repos(
        "--setopt=a.b.enabled=1", "--setopt=*.timeout=30", "--setopt=c.priority=1", "--setopt=c.priority=2",
        "--setopt=?.baseurl=http://d/$releasever", "--setopt=a.b.gpgcheck=0",
    )  # fmt: skip
    assert said == []
    assert (found["a.b"].enabled, found["a.b"].timeout, found["a.b"].gpgcheck) == (True, 30, False)
    assert (found["c"].priority, found["c"].timeout, found["c"].gpgcheck) == (2, 30, True)
    assert found["c"].baseurls == ("http://d/9.8",)
    assert found["c"].metadata_dir != world.repos()[0]["c"].metadata_dir, "named after the URL"


def test_a_repository_of_the_command_line_is_set_too(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "with blank"
    folder.mkdir()
    options = [f"--repofrompath=x,{folder}", f"--repofromdir=y,{folder}", "--setopt=[xy].gpgkey=file:///k"]
    found, said = world.repos(*options, "--setopt=x.priority=3", "--setopt=y.gpgcheck=0")
    assert said == []
    assert found["x"].baseurls == (f"file://{folder}",)
    assert (found["x"].gpgkeys, found["x"].priority, found["x"].enabled) == (("file:///k",), 3, True)
    assert (found["y"].gpgkeys, found["y"].gpgcheck, found["y"].rpm_folder) == (
        ("file:///k",),
        False,
        str(folder),
    )


def test_a_bad_value_for_a_repository_takes_no_check_away(world: World) -> None:
    world.repo.write_text("[c]\nbaseurl=http://c/\n")
    found, said = world.repos(
        "--setopt=c.gpgcheck=maybe", "--setopt=c.sslverify=", "--setopt=c.repo_gpgcheck=x"
    )
    assert (found["c"].gpgcheck, found["c"].sslverify, found["c"].repo_gpgcheck) == (True, True, True)
    assert said == [f"WARNING: invalid arg to strtoi: '{word}'" for word in ("maybe", "x", "")]


def test_settings_of_repositories_that_do_nothing_are_said(world: World) -> None:
    world.repo.write_text("[c]\nbaseurl=http://c/\n")
    _, said = world.repos("--setopt=nosuch*.enabled=1", "--setopt=c.fastest=1")
    assert [text.split(":")[0] for text in said] == ["--setopt=nosuch*.enabled=", "--setopt=c.fastest="]
