"""The texts of the help pages: one page per command, shared by its other names.

Only a help page loads this module, so the tables of commands and options stay small.
"""

from __future__ import annotations

from typing import NamedTuple


class Page(NamedTuple):
    """What the help page of a command says.

    ``synopsis`` are the forms of the command's arguments; ``options`` are the names of those that
    matter to it; ``examples`` are pairs (arguments, what they do), without the program's name;
    ``errors`` are tdnf's numbers beside the general ones.
    """

    synopsis: tuple[str, ...]
    text: str
    options: tuple[str, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    errors: tuple[int, ...] = ()


_ADVISORIES = (
    "security",
    "sec-severity",
    "reboot-required",
    "advisory",
    "cve",
    "bz",
    "bugfix",
    "enhancement",
)
_ALTER = ("assumeyes", "assumeno", "downloadonly", "downloaddir", "testonly", "installroot")
_FAILED = (1301, 1523, 1525, 1528)
_SPECS = "A SPEC is a name, name.arch, name-version-release, a glob such as 'lib*', a path, or a capability."

# The name of the page for each command that has none of its own.
PAGE_OF: dict[str, str] = {
    "advisory": "updateinfo",
    "autoerase": "autoremove",
    "check-upgrade": "check-update",
    "erase": "remove",
    "info": "list",
    "localinstall": "install",
    "repo": "repoinfo",
    "update-to": "update",
    "upgrade": "update",
    "upgrade-to": "update",
    "whatprovides": "provides",
}

PAGES: dict[str, Page] = {
    "autoremove": Page(
        ("[SPEC]...",),
        "Remove the packages that came as dependencies and that nothing needs any more. With specs, remove "
        "those packages as well, and what only they needed.",
        (*_ALTER[:2], "testonly", "installroot"),
        (("autoremove", "remove all that is not needed"),),
        (1011, 1030, *_FAILED[:1], 1525),
    ),
    "builddep": Page(
        ("SPEC...", "FILE.src.rpm...", "FILE.spec..."),
        "Install what source packages need to be built. A spec names a source package, or a package that is "
        "built from one.",
        (*_ALTER, "rpmdefine"),
        (("builddep nginx", "install the build requirements of nginx"),),
        (1011, *_FAILED),
    ),
    "check": Page(
        ("",),
        "Check that all available packages can be resolved, and that no installed package is there twice.",
        ("enablerepo", "disablerepo", "repo"),
        (("--repo updates check", "check one repository"),),
        (1301,),
    ),
    "check-local": Page(
        ("DIRECTORY",),
        "Check that the rpm files in a folder can be installed together.",
        (),
        (("check-local /srv/rpms", "check the files in /srv/rpms"),),
        (906, 1301),
    ),
    "check-update": Page(
        ("[SPEC]...",),
        "List the available updates of installed packages; on a terminal with the installed versions. With "
        "the key dnf_check_update_compat the exit status is 100 when there are updates.",
        ("refresh", "security"),
        (("check-update", "list all updates"), ("-j check-update", "the same for a program")),
    ),
    "clean": Page(
        ("KIND...",),
        "Remove cached data. A KIND is packages, metadata, dbcache, keys, expire-cache or all.",
        ("enablerepo", "disablerepo", "repo"),
        (("clean all", "remove everything that is cached"),),
        (903, 1016),
    ),
    "config-manager": Page(
        (
            "--add-repo URL|FILE", "--set-enabled ID...", "--set-disabled ID...",
            "--save --setopt=[ID.]KEY=VALUE", "--dump [ID]...", "addrepo --from-repofile URL",
            "addrepo --id ID --set=baseurl=URL", "setopt [ID.]KEY=VALUE...", "unsetopt [ID.]KEY...",
            "enable ID...", "disable ID...",
        ),
        "Change or show repositories and settings. Comments in the files stay.",
        (
            "add-repo", "set-enabled", "set-disabled", "save", "dump", "setopt", "from-repofile", "id",
            "save-filename", "overwrite", "add-or-replace", "create-missing-dir",
        ),
        (
            ("config-manager --set-disabled updates", "disable a repository for good"),
            ("config-manager setopt main.clean_requirements_on_remove=0", "change a setting"),
        ),
        (1002, 1003),
    ),
    "count": Page(("",), "Print the number of installed and available packages.", ("repo",)),
    "deplist": Page(
        ("[SPEC]...",),
        f"Show what packages require, and what provides it. {_SPECS}",
        ("repo",),
        (("deplist bash", "show the dependencies of bash"),),
        (1011,),
    ),
    "distro-sync": Page(
        ("[SPEC]...",),
        "Bring all packages to the versions of the enabled repositories, up or down.",
        (*_ALTER, "allowerasing", "skip-broken"),
        (("--releasever 5.0 distro-sync", "move to another release"),),
        (1011, *_FAILED),
    ),
    "downgrade": Page(
        ("[SPEC]...", "FILE.rpm|URL..."),
        f"Go back to the highest version that is lower than the installed one. {_SPECS}",
        (*_ALTER, "allowerasing"),
        (
            ("downgrade nginx", "go back by one version"),
            ("downgrade nginx-1.24.0-1", "go back to a version"),
        ),
        (1011, 1035, *_FAILED),
    ),
    "download": Page(
        ("SPEC...",),
        f"Fetch package files into the current folder, checked as for an install. {_SPECS}",
        ("resolve", "alldeps", "destdir", "arch", "source", "urls"),
        (
            ("download --resolve --destdir /srv/rpms nginx", "fetch nginx and what it needs"),
            ("download --urls nginx", "print the URL instead"),
        ),
        (1011, 1510, 1523, 1528),
    ),
    "help": Page(
        ("[COMMAND]",),
        "Print all commands and options, or the page of one command.",
        (),
        (("help install", "print the page of install"),),
    ),
    "history": Page(
        (
            "[list|info] [ID|ID-ID]...", "undo ID[-ID]", "redo ID[-ID]", "rollback ID", "init", "update",
        ),
        "Show past transactions, take them back, or apply them again. An ID may be last or last-N. init "
        "starts recording, update records what changed outside of tdnf.",
        ("from", "to", "reverse", "info", *_ALTER[:2]),
        (
            ("history list", "show all transactions"),
            ("history undo last", "take the last one back"),
            ("history rollback 12", "return to the state after transaction 12"),
        ),
        _FAILED,
    ),
    "install": Page(
        ("SPEC...", "FILE.rpm|URL...", "--source SPEC|FILE.src.rpm...", "--builddeps SPEC|FILE.src.rpm..."),
        f"Install packages with what they need and recommend. {_SPECS} With --source, unpack source "
        "packages; with --builddeps, install what they need to be built.",
        (
            *_ALTER, "alldeps", "nodeps", "allowerasing", "no-best", "skip-broken", "exclude", "enablerepo",
            "disablerepo", "repo", "no-docs", "nogpgcheck", "source", "builddeps",
        ),
        (
            ("install -y nginx", "install without a question"),
            ("install ./app-1.0-1.x86_64.rpm", "install a file, with what it needs from the repositories"),
            ("install -y --installroot /srv/image bash", "fill a folder that becomes an image"),
            ("install --setopt=install_weak_deps=0 nginx", "leave out what is only recommended"),
        ),
        (1011, *_FAILED),
    ),
    "leaves": Page(
        ("[SPEC]...",),
        "List the installed packages that no other installed package requires or recommends.",
        (),
        (("leaves", "list all leaves"),),
    ),
    "list": Page(
        ("[all|installed|available|upgrades|downgrades] [SPEC]...",),
        f"List packages, or with info show their details. {_SPECS}",
        ("all", "installed", "available", "updates", "extras", "recent", "upgrades", "downgrades", "repo"),
        (
            ("list installed 'lib*'", "list installed packages whose names begin with lib"),
            ("info nginx", "show the details of nginx"),
            ("-j list --upgrades", "list updates for a program"),
        ),
        (1011,),
    ),
    "makecache": Page(
        ("",),
        "Refresh the metadata of all enabled repositories.",
        ("timer", "refresh", "enablerepo", "disablerepo", "repo"),
        (("makecache", "refresh"), ("makecache --timer", "refresh only what has expired")),
    ),
    "mark": Page(
        ("install SPEC...", "remove SPEC..."),
        "Say that packages were asked for (install), or came as dependencies (remove). autoremove takes the "
        "latter when nothing needs them.",
        ("installroot",),
        (("mark install nginx", "keep nginx, whatever needs it"),),
        (1011,),
    ),
    "provides": Page(
        ("PATH|CAPABILITY...",),
        "Find the packages that provide a file or a capability. Paths that primary metadata lacks are looked "
        "up in the file lists.",
        ("repo",),
        (
            ("provides /usr/bin/ssh", "find the package of a program"),
            ("provides 'libssl.so.3()(64bit)'", "find the package of a library"),
        ),
        (1011,),
    ),
    "reinstall": Page(
        ("SPEC...", "FILE.rpm|URL..."),
        f"Install the same version of packages again. {_SPECS}",
        _ALTER,
        (("reinstall nginx", "restore the files of nginx"),),
        (1011, *_FAILED),
    ),
    "remove": Page(
        ("SPEC...",),
        "Remove packages, what depends on them, and what only they needed.",
        (*_ALTER[:2], "noautoremove", "testonly", "installroot"),
        (
            ("remove nginx", "remove nginx"),
            ("remove --noautoremove nginx", "keep what only nginx needed"),
        ),
        (1011, 1030, *_FAILED[:1], 1525),
    ),
    "repoinfo": Page(
        ("[ID]...", "(repo) list|info [ID]..."),
        "Describe repositories: addresses, sizes, settings and the age of the metadata.",
        ("all", "enabled", "disabled"),
        (("repoinfo updates", "describe one repository"), ("repo list --all", "list all repositories")),
    ),
    "repolist": Page(
        ("[all|enabled|disabled]",),
        "List repositories.",
        (),
        (("repolist all", "list disabled ones, too"),),
        (901,),
    ),
    "repoquery": Page(
        ("[SPEC]...",),
        f"Select packages, and print their names or what they hold or need. {_SPECS}",
        (
            "available", "installed", "userinstalled", "extras", "duplicates", "upgrades", "downgrades",
            "arch", "file", "whatprovides", "whatrequires", "whatdepends", "list", "source", "qf",
            "provides", "requires", "depends", "location", "changelogs",
        ),
        (
            ("repoquery --whatrequires openssl", "find what needs openssl"),
            ("repoquery --installed --qf '%{name} %{version}\\n'", "print names and versions"),
            ("repoquery --list nginx", "list the files of nginx"),
        ),
        (917, 1011),
    ),
    "reposync": Page(
        ("[SPEC]...",),
        "Mirror the packages of all enabled repositories into the current folder, or into another. A run "
        "that was ended goes on where it was.",
        (
            "download-path", "norepopath", "arch", "source", "newest-only", "delete", "gpgcheck",
            "download-metadata", "metadata-path", "checksum", "urls", "repo",
        ),
        (
            (
                "--repo updates reposync --download-path /srv/mirror --download-metadata --delete",
                "keep an exact mirror of one repository",
            ),
        ),
        (1527, 1528),
    ),
    "search": Page(
        ("WORD...",),
        "Find the packages that have one of the words in their name, summary or description.",
        ("repo",),
        (("search 'web server'", "find packages by a phrase"),),
        (1599,),
    ),
    "swap": Page(
        ("REMOVE INSTALL",),
        "Remove one package and install another in one transaction.",
        (*_ALTER, "allowerasing"),
        (("swap curl-minimal curl", "replace one package by another"),),
        (1011, *_FAILED),
    ),
    "update": Page(
        ("[SPEC]...", "FILE.rpm|URL..."),
        f"Bring all packages, or those that are named, to their latest version. {_SPECS}",
        (
            *_ALTER, *_ADVISORIES, "minimal", "allowerasing", "no-best", "skip-broken", "exclude", "refresh",
            "enablerepo", "disablerepo", "repo",
        ),
        (
            ("update -y", "update everything"),
            ("update --security", "apply security advisories only"),
            ("update --exclude 'kernel*'", "update everything else"),
        ),
        (1011, *_FAILED),
    ),
    "updateinfo": Page(
        ("[summary|list|info] [SPEC]...",),
        "Show the advisories that concern installed packages.",
        (*_ADVISORIES, "all", "available", "installed", "updates", "recent"),
        (
            ("updateinfo list --security", "list security advisories"),
            ("updateinfo info --cve CVE-2026-1234", "show what mends a weakness"),
        ),
        (1011,),
    ),
    "upgrade-minimal": Page(
        ("[SPEC]...",),
        "Bring packages to the lowest versions that advisories ask for.",
        (*_ALTER, *_ADVISORIES),
        (("upgrade-minimal --security", "change as little as security asks for"),),
        (1011, *_FAILED),
    ),
    "version": Page(("",), "Print the version of tdnf.", ("json",)),
}  # fmt: skip
