"""Builds of images (docs/containers.md): its RUN lines, what they leave, and roots that lack things."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support import container
from tests.support.cli import PROJECT
from tests.support.container import Container
from tests.support.repos import publish, repo_section
from tests.support.rpms import Rpm
from tests.support.server import Server, slow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.cli import Result
    from tests.support.keys import Signer
    from tests.support.workshop import Workshop

pytestmark = pytest.mark.skipif(not container.allowed(), reason="namespaces with mounts are not allowed here")

SHELL = Rpm("shell", provides=("/bin/sh",))
LIB = Rpm("lib", files={"/opt/lib/data": "1\n"})
NGINX = Rpm(
    "nginx", requires=("lib",), files={"/opt/nginx/data": "1\n"}, scripts={"post -p <lua>": 'print("up")'}
)
DAEMON = Rpm(
    "daemon",
    files={"/opt/daemon/data": "1\n"},
    # One that outlives its script, and one that nobody waits for.
    scripts={"post": "(sleep 60 >/dev/null 2>&1 </dev/null &)\n(exit 0) &\necho daemon started\n"},
)
BLOCKS = re.findall(r"```dockerfile\n(.*?)```", (PROJECT / "docs/containers.md").read_text(), re.DOTALL)
# What a build may leave besides files of packages and the rpm database.
LEFT = {"var/cache", "var/cache/tdnf", "var/lib/tdnf", "var/lib/tdnf/history.db", "var/tmp"}
NGINX_FILES = {"opt/lib", "opt/lib/data", "opt/nginx", "opt/nginx/data"}


class Site(NamedTuple):
    """A signed repository over HTTP."""

    server: Server
    key: Path

    def config(self, **keys: object) -> str:
        return repo_section(
            "base",
            name="Base for $releasever",
            baseurl=self.server.url("base"),
            enabled=1,
            gpgcheck=1,
            gpgkey="file:///etc/pki/key",
            **keys,
        )


@pytest.fixture(scope="module")
def site(workshop: Workshop, signing_key: Signer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    www = tmp_path_factory.mktemp("www")
    paths = workshop.build(SHELL, LIB, NGINX, DAEMON, signed=True)
    repo = publish(www / "base", paths, id="base", signer=signing_key)
    assert repo.key
    with Server(www) as server:
        yield Site(server, repo.key)


@pytest.fixture
def image(tmp_path: Path, site: Site) -> Callable[..., Container]:
    """``image(**options)``: a fresh container of an image that has tdnf, the repository and its key."""
    site.server.heal()
    site.server.forget()

    def make(**options: object) -> Container:
        scratch = tmp_path / f"c{len(list(tmp_path.iterdir()))}"
        scratch.mkdir()
        made = Container(scratch, **options)  # type: ignore[arg-type]
        made.write("etc/pki/key", site.key.read_text())
        made.write("etc/dnf/vars/releasever", "5.0\n")
        made.add_repo(site.config(), "base")
        return made

    return make


class Build:
    """Builds a Dockerfile as far as this documentation goes: FROM, RUN, cache mounts, COPY --from."""

    def __init__(self, image: Callable[..., Container], scratch: Path) -> None:
        self._image, self._scratch = image, scratch
        self.caches = scratch / "caches"
        self.results: list[Result] = []
        self.box: Container | None = None  # the last stage that has one
        self.before: dict[str, int] = {}
        self.final = Path()  # the root of the last stage

    def __call__(self, text: str) -> Build:
        stages: dict[str, Path] = {}
        for line in re.sub(r"\\\n\s*", "", text).splitlines():
            word, _, rest = line.strip().partition(" ")
            if word == "FROM" and rest == "scratch":
                self.final = self._scratch / f"final{time.monotonic_ns()}"
            elif word == "FROM":
                self.box = self._image()
                self.before, self.final = self.box.tree(), self.box.path
                stages[rest.partition(" AS ")[2]] = self.box.path
            elif word == "RUN":
                assert self.box
                self.results.append(self._run(self.box, rest).ok())
            elif word == "COPY":
                found = re.fullmatch(r"--from=(\w+) (/\S+) /", rest)
                assert found, line
                shutil.copytree(f"{stages[found[1]]}{found[2]}", self.final, symlinks=True)
            else:
                assert not word, f"what is {word}?"
        return self

    def _run(self, box: Container, command: str) -> Result:
        binds = {}
        while command.startswith("--mount="):
            mount, _, command = command.partition(" ")
            words = dict(word.split("=") for word in mount.removeprefix("--mount=").split(","))
            assert words.pop("type") == "cache"
            self.caches.mkdir(exist_ok=True)
            binds[self.caches] = words["target"]
        return box(command, binds=binds)


@pytest.fixture
def build(image: Callable[..., Container], tmp_path: Path) -> Build:
    return Build(image, tmp_path)


def below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def without_rpm(paths: set[str]) -> set[str]:
    """Leave out the rpm database and the folders down to it."""
    return {path for path in paths if "rpmdb" not in path and not path.endswith(".rpm.lock")}


def test_the_documentation_shows_four_builds() -> None:
    assert len(BLOCKS) == 4


def test_a_layer_keeps_the_packages_and_what_is_recorded_of_them(build: Build) -> None:
    build(BLOCKS[0])
    assert build.box
    new = build.box.tree().keys() - build.before.keys()
    assert without_rpm(new) - NGINX_FILES <= LEFT
    assert "var/lib/tdnf/history.db" in new
    assert new >= NGINX_FILES
    assert list((build.final / "var/cache/tdnf").iterdir()) == []
    assert list((build.final / "run").iterdir()) == []


def test_the_rpm_database_is_left_as_rpm_itself_leaves_it(build: Build, workshop: Workshop) -> None:
    build(BLOCKS[0])
    ours = {path for path in below(build.final) if "rpmdb.sqlite" in path}
    box = build._image()
    (path,) = workshop.build(LIB)
    shutil.copy(path, box.path / "opt/lib.rpm")
    box("rpm -i --nosignature /opt/lib.rpm").ok()
    assert ours == {path for path in below(box.path) if "rpmdb.sqlite" in path}


def test_two_builds_print_the_same_whole_lines_and_no_progress(build: Build) -> None:
    first, second = (build(BLOCKS[0]).results[-1] for _ in range(2))
    assert first.stdout == second.stdout and first.stderr == second.stderr == ""
    assert first.lines[0] == "Refreshing metadata for: 'Base for 5.0'"
    assert first.lines[-1] == "Done."
    assert "nginx-1.0-1.noarch: up" in first.lines
    for sign in ("\r", "\x1b", "%", "Is this ok"):
        assert sign not in first.stdout


def test_with_a_cache_mount_the_next_build_fetches_repomd_only(build: Build, site: Site) -> None:
    image_with_cache = build(BLOCKS[1])
    fetched = site.server.paths
    assert sum(path.endswith(".rpm") for path in fetched) == 2
    assert list((image_with_cache.final / "var/cache/tdnf").iterdir()) == []
    site.server.forget()
    build(BLOCKS[1])
    assert site.server.paths == ("/base/repodata/repomd.xml",)
    site.server.forget()
    build(BLOCKS[1].replace("--refresh ", ""))
    assert site.server.paths == ()
    assert (build.final / "opt/nginx/data").exists()


def test_a_cache_mount_of_another_image_says_nothing_about_what_is_installed_here(build: Build) -> None:
    build(BLOCKS[1])
    build(BLOCKS[1].replace(" nginx", " lib"))
    build(BLOCKS[1])
    assert (build.final / "opt/nginx/data").exists()
    assert (build.final / "opt/lib/data").exists()


def test_a_built_root_holds_nothing_of_tdnf_but_the_rpm_database(build: Build) -> None:
    build(BLOCKS[2])
    paths = below(build.final)
    assert not {path for path in paths if "tdnf" in path}
    assert paths >= NGINX_FILES
    assert any("rpmdb" in path for path in paths)
    assert not (build.final / "run").exists() and not (build.final / "tmp").exists()
    files = {path for path in without_rpm(paths) if (build.final / path).is_file()}
    assert files == {"opt/lib/data", "opt/nginx/data"}


def test_a_root_built_with_a_cache_mount_can_do_without_the_rpm_database(build: Build, site: Site) -> None:
    build(BLOCKS[3])
    paths = below(build.final)
    assert {path for path in paths if (build.final / path).is_file()} == {"opt/lib/data", "opt/nginx/data"}
    assert not {path for path in paths if "tdnf" in path or "rpmdb" in path}
    site.server.forget()
    build(BLOCKS[3])
    assert site.server.paths == ()


def test_without_an_answer_and_without_a_package_the_build_stops(image: Callable[..., Container]) -> None:
    box = image()
    unanswered = box("tdnf install nginx && echo built")
    assert (unanswered.status, unanswered.error) == (9, 1033)
    assert "built" not in unanswered.stdout
    missing = box("tdnf install -y nosuch && echo built")
    assert (missing.status, missing.error) == (243, 1011)
    assert box("tdnf install -y nginx && tdnf install -y nginx && echo built").lines[-1] == "built"


LACKS = {
    "nothing": {},
    "proc": {"proc": False},
    "dev": {"dev": False},
    "tmp": {"tmp": "4k"},
    "os-release": {"os_release": False},
    "everything": {"proc": False, "dev": False, "tmp": "4k", "os_release": False},
}
INSTALL = "tdnf install -y nginx daemon && tdnf erase -y lib && tdnf clean all"


@pytest.mark.parametrize("lacking", LACKS)
def test_tdnf_works_where_things_are_missing(image: Callable[..., Container], lacking: str) -> None:
    box = image(**LACKS[lacking])
    fill = "head -c 100000 /dev/zero > /tmp/full 2>/dev/null; " if lacking == "tmp" else ""
    done = box(fill + INSTALL).ok()
    assert "daemon-1.0-1.noarch: daemon started" in done.lines
    assert done.stderr == ""
    assert (box.path / "opt/daemon/data").exists() and not (box.path / "opt/nginx/data").exists()


@pytest.mark.parametrize("language", [{}, {"LANG": "C"}, {"LC_ALL": "C", "LANG": "de_DE.UTF-8"}])
def test_neither_a_home_nor_a_locale_is_needed(
    image: Callable[..., Container], language: dict[str, str]
) -> None:
    box = image()
    done = box(INSTALL, env={"PATH": container.PATH, **language}).ok()
    assert done.stderr == ""
    again = image()(INSTALL, env={"PATH": container.PATH, "HOME": "/root", "LANG": "C.UTF-8"}).ok()
    assert again.stdout == done.stdout


def test_roots_of_user_namespaces_install(image: Callable[..., Container]) -> None:
    box = image(user=True)
    if box("true").status != 0:
        pytest.skip("user namespaces with such mounts are not allowed here")
    box(INSTALL).ok()
    assert (box.path / "opt/daemon/data").exists()


def test_without_run_it_says_so_and_goes_on(image: Callable[..., Container]) -> None:
    box = image()
    done = box("rmdir /run && tdnf install -y nginx").ok()
    assert "can't create tdnf_instance lock on /var/run/.tdnf-instance-lockfile" in done.stderr
    assert (box.path / "opt/nginx/data").exists()


def test_a_parent_that_ignores_its_children_is_no_hindrance(image: Callable[..., Container]) -> None:
    box = image()
    words = [*container.program_command(), "install", "-y", "nginx"]
    box.write(
        "opt/parent.py",
        "import os, signal\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        f"words = {words!r}\nos.execv(words[0], words)\n",
    )
    box("exec python3 /opt/parent.py").ok()
    assert (box.path / "opt/nginx/data").exists()


def test_process_1_installs_and_waits_for_no_daemon(image: Callable[..., Container]) -> None:
    box = image()
    process = box.start("exec tdnf install -y daemon")
    stdout, stderr = process.communicate(timeout=30)  # the daemon sleeps longer
    assert (process.returncode, stderr) == (0, "")
    assert stdout.endswith("daemon started\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_process_1(image: Callable[..., Container], site: Site, number: signal.Signals) -> None:
    box = image()
    site.server.fail("*primary*", slow(delay=25))
    process = box.start("exec tdnf install -y nginx")
    try:
        wait_for(lambda: any("primary" in path for path in site.server.paths) or _asked(box))
        (first,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(first), number)
        _, stderr = process.communicate(timeout=15)
    finally:
        process.kill()
    assert process.returncode == 128 + number
    assert stderr.strip() in ("Terminated.", "Interrupted.")
    assert list((box.path / "run").iterdir()) == []
    assert [name for name in box.tree() if name.endswith(".tmp")] == []


def _asked(box: Container) -> bool:
    """Whether repomd.xml has arrived: the server logs a request when it has answered."""
    return any(name.endswith("/tmp") or "repomd" in name for name in box.tree())


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_clean_all_takes_what_killed_runs_left(image: Callable[..., Container]) -> None:
    box = image()
    box("tdnf makecache && tdnf list nginx").ok()
    cache = box.path / "var/cache/tdnf"
    (folder,) = cache.glob("base-*")
    drafts = [cache / "@System.solv.0123456789ab.tmp", cache / "@System.stamp.0123456789ab.tmp"]
    drafts += [folder / "mirrorlist.0123456789ab.tmp", folder / "repodata/repomd.xml.0123456789ab.tmp"]
    drafts += [folder / "solvcache/base.solv.0123456789ab.tmp", cache / "tdnf-keys-abc/rpmdb.sqlite"]
    drafts += [cache / "tdnf-package-abc/package.rpm"]
    for draft in drafts:
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text("half")
    done = box("tdnf clean all").ok()
    assert done.stderr == ""
    assert below(cache) == set()
    box("tdnf clean all && rm -r /var/cache/tdnf && tdnf clean all").ok()  # nothing there
