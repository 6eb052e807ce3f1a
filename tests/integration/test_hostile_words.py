"""Words that want to be more than words: ids, paths, numbers, URLs and texts of others."""

from __future__ import annotations

import os
import shlex
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.needs import pseudo_terminal
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.server import Server

APP = Rpm("app", files={"/usr/share/app": "app\n"})
STEERING = "red \x9b31m \u202egnp.exe"


@pytest.mark.parametrize("name", ["..", ".", "@System", "a\x1bb"])
def test_an_id_that_could_lead_out_of_the_cache_is_refused(tdnf: Tdnf, root: Root, name: str) -> None:
    canary = root.path / "var/cache/rpms/canary"
    canary.parent.mkdir(parents=True)
    canary.write_text("alive")
    (root.repodir / "x.repo").write_text(f"[{name}]\nbaseurl=file:///nowhere\nenabled=1\n")
    result = tdnf("clean", "all")
    assert result.error in (1622, 1037)
    assert canary.read_text() == "alive"
    (root.repodir / "x.repo").unlink()
    assert tdnf(f"--repofrompath={name},/", "clean", "all").error in (1622, 1037)
    assert tdnf("--repofrompath=../../x,/", "clean", "all").failed(1622)


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (("install", "-y", "http://[bad/x.rpm"), 1204),
        (("install", "-y", "file://[bad/x.rpm"), 1204),
        (("install", "-y", "file:///x%00.rpm"), 1204),
        (("--repofrompath=z,file://[bad", "makecache"), 1204),
        (("history", "list", "99999999999999999999"), 1622),
        (("history", "--from", "-1"), 1622),
    ],
)
def test_a_word_that_is_malformed_has_its_number(tdnf: Tdnf, words: tuple[str, ...], number: int) -> None:
    tdnf("history", "init").ok()
    result = tdnf(*words)
    assert result.error == number
    assert "Internal" not in result.stderr


@pytest.mark.parametrize("setting", ["priority=99999999999", f"retries={'9' * 5000}", f"timeout=-{'9' * 80}"])
def test_a_number_that_is_too_large_is_warned_of(
    tdnf: Tdnf, make_repo: Callable[..., Repo], setting: str
) -> None:
    repo = make_repo("r", APP, signed=False)
    key, _, value = setting.partition("=")
    tdnf.root.add_repo(repo, **{key: value})
    result = tdnf("list", "app").ok()
    assert "WARNING: invalid arg to strtoi" in result.stdout
    tdnf.root.add_repo(repo, metadata_expire="9" * 5000)
    tdnf("list").failed(1029)


def test_history_fits_any_width(tdnf: Tdnf, make_repo: Callable[..., Repo]) -> None:
    for end in pseudo_terminal():
        os.close(end)
    tdnf.root.add_repo(make_repo("r", APP, signed=False))
    tdnf("install", "-y", "app").ok()
    script = f"stty cols 7 rows 5; {shlex.join(tdnf.command('history', 'list'))}"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import pty, sys; sys.exit(pty.spawn(['/bin/sh', '-c', sys.argv[1]]) >> 8)",
            script,
        ],
        env=tdnf.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "install" in done.stdout) == (0, True), done.stdout


def test_a_relative_folder_that_is_missing_ends_with_an_error(
    tdnf: Tdnf, make_repo: Callable[..., Repo]
) -> None:
    tdnf.root.add_repo(make_repo("r", APP, signed=False))
    result = tdnf("install", "-y", "app", "--downloadonly", "--downloaddir", "nosuch", cwd=tdnf.root.scratch)
    assert result.error == 1602


def test_a_url_goes_into_the_folder_for_downloads(
    tdnf: Tdnf, make_repo: Callable[..., Repo], server: Server
) -> None:
    repo = make_repo("r", APP, signed=False)
    (rpm,) = repo.path.rglob("*.rpm")
    folder = tdnf.root.scratch / "down"
    folder.mkdir()
    url = server.url(str(rpm.relative_to(repo.path.parent)))
    tdnf("install", "-y", "--nogpgcheck", url, "--downloadonly", "--downloaddir", folder).ok()
    assert [path.name for path in folder.iterdir()] == [rpm.name]


@pytest.mark.parametrize("place", ["package", "repo", "config", "key"])
def test_a_pipe_in_the_place_of_a_file_makes_nobody_wait(
    tdnf: Tdnf, make_repo: Callable[..., Repo], place: str
) -> None:
    pipe = tdnf.root.scratch / "pipe.rpm"
    os.mkfifo(pipe)
    repo = make_repo("r", APP)
    tdnf.root.add_repo(repo, **({"gpgkey": f"file://{pipe}"} if place == "key" else {}))
    if place == "repo":
        os.mkfifo(tdnf.root.repodir / "x.repo")
    words = {"package": ["install", "-y", str(pipe)], "config": ["-c", str(pipe), "list"]}
    process = tdnf.start(*words.get(place, ["install", "-y", "app"]))
    process.communicate(timeout=30)
    # A configuration from a pipe is read; one into which nobody writes is empty.
    assert process.returncode not in ((70,) if place == "config" else (0, 70))
    assert tdnf.root.installed == []


def test_passwords_are_neither_shown_nor_recorded(
    tdnf: Tdnf, make_repo: Callable[..., Repo], server: Server
) -> None:
    server.require_login("user", "s3cret")
    repo = make_repo("r", APP)
    url = server.url("r").replace("://", "://user:s3cret@")
    key = server.url(f"r/{repo.key.name if repo.key else ''}").replace("://", "://user:s3cret@")
    if repo.key and not (repo.path / repo.key.name).exists():
        (repo.path / repo.key.name).write_bytes(repo.key.read_bytes())
    tdnf.root.add_repo(f"[own]\nbaseurl={url}\ngpgkey={key}\nenabled=1\n")
    results = [
        tdnf("-v", "install", "-y", "app"),
        tdnf("-v", f"--repofrompath=z,{url}", "reinstall", "-y", "app"),
        tdnf("history", "list"),
        tdnf("-j", "history", "list"),
        tdnf("install", "-y", url.replace("/r", "/nosuch.rpm")),
    ]
    assert results[0].status == 0, results[0]
    for result in results:
        assert "s3cret" not in result.stdout + result.stderr
    with sqlite3.connect(tdnf.root.history) as database:
        assert "s3cret" not in "".join(database.iterdump())


def test_texts_of_others_do_not_steer_the_terminal(tdnf: Tdnf, make_repo: Callable[..., Repo]) -> None:
    evil = Rpm("evil", summary=f"s {STEERING}", description=f"d {STEERING}\nRepo : x", url="http://x/")
    tdnf.root.add_repo(make_repo("r", evil, signed=False))
    for words in (
        ("info", "evil"),
        ("search", "red"),
        ("install", "-y", "evil"),
        ("info", "installed", "evil"),
    ):
        result = tdnf(*words).ok()
        for character in "\x9b\u202e":
            assert character not in result.stdout + result.stderr, words


def test_texts_of_others_do_not_steer_the_terminal_in_json(
    tdnf: Tdnf, make_repo: Callable[..., Repo]
) -> None:
    steering = "".join(map(chr, (*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
    path = f"/usr/share/a{steering[1:]}b"  # rpm takes no DEL in names
    evil = Rpm("evil", summary=f"s{steering}ä", description=f"d{steering}", files={path: "x\n"})
    tdnf.root.add_repo(make_repo("r", evil, signed=False))
    found = []
    for words in ("info evil", "search evil", "repoquery --list evil", "list evil", "provides evil"):
        result = tdnf("-j", *words.split()).ok()
        assert not set(steering) & set(result.stdout)
        found.append(result.json[0])
    assert found[0]["Summary"] == f"s{steering}ä"
    assert found[2]["Files"] == [path]


def test_a_key_that_is_imported_needs_no_server(
    tdnf: Tdnf, make_repo: Callable[..., Repo], server: Server
) -> None:
    repo = make_repo("r", APP, Rpm("other"))
    assert repo.key
    (repo.path.parent / "key").write_bytes(repo.key.read_bytes())
    tdnf.root.add_repo(repo, gpgkey=server.url("key"))
    tdnf("install", "-y", "app").ok()
    (repo.path.parent / "key").unlink()
    server.forget()
    tdnf("install", "-y", "other").ok()
    assert server.paths == ()
    # The cache alone is no trust: without the key in the rpm database it must be had again.
    tdnf("remove", "-y", "app", "other").ok()
    tdnf.root.rpm("-e", "gpg-pubkey").ok()
    tdnf("install", "-y", "other").failed()
    assert tdnf.root.installed == []


def test_the_cache_is_for_everybody_to_read_whatever_the_umask(
    tdnf: Tdnf, make_repo: Callable[..., Repo]
) -> None:
    tdnf.root.add_repo(make_repo("r", APP, signed=False))
    for mask in ("077", "000"):
        subprocess.run(
            ["sh", "-c", f'umask {mask}; exec "$@"', "sh", *tdnf.command("makecache")],
            env=tdnf.environment(),
            check=True,
            capture_output=True,
        )
        for path in (tdnf.root.cachedir, *tdnf.root.cachedir.rglob("*")):
            assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path
        subprocess.run(["rm", "-rf", str(tdnf.root.cachedir)], check=True)


def test_a_reader_that_goes_away_breaks_no_repository(tdnf: Tdnf, make_repo: Callable[..., Repo]) -> None:
    tdnf.root.add_repo(make_repo("r", APP, signed=False), skip_if_unavailable=True)
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        tdnf.command("makecache"), env=tdnf.environment(), stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (141, "")


def test_what_librpm_did_is_recorded_whatever_comes_meanwhile(
    tdnf: Tdnf, make_repo: Callable[..., Repo], tmp_path: Path
) -> None:
    tdnf.root.add_repo(make_repo("r", APP, signed=False))
    driver = tmp_path / "driver.py"
    driver.write_text(
        "import os, signal, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent.parent.parent)!r})\n"
        "from pkgman import execution\n"
        "from pkgman.__main__ import start\n"
        "record = execution.Execution._record\n"
        "def interrupted(self, solution):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    record(self, solution)\n"
        "execution.Execution._record = interrupted\n"
        "start()\n"
    )
    tdnf.program = (sys.executable, str(driver))
    result = tdnf("install", "-y", "app")
    assert result.status == 128 + signal.SIGINT
    assert tdnf.root.installed == ["app-1.0-1.noarch"]
    with sqlite3.connect(tdnf.root.history) as database:
        assert len(database.execute("SELECT * FROM transactions").fetchall()) == 2
