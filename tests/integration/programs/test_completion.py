"""Completion as a shell asks for it, on a real cache."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from pkgman.commandtable import COMMANDS
from pkgman.options import ALL_OPTIONS, BY_NAME, SPELLINGS
from tests.support.cli import PROJECT, Root, Tdnf, program_command
from tests.support.repos import publish
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.workshop import Workshop

FOLDER = PROJECT / "conf/completion"
PACKAGES = [Rpm("lab-app"), Rpm("lab-app", "2.0-1"), Rpm("lab.dotted"), Rpm("lab+plus"), Rpm("labxdotted")]
# As readline does it: COMP_WORDS and COMP_CWORD are set, the function named by 'complete -p' is called.
DRIVER = """
source {script}
spec=$(complete -p "$1")
function=${{spec#*-F }}; function=${{function%% *}}
COMP_WORDS=("${{@:2}}"); COMP_CWORD=$(($# - 2))
$function "$1" "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"
(( ${{#COMPREPLY[@]}} == 0 )) || printf '%s\\n' "${{COMPREPLY[@]}}"
"""


class Shell:
    """bash with our completion, and tdnf on a root with a warm cache."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self.program = root.scratch / "tdnf"
        self.program.write_text(f'#!/bin/sh\nexec {shlex.join(program_command())} "$@"\n')
        self.program.chmod(0o755)

    def __call__(self, *words: str, name: str = "tdnf", plain: bool = False) -> list[str]:
        """What is offered for the last of ``words``, sorted and without doubles as readline shows it."""
        given = [] if plain else ["-c", str(self.root.conf), "--installroot", str(self.root.path)]
        script = DRIVER.format(script=FOLDER / "tdnf.bash")
        command = ["bash", "--norc", "-c", script, "bash", name, str(self.program), *given, *words]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            env=self.root.environment(),
            cwd=self.root.scratch,
        )
        # bash -c has no readline, so there is nothing for compopt to change.
        assert not done.stderr.replace("compopt", ""), done.stderr
        return sorted(set(done.stdout.splitlines()))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, workshop: Workshop) -> Shell:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("bash's <(command) needs /proc")
    scratch = tmp_path_factory.mktemp("completion")
    root = Root(scratch)
    root.add_repo(publish(scratch / "www", workshop.build(*PACKAGES, signed=False), id="main"))
    root.add_repo("[spare]\nname=Spare\nbaseurl=file:///nowhere\nenabled=0\n")
    root.rpm("-i", "--nosignature", *map(str, workshop.build(Rpm("only-here"), signed=False))).ok()
    Tdnf(root)("makecache").ok()
    return Shell(root)


@pytest.mark.parametrize("name", ["tdnf", "tdnfj", "tyum", "yum"])
def test_commands_are_completed_under_every_name(shell: Shell, name: str) -> None:
    assert shell("", name=name) == sorted(COMMANDS)
    assert shell("inst", name=name) == ["install"]
    assert shell("-y", "--best", "rein", name=name) == ["reinstall"]


def test_options_are_completed(shell: Shell) -> None:
    everything = {f"--{o.name}" for o in ALL_OPTIONS} | {f"--{name}" for name in SPELLINGS}
    assert set(shell("--")) == everything
    assert shell("install", "--allowe") == ["--allowerasing"]


def test_the_script_knows_which_options_have_a_value() -> None:
    text = (FOLDER / "tdnf.bash").read_text()
    found = re.search(r"_tdnf_valued='([^']*)'", text)
    assert found
    valued = {f"--{o.name}" for o in ALL_OPTIONS if o.value}
    valued |= {f"--{name}" for name, own in SPELLINGS.items() if BY_NAME[own].value}
    valued |= {f"-{o.short}" for o in ALL_OPTIONS if o.value and o.short}
    assert set(found[1].split()) == valued


def test_package_names_come_from_the_cache(shell: Shell) -> None:
    assert shell("install", "lab") == ["lab+plus", "lab-app", "lab.dotted", "labxdotted"]
    assert shell("install", "lab.") == ["lab.dotted"]
    assert shell("install", "-y", "lab-app", "lab+") == ["lab+plus"]
    assert shell("install", "nothing-like-it") == []
    assert shell("remove", "lab") == []


def test_installed_names_are_those_of_the_database(shell: Shell) -> None:
    assert shell("remove", "") == ["only-here"]
    assert shell("list", "on") == ["only-here"]
    assert shell("list", "i") == ["installed"]


def test_installed_names_of_the_cache_are_used_while_they_are_newer_than_the_database(
    shell: Shell, tmp_path: Path
) -> None:
    names = shell.root.cachedir / "@System.names"
    before = names.read_bytes() if names.exists() else None
    try:
        names.write_text("from-the-cache\n")
        soon = time.time() + 10
        os.utime(names, (soon, soon))
        assert shell("remove", "") == ["from-the-cache"]
        os.utime(names, (1, 1))
        assert shell("remove", "") == ["only-here"]
    finally:
        names.unlink()
        if before is not None:
            names.write_bytes(before)


def test_tdnf_writes_the_installed_names_when_it_reads_the_database(shell: Shell) -> None:
    system = shell.root.cachedir / "@System.solv"
    system.unlink(missing_ok=True)
    Tdnf(shell.root)("list", "installed").ok()
    assert system.exists()
    assert system.with_suffix(".names").read_text() == "only-here\n"


def test_repositories_are_completed_by_what_can_be_done_with_them(shell: Shell) -> None:
    assert shell("--repo", "") == ["main", "spare"]
    assert shell("--repo", "=", "ma") == ["main"]  # readline breaks the word
    assert shell("--disablerepo", "=") == ["main"]
    assert shell("--enablerepo", "s") == ["spare"]
    assert shell("--repo", "=", "main", "install", "lab-") == ["lab-app"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("clean", "d"), ["dbcache"]),
        (("repolist", ""), ["all", "disabled", "enabled"]),
        (("history", "r"), ["redo", "rollback"]),
        (("mark", ""), ["install", "remove"]),
        (("mark", "install", "o"), ["only-here"]),
        (("updateinfo", ""), ["info", "list", "summary"]),
        (("check-local", "con"), ["conf"]),
        (("--installroot", "ro"), ["root"]),
        (("install", "./td"), []),
        (("makecache", ""), []),
    ],
)
def test_arguments_are_completed_by_command(shell: Shell, words: tuple[str, ...], offered: list[str]) -> None:
    assert shell(*words) == offered


def test_rpm_files_are_offered_to_install(shell: Shell) -> None:
    (shell.root.scratch / "a b.rpm").write_text("")
    assert shell("install", "./a") == ["./a b.rpm"]


def test_nothing_that_a_shell_would_run_is_offered(shell: Shell, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    for word in (f"$(touch {mark})", f"`touch {mark}`", "lab*", "[l]ab", "lab|sh", ".*"):
        shell("install", word)
        shell("--repo", word)
    assert not mark.exists()
    assert shell("install", "lab*") == []


def test_without_a_cache_of_names_tdnf_is_asked(shell: Shell) -> None:
    (names,) = shell.root.cachedir.glob("*/solvcache/*.names")
    kept = names.with_suffix(".kept")
    names.rename(kept)
    try:
        assert shell("install", "lab.") == ["lab.dotted"]
    finally:
        kept.rename(names)


def test_the_names_file_is_sorted_complete_and_cleaned_with_the_cache(
    tmp_path: Path, workshop: Workshop
) -> None:
    root = Root(tmp_path)
    root.add_repo(publish(tmp_path / "www", workshop.build(*PACKAGES, signed=False), id="main"))
    tdnf = Tdnf(root)
    tdnf("makecache").ok()
    (names,) = root.cachedir.glob("main-*/solvcache/main.names")
    assert names.read_text().splitlines() == ["lab+plus", "lab-app", "lab.dotted", "labxdotted"]
    assert names.stat().st_mode & 0o777 == 0o644
    tdnf("clean", "dbcache").ok()
    assert not names.exists()


def test_names_that_a_shell_would_read_otherwise_are_left_out(tmp_path: Path) -> None:
    from solver import names

    solv = tmp_path / "x.solv"
    names.write(str(solv), ["good", "$(reboot)", "a b", "-y", "two\nlines", "ümlaut", "c++", ""])
    assert (tmp_path / "x.names").read_text() == "c++\ngood\nlines\ntwo\n"


def test_many_names_are_found_in_no_time(shell: Shell, tmp_path: Path) -> None:
    (names,) = shell.root.cachedir.glob("*/solvcache/*.names")
    before = names.read_bytes()
    try:
        names.write_text("".join(f"package-{number:05}-of-many\n" for number in range(65_000)))
        took = []
        for _ in range(5):
            start = time.monotonic()
            assert len(shell("install", "package-649")) == 100
            took.append(time.monotonic() - start)
        assert min(took) < 0.1
    finally:
        names.write_bytes(before)


def test_zsh_and_fish_know_every_command_and_option() -> None:
    for script, dashes in (("_tdnf", "--"), ("tdnf.fish", "-l ")):
        text = (FOLDER / script).read_text()
        for option in ALL_OPTIONS:
            assert re.search(rf"{re.escape(dashes + option.name)}\b", text), (script, option.name)
        for command in COMMANDS:
            assert re.search(rf"\b{command}\b", text), (script, command)


@pytest.mark.parametrize(
    ("name", "script", "check"),
    [
        ("zsh", "_tdnf", ["zsh", "-n"]),
        ("fish", "tdnf.fish", ["fish", "--no-execute"]),
        ("bash", "tdnf.bash", ["bash", "-n"]),
        ("shellcheck", "tdnf.bash", ["shellcheck", "-s", "bash", "-S", "warning"]),
    ],
)
def test_a_script_has_the_syntax_of_its_shell(name: str, script: str, check: list[str]) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not here")
    done = subprocess.run([*check, str(FOLDER / script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_fish_completes(shell: Shell) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not here")

    def offered(line: str) -> set[str]:
        code = f"source {FOLDER / 'tdnf.fish'}; complete -C '{line}'"
        environment = {**shell.root.environment(), "PATH": f"{shell.root.scratch}:/usr/bin:/bin"}
        done = subprocess.run(
            ["fish", "-N", "-c", code], capture_output=True, text=True, check=True, env=environment
        )
        return {entry.partition("\t")[0] for entry in done.stdout.splitlines()}

    given = f"tdnf -c {shell.root.conf} -i {shell.root.path}"
    assert offered("tdnf reins") == {"reinstall"}
    assert offered(f"{given} install lab.") == {"lab.dotted"}
    assert offered(f"{given} remove o") == {"only-here"}
    assert offered(f"{given} --enablerepo s") == {"spare"}
