from __future__ import annotations

import pytest

from pkgman.model.errors import FetchError
from pkgman.model.urls import local_path, public, split_url, without


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
