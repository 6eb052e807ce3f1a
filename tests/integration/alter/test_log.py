"""The log file: what it holds, and that it never stands in the way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} \[\d+\] (.*)")


def events(log: Path) -> list[str]:
    """What the log says after time and process id; each line must have both."""
    found = [LINE.fullmatch(line) for line in log.read_text().splitlines()]
    assert all(found)
    return [match[1] for match in found if match]


def test_each_step_of_a_transaction_is_a_line(tdnf: Tdnf, root: Root, sample: Repo, tmp_path: Path) -> None:
    log = tmp_path / "tdnf.log"
    root.configure(logfile=log)
    tdnf("-y", "install", "app=1.0").ok()
    tdnf("-y", "erase", "app").ok()
    lines = events(log)
    assert sorted(line.split(": ", 1)[1] for line in lines[:3]) == [
        "Install app-1.0-1.noarch (sample)",
        "Install extras-1.0-1.noarch (sample)",
        "Install lib-2.0-1.noarch (sample)",
    ]
    assert any(line.endswith("-y erase app: Remove app-1.0-1.noarch (@System)") for line in lines[3:])
    assert log.stat().st_mode & 0o777 == 0o640


def test_a_failure_is_logged_with_its_number(tdnf: Tdnf, root: Root, sample: Repo, tmp_path: Path) -> None:
    log = tmp_path / "tdnf.log"
    root.configure(logfile=log)
    tdnf("-y", "install", "nonesuch").failed(1011)
    (line,) = events(log)
    assert "install nonesuch: Error(1011): nonesuch package not found or not installed" in line


def test_a_query_and_a_refusal_leave_no_line(tdnf: Tdnf, root: Root, sample: Repo, tmp_path: Path) -> None:
    log = tmp_path / "tdnf.log"
    root.configure(logfile=log)
    tdnf("list", "nonesuch").failed(1011)
    tdnf("--assumeno", "install", "app").failed(1032)
    assert not log.exists()


def test_a_log_that_cannot_be_written_is_told_once_and_stops_nothing(
    tdnf: Tdnf, root: Root, sample: Repo, tmp_path: Path
) -> None:
    root.configure(logfile=tmp_path / "missing" / "tdnf.log")
    done = tdnf("-y", "install", "app=1.0").ok()
    assert done.stderr.count("the log cannot be written: No such file or directory") == 1
    assert "app-1.0-1.noarch" in root.installed


def test_a_link_in_the_place_of_the_log_is_not_followed(
    tdnf: Tdnf, root: Root, sample: Repo, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine\n")
    (tmp_path / "tdnf.log").symlink_to(victim)
    root.configure(logfile=tmp_path / "tdnf.log")
    tdnf("-y", "install", "extras").ok()
    assert victim.read_text() == "mine\n"


def test_without_the_key_there_is_no_log(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("-y", "install", "extras").ok()
    assert not list(root.path.rglob("*.log"))
