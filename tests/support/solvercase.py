"""Solver behaviour as text: what a case file may hold.

::

    # What the case shows.
    installed:
      b-1-1.noarch
    repo main 50:                 (the number is the priority)
      a-1-1.noarch | requires: b >= 2
      b-2-1.noarch
    filelists main:               (files that only the filelists know)
      b-2-1.noarch /usr/share/b
    files:                        (packages given as rpm files: @cmdline)
      c-1-1.noarch
    request: install a; update b  (verbs of Request; no words: update_all)
    policy: best; auto_installed b; excludes c*
    expect:
      install a-1-1.noarch user
      upgrade b-2-1.noarch dependency < b-1-1.noarch

Expected lines are steps (in any order), ``note TEXT``, ``diagnostic TEXT``,
``unavailable SPEC``, ``mark NAME``, or ``error NUMBER`` and the error's lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pkgman.model.errors import PkgmanError
from pkgman.model.package import RpmFile
from pkgman.model.request import Policy, Request
from solver.pool import Pool
from solver.solve import check_all, solve
from tests.support import solverworld as world

if TYPE_CHECKING:
    from pathlib import Path

    from pkgman.model.transaction import Solution, Step


class Case(NamedTuple):
    installed: list[str]
    repos: dict[str, list[str]]
    priorities: dict[str, int]
    filelists: dict[str, list[str]]
    files: list[str]
    arch: str
    request: str
    policy: str
    expect: list[str]


def read(path: Path) -> Case:
    case = Case([], {}, {}, {}, [], "x86_64", "", "", [])
    block: list[str] = []
    for raw in path.read_text().splitlines():
        if raw.startswith("#") or not raw.strip():
            continue
        if raw.startswith(" "):
            block.append(raw.strip())
            continue
        head, _, rest = raw.partition(":")
        words = head.split()
        block = []
        if words[0] == "repo":
            case.repos[words[1]] = block
            if len(words) > 2:
                case.priorities[words[1]] = int(words[2])
        elif words[0] == "filelists":
            case.filelists[words[1]] = block
        elif words[0] in ("installed", "files", "expect"):
            case = case._replace(**{words[0]: block})
        else:
            assert words[0] in ("request", "policy", "arch"), raw
            case = case._replace(**{words[0]: rest.strip()})
    return case


def run(case: Case, folder: Path) -> list[str]:
    """Solve the case and return what came out, in the form of ``expect``."""
    pool = world.build(
        folder, repos=case.repos, installed=case.installed, priorities=case.priorities, arch=case.arch
    )
    files = tuple(RpmFile(f"/files/{line.split()[0]}.rpm", world.header(line), 1000) for line in case.files)
    policy = _policy(case.policy)

    def find(paths: frozenset[str]) -> None:
        for repo, lines in case.filelists.items():
            owners: dict[str, list[world.Item]] = {}
            for line in lines:
                nevra, path = line.split()
                if path in paths:
                    owners.setdefault(path, []).append(world.item(nevra))
            pool.add_file_provides(repo, owners)

    finder = find if case.filelists else None
    try:
        if case.request == "check":
            check_all(pool, policy, find_files=finder)
            return ["no problems"]
        return _lines(solve(pool, _request(case.request, files), policy, find_files=finder))
    except PkgmanError as error:
        return [f"error {error.number}", *(line.strip() for line in error.lines)]


def expected(case: Case) -> list[str]:
    return case.expect


def comparable(lines: list[str]) -> list[str]:
    """Lines of an error keep their order, all others have none."""
    return lines if lines and lines[0].startswith("error") else sorted(lines)


def _lines(solution: Solution) -> list[str]:
    lines = [_step(step) for step in solution.steps]
    lines += [f"{'diagnostic' if note.diagnostic else 'note'} {note.text}" for note in solution.notes]
    lines += [f"unavailable {spec}" for spec in solution.unavailable]
    lines += [f"mark {name}" for name in solution.mark_user]
    return lines or ["nothing"]


def _step(step: Step) -> str:
    text = f"{step.action.value.lower()} {step.package.nevra}"
    if step.package.repo not in ("main", "@System"):
        text += f" from {step.package.repo}"
    text += f" {step.reason.value}"
    if step.replaces:
        text += " < " + ", ".join(sorted(package.nevra for package in step.replaces))
    return text


def _request(text: str, files: tuple[RpmFile, ...]) -> Request:
    fields: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        verb, *words = part.split("\t") if "\t" in part else part.split(" ")
        if verb in ("install_files", "reinstall_files"):
            fields[verb] = files
        elif verb in ("update_all", "downgrade_all", "distro_sync", "autoremove_all"):
            fields[verb] = True
        else:
            fields[verb] = (*fields.get(verb, ()), *words)
    return Request(**fields)


def _policy(text: str) -> Policy:
    fields: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        key, *words = part.split()
        if key in ("locks", "protected", "auto_installed"):
            fields[key] = frozenset(words)
        elif key in ("installonly_limit", "weak"):
            fields[key] = int(words[0])
        elif key in ("repo_excludes", "repo_includes"):
            fields[key] = ((words[0], tuple(words[1:])),)
        elif key in ("excludes", "includes", "minversions", "installonly"):
            fields[key] = tuple(words)
        else:
            fields[key] = True
    return Policy(**fields)


__all__ = ["Case", "Pool", "comparable", "expected", "read", "run"]
