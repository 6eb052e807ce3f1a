from __future__ import annotations

import os
import resource
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from pkgman.model.errors import NotTrusted, TransactionFailed
from pkgman.model.transaction import Action
from pkgman.transaction.librpm.run import Options
from tests.support import needs
from tests.support.rpms import File, Rpm, host_program

if TYPE_CHECKING:
    from tests.unit.transaction.conftest import World

APP = Rpm("app", "1.0-1", files={"/usr/share/app/data": "one\n"})
APP2 = Rpm("app", "2.0-1", files={"/usr/share/app/data": "two\n"})


def test_an_installed_package_is_seen_by_rpm_and_its_files_are_there(world: World) -> None:
    outcome = world.install(APP)
    assert outcome.installed == ("app-1.0-1.noarch",)
    assert world.present() == ["app-1.0-1.noarch"]
    assert (world.root / "usr/share/app/data").read_text() == "one\n"
    assert world.words.infos == [
        "Testing transaction",
        "Running transaction",
        "Installing/Updating: app-1.0-1.noarch",
    ]


def test_an_upgrade_replaces_the_old_version(world: World) -> None:
    world.install(APP)
    world.offer(APP2)
    outcome = world.run(world.step(Action.UPGRADE, APP2, APP))
    assert (outcome.installed, outcome.removed) == (("app-2.0-1.noarch",), ("app-1.0-1.noarch",))
    assert world.present() == ["app-2.0-1.noarch"]
    assert world.words.infos[-2:] == [
        "Installing/Updating: app-2.0-1.noarch",
        "Removing: app-1.0-1.noarch",
    ]


def test_a_downgrade_replaces_the_new_version(world: World) -> None:
    world.install(APP2)
    world.offer(APP)
    world.run(world.step(Action.DOWNGRADE, APP, APP2))
    assert world.present() == ["app-1.0-1.noarch"]


def test_a_reinstall_brings_a_lost_file_back(world: World) -> None:
    world.install(APP)
    (world.root / "usr/share/app/data").unlink()
    world.run(world.step(Action.REINSTALL, APP, APP))
    assert (world.root / "usr/share/app/data").exists()
    assert world.present() == ["app-1.0-1.noarch"]


def test_an_erased_package_is_gone(world: World) -> None:
    world.install(APP)
    world.run(world.step(Action.REMOVE, APP))
    assert world.present() == []
    assert not (world.root / "usr/share/app/data").exists()
    assert world.words.infos[-1] == "Removing: app-1.0-1.noarch"


def test_an_install_leaves_another_version_of_its_name_in_place(world: World) -> None:
    kernels = [Rpm("kernel", f"{n}-1", files={f"/boot/k{n}": str(n)}) for n in (1, 2)]
    for kernel in kernels:
        world.install(kernel)
    assert world.present() == ["kernel-1-1.noarch", "kernel-2-1.noarch"]
    world.run(world.step(Action.REMOVE, kernels[0]))
    assert world.present() == ["kernel-2-1.noarch"]


def test_an_obsoleted_package_leaves_for_its_successor(world: World) -> None:
    world.install(APP)
    successor = Rpm("app-ng", "1-1", obsoletes=["app < 2"], provides=["app = 2"])
    world.offer(successor)
    outcome = world.run(world.step(Action.INSTALL, successor, APP), world.step(Action.OBSOLETE, APP))
    assert world.present() == ["app-ng-1-1.noarch"]
    assert outcome.removed == ("app-1.0-1.noarch",)


def test_a_removal_that_was_not_agreed_to_is_refused(world: World) -> None:
    world.install(APP)
    successor = Rpm("app-ng", "1-1", obsoletes=["app < 2"])
    world.offer(successor)
    with pytest.raises(TransactionFailed) as caught:
        world.run(world.step(Action.INSTALL, successor))
    assert "app-1.0-1.noarch" in caught.value.lines[0]
    assert world.present() == ["app-1.0-1.noarch"]


def test_a_package_with_a_stated_epoch_of_zero_is_erased(world: World) -> None:
    zero = Rpm("zero", "0:1-1")
    world.install(zero)
    world.run(world.step(Action.REMOVE, zero))
    assert world.present() == []


def test_a_file_conflict_is_listed_and_nothing_is_installed(world: World) -> None:
    world.install(APP)
    other = Rpm("other", files={"/usr/share/app/data": "other\n"})
    with pytest.raises(TransactionFailed) as caught:
        world.install(other)
    assert caught.value.number == 1525
    assert world.words.results == [
        "Found 1 problems",
        "file /usr/share/app/data from install of other-1.0-1.noarch conflicts with file from package "
        "app-1.0-1.noarch",
    ]
    assert world.present() == ["app-1.0-1.noarch"]
    assert (world.root / "usr/share/app/data").read_text() == "one\n"


def test_a_missing_dependency_is_listed_before_the_test_run(world: World) -> None:
    with pytest.raises(TransactionFailed) as caught:
        world.install(Rpm("needy", requires=["nothing-has-this >= 1"]))
    assert caught.value.number == 1515
    assert world.words.results == [
        "Found 1 problems",
        "nothing-has-this >= 1 is needed by needy-1.0-1.noarch",
    ]
    assert "Testing transaction" not in world.words.infos


def test_an_erased_dependency_is_refused(world: World) -> None:
    user = Rpm("user", requires=["app"])
    world.install(APP, user)
    with pytest.raises(TransactionFailed) as caught:
        world.run(world.step(Action.REMOVE, APP))
    assert caught.value.number == 1515
    assert world.present() == ["app-1.0-1.noarch", "user-1.0-1.noarch"]


def test_a_pretrans_dependency_in_the_same_transaction_is_explained(world: World) -> None:
    early = Rpm("early", requires_for={"pretrans": ["app >= 1.0"]}, scripts={"pretrans -p <lua>": "x = 1"})
    with pytest.raises(TransactionFailed) as caught:
        world.install(APP, early)
    assert caught.value.number == 1515
    assert world.words.diagnostics == [
        "Detected rpm pre-transaction dependency errors. Install app >= 1.0 first to resolve this failure."
    ]


def test_a_failing_pre_script_stops_its_package(world: World) -> None:
    bad = Rpm("badpre", files={"/usr/badpre": ""}, scripts={"pre -p <lua>": "error('no')"})
    with pytest.raises(TransactionFailed) as caught:
        world.install(bad)
    assert caught.value.number == 1525
    assert world.words.results == ["package badpre-1.0-1.noarch: script error in %prein"]
    assert world.present() == []
    assert not (world.root / "usr/badpre").exists()


def test_a_failing_post_script_is_a_warning(world: World) -> None:
    world.install(Rpm("badpost", scripts={"post -p <lua>": "error('no')"}))
    assert world.words.results == ["package badpost-1.0-1.noarch: script warning in %postin"]
    assert world.present() == ["badpost-1.0-1.noarch"]


def install_shell(world: World) -> None:
    (world.root / "var/tmp").mkdir(parents=True)  # where rpm puts scripts
    world.install(host_program("shell", os.path.realpath("/bin/sh"), links=["/bin/sh"]))


def test_every_line_of_a_script_carries_its_package(world: World) -> None:
    speaker = Rpm("speaker", scripts={"post": "echo one; echo two >&2; printf three"}, requires=["/bin/sh"])
    quiet = Rpm("quiet", scripts={"post": "echo quiet"}, requires=["/bin/sh"])
    install_shell(world)
    world.install(speaker, quiet)
    assert [line for line in world.scripts if line.startswith("speaker")] == [
        "speaker-1.0-1.noarch: one",
        "speaker-1.0-1.noarch: two",
        "speaker-1.0-1.noarch: three",
    ]
    assert "quiet-1.0-1.noarch: quiet" in world.scripts


def test_no_scripts_means_no_scripts(world: World) -> None:
    bad = Rpm("badpre", scripts={"pre -p <lua>": "error('no')"})
    world.offer(bad)
    world.run(world.step(Action.INSTALL, bad), options=Options(no_scripts=True))
    assert world.present() == ["badpre-1.0-1.noarch"]


def test_no_docs_leaves_documentation_out(world: World) -> None:
    manual = Rpm("manual", files={"/usr/share/doc/m": File("text", flag="%doc"), "/usr/share/n": "data"})
    world.offer(manual)
    world.run(world.step(Action.INSTALL, manual), options=Options(no_docs=True))
    assert not (world.root / "usr/share/doc/m").exists()
    assert (world.root / "usr/share/n").exists()


def test_test_only_changes_nothing(world: World) -> None:
    world.offer(APP)
    world.run(world.step(Action.INSTALL, APP), options=Options(test_only=True))
    assert world.present() == []
    assert world.words.infos == ["Testing transaction"]


def test_a_step_without_a_verified_file_is_refused(world: World) -> None:
    world.offer(APP)
    from pkgman.transaction.librpm.run import run

    with pytest.raises(TransactionFailed):
        run(
            world.database,
            [world.step(Action.INSTALL, APP)],
            [],
            report=world.words,
            script_output=world.scripts.append,
        )


def test_ctrl_c_waits_for_the_end_of_the_transaction_and_spares_scripts(world: World) -> None:
    install_shell(world)
    slow = Rpm(
        "slow",
        scripts={"post": "kill -INT $PPID; sh -c 'kill -INT $$; echo survived'"},
        requires=["/bin/sh"],
    )
    after = Rpm("after", requires=["slow"])
    outcome = world.install(slow, after)
    if needs.threads() == 1:  # as in tdnf; beside a worker's thread the signal may get lost
        assert outcome.signal == signal.SIGINT
    assert world.scripts == ["slow-1.0-1.noarch: survived"]
    assert world.present() == ["after-1.0-1.noarch", "shell-1.0-1.x86_64", "slow-1.0-1.noarch"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_reporter_that_fails_does_not_end_the_transaction(world: World) -> None:
    def broken(text: str) -> None:
        if text.startswith("Installing"):
            raise BrokenPipeError

    world.words.info = broken  # type: ignore[method-assign]
    with pytest.raises(BrokenPipeError):
        world.install(APP)
    assert world.present() == ["app-1.0-1.noarch"]


def test_a_file_swapped_after_verification_is_not_installed(world: World) -> None:
    good = world.signed(APP)
    verified = world.verify(APP, good)
    other = world.signed(APP2)
    os.replace(other, good)
    with pytest.raises(NotTrusted):
        verified.open()


def test_nothing_is_imported_once_the_transaction_runs(world: World) -> None:
    """The transaction may replace Python itself."""
    active = False
    imported: list[str] = []

    def watch(event: str, args: tuple[object, ...]) -> None:
        if active and event == "import":
            imported.append(str(args[0]))

    def info(text: str) -> None:
        nonlocal active
        active = active or text == "Running transaction"

    sys.addaudithook(watch)
    world.words.info = info  # type: ignore[method-assign]
    install_shell(world)
    active = False
    world.install(Rpm("speaker", scripts={"post": "echo one; exit 1"}, requires=["/bin/sh"]))
    active = False
    assert world.words.results == ["package speaker-1.0-1.noarch: script warning in %postin"]
    assert imported == []


@needs.PROC
def test_the_limit_of_open_files_is_lowered_for_scripts_and_restored(world: World) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    install_shell(world)
    limited = Rpm("limited", scripts={"post": "ulimit -n"}, requires=["/bin/sh"])
    world.offer(limited)
    wanted = len(os.listdir("/proc/self/fd")) + 100  # what is open already counts, too
    world.run(world.step(Action.INSTALL, limited), options=Options(open_max=wanted))
    assert world.scripts == [f"limited-1.0-1.noarch: {wanted}"]
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
