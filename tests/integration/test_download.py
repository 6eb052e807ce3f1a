"""download: package files in a folder, in dnf's words."""

from __future__ import annotations

import gzip
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.repos import publish
from tests.support.rpms import Rpm
from tests.support.sample import APP_2, EXTRAS, LIB_2
from tests.support.server import status, wrong_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.world import World
    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo
    from tests.support.server import Server
    from tests.support.workshop import Workshop

MOTHER, MOTHER_SOURCE = Rpm("mother", "2:1.0-1"), Rpm("mother", "2:1.0-1", source=True)
FOREIGN = Rpm("mother", "2:1.0-1", arch="s390x")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_best_version_is_fetched_to_the_current_folder(look: Tdnf, tmp_path: Path) -> None:
    look("download", "lib", "extras", cwd=tmp_path).ok()
    assert names(tmp_path) == {LIB_2.filename, EXTRAS.filename}


@pytest.mark.parametrize("option", ["--destdir", "--downloaddir"])
def test_another_folder_can_be_named(look: Tdnf, tmp_path: Path, option: str) -> None:
    look("download", option, tmp_path, "lib=1.0").ok()
    assert names(tmp_path) == {"lib-1.0-1.noarch.rpm"}
    assert "lib package already downloaded" in look("download", option, tmp_path, "lib=1.0").ok().stdout


def test_what_is_needed_comes_on_demand(look: Tdnf, tmp_path: Path) -> None:
    look("download", "--resolve", "--disablerepo=second", "app", "--destdir", tmp_path).ok()
    assert names(tmp_path) == {APP_2.filename, LIB_2.filename, EXTRAS.filename}


def test_a_source_package_is_fetched_as_such(look: Tdnf, tmp_path: Path) -> None:
    look("download", "--source", "rich", "--destdir", tmp_path).ok()
    assert names(tmp_path) == {"rich-1.2-3.src.rpm"}


def test_urls_are_printed_instead(look: Tdnf, world: World, tmp_path: Path) -> None:
    done = look("download", "--urls", "lib", cwd=tmp_path).ok()
    assert done.lines == [world.server.url(f"main/Packages/{LIB_2.filename}")]
    assert not names(tmp_path)


def test_what_cannot_be_had_is_said(look: Tdnf, tmp_path: Path) -> None:
    look("download").failed(1001)
    look("download", "nonesuch", cwd=tmp_path).failed(1011)
    look("download", "--arch", "s390x", "lib", cwd=tmp_path).failed(1011)
    assert not names(tmp_path)


@pytest.mark.parametrize("option", ["--destdir", "--downloaddir"])
def test_the_folder_is_made_whatever_it_is_called(look: Tdnf, tmp_path: Path, option: str) -> None:
    for _ in range(2):
        look("download", "lib", option, tmp_path / "new/folder").ok()
        assert names(tmp_path / "new/folder") == {LIB_2.filename}


def test_a_pattern_stands_for_every_name_and_a_capability_for_one_package(look: Tdnf, tmp_path: Path) -> None:
    look("download", "clash-*", "virtual(lib)", cwd=tmp_path).ok()
    assert names(tmp_path) == {"clash-a-1.0-1.noarch.rpm", "clash-b-1.0-1.noarch.rpm", LIB_2.filename}


def test_the_repository_of_the_best_priority_decides(look: Tdnf, tmp_path: Path) -> None:
    look("download", "app", "second-only", cwd=tmp_path).ok()
    assert names(tmp_path) == {APP_2.filename, "second-only-1.0-1.noarch.rpm"}


def test_what_is_installed_is_fetched_all_the_same_but_not_what_it_needs(look: Tdnf, tmp_path: Path) -> None:
    """app, lib 1.0 and tool are installed."""
    look("download", "--resolve", "app=1.0", "tool", "--destdir", tmp_path).ok()
    assert names(tmp_path) == {"app-1.0-1.noarch.rpm", "tool-1.5-2.noarch.rpm"}
    look("download", "--alldeps", "app=1.0", "--destdir", tmp_path / "all").ok()
    assert {"app-1.0-1.noarch.rpm", LIB_2.filename} <= names(tmp_path / "all")


def test_two_versions_and_what_each_needs_are_fetched(tdnf: Tdnf, root: Root, workshop: Workshop) -> None:
    packages = [Rpm("a", f"{n}-1", requires=(f"dep{n}", "base"), conflicts=("rival",)) for n in (1, 2)]
    packages += [Rpm(name, "1-1") for name in ("dep1", "dep2", "base", "rival")]
    repo = publish(root.scratch / "two", workshop.build(*packages, signed=False), id="two")
    root.add_repo(repo)
    folder = root.scratch / "got"
    tdnf("download", "--resolve", "--destdir", folder, "a-1", "a-2-1.noarch").ok()
    assert names(folder) == {
        f"{name}.noarch.rpm" for name in ("a-1-1", "a-2-1", "dep1-1-1", "dep2-1-1", "base-1-1")
    }
    tdnf("download", "--resolve", "--destdir", folder, "a-1", "rival").ok()
    assert "rival-1-1.noarch.rpm" in names(folder)


def test_what_cannot_be_resolved_is_not_fetched(look: Tdnf, tmp_path: Path) -> None:
    look("download", "--resolve", "broken", cwd=tmp_path).failed(1301)
    assert not names(tmp_path)
    look("download", "broken", cwd=tmp_path).ok()
    assert names(tmp_path) == {"broken-1.0-1.noarch.rpm"}


def test_unknown_words_stop_all_unless_they_may_be_skipped(look: Tdnf, tmp_path: Path) -> None:
    said = look("download", "lib", "nonesuch", "neither", cwd=tmp_path).failed(1011).stderr
    assert "nonesuch package not found" in said
    assert "neither package not found" in said
    assert not names(tmp_path)
    assert "nonesuch" in look("download", "--skip-unavailable", "lib", "nonesuch", cwd=tmp_path).ok().stdout
    assert names(tmp_path) == {LIB_2.filename}
    assert "Nothing to do." in look("download", "--skip-broken", "nonesuch", cwd=tmp_path).ok().stderr


def test_an_excluded_package_is_not_there(look: Tdnf, tmp_path: Path) -> None:
    look("download", "lib", "--exclude", "lib", cwd=tmp_path).failed(1011)


@pytest.mark.parametrize("option", ["--source", "--srpm"])
def test_a_source_package_is_found_by_what_was_built_of_it(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], tmp_path: Path, option: str
) -> None:
    repo = make_repo("dev", MOTHER_SOURCE, MOTHER, FOREIGN, signed=False)
    # As if the source package "mother" had given a package "daughter".
    rename_in_primary(repo, "mother", "daughter")
    root.add_repo(repo)
    tdnf("download", option, "daughter", "--destdir", tmp_path / "out").ok()
    assert names(tmp_path / "out") == {MOTHER_SOURCE.filename}
    tdnf("download", option, "--resolve", "daughter").failed(1622)


def test_packages_for_other_machines_are_there_for_those_who_name_the_arch(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], tmp_path: Path
) -> None:
    root.add_repo(make_repo("dev", MOTHER, FOREIGN, signed=False))
    tdnf("download", "mother", "--destdir", tmp_path / "own").ok()
    assert names(tmp_path / "own") == {MOTHER.filename}
    tdnf("download", "mother", "--arch", "noarch,s390x", "--destdir", tmp_path / "both").ok()
    assert names(tmp_path / "both") == {MOTHER.filename, FOREIGN.filename}


def test_json_says_where_the_files_are(look: Tdnf, world: World, tmp_path: Path) -> None:
    (found,) = look("-j", "download", "lib", cwd=tmp_path).ok().json
    assert (found["Name"], found["Path"]) == ("lib", str(tmp_path / LIB_2.filename))
    (found,) = look("-j", "download", "--urls", "lib", cwd=tmp_path).ok().json
    assert found["Location"] == world.server.url(f"main/Packages/{LIB_2.filename}")
    assert look("-q", "download", "lib", cwd=tmp_path).ok().stdout == ""


def test_signatures_are_checked_and_no_key_enters_the_system(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], tmp_path: Path
) -> None:
    root.add_repo(make_repo("good", MOTHER))
    words = ("download", "mother", "--destdir", tmp_path / "out")
    tdnf("--assumeno", *words).failed(1032)
    assert not names(tmp_path / "out")
    assert "importing key from" in tdnf("-y", *words).ok().stdout
    assert names(tmp_path / "out") == {MOTHER.filename}
    assert not root.rpm("-qa").ok().lines
    root.rpm("--import", str(tmp_path / "www/good/RPM-GPG-KEY")).ok()
    tdnf("--assumeno", *words).ok()


def test_what_is_not_trusted_does_not_stay(
    tdnf: Tdnf, root: Root, workshop: Workshop, tmp_path: Path
) -> None:
    other = workshop.other_signer("Other <other@localhost>")
    key = workshop.signer.write_public_key(tmp_path / "key")
    for name, paths, number in (
        ("foreign", workshop.build(MOTHER, signer=other), 1514),
        ("bare", workshop.build(MOTHER, signed=False), 1510),
        ("keyless", workshop.build(MOTHER), 1523),
    ):
        repo = publish(tmp_path / "www" / name, paths, id=name)
        keys = {} if name == "keyless" else {"gpgkey": f"file://{key}"}
        root.add_repo(repo, gpgcheck=True, **keys)
        words = ("-y", "--repo", name, "download", "mother", "--destdir", tmp_path / name)
        tdnf(*words).failed(number)
        assert not names(tmp_path / name)
        tdnf("--nogpgcheck", *words).ok()
        assert names(tmp_path / name) == {MOTHER.filename}
        tdnf(*words).failed(number)
        assert names(tmp_path / name) == {MOTHER.filename}, "what was there before is the user's"


def test_what_was_never_judged_does_not_stay_either(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], server: Server, tmp_path: Path
) -> None:
    """Another package cannot be fetched, so signatures are not even looked at."""
    repo = make_repo("some", MOTHER, Rpm("other"))
    root.add_repo(repo, baseurl=server.url("some"), retries=0)
    server.fail("*other*.rpm", status(404))
    tdnf("-y", "download", "mother", "other", "--destdir", tmp_path / "out").failed(1622)
    assert not names(tmp_path / "out")


def test_damaged_files_do_not_get_a_name_and_are_fetched_again(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], server: Server, tmp_path: Path
) -> None:
    root.add_repo(make_repo("dev", MOTHER, signed=False), baseurl=server.url("dev"), retries=0)
    words = ("download", "mother", "--destdir", tmp_path / "out")
    server.fail("*mother*.rpm", wrong_bytes(b"something else"))
    tdnf(*words).failed(1527)
    assert not names(tmp_path / "out")
    server.heal()
    (tmp_path / "out" / MOTHER.filename).write_bytes(b"mine")
    assert f"{MOTHER.filename}) Checksum FAILED (digest mismatch): fetched again" in tdnf(*words).ok().stdout
    good = (tmp_path / "out" / MOTHER.filename).read_bytes()
    (tmp_path / "out" / MOTHER.filename).write_bytes(good[:-1])
    server.fail("*mother*.rpm", wrong_bytes(b"something else"))
    tdnf(*words).failed(1527)  # the damaged one stays until there is a better one
    assert (tmp_path / "out" / MOTHER.filename).read_bytes() == good[:-1]
    server.heal()
    tdnf(*words).ok()
    assert (tmp_path / "out" / MOTHER.filename).read_bytes() == good


def test_a_repository_cannot_choose_just_any_name_in_the_users_folder(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], server: Server, tmp_path: Path
) -> None:
    repo = make_repo("dev", MOTHER, signed=False)
    root.add_repo(repo, baseurl=server.url("dev"))
    (repo.path / "Packages" / MOTHER.filename).rename(repo.path / "Packages/.profile")
    change_primary(repo, lambda text: text.replace(f"Packages/{MOTHER.filename}", "Packages/.profile"))
    tdnf("download", "mother", "--destdir", tmp_path / "out").failed(1304)
    assert not names(tmp_path / "out")


def test_local_repositories_are_copied(
    tdnf: Tdnf, root: Root, make_repo: Callable[..., Repo], tmp_path: Path
) -> None:
    repo = make_repo("dev", MOTHER, signed=False)
    root.add_repo(repo)
    tdnf("download", "mother", "--destdir", tmp_path / "out").ok()
    copied = tmp_path / "out" / MOTHER.filename
    assert copied.read_bytes() == next(repo.path.rglob("*.rpm")).read_bytes()
    assert not copied.is_symlink()
    folder = ("--disablerepo=dev", "--repofromdir", f"folder,{repo.path}/Packages", "--nogpgcheck")
    tdnf(*folder, "download", "mother", "--destdir", tmp_path / "again").ok()
    assert names(tmp_path / "again") == {MOTHER.filename}


def rename_in_primary(repo: Repo, old: str, new: str) -> None:
    """Give the binary package another name in the metadata; the file's name and source stay."""
    mark = '<package type="rpm">'

    def change(primary: str) -> str:
        return mark.join(
            text if "<arch>src</arch>" in text else text.replace(f"<name>{old}<", f"<name>{new}<")
            for text in primary.split(mark)
        )

    change_primary(repo, change)


def change_primary(repo: Repo, change: Callable[[str], str]) -> None:
    """Publish other primary metadata for the same files."""
    source = repo.path.parent / "primary.xml"
    source.write_text(change(gzip.decompress(repo.part("primary").read_bytes()).decode()))
    for words in (
        ["--remove", "primary", repo.path / "repodata"],
        ["--mdtype=primary", source, repo.path / "repodata"],
    ):
        subprocess.run(["modifyrepo_c", *words], check=True, capture_output=True)
