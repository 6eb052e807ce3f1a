from __future__ import annotations

import pytest

from pkgman.model.errors import FetchError
from pkgman.model.repo import RepoSource
from repo_meta.proxies import proxy_for

SOURCE = RepoSource("r", "r")
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("name", "url", "used"),
    [
        ("http_proxy", "http://h/", True),
        ("HTTP_PROXY", "http://h/", False),  # what a request's header may set in a CGI program
        ("HTTP_PROXY", "https://h/", False),
        ("http_proxy", "https://h/", False),
        ("https_proxy", "https://h/", True),
        ("HTTPS_PROXY", "https://h/", True),
        ("HTTPS_PROXY", "http://h/", False),
        ("all_proxy", "http://h/", True),
        ("ALL_PROXY", "https://h/", True),
    ],
)
def test_variables_are_curls(monkeypatch: pytest.MonkeyPatch, name: str, url: str, used: bool) -> None:
    monkeypatch.setenv(name, "http://p:3128")
    assert proxy_for(SOURCE, url) == ("http://p:3128" if used else "")


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "")
    monkeypatch.setenv("HTTPS_PROXY", "http://p:1")
    monkeypatch.setenv("all_proxy", "http://q:2")
    assert proxy_for(SOURCE, "https://h/") == "http://p:1"
    assert proxy_for(SOURCE, "http://h/") == "http://q:2"


@pytest.mark.parametrize(
    ("entries", "host", "bypassed"),
    [
        ("foo.test 127.0.0.1", "127.0.0.1", True),
        ("foo.test\t,\n127.0.0.1,,", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.10", False),
        ("*", "h.test", True),
        ("h.test", "h.test", True),
        ("H.Test", "h.tesT.", True),
        (".h.test", "a.h.test", True),
        ("h.test", "a.h.test", True),
        ("h.test", "ah.test", False),
        ("a.h.test", "h.test", False),
        ("10.0.0.0/8 fd00::/8", "10.1.2.3", True),
        ("10.0.0.0/8 fd00::/8", "[fd00::1]", True),
        ("10.0.0.0/8 fd00::/8", "11.1.2.3", False),
        ("[::1]", "[::1]", True),
        ("h.test:8080", "h.test:8080", True),
        ("h.test:8080", "h.test:80", False),
        ("127.0.0.1:8080", "127.0.0.1:8080", True),
        ("127.0.0.1:8080", "127.0.0.1:81", False),
        ("", "h.test", False),
        (". ,", "h.test", False),
    ],
)
def test_no_proxy_is_curls(monkeypatch: pytest.MonkeyPatch, entries: str, host: str, bypassed: bool) -> None:
    monkeypatch.setenv("http_proxy", "http://p:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, entries)
        assert (proxy_for(SOURCE, f"http://{host}/x") == "") is bypassed
        assert (proxy_for(SOURCE._replace(proxy="q:2"), f"http://{host}/x") == "") is bypassed
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("proxy", "complete"),
    [
        ("p", "http://p:1080"),  # curl's port
        ("p:3128", "http://p:3128"),
        ("HTTP://p:3128/", "http://p:3128/"),
        ("https://p", "https://p:443"),
        ("http://me:a%40b@p", "http://me:a%40b@p:1080"),
        ("[::1]", "http://[::1]:1080"),
    ],
)
def test_what_a_proxy_leaves_out_is_as_in_curl(proxy: str, complete: str) -> None:
    assert proxy_for(SOURCE._replace(proxy=proxy), "http://h/") == complete


def test_the_login_of_the_configuration_is_escaped() -> None:
    source = SOURCE._replace(proxy="http://x:y@p:1", proxy_username="jörg", proxy_password="п/@")
    assert proxy_for(source, "http://h/") == "http://j%C3%B6rg:%D0%BF%2F%40@p:1"


def test_a_proxy_that_is_no_url_is_an_error_without_its_password() -> None:
    with pytest.raises(FetchError) as caught:
        proxy_for(SOURCE._replace(proxy="http://me:se/cret@p:1"), "http://h/")
    assert "cret" not in str(caught.value)
