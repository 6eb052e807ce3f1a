"""A request, word by word, to libsolv jobs (tdnf contract, commands 3.3 and 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import solv

from pkgman.model.errors import HistoryError, NoMatch, Protected
from pkgman.model.transaction import Note
from solver import buildneeds, exact, query, select, unneeded
from solver.candidates import Chooser

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from pkgman.model.request import Policy, Request
    from solver.filters import Filters
    from solver.pool import Pool

_SOLVABLE = solv.Job.SOLVER_SOLVABLE
_ALL = solv.Job.SOLVER_SOLVABLE_ALL
_ONE_OF = solv.Job.SOLVER_SOLVABLE_ONE_OF
_NOWHERE = "no package of an enabled repository fits"


class Goal:
    """Jobs for one request.

    ``jobs`` are (how, what) pairs of libsolv; ``targets`` the packages that the
    request itself names, to come or to go; ``asked`` those of them that are to be
    installed, whatever version is there. Of each list in ``choices`` one package is to come,
    which only the solver knows; of each in ``fallbacks`` the first version that can come.
    """

    def __init__(self, pool: Pool, policy: Policy, filters: Filters) -> None:
        self.jobs: list[tuple[int, int]] = []
        self.targets: set[int] = set()
        self.asked: set[int] = set()
        self.choices: list[list[int]] = []
        self.fallbacks: list[list[int]] = []
        self.notes: list[Note] = []
        self.unavailable: list[str] = []
        self.mark_user: set[str] = set()
        self._pool = pool
        self._policy = policy
        self._filters = filters
        self._chooser = Chooser(pool, filters.hidden)
        extra = solv.Job.SOLVER_CLEANDEPS if policy.clean_deps else 0
        self._erase = solv.Job.SOLVER_ERASE | extra
        extra |= solv.Job.SOLVER_FORCEBEST if policy.best else 0
        self._install = solv.Job.SOLVER_INSTALL | extra
        self._update = solv.Job.SOLVER_UPDATE | extra
        self._dup = solv.Job.SOLVER_DISTUPGRADE | extra
        self._may_skip = policy.skip_broken or policy.skip_unavailable
        self._whole = False  # Request.whole
        self._by_name: dict[str, list[int]] | None = None

    def read(self, request: Request) -> None:
        """Translate the whole ``request``.

        :raises NoMatch: a word names nothing, or nothing that the action is possible for.
        :raises Protected: a protected package is named for removal.
        :raises HistoryError: a bare autoremove without history.
        """
        self._whole = request.whole
        self._files(request)
        verbs: tuple[tuple[tuple[str, ...], Callable[[int], str] | None, Callable[[str], None]], ...] = (
            (request.install, None, self._install_word),
            (request.update, self._name, self._update_word),
            (request.downgrade, self._name, self._downgrade_word),
            (request.reinstall, self._package, self._reinstall_word),
        )
        for words, path_as, act in verbs:
            for word in self._known(words, path_as):
                self._try(act, word)
        self._exact(request)
        if request.capabilities:
            self._needs(request.capabilities)
        self._erase_words(request.erase, self._erase)
        self._erase_words(request.autoremove, self._erase | solv.Job.SOLVER_CLEANDEPS)
        if self._policy.no_dependencies and (request.update_all or request.distro_sync):
            self._update_each()
        elif request.update_all or request.distro_sync:
            self.jobs.append(((self._update if request.update_all else self._dup) | _ALL, 0))
        if request.downgrade_all:
            self._downgrade_all()
        if request.autoremove_all:
            self._autoremove_all()

    def want_all(self) -> None:
        """Want the best version of every available name that this machine can run."""
        for best in self._chooser.best_of_every_name():
            if not self._is_installed(best):
                self._want(best)

    # Words

    def _try(self, act: Callable[[str], None], word: str) -> None:
        try:
            act(word)
        except NoMatch as error:
            if not self._policy.skip_unavailable:
                raise
            self._say("; ".join(error.lines), diagnostic=True)

    def _known(self, words: Iterable[str], path_as: Callable[[int], str] | None) -> list[str]:
        """Return what ``words`` stand for: names for globs, the words that name something.

        :param path_as: makes the spec of an installed package that holds a path; None where a path
            stands for packages that are to come.
        """
        found: list[str] = []
        unknown: list[str] = []
        for word in words:
            if word.endswith(".rpm"):
                continue  # a file or URL; not this one's business
            if select.is_glob(word) or (path_as and select.is_path(word)):
                names = self._expand(word, path_as)
                if not names and not self._policy.skip_unavailable:
                    where = "no installed package holds it" if path_as and select.is_path(word) else _NOWHERE
                    raise NoMatch(f"{word}: {where}")
                found.extend(names)
                unknown += [] if names else [word]
            elif self._look_up(word):
                found.append(word)
            else:
                unknown.append(word)
        if unknown and not self._may_skip:
            raise NoMatch(f"{word} package not found or not installed" for word in unknown)
        self.unavailable.extend(unknown)
        return list(dict.fromkeys(found))

    def _expand(self, pattern: str, path_as: Callable[[int], str] | None) -> list[str]:
        held = path_as is not None and select.is_path(pattern)
        matches = select.find(self._pool, pattern, scope="installed" if held else "available")
        self._say(matches.note)
        word_of = path_as if held and path_as else self._name
        return list(dict.fromkeys(word_of(handle) for handle in matches.handles))

    def _look_up(self, word: str) -> bool:
        matches = select.find(self._pool, word)
        self._say(matches.note)
        return bool(matches.handles)

    def _say(self, text: str, *, diagnostic: bool = False) -> None:
        note = Note(text, diagnostic)
        if text and note not in self.notes:
            self.notes.append(note)

    # Packages

    def _name(self, handle: int) -> str:
        return str(self._chooser.solvable(handle).name)

    def _package(self, handle: int) -> str:
        return query.package(self._pool, handle).nevra

    def _arch(self, handle: int) -> str:
        return str(self._chooser.solvable(handle).arch)

    def _installed(self, name: str) -> list[int]:
        """Return the installed packages of ``name``; none when they are to be ignored."""
        if self._by_name is None:
            self._by_name = {}
            if self._pool.installed is not None and not self._policy.ignore_installed:
                for solvable in self._pool.installed.solvables:
                    self._by_name.setdefault(solvable.name, []).append(solvable.id)
        return self._by_name.get(name, [])

    def _is_installed(self, handle: int) -> bool:
        return handle in self._installed(self._name(handle))

    def _twin(self, handle: int) -> int | None:
        """Return the installed package with the same name, evr and arch."""
        return next((h for h in self._installed(self._name(handle)) if self._chooser.same(handle, h)), None)

    def _want(self, handle: int) -> None:
        if handle not in self.targets:
            self.jobs.append((self._install | _SOLVABLE, handle))
            self.targets.add(handle)

    # install

    def _files(self, request: Request) -> None:
        for file in request.install_files:
            handle = self._pool.files[file.path]
            twin = self._twin(handle)
            if twin is None:
                self._want(handle)
                self.asked.add(handle)
            else:
                self._keep(twin)
        for file in request.reinstall_files:
            self._want(self._pool.files[file.path])
        for files, direction in ((request.update_files, 1), (request.downgrade_files, -1)):
            for file in files:
                self._move_to(self._pool.files[file.path], direction)

    def _move_to(self, handle: int, direction: int) -> None:
        """Want a file's package if it is newer (1) or older (-1) than what is installed of its name.

        :raises NoMatch: nothing of its name is installed.
        """
        name = self._name(handle)
        here = self._installed(name)
        if not here:
            verb = "update" if direction > 0 else "downgrade"
            raise NoMatch(f"{name} is not installed, so there is nothing to {verb}; 'install' takes the file")
        current = self._chooser.highest(h for h in here if h not in self._filters.kept)
        if current is None:
            return
        if self._chooser.compare(handle, current) * direction > 0:
            self._want(handle)
        else:
            age = "newer" if direction > 0 else "older"
            self._say(f"The file of {name} is not {age} than what is installed.", diagnostic=True)

    def _install_word(self, word: str) -> None:
        choices = self._chooser.choices(word)
        if not choices:
            if self._whole:
                raise NoMatch(f"{word}: it is excluded, or below its minimum version")
            return  # hidden: dropped silently
        for best in choices:
            twin = self._twin(best)
            if twin is not None:
                self._keep(twin)
                self._say(f"Package {word} is already installed.", diagnostic=True)
                if word == self._name(best):
                    self.mark_user.add(word)
                return
        if len(choices) > 1 and not self._policy.no_dependencies:
            self._want_one_of(choices)
        else:
            self.asked.update(self._want_best(choices[0], word))
            if self._policy.fall_back and self._installed(word):  # it may stay as it is
                self.mark_user.add(word)

    def _want_one_of(self, choices: list[int]) -> None:
        """Want one of several packages; libsolv takes the first that can come."""
        self.jobs.append((self._install | _ONE_OF, self._pool.raw.towhatprovides(choices)))
        self.choices.append(choices)

    def _want_best(self, best: int, word: str) -> list[int]:
        """Want ``best``, or with --no-best the highest version that ``word`` allows and that can come.

        :returns: the packages of which one is wanted.
        """
        if not self._policy.fall_back or self._policy.no_dependencies:
            self._want(best)
            return [best]
        versions = [best, *self._chooser.versions_below(best, word)]
        # An update that cannot come leaves what is installed.
        how = self._update if self._installed(self._name(best)) else self._install
        self.jobs.append((how | _ONE_OF, self._pool.raw.towhatprovides(versions)))
        self.targets.update(versions)
        self.fallbacks.append(versions)
        return versions

    def _keep(self, handle: int) -> None:
        """Let an installed package that was asked for not go with what is removed."""
        if self._whole:
            self.jobs.append((self._install | _SOLVABLE, handle))

    def settle(self, new: Collection[int], by_job: Callable[[int], bool]) -> None:
        """Take in what the solver chose: of several providers, and of several versions.

        :param new: what comes.
        :param by_job: says whether a package comes for a job's sake, not for a dependency's.
        """
        for choices in self.choices:
            coming = [handle for handle in choices if handle in new]
            chosen = next(filter(by_job, coming), next(iter(coming), None))
            if chosen is not None:
                self.targets.add(chosen)
                self.asked.add(chosen)
        for best, *older in self.fallbacks:
            if best not in new:
                taken = [self._package(handle) for handle in older if handle in new]
                rest = f"{taken[0]} is taken" if taken else "it is left out"
                self._say(f"{self._package(best)} cannot be installed: {rest}.")

    # update, downgrade, reinstall

    def _groups(self, word: str) -> Iterator[tuple[list[int], list[int]]]:
        """Yield (installed, available) packages that ``word`` names, per name and arch.

        Another arch is no update, except from and to noarch.

        :raises NoMatch: what ``word`` names is not installed.
        """
        handles = select.find(self._pool, word).handles
        names = [n for n in dict.fromkeys(map(self._name, handles)) if self._installed(n)]
        if not names:
            raise NoMatch(f"{word} is not installed")
        for name in names:
            here = [h for h in self._installed(name) if h not in self._filters.kept]
            offered = [h for h in handles if self._name(h) == name and not self._is_installed(h)]
            for arch in dict.fromkeys(map(self._arch, here)):
                yield (
                    [h for h in here if self._arch(h) == arch],
                    [h for h in offered if arch == "noarch" or self._arch(h) in (arch, "noarch")],
                )

    def _update_word(self, word: str) -> None:
        for here, offered in self._groups(word):
            current = self._chooser.highest(here)
            best = self._chooser.best([*here, *offered])
            if best is None or current is None:
                continue
            if word == self._name(best):
                best = self._chooser.obsoleter(best)
            if best not in here and self._twin(best) is None:
                replaces = self._name(best) != self._name(current)
                if replaces or self._chooser.compare(best, current) > 0:
                    self._want_best(best, word)

    def _update_each(self) -> None:
        """Name the update of every installed package: nothing else is taken with --nodeps."""
        self._installed("")  # makes the index
        for name in sorted(self._by_name or ()):
            self._update_word(name)

    def _downgrade_word(self, word: str) -> None:
        for here, offered in self._groups(word):
            offered = [h for h in offered if h not in self._filters.excluded]
            if not offered:
                raise self._nowhere(word)
            current = self._chooser.lowest(here)
            if current is None:
                continue
            # A version below its minimum is asked for all the same: the user learns that it is disabled.
            lower = self._chooser.highest(h for h in offered if self._chooser.compare(h, current) < 0)
            if lower is None:
                self._say(f"There is no downgrade path for {word}.", diagnostic=True)
            else:
                self._want(lower)

    def _downgrade_all(self) -> None:
        for name in sorted({self._name(handle) for handle in query.installed(self._pool)}):
            if all(map(self._is_installed, select.named(self._pool, name))):
                raise self._nowhere(name)
            self._downgrade_word(name)

    def _nowhere(self, word: str) -> NoMatch:
        self._say(f"There is no downgrade path for {word}.", diagnostic=True)
        return NoMatch(note.text for note in self.notes if note.diagnostic)

    def _reinstall_word(self, word: str) -> None:
        here = [h for h in select.find(self._pool, word).handles if self._is_installed(h)]
        if not here:
            raise NoMatch(f"{word}: it is not installed, so it cannot be reinstalled")
        first = self._chooser.highest(h for h in here if self._name(h) == self._name(here[0])) or here[0]
        if first in self._filters.excluded:
            return
        named = select.named(self._pool, self._name(first))
        twins = [h for h in named if not self._is_installed(h) and self._chooser.same(h, first)]
        best = self._chooser.best(twins)
        if best is None:
            raise NoMatch(f"{word}: no enabled repository has the installed version")
        self._want(best)

    # what a build needs

    def _needs(self, capabilities: tuple[str, ...]) -> None:
        lost = buildneeds.unknown(self._pool, capabilities)
        if lost and not self._may_skip:
            raise NoMatch(f"{text} package not found or not installed" for text in lost)
        self.unavailable.extend(lost)
        known = [text for text in capabilities if text not in lost]
        if known:
            direct, installed = buildneeds.providers(self._pool, known)
            # With --skip-broken each need is met or passed over by itself.
            for needs in [[text] for text in known] if self._policy.skip_broken else [known]:
                self._want(buildneeds.add(self._pool, needs))
            self.targets |= direct
            self.asked |= direct
            self.mark_user |= installed

    # what the history and advisories name

    def _exact(self, request: Request) -> None:
        for handle in exact.coming(self._pool, request.install_nevras):
            self._want(handle)
        for handle in self._chooser.visible(exact.coming(self._pool, request.obsoleters)):
            self._want(handle)
        names = {self._name(handle) for handle in self.targets}
        staying = self._policy.protected - names
        for handle in exact.going(self._pool, request.erase_nevras, staying=staying):
            self._remove(handle, self._erase)

    # erase, autoremove

    def _erase_words(self, words: Iterable[str], how: int) -> None:
        coming = {self._name(handle) for handle in self.targets}
        blocked = []
        for word in self._known(words, self._package):
            for handle in select.find(self._pool, word).handles:
                name = self._name(handle)
                if not self._is_installed(handle) or handle in self._filters.excluded:
                    continue
                # Another version of the name may come in the same transaction.
                if name in self._policy.protected and name not in coming:
                    blocked.append(f"package {name} is protected")
                self._remove(handle, how)
        if blocked:
            raise Protected(dict.fromkeys(blocked))

    def _autoremove_all(self) -> None:
        auto = self._policy.auto_installed
        if auto is None:
            raise HistoryError
        auto -= self._policy.protected | self._policy.locks
        for handle in unneeded.find(self._pool, auto, self._filters.kept):
            self._remove(handle, self._erase)

    def _remove(self, handle: int, how: int) -> None:
        self.jobs.append((how | _SOLVABLE, handle))
        self.targets.add(handle)
