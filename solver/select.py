"""Package specs to handles (tdnf contract, commands 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import solv

from solver.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from solver.pool import Pool

    Scope = Literal["all", "installed", "available"]

_GLOB_CHARACTERS = frozenset("*?[")
_GLOB_STARTS = tuple(_GLOB_CHARACTERS)
_NAME = (
    solv.Selection.SELECTION_NAME
    | solv.Selection.SELECTION_GLOB
    | solv.Selection.SELECTION_CANON
    | solv.Selection.SELECTION_DOTARCH
    | solv.Selection.SELECTION_REL
)
_CAPABILITY = solv.Selection.SELECTION_PROVIDES | solv.Selection.SELECTION_GLOB | solv.Selection.SELECTION_REL
_FORMS = (
    (_NAME, ""),
    (_CAPABILITY, "[using capability match for '{}']"),
    (_NAME | solv.Selection.SELECTION_NOCASE, "[ignoring case for '{}']"),
    (_CAPABILITY | solv.Selection.SELECTION_NOCASE, "[ignoring case for '{}']"),
)


class Matches(NamedTuple):
    """The packages that a spec names: installed ones by name, then the others as loaded."""

    handles: tuple[int, ...]
    note: str = ""  # what the user is told of the kind of match, or ""


def find(pool: Pool, spec: str, *, scope: Scope = "all", source: bool = False) -> Matches:
    """Look up one spec: by name, then by capability, then both ignoring case; a path by its owners.

    The form is chosen over all packages; ``scope`` is applied to what it gives.

    :param source: match source packages, and only those.
    """
    if is_path(spec):
        return _of_path(pool, spec, scope)
    if not source and (exact := _of_name(pool, spec)):
        chosen = [handle for handle in exact if in_scope(pool, handle, scope)]
        return Matches(in_order(pool, chosen))
    raw = pool.prepare()
    extra = solv.Selection.SELECTION_SOURCE_ONLY if source else 0
    for flags, note in _FORMS:
        found = _select(raw, spec, flags | extra)
        if not source and "src" in spec:  # libsolv finds one when its architecture is named
            found = [handle for handle in found if not is_source(pool, handle)]
        if found:
            chosen = [handle for handle in found if in_scope(pool, handle, scope)]
            return Matches(in_order(pool, chosen), note.format(spec) if chosen else "")
    return Matches(())


def _of_path(pool: Pool, path: str, scope: Scope) -> Matches:
    """Return the packages that hold or provide a path or a glob of paths."""
    raw = pool.prepare()
    found = {*owners(pool, path, glob=is_glob(path)), *pool.path_owners.get(path, ())}
    found.update(s.id for s in raw.select(clean(path), _CAPABILITY).solvables())
    chosen = [h for h in found if in_scope(pool, h, scope) and not is_source(pool, h) and _usable(pool, h)]
    return Matches(in_order(pool, chosen), f"[using file list match for '{path}']" if chosen else "")


def _usable(pool: Pool, handle: int) -> bool:
    solvable = pool.raw.id2solvable(handle)
    return bool(solvable.isinstalled() or solvable.installable())


def owners(pool: Pool, path: str, *, glob: bool) -> tuple[int, ...]:
    """Return the packages with a file ``path``, as primary and the installed set name it."""
    how = solv.Dataiterator.SEARCH_GLOB if glob else solv.Dataiterator.SEARCH_STRING
    how |= solv.Dataiterator.SEARCH_FILES | solv.Dataiterator.SEARCH_COMPLETE_FILELIST
    iterator = pool.prepare().Dataiterator(solv.SOLVABLE_FILELIST, clean(path), how)
    return in_order(pool, {match.solvid for match in iterator})


def _of_name(pool: Pool, name: str) -> list[int]:
    """Return the packages of exactly this name without the index, which costs more than the search."""
    if is_glob(name) or not pool.raw.str2id(clean(name), False):
        return []
    iterator = pool.raw.Dataiterator(solv.SOLVABLE_NAME, clean(name), solv.Dataiterator.SEARCH_STRING)
    found = (match.solvable for match in iterator)
    return [s.id for s in found if s.isinstalled() or s.installable()]


def named(pool: Pool, name: str) -> list[int]:
    """Return the packages, installed and available, of exactly this name."""
    raw = pool.prepare()
    return [s.id for s in raw.select(clean(name), solv.Selection.SELECTION_NAME).solvables()]


def fitting(pool: Pool, spec: str, *, source: bool = False) -> list[int]:
    """Return the packages, installed and available, that a filter's spec fits.

    It is a name, name.arch, name-version, name-version-release or either with .arch, with or
    without an epoch before the version; any part may be a glob.

    :param source: only source packages, which are left out otherwise.
    """
    raw = pool.prepare()
    extra = solv.Selection.SELECTION_SOURCE_ONLY if source else 0
    found = [s.id for s in raw.select(clean(spec), _NAME | extra).solvables()]
    if not source:
        found = [handle for handle in found if not is_source(pool, handle)]
    return found or (_fitting_globs(pool, clean(spec), source=source) if is_glob(spec) else [])


def _fitting_globs(pool: Pool, pattern: str, *, source: bool) -> list[int]:
    """Return the packages whose version, release or arch a glob reaches, which libsolv does not do."""
    import fnmatch  # noqa: PLC0415  # re-based, and rarely needed
    import re  # noqa: PLC0415

    start = min(pattern.find(c) for c in _GLOB_CHARACTERS if c in pattern)
    name = pattern[:start].partition("-")[0]  # with this the names begin that may fit
    if "-" not in pattern:
        return []
    fits = re.compile(fnmatch.translate(pattern)).fullmatch
    iterator = pool.raw.Dataiterator(solv.SOLVABLE_NAME, name, solv.Dataiterator.SEARCH_STRINGSTART)
    found = []
    for solvable in (match.solvable for match in iterator):
        if source != (solvable.arch in ("src", "nosrc")) or not (
            source or solvable.isinstalled() or solvable.installable()
        ):
            continue
        plain = solvable.evr.rpartition(":")[2]
        forms = [plain.rpartition("-")[0], plain, f"{plain}.{solvable.arch}"]
        if solvable.evr != plain:
            forms += [solvable.evr, f"{solvable.evr}.{solvable.arch}"]
        if any(fits(f"{solvable.name}-{form}") for form in forms):
            found.append(solvable.id)
    return found


def is_path(spec: str) -> bool:
    """Say whether ``spec`` is a path, or a glob of paths such as ``*/bin/tool``."""
    return spec.startswith("/") or (spec[:1] in _GLOB_STARTS and "/" in spec)


def is_glob(spec: str) -> bool:
    """Say whether ``spec`` has a glob character."""
    return not _GLOB_CHARACTERS.isdisjoint(spec)


def is_installed(pool: Pool, handle: int) -> bool:
    """Say whether ``handle`` is one of the installed packages."""
    return bool(pool.raw.id2solvable(handle).isinstalled())


def is_source(pool: Pool, handle: int) -> bool:
    """Say whether ``handle`` is a source package."""
    return pool.raw.id2solvable(handle).arch in ("src", "nosrc")


def in_scope(pool: Pool, handle: int, scope: Scope) -> bool:
    """Say whether ``handle`` belongs to ``scope``."""
    return scope == "all" or is_installed(pool, handle) == (scope == "installed")


def in_order(pool: Pool, handles: Iterable[int]) -> tuple[int, ...]:
    """Sort: installed packages by name, then available ones in the order of their metadata."""

    def rank(handle: int) -> tuple[bool, str, int]:
        solvable = pool.raw.id2solvable(handle)
        installed = solvable.isinstalled()
        return (not installed, solvable.name if installed else "", handle)

    return tuple(sorted(set(handles), key=rank))


def _select(raw: solv.Pool, spec: str, flags: int) -> list[int]:
    spec = clean(spec)
    name, unequal, evr = spec.partition("!=")
    if not unequal:
        return [s.id for s in raw.select(spec, flags).solvables()]
    # libsolv does not know this operator.
    name, evr = name.strip(), evr.strip()
    if not name or not evr:
        return []
    every = [s.id for s in raw.select(name, flags).solvables()]
    equal = {s.id for s in raw.select(f"{name} = {evr}", flags).solvables()}
    return [handle for handle in every if handle not in equal]
