"""Measure pkgman beside dnf4 and zypper: the same work on the same repositories, in turns.

    python -m tools.bench [--runs N] [--quick] [--only GLOB] [--tdnf PATH]

Makes, once, below .bench/ a repository with the names, relations and file lists of this
machine's Debian (about 65,000 packages, metadata only) and one of 80 real signed RPMs.
Each case runs N times for each tool, the tools taking turns; the table shows medians of wall
time, processor time (user and system, children included) and peak memory of the largest
process, and .bench/results.json holds every run, and the peak over all processes together.

The tools differ in what a refresh fetches, and are left to it: dnf4 reads the file lists every
time, pkgman when a question needs them, zypper never (so it finds no owner in file-owner).
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.rpms import scrubbed_environment
from tools.bench import debian, distro, rootfs
from tools.bench.contenders import TITLES, Contender, contenders, interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROJECT = Path(__file__).resolve().parents[2]
LATENCY, RATE = 0.03, 20e6  # the far mirror: seconds per answer, bytes per second and connection


class Case(NamedTuple):
    """What is measured: ``start`` is warm (cache filled), cold (cache empty) or fresh (root empty too)."""

    name: str
    subject: str
    start: str
    what: str


class Run(NamedTuple):
    """One run: exit status, seconds, KiB; ``tree`` is set in the extra run that looks at all processes."""

    status: int
    wall: float
    user: float
    system: float
    rss: int
    tree: int


CASES = (
    Case("version", "", "warm", "--version"),
    Case("refresh", "", "cold", "fetch and load metadata (file://), empty cache"),
    Case("list", "vim", "warm", "list one name"),
    Case("whatprovides", "mail-transport-agent", "warm", "who provides a capability"),
    Case(
        "file-owner", "/usr/share/vim/vim90/defaults.vim", "warm", "who has a file that only filelists name"
    ),
    Case("search", "editor", "warm", "search names, summaries, descriptions"),
    Case("install-one", "vim", "warm", "resolve one package, then say no"),
    Case("install-closure", "kde-full", "warm", "resolve about 2,000 packages, then say no"),
    Case(
        "real-install", " ".join(rootfs.NAMES), "fresh", "refresh, download, check, install from a far mirror"
    ),
)


class Bench:
    """Repositories, tools and results of one invocation."""

    def __init__(self, folder: Path, tools: Sequence[Contender], runs: int) -> None:
        self.folder = folder
        self.tools = tools
        self.runs = runs
        self.output = folder / "output.txt"
        self.results: dict[str, dict[str, Any]] = {}

    def measure(self, case: Case, baseurl: str, key: Path | None) -> None:
        """Run one case for all tools in turns, and note what came out."""
        notes: dict[str, dict[str, Any]] = {tool.name: {"runs": [], "count": None} for tool in self.tools}
        failed: set[str] = set()
        for number in range(self.runs + 1):
            shift = number % len(self.tools)
            for tool in (*self.tools[shift:], *self.tools[:shift]):
                if tool.name in failed:
                    continue
                # The extra last run looks at memory of all processes, which disturbs the time.
                extra = number == self.runs
                run = self._once(tool, case, baseurl, key, mode="tree" if extra else "plain")
                note = notes[tool.name]
                note.update({"tree_kib": run.tree} if extra else {})
                if not extra:
                    note["runs"].append(run._asdict())
                text = self.output.read_text(errors="replace")
                if run.status not in tool.statuses.get(case.name, (0,)):
                    failed.add(tool.name)
                    note["failed"] = f"exit status {run.status}: {text[-800:]}"
                note["count"] = None if tool.name in failed else tool.count(case.name, text)
        self.results[case.name] = notes

    def _once(self, tool: Contender, case: Case, baseurl: str, key: Path | None, mode: str) -> Run:
        if case.start == "fresh":
            tool.prepare(baseurl, key=key)
        elif case.start == "cold":
            tool.drop_cache()
        return spawn(tool.command(case.name, case.subject), tool.environment(), self.output, mode)

    def warm_up(self, baseurl: str, cases: Sequence[Case]) -> None:
        """Empty roots, filled caches, and one run of each warm case that does not count."""
        for tool in self.tools:
            print(f"preparing {tool.name}", file=sys.stderr, flush=True)
            tool.prepare(baseurl)
            spawn(tool.command("refresh", ""), tool.environment(), self.output, "plain")
            for case in cases:
                if case.start == "warm":
                    spawn(tool.command(case.name, case.subject), tool.environment(), self.output, "plain")


def spawn(command: Sequence[str], environment: dict[str, str], output: Path, mode: str) -> Run:
    """Run a command through the small measuring process."""
    script = str(Path(__file__).with_name("spawn.py"))
    done = subprocess.run(
        [interpreter(), "-IS", script, mode, str(output), *command],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    status, wall, user, system, rss, tree = done.stdout.split()
    return Run(int(status), float(wall), float(user), float(system), int(rss), int(tree))


@contextlib.contextmanager
def far_mirror(folder: Path) -> Iterator[str]:
    """Base URL of a slow server for ``folder``."""
    script = str(Path(__file__).with_name("far_mirror.py"))
    command = [sys.executable, "-IS", script, str(folder), str(LATENCY), str(RATE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
        finally:
            process.terminate()


def repositories(folder: Path, *, real: bool) -> tuple[Path, Path]:
    """Paths of the large and the real repository, made when they are not there yet."""
    large, actual = folder / "distro", folder / "rootfs"
    if not (large / "repodata/repomd.xml").exists():
        if not debian.index_files("Contents-deb"):
            # Once apt-file is installed, an update brings the file lists too.
            subprocess.run(["apt-get", "-qq", "update"], check=False)
        if not debian.index_files("Contents-deb"):
            print("no file lists (is apt-file installed?); going on with made-up ones", file=sys.stderr)
        print("making the distribution's metadata (a minute)", file=sys.stderr, flush=True)
        print(f"{distro.make(large)} packages", file=sys.stderr, flush=True)
    if real and not (actual / "repo/repodata/repomd.xml.asc").exists():
        print("repacking real packages (two minutes)", file=sys.stderr, flush=True)
        rootfs.make(actual)
    return large, actual / "repo"


def table(bench: Bench) -> str:
    """The medians, and how many times more or less the others need."""
    measures = {
        "wall time, s": lambda run: run["wall"],
        "processor time, s": lambda run: run["user"] + run["system"],
        "peak memory, MiB": lambda run: run["rss"] / 1024,
    }
    names = [tool.name for tool in bench.tools]
    lines = []
    for title, value in measures.items():
        others = [name for name in names if name != "tdnf"]
        ratios = "".join(f"{name + '/tdnf':>13}" for name in others) if "tdnf" in names else ""
        lines += ["", f"{title:<20}" + "".join(f"{TITLES[name]:>10}" for name in names) + ratios]
        for case, notes in bench.results.items():
            medians = {
                name: None if "failed" in notes[name] else statistics.median(map(value, notes[name]["runs"]))
                for name in names
            }
            cells = "".join(f"{_figure(median):>10}" for median in medians.values())
            lines.append(f"{case:<20}{cells}{_ratios(medians, others)}")
    lines += ["", f"{'packages':<20}" + "".join(f"{TITLES[name]:>10}" for name in names)]
    for case, notes in bench.results.items():
        counts = [notes[name]["count"] for name in names]
        if any(count is not None for count in counts):
            cells = "".join(f"{'-' if count is None else count:>10}" for count in counts)
            lines.append(f"{case:<20}{cells}")
    return "\n".join(lines)


def _figure(median: float | None) -> str:
    if median is None:
        return "failed"
    return f"{median:.3f}" if median < 10 else f"{median:.1f}"


def _ratios(medians: dict[str, float | None], others: Sequence[str]) -> str:
    own = medians.get("tdnf")
    cells = []
    for name in others if "tdnf" in medians else ():
        other = medians[name]
        cells.append(f"{other / own:.1f}x" if own and other else "-")
    return "".join(f"{cell:>13}" for cell in cells)


def report(bench: Bench) -> dict[str, Any]:
    """All that was measured, with the machine it was measured on."""
    floor = spawn(["/bin/true"], scrubbed_environment(bench.folder), bench.output, "plain")
    return {
        "machine": {
            "cpus": os.cpu_count(),
            "kernel": platform.release(),
            "python": platform.python_version(),
        },
        "runs": bench.runs,
        "far_mirror": {"latency_s": LATENCY, "bytes_per_s": RATE},
        "rss_floor_kib": floor.rss,
        "commands": {
            tool.name: {case.name: tool.command(case.name, case.subject) for case in CASES}
            for tool in bench.tools
        },
        "cases": bench.results,
    }


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each case for each tool (5)")
    parser.add_argument("--quick", action="store_true", help="one run each")
    parser.add_argument(
        "--only", default="*", metavar="GLOB", help="cases: " + " ".join(c.name for c in CASES)
    )
    parser.add_argument("--tdnf", metavar="PATH", help="the program (.venv/bin/tdnf)")
    return parser.parse_args()


def main() -> int:
    """Exit status 1 when a tool failed in some case."""
    options = arguments()
    cases = [case for case in CASES if fnmatch.fnmatchcase(case.name, options.only)]
    folder = PROJECT / ".bench"
    folder.mkdir(exist_ok=True)
    every = contenders(folder / "run", options.tdnf)
    tools = [tool for tool in every if tool.present()]
    for tool in every:
        if tool not in tools:
            print(f"left out: {tool.name} does not run here", file=sys.stderr)
    large, actual = repositories(folder, real=any(case.start == "fresh" for case in cases))
    bench = Bench(folder, tools, 1 if options.quick else options.runs)
    distant = [case for case in cases if case.start == "fresh"]
    if len(distant) < len(cases):
        bench.warm_up(f"file://{large}", cases)
    for case in (case for case in cases if case not in distant):
        print(f"{case.name}: {case.what}", file=sys.stderr, flush=True)
        bench.measure(case, "", None)
    for case in distant:
        print(f"{case.name}: {case.what}", file=sys.stderr, flush=True)
        with far_mirror(actual) as url:
            bench.measure(case, url, actual / "RPM-GPG-KEY")
    (folder / "results.json").write_text(json.dumps(report(bench), indent=1) + "\n")
    print(table(bench))
    failures = [(case, name, note["failed"]) for case, notes in bench.results.items()
                for name, note in notes.items() if "failed" in note]  # fmt: skip
    for case_name, name, why in failures:
        print(f"\n{name} failed in {case_name}: {why}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
