"""Every Dockerfile of docs/containers.md, built by buildah from a local base image."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.test_containers import BLOCKS, LIB, NGINX, NGINX_FILES, SHELL, below, without_rpm
from tests.support import container
from tests.support.container import Container
from tests.support.repos import publish, repo_section
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.keys import Signer
    from tests.support.workshop import Workshop

BASE = "registry.example.org/base"
NOTHING_OF_TDNF = range(2, 4)  # the blocks whose image has neither tdnf nor what it recorded


class Buildah:
    """buildah with a store of its own below ``folder``, chroots as containers and whole copies as layers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        (folder / "registries.conf").write_text("")

    def __call__(self, *words: str | Path) -> str:
        """Run a command of buildah and return what it printed, without the last newline.

        :raises AssertionError: it failed.
        """
        done = self.run(*words)
        assert done.returncode == 0, f"buildah {words}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command of buildah."""
        store = ["--root", self.folder / "root", "--runroot", self.folder / "run", "--storage-driver", "vfs"]
        environment = {
            **os.environ,
            "BUILDAH_ISOLATION": "chroot",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "CONTAINERS_REGISTRIES_CONF": str(self.folder / "registries.conf"),
            "CONTAINERS_STORAGE_CONF": "/dev/null",
            "STORAGE_DRIVER": "vfs",
        }
        return subprocess.run(
            ["buildah", *map(str, [*store, *words])],
            capture_output=True,
            text=True,
            env=environment,
            timeout=200,
            check=False,
        )

    def commit(self, tree: Path, name: str) -> None:
        """Make an image of a folder."""
        made = self("from", "scratch")
        self("copy", made, tree, "/")
        self("config", f"--env=PATH={container.PATH}", "--env=PYTHONDONTWRITEBYTECODE=1", made)
        self("commit", "--signature-policy", self.folder / "policy.json", made, name)
        self("rm", made)

    def build(self, dockerfile: str, name: str) -> subprocess.CompletedProcess[str]:
        """Build a Dockerfile; the host's /usr and the checkout are mounted read-only while it runs."""
        context = self.folder / "context"
        context.mkdir(exist_ok=True)
        (context / "Dockerfile").write_text(dockerfile)
        mounts = [f"--volume={place}:{place}:ro" for place in container.read_only()]
        words = ["--pull-never", "--layers=false", "--signature-policy", self.folder / "policy.json", *mounts]
        return self.run("build", *words, "--tag", name, context)

    def tree(self, name: str) -> set[str]:
        """The paths that an image has."""
        made = self("from", "--pull-never", "--signature-policy", self.folder / "policy.json", name)
        found = below(self.folder / self("mount", made))
        self("rm", made)
        return found


@functools.cache
def usable() -> bool:
    """Whether buildah is installed and may make containers here."""
    return bool(shutil.which("buildah")) and os.geteuid() == 0 and container.allowed()


pytestmark = pytest.mark.skipif(not usable(), reason="buildah is not here or may not make containers")


@pytest.fixture(scope="module")
def buildah(
    workshop: Workshop, signing_key: Signer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Buildah]:
    """Buildah with the base image: tdnf, a repository over HTTP and its key."""
    scratch = tmp_path_factory.mktemp("b")
    rpms = workshop.build(SHELL, LIB, NGINX, signed=True)
    repo = publish(scratch / "www/base", rpms, id="base", signer=signing_key)
    assert repo.key
    with Server(scratch / "www") as server:
        base = Container(scratch)
        base.write("etc/pki/key", repo.key.read_text())
        url = server.url("base")
        section = repo_section("base", baseurl=url, enabled=1, gpgcheck=1, gpgkey="file:///etc/pki/key")
        base.add_repo(section, "base")
        base.write("opt/bin/rpm", "#!/bin/sh\nexit 127\n").chmod(0o755)  # an image without rpm's programs
        made = Buildah(scratch / "store")
        made.commit(base.path, BASE)
        yield made


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_dockerfile_of_the_documentation_is_built(buildah: Buildah, number: int) -> None:
    done = buildah.build(BLOCKS[number], f"localhost/result{number}")
    assert done.returncode == 0, done.stdout + done.stderr
    paths = buildah.tree(f"localhost/result{number}")
    assert paths >= NGINX_FILES
    if number in NOTHING_OF_TDNF:
        assert not {path for path in paths if "tdnf" in path}
    assert any("rpmdb" in path for path in paths) == (number != len(BLOCKS) - 1)
    if number == len(BLOCKS) - 1:
        assert "etc/pki/key" not in without_rpm(paths)


def test_a_build_whose_package_is_missing_stops(buildah: Buildah) -> None:
    done = buildah.build(BLOCKS[0].replace("nginx", "nosuch"), "localhost/none")
    assert done.returncode != 0
    assert "Error(1011)" in done.stderr + done.stdout


def test_no_dockerfile_computes_what_it_deletes() -> None:
    for block in BLOCKS:
        assert "$" not in block.partition("rm -rf")[2]
