"""What may be chosen: excludes, locks, protection, priorities, weak and rich dependencies (commands 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.alter.conftest import tables
from tests.support.rpms import Rpm
from tests.support.sample import KERNELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cli import Root, Tdnf
    from tests.support.repos import Repo

WARNING = "Warning: The following packages are excluded from tdnf.conf:"


def entry(root: Root, folder: str, *lines: str) -> None:
    """Write a file of locks.d, protected.d or minversions.d."""
    path = root.conf.parent / folder / "test.conf"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


# weak, rich and file dependencies


def test_recommended_packages_come_along_where_they_can(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(
        Rpm("app", recommends=("extra", "missing", "broken"), suggests=("hint",)),
        Rpm("extra"),
        Rpm("hint"),
        Rpm("broken", requires=("nobody-has-this",)),
        Rpm("addon", supplements=("app",)),
        Rpm("fan", enhances=("app",)),
    )
    tdnf("install", "-y", "app").ok()
    assert root.installed == ["addon-1.0-1.noarch", "app-1.0-1.noarch", "extra-1.0-1.noarch"]
    tdnf("remove", "-y", "extra").ok()
    assert "app-1.0-1.noarch" in root.installed


def test_rich_dependencies_are_understood(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(
        Rpm("either", requires=("(one or two)",)),
        Rpm("both", requires=("(one and two)",)),
        Rpm("when", requires=("(lang-de if base)",)),
        Rpm("one"),
        Rpm("two"),
        Rpm("base"),
        Rpm("lang-de"),
    )
    tdnf("install", "-y", "when").ok()
    assert root.installed == ["when-1.0-1.noarch"]
    tdnf("install", "-y", "base").ok()
    assert "lang-de-1.0-1.noarch" in root.installed
    tdnf("install", "-y", "two").ok()
    tdnf("install", "-y", "either").ok()
    assert "one-1.0-1.noarch" not in root.installed
    tdnf("install", "-y", "both").ok()
    assert "one-1.0-1.noarch" in root.installed


def test_a_file_that_only_the_file_lists_know_can_be_required(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(
        Rpm("user", requires=("/usr/share/deep/data", "/usr/bin/shallow")),
        Rpm("deep", files={"/usr/share/deep/data": "x\n"}),
        Rpm("shallow", files={"/usr/bin/shallow": "x\n"}),
        Rpm("nofile", requires=("/usr/share/no/such",)),
    )
    tdnf("install", "-y", "user").ok()
    assert root.installed == ["deep-1.0-1.noarch", "shallow-1.0-1.noarch", "user-1.0-1.noarch"]
    done = tdnf("install", "-y", "nofile").failed(1301)
    assert "nothing provides /usr/share/no/such needed by nofile-1.0-1.noarch" in done.stderr
    tdnf("remove", "-y", "deep").ok()
    assert "user-1.0-1.noarch" not in root.installed


def test_an_update_may_need_a_file_that_only_the_file_lists_know(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    deep = Rpm("deep", files={"/usr/share/deep/data": "x\n"})
    offer(Rpm("user", "1-1"), Rpm("user", "2-1", requires=("/usr/share/deep/data",)), deep)
    tdnf("install", "-y", "user=1").ok()
    tdnf("update", "-y").ok()
    assert root.installed == ["deep-1.0-1.noarch", "user-2-1.noarch"]


# install-only packages


def test_several_kernels_may_come_and_come_back_at_once(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    root.configure(installonlypkgs="kernel", installonly_limit=3)
    both = [f"kernel-{n}.0-1.noarch" for n in (1, 2)]
    tdnf("install", "-y", "kernel-1.0-1", "kernel-2.0-1").ok()
    assert root.installed == both
    tdnf("remove", "-y", "kernel").ok()
    tdnf("history", "undo", "-y", "3").ok()
    assert root.installed == both


def test_kernels_live_side_by_side_up_to_the_limit(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    root.configure(installonlypkgs="kernel", installonly_limit=3)
    tdnf("install", "-y", "kernel=1.0").ok()
    for version in ("2.0", "3.0"):
        done = tdnf("install", "-y", f"kernel={version}").ok()
        assert tables(done) == {"Installing": [f"kernel {version}-1 sample"]}
    done = tdnf("install", "-y", "kernel").ok()
    assert tables(done) == {"Installing": ["kernel 4.0-1 sample"], "Removing": ["kernel 1.0-1 @System"]}
    assert root.installed == [f"kernel-{n}.0-1.noarch" for n in (2, 3, 4)]
    assert not root.file("/boot/kernel-1").exists()
    assert "Nothing to do." in tdnf("install", "-y", "kernel").ok().stderr
    tdnf("remove", "-y", "kernel-3.0-1").ok()
    assert root.installed == ["kernel-2.0-1.noarch", "kernel-4.0-1.noarch"]
    tdnf("remove", "-y", "kernel").ok()
    assert root.installed == []


def test_an_update_of_everything_at_the_limit_installs_the_newest(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    root.configure(installonlypkgs="kernel", installonly_limit=2)
    offer(*KERNELS)
    tdnf("install", "-y", "kernel=1.0").ok()
    tdnf("install", "-y", "kernel=3.0").ok()
    done = tdnf("update", "-y").ok()
    assert tables(done) == {"Installing": ["kernel 4.0-1 test"], "Removing": ["kernel 1.0-1 @System"]}
    assert root.installed == ["kernel-3.0-1.noarch", "kernel-4.0-1.noarch"]


def test_the_earliest_instance_goes_whatever_its_version(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    root.configure(installonlypkgs="kernel", installonly_limit=2)
    offer(*KERNELS)
    tdnf("install", "-y", "kernel=3.0").ok()
    tdnf("install", "-y", "kernel=1.0").ok()
    done = tdnf("install", "-y", "kernel=4.0").ok()
    assert tables(done)["Removing"] == ["kernel 3.0-1 @System"]
    assert root.installed == ["kernel-1.0-1.noarch", "kernel-4.0-1.noarch"]


# excludes, minimum versions, locks, protection


def test_excluded_packages_are_not_chosen(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    assert "Nothing to do." in tdnf("install", "-y", "--exclude=tool", "tool").ok().stderr
    done = tdnf("install", "-y", "--exclude", "li*,tool", "app").failed(1301)
    assert "package lib-2.0-1.noarch is disabled" in done.stderr
    tdnf("install", "-y", "--exclude=nothing:extras", "app").ok()
    assert root.installed == ["app-2.0-1.noarch", "lib-2.0-1.noarch"]
    assert "Nothing to do." in tdnf("remove", "-y", "--exclude=app", "app").ok().stderr
    tdnf("remove", "-y", "--exclude=app", "lib").failed(1301)
    assert root.installed == ["app-2.0-1.noarch", "lib-2.0-1.noarch"]


def test_an_excluded_installed_package_is_not_updated(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "app=1.0", "lib=1.0").ok()
    done = tdnf("update", "-y", "--exclude=app").ok()
    assert tables(done) == {"Upgrading": ["lib 2.0-1 sample"]}


def test_excludes_of_the_configuration_are_announced_and_can_be_disabled(
    tdnf: Tdnf, root: Root, sample: Repo
) -> None:
    root.configure(excludepkgs="tool ext*")
    done = tdnf("install", "-y", "tool", "lib").ok()
    assert done.lines[done.lines.index(WARNING) :][:3] == [WARNING, "  tool", "  ext*"]
    assert root.installed == ["lib-2.0-1.noarch"]
    done = tdnf("install", "-y", "--disableexcludes", "tool").ok()
    assert WARNING not in done.stdout
    still = tdnf("install", "-y", "--disableexcludes", "--exclude=extras", "extras").ok()
    assert "Nothing to do." in still.stderr


def test_minimum_versions_hide_what_is_below(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "lib=1.0").ok()
    entry(root, "minversions.d", "lib=1.5")
    tdnf("update", "-y", "lib").ok()
    assert root.installed == ["lib-2.0-1.noarch"]
    done = tdnf("downgrade", "-y", "lib").failed(1301)
    assert "lib-1.0-1.noarch is disabled" in done.stderr
    root.configure(minversions="other=1, app=3.0")
    assert "Nothing to do." in tdnf("install", "-y", "app").ok().stderr
    assert root.installed == ["lib-2.0-1.noarch"]


def test_locked_packages_stay_as_they_are(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "app=1.0", "lib=1.0", "extras").ok()
    entry(root, "locks.d", "lib", "tool")
    for arguments in (("update", "lib"), ("remove", "lib")):
        done = tdnf(*arguments, "-y").failed(1301)
        assert "conflicting requests" in done.stderr
    tdnf("update", "-y").ok()
    assert "lib-1.0-1.noarch" in root.installed
    tdnf("install", "-y", "tool").ok()
    entry(root, "locks.d", "app")
    tdnf("remove", "-y", "lib").failed(1301)
    assert "lib-1.0-1.noarch" in root.installed


def test_protected_packages_are_not_removed(tdnf: Tdnf, root: Root, sample: Repo) -> None:
    tdnf("install", "-y", "app=1.0", "lib=1.0", "oldname=1.0", "clash-a").ok()
    before = root.installed
    entry(root, "protected.d", "lib", "oldname", "app", "clash-a")
    done = tdnf("remove", "-y", "lib").failed(1030)
    assert done.stderr.splitlines()[0] == "package lib is protected"
    done = tdnf("install", "-y", "newname").failed(1030)
    assert "package oldname would be obsoleted but it is protected" in done.stderr
    done = tdnf("install", "-y", "--allowerasing", "clash-b").failed()
    assert done.error in (1030, 1301)
    assert root.installed == before
    tdnf("update", "-y", "app").ok()
    assert "app-2.0-1.noarch" in root.installed


def test_a_protected_package_does_not_go_with_what_it_needs(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo]
) -> None:
    offer(Rpm("shielded", requires=("base",)), Rpm("base", requires=("ground",)), Rpm("ground"))
    tdnf("install", "-y", "shielded").ok()
    entry(root, "protected.d", "shielded")
    for arguments in (("remove", "base"), ("autoremove", "ground"), ("remove", "shielded", "base")):
        done = tdnf(*arguments, "-y").failed()
        assert done.error in (1030, 1301)
        assert "shielded" in done.stderr
    assert len(root.installed) == 3


def test_a_protected_dependency_is_never_unneeded(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(Rpm("top", requires=("part",)), Rpm("part", requires=("piece",)), Rpm("piece"))
    tdnf("install", "-y", "top").ok()
    entry(root, "protected.d", "part")
    tdnf("remove", "-y", "top").ok()
    assert root.installed == ["part-1.0-1.noarch", "piece-1.0-1.noarch"]
    assert "Nothing to do." in tdnf("autoremove", "-y").ok().stderr


COMMANDS = {
    "install": ("install", "plain"),
    "remove": ("remove", "going"),
    "reinstall": ("reinstall", "same"),
    "downgrade": ("downgrade", "thing"),
    "update": ("update", "thing"),
    "autoremove": ("autoremove", "going"),
    "swap": ("swap", "going", "plain"),
    "undo": ("history", "undo", "3"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_protected_package_moves_only_when_it_is_asked_for(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], words: tuple[str, ...]
) -> None:
    root.configure(installonlypkgs="kernel")
    entry(root, "protected.d", "shield", "kernel")
    first = [Rpm(name, "1-1") for name in ("shield", "kernel", "going", "same", "plain")]
    offer(*first, *(Rpm("thing", f"{n}-1") for n in (1, 2, 3)), id="first")
    tdnf("install", "-y", "shield", "kernel", "going", "same", "thing=1").ok()
    tdnf("update", "-y", "thing=2").ok()
    offer(Rpm("shield", "2-1"), Rpm("kernel", "2-1"), id="later")
    tdnf(*words, "-y").ok()
    assert {"shield-1-1.noarch", "kernel-1-1.noarch"} < set(root.installed)
    assert not {"shield-2-1.noarch", "kernel-2-1.noarch"} & set(root.installed)
    tdnf("update", "-y", "shield").ok()
    assert "shield-2-1.noarch" in root.installed


# several repositories


def test_a_better_priority_hides_higher_versions(tdnf: Tdnf, root: Root, offer: Callable[..., Repo]) -> None:
    offer(Rpm("thing", "1-1"), id="good", keys={"priority": 10})
    offer(Rpm("thing", "2-1"), Rpm("other"), id="rest")
    tdnf("install", "-y", "thing", "other").ok()
    assert root.installed == ["other-1.0-1.noarch", "thing-1-1.noarch"]
    assert "Nothing to do." in tdnf("update", "-y").ok().stderr
    tdnf("install", "-y", "thing=2").ok()
    assert "thing-2-1.noarch" in root.installed


def test_repositories_are_chosen_on_the_command_line(
    tdnf: Tdnf, root: Root, offer: Callable[..., Repo], published: Callable[..., Repo]
) -> None:
    offer(Rpm("thing", "1-1"), id="on")
    offer(Rpm("thing", "2-1"), id="off", keys={"enabled": False})
    tdnf("install", "-y", "thing").ok()
    assert root.installed == ["thing-1-1.noarch"]
    tdnf("update", "-y", "--enablerepo=off").ok()
    assert root.installed == ["thing-2-1.noarch"]
    tdnf("downgrade", "-y", "--repo=on", "thing").ok()
    extra = published("extra", Rpm("thing", "3-1"))
    done = tdnf("update", "-y", f"--repofrompath=extra,{extra.path}").failed(1510)
    assert "thing-3-1.noarch.rpm" in done.stderr
    tdnf("update", "-y", "--nogpgcheck", f"--repofrompath=extra,{extra.path}").ok()
    assert root.installed == ["thing-3-1.noarch"]


def test_a_repository_that_is_not_there_stops_or_is_skipped(
    tdnf: Tdnf, root: Root, sample: Repo, untouched: Callable[[], None]
) -> None:
    gone = "[gone]\nname=Gone\nenabled=1\ngpgcheck=0\nbaseurl=file:///nonexistent/repo\n"
    root.add_repo(gone)
    done = tdnf("install", "-y", "tool").failed()
    assert "Error: Failed to synchronize cache for repo 'Gone'" in done.stderr
    untouched()
    root.add_repo(gone + "skip_if_unavailable=1\n")
    done = tdnf("install", "-y", "tool").ok()
    assert "Disabling Repo: 'Gone'" in done.lines
    assert root.installed == ["tool-1:1.5-2.noarch"]


@pytest.mark.parametrize("option", ["--skipconflicts", "--skip-broken"])
def test_conflicts_can_be_passed_over(tdnf: Tdnf, root: Root, sample: Repo, option: str) -> None:
    done = tdnf("install", "-y", option, "clash-a", "clash-b")
    assert done.error != 1301, str(done)
    assert len(root.installed) <= 1
