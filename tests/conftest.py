"""Fixtures for tests with real packages; what they build is shared by all workers of a session."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import sample
from tests.support.cli import Root, Tdnf
from tests.support.repos import Repo, publish
from tests.support.server import Authority, Server, make_authority
from tests.support.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.keys import Signer
    from tests.support.rpms import Rpm

SHARED = "PKGMAN_TEST_SHARED"  # the session's folder; short, as sockets of gpg-agent lie below it


# Fixtures that build packages or make keys, which takes its time.
BUILDERS = frozenset(
    ("foreign_key", "foreign_rsa_key", "own_key", "pristine_repo", "signing_key", "workshop")
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only what builds nothing and waits for nothing")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--quick"):
        config.hook.pytest_deselected(items=[item for item in items if _takes_long(item)])
        items[:] = [item for item in items if not _takes_long(item)]


def _takes_long(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("slow") is not None or not BUILDERS.isdisjoint(fixtures)


def pytest_configure(config: pytest.Config) -> None:
    # Started in the background, or by nohup, they are ignored, by every program that we start, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    # A pool keeps its repositories' files open as long as the process lives, and a worker makes many.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    if not hasattr(config, "workerinput"):
        os.environ[SHARED] = tempfile.mkdtemp(prefix="pk-", dir="/tmp")


def pytest_unconfigure(config: pytest.Config) -> None:
    shared = os.environ.get(SHARED)
    if hasattr(config, "workerinput") or not shared:
        return
    for home in Path(shared).glob("*/g????????"):
        environment = {**os.environ, "GNUPGHOME": str(home)}
        subprocess.run(["gpgconf", "--kill", "all"], env=environment, capture_output=True, check=False)
    shutil.rmtree(shared, ignore_errors=True)
    del os.environ[SHARED]


@pytest.fixture(scope="session")
def workshop() -> Workshop:
    """Builds and signs RPMs, each once per session."""
    return Workshop(Path(os.environ[SHARED]) / "w")


@pytest.fixture(scope="session")
def signing_key(workshop: Workshop) -> Signer:
    """The key with which the workshop signs."""
    return workshop.signer


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority with a server's and a client's certificate."""
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def make_repo(workshop: Workshop, signing_key: Signer, tmp_path: Path) -> Callable[..., Repo]:
    """``make_repo("id", *rpms, **publish_options)``: a signed repository ``tmp_path/www/id``.

    With ``signed=False`` neither packages nor metadata are signed.
    """

    def make(id: str, *rpms: Rpm, signed: bool = True, **options: Any) -> Repo:
        paths = workshop.build(*rpms, signed=signed)
        return publish(tmp_path / "www" / id, paths, id=id, signer=signing_key if signed else None, **options)

    return make


@pytest.fixture
def repo(make_repo: Callable[..., Repo]) -> Repo:
    """The sample distribution (tests.support.sample), signed, with its advisories, as ``sample``."""
    return make_repo("sample", *sample.RPMS, advisories=sample.ADVISORIES)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Serves ``tmp_path/www`` over HTTP: repository ID is at ``server.url("ID")``."""
    (tmp_path / "www").mkdir(exist_ok=True)
    with Server(tmp_path / "www") as running:
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """An empty install root with its configuration and no repositories."""
    return Root(tmp_path)


@pytest.fixture
def tdnf(root: Root) -> Tdnf:
    """The program on ``root``; ``tdnf("install", "-y", "app").ok()``."""
    return Tdnf(root)
