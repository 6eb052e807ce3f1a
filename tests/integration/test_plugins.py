"""Plugins: which are loaded, from where, in what order their hooks are called, and what a failure does."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.integration.pluginworld import LOGGER, Plugged, digest
from tests.support.cli import PROJECT, Root, Tdnf
from tests.support.repos import publish, repo_section
from tests.support.rpms import Rpm
from tests.support.server import status
from tests.test_startup import DENIED, modules

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.repos import Repo
    from tests.support.server import Server
    from tests.support.workshop import Workshop

ONE = Rpm("one", files={"/usr/share/one/data": "1\n"})
QUIET = "from plugins.interface import Plugin\nload = Plugin\n"


@pytest.fixture
def plugged(root: Root) -> Plugged:
    return Plugged(root)


@pytest.fixture
def repo(tmp_path: Path, workshop: Workshop, server: Server, root: Root) -> Repo:
    """An unsigned repository ``main`` over HTTP, configured, and a disabled one."""
    made = publish(tmp_path / "www/main", workshop.build(ONE, signed=False), id="main")
    root.add_repo(made, baseurl=server.url("main"), retries=0)
    root.add_repo(repo_section("off", enabled=False, baseurl=server.url("off")))
    return made


def hook(name: str, body: str, *, parameters: str = "self, *given") -> str:
    """A plugin with one hook."""
    return (
        "from pkgman.model.errors import PluginError\nfrom plugins.interface import Plugin\n"
        f"class Mine(Plugin):\n    def {name}({parameters}):\n        {body}\nload = Mine\n"
    )


# Which are loaded


@pytest.mark.parametrize(
    ("conf", "options", "loaded"),
    [
        ("enabled=1", (), "aa bb"),
        ("enabled=true", (), "aa bb"),
        ("enabled=0", (), ""),
        ("", (), ""),
        ("enabled=1", ("--noplugins",), ""),
        ("enabled=1", ("--noplugins", "--enableplugin=aa"), ""),
        ("enabled=1", ("--disableplugin=aa",), "bb"),
        ("enabled=1", ("--disableplugin=*",), ""),
        ("enabled=1", ("--disableplugin=*", "--enableplugin=b?"), "bb"),
        ("enabled=0", ("--enableplugin=[ab][ab]",), "aa bb"),
        ("enabled=0", ("--enableplugin=*", "--disableplugin=bb"), "aa"),
        ("enabled=1", ("--enableplugin=aa", "--disableplugin=*"), ""),
        ("enabled=1", ("--disableplugin=AA", "--disableplugin=nosuch"), "aa bb"),
        ("enabled=0", ("--enable-plugin", "aa"), "aa"),
    ],
)
def test_files_then_options_in_order_say_which_plugins_are_loaded(
    tdnf: Tdnf, plugged: Plugged, conf: str, options: tuple[str, ...], loaded: str
) -> None:
    for name in ("aa", "bb"):
        plugged.add(name, QUIET)
        (plugged.confs / f"{name}.conf").write_text(f"[main]\n{conf}\n")
    done = tdnf(*options, "repolist").ok()
    assert done.stdout.splitlines() == [f"Loaded plugin: {name}" for name in loaded.split()]
    assert done.stderr == ""


@pytest.mark.parametrize("settings", [{"plugins": False}, {"plugins": "0"}, {}])
def test_without_the_master_switch_nothing_is_loaded(
    tdnf: Tdnf, root: Root, plugged: Plugged, settings: dict[str, object]
) -> None:
    plugged.add("aa", "raise SystemExit")
    root.configure(pluginconfpath=plugged.confs, pluginpath=plugged.folder, **settings)
    for options in ((), ("--enableplugin=aa",), ("--setopt=plugins=1",)):
        done = tdnf(*options, "repolist").ok()
        assert done.stdout == ""
        assert done.stderr.count("\n") == done.stderr.count("is ignored") == ("--setopt=plugins=1" in options)


def test_a_plugin_without_a_configuration_file_cannot_be_enabled(tdnf: Tdnf, plugged: Plugged) -> None:
    plugged.add("aa", QUIET)
    (plugged.confs / "aa.conf").rename(plugged.confs / "aa.conf.off")
    assert tdnf("--enableplugin=*", "repolist").ok().stdout == ""


@pytest.mark.parametrize("there", [True, False])
def test_no_configuration_at_all_is_fine(tdnf: Tdnf, plugged: Plugged, there: bool) -> None:
    if not there:
        plugged.confs.rmdir()
    done = tdnf("repolist").ok()
    assert done.stdout == done.stderr == ""


def test_a_configuration_that_cannot_be_read_ends_the_command(tdnf: Tdnf, plugged: Plugged) -> None:
    # It may be the one that verifies something.
    (plugged.confs / "aa.conf").symlink_to("nowhere")
    assert "aa.conf" in tdnf("repolist").failed(1602).stderr
    tdnf("--noplugins", "repolist").ok()


def test_a_wrong_boolean_is_warned_about_and_enables_nothing(tdnf: Tdnf, plugged: Plugged) -> None:
    plugged.add("aa", QUIET)
    plugged.add("bb", QUIET)
    (plugged.confs / "aa.conf").write_text("[main]\nenabled=perhaps\nnonsense\n")
    done = tdnf("repolist").ok()
    assert done.lines[0] == "Loaded plugin: bb"
    assert "WARNING: invalid arg to strtoi: 'perhaps'" in done.lines
    assert any("aa.conf:3" in line for line in done.lines)


@pytest.mark.parametrize("command", ["repolist", "help", "list", "clean", "makecache", "history"])
def test_the_names_are_the_very_first_lines_of_every_command(
    tdnf: Tdnf, plugged: Plugged, repo: Repo, command: str
) -> None:
    plugged.add("aa", QUIET)
    plugged.root.conf.write_text(plugged.root.conf.read_text() + "nonsense\n")
    done = tdnf("-v", command, *(["all"] if command == "clean" else []))
    assert done.lines[0] == "Loaded plugin: aa", str(done)


@pytest.mark.parametrize("option", ["-q", "-j"])
def test_quiet_and_json_hide_the_names(tdnf: Tdnf, plugged: Plugged, option: str) -> None:
    plugged.add("aa", QUIET)
    assert "Loaded" not in tdnf(option, "repolist").ok().stdout


def test_the_shipped_plugins_need_no_folder_and_are_off_by_themselves(
    tdnf: Tdnf, root: Root, plugged: Plugged
) -> None:
    shutil.copytree(PROJECT / "conf/pluginconf.d", plugged.confs, dirs_exist_ok=True)
    names = ["tdnfmetalink", "tdnfrepogpgcheck"]
    for folder in (plugged.folder, "/nonexistent", ""):
        root.configure(plugins=True, pluginconfpath=plugged.confs, pluginpath=folder)
        assert tdnf("repolist").ok().lines == [f"Loaded plugin: {name}" for name in names]
    shipped = (PROJECT / "conf/tdnf.conf").read_text()
    assert not [line for line in shipped.splitlines() if line.startswith("plugin")]


def test_a_file_of_the_administrator_replaces_a_shipped_plugin(
    tdnf: Tdnf, plugged: Plugged, repo: Repo
) -> None:
    log = plugged.root.scratch / "log"
    plugged.add("tdnfmetalink", LOGGER, log=log)
    tdnf("repolist").ok()
    assert log.read_text().startswith("init\n")


# Loading that fails


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (None, "No such file"),
        ("def load(:\n", "SyntaxError"),
        ("\0", "null bytes"),
        ("import nosuchmodule\n", "ModuleNotFoundError"),
        ("1 / 0\n", "ZeroDivisionError"),
        ("x = 1\n", "no function 'load'"),
        ("load = 3\n", "no function 'load'"),
        ("def load(host): return 3\n", "gives no plugins.interface.Plugin"),
        ("def load(host): return host.nosuch\n", "AttributeError"),
        ("def load(): return 3\n", "TypeError"),
        ("raise SystemExit(3)\n", "SystemExit"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_skipped_and_the_command_goes_on(
    tdnf: Tdnf, plugged: Plugged, repo: Repo, source: str | None, reason: str
) -> None:
    path = plugged.add("aa", source or "")
    if source is None:
        path.unlink()
    plugged.add("bb", QUIET)
    done = tdnf("list", "one").ok()
    first, second = done.stderr.splitlines()
    assert first == f"Error loading plugin: {path}"
    assert second.startswith("Error: 1519 dlerror: ") and reason in second
    assert done.lines[0] == "Loaded plugin: bb"
    assert "one.noarch" in done.stdout


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_can_write_is_not_run(tdnf: Tdnf, plugged: Plugged, mode: int) -> None:
    path = plugged.add("aa", "open('/nonexistent/ran')")
    path.chmod(mode)
    done = tdnf("repolist").ok()
    assert "can be written by others" in done.stderr and "/nonexistent/ran" not in done.stderr


@pytest.mark.parametrize(("above", "mode"), [(0, 0o777), (0, 0o1777), (0, 0o775), (1, 0o777)])
def test_a_folder_in_which_others_can_write_gives_no_plugin(
    tdnf: Tdnf, root: Root, plugged: Plugged, above: int, mode: int
) -> None:
    nested = plugged.folder / "deep"
    nested.mkdir()
    plugged.add("aa", QUIET).rename(nested / "aa.py")
    root.configure(plugins=True, pluginconfpath=plugged.confs, pluginpath=nested)
    assert tdnf("repolist").ok().lines == ["Loaded plugin: aa"]
    (nested if above == 0 else plugged.folder).chmod(mode)
    done = tdnf("repolist").ok()
    assert done.stdout == "" and "can be written by others" in done.stderr
    plugged.folder.chmod(0o755)


def test_a_folder_may_lie_in_a_sticky_one(tdnf: Tdnf, root: Root, plugged: Plugged) -> None:
    nested = plugged.folder / "deep"
    nested.mkdir()
    plugged.add("aa", QUIET).rename(nested / "aa.py")
    plugged.folder.chmod(0o1777)
    root.configure(plugins=True, pluginconfpath=plugged.confs, pluginpath=nested)
    assert tdnf("repolist").ok().lines == ["Loaded plugin: aa"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_belongs_to_somebody_else_is_not_run(tdnf: Tdnf, plugged: Plugged, which: str) -> None:
    path = plugged.add("aa", QUIET)
    os.chown(path if which == "file" else plugged.folder, 1234, -1)
    done = tdnf("repolist").ok()
    assert done.stdout == "" and "belongs to neither root nor you" in done.stderr


def test_a_link_is_judged_by_where_it_leads(tdnf: Tdnf, plugged: Plugged) -> None:
    path = plugged.add("aa", QUIET)
    target = plugged.root.scratch / "elsewhere/real.py"
    target.parent.mkdir()
    path.rename(target)
    path.symlink_to(target)
    assert tdnf("repolist").ok().lines == ["Loaded plugin: aa"]
    target.parent.chmod(0o777)
    assert "can be written by others" in tdnf("repolist").ok().stderr


@pytest.mark.parametrize("folder", [".", "tdnf-plugins", ""])
def test_nothing_is_loaded_from_the_working_folder(
    tdnf: Tdnf, root: Root, plugged: Plugged, folder: str
) -> None:
    plugged.add("aa", QUIET)
    root.configure(plugins=True, pluginconfpath=plugged.confs, pluginpath=folder)
    for place in (root.scratch, plugged.folder):
        done = tdnf("repolist", cwd=place).ok()
        assert done.stdout == "" and "must be an absolute path" in done.stderr
    root.configure(plugins=True, pluginconfpath="pluginconf.d", pluginpath=plugged.folder)
    assert tdnf("repolist", cwd=root.scratch).ok().stdout == ""


def test_neither_the_working_folder_nor_the_plugins_own_is_imported_from(
    tdnf: Tdnf, plugged: Plugged
) -> None:
    plugged.add("aa", "import helper\n" + QUIET)
    for place in (plugged.folder, plugged.root.scratch):
        (place / "helper.py").write_text("")
    assert "No module named 'helper'" in tdnf("repolist", cwd=plugged.root.scratch).ok().stderr


def test_no_compiled_copy_is_written_or_used(tdnf: Tdnf, plugged: Plugged) -> None:
    plugged.add("aa", QUIET)
    tdnf("repolist", env={"PYTHONDONTWRITEBYTECODE": ""}).ok()
    assert [path.name for path in plugged.folder.iterdir()] == ["aa.py"]


# Events


def test_events_come_in_tdnfs_order(tdnf: Tdnf, plugged: Plugged, repo: Repo) -> None:
    log = plugged.add_logger()
    sections = [
        "section start main main.repo Repository main",
        "section end main",
        "section start off off.repo Repository off",
        "section end off",
    ]

    def events(*words: str) -> list[str]:
        log.unlink(missing_ok=True)
        tdnf(*words).ok()
        return log.read_text().splitlines()

    fetched = ["metadata start main lookup", "metadata end main <?xml"]
    assert events("help") == ["init"]
    assert events("repolist") == ["init", *sections]
    assert events("makecache") == ["init", *sections, *fetched]
    assert events("list", "one") == ["init", *sections, "metadata start main cache"]
    assert events("-C", "list", "one") == ["init", *sections, "metadata start main cache"]
    assert events("--refresh", "list", "one") == ["init", *sections, *fetched]
    assert events("--disablerepo=*", "list", "installed") == ["init", *sections]


def test_repositories_of_the_command_line_have_no_section_events(
    tdnf: Tdnf, plugged: Plugged, repo: Repo
) -> None:
    for path in plugged.root.repodir.iterdir():
        path.unlink()
    log = plugged.add_logger()
    tdnf(f"--repofrompath=here,{repo.path}", "list", "one").ok()
    assert log.read_text().splitlines() == [
        "init",
        "metadata start here lookup",
        "metadata end here <?xml",
    ]


def test_several_plugins_are_called_by_name(tdnf: Tdnf, plugged: Plugged) -> None:
    log = plugged.root.scratch / "log"
    for name in ("zz", "aa", "mm"):
        source = hook("initialise", f"open({str(log)!r}, 'a').write('{name} ')")
        plugged.add(name, source)
    assert tdnf("repolist").ok().lines == [f"Loaded plugin: {name}" for name in ("aa", "mm", "zz")]
    assert log.read_text() == "aa mm zz "


def test_a_section_can_be_changed_before_it_is_read(
    tdnf: Tdnf, plugged: Plugged, repo: Repo, server: Server
) -> None:
    root = plugged.root
    root.add_repo(repo_section("main", baseurl="http://localhost:1/$basearch", enabled=False, gpgcheck=False))
    (root.scratch / "vars").mkdir()
    (root.scratch / "vars/place").write_text("main\n")
    root.configure(
        plugins=True,
        pluginconfpath=plugged.confs,
        pluginpath=plugged.folder,
        varsdir=root.scratch / "vars",
    )
    change = (
        f"section.values.update(baseurl={server.url('$place')!r}, enabled='1') if section.id == 'main' else 0"
    )
    plugged.add("aa", hook("repo_section_start", change, parameters="self, section"))
    plugged.add("bb", hook("repo_section_end", "section.values.clear()", parameters="self, section"))
    assert "one.noarch" in tdnf("list", "one").ok().stdout


def test_base_urls_of_a_plugin_replace_the_configured_ones_for_every_file(
    tdnf: Tdnf, plugged: Plugged, repo: Repo, server: Server
) -> None:
    plugged.root.add_repo(repo_section("main", baseurl="http://localhost:1/gone", gpgcheck=False, retries=0))
    urls = [server.url("none"), server.url("main")]
    plugged.add("aa", hook("metadata_start", "return ['http://localhost:1']"))
    plugged.add("bb", hook("metadata_start", f"return {urls}"))
    plugged.add("cc", hook("metadata_start", "return None"))
    tdnf("install", "-y", "one").ok()
    assert plugged.root.installed == ["one-1.0-1.noarch"]
    assert tdnf("repoquery", "--location", "one").ok().lines[-1].startswith(server.url("none/Packages/one"))


def test_an_empty_list_of_urls_is_no_place(tdnf: Tdnf, plugged: Plugged, repo: Repo) -> None:
    plugged.add("aa", hook("metadata_start", "return []"))
    done = tdnf("list", "one").failed(2500)
    assert done.stderr.splitlines()[0] == "Error: Cannot find a valid base URL for repo: Repository main"


# Hooks that fail

FAILURES = [
    ("raise PluginError('not today', number=1004)", "Plugin error: not today", 1004),
    ("raise PluginError('not today', number=2004, before=['first'])", "first", 2004),
    ("raise OSError(28, 'disk full')", "Plugin error: aa: [Errno 28] disk full", 1628),
    ("raise KeyError('x')", "Plugin error: aa: KeyError: 'x'", 1518),
    ("raise SystemExit(0)", "Plugin error: aa: SystemExit: 0", 1518),
]


@pytest.mark.parametrize(
    ("name", "body", "line", "number"),
    [
        *(("initialise", *failure) for failure in FAILURES),
        ("repo_section_start", *FAILURES[0]),
        ("repo_section_end", *FAILURES[1]),
    ],
)
def test_a_failure_at_the_start_ends_the_command(
    tdnf: Tdnf, plugged: Plugged, repo: Repo, name: str, body: str, line: str, number: int
) -> None:
    plugged.add("aa", hook(name, body))
    done = tdnf("repolist").failed(number)
    lines = done.stderr.splitlines()
    assert lines[0] == line
    assert lines[-3].startswith("Plugin error: ") and lines[-2] == ""
    assert "repository" not in done.stdout


@pytest.mark.parametrize(
    ("name", "body", "line", "number"),
    [
        *(("metadata_end", *failure) for failure in FAILURES),
        ("metadata_start", *FAILURES[0]),
        ("checks_signature", *FAILURES[1]),
    ],
)
def test_a_failure_with_metadata_is_the_repositorys_error(
    tdnf: Tdnf, plugged: Plugged, repo: Repo, name: str, body: str, line: str, number: int
) -> None:
    plugged.root.add_repo(repo, baseurl=repo.url, repo_gpgcheck=name == "checks_signature")
    plugged.add("aa", hook(name, body))
    lines = tdnf("list", "one").failed(number).stderr.splitlines()
    assert lines[0] == line
    assert lines[-5].startswith("Plugin error: ")
    assert lines[-4] == ""
    assert lines[-3] == lines[-1] and lines[-1].startswith(f"Error({number}) : ")
    assert lines[-2] == "Error: Failed to synchronize cache for repo 'Repository main'"
    assert not list(plugged.root.cachedir.rglob("repomd.xml")) + list(plugged.root.cachedir.rglob("tmp"))


@pytest.mark.parametrize("name", ["metadata_start", "metadata_end"])
def test_a_repository_that_a_plugin_refuses_may_be_skipped(
    tdnf: Tdnf, plugged: Plugged, repo: Repo, name: str
) -> None:
    plugged.root.add_repo(repo, baseurl=repo.url, skip_if_unavailable=True)
    plugged.add("aa", hook(name, "raise PluginError('no')"))
    done = tdnf("makecache").ok()
    assert "Disabling Repo: 'Repository main'" in done.lines
    assert done.stderr.startswith("Plugin error: no\n\nError(1518) : Unknown error\n")


def test_a_refused_repomd_leaves_the_cached_metadata_as_it_was(
    tdnf: Tdnf, plugged: Plugged, repo: Repo
) -> None:
    tdnf("makecache").ok()
    plugged.add("aa", hook("metadata_end", "raise PluginError('no')"))
    repo.repomd.write_text(repo.repomd.read_text() + "\n")
    tdnf("makecache").failed(1518)
    assert "one.noarch" in tdnf("list", "one").ok().stdout


def test_another_mirror_is_tried_when_a_plugin_refuses_what_one_has(
    tdnf: Tdnf, plugged: Plugged, repo: Repo, server: Server
) -> None:
    bad, good = server.url("./main"), server.url("main")
    plugged.root.add_repo(repo, baseurl=f"{bad} {good}")
    plugged.add(
        "aa",
        hook(
            "metadata_end",
            f"if event.base_url == {bad!r}: raise PluginError('bad')",
            parameters="self, event",
        ),
    )
    done = tdnf("list", "one").ok()
    assert done.stderr == "Plugin error: bad\n\n"


@pytest.mark.parametrize("urls", ["'http://a'", "['gopher://a']", "[3]", "3"])
def test_what_is_no_list_of_urls_is_refused(tdnf: Tdnf, plugged: Plugged, repo: Repo, urls: str) -> None:
    plugged.add("aa", hook("metadata_start", f"return {urls}"))
    assert tdnf("list").failed().stderr.startswith("Plugin error: aa: ")


@pytest.mark.parametrize(
    "change", ["section.values['enabled'] = 1", "section.values = {}", "section.values[1] = ''"]
)
def test_what_is_no_section_is_refused(tdnf: Tdnf, plugged: Plugged, repo: Repo, change: str) -> None:
    plugged.add("aa", hook("repo_section_start", change, parameters="self, section"))
    assert tdnf("list").failed(1518).stderr.startswith("Plugin error: aa: ")


def test_verbose_shows_where_a_plugin_failed(tdnf: Tdnf, plugged: Plugged) -> None:
    path = plugged.add("aa", hook("initialise", "1 / 0"))
    assert f'File "{path}", line' in tdnf("-v", "repolist").failed(1518).stderr
    assert "Traceback" not in tdnf("repolist").failed(1518).stderr


def test_a_failure_is_json_where_json_is_wanted(tdnf: Tdnf, plugged: Plugged) -> None:
    plugged.add("aa", hook("initialise", "raise PluginError('no', number=1004)"))
    done = tdnf("-j", "repolist")
    assert (done.status, done.json["Error"]) == (1004 % 256, 1004)
    assert done.stderr == "Plugin error: no\n\n"


# What the host does

KEEPER = """
from plugins.interface import Plugin

class Keeper(Plugin):
    def metadata_start(self, event):
        data = self.host.cached(event.repo, "note")
        if data is None or event.lookup:
            data = self.host.fetch(event.repo, self.host.settings["url"], limit=5)
            self.host.keep(event.repo, "note", data)
        self.host.info(f"note {data.decode()}")
        self.host.diagnostic("seen")

load = Keeper
"""


def test_a_plugin_fetches_and_keeps_a_file_with_the_metadata(
    tdnf: Tdnf, plugged: Plugged, repo: Repo, server: Server
) -> None:
    (server.folder / "note").write_text("a")
    plugged.add("aa", KEEPER, url=server.url("note"))
    assert "note a" in tdnf("makecache").ok().lines
    (server.folder / "note").write_text("b")
    done = tdnf("list", "one").ok()
    assert "note a" in done.lines and done.stderr == "seen\n"
    assert "note b" in tdnf("makecache").ok().lines
    server.fail("/note", status(404))
    assert "note b" in tdnf("list", "one").ok().lines
    assert "note" not in tdnf("-q", "list", "one").ok().stdout
    tdnf("clean", "metadata").ok()
    tdnf("list", "one").failed(1622)


def test_a_fetch_has_a_ceiling(tdnf: Tdnf, plugged: Plugged, repo: Repo, server: Server) -> None:
    (server.folder / "note").write_text("123456")
    plugged.add("aa", KEEPER, url=server.url("note"))
    assert "more than 5 bytes" in tdnf("makecache").failed(1264).stderr


@pytest.mark.parametrize("name", ["repomd.xml", "../x", "", "a b", "a/b"])
def test_a_kept_file_cannot_be_another_one(tdnf: Tdnf, plugged: Plugged, repo: Repo, name: str) -> None:
    plugged.add(
        "aa", hook("metadata_start", f"self.host.keep(event.repo, {name!r}, b'')", parameters="self, event")
    )
    assert "no name for a kept file" in tdnf("makecache").failed(1518).stderr


# What it costs


def test_plugins_that_are_off_import_nothing(plugged: Plugged, repo: Repo, tdnf: Tdnf) -> None:
    plugged.add("aa", QUIET)
    plugged.root.configure()
    tdnf("makecache").ok()
    for words in (("list", "one"), ("repolist",), ("install", "one", "--assumeno")):
        loaded = modules(plugged.root, *words)
        assert not [name for name in loaded if "plugin" in name or name == "pkgman.model.hooks"]


def test_a_warm_run_with_the_shipped_plugins_imports_nothing_heavy(
    plugged: Plugged, repo: Repo, tdnf: Tdnf, server: Server
) -> None:
    plugged.enable("tdnfmetalink", "tdnfrepogpgcheck")
    tdnf("makecache").ok()
    server.forget()
    loaded = modules(plugged.root, "repoquery", "one")  # which needs no rpm database
    assert "plugins.tdnfmetalink" in loaded and "plugins.gnupg" not in loaded
    assert sorted(set(DENIED) & loaded) == []
    assert server.paths == ()


# docs/plugins.md


def test_the_pages_first_plugin_works(plugged: Plugged, repo: Repo, tdnf: Tdnf) -> None:
    page = (PROJECT / "docs/plugins.md").read_text()
    (source,) = (code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "Telling" in code)
    plugged.add("telling", source)
    assert "looking main up" in tdnf("makecache").ok().lines
    assert "looking" not in tdnf("list", "one").ok().stdout


@pytest.fixture
def pinned(plugged: Plugged, repo: Repo) -> Plugged:
    """The page's example, the very file, with the right pin."""
    shutil.copy(PROJECT / "docs/examples/pinned.py", plugged.folder)
    (plugged.folder / "pinned.py").chmod(0o644)
    plugged.enable("pinned", main=digest(repo.repomd)[1].upper())
    return plugged


def test_the_example_accepts_what_is_pinned(pinned: Plugged, tdnf: Tdnf) -> None:
    for words in (("makecache",), ("list", "one"), ("-C", "list", "one")):
        done = tdnf(*words).ok()
        assert done.lines[0] == "Loaded plugin: pinned"
        assert "pinned: 'main' is the pinned one" in done.lines
    tdnf("clean", "all").ok()
    tdnf("-C", "list", "one").failed(1034)


def test_the_example_refuses_other_metadata_fetched_or_cached(
    pinned: Plugged, repo: Repo, tdnf: Tdnf
) -> None:
    tdnf("makecache").ok()
    repo.repomd.write_text(repo.repomd.read_text() + "\n")
    lines = tdnf("makecache").failed(2501).stderr.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["pinned", "found"]
    assert lines[2:4] == ["Plugin error: pinned: repomd.xml of 'main' is not the pinned one", ""]
    tdnf("list", "one").ok()
    pinned.enable("pinned", main=digest(repo.repomd)[1])
    for words in (("list", "one"), ("-C", "list", "one")):
        tdnf(*words).failed(2501)
    tdnf("--refresh", "list", "one").ok()


def test_the_example_leaves_repositories_without_a_pin_alone(pinned: Plugged, tdnf: Tdnf) -> None:
    pinned.enable("pinned", other="0" * 64)
    assert "pinned one" not in tdnf("makecache").ok().stdout


def test_the_example_refuses_a_pin_that_is_none(pinned: Plugged, tdnf: Tdnf) -> None:
    pinned.enable("pinned", main="f00")
    assert "no SHA-256 in hexadecimal: f00" in tdnf("repolist").failed(1518).stderr
