"""Every example of the tdnf contract's chapter on output, byte for byte, each stream apart."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.lab import Lab, Step, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.workshop import Workshop

TRANSCRIPTS = sorted((Path(__file__).parent / "golden").glob("*.txt"))

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the transcripts show x86_64")


@pytest.fixture
def lab(tmp_path: Path, workshop: Workshop) -> Iterator[Lab]:
    made = Lab(tmp_path, workshop)
    yield made
    made.server.close()


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_transcript_comes_true(path: Path, lab: Lab) -> None:
    steps = 0
    for part in read(path.read_text()):
        if isinstance(part, str):
            lab.prepare(part)
            continue
        steps += 1
        done = lab.run(part)
        where = f"{path.name}:{part.line}: {' '.join(part.words)}"
        said = Step(
            part.line, part.words, part.stdin, lab.masked(done.stdout), lab.masked(done.stderr), done.status
        )
        assert shown(said) == shown(part), where
    assert steps, "an empty transcript tests nothing"


def shown(step: Step) -> str:
    """A step as one text, so that a difference is shown line by line, invisible characters visibly."""
    streams = ((1, step.stdout), (2, step.stderr))
    lines = [f"{number}|{line!r}" for number, text in streams for line in text.splitlines(keepends=True)]
    return "\n".join([*lines, f"= {step.status}"])


def test_a_transcript_is_read_line_by_line() -> None:
    text = "# note\nrepo a b\n$ tdnf list 'a b' < n\\n\n1|x ⟨END⟩\n2|⟨TAB⟩y\n1|z⟨NONL⟩\n= 8\n"
    assert read(text) == ["repo a b", Step(3, ["tdnf", "list", "a b"], "n\n", "x \nz", "\ty\n", 8)]
    for broken in ("$ tdnf a\n$ tdnf b\n= 0\n", "$ tdnf a\n1|x\n"):
        with pytest.raises(AssertionError, match="status"):
            read(broken)
