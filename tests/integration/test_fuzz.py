"""Random command lines, configurations, repositories and histories: only tdnf's own errors come of it.

The seeds are fixed, so a failure can be repeated; ``PKGMAN_FUZZ`` multiplies the number of runs.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from pkgman.commandtable import COMMANDS
from pkgman.errortexts import text_of
from pkgman.options import ALL_OPTIONS, SPELLINGS
from tests.support.cli import Root, Tdnf
from tests.support.nursery import Nursery, Run
from tests.support.repos import publish
from tests.support.sample import ADVISORIES, RPMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.workshop import Workshop

FACTOR = int(os.environ.get("PKGMAN_FUZZ", "1"))
LAST_ERROR = re.compile(rb"Error\((\d+)\) : (.*)\n\Z")
# -c and --installroot are given first and must stay: nothing here may touch the host.
PINNED = ("config", "installroot")
SHORT = "46bCdehjqvxyZnr1"
NAMES = (
    "app", "lib", "tool", "extras", "oldname", "clash-a", "broken", "nonesuch", "a*", "[",
    "lib-1.0-1.noarch", "app=1.0", "app >= 2", "1:tool", "virtual(lib)", "/usr/bin/tool", "*/tool",
    "patch:1", "@group", "", " ", "-", "..", "./nothing.rpm", "x.rpm", "file:///nonesuch.rpm",
    "http://localhost:1/x.rpm", "all", "installed", "summary", "2", "1-3", "-1", "99999999999999999999",
    "undo", "rollback", "install", "remove", "%{name}",
)  # fmt: skip
VALUES = (
    "sample", "*", "1", "0", "-5", "x", "k=v", "reposdir=/nonesuch", "tsflags=nodocs", "sample,x",
    "new,http://localhost:1/", "dir,/nonesuch", "%{name}-%{evr}", "%{", "_dbpath /usr/lib/sysimage/other",
    "debug", "noarch", "/usr/bin/tool", "lib,app", "=", ",", ":", "\t", "é", "\udcff", "9" * 40,
    "installonly_limit=x", "enablerepo=*",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, workshop: Workshop) -> Root:
    """A root with a repository of files, packages of it installed and a history; a template to copy."""
    scratch = tmp_path_factory.mktemp("fuzz")
    repo = publish(
        scratch / "sample", workshop.build(*RPMS, signed=False), id="sample", advisories=ADVISORIES
    )
    root = Root(scratch)
    root.add_repo(repo)
    tdnf = Tdnf(root)
    tdnf("-y", "install", "app=1.0", "tool").ok()
    tdnf("-y", "update").ok()
    return root


@pytest.fixture(scope="module")
def run(made: Root) -> Iterator[Nursery]:
    with Nursery(made) as nursery:
        yield nursery


def check(done: Run) -> None:
    """Only tdnf's own errors: no traceback, no bug, no signal, status and JSON as the contract has them."""
    said = done.stdout + done.stderr
    assert b"Traceback" not in said, done
    assert b"Internal error" not in said, done
    assert 0 <= done.status != 99, done
    last = LAST_ERROR.search(done.stderr)
    numbers = [
        document["Error"]
        for document in documents(done)
        if isinstance(document, dict) and "Error" in document
    ]
    if done.status not in (0, 100):
        number = numbers[-1] if numbers else int(last[1]) if last else None
        assert number is not None, done
        assert number % 256 == done.status, done
        if not numbers and last:
            assert last[2].decode() == text_of(number), done


def documents(done: Run) -> list[object]:
    """The JSON documents on standard output, when the run was in JSON mode; all of it must be JSON then."""
    if not any(word in ("-j", "--json", "-json") for word in done.words) or not done.stdout.startswith(
        (b"{", b"[")
    ):
        return []
    text, found, decoder = done.stdout.decode("utf-8", "surrogateescape"), [], json.JSONDecoder(strict=False)
    while text:
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:]
    return found


def noise(chance: random.Random, longest: int = 40) -> bytes:
    """Random bytes, often near what a parser looks for."""
    kind = chance.randrange(4)
    if kind == 0:
        return chance.randbytes(chance.randrange(longest))
    if kind == 1:
        return bytes(chance.choices(b"=[]#$%{}\n\r\t \0;:,/\\'\"<>&-", k=chance.randrange(longest)))
    if kind == 2:
        return chance.choice(
            (b"[main]\n", b"[", b"]", b"=\n", b"$", b"$releasever", b"\xef\xbb\xbf", b"\xff\xfe", b"\0")
        )
    return "".join(
        chance.choices("äß漢字\u202e\x1b\x7f\u2028 \U0001f4a9", k=chance.randrange(longest))
    ).encode()


def word(chance: random.Random) -> str:
    """A random argument: bytes without NUL, decoded as the interpreter decodes arguments."""
    return noise(chance).replace(b"\0", b"").decode("utf-8", "surrogateescape")


def spoiled(chance: random.Random, content: bytes) -> bytes:
    """The content with some random faults."""
    for _ in range(chance.randrange(1, 5)):
        start = chance.randrange(len(content) + 1)
        end = min(len(content), start + int(chance.expovariate(1 / 20)))
        head, middle, tail = content[:start], content[start:end], content[end:]
        kind = chance.randrange(5)
        if kind == 0:
            content = head + noise(chance) + tail
        elif kind == 1:
            content = head + tail
        elif kind == 2:
            content = head + middle * chance.randrange(2, 5) + tail
        elif kind == 3 and middle:
            content = head + bytes([middle[0] ^ 1 << chance.randrange(8)]) + middle[1:] + tail
        elif chance.randrange(4) == 0:
            content = head
    return content


def option(chance: random.Random) -> list[str]:
    """An option as somebody may type it: whole, shortened, with one dash, joined, or nonsense."""
    kind = chance.randrange(8)
    if kind == 0:
        return [f"-{''.join(chance.choices(SHORT, k=chance.randrange(1, 4)))}"]
    if kind == 1:
        return [f"--{word(chance)}"]
    chosen = chance.choice([o for o in ALL_OPTIONS if o.name not in PINNED])
    name = chosen.name
    if kind == 2:
        name = next((spelling for spelling, meant in SPELLINGS.items() if meant == name), name)
    elif kind == 3:
        name = name[: max(4, chance.randrange(len(name) + 1))]
    dash = "-" if kind == 4 and len(name) > 1 else "--"
    if not chosen.value and kind != 5:
        return [f"{dash}{name}"]
    value = chance.choice(VALUES) if chance.randrange(3) else word(chance)
    return [f"{dash}{name}={value}"] if chance.randrange(2) else [f"{dash}{name}", value]


def safe(words: list[str]) -> bool:
    """Whether no word can be read as another root or configuration, whatever stands before it."""
    return not any(
        re.match(r"--?(i|co?$|con|[46bhqvxyCde]*[ic])", token) and token.partition("=")[0] not in _HARMLESS
        for token in words
    )


_HARMLESS = frozenset(f"--{o.name}" for o in ALL_OPTIONS if o.name not in PINNED)


@pytest.mark.parametrize("seed", range(6))
def test_random_command_lines_end_in_the_contracts_errors(run: Nursery, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(150 * FACTOR):
        words = [chance.choice(list(COMMANDS)), *chance.choices(NAMES, k=chance.randrange(4))]
        if chance.randrange(10) == 0:
            words[0] = word(chance)
        for _ in range(chance.randrange(6)):
            place = chance.randrange(len(words) + 1)
            words[place:place] = option(chance)
        if chance.randrange(5) == 0:
            chance.shuffle(words)
        if safe(words):
            check(run(*words))


COMMANDS_WITH_SPECS = (
    "list", "info", "search", "provides", "repoquery", "install", "erase", "update", "downgrade", "reinstall",
    "autoremove", "updateinfo", "mark", "check-update", "check-local", "clean", "repolist", "history",
    "advisory", "download", "swap",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_random_words_as_packages_end_in_the_contracts_errors(run: Nursery, seed: int) -> None:
    chance = random.Random(100 + seed)
    for _ in range(150 * FACTOR):
        options = ["--assumeno", chance.choice(("-q", "-v", "-C", "-j"))]
        specs = [word(chance) for _ in range(chance.randrange(1, 4))]
        # Behind the dashes these are words, whatever they begin with.
        check(run(*options, "--", chance.choice(COMMANDS_WITH_SPECS), *specs))


READERS = (
    ("list",), ("-j", "list", "app"), ("repolist", "all"), ("-j", "repolist"), ("makecache",),
    ("info", "lib"), ("install", "--assumeno", "extras"), ("clean", "all"), ("history", "list"),
    ("check-update", "-v"), ("count",),
)  # fmt: skip


@pytest.mark.parametrize("place", ["conf", "repo", "vars", "lock", "plugin"])
@pytest.mark.parametrize("seed", range(2))
def test_random_configuration_ends_in_the_contracts_errors(
    run: Nursery, made: Root, place: str, seed: int
) -> None:
    chance = random.Random(f"{place} {seed}")
    path = {
        "conf": made.conf,
        "repo": made.repodir / "sample.repo",
        "vars": made.scratch / "vars/anything",
        "lock": made.conf.parent / "locks.d/x.conf",
        "plugin": made.scratch / "pluginconf.d/tdnfmetalink.conf",
    }[place]
    made.configure(
        varsdir=made.scratch / "vars", plugins=place == "plugin", pluginconfpath=made.scratch / "pluginconf.d"
    )
    path.parent.mkdir(exist_ok=True)
    before = path.read_bytes() if path.exists() else None
    try:
        for _ in range(60 * FACTOR):
            content = spoiled(chance, before or b"[main]\nenabled=1\n")
            # A path of the host that a fault made must not be written to.
            if place == "conf" and not all(
                key in content for key in (b"\ncachedir=/var/cache/tdnf\n", b"\npersistdir=/var/lib")
            ):
                continue
            path.write_bytes(content)
            check(run(*chance.choice(READERS)))
    finally:
        path.unlink() if before is None else path.write_bytes(before)
        made.configure()


@pytest.mark.parametrize("seed", range(3))
def test_a_random_history_ends_in_the_contracts_errors(run: Nursery, made: Root, seed: int) -> None:
    chance = random.Random(300 + seed)
    good = made.history.read_bytes()
    asked = (
        ("history", "list"), ("-j", "history", "--info"), ("history", "undo", "2", "--assumeno"),
        ("count",), ("history", "rollback", "1", "--assumeno"), ("mark", "remove", "app"),
        ("repoquery", "--userinstalled"), ("autoremove", "--assumeno"), ("history", "init"),
        ("install", "-y", "extras"), ("erase", "-y", "extras"), ("history", "redo", "2-3", "-y"),
    )  # fmt: skip
    try:
        for _ in range(60 * FACTOR):
            made.history.write_bytes(spoiled(chance, good))
            check(run(*chance.choice(asked)))
    finally:
        made.history.write_bytes(good)


@pytest.mark.parametrize("seed", range(3))
def test_a_random_cache_and_repository_end_in_the_contracts_errors(
    run: Nursery, made: Root, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(400 + seed)
    asked = (
        ("list",), ("-j", "info", "app"), ("updateinfo", "list"), ("repoquery", "--list", "tool"),
        ("provides", "/usr/bin/tool"), ("install", "--assumeno", "extras"), ("check",), ("-C", "list"),
        ("repoquery", "--changelogs", "app"), ("search", "app"),
        ("reposync", "--urls", "--download-metadata"),
    )  # fmt: skip
    run("makecache")
    kept = tmp_path / "kept"
    shutil.copytree(made.scratch / "sample", kept / "sample")
    shutil.copytree(made.cachedir, kept / "cache")
    try:
        for _ in range(40 * FACTOR):
            top = made.cachedir if chance.randrange(2) else made.scratch / "sample/repodata"
            victim = chance.choice(
                sorted(path for path in top.rglob("*") if path.is_file() and path.stat().st_size)
            )
            victim.write_bytes(spoiled(chance, victim.read_bytes()))
            done = run(*chance.choice(asked))
            check(done)
            if chance.randrange(3) == 0:
                check(run("clean", "all"))
            for folder, place in (("sample", made.scratch / "sample"), ("cache", made.cachedir)):
                shutil.rmtree(place)
                shutil.copytree(kept / folder, place)
    finally:
        run("clean", "all")
