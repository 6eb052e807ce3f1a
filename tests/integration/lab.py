"""The private repository ``lab`` of the tdnf contract's examples, and transcripts that show them.

A transcript is a text file below ``tests/integration/golden``. Its lines:

* ``# …``: a comment, such as the section of the contract;
* ``repo NEVR…``: publish ``lab`` with these packages (names of :data:`PACKAGES`);
* ``advisories ID…``: the same repository with these advisories, too;
* ``signed NEVR…``: the same, signed, the key on the server;
* ``damage FILE``, ``grow FILE``: change a byte of a package on the server; add one to it;
* ``rpm NEVR…``: install packages with rpm itself; ``files DIR NEVR…``: put them into a folder;
* ``section ID KEY=VALUE…``: one more repository; ``config KEY=VALUE``: a line of tdnf.conf;
* ``write PATH TEXT``: a file below the folder of the configuration;
* ``$ tdnf …``: a command, ``< TEXT`` behind it is standard input (``\\n`` is a newline);
* ``1|…`` and ``2|…``: its lines on standard output and error; ``= N``: its exit status.

``⟨CR⟩ ⟨TAB⟩ ⟨ESC⟩`` are those characters, ``⟨END⟩`` ends a line with blanks at its end and
``⟨NONL⟩`` one without a newline. What varies is masked, see :meth:`Lab.masked`.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from tests.support.cli import Root, Tdnf, program_command
from tests.support.repos import Advisory, publish, repo_section
from tests.support.rpms import Rpm, break_payload, copy
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.cli import Result
    from tests.support.workshop import Workshop


def _lab(name: str, evr: str, **more: object) -> Rpm:
    """Describe a package whose only file has its name and version in a line: 12 bytes for lab-app 1.0."""
    version = evr.rpartition(":")[2].partition("-")[0]
    fields: dict[str, object] = {
        "arch": "x86_64",
        "files": {f"/usr/share/{name}/version": f"{name} {version}\n"},
        "summary": f"lab package {name}",
        "description": f"Lab description of {name}.\nSecond line.",
        "url": f"http://localhost/{name}",
        "license": "GPLv2",
        **more,
    }
    return Rpm(name, evr, **fields)  # type: ignore[arg-type]


_LOG = "* Wed Jan 01 2020 John Doe <jd@localhost> 1.0-1\n- first entry\n"
_ALL = (
    _lab("lab-app", "1.0-1", requires=("lab-lib >= 1.0",), recommends=("lab-epoch",), changelog=_LOG),
    _lab("lab-app", "2.0-1", requires=("lab-lib >= 1.0",), recommends=("lab-epoch",)),
    _lab("lab-lib", "1.0-1"),
    _lab("lab-lib", "2.0-1"),
    _lab("lab-epoch", "2:1.0-1"),
    _lab("lab-epoch", "2:1.5-1"),
    _lab("lab-kernel", "1.0-1"),
    _lab("lab-cap", "1.0-1", provides=("virtual(lab) = 1.0",)),
    _lab("lab-old", "1.0-1"),
    _lab("lab-new", "2.0-1", obsoletes=("lab-old < 2",), provides=("lab-old = 2",)),
    _lab("lab-broken", "1.0-1", requires=("lab-nowhere",)),
    _lab("lab-a", "1-1", files={"/usr/share/lab/f": "a\n"}),
    _lab("lab-b", "1-1", files={"/usr/share/lab/f": "b\n"}),
    _lab("lab-badpre", "1-1", arch="noarch", scripts={"pre -p <lua>": "error('no')"}),
    _lab("lab-badpost", "1-1", arch="noarch", scripts={"post -p <lua>": "error('no')"}),
    _lab("lab-says", "1-1", arch="noarch", scripts={"post -p <lua>": "print('hello')"}),
    _lab("lab-source", "1.0-1", source=True, files={}),
    _lab("lab-needs", "1-1", requires=("lab-lib",)),
    _lab("lab-pretrans", "1-1", requires_for={"pretrans": ("lab-lib >= 2.0",)}),
)
PACKAGES = {rpm.nevra.rpartition(".")[0]: rpm for rpm in _ALL}
_SEC = "2021-06-02 13:00:00"
ADVISORIES = {
    advisory.id: advisory
    for advisory in (
        Advisory(
            "LAB-SEC-1",
            (PACKAGES["lab-app-2.0-1"], PACKAGES["lab-lib-2.0-1"]),
            title="",
            description="security fix for lab-lib",
            updated=_SEC,
            reboot=True,
        ),
        Advisory("LAB-FIX-1", (PACKAGES["lab-epoch-2:1.5-1"],), kind="bugfix", title="", updated=_SEC),
        Advisory("LAB-NEW-1", (PACKAGES["lab-epoch-2:1.5-1"],), kind="enhancement", title="", updated=_SEC),
    )
}
_CHARACTERS = {"⟨CR⟩": "\r", "⟨TAB⟩": "\t", "⟨ESC⟩": "\x1b", "⟨END⟩": ""}
_ENTRIES = {"tdnf-config": "config_editor"}
_DATE = r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d"


class Step(NamedTuple):
    """One command of a transcript, the line it stands on, and what it has to say."""

    line: int
    words: list[str]
    stdin: str
    stdout: str
    stderr: str
    status: int


class Lab:
    """The repository on a server, a root that it is configured for, and the program."""

    def __init__(self, scratch: Path, workshop: Workshop) -> None:
        self.workshop = workshop
        self.www = scratch / "www"
        self.www.mkdir()
        self.server = Server(self.www)
        self.root = Root(scratch)
        self.tdnf = Tdnf(self.root)
        self.settings: dict[str, object] = {"clean_requirements_on_remove": False}
        self.root.configure(**self.settings)
        self.names: list[str] = []

    def offer(self, names: Sequence[str], advisories: Sequence[str] = (), *, signed: bool = False) -> None:
        """Publish the packages as repository ``lab`` and refresh its metadata."""
        self.names = list(names)
        rpms = self.workshop.build(*(PACKAGES[name] for name in names), signed=signed)
        errata = [ADVISORIES[name] for name in advisories]
        signer = self.workshop.signer if signed else None
        repo = publish(self.www / "lab", rpms, id="lab", advisories=errata, signer=signer)
        keys = {"gpgkey": self.server.url("lab/RPM-GPG-KEY")} if signed else {}
        self.root.add_repo(repo, name="Lab repo", baseurl=self.server.url("lab"), **keys)
        self.tdnf("-q", "makecache").ok()

    def install(self, names: Sequence[str]) -> None:
        """Install with rpm itself, as if tdnf had never been there."""
        rpms = self.workshop.build(*(PACKAGES[name] for name in names), signed=False)
        self.root.rpm("-i", "--nodeps", "--nosignature", *map(str, rpms)).ok()

    def prepare(self, line: str) -> None:
        """Do what a line of a transcript says that is neither a command nor what one says."""
        word, _, rest = line.partition(" ")
        if word == "repo":
            self.offer(rest.split())
        elif word == "advisories":
            self.offer(self.names, rest.split())
        elif word == "signed":
            self.offer(rest.split(), signed=True)
        elif word == "damage":
            break_payload(self.www / "lab/Packages" / rest)
        elif word == "grow":
            with (self.www / "lab/Packages" / rest).open("ab") as stream:
                stream.write(b"x")
        elif word == "rpm":
            self.install(rest.split())
        elif word == "files":
            folder, *names = rest.split()
            (self.root.conf.parent / folder).mkdir(exist_ok=True)
            for built in self.workshop.build(*(PACKAGES[name] for name in names), signed=False):
                copy(built, self.root.conf.parent / folder)
        elif word == "config":
            key, _, value = rest.partition("=")
            self.settings[key] = value
            self.root.configure(**self.settings)
        elif word == "write":
            path, _, text = rest.partition(" ")
            target = self.root.conf.parent / path
            target.parent.mkdir(exist_ok=True)
            target.write_text(text.replace("\\n", "\n") + "\n")
        elif word == "section":
            name, *settings = shlex.split(rest)
            keys = dict(setting.split("=", 1) for setting in settings)
            if "path" in keys:
                keys["baseurl"] = self.server.url(keys.pop("path"))
            self.root.add_repo(repo_section(name, **keys))
        else:
            raise ValueError(line)

    def masked(self, text: str) -> str:
        """Replace what differs from run to run by what the contract's examples show, or by ``#``."""
        text = text.replace(self.server.url("").rstrip("/"), "http://localhost:8080")
        text = re.sub(r"(?<=-)[0-9a-f]{8}(?=[/ ])", "HHHHHHHH", text)
        text = text.replace(str(self.root.path), "ROOT").replace(str(self.root.scratch), "SCRATCH")
        text = re.sub(r"\d+\.\d\dk", lambda found: re.sub(r"\d", "#", found[0]), text)
        text = re.sub(r"\b[0-9a-f]{64}\b", "⟨sha256⟩", text)
        text = re.sub(r"(?<=Fingerprint: )[0-9A-F ]+", "⟨fingerprint⟩", text)
        text = re.sub(r"\b[5-7]\d{3}\b", "####", text)  # bytes of a package
        text = re.sub(r'("TimeStamp":)\d+', r"\1##########", text)
        options = r"-c \S+ --installroot \S+ --releasever 1 "
        text = re.sub(
            rf"^( *\d+) (?:{options})?(.*?) +{_DATE} \+",
            lambda found: f"{found[1]} {found[2]:<39} Sun Nov 22 2026 19:24 +",
            text,
            flags=re.MULTILINE,
        )
        return re.sub(options, "", text)

    def run(self, step: Step) -> Result:
        """Run the command of a step, in a folder where ``tdnf.conf`` lies."""
        name, *words = step.words
        tdnf = Tdnf(self.root, program=program_command(name, _ENTRIES.get(name, "main")))
        folder = self.root.conf.parent
        return tdnf(*words, stdin=step.stdin, env={"TZ": "UTC"}, cwd=folder, bare=name in _ENTRIES)


def read(text: str) -> list[str | Step]:
    """Take a transcript apart, into lines of preparation and steps in their order."""
    parts: list[str | Step] = []
    streams: dict[str, list[str]] = {}
    command, at = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("$ "):
            assert not command, f"line {number}: the command before has no status"
            command, at, streams = line[2:], number, {"1": [], "2": []}
        elif line[:2] in ("1|", "2|"):
            streams[line[0]].append(line[2:])
        elif line.startswith("= "):
            words, _, stdin = command.partition(" < ")
            answer = stdin.replace("\\n", "\n")
            said = (_unmarked(streams["1"]), _unmarked(streams["2"]))
            parts.append(Step(at, shlex.split(words), answer, *said, int(line[2:])))
            command = ""
        elif line and not line.startswith("#"):
            parts.append(line)
    assert not command, "the last command has no status"
    return parts


def _unmarked(lines: list[str]) -> str:
    text = "".join(f"{line}\n" for line in lines).replace("⟨NONL⟩\n", "")
    for mark, character in _CHARACTERS.items():
        text = text.replace(mark, character)
    return text
