"""The command table: it alone serves ``--help``, so that help imports no command."""

from typing import NamedTuple


class CommandInfo(NamedTuple):
    """Where a command lives, what it does in a few words, and what it needs."""

    module: str
    summary: str
    root: bool = False  # needs effective uid 0


_HERE = "pkgman.commands."
COMMANDS: dict[str, CommandInfo] = {
    "autoerase": CommandInfo(_HERE + "remove", "same as autoremove", root=True),
    "autoremove": CommandInfo(_HERE + "remove", "remove packages that nothing needs any more", root=True),
    "check": CommandInfo(_HERE + "check", "check that all available packages can be resolved"),
    "check-update": CommandInfo(_HERE + "listing", "list installed packages that have updates"),
    "clean": CommandInfo(_HERE + "clean", "remove cached data"),
    "count": CommandInfo(_HERE + "count", "count installed and available packages"),
    "distro-sync": CommandInfo(
        _HERE + "update", "bring all packages to the repositories' versions", root=True
    ),
    "downgrade": CommandInfo(_HERE + "downgrade", "go back to an earlier version", root=True),
    "erase": CommandInfo(_HERE + "remove", "remove packages", root=True),
    "help": CommandInfo(_HERE + "help", "show this text"),
    "history": CommandInfo(_HERE + "history", "list past transactions", root=True),
    "info": CommandInfo(_HERE + "listing", "show details of packages"),
    "install": CommandInfo(_HERE + "install", "install packages, rpm files or URLs", root=True),
    "list": CommandInfo(_HERE + "listing", "list packages"),
    "makecache": CommandInfo(_HERE + "makecache", "refresh the metadata of all enabled repositories"),
    "provides": CommandInfo(_HERE + "provides", "find the packages that provide a file or capability"),
    "reinstall": CommandInfo(_HERE + "install", "install a package again", root=True),
    "remove": CommandInfo(_HERE + "remove", "same as erase", root=True),
    "repolist": CommandInfo(_HERE + "repolist", "list repositories"),
    "repoquery": CommandInfo(_HERE + "repoquery", "ask for packages and what they hold or need"),
    "search": CommandInfo(_HERE + "search", "search names, summaries and descriptions"),
    "update": CommandInfo(_HERE + "update", "bring packages to their latest version", root=True),
    "update-to": CommandInfo(_HERE + "update", "bring packages to a named version", root=True),
    "updateinfo": CommandInfo(_HERE + "updateinfo", "show advisories for installed packages"),
    "upgrade": CommandInfo(_HERE + "update", "same as update", root=True),
    "upgrade-to": CommandInfo(_HERE + "update", "same as update-to", root=True),
    "whatprovides": CommandInfo(_HERE + "provides", "same as provides"),
}
