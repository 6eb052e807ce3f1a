"""Little memory, few open files, small files, no disk: tdnf's own errors, and nothing half done."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import Tdnf, program_command
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Result, Root
    from tests.support.repos import Repo

ONE = Rpm("one", files={"/usr/share/one/data": "1\n", "/usr/bin/one": "x\n"})
NUMBERS = {1611, 1612, 1624, 1627, 1628}  # tdnf's for EAGAIN, ENOMEM, EMFILE, EFBIG, ENOSPC
RPM = {1525, 1526, 1472, 1502, 1801}  # what librpm and sqlite make of it


def limited(root: Root, option: str, limit: int) -> Tdnf:
    """The program under one limit of the shell's ``ulimit``."""
    script = f'ulimit -S{option} {limit}; ulimit -H{option} {limit}; exec "$@"'
    return Tdnf(root, program=("sh", "-c", script, "sh", *program_command()))


def plain(done: Result) -> None:
    said = done.stdout + done.stderr
    for word in ("Traceback", "Internal error", "FATAL", "terminate called"):
        assert word not in said, str(done)
    assert done.status >= 0, str(done)
    if done.status:
        found = re.findall(r"Error\((\d+)\) :", done.stderr)
        assert found, str(done)
        assert int(found[-1]) in NUMBERS | RPM, str(done)


@pytest.fixture
def one(make_repo: Callable[..., Repo], root: Root) -> Repo:
    repo = make_repo("main", ONE, signed=True)
    root.add_repo(repo, gpgkey=f"file://{repo.key}")
    return repo


@pytest.mark.parametrize("count", [6, 8, 10, 12, 14, 16, 20, 24, 40])
def test_few_open_files(root: Root, one: Repo, count: int) -> None:
    done = limited(root, "n", count)("-y", "install", "one")
    plain(done)
    # All or nothing: a transaction that could stop in the middle is not begun.
    assert root.installed == ([] if done.status else ["one-1.0-1.noarch"])
    assert root.file("/usr/bin/one").exists() == (not done.status)
    plain(limited(root, "n", count)("list"))


@pytest.mark.parametrize("size", [35, 45, 55, 65, 75, 90])
def test_little_memory(root: Root, one: Repo, size: int) -> None:
    done = limited(root, "v", size << 10)("-y", "install", "one")
    plain(done)
    if done.status:
        assert root.installed == []
    plain(limited(root, "v", size << 10)("search", "one"))


@pytest.mark.parametrize("blocks", [1, 8, 40, 400])
def test_small_files_break_no_later_run(root: Root, one: Repo, blocks: int) -> None:
    plain(limited(root, "f", blocks)("-y", "install", "one"))
    Tdnf(root)("-y", "install", "one").ok()
    assert root.installed == ["one-1.0-1.noarch"]
