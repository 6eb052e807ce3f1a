"""Every error number that can be met, through the program: text and status, and the object in JSON mode.

Those that need more than a configuration are beside what they belong to; docs/compatibility.md
names the test of each. What no run can raise is held by its text only.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pkgman import cli
from pkgman.errortexts import text_of
from pkgman.model.errors import PkgmanError
from pkgman.ui import Ui
from tests.support.cli import Root, Tdnf
from tests.support.proxy import Proxy
from tests.support.repos import publish, repo_section
from tests.support.rpms import Rpm, break_header
from tests.support.server import Server, dropped, redirect, slow, status, truncated, wrong_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.cli import Result
    from tests.support.server import Fault
    from tests.support.workshop import Workshop

ONE = Rpm("one", "1:1.0-1", files={"/usr/share/one": "1\n"})
BROKEN = Rpm("broken", requires=("nowhere",))
BAD = Rpm("bad", scripts={"pre -p <lua>": "error('no')"})
RPMS = (ONE, BROKEN, BAD)
# Words that fail wherever they are said, and the number.
WORDS: dict[str, int] = {
    "repolist nosuch": 901,
    "clean nosuch": 901,
    "repoquery one broken": 902,
    "mark nosuch one": 902,
    "clean": 903,
    "check-local": 906,
    "provides": 907,
    "nosuch": 912,
    "repoquery --provides --requires one": 917,
    "install": 1001,
    "erase": 1001,
    "reinstall": 1001,
    "install nosuch": 1011,
    "update one": 1011,
    "clean plugins": 1016,
    "install broken": 1301,
    "check": 1301,
    "--repofrompath=x,foo://x/ list": 1524,
    "-c /nonexistent/tdnf.conf list": 1602,
    "--repofrompath=x,/nonexistent list": 1602,
    "check-local /nonexistent": 1602,
    "install /nonexistent.rpm": 1602,
    "--repofrompath=x list": 1622,
    "mark": 1622,
    "repoquery --extras --installed": 1622,
    "install /etc/passwd.rpm/../hosts": 1011,
    "history": 1802,
    "history undo 2": 1802,
    "autoremove": 1802,
    "mark install one": 1802,
}
# Options that are wrong.
USAGE: dict[str, int] = {
    "list --nosuch": 908,
    "list --json=1": 908,
    "list --repo": 909,
    "list --exclude=": 909,
    "list --setopt=x": 911,
    "--downloaddir=/tmp install one": 913,
    "--alldeps install one": 915,
    "--nodeps install one": 916,
}
# Settings of a repository that cannot be used.
SECTIONS: dict[str, tuple[dict[str, object], int]] = {
    "metadata_expire": ({"baseurl": "file:///x", "metadata_expire": "5x"}, 1029),
    "scheme": ({"baseurl": "gopher://localhost/"}, 1202),
    "malformed": ({"baseurl": "http://[/"}, 1204),
    "no host": ({"baseurl": "http://no-such-host.invalid/"}, 1207),
    "closed port": ({"baseurl": "http://localhost:1/"}, 1208),
    "no file": ({"baseurl": "file:///nonexistent"}, 1238),
    "client certificate": ({"baseurl": "https://localhost:1/", "sslclientcert": "/nonexistent"}, 1259),
    "authority": ({"baseurl": "https://localhost:1/", "sslcacert": "/nonexistent"}, 1278),
    "empty name": ({"baseurl": "file:///x", "name": ""}, 1622),
    "no url": ({}, 2500),
}
# What a server answers for repomd.xml.
ANSWERS: dict[str, tuple[Fault, int]] = {
    "cut off": (truncated(100), 1219),
    "silent": (slow(delay=3), 1229),
    "a circle": (redirect("/main/repodata/repomd.xml"), 1248),
    "nothing": (dropped(), 1253),
    "garbage": (wrong_bytes(b"<repomd"), 1304),
    "empty": (wrong_bytes(b""), 1304),
    "500": (status(500), 1622),
}


class Place:
    """A root with a cached repository of :data:`RPMS` over HTTP, for tests that change no package of it."""

    def __init__(self, scratch: Path, workshop: Workshop) -> None:
        self.scratch = scratch
        self.www = scratch / "www"
        self.repo = publish(self.www / "main", workshop.build(*RPMS, signed=False), id="main")
        self.server = Server(self.www)
        self.root = Root(scratch)
        self.tdnf = Tdnf(self.root)
        self.configure()
        self.tdnf("makecache").ok()

    def configure(self, **keys: object) -> None:
        self.root.add_repo(self.repo, baseurl=self.server.url("main"), retries=0, **keys)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, workshop: Workshop) -> Iterator[Place]:
    """Shared; a test leaves its configuration as it was."""
    made = Place(tmp_path_factory.mktemp("errors"), workshop)
    yield made
    made.server.close()


@pytest.fixture
def other(place: Place, tmp_path: Path) -> Callable[..., list[str]]:
    """``other("[x]…", key=value)``: options for a configuration with that repository only."""

    def make(*sections: str, **settings: object) -> list[str]:
        folder = tmp_path / "repos.d"
        folder.mkdir(exist_ok=True)
        for number, section in enumerate(sections):
            (folder / f"{number}.repo").write_text(section)
        keys = {"repodir": folder, "cachedir": "/var/cache/other", **settings}
        conf = tmp_path / "tdnf.conf"
        conf.write_text("\n".join(["[main]", *(f"{key}={value}" for key, value in keys.items())]) + "\n")
        return ["-c", str(conf)]

    return make


def check(number: int, text: Result, document: Result | None) -> None:
    """Hold a failure against the contract: last line, status, and the object in JSON mode."""
    assert text.stderr.splitlines()[-1:] == [f"Error({number}) : {text_of(number)}"], str(text)
    assert text.status == number % 256, str(text)
    assert "Error(" not in text.stdout
    assert "Traceback" not in text.stdout + text.stderr
    if document is not None:
        last = document.stdout[document.stdout.rindex('{"Error"') :]
        assert json.loads(last) == {"Error": number, "ErrorMessage": text_of(number)}, str(document)
        assert document.status == number % 256, str(document)


def both(tdnf: Tdnf, number: int, *words: str | Path, stdin: str = "") -> Result:
    """Run in text and in JSON mode and hold both against the contract."""
    text = tdnf(*words, stdin=stdin)
    check(number, text, tdnf("-j", *words, stdin=stdin))
    return text


@pytest.mark.parametrize("words", WORDS)
def test_words_that_fail(place: Place, words: str) -> None:
    both(place.tdnf, WORDS[words], *words.split())


@pytest.mark.parametrize("words", USAGE)
def test_options_that_are_wrong_are_one_document_in_json_mode(place: Place, words: str) -> None:
    check(USAGE[words], place.tdnf(*words.split()), None)
    for line in (f"-j {words}", f"{words} --json"):
        if not line.endswith("--repo --json"):  # which is the repository's name there
            assert place.tdnf(*line.split()).failed(USAGE[words]).json["Error"] == USAGE[words]


def test_a_search_for_nothing_is_1599_and_an_empty_list_in_json(place: Place) -> None:
    for words in (["search"], ["search", "all"]):
        check(1599, place.tdnf(*words), None)
        done = place.tdnf("-j", *words).ok()
        assert (done.stdout, done.stderr) == ("[]", "")


def test_a_configuration_that_fails_is_one_document(place: Place, tmp_path: Path) -> None:
    (tmp_path / "bad.conf").write_bytes(b"\0")
    for conf, number in (("nosuch.conf", 1602), ("bad.conf", 1002), ("", 1621)):
        assert place.tdnf("-j", "-c", tmp_path / conf, "list").failed(number).json["Error"] == number


def test_a_relative_root_and_an_empty_word(place: Place) -> None:
    check(1622, place.tdnf("--installroot=x", "list"), None)
    check(1622, place.tdnf("list", ""), None)


@pytest.mark.parametrize("words", [["-y", "remove", "one"], ["update"], ["--exclude=one", "install", "one"]])
def test_nothing_to_do_is_905_and_status_0(place: Place, words: list[str]) -> None:
    done = place.tdnf(*words).ok()
    assert (done.stdout, done.stderr) == ("", "Nothing to do.\n")
    done = place.tdnf("-j", *words).ok()
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("words", [["repoquery", "nosuch"], ["provides", "nosuch"], ["updateinfo"]])
def test_no_data_is_1661_and_status_0(place: Place, words: list[str]) -> None:
    assert place.tdnf(*words).ok().stderr.endswith("No data available\n")
    assert "No data" not in place.tdnf("-j", *words).ok().stderr


def test_answers_that_stop(place: Place) -> None:
    check(1032, place.tdnf("--assumeno", "install", "one"), None)
    check(1032, place.tdnf("install", "one", stdin="n\n"), None)
    assert place.tdnf("-j", "--assumeno", "install", "one").ok().json.keys() == {"Install"}
    both(place.tdnf, 1033, "install", "one")
    assert place.root.installed == []


@pytest.mark.parametrize("name", SECTIONS)
def test_a_repository_that_cannot_be_used(place: Place, other: Callable[..., list[str]], name: str) -> None:
    keys, number = SECTIONS[name]
    both(place.tdnf, number, *other(repo_section("x", retries=0, **keys)), "list")


@pytest.mark.parametrize("name", ANSWERS)
def test_a_server_that_answers_wrongly(place: Place, name: str) -> None:
    fault, number = ANSWERS[name]
    place.configure(timeout=1)
    place.server.fail("*/repomd.xml", fault)
    try:
        done = both(place.tdnf, number, "--refresh", "list")
    finally:
        place.server.heal()
        place.configure()
    assert "Error: Failed to synchronize cache for repo 'Repository main'\n" in done.stderr


def test_tls_that_is_none(place: Place, other: Callable[..., list[str]]) -> None:
    url = place.server.url("main").replace("http:", "https:")
    both(place.tdnf, 1236, *other(repo_section("x", baseurl=url, retries=0)), "list")


def test_a_proxy_that_is_not_there(place: Place, other: Callable[..., list[str]]) -> None:
    section = repo_section("x", baseurl="http://repo.invalid/", retries=0)
    both(place.tdnf, 1206, *other(section, proxy="http://proxy.invalid:1"), "list")
    with Proxy() as proxy:
        closed = proxy.url
    both(place.tdnf, 1208, *other(section, proxy=closed), "list")


def test_a_configuration_that_is_no_text(
    place: Place, other: Callable[..., list[str]], tmp_path: Path
) -> None:
    options = other()
    (tmp_path / "tdnf.conf").write_bytes(b"[main]\n\0")
    both(place.tdnf, 1002, *options, "list")


def test_a_missing_folder_of_repositories(place: Place, other: Callable[..., list[str]]) -> None:
    both(place.tdnf, 1005, *other(repodir="/nonexistent"), "repolist")


def test_a_release_that_nobody_states(place: Place, other: Callable[..., list[str]]) -> None:
    options = other(repo_section("x", baseurl="file:///$releasever"))
    both(Tdnf(place.root, releasever=None), 1022, *options, "repolist")


def test_an_id_used_twice(place: Place, other: Callable[..., list[str]]) -> None:
    both(place.tdnf, 1037, *other(repo_section("x"), repo_section("x")), "repolist")


def test_cacheonly_without_a_cache(place: Place, tmp_path: Path) -> None:
    both(place.tdnf, 1034, "-C", "list", f"--setopt=cachedir={tmp_path}")


def test_a_script_that_fails(place: Place) -> None:
    both(place.tdnf, 1525, "-y", "install", "bad")


def test_a_protected_package(tdnf: Tdnf, root: Root, workshop: Workshop) -> None:
    root.rpm("-i", "--nosignature", str(workshop.build(ONE, signed=False)[0])).ok()
    folder = root.conf.parent / "protected.d"
    folder.mkdir()
    (folder / "x.conf").write_text("one\n")
    both(tdnf, 1030, "-y", "remove", "one")


def test_a_glob_stands_for_available_packages_only(tdnf: Tdnf, root: Root, workshop: Workshop) -> None:
    root.rpm("-i", "--nosignature", str(workshop.build(ONE, signed=False)[0])).ok()
    both(tdnf, 1011, "-y", "remove", "on*")
    tdnf("-y", "remove", "one").ok()
    assert root.installed == []


def test_a_history_that_is_no_database(tdnf: Tdnf, root: Root) -> None:
    root.history.parent.mkdir(parents=True)
    root.history.write_bytes(b"no database\n" * 1000)
    both(tdnf, 1801, "history")


def test_a_wrong_place_for_the_cache(tdnf: Tdnf, root: Root, workshop: Workshop, tmp_path: Path) -> None:
    repo = publish(tmp_path / "www/main", workshop.build(ONE, signed=False), id="main")
    root.add_repo(repo)
    (tmp_path / "file").write_text("")
    both(tdnf, 1620, "list", f"--setopt=cachedir={tmp_path}/file")


def test_an_rpm_file_that_is_none(place: Place, tmp_path: Path) -> None:
    (tmp_path / "x.rpm").write_text("no rpm\n")
    both(place.tdnf, 1622, "-y", "install", tmp_path / "x.rpm")


def test_updates_are_100_without_a_word(tdnf: Tdnf, root: Root, workshop: Workshop, tmp_path: Path) -> None:
    newer = Rpm("one", "1:2.0-1")
    root.add_repo(publish(tmp_path / "www/main", workshop.build(newer, signed=False), id="main"))
    root.rpm("-i", "--nosignature", str(workshop.build(ONE, signed=False)[0])).ok()
    root.configure(dnf_check_update_compat=True)
    for words in (["check-update"], ["-j", "check-update"]):
        done = tdnf("-q", *words)
        assert (done.status, done.stderr, "Error" in done.stdout) == (100, "", False)


class Signed:
    """A repository whose packages are signed, and a root that does not know the key yet."""

    def __init__(self, folder: Path, root: Root, workshop: Workshop) -> None:
        self.root, self.tdnf, self.workshop = root, Tdnf(root), workshop
        rpms = workshop.build(ONE)
        self.repo = publish(folder / "www/main", rpms, id="main", signer=workshop.signer, sign_metadata=False)
        self.package = self.repo.path / "Packages" / ONE.filename

    def configured(self, **keys: object) -> Tdnf:
        self.root.add_repo(self.repo, **keys)
        return self.tdnf


@pytest.fixture
def signed(tmp_path: Path, root: Root, workshop: Workshop) -> Signed:
    return Signed(tmp_path, root, workshop)


def test_keys_that_are_not_there_or_none(signed: Signed, tmp_path: Path) -> None:
    (tmp_path / "none").write_text("no key\n")
    stranger = signed.workshop.other_signer("Stranger <stranger@localhost>").write_public_key(tmp_path / "x")
    for key, number in (
        (None, 1523),
        (f"file://{tmp_path}/none", 1505),
        (f"file://{tmp_path}", 1507),
        ("/a/path", 1507),
        ("file:///nonexistent", 1602),
        (f"file://{stranger}", 1514),
        ("http://no-such-host.invalid/key", 1207),
    ):
        both(signed.configured(gpgkey=key, retries=0), number, "-y", "install", "one")
    check(1032, signed.configured()("install", "one", stdin="y\nn\n"), None)
    assert signed.root.installed == []


def test_packages_that_are_not_what_was_signed(signed: Signed, workshop: Workshop, tmp_path: Path) -> None:
    folder = signed.repo.path
    good = Path(shutil.copy(signed.package, tmp_path / "good"))
    signed.package.write_bytes(signed.package.read_bytes()[:-1])
    assert both(signed.configured(), 1528, "-y", "install", "one").stderr.count("Checksum FAILED") == 1
    shutil.copy(good, signed.package)
    break_header(signed.package)
    publish(folder, [Path(shutil.copy(signed.package, tmp_path / ONE.filename))], id="main")
    both(signed.tdnf, 1472, "-y", "--refresh", "install", "one")
    publish(folder, workshop.build(ONE, signed=False), id="main")
    both(signed.tdnf, 1510, "-y", "--refresh", "install", "one")
    assert signed.root.installed == []


def test_a_download_of_another_size(place: Place) -> None:
    place.server.fail("*/one-*.rpm", wrong_bytes(b"x" * 100))
    try:
        both(place.tdnf, 1527, "-y", "install", "one")
    finally:
        place.server.heal()


TEXTS = {
    900: "Generic base error.",
    904: "The command line parser could not continue. Expected at least one argument.",
    910: "Command line error: argument was unexpected.",
    914: "only one dependency allowed",
    999: "Unknown error",
    1000: "Generic base error",
    1003: "Error loading tdnf repo (normally under /etc/yum.repos.d/)",
    1006: "Error during repo handle execution",
    1007: "Repo during repo result getinfo",
    1008: "Unknown error",
    1009: "Unknown error",
    1010: "Unknown error",
    1013: "Packagelist was empty",
    1014: "Error creating goal",
    1015: "Invalid argument in resolve",
    1018: "autoerase / autoremove is not supported.",
    1020: "There was an error setting the proxy server.",
    1021: "There was an error setting the proxy server user and pass",
    1023: "There was an error reading version of distroverpkg",
    1024: "A memory allocation was requested with an invalid size",
    1025: "Requested string allocation size was too long.",
    1026: "Unknown error",
    1027: "Unknown error",
    1028: "Unknown error",
    1031: "Unknown error",
    1035: "a downgrade is not allowed below the minimal version. Check 'minversions' in the configuration.",
    1200: "Unknown error",
    1203: "Curl Init Failed",
    1300: "Solv base error",
    1302: "Solv client programming error",
    1303: "Solv error propagted from libsolv",
    1305: "Solv - cache write error",
    1306: "Solv - ill formed query",
    1307: "Solv - unknown arch",
    1308: "Solv - validation check failed",
    1309: "Unknown error",
    1310: "Solv - goal found no solutions",
    1311: "Solv - the capability was not available",
    1312: "Solv - Checksum creation failed",
    1313: "Solv - Failed to write repo",
    1314: "Solv - Solv cache not found",
    1315: "Solv - Failed to add solv",
    1400: "Repo error base",
    1401: "There was an error while setting SSL settings for the repo.",
    1471: "rpm generic error - not found (possible corrupt rpm file)",
    1473: "rpm signature is OK, but key is not trusted",
    1474: "public key is unavailable. install public key using rpm --import or use --nogpgcheck to ignore.",
    1501: "Unknown error",
    1502: "Bad root directory",
    1503: "Unknown error",
    1504: "Unknown error",
    1506: "Unknown error",
    1508: "GpgKey Url schemes other than file are not supported",
    1509: "Unknown error",
    1511: "RPM data container could not be created. Use --nogpgcheck to ignore.",
    1512: "RPM not signed. Use --skipsignature or --nogpgcheck to ignore.",
    1513: "RPM failed to parse gpg key. Use --nogpgcheck to ignore.",
    1516: "Unknown error",
    1517: "Unknown error",
    1518: "Unknown error",
    1519: "Unknown error",
    1520: "A required option was not found",
    1521: "Unknown error",
    1522: "Unknown error",
    1526: "Unknown error",
    1529: "Unknown error",
    1530: "Unknown error",
    1600: "unknown system error",
    1612: "Cannot allocate memory",
    1617: "File exists",
    1630: "Read-only file system",
    1700: "Network is down",
    2001: "Unknown error 401",
    2002: "Unknown error 402",
    2003: "Unknown error 403",
    2502: "No Resource present in metalink file for file download",
    2600: "API call to digest API forbidden in FIPS mode!",
}


@pytest.mark.parametrize("number", TEXTS)
def test_a_number_that_no_run_raises_has_its_text(number: int) -> None:
    assert text_of(number) == TEXTS[number]


def test_a_number_that_256_divides_is_a_failure_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli._failed(Ui(json=True), PkgmanError(number=1536)) == 1
    assert capsys.readouterr().out == '{"Error":1536,"ErrorMessage":"Unknown error"}'
