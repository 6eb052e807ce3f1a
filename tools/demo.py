#!/usr/bin/env python3
"""Show the program at work on a repository of real packages made on the spot.

    demo.py PATH_OF_TDNF

Builds and signs a handful of RPMs, publishes them over HTTP on loopback, and lets tdnf
install, update and remove them in a fresh root below the temporary folder. Each step says
what it shows, prints its command line and output, and must end as expected; the first one
that does not ends the demonstration with status 1. The host's own package database and
configuration are not touched, and nothing is left behind.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support import rpms
from tests.support.cli import Result, Root, Tdnf
from tests.support.keys import Signer
from tests.support.repos import Advisory, Repo, publish
from tests.support.rpms import CONFIG, File, Rpm
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

GREET = """#!/bin/sh
. /etc/greet.conf
read -r words < /usr/share/greet/words
echo "$name says: $words (greet {version})"
"""


def packages() -> dict[str, Rpm]:
    """The packages of the demonstration by a short label."""
    greet = Rpm(
        "greet",
        "1.0-1",
        requires=("greet-words >= 1.0", "/bin/sh"),
        requires_for={"post": ("/bin/sh",)},
        recommends=("greet-manual",),
        summary="Greets whoever asks",
        description="A program of four lines, to see a package manager at work.",
        url="http://localhost/greet",
        files={
            "/usr/bin/greet": File(GREET.format(version="1.0"), 0o755),
            "/etc/greet.conf": File("name=Nobody\n", flag=CONFIG),
        },
        scripts={"post": 'echo "greet: its %post script runs inside the root"'},
    )
    words = Rpm("greet-words", "1.0-1", files={"/usr/share/greet/words": "hello\n"})
    return {
        "shell": rpms.host_program("shell", "/bin/sh", summary="The shell of this very host, repacked"),
        "greet 1": greet,
        "words 1": words,
        "manual": Rpm("greet-manual", files={"/usr/share/greet/manual.txt": "Just run it.\n"}),
        "game": Rpm(
            "game", summary="A game", files={"/usr/bin/game": File("#!/bin/sh\necho you win\n", 0o755)}
        ),
        "greet 2": replace(
            greet,
            evr="2.0-1",
            requires=("greet-words >= 2.0", "/bin/sh"),
            files={**greet.files, "/usr/bin/greet": File(GREET.format(version="2.0"), 0o755)},
        ),
        "words 2": replace(words, evr="2.0-1", files={"/usr/share/greet/words": "good day\n"}),
    }


class Failed(Exception):
    """A step did not end as expected."""


class Stage:
    """Prints each step, runs it and checks its outcome."""

    def __init__(self, root: Root, tdnf: Tdnf) -> None:
        self.root = root
        self.tdnf = tdnf
        self.number = 0

    def explain(self, text: str) -> None:
        """One line on what comes next."""
        self.number += 1
        print(f"\n{self.number}. {text}", flush=True)

    def run(self, why: str, *arguments: str, shows: Sequence[str] = (), error: int | None = None) -> Result:
        """Run tdnf; it must print each text of ``shows`` and end well, or with that error number."""
        self.explain(why)
        print("$ tdnf " + shlex.join(arguments), flush=True)
        return self._check(self.tdnf(*arguments), shows, 0 if error is None else error % 256)

    def chroot(self, why: str, *command: str, shows: str) -> None:
        """Run an installed program inside the root."""
        self.explain(why)
        print("$ chroot ROOT " + shlex.join(command), flush=True)
        self._check(self.root.chroot(*command), (shows,), 0)

    def installed(self, *nevras: str) -> None:
        """Ask rpm itself what is installed; it must be these packages."""
        print("$ rpm --root ROOT -qa")
        print("\n".join(self.root.installed) or "(nothing)", flush=True)
        if self.root.installed != sorted(nevras):
            raise Failed(f"expected to be installed: {sorted(nevras)}")

    def _check(self, done: Result, shows: Sequence[str], status: int) -> Result:
        print(done.stdout + done.stderr, end="", flush=True)
        if done.status != status:
            raise Failed(f"exit status {done.status} instead of {status}")
        for text in shows:
            if text not in done.stdout + done.stderr:
                raise Failed(f"the output does not show {text!r}")
        return done


class Mirror:
    """The repository, in the state that its publisher or an attacker gave it."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self.folder = folder
        self.signer = signer
        self.described = packages()
        built = rpms.build(self.described.values(), folder / "built")
        signer.sign_rpms(built)
        self.files = dict(zip(self.described, built, strict=True))

    def publish(self, *labels: str, advisories: Sequence[Advisory] = ()) -> Repo:
        """Publish these packages, all signatures in order."""
        paths = [self.files[label] for label in labels]
        return publish(self.folder / "www/demo", paths, id="demo", signer=self.signer, advisories=advisories)

    def tamper(self, repo: Repo, label: str) -> None:
        """Change one byte of a published package."""
        published = repo.path / "Packages" / self.files[label].name
        published.unlink()
        rpms.break_payload(Path(shutil.copy2(self.files[label], published)))

    def forge_metadata(self, repo: Repo) -> None:
        """Describe the tampered package anew, as an attacker can, keeping the old signature."""
        signature = repo.repomd.with_name("repomd.xml.asc").read_bytes()
        subprocess.run(["createrepo_c", "--quiet", "--no-database", str(repo.path)], check=True)
        repo.repomd.with_name("repomd.xml.asc").write_bytes(signature)


FIRST = ("shell", "greet 1", "words 1", "manual", "game")
SECOND = (*FIRST, "greet 2", "words 2")


def play(stage: Stage, mirror: Mirror) -> None:
    """All steps in their order."""
    install(stage, mirror)
    update(stage, mirror)
    attack(stage, mirror)
    stage.run(
        "Removing the program takes along what was installed only for it.",
        *("-y", "remove", "greet"),
        shows=("Removing:", "greet-words", "greet-manual"),
    )
    stage.installed()
    stage.run("Every transaction is on record.", "history", shows=("-y install greet", "-y update"))


def install(stage: Stage, mirror: Mirror) -> None:
    """Look around, install, run what was installed."""
    of = mirror.described
    stage.run(
        "What does the repository offer? (Its repomd.xml is signed; -y confirms the key, this first time.)",
        *("-y", "list", "available"),
        shows=("trusting metadata of 'demo'", "Fingerprint: ", "greet.noarch", "1.0-1", "shell."),
    )
    stage.run("What is greet?", "info", "greet", shows=("Summary       : Greets whoever asks",))
    stage.run(
        "Install it: with dependencies and a recommended package; package signatures are checked.",
        *("-y", "install", "greet"),
        shows=("importing key from", "greet-words", "greet-manual", "greet: its %post script runs"),
    )
    stage.installed(*(of[label].nevra for label in FIRST if label != "game"))
    stage.chroot("Run it inside the root.", "/usr/bin/greet", shows="Nobody says: hello (greet 1.0)")


def update(stage: Stage, mirror: Mirror) -> None:
    """A changed configuration file, an advisory, an update that keeps the former."""
    of = mirror.described
    stage.explain("The administrator edits its configuration; meanwhile a newer version is published.")
    stage.root.file("/etc/greet.conf").write_text("name=Everybody\n")
    advisory = Advisory("DEMO-2024-1", (of["greet 2"],), title="greet", severity="7.0")
    mirror.publish(*SECOND, advisories=(advisory,))
    print("$ echo name=Everybody > ROOT/etc/greet.conf")
    stage.run(
        "Which advisories concern what is installed?",
        *("--refresh", "updateinfo", "list"),
        shows=("DEMO-2024-1", "Security"),
    )
    stage.run("Update everything.", "-y", "update", shows=("Upgrading:", "greet", "2.0-1"))
    stage.chroot(
        "The new program runs with the edited configuration.",
        "/usr/bin/greet",
        shows="Everybody says: good day (greet 2.0)",
    )


def attack(stage: Stage, mirror: Mirror) -> None:
    """Two attempts of a mirror to smuggle in a changed package."""
    of = mirror.described
    now = [of[label].nevra for label in ("shell", "manual", "greet 2", "words 2")]
    repo = mirror.publish(*SECOND)
    stage.run("The mirror's operator turns evil. Before that: all is well.", "makecache")
    mirror.tamper(repo, "game")
    stage.run(
        "Attack: one byte of a package is changed on the mirror. The install is refused.",
        *("-y", "install", "game"),
        error=1528,
    )
    stage.installed(*now)
    mirror.forge_metadata(repo)
    stage.run(
        "Attack: the metadata now describes the changed package, but nobody could sign it. Refused.",
        *("--refresh", "-y", "install", "game"),
        error=2004,
    )
    stage.installed(*now)
    mirror.publish(*SECOND)
    stage.run("The mirror is repaired.", "makecache", shows=("Metadata cache created.",))


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder, removed however the demonstration ends."""
    folder = Path(tempfile.mkdtemp(prefix="pkgman-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def host_database() -> list[tuple[str, int, int]]:
    """Names, sizes and times of the files in the host's rpm database."""
    place = subprocess.run(["rpm", "--eval", "%{_dbpath}"], capture_output=True, text=True, check=True)
    found = []
    for folder in {place.stdout.strip(), "/var/lib/rpm", "/usr/lib/sysimage/rpm"}:
        for path in sorted(Path(folder).glob("*")):
            info = path.stat()
            found.append((str(path), info.st_size, info.st_mtime_ns))
    return found


def perform(program: str) -> None:
    """Set the stage, play, clean up.

    :raises Failed: a step ended otherwise than expected.
    """
    before = host_database()
    with scratch() as folder, Signer.create("Demo <demo@localhost>") as signer:
        print("Building and signing a few packages ...", flush=True)
        mirror = Mirror(folder, signer)
        repo = mirror.publish(*FIRST)
        with Server(folder / "www") as server:
            root = Root(folder)
            root.add_repo(
                repo,
                baseurl=server.url("demo"),
                gpgkey=server.url("demo/RPM-GPG-KEY"),
                repo_gpgcheck=True,
            )
            stage = Stage(root, Tdnf(root, program=(program,)))
            words = shlex.join(stage.tdnf.command()[-6:])
            print(f"Each tdnf below runs with: {words}\nThe repository: {server.url('demo')}", flush=True)
            play(stage, mirror)
    if host_database() != before:
        raise Failed("the host's rpm database changed")
    print("\nAll steps ended as expected; the host's rpm database is untouched.")


def become_root(arguments: Sequence[str]) -> None:
    """Start again as root of a user namespace; installing needs uid 0, if only a borrowed one."""
    if os.geteuid() != 0 and "PKGMAN_DEMO" not in os.environ:
        os.environ["PKGMAN_DEMO"] = "1"
        os.execvp("unshare", ["unshare", "--map-root-user", "--mount", sys.executable, *arguments])


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 all as expected, 1 not so, 2 wrong usage, 130 interrupted."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    become_root(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        perform(str(Path(arguments[1]).absolute()))
    except KeyboardInterrupt:
        print("\nInterrupted; everything is cleaned up.", file=sys.stderr)
        return 130
    except (Failed, rpms.BuildError, FileNotFoundError, subprocess.SubprocessError) as error:
        print(f"\nThe demonstration FAILED: {error}", file=sys.stderr)
        return 1
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv))
