"""tdnf-config changes what it is asked to change, and nothing else (tdnf contract, commands 9)."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import Result, namespaces_allowed, program_command, scrubbed_environment

if TYPE_CHECKING:
    from pathlib import Path

MAIN = """\
# The configuration.
[main]
gpgcheck=1
installonly_limit=3

# Where repositories are.
repodir={repodir}
just words
; more words
[other]
gpgcheck=7
"""
REPO = "# by hand\n[one]\nname=One\nbaseurl=http://localhost/one\nenabled=1\n\n[two]\nname=Two\n"


class Editor:
    """The program with a configuration of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repodir = folder / "repos"
        self.repodir.mkdir()
        self.conf = folder / "tdnf.conf"
        self.conf.write_text(MAIN.format(repodir=self.repodir))
        self.repo = self.repodir / "by-hand.repo"
        self.repo.write_text(REPO)

    def __call__(self, *words: str | Path, bare: bool = False) -> Result:
        given = [] if bare else ["-c", str(self.conf)]
        command = [*program_command("tdnf-config", "config_editor"), *given, *map(str, words)]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            env=scrubbed_environment(self.folder),
            check=False,
            cwd=self.folder,
        )
        return Result(tuple(command), done.returncode, done.stdout, done.stderr)


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    return Editor(tmp_path)


def test_edit_changes_one_line_and_keeps_all_others(editor: Editor) -> None:
    editor("edit", "main", "installonly_limit=5").ok()
    text = editor.conf.read_text()
    expected = MAIN.format(repodir=editor.repodir).replace("installonly_limit=3", "installonly_limit = 5")
    assert text.replace(" = ", "=") == expected.replace(" = ", "=")
    assert "installonly_limit = 5\n" in text


def test_edit_adds_a_key_behind_the_other_settings_of_its_section(editor: Editor) -> None:
    editor("edit", "two", "enabled = 1", "gpgkey=a=b").ok()
    assert editor.repo.read_text().endswith("[two]\nname = Two\nenabled = 1\ngpgkey = a=b\n")
    editor("edit", "one", "priority=7").ok()
    assert "enabled = 1\npriority = 7\n\n[two]" in editor.repo.read_text()


@pytest.mark.parametrize("word", ["=x", "#a=b", "[a=b", "a=b\nevil=1"])
def test_what_is_no_setting_is_refused_and_nothing_written(editor: Editor, word: str) -> None:
    done = editor("edit", "main", "keepcache=1", word)
    assert done.status == 1
    assert editor.conf.read_text() == MAIN.format(repodir=editor.repodir)


def test_a_word_without_an_equal_sign_is_refused_and_nothing_written(editor: Editor) -> None:
    done = editor("edit", "main", "keepcache=1", "gpgcheck")
    assert (done.status, done.stderr) == (1, "expected '=' after key gpgcheck\n")
    assert editor.conf.read_text() == MAIN.format(repodir=editor.repodir)


def test_get_prints_the_value_that_tdnf_would_use(editor: Editor) -> None:
    assert editor("get", "main", "gpgcheck").ok().stdout == "1\n"
    assert editor("get", "one", "baseurl").ok().stdout == "http://localhost/one\n"
    editor.repo.write_text("[one]\nname=first\nname=last\n")
    assert editor("get", "one", "name").ok().stdout == "last\n"
    done = editor("get", "one", "nothing")
    assert (done.status, done.stdout, done.stderr) == (4, "", "'nothing' not found in 'one'\n")


def test_an_edit_of_a_key_that_is_there_twice_changes_the_one_that_counts(editor: Editor) -> None:
    editor.repo.write_text("[one]\nname=first\nname=last\n")
    editor("edit", "one", "name=new").ok()
    assert editor("get", "one", "name").ok().stdout == "new\n"
    editor("remove", "one", "name").ok()
    assert editor("get", "one", "name").status == 4


def test_remove_removes_keys(editor: Editor) -> None:
    editor("remove", "one", "enabled", "baseurl").ok()
    assert editor.repo.read_text() == "# by hand\n[one]\nname = One\n\n[two]\nname = Two\n"
    done = editor("remove", "one", "name", "nothing")
    assert (done.status, done.stderr) == (4, "key 'nothing' not found\n")
    assert "name = One" in editor.repo.read_text()


def test_create_makes_a_file_that_tdnf_reads(editor: Editor) -> None:
    editor("create", "new", "baseurl=http://localhost/new", "enabled=1").ok()
    made = editor.repodir / "new.repo"
    assert made.read_text() == "[new]\nbaseurl = http://localhost/new\nenabled = 1\n"
    assert made.stat().st_mode & 0o777 == 0o644
    listed = subprocess.run(
        [*program_command(), "-c", str(editor.conf), "--releasever=1", "repolist", "--json"],
        capture_output=True,
        check=True,
    )
    assert [repo["Repo"] for repo in json.loads(listed.stdout)] == ["one", "new"]


def test_create_appends_to_the_file_that_is_named(editor: Editor) -> None:
    editor("-f", editor.repo, "create", "three", "enabled=0").ok()
    assert editor.repo.read_text().endswith("[two]\nname = Two\n\n[three]\nenabled = 0\n")
    other = editor.folder / "elsewhere.repo"
    editor("--file", other, "create", "four", "enabled=0").ok()
    assert other.read_text() == "[four]\nenabled = 0\n"
    assert editor("--file", other, "get", "four", "enabled").ok().stdout == "0\n"


def test_create_refuses_an_id_that_is_there(editor: Editor) -> None:
    done = editor("create", "two", "enabled=1")
    assert (done.status, done.stderr) == (5, "repo 'two' already exists\n")
    assert editor.repo.read_text() == REPO


@pytest.mark.parametrize(
    "words",
    [("main", "a=b"), ("new",), ("../new", "a=b"), ("..", "a=b"), ("a]b", "a=b"), ("new", "a"), ()],
)
def test_create_refuses_what_makes_no_repository(editor: Editor, words: tuple[str, ...]) -> None:
    assert editor("create", *words).status == 1
    assert os.listdir(editor.repodir) == ["by-hand.repo"]
    assert sorted(os.listdir(editor.folder)) == ["repos", "tdnf.conf"]


def test_removerepo_keeps_the_rest_of_the_file_and_removes_an_empty_one(editor: Editor) -> None:
    editor("removerepo", "one").ok()
    assert editor.repo.read_text() == "# by hand\n[two]\nname = Two\n"
    editor("removerepo", "two").ok()
    assert editor.repo.read_text() == "# by hand\n"
    editor("create", "new", "enabled=1").ok()
    editor("removerepo", "new").ok()
    assert os.listdir(editor.repodir) == ["by-hand.repo"]
    done = editor("removerepo", "new")
    assert (done.status, done.stderr) == (3, "repo 'new' not found\n")


def test_dump_prints_the_file_or_the_section_as_json(editor: Editor) -> None:
    whole = editor("dump", "two").ok().stdout
    assert whole == REPO.replace("=", " = ")
    assert json.loads(editor("-j", "dump", "two").ok().stdout) == {"two": {"name": "Two"}}
    for option in ("-j", "--json"):
        main = json.loads(editor(option, "dump", "main").ok().stdout)["main"]
        assert main["gpgcheck"] == "1"
        assert main[".comment"] == "# Where repositories are."
        assert main[".empty"] == ""
    assert '{"main":{"gpgcheck":"1",' in editor("-j", "dump", "main").stdout


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("frob", "main"), 1, "Unknown command 'frob'\n"),
        (("edit", "nosuch", "a=b"), 3, "repo 'nosuch' not found\n"),
        (("get", "main"), 1, "'get main' needs a key\n"),
        (("dump",), 1, None),
        (("--frob",), 1, None),
        (("-f",), 1, None),
        ((), 0, ""),
    ],
)
def test_wrong_usage_has_its_status(
    editor: Editor, words: tuple[str, ...], status: int, said: str | None
) -> None:
    done = editor(*words)
    assert (done.status, done.stdout) == (status, "")
    assert done.stderr == said if said is not None else done.stderr


def test_a_missing_configuration_is_an_error_of_the_system(editor: Editor) -> None:
    done = editor("-c", "nowhere.conf", "get", "main", "gpgcheck", bare=True)
    assert (done.status, done.stderr) == (2, "tdnf-config: nowhere.conf: No such file or directory\n")
    editor.conf.write_text(f"[main]\nrepodir={editor.folder}/none\n")
    assert editor("get", "one", "name").status == 2


def test_both_spellings_of_the_repo_folder_count(editor: Editor) -> None:
    editor.conf.write_text(f"[main]\nrepodir=/nowhere\nreposdir={editor.repodir}\n")
    assert editor("get", "two", "name").ok().stdout == "Two\n"


def test_mode_owner_links_and_strange_bytes_survive(editor: Editor) -> None:
    real = editor.folder / "real.repo"
    real.write_bytes(b"\xef\xbb\xbf[one]\nname=\xe4\xff\npassword=x\n")
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(real, 12, 34)
    before = real.stat()
    editor.repo.unlink()
    editor.repo.symlink_to(real)
    (editor.folder / "real.repo.tmp").write_text("of a run that was killed")
    editor("edit", "one", "enabled=1").ok()
    after = real.stat()
    assert editor.repo.is_symlink()
    assert real.read_bytes() == b"\xef\xbb\xbf[one]\nname = \xe4\xff\npassword = x\nenabled = 1\n"
    kept = (before.st_mode, before.st_uid, before.st_gid)
    assert (after.st_mode, after.st_uid, after.st_gid) == kept
    assert after.st_ino != before.st_ino, "renamed, not written in place"
    assert not (editor.folder / "real.repo.tmp").exists()


def test_a_full_disk_leaves_the_file_as_it_is(editor: Editor, tmp_path: Path) -> None:
    command = " ".join((*program_command("x", "config_editor")[:2], "-c", '"$0"', '"$@"'))
    code = program_command("tdnf-config", "config_editor")[-1]
    big = "a=" + "x" * 100_000
    script = (
        f'mount -t tmpfs -o size=64k none {tmp_path}/repos && cp "{tmp_path}/saved" {tmp_path}/repos/r.repo'
    )
    script += f" && {command}; status=$?; ls {tmp_path}/repos; cat {tmp_path}/repos/r.repo; exit $status"
    (tmp_path / "saved").write_text(REPO)
    words = ["unshare", "--mount", "sh", "-c", script, code, "-c", str(editor.conf), "edit", "one", big]
    if os.geteuid() != 0 or not namespaces_allowed():
        pytest.skip("a small disk needs root and mount namespaces")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "No space left on device" in done.stderr
    assert done.stdout == f"r.repo\n{REPO}"


def test_nothing_heavy_is_loaded(editor: Editor) -> None:
    code = program_command("tdnf-config", "config_editor")[-1]
    show = "import os, sys; os._exit = lambda status: print(*sys.modules, file=sys.stderr)\n"
    command = [*program_command()[:2], "-c", show + code, "-c", str(editor.conf), "get", "main", "gpgcheck"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    loaded = set(done.stderr.split())
    assert "pkgman.programs.config_editor" in loaded
    assert not loaded & {
        "click",
        "solv",
        "rpm",
        "requests",
        "lxml",
        "sqlite3",
        "pkgman.session",
        "subprocess",
    }
