"""Wheel and sdist: one private directory and a launcher, all programs, and nobody's names taken."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.rpms import scrubbed_environment

TOP = Path(__file__).parent.parent.parent
# How each program shows that it is alive, and what it says then.
ALIVE = {
    "tdnf": ("--version", "tdnf: "),
    "tdnfj": ("--version", '{"Name":"tdnf",'),
    "tyum": ("--version", "tdnf: "),
    "yum": ("--version", "tdnf: "),
    "tdnf-automatic": ("--help", "tdnf-automatic help:"),
    "tdnf-cache-updateinfo": ("--help", "Usage: tdnf-cache-updateinfo"),
    "tdnf-config": ("--help", "Usage: tdnf-config"),
    "tdnf-history-util": ("--help", "Usage: tdnf-history-util"),
}
SHARED = (
    "bash-completion/completions/tdnf",
    "fish/vendor_completions.d/tdnf.fish",
    "man/man5/tdnf.conf.5",
    "man/man8/tdnf-automatic.8",
    "man/man8/tdnf-config.8",
    "man/man8/tdnf-history-util.8",
    "man/man8/tdnf.8",
    "tdnf/automatic.conf",
    "tdnf/systemd/tdnf-automatic.timer",
    "tdnf/tdnf.conf",
    "zsh/site-functions/_tdnf",
)


def hatch(kind: str, source: Path, target: Path) -> Path:
    """Build a wheel or an sdist, without a network, and return its path."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    (built,) = target.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hatch("wheel", TOP, tmp_path_factory.mktemp("dist"))


def pip(*words: str) -> None:
    """Install without a network and without what the wheel depends on."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    subprocess.run([*command, "--no-deps", "--no-index", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was installed."""
    target = tmp_path_factory.mktemp("target")
    pip("--target", str(target), str(wheel))
    return target


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with the wheel in it; other people's packages come from here."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin/python"
    ask = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    done = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=True)
    others = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    # A line of a .pth file adds a folder without that folder's own .pth files, this checkout's among them.
    (Path(done.stdout.strip()) / "others.pth").write_text("".join(f"{path}\n" for path in others))
    run = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    command = [*run, "install", "-q", "--no-deps", "--no-index", "--ignore-installed", str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def test_the_wheel_takes_no_name_but_tdnfs_own(installed: Path) -> None:
    names = {name for name in os.listdir(installed) if not name.endswith(".dist-info")}
    assert names - {"bin", "share", "__pycache__"} == {"_pkgman", "_pkgman_launcher.py", "tdnf"}
    for name in ("pkgman", "solver", "repo_meta", "plugins"):
        assert (installed / "_pkgman" / name).is_dir()
        assert python(f"import {name}", installed).returncode != 0


def test_the_installed_program_runs(installed: Path) -> None:
    done = python("sys.argv = ['tdnf', '--version']; import _pkgman_launcher as l; l.main()", installed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("tdnf: ")


@pytest.mark.parametrize("name", ALIVE)
def test_every_program_of_the_wheel_runs(environment: Path, name: str) -> None:
    option, start = ALIVE[name]
    done = subprocess.run(
        [str(environment / "bin" / name), option], capture_output=True, text=True, check=False, cwd="/"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(start)


def test_the_wheels_programs_use_the_wheels_modules(environment: Path) -> None:
    code = "import sys, tdnf.api, pkgman; print(pkgman.__file__)"
    done = subprocess.run(
        [str(environment / "bin/python"), "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"{environment}/")


TYPED = """
import tdnf
from tdnf.api import Client, PkgmanError, Step

with Client(options=["--refresh"]) as client:
    steps: tuple[Step, ...] = client.plan_install("x").steps
    name: str = steps[0].package.name
try:
    tdnf.install(["x"])
except PkgmanError as error:
    lines: tuple[str, ...] = error.lines
"""
MISTYPED = {
    "client.plan_instal('x')": "attr-defined",
    "number: int = client.packages()[0].name": "assignment",
    "Client(config=1)": "arg-type",
    "client.search(1)": "arg-type",
    "tdnf.repolist('all')": "arg-type",
    "Step('Install')": "call-arg",
    "reveal_type(client.history()[0].command)": "None",  # whichever way a union is written
}


def test_a_type_checker_knows_the_installed_module(environment: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"

    def complaints(text: str) -> list[str]:
        program.write_text(text)
        interpreter = str(environment / "bin/python")
        command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", interpreter]
        done = subprocess.run(
            [*command, program.name], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        return [line for line in done.stdout.splitlines() if line.startswith("program.py:")]

    assert complaints(TYPED) == []
    found = complaints(TYPED + "\n".join(MISTYPED) + "\n")
    assert len(found) >= len(MISTYPED)
    for number, (line, word) in enumerate(MISTYPED.items(), TYPED.count("\n") + 1):
        assert any(said.startswith(f"program.py:{number}: ") and word in said for said in found), line


def test_the_stub_of_the_api_says_what_the_sources_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOP / "tools" / "launcher"))
    import stubs

    shipped = (TOP / "tools/launcher/tdnf/api.pyi").read_text()
    assert ast.dump(ast.parse(shipped)) == ast.dump(ast.parse(stubs.make())), "run 'make stubs'"


def test_the_wheel_brings_manual_completion_and_samples(environment: Path) -> None:
    for name in SHARED:
        assert (environment / "share" / name).is_file(), name
    assert os.access(environment / "bin/tdnf-cache-updateinfo", os.X_OK)


def test_the_sdist_makes_the_same_wheel_and_holds_nothing_that_was_built(wheel: Path, tmp_path: Path) -> None:
    sdist = hatch("sdist", TOP, tmp_path / "dist")
    subprocess.run(["tar", "-xzf", str(sdist), "-C", str(tmp_path)], check=True)
    source = tmp_path / sdist.name.removesuffix(".tar.gz")
    held = {path.name for path in source.rglob("*")}
    assert {"pkgman.spec", "Makefile", "LICENSE", "test_packaging.py"} <= held
    assert not held & {".venv", ".git", "__pycache__", "dist", "build"}
    again = hatch("wheel", source, tmp_path / "again")
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        records = [
            {info.filename: (info.CRC, info.external_attr >> 16 & 0o111) for info in archive.infolist()}
            for archive in (first, second)
        ]
    assert records[0] == records[1]


def test_the_lines_of_the_documentation_build_wheel_sdist_and_rpms(tmp_path: Path) -> None:
    source = tmp_path / "checkout"
    leave = shutil.ignore_patterns(".*", "__pycache__", "dist", "build")
    shutil.copytree(TOP, source, ignore=leave)
    (source / ".venv").symlink_to(sys.prefix)
    blocks = re.findall(r"```sh\n(.*?)```", (source / "docs/packaging.md").read_text(), re.DOTALL)
    builds = [block for block in blocks if "hatchling" in block]
    for block in builds:
        lines = "\n".join(line for line in block.splitlines() if not line.startswith("tools/setup.sh"))
        done = subprocess.run(
            ["sh", "-ec", lines],
            cwd=source,
            env=scrubbed_environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
    assert len(builds) == 2
    assert {path.suffix for path in (source / "dist").iterdir()} == {".whl", ".gz"}
    assert len(list((tmp_path / "rpmbuild/RPMS").rglob("*.rpm"))) == 3


def test_the_launchers_of_a_checkout_need_no_site_and_no_environment(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    folder.mkdir()
    names = [name for name in ALIVE if name != "tdnf-cache-updateinfo"]
    writer = TOP / "tools" / "launcher" / "write.py"
    subprocess.run([sys.executable, str(writer), *(str(folder / name) for name in names)], check=True)
    assert sorted(os.listdir(folder)) == sorted(names)
    evil = tmp_path / "evil"
    evil.mkdir()
    for name in ("click", "getopt", "pkgman"):
        (evil / f"{name}.py").write_text("raise SystemExit(99)")
    for name in names:
        option, start = ALIVE[name]
        done = subprocess.run(
            [str(folder / name), option],
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(evil)},
            cwd=evil,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(start)


def test_setup_writes_a_launcher_for_every_program() -> None:
    text = (TOP / "tools/setup.sh").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("for program in "))
    assert set(line.removeprefix("for program in ").removesuffix("; do").split()) == {
        name for name in ALIVE if name != "tdnf-cache-updateinfo"
    }


def test_a_path_that_the_kernel_cannot_take_goes_through_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOP / "tools" / "launcher"))
    import write

    assert write.shebang("/usr/bin/python3") == "#!/usr/bin/python3 -IS"
    for python_path in ("/a b/python", f"/{'x' * 130}/python"):
        assert write.shebang(python_path).startswith("#!/bin/sh\n")
