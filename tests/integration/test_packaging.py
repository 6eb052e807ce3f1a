"""The wheel: one private directory and a launcher, and nobody's names taken."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was installed, without what it depends on."""
    dist, target = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("target")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(dist)]
    subprocess.run(build, cwd=TOP, check=True, capture_output=True)
    (wheel,) = dist.glob("*.whl")
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
    ]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    return target


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def test_the_wheel_takes_no_name_but_tdnfs_own(installed: Path) -> None:
    names = {name for name in os.listdir(installed) if not name.endswith(".dist-info")}
    assert names - {"bin", "__pycache__"} == {"_pkgman", "_pkgman_launcher.py", "tdnf"}
    for name in ("pkgman", "solver", "repo_meta", "plugins", "conf"):
        assert (installed / "_pkgman" / name).is_dir()
        assert python(f"import {name}", installed).returncode != 0


def test_the_installed_program_runs(installed: Path) -> None:
    done = python("sys.argv = ['tdnf', '--version']; import _pkgman_launcher as l; l.main()", installed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("tdnf: ")


def test_the_installed_module_finds_the_private_directory(installed: Path) -> None:
    code = "import tdnf.api, solver, pkgman; print(tdnf._tdnf.__version__, solver.__file__, pkgman.__file__)"
    done = python(code, installed)
    assert done.stderr == ""
    assert done.stdout.count(f"{installed}/_pkgman/") == 2
    assert (installed / "tdnf/py.typed").exists()
    assert python("import tdnf, conf", installed).returncode != 0  # the other one beside them stays private


def test_the_launcher_of_a_checkout_needs_no_site_and_no_environment(tmp_path: Path) -> None:
    target = tmp_path / "with space" / "tdnf"
    target.parent.mkdir()
    writer = TOP / "tools" / "launcher" / "write.py"
    subprocess.run([sys.executable, str(writer), str(target)], check=True)
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "click.py").write_text("raise SystemExit(99)")
    done = subprocess.run(
        [str(target), "--version"],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(evil)},
        cwd=evil,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_path_that_the_kernel_cannot_take_goes_through_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOP / "tools" / "launcher"))
    import write

    assert write.shebang("/usr/bin/python3") == "#!/usr/bin/python3 -IS"
    for python_path in ("/a b/python", f"/{'x' * 130}/python"):
        assert write.shebang(python_path).startswith("#!/bin/sh\n")
