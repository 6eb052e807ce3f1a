from __future__ import annotations

import pytest

from pkgman.model.errors import MetadataError
from repo_meta.encoding import as_utf8

BODY = "<a>Größe, café</a>"


def through(data: bytes, size: int = 1 << 20) -> bytes:
    first = max(size, 512)  # the declaration is never cut
    pieces = [data[:first], *(data[at : at + size] for at in range(first, len(data), size))]
    return b"".join(as_utf8(pieces, "x.xml"))


@pytest.mark.parametrize(
    "declared", ['"ISO-8859-1"', "'iso-8859-15'", '"windows-1252"', '"latin1"', '"koi8-r"']
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_declared_encoding_is_read_and_replaced(declared: str, size: int) -> None:
    body = f"<a>{'x' * 600}Größe</a>" if "koi8" not in declared else "<a>Москва</a>"
    text = f"<?xml version='1.0' encoding={declared} ?>\n{body}"
    data = text.encode(declared.strip("\"'"))
    assert through(data, size).decode() == f"<?xml version='1.0' encoding=\"UTF-8\" ?>\n{body}"


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_by_its_mark(name: str) -> None:
    text = f'\ufeff<?xml version="1.0" encoding="UTF-16"?>{BODY}'
    assert through(text.encode(name)).decode() == f'<?xml version="1.0" encoding="UTF-8"?>{BODY}'


@pytest.mark.parametrize(
    "head", ["", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-8"?>', "\ufeff"]
)
def test_utf_8_goes_by_as_it_is(head: str) -> None:
    data = (head + BODY).encode() + b"\xff"
    assert through(data) == data
    assert through(b"") == b""


@pytest.mark.parametrize(
    "name",
    ["nosuch", "utf-7", "punycode", "idna", "unicode_escape", "raw_unicode_escape", "zlib", "rot13", "cp037"],
)
def test_an_encoding_that_hides_ascii_or_is_none_of_text_is_refused(name: str) -> None:
    with pytest.raises(MetadataError, match="encoding"):
        through(f'<?xml version="1.0" encoding="{name}"?>{BODY}'.encode())


def test_bytes_that_are_no_characters_are_replaced() -> None:
    assert "\ufffd" in through(b'<?xml version="1.0" encoding="euc-jp"?><a>\xff\xff</a>').decode()
