from __future__ import annotations

import pytest

from pkgman.model.errors import FetchError
from pkgman.model.urls import bare, escaped, local_path, login, public, split_url, with_plus_escaped, without
from pkgman.model.words import without_passwords


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h/x@y", "http://h/x@y"),
        ("http://[::1]:80/x@y", "http://[::1]:80/x@y"),
        ("http://u:p/w@h/x", "http://h/x"),
        ("http://u:p?w@h/x", "http://h/x"),
        ("http://u:p#w@h/x", "http://h/x"),
        ("http://u:1/2@h/x", "http://h/x"),
        ("http://u:p@s/w@h/x", "http://h/x"),  # in doubt more is hidden
        ("http://u:p@w@h:8080", "http://h:8080"),
        ("u:p@h/x", "h/x"),
        ("file:///a@b/c", "file:///a@b/c"),
    ],
)
def test_a_shown_url_has_no_user_and_no_password(url: str, shown: str) -> None:
    assert public(url) == shown


@pytest.mark.parametrize(
    "url", ["http://u:secret@[bad/", "http://u:secret[x@h/", "http://u:secret@h:99999/", "http://u:secret@h:x/",
            "http://u:secret@h/\x1b[2J", "http://u:secret@h/a\nb"]
)  # fmt: skip
def test_what_is_no_url_is_1204_and_its_password_stays_hidden(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        split_url(url)
    assert caught.value.number == 1204
    assert "secret" not in str(caught.value)


def test_a_local_path_may_have_odd_characters_but_no_nul() -> None:
    assert local_path("file:///a%20b/c#d?e") == "/a b/c#d?e"
    for url in ("file:///tmp/%00x", "file://[bad/x"):
        with pytest.raises(FetchError) as caught:
            local_path(url)
        assert caught.value.number == 1204


def test_the_words_of_a_library_lose_the_password_in_every_spelling() -> None:
    url = "http://me:top%20secret@h:1/x"
    text = f"cannot parse '{url}', host 'me:top%20secret@h', user me:top secret, word top secret"
    assert "secret" not in without(text, url)
    assert without("no password here", "http://h/x") == "no password here"


@pytest.mark.parametrize("mark", ["/", "?", "#", "@", "'", ":", "%2F", "[", "12/"])
def test_a_password_stays_hidden_whatever_is_in_it(mark: str) -> None:
    url = f"http://me:12{mark}cret@h.test/r"
    for shown in (public(url), without_passwords(f"see '{url}', or so"), without(f"bad URL '{url}'", url)):
        assert "cret" not in shown
        assert "h.test/r" in shown
    try:
        split_url(url)
    except FetchError as error:
        assert "cret" not in str(error)


def test_words_that_hold_no_password_stay() -> None:
    for text in ("see http://h:80/x, or me@h.test", "http://[::1]:8080/a@b", "http://h/@scope/x", "a@b://c"):
        assert without_passwords(text) == text


def test_user_and_password_are_taken_off_a_url() -> None:
    assert bare("http://u:p@w@h:1/a@b?c@d") == "http://h:1/a@b?c@d"
    assert login("http://j%C3%B6rg:a%40b@h/") == ("jörg", "a@b")
    assert login("http://u@h/") == ("u", "")
    assert login("http://h/x@y") is None


def test_a_path_is_escaped_as_every_server_reads_it() -> None:
    assert escaped("c++/g+%2B=~^@:,;&$!'()*[]é.rpm") == (
        "c%2B%2B/g%2B%2B%3D~%5E%40%3A%2C%3B%26%24%21%27%28%29%2A%5B%5D%C3%A9.rpm"
    )
    assert escaped("100%/50%25") == "100%25/50%25"
    assert with_plus_escaped("http://u+v@h/c++/x?a+b#c+d") == "http://u+v@h/c%2B%2B/x?a+b#c+d"
    assert with_plus_escaped("http://h?a+b") == "http://h?a+b"
