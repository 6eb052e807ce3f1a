"""reposync where something is wrong: with a repository, a mirror's folder, the disk, or the user's rights."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import re
import shutil
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import Result, Root, Tdnf, own_run
from tests.support.otheruser import NOBODY, as_nobody
from tests.support.repos import REPO, Repo, publish
from tests.support.rpms import Rpm
from tests.support.server import Server, slow, status, wrong_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.workshop import Workshop

ONE, TWO, THREE = Rpm("one"), Rpm("two"), Rpm("three")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs another user, or a file system of its own")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rpms(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*.rpm")}


def relocate(repo: Repo, old: str, new: str) -> None:
    """Let primary name another place for a package."""
    primary = gzip.decompress(repo.part("primary").read_bytes())
    assert f'href="{old}"'.encode() in primary
    source = repo.path.parent / "primary.xml"
    source.write_bytes(primary.replace(f'href="{old}"'.encode(), f'href="{new}"'.encode()))
    for words in (["--remove", "primary"], ["--mdtype=primary", source]):
        subprocess.run(["modifyrepo_c", *words, repo.path / "repodata"], check=True, capture_output=True)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    folder.mkdir()
    return folder


@pytest.fixture
def pair(make_repo: Callable[..., Repo], server: Server, root: Root) -> Repo:
    repo = make_repo("pair", ONE, TWO, signed=False)
    root.add_repo(repo, baseurl=server.url("pair"), retries=0)
    return repo


# What a repository does


def test_one_package_that_cannot_be_had_does_not_stop_the_others(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], pair: Repo, server: Server, target: Path
) -> None:
    other = make_repo("zoo", THREE, ONE, signed=False)  # with the location of pair's
    root.add_repo(other, baseurl=server.url("zoo"))
    for name in ("pair", "zoo"):
        (target / name).mkdir()
        (target / name / "mine.rpm").write_bytes(b"mine")
    server.fail("/pair/*one-*", wrong_bytes(b"x"))
    words = ("reposync", "--download-path", target, "--download-metadata", "--delete")
    said = tdnf(*words).failed(1527).stderr
    assert "pair: 1 of 2 packages could not be fetched" in said
    assert "Error processing package: Packages/one-" in said
    assert rpms(target / "pair") == {TWO.filename, "mine.rpm"}
    assert not (target / "pair/repodata").exists(), "it would name what is not there"
    assert files(other.path).items() <= files(target / "zoo").items()
    assert (target / "zoo/mine.rpm").exists(), "a run that fails deletes nothing"
    server.heal()
    tdnf(*words).ok()
    assert files(target) == {
        f"{repo.id}/{name}": data for repo in (pair, other) for name, data in files(repo.path).items()
    }


def test_a_repository_without_any_of_its_files_is_given_up_soon(
    tdnf: Tdnf, root: Root, workshop: Workshop, server: Server, target: Path, tmp_path: Path
) -> None:
    many = tuple(Rpm(f"lost-{number}") for number in range(40))
    repo = publish(tmp_path / "www/lost", workshop.build(*many, signed=False), id="lost")
    root.add_repo(repo, baseurl=server.url("lost"))
    server.fail("*.rpm", status(404))
    tdnf("reposync", "--download-path", target).failed(1622)
    assert 21 <= len([path for path in server.paths if path.endswith(".rpm")]) < 35


def test_a_mirror_that_is_away_is_not_asked_for_every_package(
    tdnf: Tdnf, root: Root, workshop: Workshop, server: Server, target: Path, tmp_path: Path
) -> None:
    many = tuple(Rpm(f"lost-{number}") for number in range(40))
    repo = publish(tmp_path / "www/lost", workshop.build(*many, signed=False), id="lost")
    root.add_repo(repo, baseurl=f"http://localhost:1/x {server.url('lost')}", retries=0)
    done = tdnf("reposync", "--download-path", target).ok()
    assert rpms(target) == {rpm.filename for rpm in many}
    assert 0 < done.stderr.count("localhost:1/x/Packages") <= 8, "as often as there are transfers at once"


def test_percent_signs_are_read_as_a_server_reads_them(
    tdnf: Tdnf, pair: Repo, target: Path, tmp_path: Path
) -> None:
    plain = pair.path / "Packages" / ONE.filename
    plain.rename(plain.with_name("one+more.rpm"))
    relocate(pair, f"Packages/{ONE.filename}", "Packages/one%2Bmore.rpm")
    words = ("reposync", "--download-path", target, "--download-metadata")
    tdnf(*words).ok()
    assert files(target / "pair") == files(pair.path)
    mirror = ("--disablerepo=pair", "--repofrompath", f"mirror,{target}/pair", "--nogpgcheck")
    tdnf(*mirror, "download", "one", "--destdir", tmp_path / "out").ok()
    (got,) = files(tmp_path / "out").values()
    assert got == (pair.path / "Packages/one+more.rpm").read_bytes()


@pytest.mark.parametrize(
    "location",
    ["../out.rpm", "/out.rpm", "a/../../out.rpm", "%2e%2e/out.rpm", "..%2Fout.rpm", "%2Fout.rpm", "one.exe",
     "repodata/repomd.xml", "a%00.rpm", "one.rpm.0123456789ab.tmp"],
)  # fmt: skip
def test_a_location_that_is_none_is_refused(
    tdnf: Tdnf, pair: Repo, target: Path, tmp_path: Path, location: str
) -> None:
    relocate(pair, f"Packages/{ONE.filename}", location)
    before = files(tmp_path / "www") | files(target)
    tdnf("reposync", "--download-path", target, "--download-metadata", "--delete").failed()
    assert files(tmp_path / "www") | files(target) == before
    assert not list(tmp_path.glob("*.rpm"))
    assert not Path("/out.rpm").exists()


def test_two_packages_for_one_place_are_refused(tdnf: Tdnf, pair: Repo, target: Path) -> None:
    relocate(pair, f"Packages/{ONE.filename}", f"Packages/./{TWO.filename}")
    assert (
        "two packages would be stored as" in tdnf("reposync", "--download-path", target).failed(1617).stderr
    )
    assert not rpms(target)


def test_metadata_may_not_take_the_place_of_a_package(tdnf: Tdnf, pair: Repo, target: Path) -> None:
    """Its checksum would be right, too: both are what repomd.xml and primary say."""
    text = pair.repomd.read_text().replace(
        "</repomd>",
        f'<data type="extra"><checksum type="sha256">{hashlib.sha256(b"x").hexdigest()}</checksum>'
        f'<location href="Packages/{ONE.filename}"/></data></repomd>',
    )
    pair.repomd.write_text(text)
    words = ("reposync", "--download-path", target, "--download-metadata")
    assert "two files would be stored as" in tdnf(*words).failed(1617).stderr
    assert (target / "pair/Packages" / ONE.filename).read_bytes() == (
        pair.path / "Packages" / ONE.filename
    ).read_bytes()


def test_a_package_beside_the_metadata_is_no_old_metadata(tdnf: Tdnf, pair: Repo, target: Path) -> None:
    name = "a" * 64 + "-one.rpm"
    shutil.move(pair.path / "Packages" / ONE.filename, pair.path / "repodata" / name)
    relocate(pair, f"Packages/{ONE.filename}", f"repodata/{name}")
    words = ("reposync", "--download-path", target, "--download-metadata", "--delete")
    tdnf(*words).ok()
    assert files(target / "pair") == files(pair.path)


@pytest.mark.parametrize("place", ["beside", "apart"])
def test_only_old_metadata_is_deleted_beside_the_new(
    tdnf: Tdnf, pair: Repo, target: Path, tmp_path: Path, place: str
) -> None:
    words = ["reposync", "--download-path", target, "--download-metadata", "--delete"]
    if place == "apart":
        (tmp_path / "meta").mkdir()
        words += ["--metadata-path", tmp_path / "meta"]
    repodata = (tmp_path / "meta" if place == "apart" else target) / "pair/repodata"
    repodata.mkdir(parents=True)
    old = ("primary.xml.gz", "f" * 64 + "-filelists.sqlite.bz2", "repomd.xml.asc")
    mine = ("README", "repomd.xml.key", "comps.xml", "below")
    (repodata / "below").mkdir()
    (repodata / "below/repomd.xml").write_text("mine\n")
    for name in (*old, *mine[:-1]):
        (repodata / name).write_text("something\n")
    (repodata / "repomd.xml").write_text(
        '<repomd xmlns="http://linux.duke.edu/metadata/repo"><data type="primary">'
        f'<checksum type="md5">{"0" * 32}</checksum>'
        '<location href="repodata/primary.xml.gz"/></data></repomd>'
    )
    tdnf(*words).ok()
    assert {path.name for path in repodata.iterdir()} == {
        *mine, *(path.name for path in (pair.path / "repodata").iterdir())
    }  # fmt: skip
    assert (repodata / "below/repomd.xml").read_text() == "mine\n"


def test_mirrors_that_are_one_folder_are_refused_before_anything_is_deleted(
    tdnf: Tdnf, root: Root, pair: Repo, make_repo: Callable[..., Repo], target: Path
) -> None:
    root.add_repo(make_repo("second", Rpm("second"), signed=False))
    tdnf("reposync", "--download-path", target, "--repo", "pair").ok()
    (target / "second").symlink_to("pair")
    before = files(target / "pair")
    done = tdnf("reposync", "--download-path", target, "--delete").failed(1622)
    assert "one in the other" in done.stderr
    assert files(target / "pair") == before


@pytest.mark.parametrize("option", ["--delete", "--gpgcheck"])
def test_a_mirror_onto_the_repository_itself_is_refused(
    tdnf: Tdnf, root: Root, pair: Repo, option: str
) -> None:
    root.add_repo(pair, gpgcheck=True)
    before = files(pair.path)
    words = ("reposync", "--download-path", pair.path.parent, "--newest-only", option)
    assert "the repository pair" in tdnf(*words).failed(1622).stderr
    assert files(pair.path) == before


def test_a_signature_of_newer_metadata_is_not_taken(
    tdnf: Tdnf, pair: Repo, workshop: Workshop, target: Path
) -> None:
    tdnf("makecache").ok()
    kept = {path.name: path.read_bytes() for path in (pair.path / "repodata").iterdir()}
    publish(pair.path.parent / "new", workshop.build(Rpm("newer"), signed=False), id="new")
    shutil.copytree(pair.path.parent / "new", pair.path, dirs_exist_ok=True)
    for name, data in kept.items():
        if name != "repomd.xml":
            (pair.path / "repodata" / name).write_bytes(data)
    pair.repomd.with_name("repomd.xml.asc").write_text("of the new one\n")
    words = ("reposync", "--download-path", target, "--download-metadata")
    assert "run again with --refresh" in tdnf(*words).failed().stderr
    assert not (target / "pair/repodata/repomd.xml.asc").exists()
    tdnf("--refresh", *words).ok()
    assert (target / "pair/repodata/repomd.xml.asc").read_text() == "of the new one\n"


def test_parts_of_every_kind_are_mirrored_byte_by_byte(
    tdnf: Tdnf, pair: Repo, server: Server, target: Path, tmp_path: Path
) -> None:
    create = ["createrepo_c", "--quiet", "--database", pair.path]
    if subprocess.run([*create, "--zck"], capture_output=True, check=False).returncode:
        subprocess.run(create, check=True)  # built without zchunk
    for name, text in (("modules.yaml", "---\n"), ("comps.xml", "<comps/>\n"), ("productid", "product\n")):
        (tmp_path / name).write_text(text)
        words = ["modifyrepo_c", f"--mdtype={name.partition('.')[0]}", tmp_path / name]
        subprocess.run([*words, pair.path / "repodata"], check=True, capture_output=True)
    pair.repomd.with_name("repomd.xml.asc").write_text("a signature\n")
    words = ("--refresh", "reposync", "--download-path", target, "--download-metadata", "--delete")
    tdnf(*words).ok()
    assert files(target / "pair") == files(pair.path)
    assert {"sqlite", "modules", "productid"} <= {
        word for path in (target / "pair/repodata").iterdir() for word in re.split(r"[-.]", path.name)
    }
    server.forget()
    tdnf(*words).ok()
    assert server.paths == ("/pair/repodata/repomd.xml",)


def test_whether_there_is_a_signature_must_be_known(
    tdnf: Tdnf, pair: Repo, server: Server, target: Path
) -> None:
    words = ("--refresh", "reposync", "--download-path", target, "--download-metadata")
    signature = pair.repomd.with_name("repomd.xml.asc")
    signature.write_text("a signature\n")
    server.fail("*.asc", status(503))
    tdnf(*words).failed(1622)
    assert not (target / "pair/repodata/repomd.xml").exists()
    server.heal()
    tdnf(*words).ok()
    assert files(target / "pair") == files(pair.path)
    signature.unlink()  # with other metadata
    pair.repomd.write_text(pair.repomd.read_text() + "<!-- newer -->\n")
    tdnf(*words).ok()
    assert files(target / "pair") == files(pair.path)


def test_killed_runs_never_leave_a_repomd_without_its_parts(
    tdnf: Tdnf, pair: Repo, workshop: Workshop, server: Server, target: Path
) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    print("seed", seed)
    words = ("--refresh", "reposync", "--download-path", target, "--download-metadata", "--delete")
    for rpm in (ONE, THREE):
        shutil.rmtree(pair.path / "repodata")
        publish(pair.path, workshop.build(rpm, TWO, signed=False), id="pair")
        server.fail("*/repodata/*-*", slow(delay=0.1))
        for _ in range(4):
            running = tdnf.start(*words)
            time.sleep(chance.uniform(0.2, 0.9))
            running.kill()
            running.communicate()
            repomd = target / "pair/repodata/repomd.xml"
            if repomd.exists():
                for data in ElementTree.parse(repomd).getroot().iter(f"{REPO}data"):
                    place = data.find(f"{REPO}location")
                    checksum = data.findtext(f"{REPO}checksum")
                    assert place is not None
                    part = target / "pair" / place.attrib["href"]
                    assert hashlib.sha256(part.read_bytes()).hexdigest() == checksum
        server.heal()
        tdnf(*words).ok()
        assert files(target / "pair") == files(pair.path)
    server.forget()
    tdnf(*words).ok()
    assert server.paths == ("/pair/repodata/repomd.xml",)


def test_leftovers_go_even_of_packages_that_are_gone(tdnf: Tdnf, pair: Repo, target: Path) -> None:
    left = [target / f"pair/{name}/gone-1-1.noarch.rpm.0123456789ab.tmp" for name in ("Packages", "old")]
    mine = [target / f"pair/{name}/mine.txt.0123456789ab.tmp" for name in ("Packages", "old")]
    for path in (*left, *mine):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    tdnf("reposync", "--download-path", target).ok()
    assert [path.exists() for path in left] == [False, True], "other folders may be anybody's"
    tdnf("reposync", "--download-path", target, "--delete").ok()
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in mine)
    assert rpms(target) == {ONE.filename, TWO.filename}


# What the user does


@pytest.mark.parametrize("options", [("--arch", "typo"), ("--source",), ("--source", "--download-metadata")])
def test_a_choice_of_nothing_deletes_nothing(
    tdnf: Tdnf, pair: Repo, target: Path, options: tuple[str, ...]
) -> None:
    tdnf("reposync", "--download-path", target).ok()
    done = tdnf("reposync", "--download-path", target, "--delete", *options).ok()
    assert done.stderr == "No data available\n"
    assert rpms(target) == {ONE.filename, TWO.filename}


def test_a_repository_without_a_chosen_package_keeps_its_mirror(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], pair: Repo, target: Path
) -> None:
    root.add_repo(make_repo("arch", Rpm("four", arch="i686"), signed=False))
    tdnf("reposync", "--download-path", target).ok()
    tdnf("reposync", "--download-path", target, "--delete", "--arch", "noarch").ok()
    assert rpms(target / "arch") == {"four-1.0-1.i686.rpm"}


def test_the_metadata_of_an_empty_repository_is_mirrored(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], target: Path
) -> None:
    empty = make_repo("empty", signed=False)
    root.add_repo(empty)
    tdnf("reposync", "--download-path", target, "--download-metadata").ok()
    assert files(target / "empty") == files(empty.path)


def test_links_do_not_lead_out_of_a_mirror(tdnf: Tdnf, pair: Repo, target: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    words = ("reposync", "--download-path", target, "--download-metadata", "--delete")
    for name in ("Packages", "repodata"):
        (target / "pair").mkdir(exist_ok=True)
        (target / "pair" / name).symlink_to(outside)
        assert "leads out of the mirror" in tdnf(*words).failed(1620).stderr
        assert not list(outside.iterdir())
        (target / "pair" / name).unlink()
    victim = outside / "victim"
    victim.write_text("mine\n")
    (target / "pair/Packages").mkdir(exist_ok=True)
    (target / "pair/Packages" / ONE.filename).unlink(missing_ok=True)
    (target / "pair/Packages" / ONE.filename).symlink_to(victim)
    tdnf(*words).ok()
    assert victim.read_text() == "mine\n"
    assert not (target / "pair/Packages" / ONE.filename).is_symlink()


def test_links_inside_a_mirror_are_the_users_layout(tdnf: Tdnf, pair: Repo, target: Path) -> None:
    (target / "pair/real").mkdir(parents=True)
    (target / "pair/Packages").symlink_to("real")
    for _ in range(2):
        done = tdnf("reposync", "--download-path", target, "--delete").ok()
        assert "deleting" not in done.stdout
        assert {path.name for path in (target / "pair/real").iterdir()} == {ONE.filename, TWO.filename}


def test_a_folder_of_packages_can_be_mirrored(
    tdnf: Tdnf, workshop: Workshop, target: Path, tmp_path: Path
) -> None:
    source = tmp_path / "folder"
    source.mkdir()
    one, two = workshop.build(ONE, TWO, signed=False)
    shutil.copy(one, source)
    (source / "below").mkdir()
    shutil.copy(two, source / "below")
    words = ("--repofromdir", f"dir,{source}", "reposync", "--download-path", target)
    tdnf(*words).ok()
    assert files(target / "dir") == files(source)
    tdnf(*words, "--download-metadata").ok()
    assert files(target / "dir") == files(source), "it has no metadata"
    next((target / "dir").rglob("two-*.rpm")).write_bytes(b"damaged")
    tdnf(*words).ok()
    assert files(target / "dir") == files(source)
    urls = tdnf(*words, "--urls", "--download-metadata").ok().lines
    assert set(urls) == {
        f"file://{source}/one-1.0-1.noarch.rpm",
        f"file://{source}/below/two-1.0-1.noarch.rpm",
    }


def test_a_mirror_without_metadata_is_a_folder_of_packages(
    tdnf: Tdnf, root: Root, pair: Repo, target: Path
) -> None:
    tdnf("reposync", "--download-path", target).ok()
    words = ("--disablerepo=pair", "--repofromdir", f"mirror,{target}/pair", "--nogpgcheck", "-y")
    tdnf(*words, "install", "one").ok()
    assert root.installed == ["one-1.0-1.noarch"]


def test_cached_metadata_is_enough(tdnf: Tdnf, pair: Repo, server: Server, target: Path) -> None:
    tdnf("-C", "reposync", "--download-path", target).failed(1034)
    tdnf("makecache").ok()
    server.forget()
    tdnf("-C", "reposync", "--download-path", target).ok()
    assert rpms(target) == {ONE.filename, TWO.filename}
    assert all(path.endswith(".rpm") for path in server.paths)


def test_json_is_silent(tdnf: Tdnf, pair: Repo, target: Path) -> None:
    (target / "pair").mkdir()
    (target / "pair/old.rpm").write_bytes(b"old")
    assert tdnf("-j", "reposync", "--download-path", target, "--delete").ok().stdout == ""
    assert rpms(target) == {ONE.filename, TWO.filename}


# Disk and rights

_ON_A_SMALL_DISK = """
mount -t tmpfs -o size=64k none "$1" || exit 99
mirror=$1; shift
"$@" 2>&1; echo "status $?"
find "$mirror" -type f | sort
mount -o remount,size=8m "$mirror"
"$@" 2>&1; echo "status $?"
cd "$mirror/large" && sha256sum Packages/*.rpm
"""


@as_root
def test_a_full_disk_leaves_whole_files_and_the_next_run_goes_on(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], server: Server, target: Path
) -> None:
    content = {"/usr/share/large": random.Random(1).randbytes(200_000)}
    repo = make_repo("large", Rpm("large", files=content), ONE, signed=False)
    root.add_repo(repo, baseurl=server.url("large"))
    command = tdnf.command("reposync", "--download-path", target)
    prefix = own_run(root.run)
    if not prefix:
        pytest.skip("no mount namespaces here")
    words = [*prefix, "sh", "-c", _ON_A_SMALL_DISK, "sh", str(target), *command[len(prefix) :]]
    done = subprocess.run(words, env=tdnf.environment(), capture_output=True, text=True, check=False)
    if done.returncode == 99:
        pytest.skip("no tmpfs here")
    first, _, second = done.stdout.partition(f"status {1628 % 256}\n")
    assert "Error(1628)" in first, done.stdout + done.stderr
    assert "No space left on device" in first
    left, _, sums = second.partition("status 0\n")
    assert set(left.split()) <= {f"{target}/large/Packages/{ONE.filename}"}
    assert sorted(sums.split()[::2]) == sorted(
        hashlib.sha256(path.read_bytes()).hexdigest() for path in repo.path.rglob("*.rpm")
    )


@pytest.fixture
def open_scratch() -> Iterator[Path]:
    """A folder that everybody may look into; pytest makes its own private again whenever it starts."""
    folder = Path(tempfile.mkdtemp(prefix="pk-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def unprivileged(tdnf: Tdnf, *arguments: str | Path) -> Result:
    """A command of another user, in good order."""
    words = as_nobody(tdnf.command(*arguments)[len(own_run(tdnf.root.run)) :])
    done = subprocess.run(words, env=tdnf.environment(), capture_output=True, text=True, check=False)
    return Result(tuple(map(str, arguments)), done.returncode, done.stdout, done.stderr).ok()


@as_root
def test_another_user_mirrors_and_downloads_with_signatures_checked(
    workshop: Workshop, open_scratch: Path
) -> None:
    root = Root(open_scratch)
    repo = publish(open_scratch / "www", workshop.build(ONE, TWO), id="pair", signer=workshop.signer)
    assert repo.key
    repo.key.chmod(0o644)
    root.add_repo(repo)
    tdnf = Tdnf(root)
    tdnf("makecache").ok()
    target = open_scratch / "mirror"
    target.mkdir()
    os.chown(target, NOBODY, NOBODY)
    unprivileged(tdnf, "-y", "reposync", "--download-path", target, "--gpgcheck")
    unprivileged(tdnf, "-y", "download", "one", "--destdir", target)
    assert rpms(target / "pair") == {ONE.filename, TWO.filename}
    assert (target / ONE.filename).exists()
    assert not list(root.path.rglob("rpmdb.sqlite"))


@as_root
def test_who_may_not_write_the_cache_remembers_beside_the_mirror(
    workshop: Workshop, open_scratch: Path
) -> None:
    root = Root(open_scratch)
    repo = publish(open_scratch / "www", workshop.build(ONE, TWO, signed=False), id="pair")
    root.add_repo(repo)
    tdnf = Tdnf(root)
    tdnf("makecache").ok()
    target = open_scratch / "mirror"
    target.mkdir()
    os.chown(target, NOBODY, NOBODY)

    def run(*more: str) -> None:
        unprivileged(tdnf, "reposync", "--download-path", target, *more)

    run()
    assert rpms(target) == {ONE.filename, TWO.filename}
    memory = target / ".pair.reposync"
    victim = next(target.rglob("one-*.rpm"))
    good, before = victim.read_bytes(), os.stat(victim)
    victim.write_bytes(bytes(len(good)))
    # As if the disk had lost it without a trace: then the memory is believed.
    after = os.stat(victim)
    old, new = (f"{x.st_size} {x.st_mtime_ns} {x.st_ctime_ns} {x.st_ino}" for x in (before, after))
    text = memory.read_text()
    assert old in text
    memory.write_text(text.replace(old, new))
    run()
    assert victim.read_bytes() != good
    run("--checksum")
    assert victim.read_bytes() == good
    shutil.copystat(victim, victim)
    victim.write_bytes(bytes(len(good)))  # changed in place, size the same
    run()
    assert victim.read_bytes() == good
