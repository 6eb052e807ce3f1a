"""The table of command line options (tdnf contract, options 2 to 5).

One table serves the parser, the usage text and the help pages. All options are known to
all commands, so a command line may carry an option of another command.
"""

from typing import NamedTuple


class Option(NamedTuple):
    """One long option.

    ``value`` names its argument in the usage text, ``""`` for a flag; ``short`` is
    its one-letter form; an option that is not ``recorded`` is left out of the bag
    which ``-v`` shows and in which ``repoquery`` looks for a last word. An ``optional``
    value stands behind an equal sign; without one the value is "1", as a flag's.
    """

    name: str
    value: str = ""
    short: str = ""
    recorded: bool = True
    block: str = "common"
    optional: bool = False


_COMMON = (
    Option("4", short="4", recorded=False),
    Option("6", short="6", recorded=False),
    Option("alldeps"),
    Option("allowerasing"),
    Option("assumeno"),
    Option("assumeyes", short="y", recorded=False),
    Option("best", short="b"),
    Option("builddeps"),
    Option("cacheonly", short="C"),
    Option("config", "file", "c", recorded=False),
    Option("debuglevel", "level", "d", recorded=False),
    Option("debugsolver"),
    Option("disableexcludes", optional=True),
    Option("disableplugin", "name"),
    Option("disablerepo", "repoid"),
    Option("downloaddir", "directory", recorded=False),
    Option("downloadonly"),
    Option("enableplugin", "name"),
    Option("enablerepo", "repoid"),
    Option("exclude", "file1,file2,..."),
    Option("help", short="h", recorded=False),
    Option("installroot", "directory", "i", recorded=False),
    Option("json"),
    Option("noautoremove"),
    Option("nodeps"),
    Option("nogpgcheck"),
    Option("noplugins"),
    Option("quiet", short="q"),
    Option("reboot-required"),
    Option("refresh"),
    Option("releasever", "version", recorded=False),
    Option("repo", "repoid"),
    Option("repofromdir", "id,directory"),
    Option("repofrompath", "id,path_or_url"),
    Option("repoid", "repoid"),
    Option("rpmdefine", "name value"),
    Option("rpmverbosity", "level", recorded=False),
    Option("sec-severity", "CVSS_v3.0_Severity"),
    Option("security"),
    Option("setopt", "key=value"),
    Option("skip-broken"),
    Option("skipconflicts"),
    Option("skipdigest"),
    Option("skipobsoletes"),
    Option("skipsignature"),
    Option("source"),
    Option("testonly"),
    Option("verbose", short="v"),
    Option("version"),
)
_SELECT = tuple(
    Option(name, value, block="select")
    for name, value in (
        ("arch", "arch"),
        ("available", ""),
        ("duplicates", ""),
        ("extras", ""),
        ("file", "path"),
        ("installed", ""),
        ("upgrades", ""),
        ("userinstalled", ""),
        *(
            (f"what{kind}", "capability1,capability2,...")
            for kind in (
                "conflicts",
                "depends",
                "enhances",
                "obsoletes",
                "provides",
                "recommends",
                "requires",
                "suggests",
                "supplements",
            )
        ),
    )
)
DEPENDENCY_QUERIES = (
    "conflicts",
    "depends",
    "enhances",
    "obsoletes",
    "provides",
    "recommends",
    "requires",
    "requires-pre",
    "suggests",
    "supplements",
)
_QUERY = (
    Option("changelogs", block="query"),
    *(Option(name, block="query") for name in DEPENDENCY_QUERIES),
    Option("list", block="query"),
    Option("qf", "format", block="query"),
)
_REPOSYNC = (
    Option("delete", block="reposync"),
    Option("download-metadata", block="reposync"),
    Option("download-path", "directory", block="reposync"),
    Option("gpgcheck", block="reposync"),
    Option("metadata-path", "directory", block="reposync"),
    Option("newest-only", block="reposync"),
    Option("norepopath", block="reposync"),
    Option("urls", block="reposync"),
)
_SCOPES = (
    *(Option(name, block="scope") for name in ("all", "downgrades", "info", "recent", "summary", "updates")),
    Option("from", "id", block="scope"),
    Option("reverse", block="scope"),
    Option("to", "id", block="scope"),
)
# dnf's, and one of our own, which tdnf has not. They never take part in abbreviations, so that each
# prefix which tdnf accepts stays unique (docs/compatibility.md).
_DNF = (
    Option("add-or-replace", block="config-manager"),
    Option("add-repo", "url_or_file", block="config-manager"),
    Option("advisory", "id1,id2,...", block="dnf"),
    Option("advisory-severities", "word1,word2,...", block="dnf"),
    Option("bugfix", block="dnf"),
    Option("bz", "id1,id2,...", block="dnf"),
    Option("checksum", block="reposync"),  # ours: read every file of a mirror again
    Option("color", "when", recorded=False, block="dnf"),
    Option("comment", "text", recorded=False, block="dnf"),
    Option("create-missing-dir", block="config-manager"),
    Option("cve", "id1,id2,...", block="dnf"),
    Option("destdir", "directory", recorded=False, block="dnf"),
    Option("disable", block="config-manager"),
    Option("disabled", block="dnf"),
    Option("dump", block="config-manager"),
    Option("enable", block="config-manager"),
    Option("enabled", block="dnf"),
    Option("enhancement", block="dnf"),
    Option("forcearch", "arch", recorded=False, block="dnf"),
    Option("from-repofile", "url_or_file", block="config-manager"),
    Option("id", "repoid", block="config-manager"),
    Option("location", block="dnf"),
    Option("minimal", block="dnf"),
    Option("newpackage", block="dnf"),
    Option("no-best", block="dnf"),
    Option("no-docs", block="dnf"),
    Option("overwrite", block="config-manager"),
    Option("resolve", block="dnf"),
    Option("save", block="config-manager"),
    Option("save-filename", "name", block="config-manager"),
    Option("set-disabled", block="config-manager"),
    Option("set-enabled", block="config-manager"),
    Option("showduplicates", block="dnf"),
    Option("skip-unavailable", block="dnf"),
    Option("timer", block="dnf"),
    Option("use-host-config", block="dnf"),
)
# dnf's spellings of options that tdnf has under another name; exact, too.
SPELLINGS: dict[str, str] = {
    "advisories": "advisory",
    "bzs": "bz",
    "cves": "cve",
    "define": "rpmdefine",
    "disable-excludes": "disableexcludes",
    "disable-plugin": "disableplugin",
    "disable-repo": "disablerepo",
    "disableexcludepkgs": "disableexcludes",
    "enable-plugin": "enableplugin",
    "enable-repo": "enablerepo",
    "no-gpgchecks": "nogpgcheck",
    "nobest": "no-best",
    "no-plugins": "noplugins",
    "nodocs": "no-docs",
    "queryformat": "qf",
    "repository": "repo",
    "srpm": "source",
}
OPTIONS: tuple[Option, ...] = (*_COMMON, *_SELECT, *_QUERY, *_REPOSYNC, *_SCOPES)
ALL_OPTIONS: tuple[Option, ...] = (*OPTIONS, *_DNF)
BY_NAME: dict[str, Option] = {option.name: option for option in ALL_OPTIONS}
BY_SHORT: dict[str, Option] = {option.short: option for option in OPTIONS if option.short} | {
    # Accepted and ignored, with or without an argument (options.md 3).
    "e": Option("e", "level", "e", recorded=False),
    "x": Option("x", "", "x", recorded=False),
}
