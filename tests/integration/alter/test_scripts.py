"""What librpm does and says: scriptlets, configuration files, conflicts (tdnf contract, output 3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import documents
from tests.support.rpms import CONFIG, File, Rpm, host_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo

SHELL = host_program("shell", "/bin/sh")
TALKER = Rpm(
    "talker",
    files={"/usr/talker": "x\n"},
    scripts={"post": "echo one; echo two >&2; printf unfinished", "preun": "echo bye"},
)
BADPRE = Rpm("badpre", files={"/usr/badpre": "x\n"}, scripts={"pre": "echo on purpose; exit 3"})
NEEDY = Rpm("needy", requires=["plain"])
BADPOST = Rpm("badpost", files={"/usr/badpost": "x\n"}, scripts={"post": "exit 4"})
BADPREUN = Rpm("badpreun", scripts={"preun -p <lua>": "error('no')"})
LUA = Rpm(
    "luatalker", scripts={"post -p <lua>": 'print("lua says hello")', "pre -p <lua>": 'print("and pre")'}
)


@pytest.fixture
def shell(offer: Callable[..., Repo], tdnf: Tdnf) -> None:
    """A root with a shell, and packages whose scripts use it."""
    offer(SHELL, TALKER, BADPRE, BADPOST, BADPREUN, LUA, NEEDY, Rpm("plain", files={"/usr/plain": "x\n"}))
    tdnf("install", "-y", "shell").ok()


def test_each_line_of_a_script_names_its_package(tdnf: Tdnf, shell: None) -> None:
    done = tdnf("install", "-y", "talker", "plain").ok()
    said = [line for line in done.lines if line.startswith("talker-1.0-1.noarch: ")]
    assert said == [f"talker-1.0-1.noarch: {words}" for words in ("one", "two", "unfinished")]
    assert "talker-1.0-1.noarch: bye" in tdnf("remove", "-y", "talker").ok().lines


def test_scripts_in_lua_are_heard_in_their_place(tdnf: Tdnf, shell: None) -> None:
    done = tdnf("install", "-y", "luatalker").ok()
    assert done.lines[-4:] == [
        "Running transaction",
        "luatalker-1.0-1.noarch: and pre",
        "Installing/Updating: luatalker-1.0-1.noarch",
        "luatalker-1.0-1.noarch: lua says hello",
    ]


def test_in_json_mode_scripts_do_not_disturb_standard_output(tdnf: Tdnf, shell: None) -> None:
    done = tdnf("install", "-y", "-j", "talker", "luatalker").ok()
    assert [list(document) for document in documents(done)] == [["Install"]]
    assert {"talker-1.0-1.noarch: one", "luatalker-1.0-1.noarch: lua says hello"} <= set(
        done.stderr.splitlines()
    )


def test_quiet_still_shows_what_scripts_say(tdnf: Tdnf, shell: None) -> None:
    done = tdnf("install", "-y", "-q", "talker").ok()
    assert done.lines == [f"talker-1.0-1.noarch: {words}" for words in ("one", "two", "unfinished")]


def test_a_failing_pre_script_fails_the_transaction_and_is_named(tdnf: Tdnf, root: Root, shell: None) -> None:
    done = tdnf("install", "-y", "badpre").failed(1525)
    assert "package badpre-1.0-1.noarch: script error in %prein" in done.lines
    assert "badpre-1.0-1.noarch: on purpose" in done.lines
    assert done.stderr.splitlines()[-1] == "Error(1525) : rpm transaction failed"
    assert root.installed == [SHELL.nevra]
    assert not root.file("/usr/badpre").exists()
    assert len(tdnf("history", "-j").json) == 2


def test_a_failing_pre_script_in_json(tdnf: Tdnf, shell: None) -> None:
    done = tdnf("install", "-y", "-j", "badpre").failed(1525)
    assert documents(done)[-1] == {"Error": 1525, "ErrorMessage": "rpm transaction failed"}


def test_what_comes_besides_a_failing_package_is_recorded_with_its_command_and_marks(
    tdnf: Tdnf, root: Root, shell: None, marks: Callable[[], dict[str, bool]]
) -> None:
    done = tdnf("install", "-y", "badpre", "needy").failed(1525)
    assert "A part of the transaction is carried out" in done.stderr
    assert {"plain-1.0-1.noarch", "needy-1.0-1.noarch"} <= set(root.installed)
    (row,) = tdnf("history", "-j", "list", "last", "--info").json
    assert row["CmdLine"].endswith("-y install badpre needy")
    assert sorted(row["Added"]) == ["needy-1.0-1.noarch", "plain-1.0-1.noarch"]
    assert marks() == {"plain": True}
    count = len(tdnf("history", "-j").json)
    tdnf("install", "-y", "talker").ok()
    assert len(tdnf("history", "-j").json) == count + 1  # nothing unknown between them
    tdnf("-y", "history", "undo", str(count)).ok()
    assert "plain-1.0-1.noarch" not in root.installed


def test_a_failing_removal_records_what_went_besides(
    tdnf: Tdnf, root: Root, shell: None, marks: Callable[[], dict[str, bool]]
) -> None:
    tdnf("install", "-y", "badpreun", "needy").ok()
    tdnf("remove", "-y", "badpreun", "needy").failed(1525)
    (row,) = tdnf("history", "-j", "list", "last", "--info").json
    assert row["CmdLine"].endswith("-y remove badpreun needy")
    assert (row["Added"], row["Removed"][0]) == ([], "needy-1.0-1.noarch")
    assert "badpreun-1.0-1.noarch" in root.installed


def test_a_transaction_that_fails_before_its_first_package_is_not_recorded(
    tdnf: Tdnf, root: Root, shell: None
) -> None:
    before = len(tdnf("history", "-j").json)
    done = tdnf("install", "-y", "badpre").failed(1525)
    assert "A part" not in done.stderr
    assert len(tdnf("history", "-j").json) == before


def test_the_first_transaction_of_a_root_that_fails_at_once_is_not_recorded(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    """All that it does is to make an empty rpm database."""
    offer(Rpm("never", scripts={"pretrans -p <lua>": "error('no')"}))
    done = tdnf("install", "-y", "never").failed(1525)
    assert "A part" not in done.stderr
    assert [row["CmdLine"] for row in tdnf("history", "-j").json] == ["(set)"]
    assert root.installed == []


def test_a_failing_post_script_is_a_warning(tdnf: Tdnf, root: Root, shell: None) -> None:
    done = tdnf("install", "-y", "badpost").ok()
    assert "package badpost-1.0-1.noarch: script warning in %postin" in done.lines
    assert "badpost-1.0-1.noarch" in root.installed


@pytest.mark.parametrize("script", ["pretrans", "posttrans", "triggerin -- plain"])
def test_a_failing_script_of_a_transaction_has_its_name(
    tdnf: Tdnf, offer: Callable[..., Repo], script: str
) -> None:
    section, _, what = script.partition(" ")
    text = f"{section} -p <lua> {what}".strip()
    offer(Rpm("failing", scripts={text: "error('no')"}), Rpm("plain", files={"/usr/plain": "x\n"}))
    done = tdnf("install", "-y", "failing", "plain")
    (line,) = (line for line in done.lines if line.startswith("package failing-1.0-1.noarch: script"))
    assert line.endswith(f" in %{section}"), str(done)


def test_a_failing_preun_script_keeps_the_package(tdnf: Tdnf, root: Root, shell: None) -> None:
    tdnf("install", "-y", "badpreun").ok()
    done = tdnf("remove", "-y", "badpreun").failed(1525)
    assert "package badpreun-1.0-1.noarch: script error in %preun" in done.lines
    assert "badpreun-1.0-1.noarch" in root.installed


def test_noscripts_runs_none(tdnf: Tdnf, root: Root, shell: None) -> None:
    done = tdnf("install", "-y", "--setopt=tsflags=noscripts", "badpre", "talker").ok()
    assert "talker-1.0-1.noarch:" not in done.stdout
    assert "badpre-1.0-1.noarch" in root.installed


def test_nodocs_leaves_documentation_out(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(Rpm("manual", files={"/usr/manual": File("read me\n", flag="%doc"), "/usr/thing": "x\n"}))
    tdnf("install", "-y", "--setopt=tsflags=nodocs", "manual").ok()
    assert root.file("/usr/thing").exists()
    assert not root.file("/usr/manual").exists()


def test_a_changed_configuration_file_is_never_lost(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    def daemon(evr: str, text: str) -> Rpm:
        return Rpm(
            "daemon",
            evr,
            files={"/etc/keep": File(text, flag=CONFIG), "/etc/replace": File(text, flag="%config")},
        )

    offer(daemon("1-1", "one\n"), daemon("2-1", "two\n"), daemon("3-1", "three\n"))
    tdnf("install", "-y", "daemon=1").ok()
    tdnf("update", "-y", "daemon=2").ok()
    assert root.file("/etc/keep").read_text() == "two\n"  # untouched ones follow
    root.file("/etc/keep").write_text("mine\n")
    root.file("/etc/replace").write_text("mine\n")
    done = tdnf("update", "-y").ok()
    assert root.file("/etc/keep").read_text() == "mine\n"
    assert root.file("/etc/keep.rpmnew").read_text() == "three\n"
    assert root.file("/etc/replace").read_text() == "three\n"
    assert root.file("/etc/replace.rpmsave").read_text() == "mine\n"
    assert "/etc/keep.rpmnew" in done.stderr + done.stdout
    assert "/etc/replace.rpmsave" in done.stderr + done.stdout
    tdnf("remove", "-y", "daemon").ok()
    assert root.file("/etc/keep.rpmsave").read_text() == "mine\n"


def test_packages_with_the_same_file_conflict_and_nothing_is_installed(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("one", files={"/usr/f": "1\n"}), Rpm("two", files={"/usr/f": "2\n"}), Rpm("three"))
    done = tdnf("install", "-y", "one", "two", "three").failed(1525)
    assert done.lines[-3:-1] == ["Testing transaction", "Found 1 problems"]
    assert done.lines[-1] == (
        "file /usr/f conflicts between attempted installs of one-1.0-1.noarch and two-1.0-1.noarch"
    )
    assert root.installed == []
    tdnf("install", "-y", "one").ok()
    done = tdnf("install", "-y", "two").failed(1525)
    assert done.lines[-1] == (
        "file /usr/f from install of two-1.0-1.noarch conflicts with file from package one-1.0-1.noarch"
    )
    done = tdnf("install", "-y", "-j", "two").failed(1525)
    assert documents(done)[-1]["Error"] == 1525
    assert root.installed == ["one-1.0-1.noarch"]


def test_the_same_file_with_the_same_content_is_shared(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("one", files={"/usr/f": "1\n"}), Rpm("two", files={"/usr/f": "1\n"}))
    tdnf("install", "-y", "one", "two").ok()
    tdnf("remove", "-y", "one").ok()
    assert root.file("/usr/f").read_text() == "1\n"


def test_owners_modes_links_and_holes_arrive_as_packaged(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    files: dict[str, bytes | str | File] = {
        "/usr/secret": File("s\n", 0o600),
        "/usr/run": File("#!/bin/true\n", 0o4755),
        "/usr/link": File("run", kind="link"),
        "/var/empty": File(kind="dir", mode=0o700),
        "/var/ghost": File(kind="ghost"),
        "/usr/na\u00efve \u540d": "unicode\n",
    }
    offer(*(Rpm(f"pack-{word[3:]}", files={k + word[3:]: v for k, v in files.items()}, payload=word)
            for word in ("w9.gzdio", "w6.xzdio", "w3.zstdio")))  # fmt: skip
    tdnf("install", "-y", "pack-*").ok()
    assert root.rpm("-Va").ok().stdout == ""
    assert root.file("/usr/runxzdio").stat().st_mode & 0o7777 == 0o4755
    tdnf("remove", "-y", "pack-*").ok()
    assert root.rpm("-qa").ok().stdout == ""


def test_a_pretrans_requirement_in_the_same_transaction_is_explained(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    early = Rpm("early", requires_for={"pretrans": ["plain >= 1.0"]}, scripts={"pretrans -p <lua>": "x = 1"})
    offer(early, Rpm("plain"))
    done = tdnf("install", "-y", "early").failed(1515)
    assert "plain >= 1.0 is needed by early-1.0-1.noarch" in done.lines
    assert (
        "Detected rpm pre-transaction dependency errors. Install plain >= 1.0 first to resolve this failure."
        in done.stderr.splitlines()
    )
    tdnf("install", "-y", "plain").ok()
    tdnf("install", "-y", "early").ok()
    assert root.installed == ["early-1.0-1.noarch", "plain-1.0-1.noarch"]
