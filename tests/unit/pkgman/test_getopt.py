"""The command line as getopt_long_only with permutation reads it."""

from __future__ import annotations

import random
import string

import pytest

from pkgman import getopt
from pkgman.model.errors import PkgmanError, UsageError
from pkgman.options import OPTIONS


@pytest.mark.parametrize(
    ("typed", "option"),
    [
        (["--noautoremove"], ("noautoremove", "1")),
        (["--noau"], ("noautoremove", "1")),
        (["--jso"], ("json", "1")),
        (["-json"], ("json", "1")),
        (["-j"], ("json", "1")),
        (["-version"], ("version", "1")),
        (["-refresh"], ("refresh", "1")),
        (["-y"], ("assumeyes", "1")),
        (["--assumey"], ("assumeyes", "1")),
        (["-c", "FILE"], ("config", "FILE")),
        (["-cFILE"], ("config", "FILE")),
        (["--config", "FILE"], ("config", "FILE")),
        (["--config=FILE"], ("config", "FILE")),
        (["-i", "/root"], ("installroot", "/root")),
        (["--exc=a"], ("exclude", "a")),
        (["-setopt=k=v"], ("setopt", "k=v")),
        (["--repo", "repolist"], ("repo", "repolist")),
        (["--rpmverbosity", "--assumeno"], ("rpmverbosity", "--assumeno")),
    ],
)
def test_an_option_is_known_by_each_of_its_spellings(typed: list[str], option: tuple[str, str]) -> None:
    line = getopt.parse(typed)
    assert line.options == (option,)
    assert line.words == ()


def test_a_cluster_of_short_options_is_read_letter_by_letter() -> None:
    line = getopt.parse(["-yqC", "-vcFILE", "list"])
    assert [name for name, _ in line.options] == ["assumeyes", "quiet", "cacheonly", "verbose", "config"]
    assert line.last("config") == "FILE"
    assert line.words == ("list",)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        (["--foo"], 908),
        (["--ver"], 908),  # verbose, version
        (["--no"], 908),
        (["--repofr"], 908),
        (["--install=x"], 908),
        (["--json=1"], 908),
        (["-jy"], 908),
        (["-yj"], 908),
        (["-n"], 908),
        (["-Z"], 908),
        (["-1"], 908),
        (["--color"], 909),
        (["--colo", "x"], 908),
        (["--"[:1] + "c"], 908),
        (["list", "--repo"], 909),
        (["--exclude="], 909),
        (["--setopt="], 909),
        (["--qf", ""], 909),
        (["--setopt", "x"], 911),
    ],
)
def test_a_wrong_option_has_its_number(typed: list[str], number: int) -> None:
    with pytest.raises(UsageError) as raised:
        getopt.parse(typed)
    assert raised.value.number == number


def test_x_takes_no_package() -> None:
    line = getopt.parse(["install", "-x", "a", "b"])
    assert line.words == ("install", "a", "b")
    assert line.all("exclude") == ()
    assert line.notes == ("-x has no effect; to leave a out, say --exclude=a",)
    for words in (["-x", "install", "a"], ["install", "a", "-x"], ["install", "-x", "-y", "a"]):
        assert getopt.parse(words).notes == ()
    with pytest.raises(UsageError):
        getopt.parse(["install", "-xname", "a"])


def test_an_exact_name_wins_over_longer_ones() -> None:
    assert getopt.parse(["--repo", "a"]).options == (("repo", "a"),)
    assert getopt.parse(["--info"]).options == (("info", "1"),)


def test_two_dashes_end_the_options() -> None:
    line = getopt.parse(["list", "--", "-y", "--foo"])
    assert line.words == ("list", "-y", "--foo")
    assert line.options == ()


def test_options_may_follow_the_command_and_come_first_in_the_recorded_line() -> None:
    assert getopt.parse(["install", "lab-app", "-y"]).text == "-y install lab-app"
    assert getopt.parse(["install", "--repo", "a", "x"]).text == "--repo a install x"


def test_the_bag_holds_long_forms_in_order_and_setopt_as_its_own_name() -> None:
    line = getopt.parse(
        [
            "-q",
            "--quiet",
            "--enablerepo=a",
            "--disablerepo",
            "b",
            "--setopt=cachedir=/c=d",
            "-y",
            "--assumeyes",
        ]
    )
    assert line.bag == (("quiet", "1"), ("enablerepo", "a"), ("disablerepo", "b"), ("cachedir", "/c=d"))


def test_excludes_are_split_at_commas_and_colons_but_not_through_setopt() -> None:
    line = getopt.parse(["--exclude=a,b:c", "--exclude", "d", "--setopt=exclude=e,f"])
    assert [value for _, value in line.all("exclude")] == ["a", "b", "c", "d", "e,f"]


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        (["--installroot", "relative", "list"], 1622),
        (["list", ""], 1622),
        (["--downloaddir", "/x", "install"], 913),
        (["--alldeps", "install"], 915),
        (["--nodeps", "install"], 916),
    ],
)
def test_combinations_that_cannot_work_are_refused(typed: list[str], number: int) -> None:
    with pytest.raises(UsageError) as raised:
        getopt.check(getopt.parse(typed))
    assert raised.value.number == number


def test_every_unique_prefix_means_its_option() -> None:
    names = [option.name for option in OPTIONS]
    for option in OPTIONS:
        for length in range(1, len(option.name) + 1):
            prefix = option.name[:length]
            candidates = [name for name in names if name.startswith(prefix)]
            if prefix not in names and len(candidates) == 1:
                value = ["k=v"] if option.value else []
                assert getopt.parse([f"--{prefix}", *value]).options[0][0] == option.name


def test_random_words_raise_nothing_but_our_errors() -> None:
    source = random.Random(4)
    pieces = [f"--{o.name}" for o in OPTIONS] + ["-y", "-c", "--", "-", "=", "list", "", "\udcff"]
    for _ in range(3000):
        words = [
            source.choice([*pieces, "".join(source.choices(string.printable, k=4))])
            for _ in range(source.randrange(6))
        ]
        try:
            getopt.check(getopt.parse(words))
        except PkgmanError as error:
            assert error.number in (908, 909, 911, 913, 915, 916, 1622)
