"""Metadata beside headers: nothing honest is suspected, everything invented is found."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
import rpm

from pkgman.transaction.librpm.header import relations as header_relations
from solver import query, relations
from solver.pool import Pool
from tests.support import solverworld as world
from tests.support.repos import publish
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkgman.model.package import Dependency
    from tests.support.workshop import Workshop

    Known = dict[str, tuple[Pool, int, dict[str, tuple[Dependency, ...]]]]

HONEST = (
    Rpm(
        "scripts",
        requires_for={"pre": ["tool >= 0:1.0", "tool"], "posttrans": ["tool"], "pretrans": ["other"]},
        requires=["tool", "tool", "tool >= 1.0", "tool >= 0:1.0", "tool < 0:9-1"],
        scripts={"post": "true", "preun -p <lua>": "print(1)"},
    ),
    Rpm(
        "rich",
        requires=["(a if b)", "(a >= 1 and (b or c))", "((a with b) or c)"],
        conflicts=["(a and b)"],
    ),
    Rpm(
        "everything",
        "3:1.0-1",
        provides=["self = 0:1", "self = 1", "a(b) = 2:1-1", "/usr/virtual", "config(everything) = 3:1.0-1"],
        requires=[
            "self",
            "self = 1",
            "/usr/share/everything",
            "/usr/elsewhere",
            "config(everything) = 3:1.0-1",
        ],
        conflicts=["foe < 0:2", "foe > 1:3", "everything < 3:1"],
        obsoletes=["old", "old < 0:1.0-1", "older <= 2:3"],
        recommends=["nice", "(nice if foe)"],
        supplements=["other = 0:1"],
        files={"/usr/share/everything": "x", "/usr/share/ä": "x"},
    ),
    Rpm(
        "libraries",
        requires=["libc.so.6(GLIBC_2.2.5)(64bit)", "libc.so.6(GLIBC_2.34)(64bit)", "libc.so.6()(64bit)"],
    ),
    Rpm("tilde", "1.0~rc1^git-1.el9", obsoletes=["tilde-old < 1.0~rc1"], provides=["umlaut-ä = 1"]),
    Rpm("bare"),
    Rpm("triggers", scripts={"triggerin -- tool > 0:1": "true"}),
)


@pytest.fixture(scope="module")
def load(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Known]:
    """Give pool, handle and the header's relations by name, of packages that createrepo_c has described."""

    def make(*rpms: Rpm, change: tuple[str, str] = ("", "")) -> Known:
        folder = tmp_path_factory.mktemp("described")
        paths = workshop.build(*rpms, signed=False)
        primary = gzip.decompress(publish(folder / "repo", paths).part("primary").read_bytes()).decode()
        assert change[0] in primary
        pool = Pool("x86_64")
        feed = world.Feed(primary.replace(*change) if change[0] else primary)
        pool.load_repo(world.snapshot("main", folder), feed)
        handles = {p.name: p.handle for p in query.packages(pool, query.available(pool))}
        reader = rpm.ts("/")
        known = {}
        for description, path in zip(rpms, paths, strict=True):
            with open(path, "rb") as stream:
                known[description.name] = (
                    pool, handles[description.name], header_relations(reader.hdrFromFdno(stream)),
                )  # fmt: skip
        return known

    return make


def test_what_createrepo_makes_of_headers_is_never_suspected(load: Callable[..., Known]) -> None:
    for name, (pool, handle, header) in load(*HONEST).items():
        assert relations.not_in_header(pool, handle, header) == (), name


@pytest.mark.parametrize("kind", ["provides", "requires", "conflicts", "obsoletes"])
@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        ('<rpm:entry name="victim"/>', "victim"),
        ('<rpm:entry name="bash" flags="LT" epoch="0" ver="99" rel="1"/>', "bash < 99-1"),
        ('<rpm:entry name="(victim or bash)"/>', "(victim or bash)"),
    ],
)
def test_what_stands_in_metadata_only_is_found_and_taken_back(
    load: Callable[..., Known], kind: str, entry: str, shown: str
) -> None:
    forged = f"<rpm:{kind}>{entry}</rpm:{kind}></format>"
    pool, handle, header = load(Rpm("liar"), change=("</format>", forged))["liar"]
    assert relations.not_in_header(pool, handle, header) == (f"{kind.capitalize()}: {shown}",)
    relations.take_from_header(pool, handle, header)
    assert relations.not_in_header(pool, handle, header) == ()
    assert query.dependencies(pool, [handle], "provides") == ("liar = 1.0-1",)


def test_a_changed_version_of_a_relation_is_found(load: Callable[..., Known]) -> None:
    change = ('name="old" flags="LT" epoch="0" ver="1"', 'name="old" flags="LT" epoch="0" ver="9"')
    known = load(Rpm("new", obsoletes=["old < 1"]), change=change)
    assert relations.not_in_header(*known["new"]) == ("Obsoletes: old < 9",)


def test_scriptlet_requirements_count_too(load: Callable[..., Known]) -> None:
    forged = '<rpm:requires><rpm:entry name="victim" pre="1"/></rpm:requires></format>'
    known = load(Rpm("liar"), change=("</format>", forged))
    assert relations.not_in_header(*known["liar"]) == ("Requires: victim",)
