"""Whether a set of packages meets a dependency, rich ones included (rpm's manual, Boolean Dependencies)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solver import query

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    import solv

_OPERATORS = frozenset(("and", "or", "if", "unless", "else", "with", "without"))


def met(
    raw: solv.Pool,
    dependency: str,
    packages: AbstractSet[int],
    *,
    assumed: AbstractSet[str] = frozenset(),
) -> bool:
    """Say whether the handles ``packages`` meet ``dependency``, as libsolv writes it.

    A condition that does not apply counts as met.

    :param assumed: capabilities that count as provided.
    """
    if dependency in assumed:
        return True
    if not dependency.startswith("("):
        relation = query.relation(raw, dependency)
        return bool(relation) and _provided(raw, relation, packages)
    operands, operators = _split(dependency[1:-1])
    operator = operators[0] if operators else "and"
    if operator in ("with", "without"):  # one package must meet both sides
        rich = raw.parserpmrichdep(dependency)
        return rich is not None and _provided(raw, rich.id, packages)
    results = [met(raw, operand, packages, assumed=assumed) for operand in operands]
    if operator in ("if", "unless"):
        applies = results[1] == (operator == "if")
        if applies:
            return results[0]
        return results[2] if len(results) > 2 else operator == "if"
    return any(results) if operator == "or" else all(results)


def _provided(raw: solv.Pool, relation: int, packages: AbstractSet[int]) -> bool:
    return any(solvable.id in packages for solvable in raw.whatprovides(relation))


def _split(text: str) -> tuple[list[str], list[str]]:
    """Split the inside of a rich dependency into operands and the operators between them."""
    operands, operators, depth = [""], [], 0
    for word in text.split(" "):
        if depth == 0 and word in _OPERATORS:
            operators.append(word)
            operands.append("")
            continue
        depth += word.count("(") - word.count(")")
        operands[-1] = f"{operands[-1]} {word}" if operands[-1] else word
    return operands, operators
