"""The INI dialect, the main configuration and repository files."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pkgman import config, getopt, ini, repos
from pkgman.model.errors import ConfigError
from pkgman.model.repo import NEVER

if TYPE_CHECKING:
    from pathlib import Path

    from pkgman.model.repo import RepoSource


def test_a_document_keeps_sections_and_the_last_of_a_key() -> None:
    document = ini.parse("# head\n[main]\na = 1\n  b=2 \n\n[other]\na=3\na = x = y\n", "f")
    assert [section.name for section in document.sections] == ["main", "other"]
    assert document.sections[0].values() == {"a": "1", "b": "2"}
    assert document.sections[1].values() == {"a": "x = y"}
    assert document.problems == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a = 1\n  2\n\t3\n", "1 2 3"),
        ("a =\n  http://x/?q=1\n  http://y/\n", "http://x/?q=1 http://y/"),
        ("a = 1\n\n# x\n  # y\n  2\n", "1 2"),
        ("a = 1\n  b = 2\n", "1"),
        ("a = 1\n  b-c=2\n  3\n", "1"),
        ('a = "one two"\n', "one two"),
        ("a = 'one \"two\"'\n", 'one "two"'),
        ('a = "one\n two"\n', "one two"),
        ('a = "one" "two"\n', '"one" "two"'),
        ('a = "\n', '"'),
        ("a = one'\n", "one'"),
        ('a = ""\n', ""),
    ],
)
def test_a_value_may_go_on_in_indented_lines_and_be_quoted(text: str, value: str) -> None:
    document = ini.parse(f"[m]\n{text}", "f")
    assert document.sections[0].values()["a"] == value
    assert document.problems == ()


def test_many_continued_lines_cost_what_they_weigh() -> None:
    began = time.process_time()
    value = ini.parse("[m]\na=\n" + "  http://mirror/\n" * 200_000, "f").sections[0].values()["a"]
    assert len(value.split()) == 200_000
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[main\n", 1),
        ("[main]\nnonsense\n", 2),
        ("[main]\n  nonsense\n", 2),
        ("a=1\n[main]\n", 1),
        ("[main]\n[]\n", 2),
        ("[m] x\n", 1),
    ],
)
def test_a_bad_line_is_named_by_file_and_number(text: str, line: int) -> None:
    (problem,) = ini.parse(text, "/etc/x.repo").problems
    assert problem.startswith(f"/etc/x.repo:{line}: ")


@pytest.mark.parametrize(
    ("text", "default", "expected", "warned"),
    [
        ("1", False, True, False),
        ("0", True, False, False),
        ("TRUE", False, True, False),
        ("False", True, False, False),
        ("yes", False, True, False),
        ("off", True, False, False),
        ("7", False, True, False),
        ("1 # x", False, False, True),
        ("maybe", True, True, True),
    ],
)
def test_booleans(text: str, default: bool, expected: bool, warned: bool) -> None:
    said: list[str] = []
    assert ini.boolean(text, default, said.append) is expected
    assert said == ([f"WARNING: invalid arg to strtoi: '{text}'"] if warned else [])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("never", NEVER),
        ("NEVER", NEVER),
        ("-1", NEVER),
        ("0", 0),
        ("90", 90),
        ("90s", 90),
        ("2m", 120),
        ("3h", 10800),
        ("2days", 172800),
    ],
)
def test_expiry_is_read_into_seconds(text: str, seconds: int) -> None:
    assert repos.expiry(text) == seconds


@pytest.mark.parametrize("text", ["5x", "abc", "0h", "", "h", "5D"])
def test_any_other_expiry_is_1029(text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        repos.expiry(text)
    assert raised.value.number == 1029


class World:
    """A configuration in a scratch folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "repos.d").mkdir()
        self.main = folder / "tdnf.conf"
        self.main.write_text(f"[main]\nrepodir={folder}/repos.d\nvarsdir={folder}/vars\n")

    def load(self, *words: str) -> tuple[config.Config, tuple[RepoSource, ...], list[str]]:
        line = getopt.parse(["-c", str(self.main), *words])
        loaded = config.load(line)
        said = list(loaded.warnings)
        variables = repos.Variables(loaded, "x86_64", lambda: "9.8")
        return loaded, repos.load(loaded, line, variables, said.append), said

    def repo(self, text: str, name: str = "a.repo") -> None:
        (self.folder / "repos.d" / name).write_text(text)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def enabled(sources: tuple[RepoSource, ...]) -> list[str]:
    return [source.id for source in sources if source.enabled]


def test_defaults_of_a_repository_are_the_contracts(world: World) -> None:
    world.repo("[lab]\nbaseurl=http://localhost:8080/lab\n")
    _, (source,), _ = world.load()
    assert (source.id, source.name, source.enabled, source.gpgcheck) == ("lab", "lab", False, True)
    assert (source.priority, source.retries, source.metadata_expire) == (50, 10, 172800)
    # The first 8 hex digits of SHA-256 over the URL (cache layout).
    assert source.metadata_dir == "/var/cache/tdnf/lab-f70f80e4"
    assert source.package_dir == "/var/cache/tdnf/lab/rpms"


def test_variables_are_expanded_where_the_contract_says(world: World) -> None:
    (world.folder / "vars").mkdir()
    (world.folder / "vars" / "site").write_text("east\nignored\n")
    (world.folder / "vars" / "empty").write_text("")
    (world.folder / "vars" / "UPPER").write_text("x")
    world.repo("[lab$site]\nname=$site $unknown-$releasever\nbaseurl=http://$site/$basearch/$releasever_x\n")
    _, (source,), _ = world.load()
    assert source.id == "lab$site"
    assert source.name == "east -9.8"
    assert source.baseurls == ("http://east/x86_64/9.8_x",)


def test_a_folder_of_repositories_must_be_there_when_it_is_named(world: World, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    line = getopt.parse([])
    variables = repos.Variables(config.Config(), "x86_64", lambda: "1")
    assert repos.load(config.Config(repodir=gone), line, variables, print) == ()
    with pytest.raises(ConfigError) as raised:
        repos.load(config.Config(repodir=gone, repodir_named=True), line, variables, print)
    assert raised.value.number == 1005
    assert world.load()[0].repodir_named
    world.main.write_text("")
    assert not config.load(getopt.parse(["-c", str(world.main)])).repodir_named
    assert world.load(f"--setopt=reposdir={tmp_path}")[0].repodir_named


def test_the_release_is_not_asked_for_when_nobody_needs_it(world: World) -> None:
    world.repo("[lab]\nbaseurl=http://x/\n")
    line = getopt.parse(["-c", str(world.main)])
    loaded = config.load(line)

    def fail() -> str:
        raise AssertionError

    assert repos.load(loaded, line, repos.Variables(loaded, "x86_64", fail), print)


SELECTIONS = [
    ([], ["b"]),
    (["--enablerepo=a"], ["a", "b"]),
    (["--disablerepo=*", "--enablerepo=a"], ["a"]),
    (["--enablerepo=a", "--disablerepo=*"], []),
    (["--repo=a"], ["a"]),
    (["--repoid=a", "--repo=c"], ["a", "c"]),
    (["--repo=a", "--enablerepo=b"], ["a", "b"]),
    (["--enablerepo=b", "--repo=a"], ["a"]),
    (["--repo=nosuch"], []),
    (["--repo=a,b"], []),
    (["--repo=[ac]"], ["a", "c"]),
    (["--setopt=repo=c"], ["c"]),
]


@pytest.mark.parametrize(("options", "expected"), SELECTIONS)
def test_repositories_are_selected_in_command_line_order(
    world: World, options: list[str], expected: list[str]
) -> None:
    world.repo("[a]\nbaseurl=http://a/\n[b]\nbaseurl=http://b/\nenabled=1\n[c]\nbaseurl=http://c/\n")
    assert enabled(world.load(*options)[1]) == expected


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("[a]\nbaseurl=http://a/\n[a]\nbaseurl=http://b/\n", 1037),
        ("[@cmdline]\nbaseurl=http://a/\n", 1037),
        ("[a]\nname=\n", 1622),
        ("[a/b]\nname=x\n", 1622),
        ("[a]\nmetadata_expire=5x\n", 1029),
    ],
)
def test_a_repository_that_cannot_be_is_refused(world: World, text: str, number: int) -> None:
    world.repo(text)
    with pytest.raises(ConfigError) as raised:
        world.load()
    assert raised.value.number == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("x", 1622),
        ("x,", 1622),
        ("x,/nonexistent-folder", 1602),
        ("x,relative/path", 1524),
        ("x,rsync://h/", 1524),
    ],
)
def test_a_bad_repofrompath_has_its_number(world: World, text: str, number: int) -> None:
    with pytest.raises(ConfigError) as raised:
        world.load(f"--repofrompath={text}")
    assert raised.value.number == number


def test_repofrompath_comes_first_and_is_enabled_with_signatures_checked(world: World) -> None:
    world.repo("[b]\nbaseurl=http://b/\nenabled=1\n")
    _, sources, _ = world.load(f"--repofrompath=x,{world.folder},ignored", "--repofrompath=y,https://h/p")
    assert [source.id for source in sources] == ["x", "y", "b"]
    assert sources[0].baseurls == (f"file://{world.folder}",)
    assert sources[0].gpgcheck
    assert sources[0].enabled


def test_a_missing_configuration_is_1602_and_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        config.load(getopt.parse(["-c", str(tmp_path / "none.conf")]))
    assert raised.value.number == 1602
    assert str(tmp_path / "none.conf") in raised.value.lines[0]


def test_the_main_section_counts_even_behind_comments_and_other_sections(tmp_path: Path) -> None:
    path = tmp_path / "tdnf.conf"
    path.write_text("# comment\n\n[x]\nkeepcache=0\n[main]\nkeepcache=1\n")
    assert config.load(getopt.parse(["-c", str(path)])).keepcache


def test_an_unreadable_switch_of_a_check_leaves_the_check_on(world: World) -> None:
    world.repo("[a]\nbaseurl=http://a/\ngpgcheck=maybe\nrepo_gpgcheck=please\nsslverify=?\n")
    _, (source,), said = world.load()
    assert (source.gpgcheck, source.repo_gpgcheck, source.sslverify) == (True, True, True)
    assert len(said) == 3


def test_folders_beside_the_configuration_are_read_without_comments(world: World) -> None:
    for folder, text in (
        ("protected.d", "tdnf\n\n# no\n glibc \n"),
        ("locks.d", "kernel\n"),
        ("minversions.d", "a=1\n"),
    ):
        (world.folder / folder).mkdir()
        (world.folder / folder / "x.conf").write_text(text)
        (world.folder / folder / "ignored.txt").write_text("never")
    loaded, _, _ = world.load()
    assert loaded.protected == {"tdnf", "glibc"}
    assert loaded.locks == {"kernel"}
    assert loaded.minversions == ("a=1",)


@pytest.mark.parametrize(
    ("options", "attribute", "expected"),
    [
        (["--installroot=/r"], "cachedir", "/r/var/cache/tdnf"),
        (["--installroot=/r", "--setopt=cachedir=/c"], "cachedir", "/c"),
        (["--installroot=/r"], "persistdir", "/r/var/lib/tdnf"),
        (["--setopt=reposdir=/x"], "repodir", "/x"),
        (["--setopt=keepcache=1"], "keepcache", True),
        (["--setopt=keepcache=1", "--setopt=keepcache=0"], "keepcache", False),
        (["--setopt=gpgcheck=0", "--setopt=unknown=1"], "keepcache", False),
    ],
)
def test_options_override_the_file(
    tmp_path: Path, options: list[str], attribute: str, expected: object
) -> None:
    path = tmp_path / "tdnf.conf"
    path.write_text("[main]\n")
    assert getattr(config.load(getopt.parse(["-c", str(path), *options])), attribute) == expected
