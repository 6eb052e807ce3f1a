"""search, provides, count, check and help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pkgman.commandtable import ALIASES, COMMANDS
from tests.integration.world import ARCH
from tests.support.terminal import on_terminal

if TYPE_CHECKING:
    from tests.support.cli import Result, Tdnf

RICH = f"rich-3:1.2-3.{ARCH}"


def owners(result: Result) -> list[str]:
    """``nevra@repo`` of each hit of provides."""
    lines = [line for line in result.ok().lines if not line.startswith("[")]
    return [
        f"{first.partition(' : ')[0]}@{second.removeprefix(chr(9)).partition(' : ')[2]}"
        for first, second in zip(lines[::2], lines[1::2], strict=True)
    ]


@pytest.mark.parametrize(
    "term",
    ["wealth", "WEALTH", "<plenty>", "naïveté", "NAÏVETÉ", "nai\u0308vete\u0301", "& <", "second line"],
)
def test_search_finds_substrings_of_summary_and_description(look: Tdnf, term: str) -> None:
    assert look("search", term).ok().stdout == "rich : Wealth & <plenty>\n"


def test_search_finds_names_of_installed_and_available_packages(look: Tdnf) -> None:
    assert look("search", "orphan").ok().lines == ["orphan : In no repository"]
    assert look("search", "SECOND-only").ok().lines == ["second-only : Only in the second repository"]


def test_search_takes_terms_one_after_the_other(look: Tdnf) -> None:
    lines = look("search", "second-only", "orphan", "second-only").ok().lines
    assert [line.partition(" ")[0] for line in lines] == ["second-only", "orphan", "second-only"]


def test_the_word_all_before_the_terms_is_dropped(look: Tdnf) -> None:
    assert look("search", "all", "wealth").ok().lines == ["rich : Wealth & <plenty>"]
    assert look("search", "ALL", "wealth").ok().lines == ["rich : Wealth & <plenty>"]
    look("search", "all").failed(1599)
    look("search", "allegro").failed(1599)  # a word that begins so is a term


@pytest.mark.parametrize("words", [[], ["no-such-text"], ["wealt*"]])
def test_search_without_hit_or_term_fails(look: Tdnf, words: list[str]) -> None:
    assert look("search", *words).failed(1599).stderr.endswith("Error(1599) : No matches found\n")


def test_search_in_json(look: Tdnf) -> None:
    assert look("-j", "search", "wealth").ok().stdout == '[{"Name":"rich","Summary":"Wealth & <plenty>"}]'
    assert look("-j", "search", "no-such-text").ok().stdout == "[]"
    assert look("-j", "search").ok().stdout == "[]"


@pytest.mark.parametrize(
    "path",
    [
        "/usr/bin/rich",  # in primary
        "/etc/rich.conf",
        "/usr/share/rich/naïve",  # in filelists only
        "/usr/share/rich/only in filelists & more",
        "/usr/share/rich/*",
        "*/naïve",
        "/usr/share/rich/na?ve",
        "/usr/bin/ric[h]",
        "[/]usr/bin/rich",
        "?usr/bin/rich",
    ],
)
def test_provides_finds_the_owner_of_a_path_once(look: Tdnf, path: str) -> None:
    result = look("provides", path)
    assert owners(result) == [f"{RICH}@main"]
    assert result.lines[0] == f"[using file list match for '{path}']"
    assert result.lines[1:] == [f"{RICH} : Wealth & <plenty>", "Repo\t : main"]


def test_provides_finds_files_of_installed_packages(look: Tdnf) -> None:
    assert owners(look("provides", "/usr/share/orphan/data")) == ["orphan-0.1-1.noarch@@System"]


def test_provides_lists_owners_in_the_reverse_order_of_list(look: Tdnf) -> None:
    expected = ["lib-2.0-1.noarch@main", "lib-1.0-1.noarch@main", "lib-1.0-1.noarch@@System"]
    assert owners(look("provides", "/usr/share/lib/data")) == expected
    assert owners(look("provides", "lib")) == expected
    assert owners(look("whatprovides", "*/lib/data")) == expected


@pytest.mark.parametrize(
    "spec",
    ["virtual(rich)", "virtual(rich) = 7.5", "virtual(rich)>7", "rich-alias", "virtual(r*", "ric?", "rich",
     "rich-1.2", "rich-3:1.2-3", RICH, "rich = 3:1.2-3", "rich>=3:1"],
)  # fmt: skip
def test_provides_understands_names_versions_and_capabilities(look: Tdnf, spec: str) -> None:
    assert f"{RICH}@main" in owners(look("provides", spec))


def test_provides_ignores_further_words(look: Tdnf) -> None:
    assert owners(look("provides", "rich-alias", "lib")) == [f"{RICH}@main"]


@pytest.mark.parametrize("spec", ["RICH", "Virtual(rich)"])
def test_provides_ignores_the_case_where_nothing_else_fits(look: Tdnf, spec: str) -> None:
    done = look("provides", spec).ok()
    assert done.lines[0] == f"[ignoring case for '{spec}']"
    assert owners(done) == [f"{RICH}@main"]


def test_provides_says_that_a_capability_fits(look: Tdnf) -> None:
    assert look("provides", "virtual(rich)").ok().lines[0] == "[using capability match for 'virtual(rich)']"
    assert "using" not in look("provides", "rich").ok().stdout


def test_provides_needs_the_whole_path(look: Tdnf) -> None:
    assert look("provides", "usr/bin/rich").ok().stderr == "No data available\n"


@pytest.mark.parametrize("spec", ["nosuch", "/no/such/file", "*/no-such-file", "lib = 9", "/usr/share/rich"])
def test_provides_without_hit_says_so_and_is_no_error(look: Tdnf, spec: str) -> None:
    done = look("provides", spec).ok()
    assert done.stderr == "No data available\n"
    assert done.stdout == ""
    assert look("-j", "provides", spec).ok().stdout == ""


def test_provides_needs_a_word(look: Tdnf) -> None:
    assert look("provides").failed(907).stderr == "Error(907) : Need an item to match.\n"


def test_provides_in_json_has_no_repository(look: Tdnf) -> None:
    assert look("-j", "provides", "/usr/share/rich/naïve").ok().json == [
        {"Name": "rich", "Arch": ARCH, "Evr": "3:1.2-3", "Summary": "Wealth & <plenty>"}
    ]


def test_count_counts_installed_and_available_packages(look: Tdnf) -> None:
    assert look("count").ok().stdout == "Package count = 24\n"
    assert look("-j", "count").ok().stdout == "24"
    assert look("count", "--disablerepo=*").ok().stdout == "Package count = 4\n"


def test_check_names_every_problem(look: Tdnf) -> None:
    done = look("check").failed(1301)
    assert "nothing provides nowhere-to-be-found needed by broken-1.0-1.noarch" in done.stderr
    assert (
        "package clash-a-1.0-1.noarch conflicts with clash-b provided by clash-b-1.0-1.noarch" in done.stderr
    )
    assert "Found 3 problem(s) while resolving" in done.stderr
    assert look("-j", "check").failed(1301).json["Error"] == 1301


def test_check_of_what_fits_together_succeeds(look: Tdnf) -> None:
    assert look("check", "--repo=second", "--enablerepo=nosuch").ok().lines == [
        "Check completed without issues"
    ]
    look("check", "--skip-broken", "--skipconflicts", "--skipobsoletes").ok()
    assert look("-j", "check", "--repo=second").ok().stdout == ""


def test_help_and_no_command_print_the_usage_text(look: Tdnf) -> None:
    usage = look("--help").ok().stdout
    assert usage.startswith("Usage: tdnf [options] COMMAND\n")
    for heading in ("common options:", "repoquery select options:", "List of Main Commands"):
        assert heading in usage
    assert look("-h").ok().stdout == look("help").ok().stdout == look("--help", "-j").ok().stdout == usage
    assert look("-j", "help").ok().stdout == ""
    done = look().failed(912)
    assert done.stdout == "You need to give some command\n" + usage


@pytest.mark.parametrize("word", [*COMMANDS, *ALIASES])
def test_each_command_has_a_help_page(look: Tdnf, word: str) -> None:
    page = look("help", word).ok().stdout
    assert page.startswith(f"Usage: tdnf [OPTION]... {ALIASES.get(word, word)}")
    assert look(word, "--help", "-j").ok().stdout == look("-h", word).ok().stdout == page


def test_help_on_a_command_that_there_is_not(look: Tdnf) -> None:
    done = look("help", "instal").failed(912)
    assert done.stderr.startswith("No such command: instal. 'tdnf help' lists all commands.\n")
    assert look("-j", "help", "instal").failed(912).json["Error"] == 912


def test_on_a_terminal_a_mistyped_command_is_understood(look: Tdnf) -> None:
    screen = on_terminal(look, "instal")
    assert "Did you mean install or reinstall or localinstall?" in screen.lines
    assert "Did you mean" not in "".join(on_terminal(look, "qqqqqq").lines)


def test_the_version_wins_over_everything_else(look: Tdnf) -> None:
    text = look("--version").ok().stdout
    assert text.startswith("tdnf: ")
    assert look("--help", "nosuch", "--version").ok().stdout == text
    assert look("-j", "--version").ok().json == {"Name": "tdnf", "Version": text.split()[1]}
    assert look("-c", "/nonexistent", "--version").ok().stdout == text
