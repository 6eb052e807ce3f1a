"""reposync: a mirror that is exact, whatever happened on the way (commands 8, output 4.9)."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import own_run
from tests.support.otheruser import as_nobody
from tests.support.repos import Advisory, Repo, publish
from tests.support.rpms import Rpm, break_payload, copy
from tests.support.server import slow, status, truncated, wrong_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.server import Server
    from tests.support.workshop import Workshop

MANY = tuple(
    Rpm(f"many-{number:03}", f"{number % 3 + 1}-1", files={f"/usr/share/many/{number}": f"{number}\n" * 200})
    for number in range(150)
)
ONE, TWO, TWO_NEWER = Rpm("one"), Rpm("two", "1-1"), Rpm("two", "2-1")
TWO_SOURCE = Rpm("two", "2-1", source=True)
ELSEWHERE = Rpm("two", "1.5-1", arch="i686")
SMALL = (ONE, TWO, TWO_NEWER, TWO_SOURCE, ELSEWHERE)


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, links as what they point to."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rpms(folder: Path) -> list[str]:
    return sorted(name for name in content(folder) if name.endswith(".rpm"))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    folder.mkdir()
    return folder


@pytest.fixture
def small(make_repo: Callable[..., Repo], server: Server, root: Root) -> Repo:
    """A few packages over HTTP, two versions and a source package among them."""
    repo = make_repo("small", *SMALL, signed=False, advisories=(Advisory("A-1", (ONE,)),))
    root.add_repo(repo, baseurl=server.url("small"))
    return repo


def test_the_mirror_of_150_packages_survives_kills_and_is_exact(
    tdnf: Tdnf, root: Root, workshop: Workshop, server: Server, target: Path, tmp_path: Path
) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    print("seed", seed)  # shown when the test fails
    www = tmp_path / "www/many"
    repo = publish(
        www, workshop.build(*MANY, signed=False), id="many", advisories=(Advisory("A-1", MANY[:2]),)
    )
    root.add_repo(repo, baseurl=server.url("many"))
    words = ("reposync", "--download-path", target, "--download-metadata")

    server.fail("*.rpm", slow(rate=30_000))  # two or three pieces each
    partial = 0
    fetched: list[str] = []
    for number in range(8):
        server.forget()
        running = tdnf.start(*words)
        deadline = time.monotonic() + 20
        while number % 2 and not any(path.endswith(".rpm") for path in server.paths):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 0.3) if number % 2 else chance.uniform(0.3, 1.0))
        running.kill()
        running.communicate()
        for name, data in content(target / "many").items():  # under its own name a file is whole
            if name.endswith(".tmp"):
                partial += 1
            else:
                assert data == (www / name).read_bytes()
        fetched += [path for path in server.paths if path.endswith(".rpm")]
    assert partial, "no run was killed within a transfer"
    server.heal()
    server.forget()
    tdnf(*words).ok()
    assert content(target / "many") == content(www)
    fetched += [path for path in server.paths if path.endswith(".rpm")]
    assert len(fetched) <= len(MANY) + 8 * 8, "what was complete is not fetched again"

    server.forget()
    tdnf("--refresh", *words).ok()
    assert server.paths == ("/many/repodata/repomd.xml",)

    newer = Rpm("many-000", "9-1")
    shutil.rmtree(www)
    publish(www, workshop.build(*MANY[:1], *MANY[6:], newer, signed=False), id="many")
    server.forget()
    tdnf("--refresh", *words, "--delete").ok()
    assert content(target / "many") == content(www)
    assert [path for path in server.paths if path.endswith(".rpm")] == [
        f"/many/{name}" for name in rpms(www) if newer.filename in name
    ]

    tdnf("--refresh", *words, "--delete", "--newest-only").ok()
    assert set(rpms(www)) - set(rpms(target / "many")) == {
        name for name in rpms(www) if "many-000-1-1" in name
    }


def test_everything_lies_where_the_repository_has_it(tdnf: Tdnf, small: Repo, target: Path) -> None:
    done = tdnf("-q", "reposync", "--download-path", f"{target}/").ok()
    assert done.stdout == ""
    assert rpms(target / "small") == rpms(small.path)
    assert not (target / "small/repodata").exists()


def test_the_current_folder_is_the_default(tdnf: Tdnf, small: Repo, target: Path) -> None:
    tdnf("reposync", cwd=target).ok()
    assert rpms(target / "small") == rpms(small.path)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--newest-only",), [ONE, TWO_NEWER, TWO_SOURCE, ELSEWHERE]),
        (("--source",), [TWO_SOURCE]),
        (("--arch", "i686"), [ELSEWHERE]),
        (("--arch", "noarch", "--arch", "i686"), [ONE, TWO, TWO_NEWER, ELSEWHERE]),
        (("--arch", "noarch", "--newest-only"), [ONE, TWO_NEWER]),
    ],
)
def test_options_choose_the_packages(
    tdnf: Tdnf, small: Repo, target: Path, options: tuple[str, ...], names: list[Rpm]
) -> None:
    tdnf("reposync", "--download-path", target, *options).ok()
    assert {name.rpartition("/")[2] for name in rpms(target / "small")} == {rpm.filename for rpm in names}


def test_delete_removes_packages_that_are_not_part_of_the_run_and_nothing_else(
    tdnf: Tdnf, small: Repo, target: Path
) -> None:
    (target / "small/old").mkdir(parents=True)
    (target / "small/old/stale-1-1.noarch.rpm").write_bytes(b"old")
    (target / "small/one-1.0-1.noarch.rpm.0123456789ab.tmp").write_bytes(b"half")
    (target / "small/README").write_text("mine\n")
    (target / "other").mkdir()
    (target / "other/x.rpm").write_bytes(b"other")
    done = tdnf("reposync", "--download-path", target, "--delete").ok()
    assert f"deleting {target}/small/old/stale-1-1.noarch.rpm" in done.lines
    assert sorted(content(target)) == sorted(
        ["other/x.rpm", "small/README", *(f"small/{name}" for name in rpms(small.path))]
    )


def test_delete_with_urls_only_deletes_nothing(tdnf: Tdnf, small: Repo, target: Path) -> None:
    (target / "small").mkdir()
    (target / "small/mine.rpm").write_bytes(b"mine")
    tdnf("reposync", "--download-path", target, "--delete", "--urls").ok()
    assert sorted(content(target)) == ["small/mine.rpm"]


def test_nothing_is_deleted_when_the_run_fails_or_the_repository_is_skipped(
    tdnf: Tdnf, root: Root, small: Repo, server: Server, target: Path
) -> None:
    (target / "small").mkdir()
    (target / "small/mine.rpm").write_bytes(b"mine")
    server.fail("*one-1.0*", status(404))
    tdnf("reposync", "--download-path", target, "--delete").failed(1622)
    assert (target / "small/mine.rpm").exists()
    root.add_repo(small, baseurl="http://localhost:1/", skip_if_unavailable=True, retries=0)
    done = tdnf("reposync", "--download-path", target, "--delete").ok()
    assert "Disabling Repo" in done.stdout
    assert (target / "small/mine.rpm").exists()


def test_urls_are_printed_and_nothing_is_fetched(
    tdnf: Tdnf, small: Repo, server: Server, target: Path
) -> None:
    tdnf("makecache").ok()
    server.forget()
    done = tdnf("reposync", "--urls", "--download-metadata", cwd=target).ok()
    base = server.url("small")
    packages, metadata = done.lines[:5], done.lines[5:]
    assert sorted(packages) == [f"{base}/{name}" for name in rpms(small.path)]
    assert metadata[0] == f"{base}/repodata/repomd.xml"
    listed = {path.removeprefix(f"{base}/repodata/") for path in metadata}
    assert listed == {path.name for path in (small.path / "repodata").iterdir()}
    assert not server.requests
    assert not list(target.iterdir())
    assert tdnf("-j", "reposync", "--urls").ok().stdout == ""


def test_metadata_has_a_place_of_its_own(tdnf: Tdnf, small: Repo, target: Path, tmp_path: Path) -> None:
    (tmp_path / "meta").mkdir()
    words = (
        "reposync",
        "--download-path",
        target,
        "--download-metadata",
        "--metadata-path",
        tmp_path / "meta",
    )
    tdnf(*words).ok()
    assert content(tmp_path / "meta/small") == {
        name: data for name, data in content(small.path).items() if name.startswith("repodata/")
    }
    assert not (target / "small/repodata").exists()


def test_a_signature_and_parts_that_nobody_here_reads_are_mirrored_too(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], server: Server, target: Path, tmp_path: Path
) -> None:
    repo = make_repo("signed", ONE)
    root.add_repo(repo, baseurl=server.url("signed"))
    comps = tmp_path / "comps.xml"
    comps.write_text("<comps/>\n")
    subprocess.run(
        ["modifyrepo_c", "--mdtype=group", comps, repo.path / "repodata"], check=True, capture_output=True
    )
    repo.repomd.with_suffix(".xml.asc").unlink()
    root.add_repo(repo, baseurl=server.url("signed"), repo_gpgcheck=False)
    (repo.path / "repodata/repomd.xml.asc").write_text("a signature\n")
    tdnf("reposync", "--download-path", target, "--download-metadata").ok()
    mirrored = {name for name in content(target / "signed") if name.startswith("repodata/")}
    assert mirrored == {name for name in content(repo.path) if name.startswith("repodata/")}
    assert any("comps" in name for name in mirrored)


def test_new_metadata_replaces_old_files_with_delete_only(
    tdnf: Tdnf, small: Repo, workshop: Workshop, target: Path
) -> None:
    words = ("--refresh", "reposync", "--download-path", target, "--download-metadata")
    tdnf(*words).ok()
    before = set(content(target / "small"))
    shutil.rmtree(small.path)
    publish(small.path, workshop.build(*SMALL, Rpm("three"), signed=False), id="small")
    tdnf(*words).ok()
    assert before < set(content(target / "small"))
    tdnf(*words, "--delete").ok()
    assert content(target / "small") == content(small.path)


def test_the_mirror_is_a_repository_with_metadata_or_without(
    tdnf: Tdnf, root: Root, small: Repo, target: Path
) -> None:
    tdnf("reposync", "--download-path", target, "--download-metadata").ok()
    only = ("--disablerepo=small", "--nogpgcheck", "-y")
    tdnf(*only, "--repofrompath", f"mirror,{target}/small", "install", "two").ok()
    assert root.installed == ["two-2-1.noarch"]


def test_a_damaged_file_is_fetched_again(tdnf: Tdnf, small: Repo, server: Server, target: Path) -> None:
    words = ("reposync", "--download-path", target)
    tdnf(*words).ok()
    victim = next((target / "small").rglob("one-*.rpm"))
    break_payload(victim)
    server.forget()
    tdnf(*words).ok()
    assert server.paths == (f"/small/{victim.relative_to(target / 'small')}",)
    assert victim.read_bytes() == (small.path / victim.relative_to(target / "small")).read_bytes()


def test_files_that_look_untouched_are_read_on_demand(
    tdnf: Tdnf, small: Repo, server: Server, root: Root, target: Path
) -> None:
    """As after a fault of the disk: other bytes, and nothing that the file system would tell."""
    words = ("reposync", "--download-path", target)
    tdnf(*words).ok()
    victim = next((target / "small").rglob("one-*.rpm"))
    good = victim.read_bytes()
    break_payload(victim)
    (memory,) = (root.cachedir / "small").glob("reposync-*")
    found = os.stat(victim)
    lines = memory.read_text().splitlines()
    stamp = f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
    changed = [
        f"{stamp} {' '.join(line.split(' ')[4:])}" if line.endswith(victim.name) else line for line in lines
    ]
    memory.write_text("\n".join(changed) + "\n")
    tdnf("--refresh", *words).ok()
    assert victim.read_bytes() != good
    tdnf(*words, "--checksum").ok()
    assert victim.read_bytes() == good


def test_the_memory_goes_with_the_cached_packages(tdnf: Tdnf, root: Root, small: Repo, target: Path) -> None:
    tdnf("reposync", "--download-path", target).ok()
    tdnf("clean", "all").ok()
    assert not list(root.cachedir.glob("small*"))


@pytest.mark.parametrize(
    "fault", [truncated(100), wrong_bytes(b"something else"), status(500)], ids=["short", "other", "error"]
)
def test_what_is_not_right_never_gets_its_name(
    tdnf: Tdnf, root: Root, small: Repo, server: Server, target: Path, fault: object
) -> None:
    root.add_repo(small, baseurl=server.url("small"), retries=0)
    server.fail("*one-1.0*.rpm", fault)  # type: ignore[arg-type]
    done = tdnf("reposync", "--download-path", target).failed()
    assert "Error processing package: " in done.stderr
    assert not [name for name in content(target) if "one-1.0" in name]


def test_another_mirror_is_asked_when_the_first_has_it_not(
    tdnf: Tdnf, root: Root, small: Repo, server: Server, target: Path
) -> None:
    root.add_repo(small, baseurl=f"{server.url('nonesuch')} {server.url('small')}", retries=0)
    tdnf("reposync", "--download-path", target, "--download-metadata").ok()
    assert content(target / "small") == content(small.path)


def test_a_file_repository_is_copied(tdnf: Tdnf, root: Root, small: Repo, target: Path) -> None:
    root.add_repo(small)
    tdnf("reposync", "--download-path", target, "--download-metadata").ok()
    assert content(target / "small") == content(small.path)


@pytest.mark.parametrize(
    ("words", "number", "said"),
    [
        (("--source", "--arch", "x86_64"), 1622, "cannot use the source option with arch"),
        (("--norepopath", "--delete"), 1622, "cannot use the delete option with norepopath"),
        (("--download-path", "mirror"), 1622, "download-path must be an absolute path"),
    ],
)
def test_options_that_exclude_each_other(
    tdnf: Tdnf, small: Repo, words: tuple[str, ...], number: int, said: str
) -> None:
    assert tdnf("reposync", *words).failed(number).lines == [said]


def test_one_folder_for_several_repositories_is_refused(
    tdnf: Tdnf, root: Root, small: Repo, make_repo: Callable[..., Repo], target: Path
) -> None:
    root.add_repo(make_repo("second", ONE, signed=False))
    words = ("reposync", "--download-path", target, "--norepopath")
    assert tdnf(*words).failed(1622).lines == ["cannot use norepopath with multiple repos"]
    tdnf(*words, "--repo", "small").ok()
    assert rpms(target) == rpms(small.path)
    tdnf("reposync", "--download-path", target / "new", "--norepopath", "--repo", "small").ok()
    assert rpms(target / "new") == rpms(small.path)


@pytest.mark.parametrize("option", ["--download-path", "--metadata-path"])
def test_a_folder_that_is_not_there_is_not_made(tdnf: Tdnf, small: Repo, target: Path, option: str) -> None:
    missing = target / "not/there"
    words = ("reposync", "--download-metadata", option, missing)
    assert "make it first" in tdnf(*words, cwd=target).failed(1602).stderr
    assert not missing.exists()


def test_nothing_available_is_no_error(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], target: Path
) -> None:
    root.add_repo(make_repo("empty", signed=False))
    done = tdnf("reposync", "--download-path", target).ok()
    assert done.stderr == "No data available\n"


def signed_mirror(tdnf: Tdnf, target: Path, *options: str, number: int = 0) -> str:
    done = tdnf("-y", "reposync", "--download-path", target, "--gpgcheck", *options)
    return (done.failed(number) if number else done.ok()).stderr


def test_signatures_are_checked_on_demand(
    tdnf: Tdnf, root: Root, workshop: Workshop, tmp_path: Path, target: Path
) -> None:
    other = workshop.other_signer("Other <other@localhost>")
    paths = [*workshop.build(ONE), *workshop.build(TWO, signer=other)]
    good = publish(tmp_path / "good", paths[:1], id="good", signer=workshop.signer)
    mixed = publish(tmp_path / "mixed", paths, id="mixed", signer=workshop.signer)
    bare = publish(tmp_path / "bare", workshop.build(ONE, signed=False), id="bare")
    root.add_repo(good)
    signed_mirror(tdnf, target)
    assert len(rpms(target / "good")) == 1
    root.add_repo(mixed)
    said = signed_mirror(tdnf, target, "--repo", "mixed", number=1514)
    assert "not by a key of repository mixed" in said
    assert [name.rpartition("/")[2] for name in rpms(target / "mixed")] == [ONE.filename]
    root.add_repo(bare, gpgcheck=True, gpgkey=f"file://{good.key}")
    signed_mirror(tdnf, target, "--repo", "bare", number=1510)
    assert not rpms(target / "bare")
    root.add_repo(bare)  # with gpgcheck=0 nothing is checked
    signed_mirror(tdnf, target, "--repo", "bare")


def test_all_packages_are_checked_and_all_bad_ones_named(
    tdnf: Tdnf, root: Root, workshop: Workshop, tmp_path: Path, target: Path
) -> None:
    other = workshop.other_signer("Other <other@localhost>")
    bare, stranger = Rpm("bare"), Rpm("stranger")
    paths = [
        *workshop.build(bare, signed=False),
        *workshop.build(ONE, TWO),
        *workshop.build(stranger, signer=other),
    ]
    repo = publish(tmp_path / "mixed", paths, id="mixed", signer=workshop.signer)
    root.add_repo(repo)
    good = publish(tmp_path / "good", workshop.build(ONE), id="zgood", signer=workshop.signer)
    root.add_repo(good)
    said = signed_mirror(tdnf, target, number=1510)
    assert "bare-1.0-1.noarch.rpm: the package is not signed" in said
    assert "stranger-1.0-1.noarch.rpm" in said and "not by a key of repository mixed" in said
    assert "2 of 4 packages are not trusted" in said
    assert sorted(name.rpartition("/")[2] for name in rpms(target / "mixed")) == [ONE.filename, TWO.filename]
    assert len(rpms(target / "zgood")) == 1  # the next repository came all the same
    # What was there before stays: the key may be the wrong one.
    shutil.copy(paths[0], target / "mixed/Packages")
    wrong = other.write_public_key(tmp_path / "wrong")
    root.add_repo(repo, gpgkey=f"file://{wrong}")
    said = signed_mirror(tdnf, target, "--repo", "mixed", number=1510)
    assert "3 of 4 packages are not trusted" in said
    left = sorted(name.rpartition("/")[2] for name in rpms(target / "mixed"))
    assert left == sorted([bare.filename, ONE.filename, TWO.filename, stranger.filename])


@pytest.mark.parametrize("end", ["no", "kill", "yes"])
def test_no_package_has_its_name_before_it_is_trusted(
    tdnf: Tdnf, root: Root, workshop: Workshop, tmp_path: Path, target: Path, end: str
) -> None:
    root.add_repo(publish(tmp_path / "s", workshop.build(ONE, TWO), id="s", signer=workshop.signer))
    running = tdnf.start("reposync", "--download-path", target, "--gpgcheck")
    assert running.stdin and running.stdout
    said = ""
    while "Is this ok" not in said:  # whether the key may be used
        piece = running.stdout.read(1)
        assert piece, said
        said += piece
    held = list(content(target / "s"))
    assert len(held) == 2 and all(name.endswith(".tmp") for name in held)
    if end == "kill":
        running.kill()
        running.communicate()
        assert list(content(target / "s")) == held
        signed_mirror(tdnf, target)
    else:
        running.communicate("y\n" if end == "yes" else "n\n")
        assert running.returncode == (0 if end == "yes" else 1032 % 256)
    names = [name.rpartition("/")[2] for name in content(target / "s")]
    assert sorted(names) == ([] if end == "no" else sorted([ONE.filename, TWO.filename]))


def test_ctrl_c_leaves_whole_files_only(tdnf: Tdnf, small: Repo, server: Server, target: Path) -> None:
    server.fail("*two-2*.rpm", slow(rate=500))
    running = tdnf.start("reposync", "--download-path", target)
    deadline = time.monotonic() + 20
    while not any("two-2" in path for path in server.paths) and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Interrupted." in said
    assert not [name for name in content(target) if name.endswith(".tmp")]


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed")
def test_another_user_mirrors_from_a_cache_that_only_root_may_write(
    tdnf: Tdnf, root: Root, small: Repo, target: Path, tmp_path: Path
) -> None:
    tdnf("makecache").ok()
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and folder != folder.parent and folder.parent != folder.parent.parent:
            folder.chmod(folder.stat().st_mode | 0o055)
    os.chown(target, 65534, 65534)
    words = tdnf.command("reposync", "--download-path", target)
    command = as_nobody(words[len(own_run(root.run)) :])
    done = subprocess.run(command, env=tdnf.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert rpms(target / "small") == rpms(small.path)
    os.chown(target / "small/Packages", 0, 0)
    next((target / "small").rglob("one-*.rpm")).unlink()
    done = subprocess.run(command, env=tdnf.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 1613 % 256
    assert "Permission denied" in done.stderr


def test_a_hostile_location_stays_outside(
    tdnf: Tdnf, root: Root, workshop: Workshop, tmp_path: Path, target: Path
) -> None:
    paths = [copy(path, tmp_path / "in") for path in workshop.build(ONE, signed=False)]
    for location in ("../../evil.rpm", "/etc/evil.rpm", "repodata/repomd.xml", "a/%2e%2e/%2e%2e/evil.rpm"):
        folder = tmp_path / "hostile"
        shutil.rmtree(folder, ignore_errors=True)
        repo = publish(folder, paths, id="hostile")
        replace_location(repo, location)
        root.add_repo(repo)
        tdnf("clean", "all").ok()
        tdnf("reposync", "--download-path", target, "--download-metadata").failed()
        assert not [name for name in content(tmp_path) if "evil" in name]
        assert not rpms(target)


def replace_location(repo: Repo, location: str) -> None:
    """Let primary name another place for its package."""
    primary = subprocess.run(["zstd", "-dcf", repo.part("primary")], capture_output=True, check=False).stdout
    if not primary:
        import gzip

        primary = gzip.decompress(repo.part("primary").read_bytes())
    changed = repo.path.parent / "primary.xml"
    changed.write_bytes(
        primary.replace(f'href="Packages/{ONE.filename}"'.encode(), f'href="{location}"'.encode())
    )
    for command in (
        ["modifyrepo_c", "--remove", "primary", repo.path / "repodata"],
        ["modifyrepo_c", "--mdtype=primary", changed, repo.path / "repodata"],
    ):
        subprocess.run(command, check=True, capture_output=True)
