"""``repoquery --qf``: the format's tags and escapes (tdnf contract, commands 8)."""

from __future__ import annotations

from time import gmtime, strftime
from typing import TYPE_CHECKING, NamedTuple

from pkgman.layout import human
from pkgman.model.errors import PkgmanError
from pkgman.model.words import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pkgman.model.package import Package, PackageInfo

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
DEPENDENCY_TAGS = (
    "provides", "obsoletes", "conflicts", "requires", "recommends", "suggests", "supplements", "enhances",
    "depends", "requires-pre",
)  # fmt: skip


class Facts(NamedTuple):
    """What a tag may ask of one package."""

    package: Package
    info: PackageInfo
    dependencies: Callable[[str], list[str]]  # kind -> sorted unique texts
    origin: str = ""  # id of the repository it came from; "" when nobody knows
    reason: str = ""  # why it is installed, "User" or "Dependency"; "" when it is not


def _full_nevra(facts: Facts) -> str:
    package = facts.package
    return f"{package.name}-{package.epoch}:{package.version}-{package.release}.{package.arch}"


def _minute(seconds: int) -> str:
    """Format a time as dnf does; none at all is empty."""
    return strftime("%Y-%m-%d %H:%M", gmtime(seconds)) if seconds else ""


# The contract's tags, and those of dnf that say something else: epoch, repoid, nevra and on.
_TAGS: Mapping[str, Callable[[Facts], str]] = {
    "name": lambda f: f.package.name,
    "arch": lambda f: f.package.arch,
    "version": lambda f: f.package.version,
    "release": lambda f: f.package.release,
    "evr": lambda f: f.package.evr,
    "epoch": lambda f: str(f.package.epoch),
    "reponame": lambda f: f.package.repo,
    "repoid": lambda f: f.package.repo,
    "from_repo": lambda f: f.origin,
    "reason": lambda f: f.reason,
    "nevra": lambda f: f.package.nevra,
    "full_nevra": _full_nevra,
    "vendor": lambda f: f.info.vendor,
    "buildtime": lambda f: _minute(f.info.build_time),
    "installtime": lambda f: _minute(f.info.install_time),
    "sourcename": lambda f: f.info.source,
    "sourcerpm": lambda f: f.info.source,
    "size": lambda f: human(f.package.download_size),
    "downloadsize": lambda f: human(f.package.download_size),
    "installsize": lambda f: human(f.package.install_size),
    "description": lambda f: f.info.description,
    "summary": lambda f: f.info.summary,
    "license": lambda f: f.info.license,
    "url": lambda f: f.info.url,
}


class QueryFormat:
    """A parsed format: literal texts and tags in turn."""

    def __init__(self, text: str) -> None:
        """Parse ``text``.

        :raises PkgmanError: 902 for an unterminated ``%{``, 1622 for an unknown tag.
        """
        self._parts: list[tuple[str, bool]] = []  # text or tag, is it a tag
        self._parse(text)

    def _parse(self, text: str) -> None:
        literal = ""
        position = 0
        while position < len(text):
            if text[position] == "\\" and position + 1 < len(text):
                literal += _ESCAPES.get(text[position + 1], text[position + 1])
                position += 2
            elif text.startswith("%{", position):
                end = text.find("}", position)
                if end < 0:
                    raise PkgmanError(f"--qf: '%{{' without '}}' in: {text}", number=902)
                tag = text[position + 2 : end]
                if tag not in _TAGS and tag not in DEPENDENCY_TAGS:
                    raise PkgmanError(f"Package doesn't have attribute {tag}", number=1622)
                self._parts += [(literal, False), (tag, True)]
                literal, position = "", end + 1
            else:
                literal += text[position]
                position += 1
        self._parts.append((literal, False))

    def asks_for(self, tag: str) -> bool:
        """Say whether the format has this tag."""
        return (tag, True) in self._parts

    def render(self, facts: Facts) -> str:
        """Return the format filled with one package's facts; a missing value is empty.

        The format's own control characters stay, those of the facts would steer the terminal.
        """
        return "".join(plain(self._value(text, facts)) if tag else text for text, tag in self._parts)

    @staticmethod
    def _value(tag: str, facts: Facts) -> str:
        if tag in DEPENDENCY_TAGS:
            return "\n".join(facts.dependencies(tag))
        return _TAGS[tag](facts)
