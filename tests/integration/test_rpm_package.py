"""The RPM: built from the sdist, installed by our own tdnf, and run where it was installed.

The root has the host's /usr below what is installed (an overlay), so that there is an interpreter; what the
package requires is provided by a stand-in.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pkgman import __version__
from tests.integration.test_packaging import ALIVE, TOP, hatch
from tests.support.cli import Result, Root, Tdnf, own_run, scrubbed_environment
from tests.support.repos import publish
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.workshop import Workshop

PYTHON = "/usr/bin/python3"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
LIBRARIES = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
STAND_IN = Rpm(
    "stand-in",
    provides=[
        f"python(abi) = {VERSION}", "python3-click = 9", "python3-cryptography = 99", "python3-lxml",
        "python3-pysequoia = 1",
        "python3-requests = 9", "python3-rpm", "python3-solv = 1", "python3-urllib3 = 9",
        "python3-zstandard = 1", "/bin/sh", PYTHON,
    ],
)  # fmt: skip
FRIEND = Rpm("old-friend")


def own_interpreter() -> bool:
    """Whether the tests run with the interpreter for which the package is built."""
    try:
        done = subprocess.run([PYTHON, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return done.stdout.startswith(f"Python {VERSION}.")


pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0 or not own_run(TOP), reason="needs root and mount namespaces"),
    pytest.mark.skipif(not own_interpreter(), reason="the system's Python is another one"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The packages, made from the sdist."""
    top = tmp_path_factory.mktemp("rpmbuild")
    hatch("sdist", TOP, top / "SOURCES")
    defines = {
        "_topdir": str(top),
        "__python3": PYTHON,
        "pkgman_folders": " ".join(LIBRARIES),
        "dist": "%{nil}",
    }
    words = [word for key, value in defines.items() for word in ("--define", f"{key} {value}")]
    done = subprocess.run(
        ["rpmbuild", "-bb", "--nodeps", *words, str(TOP / "conf/pkgman.spec")],
        capture_output=True,
        text=True,
        env=scrubbed_environment(top),
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return sorted((top / "RPMS").rglob("*.rpm"))


class Machine:
    """A root with the host's /usr below its own, and a repository with the packages."""

    def __init__(self, scratch: Path, packages: list[Path]) -> None:
        self.root = Root(scratch)
        self.upper, work = scratch / "upper", scratch / "work"
        for folder in (self.upper, work, *(self.root.path / name for name in ("usr", "dev", "etc", "tmp"))):
            folder.mkdir()
        for name in ("bin", "sbin", "lib", "lib64"):
            (self.root.path / name).symlink_to(f"usr/{name}")
        self.root.add_repo(publish(scratch / "www", packages, id="main"))
        path = self.root.path
        mounts = [
            f"mount -t overlay overlay -o lowerdir=/usr,upperdir={self.upper},workdir={work} {path}/usr"
        ]
        for folder in ("/dev", *LIBRARIES):
            if not folder.startswith("/usr/"):
                mounts += [f"mkdir -p {path}{folder}", f"mount --bind {folder} {path}{folder}"]
        self._mounts = " && ".join(mounts)

    def __call__(self, *words: str | Path, inside: bool = True, **variables: str) -> Result:
        """Run a command in the root, or on the host with the root as it is while commands run there."""
        command = ["chroot", str(self.root.path), *map(str, words)] if inside else list(map(str, words))
        script = f"{self._mounts} && exec {shlex.join(command)}"
        done = subprocess.run(
            [*own_run(self.root.run), "sh", "-c", script],
            capture_output=True,
            text=True,
            env={**self.root.environment(), **variables},
            check=False,
        )
        return Result(tuple(map(str, words)), done.returncode, done.stdout, done.stderr)

    def tdnf(self, *words: str) -> Result:
        """The checkout's program, on the root."""
        program = Tdnf(self.root)
        return self(*program.command(*words)[len(own_run(self.root.run)) :], inside=False)

    def is_overlay_allowed(self) -> bool:
        """Whether the root can be made."""
        return self("true", inside=False).status == 0


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, built: list[Path], workshop: Workshop) -> Machine:
    """Where our tdnf has installed all packages; an old tdnf had noted a package as a dependency."""
    scratch = tmp_path_factory.mktemp("machine")
    made = Machine(scratch, [*built, *workshop.build(STAND_IN, signed=False)])
    if not made.is_overlay_allowed():
        pytest.skip("no overlay file systems here")
    made.root.rpm("-i", "--nosignature", *map(str, workshop.build(FRIEND, signed=False))).ok()
    old = made.root.file("/var/lib/tdnf/autoinstalled")
    old.parent.mkdir(parents=True)
    old.write_text("old-friend\n")
    done = made.tdnf("install", "-y", "pkgman", "pkgman-automatic", "python3-tdnf").ok()
    assert done.stderr == ""
    return made


def test_three_packages_are_built_with_the_version_of_the_program(built: list[Path]) -> None:
    assert [path.name for path in built] == [
        f"{name}-{__version__}-1.noarch.rpm" for name in ("pkgman", "pkgman-automatic", "python3-tdnf")
    ]


def test_the_package_stands_in_for_tdnf(machine: Machine) -> None:
    assert machine.root.rpm("-q", "--whatprovides", "tdnf").ok().stdout.startswith("pkgman-")
    assert (
        machine.root.rpm("-q", "--whatprovides", "tdnf-automatic").ok().stdout.startswith("pkgman-automatic-")
    )


@pytest.mark.parametrize("name", [*ALIVE, "../lib/tdnf/tdnf-history-util"])
def test_every_program_of_the_package_runs(machine: Machine, name: str) -> None:
    option, start = ALIVE[os.path.basename(name)]
    assert (machine.upper / "bin" / name).exists()
    done = machine(f"/usr/bin/{name}", option).ok()
    assert done.stdout.startswith(start)
    assert done.stderr == ""


def test_the_installed_tdnf_works_on_its_own_system(machine: Machine) -> None:
    listed = machine("tdnf", "list", "installed", "pkgman").ok()
    assert f"{__version__}-1" in listed.stdout
    assert machine("tdnf-config", "get", "main", "installonly_limit").ok().stdout == "3\n"
    refused = machine("tdnf", "remove", "-y", "pkgman")
    assert (refused.status, "package pkgman is protected" in refused.stderr) == (1030 % 256, True)


def test_the_python_module_is_there(machine: Machine) -> None:
    (module,) = (line for line in files(machine, "python3-tdnf") if line.endswith("/tdnf/__init__.py"))
    site = os.path.dirname(os.path.dirname(module))
    code = "import tdnf; print(len(tdnf.repolist()))"
    path = os.pathsep.join((site, *LIBRARIES))
    assert machine(PYTHON, "-c", code, PYTHONPATH=path).ok().stdout == "0\n"


def files(machine: Machine, package: str) -> list[str]:
    """The files of an installed package."""
    return machine.root.rpm("-ql", package).ok().lines


def test_manual_completion_and_units_are_in_their_places(machine: Machine) -> None:
    names = [*files(machine, "pkgman"), *files(machine, "pkgman-automatic")]
    for start in (
        "/usr/share/man/man8/tdnf.8",
        "/usr/share/man/man5/tdnf.conf.5",
        "/usr/share/bash-completion/completions/tdnf",
        "/usr/share/bash-completion/completions/yum",
        "/usr/lib/systemd/system/tdnf-automatic.timer",
        "/usr/lib/systemd/system/tdnf-cache-updateinfo.service",
    ):
        assert any(name.startswith(start) for name in names), start
    kept = machine.root.rpm("-qc", "pkgman", "pkgman-automatic").ok().lines
    assert set(kept) >= {
        "/etc/tdnf/tdnf.conf",
        "/etc/tdnf/automatic.conf",
        "/etc/tdnf/protected.d/tdnf.conf",
        "/etc/logrotate.d/tdnf",
        "/etc/tdnf/pluginconf.d/tdnfmetalink.conf",
    }
    completed = "source /usr/share/bash-completion/completions/tdnf; complete -p tdnf yum tyum tdnfj"
    assert machine("bash", "-c", completed).ok().lines[0] == "complete -F _tdnf tdnf"


def test_running_changes_no_packaged_file(machine: Machine) -> None:
    machine("tdnf", "repolist").ok()
    machine("tdnf-config", "dump", "main").ok()
    verified = machine("rpm", "-V", "--nodeps", "pkgman", "pkgman-automatic", "python3-tdnf")
    assert (verified.status, verified.stdout) == (0, "")
    private = next(name for name in files(machine, "pkgman") if name.endswith("/_pkgman"))
    packaged = set(files(machine, "pkgman"))
    below = machine("find", private).ok().lines
    assert set(below) <= packaged, "bytecode that nobody owns"


def test_what_an_old_tdnf_noted_is_taken_over_once(machine: Machine) -> None:
    asked_for = machine("tdnf", "-q", "--disablerepo=*", "repoquery", "--userinstalled").ok().stdout
    assert "pkgman-" in asked_for
    assert "old-friend" not in asked_for
    assert not machine.root.file("/var/lib/tdnf/autoinstalled").exists()
    assert machine.root.file("/var/lib/tdnf/autoinstalled.rpmsave").read_text() == "old-friend\n"


def test_rpm_itself_can_install_update_and_erase_the_package(
    tmp_path: Path, built: list[Path], workshop: Workshop
) -> None:
    machine = Machine(tmp_path, workshop.build(STAND_IN, signed=False))
    if not machine.is_overlay_allowed():
        pytest.skip("no overlay file systems here")
    rpm = ["rpm", "--root", machine.root.path, "--nosignature"]
    stand_in = workshop.build(STAND_IN, signed=False)
    done = machine(*rpm, "-i", *stand_in, built[0], inside=False).ok()
    said = [line for line in done.stderr.splitlines() if not line.startswith("rpm: ")]  # Debian's advice
    assert (done.stdout, said) == ("", [])
    assert machine("tdnf", "history", "list").ok().stdout.count("(set)") == 1
    machine("tdnf-config", "edit", "main", "keepcache=1").ok()
    machine(*rpm, "-U", "--replacepkgs", built[0], inside=False).ok()
    assert machine("tdnf-config", "get", "main", "keepcache").ok().stdout == "1\n"
    assert machine("tdnf", "history", "list").ok().stdout.count("(set)") == 1
    machine(*rpm, "-e", "pkgman", inside=False).ok()
    left = [path for path in machine.upper.rglob("*pkgman*") if path.is_file()]
    assert left == []
