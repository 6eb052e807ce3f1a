"""A repository of real packages: Debian's own, repacked as signed RPMs without their scripts."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.keys import Signer
from tests.support.repos import Repo, publish
from tests.support.rpms import MACROS, BuildError, scrubbed_environment
from tools.bench import debian

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.bench.debian import Deb

NAMES = ("bash", "coreutils", "python3", "git", "curl", "vim")


def make(folder: Path) -> Repo:
    """Download, repack, sign and publish :data:`NAMES` with all they need; one to two minutes.

    Packages that rpmbuild refuses are left out with a word on stderr. The secret key is
    forgotten; the public one is the repository's ``RPM-GPG-KEY``.
    """
    debs, work = folder / "debs", folder / "work"
    for made in (debs, work):
        made.mkdir(parents=True, exist_ok=True)
    wanted = debian.closure(NAMES)
    present = {path.name.partition("_")[0] for path in debs.glob("*.deb")}
    missing = [name for name in wanted if name not in present]
    if missing:
        subprocess.run(
            ["apt-get", "-q", "download", *missing], cwd=debs, check=True, stdout=subprocess.DEVNULL
        )
    built = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(repack, deb, work): deb for deb in sorted(debs.glob("*.deb"))}
        for job in concurrent.futures.as_completed(jobs):
            try:
                built.append(job.result())
            except (BuildError, subprocess.CalledProcessError) as error:
                print(f"left out {jobs[job].name}: {error}", file=sys.stderr)
    with Signer.create("Bench <bench@localhost>") as signer:
        signer.sign_rpms(built)
        repo = publish(folder / "repo", built, id="rootfs", compression="zstd", signer=signer)
    shutil.rmtree(work)
    return repo


def repack(path: Path, work: Path) -> Path:
    """Make an RPM of one .deb.

    :raises BuildError: rpmbuild refused.
    """
    control = subprocess.run(["dpkg-deb", "-f", path], capture_output=True, text=True, check=True).stdout
    deb = next(debian.stanzas(control))
    home = work / deb.name
    shutil.rmtree(home, ignore_errors=True)
    tree = home / "tree"
    tree.mkdir(parents=True)
    subprocess.run(["dpkg-deb", "-x", path, tree], check=True, capture_output=True)
    shutil.rmtree(tree / "usr/share/doc", ignore_errors=True)
    spec = home / "package.spec"
    spec.write_text(_spec(deb, tree))
    command = ["rpmbuild", "-bb", "--nodeps", "--target", deb.arch]
    places = {"_topdir": str(home), "_rpmdir": str(home / "out"), "_binary_payload": "w3.zstdio"}
    for name, value in {**MACROS, **places}.items():
        command += ["--define", f"{name} {value}"]
    done = subprocess.run(
        [*command, str(spec)], env=scrubbed_environment(home), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(done.stderr[-300:])
    shutil.rmtree(tree)
    return next((home / "out").glob("*.rpm"))


def _spec(deb: Deb, tree: Path) -> str:
    epoch, version, release = deb.evr
    preamble = [
        f"Name: {deb.name}",
        f"Epoch: {epoch}",
        f"Version: {version}",
        f"Release: {release}",
        f"Summary: {deb.summary}",
        "License: see package",
        "AutoReqProv: no",
        *(["BuildArch: noarch"] if deb.arch == "noarch" else []),
        *(f"Requires: {debian.rich(clause)}" for clause in deb.relations("Pre-Depends", "Depends")),
        *(f"Provides: {debian.rich(clause)}" for clause in deb.relations("Provides")),
    ]
    description = deb.fields.get("Description", deb.name).replace("%", "%%")
    sections = [
        *("%description", description),
        *("%install", f"cp -a '{tree}/.' '%{{buildroot}}/'"),
        *("%files", "%defattr(-, root, root, -)", *_file_lines(tree)),
    ]
    return "\n".join(preamble).replace("%", "%%") + "\n" + "\n".join(sections) + "\n"


def _file_lines(tree: Path) -> Iterator[str]:
    """Every file and link, and folders that hold nothing; other folders are shared by many packages."""
    for folder, folders, files in os.walk(tree):
        inside = folder.removeprefix(str(tree))
        if inside and not files and not folders:
            yield f'%dir "{inside}"'
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in sorted(files + links):
            path = f"{inside}/{name}".replace("%", "%%")
            regular = not os.path.islink(os.path.join(folder, name))
            config = "%config(noreplace) " if path.startswith("/etc/") and regular else ""
            yield f'{config}"{path}"'
