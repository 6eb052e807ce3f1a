from __future__ import annotations

import base64

import pytest

from pkgman.model.repo import RepoSource
from repo_meta.origins import Logins, is_downgrade, is_own
from repo_meta.tls import settings

REPO = RepoSource("r", "r", baseurls=("https://a.test/r", "https://b.test:444/r"), username="u", password="p")
LOGIN = "Basic dTpw"


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://a.test/other", True),
        ("https://A.TEST.:443/x", True),
        ("https://b.test:444/x", True),
        ("https://b.test/x", False),
        ("https://a.test:8443/x", False),
        ("http://a.test/x", False),
        ("https://sub.a.test/x", False),
        ("https://a.test.evil.test/x", False),
        ("https://evil.test/https://a.test/", False),
        ("https://a.test@evil.test/", False),
    ],
)
def test_a_place_is_scheme_host_and_port(url: str, own: bool) -> None:
    assert is_own(REPO, url) is own
    expected = LOGIN if own else base64.b64encode(b"a.test:").decode() if "@" in url else ""
    assert Logins(REPO).header(url).removeprefix("Basic ") == expected.removeprefix("Basic ")


@pytest.mark.parametrize("host", ["straße.test", "stras\u017fe.test", "stra\u200csse.test", "strasse。test"])
def test_a_name_beyond_ascii_is_no_other_name(host: str) -> None:
    """To one standard straße is strasse, to another a host of its own, which anybody may have."""
    source = REPO._replace(baseurls=("https://strasse.test/r",))
    assert not is_own(source, f"https://{host}/r")
    assert Logins(source).header(f"https://{host}/r") == ""
    assert is_own(REPO._replace(baseurls=(f"https://{host}/r",)), f"https://{host}/x")


def test_tls_on_the_same_host_is_as_good() -> None:
    plain = REPO._replace(baseurls=("http://a.test/r",))
    assert Logins(plain).header("https://a.test/r") == LOGIN
    assert Logins(plain).header("https://a.test:8443/r") == ""


@pytest.mark.parametrize("key", ["mirrorlist", "metalink"])
def test_a_list_of_mirrors_does_not_lend_credentials(key: str) -> None:
    source = REPO._replace(baseurls=(), **{key: "https://lists.test/r"})
    assert Logins(source).header("https://lists.test/r") == LOGIN
    assert Logins(source).header("https://mirror.test/r") == ""
    moved = source.moved(("https://mirror.test/r",))  # as a plugin does
    assert Logins(moved).header("https://mirror.test/r") == ""
    assert Logins(moved).header("https://lists.test/r") == LOGIN


def test_a_url_brings_its_own_for_its_host() -> None:
    logins = Logins(REPO)
    assert logins.header("https://x:%D0%BF@a.test/1") == "Basic eDrQvw=="
    assert logins.header("https://a.test/2") == "Basic eDrQvw=="  # a redirect within the host
    assert logins.header("https://b.test:444/3") == LOGIN
    assert logins.header("https://me@c.test/4") == "Basic bWU6"


def test_the_client_certificate_is_for_the_same_places() -> None:
    source = REPO._replace(sslclientcert="/c", sslclientkey="/k", sslcacert="/a")
    assert settings(source, "https://a.test/x")[1:] == ("/a", "/c", "/k")
    assert settings(source, "https://evil.test/x")[1:] == ("/a", "", "")


@pytest.mark.parametrize(
    ("changes", "url", "refused"),
    [
        ({}, "http://m.test/", True),
        ({}, "http://a.test/", True),
        ({}, "https://m.test/", False),
        ({"allow_http_downgrade": True}, "http://m.test/", False),
        ({"baseurls": ("http://a.test/", "https://b.test/")}, "http://m.test/", False),
        ({"baseurls": (), "mirrorlist": "https://l.test/"}, "http://m.test/", True),
        ({"baseurls": (), "metalink": "https://l.test/"}, "http://m.test/", True),
        ({"baseurls": ("file:///r",)}, "http://m.test/", False),
        ({"baseurls": ()}, "http://m.test/", False),  # a URL of the command line
        ({"gpgkeys": ("http://k.test/key",)}, "http://k.test/key", False),
        ({"gpgkeys": ("http://k.test/key",)}, "http://m.test/", True),
        ({"configured": ("http://l.test/",)}, "http://m.test/", False),
    ],
)
def test_a_repository_with_tls_stays_with_it(changes: dict[str, object], url: str, refused: bool) -> None:
    assert is_downgrade(REPO._replace(**changes), url) is refused
