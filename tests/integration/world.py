"""The distribution that query tests look at, and a system on which a part of it is installed.

Two repositories over HTTP: ``main`` (the sample packages, and ``rich``, which has every kind of
dependency, files in and outside primary, and texts beyond ASCII) and ``second`` (more of some
names, worse priority). Installed: ``app`` and ``lib`` 1.0, ``tool``, ``orphan`` of no repository.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from tests.support import sample
from tests.support.cli import Root, Tdnf
from tests.support.repos import Advisory, publish, repo_section
from tests.support.rpms import Rpm
from tests.support.server import Server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.repos import Repo
    from tests.support.workshop import Workshop

ARCH = platform.machine()

RICH = Rpm(
    "rich",
    "3:1.2-3",
    arch=ARCH,
    requires=("lib >= 1.0", "app"),
    requires_for={"pre": ("tool",), "post": ("extras >= 1",)},
    provides=("virtual(rich) = 7.5", "rich-alias"),
    obsoletes=("poor < 2",),
    conflicts=("clash-b > 5",),
    recommends=("recommended-one",),
    suggests=("suggested-one",),
    supplements=("supplemented-one",),
    enhances=("enhanced-one",),
    files={
        "/usr/bin/rich": "#!/bin/true\n",
        "/etc/rich.conf": "rich\n",
        "/usr/share/rich/only in filelists & more": "data\n",
        "/usr/share/rich/naïve": "data\n",
    },
    summary="Wealth & <plenty>",
    description="First line of naïveté.\nSecond line.",
    url="http://localhost/rich?a=1&b=2",
    license="GPL-2.0-or-later AND MIT",
    changelog=(
        "* Thu Feb 02 2023 Jane Roe <jr@localhost> 1.2-3\n- newest entry\n- in two lines\n\n"
        "* Wed Jan 01 2020 John Doe <jd@localhost> 1.0-1\n- first entry\n"
    ),
)
RICH_SOURCE = Rpm("rich", "3:1.2-3", source=True, build_requires=("lib",))
NEEDS_RICH = Rpm("needs-rich", requires=("virtual(rich) >= 7", "/usr/bin/rich"))
ORPHAN = Rpm("orphan", "0.1-1", files={"/usr/share/orphan/data": "x\n"}, summary="In no repository")
SECOND_APP = Rpm("app", "3.0-1", requires=("lib",), summary="An application")
SECOND_ONLY = Rpm("second-only", "1.0-1", summary="Only in the second repository")

MAIN_RPMS = (*sample.RPMS, RICH, RICH_SOURCE, NEEDS_RICH)
SECOND_RPMS = (SECOND_APP, SECOND_ONLY)
INSTALLED = (sample.LIB_1, sample.APP_1, sample.TOOL, ORPHAN)
ADVISORIES = (
    *sample.ADVISORIES,
    Advisory(
        "TEST-2024-3",
        (sample.APP_2, sample.LIB_2),
        kind="enhancement",
        description="Both & more.",
        references=(("cve", "CVE-2024-0003"), ("bugzilla", "303"), ("bugzilla", "304")),
    ),
    Advisory("TEST-2024-4", (SECOND_ONLY,), severity="9.9", title="of nothing installed"),
)


class World:
    """Both repositories on a server, the root, and the program; ``warm`` commands only read it."""

    def __init__(self, scratch: Path, workshop: Workshop) -> None:
        www = scratch / "www"
        self.main = publish(
            www / "main", workshop.build(*MAIN_RPMS, signed=False), id="main", advisories=ADVISORIES
        )
        self.second = publish(www / "second", workshop.build(*SECOND_RPMS, signed=False), id="second")
        self.server = Server(www)
        self.root = Root(scratch)
        self.root.configure(installonlypkgs="kernel")
        self.add(self.main)
        self.add(self.second, priority=60)
        self.root.add_repo(
            repo_section("off", name="Switched off", enabled=False, baseurl="http://localhost:1/")
        )
        self.tdnf = Tdnf(self.root)
        self.install(workshop, *INSTALLED)

    def add(self, repo: Repo, **keys: object) -> None:
        """Configure a repository, served over HTTP."""
        self.root.add_repo(repo, baseurl=self.server.url(repo.id), **keys)

    def install(self, workshop: Workshop, *rpms: Rpm) -> None:
        """Install with rpm itself, so that the program under test has not touched the system."""
        paths = map(str, workshop.build(*rpms, signed=False))
        self.root.rpm("-i", "--nodeps", "--nosignature", *paths).ok()


def prepare(scratch: Path, workshop: Workshop) -> World:
    """Make a world with a filled cache."""
    world = World(scratch, workshop)
    world.tdnf("makecache").ok()
    return world
