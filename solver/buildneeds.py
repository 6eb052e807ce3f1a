"""What source packages need to be built: an imaginary package requires all of it.

So rich and versioned requirements are met as those of any package, and a problem
names what is missing (tdnf contract, options 5, --builddeps).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkgman.model.package import Dependency, InstalledPackage
from solver import query, select

if TYPE_CHECKING:
    from collections.abc import Iterable

    from solver.pool import Pool

REPO = "@builddeps"
_NAME = "build-dependencies"  # in the words for problems
_FLAGS = {"<": 2, ">": 4, "=": 8, "<=": 10, ">=": 12}  # rpm's RPMSENSE bits


def of_source(pool: Pool, handle: int) -> tuple[str, ...]:
    """Return what a source package requires, without what rpm itself must be able to do."""
    texts = query.dependencies(pool, [handle], "requires")
    return tuple(text for text in texts if not text.startswith("rpmlib("))


def unknown(pool: Pool, capabilities: Iterable[str]) -> list[str]:
    """Return those that nobody provides under any version; the solver judges paths and rich ones."""
    return [
        text
        for text in capabilities
        if not text.startswith(("(", "/")) and not query.what(pool, "provides", [text.split(" ")[0]])
    ]


def add(pool: Pool, capabilities: Iterable[str]) -> int:
    """Add the imaginary package and return its handle."""
    requires = tuple(map(_dependency, capabilities))
    nothing: tuple[Dependency, ...] = ()
    number = sum(repo.name == REPO for repo in pool.raw.repos)
    name = f"{_NAME}-{number}" if number else _NAME  # packages of one name would replace each other
    package = InstalledPackage(
        name=name, epoch=0, version="0", release="0", arch="noarch", vendor="", summary="", description="",
        url="", license="", source_rpm="", install_size=0, install_time=0, build_time=0, database_id=0,
        provides=nothing, requires=requires, conflicts=nothing, obsoletes=nothing, recommends=nothing,
        suggests=nothing, supplements=nothing, enhances=nothing, files=(),
    )  # fmt: skip
    return pool.imagine(REPO, package)


def providers(pool: Pool, capabilities: Iterable[str]) -> tuple[set[int], set[str]]:
    """Return the available packages that may meet the needs directly, and the names of installed ones."""
    handles = query.what(pool, "provides", [text for text in capabilities if not text.startswith("(")])
    installed = {handle for handle in handles if select.is_installed(pool, handle)}
    return set(handles) - installed, {package.name for package in query.packages(pool, installed)}


def _dependency(text: str) -> Dependency:
    if text.startswith("("):
        return Dependency(text)
    name, _, rest = text.partition(" ")
    operator, _, evr = rest.partition(" ")
    return Dependency(name, _FLAGS.get(operator, 0), evr)
