"""What a word stands for when it is only to be fetched: the best version of every name it matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solver import filters, query, select
from solver.candidates import Chooser
from solver.select import is_glob

if TYPE_CHECKING:
    from pkgman.model.request import Policy
    from solver.pool import Pool
    from solver.select import Matches

_SOURCE = ("src", "nosrc")


class Best:
    """Answers for words, in the order of :class:`Chooser`: repository priority, arch, evr.

    :param arches: take these only, and the best of each; also such as this machine cannot run.
    :param source: take source packages; a binary package's name stands for the one it was built from.
    """

    def __init__(
        self, pool: Pool, policy: Policy, *, arches: tuple[str, ...] = (), source: bool = False
    ) -> None:
        self._pool, self._arches, self._source = pool, arches, source
        self._chooser = Chooser(pool, filters.build(pool, policy).hidden)

    def of(self, word: str) -> Matches:
        """Return the packages, none when the word matches nothing that is not excluded."""
        matches = select.find(self._pool, word, scope="available", source=self._source)
        handles = self._chooser.visible(matches.handles)
        if self._source and not handles:
            handles = self._sources(word)
        if self._arches:
            foreign = [] if self._source else self._foreign(word)
            handles = [h for h in (*handles, *foreign) if self._arch(h) in self._arches]
        # A capability stands for one package, as in an install.
        return matches._replace(handles=self._best(handles, single=bool(matches.note) and not is_glob(word)))

    def _best(self, handles: list[int], *, single: bool) -> tuple[int, ...]:
        """Return the best of each name, and of each arch if arches were asked for."""
        if single:
            handles = self._of_first_name(handles)
        groups: dict[tuple[str, str], list[int]] = {}
        for handle in handles:
            name = self._chooser.solvable(handle).name
            groups.setdefault((name, self._arch(handle) if self._arches else ""), []).append(handle)
        found = (self._chooser.best(group) for group in groups.values())
        return tuple(handle for handle in found if handle is not None)

    def _of_first_name(self, handles: list[int]) -> list[int]:
        """Return the packages of the name that an install would take."""
        names = [self._chooser.solvable(handle).name for handle in self._chooser.best_of_names(handles)]
        return [handle for handle in handles if self._chooser.solvable(handle).name in names[:1]]

    def _arch(self, handle: int) -> str:
        return str(self._chooser.solvable(handle).arch)

    def _foreign(self, name: str) -> list[int]:
        """Return packages of exactly this name for other machines, which a selection leaves out."""
        every = (self._chooser.solvable(handle) for handle in query.available(self._pool))
        found = [s.id for s in every if s.name == name and not s.installable()]
        return [handle for handle in self._chooser.visible(found) if self._arch(handle) not in _SOURCE]

    def _sources(self, word: str) -> list[int]:
        """Return the source packages of the best binary packages that ``word`` matches."""
        binaries = select.find(self._pool, word, scope="available").handles
        best = self._best(self._chooser.visible(binaries), single=False)
        wanted = {query.info(self._pool, handle).source for handle in best} - {""}
        if not wanted:
            return []
        every = query.packages(self._pool, query.available(self._pool))
        found = [p.handle for p in every if p.arch in _SOURCE and p.nevra in wanted]
        return self._chooser.visible(found)
