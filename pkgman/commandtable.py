"""The command table: it alone serves ``--help``, so that help imports no command."""

from typing import NamedTuple


class CommandInfo(NamedTuple):
    """Where a command lives, what it does in a few words, and what it needs."""

    module: str
    summary: str
    root: bool = False  # needs effective uid 0


_HERE = "pkgman.commands."
COMMANDS: dict[str, CommandInfo] = {
    "advisory": CommandInfo(_HERE + "updateinfo", "same as updateinfo, in dnf's words"),
    "autoerase": CommandInfo(_HERE + "remove", "same as autoremove", root=True),
    "autoremove": CommandInfo(_HERE + "remove", "remove packages that nothing needs any more", root=True),
    "builddep": CommandInfo(_HERE + "install", "install what building a source package takes", root=True),
    "check": CommandInfo(_HERE + "check", "check that all available packages can be resolved"),
    "check-local": CommandInfo(_HERE + "checklocal", "check that the rpm files in a folder can be installed"),
    "check-update": CommandInfo(_HERE + "listing", "list installed packages that have updates"),
    "check-upgrade": CommandInfo(_HERE + "listing", "same as check-update"),
    "clean": CommandInfo(_HERE + "clean", "remove cached data"),
    "config-manager": CommandInfo(_HERE + "configmanager", "change repositories and settings"),
    "count": CommandInfo(_HERE + "count", "count installed and available packages"),
    "deplist": CommandInfo(_HERE + "deplist", "show what packages require and what provides it"),
    "distro-sync": CommandInfo(
        _HERE + "update", "bring all packages to the repositories' versions", root=True
    ),
    "downgrade": CommandInfo(_HERE + "downgrade", "go back to an earlier version", root=True),
    "download": CommandInfo(_HERE + "download", "fetch package files into the current folder"),
    "erase": CommandInfo(_HERE + "remove", "remove packages", root=True),
    "help": CommandInfo(_HERE + "help", "show this text"),
    "history": CommandInfo(_HERE + "history", "list past transactions", root=True),
    "info": CommandInfo(_HERE + "listing", "show details of packages"),
    "install": CommandInfo(_HERE + "install", "install packages, rpm files or URLs", root=True),
    "leaves": CommandInfo(_HERE + "leaves", "list installed packages that no other needs"),
    "list": CommandInfo(_HERE + "listing", "list packages"),
    "localinstall": CommandInfo(_HERE + "install", "same as install", root=True),
    "makecache": CommandInfo(_HERE + "makecache", "refresh the metadata of all enabled repositories"),
    "mark": CommandInfo(_HERE + "mark", "mark packages as asked for, or as dependencies"),
    "provides": CommandInfo(_HERE + "provides", "find the packages that provide a file or capability"),
    "reinstall": CommandInfo(_HERE + "install", "install a package again", root=True),
    "remove": CommandInfo(_HERE + "remove", "same as erase", root=True),
    "repo": CommandInfo(_HERE + "repolist", "list or describe repositories, in dnf's words"),
    "repoinfo": CommandInfo(_HERE + "repolist", "describe repositories"),
    "repolist": CommandInfo(_HERE + "repolist", "list repositories"),
    "repoquery": CommandInfo(_HERE + "repoquery", "ask for packages and what they hold or need"),
    "reposync": CommandInfo(_HERE + "reposync", "mirror the packages of repositories"),
    "search": CommandInfo(_HERE + "search", "search names, summaries and descriptions"),
    "swap": CommandInfo(_HERE + "swap", "remove one package and install another", root=True),
    "update": CommandInfo(_HERE + "update", "bring packages to their latest version", root=True),
    "update-to": CommandInfo(_HERE + "update", "bring packages to a named version", root=True),
    "updateinfo": CommandInfo(_HERE + "updateinfo", "show advisories for installed packages"),
    "upgrade": CommandInfo(_HERE + "update", "same as update", root=True),
    "upgrade-minimal": CommandInfo(
        _HERE + "update", "bring packages to the lowest version that advisories ask for", root=True
    ),
    "upgrade-to": CommandInfo(_HERE + "update", "same as update-to", root=True),
    "version": CommandInfo(_HERE + "help", "show the version"),
    "whatprovides": CommandInfo(_HERE + "provides", "same as provides"),
}
# Short and old names that dnf's users type.
ALIASES: dict[str, str] = {
    "dg": "downgrade",
    "dsync": "distro-sync",
    "if": "info",
    "in": "install",
    "ls": "list",
    "mc": "makecache",
    "rei": "reinstall",
    "rm": "remove",
    "rq": "repoquery",
    "se": "search",
    "up": "upgrade",
    "up-min": "upgrade-minimal",
    "update-minimal": "upgrade-minimal",
}


def command_named(word: str) -> str:
    """Return the command that ``word`` names exactly, ``""`` if none (tdnf contract, commands 1)."""
    name = ALIASES.get(word, word)
    return name if name in COMMANDS else ""
