"""JSON mode: each command's documents are as docs/schema says, and nothing else is on standard output."""

from __future__ import annotations

import contextlib
import copy
import fcntl
import json
import re
import select
import subprocess
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.support.cli import PROJECT, Tdnf, program_command
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.world import World
    from tests.support.cli import Root
    from tests.support.repos import Repo

FOLDER = PROJECT / "docs/schema"
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}

ONE = Rpm("one", "1:1.0-1", files={"/usr/share/one": "1\n"})
TWO = Rpm("one", "1:2.0-1", files={"/usr/share/one": "2\n"})
SAYS = Rpm("says", scripts={"post -p <lua>": "print('hello')", "preun -p <lua>": "print('bye')"})
BAD = Rpm("bad", scripts={"pre -p <lua>": "error('no')"})
OLD, NEW = Rpm("old"), Rpm("new", obsoletes=("old",))

QUERIES = [
    ("list", "list"),
    ("list", "list nosuch"),
    ("list", "list installed"),
    ("info", "info"),
    ("check-update", "check-update"),
    ("check-update", "check-upgrade"),
    ("check-update", "check-update orphan"),
    ("leaves", "leaves"),
    ("search", "search lib"),
    ("search", "search nosuch"),
    ("search", "search"),
    ("provides", "provides lib"),
    ("provides", "whatprovides /usr/bin/rich"),
    ("repoquery", "repoquery"),
    ("repoquery", "repoquery --installed"),
    *(("repoquery", f"repoquery --{each} rich") for each in (
        "changelogs", "conflicts", "depends", "enhances", "list", "location", "obsoletes", "provides",
        "recommends", "requires", "requires-pre", "source", "suggests", "supplements", "qf=%{name}",
    )),
    ("repoquery", "repoquery --installed --location"),
    ("deplist", "deplist"),
    ("deplist", "deplist --installed app"),
    ("config-manager", "config-manager --dump"),
    ("config-manager", "config-manager --dump main *"),
    ("download", "download --urls rich"),
    ("repolist", "repolist"),
    ("repolist", "repolist all"),
    ("repolist", "repo list --disabled"),
    ("repo-info", "repo info"),
    ("repo-info", "repo info off"),
    ("repo-info", "repoinfo"),
    ("updateinfo-summary", "updateinfo"),
    ("updateinfo-summary", "advisory summary"),
    ("updateinfo-list", "updateinfo list"),
    ("updateinfo-list", "advisory list --security"),
    ("updateinfo-info", "updateinfo info"),
    ("updateinfo-info", "advisory info"),
    ("count", "count"),
    ("version", "--version"),
    ("version", "version"),
    ("transaction", "--assumeno install rich"),
    ("transaction", "--assumeno update"),
    ("transaction", "--assumeno remove lib"),
    ("error", "install"),
    ("error", "clean"),
    ("error", "nosuch"),
    ("error", "list --nosuch"),
    ("error", "list --repo"),
    ("error", "repolist nosuch"),
]  # fmt: skip
SILENT = (
    "makecache", "clean expire-cache", "check-local .", "help",
    "check --skip-broken --skipconflicts --skipobsoletes",
    "provides nosuch", "repoquery nosuch", "deplist nosuch", "reposync --urls",
    "upgrade-minimal --advisory=nosuch",
    "install tool", "-q -y --downloadonly install extras",
)  # fmt: skip


def valid(name: str, document: Any) -> None:
    jsonschema.validate(document, SCHEMAS[name], cls=jsonschema.Draft202012Validator)


def documents(text: str) -> list[Any]:
    """The documents of a text that has nothing else in it, not even a blank."""
    decoder, found = json.JSONDecoder(), []
    while text:
        value, end = decoder.raw_decode(text)
        compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        assert text[:end] == compact, "one line, no blanks"
        found.append(value)
        text = text[end:]
    return found


@pytest.mark.parametrize(("name", "words"), QUERIES, ids=[words for _, words in QUERIES])
def test_what_a_command_prints_is_what_its_schema_says(look: Tdnf, name: str, words: str) -> None:
    done = look("-j", *words.split())
    assert (done.status == 0) is (name != "error")
    [document] = documents(done.stdout)
    valid(name, document)
    empty = words.endswith(("nosuch", "orphan", "search")) and name != "error"
    assert bool(document) is not empty, "what is to be checked must be there"


@pytest.mark.parametrize("words", SILENT)
def test_some_commands_print_nothing(world: World, tmp_path: Path, words: str) -> None:
    done = world.tdnf("-j", *words.split(), f"--setopt=cachedir={tmp_path}").ok()
    assert done.stdout == ""


def test_downloaded_files_are_named(look: Tdnf, tmp_path: Path) -> None:
    [document] = documents(look("-j", "download", "--destdir", tmp_path, "lib").ok().stdout)
    valid("download", document)
    assert document[0]["Path"].startswith(str(tmp_path))


@pytest.fixture
def changing(make_repo: Callable[..., Repo], root: Root) -> Tdnf:
    """The program on an empty root with a repository of packages that do all there is to do."""
    root.add_repo(make_repo("test", ONE, TWO, SAYS, BAD, OLD, NEW, signed=False))
    return Tdnf(root)


def test_transactions_and_their_history(changing: Tdnf) -> None:
    steps = {
        "install one=1:1.0 says old": ["Install"],
        "upgrade one": ["Upgrade"],
        "downgrade one": ["Downgrade"],
        "reinstall one": ["Reinstall"],
        "install new": ["Install", "Remove", "Obsolete"],
        "erase one": ["Remove"],
        "autoremove says": ["Remove"],
        "history undo 7": ["Install"],
        "history rollback 1": ["Remove"],
        "history redo 2": ["Install"],
    }
    for words, keys in steps.items():
        done = changing("-j", "-y", *words.split()).ok()
        [document] = documents(done.stdout)
        valid("transaction", document)
        assert list(document) == keys, words
    assert changing("-j", "-q", "-y", "erase", "one").ok().stdout == ""
    for option in ([], ["--info"], ["--reverse"]):
        [document] = documents(changing("-j", "history", *option).ok().stdout)
        valid("history-list", document)
        assert len(document) == len(steps) + 2
    assert changing("-j", "history", "init").ok().stdout == ""
    assert changing("-j", "mark", "install", "new").failed(1011).json["Error"] == 1011


def test_a_transaction_that_changes_marks_only_is_an_empty_object(changing: Tdnf) -> None:
    changing("-y", "-q", "install", "one").ok()
    changing("mark", "remove", "one").ok()
    done = changing("-j", "-y", "history", "undo", "3").ok()
    assert done.stdout == "{}"
    valid("transaction", done.json)


def test_a_transaction_that_fails_is_followed_by_its_error(changing: Tdnf) -> None:
    for words, stdin, number in ((["-y"], "", 1525), ([], "", 1033)):
        done = changing("-j", *words, "install", "bad", stdin=stdin).failed(number)
        transaction, error = documents(done.stdout)
        valid("transaction", transaction)
        valid("error", error)
        assert error["Error"] == number
    assert len(documents(changing("-j", "install", "bad", stdin="n\n").ok().stdout)) == 1


def test_what_scripts_print_is_on_standard_error(changing: Tdnf) -> None:
    for words in (["install", "says"], ["erase", "says"]):
        done = changing("-j", "-y", *words).ok()
        valid("transaction", done.json)
        assert re.search("hello|bye", done.stderr)


def test_what_went_wrong_with_a_repository_is_on_standard_error(
    make_repo: Callable[..., Repo], root: Root, tdnf: Tdnf
) -> None:
    root.add_repo(make_repo("test", ONE, signed=False))
    root.add_repo("[gone]\nenabled=1\nname=Gone\nbaseurl=file:///nonexistent\nskip_if_unavailable=1\n")
    root.configure(keepcache="perhaps")
    done = tdnf("-j", "-v", "--refresh", "list").ok()
    valid("list", *documents(done.stdout))
    assert "Error(1238)" in done.stderr
    done = tdnf("-j", "--repo=gone", "--setopt=reposdir=/nonexistent", "list").failed(1005)
    valid("error", *documents(done.stdout))


@contextlib.contextmanager
def busy(root: Root) -> Iterator[None]:
    """Another instance runs."""
    path = root.run / ".tdnf-instance-lockfile"
    with path.open("w") as stream:
        fcntl.lockf(stream, fcntl.LOCK_EX)
        yield


def test_waiting_for_another_instance_is_said_on_standard_error(look: Tdnf, world: World) -> None:
    with busy(world.root):
        waiting = look.start("-j", "count")
        assert waiting.stderr
        ready, _, _ = select.select([waiting.stderr], [], [], 30)
        line = waiting.stderr.readline() if ready else "nothing was said"
    out, err = waiting.communicate(timeout=30)
    assert line == f"waiting for tdnf_instance lock on {world.root.lock}\n"
    valid("count", *documents(out))
    assert (waiting.returncode, err) == (0, "")


def test_tdnf_config_prints_a_section(root: Root) -> None:
    command = [*program_command("tdnf-config", "config_editor"), "-j", "-c", str(root.conf), "dump", "main"]
    done = subprocess.run(command, env=root.environment(), capture_output=True, text=True, check=True)
    valid("config-dump", json.loads(done.stdout))
    assert done.stdout.count("\n") == 1


EXAMPLES: dict[str, Any] = {
    "list": [{"Name": "a", "Arch": "noarch", "Evr": "2:1-1", "Repo": "r"}],
    "info": [
        {
            "Name": "a", "Arch": "noarch", "Evr": "1-1", "Repo": "r", "Url": None, "InstallSize": 0,
            "DownloadSize": 5, "Summary": "s", "License": "MIT", "Description": None,
        }
    ],
    "leaves": [{"Name": "a", "Arch": "noarch", "Evr": "1-1", "Repo": "@System"}],
    "search": [{"Name": "a", "Summary": None}],
    "provides": [{"Name": "a", "Arch": "noarch", "Evr": "1-1", "Summary": "s"}],
    "repoquery": [{"Nevra": "a-1-1.noarch", "Name": "a", "Arch": "noarch", "Evr": "1-1", "Repo": "r"}],
    "repolist": [{"Repo": "r", "RepoName": "R", "Enabled": True}],
    "repo-info": [
        {
            "Repo": "r", "RepoName": "R", "Enabled": True, "Priority": -1, "BaseUrls": ["u"],
            "MirrorList": None, "MetaLink": None, "GpgCheck": True, "RepoGpgCheck": False,
            "MetadataExpire": -1, "CacheUpdated": None, "Packages": 3,
        }
    ],
    "updateinfo-summary": {"Unknown": 0, "Security": 1, "Bugfix": 2, "Enhancement": 3},
    "updateinfo-list": [{"Type": "Security", "UpdateID": "patch:A-1", "Packages": ["a-1-1.noarch.rpm"]}],
    "updateinfo-info": [
        {
            "Type": "Bugfix", "UpdateID": "patch:A-1", "Updated": "Wed Jun  2 13:00:00 2021",
            "NeedsReboot": False, "Description": "d", "Packages": [], "Title": None, "Severity": None,
            "Issued": None, "CVEs": [], "References": [],
        }
    ],
    "history-list": [
        {
            "Id": 1, "CmdLine": None, "TimeStamp": 0, "AddedCount": 0, "RemovedCount": 1,
            "Added": [], "Removed": ["a-1-1.noarch"],
        }
    ],
    "count": 7,
    "transaction": {"Install": [{"Name": "a", "Arch": "x", "Evr": "1-1", "InstallSize": 1, "Repo": "r"}]},
    "error": {"Error": 1011, "ErrorMessage": "No matching packages"},
    "version": {"Name": "tdnf", "Version": "3.6.0"},
    "config-dump": {"main": {"gpgcheck": "0"}},
}  # fmt: skip
EXAMPLES["deplist"] = [
    {**EXAMPLES["repoquery"][0], "Dependencies": [{"Requires": "x >= 1", "Providers": ["b-1-1.noarch"]}]}
]
EXAMPLES["config-manager"] = [EXAMPLES["config-dump"]]
EXAMPLES["check-update"] = EXAMPLES["list"]
EXAMPLES["download"] = [{**EXAMPLES["repoquery"][0], "Path": "/a.rpm"}]
WRONG: tuple[Any, ...] = ([{}], 1.5, {"x": 1})
MAY_BE_MISSING = {"DownloadSize", "Install", "gpgcheck", "main"}


def spoiled(document: Any) -> Iterator[Any]:
    """Copies that are wrong in one place each."""
    yield [document]
    yield "text"
    holder = document[0] if isinstance(document, list) else document
    if not isinstance(holder, dict):
        yield -1
        return
    for key, value in holder.items():
        yield from (replaced(document, {**holder, key: wrong}) for wrong in WRONG)
        if key not in MAY_BE_MISSING:
            yield replaced(document, {k: v for k, v in holder.items() if k != key})
        if isinstance(value, int):
            yield replaced(document, {**holder, key: "1"})
    yield replaced(document, {**holder, "Surprise": "x"})


def replaced(document: Any, holder: dict[str, Any]) -> Any:
    return [holder] if isinstance(document, list) else holder


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_refuses_what_is_wrong(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    example = copy.deepcopy(EXAMPLES[name])
    valid(name, example)
    checked = 0
    for wrong in spoiled(example):
        with pytest.raises(jsonschema.ValidationError):
            valid(name, wrong)
            pytest.fail(f"accepted: {wrong}")
        checked += 1
    assert checked >= 3


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_describes_everything_and_allows_no_more(name: str) -> None:
    def look_at(schema: dict[str, Any], path: str) -> None:
        if schema.get("type") == "object":
            assert "additionalProperties" in schema, path
        for key, value in schema.get("properties", {}).items():
            assert value.get("description"), f"{path}/{key}"
            look_at(value, f"{path}/{key}")
        if "items" in schema:
            look_at(schema["items"], f"{path}/[]")

    assert SCHEMAS[name]["title"]
    assert SCHEMAS[name]["description"]
    look_at(SCHEMAS[name], name)


def test_the_table_names_every_schema_and_no_other() -> None:
    named = re.findall(
        r"^\| \[(.*?)\.json\]\((.*?)\.json\)", (FOLDER / "README.md").read_text(), re.MULTILINE
    )
    assert sorted(named) == [(name, name) for name in SCHEMAS]
