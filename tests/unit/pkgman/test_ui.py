"""Streams, classes of messages, questions, errors and progress."""

from __future__ import annotations

import io
import sys

import pytest

from pkgman.errortexts import text_of
from pkgman.model import words
from pkgman.model.errors import EndOfInput, NoMatch, NothingToDo, PkgmanError, UsageError
from pkgman.ui import Ui


class Streams:
    """What was written to the two streams."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self) -> tuple[str, str]:
        return tuple(self._capsys.readouterr())  # type: ignore[return-value]


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Streams:
    return Streams(capsys)


@pytest.mark.parametrize(
    ("quiet", "json", "out"),
    [(False, False, "i\nr\n"), (True, False, "r\n"), (False, True, ""), (True, True, "")],
)
def test_each_class_of_message_has_its_stream_and_its_silence(
    written: Streams, quiet: bool, json: bool, out: str
) -> None:
    ui = Ui(quiet=quiet, json=json)
    ui.info("i")
    ui.result("r")
    ui.diagnostic("d")
    ui.flush()
    assert written() == (out, "d\n")


def test_a_script_speaks_on_stdout_and_in_json_mode_on_stderr(written: Streams) -> None:
    Ui().script_output("a: hello")
    assert written() == ("a: hello\n", "")
    Ui(json=True).script_output("a: hello")
    assert written() == ("", "a: hello\n")


def test_a_document_is_one_line_without_blanks_or_newline(written: Streams) -> None:
    ui = Ui(json=True)
    ui.document([{"Name": 'ä"\n', "Arch": None, "Enabled": True, "Size": 1 << 40}])
    ui.flush()
    assert written()[0] == '[{"Name":"ä\\"\\n","Arch":null,"Enabled":true,"Size":1099511627776}]'


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("y\n", True),
        ("YES\n", True),
        ("n\n", False),
        ("No\n", False),
        ("\n", False),
        ("what\ny\n", True),
        ("y", True),
    ],
)
def test_an_answer_is_read(
    monkeypatch: pytest.MonkeyPatch, written: Streams, typed: str, answer: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert Ui().confirm() is answer
    assert written()[0] == "Is this ok [y/N]: " * (2 if typed.startswith("what") else 1)


def test_the_end_of_input_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch, written: Streams) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("maybe\n"))
    with pytest.raises(EndOfInput) as raised:
        Ui().confirm()
    assert raised.value.number == 1033
    written()


def test_a_given_answer_asks_nobody(monkeypatch: pytest.MonkeyPatch, written: Streams) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    ui = Ui()
    ui.answer = True
    assert ui.confirm()
    assert written() == ("", "")


@pytest.mark.parametrize(
    ("error", "json", "out", "err"),
    [
        (
            NoMatch("x package not found"),
            False,
            "",
            "x package not found\nError(1011) : No matching packages\n",
        ),
        (NoMatch("x"), True, '{"Error":1011,"ErrorMessage":"No matching packages"}', "x\n"),
        (NothingToDo(), False, "", "Nothing to do.\n"),
        (NothingToDo(), True, "", ""),
        (PkgmanError(number=100), False, "", ""),
        (
            UsageError(number=912, stdout=("No such",)),
            False,
            "No such\n",
            "Error(912) : Please check your command\n",
        ),
        (
            UsageError(number=912, stdout=("No such",)),
            True,
            '{"Error":912,"ErrorMessage":"Please check your command"}',
            "No such\n",
        ),
    ],
)
def test_an_error_ends_as_the_contract_says(
    written: Streams, error: PkgmanError, json: bool, out: str, err: str
) -> None:
    Ui(json=json).failure(error)
    assert written() == (out, err)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1207, "Couldn't resolve host name"),
        (1229, "Timeout was reached"),
        (1613, "Permission denied"),
        (1628, "No space left on device"),
        (1801, "Unknown error 201"),
        (2004, "Unknown error 404"),
        (1026, "Unknown error"),
        (1250, "Unknown error"),
    ],
)
def test_every_number_has_tdnfs_text(number: int, text: str) -> None:
    assert text_of(number) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb\x07", "a?[31mb?"),
        ("a\tb\nc", "a\tb\nc"),
        ("caf\u00e9 \U0001f600 \udcff", "caf\u00e9 \U0001f600 \udcff"),
        ("x\u202ey\x9bz\rw", "x?y?z?w"),
    ],
)
def test_what_steers_a_terminal_is_replaced_and_nothing_else(text: str, shown: str) -> None:
    assert words.plain(text) == shown
    assert words.one_line("a\nb\tc") == "a b c"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("get http://u:p@h/x and ftp://v@w: gone", "get http://***@h/x and ftp://***@w: gone"),
        ("http://h/a@b", "http://h/a@b"),
        ("--repofrompath z,https://u:p@q@h", "--repofrompath z,https://***@h"),
        ("no url", "no url"),
        ("http://u:p%40@h?x=1", "http://***@h?x=1"),
    ],
)
def test_passwords_of_urls_are_masked(text: str, shown: str) -> None:
    assert words.without_passwords(text) == shown
