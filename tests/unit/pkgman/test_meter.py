"""Progress: lines at both ends of a task, or one moving line that never is wider than the terminal."""

from __future__ import annotations

import re
import threading
from collections import deque

import pytest

from pkgman.meter import Meter

MIB = 1 << 20


class Paper:
    """Where a meter writes, and a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.columns = 100.0, 80
        self.written: list[str] = []
        monkeypatch.setattr("time.monotonic", lambda: self.now)

    def meter(self, *, terminal: bool = True, shown: bool = True) -> Meter:
        return Meter(self.written.append, terminal=terminal, shown=shown, width=lambda: self.columns)

    @property
    def last(self) -> str:
        return self.written[-1].rstrip("\r\n")


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> Paper:
    return Paper(monkeypatch)


def test_without_a_terminal_it_is_a_line_at_each_end(paper: Paper) -> None:
    meter = paper.meter(terminal=False)
    meter.expect(1, 200)
    task = meter.begin("app", total=200)
    task.advance(50)
    task.advance(150)
    task.end()
    assert "".join(paper.written) == "app 0% 0\napp 100% 200\n\n"


@pytest.mark.parametrize("terminal", [True, False])
def test_hidden_progress_writes_nothing(paper: Paper, terminal: bool) -> None:
    meter = paper.meter(terminal=terminal, shown=False)
    meter.expect(1, 0)
    task = meter.begin("app", total=0)
    paper.now += 9
    task.advance(1)
    task.end()
    with meter.set_aside():
        assert paper.written == []


def test_on_a_terminal_one_line_is_redrawn_and_the_last_is_left(paper: Paper) -> None:
    task = paper.meter().begin("app", total=200)
    for _ in range(4):
        paper.now += 0.15
        task.advance(50)
    task.end()
    assert [line[-1] for line in paper.written] == ["\r", "\r", "\n"]
    assert paper.last.split() == ["app", "100%", "200.00b", "333.00b/s", "0:01"]


def test_of_a_batch_the_files_the_rate_and_the_time_left_are_shown(paper: Paper) -> None:
    meter = paper.meter()
    meter.expect(3, 40 * MIB)
    first, second = meter.begin("one", total=10 * MIB), meter.begin("two", total=20 * MIB)
    paper.now += 1
    first.advance(10 * MIB)
    assert paper.last.split() == ["(0/3)", "one", "25%", "10.00M", "10.00M/s", "0:03"]
    first.end()
    assert paper.last.split() == ["(1/3)", "one", "100%", "10.00M", "10.00M/s", "0:01"]
    paper.now += 1
    second.advance(2 * MIB)
    assert paper.last.split() == ["(1/3)", "two", "30%", "12.00M", "6.00M/s", "0:05"]
    paper.now += 20  # long ago does not count for the rate
    second.advance(MIB)
    paper.now += 2
    second.advance(6 * MIB)
    assert paper.last.split() == ["(1/3)", "two", "47%", "19.00M", "3.00M/s", "0:07"]


def test_a_file_that_is_fetched_again_counts_once(paper: Paper) -> None:
    meter = paper.meter()
    meter.expect(1, 100)
    task = meter.begin("app", total=100)
    paper.now += 1
    task.advance(60)
    task.end()
    assert paper.last.strip() == ""  # of the first attempt nothing is left
    task = meter.begin("app", total=100)
    paper.now += 1
    task.advance(50)
    assert paper.last.split()[:3] == ["(0/1)", "app", "50%"]
    task.advance(50)
    task.end()
    assert paper.last.split()[:3] == ["(1/1)", "app", "100%"]


def test_after_a_batch_no_files_are_counted(paper: Paper) -> None:
    meter = paper.meter()
    meter.expect(2, 10)
    meter.expect(0, 0)
    meter.begin("key", total=0).end()
    assert paper.last.split()[:2] == ["key", "0.00b"]


def test_of_an_unknown_size_neither_share_nor_time_is_shown(paper: Paper) -> None:
    task = paper.meter().begin("list", total=0)
    paper.now += 1
    task.advance(2048)
    assert paper.last.split() == ["list", "2.00k", "2.00k/s"]


@pytest.mark.parametrize("columns", [1, 2, 5, 12, 20, 31, 40, 60, 80, 200])
@pytest.mark.parametrize("label", ["a", "a-name-that-goes-on-and-on-" * 5, "\u65e5\u672c\u8a9e" * 30])
def test_no_line_is_wider_than_the_terminal(paper: Paper, columns: int, label: str) -> None:
    paper.columns = columns
    meter = paper.meter()
    meter.expect(155, 10 * MIB)
    task = meter.begin(label, total=MIB)
    for _ in range(2):
        paper.now += 1
        task.advance(MIB // 2)
        paper.columns = max(1, columns - 3)  # it may become smaller meanwhile
    task.end()
    with meter.set_aside():
        pass
    assert len(paper.written) == 3
    for text, limit in zip(paper.written, (columns, columns - 3, columns - 3), strict=True):
        shown = text.strip("\r\n")
        wide = sum(2 if letter > "\u2e00" else 1 for letter in shown)
        assert wide <= max(1, limit - 1), shown


def test_figures_go_before_the_name_does(paper: Paper) -> None:
    shown = {}
    for paper.columns in (80, 47, 37, 27, 17):
        task = paper.meter().begin("application", total=100)
        task.advance(100)
        task.end()
        shown[paper.columns] = paper.last.split()[:2]
    assert shown == {
        80: ["application", "100%"],
        47: ["application", "100%"],
        37: ["application", "100%"],
        27: ["application", "100%"],
        17: ["application"],
    }


def test_other_lines_stand_where_the_moving_one_was(paper: Paper) -> None:
    meter = paper.meter()
    task = meter.begin("app", total=100)
    paper.now += 1
    task.advance(50)
    with meter.set_aside():
        paper.written.append("a line of others\n")
    assert re.fullmatch(r"app .*\r\r +\ra line of others\n", "".join(paper.written))
    with meter.set_aside():  # there is nothing to clear now
        assert paper.written[-1] == "a line of others\n"


def test_many_threads_have_one_line(paper: Paper) -> None:
    meter = paper.meter()
    meter.expect(16, 16 * 50)
    ready = threading.Barrier(8)
    failures: deque[BaseException] = deque()

    def work() -> None:
        try:
            ready.wait()
            for _ in range(2):
                task = meter.begin("app", total=50)
                for _ in range(50):
                    paper.now += 0.1
                    task.advance(1)
                task.end()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert all(text.count("\r") + text.count("\n") == 1 for text in paper.written)
    done = [text.split()[0] for text in paper.written if text.endswith("\n")]
    assert done == [f"({number}/16)" for number in range(1, 17)]
