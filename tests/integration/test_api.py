"""The Python API and tdnf's module (tdnf contract, plugins 5; docs/api.md)."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import container, needs, sample
from tests.support.cli import LAUNCHER, PROJECT, TIMEOUT, Result, own_lock, own_run
from tests.support.repos import publish, repo_section
from tests.support.rpms import Rpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cli import Root, Tdnf
    from tests.support.container import Container
    from tests.support.repos import Repo
    from tests.support.server import Server
    from tests.support.workshop import Workshop

SHELL = Rpm("shell", provides=("/bin/sh",), files={"/opt/shell": "1\n"})
NGINX = Rpm("nginx", requires=("shell",), files={"/opt/nginx/data": "1\n"}, scripts={"post": "echo started"})
NGINX_2 = Rpm("nginx", "2.0-1", requires=("shell",), files={"/opt/nginx/data": "2\n"})
LOUD = Rpm("loud", scripts={"post -p <lua>": 'print("from lua")'})
IN_CONTAINER = f"PYTHONPATH={LAUNCHER} {sys.executable} -X dev -W error"
EXAMPLES = re.findall(r"```python\n(.*?)```", (PROJECT / "docs/api.md").read_text(), re.DOTALL)

needs_container = pytest.mark.skipif(
    not container.allowed(), reason="namespaces with mounts are not allowed here"
)


@pytest.fixture(scope="module")
def published(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    paths = workshop.build(SHELL, NGINX, LOUD, signed=False)
    return publish(tmp_path_factory.mktemp("published") / "test", paths, id="test")


@pytest.fixture
def box(tmp_path: Path, published: Repo) -> Container:
    """A container with a repository in place, and one that is switched off."""
    made = container.Container(tmp_path)
    shutil.copytree(published.path, made.path / "srv/test")
    made.add_repo(repo_section("test", name="Test repo", baseurl="file:///srv/test", gpgcheck=0, enabled=1))
    made.add_repo(repo_section("off", name="Off", metalink="https://localhost/m", enabled=0), "off")
    return made


def python(box: Container, code: str, **options: Any) -> Result:
    """Run a script in the container."""
    box.write("opt/script.py", textwrap.dedent(code))
    return box(f"{IN_CONTAINER} /opt/script.py", **options)


@pytest.fixture
def client(root: Root) -> Callable[[str], Result]:
    """Run code that finds ``Client`` and its arguments for the root, ``kw``, in an interpreter of its own."""

    def run(code: str, *, env: dict[str, str] | None = None) -> Result:
        kw = {"config": str(root.conf), "installroot": str(root.path), "options": ["--releasever=1"]}
        script = f"{own_lock()}\nimport json\nfrom tdnf.api import *\nkw = {kw!r}\n{textwrap.dedent(code)}"
        words = [*own_run(root.run), sys.executable, "-X", "dev", "-W", "error", "-c", script]
        environment = root.environment() | {"PYTHONPATH": str(LAUNCHER)} | (env or {})
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        return Result(("python", script), done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def signed(repo: Repo, root: Root, server: Server) -> Repo:
    """The sample distribution over HTTP, signed, its key not yet known."""
    root.add_repo(repo, baseurl=server.url("sample"))
    return repo


# Our own API


def test_a_plan_is_a_value_and_executing_it_is_the_agreement(
    signed: Repo, client: Callable[..., Result], root: Root, tdnf: Tdnf
) -> None:
    done = client("""
        with Client(confirm=lambda question: True, **kw) as client:
            plan = client.plan_install("app=1.0")
            assert not client.packages(scope="installed")
            client.execute(plan)
            names = [package.nevra for package in client.packages(scope="installed")]
            later = [package.nevra for package in client.packages(scope="upgrades")]
            about = [(hit.advisory.id, hit.installed) for hit in client.advisories()]
            client.execute(client.plan_update())
            print(json.dumps([
                [(s.action.value, s.package.name, s.reason.value) for s in plan.steps], names, later, about,
                [package.evr for package in client.packages("app", scope="installed")],
                [entry.command for entry in client.history()],
                client.info("app", scope="installed")[0].info.summary,
                [found.name for found in client.search("application")],
            ]))
    """).ok()
    steps, names, later, about, now, history, summary, found = done.json
    assert sorted(steps) == [
        ["Install", "app", "user"],
        ["Install", "extras", "weak"],
        ["Install", "lib", "dependency"],
    ]
    assert names == ["app-1.0-1.noarch", "extras-1.0-1.noarch", "lib-2.0-1.noarch"]
    assert (later, now) == (["app-2.0-1.noarch"], ["2.0-1"])
    assert ["TEST-2024-2", "app"] in about
    assert (history, summary, set(found)) == (["(set)", None, None], "An application", {"app"})
    assert done.stderr == ""
    assert root.installed == ["app-2.0-1.noarch", "extras-1.0-1.noarch", "lib-2.0-1.noarch"]
    assert "(none)" in tdnf("history", "list").ok().stdout


def test_nothing_is_printed_and_the_process_is_left_as_it_was(
    signed: Repo, client: Callable[..., Result], root: Root
) -> None:
    root.configure(gpgcheck="perhaps", nonsense="1")  # which the command line warns of
    done = client("""
        import gc, os, signal, sys
        gc.disable()
        os.umask(0o077)
        seen = lambda number, frame: None
        handlers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
        for number in handlers:
            signal.signal(number, seen)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        with Client(confirm=lambda question: True, command="my program", **kw) as client:
            client.execute(client.plan_install("scripted" if client.packages("scripted") else "app"))
            client.execute(client.plan_erase("lib"))
        assert not gc.isenabled()
        assert os.umask(0o077) == 0o077
        assert all(signal.getsignal(number) is seen for number in handlers)
        assert signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN
    """).ok()
    assert (done.stdout, done.stderr) == ("", "")
    assert oct((root.cachedir / "sample-").parent.stat().st_mode & 0o777) == "0o755"  # for everybody to read
    with sqlite3.connect(root.history) as database:
        commands = [row[0] for row in database.execute("SELECT cmdline FROM transactions ORDER BY Id")]
    assert commands == ["(set)", "my program", "my program"]


def test_words_and_progress_go_to_the_callers_callbacks(signed: Repo, client: Callable[..., Result]) -> None:
    done = client("""
        words, amounts, questions = [], {}, []
        class Report:
            def info(self, text): words.append(text)
            result = diagnostic = info
        class Task:
            def __init__(self, label): self.label = label
            def advance(self, amount): amounts[self.label] = amounts.get(self.label, 0) + amount
            def end(self): pass
        class Progress:
            def begin(self, label, *, total, unit="bytes"): return Task(label)
        def agree(question):
            questions.append(question)
            return True
        with Client(report=Report(), progress=Progress(), confirm=agree, **kw) as client:
            client.execute(client.plan_install("tool"))
        print(json.dumps([words, amounts, questions]))
    """).ok()
    words, amounts, questions = done.json
    assert words[0] == "Refreshing metadata for: 'Repository sample'"
    assert words[-2].startswith("Installing/Updating: tool-")
    assert words[-1].endswith(": tool says hello")
    assert amounts["tool"] > 1000
    assert len(questions) == 1
    assert questions[0].startswith("importing key from ") and "Fingerprint: " in questions[0]


def test_no_key_is_trusted_unless_somebody_says_so(
    signed: Repo, client: Callable[..., Result], root: Root
) -> None:
    done = client("""
        with Client(**kw) as client:
            try:
                client.execute(client.plan_install("app"))
            except PkgmanError as error:
                print(error.number)
    """).ok()
    assert done.stdout == "1032\n"
    assert root.installed == []


def test_failures_are_exceptions_with_tdnfs_number_and_what_happened(
    signed: Repo, client: Callable[..., Result]
) -> None:
    done = client("""
        def number(call, *arguments, **options):
            try:
                call(*arguments, **options)
            except PkgmanError as error:
                return error.number, " ".join(error.lines)
        with Client(confirm=lambda question: True, **kw) as client:
            found = [number(client.plan_install, "nosuch"), number(client.plan_install)]
            found.append(number(client.plan_erase, ""))
            plan = client.plan_install("tool")
            client.execute(plan)
            found.append(number(client.execute, plan))
            found.append(number(client.execute, client.plan_install("tool")))
            found.append(number(Client(**kw).__enter__))
            other = client
        found.append(number(other.packages))
        found.append(number(Client, options=["--no-such-option"]))
        found.append(number(Client, options=["install"]))
        found.append(number(Client, installroot="relative"))
        found.append(number(Client(config="/nonexistent").__enter__().repositories))
        print(json.dumps(found))
    """).ok()
    found = done.json
    assert [number for number, _ in found] == [1011, 1001, 1622, 1622, 905, 1622, 1622, 908, 902, 1622, 1602]
    assert "nosuch" in found[0][1] and "plan again" in found[3][1] and "leave it first" in found[5][1]


def test_an_exception_of_a_callback_ends_the_call_and_the_transaction(
    signed: Repo, client: Callable[..., Result], root: Root
) -> None:
    done = client("""
        class Report:
            def info(self, text):
                if text.startswith("Installing/Updating: "):
                    raise LookupError("enough")
            result = diagnostic = info
        with Client(report=Report(), confirm=lambda question: True, **kw) as client:
            plan = client.plan_install("tool")
            try:
                client.execute(plan)
            except LookupError as error:
                print(error)
            print(len(client.packages(scope="installed")))  # and it goes on
    """).ok()
    assert done.lines[0] == "enough"
    assert done.lines[1] == str(len(root.installed))


ERRORS = {
    "OSError": "OSError(5, 'mine')",
    "a class of the caller's": "Mine('mine')",
    "KeyboardInterrupt": "KeyboardInterrupt('mine')",
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("where", ["info", "begin", "advance", "confirm"])
def test_what_a_callback_raises_keeps_its_class_and_text(
    signed: Repo, client: Callable[..., Result], where: str, error: str
) -> None:
    done = client(f"""
        class Mine(BlockingIOError):
            pass
        raised = {ERRORS[error]}
        def at(place):
            if place == {where!r}:
                raise raised
        class Calls:
            def info(self, text): at("info")
            def result(self, text): pass
            diagnostic = result
            def begin(self, label, *, total, unit="bytes"):
                at("begin")
                return self
            def advance(self, amount): at("advance")
            def end(self): pass
        def confirm(question):
            at("confirm")
            return True
        try:
            with Client(report=Calls(), progress=Calls(), confirm=confirm, **kw) as client:
                client.execute(client.plan_install("tool"))
        except BaseException as error:
            assert error is raised, repr(error)
            print(repr(error))
    """)
    assert "mine" in done.ok().stdout


def test_errors_keep_class_text_and_number_in_copies_and_other_processes(
    signed: Repo, client: Callable[..., Result]
) -> None:
    client("""
        import copy, pickle, tdnf
        from tdnf._tdnf import Failure
        from pkgman.model import errors
        made = [kind("what", number=1234) for kind in vars(errors).values()
                if isinstance(kind, type) and issubclass(kind, PkgmanError) and kind is not errors.Incomplete]
        made += [errors.Incomplete(1, 2, number=1207), errors.system_error(OSError(28, "full", "/x"))]
        made += [errors.UsageError("a", stdout=("b",)), Failure(1011, "No", ("line",))]
        for error in made:
            for again in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
                assert type(again) is type(error)
                assert (str(again), vars(again)) == (str(error), vars(error))
        assert len(made) > 20
    """).ok()


def test_marks_are_right_after_there_was_nothing_to_do(signed: Repo, client: Callable[..., Result]) -> None:
    done = client("""
        with Client(confirm=lambda question: True, **kw) as client:
            client.execute(client.plan_install("app"))
            spare = lambda: [step.package.name for step in client.plan_erase("app").steps]
            before = spare()
            plan = client.plan_install("lib")
            assert not plan.steps
            try:
                client.execute(plan)
            except NothingToDo:
                pass
            after = spare()
        with Client(confirm=lambda question: True, **kw) as client:
            print(json.dumps([before, after, spare()]))
    """)
    before, after, other = done.ok().json
    assert "lib" in before
    assert "lib" not in after
    assert sorted(after) == sorted(other)


@needs.PROC
def test_clients_follow_one_another_with_other_roots_and_give_memory_back(
    signed: Repo, client: Callable[..., Result], root: Root
) -> None:
    done = client("""
        import os
        def pages():
            with open("/proc/self/statm") as stream:
                return int(stream.read().split()[1])
        sizes = []
        for round in range(90):
            other = dict(kw, installroot=kw["installroot"] + ("-b" if round % 2 else ""))
            with Client(**other) as client:
                client.packages()
                client.plan_install("app"), client.plan_distro_sync(), client.search("a"), client.info("app")
                client.advisories()
            sizes.append(pages())
        print(sizes[-1] - sizes[29], len(os.listdir("/proc/self/fd")))
    """).ok()
    grown, descriptors = map(int, done.stdout.split())
    assert grown < 256, "pages, in 60 rounds; each pool that stays costs at least 30"
    assert descriptors < 12


def test_a_search_gives_each_name_once(signed: Repo, client: Callable[..., Result]) -> None:
    done = client("""
        with Client(**kw) as client:
            print(json.dumps([list(hit)[0] for hit in client.search("app")]))
    """).ok()
    assert done.json.count("app") == 1


def test_settings_and_options_count_as_on_the_command_line(
    signed: Repo, client: Callable[..., Result], root: Root, tmp_path: Path
) -> None:
    root.configure(excludepkgs="extras")
    (tmp_path / "files").mkdir()
    done = client(f"""
        words = []
        class Report:
            def info(self, text): words.append(text)
            result = diagnostic = info
        kw["options"] += ["--downloadonly", "--downloaddir={tmp_path}/files", "--nogpgcheck"]
        with Client(report=Report(), **kw) as client:
            plan = client.plan_install("app=2.0")
            client.execute(plan)
            assert not client.packages(scope="installed")
        print(json.dumps([words, [step.package.name for step in plan.steps]]))
    """).ok()
    words, names = done.json
    assert words[1:3] == ["Warning: The following packages are excluded from tdnf.conf:", "  extras"]
    assert sorted(names) == ["app", "lib"]
    assert sorted(os.listdir(tmp_path / "files")) == ["app-2.0-1.noarch.rpm", "lib-2.0-1.noarch.rpm"]


def test_who_keeps_exceptions_keeps_nothing_of_the_solver(
    signed: Repo, client: Callable[..., Result]
) -> None:
    done = client(
        """
        import gc
        kept = []
        for round in range(3):
            with Client(**kw) as client:
                for specs in (["broken"], ["clash-a", "clash-b"], ["nosuch"]):
                    try:
                        client.plan_install(*specs)
                    except PkgmanError as error:
                        kept.append(error)
        names = [type(thing).__name__ for thing in gc.get_objects()]
        print(len(kept), names.count("Solver") + names.count("Problem"))
        kept.clear()
        """,
        env={"MALLOC_PERTURB_": "165"},
    ).ok()
    assert done.stdout == "9 0\n"


def test_threads_take_turns(signed: Repo, client: Callable[..., Result]) -> None:
    done = client("""
        import threading, time
        events, failures = [], []
        def work(name):
            try:
                with Client(**kw) as client:
                    events.append(name)
                    client.plan_install("app")
                    time.sleep(0.05)
                    events.append(name)
            except Exception as error:
                failures.append(repr(error))
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        with Client(**kw) as client:
            def stray():
                try:
                    client.packages()
                except PkgmanError as error:
                    failures.append(str(error))
            thread = threading.Thread(target=stray)
            thread.start(); thread.join()
        print(json.dumps([events, failures]))
    """).ok()
    events, failures = done.json
    assert events[::2] == events[1::2] and sorted(events[::2]) == [0, 1, 2, 3]
    assert len(failures) == 1 and "in the thread that entered it" in failures[0]


def test_rpm_files_are_planned_and_installed(
    client: Callable[..., Result], root: Root, workshop: Workshop
) -> None:
    (path,) = workshop.build(sample.TOOL, signed=False)
    done = client(f"""
        kw["options"].append("--nogpgcheck")
        with Client(confirm=lambda question: True, **kw) as client:
            plan = client.plan_install({str(path)!r})
            print(plan.steps[0].package.repo)
            client.execute(plan)
    """).ok()
    assert done.stdout == "@cmdline\n"
    assert [name.split("-")[0] for name in root.installed] == ["tool"]


def test_macros_of_one_client_are_not_the_next_ones(signed: Repo, client: Callable[..., Result]) -> None:
    done = client("""
        import rpm
        with Client(**{**kw, "options": [*kw["options"], "--rpmdefine=_some_macro 7"]}) as client:
            client.packages(scope="installed")
            client.execute(client.plan_install("nosuch")) if False else None
            client._session.rpmdb
            assert rpm.expandMacro("%{_some_macro}") == "7"
        assert rpm.expandMacro("%{_some_macro}") == "%{_some_macro}"
    """)
    done.ok()


@needs_container
@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_without_root_plans_are_made_but_not_executed(box: Container) -> None:
    done = python(
        box,
        """
        import os
        from tdnf.api import Client, NotRoot
        os.setresuid(65534, 65534, 65534)
        with Client(options=["--setopt=cachedir=/tmp/cache"]) as client:
            plan = client.plan_install("nginx")
            print(len(plan.steps))
            try:
                client.execute(plan)
            except NotRoot as error:
                print(error.number)
        """,
    ).ok()
    assert done.lines == ["2", "1601"]


# tdnf's module


@needs_container
def test_the_module_has_tdnfs_names_and_no_others(box: Container) -> None:
    done = python(
        box,
        """
        import json, sys
        import tdnf
        public = sorted(name for name in vars(tdnf) if not name.startswith("_"))
        loaded = [name for name in ("solv", "rpm", "requests", "solver") if name in sys.modules]
        filters = (tdnf.REPOLISTFILTER_ALL, tdnf.REPOLISTFILTER_ENABLED, tdnf.REPOLISTFILTER_DISABLED)
        kinds = issubclass(tdnf.error, Exception), isinstance(tdnf._tdnf.__version__, str)
        print(json.dumps([public, loaded, filters, kinds, "__version__" in vars(tdnf)]))
        """,
    ).ok()
    assert done.json == [
        ["REPOLISTFILTER_ALL", "REPOLISTFILTER_DISABLED", "REPOLISTFILTER_ENABLED",
         "distro_sync", "downgrade", "erase", "error", "install", "repolist", "update"],
        [], [0, 1, 2], [True, True], False,
    ]  # fmt: skip


@needs_container
def test_repolist_gives_objects_with_bytes_and_without_what_has_no_value(box: Container) -> None:
    done = python(
        box,
        """
        import tdnf
        for filter in (1, 0, 2, 7):
            print([repo.id.decode() for repo in tdnf.repolist(filter)])
        cmdline, off, test = sorted(tdnf.repolist(filter=tdnf.REPOLISTFILTER_ALL), key=lambda repo: repo.id)
        print(test.name, test.baseurl, type(test.enabled), test.enabled, hasattr(test, "metalink"))
        print(off.metalink, off.enabled, hasattr(off, "baseurl"), hasattr(cmdline, "baseurl"))
        print(test)
        try:
            cmdline.baseurl
        except AttributeError:
            print("none")
        """,
    ).ok()
    assert done.lines == [
        "['test']",
        "['@cmdline', 'off', 'test']",
        "['@cmdline', 'off']",
        "['test']",
        "b'Test repo' b'file:///srv/test' <class 'int'> 1 False",
        "b'https://localhost/m' 0 False False",
        "{id: test, name: Test repo, baseurl: file:///srv/test, metalink: '', enabled: 1}",
        "none",
    ]


@needs_container
def test_alter_functions_return_0_tell_notes_and_ask_nothing(box: Container) -> None:
    done = python(
        box,
        """
        import tdnf
        names = ["nginx"]
        print(tdnf.install(names), names, flush=True)
        print(tdnf.install(pkgs=[b"nginx"], refresh=False, quiet=True), flush=True)
        print(tdnf.update(), tdnf.update(["nginx"], False, True), tdnf.downgrade(quiet=True), flush=True)
        print(tdnf.distro_sync([], False, True), flush=True)
        print(tdnf.erase(["shell"], False, True, "/etc/tdnf/tdnf.conf"), flush=True)
        print(tdnf.install(["nginx"], True), flush=True)
        """,
    ).ok()
    refreshing = "Refreshing metadata for: 'Test repo'"
    installing = [
        "Testing transaction",
        "Running transaction",
        "Installing/Updating: shell-1.0-1.noarch",
        "Installing/Updating: nginx-1.0-1.noarch",
        "nginx-1.0-1.noarch: started",
    ]
    assert done.lines == [
        refreshing, *installing, "0 ['nginx']", "0", "0 0 0", "0", "0", refreshing, *installing, "0",
    ]  # fmt: skip
    assert "(none)" in box("tdnf history list").ok().stdout


@needs_container
def test_failures_are_exceptions_with_tdnfs_text(box: Container) -> None:
    done = python(
        box,
        """
        import traceback
        import tdnf
        calls = [
            lambda: tdnf.install(["nosuch"]),
            lambda: tdnf.install(),
            lambda: tdnf.erase([]),
            lambda: tdnf.install([""]),
            lambda: tdnf.repolist(config="/nonexistent"),
            lambda: tdnf.install(["-y"]),
            lambda: tdnf.install(("nginx",)),
            lambda: tdnf.install("nginx"),
            lambda: tdnf.install(None),
            lambda: tdnf.install([1]),
            lambda: tdnf.install(["nginx"], refresh=1),
            lambda: tdnf.install(["nginx"], quiet="no"),
            lambda: tdnf.install(["nginx"], config=1),
            lambda: tdnf.repolist("all"),
        ]
        for call in calls:
            try:
                print("returned", call())
            except TypeError as error:
                print("TypeError")
            except tdnf.error as error:
                print(str(error))
                assert all(line in "".join(traceback.format_exception(error)) for line in error.lines)
        """,
    ).ok()
    assert done.lines == [
        "Refreshing metadata for: 'Test repo'",
        "Error = 1011: No matching packages",
        "Error = 1001: Package name expected but was not provided",
        "Error = 1001: Package name expected but was not provided",
        "Error = 1622: Invalid argument",
        "Error = 1602: No such file or directory",
        "Error = 1011: No matching packages",
        *["TypeError"] * 8,
    ]
    assert done.stderr == ""


@needs_container
def test_a_program_without_usable_streams_is_served_all_the_same(box: Container) -> None:
    python(
        box,
        """
        import io, sys
        import tdnf
        sys.stdout = None
        assert tdnf.install(["shell"]) == 0
        sys.stdout = words = io.StringIO()
        assert tdnf.install(["loud"]) == 0
        assert "Installing/Updating: loud" in words.getvalue() and "from lua" in words.getvalue()
        sys.stdout = open("/dev/full", "w")
        assert tdnf.erase(["loud"]) == 0
        sys.stdout = None
        """,
    )
    assert box("rpm -q loud").status == 1
    assert box("rpm -q shell").status == 0


@needs_container
@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_the_module_needs_root_to_change_and_none_to_look(box: Container) -> None:
    done = python(
        box,
        """
        import os
        os.setresuid(65534, 65534, 65534)
        import tdnf
        print(len(tdnf.repolist(0)))
        for call in (tdnf.install, tdnf.erase, tdnf.update, tdnf.downgrade, tdnf.distro_sync):
            try:
                call(["nginx"])
            except Exception as error:
                print(error)
        """,
    )
    done.ok()
    assert done.lines == ["3", *["Error = 1601: Operation not permitted. You have to be root."] * 5]


def test_a_foreign_module_of_one_of_our_names_is_named(tmp_path: Path) -> None:
    (tmp_path / "plugins.py").write_text("")
    (tmp_path / "solver.py").write_text("")

    def outcome(code: str) -> str:
        words = [sys.executable, "-c", code]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{tmp_path}:{LAUNCHER}"}
        done = subprocess.run(
            words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return done.stderr.rstrip().rpartition("\n")[2]

    assert outcome("import tdnf.api") == ""  # one that is not loaded is not in the way
    complaint = outcome("import plugins, tdnf")
    assert complaint.startswith("ImportError: tdnf has a module 'plugins' of its own, but ")
    assert f"{tmp_path}/plugins.py is loaded" in complaint


@needs_container
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_of_the_documentation_runs(box: Container, number: int) -> None:
    assert len(EXAMPLES) > 4
    done = python(box, EXAMPLES[number]).ok()
    assert done.stdout or "print" not in EXAMPLES[number]


def test_the_documentation_names_every_public_method() -> None:
    sys.path.insert(0, str(LAUNCHER))
    from pkgman.api import Client

    text = (PROJECT / "docs/api.md").read_text()
    public = [name for name in vars(Client) if not name.startswith("_")]
    assert [name for name in public if f"`{name}" not in text] == []
