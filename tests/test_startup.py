"""What a run imports: start-up is most of a query's time, and a running transaction may replace modules."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import PROJECT, Root, Tdnf, own_run
from tests.support.repos import publish
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.workshop import Workshop

ONE = Rpm("one", files={"/usr/share/one/data": "1\n"}, summary="First of all")

# Each costs milliseconds or megabytes, and a warm command has no use for it.
NETWORK = ("requests", "urllib3", "ssl", "socket", "http.client", "repo_meta.http", "repo_meta.fetch")
PARSERS = ("lxml", "xml.etree.ElementTree", "xml.sax", "zstandard", "gzip", "lzma", "bz2")
SYSTEM = (
    "rpm",
    "sqlite3",
    "pysequoia",
    "cryptography",
    "pkgman.transaction.librpm",
    "pkgman.transaction.history",
)
STANDARD = (
    "asyncio", "click", "concurrent.futures", "dataclasses", "hashlib", "importlib.metadata", "json",
    "logging", "multiprocessing", "pathlib", "shutil", "subprocess", "tempfile", "traceback", "unittest",
    "urllib.request",
)  # fmt: skip
SOLVER = ("solv", "solver.pool", "solver.solve")
DENIED = (*NETWORK, *PARSERS, *SYSTEM, *STANDARD)

_LIST_MODULES = """
import sys
sys.path[:0] = [{checkout!r}]
sys.path += {folders!r}
import os
leave = os._exit
def show(status):
    sys.__stderr__.write("MODULES " + " ".join(sorted(sys.modules)) + "\\n")
    sys.__stderr__.flush()
    leave(status)
os._exit = show
sys.argv[0] = "tdnf"
from pkgman.__main__ import start
start()
"""

# Notes each import that looks for a file, and the lines that the program prints meanwhile.
_NOTE_IMPORTS = """
import sys
sys.path[:0] = [{checkout!r}]
sys.path += {folders!r}
import os
log = os.open({log!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def hook(event, arguments):
    if event == "import":
        os.write(log, ("import " + arguments[0] + "\\n").encode())
import pkgman.ui
whole = pkgman.ui.Ui.info
def info(self, text):
    os.write(log, ("said " + text + "\\n").encode())
    whole(self, text)
pkgman.ui.Ui.info = info
sys.addaudithook(hook)
sys.argv[0] = "tdnf"
from pkgman.__main__ import start
leave = os._exit
def last(status):
    os.write(log, b"said the end\\n")
    leave(status)
os._exit = last
start()
"""


def folders() -> list[str]:
    """Where this interpreter finds packages that are no part of it, as the launcher names them."""
    return [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]


def program(script: str, **values: object) -> tuple[str, ...]:
    """A program like the installed launcher, without site, that runs ``script``."""
    return (sys.executable, "-IS", "-c", script.format(checkout=str(PROJECT), folders=folders(), **values))


@pytest.fixture
def warm(tmp_path: Path, workshop: Workshop) -> Root:
    """A root with a repository in a warm cache, and stamps of the rpm database that can be trusted."""
    root = Root(tmp_path)
    root.add_repo(publish(tmp_path / "www", workshop.build(ONE, signed=False), id="main"))
    two = workshop.build(Rpm("two"), signed=False)[0]
    root.rpm("-i", "--nosignature", str(two)).ok()
    for _ in range(60):  # a stamp is written when the database has been quiet for a moment
        Tdnf(root)("list").ok()
        if (root.cachedir / "@System.stamp").exists():
            return root
    raise AssertionError("no stamp")


def modules(root: Root, *words: str) -> set[str]:
    """All modules of a run that succeeds (or is only refused by --assumeno)."""
    done = Tdnf(root, program=program(_LIST_MODULES))(*words)
    assert done.status in (0, 8), str(done)
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("MODULES "))
    return set(line.split()[1:])


@pytest.mark.parametrize(
    ("words", "denied"),
    [
        (["--version"], (*DENIED, *SOLVER)),
        (["--help"], (*DENIED, *SOLVER)),
        (["repolist"], (*DENIED, *SOLVER)),
        (["list"], DENIED),
        (["list", "installed"], DENIED),
        (["info", "one"], DENIED),
        (["search", "first"], DENIED),
        (["repoquery", "one"], DENIED),
        (["repoquery", "one", "--requires"], DENIED),
        (["repoquery", "--whatprovides", "one"], DENIED),
        (["repoquery", "--userinstalled"], DENIED),
        (["leaves"], DENIED),
        (["repo", "list"], (*DENIED, *SOLVER)),
        (["repo", "info"], (*NETWORK, *SYSTEM, *SOLVER)),
        (["provides", "one"], DENIED),
        (["check-update"], DENIED),
        (["count"], DENIED),
        (["install", "one", "--assumeno"], DENIED),
    ],
)
def test_a_warm_command_imports_only_what_it_needs(
    warm: Root, words: list[str], denied: tuple[str, ...]
) -> None:
    assert sorted(set(denied) & modules(warm, *words)) == []


def test_nothing_is_imported_while_a_transaction_runs(warm: Root, tmp_path: Path) -> None:
    log = tmp_path / "imports"
    traced = Tdnf(warm, program=program(_NOTE_IMPORTS, log=str(log)))
    traced("install", "-y", "one").ok()
    assert "one-1.0-1.noarch" in warm.installed
    lines = log.read_text().splitlines()
    start = lines.index("said Running transaction")
    late = [line for line in lines[start:] if line.startswith("import ")]
    assert late == [], "imported after the transaction began; an update may have replaced the module"


def test_a_warm_query_forks_nothing(warm: Root) -> None:
    if not os.path.exists("/usr/bin/strace"):
        pytest.skip("strace is not here")
    tdnf = Tdnf(warm, program=program(_LIST_MODULES))
    command = tdnf.command("list")
    prefix = len(own_run(warm.run))
    traced = [*command[:prefix], "strace", "-f", "-qq", "-e", "trace=clone,fork,vfork", *command[prefix:]]
    done = subprocess.run(traced, env=tdnf.environment(), capture_output=True, text=True, check=False)
    assert "clone(" not in done.stderr
