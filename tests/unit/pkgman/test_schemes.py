from __future__ import annotations

import pytest

from pkgman.model.schemes import canonical


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://H/x", "http://H/x"),
        ("Https://h/X", "https://h/X"),
        ("https:/h/x", "https://h/x"),
        ("http:///h/x", "http://h/x"),
        ("http:////h/x", "http:////h/x"),
        ("http:h/x", "http:h/x"),
        ("FILE:///x", "file:///x"),
        ("file:/x", "file:///x"),
        ("file://h/x", "file://h/x"),
        ("FTP://h", "ftp://h"),
        ("/x:/y", "/x:/y"),
        ("rsync:/h", "rsync:/h"),
        ("epoch:name", "epoch:name"),
        ("", ""),
    ],
)
def test_a_url_is_written_one_way(url: str, expected: str) -> None:
    assert canonical(url) == expected
