"""Questions about packages; the answers are handles and values."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

import solv

from pkgman.model.errors import MetadataError
from pkgman.model.package import CMDLINE_REPO, Checksum, Package, PackageInfo
from pkgman.model.repo import Remote
from pkgman.model.schemes import KNOWN, canonical
from solver import select
from solver.installed import RPMS_OWN
from solver.text import clean, folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Literal

    from solver.pool import Pool
    from solver.texts import Texts

    Kind = Literal[
        "provides",
        "obsoletes",
        "conflicts",
        "requires",
        "requires-pre",
        "recommends",
        "suggests",
        "supplements",
        "enhances",
        "depends",
    ]

_KEYS = {
    "provides": solv.SOLVABLE_PROVIDES,
    "obsoletes": solv.SOLVABLE_OBSOLETES,
    "conflicts": solv.SOLVABLE_CONFLICTS,
    "requires": solv.SOLVABLE_REQUIRES,
    "requires-pre": solv.SOLVABLE_REQUIRES,
    "recommends": solv.SOLVABLE_RECOMMENDS,
    "suggests": solv.SOLVABLE_SUGGESTS,
    "supplements": solv.SOLVABLE_SUPPLEMENTS,
    "enhances": solv.SOLVABLE_ENHANCES,
}
# commands 8, repoquery: --depends and --whatdepends
_DEPENDS: tuple[Kind, ...] = ("requires", "recommends", "suggests", "supplements", "enhances")
_BEFORE_MARKER, _AFTER_MARKER = -1, 1
_COMPARISONS = {  # the longer operators first
    ">=": solv.REL_GT | solv.REL_EQ,
    "<=": solv.REL_LT | solv.REL_EQ,
    "==": solv.REL_EQ,
    "=": solv.REL_EQ,
    ">": solv.REL_GT,
    "<": solv.REL_LT,
}
_SEARCHED = (solv.SOLVABLE_NAME, solv.SOLVABLE_SUMMARY, solv.SOLVABLE_DESCRIPTION)
_SUBSTRING = solv.Dataiterator.SEARCH_SUBSTRING | solv.Dataiterator.SEARCH_NOCASE


def installed(pool: Pool) -> tuple[int, ...]:
    """Return the installed packages, sorted by name."""
    if pool.installed is None:
        return ()
    return select.in_order(pool, (s.id for s in pool.installed.solvables))


def available(pool: Pool) -> tuple[int, ...]:
    """Return every package of the repositories and files, as loaded; source packages too."""
    system = pool.installed
    return tuple(
        solvable.id
        for repo in pool.raw.repos
        if system is None or repo.id != system.id
        for solvable in repo.solvables_iter()
    )


def count(pool: Pool) -> int:
    """Return the number of known packages, installed and available."""
    return sum(int(repo.nsolvables) for repo in pool.raw.repos)


def package(pool: Pool, handle: int) -> Package:
    """Return the package behind ``handle``."""
    solvable = pool.raw.id2solvable(handle)
    epoch, version, release = split_evr(solvable.evr)
    return Package(
        solvable.name,
        epoch,
        version,
        release,
        solvable.arch,
        solvable.repo.name,
        handle,
        solvable.lookup_num(solv.SOLVABLE_INSTALLSIZE),
        0 if solvable.isinstalled() else solvable.lookup_num(solv.SOLVABLE_DOWNLOADSIZE),
    )


def packages(pool: Pool, handles: Iterable[int]) -> Iterator[Package]:
    """Yield the packages behind ``handles``, in their order."""
    return (package(pool, handle) for handle in handles)


def split_evr(evr: str) -> tuple[int, str, str]:
    """Split ``[epoch:]version[-release]``."""
    epoch, colon, rest = evr.partition(":")
    if not colon or not epoch.isdigit():
        epoch, rest = "0", evr
    version, _, release = rest.rpartition("-")
    return (int(epoch), version, release) if version else (int(epoch), release, "")


def info(pool: Pool, handle: int) -> PackageInfo:
    """Return the texts of one package."""
    solvable = pool.raw.id2solvable(handle)
    apart = _texts_apart(pool, solvable)
    return PackageInfo(
        summary=apart.summary if apart else solvable.lookup_str(solv.SOLVABLE_SUMMARY) or "",
        description=apart.description if apart else solvable.lookup_str(solv.SOLVABLE_DESCRIPTION) or "",
        url=apart.url if apart else solvable.lookup_str(solv.SOLVABLE_URL) or "",
        license=solvable.lookup_str(solv.SOLVABLE_LICENSE) or "",
        source=_source(solvable),
        vendor=solvable.vendor if solvable.vendorid else "",
        build_time=solvable.lookup_num(solv.SOLVABLE_BUILDTIME),
        install_time=solvable.lookup_num(solv.SOLVABLE_INSTALLTIME),
    )


def _source(solvable: solv.XSolvable) -> str:
    """Name the source package; what states a file name only states no epoch, which is the package's own.

    So says tdnf when both have the same version and release; otherwise nobody knows.
    """
    name = str(solvable.lookup_sourcepkg() or "").removesuffix(".rpm")
    epoch, colon, plain = solvable.evr.partition(":")
    head, found, arch = name.rpartition(f"-{plain}.") if colon else ("", "", "")
    return f"{head}-{epoch}:{plain}.{arch}" if found and epoch != "0" else name


def _texts_apart(pool: Pool, solvable: solv.XSolvable) -> Texts | None:
    store = pool.texts(solvable.repo)
    return store.read(solvable.id - _first(solvable.repo)) if store else None


def remote(pool: Pool, handle: int) -> Remote:
    """Return what is needed to fetch a package; for a file its path is the location.

    :raises MetadataError: the location leaves the repository, or its ``xml:base`` is no URL.
    """
    solvable = pool.raw.id2solvable(handle)
    repo_id = solvable.repo.name
    location = _location(pool, solvable)
    return Remote(
        label=solvable.name,
        repo_id=repo_id,
        location=location,
        size=solvable.lookup_num(solv.SOLVABLE_DOWNLOADSIZE),
        checksum=checksum(pool, handle),
    )


def checksum(pool: Pool, handle: int) -> Checksum | None:
    """Return the checksum of a package's file, which is its pkgid in all metadata; None when not stated."""
    digest = pool.raw.id2solvable(handle).lookup_checksum(solv.SOLVABLE_CHECKSUM)
    return Checksum(digest.typestr(), digest.hex()) if digest else None


def dependencies(pool: Pool, handles: Iterable[int], kind: Kind) -> tuple[str, ...]:
    """Return the relations of all ``handles`` as ``name`` or ``name OP evr``: sorted, unique."""
    found: set[str] = set()
    for handle in handles:
        solvable = pool.raw.id2solvable(handle)
        for each in _DEPENDS if kind == "depends" else (kind,):
            found.update(str(dep) for dep in _relations(solvable, each))
    return tuple(sorted(found))


def what(pool: Pool, kind: Kind, capabilities: Iterable[str]) -> tuple[int, ...]:
    """Return the packages with a relation of ``kind`` on one of ``capabilities``.

    One is a name, which any version meets, or ``name OP evr``, which a relation meets
    that speaks of a common version.
    """
    raw = pool.raw  # needs no index
    found: set[int] = set()
    for capability in capabilities:
        if kind == "provides" and capability.startswith("/"):
            found.update(_owners(raw, capability))
        number = relation(raw, clean(capability))
        if not number:
            continue
        for each in _DEPENDS if kind == "depends" else (kind,):
            marker = _AFTER_MARKER if each == "requires-pre" else 0
            found.update(s.id for s in raw.whatmatchesdep(_KEYS[each], number, marker))
    return select.in_order(pool, found)


def relation(raw: solv.Pool, text: str) -> int:
    """Return libsolv's number of ``name`` or ``name OP evr``; 0 when no package has that name."""
    name, operator, evr = text, "", ""
    for each in _COMPARISONS:
        left, operator, right = text.partition(each)
        if operator:
            name, evr = left.strip(), right.strip()
            break
    number = int(raw.str2id(name, False))
    if not number or not operator:
        return number
    return int(raw.rel2id(number, raw.str2id(evr), _COMPARISONS[operator])) if evr else 0


def obsoleted(pool: Pool) -> dict[tuple[str, str, str], list[int]]:
    """Return which installed packages each available one obsoletes.

    :returns: by name, ``epoch:version-release`` and arch; those that obsolete nothing here are left out.
    """
    raw = pool.prepare()
    found: dict[tuple[str, str, str], list[int]] = {}
    for handle in available(pool):
        solvable = raw.id2solvable(handle)
        handles = [
            other.id
            for relation in solvable.lookup_deparray(solv.SOLVABLE_OBSOLETES)
            for other in raw.whatprovides(relation.id)
            # What is obsoleted is a name, not what somebody provides.
            if other.isinstalled() and other.matchesdep(solv.SOLVABLE_NAME, relation.id)
        ]
        if handles and solvable.arch not in ("src", "nosrc"):
            epoch, version, release = split_evr(solvable.evr)
            found[solvable.name, f"{epoch}:{version}-{release}", solvable.arch] = handles
    return found


def provides(pool: Pool, spec: str) -> select.Matches:
    """Look up files, names and capabilities (tdnf contract, commands 3.2).

    Files are those that primary metadata and the installed packages name.
    """
    raw = pool.prepare()
    owners = _owners(raw, spec)
    if owners:
        return select.Matches(select.in_order(pool, owners), f"[using file list match for '{spec}']")
    flags = (
        solv.Selection.SELECTION_NAME
        | solv.Selection.SELECTION_PROVIDES
        | solv.Selection.SELECTION_GLOB
        | solv.Selection.SELECTION_REL
        | solv.Selection.SELECTION_CANON
    )
    found = raw.select(clean(spec), flags)
    notes = []
    if not found.solvables():
        found = raw.select(clean(spec), flags | solv.Selection.SELECTION_NOCASE)
        notes.append(f"[ignoring case for '{spec}']")
    if found.flags & solv.Selection.SELECTION_PROVIDES:
        notes.append(f"[using capability match for '{spec}']")
    handles = select.in_order(pool, (s.id for s in found.solvables()))
    return select.Matches(handles, "\n".join(notes) if handles else "")


def files(pool: Pool, handle: int) -> tuple[str, ...]:
    """Return the known files of a package: all of an installed one, primary's of another."""
    iterator = pool.raw.Dataiterator_solvid(handle, solv.SOLVABLE_FILELIST, None, _COMPLETE)
    return tuple(match.str for match in iterator)


def search(pool: Pool, terms: Iterable[str]) -> tuple[int, ...]:
    """Find substrings in name, summary or description, ignoring case.

    One term's hits after the other's (tdnf contract, commands 8).
    """
    found: list[int] = []
    for term in terms:
        hits: set[int] = set()
        for repo in pool.raw.repos:  # no index is needed
            if not term.isascii():
                hits.update(_folded_hits(pool, repo, folded(term)))
                continue
            store = pool.texts(repo)
            if store:
                position = _first(repo)
                hits.update(position + hit for hit in store.search(term.encode("utf-8", "surrogateescape")))
            for key in (solv.SOLVABLE_NAME,) if store and store.complete else _SEARCHED:
                hits.update(match.solvid for match in repo.Dataiterator(key, clean(term), _SUBSTRING))
        found.extend(select.in_order(pool, hits))
    return tuple(found)


def _folded_hits(pool: Pool, repo: solv.Repo, term: str) -> Iterator[int]:
    """Yield the packages that hold a folded term: libsolv and the bytes of texts know ASCII's case only."""
    store = pool.texts(repo)
    first = _first(repo)
    for solvable in repo.solvables_iter():
        apart = store.read(solvable.id - first) if store else None
        texts = [solvable.name, apart.summary, apart.description] if apart else []
        if any(term in folded(text) for text in texts or map(solvable.lookup_str, _SEARCHED) if text):
            yield solvable.id


def summary(pool: Pool, handle: int) -> tuple[str, str]:
    """Return a package's name and summary."""
    solvable = pool.raw.id2solvable(handle)
    apart = _texts_apart(pool, solvable)
    return solvable.name, apart.summary if apart else solvable.lookup_str(solv.SOLVABLE_SUMMARY) or ""


def _first(repo: solv.Repo) -> int:
    """Return the handle of a repository's first package, 0 if it has none; the others follow it."""
    return next((int(solvable.id) for solvable in repo.solvables_iter()), 0)


_COMPLETE = solv.Dataiterator.SEARCH_FILES | solv.Dataiterator.SEARCH_COMPLETE_FILELIST


def _owners(raw: solv.Pool, spec: str) -> set[int]:
    """Return the packages with a file ``spec``, a path or a glob with a slash."""
    if "/" not in spec:
        return set()
    how = solv.Dataiterator.SEARCH_GLOB if select.is_glob(spec) else solv.Dataiterator.SEARCH_STRING
    iterator = raw.Dataiterator(solv.SOLVABLE_FILELIST, clean(spec), how | _COMPLETE)
    return {match.solvid for match in iterator}


def _location(pool: Pool, solvable: solv.XSolvable) -> str:
    """Return a path relative to the repository, or the URL that ``xml:base`` makes of it.

    A path may begin with steps up, as some repositories have their packages elsewhere on their
    server. These are the repository's words, which end up in file names: whoever uses them relies on
    what is refused here. Whether a repository may name local files is for the download to say.
    """
    if solvable.repo.name == CMDLINE_REPO:
        return next(path for path, handle in pool.files.items() if handle == solvable.id)
    if path := pool.in_place.get(solvable.id):
        return "file://" + path.replace("%", "%25")
    location = solvable.lookup_location()[0] or ""
    base = canonical(solvable.lookup_str(solv.SOLVABLE_MEDIABASE) or "")
    whole = "://" in location and not base  # a URL already, which may have a query
    if whole:
        base, location = canonical(location).rpartition("/")[::2]
    if not location or location.startswith("/") or "://" in location or not _is_path(location):
        raise _bad_location(solvable, location)
    location = posixpath.normpath(location) if ".." in location and not whole else location
    if not base:
        return location
    if not base.startswith(KNOWN) or _climbs(base):
        raise _bad_location(solvable, f"{base}/{location}")
    if whole:
        return f"{base}/{location}"
    if base.startswith("file:") and _climbs(location):
        raise _bad_location(solvable, f"{base}/{location}")
    from pkgman.model.urls import escaped, step_up  # noqa: PLC0415  # urllib, which a warm query does without

    base, location = step_up(base, location)
    return f"{base.rstrip('/')}/{escaped(location)}"


def _is_path(location: str) -> bool:
    """Say whether a location is a path to a file; steps up must be written as such, and not come last."""
    plain = posixpath.normpath(location)
    while plain.startswith("../"):
        plain = plain.removeprefix("../")
    return not _climbs(plain)


def _climbs(text: str) -> bool:
    """Say whether a part of a location can lead upwards, or is no text at all."""
    steps = (
        text.replace("\\", "/").lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").split("/")
    )
    controls = not text.isprintable() and any(char < " " or char == "\x7f" for char in text)
    return ".." in steps or controls or "%00" in text


def _bad_location(solvable: solv.XSolvable, location: str) -> MetadataError:
    return MetadataError(
        f"{solvable.repo.name}: location of {solvable.name} leaves the repository: {location}"
    )


def _relations(solvable: solv.XSolvable, kind: Kind) -> list[solv.Dep]:
    key = _KEYS[kind]
    relations: list[solv.Dep] = []
    if kind != "requires-pre":
        relations += solvable.lookup_deparray(key)  # without the file provides
    if key == solv.SOLVABLE_REQUIRES:
        relations += solvable.lookup_deparray(key, _AFTER_MARKER)
    if kind == "requires" and solvable.isinstalled():  # as rpm tells; primary leaves them out
        relations += solvable.lookup_deparray(solvable.repo.pool.str2id(RPMS_OWN))
    return relations
